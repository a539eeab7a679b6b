#include "abate/footprint/monte_carlo.h"

#include "abate/footprint/inventory_test_support.h"

#include <gtest/gtest.h>

#include <cmath>

namespace abate::footprint {
namespace {

using testing::tables;

Line kilograms(std::vector<Factor> factors) {
    Line line;
    line.kind = Kind::embodied;
    line.device = "hardware";
    line.factors = std::move(factors);
    return line;
}

Factor factor(const std::string& cause, const Ranged& range) {
    return {.quantity = cause, .range = range, .unit = "", .cause = cause};
}

// Abramowitz and Stegun, table 26.5.
TEST(NormalQuantile, IsTheTables) {
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
    EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-13);
    EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
    EXPECT_NEAR(normal_quantile(0.01), -2.3263478740408408, 1e-13);
    EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-10);
}

TEST(Quantile, MeetsLowValueAndHigh) {
    const Ranged lopsided{.value = 100, .low = 80, .high = 250};
    EXPECT_NEAR(quantile(lopsided, 0.05), 80, 1e-9);
    EXPECT_NEAR(quantile(lopsided, 0.5), 100, 1e-9);
    EXPECT_NEAR(quantile(lopsided, 0.95), 250, 1e-9);
    const Ranged from_zero{.value = 10, .low = 0, .high = 20};
    EXPECT_NEAR(quantile(from_zero, 0.05), 0, 1e-9);
    EXPECT_NEAR(quantile(from_zero, 0.95), 20, 1e-9);
    // Triangle on 0, 1, 4: the cumulative share at the top is 1/4, so a quarter of that at 0.5.
    const Ranged bound{.value = 1, .low = 0, .high = 4, .kind = RangeKind::bound};
    EXPECT_NEAR(quantile(bound, 0.25), 1, 1e-12);
    EXPECT_NEAR(quantile(bound, 0.0625), 0.5, 1e-12);
    EXPECT_LT(quantile(bound, 0.999999), 4);
    EXPECT_EQ(quantile(exactly(7), 0.3), 7);
}

// A product of lognormals is lognormal: s^2 = s1^2 + s2^2, median 20, mean 20 e^(s^2/2), 95th percentile 20 e^(1.645 s).
TEST(MonteCarlo, AProductOfLognormalsIsLognormal) {
    Account account;
    account.lines.push_back(kilograms({factor("a", {.value = 4, .low = 2, .high = 8}),
                                       factor("b", {.value = 5, .low = 5 / 1.5, .high = 7.5})}));
    const Simulation s = simulate(account, {.draws = 200'000, .seed = 3}).value();
    const double spread = std::hypot(std::log(2), std::log(1.5)) / 1.6448536269514722;
    EXPECT_NEAR(s.value_kgco2e, 20, 1e-12);
    EXPECT_NEAR(s.total.p50, 20, 0.1);
    EXPECT_NEAR(s.total.mean, 20 * std::exp(spread * spread / 2), 0.1);
    EXPECT_NEAR(s.total.p95, 20 * std::exp(1.6448536269514722 * spread), 0.5);
    EXPECT_NEAR(s.total.p5, 20 * std::exp(-1.6448536269514722 * spread), 0.1);
    EXPECT_NEAR(s.total.deviation,
                20 * std::exp(spread * spread / 2) * std::sqrt(std::expm1(spread * spread)),
                0.3);
}

// Mean of a triangle: (low + top + high) / 3; deviation sqrt((a^2 + b^2 + c^2 - ab - ac - bc) / 18).
TEST(MonteCarlo, ABoundIsATriangle) {
    Account account;
    account.lines.push_back(
        kilograms({factor("gap", {.value = 1, .low = 0, .high = 4, .kind = RangeKind::bound})}));
    const Simulation s = simulate(account, {.draws = 100'000, .seed = 5}).value();
    EXPECT_NEAR(s.total.mean, 5.0 / 3, 0.01);
    EXPECT_NEAR(s.total.deviation, std::sqrt((1.0 + 16 - 4) / 18), 0.01);
}

// 400 lines of one cause have 400 times its deviation; of 400 causes 20 times.
TEST(MonteCarlo, WhatIsSharedDoesNotAverageOut) {
    Account shared;
    Account own;
    for (int i = 0; i < 400; ++i) {
        const Ranged range{.value = 1, .low = 0, .high = 2};
        shared.lines.push_back(kilograms({factor("meter", range)}));
        own.lines.push_back(kilograms({factor("run " + std::to_string(i), range)}));
    }
    // max(0, Y), Y normal with mean 1 and deviation s = 1 / 1.64485: mean Phi(1/s) + s phi(1/s) = 0.95 + 0.0627 = 1.0127, square
    // (1 + s^2) 0.95 + 0.0627 = 1.3638, so its deviation is sqrt(1.3638 - 1.0127^2) = 0.5816.
    const double one = 0.5816;
    const Simulation together = simulate(shared, {.draws = 20'000, .seed = 1}).value();
    const Simulation apart = simulate(own, {.draws = 20'000, .seed = 1}).value();
    EXPECT_NEAR(together.total.deviation, 400 * one, 4);
    EXPECT_NEAR(apart.total.deviation, 20 * one, 0.2);
    ASSERT_EQ(together.tornado.size(), 1U);
    EXPECT_EQ(together.tornado[0].low_kgco2e, 0);
    EXPECT_EQ(together.tornado[0].high_kgco2e, 800);
    EXPECT_EQ(apart.tornado.size(), 400U);
}

TEST(MonteCarlo, TheTornadoIsSortedAndOneAtATime) {
    Account account;
    account.lines.push_back(kilograms({factor("small", {.value = 10, .low = 9, .high = 11}),
                                       factor("wide", {.value = 2, .low = 1, .high = 6})}));
    const Simulation s = simulate(account, {.draws = 100, .seed = 1}).value();
    ASSERT_EQ(s.tornado.size(), 2U);
    EXPECT_EQ(s.tornado[0].cause, "wide");
    EXPECT_DOUBLE_EQ(s.tornado[0].low_kgco2e, 10);
    EXPECT_DOUBLE_EQ(s.tornado[0].high_kgco2e, 60);
    EXPECT_DOUBLE_EQ(s.tornado[1].low_kgco2e, 18);
    EXPECT_DOUBLE_EQ(s.tornado[1].high_kgco2e, 22);
}

TEST(MonteCarlo, OneSeedGivesOneAnswer) {
    Inventory lab = testing::plain_inventory();
    Activity work = testing::node_energy(AccountPhase::training, "run", 100);
    work.boundary = Boundary::component;
    lab.activities.push_back(work);
    const Account account = footprint::account(lab, tables()).value();
    const Simulation first = simulate(account, {.draws = 1000, .seed = 9}).value();
    const Simulation second = simulate(account, {.draws = 1000, .seed = 9}).value();
    const Simulation other = simulate(account, {.draws = 1000, .seed = 10}).value();
    EXPECT_EQ(first.total.p95, second.total.p95);
    EXPECT_NE(first.total.p95, other.total.p95);
    EXPECT_NEAR(first.value_kgco2e, account.total().total_kgco2e.value, 1e-9);
}

// A lifetime divides, a PUE counts above one: drawn before, not after.
TEST(MonteCarlo, DrawsTheQuantityAndThenTurnsIt) {
    Account account;
    Factor pue = factor("pue", {.value = 1.2, .low = 1.1, .high = 1.4});
    pue.offset = -1;
    Factor years = factor("years", {.value = 4, .low = 3, .high = 6});
    years.inverse = true;
    account.lines.push_back(kilograms({factor("kg", exactly(100)), pue, years}));
    const Simulation s = simulate(account, {.draws = 100'000, .seed = 1}).value();
    EXPECT_NEAR(s.value_kgco2e, 100 * 0.2 / 4, 1e-12);
    EXPECT_GT(s.total.p5, 0);
    EXPECT_NEAR(s.total.p50, 5, 0.1);
    EXPECT_NEAR(std::fabs(s.tornado[0].high_kgco2e - s.tornado[0].low_kgco2e), 100 * 0.3 / 4, 1e-9);
}

TEST(MonteCarlo, TooFewDrawsAreRefused) {
    EXPECT_FALSE(simulate({}, {.draws = 99, .seed = 1}));
    EXPECT_FALSE(simulate({}, {.draws = 10'000'001, .seed = 1}));
}

}  // namespace
}  // namespace abate::footprint
