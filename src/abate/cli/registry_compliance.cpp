// `abate registry surrender | penalty | claw-back | publish | compliance`.
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
