#include "abate/scheme/allocation.h"

#include "abate/core/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace abate::scheme {
namespace {

using registry::ParticipantId;

// Worth `allowances` of 1 kWh: 3,600,000 GFLOP at 1e9 aJ/FLOP are 3.6e6 x 1e9 x 1e9 x 1e-18 J = 3.6e6 J.
AllocationClaim worth(ParticipantId id, std::uint64_t allowances) {
    return {.participant = id,
            .service = ServiceClassId{1},
            .output_gflop = allowances * 3'600'000,
            .benchmark_aj_per_flop = 1'000'000'000};
}

std::vector<std::int64_t> allowances_of(const Result<Allocation>& allocation) {
    std::vector<std::int64_t> out;
    for (const AllocationRow& row : allocation->rows) out.push_back(row.allowances);
    return out;
}

// O = 1e27 FLOP, B = 1,116,900 aJ/FLOP, C = 1.05: 1,172,745,000,000,000 J = 325,762,500 kWh. The product O B C in FLOP, aJ and ppm is
// 1.17e39, past 128 bits.
AllocationClaim large_firm() {
    return {.participant = ParticipantId{1},
            .service = ServiceClassId{1},
            .output_gflop = 1'000'000'000'000'000'000,
            .benchmark_aj_per_flop = 1'116'900,
            .clean_ppm = 1'050'000};
}

TEST(Allocation, ALargeFirmExactly) {
    const std::vector<AllocationClaim> claims = {large_firm()};
    EXPECT_EQ(allocate(claims, {})->total, 325'762'500);
    EXPECT_EQ(allocate(claims, {.unit = {.joules = 3'600, .per = 1}})->total, 325'762'500'000);
}

// E = 1.3e-12 J/FLOP: 1,300 uJ a GFLOP. A / E = 1,172,745,000,000,000 / 1.3e-12, rounded down.
TEST(Allocation, WhatItCoversAtTheFirmsOwnEfficiency) {
    const Result<Big> flop = covered_flop(325'762'500'000,
                                          {.joules = 3'600, .per = 1},
                                          {.energy = Microjoules(1'300), .output_gflop = 1});
    ASSERT_TRUE(flop.has_value());
    EXPECT_EQ(to_string(*flop), "902111538461538461538461538");
    EXPECT_EQ(to_string(*covered_flop(
                  325'762'500, {}, {.energy = Microjoules(2'600), .output_gflop = 2})),
              "902111538461538461538461538");
    EXPECT_FALSE(covered_flop(1, {}, {.energy = Microjoules(0), .output_gflop = 1}).has_value());
    EXPECT_FALSE(covered_flop(1, {}, {.energy = Microjoules(1), .output_gflop = 0}).has_value());
    EXPECT_FALSE(covered_flop(-1, {}, {.energy = Microjoules(1), .output_gflop = 1}).has_value());
}

// 326 + 144 + 42 + 7 + 2 = 521 against 480: kappa = 480 / 521; 300.35, 132.67, 38.69, 6.449, 1.843: floors 300, 132, 38, 6, 1 and three
// more by the largest remainders (1.843, 38.69, 132.67).
TEST(Allocation, FloorsAndLargestRemainders) {
    const std::vector<AllocationClaim> claims = {worth(ParticipantId{1}, 326),
                                                 worth(ParticipantId{2}, 144),
                                                 worth(ParticipantId{3}, 42),
                                                 worth(ParticipantId{4}, 7),
                                                 worth(ParticipantId{5}, 2)};
    const Result<Allocation> all = allocate(claims, {.ceiling = 480});
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->total, 480);
    EXPECT_TRUE(same_value(all->kappa, {.numerator = 480, .denominator = 521}));
    EXPECT_TRUE(same_value(all->preliminary, {.numerator = 521, .denominator = 1}));
    EXPECT_EQ(allowances_of(all), (std::vector<std::int64_t>{300, 133, 39, 6, 2}));
    EXPECT_EQ(all->rows[1].floor, 132);
    EXPECT_TRUE(same_value(all->rows[1].preliminary, {.numerator = 144, .denominator = 1}));
    EXPECT_TRUE(same_value(all->rows[1].clean, {.numerator = 1, .denominator = 1}));
    // At the ceiling and above it nothing is corrected.
    EXPECT_EQ(allowances_of(allocate(claims, {.ceiling = 521})),
              (std::vector<std::int64_t>{326, 144, 42, 7, 2}));
    EXPECT_TRUE(
        same_value(allocate(claims, {.ceiling = 600})->kappa, {.numerator = 1, .denominator = 1}));
    EXPECT_EQ(allocate(claims, {.ceiling = 0})->total, 0);
    EXPECT_EQ(allocate(claims, {})->total, 521);
}

// Three equal claims for 100: the first by number gets the odd one.
TEST(Allocation, TiesGoByNumber) {
    const std::vector<AllocationClaim> claims = {
        worth(ParticipantId{9}, 50), worth(ParticipantId{3}, 50), worth(ParticipantId{5}, 50)};
    const Result<Allocation> all = allocate(claims, {.ceiling = 100});
    EXPECT_EQ(allowances_of(all), (std::vector<std::int64_t>{34, 33, 33}));
    EXPECT_EQ(all->rows[0].claim.participant, ParticipantId{3});
}

// 0.5 + 0.5 + 0.5: the sum is 1.5, of which one whole allowance is given.
TEST(Allocation, HalvesSumToWhatTheyAreWorth) {
    AllocationClaim half = worth(ParticipantId{1}, 1);
    half.output_gflop /= 2;
    std::vector<AllocationClaim> claims = {half, half, half};
    claims[1].participant = ParticipantId{2};
    claims[2].service = ServiceClassId{2};
    EXPECT_EQ(allowances_of(allocate(claims, {})), (std::vector<std::int64_t>{1, 0, 0}));
}

// 1 kg CO2e at 0.5 kg/kWh is 2 kWh: half as many allowances for the same joules.
TEST(Allocation, AKilogramScheme) {
    const Result<AllowanceUnit> unit = kilogram_unit({.milligrams_per_kilowatt_hour = 500'000});
    ASSERT_TRUE(unit.has_value());
    EXPECT_EQ(allocate(std::vector{worth(ParticipantId{1}, 300)}, {.unit = *unit})->total, 150);
    // 0.4118 kg/kWh: 1,000,000 kWh are 411,800 kg.
    const Result<AllowanceUnit> grid = kilogram_unit({.milligrams_per_kilowatt_hour = 411'800});
    EXPECT_EQ(allocate(std::vector{worth(ParticipantId{1}, 1'000'000)}, {.unit = *grid})->total,
              411'800);
    EXPECT_FALSE(kilogram_unit({}).has_value());
    EXPECT_FALSE(kilogram_unit({.milligrams_per_kilowatt_hour = 10'000'001}).has_value());
}

// Two firms of 100, one with C = 1.5: 250 without, and 200 x 1 / 2.5, 200 x 1.5 / 2.5 with.
TEST(Allocation, CleanFactorsMoveAndCreateNothing) {
    std::vector<AllocationClaim> claims = {worth(ParticipantId{1}, 100),
                                           worth(ParticipantId{2}, 100)};
    claims[1].clean_ppm = 1'500'000;
    EXPECT_EQ(allowances_of(allocate(claims, {})), (std::vector<std::int64_t>{100, 150}));
    const Result<Allocation> neutral = allocate(claims, {.renormalise = true});
    EXPECT_EQ(allowances_of(neutral), (std::vector<std::int64_t>{80, 120}));
    EXPECT_TRUE(same_value(neutral->rows[0].clean, {.numerator = 4, .denominator = 5}));
    // Unlike benchmarks: O B is 100 and 200, 300 in all before and after.
    claims[1].benchmark_aj_per_flop *= 2;
    EXPECT_EQ(allocate(claims, {.renormalise = true})->total, 300);
}

TEST(Allocation, WhatCannotBeMeantIsRefused) {
    const auto code = [](const std::vector<AllocationClaim>& claims, const AllocationRule& rule) {
        return allocate(claims, rule).error().code;
    };
    EXPECT_EQ(code({worth(ParticipantId{1}, 1), worth(ParticipantId{1}, 2)}, {}),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({}, {.ceiling = -1}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({}, {.unit = {.joules = 0, .per = 1}}), ErrorCode::invalid_argument);
    AllocationClaim clean = worth(ParticipantId{1}, 1);
    clean.clean_ppm = 10'000'001;
    EXPECT_EQ(code({clean}, {}), ErrorCode::invalid_argument);
    AllocationClaim most = worth(ParticipantId{1}, 1);
    most.output_gflop = UINT64_MAX;
    most.benchmark_aj_per_flop = UINT64_MAX;
    EXPECT_EQ(code({most}, {}), ErrorCode::out_of_range);
    // With a ceiling the same claim is only large.
    EXPECT_EQ(allocate(std::vector{most}, {.ceiling = 7})->total, 7);
    EXPECT_EQ(allocate({}, {.ceiling = 7})->total, 0);
}

// A model with a tenth of the FLOP: what it delivers, and so O, is the same; the energy is a tenth. A does not change, F grows tenfold.
TEST(Allocation, ASmallerModelKeepsItsAllowances) {
    const std::vector<AllocationClaim> claims = {worth(ParticipantId{1}, 500),
                                                 worth(ParticipantId{2}, 300)};
    const std::int64_t allowances = allocate(claims, {.ceiling = 700})->rows[0].allowances;
    const std::uint64_t output = claims[0].output_gflop;
    const Result<Big> before = covered_flop(
        allowances, {}, {.energy = Microjoules(Int128{1} << 60), .output_gflop = output});
    const Result<Big> after = covered_flop(
        allowances, {}, {.energy = Microjoules((Int128{1} << 60) / 10), .output_gflop = output});
    EXPECT_GE(*after, *before * 10);
    EXPECT_LE(*after, *before * 10 + 10);
}

std::vector<AllocationClaim> some_claims() {
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 8);
    const bool small = *rc::gen::arbitrary<bool>();
    std::vector<AllocationClaim> claims;
    for (std::uint64_t i = 0; i < count; ++i) {
        claims.push_back(
            {.participant = ParticipantId{i * 7 % 11},
             .service = ServiceClassId{1},
             .output_gflop = small ? *rc::gen::inRange<std::uint64_t>(0, 20'000'000)
                                   : *rc::gen::arbitrary<std::uint64_t>(),
             .benchmark_aj_per_flop = *rc::gen::element<std::uint64_t>(1, 1'116'900, 1'000'000'000),
             .clean_ppm = *rc::gen::element<std::uint32_t>(0, 950'000, 1'000'000, 1'050'000)});
    }
    return claims;
}

RC_GTEST_PROP(AllocationProperty, SumsToTheUnitAndNobodyIsOffByOne, ()) {
    std::vector<AllocationClaim> claims = some_claims();
    const auto ceiling = *rc::gen::inRange<std::int64_t>(0, 50);
    const AllocationRule rule{
        .unit = *rc::gen::element(AllowanceUnit{}, AllowanceUnit{.joules = 7, .per = 3}),
        .ceiling = *rc::gen::arbitrary<bool>() ? ceiling : ceiling * 1'000'000'007,
        .renormalise = *rc::gen::arbitrary<bool>()};
    const Result<Allocation> all = allocate(claims, rule);
    RC_ASSERT(all.has_value());
    Big sum = 0;
    for (const AllocationRow& row : all->rows) {
        sum += row.allowances;
        // kappa x preliminary, held between the row's floor and one above it.
        const Ratio exact{.numerator = row.preliminary.numerator * all->kappa.numerator,
                          .denominator = row.preliminary.denominator * all->kappa.denominator};
        RC_ASSERT(row.allowances * exact.denominator > exact.numerator - exact.denominator);
        RC_ASSERT(row.allowances * exact.denominator < exact.numerator + exact.denominator);
    }
    const Big worth_of_all = floor_div(
        {.dividend = all->preliminary.numerator, .divisor = all->preliminary.denominator});
    RC_ASSERT(sum == all->total);
    RC_ASSERT(sum == std::min(Big(*rule.ceiling), worth_of_all));
    // In any order.
    std::reverse(claims.begin(), claims.end());
    RC_ASSERT(allowances_of(allocate(claims, rule)) == allowances_of(all));
}

// The same on many cases from a plain generator: the sum alone, 100,000 times.
TEST(AllocationProperty, AHundredThousandCasesSumExactly) {
    Random random(20'260'301);
    for (int i = 0; i < 100'000; ++i) {
        std::array<AllocationClaim, 5> claims;
        for (std::size_t k = 0; k < claims.size(); ++k)
            claims[k] = worth(ParticipantId{k + 1}, random.below(1'000));
        for (AllocationClaim& claim : claims) claim.output_gflop += random.below(3'600'000);
        const auto ceiling = static_cast<std::int64_t>(random.below(4'000));
        const Result<Allocation> all = allocate(claims, {.ceiling = ceiling});
        ASSERT_TRUE(all.has_value());
        std::int64_t sum = 0;
        std::uint64_t output = 0;
        for (const AllocationRow& row : all->rows) {
            sum += row.allowances;
            output += row.claim.output_gflop;
        }
        ASSERT_EQ(sum, std::min(ceiling, static_cast<std::int64_t>(output / 3'600'000))) << i;
    }
}

}  // namespace
}  // namespace abate::scheme
