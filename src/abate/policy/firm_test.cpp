#include "abate/policy/firm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace abate::policy {
namespace {

constexpr double kClose = 1e-9;  // relative

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of EXPECT_NEAR
void expect_close(double value, double expected) {
    EXPECT_NEAR(value, expected, kClose * std::abs(expected));
}

struct OneFirm {
    double k, a, b;
    double without, with, ratio;
};
// Closed form (s k/(a + b))^(1/(k + 1)) in exact arithmetic, s = E = 1; the second and third rows are the ends of the paper's figure 1.
constexpr OneFirm kFirms[] = {
    {1, 0.01, 0.01, 10, 7.0710678118654755, 0.7071067811865476},
    {1, 1e-4, 1e-2, 100, 9.950371902099892, 0.09950371902099892},
    {1, 1e-2, 1e-1, 10, 3.0151134457776365, 0.30151134457776363},
    {2, 0.25, 0.75, 2, 1.2599210498948732, 0.6299605249474366},
    {0.5, 1e-3, 1e-2, 62.996052494743644, 12.73654241206994, 0.20218000823357415},
    {3, 1e-4, 1e-2, 13.160740129524925, 4.151451515872826, 0.3154421009012572},
    {1, 0.01, 0, 10, 10, 1},
};

TEST(Firm, ChoosesAsThePaperSays) {
    for (const OneFirm& row : kFirms) {
        const Firm firm = firm_of({.benefit_exponent = row.k, .cost_per_flop = row.a});
        const double without = choose(firm, 0).flop;
        const double with = choose(firm, row.b).flop;
        expect_close(without, row.without);
        expect_close(with, row.with);
        expect_close(with / without, row.ratio);
    }
}

// Montgomery's independence, and the envelope: what it has is worth the price, and the value of efficiency is the price of what it uses.
TEST(Firm, WhatItHasIsMoneyAndChangesNothingElse) {
    Firm firm = firm_of({.benefit_exponent = 1.5,
                         .benefit_scale = 3,
                         .cost_per_flop = 0.2,
                         .efficiency_j_per_flop = 1.3});
    const Choice poor = choose(firm, 0.4);
    firm.endowment_j = 5;
    const Choice rich = choose(firm, 0.4);
    EXPECT_EQ(poor.flop, rich.flop);
    expect_close(rich.utility - poor.utility, 0.4 * 5);
    EXPECT_DOUBLE_EQ(rich.net_sale_j, 5 - rich.energy_j);

    constexpr double kStep = 1e-6;
    const double more = choose(firm, 0.4 + kStep).utility - choose(firm, 0.4 - kStep).utility;
    EXPECT_NEAR(more / (2 * kStep), rich.net_sale_j, 1e-6);
    const double dlog =
        std::log(choose(firm, 0.4 * (1 + kStep)).flop / choose(firm, 0.4 * (1 - kStep)).flop);
    EXPECT_NEAR(dlog / (2 * kStep), output_elasticity(firm, 0.4), 1e-6);
    EXPECT_EQ(output_elasticity(firm, 0), 0);
}

// No other output or efficiency that it could have is better.
TEST(Firm, ItsChoiceIsTheBest) {
    for (const double elasticity : {0.4, 0.5, 1.0, 1.7}) {
        const Firm firm{.marginal_benefit = 9,
                        .elasticity = elasticity,
                        .capital_cost_per_flop = 1,
                        .electricity_price_per_j = 0.5,
                        .efficiency_j_per_flop = 1,
                        .best_efficiency_j_per_flop = 0.6,
                        .retrofit_cost_per_flop = 1};
        const double price = 1.2;
        const Choice best = choose(firm, price);
        for (const double of_flop : {0.5, 0.99, 1.01, 2.0})
            for (const double efficiency : {0.6, 0.7, 0.8, 0.9, 1.0, best.efficiency_j_per_flop}) {
                const double flop = best.flop * of_flop;
                const double cost = 1 + 0.5 * efficiency + (1 / efficiency - 1);
                EXPECT_LT(benefit_of(firm, flop) - cost * flop - price * efficiency * flop,
                          best.utility);
            }
    }
}

struct Retrofit {
    double electricity, least, price;
    double efficiency, flop;
};
// E0 = retrofit cost = 1, a = 1, s = 9, k = 1: sqrt(1/(electricity + P)) between `least` and 1, by hand to 12 places.
constexpr Retrofit kRetrofits[] = {
    {0, 1e-9, 4, 0.5, 1.5},
    {1, 1e-9, 0, 1, 2.1213203435596424},
    {1, 1e-9, 0.5, 0.816496580927726, 1.9168293127388174},
    {1, 1e-9, 5, 0.408248290463863, 0.5533409598501607 / 0.408248290463863},
    {0.5, 0.6, 0.5, 1, 2.1213203435596424},
    {0.5, 0.6, 1, 0.816496580927726, 1.5650845800732873 / 0.816496580927726 * 1.0},
    {0.5, 0.6, 2, 0.6324555320336759, 1.0669676460233537 / 0.6324555320336759},
    {0.5, 0.6, 5, 0.6, 0.8076812448538041 / 0.6},
};

TEST(Firm, MakesItselfMoreEfficientWhereThatPays) {
    for (const Retrofit& row : kRetrofits) {
        Firm firm = firm_of({.benefit_scale = 9, .cost_per_flop = 1});
        firm.electricity_price_per_j = row.electricity;
        firm.best_efficiency_j_per_flop = row.least;
        firm.retrofit_cost_per_flop = 1;
        const Choice choice = choose(firm, row.price);
        expect_close(choice.efficiency_j_per_flop, row.efficiency);
        expect_close(choice.flop, row.flop);
    }
}

TEST(Firm, WithoutAnyCostThereIsNoEnd) {
    const Firm firm = firm_of({});
    EXPECT_TRUE(std::isinf(choose(firm, 0).flop));
    EXPECT_TRUE(std::isfinite(choose(firm, 1e-9).flop));
}

}  // namespace
}  // namespace abate::policy
