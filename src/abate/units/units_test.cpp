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

TEST(Microjoules, AreReadExactlyFromDecimalJoules) {
    EXPECT_EQ(*parse_decimal_joules("1.5"), Microjoules(1'500'000));
    EXPECT_EQ(*parse_decimal_joules("-0.000001"), Microjoules(-1));
    EXPECT_EQ(*parse_decimal_joules("-0"), Microjoules(0));
    EXPECT_EQ(*parse_decimal_joules("2.5e3"), Microjoules(2'500'000'000));
    EXPECT_EQ(*parse_decimal_joules("2.50000000000"), Microjoules(2'500'000));
    EXPECT_EQ(*parse_decimal_joules("15E-1"), Microjoules(1'500'000));
    // Beyond 2^53, where a double would lose the last digit.
    EXPECT_EQ(*parse_decimal_joules("9007199254.740993"), Microjoules(9'007'199'254'740'993));
}

TEST(Microjoules, RefuseWhatIsNotAnExactNumberOfJoules) {
    for (const char* bad :
         {"", "-", ".5", "1.", "+1", "01", "1e", "1e+", "1 ", " 1", "0x1", "1,5", "nan", "inf"}) {
        ASSERT_FALSE(parse_decimal_joules(bad)) << bad;
        EXPECT_EQ(parse_decimal_joules(bad).error().code, ErrorCode::parse_error) << bad;
    }
    EXPECT_EQ(parse_decimal_joules("0.0000001").error().code, ErrorCode::parse_error);
    EXPECT_EQ(parse_decimal_joules("1e25").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_decimal_joules("1e99999999999999999999").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_decimal_joules("1e-99999999999999999999").error().code, ErrorCode::parse_error);
    EXPECT_TRUE(parse_decimal_joules("9999999999999999999999999"));
}

}  // namespace
}  // namespace abate
