#include "abate/policy/pinned_math.h"

#include "abate/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace abate::policy {
namespace {

// Against the C library in extended precision, in units of the last place of the result.
double places_off(double value, long double truth) {
    const double near = static_cast<double>(truth);
    const double place =
        std::nextafter(std::abs(near), std::numeric_limits<double>::infinity()) - std::abs(near);
    return static_cast<double>(std::abs(static_cast<long double>(value) - truth)) / place;
}

TEST(PinnedMath, IsWithinTwoPlacesOfTheTruth) {
    std::uint64_t state = 7;
    const auto chance = [&] {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<double>(state >> 11) * 0x1p-53;
    };
    for (int i = 0; i < 200'000; ++i) {
        const double x = std::ldexp(0.5 + chance(), static_cast<int>(chance() * 2000) - 1000);
        EXPECT_LT(places_off(pinned_log(x), std::log(static_cast<long double>(x))), 2) << x;
        const double y = (chance() - 0.5) * 1400;
        EXPECT_LT(places_off(pinned_exp(y), std::exp(static_cast<long double>(y))), 2) << y;
    }
}

TEST(PinnedMath, IsExactWhereItCanBe) {
    EXPECT_EQ(pinned_log(1), 0);
    EXPECT_EQ(pinned_exp(0), 1);
    EXPECT_EQ(pinned_pow(5, 0), 1);
    EXPECT_LT(places_off(pinned_log(std::numeric_limits<double>::min()),
                         std::log(static_cast<long double>(std::numeric_limits<double>::min()))),
              2);
    EXPECT_LT(places_off(pinned_log(std::numeric_limits<double>::max()),
                         std::log(static_cast<long double>(std::numeric_limits<double>::max()))),
              2);
}

TEST(PinnedMath, APowerIsAsGoodAsItsLogarithmIsSmall) {
    for (const double x : {1e-30, 1e-4, 0.7, 1.3, 100.0, 1e27})
        for (const double y : {-1.0, 0.2, 0.5, 2.0 / 3, 1.0, 1.9}) {
            const long double truth =
                std::pow(static_cast<long double>(x), static_cast<long double>(y));
            const double size = std::abs(y * std::log(x));
            EXPECT_LT(places_off(pinned_pow(x, y), truth), 3 + 2 * size) << x << " ^ " << y;
        }
}

TEST(PinnedMath, BeyondItsRangeItStaysFinite) {
    EXPECT_EQ(pinned_exp(1e6), pinned_exp(708));
    EXPECT_EQ(pinned_exp(-1e6), pinned_exp(-708));
    EXPECT_TRUE(std::isnormal(pinned_exp(708)));
    EXPECT_TRUE(std::isnormal(pinned_exp(-708)));
}

// A loop of many is what the solver runs: whatever the compiler made of it answers the same bytes as one number alone.
TEST(PinnedMath, ManyAtOnceAreTheSameBytes) {
    std::vector<double> in;
    for (int i = 1; i < 1000; ++i) in.push_back(i * 0.37);
    std::vector<double> logs(in.size());
    std::vector<double> powers(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
        logs[i] = pinned_log(in[i]);
        powers[i] = pinned_exp(0.4 * logs[i]);
    }
    for (std::size_t i = 0; i < in.size(); ++i) {
        volatile double one = in[i];
        EXPECT_EQ(logs[i], pinned_log(one));
        EXPECT_EQ(powers[i], pinned_pow(one, 0.4));
    }
}

}  // namespace
}  // namespace abate::policy
