// The activity level: which output a firm's allocation is based on, and when a change of output changes it (EU ETS: Implementing
// Regulation 2019/1842, the "15 % rule").
//
//     ActivityState state = historical_activity(100'000);                               // GFLOP a year
//     Result<ActivityState> next = adjust_activity(state, {.year_before_last = 130'000, .last_year = 131'000}, {});
//     next->basis_gflop();                                                              // 130,500
//
// The mean of the two calendar years before is compared with the historical activity level H:
//   - a difference of 15 % or less leaves, or restores, H;
//   - more (strictly) makes the mean itself the basis: the exact percentage;
//   - once adjusted, the basis stays until the difference leaves its band: over 15 to 20 %, over 20 to 25 %, and so on, rises and
//     falls apart.
// So a firm that swings around the threshold gains nothing by it beyond that year's own output (art. 5).
//
// Output is counted in delivered reference work (output.h), so a model made smaller is no fall in activity; the exception of art. 6 for
// better efficiency needs no code here.
#pragma once

#include "abate/core/result.h"

#include <cstdint>

namespace abate::scheme {

struct ActivityRule {
    std::uint32_t threshold_ppm = 150'000;  // a difference up to this changes nothing
    std::uint32_t band_ppm =
        50'000;  // width of a band above it; 0: none, each change of the mean counts
    // A change of the basis smaller than this is left undone (the EU ignores what is worth fewer than about 100 allowances).
    std::uint64_t least_change_gflop = 0;
};

// What a year's decision leaves for the next one. The mean of two whole numbers may end in a half, so the basis is kept doubled.
struct ActivityState {
    std::uint64_t historical_gflop = 0;
    std::uint64_t twice_basis_gflop = 0;
    std::int32_t band =
        0;  // 0: at the historical level; 1, 2, …: up by the first, second band; -1, -2, …: down

    // Rounded down.
    [[nodiscard]] std::uint64_t basis_gflop() const { return twice_basis_gflop / 2; }
    bool operator==(const ActivityState&) const = default;
};

// Output that the two calendar years before delivered, in GFLOP.
struct ActivityYears {
    std::uint64_t year_before_last = 0;
    std::uint64_t last_year = 0;
};

// A firm at its historical level. REQUIRES: below 2^63.
[[nodiscard]] ActivityState historical_activity(std::uint64_t historical_gflop);

// The basis for the coming year. Errors: invalid_argument (a historical level of 0), out_of_range (output of 2^63 GFLOP or more).
[[nodiscard]] Result<ActivityState> adjust_activity(const ActivityState& before,
                                                    ActivityYears years,
                                                    const ActivityRule& rule);

// A firm without history. Up to and with its first whole calendar year it gets what that year's output earns, from the new-entrant
// reserve, when the year is over; that first whole year is then its historical level; and once two whole years lie behind, the rule
// above applies.
enum class EntrantStage : std::uint8_t {
    own_year = 1,    // the year's own output
    historical = 2,  // the first whole year is the basis
    adjusted = 3,    // adjust_activity
};

struct EntrantYears {
    std::int32_t first_whole_year = 0;  // the first calendar year with output from its first day
    std::int32_t allocation_year = 0;
};
[[nodiscard]] EntrantStage entrant_stage(EntrantYears years);

}  // namespace abate::scheme
