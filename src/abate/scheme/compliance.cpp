// Obligations, surrender, penalties, claw-back, banking, publication.
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/exact.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/obligation.h"
#include "abate/scheme/period.h"
#include "abate/scheme/supervision.h"

#include <algorithm>

namespace abate::scheme {
namespace {

constexpr std::size_t kMostPublished = 65'536;

std::int64_t clamped(Int128 value) { return sum_within(0, value); }

const Obligation* obligation_in(const State& state, const ParticipantYear& whose) {
    const auto found = state.compliance.obligations.find(whose);
    return found == state.compliance.obligations.end() ? nullptr : &found->second;
}

// Of the verified figure; nothing below the threshold.
std::int64_t base_of(const State& state,
                     const Obligation& obligation,
                     const ParticipantYear& whose,
                     const GroupTotals& totals) {
    const Period* period = find_period(state, whose.year);
    if (period == nullptr || !is_covered(state, period->rules, whose.participant, totals)) return 0;
    return obligation.allowances;
}

// A difference that belongs to a year that is over goes to the first one that is not.
void carry(State& state, ParticipantYear whose, std::int64_t amount) {
    if (amount == 0) return;
    for (++whose.year;; ++whose.year) {
        Obligation& next = state.compliance.obligations[whose];
        if (next.fixed) continue;
        next.carried = clamped(Int128{next.carried} + amount);
        return;
    }
}

// What was not made good of earlier years is owed with this one.
std::int64_t take_make_good(State& state, const ParticipantYear& whose) {
    Int128 out = 0;
    auto& all = state.compliance.obligations;
    for (auto at = all.lower_bound({.participant = whose.participant, .year = INT64_MIN});
         at != all.end() && at->first < whose;
         ++at) {
        Obligation& earlier = at->second;
        if (earlier.make_good <= earlier.made_good) continue;
        out += earlier.make_good - earlier.made_good;
        earlier.make_good = earlier.made_good;
    }
    return clamped(out);
}

// The deadline has passed: what is missing now is missing.
void fix_obligation(State& state,
                    const Period& period,
                    const ParticipantYear& whose,
                    const GroupTotals& totals,
                    Timestamp at) {
    const std::int64_t not_made_good = take_make_good(state, whose);
    Obligation& it = state.compliance.obligations[whose];
    it.carried = clamped(Int128{it.carried} + not_made_good);
    it.counted = base_of(state, it, whose, totals);
    it.fixed = true;
    const std::int64_t owed = clamped(Int128{it.counted} + it.carried);
    if (it.surrendered >= owed) {
        carry(state, whose, clamped(Int128{owed} - it.surrendered));
        return;
    }
    const ComplianceRules& rules = period.rules.compliance;
    it.shortfall = clamped(Int128{owed} - it.surrendered);
    const Result<MakeGood> due =
        make_good(it.shortfall, {.factor_ppm = static_cast<std::uint32_t>(rules.make_good.value)});
    it.make_good = due ? due->due : INT64_MAX;
    const Timestamp usual = period.moments.penalty_objections_until;
    // Figures that came late: the window is as long as for the others.
    const Timestamp late = after_hours(at, 24 * rules.objection_days);
    state.compliance.penalties[whose] = {
        .shortfall = it.shortfall,
        .amount_micro = clamped(Int128{it.shortfall} * rules.penalty_micro_per_allowance),
        .notified = at,
        .objections_until = std::max(usual, late)};
}

// Allowances of one account, as far as a year's end lets them be told from later ones.
struct OldBalance {
    AccountId account{};
    AccountKind kind{};
    bool open = false;
    registry::Balance balance = {};
};
std::vector<OldBalance> old_balances(const Look& look, const ParticipantYear& whose) {
    std::vector<OldBalance> out;
    // What can be moved freely first; then by age.
    for (const AccountKind kind : {AccountKind::holding, AccountKind::compliance})
        for (const auto& [id, account] : look.state.accounts) {
            if (account.participant != whose.participant || account.kind != kind) continue;
            const auto view = look.books.account(id);
            if (!view) continue;
            for (const registry::Balance& balance : view->balances)
                if (balance.asset != registry::Asset::cash &&
                    static_cast<std::int64_t>(balance.asset) <= whose.year && balance.posted > 0)
                    out.push_back({.account = id,
                                   .kind = kind,
                                   .open = view->status == AccountStatus::open,
                                   .balance = balance});
        }
    std::stable_sort(out.begin(), out.end(), [](const OldBalance& a, const OldBalance& b) {
        return a.kind != b.kind ? a.kind == AccountKind::holding
                                : a.balance.asset < b.balance.asset;
    });
    return out;
}

}  // namespace

// ---- obligations

namespace {

// Groups' totals of a year, worked out for each that asks.
auto fresh_totals(const State& state) {
    return [&state](const Period& period) {
        return group_totals(state, period.rules, period.moments.year);
    };
}

// `totals` gives those of a year, where they are asked for.
template <class Totals>
Int128 owed_of(const State& state,
               const ParticipantYear& whose,
               const Obligation& it,
               const Totals& totals) {
    if (it.fixed) return Int128{it.counted} + it.carried;
    const Period* period = find_period(state, whose.year);
    if (period == nullptr) return it.carried;
    return Int128{it.carried} + base_of(state, it, whose, totals(*period));
}

template <class Totals>
std::int64_t outstanding_of(const State& state,
                            const ParticipantYear& whose,
                            const Obligation& it,
                            const Totals& totals) {
    const Int128 left = it.fixed ? Int128{it.make_good} - it.made_good
                                 : owed_of(state, whose, it, totals) - it.surrendered;
    return clamped(std::max(Int128{0}, left));
}

}  // namespace

std::int64_t owed_allowances(const State& state, const ParticipantYear& whose) {
    const Obligation* it = obligation_in(state, whose);
    return it == nullptr ? 0 : clamped(owed_of(state, whose, *it, fresh_totals(state)));
}

Int128 exact_penalty_micro(const State& state, const ParticipantYear& whose) {
    const auto found = state.compliance.penalties.find(whose);
    const Period* period = find_period(state, whose.year);
    if (found == state.compliance.penalties.end() || period == nullptr) return 0;
    return Int128{found->second.shortfall} * period->rules.compliance.penalty_micro_per_allowance;
}

std::int64_t outstanding_allowances(const State& state, const ParticipantYear& whose) {
    const Obligation* it = obligation_in(state, whose);
    return it == nullptr ? 0 : outstanding_of(state, whose, *it, fresh_totals(state));
}

std::optional<std::int64_t> needed_allowances(const State& state, const ParticipantYear& whose) {
    const auto final_in = [&](std::int64_t year) {
        const Obligation* it = obligation_in(state, {whose.participant, year});
        return it != nullptr && it->figures_version > 0 ? it : nullptr;
    };
    if (final_in(whose.year) != nullptr)
        return std::max<std::int64_t>(0, outstanding_allowances(state, whose));
    std::int64_t year = whose.year - 1;
    for (; find_period(state, year) != nullptr; --year)
        if (const Obligation* before = final_in(year)) return before->allowances;
    const auto baseline = state.period.baseline.find({whose.participant, year});
    const Period* period = find_period(state, whose.year);
    if (baseline == state.period.baseline.end() || period == nullptr) return std::nullopt;
    const Result<std::int64_t> owed =
        obligation(baseline->second.obligated, unit_of(period->rules));
    return owed ? std::optional(*owed) : std::nullopt;
}

std::int64_t outstanding_of_all(const State& state, std::int64_t year) {
    std::map<std::int64_t, GroupTotals> known;  // once a year, not once a participant
    const auto totals = [&](const Period& period) -> const GroupTotals& {
        const auto found = known.find(period.moments.year);
        return found != known.end()
                   ? found->second
                   : known.emplace(period.moments.year, fresh_totals(state)(period)).first->second;
    };
    Int128 sum = 0;
    for (const auto& [whose, it] : state.compliance.obligations)
        if (whose.year <= year) sum += outstanding_of(state, whose, it, totals);
    return clamped(sum);
}

void on_final_figures(State& state, const FinalFigures& figures) {
    const ParticipantYear whose{.participant = figures.participant, .year = figures.year};
    const Period* period = find_period(state, figures.year);
    if (period == nullptr || state.participants.count(figures.participant) == 0) return;
    const GroupTotals totals = group_totals(state, period->rules, figures.year);
    Obligation& it = state.compliance.obligations[whose];
    if (figures.version <= it.figures_version) return;
    const bool first = it.figures_version == 0;
    it.figures_version = figures.version;
    const std::int64_t allowances = allowances_for(figures.obligated, period->rules);
    const bool over = state.compliance.without_figures.count(figures.year) != 0;  // the deadline
    if (first) {
        it.allowances = allowances;
        if (over) fix_obligation(state, *period, whose, totals, figures.at);
    } else {
        const std::int64_t was = it.fixed ? it.counted : base_of(state, it, whose, totals);
        const bool covered =
            it.surrendered > 0 && Int128{it.surrendered} >= Int128{was} + it.carried;
        if (it.fixed || covered) {
            Obligation now = it;
            now.allowances = allowances;
            const std::int64_t difference =
                clamped(Int128{base_of(state, now, whose, totals)} - was - it.corrected);
            it.corrected = clamped(Int128{it.corrected} + difference);
            carry(state, whose, difference);
        } else {
            it.allowances = allowances;
        }
    }
    if (!over) return;
    // Late figures may lift a group over the threshold: the others owe with their next year.
    const GroupId group = state.participants.find(figures.participant)->second.group;
    for (const auto& [participant, entry] : state.participants) {
        const ParticipantYear other{.participant = participant, .year = figures.year};
        const auto found = state.compliance.obligations.find(other);
        if (entry.group != group || participant == figures.participant ||
            found == state.compliance.obligations.end() || !found->second.fixed)
            continue;
        Obligation& of_it = found->second;
        if (of_it.counted != 0 || of_it.corrected != 0) continue;
        of_it.corrected = base_of(state, of_it, other, totals);
        carry(state, other, of_it.corrected);
    }
}

void fold_surrender_due(State& state, const Due& due) {
    const auto year = static_cast<std::int64_t>(due.id.high);
    const Period* period = find_period(state, year);
    if (period == nullptr) return;
    const GroupTotals totals = group_totals(state, period->rules, year);
    std::vector<ParticipantId>& without = state.compliance.without_figures[year];
    for (const auto& [participant, entry] : state.participants) {
        const ParticipantYear whose{.participant = participant, .year = year};
        const Obligation* it = obligation_in(state, whose);
        // Who has ceased has no figures of the year, and may owe what earlier ones left.
        const bool ceased = !operates_in(state, whose);
        if (it != nullptr && (it->figures_version != 0 || (ceased && it->carried > 0))) {
            // At the deadline, whenever the next act comes: the window for objections begins there.
            fix_obligation(state, *period, whose, totals, {due.at_us});
        } else if (is_obligated(entry.sort) && !ceased) {
            without.push_back(participant);
        }
        if (period->rules.compliance.banking != Banking::unlimited &&
            entry.sort != ParticipantSort::verifier)
            state.due.insert({due.at_us,
                              DueKind::close_bank,
                              {.high = static_cast<std::uint64_t>(year),
                               .low = static_cast<std::uint64_t>(participant)}});
    }
}

// ---- surrender

Decision decide(const Look& look, const Surrender& c) {
    if (const Reason r = check_account_of(look.state, c.participant, c.from); r != Reason::ok)
        return r;
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    const Obligation* it = obligation_in(look.state, whose);
    if (it == nullptr || (it->figures_version == 0 && operates_in(look.state, whose)))
        return Reason::no_obligation;
    if (c.quantity <= 0) return Reason::amount_not_positive;
    const std::int64_t outstanding = outstanding_allowances(look.state, whose);
    if (outstanding == 0) return Reason::nothing_owed;
    if (c.quantity > outstanding) return Reason::surrender_exceeds_obligation;
    const ComplianceRules& rules = period->rules.compliance;
    if (c.vintage > c.year + 1) return Reason::vintage_after_year;
    if (c.vintage > c.year && !it->fixed) {
        if (rules.borrowing.value == 0) return Reason::vintage_after_year;
        const std::int64_t limit =
            part_of(std::max<std::int64_t>(0, owed_allowances(look.state, whose)), rules.borrowing);
        if (c.quantity > limit - it->borrowed) return Reason::borrowing_limit;
    }
    if (c.vintage < c.year && rules.banking == Banking::none) return Reason::vintage_not_banked;
    Decision out;
    out.postings.push_back({.op = registry::Op::surrender,
                            .asset = asset_of_year(c.vintage),
                            .period = static_cast<std::uint32_t>(c.year),
                            .from = c.from,
                            .to = kRetirement,
                            .amount = c.quantity});
    return out;
}

void fold(State& state, const Done& /*done*/, const Surrender& c) {
    const auto found =
        state.compliance.obligations.find({.participant = c.participant, .year = c.year});
    if (found == state.compliance.obligations.end()) return;
    Obligation& it = found->second;
    std::int64_t& counts = it.fixed ? it.made_good : it.surrendered;
    counts = clamped(Int128{counts} + c.quantity);
    if (!it.fixed && c.vintage > c.year) it.borrowed = clamped(Int128{it.borrowed} + c.quantity);
}

// ---- penalties

namespace {

Penalty* penalty_in(State& state, const ParticipantYear& whose) {
    const auto found = state.compliance.penalties.find(whose);
    return found == state.compliance.penalties.end() ? nullptr : &found->second;
}

}  // namespace

Decision decide(const Look& look, const ObjectPenalty& c) {
    const auto found =
        look.state.compliance.penalties.find({.participant = c.participant, .year = c.year});
    if (found == look.state.compliance.penalties.end()) return Reason::penalty_not_found;
    const Penalty& penalty = found->second;
    if (penalty.stage != PenaltyStage::notified) return Reason::penalty_already_final;
    if (look.now >= penalty.objections_until) return Reason::objection_window_over;
    if (!penalty.objection.empty()) return Reason::penalty_already_objected;
    if (c.text.empty()) return Reason::name_empty;
    return c.text.size() > kMaxText ? Reason::text_too_long : Reason::ok;
}

void fold(State& state, const Done& /*done*/, const ObjectPenalty& c) {
    if (Penalty* penalty = penalty_in(state, {.participant = c.participant, .year = c.year}))
        penalty->objection = c.text;
}

Decision decide(const Look& look, const FinalisePenalty& c) {
    const auto found =
        look.state.compliance.penalties.find({.participant = c.participant, .year = c.year});
    if (found == look.state.compliance.penalties.end()) return Reason::penalty_not_found;
    const Penalty& penalty = found->second;
    if (penalty.stage != PenaltyStage::notified) return Reason::penalty_already_final;
    // Who has objected has said what there is to say.
    if (look.now < penalty.objections_until && penalty.objection.empty())
        return Reason::objection_window_open;
    if (c.reason.empty() && (!c.upheld || !penalty.objection.empty()))
        return Reason::reason_missing;
    return c.reason.size() > kMaxText ? Reason::text_too_long : Reason::ok;
}

void fold(State& state, const Done& done, const FinalisePenalty& c) {
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    Penalty* penalty = penalty_in(state, whose);
    if (penalty == nullptr) return;
    penalty->reason = c.reason;
    penalty->decided = done.at;
    if (c.upheld) {
        penalty->stage = PenaltyStage::upheld;
        if (penalty->amount_micro == 0) {
            penalty->stage = PenaltyStage::paid;
            penalty->paid = done.at;
        }
        return;
    }
    penalty->stage = PenaltyStage::cancelled;
    const auto found = state.compliance.obligations.find(whose);
    if (found == state.compliance.obligations.end()) return;
    Obligation& it = found->second;
    it.make_good = std::max(it.made_good, std::min(it.make_good, it.shortfall));
}

Decision decide(const Look& look, const PayPenalty& c) {
    const auto found =
        look.state.compliance.penalties.find({.participant = c.participant, .year = c.year});
    if (found == look.state.compliance.penalties.end()) return Reason::penalty_not_found;
    switch (found->second.stage) {
        case PenaltyStage::notified:
            return Reason::penalty_not_final;
        case PenaltyStage::cancelled:
            return Reason::penalty_cancelled;
        case PenaltyStage::paid:
            return Reason::penalty_already_paid;
        case PenaltyStage::upheld:
            break;
    }
    if (exact_penalty_micro(look.state, {.participant = c.participant, .year = c.year}) >
        found->second.amount_micro)
        return Reason::penalty_out_of_range;
    if (const Reason r = check_account_of(look.state, c.participant, c.from); r != Reason::ok)
        return r;
    Decision out;
    out.postings.push_back({.op = registry::Op::transfer,
                            .asset = registry::Asset::cash,
                            .from = c.from,
                            .to = kPenalties,
                            .amount = found->second.amount_micro});
    return out;
}

void fold(State& state, const Done& done, const PayPenalty& c) {
    Penalty* penalty = penalty_in(state, {.participant = c.participant, .year = c.year});
    if (penalty == nullptr) return;
    penalty->stage = PenaltyStage::paid;
    penalty->paid = done.at;
}

// ---- claw-back

std::int64_t over_allocated(const State& state, const ActivityKey& whose) {
    const auto returned =
        state.compliance.returned.find({.participant = whose.participant, .year = whose.year});
    // What came back by itself counts for the first class, then for the next.
    Int128 left = returned == state.compliance.returned.end() ? 0 : returned->second;
    for (auto at = state.period.given.lower_bound(
             {.participant = whose.participant, .service_class = {}, .year = INT64_MIN});
         at != state.period.given.end() && at->first.participant == whose.participant;
         ++at) {
        if (at->first.year != whose.year) continue;
        const Int128 over =
            std::max(Int128{0}, Int128{at->second} - deserved_allowances(state, at->first));
        const Int128 used = std::min(over, left);
        left -= used;
        if (at->first == whose) return clamped(over - used);
    }
    return 0;
}

Decision decide(const Look& look, const ClawBack& c) {
    if (find_period(look.state, c.year) == nullptr) return Reason::period_not_open;
    if (look.state.participants.count(c.participant) == 0) return Reason::unknown_participant;
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    if (c.quantity <= 0) return Reason::amount_not_positive;
    if (c.quantity >
        over_allocated(
            look.state,
            {.participant = c.participant, .service_class = c.service_class, .year = c.year}))
        return Reason::not_over_allocated;
    const AccountId deficit = first_account(look.state, c.participant, AccountKind::deficit);
    if (deficit == AccountId{}) return Reason::no_deficit_account;
    const registry::Asset vintage = asset_of_year(c.year);
    const auto claw = [&](AccountId from, std::int64_t amount) {
        return registry::Command{.op = registry::Op::claw_back,
                                 .asset = vintage,
                                 .from = from,
                                 .to = kEntrantReserve,
                                 .deficit = deficit,
                                 .amount = amount};
    };
    Decision out;
    std::int64_t left = c.quantity;
    AccountId last{};
    for (const AccountKind kind : {AccountKind::holding, AccountKind::compliance})
        for (const auto& [id, account] : look.state.accounts) {
            if (account.participant != c.participant || account.kind != kind || account.closed)
                continue;
            last = id;
            const std::int64_t there = std::min(left, look.books.balance(id, vintage).available());
            if (there <= 0) continue;
            left -= there;
            out.postings.push_back(claw(id, there));
        }
    if (last == AccountId{}) return Reason::no_holding_account;
    // An account that has nothing left gives the rest as a debt.
    if (left > 0) {
        const auto emptied =
            std::find_if(out.postings.begin(), out.postings.end(), [&](const registry::Command& p) {
                return p.from == last;
            });
        if (emptied != out.postings.end()) {
            emptied->amount += left;
        } else {
            out.postings.push_back(claw(last, left));
        }
    }
    out.number = left;
    return out;
}

void fold(State& state, const Done& done, const ClawBack& c) {
    const auto given = state.period.given.find(
        {.participant = c.participant, .service_class = c.service_class, .year = c.year});
    if (given != state.period.given.end())
        given->second = clamped(Int128{given->second} - c.quantity);
    state.compliance.claw_backs.push_back({.asked = c, .from_deficit = done.number, .at = done.at});
}

// ---- banking

void note_sale(State& state, const Sale& sale) {
    if (group_of(state, sale.seller) == group_of(state, sale.buyer)) return;
    const auto add = [&](ParticipantId participant, Int128 quantity) {
        if (state.participants.count(participant) == 0) return;
        std::int64_t& sum = state.compliance.net_sales[participant];
        sum = sum_within(sum, quantity);
    };
    add(sale.seller, sale.quantity);
    add(sale.buyer, -Int128{sale.quantity});
}

DueDecision decide_close_bank(const Look& look, const Due& due) {
    DueDecision out;
    const ParticipantYear whose = whose_due(due);
    const Period* period = find_period(look.state, whose.year);
    if (period == nullptr) return out;
    const ComplianceRules& rules = period->rules.compliance;
    const std::vector<OldBalance> balances = old_balances(look, whose);
    // What is outstanding may still be made good with them.
    Int128 left = -Int128{outstanding_allowances(look.state, whose)};
    for (const OldBalance& old : balances) left += old.balance.posted;
    const bool limited = rules.banking == Banking::limited;
    const auto sold = look.state.compliance.net_sales.find(whose.participant);
    const Result<Banked> banked = bank(
        {.left = clamped(std::max(Int128{0}, left)),
         .net_sales = sold == look.state.compliance.net_sales.end() ? 0 : sold->second},
        {.limited = true,
         .flat = limited ? rules.banking_base : 0,
         .sales_ppm = limited ? static_cast<std::uint32_t>(rules.banking_net_sales.value) : 0});
    Int128 excess = banked ? banked->expired : 0;
    const AccountId deficit = first_account(look.state, whose.participant, AccountKind::deficit);
    for (const OldBalance& old : balances) {
        if (excess <= 0) break;
        const bool claws = old.kind == AccountKind::compliance;
        if (claws ? deficit == AccountId{} : !old.open) continue;
        const std::int64_t amount = clamped(std::min(excess, Int128{old.balance.available()}));
        if (amount <= 0) continue;
        excess -= amount;
        out.postings.push_back({.op = claws ? registry::Op::claw_back : registry::Op::transfer,
                                .asset = old.balance.asset,
                                .from = old.account,
                                .to = kContainmentReserve,
                                .deficit = claws ? deficit : AccountId{},
                                .amount = amount});
    }
    out.number = clamped(std::max(Int128{0}, excess));
    return out;
}

void fold_close_bank(State& state, const DueDone& done, const Due& due) {
    state.compliance.bank_closes[whose_due(due)] = {
        .at = done.at, .moved = done.reason == Reason::ok, .left = done.number};
}

// ---- publication

std::vector<ParticipantYear> published_penalties(const State& state) {
    std::vector<ParticipantYear> out;
    for (const auto& [whose, penalty] : state.compliance.penalties)
        if (penalty.stage == PenaltyStage::upheld || penalty.stage == PenaltyStage::paid)
            out.push_back(whose);
    return out;
}

Decision decide(const Look& /*look*/, const Publish& c) {
    if (c.what.empty() || c.text.empty()) return Reason::name_empty;
    return c.what.size() > kMaxName || c.text.size() > kMostPublished ? Reason::text_too_long
                                                                      : Reason::ok;
}

void fold(State& state, const Done& done, const Publish& c) {
    state.compliance.publications.push_back({.said = c, .at = done.at});
    if (const std::optional<std::int64_t> year = compliance_year(c.what))
        end_embargo(state, {Release::verified_data, *year}, done.at);
}

}  // namespace abate::scheme
