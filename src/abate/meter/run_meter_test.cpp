#include "abate/meter/run_meter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

namespace abate::meter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Counters that follow a power curve of the manual clock.
class ScriptedSensor final : public Sensor {
  public:
    ScriptedSensor(std::vector<ChannelInfo> channels,
                   std::vector<double> watts,
                   const ManualClock& clock)
        : channels_(std::move(channels)), watts_(std::move(watts)), clock_(clock) {}

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        const std::int64_t now = clock_.now().mono_ns;
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = {
                .status = failing ? ReadStatus::failed : ReadStatus::ok,
                .value = static_cast<std::uint64_t>(watts_[i] * static_cast<double>(now) / 1000.0),
                .low = 0,
                .high = 0,
                .mono_ns = now,
                .epoch = 0};
        }
        ++reads;
    }

    bool failing = false;
    int reads = 0;

  private:
    std::vector<ChannelInfo> channels_;
    std::vector<double> watts_;
    const ManualClock& clock_;
};

ChannelInfo package(int socket, double idle_w) {
    ChannelInfo c;
    c.device = "package-" + std::to_string(socket);
    c.source = "powercap";
    c.idle_w = {.value = idle_w, .low = idle_w, .high = idle_w};
    c.accuracy = 0;
    c.refresh_s = 0;
    return c;
}

Devices one_sensor(std::unique_ptr<Sensor> sensor) {
    std::vector<SensorOpening> openings(1);
    openings[0].sensor = std::move(sensor);
    return join(std::move(openings));
}

RunRecord filled(const RunMeter& meter, const std::string& method = "cgroup-v2") {
    RunRecord record;
    describe_devices(record, meter.devices());
    record.attributed.method = method;
    fill_record(record, meter.state());
    return record;
}

// Two sockets of 50 W, 20 W idle each; the job has a quarter of the busy time, for 10 s.
TEST(RunMeter, SharesOutTwoSocketsByHand) {
    ManualClock clock;
    RunMeter meter(
        one_sensor(std::make_unique<ScriptedSensor>(
            std::vector{package(0, 20), package(1, 20)}, std::vector{50.0, 50.0}, clock)),
        {.whole_machine = false, .idle_ppm = 500'000},
        clock);
    meter.begin();
    clock.advance_ns(10 * kSecond);
    meter.finish({.job_cpu_ns = kSecond, .busy_cpu_ns = 4 * kSecond, .job_pids = {}});
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.energy.total.value.to_int64(), 1'000'000'000);
    EXPECT_EQ(record.attributed.active.to_int64(), 150'000'000);  // 600 J / 4
    EXPECT_EQ(record.attributed.idle.to_int64(), 200'000'000);    // 400 J / 2
    EXPECT_EQ(record.unattributed.others.to_int64(), 450'000'000);
    EXPECT_EQ(record.unattributed.idle.to_int64(), 200'000'000);
    EXPECT_EQ(record.attributed.quality, Quality::modelled);
    EXPECT_DOUBLE_EQ(record.duration_s, 10);
    EXPECT_DOUBLE_EQ(record.attributed.idle_share, 0.5);
}

// A quarter of the CPUs and half of the memory: 0.25 x 200 J and 0.5 x 100 J of idle energy in 10 s.
TEST(RunMeter, MemoryReservedOnItsOwnPaysItsOwnShareOfIdle) {
    ManualClock clock;
    ChannelInfo dram = package(0, 10);
    dram.device = "dram-0";
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{package(0, 20), dram}, std::vector{20.0, 10.0}, clock)),
                   {.whole_machine = false, .idle_ppm = 250'000, .memory_idle_ppm = 500'000},
                   clock);
    meter.begin();
    clock.advance_ns(10 * kSecond);
    meter.finish({});
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.attributed.idle.to_int64(), 100'000'000);
    EXPECT_EQ(record.unattributed.idle.to_int64(), 200'000'000);
}

TEST(RunMeter, WholeMachineChargesEverything) {
    ManualClock clock;
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{package(0, 20)}, std::vector{50.0}, clock)),
                   {.whole_machine = true},
                   clock);
    meter.begin();
    clock.advance_ns(kSecond);
    meter.finish({});
    const RunRecord record = filled(meter, "whole-machine");
    EXPECT_EQ(record.attributed.energy.value, record.energy.total.value);
    EXPECT_EQ(record.attributed.quality, Quality::measured);
}

TEST(RunMeter, AGapAtTheEndIsFilledNotedAndBelongsToNobody) {
    ManualClock clock;
    auto sensor =
        std::make_unique<ScriptedSensor>(std::vector{package(0, 0)}, std::vector{50.0}, clock);
    ScriptedSensor& fake = *sensor;
    RunMeter meter(one_sensor(std::move(sensor)), {.whole_machine = false, .idle_ppm = -1}, clock);
    meter.begin();
    clock.advance_ns(2 * kSecond);
    meter.sample(ReadReason::periodic);
    fake.failing = true;
    clock.advance_ns(kSecond);
    meter.finish({.job_cpu_ns = kSecond, .busy_cpu_ns = kSecond, .job_pids = {}});
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.energy.total.value.to_int64(), 150'000'000);
    EXPECT_EQ(record.unattributed.unknown.to_int64(), 50'000'000);
    EXPECT_EQ(record.energy.devices[0].quality, Quality::estimated);
    EXPECT_DOUBLE_EQ(record.energy.devices[0].gap_s, 1);
    ASSERT_EQ(record.notes.size(), 1U);
    EXPECT_EQ(
        record.notes[0],
        "package-0 (powercap): no reading for 1.000 s, filled with its mean power and bounded");
}

// 100 W for 5 s, 40 W idle, a quarter reserved. The reads of the first four windows fail; in them the
// job had 1 of 4 s of CPU time, in the fifth, whose reading closes the gap, all of 1 s: 2 of 5 s in all. Idle
// 200 J, a quarter the job's; active 300 J, 2 / 5 the job's. By the fifth window alone it would be 40 and 460 J.
TEST(RunMeter, WhatClosesAGapIsSharedOutByAllOfTheGap) {
    ManualClock clock;
    auto sensor =
        std::make_unique<ScriptedSensor>(std::vector{package(0, 40)}, std::vector{100.0}, clock);
    ScriptedSensor& fake = *sensor;
    RunMeter meter(
        one_sensor(std::move(sensor)), {.whole_machine = false, .idle_ppm = 250'000}, clock);
    meter.begin();
    fake.failing = true;
    for (int i = 1; i <= 4; ++i) {
        clock.advance_ns(kSecond);
        meter.sample(ReadReason::periodic);
        meter.close_window(
            {.job_cpu_ns = i * kSecond / 4, .busy_cpu_ns = i * kSecond, .job_pids = {}});
        EXPECT_EQ(meter.window_power_w(0), 0);
    }
    fake.failing = false;
    clock.advance_ns(kSecond);
    meter.finish({.job_cpu_ns = 2 * kSecond, .busy_cpu_ns = 5 * kSecond, .job_pids = {}});
    EXPECT_DOUBLE_EQ(meter.window_power_w(0), 100);
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.energy.total.value.to_int64(), 500'000'000);
    EXPECT_EQ(record.attributed.active.to_int64(), 120'000'000);
    EXPECT_EQ(record.attributed.idle.to_int64(), 50'000'000);
    EXPECT_EQ(record.unattributed.others.to_int64(), 180'000'000);
    EXPECT_EQ(record.unattributed.idle.to_int64(), 150'000'000);
}

TEST(RunMeter, SaysWhenTwoViewsOfADeviceDisagree) {
    ManualClock clock;
    ChannelInfo second = package(0, 0);
    second.source = "powercap-mmio";
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{package(0, 0), second}, std::vector{50.0, 60.0}, clock)),
                   {},
                   clock);
    meter.begin();
    clock.advance_ns(kSecond);
    meter.finish({});
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.energy.total.value.to_int64(), 50'000'000);
    ASSERT_EQ(record.checks.size(), 1U);
    EXPECT_DOUBLE_EQ(record.checks[0].ratio, 1.2);
    EXPECT_FALSE(record.checks[0].agree);
}

// 20 W of the board for a second, 8 W of them the memory's.
TEST(RunMeter, MemoryInsideACountedPlatformIsShownAndNotAdded) {
    ManualClock clock;
    ChannelInfo platform = package(0, 0);
    platform.device = "psys";
    ChannelInfo dram = package(0, 0);
    dram.device = "dram-0";
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{platform, dram}, std::vector{20.0, 8.0}, clock)),
                   {},
                   clock);
    meter.begin();
    clock.advance_ns(kSecond);
    meter.finish({});
    const RunRecord record = filled(meter);
    EXPECT_EQ(record.energy.total.value.to_int64(), 20'000'000);
    EXPECT_EQ(record.energy.devices[1].energy.value.to_int64(), 8'000'000);
    EXPECT_EQ(record.energy.devices[1].part_of, "psys");
    EXPECT_TRUE(record.checks.empty());
}

TEST(RunMeter, AClockSetBackDoesNotShortenTheRun) {
    ManualClock clock({.mono_ns = 5, .boot_ns = 5, .wall = {1'000'000'000}});
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{package(0, 0)}, std::vector{50.0}, clock)),
                   {},
                   clock);
    meter.begin();
    clock.advance_ns(3 * kSecond);
    clock.set_wall({0});
    meter.finish({});
    RunRecord record;
    record.started_at = {1'000'000'000};
    describe_devices(record, meter.devices());
    fill_record(record, meter.state());
    EXPECT_DOUBLE_EQ(record.duration_s, 3);
    EXPECT_EQ(record.ended_at.us, 1'003'000'000);
}

TEST(RunMeter, TimeAsleepIsNotedAndNotPartOfTheDuration) {
    ManualClock clock;
    RunMeter meter(one_sensor(std::make_unique<ScriptedSensor>(
                       std::vector{package(0, 0)}, std::vector{50.0}, clock)),
                   {},
                   clock);
    meter.begin();
    clock.advance_ns(kSecond);
    clock.suspend_ns(100 * kSecond);
    clock.advance_ns(kSecond);
    meter.finish({});
    const RunRecord record = filled(meter);
    EXPECT_DOUBLE_EQ(record.duration_s, 2);
    EXPECT_EQ(record.ended_at.us, 102'000'000);
    EXPECT_EQ(record.notes.back(),
              "the machine slept for 100 s of the run; that time is not in duration_s");
}

TEST(RunMeter, ASlowSourceIsNotReadMoreOftenThanItAsks) {
    ManualClock clock;
    ChannelInfo slow = package(0, 0);
    slow.min_interval_ns = kSecond;
    auto sensor = std::make_unique<ScriptedSensor>(std::vector{slow}, std::vector{50.0}, clock);
    ScriptedSensor& fake = *sensor;
    RunMeter meter(one_sensor(std::move(sensor)), {}, clock);
    meter.begin();
    for (int i = 0; i < 100; ++i) {
        clock.advance_ns(kSecond / 10);
        meter.sample(ReadReason::periodic);
    }
    EXPECT_LE(fake.reads, 12);
    EXPECT_GE(fake.reads, 10);
}

RC_GTEST_PROP(RunMeter, ConservesEveryMicrojouleWhateverTheWindows, ()) {
    ManualClock clock;
    RunMeter meter(
        one_sensor(std::make_unique<ScriptedSensor>(
            std::vector{package(0, 7.3), package(1, 11.9)}, std::vector{41.7, 63.1}, clock)),
        {.whole_machine = false, .idle_ppm = *rc::gen::inRange<std::int64_t>(-1, 1'000'001)},
        clock);
    meter.begin();
    CpuUse use;
    const int steps = *rc::gen::inRange(0, 30);
    for (int i = 0; i < steps; ++i) {
        clock.advance_ns(*rc::gen::inRange<std::int64_t>(1, 3 * kSecond));
        meter.sample(ReadReason::periodic);
        use.job_cpu_ns += *rc::gen::inRange<std::int64_t>(0, kSecond);
        use.busy_cpu_ns += *rc::gen::inRange<std::int64_t>(0, 4 * kSecond);
        if (*rc::gen::arbitrary<bool>()) meter.close_window(use);
    }
    clock.advance_ns(12345);
    meter.finish(use);
    // fill_record asserts conservation; the record of a run killed before the last window conserves
    // too.
    const RunRecord record = filled(meter);
    RC_ASSERT(record.attributed.energy.low <= record.attributed.energy.value);
    RC_ASSERT(record.attributed.energy.value <= record.attributed.energy.high);
    RC_ASSERT(record.attributed.energy.value <= record.energy.total.value);
}

}  // namespace
}  // namespace abate::meter
