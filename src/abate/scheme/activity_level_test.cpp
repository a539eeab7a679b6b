#include "abate/scheme/activity_level.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>

namespace abate::scheme {
namespace {

ActivityState after(const ActivityState& state, ActivityYears years) {
    return *adjust_activity(state, years, {});
}

// H 100; output of 2023 to 2030: 100, 100, 130, 131, 134, 150, 90, 90. The doubled basis by year, with the difference of the mean:
//     2025 100 (0 %)      2026 100 (115 is 15 %, not more)    2027 130.5 (30.5 %)    2028 130.5 (132.5: still over 30 to 35 %)
//     2029 142 (42 %)     2030 120 (20 %)                     2031 100 (90: restored)
TEST(ActivityLevel, AFirmThatGrowsAndShrinks) {
    const std::array<std::uint64_t, 8> output = {100, 100, 130, 131, 134, 150, 90, 90};
    const std::array<std::uint64_t, 7> twice_basis = {200, 200, 261, 261, 284, 240, 200};
    ActivityState state = historical_activity(100);
    for (std::size_t year = 0; year < twice_basis.size(); ++year) {
        state = after(state, {output[year], output[year + 1]});
        EXPECT_EQ(state.twice_basis_gflop, twice_basis[year]) << 2025 + year;
        EXPECT_EQ(state.historical_gflop, 100U);
    }
}

TEST(ActivityLevel, FifteenPerCentIsNotMoreThanFifteen) {
    const ActivityState start = historical_activity(100);
    EXPECT_EQ(after(start, {115, 115}).twice_basis_gflop, 200U);
    EXPECT_EQ(after(start, {115, 116}).twice_basis_gflop, 231U);  // 115.5
    EXPECT_EQ(after(start, {85, 85}).twice_basis_gflop, 200U);
    EXPECT_EQ(after(start, {85, 84}).twice_basis_gflop, 169U);  // 84.5
    EXPECT_EQ(after(start, {115, 116}).basis_gflop(), 115U);
}

// Bands are open below and closed above: 20 % is still in the first, 20.5 % in the second.
TEST(ActivityLevel, TheEdgesOfBands) {
    const ActivityState start = historical_activity(100);
    EXPECT_EQ(after(start, {120, 120}).band, 1);
    EXPECT_EQ(after(start, {120, 121}).band, 2);
    EXPECT_EQ(after(start, {80, 80}).band, -1);
    EXPECT_EQ(after(start, {80, 79}).band, -2);
    EXPECT_EQ(after(start, {0, 0}).band, -17);  // 100 %: over 95 to 100
    EXPECT_EQ(after(start, {0, 0}).twice_basis_gflop, 0U);
    // From a rise to a fall of the same size.
    EXPECT_EQ(after(after(start, {117, 117}), {83, 83}).twice_basis_gflop, 166U);
}

// A firm that swings between 14.9 % and 15.1 % has, year by year, 1000 or the output that it had: never more than it delivered.
TEST(ActivityLevel, SwingingAroundTheThresholdGainsNothing) {
    ActivityState state = historical_activity(1000);
    for (int year = 0; year < 10; ++year) {
        const std::uint64_t mean = year % 2 == 0 ? 1149 : 1151;
        state = after(state, {mean, mean});
        EXPECT_EQ(state.basis_gflop(), year % 2 == 0 ? 1000U : 1151U);
    }
    // A fall: 849 is 15.1 % down.
    EXPECT_EQ(after(historical_activity(1000), {849, 849}).basis_gflop(), 849U);
    EXPECT_EQ(after(historical_activity(1000), {851, 851}).basis_gflop(), 1000U);
}

TEST(ActivityLevel, ThresholdsAreParameters) {
    const ActivityRule rule{.threshold_ppm = 0, .band_ppm = 0};
    const Result<ActivityState> first = adjust_activity(
        historical_activity(100), {.year_before_last = 101, .last_year = 101}, rule);
    EXPECT_EQ(first->basis_gflop(), 101U);
    // Without bands each change counts.
    EXPECT_EQ(
        adjust_activity(*first, {.year_before_last = 102, .last_year = 102}, rule)->basis_gflop(),
        102U);
    const ActivityRule coarse{.least_change_gflop = 30};
    EXPECT_EQ(adjust_activity(
                  historical_activity(100), {.year_before_last = 129, .last_year = 130}, coarse)
                  ->basis_gflop(),
              100U);
    EXPECT_EQ(adjust_activity(
                  historical_activity(100), {.year_before_last = 130, .last_year = 130}, coarse)
                  ->basis_gflop(),
              130U);
}

TEST(ActivityLevel, WhatCannotBeComparedIsRefused) {
    EXPECT_EQ(adjust_activity({}, {.year_before_last = 1, .last_year = 1}, {}).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(adjust_activity(historical_activity(1),
                              {.year_before_last = std::uint64_t{1} << 63, .last_year = 1},
                              {})
                  .error()
                  .code,
              ErrorCode::out_of_range);
    // A firm that grew 2^63-fold, with bands of a millionth.
    const std::uint64_t most = (std::uint64_t{1} << 63) - 1;
    const Result<ActivityState> grown =
        adjust_activity(historical_activity(1), {.year_before_last = most, .last_year = most}, {});
    ASSERT_TRUE(grown.has_value());
    EXPECT_EQ(grown->basis_gflop(), most);
    EXPECT_EQ(grown->band, INT32_MAX);
}

// First whole year 2027: 2026 and 2027 earn by their own output, 2028 by 2027's, from 2029 on the mean of two years is compared.
TEST(ActivityLevel, ANewEntrantsYears) {
    const auto stage = [](std::int32_t year) {
        return entrant_stage({.first_whole_year = 2027, .allocation_year = year});
    };
    EXPECT_EQ(stage(2026), EntrantStage::own_year);
    EXPECT_EQ(stage(2027), EntrantStage::own_year);
    EXPECT_EQ(stage(2028), EntrantStage::historical);
    EXPECT_EQ(stage(2029), EntrantStage::adjusted);
    EXPECT_EQ(stage(2040), EntrantStage::adjusted);
}

RC_GTEST_PROP(ActivityLevelProperty, TheBasisIsHistoryOrWithinABandOfTheMean, ()) {
    const auto historical = *rc::gen::inRange<std::uint64_t>(1, 2'000);
    ActivityState state = historical_activity(historical);
    for (int year = 0; year < 8; ++year) {
        const auto a = *rc::gen::inRange<std::uint64_t>(0, 4'000);
        const auto b = *rc::gen::inRange<std::uint64_t>(0, 4'000);
        state = after(state, {a, b});
        const double difference =
            static_cast<double>(a + b) / (2.0 * static_cast<double>(historical)) - 1;
        if (state.band == 0) {
            RC_ASSERT(state.twice_basis_gflop == 2 * historical);
            RC_ASSERT(std::abs(difference) <= 0.15 + 1e-9);
        } else {
            // Adjusted: the basis is off the mean by a band's width at most.
            const double basis = static_cast<double>(state.twice_basis_gflop) /
                                     (2.0 * static_cast<double>(historical)) -
                                 1;
            RC_ASSERT(std::abs(difference) > 0.15 - 1e-9);
            RC_ASSERT(std::abs(basis - difference) <= 0.05 + 1e-9);
        }
    }
}

}  // namespace
}  // namespace abate::scheme
