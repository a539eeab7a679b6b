#include "abate/policy/updating.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace abate::policy {
namespace {

constexpr double kClose = 1e-9;

TEST(Updating, TwoLaterYearsAreWorthLessThanOneNow) {
    EXPECT_NEAR(updating_weight(0.05), 0.9297052154195011, kClose);
    EXPECT_EQ(updating_weight(0), 1);
}

struct Row {
    double efficiency, benchmark, share;
    double fixed, updated;
};
// P = 1, k = s = a = 1, r = 5 %: (1/(1 + E - 0.9297 B (1 - share)))^(1/2).
constexpr Row kRows[] = {
    {1, 1.5, 0, 0.7071067811865476, 1.2851791288604195},
    {1, 1, 0, 0.7071067811865476, 0.9666033487932395},
    {1, 1, 0.25, 0.7071067811865476, 0.8761415529968479},
    {1, 1, 0.63, 0.7071067811865476, 0.7770852120655106},
    {1, 0.9, 0, 0.7071067811865476, 0.9271726499455306},
    {2, 1.5, 0, 0.5773502691896257, 0.7892283294029703},
};

TEST(Updating, AnEfficientFirmComputesMoreThanWithoutAScheme) {
    for (const Row& row : kRows) {
        Firm firm = firm_of({.cost_per_flop = 1, .efficiency_j_per_flop = row.efficiency});
        EXPECT_NEAR(choose(firm, 1).flop, row.fixed, kClose);
        firm.credit_j_per_flop = updating_weight(0.05) * row.benchmark * (1 - row.share);
        EXPECT_NEAR(choose(firm, 1).flop, row.updated, kClose);
    }
    Firm same_year = firm_of({.cost_per_flop = 1});
    same_year.credit_j_per_flop = 1.5;
    EXPECT_NEAR(choose(same_year, 1).flop, std::sqrt(2), kClose);
}

// Five firms in YFLOP, GWh and dollars: 2.1 M a YFLOP and 80,000 a GWh, of which they use 1000, 400, 150, 30, 10 without a scheme.
constexpr double kOutput[] = {1000, 400, 150, 30, 10};
constexpr double kEfficiency[] = {0.31, 0.36, 0.28, 0.22, 0.18};
constexpr double kSupply = 453.96;
constexpr double kBenchmark = kSupply / 1590;

std::vector<PriceRoot> roots_with(double weight, bool own_shares) {
    std::vector<Firm> firms;
    for (std::size_t i = 0; i < 5; ++i) {
        const double cost = 2.1e6 + 8e4 * kEfficiency[i];
        firms.push_back(firm_of({.benefit_scale = cost * kOutput[i] * kOutput[i],
                                 .cost_per_flop = cost,
                                 .efficiency_j_per_flop = kEfficiency[i]}));
        firms.back().credit_j_per_flop =
            weight * kBenchmark * (own_shares ? 1 - kOutput[i] / 1590 : 1);
    }
    return clearing_prices(Industry(firms), kSupply, {.from_per_j = 1e3, .to_per_j = 6e7});
}

// Roots by bisection in another program, dollars a MWh. As published: near 9,565 and 24,725; with own shares near 2,845 and 25,240; 17,520
// and 19,150 with a weight of 1; one price, 1,559, where what is given is fixed.
TEST(Updating, ManyPricesClearOrOne) {
    const auto expect = [](const std::vector<PriceRoot>& roots, const std::vector<double>& prices) {
        ASSERT_EQ(roots.size(), prices.size());
        for (std::size_t i = 0; i < roots.size(); ++i) {
            EXPECT_NEAR(roots[i].price_per_j / (prices[i] * 1e3), 1, kClose);
            EXPECT_EQ(roots[i].stable, i == 0);
        }
    };
    const double weight = updating_weight(0.05);
    expect(roots_with(0, false), {1559.444166410479});
    expect(roots_with(weight, false), {9561.080135924323, 24720.312769762088});
    expect(roots_with(weight, true), {2840.6254121081693, 25237.30606777551});
    expect(roots_with(1, false), {17519.639260568805, 19146.617563668675});
}

TEST(Updating, NothingClearsWhereAFlopBringsMoreThanItNeeds) {
    Firm firm = firm_of({.cost_per_flop = 1});
    firm.credit_j_per_flop = 1.5;
    const Industry industry({firm});
    EXPECT_TRUE(std::isinf(industry.demand(3).energy_j));
    EXPECT_TRUE(clearing_prices(industry, 0.5, {.from_per_j = 1e-3, .to_per_j = 1e3}).empty());
    const std::vector<PriceRoot> slack =
        clearing_prices(industry, 1.5, {.from_per_j = 1e-3, .to_per_j = 1e3});
    ASSERT_EQ(slack.size(), 2U);  // at nothing, and where more price means more demand
    EXPECT_EQ(slack[0].price_per_j, 0);
    EXPECT_FALSE(slack[1].stable);
}

// Against every output on a fine grid.
TEST(Updating, TheBandIsAJump) {
    for (const double credit : {0.0, 0.4, 0.9, 1.2, 1.45})
        for (const double past : {0.4, 0.6, 0.7, 0.85, 1.1}) {
            Firm firm = firm_of({.cost_per_flop = 1});
            firm.endowment_j = 0.3;
            firm.credit_j_per_flop = credit;
            const Choice best = choose(firm, 1, {.past_flop = past});
            double most = -1e300;
            for (int i = 1; i < 400'000; ++i) {
                const double flop = i * 1e-5;
                const double basis = std::abs(flop / past - 1) <= 0.15 + 1e-9 ? past : flop;
                most = std::max(most, -1 / flop - flop + 0.3 + credit * basis - flop);
            }
            // The grid misses what lies just outside an edge by less than a step.
            EXPECT_GT(best.utility, most - 1e-9) << credit << " " << past;
            EXPECT_LT(best.utility, most + 2e-5) << credit << " " << past;
        }
}

}  // namespace
}  // namespace abate::policy
