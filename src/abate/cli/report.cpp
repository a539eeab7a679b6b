// `abate report`: filings of a year, from an inventory or from runs of the store.
#include "abate/report/report.h"

#include "abate/cli/common_options.h"
#include "abate/cli/inventories.h"
#include "abate/cli/output_file.h"
#include "abate/cli/records.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace abate::cli {
namespace {

struct ReportOptions {
    std::string file;
    std::string project;
    std::vector<std::string> labels;
    std::string ownership = "owned";
    int year = 0;
    std::string entity;
    std::string format = "markdown";
    std::string per;
    std::vector<std::string> provider_per;
    std::string service;
    std::string output;
    bool ownership_given = false;
};

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 9998;
constexpr double kLeastUnits = 1e-9;  // it divides

enum class Form { ghg, esrs, sci, markdown, json };
constexpr std::array<std::pair<const char*, Form>, 5> kForms{{{"ghg", Form::ghg},
                                                              {"esrs", Form::esrs},
                                                              {"sci", Form::sci},
                                                              {"markdown", Form::markdown},
                                                              {"json", Form::json}}};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Failure unusable(std::string what, std::string where, std::string hint) {
    return Failure(
        {ErrorCode::invalid_argument, std::move(what), std::move(where), std::move(hint)});
}

Form form_of(const std::string& given) {
    std::vector<std::string> names;
    for (const auto& [name, form] : kForms) {
        if (given == name) return form;
        names.emplace_back(name);
    }
    const std::vector<std::string> near = nearest(given, names, 1);
    throw unusable(
        fmt::format("there is no format '{}'", short_text(given)),
        "--format",
        near.empty() ? "Use ghg, esrs, sci, markdown or json" : "Did you mean '" + near[0] + "'?");
}

// "token", or "token=2.4T".
footprint::FunctionalUnit unit_of(const std::string& given, const char* option) {
    footprint::FunctionalUnit unit;
    const std::size_t equals = given.find('=');
    unit.name = given.substr(0, equals);
    unit.source = option;
    if (unit.name.empty())
        throw unusable("a functional unit has a name", option, "Write token, or token=2.4T");
    if (equals == std::string::npos) return unit;
    const Result<double> count = input::parse_count(given.substr(equals + 1));
    if (!count || !(*count >= kLeastUnits))
        throw unusable(fmt::format("'{}' is no number of {}s",
                                   short_text(given.substr(equals + 1)),
                                   short_text(unit.name)),
                       option,
                       fmt::format("Write {}=2.4T; from {} to {}",
                                   short_text(unit.name),
                                   kLeastUnits,
                                   input::kMostCount));
    unit.count = *count;
    return unit;
}

struct Year {
    Timestamp start;
    Timestamp end;
};
Year calendar(int year) {
    const auto begin = [](int y) {
        return value_or_fail(parse_rfc3339(fmt::format("{:04}-01-01T00:00:00Z", y)));
    };
    return {begin(year), begin(year + 1)};
}

footprint::Inventory inventory_of_runs(Context& context, const ReportOptions& options) {
    const Year year = calendar(options.year);
    footprint::StoredRuns choice;
    choice.name = options.project.empty() ? "runs of the store" : options.project;
    choice.project = options.project;
    for (const std::string& label : options.labels)
        choice.labels.push_back(value_or_fail(input::parse_label(label)));
    choice.since = year.start;
    choice.until = year.end;
    choice.ownership = footprint::parse_ownership(options.ownership);
    if (!choice.ownership)
        throw unusable(fmt::format("there is no ownership '{}'", short_text(options.ownership)),
                       "--ownership",
                       "Use owned, leased, colocated, cloud or api");
    fetch_runs(context, choice);
    if (choice.records.empty()) {
        throw Failure({ErrorCode::not_found,
                       fmt::format("no run of {} matches", options.year),
                       "",
                       "See `abate runs`, or name an inventory file"});
    }
    footprint::Inventory inventory;
    inventory.name = choice.name;
    // Each run goes by its own region and PUE; the site is there for what has none.
    footprint::SitePlan site;
    const RunRecord& first = choice.records.front();
    site.name = first.region.empty() ? "unknown place" : first.region;
    site.region = first.region;
    if (first.facility) site.pue = first.facility->pue;
    inventory.sites.push_back(std::move(site));
    inventory.runs.push_back(std::move(choice));
    return inventory;
}

footprint::Filing filing_of(Context& context, const ReportOptions& options, Form form) {
    if (options.year < kFirstYear || options.year > kLastYear)
        throw unusable(
            fmt::format("{} is no year of a filing", options.year), "--year", "Write --year 2025");
    const bool of_store = !options.project.empty() || !options.labels.empty();
    if (options.file.empty() != of_store) {
        throw unusable(of_store ? "FILE and runs of the store are two accounts"
                                : "nothing is named to report on",
                       "FILE",
                       of_store ? "Choose runs in the file: [[runs]]"
                                : "Give an inventory, or --project or --label");
    }
    if (!of_store && options.ownership_given)
        throw unusable("the ownership of hardware stands in FILE",
                       "--ownership",
                       "Write ownership = in its [[fleet]] and work");
    check_outputs({{.option = "FILE", .path = options.file}},
                  {{.option = "--output", .path = options.output}});
    footprint::FilingOptions filing;
    filing.year = options.year;
    if (!options.per.empty()) filing.per = unit_of(options.per, "--per");
    for (const std::string& given : options.provider_per)
        filing.provider_per.push_back(unit_of(given, "--provider-per"));
    filing.service = options.service;
    if (!options.service.empty() && !filing.per)
        throw unusable("a service is scored per unit of what it does",
                       "--per",
                       "Write --per request, or --per token=2.4T");
    if (form == Form::sci && !filing.per && filing.provider_per.empty())
        throw unusable("a score is per unit of what the software does",
                       "--per",
                       "Write --per token, or --per request=12M");
    footprint::FilingStatement statement;
    footprint::Inventory inventory;
    if (of_store) {
        inventory = inventory_of_runs(context, options);
    } else {
        const std::string text = inventory_file(options.file);
        statement = value_or_fail(input::parse_filing(text, options.file));
        inventory = parsed_inventory(context, text, options.file);
    }
    filing.entity = options.entity.empty() ? inventory.entity : options.entity;
    if (filing.entity.empty())
        throw unusable("nothing says whose filing this is",
                       "--entity",
                       "Write --entity \"Example Institute\", or entity = in the inventory");
    // A file without a period is of the year asked for.
    if (!inventory.period_start && !inventory.period_end) {
        const Year year = calendar(options.year);
        inventory.period_start = year.start;
        inventory.period_end = year.end;
    }
    return value_or_fail(footprint::file(finite_account(context, inventory), statement, filing));
}

std::string text_of(const footprint::Filing& filing, Form form, bool color) {
    switch (form) {
        case Form::ghg:
            return report::filing_text(filing, report::FilingForm::ghg, color);
        case Form::esrs:
            return report::filing_text(filing, report::FilingForm::esrs, color);
        case Form::sci:
            return report::filing_text(filing, report::FilingForm::sci, color);
        case Form::markdown:
            return report::filing_markdown(filing);
        case Form::json:
            return report::filing_json(filing) + "\n";
    }
    return "";
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* command = app.add_subcommand(
        "report", "File a year: GHG Protocol scopes, ESRS E1 datapoints, SCI scores");
    command->add_option(
        "FILE",
        options->file,
        "An inventory, TOML, with what [filing] states (docs/reference/inventory.md)");
    command->add_option(
        "--project", options->project, "Instead of FILE: runs of the store of this project");
    command
        ->add_option("--label",
                     options->labels,
                     "Instead of FILE: runs of the store with this KEY=VALUE; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--ownership",
                        options->ownership,
                        "Of the hardware of runs of the store: owned (default), leased, colocated, "
                        "cloud or api");
    command->add_option("--year", options->year, "The year filed")->required();
    command->add_option(
        "--entity", options->entity, "Whose filing it is (default: the inventory's entity)");
    command->add_option("--format", options->format, "ghg, esrs, sci, markdown (default) or json");
    command->add_option("--per",
                        options->per,
                        "SCI's functional unit, UNIT or UNIT=COUNT: token, request=12M, image=3e6");
    command
        ->add_option("--provider-per",
                     options->provider_per,
                     "Of the provider's score for AI: flop=COUNT, training-token=COUNT or "
                     "parameter=COUNT; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--service",
                        options->service,
                        "Score this row of [[inference]] alone, so that each service has its unit");
    command->add_option("--output", options->output, "File (default: standard output)");
    add_set_option(*command, context);
    command->add_flag("--json", context.json, "As --format json");
    command->footer(
        "Example:\n  abate report lab.toml --year 2025 --entity \"Example Institute\" --format "
        "ghg\n"
        "  abate report lab.toml --year 2025 --format sci --per request "
        "--provider-per training-token=2T");
    command->callback([options, command, &context] {
        options->ownership_given = command->count("--ownership") > 0;
        const Form named = form_of(options->format);
        if (context.json && command->count("--format") > 0 && named != Form::json)
            throw unusable("--json is --format json, and '" + options->format + "' is another",
                           "--format",
                           "Give one of them");
        const Form form = context.json ? Form::json : named;
        const footprint::Filing filing = filing_of(context, *options, form);
        const std::string text = text_of(filing, form, context.color && options->output.empty());
        if (options->output.empty()) {
            std::fputs(text.c_str(), stdout);
        } else {
            write_file(options->output, text);
        }
    });
}

}  // namespace abate::cli
