// A year's moments; its cap and benchmark, proposed, objected to, final; the cap issued.
#include "abate/scheme/period.h"

#include "abate/scheme/decide.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/supervision.h"

#include <algorithm>

namespace abate::scheme {
namespace {

constexpr std::size_t kMostObjections = 10;  // of a participant to one version

// Calendar days as hours: the day on which clocks go forward has 23.
std::int64_t days_us(std::int64_t calendar_days) { return hours_us(24 * calendar_days - 1); }

Period* period_in(State& state, std::int64_t year) {
    const auto found = state.period.years.find(year);
    return found == state.period.years.end() ? nullptr : &found->second;
}

// Of a Period that may be changed, or may not.
template <class P>
auto* steps_of(P& period, StatementKind kind) {
    using Found = decltype(&period.cap->steps);
    switch (kind) {
        case StatementKind::cap:
            return period.cap ? &period.cap->steps : nullptr;
        case StatementKind::benchmark:
            return period.benchmark ? &period.benchmark->steps : nullptr;
        case StatementKind::allocation:
            return period.allocation ? &period.allocation->steps : nullptr;
    }
    return Found{nullptr};
}

// What every proposal is asked first.
template <class C>
Reason check_proposal(const Look& look, StatementKind kind, const C& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    const Steps* steps = steps_of(*period, kind);
    if (steps != nullptr && steps->stage != Stage::proposed) return Reason::statement_already_final;
    if (c.text.size() > kMaxText) return Reason::text_too_long;
    if (c.objections_until.us > kLastMomentUs) return Reason::period_moments_invalid;
    if (c.objections_until.us < look.now.us + days_us(period->rules.benchmark.objection_days))
        return Reason::objection_window_too_short;
    return Reason::ok;
}

template <class C>
void propose(Steps& steps, const Done& done, const C& c) {
    steps.stage = Stage::proposed;
    ++steps.version;
    steps.proposed = done.at;
    steps.objections_until = c.objections_until;
    steps.text = c.text;
    steps.answer.clear();
}

// Where there is no cap, the operator says what it issues beside the free allocation.
Reason check_cap(const State& state, std::int64_t year, const CapParts& parts) {
    const Derived<CapParts> right = derive_cap(state, year);
    if (right.reason != Reason::ok) return right.reason;
    if (has_cap(find_period(state, year)->rules))
        return parts == right.value ? Reason::ok : Reason::cap_differs;
    constexpr std::int64_t kMost = 1'000'000'000'000'000'000;
    for (const std::int64_t part :
         {parts.auction, parts.entrant_reserve, parts.containment_reserve})
        if (part < 0 || part > kMost) return Reason::cap_differs;
    const Int128 sum = Int128{parts.free_ceiling} + parts.auction + parts.entrant_reserve +
                       parts.containment_reserve;
    CapParts said = right.value;
    said.cap = parts.cap;
    said.auction = parts.auction;
    said.entrant_reserve = parts.entrant_reserve;
    said.containment_reserve = parts.containment_reserve;
    return parts == said && sum == parts.cap ? Reason::ok : Reason::cap_differs;
}

struct BenchmarkCheck {
    std::int64_t year;
    std::int64_t sample_year;
    const std::vector<BenchmarkLine>& lines;
};
Reason check_benchmark(const State& state, const BenchmarkCheck& check) {
    const auto right =
        derive_benchmark(state, {.year = check.year, .sample_year = check.sample_year});
    if (right.reason != Reason::ok) return right.reason;
    if (right.value.empty()) return Reason::sample_empty;
    return check.lines == right.value ? Reason::ok : Reason::benchmark_differs;
}

Reason check_allocation(const State& state, std::int64_t year, const AllocationTable& table) {
    const Derived<AllocationTable> right = derive_allocation(state, year);
    if (right.reason != Reason::ok) return right.reason;
    return table == right.value ? Reason::ok : Reason::allocation_differs;
}

// Out of the stability reserve for auction, the oldest vintage first. False: it has not so many.
bool release(const registry::Registry& books,
             std::int64_t amount,
             std::vector<registry::Command>& postings) {
    if (amount <= 0) return true;
    const auto view = books.account(kStabilityReserve);
    if (!view) return false;
    for (const registry::Balance& balance : view->balances) {
        const std::int64_t there = std::min(amount, balance.available());
        if (there <= 0) continue;
        amount -= there;
        postings.push_back({.op = registry::Op::transfer,
                            .asset = balance.asset,
                            .from = kStabilityReserve,
                            .to = kAuction,
                            .amount = there});
    }
    return amount == 0;
}

// Does the proposal still follow from what is known now.
bool is_up_to_date(const State& state, const Period& period, const FinaliseStatement& c) {
    switch (c.kind) {
        case StatementKind::cap:
            return check_cap(state, c.year, period.cap->parts) == Reason::ok;
        case StatementKind::benchmark:
            return check_benchmark(state,
                                   {.year = c.year,
                                    .sample_year = period.benchmark->sample_year,
                                    .lines = period.benchmark->lines}) == Reason::ok;
        case StatementKind::allocation:
            return check_allocation(state, c.year, period.allocation->table) == Reason::ok;
    }
    return false;
}

}  // namespace

// ---- the year

std::int64_t next_year(const State& state) {
    const auto& years = state.period.years;
    return years.empty() ? state.rules.cap.first_year : years.rbegin()->first + 1;
}

Decision decide(const Look& look, const OpenPeriod& c) {
    if (c.year < registry::kFirstVintage || c.year > registry::kLastVintage ||
        c.year != next_year(look.state))
        return Reason::period_not_next;
    const auto& years = look.state.period.years;
    if (!years.empty() && c.begin != years.rbegin()->second.moments.end)
        return Reason::period_moments_invalid;
    if (c.begin >= c.end || c.end > c.report_due || c.report_due > c.surrender_due ||
        c.surrender_due > c.penalty_objections_until || c.surrender_due <= look.now ||
        c.penalty_objections_until.us > kLastMomentUs || c.begin.us < 0)
        return Reason::period_moments_invalid;
    if (c.penalty_objections_until.us <
        c.surrender_due.us + days_us(look.state.rules.compliance.objection_days))
        return Reason::objection_window_too_short;
    if (c.tz_version.size() > kMaxName) return Reason::text_too_long;
    return {};
}

void fold(State& state, const Done& /*done*/, const OpenPeriod& c) {
    Period& period = state.period.years[c.year];
    period.moments = c;
    period.rules = state.rules;
    open_monitoring_year(
        state, c.year, {.begin = c.begin, .end = c.end, .report_due = c.report_due});
    const TransferId id{.high = static_cast<std::uint64_t>(c.year), .low = 0};
    state.due.insert({c.begin.us, DueKind::begin_period, id});
    state.due.insert({c.surrender_due.us, DueKind::surrender_due, id});
    // Opened late: figures may be final already.
    for (const auto& [whose, figures] : state.monitoring.figures)
        if (whose.year == c.year) on_final_figures(state, figures);
}

// ---- statements

Decision decide(const Look& look, const ProposeCap& c) {
    if (const Reason r = check_proposal(look, StatementKind::cap, c); r != Reason::ok) return r;
    return check_cap(look.state, c.year, c.parts);
}

void fold(State& state, const Done& done, const ProposeCap& c) {
    Period* period = period_in(state, c.year);
    if (period == nullptr) return;
    if (!period->cap) period->cap.emplace();
    propose(period->cap->steps, done, c);
    period->cap->parts = c.parts;
    end_embargo(state, {Release::cap, c.year}, done.at);
}

Decision decide(const Look& look, const ProposeBenchmark& c) {
    if (const Reason r = check_proposal(look, StatementKind::benchmark, c); r != Reason::ok)
        return r;
    if (c.lines.size() > kMostRows) return Reason::list_too_long;
    return check_benchmark(look.state,
                           {.year = c.year, .sample_year = c.sample_year, .lines = c.lines});
}

void fold(State& state, const Done& done, const ProposeBenchmark& c) {
    Period* period = period_in(state, c.year);
    if (period == nullptr) return;
    if (!period->benchmark) period->benchmark.emplace();
    propose(period->benchmark->steps, done, c);
    period->benchmark->sample_year = c.sample_year;
    period->benchmark->lines = c.lines;
    end_embargo(state, {Release::benchmark, c.year}, done.at);
}

Decision decide(const Look& look, const ProposeAllocation& c) {
    if (const Reason r = check_proposal(look, StatementKind::allocation, c); r != Reason::ok)
        return r;
    if (c.table.lines.size() > kMostRows || c.table.left_out.size() > kMostRows)
        return Reason::list_too_long;
    return check_allocation(look.state, c.year, c.table);
}

void fold(State& state, const Done& done, const ProposeAllocation& c) {
    Period* period = period_in(state, c.year);
    if (period == nullptr) return;
    if (!period->allocation) period->allocation.emplace();
    propose(period->allocation->steps, done, c);
    period->allocation->table = c.table;
}

Decision decide(const Look& look, const ObjectToStatement& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    const Steps* steps = steps_of(*period, c.kind);
    if (steps == nullptr) return Reason::statement_not_proposed;
    if (steps->stage != Stage::proposed) return Reason::statement_already_final;
    if (look.now >= steps->objections_until) return Reason::objection_window_over;
    if (c.text.empty()) return Reason::name_empty;
    if (c.text.size() > kMaxText) return Reason::text_too_long;
    std::size_t before = 0;
    for (const Objection& objection : steps->objections)
        if (objection.participant == c.participant && objection.version == steps->version) ++before;
    return before < kMostObjections ? Reason::ok : Reason::too_many_objections;
}

void fold(State& state, const Done& done, const ObjectToStatement& c) {
    Period* period = period_in(state, c.year);
    Steps* steps = period == nullptr ? nullptr : steps_of(*period, c.kind);
    if (steps == nullptr) return;
    steps->objections.push_back(
        {.participant = c.participant, .version = steps->version, .at = done.at, .text = c.text});
}

Decision decide(const Look& look, const FinaliseStatement& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    const Steps* steps = steps_of(*period, c.kind);
    if (steps == nullptr) return Reason::statement_not_proposed;
    if (steps->stage != Stage::proposed) return Reason::statement_already_final;
    if (look.now < steps->objections_until) return Reason::objection_window_open;
    if (c.answer.size() > kMaxText) return Reason::text_too_long;
    for (const Objection& objection : steps->objections)
        if (objection.version == steps->version && c.answer.empty())
            return Reason::objections_unanswered;
    return is_up_to_date(look.state, *period, c) ? Reason::ok : Reason::statement_out_of_date;
}

void fold(State& state, const Done& done, const FinaliseStatement& c) {
    Period* period = period_in(state, c.year);
    Steps* steps = period == nullptr ? nullptr : steps_of(*period, c.kind);
    if (steps == nullptr) return;
    steps->stage = Stage::finalised;
    steps->answer = c.answer;
    steps->finalised = done.at;
    if (c.kind == StatementKind::benchmark)
        end_embargo(state, {Release::benchmark, c.year}, done.at);
    if (c.kind == StatementKind::cap) end_embargo(state, {Release::cap, c.year}, done.at);
    if (c.kind == StatementKind::cap)
        for (const auto& [group, title] : state.groups) review_holding(state, group, done.at);
    if (c.kind != StatementKind::allocation) return;
    // What the next year's level is compared with.
    for (const AllocationLine& line : period->allocation->table.lines) {
        const ActivityKey key{
            .participant = line.participant, .service_class = line.service_class, .year = c.year};
        const Activity* before = activity_before(state, key);
        if (before == nullptr) continue;
        state.period.activity[key] = {.first_whole_year = before->first_whole_year,
                                      .historical_gflop = line.historical_gflop,
                                      .twice_basis_gflop = line.twice_basis_gflop,
                                      .band = line.band,
                                      .decided = true};
    }
}

// ---- issuing

Decision decide(const Look& look, const IssueCap& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    if (!period->cap || period->cap->steps.stage == Stage::proposed) return Reason::cap_not_final;
    if (period->cap->steps.stage == Stage::issued) return Reason::cap_already_issued;
    const CapParts& parts = period->cap->parts;
    const registry::Asset vintage = asset_of_year(c.year);
    // The issuance account is minus what was issued.
    if (look.books.balance(kIssuance, vintage).posted < 0) return Reason::issued_above_cap;
    struct Pot {
        AccountId account;
        std::int64_t amount;
    };
    Decision out;
    for (const Pot& pot : {Pot{kFreePot, parts.free_ceiling},
                           Pot{kAuction, parts.auction},
                           Pot{kEntrantReserve, parts.entrant_reserve},
                           Pot{kContainmentReserve, parts.containment_reserve},
                           Pot{kStabilityReserve, parts.withheld}})
        if (pot.amount > 0)
            out.postings.push_back({.op = registry::Op::issue,
                                    .asset = vintage,
                                    .from = kIssuance,
                                    .to = pot.account,
                                    .amount = pot.amount});
    if (!release(look.books, parts.released, out.postings))
        return registry::Reason::insufficient_balance;
    return out;
}

void fold(State& state, const Done& /*done*/, const IssueCap& c) {
    Period* period = period_in(state, c.year);
    if (period == nullptr || !period->cap) return;
    period->cap->steps.stage = Stage::issued;
    const CapParts& parts = period->cap->parts;
    std::int64_t& reserve = state.period.in_stability_reserve;
    reserve = sum_within(reserve, Int128{parts.withheld} - parts.released);
}

// ---- what is in circulation

Decision decide(const Look& look, const PublishCirculation& c) {
    const Derived<Circulation> right = derive_circulation(look.state, look.books, c.year);
    if (right.reason != Reason::ok) return right.reason;
    if (const Reason r = check_publishing(look.state, c.year, look.now); r != Reason::ok) return r;
    return c.figures == right.value ? Reason::ok : Reason::circulation_differs;
}

void fold(State& state, const Done& done, const PublishCirculation& c) {
    state.period.circulation[c.year] = {.figures = c.figures, .at = done.at};
}

// ---- when its time has come

void fold_begin_period(State& state, const Due& due) {
    for (const auto& [group, title] : state.groups) review_holding(state, group, {due.at_us});
}

}  // namespace abate::scheme
