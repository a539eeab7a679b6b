#include "abate/meter/sensors/battery.h"

#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using fixtures::FakeSysfs;
using fixtures::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kSupplies = "devices/platform/supplies/power_supply/";

class BatteryTest : public ::testing::Test {
  protected:
    BatteryTest() : sys_(folder_.path() + "/sys") {
        environment_.sysfs_root = sys_.root();
        environment_.clock = &clock_;
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): name, status, power: as they stand in uevent
    void add_battery(const std::string& name,
                     const std::string& status,
                     const std::string& power_uw) {
        sys_.add_power_supply(name,
                              {{"type", "Battery"}, {"status", status}, {"power_now", power_uw}});
    }

    void open() { opening_ = open_battery(environment_); }

    Reading read(ReadReason reason = ReadReason::boundary) {
        std::vector<Reading> readings(1);
        opening_.sensor->read(readings, reason);
        return readings[0];
    }

    TempFolder folder_;
    FakeSysfs sys_;
    ManualClock clock_;
    SensorEnvironment environment_;
    SensorOpening opening_;
};

TEST_F(BatteryTest, IsAbsentOnAMachineWithoutOne) {
    sys_.add_power_supply("AC", {{"type", "Mains"}, {"online", "1"}});
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings.at(0).state, FindingState::absent);
}

TEST_F(BatteryTest, ADischargingBatteryIsTheNodesPower) {
    add_battery("BAT0", "Discharging", "11410000");
    open();
    ASSERT_TRUE(opening_.sensor);
    const ChannelInfo& info = opening_.sensor->channels()[0];
    EXPECT_EQ(info.device, "node");
    EXPECT_EQ(info.boundary, ChannelBoundary::node);
    EXPECT_EQ(info.kind, ChannelKind::power_gauge);
    EXPECT_EQ(read().value, 11'410'000U);
}

TEST_F(BatteryTest, CurrentTimesVoltageWhereNoPowerIsGiven) {
    // 1.5 A x 12.0 V = 18 W; the sign of a discharge differs among drivers.
    for (const char* current : {"1500000", "-1500000"}) {
        sys_.add_power_supply("BAT0",
                              {{"type", "Battery"},
                               {"status", "Discharging"},
                               {"current_now", current},
                               {"voltage_now", "12000000"}});
        open();
        ASSERT_TRUE(opening_.sensor);
        EXPECT_EQ(read().value, 18'000'000U);
    }
}

TEST_F(BatteryTest, TwoBatteriesAddAndAnUnusedOneAddsNothing) {
    add_battery("BAT0", "Discharging", "9000000");
    add_battery("BAT1", "Discharging", "2000000");
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(read().value, 11'000'000U);
    sys_.write(kSupplies + "BAT1/status", "Not charging");
    EXPECT_EQ(read().value, 9'000'000U);
}

TEST_F(BatteryTest, OnTheMainsItSaysThatItSeesNothing) {
    add_battery("BAT0", "Charging", "30000000");
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings.at(0).state, FindingState::unsupported);
    EXPECT_FALSE(opening_.findings.at(0).gain.empty());
}

TEST_F(BatteryTest, PluggingInMakesAGapAndUnpluggingEndsIt) {
    add_battery("BAT0", "Discharging", "10000000");
    open();
    ASSERT_TRUE(opening_.sensor);
    for (const char* status : {"Charging", "Full", "Not charging", "Unknown", ""}) {
        sys_.write(kSupplies + "BAT0/status", status);
        EXPECT_EQ(read().status, ReadStatus::gone) << status;
    }
    sys_.write(kSupplies + "BAT0/status", "Discharging");
    EXPECT_EQ(read().status, ReadStatus::ok);
}

TEST_F(BatteryTest, ABatteryThatHelpsAChargerDoesNotSeeTheWholeMachine) {
    sys_.add_power_supply("AC", {{"type", "Mains"}, {"online", "0"}});
    add_battery("BAT0", "Discharging", "10000000");
    open();
    ASSERT_TRUE(opening_.sensor);
    sys_.write(kSupplies + "AC/online", "1");
    EXPECT_EQ(read().status, ReadStatus::gone);
}

TEST_F(BatteryTest, TheBatteryOfAMouseIsNotTheMachines) {
    sys_.add_power_supply("hid-mouse",
                          {{"type", "Battery"},
                           {"scope", "Device"},
                           {"status", "Discharging"},
                           {"power_now", "5000"}});
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings.at(0).state, FindingState::absent);
}

TEST_F(BatteryTest, ZeroOrUnreadablePowerIsAFailedReading) {
    add_battery("BAT0", "Discharging", "10000000");
    open();
    ASSERT_TRUE(opening_.sensor);
    sys_.write(kSupplies + "BAT0/power_now", "0");
    EXPECT_EQ(read().status, ReadStatus::failed);
    sys_.write(kSupplies + "BAT0/power_now", "");
    EXPECT_EQ(read().status, ReadStatus::failed);
}

TEST_F(BatteryTest, ABatteryWithoutAnyPowerReadingIsUnsupported) {
    sys_.add_power_supply("BAT0", {{"type", "Battery"}, {"status", "Discharging"}});
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings.at(0).state, FindingState::unsupported);
}

TEST_F(BatteryTest, IsAskedAtMostOnceASecondExceptAtAnEdge) {
    add_battery("BAT0", "Discharging", "10000000");
    open();
    ASSERT_TRUE(opening_.sensor);
    ASSERT_EQ(read(ReadReason::periodic).status, ReadStatus::ok);
    sys_.write(kSupplies + "BAT0/power_now", "20000000");
    clock_.advance_ns(kSecond - 1);
    EXPECT_EQ(read(ReadReason::periodic).status, ReadStatus::no_update);
    EXPECT_EQ(read(ReadReason::periodic).value, 10'000'000U);
    clock_.advance_ns(1);
    EXPECT_EQ(read(ReadReason::periodic).value, 20'000'000U);
}

}  // namespace
}  // namespace abate::meter
