#include "abate/meter/sensors/hwmon.h"

#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using fixtures::FakeSysfs;
using fixtures::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;

class HwmonTest : public ::testing::Test {
  protected:
    HwmonTest() : sys_(folder_.path() + "/sys") {
        environment_.sysfs_root = sys_.root();
        environment_.clock = &clock_;
    }

    void open() { opening_ = open_hwmon(environment_); }

    std::map<std::string, ChannelInfo> channels() {
        std::map<std::string, ChannelInfo> all;
        if (!opening_.sensor) return all;
        for (const ChannelInfo& info : opening_.sensor->channels()) all[info.device] = info;
        return all;
    }

    Reading read(const std::string& device, ReadReason reason = ReadReason::boundary) {
        const auto infos = opening_.sensor->channels();
        std::vector<Reading> readings(infos.size());
        opening_.sensor->read(readings, reason);
        for (std::size_t i = 0; i < infos.size(); ++i) {
            if (infos[i].device == device) return readings[i];
        }
        ADD_FAILURE() << "no channel " << device;
        return {};
    }

    TempFolder folder_;
    FakeSysfs sys_;
    ManualClock clock_;
    SensorEnvironment environment_;
    SensorOpening opening_;
};

TEST_F(HwmonTest, IsAbsentWithoutChips) {
    open();
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::absent);
}

TEST_F(HwmonTest, ChipsThatMeasureNoPowerAreNotMentioned) {
    sys_.add_hwmon("coretemp", {{"temp1_input", "45000"}});
    open();
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::absent);
}

TEST_F(HwmonTest, AnAcpiPowerMeterIsTheWholeNodeInMicrowatts) {
    sys_.add_hwmon("power_meter",
                   {{"power1_average", "312000000"},
                    {"power1_average_interval", "2000"},
                    {"power1_accuracy", "95.0%"},
                    {"power1_is_battery", "0"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    const ChannelInfo info = channels()["node"];
    EXPECT_EQ(info.kind, ChannelKind::power_gauge);
    EXPECT_EQ(info.boundary, ChannelBoundary::node);
    EXPECT_EQ(info.source, "hwmon");
    EXPECT_NEAR(info.accuracy, 0.05, 1e-12);  // 100 % - 95 %
    EXPECT_DOUBLE_EQ(info.refresh_s, 2);
    EXPECT_EQ(read("node").value, 312'000'000U);
}

TEST_F(HwmonTest, FindsTheMeterWhereOldKernelsKeepIt) {
    sys_.add_old_hwmon("power_meter", {{"power1_average", "100000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(read("node").value, 100'000'000U);
}

TEST_F(HwmonTest, IsNotReadFasterThanItRenewsExceptAtAnEdge) {
    const std::string folder = sys_.add_hwmon(
        "power_meter", {{"power1_average", "100000000"}, {"power1_average_interval", "1000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(read("node", ReadReason::periodic).status, ReadStatus::ok);
    sys_.write(folder.substr(sys_.root().size() + 1) + "/power1_average", "200000000");
    clock_.advance_ns(kSecond / 2);
    const Reading early = read("node", ReadReason::periodic);
    EXPECT_EQ(early.status, ReadStatus::no_update);
    EXPECT_EQ(early.value, 100'000'000U);
    EXPECT_EQ(early.mono_ns, 0);
    EXPECT_EQ(read("node", ReadReason::boundary).value, 200'000'000U);
}

TEST_F(HwmonTest, ANodeThatDrawsNothingIsAFailedReading) {
    const std::string folder = sys_.add_hwmon("power_meter", {{"power1_average", "100000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    sys_.write(folder.substr(sys_.root().size() + 1) + "/power1_average", "0");
    EXPECT_EQ(read("node").status, ReadStatus::failed);
}

TEST_F(HwmonTest, AMeterOfABatteryIsNotTheNode) {
    sys_.add_hwmon("power_meter", {{"power1_average", "1"}, {"power1_is_battery", "1"}});
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings[0].state, FindingState::unsupported);
}

TEST_F(HwmonTest, ASecondMeterIsReportedAndNotAdded) {
    sys_.add_hwmon("power_meter", {{"power1_average", "100000000"}});
    sys_.add_hwmon("power_meter", {{"power1_average", "50000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(read("node").value, 100'000'000U);
}

TEST_F(HwmonTest, GraceRailsAreInsideTheirSocketAndTheModuleIsLeftToTheGpuSensor) {
    // The labels of two sockets, as Alumet's grace-hopper plugin reads them.
    for (const char* socket : {"0", "1"}) {
        sys_.add_old_hwmon("power_meter",
                           {{"power1_average", "700000000"},
                            {"power1_oem_info", std::string("Module Power Socket ") + socket}});
        sys_.add_old_hwmon("power_meter",
                           {{"power1_average", "180000000"},
                            {"power1_average_interval", "50"},
                            {"power1_oem_info", std::string("Grace Power Socket ") + socket}});
        sys_.add_old_hwmon("power_meter",
                           {{"power1_average", "120000000"},
                            {"power1_oem_info", std::string("CPU Power Socket ") + socket}});
        sys_.add_old_hwmon("power_meter",
                           {{"power1_average", "30000000"},
                            {"power1_oem_info", std::string("SysIO Power Socket ") + socket}});
    }
    open();
    ASSERT_TRUE(opening_.sensor);
    auto all = channels();
    EXPECT_EQ(all.size(), 6U);
    EXPECT_EQ(all["package-1"].inside, "");
    EXPECT_EQ(all["package-1"].boundary, ChannelBoundary::component);
    EXPECT_DOUBLE_EQ(all["package-1"].refresh_s, 0.05);
    EXPECT_EQ(all["core-1"].inside, "package-1");
    EXPECT_EQ(all["sysio-0"].inside, "package-0");
    EXPECT_EQ(read("package-0").value, 180'000'000U);
}

TEST_F(HwmonTest, TheInputsOfAllSuppliesAreOneReadingOfTheNode) {
    for (const char* watts : {"210000000", "190000000"}) {
        sys_.add_hwmon("dps920ab",
                       {{"power1_label", "pout1"},
                        {"power1_input", "1"},
                        {"power2_label", "pin"},
                        {"power2_input", watts}});
    }
    open();
    ASSERT_TRUE(opening_.sensor);
    ASSERT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(channels()["node"].source, "hwmon-psu");
    EXPECT_DOUBLE_EQ(channels()["node"].plausible_w, 8000);  // two inlets of 16 A at 250 V
    EXPECT_EQ(read("node").value, 400'000'000U);
}

TEST_F(HwmonTest, ASumThatMissesOneSupplyIsNotASmallerSum) {
    sys_.add_hwmon("dps920ab", {{"power1_label", "pin"}, {"power1_input", "200000000"}});
    const std::string second =
        sys_.add_hwmon("dps920ab", {{"power1_label", "pin"}, {"power1_input", "200000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    sys_.write(second.substr(sys_.root().size() + 1) + "/power1_input", "");
    EXPECT_EQ(read("node").status, ReadStatus::failed);
}

TEST_F(HwmonTest, ASupplyWithoutInputPowerLeavesThemAllOut) {
    sys_.add_hwmon("dps920ab", {{"power1_label", "pin"}, {"power1_input", "200000000"}});
    sys_.add_hwmon("pfe3000", {{"power1_label", "pout1"}, {"power1_input", "200000000"}});
    open();
    EXPECT_FALSE(opening_.sensor);
    EXPECT_EQ(opening_.findings[0].state, FindingState::unsupported);
}

TEST_F(HwmonTest, CorsairSuppliesGiveTheirTotalFirst) {
    sys_.add_hwmon("corsairpsu",
                   {{"power1_input", "150000000"},
                    {"power1_label", "power total"},
                    {"power2_input", "120000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(read("node").value, 150'000'000U);
}

TEST_F(HwmonTest, PowernvGivesOnlyItsSystemSensor) {
    sys_.add_hwmon("ibmpowernv",
                   {{"power1_label", "Chip 0"},
                    {"power1_input", "90000000"},
                    {"power2_label", "System"},
                    {"power2_input", "650000000"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(read("node").value, 650'000'000U);
}

TEST_F(HwmonTest, AmdEnergyCountsSocketsInMicrojoules) {
    sys_.add_hwmon("amd_energy",
                   {{"energy1_label", "Ecore000"},
                    {"energy1_input", "5"},
                    {"energy2_label", "Esocket0"},
                    {"energy2_input", "123456789"},
                    {"energy3_label", "Esocket1"},
                    {"energy3_input", "23"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    auto all = channels();
    EXPECT_EQ(all.size(), 2U);
    EXPECT_EQ(all["package-1"].kind, ChannelKind::energy_counter);
    EXPECT_EQ(all["package-1"].modulus, 0U);
    EXPECT_EQ(read("package-0").value, 123'456'789U);
}

TEST_F(HwmonTest, JetsonsBoardRailIsTheNodeAndTheOthersAreInsideIt) {
    // 5,000 mV x 1,200 mA = 6 W; 4,992 mV x 400 mA = 1.9968 W.
    sys_.add_hwmon("ina3221",
                   {{"in1_label", "VDD_IN"},
                    {"in1_input", "5000"},
                    {"curr1_input", "1200"},
                    {"in2_label", "VDD_CPU_GPU_CV"},
                    {"in2_input", "4992"},
                    {"curr2_input", "400"},
                    {"in3_label", "NC"},
                    {"in3_input", "1"},
                    {"curr3_input", "1"},
                    {"in4_input", "6"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    auto all = channels();
    EXPECT_EQ(all.size(), 2U);
    EXPECT_EQ(all["node"].boundary, ChannelBoundary::node);
    EXPECT_EQ(all["vdd-cpu-gpu-cv"].inside, "node");
    EXPECT_EQ(all["vdd-cpu-gpu-cv"].boundary, ChannelBoundary::component);
    EXPECT_EQ(read("node").value, 6'000'000U);
    EXPECT_EQ(read("vdd-cpu-gpu-cv").value, 1'996'800U);
}

TEST_F(HwmonTest, WithoutABoardRailJetsonsRailsStandAloneExceptTheMemoryInsideItsSupply) {
    sys_.add_hwmon("ina3221",
                   {{"in1_label", "VDD_GPU_SOC"},
                    {"in1_input", "20000"},
                    {"curr1_input", "100"},
                    {"in2_label", "VDD_CPU_CV"},
                    {"in2_input", "20000"},
                    {"curr2_input", "50"},
                    {"in3_label", "VIN_SYS_5V0"},
                    {"in3_input", "5000"},
                    {"curr3_input", "800"}});
    sys_.add_hwmon(
        "ina3221",
        {{"in2_label", "VDDQ_VDD2_1V8AO"}, {"in2_input", "5000"}, {"curr2_input", "200"}});
    open();
    ASSERT_TRUE(opening_.sensor);
    auto all = channels();
    EXPECT_EQ(all.size(), 4U);
    EXPECT_EQ(all["vdd-gpu-soc"].inside, "");
    EXPECT_EQ(all["vddq-vdd2-1v8ao"].inside, "vin-sys-5v0");
}

TEST_F(HwmonTest, AnUnknownChipIsAFindingAndNeverANumber) {
    sys_.add_hwmon("mystery", {{"power1_input", "1000000"}});
    sys_.add_hwmon("amdgpu", {{"power1_average", "200000000"}});  // the accelerator sensor's
    open();
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::unsupported);
    EXPECT_NE(opening_.findings[0].detail.find("mystery"), std::string::npos);
}

TEST_F(HwmonTest, ADeniedFileNamesTheGrant) {
    sys_.add_hwmon("power_meter", {{"power1_average", "100000000"}});
    FileCalls calls = system_file_calls();
    calls.open = [](const char*) { return -EACCES; };
    opening_ = open_hwmon(environment_, calls);
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::denied);
    EXPECT_NE(opening_.findings[0].grant.find("power1_average"), std::string::npos);
}

}  // namespace
}  // namespace abate::meter
