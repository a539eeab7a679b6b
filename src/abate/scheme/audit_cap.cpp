// The auditor's own arithmetic of the cap: written again, not called.
#include "abate/scheme/audit.h"
#include "abate/scheme/decide.h"

#include <fmt/format.h>

#include <algorithm>

namespace abate::scheme {
namespace {

// Field by field, so that the finding names the one that is wrong.
template <class T>
std::optional<SchemeFinding> first_difference(
    const std::string& of,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): expected first, as in SchemeFinding
    const T& right,
    const T& said) {
    std::optional<SchemeFinding> out;
    std::map<std::string, std::int64_t> expected;
    T::fields(right, [&](const char* name, std::int64_t value) { expected[name] = value; });
    T::fields(said, [&](const char* name, std::int64_t value) {
        if (!out && expected[name] != value)
            out = SchemeFinding{.field = of + "." + name,
                                .expected = fmt::format("{}", expected[name]),
                                .found = fmt::format("{}", value)};
    });
    return out;
}

Int128 cap_by_rules(const CapRules& rules, std::int64_t year) {
    Int128 cap = rules.first_cap;
    Int128 ppm = 0;
    Int128 off = 0;
    for (std::int64_t y = rules.first_year + 1; y <= year; ++y) {
        std::int64_t rate = 0;
        for (const ReductionStep& step : rules.reduction_steps)
            if (step.first_year <= y) rate = step.of_first_cap.value;
        ppm += rate;
        off += rules.reduction_per_year;
        for (const Rebasing& rebasing : rules.rebasings)
            if (rebasing.year == y) off += rebasing.allowances;
    }
    // What the steps take is rounded up, so what is left is rounded down.
    cap -= (Int128{rules.first_cap} * ppm + (kMillion - 1)) / kMillion;
    return std::max(Int128{0}, cap - off);
}

std::int64_t narrow(Int128 value) { return sum_within(0, value); }

}  // namespace

std::optional<SchemeFinding> SchemeAuditor::check_said(const Command& command, Timestamp at) const {
    if (const auto* cap = std::get_if<ProposeCap>(&command))
        return check_cap(cap->year, cap->parts);
    if (const auto* final = std::get_if<FinaliseStatement>(&command)) {
        const auto said = cap_said_.find(final->year);
        if (final->kind == StatementKind::cap && said != cap_said_.end())
            return check_cap(final->year, said->second);
    }
    if (const auto* changed = std::get_if<ChangeRules>(&command)) {
        if (!check_rules(changed->rules))
            return SchemeFinding{"rules", "ones that hold together", "others"};
        if (!opened_.empty() && changed->rules.cap.first_year != rules_.cap.first_year)
            return SchemeFinding{"rules.cap.first_year",
                                 fmt::format("{}", rules_.cap.first_year),
                                 fmt::format("{}", changed->rules.cap.first_year)};
    }
    if (const auto* auction = std::get_if<OpenAuction>(&command)) return check_open(*auction);
    if (const auto* off = std::get_if<CallOffAuction>(&command)) {
        const auto seen = auctions_.find(off->auction);
        if (seen == auctions_.end() || seen->second.over)
            return SchemeFinding{"auction", "one that is not over", "none"};
    }
    if (auto wrong = check_bid(command, at)) return wrong;
    if (auto wrong = check_supervision(command, at)) return wrong;
    if (const auto* circulation = std::get_if<PublishCirculation>(&command))
        return check_circulation(*circulation, at);
    if (const auto* accepted = std::get_if<AcceptCease>(&command)) {
        const auto asked = cease_asked_.find(accepted->participant);
        if (asked == cease_asked_.end() || asked->second != accepted->ceased)
            return SchemeFinding{"ceased",
                                 asked == cease_asked_.end()
                                     ? "one that was asked for"
                                     : fmt::format("{}, as was asked", asked->second.us),
                                 fmt::format("{}", accepted->ceased.us)};
    }
    if (const auto* correction = std::get_if<CorrectDeposit>(&command))
        if (deposits_.count(correction->deposit) == 0)
            return SchemeFinding{"deposit", "one that stands", "none"};
    return std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_cap(std::int64_t year,
                                                      const CapParts& parts) const {
    const auto opened = opened_.find(year);
    if (opened == opened_.end() || year > registry::kLastVintage ||
        year < opened->second.rules.cap.first_year)
        return SchemeFinding{"cap", fmt::format("of a year that is open, not {}", year), "a cap"};
    const Rules& rules = opened->second.rules;
    CapParts right;
    if (rules.cap.first_cap <= 0) {
        // A performance standard: the operator says what is issued beside the allocation.
        right = parts;
        right.cap = narrow(Int128{parts.free_ceiling} + parts.auction + parts.entrant_reserve +
                           parts.containment_reserve);
        right.circulation_year = right.in_circulation = right.in_reserve = 0;
        right.withheld = right.released = 0;
        return first_difference("cap", right, parts);
    }
    const Int128 cap = cap_by_rules(rules.cap, year);
    if (cap > INT64_MAX) return SchemeFinding{"cap", "one of 64 bits", fmt::format("{}", cap)};
    right.cap = narrow(cap);
    const auto share = [&](Ppm part) { return narrow(cap * part.value / kMillion); };
    right.free_ceiling = share(rules.cap.free_share);
    right.auction = share(rules.cap.auction_share);
    right.entrant_reserve = share(rules.cap.entrant_share);
    right.containment_reserve = share(rules.cap.containment_share);
    const std::int64_t left = right.cap - right.free_ceiling - right.auction -
                              right.entrant_reserve - right.containment_reserve;
    const std::int64_t most = std::max({rules.cap.free_share.value,
                                        rules.cap.auction_share.value,
                                        rules.cap.entrant_share.value,
                                        rules.cap.containment_share.value});
    (rules.cap.free_share.value == most      ? right.free_ceiling
     : rules.cap.auction_share.value == most ? right.auction
     : rules.cap.entrant_share.value == most ? right.entrant_reserve
                                             : right.containment_reserve) += left;
    const StabilityRules& stability = rules.stability;
    if (!stability.reserve) return first_difference("cap", right, parts);
    const auto before = opened_.find(year - 1);
    if (before != opened_.end() && !before->second.cap_issued)
        return SchemeFinding{
            "cap", fmt::format("the cap of {} issued before", year - 1), "not yet"};
    right.in_reserve = narrow(in_stability_reserve());
    if (opened_.count(year - 2) != 0) {
        const auto said = circulation_.find(year - 2);
        if (said == circulation_.end())
            return SchemeFinding{
                "cap", fmt::format("a statement of the circulation of {}", year - 2), "none"};
        const Int128 circulation = said->second.in_circulation;
        right.circulation_year = year - 2;
        right.in_circulation = said->second.in_circulation;
        Int128 in = 0;
        if (circulation > stability.upper) {
            in = circulation * stability.withhold.value / kMillion;
        } else if (circulation >= stability.middle) {
            in = circulation - stability.middle;
        } else if (circulation < stability.lower) {
            right.released = std::min(stability.release, right.in_reserve);
        }
        right.withheld = narrow(std::min(in, Int128{right.auction}));
        right.auction -= right.withheld;
    }
    return first_difference("cap", right, parts);
}

// Of the cap of the year that a moment lies in, as it is final or as the rules make it.
std::optional<Int128> SchemeAuditor::holding_limit(Timestamp at) const {
    for (const auto& [year, opened] : opened_) {
        if (at < opened.moments.begin || at >= opened.moments.end) continue;
        const ComplianceRules& rules = opened.rules.compliance;
        const auto final_cap = cap_final_.find(year);
        if (!rules.holding_limit ||
            (final_cap == cap_final_.end() && opened.rules.cap.first_cap <= 0))
            return std::nullopt;
        const Int128 cap = final_cap == cap_final_.end() ? cap_by_rules(opened.rules.cap, year)
                                                         : Int128{final_cap->second.cap};
        const Int128 base = std::min(cap, Int128{rules.holding_base});
        return (base * rules.holding_base_share.value +
                (cap - base) * rules.holding_rest_share.value) /
               kMillion;
    }
    return std::nullopt;
}

Int128 SchemeAuditor::in_stability_reserve() const {
    Int128 sum = 0;
    for (auto at = held_.lower_bound({kStabilityReserve, registry::Asset{}});
         at != held_.end() && at->first.first == kStabilityReserve;
         ++at)
        sum += at->second;
    return sum;
}

// All but `outstanding`: what firms owe follows from figures that the audit does not work out.
std::optional<SchemeFinding> SchemeAuditor::check_circulation(const PublishCirculation& said,
                                                              Timestamp at) const {
    const auto opened = opened_.find(said.year);
    if (opened == opened_.end() || at < opened->second.moments.report_due)
        return SchemeFinding{
            "circulation", "of a year whose reports are due", fmt::format("of {}", said.year)};
    if (circulation_.count(said.year) != 0)
        return SchemeFinding{"circulation", "said once", "said again"};
    Int128 issued = 0;
    Int128 with_scheme = 0;
    Int128 in_reserve = 0;
    Int128 retired = 0;
    for (const auto& [where, amount] : held_) {
        const auto& [account, asset] = where;
        if (asset == registry::Asset::cash || static_cast<std::int64_t>(asset) > said.year)
            continue;
        const auto owner = owners_.find(account);
        if (owner != owners_.end() && owner->second != ParticipantId{}) continue;
        if (account == kConsignment) continue;
        const auto kind = kinds_.find(account);
        if (kind == kinds_.end()) continue;
        if (kind->second == AccountKind::issuance) {
            issued -= amount;
        } else if (kind->second == AccountKind::retirement) {
            retired += amount;
        } else {
            (account == kStabilityReserve ? in_reserve : with_scheme) += amount;
        }
    }
    Circulation right{.issued = narrow(issued),
                      .with_scheme = narrow(with_scheme),
                      .in_reserve = narrow(in_reserve),
                      .retired = narrow(retired),
                      .outstanding = std::max<std::int64_t>(0, said.figures.outstanding)};
    right.in_circulation = narrow(std::max(
        Int128{0}, issued - with_scheme - in_reserve - retired - Int128{right.outstanding}));
    return first_difference("circulation", right, said.figures);
}

// Keeps balances of its own.
void SchemeAuditor::book(const registry::Event& event) {
    using registry::Op;
    const registry::Command& c = event.command;
    switch (c.op) {
        case Op::issue:
        case Op::transfer:
        case Op::surrender:
        case Op::retire:
        case Op::deposit:
        case Op::withdraw:
            held_[{c.from, c.asset}] -= event.outcome.amount;
            held_[{c.to, c.asset}] += event.outcome.amount;
            return;
        case Op::set_status:
            statuses_[c.from] = c.status;
            return;
        case Op::close_account:
            statuses_[c.from] = AccountStatus::closed;
            return;
        case Op::claw_back:
            held_[{c.from, c.asset}] -= event.outcome.amount;
            held_[{c.deficit, c.asset}] -= c.amount - event.outcome.amount;
            held_[{c.to, c.asset}] += c.amount;
            return;
        case Op::post: {
            const auto promise = promises_.find(c.reference);
            if (promise == promises_.end()) return;
            held_[{promise->second.account, promise->second.asset}] -= event.outcome.amount;
            held_[{promise->second.to, promise->second.asset}] += event.outcome.amount;
            return;
        }
        default:
            return;
    }
}

}  // namespace abate::scheme
