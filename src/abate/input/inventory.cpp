// An inventory file: TOML, one [[section]] a thing, units in the key names. Keys: docs/reference/inventory.md.
#include "abate/core/nearest.h"
#include "abate/input/filing_section.h"
#include "abate/input/input.h"
#include "abate/input/toml_reader.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace abate::input {
namespace {

using footprint::AccountPhase;
using footprint::Activity;
using footprint::Dataset;
using footprint::Fleet;
using footprint::Growth;
using footprint::Inventory;
using footprint::Lever;
using footprint::LeverKind;
using footprint::SitePlan;
using footprint::StoredRuns;

const Keys& ownerships() {
    static const Keys kNames{"owned", "leased", "colocated", "cloud", "api"};
    return kNames;
}

const Keys& phases() {
    static const Keys kNames = [] {
        Keys names;
        for (std::size_t i = 0; i < footprint::kAccountPhases; ++i)
            names.emplace_back(to_string(static_cast<footprint::AccountPhase>(i)));
        return names;
    }();
    return kNames;
}

const Keys& boundaries() {
    static const Keys kNames(kBoundaryWords.begin(), kBoundaryWords.end());
    return kNames;
}

void read_site(Reader& reader, const toml::table& table, Inventory& out) {
    reader.only(table,
                "[[site]]",
                {"name",
                 "region",
                 "pue",
                 "intensity_gco2e_per_kwh",
                 "market_gco2e_per_kwh",
                 "wue_l_per_kwh"});
    SitePlan site;
    site.where = reader.where(table);
    reader.name(table, "site", site.name);
    reader.read(table, "region", site.region);
    reader.read(table, "pue", site.pue, {.least = 1, .most = 10});
    reader.read(table, "intensity_gco2e_per_kwh", site.intensity_gco2e_per_kwh, {.most = 5000});
    reader.read(table, "market_gco2e_per_kwh", site.market_gco2e_per_kwh, {.most = 5000});
    reader.read(table, "wue_l_per_kwh", site.wue_l_per_kwh, {.most = 100});
    out.sites.push_back(std::move(site));
}

void read_fleet(Reader& reader, const toml::table& table, Inventory& out) {
    reader.only(table,
                "[[fleet]]",
                {"name",
                 "site",
                 "ownership",
                 "chip",
                 "server",
                 "chips_per_node",
                 "units",
                 "bought",
                 "retired",
                 "lifetime_years",
                 "utilisation",
                 "allocated_hours",
                 "embodied_kgco2e_per_unit",
                 "server_kgco2e",
                 "idle_w_per_unit",
                 "idle_kwh",
                 "source"});
    Fleet fleet;
    fleet.where = reader.where(table);
    reader.name(table, "fleet", fleet.name);
    reader.read(table, "site", fleet.site);
    reader.word(table, "ownership", fleet.ownership, footprint::parse_ownership, ownerships());
    reader.read(table, "chip", fleet.chip);
    reader.read(table, "server", fleet.server);
    reader.read(table, "chips_per_node", fleet.chips_per_node, {.least = 1, .most = 1e6});
    reader.read(table, "units", fleet.units, {.most = 1e9});
    reader.read(table, "bought", fleet.bought);
    reader.read(table, "retired", fleet.retired);
    reader.read(table, "lifetime_years", fleet.lifetime_years, kYears);
    reader.read(table, "utilisation", fleet.utilisation, kUtilisation);
    reader.read(table, "allocated_hours", fleet.allocated_hours, {});
    reader.read(table, "embodied_kgco2e_per_unit", fleet.embodied_kgco2e_per_unit, {});
    reader.read(table, "server_kgco2e", fleet.server_kgco2e, {});
    reader.read(table, "idle_w_per_unit", fleet.idle_w_per_unit, {});
    reader.read(table, "idle_kwh", fleet.idle_kwh, {});
    reader.read(table, "source", fleet.source);
    if (fleet.idle_kwh && fleet.idle_w_per_unit)
        reader.refuse(
            table, "idle_kwh and idle_w_per_unit both state the idle energy", "Give one of them");
    if (fleet.retired && fleet.bought && *fleet.retired < *fleet.bought)
        reader.refuse(ErrorCode::out_of_range,
                      fmt::format("'{}' is retired before it is bought", one_line(fleet.name)),
                      reader.where(table),
                      "Check the two dates");
    out.fleets.push_back(std::move(fleet));
}

void read_dataset(Reader& reader, const toml::table& table, Inventory& out) {
    reader.only(table,
                "[[dataset]]",
                {"name",
                 "site",
                 "ownership",
                 "storage_tb",
                 "months",
                 "replicas",
                 "medium",
                 "storage_w_per_tb",
                 "embodied_kgco2e_per_tb",
                 "lifetime_years",
                 "ingestion_kwh",
                 "ingestion_boundary",
                 "ingestion_fleet",
                 "ingestion_hours",
                 "network_tb",
                 "network",
                 "network_kwh_per_tb",
                 "source"});
    Dataset dataset;
    dataset.where = reader.where(table);
    reader.name(table, "dataset", dataset.name);
    reader.read(table, "site", dataset.site);
    reader.word(table, "ownership", dataset.ownership, footprint::parse_ownership, ownerships());
    reader.read(table, "storage_tb", dataset.storage_tb, {});
    reader.read(table, "months", dataset.months, {.most = 1200});
    reader.read(table, "replicas", dataset.replicas, {.most = 1000, .above = true});
    const auto one_of = [](std::string_view a, std::string_view b) {
        return [a, b](std::string_view text) {
            return text == a || text == b ? std::optional(std::string(text)) : std::nullopt;
        };
    };
    reader.word(table, "medium", dataset.medium, one_of("hdd", "ssd"), {"hdd", "ssd"});
    reader.read(table, "storage_w_per_tb", dataset.w_per_tb, {});
    reader.read(table, "embodied_kgco2e_per_tb", dataset.embodied_kgco2e_per_tb, {});
    reader.read(table, "lifetime_years", dataset.lifetime_years, kYears);
    reader.read(table, "network_tb", dataset.network_tb, {});
    reader.word(table,
                "network",
                dataset.network,
                one_of("data-centre", "internet"),
                {"data-centre", "internet"});
    reader.read(table, "network_kwh_per_tb", dataset.network_kwh_per_tb, {});
    reader.read(table, "source", dataset.source);
    std::optional<Ranged> ingestion;
    reader.read(table, "ingestion_kwh", ingestion, {});
    Activity work;
    reader.read(table, "ingestion_fleet", work.fleet);
    reader.read(table, "ingestion_hours", work.unit_hours, {});
    for (const char* key : {"ingestion_fleet", "ingestion_hours", "ingestion_boundary"})
        if (!ingestion && table.get(key) != nullptr)
            reader.refuse(
                *table.get(key),
                fmt::format("'{}' has {} and no ingestion_kwh", one_line(dataset.name), key),
                "Add ingestion_kwh, or write the work as [[ingestion]] with chip_hours");
    if (!dataset.storage_tb && !dataset.network_tb && !ingestion)
        reader.refuse(table,
                      fmt::format("nothing is said of the dataset '{}'", one_line(dataset.name)),
                      "Give storage_tb, network_tb or ingestion_kwh");
    if (ingestion) {
        if (table.get("ingestion_boundary") == nullptr)
            reader.refuse(table,
                          "nothing says where ingestion_kwh was taken",
                          "Add ingestion_boundary = \"component\", \"node\" or \"facility\"");
        reader.word(table, "ingestion_boundary", work.boundary, parse_boundary, boundaries());
        work.phase = AccountPhase::data;
        work.name = dataset.name + ", ingestion";
        work.where = dataset.where;
        work.site = dataset.site;
        work.ownership = dataset.ownership;
        work.energy_kwh = ingestion;
        work.source = dataset.source;
        out.activities.push_back(std::move(work));
    }
    out.datasets.push_back(std::move(dataset));
}

const Keys kWorkKeys{"name",
                     "site",
                     "fleet",
                     "chip",
                     "chips_per_node",
                     "ownership",
                     "energy_kwh",
                     "boundary",
                     "chip_hours",
                     "server_hours",
                     "power_w",
                     "embodied_kgco2e",
                     "lifetime_years",
                     "utilisation",
                     "run_ids",
                     "host",
                     "from",
                     "until",
                     "source"};
const Keys kJobKeys{"runs", "p50_chip_hours", "p99_chip_hours", "chip_hours_per_run"};
const Keys kMultipleKeys{"times_training", "project_over_training", "of"};
const Keys kServiceKeys{"requests", "j_per_request", "tokens", "j_per_token"};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one after the other
Keys joined(const Keys& a, const Keys& b) {
    Keys out = a;
    out.insert(out.end(), b.begin(), b.end());
    return out;
}

// runs x hours, all alike or spread as jobs are.
void read_jobs(Reader& reader, const toml::table& table, Activity& work) {
    std::optional<double> runs;
    std::optional<double> p50;
    std::optional<double> p99;
    std::optional<Ranged> each;
    reader.read(table, "runs", runs, {.most = 1e12, .above = true});
    reader.read(table, "p50_chip_hours", p50, kPositive);
    reader.read(table, "p99_chip_hours", p99, kPositive);
    reader.read(table, "chip_hours_per_run", each, {});
    if (!runs && !p50 && !p99 && !each) return;
    const bool spread = p50 && p99;
    if (!runs || spread == each.has_value() || p50.has_value() != p99.has_value()) {
        reader.refuse(
            table,
            fmt::format("the sizes of the runs of '{}' are not clear", one_line(work.name)),
            "Give runs with chip_hours_per_run, or runs with p50_chip_hours and "
            "p99_chip_hours");
        return;
    }
    if (work.unit_hours) {
        reader.refuse(
            table,
            fmt::format("chip_hours and runs both state the hours of '{}'", one_line(work.name)),
            "Give one of them");
        return;
    }
    if (spread) {
        if (*p99 < *p50) {
            reader.refuse(ErrorCode::out_of_range,
                          "p99_chip_hours is less than p50_chip_hours",
                          reader.where(table),
                          "One run in a hundred is longer than p99, half of them than p50");
            return;
        }
        work.jobs = footprint::JobSizes{.runs = *runs, .p50_hours = *p50, .p99_hours = *p99};
        return;
    }
    work.unit_hours = Ranged{.value = *runs * each->value,
                             .low = *runs * each->low,
                             .high = *runs * each->high,
                             .kind = each->kind};
}

void read_multiple(Reader& reader, const toml::table& table, Activity& work) {
    std::optional<Ranged> project;
    reader.read(table, "times_training", work.times_training, {.most = 1e6});
    reader.read(table, "project_over_training", project, {.least = 1, .most = 1e6});
    reader.read(table, "of", work.of);
    if (work.times_training && project)
        reader.refuse(table,
                      "times_training and project_over_training state the same thing",
                      "Give one of them");
    if (project)
        work.times_training = Ranged{.value = project->value - 1,
                                     .low = project->low - 1,
                                     .high = project->high - 1,
                                     .kind = project->kind};
    if (!work.times_training) return;
    if (work.source.empty())
        reader.refuse(table,
                      fmt::format("the multiplier of '{}' has no source", one_line(work.name)),
                      "Add source = \"...\": where the multiple of training was found");
    if (work.energy_kwh || work.unit_hours || work.jobs)
        reader.refuse(
            table,
            fmt::format("'{}' has a multiplier and amounts of its own", one_line(work.name)),
            "Give one of them");
}

void read_service(Reader& reader, const toml::table& table, Activity& work) {
    std::optional<Ranged> requests;
    std::optional<Ranged> tokens;
    std::optional<Ranged> per_request;
    std::optional<Ranged> per_token;
    reader.read(table, "requests", requests, {});
    reader.read(table, "tokens", tokens, {});
    reader.read(table, "j_per_request", per_request, {});
    reader.read(table, "j_per_token", per_token, {});
    if (per_request && per_token) {
        reader.refuse(
            table, "j_per_request and j_per_token both state the energy", "Give one of them");
        return;
    }
    if ((per_request && !requests) || (per_token && !tokens)) {
        reader.refuse(
            table,
            fmt::format("'{}' has energy per unit and no number of units", one_line(work.name)),
            per_request ? "Add requests" : "Add tokens");
        return;
    }
    // Counted also where the energy comes from elsewhere: for figures per request or token.
    if (requests) work.counts["request"] = requests->value;
    if (tokens) work.counts["token"] = tokens->value;
    if (per_request || per_token) {
        work.unit = per_request ? "request" : "token";
        work.amount = per_request ? requests : tokens;
        work.j_per_unit = per_request ? per_request : per_token;
    }
}

void read_work(Reader& reader,
               const toml::table& table,
               AccountPhase phase,
               const char* section,
               Inventory& out) {
    Keys known = kWorkKeys;
    if (phase == AccountPhase::inference) {
        known = joined(known, kServiceKeys);
    } else {
        known = joined(known, kJobKeys);
    }
    if (phase == AccountPhase::experimentation) known = joined(known, kMultipleKeys);
    reader.only(table, fmt::format("[[{}]]", section), known);
    Activity work;
    work.phase = phase;
    work.where = reader.where(table);
    reader.name(table, section, work.name);
    reader.read(table, "site", work.site);
    reader.read(table, "fleet", work.fleet);
    reader.read(table, "chip", work.chip);
    reader.read(table, "chips_per_node", work.chips_per_node, {.least = 1, .most = 1e6});
    if (table.get("ownership") != nullptr) {
        footprint::Ownership ownership = footprint::Ownership::owned;
        reader.word(table, "ownership", ownership, footprint::parse_ownership, ownerships());
        work.ownership = ownership;
    }
    reader.read(table, "energy_kwh", work.energy_kwh, {});
    reader.read(table, "power_w", work.power_w, {.most = 1e6});
    std::optional<Ranged> server_hours;
    reader.read(table, "chip_hours", work.unit_hours, {});
    reader.read(table, "server_hours", server_hours, {});
    if (server_hours && work.unit_hours)
        reader.refuse(
            table, "chip_hours and server_hours both state the hours", "Give one of them");
    if (server_hours) work.unit_hours = server_hours;
    reader.read(table, "embodied_kgco2e", work.embodied_kgco2e, {});
    reader.read(table, "lifetime_years", work.lifetime_years, kYears);
    reader.read(table, "utilisation", work.utilisation, kUtilisation);
    reader.read(table, "run_ids", work.run_ids);
    reader.read(table, "host", work.host);
    reader.read(table, "from", work.from);
    reader.read(table, "until", work.until);
    reader.read(table, "source", work.source);
    if (phase == AccountPhase::inference) {
        read_service(reader, table, work);
    } else {
        read_jobs(reader, table, work);
    }
    if (phase == AccountPhase::experimentation) read_multiple(reader, table, work);

    if (!work.fleet.empty() && (!work.chip.empty() || work.lifetime_years || work.utilisation))
        reader.refuse(
            table,
            fmt::format("'{}' names a fleet and hardware of its own", one_line(work.name)),
            "chip, lifetime_years and utilisation are those of its [[fleet]]");
    const int ways = (work.energy_kwh ? 1 : 0) + (work.j_per_unit ? 1 : 0) + (work.power_w ? 1 : 0);
    if (ways > 1)
        reader.refuse(table,
                      fmt::format("the energy of '{}' is stated twice", one_line(work.name)),
                      "Give one of energy_kwh, power_w and energy per request or token");
    if (ways > 0 && table.get("boundary") == nullptr)
        reader.refuse(
            table,
            fmt::format("nothing says where the energy of '{}' was taken", one_line(work.name)),
            "Add boundary = \"component\", \"node\" or \"facility\"");
    reader.word(table, "boundary", work.boundary, parse_boundary, boundaries());
    if (work.until && work.from && *work.until < *work.from)
        reader.refuse(ErrorCode::out_of_range,
                      fmt::format("'{}' ends before it begins", one_line(work.name)),
                      reader.where(table),
                      "Check from and until");
    out.activities.push_back(std::move(work));
}

void read_runs(Reader& reader, const toml::table& table, Inventory& out) {
    reader.only(table,
                "[[runs]]",
                {"name",
                 "labels",
                 "project",
                 "phase",
                 "since",
                 "until",
                 "ids",
                 "site",
                 "as_phase",
                 "fleet",
                 "units_per_run",
                 "ownership"});
    StoredRuns runs;
    runs.where = reader.where(table);
    reader.name(table, "runs", runs.name);
    std::vector<std::string> labels;
    reader.read(table, "labels", labels);
    for (const std::string& text : labels) {
        const auto label = parse_label(text);
        if (label) {
            runs.labels.push_back(*label);
        } else {
            reader.refuse(*table.get("labels"), label.error().what, label.error().hint);
        }
    }
    reader.read(table, "project", runs.project);
    if (table.get("phase") != nullptr) {
        Phase phase = Phase::training;
        reader.word(table, "phase", phase, parse_phase, {phases().begin(), phases().begin() + 5});
        runs.phase = phase;
        runs.as = footprint::account_phase(phase);
    }
    reader.read(table, "since", runs.since);
    reader.read(table, "until", runs.until);
    reader.read(table, "ids", runs.ids);
    reader.read(table, "site", runs.site);
    reader.word(table, "as_phase", runs.as, footprint::parse_account_phase, phases());
    reader.read(table, "fleet", runs.fleet);
    reader.read(table, "units_per_run", runs.units_per_run, {});
    if (table.get("ownership") != nullptr) {
        footprint::Ownership ownership = footprint::Ownership::owned;
        reader.word(table, "ownership", ownership, footprint::parse_ownership, ownerships());
        runs.ownership = ownership;
    }
    if (runs.labels.empty() && runs.project.empty() && !runs.phase && !runs.since && !runs.until &&
        runs.ids.empty())
        reader.refuse(table,
                      fmt::format("'{}' chooses no runs", one_line(runs.name)),
                      "Give labels, project, phase, since, until or ids");
    out.runs.push_back(std::move(runs));
}

// The key that holds what the lever does; none of them is built in.
const char* own_key(LeverKind kind) {
    switch (kind) {
        case LeverKind::caching:
        case LeverKind::accelerator:
        case LeverKind::precision:
        case LeverKind::fused_kernels:
        case LeverKind::right_sized_model:
            return "factor";
        case LeverKind::chip_load:
            return "to";
        case LeverKind::lifetime:
            return "years";
        case LeverKind::data_sampling:
        case LeverKind::hour:
        case LeverKind::carbon_free_share:
            return "share";
        case LeverKind::region:
            return "region";
    }
    return "";
}

void read_lever(Reader& reader, const toml::table& table, Inventory& out) {
    reader.only(table,
                "[[lever]]",
                {"kind",
                 "name",
                 "phases",
                 "factor",
                 "hours_factor",
                 "from",
                 "to",
                 "years",
                 "share",
                 "region",
                 "pue",
                 "chip",
                 "source"});
    Lever lever;
    lever.where = reader.where(table);
    if (table.get("kind") == nullptr) {
        reader.refuse(table,
                      "a [[lever]] has no kind",
                      "Add kind: one of " + listed(footprint::lever_names()));
        return;
    }
    reader.word(table, "kind", lever.kind, footprint::parse_lever_kind, footprint::lever_names());
    reader.read(table, "name", lever.name);
    std::vector<std::string> names;
    reader.read(table, "phases", names);
    for (const std::string& name : names) {
        const std::optional<AccountPhase> phase = footprint::parse_account_phase(name);
        if (phase) {
            lever.phases.push_back(*phase);
        } else {
            reader.refuse(*table.get("phases"),
                          fmt::format("there is no phase '{}'", one_line(name)),
                          "Known are " + listed(phases()));
        }
    }
    reader.read(table, "factor", lever.factor, kPositive);
    reader.read(table, "hours_factor", lever.hours_factor, kPositive);
    reader.read(table, "from", lever.from, kUtilisation);
    reader.read(table, "to", lever.to, kUtilisation);
    reader.read(table, "years", lever.years, kYears);
    reader.read(table, "share", lever.share, {.most = lever.kind == LeverKind::hour ? 100.0 : 1.0});
    reader.read(table, "region", lever.region);
    reader.read(table, "pue", lever.pue, {.least = 1, .most = 10});
    reader.read(table, "chip", lever.chip);
    reader.read(table, "source", lever.source);
    const char* key = own_key(lever.kind);
    if (table.get(key) == nullptr ||
        (lever.kind == LeverKind::chip_load && table.get("from") == nullptr))
        reader.refuse(table,
                      fmt::format("the lever {} has no {}: no factor is built in",
                                  footprint::to_string(lever.kind),
                                  lever.kind == LeverKind::chip_load ? "from and to" : key),
                      "Say what it does to this work, and the source");
    out.levers.push_back(std::move(lever));
}

void read_growth(Reader& reader, const toml::table& root, Inventory& out) {
    const toml::node* node = root.get("growth");
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        reader.refuse(*node, "'growth' must be a table", "Write [growth.inference]");
        return;
    }
    reader.only(*table, "[growth]", joined({"intensity_per_year"}, phases()));
    reader.read(*table, "intensity_per_year", out.intensity_per_year, {.most = 10, .above = true});
    for (const std::string& name : phases()) {
        const toml::node* row = table->get(name);
        if (row == nullptr) continue;
        const toml::table* rates = row->as_table();
        if (rates == nullptr) {
            reader.refuse(*row,
                          fmt::format("'growth.{}' must be a table", name),
                          fmt::format("Write [growth.{}]", name));
            continue;
        }
        reader.only(*rates,
                    fmt::format("[growth.{}]", name),
                    {"work_per_year", "efficiency_per_year", "rebound"});
        Growth growth;
        reader.read(*rates, "work_per_year", growth.work_per_year, {.most = 1000, .above = true});
        reader.read(*rates,
                    "efficiency_per_year",
                    growth.efficiency_per_year,
                    {.most = 1000, .above = true});
        reader.read(*rates, "rebound", growth.rebound, {.most = 10});
        if (const auto phase = footprint::parse_account_phase(name)) out.growth[*phase] = growth;
    }
}

constexpr std::array<std::pair<const char*, AccountPhase>, 5> kWork{{
    {"ingestion", AccountPhase::data},
    {"experimentation", AccountPhase::experimentation},
    {"training", AccountPhase::training},
    {"finetuning", AccountPhase::finetuning},
    {"inference", AccountPhase::inference},
}};

Error lever_error(std::string what, std::string hint) {
    return {ErrorCode::invalid_argument, std::move(what), "--what-if", std::move(hint)};
}

}  // namespace

Result<Inventory> parse_inventory(std::string_view text, std::string_view file) {
    Reader reader(file);
    const Result<toml::table> parsed = reader.parse(text);
    if (!parsed) return parsed.error();
    const toml::table& root = *parsed;
    Keys known{"name",
               "entity",
               "description",
               "period_start",
               "period_end",
               "hardware_follows_work",
               "site",
               "fleet",
               "dataset",
               "runs",
               "lever",
               "growth",
               "filing"};
    for (const auto& [section, phase] : kWork) known.emplace_back(section);
    reader.only(root, "", known);
    Inventory out;
    reader.read(root, "name", out.name);
    reader.read(root, "entity", out.entity);
    reader.read(root, "description", out.description);
    reader.read(root, "period_start", out.period_start);
    reader.read(root, "period_end", out.period_end);
    reader.read(root, "hardware_follows_work", out.hardware_follows_work);
    if (out.period_start && out.period_end && *out.period_end <= *out.period_start)
        reader.refuse(ErrorCode::out_of_range,
                      "the period ends before it begins",
                      reader.where(*root.get("period_end")),
                      "period_end is the first day after the period: 2026-01-01 for 2025");
    reader.each(root, "site", [&](const auto& table) { read_site(reader, table, out); });
    reader.each(root, "fleet", [&](const auto& table) { read_fleet(reader, table, out); });
    reader.each(root, "dataset", [&](const auto& table) { read_dataset(reader, table, out); });
    for (const auto& [section, phase] : kWork)
        reader.each(root, section, [&, section_name = section, as = phase](const auto& table) {
            read_work(reader, table, as, section_name, out);
        });
    reader.each(root, "runs", [&](const auto& table) { read_runs(reader, table, out); });
    reader.each(root, "lever", [&](const auto& table) { read_lever(reader, table, out); });
    read_growth(reader, root, out);
    footprint::FilingStatement statement;  // for its errors: parse_filing has it
    read_filing(reader, root, statement);
    if (reader.error()) return *reader.error();
    if (out.datasets.empty() && out.activities.empty() && out.runs.empty() && out.fleets.empty())
        return Error{ErrorCode::parse_error,
                     "the inventory declares nothing",
                     std::string(file) + ":1:1",
                     "Add [[dataset]], [[training]], [[inference]], [[fleet]] or [[runs]]"};
    return out;
}

Result<Lever> parse_lever(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    const std::optional<LeverKind> kind = footprint::parse_lever_kind(name);
    if (!kind) {
        const std::vector<std::string> near = nearest(name, footprint::lever_names(), 1);
        return lever_error(fmt::format("there is no lever '{}'", one_line(name)),
                           near.empty() ? "Known are " + listed(footprint::lever_names())
                                        : fmt::format("Did you mean '{}'?", near.front()));
    }
    if (equals == std::string_view::npos || equals + 1 == text.size()) {
        return lever_error(fmt::format("the lever {} has no factor of its own", name),
                           *kind == LeverKind::chip_load ? "Write chip-load=0.4:0.8"
                           : *kind == LeverKind::region  ? "Write region=NO"
                                                         : fmt::format("Write {}=2.4", name));
    }
    std::string_view value = text.substr(equals + 1);
    Lever lever;
    lever.kind = *kind;
    lever.source = "--what-if";
    if (const std::size_t at = value.rfind('@'); at != std::string_view::npos) {
        std::string_view rest = value.substr(at + 1);
        value = value.substr(0, at);
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            const std::string word(rest.substr(0, comma));
            const std::optional<AccountPhase> phase = footprint::parse_account_phase(word);
            if (!phase)
                return lever_error(fmt::format("there is no phase '{}'", one_line(word)),
                                   "Known are " + listed(phases()));
            lever.phases.push_back(*phase);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    const auto number = [&](std::string_view digits) -> Result<double> {
        Result<double> parsed = parse_count(digits);
        if (parsed && (*parsed == 0 || *parsed >= kLeastAbove)) return parsed;
        if (parsed || parsed.error().code == ErrorCode::out_of_range)
            return lever_error(fmt::format("{} cannot be {}", name, one_line(digits)),
                               fmt::format("It is 0, or from {} to {}", kLeastAbove, kMost));
        return lever_error(fmt::format("'{}' is no number for {}", one_line(digits), name),
                           fmt::format("Write {}=2.4", name));
    };
    if (*kind == LeverKind::region) {
        lever.region = value;
        return lever;
    }
    if (*kind == LeverKind::chip_load) {
        const std::size_t colon = value.find(':');
        if (colon == std::string_view::npos)
            return lever_error("chip-load goes from one share to another",
                               "Write chip-load=0.4:0.8");
        const Result<double> from = number(value.substr(0, colon));
        if (!from) return from.error();
        const Result<double> to = number(value.substr(colon + 1));
        if (!to) return to.error();
        for (const double share : {*from, *to})
            if (!kUtilisation.hold(share))
                return lever_error(fmt::format("a chip-load of {} is not possible", share),
                                   fmt::format("It is a number {}", kUtilisation.words(share)));
        lever.from = *from;
        lever.to = *to;
        return lever;
    }
    const Result<double> parsed = number(value);
    if (!parsed) return parsed.error();
    const std::string_view key = own_key(*kind);
    if (key == "years" && !kYears.hold(*parsed))
        return lever_error(fmt::format("a lifetime of {} years is not possible", *parsed),
                           fmt::format("It is a number {}", kYears.words(*parsed)));
    (key == "factor" ? lever.factor : key == "years" ? lever.years : lever.share) = *parsed;
    return lever;
}

}  // namespace abate::input
