// The holding limit: before a receipt, and of those who are above it without having bought.
#include "abate/scheme/holding.h"

#include "abate/scheme/auctions.h"
#include "abate/scheme/holding_limit.h"
#include "abate/scheme/period.h"

#include <algorithm>

namespace abate::scheme {
namespace {

const Period* period_at(const State& state, Timestamp now) {
    for (const auto& [year, period] : state.period.years)
        if (period.moments.begin <= now && now < period.moments.end) return &period;
    return nullptr;
}

std::vector<GroupHolding> holdings_of(const Look& look, GroupId group) {
    std::vector<GroupHolding> out;
    for (const auto& [id, account] : look.state.accounts) {
        if (account.kind != AccountKind::holding && account.kind != AccountKind::compliance)
            continue;
        const auto whose = look.state.participants.find(account.participant);
        if (whose == look.state.participants.end() || whose->second.group != group) continue;
        const auto view = look.books.account(id);
        if (!view) continue;
        for (const registry::Balance& balance : view->balances)
            for (const std::int64_t part : {balance.posted, balance.incoming})
                if (balance.asset != registry::Asset::cash && part > 0)
                    out.push_back({.group = group, .kind = account.kind, .amount = part});
    }
    return out;
}

std::vector<GroupObligation> obligations_of(const State& state, GroupId group) {
    std::vector<GroupObligation> out;
    for (const auto& [whose, obligation] : state.compliance.obligations) {
        const auto participant = state.participants.find(whose.participant);
        if (participant == state.participants.end() || participant->second.group != group) continue;
        const std::int64_t outstanding = outstanding_allowances(state, whose);
        if (outstanding > 0) out.push_back({.group = group, .amount = outstanding});
    }
    return out;
}

// Whether the rules of the year of `at` have an excess sold.
bool consigns(const State& state, Timestamp at) {
    const Period* then = period_at(state, at);
    return then != nullptr && then->rules.compliance.holding_excess == HoldingExcess::consigned;
}

// One due for each holder and vintage of the group: each asks the books what is there, the oldest vintage first.
void consign(State& state, GroupId group, std::int64_t at_us) {
    for (const auto& [year, period] : state.period.years) {
        if (!period.cap || period.cap->steps.stage != Stage::issued) continue;
        for (const auto& [id, participant] : state.participants)
            if (participant.group == group)
                state.due.insert({at_us,
                                  DueKind::consign_holding,
                                  {.high = static_cast<std::uint64_t>(year),
                                   .low = static_cast<std::uint64_t>(id)}});
    }
}

HoldingCase* open_case(State& state, GroupId group) {
    HoldingCase* open = nullptr;
    for (HoldingCase& each : state.compliance.holding_cases)
        if (each.group == group && each.stage == CaseStage::open) open = &each;
    return open;
}

Due cure_due(const HoldingCase& open, Timestamp until) {
    return {until.us,
            DueKind::cure_holding,
            {.high = 0, .low = static_cast<std::uint64_t>(open.group)}};
}

// Working days alone: where the calendar ends before, nobody can know the date.
void set_cure_date(State& state, HoldingCase& open, Timestamp from) {
    const Period* period = period_at(state, open.opened);
    if (period == nullptr) return;
    open.cure_until = settle_time(state, from, period->rules.compliance.cure_days);
    if (open.cure_until) state.due.insert(cure_due(open, *open.cure_until));
}

}  // namespace

std::optional<std::int64_t> current_holding_limit(const State& state, Timestamp now) {
    const Period* period = period_at(state, now);
    if (period == nullptr || !period->rules.compliance.holding_limit) return std::nullopt;
    const bool is_final = period->cap && period->cap->steps.stage != Stage::proposed;
    if (!is_final && !has_cap(period->rules)) return std::nullopt;
    const Derived<std::int64_t> cap =
        is_final ? Derived<std::int64_t>{.value = period->cap->parts.cap} : cap_of_year(*period);
    if (cap.reason != Reason::ok) return std::nullopt;
    const ComplianceRules& rules = period->rules.compliance;
    const Result<std::int64_t> limit =
        holding_limit(cap.value,
                      {.base = rules.holding_base,
                       .base_ppm = static_cast<std::uint32_t>(rules.holding_base_share.value),
                       .rest_ppm = static_cast<std::uint32_t>(rules.holding_rest_share.value)});
    return limit ? std::optional(*limit) : std::nullopt;
}

Reason check_holding(const Look& look, const Receipt& receipt) {
    const std::optional<HoldingCount> count = holding_with(look, receipt);
    return count && count->counted > count->limit ? Reason::holding_limit_exceeded : Reason::ok;
}

std::optional<HoldingCount> holding_with(const Look& look, const Receipt& receipt) {
    const std::optional<std::int64_t> limit = current_holding_limit(look.state, look.now);
    const auto whose = look.state.participants.find(receipt.participant);
    if (!limit || whose == look.state.participants.end() || receipt.amount <= 0)
        return std::nullopt;
    if (receipt.kind != AccountKind::holding && receipt.kind != AccountKind::compliance)
        return std::nullopt;
    const GroupId group = whose->second.group;
    std::vector<GroupHolding> holdings = holdings_of(look, group);
    holdings.push_back({.group = group, .kind = receipt.kind, .amount = receipt.amount});
    const auto positions = group_positions(holdings, obligations_of(look.state, group), *limit);
    if (!positions) return HoldingCount{.limit = *limit, .counted = INT64_MAX};
    HoldingCount out{.limit = *limit, .counted = 0};
    for (const GroupPosition& position : *positions)
        out.counted = std::max(out.counted, position.counted);
    return out;
}

std::optional<std::int64_t> holding_room(const Look& look, ParticipantId participant) {
    const std::optional<HoldingCount> with_one =
        holding_with(look, {.participant = participant, .amount = 1});
    if (!with_one) return std::nullopt;
    return with_one->counted > with_one->limit ? 0 : with_one->limit - with_one->counted + 1;
}

std::int64_t holding_excess(const Look& look, GroupId group) {
    const std::optional<std::int64_t> limit = current_holding_limit(look.state, look.now);
    if (!limit) return 0;
    const auto positions =
        group_positions(holdings_of(look, group), obligations_of(look.state, group), *limit);
    if (!positions || positions->empty()) return 0;
    return positions->front().excess;
}

void review_holding(State& state, GroupId group, Timestamp at) {
    if (group == GroupId{} || !current_holding_limit(state, at)) return;
    state.due.insert(
        {at.us, DueKind::review_holding, {.high = 0, .low = static_cast<std::uint64_t>(group)}});
}

// ---- when its time has come

DueDecision decide_holding(const Look& look, const Due& due) {
    DueDecision out;
    // The limit of its own moment, whenever the next act comes.
    Look then = look;
    then.now = {due.at_us};
    out.number = holding_excess(then, GroupId{due.id.low});
    return out;
}

void fold_holding(State& state, const DueDone& done, const Due& due) {
    const GroupId group{due.id.low};
    HoldingCase* open = open_case(state, group);
    if (due.kind == DueKind::cure_holding) {
        if (open == nullptr) return;
        open->stage = CaseStage::cured;
        if (done.number <= 0) return;
        open->excess = done.number;
        // The rules of its own moment, whenever the next act comes.
        const bool sold = consigns(state, {due.at_us});
        open->stage = sold ? CaseStage::consigned : CaseStage::named;
        if (sold) consign(state, group, due.at_us);
        return;
    }
    if (done.number <= 0 || open != nullptr) return;
    const Timestamp at{due.at_us};
    const Period* period = period_at(state, at);
    if (period == nullptr) return;
    state.compliance.holding_cases.push_back(
        {.group = group, .opened = at, .excess = done.number, .stage = CaseStage::open});
    set_cure_date(state, state.compliance.holding_cases.back(), at);
}

void date_holding_cases(State& state, Timestamp now) {
    for (HoldingCase& each : state.compliance.holding_cases)
        if (each.stage == CaseStage::open && !each.cure_until) set_cure_date(state, each, now);
}

void review_freed(State& state, ParticipantId participant, Timestamp at) {
    const auto whose = state.participants.find(participant);
    if (whose == state.participants.end()) return;
    const GroupId group = whose->second.group;
    const auto& cases = state.compliance.holding_cases;
    const auto last = std::find_if(
        cases.rbegin(), cases.rend(), [&](const HoldingCase& each) { return each.group == group; });
    // By the rules of the moment in which it comes free: those of another year may name and not sell.
    if (last != cases.rend() && last->stage == CaseStage::consigned &&
        last->consigned < last->excess && consigns(state, at))
        consign(state, group, at.us);
    else
        review_holding(state, group, at);
}

// ---- consignment

DueDecision decide_consignment(const Look& look, const Due& due) {
    DueDecision out;
    const ParticipantYear whose = whose_due(due);
    const auto holder = look.state.participants.find(whose.participant);
    if (holder == look.state.participants.end() || whose.year > registry::kLastVintage) return out;
    Look then = look;
    then.now = {due.at_us};
    std::int64_t left = holding_excess(then, holder->second.group);
    const registry::Asset vintage = asset_of_year(whose.year);
    for (const auto& [id, account] : look.state.accounts) {
        if (account.participant != whose.participant || account.kind != AccountKind::holding)
            continue;
        const auto view = look.books.account(id);
        if (!view || view->status != AccountStatus::open) continue;
        const std::int64_t there = std::min(left, look.books.balance(id, vintage).available());
        if (there <= 0) continue;
        left -= there;
        out.number += there;
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = vintage,
                                .from = id,
                                .to = kConsignment,
                                .amount = there});
    }
    return out;
}

void fold_consignment(State& state, const DueDone& done, const Due& due) {
    if (done.reason != Reason::ok || done.number <= 0) return;
    const ParticipantYear whose = whose_due(due);
    const auto holder = state.participants.find(whose.participant);
    if (holder == state.participants.end()) return;
    std::int64_t& waits = state.compliance.consigned[whose];
    waits = sum_within(waits, done.number);
    auto& cases = state.compliance.holding_cases;
    for (auto at = cases.rbegin(); at != cases.rend(); ++at) {
        if (at->group != holder->second.group || at->stage != CaseStage::consigned) continue;
        at->consigned = sum_within(at->consigned, done.number);
        return;
    }
}

Decision decide(const Look& look, const ReleaseConsignment& c) {
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    if (c.quantity <= 0) return Reason::amount_not_positive;
    const auto waits =
        look.state.compliance.consigned.find({.participant = c.participant, .year = c.vintage});
    // What is in an auction's notice is for sale until it is over.
    if (waits == look.state.compliance.consigned.end() ||
        waits->second - in_notices(look.state, waits->first) < c.quantity)
        return Reason::not_consigned;
    const AccountId to = first_account(look.state, c.participant, AccountKind::holding);
    if (to == AccountId{}) return Reason::no_holding_account;
    if (const Reason r = check_holding(
            look,
            {.participant = c.participant, .kind = AccountKind::holding, .amount = c.quantity});
        r != Reason::ok)
        return r;
    Decision out;
    out.postings.push_back({.op = registry::Op::transfer,
                            .asset = asset_of_year(c.vintage),
                            .from = kConsignment,
                            .to = to,
                            .amount = c.quantity});
    return out;
}

void fold(State& state, const Done& /*done*/, const ReleaseConsignment& c) {
    const auto waits =
        state.compliance.consigned.find({.participant = c.participant, .year = c.vintage});
    if (waits == state.compliance.consigned.end()) return;
    waits->second = sum_within(0, Int128{waits->second} - c.quantity);
    if (waits->second <= 0) state.compliance.consigned.erase(waits);
}

}  // namespace abate::scheme
