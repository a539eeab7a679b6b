#include "abate/meter/sensors/powercap.h"

#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using fixtures::FakeSysfs;
using fixtures::LiveCounters;
using fixtures::RaplSpec;
using fixtures::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;

class PowercapTest : public ::testing::Test {
  protected:
    PowercapTest() : sys_(folder_.path() + "/sys") {
        environment_.sysfs_root = sys_.root();
        environment_.procfs_root = folder_.path() + "/proc";
        environment_.clock = &clock_;
    }

    void cpuinfo(const std::string& vendor) {
        FakeSysfs proc(environment_.procfs_root);
        proc.write("cpuinfo", "processor\t: 0\nvendor_id\t: " + vendor);
    }

    SensorOpening open() { return open_powercap(environment_); }

    // Opens and expects a sensor.
    void open_sensor() {
        opening_ = open();
        ASSERT_TRUE(opening_.sensor);
    }

    std::vector<Reading> read() {
        std::vector<Reading> readings(opening_.sensor->channels().size());
        opening_.sensor->read(readings, ReadReason::boundary);
        return readings;
    }

    // The only channel of this device and source.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    const ChannelInfo& channel(const std::string& device, const std::string& source = "powercap") {
        for (const ChannelInfo& info : opening_.sensor->channels()) {
            if (info.device == device && info.source == source) return info;
        }
        ADD_FAILURE() << "no channel " << device << " of " << source;
        static const ChannelInfo none;
        return none;
    }

    Reading reading(const std::string& device) {
        const auto channels = opening_.sensor->channels();
        const std::vector<Reading> all = read();
        for (std::size_t i = 0; i < channels.size(); ++i) {
            if (channels[i].device == device) return all[i];
        }
        ADD_FAILURE() << "no channel " << device;
        return {};
    }

    std::set<std::string> devices() {
        std::set<std::string> names;
        for (const ChannelInfo& info : opening_.sensor->channels()) names.insert(info.device);
        return names;
    }

    const Finding* find(FindingState state) {
        for (const Finding& finding : opening_.findings) {
            if (finding.state == state) return &finding;
        }
        return nullptr;
    }

    TempFolder folder_;
    FakeSysfs sys_;
    ManualClock clock_;
    SensorEnvironment environment_;
    SensorOpening opening_;
};

TEST_F(PowercapTest, IsAbsentWithoutThePowercapClass) {
    opening_ = open();
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::absent);
}

class PowercapSockets : public PowercapTest, public ::testing::WithParamInterface<int> {};

TEST_P(PowercapSockets, NamesEverySocketByItsPackageAndNotByItsZoneNumber) {
    const int sockets = GetParam();
    sys_.make_rapl({.sockets = sockets, .dram = true, .reversed = true});
    for (int i = 0; i < sockets; ++i) {
        // Zone numbers run backwards: package p is zone sockets - 1 - p.
        sys_.set_energy("intel-rapl:" + std::to_string(sockets - 1 - i),
                        1'000'000U + static_cast<unsigned>(i));
    }
    open_sensor();
    ASSERT_EQ(opening_.sensor->channels().size(), 2U * static_cast<unsigned>(sockets));
    for (int i = 0; i < sockets; ++i) {
        const std::string package = "package-" + std::to_string(i);
        EXPECT_EQ(channel(package).inside, "");
        EXPECT_EQ(reading(package).value, 1'000'000U + static_cast<unsigned>(i));
        EXPECT_EQ(channel("dram-" + std::to_string(i)).inside, "");  // beside the package
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, PowercapSockets, ::testing::Values(1, 2, 4, 8));

TEST_F(PowercapTest, NamesDiesAndPutsTheirDomainsInsideThem) {
    sys_.make_rapl({.sockets = 2, .dies = 2, .core = true, .dram = true});
    open_sensor();
    EXPECT_EQ(devices(),
              (std::set<std::string>{"package-0-die-0",
                                     "package-0-die-1",
                                     "package-1-die-0",
                                     "package-1-die-1",
                                     "core-0-die-0",
                                     "core-0-die-1",
                                     "core-1-die-0",
                                     "core-1-die-1",
                                     "dram-0-die-0",
                                     "dram-0-die-1",
                                     "dram-1-die-0",
                                     "dram-1-die-1"}));
    EXPECT_EQ(channel("core-1-die-0").inside, "package-1-die-0");
}

TEST_F(PowercapTest, CoreAndUncoreAreInsideTheirPackageAndPsysStandsAlone) {
    sys_.make_rapl({.core = true, .uncore = true, .dram = true, .psys = true});
    open_sensor();
    EXPECT_EQ(devices(),
              (std::set<std::string>{"package-0", "core-0", "uncore-0", "dram-0", "psys"}));
    EXPECT_EQ(channel("core-0").inside, "package-0");
    EXPECT_EQ(channel("uncore-0").inside, "package-0");
    EXPECT_EQ(channel("dram-0").inside, "");
    EXPECT_EQ(channel("psys").inside, "");
    EXPECT_EQ(channel("psys").boundary, ChannelBoundary::component);
}

TEST_F(PowercapTest, TheMmioTwinIsASecondViewOfTheSameDevice) {
    sys_.make_rapl({.mmio = true});
    open_sensor();
    EXPECT_EQ(opening_.sensor->channels().size(), 2U);
    EXPECT_EQ(channel("package-0", "powercap").modulus,
              channel("package-0", "powercap-mmio").modulus);
}

TEST_F(PowercapTest, AWrapAddsTheRangePlusOneCounterUnitOfThatZone) {
    // 2^32 units: 61,035 nJ -> 262,143,328,850 + 61; 15,300 nJ -> 65,712,999,613 + 15.
    sys_.make_rapl({.dram = true});
    open_sensor();
    EXPECT_EQ(channel("package-0").modulus, 262'143'328'911U);
    EXPECT_EQ(channel("dram-0").modulus, 65'712'999'628U);
    EXPECT_EQ(channel("package-0").unit_num, 1U);
    EXPECT_EQ(channel("package-0").unit_den, 1U);
}

TEST_F(PowercapTest, AmdCountersWrapAt65Kilojoules) {
    cpuinfo("AuthenticAMD");
    sys_.make_rapl({.amd = true});
    open_sensor();
    EXPECT_EQ(channel("package-0").modulus, 65'532'611'002U);  // 65,532,610,987 + 15
    // Zen's package counter is a model, not a measurement (Schoene et al. 2021).
    EXPECT_DOUBLE_EQ(channel("package-0").accuracy, 0.10);
}

TEST_F(PowercapTest, IntelPackagesAreMoreAccurateThanTheirMemory) {
    cpuinfo("GenuineIntel");
    sys_.make_rapl({.dram = true});
    open_sensor();
    EXPECT_DOUBLE_EQ(channel("package-0").accuracy, 0.05);
    EXPECT_DOUBLE_EQ(channel("dram-0").accuracy, 0.20);
    EXPECT_FALSE(channel("dram-0").accuracy_source.empty());
}

TEST_F(PowercapTest, WithoutAMaximumTheCounterIsReadAndTheFindingSaysWhatIsLost) {
    sys_.make_rapl({.missing_max_file = true});
    open_sensor();
    EXPECT_EQ(channel("package-0").modulus, 0U);
    ASSERT_NE(find(FindingState::usable), nullptr);
    EXPECT_NE(find(FindingState::usable)->detail.find("max_energy_range_uj"), std::string::npos);
}

TEST_F(PowercapTest, BelievesTwiceTheHighestPublishedLimitWithinASocketsReach) {
    // 2 x 270 W = 540 W; 2 x 15 W is lifted to 300 W; an unlimited 4095 W is cut to 1000 W.
    const std::map<std::uint64_t, double> expected = {
        {270'000'000, 540}, {15'000'000, 300}, {4'095'000'000, 1000}};
    for (const auto& [limit_uw, plausible_w] : expected) {
        sys_.make_rapl({.package_max_power_uw = limit_uw});
        open_sensor();
        EXPECT_DOUBLE_EQ(channel("package-0").plausible_w, plausible_w);
    }
}

TEST_F(PowercapTest, WithoutALimitASocketMayDrawAThousandWatts) {
    sys_.make_rapl({.psys = true});
    open_sensor();
    EXPECT_DOUBLE_EQ(channel("package-0").plausible_w, 1000);
    EXPECT_DOUBLE_EQ(channel("psys").plausible_w, 5000);
}

TEST_F(PowercapTest, ReadsAFlatTreeAsContainersMountIt) {
    // No links: zones as plain folders of the class.
    sys_.write("class/powercap/intel-rapl/enabled", "1");
    sys_.write("class/powercap/intel-rapl:0/name", "package-0");
    sys_.write("class/powercap/intel-rapl:0/energy_uj", "100");
    sys_.write("class/powercap/intel-rapl:0:1/name", "core");
    sys_.write("class/powercap/intel-rapl:0:1/energy_uj", "40");
    open_sensor();
    EXPECT_EQ(channel("core-0").inside, "package-0");
    EXPECT_EQ(reading("core-0").value, 40U);
}

TEST_F(PowercapTest, TakesAnyPowercapProviderByItsOwnNames) {
    // Arm SCMI: control type arm-scmi, names from the firmware.
    sys_.add_zone(
        {.id = "arm-scmi:0", .name = "SOC", .energy_uj = 5, .max_power_uw = std::nullopt});
    sys_.add_zone({.id = "arm-scmi:0:0",
                   .name = "BIG_CLUSTER",
                   .energy_uj = 3,
                   .max_power_uw = std::nullopt});
    open_sensor();
    EXPECT_EQ(channel("soc").inside, "");
    EXPECT_EQ(channel("big-cluster").inside, "soc");
    EXPECT_EQ(channel("soc").source, "powercap");
}

TEST_F(PowercapTest, ASecondZoneOfOneNameIsReportedAndNotCountedTwice) {
    sys_.make_rapl({.psys = true});
    sys_.add_zone({.id = "intel-rapl:9", .name = "psys", .max_power_uw = std::nullopt});
    open_sensor();
    EXPECT_EQ(opening_.sensor->channels().size(), 2U);
    ASSERT_NE(find(FindingState::broken), nullptr);
}

TEST_F(PowercapTest, DeniedZonesGiveOneFindingWithTheGrant) {
    sys_.make_rapl({.sockets = 2, .dram = true, .energy_mode = 0400});
    FileCalls calls = system_file_calls();
    calls.open = [](const char*) { return -EACCES; };
    opening_ = open_powercap(environment_, calls);
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    const Finding& finding = opening_.findings[0];
    EXPECT_EQ(finding.state, FindingState::denied);
    EXPECT_NE(finding.detail.find("4 zone"), std::string::npos) << finding.detail;
    EXPECT_NE(finding.grant.find("udev"), std::string::npos);
    EXPECT_FALSE(finding.gain.empty());
}

TEST_F(PowercapTest, TheRealMode0400IsDeniedToAnOrdinaryUser) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read a file of mode 0000";
    sys_.make_rapl({.energy_mode = 0000});  // ours, so that 0400 would let us in
    opening_ = open();
    EXPECT_FALSE(opening_.sensor);
    ASSERT_NE(find(FindingState::denied), nullptr);
}

TEST_F(PowercapTest, OneDeniedZoneDoesNotHideTheOthers) {
    sys_.make_rapl({.sockets = 2});
    FileCalls calls = system_file_calls();
    const FileCalls real = calls;
    calls.open = [real](const char* path) {
        return std::string(path).find("intel-rapl:1") != std::string::npos ? -EACCES
                                                                           : real.open(path);
    };
    opening_ = open_powercap(environment_, calls);
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(devices(), (std::set<std::string>{"package-0"}));
    EXPECT_NE(find(FindingState::denied), nullptr);
}

TEST_F(PowercapTest, AZoneThatCannotBeReadIsNotOffered) {
    sys_.make_rapl({.sockets = 2});
    sys_.set_energy_text("intel-rapl:1", "");
    open_sensor();
    EXPECT_EQ(devices(), (std::set<std::string>{"package-0"}));
    EXPECT_NE(find(FindingState::broken), nullptr);
}

TEST_F(PowercapTest, AFailedReadSaysSoAndTheCounterIsWholeAfterwards) {
    sys_.make_rapl({});
    LiveCounters live(sys_);
    live.add("intel-rapl:0", {{.duration_ns = kSecond, .power_uw = 200'000'000}}, 1'000);
    open_sensor();
    EXPECT_EQ(reading("package-0").value, 1'000U);
    live.move_to(kSecond);
    live.fail("intel-rapl:0");
    EXPECT_EQ(reading("package-0").status, ReadStatus::failed);
    live.tear("intel-rapl:0");
    EXPECT_EQ(reading("package-0").status, ReadStatus::failed);
    live.move_to(2 * kSecond);
    live.heal("intel-rapl:0");
    const Reading after = reading("package-0");
    EXPECT_EQ(after.status, ReadStatus::ok);
    EXPECT_EQ(after.value, 400'001'000U);  // 2 s x 200 W = 400 J
}

TEST_F(PowercapTest, ThroughAWrapTheRawDifferencePlusTheModulusIsWhatWasSpent) {
    sys_.make_rapl({.amd = true});
    LiveCounters live(sys_);
    // 300 W from 100 J below the top: wraps after a third of a second.
    live.add("intel-rapl:0",
             {{.duration_ns = kSecond, .power_uw = 300'000'000}},
             fixtures::kAmdRangeUj - 100'000'000);
    open_sensor();
    const std::uint64_t before = reading("package-0").value;
    live.move_to(kSecond);
    const std::uint64_t after = reading("package-0").value;
    EXPECT_LT(after, before);
    EXPECT_EQ(after + channel("package-0").modulus - before, 300'000'000U);
    EXPECT_EQ(live.spent_uj("intel-rapl:0"), 300'000'000U);
}

TEST_F(PowercapTest, AVanishedZoneIsGoneAndComesBackWithinASecondOfReturning) {
    sys_.make_rapl({.sockets = 2});
    LiveCounters live(sys_);
    for (const char* id : {"intel-rapl:0", "intel-rapl:1"}) {
        live.add(id, {{.duration_ns = kSecond, .power_uw = 50'000'000}}, 10);
    }
    open_sensor();
    live.vanish("intel-rapl:1");
    EXPECT_EQ(reading("package-1").status, ReadStatus::gone);
    EXPECT_EQ(reading("package-0").status, ReadStatus::ok);
    live.move_to(3 * kSecond);
    live.come_back("intel-rapl:1");
    clock_.advance_ns(kSecond);
    const Reading back = reading("package-1");
    EXPECT_EQ(back.status, ReadStatus::ok);
    EXPECT_EQ(back.value, 150'000'010U);  // 3 s x 50 W: the register went on counting
}

TEST_F(PowercapTest, EachReadingCarriesTheTimeOfItsOwnRead) {
    // A clock that moves by a microsecond whenever it is asked.
    class TickingClock final : public Clock {
      public:
        [[nodiscard]] Moment now() const noexcept override {
            return {.mono_ns = ++ticks * 1000, .boot_ns = 0, .wall = {}};
        }
        mutable std::int64_t ticks = 0;
    } ticking;
    environment_.clock = &ticking;
    sys_.make_rapl({.sockets = 2});
    open_sensor();
    const std::vector<Reading> readings = read();
    EXPECT_LT(readings[0].mono_ns, readings[1].mono_ns);
}

}  // namespace
}  // namespace abate::meter
