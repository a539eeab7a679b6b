// Published footprints, recomputed: how near abate's reckoning comes to what others printed.
//
//     const std::vector<ValidationGroup> groups = validate(tables).value();
//     groups.front().name;              // "accounting"
//     groups.front().median_error;      // 0.002
//
// Groups: `accounting` (a source's own inputs through our formulas), `power` (rated power to what was
// measured at the plug), `chip-hours` (a developer left out), `inference` (a family of models left
// out), `embodied`. An error is |ours / published - 1|. A circular case (energy that is TDP x hours)
// says nothing about power or time and is marked. A figure that nobody printed, reckoned with the formula that it would test, is circular
// and excluded. What is excluded has its reason and stays visible.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/units/ranged.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

struct ValidationCase {
    std::string id;  // unique in its group: "pat4-t5-11b energy"
    std::string quantity;
    std::string unit;
    std::optional<double> published;
    std::optional<Ranged> ours;  // absent: not recomputed
    bool circular = false;
    bool excluded = false;
    std::string reason;  // why excluded or circular, or what explains the difference
    std::string source;

    // |ours / published - 1|; absent: one of them is.
    [[nodiscard]] std::optional<double> error() const;
    [[nodiscard]] bool inside() const;  // published lies in ours' range
};

// Errors of a set of cases that stands beside the group's: a baseline, another way to leave out.
struct ValidationSummary {
    std::string name;
    std::size_t n = 0;
    double median_error = 0;
    double p90_error = 0;
    std::optional<double> inside_range;
};

struct ValidationGroup {
    std::string name;
    std::string method;  // one sentence
    std::vector<ValidationCase> cases;
    std::size_t n = 0;  // not excluded
    double median_error = 0;
    double p90_error = 0;
    std::optional<double> inside_range;  // share; absent: some figures have no range
    std::optional<double> median_high_over_low;
    std::vector<ValidationSummary> beside;
    std::vector<std::string> findings;  // targets met and missed, with the reason
};

// "accounting", "power", "chip-hours", "inference", "embodied".
[[nodiscard]] std::vector<std::string> validation_groups();

// All groups, or one. Errors: not_found (group, nearest names; tables without published rows).
[[nodiscard]] Result<std::vector<ValidationGroup>> validate(const data::Tables& tables,
                                                            std::string_view group = "");

}  // namespace abate::footprint
