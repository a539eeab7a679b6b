// What holds for every inventory: phases and devices add up, ranges hold their values, a run in pieces is the run, waterfalls arrive.
#include "abate/footprint/inventory_test_support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

const data::Tables& all_tables() {
    static const data::Tables kTables = testing::tables();
    return kTables;
}

// Between 1 and 1,000,000, any size alike.
double amount() { return std::pow(10, *rc::gen::inRange(0, 600) / 100.0); }

Ranged around(double value) {
    const double wide = *rc::gen::inRange(0, 90) / 100.0;
    return {.value = value,
            .low = value * (1 - wide),
            .high = value * (1 + 2 * wide),
            .kind = *rc::gen::arbitrary<bool>() ? RangeKind::interval90 : RangeKind::bound};
}

Inventory any_inventory() {
    Inventory out = testing::plain_inventory();
    out.sites[0].wue_l_per_kwh = 0.5;
    Fleet fleet = testing::plain_fleet(1000);
    fleet.embodied_kgco2e_per_unit = around(100);
    fleet.lifetime_years = around(5);
    fleet.lifetime_years->low = std::max(fleet.lifetime_years->low, 1.0);
    fleet.idle_w_per_unit = around(80);
    out.fleets.push_back(fleet);
    const int rows = *rc::gen::inRange(1, 8);
    for (int i = 0; i < rows; ++i) {
        Activity work;
        work.phase = static_cast<AccountPhase>(*rc::gen::inRange(0, 5));
        work.name = "row " + std::to_string(i);
        work.energy_kwh = around(amount());
        work.boundary = static_cast<Boundary>(*rc::gen::inRange(0, 3));
        if (*rc::gen::arbitrary<bool>()) {
            work.fleet = "cards";
            work.unit_hours = around(amount());
        }
        out.activities.push_back(work);
    }
    if (*rc::gen::arbitrary<bool>()) {
        Dataset dataset;
        dataset.name = "data";
        dataset.storage_tb = around(amount());
        dataset.network_tb = around(amount());
        out.datasets.push_back(dataset);
    }
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): commutative
void near(double a, double b) {
    RC_ASSERT(std::fabs(a - b) <= 1e-9 * std::max(std::fabs(a), std::fabs(b)));
}

RC_GTEST_PROP(Inventory, PhasesAndDevicesAddUpAndRangesHoldTheirValue, ()) {
    const Inventory lab = any_inventory();
    const Account account = footprint::account(lab, all_tables()).value();
    const Amounts total = account.total();
    double by_phase = 0;
    double energy = 0;
    double water = 0;
    for (const AccountPhase phase : phases_of(account.lines)) {
        const Amounts one = testing::of_phase(account, phase);
        by_phase += one.total_kgco2e.value;
        energy += one.energy_kwh.value;
        water += one.water_l.value_or(0);
        RC_ASSERT(one.total_kgco2e.low <= one.total_kgco2e.value);
        RC_ASSERT(one.total_kgco2e.value <= one.total_kgco2e.high);
        RC_ASSERT(one.total_kgco2e.low >= 0);
    }
    near(by_phase, total.total_kgco2e.value);
    near(energy, total.energy_kwh.value);
    near(water, total.water_l.value_or(0));
    near(total.operational_kgco2e.value + total.embodied_kgco2e.value, total.total_kgco2e.value);
    RC_ASSERT(total.total_kgco2e.low <= total.total_kgco2e.value);
    RC_ASSERT(total.total_kgco2e.value <= total.total_kgco2e.high);
    // A fleet-year is EMB / L of its units.
    near(account.fleets[0].charged_kgco2e, 1000 * 100 / 5.0);
}

RC_GTEST_PROP(Inventory, ARunInPiecesIsTheRun, ()) {
    Inventory whole = any_inventory();
    Inventory pieces = whole;
    Activity& first = pieces.activities[0];
    Activity second = first;
    second.name = "rest";
    const double share = *rc::gen::inRange(1, 100) / 100.0;
    const auto cut = [](std::optional<Ranged>& range, double by) {
        if (range)
            range = Ranged{range->value * by, range->low * by, range->high * by, range->kind};
    };
    cut(first.energy_kwh, share);
    cut(first.unit_hours, share);
    cut(second.energy_kwh, 1 - share);
    cut(second.unit_hours, 1 - share);
    pieces.activities.push_back(second);
    near(account(whole, all_tables()).value().total().total_kgco2e.value,
         account(pieces, all_tables()).value().total().total_kgco2e.value);
}

RC_GTEST_PROP(WhatIf, WaterfallsArrive, ()) {
    const Inventory lab = any_inventory();
    std::vector<Lever> levers;
    for (const LeverKind kind :
         {LeverKind::caching, LeverKind::precision, LeverKind::lifetime, LeverKind::hour}) {
        Lever lever;
        lever.kind = kind;
        lever.factor = 1 + *rc::gen::inRange(0, 100) / 10.0;
        lever.years = *rc::gen::inRange(3, 12);
        lever.share = *rc::gen::inRange(1, 100) / 100.0;
        levers.push_back(lever);
    }
    const WhatIf answer = what_if(lab, levers, all_tables(), Measure::total_kgco2e).value();
    double at = answer.waterfall.from;
    for (const Step& step : answer.waterfall.steps) at += step.delta;
    RC_ASSERT(std::fabs(at - answer.waterfall.to) <= 1e-9 * answer.waterfall.from);
    const Comparison comparison = compare({.from = answer.before, .to = answer.after});
    for (const Waterfall* waterfall : {&comparison.by_phase, &comparison.by_cause}) {
        double sum = waterfall->from;
        for (const Step& step : waterfall->steps) sum += step.delta;
        RC_ASSERT(std::fabs(sum - answer.waterfall.to) <= 1e-9 * answer.waterfall.from);
    }
}

RC_GTEST_PROP(Shapley, SharesOutEverything, ()) {
    const auto players = *rc::gen::inRange<std::size_t>(1, 8);
    std::vector<double> worths(std::size_t{1} << players);
    for (double& worth : worths) worth = amount();
    const std::vector<double> values =
        shapley(players, [&](std::size_t mask) { return worths[mask]; });
    double sum = worths.front();
    double size = 0;
    for (const double value : values) sum += value;
    for (const double worth : worths) size = std::max(size, worth);
    RC_ASSERT(std::fabs(sum - worths.back()) <= 1e-9 * size);
}

}  // namespace
}  // namespace abate::footprint
