// `abate registry surrender | penalty | claw-back | publish | calendar show | compliance`.
#include "abate/cli/registry_next.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SurrenderOptions {
    std::string from;
    std::int64_t year = 0;
    std::int32_t vintage = 0;
    std::string quantity;
};
struct PenaltyOptions {
    std::string participant;
    std::int64_t year = 0;
    std::string text;
    std::string from;
    bool cancel = false;
};
struct ClawOptions {
    std::string participant;
    std::int64_t year = 0;
    std::string service_class;
    std::string quantity;
    std::string reason;
};
struct PublishOptions {
    std::string what;
    std::string text;
};
struct WhichOptions {
    std::string first;   // a participant or a year
    std::string second;  // the other
};

// Who owes what, and has surrendered it.
void compliance(Office& office, const WhichOptions& options) {
    const auto [who, asked_year] = office.who_and_year({options.first, options.second});
    const Timestamp now = office.moment();
    Json rows = Json::array();
    bool headed = office.context().json;
    const auto head_once = [&] {
        if (headed) return;
        headed = true;
        fmt::print("{:20}  {:>5}  {:>16}  {:>16}  {:>16}  {:>16}  {}\n",
                   "PARTICIPANT",
                   "YEAR",
                   "OBLIGATION",
                   "SURRENDERED",
                   "STILL OWED",
                   "MADE GOOD",
                   "STATE");
    };
    for (const auto& [whose, one] : office.state().compliance.obligations) {
        if (asked_year != 0 && whose.year != asked_year) continue;
        if (who && whose.participant != *who) continue;
        const std::int64_t owed = scheme::owed_allowances(office.state(), whose);
        const std::int64_t left = scheme::outstanding_allowances(office.state(), whose);
        const auto penalty = office.state().compliance.penalties.find(whose);
        const Int128 exact = scheme::exact_penalty_micro(office.state(), whose);
        std::string held = one.figures_version == 0 ? "no final figures"
                           : left <= 0              ? "covered"
                           : one.fixed              ? "SHORT"
                                                    : "open";
        if (penalty != office.state().compliance.penalties.end())
            held += fmt::format(", penalty {} {} {}",
                                money_text(exact),
                                office.state().rules.currency,
                                word_of(penalty->second.stage));
        if (office.context().json) {
            Json row{{"participant", office.name_of(whose.participant)},
                     {"year", whose.year},
                     {"obligation", owed},
                     {"surrendered", one.surrendered},
                     {"outstanding", left},
                     {"shortfall", one.shortfall},
                     {"made_good", one.made_good},
                     {"fixed", one.fixed}};
            if (penalty != office.state().compliance.penalties.end())
                row["penalty"] = {
                    {"amount_micro",
                     exact == penalty->second.amount_micro ? Json(penalty->second.amount_micro)
                                                           : Json(nullptr)},
                    {"amount", money_text(exact)},
                    {"stage", to_string(penalty->second.stage)},
                    {"notified", to_rfc3339(penalty->second.notified)},
                    {"objections_until", to_rfc3339(penalty->second.objections_until)}};
            rows.push_back(std::move(row));
        } else {
            head_once();
            fmt::print("{:20}  {:>5}  {:>16}  {:>16}  {:>16}  {:>16}  {}\n",
                       plain_line(office.name_of(whose.participant)),
                       whose.year,
                       grouped(owed),
                       grouped(one.surrendered),
                       grouped(left),
                       grouped(one.made_good),
                       held);
        }
    }
    // Who should have figures by now, and has none.
    for (const auto& [year, period] : office.state().period.years) {
        if (asked_year != 0 && year != asked_year) continue;
        for (const auto& [id, one] : office.state().participants) {
            if (who && id != *who) continue;
            if (one.sort != scheme::ParticipantSort::obligated &&
                one.sort != scheme::ParticipantSort::opted_in)
                continue;
            const scheme::ParticipantYear whose{.participant = id, .year = year};
            if (office.state().compliance.obligations.count(whose) != 0 ||
                !scheme::operates_in(office.state(), whose))
                continue;
            const bool overdue = period.moments.report_due <= now;
            if (office.context().json) {
                rows.push_back({{"participant", one.title},
                                {"year", year},
                                {"final_figures", false},
                                {"report_due", to_rfc3339(period.moments.report_due)},
                                {"overdue", overdue}});
            } else {
                head_once();
                fmt::print(
                    "{:20}  {:>5}  no final figures; {} {}\n",
                    plain_line(one.title),
                    year,
                    overdue ? "OVERDUE: a verified report was due" : "a verified report is due",
                    to_rfc3339(period.moments.report_due));
            }
        }
    }
    if (office.context().json) {
        print_document({{"obligations", rows}});
    } else if (!headed) {
        fmt::print("Nobody owes anything here{}.\n",
                   office.state().period.years.empty() ? ": no year is open yet" : "");
    }
}

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

// The steps of each year, with their moments and how far they are.
void calendar(Office& office, std::int64_t asked_year) {
    struct Step {
        Timestamp at;
        std::string what;
        std::string held;
    };
    Json years = Json::array();
    bool any = office.context().json;
    for (const auto& [year, period] : office.state().period.years) {
        if (asked_year != 0 && year != asked_year) continue;
        any = true;
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
        std::size_t final_reports = 0;
        for (const auto& [whose, figures] : office.state().monitoring.figures)
            if (whose.year == year) ++final_reports;
        steps.push_back({period.moments.report_due,
                         "verified reports are due",
                         fmt::format("{} final", final_reports)});
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
        steps.push_back(
            {period.moments.penalty_objections_until, "objections to penalties end", ""});
        std::stable_sort(
            steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
        if (office.context().json) {
            Json list = Json::array();
            for (const Step& step : steps)
                list.push_back({{"at", to_rfc3339(step.at)},
                                {"step", step.what},
                                {"state", step.held},
                                {"past", step.at <= std::max(office.now(), office.state().last)}});
            years.push_back({{"year", year}, {"steps", list}});
            continue;
        }
        fmt::print("{}\n", year);
        for (const Step& step : steps)
            fmt::print("  {} {:27}  {:44}  {}\n",
                       step.at <= std::max(office.now(), office.state().last) ? "*" : " ",
                       to_rfc3339(step.at),
                       step.what,
                       step.held);
        if (const std::string next = next_step(period, year); !next.empty())
            fmt::print("    next: abate registry {}\n", next);
    }
    if (office.context().json) print_document({{"years", years}});
    if (!any)
        fmt::print("{} is open. The next to open: abate registry period open {}\n",
                   asked_year != 0 ? fmt::format("{} is no year that", asked_year) : "No year",
                   scheme::next_year(office.state()));
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
    for (const auto& [account, why] : why_restricted(office))
        if (office.state().accounts.at(account).participant == who)
            fmt::print("  {} is {}: {}\n",
                       plain_line(office.name_of(account)),
                       registry::to_string(office.books().account(account)->status),
                       plain_line(why));
    print_next_steps(steps);
}

}  // namespace

void add_registry_compliance(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    SurrenderOptions& surrender = add_act<SurrenderOptions>(
        registry,
        context,
        made,
        "surrender",
        "Give up allowances for a year's energy (two of the participant)",
        [](Office& office, const SurrenderOptions& options) {
            const scheme::AccountId from = office.account(options.from);
            const auto entry = office.state().accounts.find(from);
            const scheme::ParticipantId owner = entry == office.state().accounts.end()
                                                    ? office.own_participant()
                                                    : entry->second.participant;
            office.act(scheme::Surrender{
                .participant = owner == scheme::ParticipantId{} ? office.own_participant() : owner,
                .from = from,
                .year = options.year,
                .vintage = options.vintage != 0 ? options.vintage
                                                : static_cast<std::int32_t>(options.year),
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity")});
        });
    made->add_option("--from", surrender.from, "A compliance account: \"lab/compliance\"")
        ->required()
        ->type_name("ACCOUNT");
    made->add_option("--year", surrender.year, "Whose energy it is for")->required();
    made->add_option("--vintage", surrender.vintage, "Of the allowances [the year]")
        ->type_name("YEAR");
    made->add_option("--quantity", surrender.quantity, "How many: 250000, 250_000, 250K")
        ->required();

    WhichOptions& owed = add_view<WhichOptions>(
        registry, context, made, "compliance", "Who owes what, and has surrendered it", compliance);
    made->add_option("PARTICIPANT", owed.first, "Whose [everybody's]");
    made->add_option("YEAR", owed.second, "Which [all]");
    WhichOptions& shown = add_view<WhichOptions>(
        registry,
        context,
        made,
        "steps",
        "The steps of each year, their dates and how far they are; of a participant: what it has "
        "to do next, and with which command",
        [](Office& office, const WhichOptions& options) {
            const auto [who, year] = office.who_and_year({options.first, options.second});
            if (who) {
                own_steps(office, *who, year);
            } else {
                calendar(office, year);
            }
        });
    made->add_option("PARTICIPANT", shown.first, "Whose next steps [the scheme's calendar]");
    made->add_option("YEAR", shown.second, "Which [all]");

    CLI::App* penalty = registry.add_subcommand("penalty", "For what was not surrendered in time");
    penalty->require_subcommand(1);
    PenaltyOptions& object = add_act<PenaltyOptions>(
        *penalty,
        context,
        made,
        "object",
        "Object to a penalty (one of the participant)",
        [](Office& office, const PenaltyOptions& options) {
            office.act(scheme::ObjectPenalty{.participant = office.own_participant(),
                                             .year = options.year,
                                             .text = options.text});
        });
    made->add_option("YEAR", object.year, "Of which year")->required();
    made->add_option("TEXT", object.text, "Why")->required();
    PenaltyOptions& finalise =
        add_act<PenaltyOptions>(*penalty,
                                context,
                                made,
                                "finalise",
                                "Uphold a penalty, or with --cancel let it go (two operators)",
                                [](Office& office, const PenaltyOptions& options) {
                                    office.act(scheme::FinalisePenalty{
                                        .participant = office.participant(options.participant),
                                        .year = options.year,
                                        .upheld = !options.cancel,
                                        .reason = options.text});
                                });
    made->add_option("PARTICIPANT", finalise.participant, "Whose")->required();
    made->add_option("YEAR", finalise.year, "Of which year")->required();
    made->add_flag("--cancel", finalise.cancel, "It is not owed; the allowances still are");
    made->add_option("--reason", finalise.text, "Why")->required();
    PenaltyOptions& pay = add_act<PenaltyOptions>(
        *penalty,
        context,
        made,
        "pay",
        "Pay a penalty that was upheld (two of the participant)",
        [](Office& office, const PenaltyOptions& options) {
            office.act(scheme::PayPenalty{.participant = office.own_participant(),
                                          .year = options.year,
                                          .from = office.account(options.from)});
        });
    made->add_option("YEAR", pay.year, "Of which year")->required();
    made->add_option("--from", pay.from, "A cash account: \"lab/cash\"")
        ->required()
        ->type_name("ACCOUNT");

    ClawOptions& claw = add_act<ClawOptions>(
        registry,
        context,
        made,
        "claw-back",
        "Take back what corrected figures did not earn (two operators)",
        [](Office& office, const ClawOptions& options) {
            const scheme::ActivityKey whose{.participant = office.participant(options.participant),
                                            .service_class = options.service_class,
                                            .year = options.year};
            const std::int64_t quantity =
                options.quantity.empty()
                    ? scheme::over_allocated(office.state(), whose)
                    : for_option(input::parse_allowances(options.quantity), "--quantity");
            if (quantity == 0)
                throw Failure(
                    {ErrorCode::conflict,
                     fmt::format("{} has nothing of {} that it did not earn",
                                 plain_line(office.name_of(whose.participant)),
                                 options.year),
                     "",
                     "See `abate registry true-up --dry-run` for those who have too little"});
            office.act(scheme::ClawBack{.participant = whose.participant,
                                        .year = whose.year,
                                        .service_class = whose.service_class,
                                        .quantity = quantity,
                                        .reason = options.reason});
        });
    made->add_option("PARTICIPANT", claw.participant, "Whose")->required();
    made->add_option("YEAR", claw.year, "Of which year")->required();
    made->add_option("--class", claw.service_class, "Of which service class")->required();
    made->add_option("--quantity", claw.quantity, "How many [all that it did not earn]");
    made->add_option("--reason", claw.reason, "Why")->required();

    PublishOptions& publish = add_act<PublishOptions>(
        registry,
        context,
        made,
        "publish",
        "Tell the public something, as it stands for ever (an operator)",
        [](Office& office, const PublishOptions& options) {
            office.act(scheme::Publish{.what = options.what, .text = options.text});
        });
    made->add_option("WHAT", publish.what, "\"compliance 2027\"")->required();
    made->add_option("TEXT", publish.text, "What is told")->required();
}

}  // namespace abate::cli
