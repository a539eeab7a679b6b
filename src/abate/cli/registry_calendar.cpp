// `abate registry calendar | steps`: what is done when, and how far it is.
#include "abate/cli/registry_next.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct YearOptions {
    std::int64_t year = 0;
};
struct StepsOptions {
    std::string first;
    std::string second;
};

// The first of the operator's commands that is still to come; none: the rest is the participants'.
std::string next_step(const scheme::Period& period, std::int64_t year) {
    const auto at = [&](const char* name, const scheme::Steps* steps) -> std::string {
        if (steps == nullptr) return fmt::format("{} propose {}", name, year);
        if (steps->stage != scheme::Stage::proposed) return "";
        const bool asks = std::any_of(
            steps->objections.begin(), steps->objections.end(), [&](const auto& objection) {
                return objection.version == steps->version;
            });
        return fmt::format("{} finalise {}{} (from {} on)",
                           name,
                           year,
                           asks ? " --answer TEXT" : "",
                           to_rfc3339(steps->objections_until));
    };
    const std::string cap = at("cap", period.cap ? &period.cap->steps : nullptr);
    // Without a cap of its own the statement follows from the allocation.
    const bool caps = scheme::has_cap(period.rules);
    std::string next = caps ? cap : "";
    if (next.empty()) next = at("benchmark", period.benchmark ? &period.benchmark->steps : nullptr);
    if (next.empty())
        next = at("allocate", period.allocation ? &period.allocation->steps : nullptr);
    if (next.empty() && !caps) next = cap;
    if (next.empty() && period.cap->steps.stage != scheme::Stage::issued)
        next = fmt::format("cap issue {}", year);
    if (next.empty() && period.allocation->steps.stage != scheme::Stage::issued)
        next = fmt::format("allocate issue {}", year);
    return next;
}

// What has been handed in for a year, of those who must.
struct Documents {
    std::size_t firms = 0;  // obligated and in operation
    std::size_t plans_approved = 0;
    std::size_t reports_submitted = 0;  // and those behind that
    std::size_t reports_verified = 0;   // with whatever opinion
    std::size_t reports_final = 0;      // determined ones too
    std::size_t supplier_statements = 0;
};

Documents documents_of(const Office& office, std::int64_t year, const scheme::Period& period) {
    const scheme::State& state = office.state();
    Documents out;
    for (const auto& [id, one] : state.participants) {
        const scheme::ParticipantYear whose{.participant = id, .year = year};
        if (!scheme::is_obligated(one.sort) || period.moments.end <= one.since ||
            !scheme::operates_in(state, whose))
            continue;
        ++out.firms;
        if (const auto plans = state.monitoring.plans.find(id);
            plans != state.monitoring.plans.end())
            out.plans_approved += std::any_of(
                plans->second.begin(), plans->second.end(), [](const scheme::PlanEntry& plan) {
                    return plan.state == scheme::PlanState::approved ||
                           plan.state == scheme::PlanState::changed;
                });
        out.reports_final += scheme::final_figures(state.monitoring, whose) != nullptr;
        const auto reports = state.monitoring.reports.find(whose);
        if (reports == state.monitoring.reports.end() || reports->second.empty()) continue;
        const scheme::ReportState last = reports->second.back().state;
        out.reports_submitted +=
            last != scheme::ReportState::draft && last != scheme::ReportState::returned;
        out.reports_verified +=
            last >= scheme::ReportState::verified && last <= scheme::ReportState::final;
    }
    for (const auto& [key, statements] : state.monitoring.statements)
        out.supplier_statements += key.year == year;
    return out;
}

struct Step {
    Timestamp at;
    std::string what;
    std::string held;
};

std::vector<Step> steps_of(const Office& office,
                           std::int64_t year,
                           const scheme::Period& period,
                           const Documents& documents) {
    std::vector<Step> steps;
    const auto statement = [&](const char* what, const scheme::Steps* found) {
        if (found == nullptr) return;
        steps.push_back({found->proposed,
                         fmt::format("{} proposed", what),
                         fmt::format("version {}", found->version)});
        steps.push_back({found->objections_until,
                         fmt::format("objections to the {} end", what),
                         fmt::format("{} so far", found->objections.size())});
        if (found->stage != scheme::Stage::proposed)
            steps.push_back(
                {found->finalised, fmt::format("{} final", what), word_of(found->stage)});
    };
    steps.push_back({period.moments.begin, "the year begins", ""});
    statement("cap", period.cap ? &period.cap->steps : nullptr);
    statement("benchmark", period.benchmark ? &period.benchmark->steps : nullptr);
    statement("allocation", period.allocation ? &period.allocation->steps : nullptr);
    steps.push_back({period.moments.end, "the year ends", ""});
    steps.push_back({period.moments.report_due,
                     "verified reports are due",
                     fmt::format("{} of {} final", documents.reports_final, documents.firms)});
    std::size_t covered = 0;
    std::size_t all = 0;
    for (const auto& [whose, one] : office.state().compliance.obligations) {
        if (whose.year != year) continue;
        ++all;
        if (scheme::outstanding_allowances(office.state(), whose) <= 0) ++covered;
    }
    steps.push_back({period.moments.surrender_due,
                     "allowances must be surrendered before this",
                     fmt::format("{} of {} covered", covered, all)});
    if (const auto said = office.state().period.circulation.find(year);
        said != office.state().period.circulation.end())
        steps.push_back({said->second.at,
                         "circulation published",
                         grouped(said->second.figures.in_circulation)});
    steps.push_back({period.moments.penalty_objections_until, "objections to penalties end", ""});
    std::stable_sort(
        steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
    return steps;
}

// The steps of each year, with their moments and how far they are, and its documents.
void show_calendar(Office& office, std::int64_t asked_year) {
    Json years = Json::array();
    const bool json = office.context().json;
    bool any = json;
    for (const auto& [year, period] : office.state().period.years) {
        if (asked_year != 0 && year != asked_year) continue;
        any = true;
        const Documents documents = documents_of(office, year, period);
        const std::vector<Step> steps = steps_of(office, year, period, documents);
        const std::string next = next_step(period, year);
        if (json) {
            Json list = Json::array();
            for (const Step& step : steps)
                list.push_back({{"at", to_rfc3339(step.at)},
                                {"step", step.what},
                                {"state", step.held},
                                {"past", step.at <= office.moment()}});
            years.push_back({{"year", year},
                             {"steps", list},
                             {"documents",
                              {{"firms", documents.firms},
                               {"plans_approved", documents.plans_approved},
                               {"reports_submitted", documents.reports_submitted},
                               {"reports_verified", documents.reports_verified},
                               {"reports_final", documents.reports_final},
                               {"supplier_statements", documents.supplier_statements}}}});
            if (!next.empty()) years.back()["next"] = "abate registry " + next;
            continue;
        }
        fmt::print("{}\n", year);
        for (const Step& step : steps)
            fmt::print("  {} {:27}  {:44}  {}\n",
                       step.at <= office.moment() ? "*" : " ",
                       to_rfc3339(step.at),
                       step.what,
                       step.held);
        fmt::print(
            "    documents of {}: {} approved; reports {} submitted, {} verified, {} final; {} "
            "from suppliers\n",
            counted(documents.firms, "firm"),
            counted(documents.plans_approved, "monitoring plan"),
            documents.reports_submitted,
            documents.reports_verified,
            documents.reports_final,
            counted(documents.supplier_statements, "statement"));
        if (!next.empty()) fmt::print("    next: abate registry {}\n", next);
    }
    const std::int64_t days_to =
        office.state().settle_at_us.empty() ? 0 : office.state().calendar_year;
    if (json) {
        Json out{{"years", years}};
        out["working_days_published_to"] = days_to == 0 ? Json(nullptr) : Json(days_to);
        print_document(out);
        return;
    }
    if (!any)
        fmt::print("{} is open. The next to open: abate registry period open {}\n",
                   asked_year != 0 ? fmt::format("{} is no year that", asked_year) : "No year",
                   scheme::next_year(office.state()));
    fmt::print("{}\n",
               days_to == 0 ? "No working days are published. See `abate registry calendar publish`"
                            : fmt::format("Working days are published to the end of {}", days_to));
}

// What one participant has to do, and whom it waits for.
void own_steps(Office& office, scheme::ParticipantId who, std::int64_t year) {
    std::vector<NextStep> steps = next_steps(office, who);
    if (year != 0) std::erase_if(steps, [&](const NextStep& step) { return step.year != year; });
    if (office.context().json) {
        print_document({{"participant", office.name_of(who)}, {"next", next_steps_json(steps)}});
        return;
    }
    fmt::print("{}\n", plain_line(office.name_of(who)));
    print_restricted(office, why_restricted(office), who);
    print_next_steps(steps);
}

}  // namespace

void add_registry_calendar(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    const char* const all = "Which [all]";
    YearOptions& shown = add_view<YearOptions>(
        registry,
        context,
        made,
        "calendar",
        "The steps of each year, their dates, its documents, and how far they are; and the working "
        "days on which transfers are done",
        [](Office& office, const YearOptions& options) { show_calendar(office, options.year); });
    made->add_option("YEAR", shown.year, all);
    CLI::App* published = nullptr;
    YearOptions& own = add_act<YearOptions>(
        *made,
        context,
        published,
        "publish",
        "Fix the working days of a year, from the zone and the holidays of the rules",
        [](Office& office, const YearOptions& options) {
            office.act(value_or_fail(scheme::resolve_calendar(office.state().rules, options.year)));
        });
    published->add_option("YEAR", own.year, "The year")->required();

    StepsOptions& asked = add_view<StepsOptions>(
        registry,
        context,
        made,
        "steps",
        "The same as `calendar`; of a participant: what it has to do next, and with which command",
        [](Office& office, const StepsOptions& options) {
            const auto [who, year] = office.who_and_year({options.first, options.second});
            if (who) {
                own_steps(office, *who, year);
            } else {
                show_calendar(office, year);
            }
        });
    made->add_option("PARTICIPANT", asked.first, "Whose next steps [the scheme's calendar]");
    made->add_option("YEAR", asked.second, all);
}

}  // namespace abate::cli
