#include "abate/meter/calibration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace abate::meter {
namespace {

TEST(FitProfile, FindsAConcaveCurveExactly) {
    // 20 W idle, 40 W more up to half load, 20 W more up to full load.
    const PowerProfile profile =
        fit_profile({{0, 20}, {0.25, 40}, {0.5, 60}, {0.75, 70}, {1, 80}}).value();
    EXPECT_NEAR(power_at(profile.points, 0).value, 20, 1e-9);
    EXPECT_NEAR(power_at(profile.points, 0.3).value, 44, 1e-9);
    EXPECT_NEAR(power_at(profile.points, 1).value, 80, 1e-9);
    EXPECT_NEAR(profile.residual, 0, 1e-9);
    EXPECT_TRUE(is_concave(profile.points));
}

TEST(FitProfile, PoolsSlopesThatRise) {
    // A convex dent: slopes 40 and 80 W between 0 and 1 become their mean, 60.
    const PowerProfile profile = fit_profile({{0, 20}, {0.5, 40}, {1, 80}}).value();
    EXPECT_TRUE(is_concave(profile.points));
    // Mean of 20, 40, 80 is 46.67; the straight line of slope 60 through it has 16.67 at no load.
    EXPECT_NEAR(power_at(profile.points, 0).value, 46.0 + 2.0 / 3 - 30, 1e-9);
    EXPECT_GT(profile.residual, 0);
}

TEST(FitProfile, ExtendsToNoLoadAndFullLoad) {
    const PowerProfile profile = fit_profile({{0.1, 24}, {0.5, 40}, {0.9, 50}}).value();
    EXPECT_DOUBLE_EQ(profile.points.front().utilisation, 0);
    EXPECT_DOUBLE_EQ(profile.points.back().utilisation, 1);
    EXPECT_NEAR(profile.points.front().watts.value, 20, 1e-9);
    EXPECT_NEAR(profile.points.back().watts.value, 52.5, 1e-9);
}

TEST(FitProfile, RefusesTooFewLevels) {
    EXPECT_EQ(fit_profile({{0, 20}, {1, 80}}).error().code, ErrorCode::unavailable);
    EXPECT_EQ(fit_profile({{0.1, 20}, {0.2, 25}, {0.3, 30}}).error().code, ErrorCode::unavailable);
}

TEST(FitProfile, FitsDramPerGigabyte) {
    const PowerProfile profile =
        fit_profile({{0, 20, 4, 10}, {0.5, 60, 4, 10}, {1, 80, 4, 10}}).value();
    EXPECT_DOUBLE_EQ(profile.dram_w_per_gb.value, 0.4);
}

RC_GTEST_PROP(FitProfile, IsAlwaysConcaveAndNeverFalls, ()) {
    std::vector<LoadLevel> levels;
    const int count = *rc::gen::inRange(3, 12);
    for (int i = 0; i < count; ++i) {
        levels.push_back(
            {static_cast<double>(i) / (count - 1), static_cast<double>(*rc::gen::inRange(1, 400))});
    }
    const Result<PowerProfile> profile = fit_profile(levels);
    RC_ASSERT(profile.has_value());
    RC_ASSERT(is_concave(profile->points));
}

PowerTrace steady(double watts, int seconds) {
    PowerTrace trace;
    for (int i = 0; i < seconds; ++i) {
        trace.at.push_back({static_cast<std::int64_t>(i) * 1'000'000});
        trace.watts.push_back(watts);
    }
    return trace;
}

TEST(FitNodeRatio, IsTheRatioOfEnergies) {
    const Ranged ratio =
        fit_node_ratio({.components = steady(200, 60), .wall = steady(260, 60)}).value();
    EXPECT_DOUBLE_EQ(ratio.value, 1.3);
    EXPECT_DOUBLE_EQ(ratio.low, 1.3);
}

TEST(FitNodeRatio, RefusesWhatCannotBe) {
    EXPECT_NE(fit_node_ratio({.components = steady(200, 60), .wall = steady(100, 60)})
                  .error()
                  .what.find("0.50 times"),
              std::string::npos);
    EXPECT_NE(fit_node_ratio({.components = steady(200, 20), .wall = steady(260, 20)})
                  .error()
                  .what.find("less than 30 s"),
              std::string::npos);
    EXPECT_FALSE(fit_node_ratio({.components = {}, .wall = steady(1, 60)}));
}

}  // namespace
}  // namespace abate::meter
