// `abate embodied`: what it cost to make a chip, a server or a bill of materials, stage by stage, with
// every published figure and its boundary, and the two ledgers of buying it.
#include "abate/cli/common_options.h"
#include "abate/cli/context.h"
#include "abate/cli/records.h"
#include "abate/footprint/footprint.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EmbodiedOptions {
    std::vector<std::string> name;
    std::string bill;
    double units = 1;
    double per_node = 8;
    std::optional<double> bought;
    std::optional<double> retired;
    std::string lifetime;
    std::string utilisation;
};

// What was asked for, in one shape for chip, server and bill.
struct Answer {
    std::string name;
    std::string kind;  // "accelerator", "server", "bill-of-materials"
    footprint::Embodied piece;
    std::optional<footprint::Embodied> in_node;  // of an accelerator, with its share of the host
    std::vector<footprint::BillLine> parts;
    std::vector<footprint::BoundaryFigure> figures;  // every published one, least first
    Ranged lifetime_h;
    double utilisation = 1;
    Ranged per_hour;  // of one, used or reserved
    std::vector<footprint::LedgerYear> ledger;
};

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

Answer of_name(const data::Tables& tables, const std::string& name, double per_node) {
    Answer answer;
    const Result<data::Chip> chip = tables.chip(name);
    if (chip) {
        answer.name = chip->name;
        answer.kind = "accelerator";
        answer.piece = value_or_fail(footprint::accelerator_embodied(tables, chip->name));
        answer.in_node =
            value_or_fail(footprint::node_embodied_per_chip(tables, chip->name, per_node));
        answer.figures = value_or_fail(footprint::side_by_side(tables, chip->name));
        return answer;
    }
    // Words that lead to several chips.
    if (chip.error().code != ErrorCode::not_found) throw Failure(chip.error());
    const Result<data::ServerFootprint> server = tables.server_footprint(name);
    if (server) {
        answer.name = server->name;
        answer.kind = "server";
        answer.piece = value_or_fail(footprint::server_embodied(tables, server->name));
        return answer;
    }
    if (server.error().code == ErrorCode::invalid_argument) throw Failure(server.error());
    throw Failure(
        {ErrorCode::not_found,
         "neither an accelerator nor a server is called '" + short_text(name) + "'",
         "",
         fmt::format("Accelerators: {} Servers: {}", chip.error().hint, server.error().hint)});
}

Answer of_bill(const data::Tables& tables, const std::string& path) {
    const std::optional<std::string> text = read_small_file(path);
    if (!text)
        throw Failure({ErrorCode::not_found, "there is no such file", path, "Name a TOML file"});
    const footprint::BillOfMaterials bill = value_or_fail(input::parse_bill(*text, path));
    footprint::BillFootprint footprint = value_or_fail(footprint::bill_footprint(tables, bill));
    Answer answer;
    answer.name = bill.name.empty() ? path : bill.name;
    answer.kind = "bill-of-materials";
    answer.piece = std::move(footprint.total);
    answer.parts = std::move(footprint.lines);
    return answer;
}

int this_year(const Context& context) {
    const std::time_t seconds = context.clock.now().wall.us / 1'000'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts.tm_year + 1900;
}

Result<double> option_or(const std::string& text,
                         Result<double> (*parse)(std::string_view),
                         double otherwise,
                         const char* option) {
    if (text.empty()) return otherwise;
    Result<double> value = parse(text);
    if (value) return value;
    Error error = value.error();
    error.where = option;
    return error;
}

void add_ledgers(Answer& answer, const EmbodiedOptions& options, Context& context) {
    const input::Settings& settings = context.settings();
    if (options.lifetime.empty() && !settings.lifetime_h) {
        answer.lifetime_h = footprint::default_lifetime_h();
    } else {
        answer.lifetime_h = exactly(value_or_fail(option_or(options.lifetime,
                                                            input::parse_lifetime_h,
                                                            settings.lifetime_h.value_or(0),
                                                            "--lifetime")));
    }
    answer.utilisation = value_or_fail(option_or(options.utilisation,
                                                 input::parse_utilisation,
                                                 settings.utilisation.value_or(1),
                                                 "--utilisation"));
    if (!(options.units > 0 && options.units <= 1e9))
        throw Failure({ErrorCode::out_of_range,
                       fmt::format("{:g} units are not possible", options.units),
                       "--units",
                       "Above 0 and at most 1e9"});
    const footprint::Embodied& each = answer.in_node ? *answer.in_node : answer.piece;
    answer.per_hour =
        value_or_fail(footprint::amortised(each.total(),
                                           {.lifetime_h = answer.lifetime_h.value,
                                            .used_h = 1,
                                            .utilisation = answer.utilisation,
                                            .share = 1,
                                            .lifetime_low_h = answer.lifetime_h.low,
                                            .lifetime_high_h = answer.lifetime_h.high}));
    const double bought = options.bought.value_or(this_year(context));
    const footprint::Purchase purchase{
        .embodied_kgco2e = each.total().value * options.units,
        .bought_year = bought,
        .lifetime_y = answer.lifetime_h.value / footprint::kHoursPerYear,
        .retired_year = options.retired.value_or(0)};
    if (options.retired && !(*options.retired > 0))
        throw Failure({ErrorCode::out_of_range,
                       fmt::format("{:g} is no year", *options.retired),
                       "--retired",
                       "A year such as 2028 or 2028.5"});
    if (!(bought >= 1900 && bought <= 2200))
        throw Failure({ErrorCode::out_of_range,
                       fmt::format("{:g} is no year to have bought hardware in", bought),
                       "--bought",
                       "A year such as 2026 or 2026.5"});
    const double end = bought + purchase.lifetime_y;
    const double last = options.retired ? std::min(*options.retired, end) : end;
    const int first_year = static_cast<int>(std::floor(bought));
    // An end at a year's first moment lies in the year before, a retirement in the year itself.
    const int last_year = options.retired && *options.retired < end
                              ? static_cast<int>(std::floor(last))
                              : static_cast<int>(std::ceil(last - 1e-9)) - 1;
    answer.ledger = value_or_fail(footprint::ledgers(
        {purchase}, {.first = first_year, .last = std::max(first_year, last_year)}));
}

Json range_json(const Ranged& range) {
    return {{"value", range.value},
            {"low", range.low},
            {"high", range.high},
            {"range", to_string(range.kind)}};
}

Json provenance_json(const Provenance& row) {
    return {{"figure", row.figure},
            {"value", row.value},
            {"unit", row.unit},
            {"key", row.key},
            {"layer", row.layer},
            {"source", row.source},
            {"year", row.year == 0 ? Json() : Json(row.year)},
            {"basis", row.basis},
            {"licence", row.licence}};
}

Json piece_json(const footprint::Embodied& piece) {
    Json rows = Json::array();
    for (const Provenance& row : piece.provenance) rows.push_back(provenance_json(row));
    return {{"kgco2e", range_json(piece.total())},
            {"making_kgco2e", range_json(piece.making)},
            {"transport_kgco2e", range_json(piece.transport)},
            {"end_of_life_kgco2e", range_json(piece.end_of_life)},
            {"boundary", piece.boundary},
            {"stages", piece.stages},
            {"provenance", rows}};
}

void print_json(const Answer& answer, const EmbodiedOptions& options) {
    Json document = {{"name", answer.name}, {"kind", answer.kind}};
    document["embodied"] = piece_json(answer.piece);
    document["in_node"] = answer.in_node ? piece_json(*answer.in_node) : Json();
    document["parts"] = Json::array();
    for (const footprint::BillLine& line : answer.parts) {
        Json part = {{"kind", footprint::to_string(line.part.kind)},
                     {"name", line.part.name},
                     {"count", line.part.count},
                     {"each", piece_json(line.each)},
                     {"kgco2e", range_json(line.all.total())}};
        document["parts"].push_back(std::move(part));
    }
    document["figures"] = Json::array();
    for (const footprint::BoundaryFigure& figure : answer.figures)
        document["figures"].push_back({{"name", figure.name},
                                       {"boundary", figure.boundary},
                                       {"kgco2e", range_json(figure.kgco2e)},
                                       {"published", !figure.ours},
                                       {"source", figure.provenance.source}});
    document["lifetime_h"] = range_json(answer.lifetime_h);
    document["utilisation"] = answer.utilisation;
    document["charge_kgco2e_per_h"] = range_json(answer.per_hour);
    document["units"] = options.units;
    document["ledger"] = Json::array();
    for (const footprint::LedgerYear& year : answer.ledger)
        document["ledger"].push_back({{"year", year.year},
                                      {"acquired_kgco2e", year.acquired_kgco2e},
                                      {"amortised_kgco2e", year.amortised_kgco2e},
                                      {"retired_kgco2e", year.retired_kgco2e},
                                      {"balance_kgco2e", year.balance_kgco2e}});
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Four digits, and never an exponent where people read tonnes.
std::string digits(double kg) {
    return std::abs(kg) >= 1000 && std::abs(kg) < 1e9 ? fmt::format("{:.0f}", kg)
                                                      : fmt::format("{:.4g}", kg);
}

std::string kg_words(const Ranged& kg) {
    if (kg.low == kg.high) return digits(kg.value) + " kg";
    return fmt::format("{} kg ({} to {})", digits(kg.value), digits(kg.low), digits(kg.high));
}

void print_piece(const footprint::Embodied& piece) {
    fmt::print("  {:<26}{}\n", "materials, manufacturing", kg_words(piece.making));
    const auto stage = [](const char* name, const Ranged& kg) {
        fmt::print("  {:<26}{}\n", name, kg.value > 0 ? kg_words(kg) : "no figure of its own");
    };
    stage("transport", piece.transport);
    stage("end of life", piece.end_of_life);
    fmt::print("  {:<26}{}\n", "boundary", piece.boundary);
    fmt::print("  {:<26}{}\n", "stages", piece.stages);
    std::vector<std::string> sources;
    for (const Provenance& row : piece.provenance)
        if (std::find(sources.begin(), sources.end(), row.source) == sources.end())
            sources.push_back(row.source);
    for (const std::string& source : sources) fmt::print("  {:<26}{}\n", "source", source);
}

void print_parts(const Answer& answer) {
    if (answer.parts.empty()) return;
    fmt::print("\nParts, without what moving and ending the whole adds\n");
    for (const footprint::BillLine& line : answer.parts) {
        const footprint::Part& part = line.part;
        fmt::print("  {:>6g} x {:<16}{:>10.4g} kg   {}\n",
                   part.count,
                   part.name.empty() ? footprint::to_string(part.kind) : one_line(part.name),
                   line.all.total().value,
                   line.each.boundary);
    }
}

void print_figures(const Answer& answer) {
    if (answer.figures.size() < 2) return;
    fmt::print("\nWhat is called its embodied carbon, least first\n");
    for (const footprint::BoundaryFigure& figure : answer.figures)
        fmt::print("  {:>8.4g} kg  {:<9} {}; {}\n",
                   figure.kgco2e.value,
                   figure.ours ? "reckoned" : "published",
                   figure.boundary,
                   figure.ours ? "here" : figure.provenance.source);
    const double least = answer.figures.front().kgco2e.value;
    if (least > 0)
        fmt::print(
            "  From the first to the last, a factor of {:.3g}: compare only figures of one "
            "boundary.\n",
            answer.figures.back().kgco2e.value / least);
}

void print_ledger(const Answer& answer, const EmbodiedOptions& options) {
    fmt::print(
        "\nCharge per hour of one{}: {:.4g} g CO2e ({:.3g} to {:.3g}), over {:.4g} y, {:g} % of "
        "the "
        "owned hours in use\n",
        answer.in_node ? " with its share of the host" : "",
        answer.per_hour.value * 1000,
        answer.per_hour.low * 1000,
        answer.per_hour.high * 1000,
        answer.lifetime_h.value / footprint::kHoursPerYear,
        100 * answer.utilisation);
    fmt::print("\nThe two ledgers of {:g} bought{}, kg CO2e\n",
               options.units,
               answer.in_node ? ", each with its share of the host" : "");
    fmt::print("  YEAR     ACQUIRED    AMORTISED  WRITTEN OFF      BALANCE\n");
    for (const footprint::LedgerYear& year : answer.ledger)
        fmt::print("  {:<5}{:>12.2f} {:>12.2f} {:>12.2f} {:>12.2f}\n",
                   year.year,
                   year.acquired_kgco2e,
                   year.amortised_kgco2e,
                   year.retired_kgco2e,
                   year.balance_kgco2e);
    fmt::print(
        "  Acquired is GHG scope 3 category 2; amortised is what runs are charged. Never add "
        "them. Their relative range is that of the charge.\n");
}

void print_text(const Answer& answer, const EmbodiedOptions& options) {
    fmt::print("{}: {} CO2e each\n", answer.name, kg_words(answer.piece.total()));
    print_piece(answer.piece);
    print_parts(answer);
    if (answer.in_node)
        fmt::print("\nIn a node of {:g}, with its share of the host: {} CO2e\n  {}\n",
                   options.per_node,
                   kg_words(answer.in_node->total()),
                   answer.in_node->boundary);
    print_figures(answer);
    print_ledger(answer, options);
}

void answer_embodied(const EmbodiedOptions& options, Context& context) {
    const std::string name = joined(options.name);
    if (name.empty() == options.bill.empty())
        throw Failure({ErrorCode::invalid_argument,
                       name.empty() ? "nothing says what hardware"
                                    : "a name and --bom both say what hardware",
                       "",
                       "Write: abate embodied \"H100 SXM\", or abate embodied --bom FILE.toml"});
    Answer answer = name.empty() ? of_bill(context.tables(), options.bill)
                                 : of_name(context.tables(), name, options.per_node);
    add_ledgers(answer, options, context);
    if (context.json) {
        print_json(answer, options);
    } else {
        print_text(answer, options);
    }
}

}  // namespace

void add_embodied(CLI::App& app, Context& context) {
    auto options = std::make_shared<EmbodiedOptions>();
    CLI::App* command = app.add_subcommand(
        "embodied",
        "What making a chip, a server or a bill of materials cost, and who is charged when");
    command->add_option(
        "NAME",
        options->name,
        "Accelerator or server, as `abate data list accelerators` and `server_embodied` name it");
    command->add_option("--bom", options->bill, "A bill of materials (TOML)");
    command->add_option(
        "--bought", options->bought, "Year of purchase: 2026, 2026.5 (default: this year)");
    command->add_option(
        "--retired", options->retired, "Year of an early retirement; the rest is written off");
    command->add_option("--units", options->units, "How many were bought (default 1)");
    command->add_option(
        "--per-node", options->per_node, "Accelerators that share a host (default 8)");
    command->add_option("--lifetime", options->lifetime, "Years of service: 4y, 48mo (default 4y)");
    command->add_option("--utilisation",
                        options->utilisation,
                        "Allocated over owned hours, 0.001 to 1 (default 1)");
    add_set_option(*command, context);
    command->add_flag("--json", context.json, "Print one JSON document");
    command->footer(
        "Example:\n  abate embodied \"H100 SXM\" --units 64 --bought 2026 --lifetime 4y\n  abate "
        "embodied --bom server.toml");
    command->callback([options, &context] { answer_embodied(*options, context); });
}

}  // namespace abate::cli
