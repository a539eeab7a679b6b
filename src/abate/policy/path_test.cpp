#include "abate/policy/path.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace abate::policy {
namespace {

// D(P) = 8/sqrt(P): two firms of k = 1 whose FLOP cost nothing but allowances.
const Industry kIndustry({firm_of({.benefit_scale = 4}),
                          firm_of({.benefit_scale = 9, .efficiency_j_per_flop = 4})});

std::vector<PeriodPrice> path_of(const std::vector<double>& supplies, const BankingRules& rules) {
    std::vector<Period> periods;
    for (const double supply : supplies) periods.push_back({.supply_j = supply});
    return solve_path(kIndustry, periods, rules);
}

struct Path {
    std::vector<double> supplies;
    double rate;
    std::vector<double> prices;
    std::vector<double> banks;
};
// A block of periods that bank has P_1 = (8 sum (1+r)^(-(u-1)/2) / sum Q)^2; blocks by hand.
const Path kPaths[] = {
    {{10, 6}, 0, {1, 1}, {2, 0}},
    {{10, 6}, 0.1, {0.9540040218955235, 1.049404424085076}, {1.809415707224, 0}},
    {{6, 10}, 0.05, {1.7777777777777777, 0.64}, {0, 0}},
    {{10, 8, 5},
     0.05,
     {1.0374085157873363, 1.0892789415767032, 1.1437428886555383},
     {2.145562601044, 2.480416570434, 0}},
    {{12, 9, 4, 8},
     0.05,
     {0.8780625677624014, 0.9219656961505216, 0.9680639809580476, 1},
     {3.462568044613, 4.130887576559, 0, 0}},
    {{8, 8}, 0.05, {1, 1}, {0, 0}},
};

TEST(PolicyPath, IsThePoolingOfItsPeriods) {
    for (const Path& row : kPaths) {
        const std::vector<PeriodPrice> path = path_of(row.supplies, {.discount_rate = row.rate});
        for (std::size_t t = 0; t < path.size(); ++t) {
            EXPECT_NEAR(path[t].price_per_j, row.prices[t], 1e-9);
            EXPECT_NEAR(path[t].bank_j, row.banks[t], 1e-9);
        }
    }
}

TEST(PolicyPath, WhatIsIssuedLaterLivesOnTheBank) {
    const std::vector<PeriodPrice> path = path_of({0, 0}, {.bank_j = 16});
    EXPECT_NEAR(path[0].price_per_j, 1, 1e-9);
    EXPECT_NEAR(path[0].bank_j, 8, 1e-9);
    EXPECT_NEAR(path_of({16, 0}, {})[1].price_per_j, 1, 1e-9);
}

TEST(PolicyPath, WhatNobodyWantsStaysInTheBank) {
    const Industry small({firm_of({.cost_per_flop = 1})});  // D(0) = 1
    const std::vector<PeriodPrice> path =
        solve_path(small, {{.supply_j = 3}, {.supply_j = 1}, {.supply_j = 1}}, {});
    for (const PeriodPrice& at : path) EXPECT_EQ(at.price_per_j, 0);
    EXPECT_NEAR(path[2].bank_j, 2, 1e-12);
}

// The conditions that say all of it: nothing is borrowed, prices rise at the rate while something is kept, and never faster.
RC_GTEST_PROP(PolicyPathProperty, KeepsTheConditionsOfBanking, ()) {
    const std::size_t count = *rc::gen::inRange<std::size_t>(1, 12);
    const double rate = *rc::gen::inRange(0, 30) * 0.01;
    std::vector<Firm> firms{firm_of({.benefit_scale = 2, .cost_per_flop = 0.3}),
                            firm_of({.benefit_exponent = 2,
                                     .benefit_scale = 5,
                                     .cost_per_flop = 0.1,
                                     .efficiency_j_per_flop = 1.7})};
    const Industry industry(firms);
    std::vector<Period> periods;
    for (std::size_t t = 0; t < count; ++t)
        periods.push_back({.supply_j = 0.1 + *rc::gen::inRange(0, 1000) * 1e-2,
                           .setting = {.scale = 1 + *rc::gen::inRange(0, 100) * 0.01,
                                       .efficiency = 1 - *rc::gen::inRange(0, 50) * 0.01}});
    const double bank = *rc::gen::inRange(0, 300) * 0.01;
    const std::vector<PeriodPrice> path =
        solve_path(industry, periods, {.discount_rate = rate, .bank_j = bank});
    double before = bank;
    for (std::size_t t = 0; t < count; ++t) {
        const PeriodPrice& at = path[t];
        RC_ASSERT(at.bank_j >= -1e-9);
        RC_ASSERT(std::abs(before + periods[t].supply_j - at.demand_j - at.bank_j) < 1e-9);
        before = at.bank_j;
        if (t + 1 == count) {
            RC_ASSERT(at.price_per_j == 0 || at.bank_j < 1e-9);
            continue;
        }
        const double next = path[t + 1].price_per_j;
        RC_ASSERT(next <= at.price_per_j * (1 + rate) * (1 + 1e-9) + 1e-12);
        if (at.bank_j > 1e-7)
            RC_ASSERT(std::abs(next - at.price_per_j * (1 + rate)) < 1e-9 * (1 + next));
    }
}

}  // namespace
}  // namespace abate::policy
