#include "abate/meter/sensors/power_history.h"

#include <gtest/gtest.h>

namespace abate::meter {
namespace {

TEST(PowerHistory, IntegratesByTrapezoids) {
    PowerHistory history;
    history.add({.us = 1'000'000, .milliwatts = 100'000});
    EXPECT_EQ(history.microjoules(), 0U);
    history.add({.us = 1'100'000, .milliwatts = 300'000});  // 200 W x 0.1 s = 20 J
    EXPECT_EQ(history.microjoules(), 20'000'000U);
    history.add({.us = 1'100'000 + 50'000, .milliwatts = 300'000});  // 300 W x 0.05 s = 15 J
    EXPECT_EQ(history.microjoules(), 35'000'000U);
}

TEST(PowerHistory, IgnoresWhatItHasSeen) {
    PowerHistory history;
    history.add({.us = 10, .milliwatts = 1000});
    history.add({.us = 20, .milliwatts = 1000});
    history.add({.us = 20, .milliwatts = 900'000});
    history.add({.us = 15, .milliwatts = 900'000});
    EXPECT_EQ(history.microjoules(), 10U);  // 1 W x 10 us
}

TEST(PowerHistory, KeepsHalfNanojoules) {
    PowerHistory history;
    for (int i = 0; i <= 2000; ++i) history.add({.us = i, .milliwatts = i % 2 == 0 ? 0U : 1U});
    // 2,000 steps of 0.5 mW x 1 us = 1,000 nJ.
    EXPECT_EQ(history.microjoules(), 1U);
}

// 200 days x 86,400 s x 1 kW = 1.728e10 J; in half nanojoules 3.456e19, more than 2^64 = 1.845e19.
TEST(PowerHistory, OfMonthsDoesNotWrap) {
    PowerHistory history;
    history.add({.us = 0, .milliwatts = 1'000'000});
    for (std::int64_t day = 1; day <= 200; ++day)
        history.add({.us = day * 86'400'000'000, .milliwatts = 1'000'000});
    EXPECT_EQ(history.microjoules(), 17'280'000'000'000'000U);
}

TEST(PowerHistory, RestartForgets) {
    PowerHistory history;
    history.add({.us = 10, .milliwatts = 1'000'000});
    history.add({.us = 20, .milliwatts = 1'000'000});
    history.restart();
    EXPECT_FALSE(history.started());
    history.add({.us = 5, .milliwatts = 1'000'000});
    EXPECT_EQ(history.microjoules(), 0U);
}

}  // namespace
}  // namespace abate::meter
