#include "abate/meter/sensors/slow_poll.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace abate::meter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Waits until `condition` holds, at most ten seconds.
template <class F>
bool eventually(F condition) {
    const auto limit = steady_clock::now() + seconds(10);
    while (!condition()) {
        if (steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
}

TEST(SlowPoller, HandsOutEachAnswerOnce) {
    const SystemClock clock;
    std::atomic<std::uint64_t> value{7};
    SlowPoller poller(clock, {.interval = milliseconds(5)}, [&]() -> Result<PollAnswer> {
        return PollAnswer{.values = {value.load()}};
    });
    ASSERT_TRUE(poller.wait_for_first(seconds(10)).has_value());
    Reading reading;
    poller.latest(0, reading);
    EXPECT_EQ(reading.status, ReadStatus::ok);
    EXPECT_EQ(reading.value, 7u);
    const std::int64_t first_ns = reading.mono_ns;
    value = 8;
    EXPECT_TRUE(eventually([&] {
        poller.latest(0, reading);
        return reading.value == 8;
    }));
    EXPECT_GT(reading.mono_ns, first_ns);
    // The channel that never answers fails; it is not zero.
    poller.latest(1, reading);
    EXPECT_EQ(reading.status, ReadStatus::failed);
}

TEST(SlowPoller, ARefusalIsAFailureUntilTheNextAnswer) {
    const SystemClock clock;
    std::atomic<bool> refuse{false};
    SlowPoller poller(clock, {.interval = milliseconds(5)}, [&]() -> Result<PollAnswer> {
        if (refuse) return Error{ErrorCode::unavailable, "busy", "", ""};
        return PollAnswer{.values = {1}};
    });
    ASSERT_TRUE(poller.wait_for_first(seconds(10)).has_value());
    Reading reading;
    refuse = true;
    EXPECT_TRUE(eventually([&] {
        poller.latest(0, reading);
        return reading.status == ReadStatus::failed;
    }));
    refuse = false;
    EXPECT_TRUE(eventually([&] {
        poller.latest(0, reading);
        return reading.status == ReadStatus::ok;
    }));
}

TEST(SlowPoller, AnOldAnswerIsNotPassedOffAsNew) {
    const SystemClock clock;
    SlowPoller poller(clock,
                      {.interval = seconds(60), .stale_after = milliseconds(20)},
                      []() -> Result<PollAnswer> { return PollAnswer{.values = {1}}; });
    ASSERT_TRUE(poller.wait_for_first(seconds(10)).has_value());
    std::this_thread::sleep_for(milliseconds(30));
    Reading reading;
    poller.latest(0, reading);
    EXPECT_EQ(reading.status, ReadStatus::failed);
}

TEST(SlowPoller, AnExceptionOfTheSourceIsARefusal) {
    const SystemClock clock;
    SlowPoller poller(clock, {}, []() -> Result<PollAnswer> { throw std::runtime_error("boom"); });
    const auto first = poller.wait_for_first(seconds(10));
    ASSERT_TRUE(first.has_value());
    ASSERT_FALSE(first->has_value());
    EXPECT_EQ(first->error().what, "boom");
}

TEST(SlowPoller, LeavingDoesNotWaitForAHangingSource) {
    const SystemClock clock;
    const auto start = steady_clock::now();
    {
        SlowPoller poller(clock, {}, []() -> Result<PollAnswer> {
            std::this_thread::sleep_for(seconds(30));
            return PollAnswer{};
        });
        EXPECT_FALSE(poller.wait_for_first(milliseconds(10)).has_value());
    }
    EXPECT_LT(steady_clock::now() - start, seconds(20));
}

}  // namespace
}  // namespace abate::meter
