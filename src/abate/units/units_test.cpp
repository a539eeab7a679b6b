#include "abate/units/units.h"

#include <gtest/gtest.h>

namespace abate {
namespace {

TEST(Quantity, ThreeHundredWattsForTwoHoursAreSixTenthsOfAKilowattHour) {
    const Energy e = (300.0 * watts) * (2.0 * hours);
    EXPECT_DOUBLE_EQ(e.in(kilowatt_hours), 0.6);
}

TEST(Microjoules, PrintAsExactDecimalJoules) {
    EXPECT_EQ(decimal_joules(Microjoules(1'500'000)), "1.5");
    EXPECT_EQ(decimal_joules(Microjoules(-1)), "-0.000001");
    EXPECT_EQ(decimal_joules(Microjoules(0)), "0");
}

}  // namespace
}  // namespace abate
