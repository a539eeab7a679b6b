#include "abate/policy/power.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace abate::policy {
namespace {

constexpr double kClose = 1e-9;
const Firm kLean = firm_of({.benefit_scale = 4});
const Firm kHeavy = firm_of({.benefit_scale = 9, .efficiency_j_per_flop = 4});

struct Row {
    double endowment;
    double fringe_energy, price, marginal_value, energy, sale, utility, competitive_utility;
};
// Roots of 36/(8 - z)^2 = (8 A_f - 4 z)/z^3 by bisection in 30 digits; at 6, what competition gives, by hand.
constexpr Row kRows[] = {
    {6, 2, 1, 1, 6, 0, -6, -6},
    {7,
     1.413749395653199,
     2.001313508376163,
     0.8299004458501,
     6.586250604346801,
     0.413749395653,
     -4.637890058425,
     -5},
    {5,
     2.348723072497781,
     0.725097425598220,
     1.127221651321576,
     5.651276927502219,
     -0.651276927502,
     -6.842480933778,
     -7},
    {4,
     2.597331910296257,
     0.592932272314127,
     1.233348827806022,
     5.402668089703743,
     -1.402668089704,
     -7.495061533192,
     -8},
};

TEST(Power, WhoSetsThePriceSellsOrBuysTooLittle) {
    const Industry fringe({kLean});
    for (const Row& row : kRows) {
        Firm firm = kHeavy;
        firm.endowment_j = row.endowment;
        const Dominance at = dominate({.firm = firm,
                                       .fringe = fringe,
                                       .supply_j = 8,
                                       .fringe_endowment_j = 8 - row.endowment});
        EXPECT_TRUE(at.bounded);
        EXPECT_NEAR(at.fringe_energy_j, row.fringe_energy, kClose);
        EXPECT_NEAR(at.price_per_j, row.price, kClose);
        EXPECT_NEAR(at.marginal_value, row.marginal_value, kClose);
        EXPECT_NEAR(at.energy_j, row.energy, kClose);
        EXPECT_NEAR(at.net_sale_j, row.sale, kClose);
        EXPECT_NEAR(at.utility, row.utility, kClose);
        EXPECT_NEAR(at.competitive_price_per_j, 1, kClose);
        EXPECT_NEAR(at.competitive_utility, row.competitive_utility, kClose);
    }
}

TEST(Power, WithAllOfItThePriceHasNoEndButACeiling) {
    Firm firm = kHeavy;
    firm.endowment_j = 8;
    const Industry fringe({kLean});
    EXPECT_FALSE(dominate({.firm = firm, .fringe = fringe, .supply_j = 8}).bounded);
    const Dominance capped =
        dominate({.firm = firm, .fringe = fringe, .supply_j = 8, .ceiling_per_j = 4.0});
    EXPECT_TRUE(capped.bounded);
    EXPECT_LE(capped.price_per_j, 4);
}

TEST(Power, HoardingRaisesThePriceAndCostsTheHoarder) {
    const std::vector<Firm> firms{kLean, kHeavy};
    const double prices[] = {1, 64 / 56.25, 64.0 / 49, 64.0 / 36};
    const double withheld[] = {0, 0.5, 1, 2};
    for (std::size_t i = 0; i < 4; ++i) {
        const Hoarding at = hoard(firms, 1, {.supply_j = 8, .withheld_j = withheld[i]});
        EXPECT_NEAR(at.price_before_per_j, 1, kClose);
        EXPECT_NEAR(at.price_after_per_j, prices[i], kClose);
    }
    std::vector<Firm> endowed = firms;
    endowed[1].endowment_j = 6;
    const Hoarding at = hoard(endowed, 1, {.supply_j = 8, .withheld_j = 1});
    EXPECT_NEAR(at.utility_change, -1.183673469, 1e-9);
    EXPECT_NEAR(at.rivals_flop_change, -0.25, kClose);
    EXPECT_NEAR(at.break_even_per_flop, 4.734693878, 1e-9);
}

TEST(Power, AnAuditDetersWhereItsShareIsThePriceOverPriceAndFine) {
    EXPECT_DOUBLE_EQ(deterring_audit_share({.price_per_j = 1, .penalty_per_j = 3}), 0.25);
    EXPECT_EQ(deterring_audit_share({.price_per_j = 0, .penalty_per_j = 3}), 0);
}

}  // namespace
}  // namespace abate::policy
