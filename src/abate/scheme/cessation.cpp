// A firm ceases operation.
#include "abate/scheme/cessation.h"

#include "abate/scheme/decide.h"
#include "abate/scheme/period.h"

#include <algorithm>

namespace abate::scheme {
namespace {

// The year whose part it was; none: no year that is open.
const Period* year_of(const State& state, Timestamp ceased) {
    for (const auto& [year, period] : state.period.years)
        if (period.moments.begin < ceased && ceased <= period.moments.end) return &period;
    return nullptr;
}

struct Ceasing {
    ParticipantId participant{};
    Timestamp ceased = {};
};

Reason check_ceasing(const Look& look, const Ceasing& asked) {
    if (!is_obligated(look.state, asked.participant)) return Reason::participant_not_obligated;
    if (cessation_of(look.state, asked.participant) != nullptr) return Reason::already_ceased;
    const Period* period = year_of(look.state, asked.ceased);
    if (period == nullptr || asked.ceased > look.now ||
        asked.ceased <= look.state.participants.at(asked.participant).since)
        return Reason::cease_moment_invalid;
    // Figures of a whole year say that it operated.
    const auto& figures = look.state.monitoring.figures;
    const auto last =
        figures.lower_bound({.participant = asked.participant, .year = period->moments.year});
    return last != figures.end() && last->first.participant == asked.participant
               ? Reason::report_final
               : Reason::ok;
}

Reason check_reason(const std::string& reason) {
    if (reason.empty()) return Reason::reason_missing;
    return reason.size() > kMaxText ? Reason::text_too_long : Reason::ok;
}

// Of later years nothing is reported.
ReportsSettled after_the_last(const Ceasing& asked, const Period& last) {
    return {.participant = asked.participant, .first_year = sum_within(last.moments.year, 1)};
}

Decision decide_ceasing(const Look& look, const Ceasing& asked) {
    if (const Reason r = check_ceasing(look, asked); r != Reason::ok) return r;
    Decision out;
    out.postings = releases(look, after_the_last(asked, *year_of(look.state, asked.ceased)));
    return out;
}

// No report of a later year is due, and none is missing.
void cease(State& state, const Done& done, ParticipantId participant) {
    const auto found = state.cessations.find(participant);
    if (found == state.cessations.end()) return;
    Cessation& it = found->second;
    const Period* period = year_of(state, it.ceased);
    if (period == nullptr) return;
    it.year = period->moments.year;
    it.at = done.at;
    forget_blocks(
        state, after_the_last({.participant = participant, .ceased = it.ceased}, *period), done.at);
    for (auto& [year, missing] : state.compliance.without_figures)
        if (year > it.year)
            missing.erase(std::remove(missing.begin(), missing.end(), participant), missing.end());
}

}  // namespace

const Cessation* cessation_of(const State& state, ParticipantId participant) {
    const auto found = state.cessations.find(participant);
    return found == state.cessations.end() || found->second.year == 0 ? nullptr : &found->second;
}

bool operates_in(const State& state, const ParticipantYear& whose) {
    const Cessation* it = cessation_of(state, whose.participant);
    return it == nullptr || whose.year <= it->year;
}

bool is_allocated_to(const State& state, const ParticipantYear& whose) {
    const Cessation* it = cessation_of(state, whose.participant);
    if (it == nullptr || whose.year < it->year) return true;
    const Period* period = find_period(state, whose.year);
    return whose.year == it->year && period != nullptr &&
           period->rules.cessation.year_allocation == CeaseAllocation::whole;
}

std::int64_t kept_allocation(const State& state,
                             const ParticipantYear& whose,
                             const Earned& earned) {
    const std::int64_t allowances = earned.allowances;
    const Cessation* it = cessation_of(state, whose.participant);
    if (it == nullptr || whose.year < it->year) return allowances;
    const Period* period = find_period(state, whose.year);
    if (whose.year > it->year || period == nullptr) return 0;
    switch (period->rules.cessation.year_allocation) {
        case CeaseAllocation::whole:
            return allowances;
        case CeaseAllocation::none:
            return 0;
        case CeaseAllocation::pro_rata:
            break;
    }
    if (earned.of_the_part) return allowances;
    const Int128 length = Int128{period->moments.end.us} - period->moments.begin.us;
    const Int128 part = Int128{it->ceased.us} - period->moments.begin.us;
    if (length <= 0 || part <= 0 || allowances <= 0) return 0;
    return sum_within(0, Int128{allowances} * std::min(part, length) / length);
}

// ---- commands

Decision decide(const Look& look, const RequestCease& c) {
    if (const Reason r = check_reason(c.reason); r != Reason::ok) return r;
    return check_ceasing(look, {.participant = c.participant, .ceased = c.ceased});
}

void fold(State& state, const Done& done, const RequestCease& c) {
    if (cessation_of(state, c.participant) != nullptr) return;
    state.cessations[c.participant] = {
        .ceased = c.ceased, .reason = c.reason, .requested = done.at};
}

Decision decide(const Look& look, const AcceptCease& c) {
    if (cessation_of(look.state, c.participant) != nullptr) return Reason::already_ceased;
    const auto asked = look.state.cessations.find(c.participant);
    if (asked == look.state.cessations.end()) return Reason::cease_not_requested;
    if (c.ceased != asked->second.ceased) return Reason::cease_moment_differs;
    return decide_ceasing(look, {.participant = c.participant, .ceased = c.ceased});
}

void fold(State& state, const Done& done, const AcceptCease& c) {
    if (cessation_of(state, c.participant) == nullptr) cease(state, done, c.participant);
}

Decision decide(const Look& look, const OrderCease& c) {
    if (const Reason r = check_reason(c.reason); r != Reason::ok) return r;
    return decide_ceasing(look, {.participant = c.participant, .ceased = c.ceased});
}

void fold(State& state, const Done& done, const OrderCease& c) {
    if (cessation_of(state, c.participant) != nullptr) return;
    Cessation& it = state.cessations[c.participant];
    it.ceased = c.ceased;
    it.reason = c.reason;
    cease(state, done, c.participant);
}

}  // namespace abate::scheme
