#include "abate/scheme/cap.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>

namespace abate::scheme {
namespace {

// 4.3 % of 1,000 each year of 2024 to 2027, then 4.4 %: 957, 914, 871, 828, 784, 740, 696.
CapPath european(std::int64_t base) {
    return {.base = base,
            .base_year = 2023,
            .steps = {{.first_year = 2024, .ppm = 43'000}, {.first_year = 2028, .ppm = 44'000}}};
}

TEST(Cap, FallsByAFixedTonnage) {
    const std::array<std::int64_t, 8> caps = {1'000, 957, 914, 871, 828, 784, 740, 696};
    for (std::size_t i = 0; i < caps.size(); ++i)
        EXPECT_EQ(*linear_cap(european(1'000), 2023 + static_cast<std::int32_t>(i)), caps[i]);
    // 24 years at 4.4 % would be more than what is left.
    EXPECT_EQ(*linear_cap(european(1'000), 2060), 0);
}

// Rounded down once: 10 less 4 x 0.43 is 8.28, less another 0.44 is 7.84.
TEST(Cap, IsRoundedOnce) {
    EXPECT_EQ(*linear_cap(european(10), 2027), 8);
    EXPECT_EQ(*linear_cap(european(10), 2028), 7);
    EXPECT_EQ(*linear_cap(european(100), 2028), 78);
}

TEST(Cap, RebasingStays) {
    CapPath path = european(1'000);
    path.rebasings = {{.year = 2024, .amount = 90}, {.year = 2026, .amount = 27}};
    EXPECT_EQ(*linear_cap(path, 2023), 1'000);
    EXPECT_EQ(*linear_cap(path, 2024), 867);
    EXPECT_EQ(*linear_cap(path, 2025), 824);
    EXPECT_EQ(*linear_cap(path, 2026), 754);
}

TEST(Cap, APathHasAnOrder) {
    EXPECT_FALSE(linear_cap(european(1'000), 2022).has_value());
    EXPECT_FALSE(linear_cap(european(1'000), 4000).has_value());
    EXPECT_FALSE(linear_cap(european(-1), 2024).has_value());
    EXPECT_FALSE(
        linear_cap({.base = 1, .base_year = 2023, .steps = {{.first_year = 2023, .ppm = 1}}}, 2024)
            .has_value());
    EXPECT_FALSE(
        linear_cap(
            {.base = 1, .base_year = 2023, .steps = {{.first_year = 2024, .ppm = 1'000'001}}}, 2024)
            .has_value());
}

TEST(Cap, SupplyIsTheCap) {
    EXPECT_TRUE(check_supply({.cap = 828,
                              .free_ceiling = 500,
                              .auction = 300,
                              .entrant_reserve = 20,
                              .price_reserve = 8})
                    .has_value());
    EXPECT_TRUE(check_supply({}).has_value());
    const Result<void> missing = check_supply({.cap = 828, .free_ceiling = 500, .auction = 300});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().what,
              "the parts of the supply sum to 800, the cap is 828: 28 missing");
    EXPECT_FALSE(check_supply({.cap = 0, .free_ceiling = 5, .auction = -5}).has_value());
    EXPECT_FALSE(
        check_supply({.cap = -2, .free_ceiling = INT64_MAX, .auction = INT64_MAX}).has_value());
}

// The first two were published by the Commission for 2021 and 2025 (24 % of 1,134,794,738; 1,023,494,202 less 833,000,000); the others
// are the edges.
TEST(Cap, StabilityReserve) {
    const auto step = [](std::int64_t in_circulation) {
        return *stability_step({.in_circulation = in_circulation, .in_reserve = 400'000'000}, {});
    };
    EXPECT_EQ(step(1'134'794'738), 272'350'737);
    EXPECT_EQ(step(1'023'494'202), 190'494'202);
    EXPECT_EQ(step(1'096'000'001), 263'040'000);
    EXPECT_EQ(step(1'096'000'000), 263'000'000);
    EXPECT_EQ(step(833'000'000), 0);
    EXPECT_EQ(step(832'999'999), 0);
    EXPECT_EQ(step(400'000'000), 0);
    EXPECT_EQ(step(399'999'999), -100'000'000);
    EXPECT_EQ(*stability_step({.in_circulation = 0, .in_reserve = 7}, {}), -7);
    EXPECT_FALSE(stability_step({.in_circulation = -1}, {}).has_value());
    EXPECT_FALSE(stability_step({}, {.upper = 1, .middle = 2}).has_value());
}

// RGGI's triggers at 7 % a year, rounded to cents each year: 29.25, 31.30, 33.49, 35.83, 38.34, 41.02, 43.89, 46.96, 50.25, 53.77, 57.53;
// and 19.50 to 38.36 (2027 to 2037), 13.00 to 17.03 and 6.00 to 7.86 (2021 to 2025), as published.
TEST(Cap, TriggersAreRoundedEveryYear) {
    const std::array<std::int64_t, 11> cents = {
        2925, 3130, 3349, 3583, 3834, 4102, 4389, 4696, 5025, 5377, 5753};
    for (std::size_t i = 0; i < cents.size(); ++i) {
        EXPECT_EQ(*price_in_cents({.first_cents = 2925, .first_year = 2027, .rate_ppm = 70'000},
                                  2027 + static_cast<std::int32_t>(i)),
                  cents[i]);
    }
    EXPECT_EQ(*price_in_cents({.first_cents = 1950, .first_year = 2027, .rate_ppm = 70'000}, 2037),
              3836);
    EXPECT_EQ(*price_in_cents({.first_cents = 1300, .first_year = 2021, .rate_ppm = 70'000}, 2025),
              1703);
    EXPECT_EQ(*price_in_cents({.first_cents = 600, .first_year = 2021, .rate_ppm = 70'000}, 2025),
              786);
    EXPECT_FALSE(price_in_cents({.first_cents = 600, .first_year = 2021}, 2020).has_value());
    EXPECT_EQ(price_in_cents({.first_cents = 600, .first_year = 2021, .rate_ppm = 1'000'000}, 2100)
                  .error()
                  .code,
              ErrorCode::out_of_range);
}

RC_GTEST_PROP(CapProperty, NeverRisesWithoutARebasing, ()) {
    const CapPath path = european(*rc::gen::inRange<std::int64_t>(0, INT64_MAX));
    const auto year = *rc::gen::inRange(2023, 2100);
    RC_ASSERT(*linear_cap(path, year + 1) <= *linear_cap(path, year));
}

}  // namespace
}  // namespace abate::scheme
