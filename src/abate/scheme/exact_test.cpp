#include "abate/scheme/exact.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>

namespace abate::scheme {
namespace {

TEST(Exact, DivisionSaysHowItRounds) {
    EXPECT_EQ(floor_div({.dividend = 7, .divisor = 2}), 3);
    EXPECT_EQ(ceil_div({.dividend = 7, .divisor = 2}), 4);
    EXPECT_EQ(floor_div({.dividend = -7, .divisor = 2}), -4);
    EXPECT_EQ(ceil_div({.dividend = -7, .divisor = 2}), -3);
    EXPECT_EQ(floor_div({.dividend = 8, .divisor = 2}), 4);
    EXPECT_EQ(ceil_div({.dividend = 8, .divisor = 2}), 4);
}

TEST(Exact, WhatDoesNotFitIsRefused) {
    const Big most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(*to_int64(most, "x"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(to_int64(most + 1, "the cap").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(to_int64(most + 1, "the cap").error().what,
              "the cap does not fit: 9223372036854775808");
    EXPECT_FALSE(to_uint64(-1, "x").has_value());
    EXPECT_FALSE(to_microjoules(Big(1) << 126, "x").has_value());
}

RC_GTEST_PROP(Exact, ThereAndBackIsTheSame, (std::int64_t high, std::uint64_t low)) {
    // Shifted, so that nearly all of the 127 bits are used.
    const Int128 value =
        (static_cast<Int128>(high) * (Int128{1} << 62)) + static_cast<Int128>(low >> 2);
    RC_ASSERT(to_microjoules(to_big(value), "x")->count() == value);
}

}  // namespace
}  // namespace abate::scheme
