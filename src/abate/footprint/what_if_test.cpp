#include "abate/footprint/what_if.h"

#include "abate/core/random.h"
#include "abate/footprint/accelerator_power.h"
#include "abate/footprint/inventory_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace abate::footprint {
namespace {

using testing::chosen;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::node_energy;
using testing::of_phase;
using testing::plain_fleet;
using testing::plain_inventory;
using testing::plain_site;
using testing::stored_run;
using testing::tables;

Lever lever(LeverKind kind, double factor) {
    Lever out;
    out.kind = kind;
    out.factor = factor;
    return out;
}

double sum_of(const Waterfall& waterfall) {
    double sum = waterfall.from;
    for (const Step& step : waterfall.steps) sum += step.delta;
    return sum;
}

// The language model of Wu et al. 2022, figure 7: caching 6.7, GPU 10.1, half precision 2.4, fused kernel 5; 2.4 x 5 = 12, and 6.7 x 10.1 x 12 = 812.
TEST(WhatIf, WusCascadeIsEightHundredAndTwelve) {
    Inventory service = plain_inventory();
    service.activities.push_back(node_energy(AccountPhase::inference, "LM", 1000));
    const std::vector<Lever> levers{lever(LeverKind::caching, 6.7),
                                    lever(LeverKind::accelerator, 10.1),
                                    lever(LeverKind::precision, 2.4),
                                    lever(LeverKind::fused_kernels, 5)};
    const WhatIf answer = what_if(service, levers, tables(), Measure::operational_kgco2e).value();
    EXPECT_NEAR(answer.waterfall.from / answer.waterfall.to, 6.7 * 10.1 * 12, 1e-6);
    EXPECT_NEAR(answer.waterfall.from / answer.waterfall.to, 812, 0.1);
    EXPECT_NEAR(sum_of(answer.waterfall), answer.waterfall.to, 1e-9);
}

TEST(WhatIf, StepsDoNotDependOnTheOrderOfTheLevers) {
    Inventory service = plain_inventory();
    service.fleets.push_back(plain_fleet(10));
    service.activities.push_back(node_energy(AccountPhase::inference, "LM", 1000));
    service.activities[0].fleet = "cards";
    service.activities[0].unit_hours = exactly(5000);
    Lever region = lever(LeverKind::region, 1);
    region.region = "NO";
    Lever years = lever(LeverKind::lifetime, 1);
    years.years = 8;
    std::vector<Lever> levers{
        lever(LeverKind::caching, 3), region, years, lever(LeverKind::precision, 2)};
    const WhatIf first = what_if(service, levers, tables(), Measure::total_kgco2e).value();
    std::reverse(levers.begin(), levers.end());
    const WhatIf second = what_if(service, levers, tables(), Measure::total_kgco2e).value();
    ASSERT_EQ(first.waterfall.steps.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(first.waterfall.steps[i].cause, second.waterfall.steps[3 - i].cause);
        EXPECT_NEAR(first.waterfall.steps[i].delta, second.waterfall.steps[3 - i].delta, 1e-9);
        EXPECT_LE(first.waterfall.steps[i].delta, 0);
    }
    EXPECT_NEAR(sum_of(first.waterfall), first.waterfall.to, 1e-9);
}

// By definition: the mean over all orders of what each adds when its turn comes.
TEST(Shapley, IsTheMeanOverAllOrders) {
    Random random(7);
    for (std::size_t n = 1; n <= 5; ++n) {
        std::vector<double> worths(std::size_t{1} << n);
        for (double& worth : worths) worth = random.uniform() * 100;
        const auto worth = [&](std::size_t mask) { return worths[mask]; };
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), 0U);
        std::vector<double> mean(n, 0);
        double orders = 0;
        do {
            std::size_t mask = 0;
            for (const std::size_t player : order) {
                const std::size_t with = mask | (std::size_t{1} << player);
                mean[player] += worths[with] - worths[mask];
                mask = with;
            }
            ++orders;
        } while (std::next_permutation(order.begin(), order.end()));
        const std::vector<double> values = shapley(n, worth);
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_NEAR(values[i], mean[i] / orders, 1e-9) << n << " players, " << i;
            sum += values[i];
        }
        EXPECT_NEAR(sum, worths.back() - worths.front(), 1e-9);
    }
}

// Two factors on 100: halving and halving again. Alone each saves 50, after the other 25: 37.5 each.
TEST(Shapley, OfTwoHalvingsIsEvenlyShared) {
    const std::vector<double> values = shapley(2, [](std::size_t mask) {
        return 100 / ((mask & 1U) != 0 ? 2.0 : 1.0) / ((mask & 2U) != 0 ? 2.0 : 1.0);
    });
    EXPECT_DOUBLE_EQ(values[0], -37.5);
    EXPECT_DOUBLE_EQ(values[1], -37.5);
}

TEST(WhatIf, FreedHoursBecomeIdleUnlessTheHardwareFollows) {
    Inventory service = plain_inventory();
    service.fleets.push_back(plain_fleet(1));
    service.activities.push_back(node_energy(AccountPhase::inference, "LM", 1000));
    service.activities[0].fleet = "cards";
    service.activities[0].unit_hours = exactly(4000);
    const std::vector<Lever> half{lever(LeverKind::right_sized_model, 2)};
    WhatIf answer = what_if(service, half, tables(), Measure::embodied_kgco2e).value();
    EXPECT_NEAR(answer.waterfall.from, 20, 1e-9);  // 100 kg / 5
    EXPECT_NEAR(answer.waterfall.to, 20, 1e-9) << "the card is still there";
    EXPECT_THAT(answer.notes, Contains(HasSubstr("2000 unit-hours freed on cards")));
    EXPECT_THAT(answer.notes, Contains(HasSubstr("hardware_follows_work")));
    service.hardware_follows_work = true;
    answer = what_if(service, half, tables(), Measure::embodied_kgco2e).value();
    EXPECT_NEAR(answer.waterfall.to, 10, 1e-9);
    EXPECT_TRUE(answer.notes.empty());
}

// Others hold 2000 hours beside our 4000 of 8760 owned. Halved: 8760 x (2000 + 2000) / 6000 owned; a thousandth: 8760 x 2004 / 6000. Each bears
// 100 kg / (5 x 8760).
TEST(WhatIf, HardwareThatOthersHoldStays) {
    Inventory service = plain_inventory();
    service.hardware_follows_work = true;
    service.fleets.push_back(plain_fleet(1));
    service.fleets[0].allocated_hours = 6000;
    service.activities.push_back(node_energy(AccountPhase::inference, "LM", 1000));
    service.activities[0].fleet = "cards";
    service.activities[0].unit_hours = exactly(4000);
    const auto after = [&](double factor) {
        const std::vector<Lever> levers{lever(LeverKind::right_sized_model, factor)};
        return what_if(service, levers, tables(), Measure::embodied_kgco2e).value().waterfall.to;
    };
    EXPECT_NEAR(after(1), 20, 1e-9);
    EXPECT_NEAR(after(2), 20 * 4000 / 6000.0, 1e-9);
    EXPECT_NEAR(after(1000), 20 * 2004 / 6000.0, 1e-9);
}

// Runs recorded in France at PUE 1.2, 50 g/kWh in their hours; two other sites are declared, or none.
Inventory recorded() {
    AssessOptions options;
    options.pue = 1.2;
    options.market_gco2e_per_kwh = 40;
    RunRecord run =
        stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2, options);
    run.operational->intensity_gco2e_per_kwh = exactly(50);
    Inventory lab = plain_inventory();
    lab.sites[0] = plain_site("elsewhere");
    lab.sites[0].region = "DE";
    lab.sites[0].pue = 1.9;
    lab.sites[0].intensity_gco2e_per_kwh = 700;
    lab.sites.push_back(plain_site("annex"));
    lab.runs.push_back(chosen({run}));
    return lab;
}

// 1 kWh x 1.57 x 1.2 at the facility, x 0.05 located, x 0.04 by contract.
TEST(WhatIf, RunsOfTheStoreStayWhereTheyWere) {
    for (const bool with_sites : {true, false}) {
        Inventory lab = recorded();
        if (!with_sites) lab.sites.clear();
        const double kwh = 1.57 * 1.2;
        const auto with = [&](const Lever& one, Measure measure) {
            return what_if(lab, std::vector<Lever>{one}, tables(), measure).value().waterfall;
        };
        Lever hour = lever(LeverKind::hour, 1);
        hour.share = 1;
        for (const Measure measure :
             {Measure::operational_kgco2e, Measure::energy_kwh, Measure::market_kgco2e}) {
            const Waterfall same = with(hour, measure);
            EXPECT_EQ(same.from, same.to) << to_string(measure);
        }
        hour.share = 0.8;
        EXPECT_NEAR(with(hour, Measure::operational_kgco2e).from, kwh * 0.05, 1e-12);
        EXPECT_NEAR(with(hour, Measure::operational_kgco2e).to, kwh * 0.05 * 0.8, 1e-12);
        Lever contract = lever(LeverKind::carbon_free_share, 1);
        contract.share = 0.75;
        const Waterfall market = with(contract, Measure::market_kgco2e);
        EXPECT_NEAR(market.from - market.to, kwh * 0.04 * 0.75, 1e-12);
        EXPECT_EQ(with(contract, Measure::operational_kgco2e).from,
                  with(contract, Measure::operational_kgco2e).to);
        // Another grid; the building goes along unless the lever has another.
        Lever region = lever(LeverKind::region, 1);
        region.region = "NO";
        const double norway =
            tables().intensity(tables().place("NO").value()).value().range.value / 1000;
        EXPECT_NEAR(with(region, Measure::operational_kgco2e).to, kwh * norway, 1e-12);
        EXPECT_NEAR(with(region, Measure::energy_kwh).to, kwh, 1e-12);
        region.pue = 1.05;
        EXPECT_NEAR(with(region, Measure::energy_kwh).to, 1.57 * 1.05, 1e-12);
        EXPECT_NEAR(with(region, Measure::operational_kgco2e).to, 1.57 * 1.05 * norway, 1e-12);
    }
}

// 1000 h x 700 W x the mean fraction x 1.57 x 1.2, halved by the factor and by nothing else; 500 h of an A100's making.
TEST(WhatIf, AnAcceleratorsEnergyIsInItsFactor) {
    Inventory lab = plain_inventory();
    Activity work;
    work.name = "run";
    work.chip = "H100 SXM";
    work.unit_hours = exactly(1000);
    work.lifetime_years = exactly(5);
    lab.activities.push_back(work);
    Lever other = lever(LeverKind::accelerator, 2);
    other.chip = "A100 SXM4 80GB";
    const WhatIf answer =
        what_if(lab, std::vector<Lever>{other}, tables(), Measure::energy_kwh).value();
    const double mean = MeanPower(tables())
                            .fraction(tables().chip("H100 SXM").value(), Phase::training)
                            .range.value;
    EXPECT_NEAR(answer.waterfall.from, 1000 * 0.7 * mean * 1.57 * 1.2, 1e-9);
    EXPECT_NEAR(answer.waterfall.to, answer.waterfall.from / 2, 1e-9);
    const double card = amounts(answer.after.lines, [](const Line& line) {
                            return line.kind == Kind::embodied && line.device == "accelerators";
                        }).embodied_kgco2e.value;
    const double making = accelerator_embodied(tables(), "A100 SXM4 80GB").value().total().value;
    EXPECT_NEAR(card, 500 * making / (5 * 8760), 1e-12);
}

// A cloud's PUE is its operator's; elsewhere nobody says: 1.56.
TEST(WhatIf, AnotherRegionMayBeAnotherBuilding) {
    Inventory lab = plain_inventory();
    lab.sites[0].region = "gcp europe-west4";
    lab.sites[0].pue.reset();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    Lever region = lever(LeverKind::region, 1);
    region.region = "NO";
    const auto notes = [&] {
        return what_if(lab, std::vector<Lever>{region}, tables(), Measure::total_kgco2e)
            .value()
            .notes;
    };
    EXPECT_THAT(notes(), Contains(HasSubstr("changes the PUE of 'room' as well")));
    EXPECT_THAT(notes(), Contains(HasSubstr("to 1.56 (1.09 to 1.98)")));
    region.pue = 1.1;
    EXPECT_TRUE(notes().empty());
    region.pue.reset();
    lab.sites[0].pue = 1.2;
    EXPECT_TRUE(notes().empty()) << "the building's own stays";
}

// One fleet trains and serves: a lever on service leaves the training's hardware as it was.
TEST(WhatIf, AnAcceleratorForOnePhaseLeavesTheOthers) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(0));
    lab.fleets[0].embodied_kgco2e_per_unit.reset();
    for (const AccountPhase phase : {AccountPhase::training, AccountPhase::inference}) {
        lab.activities.push_back(node_energy(phase, to_string(phase), 1000));
        lab.activities.back().fleet = "cards";
        lab.activities.back().unit_hours = exactly(1000);
    }
    Lever other = lever(LeverKind::accelerator, 1);
    other.chip = "A100 SXM4 80GB";
    other.phases = {AccountPhase::inference};
    const WhatIf answer =
        what_if(lab, std::vector<Lever>{other}, tables(), Measure::embodied_kgco2e).value();
    EXPECT_EQ(of_phase(answer.before, AccountPhase::training).embodied_kgco2e,
              of_phase(answer.after, AccountPhase::training).embodied_kgco2e);
    EXPECT_NE(answer.waterfall.from, answer.waterfall.to);
}

// Training 1000 kWh x 1.2 = 120 kg, experimentation twice that: 240 kg. By contract 24 and 48 kg.
TEST(WhatIf, LeversOfTrainingAndOfItsMultipleAreApart) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].chip = "H100 SXM";
    lab.activities[0].unit_hours = exactly(1000);
    Activity tries;
    tries.phase = AccountPhase::experimentation;
    tries.name = "tries";
    tries.times_training = exactly(2);
    lab.activities.push_back(tries);
    const auto after = [&](Lever one, AccountPhase phase, const auto& what) {
        one.phases = {phase};
        const Account changed =
            what_if(lab, std::vector<Lever>{one}, tables(), Measure::total_kgco2e).value().after;
        return std::pair(what(of_phase(changed, AccountPhase::training)),
                         what(of_phase(changed, AccountPhase::experimentation)));
    };
    const auto located = [](const Amounts& sums) { return sums.operational_kgco2e.value; };
    const auto by_contract = [](const Amounts& sums) { return sums.market_kgco2e->value; };
    const auto hardware = [](const Amounts& sums) { return sums.embodied_kgco2e.value; };
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of `got`
    const auto expect = [](std::pair<double, double> got, double training, double multiple) {
        EXPECT_NEAR(got.first, training, 1e-9);
        EXPECT_NEAR(got.second, multiple, 1e-9);
    };
    Lever hour = lever(LeverKind::hour, 1);
    hour.share = 0.5;
    expect(after(hour, AccountPhase::training, located), 60, 240);
    expect(after(hour, AccountPhase::experimentation, located), 120, 120);
    Lever contract = lever(LeverKind::carbon_free_share, 1);
    contract.share = 0.75;
    expect(after(contract, AccountPhase::training, by_contract), 6, 48);
    expect(after(contract, AccountPhase::experimentation, by_contract), 24, 12);
    Lever region = lever(LeverKind::region, 1);
    region.region = "FR";
    region.pue = 1.0;
    const double france =
        tables().intensity(tables().place("FR").value()).value().range.value / 1000;
    expect(after(region, AccountPhase::training, located), 1000 * france, 240);
    expect(after(region, AccountPhase::experimentation, located), 120, 2000 * france);
    // Hardware is charged over 4 years where nobody says.
    Lever years = lever(LeverKind::lifetime, 1);
    years.years = 8;
    const double charge =
        of_phase(account(lab, tables()).value(), AccountPhase::training).embodied_kgco2e.value;
    ASSERT_GT(charge, 0);
    expect(after(years, AccountPhase::training, hardware), charge / 2, charge * 2);
    expect(after(years, AccountPhase::experimentation, hardware), charge, charge);
}

// One card of 100 kg over 5 years: 20 kg a year, 10 over 10 years, idle hours and all.
TEST(WhatIf, ALifetimeIsOfTheWholeFleet) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(1));
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].fleet = "cards";
    lab.activities[0].unit_hours = exactly(1000);
    Lever years = lever(LeverKind::lifetime, 1);
    years.years = 10;
    years.where = "lab.toml:9:1";
    const auto after = [&] {
        return what_if(lab, std::vector<Lever>{years}, tables(), Measure::embodied_kgco2e);
    };
    years.phases = {AccountPhase::training};
    EXPECT_NEAR(after().value().waterfall.to, 10, 1e-9);
    years.phases = {AccountPhase::inference};
    EXPECT_NEAR(after().value().waterfall.to, 20, 1e-9) << "a fleet of another phase";
    lab.activities.push_back(lab.activities[0]);
    lab.activities[1].name = "service";
    lab.activities[1].phase = AccountPhase::inference;
    const auto refused = after();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(refused.error().where, "lab.toml:9:1");
    EXPECT_THAT(refused.error().what, HasSubstr("'cards'"));
}

// 2 kg over 4 years (35,040 h) are 1 kg over 8.
TEST(WhatIf, ALifetimeIsOfRecordedHardwareToo) {
    Inventory lab = recorded();
    lab.runs[0].records[0].embodied = EmbodiedRecord{.kgco2e = {.value = 2, .low = 1, .high = 4},
                                                     .boundary = "2 cards",
                                                     .lifetime_h = 35'040,
                                                     .utilisation = 1,
                                                     .share = 1,
                                                     .source = "a sheet"};
    Lever years = lever(LeverKind::lifetime, 1);
    years.years = 8;
    const Waterfall answer =
        what_if(lab, std::vector<Lever>{years}, tables(), Measure::embodied_kgco2e)
            .value()
            .waterfall;
    EXPECT_NEAR(answer.from, 2, 1e-12);
    EXPECT_NEAR(answer.to, 1, 1e-12);
}

// Idle hours move; the training on the same fleet does not: 1000 kWh x 1.2 x 0.1.
TEST(WhatIf, AFleetsSiteMovesForWhatIsInScope) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(1));
    lab.fleets[0].site = "room";
    lab.fleets[0].idle_kwh = exactly(100);
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].fleet = "cards";
    Lever hour = lever(LeverKind::hour, 1);
    hour.share = 0.5;
    hour.phases = {AccountPhase::idle};
    const Account after =
        what_if(lab, std::vector<Lever>{hour}, tables(), Measure::total_kgco2e).value().after;
    EXPECT_NEAR(of_phase(after, AccountPhase::training).operational_kgco2e.value, 120, 1e-9);
    EXPECT_NEAR(of_phase(after, AccountPhase::idle).operational_kgco2e.value, 6, 1e-9);
}

TEST(WhatIf, EachLeverChangesItsOwnQuantity) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(0));
    lab.fleets[0].utilisation = 0.5;
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].fleet = "cards";
    lab.activities[0].unit_hours = exactly(1000);
    const auto with = [&](const Lever& one, Measure measure) {
        const WhatIf answer = what_if(lab, std::vector<Lever>{one}, tables(), measure).value();
        return answer.waterfall.to / answer.waterfall.from;
    };
    Lever hour = lever(LeverKind::hour, 1);
    hour.share = 0.8;
    EXPECT_NEAR(with(hour, Measure::operational_kgco2e), 0.8, 1e-12);
    EXPECT_NEAR(with(hour, Measure::energy_kwh), 1, 1e-12);
    Lever use = lever(LeverKind::chip_load, 1);
    use.from = 0.4;
    use.to = 0.8;
    EXPECT_NEAR(with(use, Measure::embodied_kgco2e), 0.5, 1e-12);
    EXPECT_NEAR(with(use, Measure::energy_kwh), 1, 1e-12);
    Lever years = lever(LeverKind::lifetime, 1);
    years.years = 10;
    EXPECT_NEAR(with(years, Measure::embodied_kgco2e), 0.5, 1e-12);
    Lever share = lever(LeverKind::carbon_free_share, 1);
    share.share = 0.75;
    EXPECT_NEAR(with(share, Measure::operational_kgco2e), 1, 1e-12) << "location-based";
    const WhatIf market =
        what_if(lab, std::vector<Lever>{share}, tables(), Measure::market_kgco2e).value();
    // 24 kg by contract -> 6 kg.
    EXPECT_NEAR(market.waterfall.from - market.waterfall.to, 18, 1e-9);
    Lever sampling = lever(LeverKind::data_sampling, 1);
    sampling.share = 0.1;
    EXPECT_NEAR(with(sampling, Measure::energy_kwh), 0.1, 1e-12);
    EXPECT_NEAR(with(lever(LeverKind::caching, 10), Measure::energy_kwh), 1, 1e-12)
        << "caching is for inference";
    Lever region = lever(LeverKind::region, 1);
    region.region = "FR";
    EXPECT_NEAR(with(region, Measure::energy_kwh), 1, 1e-12) << "the building's own PUE stays";
}

TEST(WhatIf, ImpossibleLeversAreRefused) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    const auto refuse = [&](const std::vector<Lever>& levers) {
        return !what_if(lab, levers, tables(), Measure::total_kgco2e);
    };
    EXPECT_TRUE(refuse({}));
    EXPECT_TRUE(refuse(std::vector<Lever>(9, lever(LeverKind::precision, 2))));
    EXPECT_FALSE(refuse(std::vector<Lever>(8, lever(LeverKind::precision, 2))));
    EXPECT_TRUE(refuse({lever(LeverKind::precision, 0)}));
    EXPECT_TRUE(refuse({lever(LeverKind::precision, NAN)}));
    EXPECT_TRUE(refuse({lever(LeverKind::precision, 1e-308)})) << "no number holds its inverse";
    EXPECT_TRUE(refuse({lever(LeverKind::precision, 1e7)}));
    EXPECT_FALSE(refuse({lever(LeverKind::precision, 1e6)}));
    EXPECT_TRUE(refuse({lever(LeverKind::region, 1)}));
    Lever named = lever(LeverKind::precision, 0);
    named.name = std::string(100'000, 'x');
    const auto long_name = what_if(lab, std::vector<Lever>{named}, tables(), Measure::total_kgco2e);
    EXPECT_LT(long_name.error().what.size(), 300U);
    EXPECT_TRUE(refuse({lever(LeverKind::lifetime, 1)})) << "0 years";
    Lever share = lever(LeverKind::carbon_free_share, 1);
    share.share = 1.5;
    EXPECT_TRUE(refuse({share}));
    Lever elsewhere = lever(LeverKind::region, 1);
    elsewhere.region = "Frence";
    const auto refused =
        what_if(lab, std::vector<Lever>{elsewhere}, tables(), Measure::total_kgco2e);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().hint, HasSubstr("France"));
}

TEST(Compare, BothWaterfallsAddUpAndNameTheirCauses) {
    Inventory before = plain_inventory();
    before.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    Inventory after = plain_inventory();
    after.name = "next";
    after.sites[0].intensity_gco2e_per_kwh = 50;
    after.activities.push_back(node_energy(AccountPhase::training, "run", 500));
    after.activities.push_back(node_energy(AccountPhase::inference, "service", 200));
    const Account from = account(before, tables()).value();
    const Account to = account(after, tables()).value();
    const Comparison answer = compare({.from = from, .to = to});
    EXPECT_NEAR(answer.by_phase.from, 120, 1e-9);
    EXPECT_NEAR(answer.by_phase.to, 30 + 12, 1e-9);
    EXPECT_NEAR(sum_of(answer.by_phase), answer.by_phase.to, 1e-9);
    EXPECT_NEAR(sum_of(answer.by_cause), answer.by_cause.to, 1e-9);
    // 120 -> 30 by two halvings: 45 each; the new phase is all energy.
    ASSERT_EQ(answer.by_cause.steps.size(), 3U);
    EXPECT_EQ(answer.by_cause.steps[0].cause, "training: energy of the work");
    EXPECT_NEAR(answer.by_cause.steps[0].delta, -45, 1e-9);
    EXPECT_NEAR(answer.by_cause.steps[1].delta, -45, 1e-9);
    EXPECT_EQ(answer.by_cause.steps[2].cause, "inference: energy of the work");
    EXPECT_NEAR(answer.by_cause.steps[2].delta, 12, 1e-9);
}

// 1000 kWh move from a grid of 100 g/kWh to one of 50: 120 -> 60 kg. Neither grid changed, nor a building.
TEST(Compare, OtherSitesAreNoOtherGrid) {
    Inventory before = plain_inventory();
    before.sites.push_back(plain_site("cloud"));
    before.sites[1].intensity_gco2e_per_kwh = 50;
    before.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    before.activities.push_back(node_energy(AccountPhase::training, "rest", 1e-9));
    before.activities[1].site = "cloud";
    Inventory after = before;
    after.activities[0].energy_kwh = exactly(1e-9);
    after.activities[1].energy_kwh = exactly(1000);
    const Account from = account(before, tables()).value();
    const Account to = account(after, tables()).value();
    const Waterfall answer = compare({.from = from, .to = to}).by_cause;
    ASSERT_EQ(answer.steps.size(), 1U) << "rounding is no step";
    EXPECT_EQ(answer.steps[0].cause, "training: mix of sites");
    EXPECT_NEAR(answer.steps[0].delta, -60, 1e-6);
}

// 600 kWh at the facility become 1200: 60 kg more of work. No building changed, so PUE is no cause.
TEST(Compare, EnergyTakenAtTheFacilityIsNoPue) {
    Inventory before = plain_inventory();
    before.activities.push_back(node_energy(AccountPhase::inference, "own", 1000));
    before.activities.push_back(node_energy(AccountPhase::inference, "calls", 600));
    before.activities[1].boundary = Boundary::facility;
    Inventory after = before;
    after.activities[1].energy_kwh = exactly(1200);
    const Account from = account(before, tables()).value();
    const Account to = account(after, tables()).value();
    const Waterfall answer = compare({.from = from, .to = to}).by_cause;
    double work = 0;
    for (const Step& step : answer.steps) {
        if (step.cause == "inference: energy of the work") {
            work = step.delta;
        } else {
            EXPECT_NEAR(step.delta, 0, 1e-9) << step.cause;
        }
    }
    EXPECT_NEAR(work, 60, 1e-9);
    EXPECT_NEAR(answer.to - answer.from, 60, 1e-9);
}

// Wu et al. 2022, figure 8: 20 % less power each half year is 59 % in two years; growth left 28.5 %.
TEST(Projection, GrowthEatsEfficiency) {
    Inventory fleet = plain_inventory();
    fleet.activities.push_back(node_energy(AccountPhase::inference, "all", 1000));
    fleet.growth[AccountPhase::inference] = {
        .work_per_year = std::sqrt(0.715 / 0.4096), .efficiency_per_year = 1 / 0.64, .rebound = 0};
    const Account account = footprint::account(fleet, tables()).value();
    const Projection years = project(account, fleet, 2).value();
    ASSERT_EQ(years.years.size(), 3U);
    EXPECT_NEAR(years.years[2].total_kgco2e / years.years[0].total_kgco2e, 1 - 0.285, 1e-9);
    Inventory still = fleet;
    still.growth[AccountPhase::inference].work_per_year = 1;
    EXPECT_NEAR(project(account, still, 2)->years[2].total_kgco2e / years.years[0].total_kgco2e,
                0.4096,
                1e-9);
    // Full rebound: nothing is saved (Jevons).
    still.growth[AccountPhase::inference].rebound = 1;
    EXPECT_NEAR(
        project(account, still, 5)->years[5].total_kgco2e, years.years[0].total_kgco2e, 1e-9);
    // 1000^100 x 1000^1000 is no number.
    still.growth[AccountPhase::inference] = {
        .work_per_year = 1000, .efficiency_per_year = 1000, .rebound = 10};
    const auto refused = project(account, still, 100);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().where, "--years");
}

}  // namespace
}  // namespace abate::footprint
