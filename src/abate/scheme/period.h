// What follows from the rules and the final figures: the numbers that a statement of a year must have. Pure; `--dry-run` prints them.
//
//     Derived<AllocationTable> table = derive_allocation(state, 2027);
//     if (table.reason != Reason::ok) ...                 // benchmark_not_final
//     for (const AllocationLine& line : table.value.lines) ... every factor of every firm
#pragma once

#include "abate/scheme/allowance_unit.h"
#include "abate/scheme/state.h"

#include <cstdint>
#include <vector>

namespace abate::scheme {

template <class T>
struct Derived {
    Reason reason = Reason::ok;
    T value = {};
};

// The one year that may be opened now: the first of the rules, then one after the other.
[[nodiscard]] std::int64_t next_year(const State& state);
// The latest before the key's year, of its participant and class; none: there is none.
[[nodiscard]] const Activity* activity_before(const State& state, const ActivityKey& key);
// None: not open.
[[nodiscard]] const Period* find_period(const State& state, std::int64_t year);
// Of monitoring, else of the baseline. None: not final.
[[nodiscard]] const FinalFigures* figures_of(const State& state, const ParticipantYear& whose);
[[nodiscard]] AllowanceUnit unit_of(const Rules& rules);
// Energy in allowances, rounded up. 0 for less than nothing; the most that fits for more.
[[nodiscard]] std::int64_t allowances_for(Microjoules energy, const Rules& rules);
// A scheme without a cap is a performance standard: its cap statement follows from the allocation, not the other way round.
[[nodiscard]] inline bool has_cap(const Rules& rules) { return rules.cap.first_cap > 0; }

// The lowest number among those that are not closed; none: 0.
[[nodiscard]] AccountId first_account(const State& state,
                                      ParticipantId participant,
                                      AccountKind kind);

// Has the group of an obligated participant reached the threshold in a year; one that opted in needs not.
// REQUIRES: `totals` of the same year.
using GroupTotals = std::map<GroupId, Int128>;
[[nodiscard]] GroupTotals group_totals(const State& state, const Rules& rules, std::int64_t year);
[[nodiscard]] bool is_covered(const State& state,
                              const Rules& rules,
                              ParticipantId participant,
                              const GroupTotals& totals);

// By linear_cap() of the rules' steps and rebasings, less reduction_per_year x years, not below 0. Reasons: figures_out_of_range (more than
// 64 bits), rules_invalid (the year is not on the path). REQUIRES: has_cap.
[[nodiscard]] Derived<std::int64_t> cap_of_year(const Period& period);

// cap_of_year() in its parts. Each is its share of it, rounded down; what that leaves goes to the largest share (the first of free,
// auction, entrants, containment where they are equal). With a stability reserve the step of stability_step(), by the circulation of the
// year before last: what is withheld comes out of the auction, and is at most that. Without a cap: the free ceiling is the final
// allocation, the rest 0. Reasons: period_not_open, allocation_not_final, those of cap_of_year; with a reserve cap_not_issued (of the year
// before), circulation_not_published.
[[nodiscard]] Derived<CapParts> derive_cap(const State& state, std::int64_t year);

// Reasons: period_not_open, no_stability_reserve.
[[nodiscard]] Derived<Circulation> derive_circulation(const State& state,
                                                      const registry::Registry& books,
                                                      std::int64_t year);

// Obligated participants that operated in a year of the scheme, and those of them whose figures of it are neither final nor determined.
// What the circulation of a year rests on: none may be missing.
struct YearFigures {
    std::size_t obligated = 0;
    std::vector<ParticipantId> missing = {};
};
[[nodiscard]] YearFigures figures_of_year(const State& state, std::int64_t year);
// Whether it may be published at `now`. Reasons: circulation_too_early, circulation_already_said, figures_not_final.
// REQUIRES: the year is open.
[[nodiscard]] Reason check_publishing(const State& state, std::int64_t year, Timestamp now);
// What it does to the cap of two years later, by that year's rules (today's, where it is not open) and what is in the reserve today: above 0
// to be withheld, from which the auction's part may be short; below 0 to be released.
[[nodiscard]] std::int64_t step_of_circulation(const State& state, const PublishCirculation& said);

struct Sample {
    std::int64_t year = 0;  // of the benchmark
    std::int64_t sample_year = 0;
};
// B of each class that has one. From the sample: make_benchmark over the final figures of `sample_year`, the energy of a firm divided among
// its classes by reference output; then tightened by the yearly rate for each year since, and never above the last final benchmark so
// tightened. A class without a sample keeps the last one. Reasons: period_not_open, sample_year_not_allowed, figures_out_of_range.
[[nodiscard]] Derived<std::vector<BenchmarkLine>> derive_benchmark(const State& state,
                                                                   const Sample& sample);

// Reasons: period_not_open, benchmark_not_final, cap_not_final, nothing_to_allocate, figures_out_of_range, allocation_above_ceiling.
[[nodiscard]] Derived<AllocationTable> derive_allocation(const State& state, std::int64_t year);

// Whose allowances of the final allocation have not reached them, and still may: not who has ceased meanwhile. By number. REQUIRES: an
// allocation.
[[nodiscard]] std::vector<ParticipantId> not_issued_yet(const State& state, const Period& period);

struct Reserve {
    std::int64_t year = 0;
    std::int64_t available = 0;
};
// `available`: of the year's vintage, in the reserve. Those alone that have too little. Reasons: period_not_open, allocation_not_final,
// cap_not_issued.
[[nodiscard]] Derived<std::vector<TrueUpLine>> derive_true_up(const State& state,
                                                              const Reserve& reserve);

// By today's figures; what was given, where they are not known.
[[nodiscard]] std::int64_t deserved_allowances(const State& state, const ActivityKey& whose);

}  // namespace abate::scheme
