// `abate registry period | cap | benchmark | allocate | true-up | baseline | activity | certificate | object`: a year, step by step.
#include "abate/cli/records.h"
#include "abate/cli/refusal_detail.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;
using scheme::StatementKind;

struct YearOptions {
    std::int64_t year = 0;
    std::int64_t sample_year = 0;
    std::string until;
    std::string text;
    bool dry_run = false;
};
struct FileOptions {
    std::string file;
    std::string source;
};
struct CertificateOptions {
    std::string id;
    std::int64_t year = 0;
    std::int64_t matched_kwh = 0;
    std::string retirement;
    std::string participant;
    std::string reason;
};
struct ObjectOptions {
    std::string kind;
    std::int64_t year = 0;
    std::string text;
};

// --until, or as many days from now as the rules want.
template <class C>
Timestamp objections_until(Office& office, const YearOptions& options) {
    if (!options.until.empty()) return for_option(input::parse_moment(options.until), "--until");
    if (const auto before = office.sent<C>()) return before->objections_until;
    const Timestamp now{office.moment().us + 1'000'000};
    // Those that the year began with.
    const scheme::Period* period = scheme::find_period(office.state(), options.year);
    const scheme::Rules& rules = period == nullptr ? office.state().rules : period->rules;
    return value_or_fail(
        office.zone().add_days(now, static_cast<std::int32_t>(rules.benchmark.objection_days)));
}

template <class T>
T derived_or_fail(scheme::Derived<T> derived, const char* what) {
    if (derived.reason != scheme::Reason::ok)
        throw Failure(refusal(fmt::format("there is no {} yet", what), derived.reason));
    return std::move(derived.value);
}

// The document of a command, as JSON, without sending it.
void print_dry(const scheme::Command& command) {
    fmt::print("{}\n", report::command_json(command, 2));
}

// "1.234 GWh per EFLOP" says little; joules per petaFLOP do.
std::string benchmark_text(std::uint64_t aj_per_flop) {
    return fmt::format("{:.4f} J/TFLOP", static_cast<double>(aj_per_flop) / 1e6);
}

void print_cap(const scheme::CapParts& parts) {
    fmt::print(
        "cap                  {:>18}\n  free ceiling       {:>18}\n  auction            {:>18}\n"
        "  new-entrant reserve{:>18}\n  containment reserve{:>18}\n",
        grouped(parts.cap),
        grouped(parts.free_ceiling),
        grouped(parts.auction),
        grouped(parts.entrant_reserve),
        grouped(parts.containment_reserve));
}

void print_stability(const scheme::CapParts& parts) {
    fmt::print("stability reserve    {:>18}  before\n", grouped(parts.in_reserve));
    if (parts.circulation_year == 0) {
        fmt::print("  no step yet: the circulation of the year before last decides\n");
        return;
    }
    fmt::print(
        "  in circulation     {:>18}  at the end of {}\n  withheld           {:>18}  of the "
        "auction\n  released           {:>18}  for auction, beside the cap\n",
        grouped(parts.in_circulation),
        parts.circulation_year,
        grouped(parts.withheld),
        grouped(parts.released));
}

void print_statement(const Office& office, std::int64_t year, const scheme::CapParts& parts) {
    print_cap(parts);
    const scheme::Period* period = scheme::find_period(office.state(), year);
    if (period != nullptr && period->rules.stability.reserve) print_stability(parts);
}

void print_circulation(const scheme::Circulation& figures) {
    fmt::print(
        "issued               {:>18}\n  with the scheme    {:>18}\n  stability reserve  "
        "{:>18}\n  retired            {:>18}\n  owed               {:>18}\nin circulation       "
        "{:>18}\n",
        grouped(figures.issued),
        grouped(figures.with_scheme),
        grouped(figures.in_reserve),
        grouped(figures.retired),
        grouped(figures.outstanding),
        grouped(figures.in_circulation));
}

// What the statement does to the cap of two years later.
void print_step(const scheme::PublishCirculation& said, std::int64_t step) {
    const std::int64_t year = said.year + 2;
    if (step == 0) {
        fmt::print("step of the cap of {}: none\n", year);
    } else if (step > 0) {
        fmt::print(
            "step of the cap of {}: {} withheld, out of the auction's part\n", year, grouped(step));
    } else {
        fmt::print("step of the cap of {}: {} released for auction, beside the cap\n",
                   year,
                   grouped(-step));
    }
}

void publish_circulation(Office& office, const YearOptions& options) {
    // The figures of then, where it is sent again.
    if (const auto before = office.sent<scheme::PublishCirculation>())
        if (!options.dry_run) return office.act(*before);
    const scheme::State& state = office.state();
    const scheme::PublishCirculation command{
        .year = options.year,
        .figures = derived_or_fail(scheme::derive_circulation(state, office.books(), options.year),
                                   "statement of the circulation")};
    const std::int64_t step = scheme::step_of_circulation(state, command);
    const Timestamp now = office.moment();
    const scheme::Reason reason = scheme::check_publishing(state, options.year, now);
    if (options.dry_run && reason != scheme::Reason::ok) {
        throw refusal_of(office,
                         {.reason = reason, .command = command, .now = now},
                         {.where = report::command_text(command)});
    }
    if (office.context().json && options.dry_run) {
        auto document = Json::parse(report::command_json(command));
        document["step"] = {{"year", options.year + 2},
                            {"withheld", std::max<std::int64_t>(step, 0)},
                            {"released", std::max<std::int64_t>(-step, 0)}};
        return print_document(document);
    }
    // Figures that are not all there are refused, not printed.
    if (!office.context().json && reason == scheme::Reason::ok) {
        print_circulation(command.figures);
        print_step(command, step);
    }
    if (!options.dry_run) office.act(command);
}

// How far a statement has come, and what was objected.
Json steps_json(const Office& office, const scheme::Steps& steps) {
    Json objections = Json::array();
    for (const scheme::Objection& one : steps.objections)
        objections.push_back({{"participant", office.name_of(one.participant)},
                              {"version", one.version},
                              {"at", to_rfc3339(one.at)},
                              {"text", one.text}});
    return {{"version", steps.version},
            {"proposed", to_rfc3339(steps.proposed)},
            {"objections_until", to_rfc3339(steps.objections_until)},
            {"text", steps.text},
            {"objections", objections},
            {"answer", steps.answer},
            {"finalised",
             steps.stage == scheme::Stage::proposed ? Json() : Json(to_rfc3339(steps.finalised))}};
}

void print_steps(std::int64_t year, const scheme::Steps& steps) {
    fmt::print("{}, {}, version {} of {}\n",
               year,
               word_of(steps.stage),
               steps.version,
               to_rfc3339(steps.proposed));
    if (!steps.text.empty()) fmt::print("{}\n", plain_line(steps.text));
}

void print_objections(const Office& office, const scheme::Steps& steps) {
    fmt::print("{} until {}\n",
               steps.objections.empty() ? "no objection" : "objections",
               to_rfc3339(steps.objections_until));
    for (const scheme::Objection& one : steps.objections)
        fmt::print("  {}, {}, to version {}: {}\n",
                   plain_line(office.name_of(one.participant)),
                   to_rfc3339(one.at),
                   one.version,
                   plain_line(one.text));
    if (!steps.answer.empty()) fmt::print("  answer: {}\n", plain_line(steps.answer));
}

[[noreturn]] void no_statement(const char* what, std::int64_t year) {
    throw Failure({ErrorCode::not_found,
                   fmt::format("there is no {} of {}", what, year),
                   "YEAR",
                   "See `abate registry steps`"});
}

// The statement as it stands, and how far it has come.
void show_cap(Office& office, const YearOptions& options) {
    const scheme::Period* period = scheme::find_period(office.state(), options.year);
    if (period == nullptr || !period->cap) no_statement("cap statement", options.year);
    const scheme::Steps& steps = period->cap->steps;
    if (office.context().json) {
        Json out{{"year", options.year}, {"stage", to_string(steps.stage)}};
        scheme::CapParts::fields(period->cap->parts,
                                 [&](const char* name, std::int64_t value) { out[name] = value; });
        if (const auto sold = office.state().auction.above_cap.find(options.year);
            sold != office.state().auction.above_cap.end())
            out["above_cap"] = sold->second.quantity;
        out.update(steps_json(office, steps));
        print_document(out);
        return;
    }
    print_steps(options.year, steps);
    print_statement(office, options.year, period->cap->parts);
    if (const auto sold = office.state().auction.above_cap.find(options.year);
        sold != office.state().auction.above_cap.end())
        fmt::print("Issued above it, at the price ceiling: {}\n", grouped(sold->second.quantity));
    print_objections(office, steps);
}

void print_benchmark(const std::vector<scheme::BenchmarkLine>& lines) {
    fmt::print("{:16}  {:>18}  {:>18}  {:>14}  {:>5}  {:>6}  {}\n",
               "CLASS",
               "BENCHMARK",
               "MEAN OF SAMPLE",
               "METHOD",
               "FIRMS",
               "GROUPS",
               "FINDING");
    for (const scheme::BenchmarkLine& line : lines)
        fmt::print("{:16}  {:>18}  {:>18}  {:>14}  {:>5}  {:>6}  {}\n",
                   plain_line(line.service_class),
                   benchmark_text(line.aj_per_flop),
                   benchmark_text(line.mean_aj_per_flop),
                   to_string(line.method),
                   line.firms,
                   line.groups,
                   to_string(line.finding));
}

void print_allocation(const Office& office, const scheme::AllocationTable& table) {
    fmt::print("{:20}  {:12}  {:>22}  {:>16}  {:>9}  {:>16}\n",
               "PARTICIPANT",
               "CLASS",
               "OUTPUT GFLOP",
               "B",
               "C",
               "ALLOWANCES");
    for (const scheme::AllocationLine& line : table.lines)
        fmt::print("{:20}  {:12}  {:>22}  {:>16}  {:>7.4f} %  {:>16}\n",
                   plain_line(office.name_of(line.participant)),
                   plain_line(line.service_class),
                   line.output_gflop,
                   benchmark_text(line.benchmark_aj_per_flop),
                   static_cast<double>(line.clean_ppm) / 1e4,
                   grouped(line.allowances));
    for (const scheme::ParticipantId one : table.left_out)
        fmt::print("{:20}  without final figures: comes with a true-up\n",
                   plain_line(office.name_of(one)));
    const double kappa = std::strtod(table.kappa.numerator.c_str(), nullptr) /
                         std::strtod(table.kappa.denominator.c_str(), nullptr);
    fmt::print("correction factor {:.9f} ({}/{}), total {}\n",
               kappa,
               table.kappa.numerator,
               table.kappa.denominator,
               grouped(table.total));
}

void show_benchmark(Office& office, const YearOptions& options) {
    const scheme::Period* period = scheme::find_period(office.state(), options.year);
    if (period == nullptr || !period->benchmark) no_statement("benchmark", options.year);
    const scheme::BenchmarkStatement& statement = *period->benchmark;
    if (office.context().json) {
        Json lines = Json::array();
        for (const scheme::BenchmarkLine& line : statement.lines)
            lines.push_back({{"class", line.service_class},
                             {"aj_per_flop", line.aj_per_flop},
                             {"mean_aj_per_flop", line.mean_aj_per_flop},
                             {"method", to_string(line.method)},
                             {"firms", line.firms},
                             {"groups", line.groups},
                             {"finding", to_string(line.finding)}});
        Json out{{"year", options.year},
                 {"stage", to_string(statement.steps.stage)},
                 {"sample_year", statement.sample_year},
                 {"lines", lines}};
        out.update(steps_json(office, statement.steps));
        print_document(out);
        return;
    }
    print_steps(options.year, statement.steps);
    fmt::print("from the figures of {}\n", statement.sample_year);
    print_benchmark(statement.lines);
    print_objections(office, statement.steps);
}

void show_allocation(Office& office, const YearOptions& options) {
    const scheme::Period* period = scheme::find_period(office.state(), options.year);
    if (period == nullptr || !period->allocation) no_statement("allocation", options.year);
    const scheme::AllocationStatement& statement = *period->allocation;
    const auto is_issued = [&](scheme::ParticipantId whose) {
        return statement.issued.count(whose) != 0;
    };
    if (office.context().json) {
        Json lines = Json::array();
        for (const scheme::AllocationLine& line : statement.table.lines)
            lines.push_back({{"participant", office.name_of(line.participant)},
                             {"class", line.service_class},
                             {"output_gflop", line.output_gflop},
                             {"benchmark_aj_per_flop", line.benchmark_aj_per_flop},
                             {"clean_ppm", line.clean_ppm},
                             {"allowances", line.allowances},
                             {"issued", is_issued(line.participant)}});
        Json left_out = Json::array();
        for (const scheme::ParticipantId one : statement.table.left_out)
            left_out.push_back(office.name_of(one));
        Json out{{"year", options.year},
                 {"stage", to_string(statement.steps.stage)},
                 {"correction_factor",
                  fmt::format(
                      "{}/{}", statement.table.kappa.numerator, statement.table.kappa.denominator)},
                 {"total", statement.table.total},
                 {"lines", lines},
                 {"left_out", left_out}};
        out.update(steps_json(office, statement.steps));
        print_document(out);
        return;
    }
    print_steps(options.year, statement.steps);
    print_allocation(office, statement.table);
    if (statement.steps.stage != scheme::Stage::proposed) {
        std::set<scheme::ParticipantId> whose;
        for (const scheme::AllocationLine& line : statement.table.lines)
            whose.insert(line.participant);
        fmt::print("issued to {} of {}\n",
                   std::count_if(whose.begin(), whose.end(), is_issued),
                   counted(whose.size(), "participant"));
    }
    print_objections(office, statement.steps);
}

// propose with --dry-run, finalise and, where there is one, issue.
void add_finalise(CLI::App& parent, Context& context, StatementKind kind) {
    CLI::App* made = nullptr;
    YearOptions& own =
        add_act<YearOptions>(parent,
                             context,
                             made,
                             "finalise",
                             "Make it final when its objection window has closed (two operators)",
                             [kind](Office& office, const YearOptions& options) {
                                 office.act(scheme::FinaliseStatement{
                                     .kind = kind, .year = options.year, .answer = options.text});
                             });
    made->add_option("YEAR", own.year, "Which")->required();
    made->add_option("--answer", own.text, "To the objections, where there were any");
}

void add_proposal_options(CLI::App& made, YearOptions& own) {
    made.add_option("YEAR", own.year, "Which")->required();
    made.add_flag("--dry-run", own.dry_run, "Print it, propose nothing");
    made.add_option("--until", own.until, "End of the objection window [as the rules say]")
        ->type_name("TIME");
    made.add_option("--text", own.text, "What goes with it");
}

void add_steps(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    CLI::App* period = registry.add_subcommand("period", "The years of the scheme");
    period->require_subcommand(1);
    YearOptions& open = add_act<YearOptions>(
        *period,
        context,
        made,
        "open",
        "Open a year: its deadlines become moments, by the zone of the rules (two operators)",
        [](Office& office, const YearOptions& options) {
            const auto& years = office.state().period.years;
            const std::int64_t next =
                years.empty() ? office.state().rules.cap.first_year : years.rbegin()->first + 1;
            if (options.year != next)
                throw Failure({ErrorCode::out_of_range,
                               fmt::format("the next year to open is {}", next),
                               "YEAR",
                               "Years are opened one after the other, from cap.first_year of the "
                               "rules on"});
            const scheme::OpenPeriod command =
                value_or_fail(scheme::resolve_period(office.state().rules, options.year));
            if (options.dry_run) return print_dry(command);
            office.act(command);
        });
    made->add_option("YEAR", open.year, "Which")->required();
    made->add_flag("--dry-run", open.dry_run, "Print its moments, open nothing");

    CLI::App* cap = registry.add_subcommand("cap", "The cap statement of a year, and its issue");
    cap->require_subcommand(1);
    YearOptions& propose_cap = add_act<YearOptions>(
        *cap,
        context,
        made,
        "propose",
        "Propose the cap that follows from the rules (an operator)",
        [](Office& office, const YearOptions& options) {
            const scheme::CapParts parts =
                derived_or_fail(scheme::derive_cap(office.state(), options.year), "cap");
            const scheme::ProposeCap command{
                .year = options.year,
                .parts = parts,
                .objections_until = objections_until<scheme::ProposeCap>(office, options),
                .text = options.text};
            if (office.context().json && options.dry_run) return print_dry(command);
            if (!office.context().json) print_statement(office, options.year, parts);
            if (!options.dry_run) office.act(command);
        });
    add_proposal_options(*made, propose_cap);
    add_finalise(*cap, context, StatementKind::cap);
    YearOptions& issue = add_act<YearOptions>(
        *cap,
        context,
        made,
        "issue",
        "Issue the year's allowances: as the final cap says, once (two operators)",
        [](Office& office, const YearOptions& options) {
            office.act(scheme::IssueCap{.year = options.year});
        });
    made->add_option("YEAR", issue.year, "Which")->required();
    YearOptions& show =
        add_view<YearOptions>(*cap,
                              context,
                              made,
                              "show",
                              "The statement, figure by figure, and the objections to it",
                              show_cap);
    made->add_option("YEAR", show.year, "Which")->required();

    YearOptions& circulation = add_act<YearOptions>(
        registry,
        context,
        made,
        "circulation",
        "Publish what is in circulation at the end of a year: the stability reserve's step two "
        "years "
        "later follows from it (two operators)",
        publish_circulation);
    made->add_option(
            "YEAR", circulation.year, "Which: its reports are due, and every firm has figures")
        ->required();
    made->add_flag("--dry-run",
                   circulation.dry_run,
                   "Print it and the step of the cap that it makes, publish nothing");

    CLI::App* benchmark =
        registry.add_subcommand("benchmark", "The benchmark of each service class");
    benchmark->require_subcommand(1);
    YearOptions& propose_benchmark = add_act<YearOptions>(
        *benchmark,
        context,
        made,
        "propose",
        "Propose the benchmark that follows from the sample (an operator). No firm's own figure is "
        "in it",
        [](Office& office, const YearOptions& options) {
            const std::int64_t sample_year =
                options.sample_year != 0 ? options.sample_year : options.year - 2;
            std::vector<scheme::BenchmarkLine> lines = derived_or_fail(
                scheme::derive_benchmark(office.state(),
                                         {.year = options.year, .sample_year = sample_year}),
                "benchmark");
            const scheme::ProposeBenchmark command{
                .year = options.year,
                .sample_year = sample_year,
                .lines = lines,
                .objections_until = objections_until<scheme::ProposeBenchmark>(office, options),
                .text = options.text};
            if (office.context().json && options.dry_run) return print_dry(command);
            if (!office.context().json) print_benchmark(lines);
            if (!options.dry_run) office.act(command);
        });
    add_proposal_options(*made, propose_benchmark);
    made->add_option(
            "--sample-year", propose_benchmark.sample_year, "Whose figures [two years before]")
        ->type_name("YEAR");
    add_finalise(*benchmark, context, StatementKind::benchmark);
    YearOptions& show_b = add_view<YearOptions>(*benchmark,
                                                context,
                                                made,
                                                "show",
                                                "The benchmarks, and the objections to them",
                                                show_benchmark);
    made->add_option("YEAR", show_b.year, "Which")->required();

    CLI::App* allocate =
        registry.add_subcommand("allocate", "Free allocation: A = kappa x O x B x C");
    allocate->require_subcommand(1);
    YearOptions& propose_allocation = add_act<YearOptions>(
        *allocate,
        context,
        made,
        "propose",
        "Propose the allocation that follows; --dry-run --json prints every factor of every firm "
        "(an operator)",
        [](Office& office, const YearOptions& options) {
            const scheme::AllocationTable table = derived_or_fail(
                scheme::derive_allocation(office.state(), options.year), "allocation");
            const scheme::ProposeAllocation command{
                .year = options.year,
                .table = table,
                .objections_until = objections_until<scheme::ProposeAllocation>(office, options),
                .text = options.text};
            if (office.context().json && options.dry_run) return print_dry(command);
            if (!office.context().json) print_allocation(office, table);
            if (!options.dry_run) office.act(command);
        });
    add_proposal_options(*made, propose_allocation);
    add_finalise(*allocate, context, StatementKind::allocation);
    YearOptions& hand_out = add_act<YearOptions>(
        *allocate,
        context,
        made,
        "issue",
        "Give each participant its allowances: from the free ceiling to its holding account (two "
        "operators)",
        [](Office& office, const YearOptions& options) {
            const scheme::Period* period_found = scheme::find_period(office.state(), options.year);
            scheme::IssueAllocation command{.year = options.year};
            if (const auto before = office.sent<scheme::IssueAllocation>()) {
                command.participants = before->participants;
            } else if (period_found != nullptr && period_found->allocation) {
                command.participants = scheme::not_issued_yet(office.state(), *period_found);
            }
            office.act(command);
        });
    made->add_option("YEAR", hand_out.year, "Which")->required();
    YearOptions& show_a =
        add_view<YearOptions>(*allocate,
                              context,
                              made,
                              "show",
                              "The allocation, who has it, and the objections to it",
                              show_allocation);
    made->add_option("YEAR", show_a.year, "Which")->required();

    YearOptions& true_up = add_act<YearOptions>(
        registry,
        context,
        made,
        "true-up",
        "What corrected figures and new entrants should have and do not, from the reserve (two "
        "operators)",
        [](Office& office, const YearOptions& options) {
            const std::int64_t available =
                office.books()
                    .balance(scheme::kEntrantReserve, scheme::asset_of_year(options.year))
                    .available();
            const std::vector<scheme::TrueUpLine> lines =
                derived_or_fail(scheme::derive_true_up(
                                    office.state(), {.year = options.year, .available = available}),
                                "true-up");
            const scheme::TrueUp command{.year = options.year, .lines = lines};
            if (office.context().json && options.dry_run) return print_dry(command);
            if (!office.context().json)
                for (const scheme::TrueUpLine& line : lines)
                    fmt::print("{:20}  {:12}  deserved {:>14}  given {:>14}  now {:>14}\n",
                               plain_line(office.name_of(line.participant)),
                               plain_line(line.service_class),
                               grouped(line.deserved),
                               grouped(line.given),
                               grouped(line.amount));
            if (lines.empty()) {
                if (!office.context().json) fmt::print("Nobody has too little.\n");
                return;
            }
            if (!options.dry_run) office.act(command);
        });
    made->add_option("YEAR", true_up.year, "Which")->required();
    made->add_flag("--dry-run", true_up.dry_run, "Print it, give nothing");
}

// ---- what allocation rests on

void baseline(Office& office, const FileOptions& options) {
    // A participant with several classes has a row each, all with the same energy.
    std::map<scheme::ParticipantYear, scheme::BaselineRow> rows;
    for (const input::BaselineLine& line : value_or_fail(
             input::parse_baseline(value_or_fail(read_regular_file(options.file)), options.file))) {
        const scheme::ParticipantYear whose{.participant = office.participant(line.participant),
                                            .year = line.year};
        scheme::BaselineRow& row = rows[whose];
        if (row.year != 0 && row.energy != line.energy)
            throw Failure({ErrorCode::parse_error,
                           "another row of this participant and year has another energy",
                           line.where,
                           "Energy is of the whole participant"});
        row.participant = whose.participant;
        row.year = whose.year;
        row.energy = line.energy;
        row.sample_eligible = line.sample_eligible;
        row.output.push_back(
            {.service_class = line.service_class, .output_gflop = line.output_gflop});
    }
    scheme::RecordBaseline command{.rows = {}, .source = options.source};
    for (auto& [whose, row] : rows) {
        std::sort(row.output.begin(), row.output.end(), [](const auto& a, const auto& b) {
            return a.service_class < b.service_class;
        });
        command.rows.push_back(std::move(row));
    }
    office.act(command);
}

void activity(Office& office, const FileOptions& options) {
    scheme::SetActivity command;
    for (const input::ActivityLine& line : value_or_fail(input::parse_activity_levels(
             value_or_fail(read_regular_file(options.file)), options.file)))
        command.rows.push_back({.participant = office.participant(line.participant),
                                .service_class = line.service_class,
                                .first_year = line.first_year,
                                .last_year = line.last_year});
    office.act(command);
}

void add_ground(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    FileOptions& base = add_act<FileOptions>(
        registry,
        context,
        made,
        "baseline",
        "Record verified figures of years before the scheme began (two operators)",
        baseline);
    made->add_option("FILE",
                     base.file,
                     "CSV: participant,year,energy_kwh,class,output_gflop,sample_eligible")
        ->required();
    made->add_option("--source", base.source, "Where they come from")->required();
    FileOptions& level =
        add_act<FileOptions>(registry,
                             context,
                             made,
                             "activity",
                             "Set historical levels: the mean output of some years (two operators)",
                             activity);
    made->add_option("FILE", level.file, "CSV: participant,class,first_year,last_year")->required();

    CLI::App* certificate = registry.add_subcommand(
        "certificate", "Clean energy, matched by the hour: each counts once");
    certificate->require_subcommand(1);
    CertificateOptions& lodge = add_act<CertificateOptions>(
        *certificate,
        context,
        made,
        "lodge",
        "Lodge one that was retired in the scheme's favour (two of the participant)",
        [](Office& office, const CertificateOptions& options) {
            office.act(scheme::LodgeCertificate{.participant = office.own_participant(),
                                                .certificate = options.id,
                                                .year = options.year,
                                                .matched_kwh = options.matched_kwh,
                                                .retirement = options.retirement});
        });
    made->add_option("ID", lodge.id, "Its own number, in capital letters and digits")->required();
    made->add_option("--year", lodge.year, "Of the energy")->required();
    made->add_option("--matched-kwh", lodge.matched_kwh, "Matched hour by hour")->required();
    made->add_option(
            "--retirement", lodge.retirement, "Where and under which number it was retired")
        ->required();
    CertificateOptions& reject =
        add_act<CertificateOptions>(*certificate,
                                    context,
                                    made,
                                    "reject",
                                    "Reject one: its id is free again (two operators)",
                                    [](Office& office, const CertificateOptions& options) {
                                        office.act(scheme::RejectCertificate{
                                            .certificate = options.id, .reason = options.reason});
                                    });
    made->add_option("ID", reject.id, "Its own number")->required();
    made->add_option("--reason", reject.reason, "Why")->required();

    ObjectOptions& object = add_act<ObjectOptions>(
        registry,
        context,
        made,
        "object",
        "Object to a proposed cap, benchmark or allocation (one of a participant)",
        [](Office& office, const ObjectOptions& options) {
            office.act(scheme::ObjectToStatement{
                .participant = office.own_participant(),
                .kind = enum_option<StatementKind>(options.kind, "STATEMENT"),
                .year = options.year,
                .text = options.text});
        });
    made->add_option("STATEMENT", object.kind, "cap, benchmark or allocation")->required();
    made->add_option("YEAR", object.year, "Of which year")->required();
    made->add_option("TEXT", object.text, "Why")->required();
}

}  // namespace

void add_registry_year(CLI::App& registry, Context& context) {
    add_steps(registry, context);
    add_ground(registry, context);
}

}  // namespace abate::cli
