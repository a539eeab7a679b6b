#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace abate::meter {
namespace {

// A fake <sysfs>/cray/pm_counters in a folder of its own.
class CrayTree : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "abate_cray_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
        folder_ = root_ / "cray" / "pm_counters";
        environment_.sysfs_root = root_.string();
        environment_.clock = &clock_;
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void put(const std::string& name, const std::string& text) {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / name, std::ios::trunc) << text << '\n';
    }
    // An EX node with one accelerator fitted and one empty place.
    void put_node() {
        put("energy", "6574385 J 1652189045123456 us");
        put("power", "412 W 1652189045123456 us");
        put("cpu_energy", "2000 J 1652189045123456 us");
        put("memory_energy", "300 J 1652189045123456 us");
        put("accel0_energy", "4000 J 1652189045123456 us");
        put("accel1_energy", "0 J 1652189045123456 us");
        put("freshness", "100");
        put("startup", "1652180000000000");
        put("generation", "1");
    }
    std::vector<Reading> read(Sensor& sensor) {
        std::vector<Reading> readings(sensor.channels().size());
        sensor.read(readings, ReadReason::boundary);
        return readings;
    }

    std::filesystem::path root_;
    std::filesystem::path folder_;
    ManualClock clock_;
    SensorEnvironment environment_;
};

TEST_F(CrayTree, AbsentOnAnOrdinaryMachine) {
    const SensorOpening opening = open_cray(environment_);
    EXPECT_EQ(opening.sensor, nullptr);
    ASSERT_EQ(opening.findings.size(), 1u);
    EXPECT_EQ(opening.findings[0].state, FindingState::absent);
}

TEST_F(CrayTree, NodeIsTheBoundaryAndPartsLieInside) {
    put_node();
    const SensorOpening opening = open_cray(environment_);
    ASSERT_NE(opening.sensor, nullptr);
    const auto channels = opening.sensor->channels();
    ASSERT_EQ(channels.size(), 4u);  // the empty accelerator place is left out
    EXPECT_EQ(channels[0].device, "node");
    EXPECT_EQ(channels[0].source, "cray");
    EXPECT_EQ(channels[0].boundary, ChannelBoundary::node);
    EXPECT_EQ(channels[1].device, "node-accel0");
    EXPECT_EQ(channels[2].device, "node-cpu");
    EXPECT_EQ(channels[3].device, "node-memory");
    for (std::size_t i = 1; i < channels.size(); ++i) EXPECT_EQ(channels[i].inside, "node");
    // Joules in the file, microjoules in the books.
    EXPECT_EQ(channels[0].unit_num, 1'000'000u);
    EXPECT_EQ(channels[0].unit_den, 1u);
}

TEST_F(CrayTree, ReadsJoulesWithAndWithoutTimeStamp) {
    put_node();
    put("cpu_energy", "2000 J");
    const SensorOpening opening = open_cray(environment_);
    const auto readings = read(*opening.sensor);
    EXPECT_EQ(readings[0].status, ReadStatus::ok);
    EXPECT_EQ(readings[0].value, 6574385u);
    EXPECT_EQ(readings[2].value, 2000u);
}

TEST_F(CrayTree, AStaleCountIsNoUpdateAndAStoppedControllerAFailure) {
    put_node();
    const SensorOpening opening = open_cray(environment_);
    EXPECT_EQ(read(*opening.sensor)[0].status, ReadStatus::ok);
    clock_.advance_ns(50'000'000);
    EXPECT_EQ(read(*opening.sensor)[0].status, ReadStatus::no_update);
    clock_.advance_ns(3'000'000'000);
    EXPECT_EQ(read(*opening.sensor)[0].status, ReadStatus::failed);
    put("freshness", "101");
    put("energy", "6575385 J");
    EXPECT_EQ(read(*opening.sensor)[0].status, ReadStatus::ok);
}

TEST_F(CrayTree, ARestartedControllerIsANewEpoch) {
    put_node();
    const SensorOpening opening = open_cray(environment_);
    const std::uint64_t before = read(*opening.sensor)[0].epoch;
    put("startup", "1652190000000000");
    put("freshness", "1");
    put("energy", "5 J");
    const Reading after = read(*opening.sensor)[0];
    EXPECT_EQ(after.status, ReadStatus::ok);
    EXPECT_NE(after.epoch, before);
}

TEST_F(CrayTree, ANewPowerCapIsNoRestart) {
    put_node();
    const SensorOpening opening = open_cray(environment_);
    const std::uint64_t before = read(*opening.sensor)[0].epoch;
    put("generation", "2");
    put("freshness", "101");
    EXPECT_EQ(read(*opening.sensor)[0].epoch, before);
}

TEST_F(CrayTree, GarbageIsAFailedReadNeverZero) {
    put_node();
    const SensorOpening opening = open_cray(environment_);
    for (const char* bad : {"", "J", "-5 J", "12 W", "12 Joule", "99999999999999999999999 J"}) {
        put("energy", bad);
        EXPECT_EQ(read(*opening.sensor)[0].status, ReadStatus::failed) << bad;
    }
}

TEST_F(CrayTree, WithoutAnEnergyFileThePowerIsIntegrated) {
    put("power", "412 W");
    const SensorOpening opening = open_cray(environment_);
    ASSERT_NE(opening.sensor, nullptr);
    EXPECT_EQ(opening.sensor->channels()[0].kind, ChannelKind::power_gauge);
    EXPECT_EQ(read(*opening.sensor)[0].value, 412'000'000u);  // microwatts
}

TEST_F(CrayTree, AFileWithoutJoulesIsBroken) {
    put("energy", "unavailable");
    const SensorOpening opening = open_cray(environment_);
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::broken);
    EXPECT_EQ(opening.findings[0].subject, (folder_ / "energy").string());
}

TEST_F(CrayTree, AnUnreadableFileNamesTheGrant) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
    put("energy", "12 J");
    std::filesystem::permissions(folder_ / "energy", std::filesystem::perms::none);
    const SensorOpening opening = open_cray(environment_);
    EXPECT_EQ(opening.findings[0].state, FindingState::denied);
    EXPECT_EQ(opening.findings[0].grant, "sudo chmod a+r " + (folder_ / "energy").string());
}

}  // namespace
}  // namespace abate::meter
