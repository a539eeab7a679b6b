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

std::string energy(double kwh) { return human_energy(kwh * kJoulesPerKilowattHour); }

// "12.34 t": in tables, whose captions say that it is CO2e.
std::string mass(double kg) {
    std::string text = human_carbon(kg);
    return text.substr(0, text.rfind(" CO2e"));
}

Amounts of(const Account& account, AccountPhase phase) {
    return footprint::amounts(account.lines,
                              [phase](const Line& line) { return line.phase == phase; });
}

// "1.2 t (1.0 to 1.5)" in a column of its own.
std::string edges(const Ranged& range) {
    if (range.low == range.high) return "exact";
    const HumanUnit& unit = fitting_unit(range.value, carbon_units());
    return fmt::format(
        "{} to {} {}",
        significant(range.low / unit.size, 3),
        significant(range.high / unit.size, 3),
        std::string_view(unit.name).substr(0, std::string_view(unit.name).find(' ')));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a fraction as it is read
std::string share(double part, double whole) { return whole > 0 ? percent(part / whole) : "-"; }

std::string carbon_or_dash(double kg) { return kg == 0 ? "-" : mass(kg); }

Table phase_table(const Account& account) {
    Table table;
    table.caption = "By phase, CO2e: operational (location-based) and embodied";
    table.header = {"phase", "energy", "operational", "embodied", "total", "low to high", "share"};
    table.sum_last = true;
    const Amounts all = account.total();
    const auto row = [&](const std::string& name, const Amounts& amounts) {
        table.rows.push_back(
            {name,
             amounts.energy_kwh.value == 0 ? "-" : energy(amounts.energy_kwh.value),
             carbon_or_dash(amounts.operational_kgco2e.value),
             carbon_or_dash(amounts.embodied_kgco2e.value),
             mass(amounts.total_kgco2e.value),
             edges(amounts.total_kgco2e),
             share(amounts.total_kgco2e.value, all.total_kgco2e.value)});
    };
    for (const AccountPhase phase : footprint::phases_of(account.lines))
        row(footprint::to_string(phase), of(account, phase));
    row("total", all);
    return table;
}

Table device_table(const Account& account) {
    Table table;
    table.caption = "By device and phase, CO2e";
    table.header = {"device", "kind"};
    table.left = {0, 1};
    table.sum_last = true;
    const std::vector<AccountPhase> phases = footprint::phases_of(account.lines);
    for (const AccountPhase phase : phases) table.header.emplace_back(footprint::to_string(phase));
    table.header.emplace_back("total");
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
            row.push_back(carbon_or_dash(value));
            total += value;
        }
        row.push_back(carbon_or_dash(total));
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

Table activity_table(const Account& account) {
    Table table;
    table.caption = "By row of the inventory, CO2e";
    table.header = {"row", "phase", "site", "energy", "operational", "embodied", "total"};
    table.left = {0, 1, 2};
    std::vector<std::pair<std::string, AccountPhase>> seen;
    for (const Line& line : account.lines) {
        const std::pair key(line.activity, line.phase);
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
        seen.push_back(key);
        const Amounts amounts = footprint::amounts(account.lines, [&](const Line& other) {
            return other.activity == key.first && other.phase == key.second;
        });
        table.rows.push_back(
            {line.activity,
             footprint::to_string(line.phase),
             line.site,
             amounts.energy_kwh.value == 0 ? "-" : energy(amounts.energy_kwh.value),
             carbon_or_dash(amounts.operational_kgco2e.value),
             carbon_or_dash(amounts.embodied_kgco2e.value),
             mass(amounts.total_kgco2e.value)});
    }
    return table;
}

Table fleet_table(const Account& account) {
    Table table;
    table.caption = "Fleets: unit-hours of the period and what they were charged, CO2e";
    table.header = {"fleet",
                    "ownership",
                    "units",
                    "owned h",
                    "allocated h",
                    "idle h",
                    "use",
                    "charged",
                    "bought in the period"};
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
                              carbon_or_dash(use.charged_kgco2e),
                              carbon_or_dash(use.acquired_kgco2e)});
    }
    return table;
}

Table ledger_table(const Account& account) {
    Table table;
    table.caption = "Both ledgers, CO2e: acquired in full when bought, charged over the lifetime";
    table.header = {"year", "acquired", "charged", "written off", "left to charge"};
    for (const footprint::LedgerYear& year : account.ledger)
        table.rows.push_back({std::to_string(year.year),
                              carbon_or_dash(year.acquired_kgco2e),
                              carbon_or_dash(year.amortised_kgco2e),
                              carbon_or_dash(year.retired_kgco2e),
                              carbon_or_dash(year.balance_kgco2e)});
    return table;
}

std::string measured(const Waterfall& waterfall, double value) {
    const std::string sign = value < 0 ? "-" : "";
    return sign + (waterfall.measure == footprint::Measure::energy_kwh ? energy(std::fabs(value))
                                                                       : mass(std::fabs(value)));
}

Table waterfall_table(const Waterfall& waterfall, std::string caption) {
    Table table;
    table.caption = std::move(caption);
    table.header = {"step", "change", "then", "of the start"};
    table.sum_last = true;
    double at = waterfall.from;
    table.rows.push_back({waterfall.from_name, "", measured(waterfall, at), "100 %"});
    for (const footprint::Step& step : waterfall.steps) {
        at += step.delta;
        table.rows.push_back({step.cause,
                              (step.delta > 0 ? "+" : "") + measured(waterfall, step.delta),
                              measured(waterfall, at),
                              share(at, waterfall.from)});
    }
    table.rows.push_back({waterfall.to_name,
                          "",
                          measured(waterfall, waterfall.to),
                          share(waterfall.to, waterfall.from)});
    return table;
}

Table projection_table(const footprint::Projection& projection) {
    Table table;
    table.caption = "Years to come at these rates of growth and efficiency, CO2e";
    table.header = {"year"};
    for (const AccountPhase phase : projection.phases)
        table.header.emplace_back(footprint::to_string(phase));
    for (const char* column : {"total", "without rebound", "without efficiency"})
        table.header.emplace_back(column);
    for (const footprint::ProjectionYear& year : projection.years) {
        std::vector<std::string> row{fmt::format("+{}", year.year)};
        for (const double kg : year.phase_kgco2e) row.push_back(mass(kg));
        row.push_back(mass(year.total_kgco2e));
        row.push_back(mass(year.without_rebound_kgco2e));
        row.push_back(mass(year.without_efficiency_kgco2e));
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table percentile_table(const footprint::Simulation& simulation) {
    Table table;
    table.caption =
        fmt::format("Monte Carlo, CO2e: {} draws, seed {}", simulation.draws, simulation.seed);
    table.header = {"", "mean", "deviation", "5 %", "25 %", "median", "75 %", "95 %"};
    const auto row = [&](const char* name, const footprint::Percentiles& p) {
        table.rows.push_back({name,
                              mass(p.mean),
                              mass(p.deviation),
                              mass(p.p5),
                              mass(p.p25),
                              mass(p.p50),
                              mass(p.p75),
                              mass(p.p95)});
    };
    row("total", simulation.total);
    row("operational", simulation.operational);
    row("embodied", simulation.embodied);
    return table;
}

Table tornado_table(const footprint::Simulation& simulation) {
    Table table;
    table.caption = "What the total depends on, CO2e: one cause at its low and high end";
    table.header = {"cause", "total at low", "total at high", "swing"};
    for (std::size_t i = 0; i < std::min(kMostTornado, simulation.tornado.size()); ++i) {
        const footprint::TornadoBar& bar = simulation.tornado[i];
        table.rows.push_back({bar.cause,
                              mass(bar.low_kgco2e),
                              mass(bar.high_kgco2e),
                              mass(std::fabs(bar.high_kgco2e - bar.low_kgco2e))});
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
    out.push_back(fmt::format("Total {}: operational {} (location-based), embodied {}.",
                              human_interval(all.total_kgco2e, carbon_units()),
                              human_range(all.operational_kgco2e, carbon_units()),
                              human_range(all.embodied_kgco2e, carbon_units())));
    out.push_back(fmt::format("Energy at the facility {}.",
                              human_interval({all.energy_kwh.value * kJoulesPerKilowattHour,
                                              all.energy_kwh.low * kJoulesPerKilowattHour,
                                              all.energy_kwh.high * kJoulesPerKilowattHour,
                                              all.energy_kwh.kind},
                                             energy_units())));
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

// ---- JSON

void put(JsonWriter& json, const Amounts& amounts) {
    put_range(json, "energy_kwh", amounts.energy_kwh);
    put_range(json, "operational_kgco2e", amounts.operational_kgco2e);
    put_range(json, "embodied_kgco2e", amounts.embodied_kgco2e);
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
        put(json, report.what_if->after.total());
        json.end_object();
        json.key("levers");
        json.begin_array();
        for (const footprint::Lever& lever : report.what_if->levers) json.text(lever_words(lever));
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
    return out;
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
    put(json, account.total());
    json.end_object();
    json.key("phases");
    json.begin_array();
    for (const AccountPhase phase : footprint::phases_of(account.lines)) {
        json.begin_object();
        put_text(json, "phase", footprint::to_string(phase));
        put(json, of(account, phase));
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
    for (const Provenance& row : account.provenance) {
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
    out += "\n## Sources\n\n" + markdown_table(source_table(account.provenance));
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
           html_table(source_table(account.provenance)) +
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
