#include "abate/cli/refusal_detail.h"

#include "abate/cli/registry_next.h"
#include "abate/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <type_traits>
#include <variant>

namespace abate::cli {
namespace {

using scheme::AccountId;
using scheme::ParticipantYear;
using scheme::Reason;

// What a command takes, and from where.
struct Taken {
    AccountId from{};
    registry::Asset asset{};
    Int128 amount = 0;
};

std::optional<Taken> taken_by(const scheme::State& state, const scheme::Command& command) {
    return std::visit(
        [&](const auto& c) -> std::optional<Taken> {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, scheme::Transfer> ||
                          std::is_same_v<C, scheme::Retire> ||
                          std::is_same_v<C, scheme::ReturnAllowances> ||
                          std::is_same_v<C, scheme::Surrender>) {
                return Taken{.from = c.from,
                             .asset = scheme::asset_of_year(c.vintage),
                             .amount = c.quantity};
            } else if constexpr (std::is_same_v<C, scheme::WithdrawCash>) {
                return Taken{
                    .from = c.account, .asset = registry::Asset::cash, .amount = c.amount_micro};
            } else if constexpr (std::is_same_v<C, scheme::CorrectDeposit>) {
                const auto found = state.deposits.find(c.deposit);
                if (found == state.deposits.end()) return std::nullopt;
                return Taken{.from = found->second.said.account,
                             .asset = registry::Asset::cash,
                             .amount = found->second.said.amount_micro};
            } else if constexpr (std::is_same_v<C, scheme::PayPenalty>) {
                return Taken{.from = c.from,
                             .asset = registry::Asset::cash,
                             .amount = scheme::exact_penalty_micro(
                                 state, {.participant = c.participant, .year = c.year})};
            } else if constexpr (std::is_same_v<C, scheme::TrueUp>) {
                Int128 sum = 0;
                for (const scheme::TrueUpLine& line : c.lines) sum += line.amount;
                return Taken{.from = scheme::kEntrantReserve,
                             .asset = scheme::asset_of_year(c.year),
                             .amount = sum};
            } else {
                return std::nullopt;
            }
        },
        command);
}

std::string amount_of(registry::Asset asset, Int128 amount) {
    return asset == registry::Asset::cash ? money_text(amount) : grouped(amount);
}

std::string balance_detail(const Office& office, const scheme::Command& command) {
    const std::optional<Taken> taken = taken_by(office.state(), command);
    if (!taken) return "";
    const registry::Balance held = office.books().balance(taken->from, taken->asset);
    const std::string of = taken->asset == registry::Asset::cash
                               ? office.state().rules.currency
                               : fmt::format("of {}", static_cast<std::uint32_t>(taken->asset));
    return fmt::format("{} has {} {}, {} of it promised; {} was asked",
                       office.name_of(taken->from),
                       amount_of(taken->asset, held.posted),
                       of,
                       amount_of(taken->asset, held.reserved),
                       amount_of(taken->asset, taken->amount));
}

const scheme::Steps* steps_of(const scheme::State& state,
                              scheme::StatementKind kind,
                              std::int64_t year) {
    const scheme::Period* period = scheme::find_period(state, year);
    if (period == nullptr) return nullptr;
    switch (kind) {
        case scheme::StatementKind::cap:
            return period->cap ? &period->cap->steps : nullptr;
        case scheme::StatementKind::benchmark:
            return period->benchmark ? &period->benchmark->steps : nullptr;
        case scheme::StatementKind::allocation:
            return period->allocation ? &period->allocation->steps : nullptr;
    }
    return nullptr;
}

std::string window_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    const char* word = refused.reason == Reason::objection_window_open ? "open until" : "closed";
    std::optional<Timestamp> until;
    if (const auto* objection = std::get_if<scheme::ObjectToStatement>(&refused.command)) {
        if (const auto* steps = steps_of(state, objection->kind, objection->year))
            until = steps->objections_until;
    } else if (const auto* final = std::get_if<scheme::FinaliseStatement>(&refused.command)) {
        if (const auto* steps = steps_of(state, final->kind, final->year))
            until = steps->objections_until;
    } else {
        ParticipantYear whose{};
        if (const auto* object = std::get_if<scheme::ObjectPenalty>(&refused.command))
            whose = {.participant = object->participant, .year = object->year};
        if (const auto* decide = std::get_if<scheme::FinalisePenalty>(&refused.command))
            whose = {.participant = decide->participant, .year = decide->year};
        const auto penalty = state.compliance.penalties.find(whose);
        if (penalty != state.compliance.penalties.end()) until = penalty->second.objections_until;
    }
    return until ? fmt::format("{} {}", word, moment_text(office, *until)) : "";
}

std::string obligation_detail(const Office& office, const Refused& refused) {
    const auto* c = std::get_if<scheme::Surrender>(&refused.command);
    if (c == nullptr) return "";
    const scheme::State& state = office.state();
    const ParticipantYear whose{.participant = c->participant, .year = c->year};
    const std::int64_t left = scheme::outstanding_allowances(state, whose);
    if (refused.reason == Reason::surrender_exceeds_obligation)
        return fmt::format("{} owes {} for {}; {} was asked",
                           office.name_of(c->participant),
                           grouped(left),
                           c->year,
                           grouped(c->quantity));
    const scheme::Period* period = scheme::find_period(state, c->year);
    const auto found = state.compliance.obligations.find(whose);
    if (period == nullptr || found == state.compliance.obligations.end()) return "";
    const scheme::Ppm part = period->rules.compliance.borrowing;
    const std::int64_t owed = std::max<std::int64_t>(0, scheme::owed_allowances(state, whose));
    return fmt::format("{}% of the {} owed is {}, {} of it was borrowed; {} was asked",
                       static_cast<double>(part.value) / 1e4,
                       grouped(owed),
                       grouped(scheme::part_of(owed, part)),
                       grouped(found->second.borrowed),
                       grouped(c->quantity));
}

std::string holding_detail(const Office& office, const Refused& refused) {
    const auto* c = std::get_if<scheme::Transfer>(&refused.command);
    if (c == nullptr) return "";
    const auto to = office.state().accounts.find(c->to);
    if (to == office.state().accounts.end()) return "";
    const auto count = scheme::holding_with(
        {.state = office.state(),
         .books = office.books(),
         .now = refused.now,
         .id = {},
         .act = {},
         .by = {}},
        {.participant = to->second.participant, .kind = to->second.kind, .amount = c->quantity});
    if (!count) return "";
    return fmt::format("a group may hold {}; that of {} would hold {}",
                       grouped(count->limit),
                       office.name_of(to->second.participant),
                       grouped(count->counted));
}

// What an account that is to be closed has left.
std::string left_detail(const Office& office, const scheme::Command& command) {
    const auto* c = std::get_if<scheme::CloseAccount>(&command);
    const auto view = c == nullptr ? std::nullopt : office.books().account(c->account);
    if (!view) return "";
    std::string out;
    for (const registry::Balance& one : view->balances) {
        if (one.posted == 0 && one.reserved == 0 && one.incoming == 0) continue;
        const bool money = one.asset == registry::Asset::cash;
        out += fmt::format(
            "{}{} {}{}{}",
            out.empty() ? fmt::format("{} has ", office.name_of(c->account)) : ", ",
            amount_of(one.asset, one.posted),
            money ? office.state().rules.currency
                  : fmt::format("of {}", static_cast<std::uint32_t>(one.asset)),
            one.reserved != 0 ? fmt::format(", {} promised", amount_of(one.asset, one.reserved))
                              : "",
            one.incoming != 0 ? fmt::format(", {} on its way", amount_of(one.asset, one.incoming))
                              : "");
    }
    return out;
}

std::string owed_detail(const Office& office, const scheme::Command& command) {
    const auto* c = std::get_if<scheme::CloseAccount>(&command);
    if (c == nullptr) return "";
    const auto account = office.state().accounts.find(c->account);
    if (account == office.state().accounts.end()) return "";
    for (const auto& [whose, one] : office.state().compliance.obligations) {
        const std::int64_t left = scheme::outstanding_allowances(office.state(), whose);
        if (whose.participant == account->second.participant && left > 0)
            return fmt::format(
                "{} owes {} for {}", office.name_of(whose.participant), grouped(left), whose.year);
    }
    return "";
}

// Who signed, and what it would take.
std::string right_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    const auto key = state.keys.find(refused.key);
    if (key == state.keys.end()) return "";
    const scheme::KeyGrant& grant = key->second.grant;
    const scheme::Authority authority = scheme::authority_of(refused.command);
    const scheme::ParticipantId subject = scheme::participant_of(refused.command);
    const scheme::Role wanted = refused.approves ? authority.second : authority.first;
    if (refused.reason == Reason::participant_of_another)
        return fmt::format("it is a matter of {}, and this key is of {}",
                           office.name_of(subject),
                           grant.participant == scheme::ParticipantId{}
                               ? "the scheme"
                               : office.name_of(grant.participant));
    return fmt::format("it takes {}, and this key has {}",
                       scheme::roles_text(static_cast<std::uint8_t>(wanted)),
                       scheme::roles_text(grant.roles));
}

std::string account_detail(const Office& office, const scheme::Command& command, bool to) {
    AccountId account{};
    if (to) {
        if (const auto* c = std::get_if<scheme::Transfer>(&command)) account = c->to;
        if (const auto* c = std::get_if<scheme::ReturnAllowances>(&command)) account = c->to;
        if (const auto* c = std::get_if<scheme::Deposit>(&command)) account = c->account;
    } else if (const auto taken = taken_by(office.state(), command)) {
        account = taken->from;
    }
    const auto view = office.books().account(account);
    if (!view) return "";
    const std::string why = why_blocked(office, account);
    return fmt::format("{} is {}{}",
                       office.name_of(account),
                       registry::to_string(view->status),
                       why.empty() ? "" : " for " + why);
}

// A command that takes from one kind of account alone was given another.
std::string kind_detail(const Office& office, const scheme::Command& command) {
    const std::optional<Taken> taken = taken_by(office.state(), command);
    const auto from =
        taken ? office.state().accounts.find(taken->from) : office.state().accounts.end();
    if (from == office.state().accounts.end()) return "";
    std::string is = fmt::format(
        "{} is a {} account", office.name_of(from->first), registry::to_string(from->second.kind));
    if (std::holds_alternative<scheme::Retire>(command))
        return is + ", and what is retired comes from a holding account";
    if (!std::holds_alternative<scheme::Surrender>(command)) return is;
    const AccountId to = scheme::first_account(
        office.state(), from->second.participant, scheme::AccountKind::compliance);
    if (from->second.kind != scheme::AccountKind::holding || to == AccountId{})
        return is + ", and what is surrendered comes from a compliance account";
    return fmt::format(
        "{}, and what is surrendered comes from a compliance account. First abate registry "
        "transfer "
        "--from {} --to {} --vintage {} --quantity {}",
        is,
        shell_word(office.name_of(from->first)),
        shell_word(office.name_of(to)),
        static_cast<std::uint32_t>(taken->asset),
        taken->amount);
}

std::string unanswered_detail(const scheme::State& state, const scheme::Command& command) {
    const auto* c = std::get_if<scheme::FinaliseStatement>(&command);
    const scheme::Steps* steps = c == nullptr ? nullptr : steps_of(state, c->kind, c->year);
    if (steps == nullptr) return "";
    const auto count = std::count_if(
        steps->objections.begin(), steps->objections.end(), [&](const scheme::Objection& one) {
            return one.version == steps->version;
        });
    return fmt::format(
        "{} to it. Say the answer with --answer TEXT; abate registry {} show {} prints them",
        counted(static_cast<std::size_t>(count), "objection"),
        c->kind == scheme::StatementKind::allocation ? "allocate" : to_string(c->kind),
        c->year);
}

std::string tax_detail(const Office& office, const scheme::Command& command) {
    const auto* c = std::get_if<scheme::Transfer>(&command);
    if (c == nullptr) return "";
    if (!scheme::has_tax_rate(c->tax_category))
        return fmt::format("{} has no rate and no amount: leave --tax-rate and --tax away",
                           c->tax_category);
    if (c->tax_rate_ppm == 0)
        return fmt::format("{} has a rate: say it with --tax-rate", c->tax_category);
    const Int128 consideration = Int128{c->quantity} * c->price_micro;
    if (c->tax_rate_ppm < 0 || c->tax_rate_ppm > scheme::kMillion || consideration > INT64_MAX)
        return "";
    const scheme::RoundedTax right =
        scheme::tax_of({.consideration_micro = static_cast<std::int64_t>(consideration),
                        .rate_ppm = c->tax_rate_ppm});
    return fmt::format("{}% of {} {} is {}, or {} in whole ones; {} was said",
                       static_cast<double>(c->tax_rate_ppm) / 1e4,
                       money_text(consideration),
                       office.state().rules.currency,
                       money_text(right.to_hundredths),
                       money_text(right.to_whole),
                       money_text(c->tax_micro));
}

std::string activity_detail(const scheme::State& state, const scheme::Command& command) {
    if (!std::holds_alternative<scheme::RecordActivities>(command)) return "";
    std::string all;
    for (const std::string& one : state.rules.coverage.activities)
        all += (all.empty() ? "" : ", ") + one;
    return "the rules know " + all + ", each to be said once";
}

std::string plan_detail(const Office& office, const scheme::Command& command) {
    const scheme::State& state = office.state();
    ParticipantYear whose{};
    std::int64_t named = 0;
    const auto take = [&](scheme::ParticipantId participant,
                          const scheme::MonitoringReport& report) {
        whose = {.participant = participant, .year = report.year};
        named = report.plan_version;
    };
    if (const auto* sent = std::get_if<scheme::SubmitReport>(&command))
        take(sent->participant, sent->report);
    if (const auto* again = std::get_if<scheme::RestateReport>(&command))
        take(again->participant, again->report);
    if (named == 0) return "";
    const std::int64_t holds = scheme::plan_for(state, whose).version;
    if (holds != 0)
        return fmt::format("it names version {} of the plan, and for {} version {} holds",
                           named,
                           whose.year,
                           holds);
    const auto plans = state.monitoring.plans.find(whose.participant);
    if (plans == state.monitoring.plans.end() || plans->second.empty())
        return "no plan was submitted: abate registry plan submit PLAN.toml";
    const scheme::PlanEntry& last = plans->second.back();
    return fmt::format(
        "no plan is approved for {}; version {} begins with {} and is {}{}",
        whose.year,
        plans->second.size(),
        last.plan.first_year,
        word_of(last.state),
        last.state == scheme::PlanState::submitted
            ? fmt::format(": an operator approves it with abate registry plan approve {}",
                          shell_word(office.name_of(whose.participant)))
            : "");
}

std::string cease_detail(const Office& office, const Refused& refused) {
    scheme::ParticipantId whose{};
    Timestamp ceased{};
    if (const auto* c = std::get_if<scheme::RequestCease>(&refused.command)) {
        whose = c->participant;
        ceased = c->ceased;
    } else if (const auto* order = std::get_if<scheme::OrderCease>(&refused.command)) {
        whose = order->participant;
        ceased = order->ceased;
    } else {
        return "";
    }
    const auto joined = office.state().participants.find(whose);
    if (ceased > refused.now)
        return fmt::format("the last day is not over: it ends {}", moment_text(office, ceased));
    if (joined != office.state().participants.end() && ceased <= joined->second.since)
        return fmt::format("it takes part since {}, and the last day ends {}",
                           moment_text(office, joined->second.since),
                           moment_text(office, ceased));
    const auto& years = office.state().period.years;
    return years.empty() ? "no year is open"
                         : fmt::format("the last day lies in no year that is open: {} to {}",
                                       years.begin()->first,
                                       years.rbegin()->first);
}

// By which statement of the bank, and what lifts it.
std::string halted_detail(const scheme::State& state) {
    if (state.statements.empty()) return "";
    const scheme::Statement& last = state.statements.back();
    return fmt::format(
        "by the bank's statement of {}: {} {} there, {} in the books{}. One that agrees lifts it: "
        "abate registry cash reconcile STATEMENT.csv",
        last.said.statement_date,
        money_text(last.said.balance_micro),
        state.rules.currency,
        money_text(last.books_micro),
        last.said.unknown_lines.empty()
            ? ""
            : fmt::format(", {} that the books do not have so",
                          counted(last.said.unknown_lines.size(), "line")));
}

std::string material_detail(const scheme::State& state, const scheme::Command& command) {
    const auto* c = std::get_if<scheme::VerifyReport>(&command);
    if (c == nullptr) return "";
    const auto reports =
        state.monitoring.reports.find({.participant = c->participant, .year = c->year});
    if (reports == state.monitoring.reports.end() || reports->second.empty()) return "";
    const scheme::ReportFigures& figures = reports->second.back().figures;
    Int128 sum = 0;
    for (const scheme::Misstatement& one : c->misstatements)
        sum += one.energy.count() < 0 ? -one.energy.count() : one.energy.count();
    return fmt::format("the energy misstated is {} of {}; material is {}% of energy, {}% of output",
                       kwh_text(Microjoules(sum)),
                       kwh_text(figures.obligated),
                       static_cast<double>(figures.materiality.value) / 1e4,
                       static_cast<double>(figures.output_materiality.value) / 1e4);
}

// How long objections must be possible: of a statement by the rules that its year began with, of penalties from the deadline on.
std::string least_window_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    std::int64_t days = 0;
    Timestamp from = refused.now;
    if (const auto* opens = std::get_if<scheme::OpenPeriod>(&refused.command)) {
        days = state.rules.compliance.objection_days;
        from = opens->surrender_due;
    } else {
        std::int64_t year = 0;
        if (const auto* c = std::get_if<scheme::ProposeCap>(&refused.command)) year = c->year;
        if (const auto* c = std::get_if<scheme::ProposeBenchmark>(&refused.command)) year = c->year;
        if (const auto* c = std::get_if<scheme::ProposeAllocation>(&refused.command))
            year = c->year;
        const scheme::Period* period = scheme::find_period(state, year);
        if (period == nullptr) return "";
        days = period->rules.benchmark.objection_days;
    }
    return fmt::format("{} days are the least: {} or later",
                       days,
                       moment_text(office, scheme::after_hours(from, 24 * days)));
}

std::string circulation_detail(const Office& office, const Refused& refused) {
    const auto* c = std::get_if<scheme::PublishCirculation>(&refused.command);
    const scheme::Period* period =
        c == nullptr ? nullptr : scheme::find_period(office.state(), c->year);
    if (period == nullptr) return "";
    if (refused.reason == Reason::circulation_too_early)
        return fmt::format("the reports of {} are due {}",
                           c->year,
                           moment_text(office, period->moments.report_due));
    if (refused.reason == Reason::circulation_already_said) {
        const auto said = office.state().period.circulation.find(c->year);
        return said == office.state().period.circulation.end()
                   ? ""
                   : fmt::format("at {}", moment_text(office, said->second.at));
    }
    constexpr std::size_t kMostNames = 5;
    const scheme::YearFigures figures = scheme::figures_of_year(office.state(), c->year);
    std::string names;
    for (std::size_t i = 0; i < figures.missing.size() && i < kMostNames; ++i)
        names += (i == 0 ? "" : ", ") + office.name_of(figures.missing[i]);
    if (figures.missing.size() > kMostNames) names += ", ...";
    return fmt::format("{} of {} obligated participants have none of {}: {}",
                       figures.missing.size(),
                       figures.obligated,
                       c->year,
                       names);
}

// Of an auction: its window, its supply, its limits.
std::string auction_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    if (const auto* c = std::get_if<scheme::OpenAuction>(&refused.command)) {
        if (refused.reason == Reason::auction_exceeds_supply)
            return fmt::format("{} of {} can be offered; {} was asked",
                               grouped(scheme::unpromised_volume({.state = state,
                                                                  .books = office.books(),
                                                                  .now = refused.now,
                                                                  .id = {},
                                                                  .act = {},
                                                                  .by = {}},
                                                                 c->vintage)),
                               c->vintage,
                               grouped(c->quantity));
        const scheme::Period* period = scheme::period_of_moment(state, c->closes_at);
        if (period == nullptr) return "";
        return fmt::format("it opens {} h from now at least, for {} h at least",
                           period->rules.auction.notice_h,
                           period->rules.auction.window_h);
    }
    scheme::TransferId id{};
    scheme::ParticipantId whose{};
    if (const auto* c = std::get_if<scheme::PlaceBid>(&refused.command)) {
        id = c->auction;
        whose = c->participant;
    } else if (const auto* changed = std::get_if<scheme::ChangeBid>(&refused.command)) {
        id = changed->auction;
        whose = changed->participant;
    } else if (const auto* gone = std::get_if<scheme::WithdrawBid>(&refused.command)) {
        id = gone->auction;
    }
    const auto found = state.auction.auctions.find(id);
    if (found == state.auction.auctions.end()) return "";
    const scheme::Notice& notice = found->second.notice;
    switch (refused.reason) {
        case Reason::auction_not_open:
            return fmt::format("bids are taken from {} until {}",
                               moment_text(office, notice.said.opens_at),
                               moment_text(office, notice.said.closes_at));
        case Reason::bid_off_lot:
            return fmt::format("the lot is {}", grouped(notice.lot));
        case Reason::bid_off_tick:
            return fmt::format("prices are multiples of {} for 1,000",
                               money_text(Int128{notice.tick_micro} * 1000));
        case Reason::purchase_limit_exceeded: {
            const auto participant = state.participants.find(whose);
            return participant == state.participants.end()
                       ? ""
                       : fmt::format("its group may bid for {} in this auction, in all",
                                     grouped(scheme::purchase_limit_of(
                                         state, notice, participant->second.group)));
        }
        default:
            return "";
    }
}

// Of who watches the market: how long it is halted, which trades may be annulled.
std::string supervision_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    switch (refused.reason) {
        case Reason::already_halted:
        case Reason::whole_market_halted: {
            const auto* c = std::get_if<scheme::HaltMarket>(&refused.command);
            const scheme::MarketHalt* halt =
                scheme::halt_at(state, c == nullptr ? 0 : c->vintage, refused.now);
            if (halt == nullptr) return "";
            return halt->until.us == INT64_MAX
                       ? "until it is resumed"
                       : fmt::format("until {}", moment_text(office, halt->until));
        }
        case Reason::trade_not_erroneous:
        case Reason::annulment_too_late:
            return fmt::format(
                "one that was more than {:g} % from the reference price may be annulled for {} "
                "minutes",
                static_cast<double>(state.rules.market.erroneous.value) / 1e4,
                state.rules.market.erroneous_minutes);
        case Reason::case_not_found:
            return fmt::format("there are {}", state.supervision.cases.size());
        default:
            return "";
    }
}

// A moment that was asked too early, or too late.
std::string time_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    switch (refused.reason) {
        case Reason::too_late_to_cancel: {
            const auto* c = std::get_if<scheme::CancelTransfer>(&refused.command);
            const auto found =
                c == nullptr ? state.transfers.end() : state.transfers.find(c->transfer);
            if (found == state.transfers.end()) return "";
            return fmt::format(
                "it could be cancelled until {}",
                moment_text(
                    office,
                    scheme::after_hours(found->second.due, -state.rules.rights.cancel_before_h)));
        }
        case Reason::key_not_active_yet: {
            const auto key = state.keys.find(refused.key);
            return key == state.keys.end()
                       ? ""
                       : fmt::format("active from {}",
                                     moment_text(office, key->second.active_from));
        }
        case Reason::objection_window_too_short:
            return least_window_detail(office, refused);
        case Reason::year_not_over:
        case Reason::report_not_overdue: {
            std::int64_t year = 0;
            if (const auto* c = std::get_if<scheme::SubmitReport>(&refused.command))
                year = c->report.year;
            if (const auto* c = std::get_if<scheme::Determine>(&refused.command)) year = c->year;
            const auto found = state.monitoring.years.find(year);
            if (found == state.monitoring.years.end()) return "";
            return refused.reason == Reason::year_not_over
                       ? fmt::format("{} ends {}", year, moment_text(office, found->second.end))
                       : fmt::format("a report is due {}",
                                     moment_text(office, found->second.report_due));
        }
        case Reason::proposal_lapsed: {
            const auto found = state.proposals.find(refused.proposal);
            return found == state.proposals.end()
                       ? ""
                       : fmt::format("at {}", moment_text(office, found->second.lapses));
        }
        case Reason::calendar_not_published:
            return state.calendar_year == 0
                       ? "no calendar is published"
                       : fmt::format("the last is that of {}", state.calendar_year);
        default:
            return "";
    }
}

}  // namespace

std::string refusal_detail(const Office& office, const Refused& refused) {
    const scheme::State& state = office.state();
    if (std::holds_alternative<scheme::AnnulTrade>(refused.command) &&
        refused.reason == scheme::from_registry(registry::Reason::insufficient_balance))
        return "not all that the trade moved is free any more; a case goes on from here: abate "
               "market case open --kind erroneous-trade";
    if (refused.reason == scheme::from_registry(registry::Reason::insufficient_balance))
        return balance_detail(office, refused.command);
    for (const registry::Reason reason : {registry::Reason::from_account_frozen,
                                          registry::Reason::from_account_blocked,
                                          registry::Reason::to_account_frozen})
        if (refused.reason == scheme::from_registry(reason))
            return account_detail(
                office, refused.command, reason == registry::Reason::to_account_frozen);
    for (const registry::Reason reason :
         {registry::Reason::account_not_empty, registry::Reason::account_has_pending_transfers})
        if (refused.reason == scheme::from_registry(reason))
            return left_detail(office, refused.command);
    if (refused.reason == scheme::from_registry(registry::Reason::account_has_obligation))
        return owed_detail(office, refused.command);
    if (refused.reason == scheme::from_registry(registry::Reason::from_kind_not_allowed))
        return kind_detail(office, refused.command);
    switch (refused.reason) {
        case Reason::objections_unanswered:
            return unanswered_detail(state, refused.command);
        case Reason::no_deficit_account: {
            const auto* c = std::get_if<scheme::ClawBack>(&refused.command);
            return c == nullptr
                       ? ""
                       : fmt::format(
                             "an operator opens one: abate registry account open {} --kind "
                             "deficit",
                             shell_word(office.name_of(c->participant)));
        }
        case Reason::tax_differs:
            return tax_detail(office, refused.command);
        case Reason::activity_unknown:
            return activity_detail(state, refused.command);
        case Reason::plan_not_approved:
            return plan_detail(office, refused.command);
        case Reason::cease_moment_invalid:
            return cease_detail(office, refused);
        case Reason::not_consigned: {
            const auto* c = std::get_if<scheme::ReleaseConsignment>(&refused.command);
            if (c == nullptr) return "";
            const auto waits = state.compliance.consigned.find(
                {.participant = c->participant, .year = c->vintage});
            return fmt::format(
                "{} of {} wait for the next auction for {}; {} was asked",
                grouped(waits == state.compliance.consigned.end() ? 0 : waits->second),
                c->vintage,
                office.name_of(c->participant),
                grouped(c->quantity));
        }
        case Reason::trading_halted:
            return halted_detail(state);
        case Reason::objection_window_open:
        case Reason::objection_window_over:
            return window_detail(office, refused);
        case Reason::surrender_exceeds_obligation:
        case Reason::borrowing_limit:
            return obligation_detail(office, refused);
        case Reason::circulation_too_early:
        case Reason::circulation_already_said:
        case Reason::figures_not_final:
            return circulation_detail(office, refused);
        case Reason::holding_limit_exceeded:
            return holding_detail(office, refused);
        case Reason::role_not_allowed:
        case Reason::participant_of_another:
            return right_detail(office, refused);
        case Reason::key_without_market_role: {
            const auto* c = std::get_if<scheme::SetMandate>(&refused.command);
            const auto key = c == nullptr ? state.keys.end() : state.keys.find(c->key);
            return key == state.keys.end()
                       ? ""
                       : fmt::format("it takes market, and that key has {}",
                                     scheme::roles_text(key->second.grant.roles));
        }
        case Reason::misstatement_is_material:
            return material_detail(state, refused.command);
        case Reason::not_over_allocated: {
            const auto* c = std::get_if<scheme::ClawBack>(&refused.command);
            if (c == nullptr) return "";
            return fmt::format("{} of {} was not earned; {} was asked",
                               grouped(scheme::over_allocated(state,
                                                              {.participant = c->participant,
                                                               .service_class = c->service_class,
                                                               .year = c->year})),
                               c->year,
                               grouped(c->quantity));
        }
        case Reason::penalty_out_of_range: {
            const auto* c = std::get_if<scheme::PayPenalty>(&refused.command);
            if (c == nullptr) return "";
            return fmt::format("it is {} {}",
                               money_text(scheme::exact_penalty_micro(
                                   state, {.participant = c->participant, .year = c->year})),
                               state.rules.currency);
        }
        case Reason::cease_moment_differs: {
            const auto* c = std::get_if<scheme::AcceptCease>(&refused.command);
            const auto asked =
                c == nullptr ? state.cessations.end() : state.cessations.find(c->participant);
            return asked == state.cessations.end()
                       ? ""
                       : fmt::format("{} asks for {}",
                                     office.name_of(c->participant),
                                     moment_text(office, asked->second.ceased));
        }
        case Reason::deposit_already_corrected: {
            const auto* c = std::get_if<scheme::CorrectDeposit>(&refused.command);
            const auto found =
                c == nullptr ? state.deposits.end() : state.deposits.find(c->deposit);
            return found == state.deposits.end() || !found->second.corrected_by
                       ? ""
                       : fmt::format("by {}", report::id_text(*found->second.corrected_by));
        }
        case Reason::auction_exceeds_supply:
        case Reason::auction_window_invalid:
        case Reason::auction_not_open:
        case Reason::bid_off_lot:
        case Reason::bid_off_tick:
        case Reason::purchase_limit_exceeded:
            return auction_detail(office, refused);
        case Reason::already_halted:
        case Reason::whole_market_halted:
        case Reason::trade_not_erroneous:
        case Reason::annulment_too_late:
        case Reason::case_not_found:
            return supervision_detail(office, refused);
        case Reason::rules_version_not_next:
            return fmt::format("the next is {}", state.rules.version + 1);
        default:
            return time_detail(office, refused);
    }
}

Failure refusal_of(const Office& office, const Refused& refused, const RefusalWords& words) {
    Error error = refusal(words.what, refused.reason, words.where);
    const std::string detail = refusal_detail(office, refused);
    if (!detail.empty()) error.what += ": " + plain_line(detail);
    return Failure(std::move(error));
}

}  // namespace abate::cli
