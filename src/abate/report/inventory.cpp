#include "abate/report/inventory.h"

#include "abate/core/version.h"
#include "abate/report/csv.h"
#include "abate/report/human.h"
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"
#include "abate/report/markup.h"
#include "abate/report/report.h"
#include "abate/report/source_table.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace abate::report {
namespace {

using footprint::Account;
using footprint::AccountPhase;
using footprint::Amounts;
using footprint::Kind;
using footprint::Line;
using footprint::Waterfall;

constexpr std::size_t kMostTornado = 12;

// All figures of a column in one unit, so that a reader can add them: "266.0" under "total, t".
struct Scale {
    double size = 1;  // in the base unit
    std::string unit;

    [[nodiscard]] std::string head(const std::string& name) const {
        return name + (name.empty() ? "" : ", ") + unit;
    }
    [[nodiscard]] std::string number(double value) const { return significant(value / size); }
    [[nodiscard]] std::string or_dash(double value) const {
        return value == 0 ? "-" : number(value);
    }
    // "1.0 to 1.5", in a column of its own.
    [[nodiscard]] std::string edges(const Ranged& range) const {
        if (range.low == range.high) return "exact";
        return fmt::format(
            "{} to {}", significant(range.low / size, 3), significant(range.high / size, 3));
    }
};

// The unit that fits the largest figure; tables' captions say that it is CO2e.
Scale carbon_scale(double most_kg) {
    const HumanUnit& unit = fitting_unit(most_kg == 0 ? 1 : most_kg, carbon_units());
    const std::string_view name(unit.name);
    return {unit.size, std::string(name.substr(0, name.find(' ')))};
}

Scale energy_scale(double most_kwh) {
    const HumanUnit& unit =
        fitting_unit((most_kwh == 0 ? 1 : most_kwh) * kJoulesPerKilowattHour, energy_units());
    return {unit.size / kJoulesPerKilowattHour, unit.name};
}

Amounts of(const Account& account, AccountPhase phase) {
    return footprint::amounts(account.lines,
                              [phase](const Line& line) { return line.phase == phase; });
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a fraction as it is read
std::string share(double part, double whole) { return whole > 0 ? percent(part / whole) : "-"; }

// What is not known is not 0.
std::string embodied_cell(const Account& account,
                          std::optional<AccountPhase> phase,
                          double kg,
                          const Scale& scale) {
    return kg == 0 && !account.embodied_known(phase) ? "unknown" : scale.or_dash(kg);
}

Table phase_table(const Account& account) {
    const Amounts all = account.total();
    const Scale carbon = carbon_scale(all.total_kgco2e.value);
    const Scale energy = energy_scale(all.energy_kwh.value);
    Table table;
    table.caption = "By phase, CO2e: operational (location-based) and embodied";
    table.header = {"phase",
                    energy.head("energy"),
                    carbon.head("operational"),
                    carbon.head("embodied"),
                    carbon.head("total"),
                    carbon.head("low to high"),
                    "share"};
    table.sum_last = true;
    const auto row = [&](const std::string& name,
                         std::optional<AccountPhase> phase,
                         const Amounts& amounts) {
        table.rows.push_back({name,
                              energy.or_dash(amounts.energy_kwh.value),
                              carbon.or_dash(amounts.operational_kgco2e.value),
                              embodied_cell(account, phase, amounts.embodied_kgco2e.value, carbon),
                              carbon.number(amounts.total_kgco2e.value),
                              carbon.edges(amounts.total_kgco2e),
                              share(amounts.total_kgco2e.value, all.total_kgco2e.value)});
    };
    for (const AccountPhase phase : footprint::phases_of(account.lines))
        row(footprint::to_string(phase), phase, of(account, phase));
    row("total", {}, all);
    return table;
}

Table device_table(const Account& account) {
    const Scale carbon = carbon_scale(account.total().total_kgco2e.value);
    Table table;
    table.caption = "By device and phase, CO2e";
    table.header = {"device", "kind"};
    table.left = {0, 1};
    table.sum_last = true;
    const std::vector<AccountPhase> phases = footprint::phases_of(account.lines);
    for (const AccountPhase phase : phases)
        table.header.push_back(carbon.head(footprint::to_string(phase)));
    table.header.push_back(carbon.head("total"));
    const auto add = [&](std::vector<std::string> row, const auto& chosen) {
        double total = 0;
        bool any = false;
        for (const AccountPhase phase : phases) {
            double value = 0;
            for (const Line& line : account.lines) {
                if (line.phase != phase || !chosen(line)) continue;
                value += line.kgco2e.value;
                any = true;
            }
            row.push_back(carbon.or_dash(value));
            total += value;
        }
        row.push_back(carbon.or_dash(total));
        if (any) table.rows.push_back(std::move(row));
    };
    for (const Kind kind : {Kind::operational, Kind::embodied}) {
        for (const std::string& device : footprint::devices_of(account.lines))
            add({device, footprint::to_string(kind)},
                [&](const Line& line) { return line.device == device && line.kind == kind; });
    }
    add({"total", ""}, [](const Line&) { return true; });
    return table;
}

// How the energy of these lines is known, by the worst of them.
std::string quality_cell(const std::vector<Line>& lines) {
    Line worst;
    worst.quality = Quality::measured;
    bool any = false;
    for (const Line& line : lines) {
        if (line.kind != Kind::operational) continue;
        any = true;
        worst.factors.push_back({.quantity = "", .range = {}, .unit = "", .cause = ""});
        worst.factors.back().quality = line.quality;
    }
    return any ? to_string(footprint::quality_of(worst)) : "-";
}

Table activity_table(const Account& account) {
    using Key = std::pair<std::string, AccountPhase>;
    std::vector<Key> order;
    std::map<Key, std::vector<Line>> rows;
    for (const Line& line : account.lines) {
        const auto [at, is_new] = rows.try_emplace(Key(line.activity, line.phase));
        if (is_new) order.push_back(at->first);
        at->second.push_back(line);
    }
    std::vector<Amounts> sums;
    double most_kg = 0;
    double most_kwh = 0;
    for (const Key& key : order) {
        sums.push_back(footprint::amounts(rows.at(key)));
        most_kg = std::max(most_kg, sums.back().total_kgco2e.value);
        most_kwh = std::max(most_kwh, sums.back().energy_kwh.value);
    }
    std::set<Key> unknown;
    for (const footprint::WithoutEmbodied& row : account.without_embodied)
        unknown.emplace(row.activity, row.phase);
    const Scale carbon = carbon_scale(most_kg);
    const Scale energy = energy_scale(most_kwh);
    Table table;
    table.caption = "By row of the inventory, CO2e; quality of the energy by its worst factor";
    table.header = {"row",
                    "phase",
                    "site",
                    "quality",
                    energy.head("energy"),
                    carbon.head("operational"),
                    carbon.head("embodied"),
                    carbon.head("total")};
    table.left = {0, 1, 2, 3};
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::vector<Line>& lines = rows.at(order[i]);
        const double embodied = sums[i].embodied_kgco2e.value;
        table.rows.push_back(
            {order[i].first,
             footprint::to_string(order[i].second),
             lines.front().site,
             quality_cell(lines),
             energy.or_dash(sums[i].energy_kwh.value),
             carbon.or_dash(sums[i].operational_kgco2e.value),
             embodied == 0 && unknown.contains(order[i]) ? "unknown" : carbon.or_dash(embodied),
             carbon.number(sums[i].total_kgco2e.value)});
    }
    return table;
}

Table fleet_table(const Account& account) {
    double most = 0;
    for (const footprint::FleetUse& use : account.fleets)
        most = std::max({most, use.charged_kgco2e, use.acquired_kgco2e});
    const Scale carbon = carbon_scale(most);
    Table table;
    table.caption = "Fleets: unit-hours of the period and what they were charged, CO2e";
    table.header = {"fleet",
                    "ownership",
                    "units",
                    "owned h",
                    "allocated h",
                    "idle h",
                    "use",
                    carbon.head("charged"),
                    carbon.head("bought in the period")};
    table.left = {0, 1};
    for (const footprint::FleetUse& use : account.fleets) {
        const bool owned = use.units > 0;
        table.rows.push_back({use.name,
                              footprint::to_string(use.ownership),
                              owned ? significant_short(use.units) : "-",
                              owned ? human_count(use.owned_hours) : "-",
                              human_count(use.allocated_hours),
                              owned ? human_count(use.idle_hours) : "-",
                              owned ? share(use.allocated_hours, use.owned_hours) : "-",
                              carbon.or_dash(use.charged_kgco2e),
                              carbon.or_dash(use.acquired_kgco2e)});
    }
    return table;
}

Table ledger_table(const Account& account) {
    double most = 0;
    for (const footprint::LedgerYear& year : account.ledger)
        most = std::max({most, year.opening_kgco2e, year.acquired_kgco2e, year.balance_kgco2e});
    const Scale carbon = carbon_scale(most);
    Table table;
    table.caption =
        "Both ledgers, CO2e: acquired in full when bought, charged over the lifetime; opening + "
        "acquired - charged - written off = left";
    table.header = {"year",
                    carbon.head("opening"),
                    carbon.head("acquired"),
                    carbon.head("charged"),
                    carbon.head("written off"),
                    carbon.head("left to charge")};
    for (const footprint::LedgerYear& year : account.ledger)
        table.rows.push_back({std::to_string(year.year),
                              carbon.or_dash(year.opening_kgco2e),
                              carbon.or_dash(year.acquired_kgco2e),
                              carbon.or_dash(year.amortised_kgco2e),
                              carbon.or_dash(year.retired_kgco2e),
                              carbon.or_dash(year.balance_kgco2e)});
    return table;
}

Table waterfall_table(const Waterfall& waterfall, std::string caption) {
    double at = waterfall.from;
    double most = std::max(waterfall.from, waterfall.to);
    for (const footprint::Step& step : waterfall.steps) {
        at += step.delta;
        most = std::max({most, at, std::fabs(step.delta)});
    }
    const Scale scale = waterfall.measure == footprint::Measure::energy_kwh ? energy_scale(most)
                                                                            : carbon_scale(most);
    Table table;
    table.caption = std::move(caption);
    table.header = {"step", scale.head("change"), scale.head("then"), "of the start"};
    table.sum_last = true;
    at = waterfall.from;
    table.rows.push_back({waterfall.from_name, "", scale.number(at), "100 %"});
    for (const footprint::Step& step : waterfall.steps) {
        at += step.delta;
        table.rows.push_back({step.cause,
                              (step.delta > 0 ? "+" : "") + scale.number(step.delta),
                              scale.number(at),
                              share(at, waterfall.from)});
    }
    table.rows.push_back(
        {waterfall.to_name, "", scale.number(waterfall.to), share(waterfall.to, waterfall.from)});
    return table;
}

Table projection_table(const footprint::Projection& projection) {
    double most = 0;
    for (const footprint::ProjectionYear& year : projection.years)
        most = std::max(
            {most, year.total_kgco2e, year.without_rebound_kgco2e, year.without_efficiency_kgco2e});
    const Scale carbon = carbon_scale(most);
    Table table;
    table.caption = "Years to come at these rates of growth and efficiency, CO2e";
    table.header = {"year"};
    for (const AccountPhase phase : projection.phases)
        table.header.push_back(carbon.head(footprint::to_string(phase)));
    for (const char* column : {"total", "without rebound", "without efficiency"})
        table.header.push_back(carbon.head(column));
    for (const footprint::ProjectionYear& year : projection.years) {
        std::vector<std::string> row{fmt::format("+{}", year.year)};
        for (const double kg : year.phase_kgco2e) row.push_back(carbon.number(kg));
        row.push_back(carbon.number(year.total_kgco2e));
        row.push_back(carbon.number(year.without_rebound_kgco2e));
        row.push_back(carbon.number(year.without_efficiency_kgco2e));
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table percentile_table(const footprint::Simulation& simulation) {
    const Scale carbon = carbon_scale(simulation.total.p95);
    Table table;
    table.caption = fmt::format(
        "Monte Carlo, {} CO2e: {} draws, seed {}", carbon.unit, simulation.draws, simulation.seed);
    table.header = {"", "mean", "deviation", "5 %", "25 %", "median", "75 %", "95 %"};
    const auto row = [&](const char* name, const footprint::Percentiles& p) {
        table.rows.push_back({name,
                              carbon.number(p.mean),
                              carbon.number(p.deviation),
                              carbon.number(p.p5),
                              carbon.number(p.p25),
                              carbon.number(p.p50),
                              carbon.number(p.p75),
                              carbon.number(p.p95)});
    };
    row("total", simulation.total);
    row("operational", simulation.operational);
    row("embodied", simulation.embodied);
    return table;
}

Table tornado_table(const footprint::Simulation& simulation) {
    double most = 0;
    for (const footprint::TornadoBar& bar : simulation.tornado)
        most = std::max({most, bar.low_kgco2e, bar.high_kgco2e});
    const Scale carbon = carbon_scale(most);
    Table table;
    table.caption = "What the total depends on, CO2e: one cause at its low and high end";
    table.header = {
        "cause", carbon.head("total at low"), carbon.head("total at high"), carbon.head("swing")};
    for (std::size_t i = 0; i < std::min(kMostTornado, simulation.tornado.size()); ++i) {
        const footprint::TornadoBar& bar = simulation.tornado[i];
        table.rows.push_back({bar.cause,
                              carbon.number(bar.low_kgco2e),
                              carbon.number(bar.high_kgco2e),
                              carbon.number(std::fabs(bar.high_kgco2e - bar.low_kgco2e))});
    }
    return table;
}

std::string date(Timestamp time) { return to_rfc3339(time).substr(0, 10); }

std::string period(const Account& account) {
    if (!account.period_start || !account.period_end) return "";
    return date(*account.period_start) + " to " + date({account.period_end->us - 1});
}

std::string title(const Account& account) {
    return account.name.empty() ? "Life-cycle inventory" : account.name;
}

// The sentences that carry the result.
std::vector<std::string> summary(const InventoryReport& report) {
    const Account& account = report.account;
    const Amounts all = account.total();
    std::vector<std::string> out;
    const std::string total = human_interval(all.total_kgco2e, carbon_units());
    out.push_back(
        account.embodied_known()
            ? fmt::format("Total {}: operational {} (location-based), embodied {}.",
                          total,
                          human_range(all.operational_kgco2e, carbon_units()),
                          human_range(all.embodied_kgco2e, carbon_units()))
            : fmt::format("Total {}: operational (location-based) alone. Embodied carbon is "
                          "unknown: the making of the hardware is not in the total.",
                          total));
    if (account.embodied_known() && !account.without_embodied.empty())
        out.push_back(fmt::format("Embodied carbon is unknown for {} {}, which the notes name.",
                                  account.without_embodied.size(),
                                  account.without_embodied.size() == 1 ? "row" : "rows"));
    out.push_back(fmt::format("Energy at the facility {}.",
                              human_interval({all.energy_kwh.value * kJoulesPerKilowattHour,
                                              all.energy_kwh.low * kJoulesPerKilowattHour,
                                              all.energy_kwh.high * kJoulesPerKilowattHour,
                                              all.energy_kwh.kind},
                                             energy_units())));
    const footprint::EnergyByQuality known = footprint::energy_by_quality(account.lines);
    if (const double kwh = known.total_kwh(); kwh > 0)
        out.push_back(fmt::format(
            "Of it {} is measured, {} declared, {} modelled, {} estimated, by the worst factor.",
            share(known.measured_kwh, kwh),
            share(known.declared_kwh, kwh),
            share(known.modelled_kwh, kwh),
            share(known.estimated_kwh, kwh)));
    out.push_back(all.market_kgco2e
                      ? fmt::format("Market-based operational carbon {}.",
                                    human_range(*all.market_kgco2e, carbon_units()))
                      : std::string("Market-based operational carbon is not available: give "
                                    "market_gco2e_per_kwh for each site."));
    if (all.water_l)
        out.push_back(
            fmt::format("Water, on site and for generation, {}.", human_water(*all.water_l)));
    const Amounts idle = of(account, AccountPhase::idle);
    if (idle.total_kgco2e.value > 0)
        out.push_back(fmt::format("Hours that nobody used bear {}, {} of the total.",
                                  human_carbon(idle.total_kgco2e.value),
                                  share(idle.total_kgco2e.value, all.total_kgco2e.value)));
    return out;
}

std::string factor_words(const Waterfall& waterfall) {
    if (!(waterfall.to > 0) || !(waterfall.from > 0)) return "";
    return waterfall.to <= waterfall.from
               ? fmt::format("divided by {}", significant(waterfall.from / waterfall.to))
               : fmt::format("times {}", significant(waterfall.to / waterfall.from));
}

const char* measure_words(footprint::Measure measure) {
    switch (measure) {
        case footprint::Measure::total_kgco2e:
            return "operational (location-based) and embodied";
        case footprint::Measure::operational_kgco2e:
            return "CO2e, operational, location-based";
        case footprint::Measure::embodied_kgco2e:
            return "CO2e, embodied";
        case footprint::Measure::market_kgco2e:
            return "CO2e, operational (market-based) and embodied";
        case footprint::Measure::energy_kwh:
            return "energy at the facility";
    }
    return "";
}

std::string what_if_caption(const footprint::WhatIf& what_if) {
    return fmt::format("What if: {}, {}",
                       measure_words(what_if.waterfall.measure),
                       factor_words(what_if.waterfall));
}

std::string lever_words(const footprint::Lever& lever) {
    using footprint::LeverKind;
    std::string out = lever.name.empty() ? footprint::to_string(lever.kind) : lever.name;
    switch (lever.kind) {
        case LeverKind::caching:
        case LeverKind::accelerator:
        case LeverKind::precision:
        case LeverKind::fused_kernels:
        case LeverKind::right_sized_model:
            out += fmt::format(": energy / {}, hours / {}",
                               significant_short(lever.factor),
                               significant_short(lever.hours_factor.value_or(lever.factor)));
            break;
        case LeverKind::chip_load:
            out += fmt::format(": hours x {} / {}", lever.from, lever.to);
            if (lever.factor != 1)
                out += fmt::format(", energy / {}", significant_short(lever.factor));
            break;
        case LeverKind::lifetime:
            out += fmt::format(": {} years", lever.years);
            break;
        case LeverKind::data_sampling:
            out += fmt::format(": {} kept", percent(lever.share));
            break;
        case LeverKind::region:
            out += ": to " + lever.region;
            if (lever.pue) out += fmt::format(", PUE {}", *lever.pue);
            break;
        case LeverKind::hour:
            out += fmt::format(": intensity x {}", lever.share);
            break;
        case LeverKind::carbon_free_share:
            out += fmt::format(": {} of the energy under contract", percent(lever.share));
            break;
    }
    std::vector<std::string> phases;
    for (const AccountPhase phase :
         lever.phases.empty() ? footprint::default_phases(lever.kind) : lever.phases)
        phases.emplace_back(footprint::to_string(phase));
    if (phases.size() < footprint::kAccountPhases) out += "; " + joined(phases, ", ");
    if (!lever.source.empty()) out += " (" + lever.source + ")";
    return out;
}

struct Section {
    std::string heading;
    std::vector<Table> tables;
    std::vector<std::string> items;  // a list below the tables
    std::string picture;             // SVG, for HTML
    std::string address;             // of the picture, for Markdown
};

std::vector<Section> sections(const InventoryReport& report, const InventoryPictures& pictures) {
    const Account& account = report.account;
    std::vector<Section> out;
    out.push_back({.heading = "Phases",
                   .tables = {phase_table(account)},
                   .items = {},
                   .picture = "bars",
                   .address = pictures.bars});
    out.push_back({.heading = "Devices",
                   .tables = {device_table(account)},
                   .items = {},
                   .picture = "sankey",
                   .address = pictures.sankey});
    out.push_back({.heading = "Rows",
                   .tables = {activity_table(account)},
                   .items = {},
                   .picture = "",
                   .address = ""});
    if (!account.fleets.empty()) {
        Section hardware{.heading = "Hardware",
                         .tables = {fleet_table(account)},
                         .items = {},
                         .picture = "",
                         .address = ""};
        if (!account.ledger.empty()) hardware.tables.push_back(ledger_table(account));
        out.push_back(std::move(hardware));
    }
    if (report.what_if) {
        Section section{.heading = "What if",
                        .tables = {waterfall_table(report.what_if->waterfall,
                                                   what_if_caption(*report.what_if))},
                        .items = {},
                        .picture = "what-if",
                        .address = pictures.waterfall};
        for (const footprint::Lever& lever : report.what_if->levers)
            section.items.push_back(lever_words(lever));
        for (const std::string& note : report.what_if->notes) section.items.push_back(note);
        out.push_back(std::move(section));
    }
    if (report.comparison) {
        out.push_back(
            {.heading = "Comparison",
             .tables = {waterfall_table(report.comparison->by_phase,
                                        "From one inventory to the other, by phase, CO2e"),
                        waterfall_table(report.comparison->by_cause,
                                        "From one inventory to the other, by cause, CO2e")},
             .items = {},
             .picture = "comparison",
             .address = report.what_if ? "" : pictures.waterfall});
    }
    if (report.projection)
        out.push_back({.heading = "Growth and rebound",
                       .tables = {projection_table(*report.projection)},
                       .items = {},
                       .picture = "",
                       .address = ""});
    if (report.simulation)
        out.push_back(
            {.heading = "Uncertainty",
             .tables = {percentile_table(*report.simulation), tornado_table(*report.simulation)},
             .items = {},
             .picture = "tornado",
             .address = ""});
    return out;
}

std::string picture_of(const InventoryReport& report, const std::string& name) {
    if (name == "bars") return bars_svg(report.account, {.id = "bars"});
    if (name == "sankey") return sankey_svg(report.account, {.id = "sankey"});
    if (name == "what-if") return waterfall_svg(report.what_if->waterfall, {.id = "what-if"});
    if (name == "comparison")
        return waterfall_svg(report.comparison->by_cause, {.id = "comparison"});
    if (name == "tornado") return tornado_svg(*report.simulation, {.id = "tornado"});
    return "";
}

// The account's, but for what only a filing multiplies with; and the tables' figures of what a what-if moved work to.
std::vector<Provenance> sources_of(const InventoryReport& report) {
    // "room: pue" and "room at other hours: pue" are one figure, if they are one.
    const auto key = [](const Provenance& row) {
        const std::size_t colon = row.figure.rfind(": ");
        return fmt::format("{}|{}|{}",
                           colon == std::string::npos ? row.figure : row.figure.substr(colon),
                           row.value,
                           row.source);
    };
    const auto of_scope2 = [](const Provenance& row) {
        return row.figure.ends_with("scope2_gco2e_per_kwh");
    };
    std::vector<Provenance> out;
    std::set<std::string> seen;
    for (const Provenance& row : report.account.provenance) {
        seen.insert(key(row));
        if (!of_scope2(row)) out.push_back(row);
    }
    if (!report.what_if) return out;
    for (const Provenance& row : report.what_if->after.provenance)
        if (row.layer != "option" && !of_scope2(row) && seen.insert(key(row)).second)
            out.push_back(row);
    return out;
}

// ---- JSON

void put(JsonWriter& json, const Amounts& amounts, bool embodied_known) {
    put_range(json, "energy_kwh", amounts.energy_kwh);
    put_range(json, "operational_kgco2e", amounts.operational_kgco2e);
    if (embodied_known) {
        put_range(json, "embodied_kgco2e", amounts.embodied_kgco2e);
    } else {
        json.key("embodied_kgco2e").null();
    }
    put_range(json, "total_kgco2e", amounts.total_kgco2e);
    put_range(json, "market_kgco2e", amounts.market_kgco2e);
    put_number(json, "water_l", amounts.water_l);
}

void put(JsonWriter& json, const footprint::Factor& factor) {
    json.begin_object();
    json.key("quantity").text(factor.quantity);
    put_range_members(json, factor.range);
    json.key("unit").text(factor.unit);
    if (!factor.cause.empty()) json.key("cause").text(factor.cause);
    if (factor.offset != 0) json.key("offset").number(factor.offset);
    if (factor.inverse) json.key("divides").boolean(true);
    json.end_object();
}

void put(JsonWriter& json, const Line& line) {
    json.begin_object();
    json.key("phase").text(footprint::to_string(line.phase));
    json.key("kind").text(footprint::to_string(line.kind));
    json.key("device").text(line.device);
    json.key("row").text(line.activity);
    json.key("site").text(line.site);
    if (!line.fleet.empty()) json.key("fleet").text(line.fleet);
    json.key("ownership").text(footprint::to_string(line.ownership));
    json.key("quality").text(to_string(line.quality));
    if (line.kind == Kind::operational) json.key("energy_kwh").number(line.energy_kwh);
    put_range(json, "kgco2e", line.kgco2e);
    json.key("factors");
    json.begin_array();
    for (const footprint::Factor& factor : line.factors) put(json, factor);
    if (line.intensity) put(json, *line.intensity);
    json.end_array();
    json.end_object();
}

void put(JsonWriter& json, const Waterfall& waterfall) {
    json.begin_object();
    json.key("measure").text(footprint::to_string(waterfall.measure));
    json.key("from_name").text(waterfall.from_name);
    json.key("from").number(waterfall.from);
    json.key("steps");
    json.begin_array();
    for (const footprint::Step& step : waterfall.steps) {
        json.begin_object();
        json.key("cause").text(step.cause);
        json.key("delta").number(step.delta);
        json.end_object();
    }
    json.end_array();
    json.key("to_name").text(waterfall.to_name);
    json.key("to").number(waterfall.to);
    json.end_object();
}

void put(JsonWriter& json, std::string_view key, const footprint::Percentiles& p) {
    json.key(key);
    json.begin_object();
    for (const auto& [name, value] : {std::pair("mean", p.mean),
                                      std::pair("deviation", p.deviation),
                                      std::pair("p5", p.p5),
                                      std::pair("p25", p.p25),
                                      std::pair("p50", p.p50),
                                      std::pair("p75", p.p75),
                                      std::pair("p95", p.p95)})
        json.key(name).number(value);
    json.end_object();
}

void put_text(JsonWriter& json, std::string_view key, const std::string& text) {
    json.key(key).text(text);
}

void put_books(JsonWriter& json, const Account& account) {
    json.key("fleets");
    json.begin_array();
    for (const footprint::FleetUse& use : account.fleets) {
        json.begin_object();
        put_text(json, "name", use.name);
        put_text(json, "ownership", footprint::to_string(use.ownership));
        json.key("units").number(use.units);
        json.key("owned_hours").number(use.owned_hours);
        json.key("allocated_hours").number(use.allocated_hours);
        json.key("idle_hours").number(use.idle_hours);
        json.key("embodied_kgco2e_per_unit").number(use.embodied_kgco2e_per_unit);
        json.key("lifetime_years").number(use.lifetime_years);
        json.key("charged_kgco2e").number(use.charged_kgco2e);
        json.key("acquired_kgco2e").number(use.acquired_kgco2e);
        json.end_object();
    }
    json.end_array();
    json.key("ledger");
    json.begin_array();
    for (const footprint::LedgerYear& year : account.ledger) {
        json.begin_object();
        json.key("year").integer(year.year);
        json.key("opening_kgco2e").number(year.opening_kgco2e);
        json.key("acquired_kgco2e").number(year.acquired_kgco2e);
        json.key("amortised_kgco2e").number(year.amortised_kgco2e);
        json.key("retired_kgco2e").number(year.retired_kgco2e);
        json.key("balance_kgco2e").number(year.balance_kgco2e);
        json.end_object();
    }
    json.end_array();
}

void put_extras(JsonWriter& json, const InventoryReport& report) {
    if (report.comparison) {
        json.key("comparison");
        json.begin_object();
        json.key("by_phase");
        put(json, report.comparison->by_phase);
        json.key("by_cause");
        put(json, report.comparison->by_cause);
        json.end_object();
    }
    if (report.what_if) {
        json.key("what_if");
        json.begin_object();
        json.key("waterfall");
        put(json, report.what_if->waterfall);
        json.key("after");
        json.begin_object();
        put(json, report.what_if->after.total(), report.what_if->after.embodied_known());
        json.end_object();
        json.key("levers");
        json.begin_array();
        for (const footprint::Lever& lever : report.what_if->levers) json.text(lever_words(lever));
        json.end_array();
        json.key("notes");
        json.begin_array();
        for (const std::string& note : report.what_if->notes) json.text(note);
        json.end_array();
        json.end_object();
    }
    if (report.projection) {
        json.key("projection");
        json.begin_array();
        for (const footprint::ProjectionYear& year : report.projection->years) {
            json.begin_object();
            json.key("year").integer(year.year);
            json.key("phases");
            json.begin_object();
            for (std::size_t i = 0; i < year.phase_kgco2e.size(); ++i)
                json.key(footprint::to_string(report.projection->phases[i]))
                    .number(year.phase_kgco2e[i]);
            json.end_object();
            json.key("total_kgco2e").number(year.total_kgco2e);
            json.key("without_rebound_kgco2e").number(year.without_rebound_kgco2e);
            json.key("without_efficiency_kgco2e").number(year.without_efficiency_kgco2e);
            json.end_object();
        }
        json.end_array();
    }
    if (report.simulation) {
        json.key("monte_carlo");
        json.begin_object();
        json.key("draws").unsigned_integer(report.simulation->draws);
        json.key("seed").unsigned_integer(report.simulation->seed);
        json.key("value_kgco2e").number(report.simulation->value_kgco2e);
        put(json, "total_kgco2e", report.simulation->total);
        put(json, "operational_kgco2e", report.simulation->operational);
        put(json, "embodied_kgco2e", report.simulation->embodied);
        json.key("tornado");
        json.begin_array();
        for (const footprint::TornadoBar& bar : report.simulation->tornado) {
            json.begin_object();
            put_text(json, "cause", bar.cause);
            json.key("low_kgco2e").number(bar.low_kgco2e);
            json.key("high_kgco2e").number(bar.high_kgco2e);
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
}

constexpr const char* kStyle =
    ":root{color-scheme:light dark;--fg:#1a1a1a;--bg:#fff;--line:#c8c8c8;--soft:#f3f4f6;"
    "--link:#0b57a4}"
    "@media(prefers-color-scheme:dark){:root{--fg:#ececec;--bg:#16181d;--line:#444a55;"
    "--soft:#22262e;--link:#8ab8ff}}"
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}"
    "header,main,footer{max-width:66rem;margin:0 auto;padding:0 1.25rem}"
    "h1{margin:1.5rem 0 .25rem}h2{margin:2.25rem 0 .75rem}a{color:var(--link)}"
    ".scroll{overflow-x:auto;margin:0 0 1.25rem}"
    "table{border-collapse:collapse;font-size:.92rem}"
    "caption{text-align:left;font-weight:600;padding:.25rem 0}"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top;font-weight:400}"
    "thead th{background:var(--soft);font-weight:600}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "tr.sum th,tr.sum td{font-weight:600;border-top:2px solid var(--fg)}"
    "figure{margin:0 0 1.25rem}svg{max-width:100%;height:auto}"
    ".skip{position:absolute;left:-999px}.skip:focus{position:static}";

std::string section_id(const std::string& heading) {
    std::string id;
    for (const char c : heading) id += c == ' ' ? '-' : static_cast<char>(std::tolower(c));
    return id;
}

std::string list_html(const std::vector<std::string>& items) {
    std::string out = "<ul>\n";
    for (const std::string& item : items) out += "<li>" + escaped_xml(item) + "</li>\n";
    return out + "</ul>\n";
}

}  // namespace

std::string inventory_text(const InventoryReport& report, bool color) {
    const Account& account = report.account;
    std::string out = printable(title(account));
    const std::string when = period(account);
    if (!when.empty()) out += ", " + when;
    if (color) out = "\x1b[1m" + out + "\x1b[0m";
    out += "\n";
    for (const std::string& sentence : summary(report)) out += sentence + "\n";
    for (const Section& section : sections(report, {})) {
        if (section.heading == "Rows") continue;
        for (const Table& table : section.tables) out += "\n" + text_table(table, color);
        for (const std::string& item : section.items) out += "  - " + printable(item) + "\n";
    }
    if (!account.notes.empty()) {
        out += "\n";
        for (const std::string& note : account.notes) out += "note: " + printable(note) + "\n";
    }
    return out + "\nWhere the figures come from: --format markdown, html or json.\n";
}

std::string inventory_json(const InventoryReport& report, int indent) {
    const Account& account = report.account;
    JsonWriter json(indent);
    json.begin_object();
    json.key("schema").integer(1);
    put_text(json, "name", account.name);
    put_text(json, "entity", account.entity);
    for (const auto& [key, time] : {std::pair("period_start", account.period_start),
                                    std::pair("period_end", account.period_end)}) {
        if (time) {
            json.key(key).text(to_rfc3339(*time));
        } else {
            json.key(key).null();
        }
    }
    json.key("total");
    json.begin_object();
    put(json, account.total(), account.embodied_known());
    json.end_object();
    const footprint::EnergyByQuality known = footprint::energy_by_quality(account.lines);
    json.key("energy_by_quality_kwh");
    json.begin_object();
    json.key("measured").number(known.measured_kwh);
    json.key("declared").number(known.declared_kwh);
    json.key("modelled").number(known.modelled_kwh);
    json.key("estimated").number(known.estimated_kwh);
    json.end_object();
    json.key("without_embodied");
    json.begin_array();
    for (const footprint::WithoutEmbodied& row : account.without_embodied) {
        json.begin_object();
        put_text(json, "phase", footprint::to_string(row.phase));
        put_text(json, "row", row.activity);
        put_text(json, "ownership", footprint::to_string(row.ownership));
        json.end_object();
    }
    json.end_array();
    json.key("phases");
    json.begin_array();
    for (const AccountPhase phase : footprint::phases_of(account.lines)) {
        json.begin_object();
        put_text(json, "phase", footprint::to_string(phase));
        put(json, of(account, phase), account.embodied_known(phase));
        json.end_object();
    }
    json.end_array();
    json.key("cells");
    json.begin_array();
    for (const AccountPhase phase : footprint::phases_of(account.lines)) {
        for (const Kind kind : {Kind::operational, Kind::embodied}) {
            for (const std::string& device : footprint::devices_of(account.lines)) {
                const Amounts cell = footprint::amounts(account.lines, [&](const Line& line) {
                    return line.phase == phase && line.kind == kind && line.device == device;
                });
                if (cell.total_kgco2e.value == 0) continue;
                json.begin_object();
                put_text(json, "phase", footprint::to_string(phase));
                put_text(json, "kind", footprint::to_string(kind));
                put_text(json, "device", device);
                put_range(json, "kgco2e", cell.total_kgco2e);
                json.end_object();
            }
        }
    }
    json.end_array();
    json.key("lines");
    json.begin_array();
    for (const Line& line : account.lines) put(json, line);
    json.end_array();
    put_books(json, account);
    put_extras(json, report);
    json.key("notes");
    json.begin_array();
    for (const std::string& note : account.notes) json.text(note);
    json.end_array();
    json.key("provenance");
    json.begin_array();
    for (const Provenance& row : sources_of(report)) {
        json.begin_object();
        put_text(json, "figure", row.figure);
        json.key("value").number(row.value);
        json.key("low").number(row.low);
        json.key("high").number(row.high);
        put_text(json, "unit", row.unit);
        put_text(json, "key", row.key);
        put_text(json, "layer", row.layer);
        put_text(json, "source", row.source);
        json.key("year").integer(row.year);
        put_text(json, "basis", row.basis);
        put_text(json, "licence", row.licence);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

std::string inventory_markdown(const InventoryReport& report, const InventoryPictures& pictures) {
    const Account& account = report.account;
    std::string out = "# " + escaped_markdown(title(account)) + "\n\n";
    std::vector<std::string> head;
    if (!account.entity.empty()) head.push_back(escaped_markdown(account.entity));
    if (!period(account).empty()) head.push_back(period(account));
    if (!head.empty()) out += joined(head, ", ") + "\n\n";
    if (!account.description.empty()) out += escaped_markdown(account.description) + "\n\n";
    for (const std::string& sentence : summary(report)) out += "- " + sentence + "\n";
    for (const Section& section : sections(report, pictures)) {
        out += "\n## " + section.heading + "\n";
        if (!section.address.empty())
            out += "\n![" + section.heading + " as a picture](" + section.address + ")\n";
        for (const Table& table : section.tables)
            out += "\n" + escaped_markdown(table.caption) + ":\n\n" + markdown_table(table);
        if (!section.items.empty()) out += "\n";
        for (const std::string& item : section.items) out += "- " + escaped_markdown(item) + "\n";
    }
    if (!account.notes.empty()) {
        out += "\n## Notes\n\n";
        for (const std::string& note : account.notes) out += "- " + escaped_markdown(note) + "\n";
    }
    out += "\n## Sources\n\n" + markdown_table(source_table(sources_of(report)));
    return out;
}

std::string inventory_html(const InventoryReport& report) {
    const Account& account = report.account;
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
        "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta "
        "name=\"color-scheme\" content=\"light dark\">\n<title>" +
        escaped_xml(title(account)) + "</title>\n<style>" + kStyle +
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#result\">To the result</a>\n"
        "<header>\n<h1>" +
        escaped_xml(title(account)) + "</h1>\n<p>";
    std::vector<std::string> head;
    if (!account.entity.empty()) head.push_back(escaped_xml(account.entity));
    if (!period(account).empty()) head.push_back(period(account));
    out += joined(head, ", ") + "</p>\n";
    if (!account.description.empty()) out += "<p>" + escaped_xml(account.description) + "</p>\n";
    out +=
        "</header>\n<main id=\"result\">\n<section aria-labelledby=\"in-short\">\n<h2 "
        "id=\"in-short\">In short</h2>\n" +
        list_html(summary(report)) + "</section>\n";
    for (const Section& section : sections(report, {})) {
        const std::string id = section_id(section.heading);
        out += fmt::format("<section aria-labelledby=\"h-{0}\">\n<h2 id=\"h-{0}\">{1}</h2>\n",
                           id,
                           escaped_xml(section.heading));
        if (const std::string picture = picture_of(report, section.picture); !picture.empty())
            out += "<figure>\n" + picture +
                   "<figcaption>The table below has the same figures.</figcaption>\n</figure>\n";
        for (const Table& table : section.tables) out += html_table(table);
        if (!section.items.empty()) out += list_html(section.items);
        out += "</section>\n";
    }
    if (!account.notes.empty())
        out += "<section aria-labelledby=\"h-notes\">\n<h2 id=\"h-notes\">Notes</h2>\n" +
               list_html(account.notes) + "</section>\n";
    out += "<section aria-labelledby=\"h-sources\">\n<h2 id=\"h-sources\">Sources</h2>\n" +
           html_table(source_table(sources_of(report))) +
           "</section>\n</main>\n<footer>\n<p>Made by abate " + std::string(version()) +
           ". Intervals hold the truth in nine cases of ten; a cause named in several lines errs "
           "the same way in all of them.</p>\n</footer>\n</body>\n</html>\n";
    return out;
}

std::string inventory_csv(const InventoryReport& report) {
    CsvWriter csv({"phase",
                   "kind",
                   "device",
                   "row",
                   "site",
                   "fleet",
                   "ownership",
                   "quality",
                   "energy_kwh",
                   "kgco2e",
                   "kgco2e_low",
                   "kgco2e_high",
                   "market_kgco2e",
                   "water_l"});
    for (const Line& line : report.account.lines) {
        csv.plain(footprint::to_string(line.phase));
        csv.plain(footprint::to_string(line.kind));
        csv.text(line.device);
        csv.text(line.activity);
        csv.text(line.site);
        csv.text(line.fleet);
        csv.plain(footprint::to_string(line.ownership));
        csv.plain(to_string(line.quality));
        const bool operational = line.kind == Kind::operational;
        if (operational) {
            csv.number(line.energy_kwh);
        } else {
            csv.empty();
        }
        csv.number(line.kgco2e.value);
        csv.number(line.kgco2e.low);
        csv.number(line.kgco2e.high);
        if (line.market_kgco2e) {
            csv.number(line.market_kgco2e->value);
        } else {
            csv.empty();
        }
        if (line.water_known) {
            csv.number(line.energy_kwh * line.water_l_per_kwh);
        } else {
            csv.empty();
        }
        csv.end_row();
    }
    return csv.take();
}

}  // namespace abate::report
