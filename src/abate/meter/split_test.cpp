#include "abate/meter/split.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace abate::meter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Microjoules sum(const DeviceState& s) {
    return s.job_active + s.job_idle + s.idle + s.others + s.unknown;
}

// 100 J in 1 s, 30 W idle: 70 J active. The job ran 0.6 of 0.8 busy CPU seconds: 52.5 J. It
// reserved a quarter of the node: 7.5 J of the idle.
TEST(Split, ChargesActiveByCpuTimeAndIdleByReservation) {
    DeviceState state;
    const Shares shares =
        cpu_shares({.job_ns = 600'000'000, .busy_ns = 800'000'000, .idle_ppm = 250'000});
    add_window(state, Microjoules(100'000'000), kSecond, {30'000, 30'000, 30'000}, shares);
    EXPECT_EQ(state.job_active.to_int64(), 52'500'000);
    EXPECT_EQ(state.others.to_int64(), 17'500'000);
    EXPECT_EQ(state.job_idle.to_int64(), 7'500'000);
    EXPECT_EQ(state.idle.to_int64(), 22'500'000);
    EXPECT_EQ(state.unknown.to_int64(), 0);
}

TEST(Split, WithoutReservationSharesIdleByActivity) {
    DeviceState state;
    add_window(state,
               Microjoules(100'000'000),
               kSecond,
               {30'000, 30'000, 30'000},
               cpu_shares({.job_ns = 600'000'000, .busy_ns = 800'000'000, .idle_ppm = -1}));
    EXPECT_EQ(state.job_idle.to_int64(), 22'500'000);  // 0.75 x 30 J
}

// The 17.5 J of others may have been the job's: 70 J active and 7.5 J of idle at most. The value stays.
TEST(Split, WhatOthersUsedMayBeTheJobsWhereItsCpuTimeIsALeast) {
    DeviceState state;
    add_window(state,
               Microjoules(100'000'000),
               kSecond,
               {30'000, 30'000, 30'000},
               cpu_shares({.job_ns = 600'000'000,
                           .busy_ns = 800'000'000,
                           .idle_ppm = 250'000,
                           .job_is_least = true}));
    EXPECT_EQ((state.job_active + state.job_idle).to_int64(), 60'000'000);
    EXPECT_EQ(state.others.to_int64(), 17'500'000);
    EXPECT_EQ(state.job_low.to_int64(), 60'000'000);
    EXPECT_EQ(state.job_high.to_int64(), 77'500'000);
}

// Then it may have been all that was active, and pays all of the idle energy.
TEST(Split, WithoutReservationALeastCpuTimeLeavesEverythingOpen) {
    DeviceState state;
    add_window(
        state,
        Microjoules(100'000'000),
        kSecond,
        {30'000, 30'000, 30'000},
        cpu_shares(
            {.job_ns = 600'000'000, .busy_ns = 800'000'000, .idle_ppm = -1, .job_is_least = true}));
    EXPECT_EQ(state.job_low.to_int64(), 75'000'000);
    EXPECT_EQ(state.job_high.to_int64(), 100'000'000);
}

TEST(Split, ChargesASleepingJobNothing) {
    DeviceState state;
    add_window(state,
               Microjoules(100'000'000),
               kSecond,
               {30'000, 30'000, 30'000},
               cpu_shares({.job_ns = 0, .busy_ns = 800'000'000, .idle_ppm = -1}));
    EXPECT_EQ((state.job_active + state.job_idle).to_int64(), 0);
    EXPECT_EQ(state.others.to_int64(), 70'000'000);
    EXPECT_EQ(state.idle.to_int64(), 30'000'000);
}

TEST(Split, CallsActiveEnergyUnknownWhenNobodyWasBusy) {
    DeviceState state;
    add_window(state,
               Microjoules(100'000'000),
               kSecond,
               {30'000, 30'000, 30'000},
               cpu_shares({.job_ns = 0, .busy_ns = 0, .idle_ppm = -1}));
    EXPECT_EQ(state.unknown.to_int64(), 70'000'000);
    EXPECT_EQ(state.job_high.to_int64(), 70'000'000);
}

TEST(Split, TakesTheJobsExactTimeOverTheMachinesTicks) {
    // /proc/stat counts 10 ms ticks; a job of 4 ms may be all that ran.
    EXPECT_EQ(cpu_shares({.job_ns = 4'000'000, .busy_ns = 0, .idle_ppm = -1}).active_job, kWhole);
}

TEST(Split, ChargesIdleNeverAboveTheWindowsEnergy) {
    DeviceState state;
    add_window(state, Microjoules(5'000'000), kSecond, {30'000, 0, 60'000}, whole_machine());
    EXPECT_EQ(state.job_idle.to_int64(), 5'000'000);
    EXPECT_EQ(state.job_active.to_int64(), 0);
}

TEST(Split, RangeOfTheIdlePowerBecomesARangeOfTheJob) {
    DeviceState state;
    // Half of the node is reserved, the job was all that ran: job = E - P_idle/2 x 1 s.
    add_window(state,
               Microjoules(100'000'000),
               kSecond,
               {30'000, 10'000, 50'000},
               cpu_shares({.job_ns = kSecond, .busy_ns = kSecond, .idle_ppm = 500'000}));
    EXPECT_EQ((state.job_active + state.job_idle).to_int64(), 85'000'000);
    EXPECT_EQ(state.job_low.to_int64(), 75'000'000);
    EXPECT_EQ(state.job_high.to_int64(), 95'000'000);
}

TEST(GpuShares, OfTwoProcessesLeaveNothingUnknown) {
    const Shares shares = gpu_shares(
        {.known = true, .job = 1.0 / 3, .others = 2.0 / 3, .stated = true, .reserved = 1});
    EXPECT_EQ(shares.active_job + shares.active_others, kWhole);
    EXPECT_EQ(gpu_shares({.known = false, .job = 0, .others = 0, .stated = true, .reserved = 0.5})
                  .idle_job,
              kWhole / 2);
}

TEST(GpuShares, ADeviceThatNobodySetAsideChargesItsIdleByActivity) {
    EXPECT_EQ(
        gpu_shares({.known = true, .job = 0.25, .others = 0.75, .stated = false, .reserved = 1})
            .idle_job,
        kWhole / 4);
    EXPECT_EQ(gpu_shares({.known = false, .job = 0, .others = 0, .stated = false, .reserved = 1})
                  .idle_job,
              0U);
}

RC_GTEST_PROP(Split, ConservesEveryMicrojoule, ()) {
    DeviceState state;
    Microjoules given;
    const int windows = *rc::gen::inRange(1, 20);
    for (int i = 0; i < windows; ++i) {
        const Microjoules energy(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000));
        const std::int64_t time = *rc::gen::inRange<std::int64_t>(0, 10 * kSecond);
        const std::int64_t idle = *rc::gen::inRange<std::int64_t>(0, 500'000);
        const std::int64_t job = *rc::gen::inRange<std::int64_t>(0, 64 * kSecond);
        const std::int64_t busy = *rc::gen::inRange<std::int64_t>(0, 64 * kSecond);
        const std::int64_t reserved = *rc::gen::inRange<std::int64_t>(-1, 1'000'001);
        add_window(state,
                   energy,
                   time,
                   {idle, idle / 2, idle * 2},
                   cpu_shares({.job_ns = job, .busy_ns = busy, .idle_ppm = reserved}));
        given += energy;
    }
    RC_ASSERT(sum(state) == given);
    RC_ASSERT(state.job_low <= state.job_active + state.job_idle);
    RC_ASSERT(state.job_active + state.job_idle <= state.job_high);
}

}  // namespace
}  // namespace abate::meter
