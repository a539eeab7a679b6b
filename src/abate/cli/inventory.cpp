// `abate inventory`: the account of a whole life cycle, from a file or from a run.
#include "abate/cli/common_options.h"
#include "abate/cli/inventories.h"
#include "abate/cli/output_file.h"
#include "abate/cli/records.h"
#include "abate/footprint/footprint.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace abate::cli {
namespace {

constexpr int kMostYears = 100;
constexpr std::uint64_t kSeed =
    1;  // of a simulation where nobody says: two prints of one file are alike

struct InventoryOptions {
    std::string file;
    std::string run;
    std::string format = "text";
    std::string output;
    std::string sankey;
    std::string bars;
    std::string waterfall;
    std::string compare;
    std::vector<std::string> levers;
    std::string basis = "location";
    std::optional<std::size_t> draws;
    std::string seed;
    std::optional<int> years;
    bool format_given = false;
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Failure bad(std::string what, std::string where, std::string hint) {
    return Failure(
        {ErrorCode::invalid_argument, std::move(what), std::move(where), std::move(hint)});
}

// The word of a list, or a Failure with the nearest.
template <class T, std::size_t N>
T word(const std::array<std::pair<const char*, T>, N>& known,
       // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what was given, then to which option
       const std::string& given,
       const char* option) {
    std::vector<std::string> names;
    for (const auto& [name, value] : known) {
        if (given == name) return value;
        names.emplace_back(name);
    }
    const std::vector<std::string> near = nearest(given, names, 1);
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw bad(fmt::format("'{}' is not known", short_text(given)),
              option,
              near.empty() ? "Use one of " + list : "Did you mean '" + near[0] + "'?");
}

enum class Format { text, json, markdown, html, csv };
constexpr std::array<std::pair<const char*, Format>, 5> kFormats{{{"text", Format::text},
                                                                  {"json", Format::json},
                                                                  {"markdown", Format::markdown},
                                                                  {"html", Format::html},
                                                                  {"csv", Format::csv}}};
constexpr std::array<std::pair<const char*, footprint::Measure>, 5> kBases{
    {{"location", footprint::Measure::total_kgco2e},
     {"market", footprint::Measure::market_kgco2e},
     {"operational", footprint::Measure::operational_kgco2e},
     {"embodied", footprint::Measure::embodied_kgco2e},
     {"energy", footprint::Measure::energy_kwh}}};

footprint::Inventory inventory_of_run(Context& context, const std::string& id) {
    const RunRecord record = find_run(context, id);
    footprint::Inventory inventory;
    inventory.name = "run " + record.run_id.text();
    footprint::StoredRuns choice;
    choice.name = record.project.empty() ? "run" : record.project;
    choice.as =
        record.phase ? footprint::account_phase(*record.phase) : footprint::AccountPhase::no_phase;
    choice.phase = record.phase;
    choice.records.push_back(record);
    inventory.runs.push_back(std::move(choice));
    footprint::SitePlan site;
    site.name = record.region.empty() ? "unknown place" : record.region;
    site.region = record.region;
    if (record.facility) site.pue = record.facility->pue;
    inventory.sites.push_back(std::move(site));
    return inventory;
}

footprint::Inventory chosen_inventory(Context& context, const InventoryOptions& options) {
    if (options.file.empty() == options.run.empty()) {
        throw bad(
            options.file.empty() ? "no inventory is named" : "FILE and --run are two inventories",
            "FILE",
            "Give a file, or --run ID");
    }
    return options.file.empty() ? inventory_of_run(context, options.run)
                                : read_inventory(context, options.file);
}

// "all", a lever of the file by name or kind, or KIND=FACTOR.
std::vector<footprint::Lever> chosen_levers(const footprint::Inventory& inventory,
                                            const std::vector<std::string>& words) {
    std::vector<footprint::Lever> levers;
    for (const std::string& text : words) {
        if (text == "all") {
            if (inventory.levers.empty())
                throw bad(
                    "the inventory has no [[lever]]", "--what-if", "Write --what-if caching=6.7");
            levers.insert(levers.end(), inventory.levers.begin(), inventory.levers.end());
            continue;
        }
        const footprint::Lever* of_file = nullptr;
        for (const footprint::Lever& lever : inventory.levers)
            if (lever.name == text ||
                (lever.name.empty() && footprint::parse_lever_kind(text) == lever.kind))
                of_file = &lever;
        levers.push_back(of_file != nullptr ? *of_file : value_or_fail(input::parse_lever(text)));
    }
    return levers;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what, seen from where
std::string address_from(const std::string& picture, const std::string& report) {
    if (picture.empty()) return "";
    namespace fs = std::filesystem;
    const fs::path folder = report.empty() ? fs::path() : fs::path(report).parent_path();
    return fs::path(picture)
        .lexically_normal()
        .lexically_relative((folder.empty() ? fs::path(".") : folder).lexically_normal())
        .generic_string();
}

std::string document(const report::InventoryReport& report,
                     const InventoryOptions& options,
                     Format format,
                     bool color) {
    switch (format) {
        case Format::text:
            return report::inventory_text(report, color && options.output.empty());
        case Format::json:
            return report::inventory_json(report) + "\n";
        case Format::html:
            return report::inventory_html(report);
        case Format::csv:
            return report::inventory_csv(report);
        case Format::markdown:
            return report::inventory_markdown(
                report,
                {.sankey = address_from(options.sankey, options.output),
                 .bars = address_from(options.bars, options.output),
                 .waterfall = address_from(options.waterfall, options.output)});
    }
    return "";
}

void write_pictures(const report::InventoryReport& report, const InventoryOptions& options) {
    if (!options.sankey.empty())
        write_file(options.sankey, report::sankey_svg(report.account, {.id = "sankey"}));
    if (!options.bars.empty())
        write_file(options.bars, report::bars_svg(report.account, {.id = "bars"}));
    if (options.waterfall.empty()) return;
    if (report.what_if) {
        write_file(options.waterfall,
                   report::waterfall_svg(report.what_if->waterfall, {.id = "waterfall"}));
    } else if (report.comparison) {
        write_file(options.waterfall,
                   report::waterfall_svg(report.comparison->by_cause, {.id = "waterfall"}));
    }
}

// A simulation is repeated by its seed, so one that was not read as it stands is refused.
std::uint64_t seed_of(const std::string& text) {
    if (text.empty()) return kSeed;
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error == std::errc{} && end == text.data() + text.size()) return seed;
    throw bad(fmt::format("'{}' is no seed", short_text(text)),
              "--seed",
              "Use a whole number from 0 to 18446744073709551615");
}

Format format_of(const InventoryOptions& options, bool json) {
    const Format format = word(kFormats, options.format, "--format");
    if (!json) return format;
    if (options.format_given && format != Format::json)
        throw bad(fmt::format("--json is --format json, and '{}' is another", options.format),
                  "--format",
                  "Give one of them");
    return Format::json;
}

void check_files(const InventoryOptions& options) {
    if (!options.waterfall.empty() && options.levers.empty() && options.compare.empty())
        throw bad("there is no waterfall to draw", "--svg-waterfall", "Add --what-if or --compare");
    check_outputs({{.option = "FILE", .path = options.file},
                   {.option = "--compare", .path = options.compare}},
                  {{.option = "--output", .path = options.output},
                   {.option = "--svg-sankey", .path = options.sankey},
                   {.option = "--svg-bars", .path = options.bars},
                   {.option = "--svg-waterfall", .path = options.waterfall}});
}

void make_account(InventoryOptions& options, Context& context) {
    const Format format = format_of(options, context.json);
    const std::uint64_t seed = seed_of(options.seed);
    check_files(options);
    const footprint::Measure measure = word(kBases, options.basis, "--basis");
    if (options.years && (*options.years < 1 || *options.years > kMostYears))
        throw bad(fmt::format("{} years are not possible", *options.years),
                  "--years",
                  fmt::format("Use 1 to {}", kMostYears));
    const footprint::Inventory inventory = chosen_inventory(context, options);
    report::InventoryReport report{.account = finite_account(context, inventory)};
    if (!options.levers.empty())
        report.what_if = value_or_fail(footprint::what_if(
            inventory, chosen_levers(inventory, options.levers), context.tables(), measure));
    if (!options.compare.empty()) {
        const footprint::Inventory other = read_inventory(context, options.compare);
        footprint::Account before = finite_account(context, other);
        footprint::Account now = report.account;
        if (before.name == now.name) {
            before.name = options.compare;
            now.name = options.file.empty() ? options.run : options.file;
        }
        report.comparison = footprint::compare({.from = before, .to = now});
    }
    if (options.years)
        report.projection =
            value_or_fail(footprint::project(report.account, inventory, *options.years));
    if (options.draws)
        report.simulation = value_or_fail(
            footprint::simulate(report.account, {.draws = *options.draws, .seed = seed}));
    write_pictures(report, options);
    const std::string text = document(report, options, format, context.color);
    if (options.output.empty()) {
        std::fputs(text.c_str(), stdout);
    } else {
        write_file(options.output, text);
    }
}

}  // namespace

void add_inventory(CLI::App& app, Context& context) {
    auto options = std::make_shared<InventoryOptions>();
    CLI::App* command = app.add_subcommand(
        "inventory",
        "Account for a whole life cycle: data, experimentation, training, inference, hardware");
    command->add_option("FILE", options->file, "The inventory, TOML (docs/reference/inventory.md)");
    command->add_option(
        "--run", options->run, "Instead of FILE: a run of the store, by id or last");
    command->add_option("--format", options->format, "text, json, markdown, html or csv");
    command->add_option("--output", options->output, "File (default: standard output)");
    command->add_option(
        "--svg-sankey", options->sankey, "Write the flow from phases over devices as SVG");
    command->add_option("--svg-bars", options->bars, "Write bars of phases by device as SVG");
    command->add_option("--svg-waterfall",
                        options->waterfall,
                        "Write the waterfall of --what-if or --compare as SVG");
    command->add_option("--compare",
                        options->compare,
                        "An earlier inventory: what changed from it to this one, and why");
    command
        ->add_option(
            "--what-if",
            options->levers,
            "LEVER=FACTOR[@PHASE,...], a lever of the file by name, or all; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--basis",
                        options->basis,
                        "What --what-if counts: location (default), market, operational, embodied "
                        "or energy");
    command->add_option("--years", options->years, "Go on so many years with the file's [growth]");
    command->add_option(
        "--monte-carlo", options->draws, "Draw each cause of error so many times (10000)");
    command->add_option("--seed", options->seed, "Of the draws (default 1)")->type_name("UINT");
    add_set_option(*command, context);
    command->add_flag("--json", context.json, "As --format json");
    command->footer(
        "Example:\n  abate inventory lab.toml --what-if caching=3 --what-if region=NO\n  abate "
        "inventory lab.toml --format html --output lab.html --monte-carlo 10000");
    command->callback([options, command, &context] {
        options->format_given = command->count("--format") > 0;
        make_account(*options, context);
    });
}

}  // namespace abate::cli
