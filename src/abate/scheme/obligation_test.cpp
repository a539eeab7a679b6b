#include "abate/scheme/obligation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

namespace abate::scheme {
namespace {

constexpr Int128 kKilowattHour = 3'600'000'000'000;  // uJ

TEST(Obligation, IsRoundedUpOncePerPeriod) {
    const auto of = [](Int128 microjoules) {
        return *obligation(Microjoules(microjoules), kilowatt_hour_unit());
    };
    EXPECT_EQ(of(0), 0);
    EXPECT_EQ(of(1), 1);
    EXPECT_EQ(of(kKilowattHour), 1);
    EXPECT_EQ(of(kKilowattHour + 1), 2);
    // Two sites of a kilowatt-hour and a half each owe three together, not four.
    EXPECT_EQ(of(kKilowattHour * 3 / 2 * 2), 3);
    // 850,000 kWh a day.
    EXPECT_EQ(of(kKilowattHour * 850'000 * 365), 310'250'000);
    EXPECT_FALSE(obligation(Microjoules(-1), {}).has_value());
    EXPECT_EQ(obligation(Microjoules(Int128{1} << 120), {}).error().code, ErrorCode::out_of_range);
    // In kilograms at 0.4118 kg/kWh: 1,000 kWh are 411.8 kg.
    EXPECT_EQ(*obligation(Microjoules(kKilowattHour * 1'000),
                          *kilogram_unit({.milligrams_per_kilowatt_hour = 411'800})),
              412);
}

TEST(Obligation, HalfAfterAnInterimYear) {
    EXPECT_EQ(*interim_due(101, 500'000), 51);
    EXPECT_FALSE(interim_due(-1, 500'000).has_value());
}

ComplianceYear year_of(std::vector<SurrenderedVintage> surrendered) {
    return {.year = 2027, .obligation = 100, .carried = 0, .surrendered = std::move(surrendered)};
}

TEST(Obligation, EnoughOfTheRightVintages) {
    const Result<ComplianceBalance> b =
        compliance_balance(year_of({{.vintage = Vintage(2025), .amount = 30},
                                    {.vintage = Vintage(2027), .amount = 70}}),
                           {});
    EXPECT_EQ(b->owed, 100);
    EXPECT_EQ(b->counted, 100);
    EXPECT_EQ(b->shortfall, 0);
    EXPECT_EQ(b->surplus, 0);
}

TEST(Obligation, ALaterVintageDoesNotCount) {
    const ComplianceYear year = year_of(
        {{.vintage = Vintage(2027), .amount = 60}, {.vintage = Vintage(2028), .amount = 40}});
    EXPECT_EQ(compliance_balance(year, {})->shortfall, 40);
    EXPECT_EQ(compliance_balance(year, {})->refused, 40);
    // Up to a quarter may be borrowed from the next year.
    const Result<ComplianceBalance> some = compliance_balance(year, {.borrow_ppm = 250'000});
    EXPECT_EQ(some->borrowed, 25);
    EXPECT_EQ(some->refused, 15);
    EXPECT_EQ(some->counted, 85);
    EXPECT_EQ(some->shortfall, 15);
    // Nothing is borrowed that is not needed.
    const Result<ComplianceBalance> none =
        compliance_balance(year_of({{.vintage = Vintage(2027), .amount = 110},
                                    {.vintage = Vintage(2028), .amount = 40}}),
                           {.borrow_ppm = 1'000'000});
    EXPECT_EQ(none->borrowed, 0);
    EXPECT_EQ(none->refused, 40);
    EXPECT_EQ(none->surplus, 10);
    // Nor from the year after the next.
    EXPECT_EQ(compliance_balance(year_of({{.vintage = Vintage(2029), .amount = 100}}),
                                 {.borrow_ppm = 1'000'000})
                  ->shortfall,
              100);
}

TEST(Obligation, WhatIsMadeGoodMayBeOfAnyVintage) {
    ComplianceYear year = year_of(
        {{.vintage = Vintage(2027), .amount = 100}, {.vintage = Vintage(2031), .amount = 50}});
    year.carried = 40;
    EXPECT_EQ(compliance_balance(year, {})->shortfall, 40);
    const Result<ComplianceBalance> b = compliance_balance(year, {.make_good_any_vintage = true});
    EXPECT_EQ(b->owed, 140);
    EXPECT_EQ(b->shortfall, 0);
    EXPECT_EQ(b->refused, 10);
}

TEST(Obligation, NumbersBelowZeroAndTooLargeAreRefused) {
    EXPECT_FALSE(
        compliance_balance(year_of({{.vintage = Vintage(2027), .amount = -1}}), {}).has_value());
    EXPECT_FALSE(compliance_balance(year_of({}), {.borrow_ppm = 1'000'001}).has_value());
    EXPECT_EQ(compliance_balance({.obligation = INT64_MAX, .carried = 1}, {}).error().code,
              ErrorCode::out_of_range);
    EXPECT_EQ(compliance_balance(year_of({{.vintage = Vintage(1), .amount = INT64_MAX},
                                          {.vintage = Vintage(2), .amount = 1}}),
                                 {})
                  .error()
                  .code,
              ErrorCode::out_of_range);
}

// EU: 60 missing at 100 EUR are 6,000; with an index of 130 against 100, 7,800. Korea: three times 25,500 KRW are 76,500; three times
// 40,000 are held at 100,000.
TEST(Obligation, Penalties) {
    const Currency eur = *Currency::parse("EUR");
    const PenaltyRule fixed{.rate_micro = 100'000'000};
    EXPECT_EQ(penalty(Allowances(60), fixed, eur)->micro(), 6'000'000'000);
    PenaltyRule indexed = fixed;
    indexed.index_now = 130;
    indexed.index_then = 100;
    EXPECT_EQ(penalty(Allowances(60), indexed, eur)->micro(), 7'800'000'000);
    const auto korea = [](std::int64_t mean) {
        return *penalty_rate_micro({.base = PenaltyBase::market,
                                    .multiple_ppm = 3'000'000,
                                    .mean_price_micro = mean * 1'000'000,
                                    .most_micro = 100'000'000'000});
    };
    EXPECT_EQ(korea(25'500), 76'500'000'000);
    EXPECT_EQ(korea(40'000), 100'000'000'000);
    EXPECT_FALSE(penalty(Allowances(-1), fixed, eur).has_value());
    EXPECT_FALSE(penalty_rate_micro({.rate_micro = 1, .index_then = 0}).has_value());
    EXPECT_EQ(penalty(Allowances(INT64_MAX), fixed, eur).error().code, ErrorCode::out_of_range);
}

// EU 60; California 240, of which 180 or more in allowances; RGGI 180.
TEST(Obligation, MakingGood) {
    EXPECT_EQ(make_good(60, {})->due, 60);
    const Result<MakeGood> california =
        make_good(60, {.factor_ppm = 4'000'000, .least_allowances_ppm = 750'000});
    EXPECT_EQ(california->due, 240);
    EXPECT_EQ(california->least_allowances, 180);
    EXPECT_EQ(california->most_other, 60);
    EXPECT_EQ(make_good(60, {.factor_ppm = 3'000'000})->due, 180);
    EXPECT_EQ(make_good(60, {.factor_ppm = 3'000'000})->most_other, 0);
    EXPECT_FALSE(make_good(-1, {}).has_value());
    EXPECT_EQ(make_good(INT64_MAX, {.factor_ppm = 2'000'000}).error().code,
              ErrorCode::out_of_range);
}

// China: 10,000 + 1.5 x net sales; Korea: 5 x (KAU, 2024).
TEST(Obligation, BankingLimits) {
    const BankingRule china{.limited = true, .flat = 10'000, .sales_ppm = 1'500'000};
    EXPECT_EQ(bank({.left = 50'000, .net_sales = 20'000}, china)->kept, 40'000);
    EXPECT_EQ(bank({.left = 50'000, .net_sales = 20'000}, china)->expired, 10'000);
    EXPECT_EQ(bank({.left = 50'000, .net_sales = -20'000}, china)->kept, 10'000);
    EXPECT_EQ(bank({.left = 500, .net_sales = 0}, china)->kept, 500);
    EXPECT_EQ(bank({.left = 500, .net_sales = 7}, {.limited = true, .sales_ppm = 5'000'000})->kept,
              35);
    EXPECT_EQ(bank({.left = INT64_MAX}, {})->kept, INT64_MAX);
    EXPECT_EQ(bank({.left = 9}, {.limited = true})->expired, 9);
    EXPECT_FALSE(bank({.left = -1}, {}).has_value());
}

RC_GTEST_PROP(ObligationProperty, EveryAllowanceHasOnePlace, ()) {
    const auto amount = [] { return *rc::gen::inRange<std::int64_t>(0, 100); };
    ComplianceYear year{.year = 2027, .obligation = amount(), .carried = amount()};
    std::int64_t surrendered = 0;
    const auto lines = *rc::gen::inRange(0, 6);
    for (int i = 0; i < lines; ++i) {
        year.surrendered.push_back(
            {.vintage = Vintage(*rc::gen::inRange(2025, 2031)), .amount = amount()});
        surrendered += year.surrendered.back().amount;
    }
    const Result<ComplianceBalance> b =
        compliance_balance(year,
                           {.borrow_ppm = *rc::gen::inRange<std::uint32_t>(0, 1'000'001),
                            .borrow_years = *rc::gen::inRange(0, 4),
                            .make_good_any_vintage = *rc::gen::arbitrary<bool>()});
    RC_ASSERT(b.has_value());
    RC_ASSERT(b->counted + b->refused == surrendered);
    RC_ASSERT(b->counted + b->shortfall == b->owed + b->surplus);
    RC_ASSERT(b->shortfall == 0 || b->surplus == 0);
    RC_ASSERT(b->borrowed == 0 || b->surplus == 0);
}

}  // namespace
}  // namespace abate::scheme
