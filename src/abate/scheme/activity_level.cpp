#include "abate/scheme/activity_level.h"

#include "abate/core/assert.h"
#include "abate/scheme/exact.h"

#include <cstdint>

namespace abate::scheme {
namespace {

constexpr std::uint64_t kOutputLimit = std::uint64_t{1} << 63;

// The band of a difference between the doubled mean and the doubled historical level; see ActivityState::band.
struct Compared {
    Big twice_mean = {};
    Big twice_historical = {};
};

std::int32_t band_of(const Compared& levels, const ActivityRule& rule) {
    const bool up = levels.twice_mean > levels.twice_historical;
    const Big rise = levels.twice_mean - levels.twice_historical;
    // Over the threshold, in ppm of the historical level times that level.
    const Big over = (up ? rise : Big(-rise)) * kPpm - levels.twice_historical * rule.threshold_ppm;
    if (over <= 0) return 0;
    Big band = 1;
    if (rule.band_ppm != 0) {
        band = ceil_div({.dividend = over, .divisor = levels.twice_historical * rule.band_ppm});
    }
    // A firm may grow a billionfold: its band is then the last one that has a number.
    const auto number = band > INT32_MAX ? INT32_MAX : band.convert_to<std::int32_t>();
    return up ? number : -number;
}

}  // namespace

ActivityState historical_activity(std::uint64_t historical_gflop) {
    ABATE_REQUIRE(historical_gflop < kOutputLimit);
    return {
        .historical_gflop = historical_gflop, .twice_basis_gflop = 2 * historical_gflop, .band = 0};
}

Result<ActivityState> adjust_activity(const ActivityState& before,
                                      ActivityYears years,
                                      const ActivityRule& rule) {
    if (before.historical_gflop == 0)
        return Error{.code = ErrorCode::invalid_argument,
                     .what = "no historical activity to compare with",
                     .where = {},
                     .hint = "A new entrant gets the output of its own year"};
    if (years.year_before_last >= kOutputLimit || years.last_year >= kOutputLimit ||
        before.historical_gflop >= kOutputLimit)
        return Error{.code = ErrorCode::out_of_range,
                     .what = "an output of 2^63 GFLOP or more in one year",
                     .where = {},
                     .hint = {}};
    const std::uint64_t twice_mean = years.year_before_last + years.last_year;
    const std::int32_t band = band_of(
        {.twice_mean = twice_mean, .twice_historical = Big(before.historical_gflop) * 2}, rule);

    const bool stays = band == before.band && (band == 0 || rule.band_ppm != 0);
    if (stays) return before;
    ActivityState after = before;
    after.band = band;
    after.twice_basis_gflop = band == 0 ? 2 * before.historical_gflop : twice_mean;
    const std::uint64_t twice_change = after.twice_basis_gflop > before.twice_basis_gflop
                                           ? after.twice_basis_gflop - before.twice_basis_gflop
                                           : before.twice_basis_gflop - after.twice_basis_gflop;
    if (Big(twice_change) < Big(rule.least_change_gflop) * 2) return before;
    return after;
}

EntrantStage entrant_stage(EntrantYears years) {
    if (years.allocation_year <= years.first_whole_year) return EntrantStage::own_year;
    return years.allocation_year - years.first_whole_year < 2 ? EntrantStage::historical
                                                              : EntrantStage::adjusted;
}

}  // namespace abate::scheme
