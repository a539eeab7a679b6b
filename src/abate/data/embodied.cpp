// What hardware costs to make: factors for a bill of materials, and figures of whole devices.
#include "abate/data/data.h"
#include "abate/data/find_row.h"
#include "abate/data/words.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace abate::data {
namespace {

using RowRef = LayeredTables::RowRef;

constexpr std::string_view kFactors = "embodied_factors";
constexpr std::string_view kServers = "server_embodied";

bool whole_device(std::string_view kind) {
    return kind.starts_with("accelerator-") || kind == "baseboard";
}

// One row's figure: its own [low, high], the device's factor either way, or the value alone.
Ranged range_of_row(const RowReader& row, double value) {
    const auto low = row.maybe("low");
    const auto high = row.maybe("high");
    if (low && high) return {value, *low, *high, RangeKind::interval90};
    return whole_device(row.text("kind")) ? device_range(value) : exactly(value);
}

EmbodiedFactor factor_from(const LayeredTables& tables, const RowRef& ref) {
    const RowReader row(tables, ref);
    EmbodiedFactor factor;
    factor.kind = row.text("kind");
    factor.name = row.text("name");
    factor.scope = row.text("scope");
    factor.evidence = row.text("provenance");
    factor.note = row.text("note");
    const double value = row.number("value");
    Cell cell = row.origin();
    Ranged range = range_of_row(row, value);
    const auto top = tables.cell(kFactors, row.key(), "value");
    if (top && top->layer != "built-in" && top->layer != "pack") {
        cell = *top;
        range = exactly(value);
    }
    factor.figure = make_figure(cell, range, factor.name, row.text("unit"), factor.scope);
    return factor;
}

// Rows of one kind and name as one figure. REQUIRES: not empty.
Figure combined(const std::vector<EmbodiedFactor>& rows) {
    if (rows.size() == 1) return rows.front().figure;
    Figure figure = rows.front().figure;
    std::vector<double> values;
    std::set<std::string> sources;
    std::set<std::string> licences;
    std::set<std::string> scopes;
    for (const EmbodiedFactor& row : rows) {
        if (row.figure.provenance.unit != figure.provenance.unit) continue;
        values.push_back(row.figure.range.value);
        sources.insert(row.figure.provenance.source);
        licences.insert(row.figure.provenance.licence);
        scopes.insert(row.scope);
    }
    figure.range = spread_of(values);
    if (whole_device(rows.front().kind)) {
        const Ranged device = device_range(figure.range.value);
        figure.range.low = std::min(figure.range.low, device.low);
        figure.range.high = std::max(figure.range.high, device.high);
    }
    figure.provenance.value = figure.range.value;
    figure.provenance.low = figure.range.low;
    figure.provenance.high = figure.range.high;
    figure.provenance.source = joined(sources);
    figure.provenance.licence = joined(licences);
    figure.provenance.basis = joined(scopes);
    return figure;
}

ServerFootprint server_from(const LayeredTables& tables, const RowRef& ref) {
    constexpr double kPercent = 100;
    const RowReader row(tables, ref);
    ServerFootprint server;
    server.name = row.key();
    server.kind = row.text("kind");
    server.vendor = row.text("vendor");
    server.total_kgco2e = row.number("total_kgco2e");
    server.use_share = row.number("use_pct") / kPercent;
    server.non_use_kgco2e = row.number("non_use_kgco2e");
    server.yearly_kwh = row.number("yearly_kwh");
    server.lifetime_y = row.number("lifetime_y");
    server.form = row.text("form");
    server.memory_gb = row.number("memory_gb");
    server.cpus = row.integer("cpus");
    server.storage = row.text("storage");
    server.note = row.text("note");
    server.provenance =
        make_figure(
            row.origin(), exactly(server.total_kgco2e), "total_kgco2e", "kgCO2e", "whole life")
            .provenance;
    const std::string_view column = "manufacturing_kgco2e";
    if (const auto cell = tables.cell(kServers, row.key(), column))
        server.manufacturing =
            make_figure(*cell,
                        device_range(cell->value),
                        column,
                        "kgCO2e",
                        "materials and manufacturing, as the source counts them");
    return server;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table's first two columns in their order; swapped, it is not found
Result<Figure> Tables::embodied_factor(std::string_view kind, std::string_view name) const {
    std::vector<EmbodiedFactor> rows;
    std::vector<std::string> known;
    for (const RowRef& ref : rows_that_hold(*impl_, kFactors)) {
        known.push_back(ref.sheet->key_of(ref.row));
        if (same_folded(ref.sheet->text(ref.row, "kind"), kind) &&
            same_folded(ref.sheet->text(ref.row, "name"), name))
            rows.push_back(factor_from(*impl_, ref));
    }
    if (rows.empty())
        return unknown_name("embodied factor", std::string(kind) + " " + std::string(name), known);
    return combined(rows);
}

std::vector<EmbodiedFactor> Tables::embodied_rows(std::string_view kind) const {
    std::vector<EmbodiedFactor> rows;
    for (const RowRef& ref : rows_that_hold(*impl_, kFactors))
        if (kind.empty() || same_folded(ref.sheet->text(ref.row, "kind"), kind))
            rows.push_back(factor_from(*impl_, ref));
    return rows;
}

std::vector<EmbodiedFactor> Tables::embodied_of_chip(const Chip& chip) const {
    const std::vector<std::string> of_chip = chip_words(chip.name);
    std::vector<EmbodiedFactor> rows;
    for (const RowRef& ref : rows_that_hold(*impl_, kFactors)) {
        if (!ref.sheet->text(ref.row, "kind").starts_with("accelerator-")) continue;
        if (match_words(chip_words(ref.sheet->text(ref.row, "name")), of_chip) != Match::none)
            rows.push_back(factor_from(*impl_, ref));
    }
    return rows;
}

Result<ServerFootprint> Tables::server_footprint(std::string_view name) const {
    const Result<RowRef> ref = find_row(*impl_, kServers, "server", name);
    if (!ref) return ref.error();
    return server_from(*impl_, *ref);
}

std::vector<ServerFootprint> Tables::server_footprints() const {
    std::vector<ServerFootprint> servers;
    for (const RowRef& ref : rows_that_hold(*impl_, kServers))
        servers.push_back(server_from(*impl_, ref));
    return servers;
}

}  // namespace abate::data
