#include "abate/policy/equilibrium.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace abate::policy {
namespace {

constexpr double kClose = 1e-9;

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of EXPECT_NEAR
void expect_close(double value, double expected) {
    EXPECT_NEAR(value, expected, kClose * std::max(std::abs(expected), 1e-3));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of the formulas
Firm firm(double k, double s, double a, double e) {
    return firm_of({.benefit_exponent = k,
                    .benefit_scale = s,
                    .cost_per_flop = a,
                    .efficiency_j_per_flop = e});
}

// Two firms with P = (8/Q)^2: a = 0, k = 1, S = 2 + 6.
const std::vector<Firm> kTwo{firm(1, 4, 0, 1), firm(1, 9, 0, 4)};
const std::vector<Firm> kFour{
    firm(1, 1, 0.02, 1), firm(0.5, 2, 0.05, 1.6), firm(2, 5, 0.01, 0.6), firm(1.5, 0.8, 0.03, 1.2)};

double price_of(const std::vector<Firm>& firms, double supply) {
    return solve(Industry(firms), {.supply_j = supply}).price_per_j;
}

// P = (s k (N E/Q)^(k + 1) - a)/E.
TEST(Equilibrium, OfFirmsThatAreAllAlikeIsTheClosedForm) {
    expect_close(price_of(std::vector<Firm>(4, firm(1, 1, 1, 2)), 4), 1.5);
    const double closed = (0.8 * 1.5 * std::pow(1000 * 1.2 / 300, 2.5) - 0.03) / 1.2;
    expect_close(price_of(std::vector<Firm>(1000, firm(1.5, 0.8, 0.03, 1.2)), 300), closed);
}

// P = k (S/Q)^(k + 1) with S the sum of s^(1/(k+1)) E^(k/(k+1)), where a FLOP costs nothing but allowances; less c where it costs c E.
TEST(Equilibrium, OfUnlikeFirmsWithoutCostIsTheClosedForm) {
    expect_close(price_of(kTwo, 8), 1);
    expect_close(price_of(kTwo, 4), 4);
    expect_close(price_of(kTwo, 2), 16);
    expect_close(price_of({firm(2, 1, 0, 1), firm(2, 8, 0, 8)}, 5), 11.664);
    const std::vector<Firm> electric{firm(1, 4, 0.5, 1), firm(1, 9, 2, 4)};
    expect_close(solve(Industry(electric), {.supply_j = 4}).demand_at_zero_j, 11.313708498984761);
    expect_close(price_of(electric, 4), 3.5);
    expect_close(price_of(electric, 8), 0.5);
    EXPECT_EQ(price_of(electric, 12), 0);
}

// Roots of the four firms' demand, found by bisection in 30 digits.
TEST(Equilibrium, OfFourUnlikeFirmsIsTheRoot) {
    const double free = solve(Industry(kFour), {.supply_j = 1}).demand_at_zero_j;
    expect_close(free, 30.108106562442448);
    const double shares[] = {0.9, 0.75, 0.5, 0.25};
    const double prices[] = {
        0.0056065877626872, 0.0186707842716581, 0.0725864470685571, 0.3774865375441375};
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(price_of(kFour, shares[i] * free), prices[i], 1e-12);

    const double price = price_of(kFour, 0.75 * free);
    const double flop[] = {5.085205523144, 5.391783083533, 7.784030166812, 3.498836137456};
    const double sold[] = {0.560064457313, -2.981582953195, 0.974851880371, 1.446666615511};
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        Firm one = kFour[i];
        one.endowment_j = 0.75 * free / 4;
        const Choice choice = choose(one, price);
        EXPECT_NEAR(choice.flop, flop[i], 1e-11);
        EXPECT_NEAR(choice.net_sale_j, sold[i], 1e-11);
        sum += choice.net_sale_j;
    }
    EXPECT_NEAR(sum, 0, 1e-12);
}

// By hand: s k/(a + cost(E)) with E = sqrt(1/P); and four times the price where efficiency cannot change.
TEST(Equilibrium, EfficiencyTakesMostOfThePrice) {
    Firm one = firm(1, 9, 1, 1);
    one.retrofit_cost_per_flop = 1;
    one.best_efficiency_j_per_flop = 1e-9;
    expect_close(price_of({one}, 0.75), 4);
    one.best_efficiency_j_per_flop = 1;
    expect_close(price_of({one}, 0.75), 15);
}

TEST(Equilibrium, AFloorKeepsBackWhatIsNotWantedAtIt) {
    const Equilibrium at =
        solve(Industry(kTwo), {.supply_j = 8, .auctioned_j = 8, .floor_per_j = 1.44});
    expect_close(at.price_per_j, 1.44);
    expect_close(at.demand_j, 20.0 / 3);
    expect_close(at.unsold_j, 4.0 / 3);
    // What was given for nothing finds its own price, below the floor: P = (8/7)^2.
    const Equilibrium below =
        solve(Industry(kTwo), {.supply_j = 8, .auctioned_j = 1, .floor_per_j = 1.44});
    expect_close(below.price_per_j, 64.0 / 49);
    EXPECT_EQ(below.unsold_j, 1);
}

TEST(Equilibrium, ACeilingSellsWhatIsWantedAtIt) {
    const Equilibrium at = solve(Industry(kTwo), {.supply_j = 8, .ceiling_per_j = 0.64});
    expect_close(at.price_per_j, 0.64);
    expect_close(at.sold_at_ceiling_j, 2);
    EXPECT_EQ(at.uncovered_j, 0);
}

TEST(Equilibrium, AFineWithoutMakeGoodIsACeilingThatSellsNothing) {
    const Equilibrium at = solve(Industry(kTwo), {.supply_j = 4, .penalty_per_j = 2.25});
    expect_close(at.price_per_j, 2.25);
    expect_close(at.uncovered_j, 4.0 / 3);
    EXPECT_EQ(at.sold_at_ceiling_j, 0);
}

TEST(Equilibrium, TiersAreSoldOneAfterTheOther) {
    const Industry industry(kTwo);
    const Equilibrium second =
        solve(industry, {.supply_j = 4, .tiers = {{2.25, 0.5}, {3, 1}}, .ceiling_per_j = 3.5});
    expect_close(second.price_per_j, 3);
    expect_close(second.sold_at_tier_j[0], 0.5);
    expect_close(second.sold_at_tier_j[1], 0.118802153517);
    const Equilibrium first = solve(industry, {.supply_j = 4, .tiers = {{2.25, 2}}});
    expect_close(first.price_per_j, 2.25);
    expect_close(first.sold_at_tier_j[0], 4.0 / 3);
    const Equilibrium all =
        solve(industry, {.supply_j = 2, .tiers = {{2.25, 0.5}, {3, 0.5}}, .ceiling_per_j = 5});
    expect_close(all.price_per_j, 5);
    EXPECT_EQ(all.sold_at_tier_j, (std::vector<double>{0.5, 0.5}));
    expect_close(all.sold_at_ceiling_j, 0.577708763999663);
}

TEST(Equilibrium, ManyFirmsOfHugeNumbersHaveAPrice) {
    std::vector<Firm> firms;
    for (int i = 0; i < 5000; ++i)
        firms.push_back(firm(1 + i % 3, 1e30, 2.1e-18, 1e-12 * (1 + i % 7)));
    const Industry industry(firms);
    const double free = industry.demand(0).energy_j;
    const double price = clearing_price(industry, 0.9 * free);
    EXPECT_NEAR(industry.demand(price).energy_j / (0.9 * free), 1, 1e-12);
}

// The same bytes however many reckon, and however the firms around one are.
// The sum of a steep demand and of one that hardly falls bends more at 0 than any power does.
TEST(Equilibrium, OfVeryUnlikeFirmsIsTheRoot) {
    struct Kind {
        double marginal_benefit = 0;
        double elasticity = 0;
        double capital = 0;
        double efficiency = 0;
    };
    const std::vector<std::vector<Kind>> industries{
        {{0.1, 0.25, 1e-3, 10}, {1e4, 2.25, 1, 0.1}},
        {{0.1, 0.75, 1e-4, 1}, {1e4, 1.75, 1, 1}, {1e5, 0.25, 1, 10}},
        {{100, 0.75, 1e-4, 10}, {1e4, 1.75, 0.1, 1}, {1000, 0.5, 1e-4, 10}},
        {{100, 1.5, 1e-3, 10}, {1e6, 2, 1, 1}, {0.01, 0.5, 1e-4, 10}}};
    for (const std::vector<Kind>& kinds : industries) {
        std::vector<Firm> firms;
        for (const Kind& each : kinds)
            firms.push_back({.marginal_benefit = each.marginal_benefit,
                             .elasticity = each.elasticity,
                             .capital_cost_per_flop = each.capital,
                             .efficiency_j_per_flop = each.efficiency,
                             .best_efficiency_j_per_flop = each.efficiency});
        const auto demand = [&](double price) {
            double sum = 0;
            for (const Kind& each : kinds)
                sum += each.efficiency *
                       std::pow(each.marginal_benefit / (each.capital + price * each.efficiency),
                                each.elasticity);
            return sum;
        };
        for (int percent = 1; percent < 100; ++percent) {
            const double supply = demand(0) * percent * 1e-2;
            double low = 0;
            double high = 1e30;
            for (int step = 0; step < 300; ++step) {
                const double middle = (low + high) / 2;
                (demand(middle) > supply ? low : high) = middle;
            }
            EXPECT_NEAR(price_of(firms, supply) / high, 1, kClose) << percent;
        }
    }
}

TEST(Equilibrium, ThreadsAndNeighboursChangeNoByte) {
    std::vector<Firm> firms;
    for (int i = 0; i < 200'000; ++i)
        firms.push_back(
            firm(0.5 + i % 97 * 0.02, 1 + i % 31, 0.01 + i % 13 * 0.1, 0.3 + i % 7 * 0.1));
    const Industry one(firms);
    const Industry two(firms, 2);
    const Industry five(firms, 5);
    const double supply = 0.7 * one.demand(0).energy_j;
    EXPECT_EQ(one.demand(0.3).energy_j, two.demand(0.3).energy_j);
    EXPECT_EQ(one.demand(0.3).slope, five.demand(0.3).slope);
    const double price = clearing_price(one, supply);
    EXPECT_EQ(price, clearing_price(two, supply));
    EXPECT_EQ(price, clearing_price(five, supply));
    // One that could change its efficiency, and pays too much for it to do so, makes its block another loop.
    firms[0].best_efficiency_j_per_flop = firms[0].efficiency_j_per_flop / 2;
    firms[0].retrofit_cost_per_flop = 1e9;
    EXPECT_EQ(Industry(firms).demand(0.3).energy_j, one.demand(0.3).energy_j);
}

std::vector<Firm> any_firms() {
    const auto number = [](double least, double most) {
        return least * std::pow(most / least, *rc::gen::inRange(0, 1'000'001) * 1e-6);
    };
    std::vector<Firm> firms(*rc::gen::inRange<std::size_t>(1, 30));
    for (Firm& each : firms) {
        each.marginal_benefit = number(1e-3, 1e6);
        each.elasticity = number(0.2, 2.5);
        each.capital_cost_per_flop = number(1e-3, 10);
        each.electricity_price_per_j = *rc::gen::arbitrary<bool>() ? 0 : number(1e-3, 1);
        each.efficiency_j_per_flop = number(0.1, 10);
        each.best_efficiency_j_per_flop = each.efficiency_j_per_flop;
        if (*rc::gen::arbitrary<bool>()) {
            each.best_efficiency_j_per_flop *= number(0.1, 1);
            each.retrofit_cost_per_flop = number(1e-3, 10);
        }
    }
    return firms;
}

RC_GTEST_PROP(EquilibriumProperty, DemandFallsAndItsSlopeIsItsDerivative, ()) {
    const std::vector<Firm> firms = any_firms();
    const Industry industry(firms);
    const double price = *rc::gen::inRange(1, 100'000) * 1e-4;
    const Industry::Demand at = industry.demand(price);
    double sum = 0;
    for (const Firm& each : firms) sum += choose(each, price).energy_j;
    RC_ASSERT(std::abs(sum / at.energy_j - 1) < 1e-11);
    RC_ASSERT(at.slope < 0);
    RC_ASSERT(industry.demand(price * 1.01).energy_j < at.energy_j);
    // Where no firm's efficiency is about to stop or start moving, which the difference would smear.
    const double step = 1e-6 * price;
    const double up = industry.demand(price + step).energy_j;
    const double down = industry.demand(price - step).energy_j;
    const double right = (up - at.energy_j) / step;
    const double left = (at.energy_j - down) / step;
    RC_PRE(std::abs(right / left - 1) < 1e-4);
    RC_ASSERT(std::abs((up - down) / (2 * step) / at.slope - 1) < 1e-4);
}

// Fixed allocation: what is used is what there is, sales add up to nothing, and nobody else's sharing out of the same energy is worth more.
RC_GTEST_PROP(EquilibriumProperty, ClearsAndIsTheBestSharingOut, ()) {
    std::vector<Firm> firms = any_firms();
    const Industry industry(firms);
    const double supply = industry.demand(0).energy_j * *rc::gen::inRange(1, 1300) * 1e-3;
    const Equilibrium at = solve(industry, {.supply_j = supply});
    RC_ASSERT(at.cap_binds == (at.price_per_j > 0));
    if (!at.cap_binds) return;
    RC_ASSERT(std::abs(at.demand_j / supply - 1) < 1e-11);
    double sales = 0;
    double welfare = 0;
    std::vector<Choice> choices;
    for (Firm& each : firms) {
        each.endowment_j = supply / static_cast<double>(firms.size());
        choices.push_back(choose(each, at.price_per_j));
        sales += choices.back().net_sale_j;
        welfare += benefit_of(each, choices.back().flop) -
                   choices.back().cost_per_flop * choices.back().flop;
    }
    RC_ASSERT(std::abs(sales) < 1e-9 * supply);
    if (firms.size() < 2) return;
    // Some energy of one goes to another, each at the efficiency that it has.
    const std::size_t from = *rc::gen::inRange<std::size_t>(0, firms.size());
    const std::size_t to = *rc::gen::inRange<std::size_t>(0, firms.size());
    RC_PRE(from != to);
    const double moved = choices[from].energy_j * *rc::gen::inRange(1, 900) * 1e-3;
    const auto worth = [&](std::size_t i, double energy) {
        const double flop = energy / choices[i].efficiency_j_per_flop;
        return benefit_of(firms[i], flop) - choices[i].cost_per_flop * flop;
    };
    const double other =
        welfare - worth(from, choices[from].energy_j) - worth(to, choices[to].energy_j) +
        worth(from, choices[from].energy_j - moved) + worth(to, choices[to].energy_j + moved);
    RC_ASSERT(other <= welfare + 1e-9 * std::abs(welfare));
}

}  // namespace
}  // namespace abate::policy
