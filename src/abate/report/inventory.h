// Reports of an account: text for a terminal, JSON, Markdown, one page of HTML, CSV of its lines.
//
//     InventoryReport report{.account = account};
//     report.simulation = footprint::simulate(account, {.draws = 10'000}).value();
//     std::string page = inventory_html(report);        // pictures inside, nothing from elsewhere
//
// JSON keys: docs/reference/inventory.md. The same report gives the same bytes.
#pragma once

#include "abate/footprint/footprint.h"
#include "abate/report/svg.h"

#include <optional>
#include <string>

namespace abate::report {

struct InventoryReport {
    footprint::Account account;
    std::optional<footprint::Comparison> comparison = {};
    std::optional<footprint::WhatIf> what_if = {};
    std::optional<footprint::Projection> projection = {};
    std::optional<footprint::Simulation> simulation = {};
};

// Pictures beside a Markdown report: addresses as they stand in it; empty: none.
struct InventoryPictures {
    std::string sankey;
    std::string bars;
    std::string waterfall;
};

[[nodiscard]] std::string inventory_text(const InventoryReport& report, bool color);
[[nodiscard]] std::string inventory_json(const InventoryReport& report, int indent = 2);
[[nodiscard]] std::string inventory_markdown(const InventoryReport& report,
                                             const InventoryPictures& pictures = {});
[[nodiscard]] std::string inventory_html(const InventoryReport& report);
[[nodiscard]] std::string inventory_csv(const InventoryReport& report);

}  // namespace abate::report
