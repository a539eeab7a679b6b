#include "abate/meter/sensors/polled_gpu.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace abate::meter {
namespace {

bool always(pid_t) { return true; }
bool never(pid_t) { return false; }

GpuUsage measured() {
    GpuUsage usage;
    usage.known = usage.measured = true;
    return usage;
}

TEST(GpuShares, UnknownUsageChargesNobody) {
    JobPids pids;
    const GpuShare share = share_of({}, std::vector<pid_t>{1}, pids, always);
    EXPECT_FALSE(share.known);
    EXPECT_DOUBLE_EQ(share.job, 0);
}

TEST(GpuShares, AnIdleBoardIsKnownAndNobodys) {
    JobPids pids;
    const GpuShare share = share_of(measured(), std::vector<pid_t>{1}, pids, always);
    EXPECT_TRUE(share.known);
    EXPECT_DOUBLE_EQ(share.job + share.others, 0);
}

TEST(GpuShares, UnnamedWorkIsNeithers) {
    GpuUsage usage = measured();
    usage.add(1, 30);
    usage.unnamed = 70;
    JobPids pids;
    EXPECT_DOUBLE_EQ(share_of(usage, std::vector<pid_t>{1}, pids, always).job, 0.3);
    EXPECT_DOUBLE_EQ(share_of(usage, std::vector<pid_t>{1}, pids, always).others, 0);
}

TEST(GpuShares, AMixedGroupIsNeithersAndTheRestStillCounts) {
    GpuUsage usage = measured();
    usage.add_group(2, 40, std::vector<pid_t>{1, 2});  // one of ours, one of theirs
    usage.add_group(3, 60, std::vector<pid_t>{3});
    JobPids pids;
    const GpuShare share = share_of(usage, std::vector<pid_t>{1, 3}, pids, always);
    EXPECT_TRUE(share.known);
    EXPECT_DOUBLE_EQ(share.job, 0.6);
    EXPECT_DOUBLE_EQ(share.others, 0);
}

TEST(GpuShares, MoreProcessesThanTheTableHoldsAreUnnamed) {
    GpuUsage usage = measured();
    for (pid_t pid = 1; pid <= 300; ++pid) usage.add(pid, 1);
    EXPECT_EQ(usage.count, GpuUsage::kMost);
    EXPECT_DOUBLE_EQ(usage.unnamed, 300.0 - static_cast<double>(GpuUsage::kMost));
}

RC_GTEST_PROP(GpuSharesProperty, TwoJobsThatAreAllSumToTheBoard, ()) {
    GpuUsage usage = measured();
    std::vector<pid_t> left;
    std::vector<pid_t> right;
    const int count = *rc::gen::inRange(1, 60);
    for (pid_t pid = 1; pid <= count; ++pid) {
        usage.add(pid, *rc::gen::inRange(0, 101));
        (*rc::gen::arbitrary<bool>() ? left : right).push_back(pid);
    }
    double total = 0;
    for (std::size_t i = 0; i < usage.count; ++i) total += usage.of[i].weight;
    RC_PRE(total > 0);
    JobPids left_pids;
    JobPids right_pids;
    const GpuShare a = share_of(usage, left, left_pids, always);
    const GpuShare b = share_of(usage, right, right_pids, always);
    RC_ASSERT(std::abs(a.job + b.job - 1) < 1e-9);
    RC_ASSERT(std::abs(a.others - b.job) < 1e-9);
    RC_ASSERT(a.job + a.others <= 1 + 1e-12);
    RC_ASSERT(share_of(usage, left, left_pids, never).others == 0);
}

}  // namespace
}  // namespace abate::meter
