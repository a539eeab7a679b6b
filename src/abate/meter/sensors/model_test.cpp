#include "abate/meter/sensors/model.h"

#include "abate/meter/run_meter.h"
#include "abate/meter/sensors/sensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Processor's members
Processor processor(std::string vendor, std::string name, int family, int model, int stepping = 0) {
    Processor cpu;
    cpu.vendor = std::move(vendor);
    cpu.model_name = std::move(name);
    cpu.family = family;
    cpu.model = model;
    cpu.stepping = stepping;
    cpu.sockets = 1;
    return cpu;
}

void expect_sound(const PowerModel& model) {
    EXPECT_TRUE(is_concave(model.points));
    for (const PowerPoint& point : model.points) {
        EXPECT_GT(point.watts.low, 0);
        EXPECT_LT(point.watts.low, point.watts.value);
        EXPECT_LT(point.watts.value, point.watts.high);
        EXPECT_EQ(point.watts.kind, RangeKind::bound);
    }
    EXPECT_DOUBLE_EQ(model.points.front().utilisation, 0);
    EXPECT_DOUBLE_EQ(model.points.back().utilisation, 1);
}

// Families and models: arch/x86/include/asm/intel-family.h of the Linux kernel; AMD's revision
// guides 55449 (17h), 56683 (19h).
TEST(Generation, FollowsFamilyModelAndStepping) {
    struct Row {
        const char* vendor;
        int family;
        int model;
        int stepping;
        const char* row;
        bool proxy;
    };
    const std::array<Row, 18> rows{{
        {"AuthenticAMD", 0x17, 0x01, 2, "EPYC 1st Gen", false},  // Naples
        {"AuthenticAMD", 0x17, 0x31, 0, "EPYC 2nd Gen", false},  // Rome
        {"AuthenticAMD", 0x19, 0x01, 1, "EPYC 3rd Gen", false},  // Milan
        {"AuthenticAMD", 0x19, 0x11, 1, "EPYC 3rd Gen", true},   // Genoa
        {"AuthenticAMD", 0x1a, 0x02, 1, "EPYC 3rd Gen", true},   // Turin
        {"AuthenticAMD", 0x15, 0x02, 0, "", false},              // Piledriver
        {"GenuineIntel", 6, 0x2d, 7, "Sandy Bridge", false},
        {"GenuineIntel", 6, 0x3e, 4, "Ivy Bridge", false},
        {"GenuineIntel", 6, 0x3f, 2, "Haswell", false},
        {"GenuineIntel", 6, 0x4f, 1, "Broadwell", false},
        {"GenuineIntel", 6, 0x55, 4, "Skylake", false},
        {"GenuineIntel", 6, 0x55, 7, "Cascade Lake", false},
        {"GenuineIntel", 6, 0x55, 11, "Cascade Lake", true},  // Cooper Lake
        {"GenuineIntel", 6, 0x9e, 10, "Coffee Lake", false},
        {"GenuineIntel", 6, 0x8f, 8, "Cascade Lake", true},  // Sapphire Rapids
        {"GenuineIntel", 6, 0x1a, 5, "", false},             // Nehalem
        {"GenuineIntel", 15, 4, 1, "", false},               // Pentium 4
        {"", 0, 0, 0, "", false},
    }};
    for (const Row& row : rows) {
        const Generation found =
            generation_of(processor(row.vendor, "", row.family, row.model, row.stepping));
        EXPECT_EQ(found.row, row.row) << row.vendor << ' ' << row.family << ' ' << row.model;
        EXPECT_EQ(found.proxy, row.proxy) << row.vendor << ' ' << row.family << ' ' << row.model;
    }
}

// Two sockets of 225 W on Teads' curve: 12, 32, 75 and 102 % of 450 W. Bounds: idle at 12 and 36.8
// %, full load at 100 and 102 % of rated power, 40 % further out.
TEST(PowerModel, OfAKnownProcessorOnBareMetalByHand) {
    Processor cpu = processor("AuthenticAMD", "AMD EPYC 7742 64-Core Processor", 0x17, 0x31);
    cpu.sockets = 2;
    cpu.cpus = 256;
    const PowerModel model = make_power_model(cpu, tables(), nullptr);
    expect_sound(model);
    ASSERT_EQ(model.points.size(), 4U);
    EXPECT_NEAR(model.points[0].watts.value, 54, 1e-9);
    EXPECT_NEAR(model.points[1].watts.value, 144, 1e-9);
    EXPECT_NEAR(model.points[2].watts.value, 337.5, 1e-9);
    EXPECT_NEAR(model.points[3].watts.value, 459, 1e-9);
    EXPECT_NEAR(model.points[0].watts.low, 0.12 * 450 * 0.6, 1e-9);
    EXPECT_NEAR(model.points[0].watts.high, 0.368 * 450 * 1.4, 1e-9);
    EXPECT_NEAR(model.points[3].watts.low, 450 * 0.6, 1e-9);
    EXPECT_NEAR(model.points[3].watts.high, 1.02 * 450 * 1.4, 1e-9);
    EXPECT_THAT(model.described, HasSubstr("AMD EPYC 7742"));
    EXPECT_EQ(model.quality, Quality::modelled);
}

// 16 of 128 threads of a 225 W socket: 28.125 W, whatever number of sockets the guest is shown.
TEST(PowerModel, OfAGuestIsItsShareOfThreads) {
    Processor cpu = processor("AuthenticAMD", "AMD EPYC 7742 64-Core Processor", 0x17, 0x31);
    cpu.guest = true;
    cpu.cpus = 16;
    cpu.sockets = 2;
    const PowerModel model = make_power_model(cpu, tables(), nullptr);
    expect_sound(model);
    EXPECT_NEAR(model.points.back().watts.value, 1.02 * 28.125, 1e-9);
    EXPECT_THAT(model.described, HasSubstr("16 of 128 threads"));
}

// "AMD EPYC" of a cloud guest, family 19h model 11h (Genoa): the table's newest AMD row, 0.4454 to
// 2.0193 W per logical CPU (Cloud Carbon Footprint), marked as a stand-in.
TEST(PowerModel, OfANamelessGuestComesFromItsGeneration) {
    Processor cpu = processor("AuthenticAMD", "AMD EPYC", 0x19, 0x11, 1);
    cpu.guest = true;
    cpu.cpus = 2;
    const PowerModel model = make_power_model(cpu, tables(), nullptr);
    expect_sound(model);
    EXPECT_NEAR(model.points.front().watts.value, 2 * 0.4454, 1e-9);
    EXPECT_NEAR(model.points.back().watts.value, 2 * 2.0193, 1e-9);
    EXPECT_NEAR(model.points.front().watts.low, 2 * 0.4454 * 0.6, 1e-9);
    EXPECT_NEAR(model.points.back().watts.high, 2 * 2.0193 * 1.4, 1e-9);
    ASSERT_FALSE(model.provenance.empty());
    EXPECT_THAT(model.provenance.back().basis, HasSubstr("older generation as a proxy"));
    // One row of the table: its limits are the value less and more the stated error.
    const auto row = [&](const std::string& figure) {
        for (const Provenance& p : model.provenance)
            if (p.figure == figure) return p;
        return Provenance{};
    };
    EXPECT_DOUBLE_EQ(row("package-0.model_error").value, 0.40);
    for (const char* figure : {"package-0.idle_w", "package-0.full_w"}) {
        EXPECT_GT(row(figure).value, 0) << figure;
        EXPECT_NEAR(row(figure).low, row(figure).value * 0.6, 1e-9) << figure;
        EXPECT_NEAR(row(figure).high, row(figure).value * 1.4, 1e-9) << figure;
    }
}

// No maker known: medians over the table's ten generations (idle 0.7128 and 0.8227, full 3.9673 and
// 4.1934 in the middle), bounds from its ends (1.693 and 8.5754 at full load).
TEST(PowerModel, OfAnUnknownProcessorSpansEveryGeneration) {
    Processor cpu = processor("", "BCM2835", 0, 0);
    cpu.cpus = 4;
    const PowerModel model = make_power_model(cpu, tables(), nullptr);
    expect_sound(model);
    EXPECT_NEAR(model.points.front().watts.value, 4 * 0.76775, 1e-9);
    EXPECT_NEAR(model.points.back().watts.value, 4 * 4.08035, 1e-9);
    EXPECT_NEAR(model.points.back().watts.low, 4 * 1.693 * 0.6, 1e-9);
    EXPECT_NEAR(model.points.back().watts.high, 4 * 8.5754 * 1.4, 1e-9);
}

PowerProfile profile_100_to_300_w(int cpus) {
    PowerProfile profile;
    profile.name = "bench machine";
    profile.cpus = cpus;
    profile.points = {{0, {.value = 100, .low = 90, .high = 110}},
                      {1, {.value = 300, .low = 280, .high = 320}}};
    profile.dram_w_per_gb = {.value = 0.25, .low = 0.25, .high = 0.25};
    return profile;
}

TEST(PowerModel, OfACalibratedProfileScalesWithTheCpus) {
    Processor cpu = processor("AuthenticAMD", "AMD EPYC", 0x19, 0x11);
    cpu.cpus = 64;
    const PowerProfile profile = profile_100_to_300_w(32);
    const PowerModel model = make_power_model(cpu, tables(), &profile);
    EXPECT_DOUBLE_EQ(model.points.front().watts.value, 200);
    EXPECT_DOUBLE_EQ(model.points.back().watts.value, 600);
    EXPECT_DOUBLE_EQ(model.points.back().watts.high, 640);
    EXPECT_DOUBLE_EQ(model.dram_w_per_gb.value, 0.25);
    EXPECT_THAT(model.described, HasSubstr("bench machine"));
}

// ---- the sensor, on a fake /proc

// Two CPUs, 100 W idle and 300 W at full load, straight in between; 4 of 16 GB in use at 0.25 W.
class ModelSensorTest : public ::testing::Test {
  protected:
    ModelSensorTest() {
        tree_.write("cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n");
        tree_.write("meminfo", "MemTotal: 15625000 kB\nMemFree: 1 kB\nMemAvailable: 11718750 kB");
        show(0);
        environment_.procfs_root = folder_.path();
        environment_.sysfs_root = folder_.path() + "/none";
        environment_.clock = &clock_;
        open(profile_100_to_300_w(2));
    }

    void open(const PowerProfile& profile) {
        profile_ = profile;
        std::vector<Provenance> provenance;
        SensorOpening opening = open_model(environment_, tables(), &profile_, provenance);
        sensor_ = std::move(opening.sensor);
    }

    // Busy ticks of 10 ms since boot, over both CPUs.
    void show(int ticks) {
        std::string text = std::to_string(1'000'000 + ticks);
        tree_.write("stat",
                    "cpu  " + text + " 0 0 5000 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\n" +
                        "cpu1 1 0 0 1 0 0 0 0 0 0\nintr 1");
    }

    std::array<Reading, 2> read(ReadReason reason = ReadReason::boundary) {
        std::array<Reading, 2> readings{};
        sensor_->read(readings, reason);
        return readings;
    }
    double package_j() { return static_cast<double>(read()[0].value) / 1e6; }

    fixtures::TempFolder folder_;
    fixtures::FakeSysfs tree_{folder_.path()};
    ManualClock clock_;
    SensorEnvironment environment_;
    PowerProfile profile_;
    std::unique_ptr<Sensor> sensor_;
};

TEST_F(ModelSensorTest, AddsPowerOfTheLoadByHand) {
    EXPECT_EQ(package_j(), 0);
    clock_.advance_ns(2 * kSecond);  // 1 s of busy time in 4 s of CPU time: 25 %, 150 W
    show(100);
    const auto readings = read();
    EXPECT_EQ(readings[0].value, 300'000'000U);
    EXPECT_EQ(readings[0].low, 2 * 137'500'000U);   // 90 + 0.25 x 190
    EXPECT_EQ(readings[0].high, 2 * 162'500'000U);  // 110 + 0.25 x 210
    EXPECT_EQ(readings[0].status, ReadStatus::ok);
    EXPECT_EQ(readings[0].mono_ns, 2 * kSecond);
}

// In use: 15,625,000 - 11,718,750 KiB = 4.0 GB at 0.25 W for 2 s; at most all of the 16.0 GB.
TEST_F(ModelSensorTest, AddsPowerOfMemoryInUse) {
    clock_.advance_ns(2 * kSecond);
    const auto readings = read();
    EXPECT_NEAR(static_cast<double>(readings[1].value), 2e6, 1);
    EXPECT_NEAR(static_cast<double>(readings[1].high), 8e6, 1);
    EXPECT_LT(readings[1].low, readings[1].value);
    EXPECT_EQ(sensor_->channels()[1].device, "dram-0");
}

// A bent curve, so that another step would give another energy: 1, 10 and 100 readings a second
// must agree, to the microjoule.
TEST_F(ModelSensorTest, EnergyDoesNotDependOnTheSamplingRate) {
    PowerProfile bent = profile_100_to_300_w(2);
    bent.points.insert(bent.points.begin() + 1,
                       {0.5, {.value = 280, .low = 250, .high = 300, .kind = RangeKind::bound}});
    const std::array<int, 5> busy_ticks{0, 200, 30, 170, 100};  // of 200 in each second
    std::array<std::uint64_t, 3> energy{};
    const std::array<int, 3> rates{1, 10, 100};
    for (std::size_t r = 0; r < rates.size(); ++r) {
        show(0);
        open(bent);
        int before = 0;
        for (const int busy : busy_ticks) {
            for (int i = 1; i <= rates[r]; ++i) {
                clock_.advance_ns(kSecond / rates[r]);
                show(before + busy * i / rates[r]);
                read(ReadReason::periodic);
            }
            before += busy;
        }
        energy[r] = read()[0].value;
    }
    EXPECT_EQ(energy[0], energy[1]);
    EXPECT_EQ(energy[0], energy[2]);
    // By hand: 0 %: 100; 100 %: 300; 15 %: 154; 85 %: 294; 50 %: 280 W, a second each.
    EXPECT_EQ(energy[0], 1'128'000'000U);
}

TEST_F(ModelSensorTest, APeriodicReadingWithinASecondIsNothingNew) {
    clock_.advance_ns(kSecond / 2);
    EXPECT_EQ(read(ReadReason::periodic)[0].status, ReadStatus::no_update);
    EXPECT_EQ(read(ReadReason::boundary)[0].status, ReadStatus::ok);
    EXPECT_EQ(read(ReadReason::boundary)[0].value, 50'000'000U);  // no time passed: nothing added
}

TEST_F(ModelSensorTest, AFailedReadingIsMadeUpByTheNext) {
    clock_.advance_ns(kSecond);
    tree_.write("stat", "");
    EXPECT_EQ(read()[0].status, ReadStatus::failed);
    clock_.advance_ns(kSecond);
    show(200);
    EXPECT_EQ(package_j(), 2 * 200);  // half of two seconds
}

// 2 s at no load, 100 W; the load of the third second cannot be read: its 100 J are filled in.
TEST_F(ModelSensorTest, AFailedReadingAtTheEndIsAGapAndFilled) {
    std::vector<SensorOpening> openings(1);
    openings[0].sensor = std::move(sensor_);
    RunMeter meter(join(std::move(openings)), {}, clock_);
    meter.begin();
    clock_.advance_ns(2 * kSecond);
    meter.sample(ReadReason::periodic);
    tree_.write("stat", "");
    clock_.advance_ns(kSecond);
    meter.finish({});
    const DeviceState& package = meter.state().devices[0];
    EXPECT_EQ(package.energy.to_int64(), 300'000'000);
    EXPECT_EQ(package.gap_ns, kSecond);
    EXPECT_TRUE(package.gap_filled);
}

// 4.0 GB at 0.25 W for 2 s, though the second's figure cannot be read.
TEST_F(ModelSensorTest, MemoryThatCannotBeReadIsStillInUse) {
    clock_.advance_ns(kSecond);
    read();
    tree_.write("meminfo", "");
    clock_.advance_ns(kSecond);
    const auto readings = read();
    EXPECT_NEAR(static_cast<double>(readings[1].value), 2e6, 1);
    EXPECT_NEAR(static_cast<double>(readings[1].high), 8e6, 1);
}

// 5 ms in which a job used 2 ms: 20 % of two CPUs, 140 W. The kernel's ticks show none of it.
TEST_F(ModelSensorTest, AJobShorterThanATickIsNotIdle) {
    package_j();
    sensor_->job_used(0);
    clock_.advance_ns(5 * kMillisecond);
    sensor_->job_used(2 * kMillisecond);
    EXPECT_DOUBLE_EQ(package_j(), 0.7);
    // A tick that shows up later is the same busy time: 10 ms in the first second, not 12.
    clock_.advance_ns(995 * kMillisecond);
    show(1);
    EXPECT_NEAR(package_j(), 100 + 200 * 0.005, 1e-6);
}

TEST_F(ModelSensorTest, WhatOthersUsedStaysWhereTheJobUsedLess) {
    package_j();
    sensor_->job_used(0);
    clock_.advance_ns(kSecond);
    show(100);
    sensor_->job_used(200 * kMillisecond);
    EXPECT_DOUBLE_EQ(package_j(), 200);
}

TEST_F(ModelSensorTest, AShortRunGetsItsActiveEnergyFromTheMeter) {
    std::vector<SensorOpening> openings(1);
    openings[0].sensor = std::move(sensor_);
    RunMeter meter(join(std::move(openings)), {.whole_machine = false, .idle_ppm = 0}, clock_);
    meter.begin();
    clock_.advance_ns(5 * kMillisecond);
    meter.finish({.job_cpu_ns = 2 * kMillisecond, .busy_cpu_ns = 0, .job_pids = {}});
    // 40 W above idle for 5 ms.
    EXPECT_EQ(meter.state().devices[0].job_active.to_int64(), 200'000);
}

TEST_F(ModelSensorTest, MemoryInUseIsIdlePower) {
    const ChannelInfo& dram = sensor_->channels()[1];
    EXPECT_NEAR(dram.idle_w.value, 4.0, 1e-6);  // all 16 GB: nothing of it is ever active
    EXPECT_DOUBLE_EQ(sensor_->channels()[0].idle_w.value, 100);
}

}  // namespace
}  // namespace abate::meter
