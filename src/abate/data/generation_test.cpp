#include "abate/data/generation.h"

#include "abate/data/data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::data {
namespace {

using ::testing::HasSubstr;

FuelFactors factors() { return fuel_factors(Tables::load().value()).value(); }

// IPCC AR5 WG III annex III, table A.III.2, medians: coal 820, gas 490, nuclear 12, wind onshore 11; (10 x 820 + 30 x 11) / 40 = 213.25.
TEST(ProductionIntensity, IsTheMeanOfTheMediansByHand) {
    GenerationMix mix;
    mix[Plant::coal] = 10;
    mix[Plant::wind_onshore] = 30;
    const HourValue hour = production_intensity(mix, factors());
    EXPECT_TRUE(hour.known);
    EXPECT_DOUBLE_EQ(hour.value, 213.25);
    EXPECT_DOUBLE_EQ(hour.low, 213.25);
    EXPECT_DOUBLE_EQ(hour.high, 213.25);
    EXPECT_THAT(factors().source, HasSubstr("AR5"));
    EXPECT_THAT(factors().source, HasSubstr("SRREN"));
}

// 20 of 60 without a median: value of the rest, 213.25; low (8530 + 20 x 11) / 60 = 145.8333, high (8530 + 20 x 840) / 60 = 422.1667.
TEST(ProductionIntensity, WhatHasNoMedianWidensTheRange) {
    GenerationMix mix;
    mix[Plant::coal] = 10;
    mix[Plant::wind_onshore] = 30;
    mix[Plant::other] = 20;
    const HourValue hour = production_intensity(mix, factors());
    EXPECT_DOUBLE_EQ(hour.value, 213.25);
    EXPECT_NEAR(hour.low, 145.8333, 1e-4);
    EXPECT_NEAR(hour.high, 422.1667, 1e-4);
}

TEST(ProductionIntensity, WhatConsumesDoesNotCountAndNothingIsNotKnown) {
    GenerationMix mix;
    EXPECT_FALSE(production_intensity(mix, factors()).known);
    mix[Plant::solar] = -5;  // own use at night
    mix[Plant::other] = 7;
    EXPECT_FALSE(production_intensity(mix, factors()).known);
    mix[Plant::nuclear] = 1;
    mix[Plant::other] = 0;
    EXPECT_DOUBLE_EQ(production_intensity(mix, factors()).value, 12);
}

}  // namespace
}  // namespace abate::data
