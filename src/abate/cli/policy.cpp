// `abate policy firm|solve|path`: what a rule would do, before it is law.
#include "abate/policy/policy.h"

#include "abate/cli/common_options.h"
#include "abate/cli/context.h"
#include "abate/core/read_file.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace abate::cli {
namespace {

constexpr std::size_t kMostScenarioBytes = 256U << 20;

struct FirmOptions {
    double exponent = 0;
    double scale = 1;
    double cost = 0;
    double efficiency = 1;
    double price = 0;  // a FLOP
    double endowment_j = 0;
};

struct FileOptions {
    std::string file;
    bool csv = false;
    std::optional<std::size_t> rows = {};
};

// Numbers that words like nan and inf would pass for.
void check_number(double value, const char* option, bool above) {
    if (std::isfinite(value) && (above ? value > 0 : value >= 0)) return;
    throw Failure({ErrorCode::out_of_range,
                   fmt::format("{} cannot be {}", option, value),
                   "",
                   above ? "Write a number above 0" : "Write a number of 0 or more"});
}

void print(const policy::Answer& answer, const FileOptions& how, const Context& context) {
    const bool color = context.color && isatty(STDOUT_FILENO) == 1;
    const std::string text =
        context.json ? report::policy_json(answer) + "\n"
        : how.csv    ? report::policy_csv(answer)
                     : report::policy_text(answer, {.color = color, .most_rows = how.rows});
    std::fputs(text.c_str(), stdout);
}

void answer_firm(const FirmOptions& options, const Context& context) {
    check_number(options.exponent, "--k", true);
    check_number(options.scale, "--s", true);
    check_number(options.cost, "--a", false);
    check_number(options.efficiency, "--efficiency", true);
    check_number(options.price, "--b", false);
    check_number(options.endowment_j, "--endowment-j", false);
    policy::FirmAtPrice at{.firm = policy::firm_of({.benefit_exponent = options.exponent,
                                                    .benefit_scale = options.scale,
                                                    .cost_per_flop = options.cost,
                                                    .efficiency_j_per_flop = options.efficiency}),
                           .price_per_j = options.price / options.efficiency};
    at.firm.endowment_j = options.endowment_j;
    print(policy::answer_of(at), {}, context);
}

policy::Scenario read_scenario(const FileOptions& options, const Context& context) {
    if (options.csv && context.json)
        throw Failure({ErrorCode::invalid_argument,
                       "--csv and --json are two answers",
                       "",
                       "Keep one of them"});
    const std::string text = value_or_fail(read_regular_file(options.file, kMostScenarioBytes));
    return value_or_fail(input::parse_policy_scenario(text, options.file));
}

void check_price(double price_per_j, const FileOptions& options) {
    if (std::isfinite(price_per_j)) return;
    throw Failure({ErrorCode::out_of_range,
                   "no price is high enough for so small a supply",
                   options.file,
                   "Compare the supply with what the firms use: benefit_scale, cost_per_flop"});
}

void answer_solve(const FileOptions& options, const Context& context) {
    const policy::Scenario scenario = read_scenario(options, context);
    if (scenario.rules.supply_j <= 0)
        throw Failure({ErrorCode::invalid_argument,
                       "the scenario has a supply of its periods only",
                       options.file,
                       "Write supply_j in [scheme], or ask for the years: abate policy path"});
    const policy::Solution solution = policy::solve(scenario);
    check_price(solution.equilibrium.price_per_j, options);
    print(policy::answer_of(scenario, solution), options, context);
}

void answer_path(const FileOptions& options, const Context& context) {
    const policy::Scenario scenario = read_scenario(options, context);
    if (scenario.periods.empty())
        throw Failure({ErrorCode::invalid_argument,
                       "the scenario has no [[period]]",
                       options.file,
                       "Add one for each year, with its supply_j"});
    const std::vector<policy::PeriodPrice> path =
        policy::solve_path(policy::Industry(scenario.firms), scenario.periods, scenario.banking);
    for (const policy::PeriodPrice& at : path) check_price(at.price_per_j, options);
    print(policy::answer_of(scenario, path), options, context);
}

void add_firm(CLI::App& policy, Context& context) {
    auto options = std::make_shared<FirmOptions>();
    CLI::App* firm =
        policy.add_subcommand("firm", "One firm at a price: what it computes, with and without");
    firm->add_option("--k", options->exponent, "Its benefit is -s x^-k of x FLOP")->required();
    firm->add_option("--s", options->scale, "The benefit's scale [1]");
    firm->add_option("--a", options->cost, "What a FLOP costs it without allowances")->required();
    firm->add_option("--b", options->price, "What the allowances for a FLOP cost")->required();
    firm->add_option("--efficiency", options->efficiency, "Joules a FLOP [1]");
    firm->add_option(
        "--endowment-j", options->endowment_j, "Allowances that it is given, in joules [0]");
    firm->add_flag("--json", context.json, "One JSON document");
    firm->footer(
        "Example:\n  abate policy firm --k 1 --a 0.01 --b 0.01\n\n"
        "x = (s k/(a + b))^(1/(k + 1)): what it is given changes its money, not its choice.");
    firm->callback([options, &context] { answer_firm(*options, context); });
}

}  // namespace

void add_policy(CLI::App& app, Context& context) {
    CLI::App* policy = app.add_subcommand(
        "policy", "What a rule would do, before it is law: prices, computation, who pays");
    policy->require_subcommand(1);
    policy->footer(
        "Example:\n  abate policy solve five-firms.toml\n\nScenarios: docs/reference/policy.md");
    add_firm(*policy, context);
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): its name, what it does, its example
    const auto add = [&](const char* name, const char* what, const char* footer, auto answer) {
        auto options = std::make_shared<FileOptions>();
        CLI::App* command = policy->add_subcommand(name, what);
        command->add_option("FILE", options->file, "The scenario, TOML")->required();
        command->add_option(
            "--rows", options->rows, "How many rows of a table to print, the largest; 0: all [20]");
        command->add_flag("--csv", options->csv, "A row each, as CSV");
        command->add_flag("--json", context.json, "One JSON document");
        command->footer(footer);
        command->callback([options, answer, &context] { answer(*options, context); });
    };
    add("solve",
        "The price at which many unlike firms use what there is, and what each does",
        "Example:\n  abate policy solve five-firms.toml --json",
        answer_solve);
    add("path",
        "The prices of years, where allowances can be kept for later",
        "Example:\n  abate policy path decade.toml",
        answer_path);
}

}  // namespace abate::cli
