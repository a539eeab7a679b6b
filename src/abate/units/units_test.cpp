#include "abate/units/units.h"

#include "abate/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

namespace abate {
namespace {

// ---- quantity.h

TEST(Quantity, ThreeHundredWattsForTwoHoursAreSixTenthsOfAKilowattHour) {
    const Energy e = (300.0 * watts) * (2.0 * hours);
    EXPECT_DOUBLE_EQ(e.in(kilowatt_hours), 0.6);
}

TEST(Quantity, KnowsTheDefinedSizesOfItsUnits) {
    // SI brochure, 9th edition, table 8: 1 h = 3600 s, so 1 kWh = 3.6e6 J.
    EXPECT_EQ((1.0 * kilowatt_hours).in(joules), 3.6e6);
    EXPECT_EQ((1.0 * watt_hours).in(joules), 3600.0);
    EXPECT_EQ((1.0 * megawatt_hours).in(kilowatt_hours), 1000.0);
    EXPECT_EQ((1.0 * kilowatts).in(watts), 1000.0);
    EXPECT_EQ((2.0 * tonnes_co2e).in(kilograms_co2e), 2000.0);
    EXPECT_EQ((1.0 * kilograms_co2e).in(grams_co2e), 1000.0);
    // IEC 80000-13: 1 GiB = 2^30 byte.
    EXPECT_EQ((1.0 * gibibytes).in(bytes), 1'073'741'824.0);
    EXPECT_EQ((1.0 * gigabytes).in(bytes), 1e9);
}

TEST(Quantity, AddsScalesAndCompares) {
    Energy e = 1.0 * joules;
    e += 2.0 * joules;
    e -= 0.5 * joules;
    EXPECT_EQ(e, 2.5 * joules);
    EXPECT_EQ(2.0 * e, e * 2.0);
    EXPECT_EQ(-e + e, Energy());
    EXPECT_LT(e / 2.0, e);
    EXPECT_GT(1.0 * kilowatt_hours, 3.5e6 * joules);
}

TEST(Quantity, MultipliesAndDividesItsDimension) {
    static_assert(std::is_same_v<decltype(Power() * Duration()), Energy>);
    static_assert(std::is_same_v<decltype(Energy() / Duration()), Power>);
    static_assert(std::is_same_v<decltype(Flops() / Duration()), FlopsPerSecond>);
    static_assert(std::is_same_v<decltype(Carbon() / Energy()), CarbonPerEnergy>);
    // Like over like, and a product whose dimensions cancel, are plain numbers.
    static_assert(std::is_same_v<decltype(Energy() / Energy()), double>);
    static_assert(std::is_same_v<decltype((Tokens() / Energy()) * (Energy() / Tokens())), double>);
    EXPECT_EQ((6.0 * joules) / (2.0 * joules), 3.0);
    static_assert(((300.0 * watts) * (1.0 * seconds)).in(joules) == 300.0);
}

// ---- energy.h

TEST(Boundary, FacilityIsNodeTimesPue) {
    const NodeEnergy node(10.0 * kilowatt_hours);
    const FacilityEnergy facility = node * Pue(1.5);
    EXPECT_DOUBLE_EQ(facility.in(kilowatt_hours), 15.0);
}

TEST(PueDeathTest, IsAtLeastOneAndAtMostTen) {
    EXPECT_EQ(Pue(1.0).ratio(), 1.0);
    EXPECT_EQ(Pue(10.0).ratio(), 10.0);
    EXPECT_DEATH(Pue(0.99), "ratio >= 1");
    EXPECT_DEATH(Pue(10.1), "ratio <= 10");
    EXPECT_DEATH(Pue(std::nan("")), "ratio >= 1");
}

TEST(Carbon, IsFacilityEnergyTimesIntensity) {
    // 15 kWh at 400 g/kWh are 6 kg.
    const CarbonIntensity<Signal::average, Basis::life_cycle> grid(400.0 *
                                                                   grams_co2e_per_kilowatt_hour);
    const Carbon carbon = NodeEnergy(10.0 * kilowatt_hours) * Pue(1.5) * grid;
    EXPECT_DOUBLE_EQ(carbon.in(kilograms_co2e), 6.0);
}

TEST(Water, IsEnergyTimesItsIntensity) {
    // 10 kWh at 1.8 l/kWh are 18 l.
    const Water water = (10.0 * kilowatt_hours) * (1.8 * litres_per_kilowatt_hour);
    EXPECT_DOUBLE_EQ(water.in(litres), 18.0);
}

TEST(Microjoules, PrintAsExactDecimalJoules) {
    EXPECT_EQ(decimal_joules(Microjoules(1'500'000)), "1.5");
    EXPECT_EQ(decimal_joules(Microjoules(-1)), "-0.000001");
    EXPECT_EQ(decimal_joules(Microjoules(0)), "0");
    EXPECT_EQ(decimal_joules(Microjoules(1'000'000)), "1");
    EXPECT_EQ(decimal_joules(Microjoules(10'000'001)), "10.000001");
    EXPECT_EQ(decimal_joules(Microjoules(INT64_MAX)), "9223372036854.775807");
    // 2^127 = 170141183460469231731687303715884105728.
    const Int128 highest = ~(static_cast<Int128>(1) << 127);
    EXPECT_EQ(decimal_joules(Microjoules(highest)), "170141183460469231731687303715884.105727");
    EXPECT_EQ(decimal_joules(Microjoules(-highest - 1)),
              "-170141183460469231731687303715884.105728");
}

TEST(Microjoules, AreReadExactlyFromDecimalJoules) {
    EXPECT_EQ(*parse_decimal_joules("1.5"), Microjoules(1'500'000));
    EXPECT_EQ(*parse_decimal_joules("-0.000001"), Microjoules(-1));
    EXPECT_EQ(*parse_decimal_joules("-0"), Microjoules(0));
    EXPECT_EQ(*parse_decimal_joules("0e9999"), Microjoules(0));
    EXPECT_EQ(*parse_decimal_joules("2.5e3"), Microjoules(2'500'000'000));
    EXPECT_EQ(*parse_decimal_joules("2.50000000000"), Microjoules(2'500'000));
    EXPECT_EQ(*parse_decimal_joules("15E-1"), Microjoules(1'500'000));
    EXPECT_EQ(*parse_decimal_joules("1000000e-12"), Microjoules(1));
    EXPECT_EQ(*parse_decimal_joules("0.0000001e+1"), Microjoules(1));
    // Beyond 2^53, where a double would lose the last digit.
    EXPECT_EQ(*parse_decimal_joules("9007199254.740993"), Microjoules(9'007'199'254'740'993));
}

TEST(Microjoules, RefuseWhatIsNotAnExactNumberOfJoules) {
    for (const char* bad : {"",
                            "-",
                            ".5",
                            "1.",
                            "+1",
                            "01",
                            "-01",
                            "1e",
                            "1e+",
                            "1 ",
                            " 1",
                            "0x1",
                            "1,5",
                            "nan",
                            "inf",
                            "--1",
                            "1.5.2"}) {
        ASSERT_FALSE(parse_decimal_joules(bad)) << bad;
        EXPECT_EQ(parse_decimal_joules(bad).error().code, ErrorCode::parse_error) << bad;
    }
    EXPECT_EQ(parse_decimal_joules("0.0000001").error().code, ErrorCode::parse_error);
    EXPECT_EQ(parse_decimal_joules("1e25").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_decimal_joules("1e99999999999999999999").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_decimal_joules("1e-99999999999999999999").error().code, ErrorCode::parse_error);
    EXPECT_TRUE(parse_decimal_joules("9999999999999999999999999"));
    EXPECT_LT(parse_decimal_joules(std::string(100'000, '9')).error().what.size(), 120U);
}

TEST(Microjoules, RoundAFloatingAmountHalfAwayFromZero) {
    EXPECT_EQ(to_microjoules(1.5 * joules), Microjoules(1'500'000));
    // 0.5 uJ: 2^-1 is exact, and 1e6 * 5e-7 is 0.5.
    EXPECT_EQ(to_microjoules(5e-7 * joules), Microjoules(1));
    EXPECT_EQ(to_microjoules(-5e-7 * joules), Microjoules(-1));
    EXPECT_EQ(to_microjoules(4e-7 * joules), Microjoules(0));
    EXPECT_EQ(to_microjoules(1.0 * kilowatt_hours), Microjoules(3'600'000'000'000));
}

TEST(MicrojoulesDeathTest, RefuseWhatNoCounterCanHold) {
    EXPECT_DEATH((void)to_microjoules(std::nan("") * joules), "isfinite");
    EXPECT_DEATH((void)to_microjoules(1e26 * joules), "1e31");
    EXPECT_DEATH((void)Microjoules(static_cast<Int128>(INT64_MAX) + 1).to_int64(), "INT64_MAX");
    EXPECT_EQ(Microjoules(INT64_MIN).to_int64(), INT64_MIN);
}

TEST(ShareFloor, GivesTheExactFloorOfTheShare) {
    EXPECT_EQ(share_floor(Microjoules(10), 1, 3), Microjoules(3));
    EXPECT_EQ(share_floor(Microjoules(-10), 1, 3), Microjoules(-4));  // floor(-3.33)
    EXPECT_EQ(share_floor(Microjoules(10), 0, 3), Microjoules(0));
    EXPECT_EQ(share_floor(Microjoules(10), 3, 3), Microjoules(10));
    EXPECT_EQ(share_floor(Microjoules(-10), 3, 3), Microjoules(-10));
    // A decade of a 100 MW site, 3.15e16 J, a third of it: 3.15e22 uJ / 3.
    const Microjoules decade = *parse_decimal_joules("31500000000000000");
    EXPECT_EQ(decimal_joules(share_floor(decade, 1, 3)), "10500000000000000");
    // part = whole - 1 at the largest whole: 2^64 - 2 of 2^64 - 1 parts of 2^64 - 2 is 2^64 - 3 and a bit:
    // (2^64-2)^2 / (2^64-1) = 2^64 - 3 + 1/(2^64-1).
    const Int128 two64 = static_cast<Int128>(1) << 64;
    EXPECT_EQ(share_floor(Microjoules(two64 - 2), UINT64_MAX - 1, UINT64_MAX),
              Microjoules(two64 - 3));
}

TEST(ShareFloorDeathTest, AsksForAShareWithinTheWhole) {
    EXPECT_DEATH((void)share_floor(Microjoules(1), 1, 0), "whole > 0");
    EXPECT_DEATH((void)share_floor(Microjoules(1), 2, 1), "part <= whole");
}

// ---- ranged.h

TEST(RangeSum, AddsOneCauseLinearlyAndCausesInQuadrature) {
    RangeSum sum;
    sum.add({.value = 100, .low = 95, .high = 105}, "rapl-package");
    sum.add({.value = 50, .low = 47.5, .high = 52.5}, "rapl-package");
    sum.add({.value = 20, .low = 16, .high = 24}, "rapl-dram");
    // 5 + 2.5 = 7.5 with 4 at a right angle: sqrt(56.25 + 16) = 8.5.
    const Ranged total = sum.total();
    EXPECT_DOUBLE_EQ(total.value, 170);
    EXPECT_DOUBLE_EQ(total.low, 161.5);
    EXPECT_DOUBLE_EQ(total.high, 178.5);
    EXPECT_EQ(total.kind, RangeKind::interval90);
}

TEST(RangeSum, KeepsItsSidesApart) {
    RangeSum sum;
    sum.add({.value = 10, .low = 7, .high = 11}, "a");
    sum.add({.value = 10, .low = 6, .high = 10}, "b");
    EXPECT_DOUBLE_EQ(sum.total().low, 15);   // 3-4-5
    EXPECT_DOUBLE_EQ(sum.total().high, 21);  // 1 and 0
}

TEST(RangeSum, AddsABoundLinearlyToEverythingAndIsABoundThen) {
    RangeSum sum;
    sum.add({.value = 10, .low = 7, .high = 13}, "a");
    sum.add({.value = 10, .low = 6, .high = 14}, "b");
    sum.add({.value = 5, .low = 5, .high = 7, .kind = RangeKind::bound}, "gap");
    sum.add({.value = 5, .low = 4, .high = 5, .kind = RangeKind::bound}, "reset");
    const Ranged total = sum.total();
    EXPECT_DOUBLE_EQ(total.low, 30 - 5 - 1);
    EXPECT_DOUBLE_EQ(total.high, 30 + 5 + 2);
    EXPECT_EQ(total.kind, RangeKind::bound);
}

TEST(RangeSum, OfExactTermsOrOfNothingIsExact) {
    EXPECT_EQ(RangeSum().total(), exactly(0));
    RangeSum sum;
    sum.add(exactly(2), "a");
    sum.add({.value = 3, .low = 3, .high = 3, .kind = RangeKind::bound}, "b");
    EXPECT_EQ(sum.total(), exactly(5));
}

TEST(RangeSum, CoversNineTenthsOfASumOfNormalErrors) {
    // Three causes with normal errors; the 90 % interval of each is +-1.645 standard deviations, and so is that of the
    // sum when it adds in quadrature. Monte Carlo, 100000 draws: the covered part has standard deviation 0.00095.
    constexpr double kHalf90 = 1.6448536269514722;  // 95 % quantile of the standard normal
    RangeSum sum;
    const double deviations[] = {1, 2, 0.5};
    int index = 0;
    for (const double deviation : deviations) {
        sum.add({.value = 10, .low = 10 - kHalf90 * deviation, .high = 10 + kHalf90 * deviation},
                "cause " + std::to_string(index++));
    }
    const Ranged total = sum.total();
    Random random(7);
    const auto normal = [&random] {  // Box and Muller (1958)
        return std::sqrt(-2 * std::log(1 - random.uniform())) *
               std::cos(2 * M_PI * random.uniform());
    };
    constexpr int kDraws = 100'000;
    int covered = 0;
    for (int i = 0; i < kDraws; ++i) {
        double value = 0;
        for (const double deviation : deviations) value += 10 + deviation * normal();
        if (value >= total.low && value <= total.high) ++covered;
    }
    EXPECT_NEAR(static_cast<double>(covered) / kDraws, 0.9, 0.005);
}

TEST(Multiply, AddsRelativeErrorsInQuadrature) {
    // 3 % and 4 % make 5 %.
    const Ranged product =
        multiply({.value = 100, .low = 97, .high = 103}, {.value = 10, .low = 9.6, .high = 10.4});
    EXPECT_DOUBLE_EQ(product.value, 1000);
    EXPECT_DOUBLE_EQ(product.low, 950);
    EXPECT_DOUBLE_EQ(product.high, 1050);
    EXPECT_EQ(product.kind, RangeKind::interval90);
}

TEST(Multiply, TakesTheCornersOfABound) {
    const Ranged product =
        multiply({.value = 100, .low = 90, .high = 110, .kind = RangeKind::bound},
                 {.value = 2, .low = 1, .high = 4});
    EXPECT_EQ(product, (Ranged{.value = 200, .low = 90, .high = 440, .kind = RangeKind::bound}));
}

TEST(Multiply, ByZeroOrByAnExactFactorKeepsTheShape) {
    EXPECT_EQ(multiply(exactly(0), {.value = 2, .low = 1, .high = 3}), exactly(0));
    const Ranged doubled = multiply({.value = 10, .low = 8, .high = 13}, exactly(2));
    EXPECT_EQ(doubled, (Ranged{.value = 20, .low = 16, .high = 26}));
}

TEST(Multiply, OfWideRangesStaysAboveTheLowCorner) {
    // da = a and db = b: the first order would give ab (1 - sqrt 2) < 0, but no product of two amounts is below 0.
    const Ranged product =
        multiply({.value = 1, .low = 0, .high = 2}, {.value = 1, .low = 0, .high = 2});
    EXPECT_EQ(product.low, 0);
}

// ---- money.h, allowances.h

Currency euro() { return Currency::parse("EUR").value(); }
Currency dollar() { return Currency::parse("USD").value(); }

TEST(Currency, IsThreeCapitalLetters) {
    EXPECT_EQ(euro().code(), "EUR");
    EXPECT_NE(euro(), dollar());
    for (const char* bad : {"", "EU", "EURO", "eur", "E1R", "EU ", "€"}) {
        ASSERT_FALSE(Currency::parse(bad)) << bad;
        EXPECT_EQ(Currency::parse(bad).error().code, ErrorCode::invalid_argument);
    }
}

TEST(Money, IsQuantityTimesPriceExactly) {
    // One lot of 1000 allowances (a MWh) at a cent per MWh, 10 micro an allowance, costs a cent: 10000 micro.
    EXPECT_EQ(*cash(Allowances(1000), Price(10, euro())), Money(10'000, euro()));
    EXPECT_EQ(*cash(Allowances(-3), Price(7, euro())), Money(-21, euro()));
    EXPECT_EQ(*cash(Allowances(INT64_MAX), Price(1, euro())), Money(INT64_MAX, euro()));
    EXPECT_EQ(cash(Allowances(INT64_MAX), Price(2, euro())).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(cash(Allowances(INT64_MIN), Price(-1, euro())).error().code, ErrorCode::out_of_range);
    // 3037000500^2 is the first square above 2^63 - 1.
    EXPECT_TRUE(cash(Allowances(3'037'000'499), Price(3'037'000'499, euro())));
    EXPECT_FALSE(cash(Allowances(3'037'000'500), Price(3'037'000'500, euro())));
}

TEST(Money, AddsWithinOneCurrencyAndSixtyFourBits) {
    EXPECT_EQ(*add(Money(1, euro()), Money(-3, euro())), Money(-2, euro()));
    EXPECT_EQ(add(Money(1, euro()), Money(1, dollar())).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(add(Money(INT64_MAX, euro()), Money(1, euro())).error().code,
              ErrorCode::out_of_range);
    EXPECT_EQ(add(Money(INT64_MIN, euro()), Money(-1, euro())).error().code,
              ErrorCode::out_of_range);
}

TEST(Allowances, CompareAsCounts) {
    EXPECT_LT(Allowances(1), Allowances(2));
    EXPECT_EQ(Allowances().count(), 0);
    EXPECT_LT(Vintage(2026), Vintage(2027));
}

}  // namespace
}  // namespace abate
