// `abate registry plan | report | verify-report | determine | statement | activities`: monitoring.
#include "abate/cli/records.h"
#include "abate/cli/refusal_detail.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ReportAct {
    std::string file;
    std::string participant;
    std::int64_t year = 0;
    std::int64_t version = 0;
    std::string reason;
    bool dry_run = false;
};
struct VerifyOptions {
    std::string participant;
    std::int64_t year = 0;
    std::string opinion;
    std::string statement;
    std::vector<std::string> misstatements;
};
struct DetermineOptions {
    std::string participant;
    std::int64_t year = 0;
    std::string energy;
    std::vector<std::string> output;
    std::string reason;
};
struct SupplyStatement {
    std::string customer;
    std::string site;
    std::int64_t year = 0;
    std::string energy;
    std::string document;
};
struct ActivitiesOptions {
    std::string participant;
    std::vector<std::string> activities;
    std::string reason;
};

// All of `text`; false: it is none, or too large.
template <class T>
bool whole_number(std::string_view text, T& out) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
    return problem == std::errc() && end == text.data() + text.size();
}

// Whom a plan or report may call by name.
input::Names known_names(const Office& office) {
    input::Names out;
    for (const auto& [id, one] : office.state().participants)
        out.participants.push_back({.name = one.title, .number = static_cast<std::uint64_t>(id)});
    for (const auto& [id, title] : office.state().groups)
        if (!title.empty())
            out.groups.push_back({.name = title, .number = static_cast<std::uint64_t>(id)});
    for (const auto& one : office.state().rules.benchmark.classes)
        out.service_classes.push_back(one.name);
    return out;
}

// The document with the runs that it names from the run store.
scheme::MonitoringReport read_report(Office& office, const std::string& file) {
    input::ReportDocument document = value_or_fail(input::parse_monitoring_report(
        value_or_fail(read_regular_file(file)), file, known_names(office)));
    for (const input::StoredRunId& id : document.stored_runs) {
        try {
            document.report.sites.at(id.site).runs.push_back(
                input::report_run(find_run(office.context(), id.run.text())));
        } catch (const Failure& failure) {
            Error error = failure.error();
            error.where = id.where;
            throw Failure(std::move(error));
        }
    }
    return document.report;
}

struct Reckoned {
    scheme::MonitoringReport report;
    scheme::ReportFigures figures;
};

Reckoned reckon(Office& office, const std::string& file) {
    Reckoned out{.report = read_report(office, file), .figures = {}};
    const scheme::Reported reported =
        scheme::report_figures(office.state(), office.own_participant(), out.report);
    if (reported.reason != scheme::Reason::ok) {
        throw refusal_of(
            office,
            {.reason = reported.reason,
             .command =
                 scheme::SubmitReport{
                     .participant = office.own_participant(), .report = out.report, .figures = {}},
             .now = office.moment()},
            {.what = "the report is refused",
             .where = reported.where.empty() ? file : file + ", " + plain_line(reported.where)});
    }
    out.figures = reported.figures;
    return out;
}

// The version that was asked for, from 1; 0: the newest. 0 where there is none.
template <class T>
std::size_t version_of(const std::vector<T>* versions, std::int64_t asked) {
    const std::size_t count = versions == nullptr ? 0 : versions->size();
    const auto version = asked == 0 ? count : static_cast<std::size_t>(asked);
    return version <= count ? version : 0;
}

// For a command: what was asked for, whether it is there or not; 0: the newest.
template <class T>
std::int64_t said_version(const std::vector<T>* versions, std::int64_t asked) {
    return asked != 0 ? asked : static_cast<std::int64_t>(version_of(versions, 0));
}

const std::vector<scheme::PlanEntry>* plans_of(const Office& office,
                                               scheme::ParticipantId participant) {
    const auto found = office.state().monitoring.plans.find(participant);
    return found == office.state().monitoring.plans.end() ? nullptr : &found->second;
}

const std::vector<scheme::ReportEntry>* reports_of(const Office& office,
                                                   const scheme::ParticipantYear& whose) {
    const auto found = office.state().monitoring.reports.find(whose);
    return found == office.state().monitoring.reports.end() ? nullptr : &found->second;
}

void print_figures(const scheme::ReportFigures& figures) {
    for (const scheme::SiteFigures& site : figures.sites)
        fmt::print(
            "{}\n  site      {:>22}\n  covered   {:>22}\n  uncovered {:>22}\n  residual  {:>22}\n"
            "  obligated {:>22}\n  PUE       {:>18.4f}\n",
            plain_line(site.name),
            kwh_text(site.site),
            kwh_text(site.covered),
            kwh_text(site.uncovered),
            kwh_text(site.residual),
            kwh_text(site.obligated),
            static_cast<double>(site.pue_ppm) / 1e6);
    fmt::print("Obligated {}, as measured {}{}\n",
               kwh_text(figures.obligated),
               kwh_text(figures.central),
               figures.sample_eligible ? "" : ", not in the benchmark's sample");
    for (const scheme::FinalOutput& one : figures.output)
        fmt::print("Output {}: {} GFLOP\n", plain_line(one.service_class), one.output_gflop);
    for (const scheme::ReportFinding& finding : figures.findings)
        fmt::print("Finding: {}{} (line {})\n",
                   finding.site.empty() ? "" : plain_line(finding.site) + ": ",
                   to_string(finding.kind),
                   finding.index + 1);
}

// What the verifier said, when it said it; empty: nothing. A final report keeps the misstatements that were left, and only a qualified
// one has any.
std::string opinion_of(const scheme::ReportEntry& entry) {
    switch (entry.state) {
        case scheme::ReportState::verified:
        case scheme::ReportState::qualified:
        case scheme::ReportState::not_verified:
            return std::string(to_string(entry.state));
        case scheme::ReportState::final:
        case scheme::ReportState::superseded:
            if (entry.verifier == scheme::ParticipantId{}) return "";
            return entry.misstatements.empty() ? "verified" : "qualified";
        case scheme::ReportState::draft:
        case scheme::ReportState::submitted:
        case scheme::ReportState::returned:
            break;
    }
    return "";
}

void print_report(const scheme::ReportEntry& entry) {
    const Json all = Json::parse(report::report_json(entry));
    Json out;
    for (const auto& [key, value] : all.items()) {
        const std::string opinion = key == "opinion" ? opinion_of(entry) : "";
        if (key == "opinion") out["opinion_kind"] = opinion.empty() ? Json() : Json(opinion);
        out[key] = value;
    }
    print_document(out);
}

void add_plans(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    CLI::App* plan =
        registry.add_subcommand("plan", "Monitoring plans: how a participant measures");
    plan->require_subcommand(1);
    ReportAct& submit = add_act<ReportAct>(
        *plan,
        context,
        made,
        "submit",
        "Submit a plan, or a changed one (two of the participant)",
        [](Office& office, const ReportAct& options) {
            office.act(scheme::SubmitPlan{.participant = office.own_participant(),
                                          .plan = value_or_fail(input::parse_monitoring_plan(
                                              value_or_fail(read_regular_file(options.file)),
                                              options.file,
                                              known_names(office)))});
        });
    made->add_option("PLAN", submit.file, "TOML; see docs/registry/monitoring.md")->required();

    ReportAct& shown = add_view<ReportAct>(
        *plan,
        context,
        made,
        "show",
        "A plan as it was submitted, as JSON",
        [](Office& office, const ReportAct& options) {
            const scheme::ParticipantId participant = office.participant(options.participant);
            const auto* plans = plans_of(office, participant);
            const std::size_t version = version_of(plans, options.version);
            if (version == 0)
                throw Failure(
                    {ErrorCode::not_found,
                     options.version == 0 || plans == nullptr
                         ? "no plan was submitted yet"
                         : fmt::format("there is no plan of version {}: the newest is {}",
                                       options.version,
                                       plans->size()),
                     office.name_of(participant),
                     "It has to be submitted, and approved by the participant's second person"});
            fmt::print("{}\n", report::plan_json((*plans)[version - 1]));
        });
    made->add_option("PARTICIPANT", shown.participant, "Whose")->required();
    made->add_option("--version", shown.version, "Which [the newest]")->check(CLI::PositiveNumber);

    ReportAct& approve = add_act<ReportAct>(
        *plan,
        context,
        made,
        "approve",
        "Approve a plan (an operator)",
        [](Office& office, const ReportAct& options) {
            const scheme::ParticipantId participant = office.participant(options.participant);
            office.act(scheme::ApprovePlan{
                .participant = participant,
                .version = said_version(plans_of(office, participant), options.version)});
        });
    made->add_option("PARTICIPANT", approve.participant, "Whose")->required();
    made->add_option("--version", approve.version, "Which [the newest]");
    ReportAct& back = add_act<ReportAct>(
        *plan,
        context,
        made,
        "return",
        "Give a plan back to be changed (an operator)",
        [](Office& office, const ReportAct& options) {
            const scheme::ParticipantId participant = office.participant(options.participant);
            office.act(scheme::ReturnPlan{
                .participant = participant,
                .version = said_version(plans_of(office, participant), options.version),
                .reason = options.reason});
        });
    made->add_option("PARTICIPANT", back.participant, "Whose")->required();
    made->add_option("--version", back.version, "Which [the newest]");
    made->add_option("--reason", back.reason, "Why")->required();
}

void add_reports(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    CLI::App* report_command = registry.add_subcommand(
        "report", "Monitoring reports: what a year's energy and output were");
    report_command->require_subcommand(1);
    ReportAct& draft = add_act<ReportAct>(
        *report_command,
        context,
        made,
        "draft",
        "Keep a draft; nothing follows from it (one of the participant)",
        [](Office& office, const ReportAct& options) {
            office.act(scheme::DraftReport{.participant = office.own_participant(),
                                           .report = read_report(office, options.file)});
        });
    made->add_option("REPORT", draft.file, "TOML; see docs/registry/monitoring.md")->required();
    ReportAct& submit = add_act<ReportAct>(
        *report_command,
        context,
        made,
        "submit",
        "Submit a report; --dry-run prints what follows from it (two of the participant)",
        [](Office& office, const ReportAct& options) {
            const Reckoned reckoned = reckon(office, options.file);
            const scheme::SubmitReport command{.participant = office.own_participant(),
                                               .report = reckoned.report,
                                               .figures = reckoned.figures};
            if (office.context().json && options.dry_run) {
                fmt::print("{}\n", report::command_json(command, 2));
                return;
            }
            if (!office.context().json) print_figures(reckoned.figures);
            if (!options.dry_run) office.act(command);
        });
    made->add_option("REPORT", submit.file, "TOML; see docs/registry/monitoring.md")->required();
    made->add_flag("--dry-run", submit.dry_run, "Print the figures, submit nothing");
    ReportAct& restate = add_act<ReportAct>(
        *report_command,
        context,
        made,
        "restate",
        "Correct a final report; the old version is kept (two of the participant)",
        [](Office& office, const ReportAct& options) {
            const Reckoned reckoned = reckon(office, options.file);
            if (!office.context().json) print_figures(reckoned.figures);
            office.act(scheme::RestateReport{.participant = office.own_participant(),
                                             .report = reckoned.report,
                                             .figures = reckoned.figures,
                                             .reason = options.reason});
        });
    made->add_option("REPORT", restate.file, "TOML; see docs/registry/monitoring.md")->required();
    made->add_option("--reason", restate.reason, "Why")->required();
    ReportAct& back = add_act<ReportAct>(
        *report_command,
        context,
        made,
        "return",
        "Give a report back to be changed (the verifier that it names)",
        [](Office& office, const ReportAct& options) {
            office.act(scheme::ReturnReport{.participant = office.participant(options.participant),
                                            .year = options.year,
                                            .reason = options.reason});
        });
    made->add_option("PARTICIPANT", back.participant, "Whose")->required();
    made->add_option("YEAR", back.year, "Of which year")->required();
    made->add_option("--reason", back.reason, "Why")->required();
    ReportAct& finalise = add_act<ReportAct>(
        *report_command,
        context,
        made,
        "finalise",
        "Make a verified report final: the year's obligation follows (two operators)",
        [](Office& office, const ReportAct& options) {
            const scheme::ParticipantId participant = office.participant(options.participant);
            const auto* reports =
                reports_of(office, {.participant = participant, .year = options.year});
            office.act(scheme::FinaliseReport{.participant = participant,
                                              .year = options.year,
                                              .version = said_version(reports, options.version)});
        });
    made->add_option("PARTICIPANT", finalise.participant, "Whose")->required();
    made->add_option("YEAR", finalise.year, "Of which year")->required();
    made->add_option("--version", finalise.version, "Which [the newest]");
    ReportAct& shown = add_view<ReportAct>(
        *report_command,
        context,
        made,
        "show",
        "A report with its figures, findings and opinion, as JSON",
        [](Office& office, const ReportAct& options) {
            const scheme::ParticipantId participant = office.participant(options.participant);
            const auto* reports =
                reports_of(office, {.participant = participant, .year = options.year});
            const std::size_t version = version_of(reports, options.version);
            if (version == 0)
                throw Failure(
                    {ErrorCode::not_found,
                     options.version == 0 || reports == nullptr
                         ? fmt::format("there is no report for {} yet", options.year)
                         : fmt::format("there is no report of version {} for {}: the newest is {}",
                                       options.version,
                                       options.year,
                                       reports->size()),
                     office.name_of(participant),
                     "See `abate registry report list`"});
            print_report((*reports)[version - 1]);
        });
    made->add_option("PARTICIPANT", shown.participant, "Whose")->required();
    made->add_option("YEAR", shown.year, "Of which year")->required();
    made->add_option("--version", shown.version, "Which [the newest]")->check(CLI::PositiveNumber);
    add_view<ReportAct>(
        *report_command,
        context,
        made,
        "list",
        "All reports and how far they are",
        [](Office& office, const ReportAct&) {
            Json rows = Json::array();
            if (!office.context().json) {
                if (office.state().monitoring.reports.empty()) {
                    fmt::print("No report was drafted or submitted yet.\n");
                } else {
                    fmt::print("{:20}  {}  {:9}  {:12}  {}\n",
                               "PARTICIPANT",
                               "YEAR",
                               "VERSION",
                               "STATE",
                               "OBLIGATED ENERGY");
                }
            }
            for (const auto& [whose, versions] : office.state().monitoring.reports)
                for (std::size_t i = 0; i < versions.size(); ++i) {
                    const scheme::ReportEntry& entry = versions[i];
                    if (office.context().json) {
                        rows.push_back({{"participant", office.name_of(whose.participant)},
                                        {"year", whose.year},
                                        {"version", i + 1},
                                        {"state", to_string(entry.state)},
                                        {"obligated_kwh", in_kwh(entry.figures.obligated)},
                                        {"findings", entry.figures.findings.size()}});
                    } else {
                        fmt::print("{:20}  {}  {:<9}  {:12}  {}\n",
                                   plain_line(office.name_of(whose.participant)),
                                   whose.year,
                                   i + 1,
                                   word_of(entry.state),
                                   kwh_text(entry.figures.obligated));
                    }
                }
            if (office.context().json) print_document({{"reports", rows}});
        });
}

// "what;kWh" or "what;kWh;class;GFLOP".
scheme::Misstatement misstatement_of(const std::string& text) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == ';') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    const auto wrong = [&] {
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no misstatement", short_text(text)),
                       "--misstatement",
                       "Write \"WHAT;KWH\" or \"WHAT;KWH;CLASS;GFLOP\": too much is above 0"});
    };
    if (parts.size() != 2 && parts.size() != 4) wrong();
    scheme::Misstatement out{.what = parts[0],
                             .energy = for_option(input::parse_kwh(parts[1]), "--misstatement")};
    if (parts.size() == 4) {
        out.service_class = parts[2];
        if (!whole_number(parts[3], out.output_gflop)) wrong();
    }
    return out;
}

void add_opinions(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    VerifyOptions& verify = add_act<VerifyOptions>(
        registry,
        context,
        made,
        "verify-report",
        "Give an opinion on a report (the verifier that it names)",
        [](Office& office, const VerifyOptions& options) {
            scheme::VerifyReport command{
                .participant = office.participant(options.participant),
                .year = options.year,
                .opinion = enum_option<scheme::Opinion>(options.opinion, "--opinion"),
                .misstatements = {},
                .statement = options.statement};
            for (const std::string& one : options.misstatements)
                command.misstatements.push_back(misstatement_of(one));
            office.act(command);
        });
    made->add_option("PARTICIPANT", verify.participant, "Whose")->required();
    made->add_option("YEAR", verify.year, "Of which year")->required();
    made->add_option("--opinion", verify.opinion, "verified, qualified or not-verified")
        ->required()
        ->type_name("OPINION");
    made->add_option(
            "--statement", verify.statement, "The opinion in words; every opinion needs it")
        ->required()
        ->type_name("TEXT");
    made->add_option("--misstatement",
                     verify.misstatements,
                     "That is left: \"WHAT;KWH\" or \"WHAT;KWH;CLASS;GFLOP\"")
        ->type_name("TEXT");

    DetermineOptions& determine = add_act<DetermineOptions>(
        registry,
        context,
        made,
        "determine",
        "Set the figures of a participant without a final report, when it was due (two operators)",
        [](Office& office, const DetermineOptions& options) {
            scheme::Determine command{
                .participant = office.participant(options.participant),
                .year = options.year,
                .obligated = for_option(input::parse_kwh(options.energy), "--energy-kwh"),
                .output = {},
                .reason = options.reason};
            for (const std::string& one : options.output) {
                const std::size_t equal = one.rfind('=');
                std::uint64_t gflop = 0;
                if (equal == std::string::npos || !whole_number(one.substr(equal + 1), gflop))
                    throw Failure({ErrorCode::invalid_argument,
                                   fmt::format("'{}' is no output", short_text(one)),
                                   "--output-gflop",
                                   "Write CLASS=GFLOP: text=12000000"});
                command.output.push_back(
                    {.service_class = one.substr(0, equal), .output_gflop = gflop});
            }
            std::sort(
                command.output.begin(), command.output.end(), [](const auto& a, const auto& b) {
                    return a.service_class < b.service_class;
                });
            office.act(command);
        });
    made->add_option("PARTICIPANT", determine.participant, "Whose")->required();
    made->add_option("YEAR", determine.year, "Of which year")->required();
    made->add_option("--energy-kwh", determine.energy, "What allowances are owed for")->required();
    made->add_option("--output-gflop", determine.output, "CLASS=GFLOP")->type_name("CLASS=GFLOP");
    made->add_option("--reason", determine.reason, "Why these figures")->required();

    SupplyStatement& statement = add_act<SupplyStatement>(
        registry,
        context,
        made,
        "statement",
        "State how much energy a customer had at a site (two of the landlord or cloud)",
        [](Office& office, const SupplyStatement& options) {
            office.act(scheme::SubmitStatement{
                .participant = office.own_participant(),
                .customer = office.participant(options.customer),
                .year = options.year,
                .site = options.site,
                .energy = for_option(input::parse_kwh(options.energy), "--energy-kwh"),
                .document = options.document});
        });
    made->add_option("CUSTOMER", statement.customer, "Whose energy")->required();
    made->add_option("YEAR", statement.year, "Of which year")->required();
    made->add_option("--site", statement.site, "As the customer's plan calls it")->required();
    made->add_option("--energy-kwh", statement.energy, "How much")->required();
    made->add_option("--document", statement.document, "The bill or statement");

    ActivitiesOptions& activities = add_act<ActivitiesOptions>(
        registry,
        context,
        made,
        "activities",
        "Record which covered activities a participant does (two operators)",
        [](Office& office, const ActivitiesOptions& options) {
            office.act(
                scheme::RecordActivities{.participant = office.participant(options.participant),
                                         .activities = options.activities,
                                         .reason = options.reason});
        });
    made->add_option("PARTICIPANT", activities.participant, "Whose")->required();
    made->add_option("--activity", activities.activities, "One of coverage.activities")
        ->required()
        ->type_name("NAME");
    made->add_option("--reason", activities.reason, "What it rests on");
}

}  // namespace

void add_registry_reports(CLI::App& registry, Context& context) {
    add_plans(registry, context);
    add_reports(registry, context);
    add_opinions(registry, context);
}

}  // namespace abate::cli
