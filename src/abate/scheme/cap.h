// The cap: how it falls year by year, how one period's supply adds up, and the two rules that move supply by price or by bank.
//
//     linear_cap({.base = 1'000, .base_year = 2023, .steps = {{.first_year = 2024, .ppm = 43'000}}}, 2027);      // 828
//     check_supply({.cap = 828, .free_ceiling = 500, .auction = 300, .entrant_reserve = 20, .price_reserve = 8});
//
// Allowances are whole; each function says how it rounds.
#pragma once

#include "abate/core/result.h"

#include <cstdint>
#include <vector>

namespace abate::scheme {

// From this year on, so much of the base is taken off each year: a fixed tonnage, so the path is a straight line and does not compound
// (EU ETS: Directive 2003/87/EC art. 9).
struct CapStep {
    std::int32_t first_year = 0;
    std::uint32_t ppm = 0;
};

// Taken off once, in that year, and so from each later one too (the EU's 90 million in 2024 and 27 million in 2026).
struct CapRebasing {
    std::int32_t year = 0;
    std::int64_t amount = 0;  // below 0: added
};

struct CapPath {
    std::int64_t base = 0;
    std::int32_t base_year = 0;  // the cap of this year is the base
    std::vector<CapStep> steps = {};
    std::vector<CapRebasing> rebasings = {};
};

// The cap of `year`: base less all steps after the base year and up to `year`, rounded down once, less the rebasings; not below 0.
// Errors: invalid_argument (a base below 0; a year before the base year or more than 1,000 after it; a step that does not begin after
// the base year and after the step before it; more than 100 % a year), out_of_range.
[[nodiscard]] Result<std::int64_t> linear_cap(const CapPath& path, std::int32_t year);

// The supply statement of one period: cap = free ceiling + auction + reserves.
struct SupplyStatement {
    std::int64_t cap = 0;
    std::int64_t free_ceiling = 0;  // most that free allocation may give
    std::int64_t auction = 0;
    std::int64_t entrant_reserve = 0;  // new entrants and true-up
    std::int64_t price_reserve = 0;    // price containment
};

// Errors: invalid_argument, with the difference, when the parts are not the cap or one of them is below 0.
[[nodiscard]] Result<void> check_supply(const SupplyStatement& statement);

// A reserve that takes allowances in when many are in circulation and gives them back when few are (EU ETS market stability reserve,
// Decision 2015/1814). Defaults are the EU's, in allowances.
struct StabilityRule {
    std::int64_t upper =
        1'096'000'000;  // above it: withhold `withhold_ppm` of the circulation, rounded down
    std::int64_t middle = 833'000'000;   // from here to `upper`: withhold what is above `middle`
    std::int64_t lower = 400'000'000;    // below it: release
    std::int64_t release = 100'000'000;  // at most what the reserve has
    std::uint32_t withhold_ppm = 240'000;
};

struct StabilityState {
    std::int64_t in_circulation = 0;
    std::int64_t in_reserve = 0;
};

// What goes into the reserve (above 0) or comes out of it (below 0) in the next twelve months.
// Errors: invalid_argument (a number below 0, thresholds out of order, more than 100 %).
[[nodiscard]] Result<std::int64_t> stability_step(const StabilityState& state,
                                                  const StabilityRule& rule);

// A price that rises by a rate each year and is published in whole cents: rounded half up every year, and the next year starts from
// the rounded one (RGGI: 29.25 at 7 % is 57.53 after ten years; without the yearly rounding it would be 57.54).
struct PricePath {
    std::int64_t first_cents = 0;  // of the first year
    std::int32_t first_year = 0;
    std::uint32_t rate_ppm = 0;  // a year
};

// Errors: invalid_argument (a price below 0, a year before the first or more than 1,000 after it), out_of_range.
[[nodiscard]] Result<std::int64_t> price_in_cents(const PricePath& path, std::int32_t year);

}  // namespace abate::scheme
