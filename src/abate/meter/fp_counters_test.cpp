#include "abate/meter/fp_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace abate::meter {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSkylake =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
    "model name\t: Intel(R) Xeon(R) Gold 6148\nflags\t\t: fpu avx512f\n\nprocessor\t: 1\n";

class FpCountersTest : public ::testing::Test {
  protected:
    FpCountersTest() {
        const char* base = std::getenv("TMPDIR");
        std::string form = std::string(base != nullptr ? base : "/tmp") + "/abate-fp-XXXXXX";
        root_ = ::mkdtemp(form.data());
        environment_.procfs_root = root_ + "/proc";
        environment_.sysfs_root = root_ + "/sys";
        std::filesystem::create_directories(root_ + "/proc");
        std::filesystem::create_directories(root_ + "/sys/bus/event_source/devices/cpu");
        std::ofstream(root_ + "/proc/cpuinfo") << kSkylake;
    }
    ~FpCountersTest() override { std::filesystem::remove_all(root_); }

    // A counter that will read {count, enabled, running} once.
    static int scripted(std::array<std::uint64_t, 3> value) {
        std::array<int, 2> pair{};
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) return -errno;
        const ssize_t size = ::write(pair[1], value.data(), sizeof value);
        ::close(pair[1]);
        return size == sizeof value ? pair[0] : -EIO;
    }

    std::string root_;
    SensorEnvironment environment_;
};

TEST_F(FpCountersTest, EachIntelClassCountsItsOperations) {
    // Intel SDM: a count of one is 1, 2, 4, 8 and 16 operations. One of each: 31.
    const auto counters = FpCounters::open(1, environment_, [](const FpEvent&, pid_t) {
        return scripted({1, 1000, 1000});
    });
    ASSERT_TRUE(counters.has_value());
    const auto count = counters->read();
    ASSERT_TRUE(count.has_value());
    EXPECT_DOUBLE_EQ(count->flop.value, 31);
    EXPECT_DOUBLE_EQ(count->flop.low, 31);
    EXPECT_DOUBLE_EQ(count->flop.high, 31);
    EXPECT_FALSE(count->multiplexed);
}

TEST_F(FpCountersTest, EveryIntelUmaskIsCountedOnceWithItsWidth) {
    // Operations per instruction by umask bit, SDM volume 3B: 64-bit lanes hold 1, 2, 4, 8 doubles
    // in scalar, 128, 256 and 512 bits; singles 1, 4, 8, 16.
    const std::map<int, int> expected{
        {0, 1}, {1, 1}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {6, 8}, {7, 16}};
    std::map<int, int> found;
    const auto events = fp_events({.vendor = "GenuineIntel", .family = 6, .model = 0x55});
    ASSERT_TRUE(events.has_value());
    for (const FpEvent& event : *events) {
        EXPECT_EQ(event.config & 0xff, 0xc7U);
        for (int bit = 0; bit < 8; ++bit) {
            if ((event.config >> (8 + bit) & 1) != 0) {
                EXPECT_TRUE(found.emplace(bit, event.flop).second);
            }
        }
    }
    EXPECT_EQ(found, expected);
}

TEST_F(FpCountersTest, MultiplexedCountIsScaledWithItsRange) {
    // Half of the time: 100 seen, 200 likely, the unseen half between 0 and twice as much:
    // 100..300.
    std::ofstream(root_ + "/proc/cpuinfo")
        << "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n";
    const auto counters = FpCounters::open(1, environment_, [](const FpEvent&, pid_t) {
        return scripted({100, 2000, 1000});
    });
    ASSERT_TRUE(counters.has_value());
    const auto count = counters->read();
    ASSERT_TRUE(count.has_value());
    EXPECT_DOUBLE_EQ(count->flop.value, 200);
    EXPECT_DOUBLE_EQ(count->flop.low, 100);
    EXPECT_DOUBLE_EQ(count->flop.high, 300);
    EXPECT_TRUE(count->multiplexed);
}

TEST_F(FpCountersTest, CounterThatNeverRanIsNotZero) {
    const auto counters = FpCounters::open(1, environment_, [](const FpEvent&, pid_t) {
        return scripted({0, 1000, 0});
    });
    ASSERT_TRUE(counters.has_value());
    EXPECT_EQ(counters->read().error().code, ErrorCode::unavailable);
}

TEST_F(FpCountersTest, AmdUmaskFollowsTheGeneration) {
    // tools/perf/pmu-events/arch/x86/amdzen{1..5}/floating-point.json, fp_ret_sse_avx_ops.all.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of cpuinfo
    const auto config = [](int family, int model) {
        return fp_events({.vendor = "AuthenticAMD", .family = family, .model = model})
            .value()[0]
            .config;
    };
    EXPECT_EQ(config(0x17, 0x01), 0xff03U);  // Zen
    EXPECT_EQ(config(0x17, 0x31), 0xff03U);  // Zen 2
    EXPECT_EQ(config(0x19, 0x01), 0xff03U);  // Zen 3
    EXPECT_EQ(config(0x19, 0x11), 0x1f03U);  // Zen 4
    EXPECT_EQ(config(0x1a, 0x02), 0x0f03U);  // Zen 5
    EXPECT_FALSE(fp_events({.vendor = "AuthenticAMD", .family = 0x15, .model = 2}).has_value());
}

TEST_F(FpCountersTest, HybridAndUnknownCpusAreRefusedInWords) {
    EXPECT_THAT(fp_events({.vendor = "GenuineIntel", .family = 6, .model = 0x97}).error().what,
                HasSubstr("two kinds of core"));
    EXPECT_EQ(fp_events({.vendor = "GenuineIntel", .family = 6, .model = 0x2d}).error().code,
              ErrorCode::unsupported);
    EXPECT_EQ(fp_events({.vendor = "ARM", .family = 8, .model = 0}).error().code,
              ErrorCode::unsupported);
}

TEST_F(FpCountersTest, VirtualMachineWithoutCountersSaysSo) {
    std::filesystem::remove_all(root_ + "/sys/bus");
    std::ofstream(root_ + "/proc/cpuinfo") << "vendor_id\t: AuthenticAMD\nflags\t\t: hypervisor\n";
    const auto counters = FpCounters::open(1, environment_);
    ASSERT_FALSE(counters.has_value());
    EXPECT_EQ(counters.error().code, ErrorCode::unavailable);
    EXPECT_THAT(counters.error().what, HasSubstr("virtual machine"));
}

TEST_F(FpCountersTest, RefusalNamesTheSetting) {
    std::filesystem::create_directories(root_ + "/proc/sys/kernel");
    std::ofstream(root_ + "/proc/sys/kernel/perf_event_paranoid") << "4\n";
    const auto counters =
        FpCounters::open(1, environment_, [](const FpEvent&, pid_t) { return -EACCES; });
    ASSERT_FALSE(counters.has_value());
    EXPECT_EQ(counters.error().code, ErrorCode::permission_denied);
    EXPECT_EQ(counters.error().where, "perf_event_paranoid 4");
}

}  // namespace
}  // namespace abate::meter
