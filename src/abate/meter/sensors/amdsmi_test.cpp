// The AMD sensor against scripted libraries (tests/fixtures/gpu/fake_amd.c) and fake sysfs trees.
// The fake counter adds a fixed step at each call, so differences are known exactly.
#include "abate/meter/gpu_share.h"
#include "abate/meter/sensors/gpu_limits.h"
#include "abate/meter/sensors/gpu_test_world.h"
#include "abate/meter/sensors/sensors.h"

namespace abate::meter {
namespace {

class Amd : public ::testing::Test {
  protected:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a scenario, then its variant
    void open(const std::string& scenario,
              const std::string& variant,
              const Clock* clock = nullptr) {
        folder_.write("scenario.txt", scenario);
        scenario_.emplace("FAKE_AMD_SCENARIO", folder_.path("scenario.txt"));
        std::filesystem::create_directories(folder_.path("proc/self/ns"));
        if (!std::filesystem::is_symlink(folder_.path("proc/self/ns/pid"))) {
            std::filesystem::create_symlink("pid:[4026531836]", folder_.path("proc/self/ns/pid"));
        }
        SensorEnvironment environment;
        environment.sysfs_root = folder_.path("sys");
        environment.procfs_root = folder_.path("proc");
        environment.clock = clock != nullptr ? clock : &clock_;
        environment.amdsmi_library = variant.empty()
                                         ? folder_.path("none.so")
                                         : std::string(ABATE_FAKE_GPU_DIR) + "/" + variant + ".so";
        opening_ = {};
        opening_ = open_amdsmi(
            environment, {.open = std::chrono::seconds(60), .read = std::chrono::seconds(60)});
        if (opening_.sensor) readings_.resize(opening_.sensor->channels().size());
    }

    // One card of the amdgpu driver.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a place, then the figure there
    void card(int number, const std::string& bus, const std::string& microwatts) {
        const std::string device = "sys/class/drm/card" + std::to_string(number) + "/device/";
        folder_.write(device + "vendor", "0x1002\n");
        folder_.write(device + "uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:" + bus + ":00.0\n");
        folder_.write(device + "hwmon/hwmon3/power1_average", microwatts + "\n");
        folder_.write(device + "hwmon/hwmon3/power1_cap_max", "500000000\n");
    }
    void kfd_node(int number, const std::string& gpu_id, unsigned bus) {
        const std::string node = "sys/class/kfd/kfd/topology/nodes/" + std::to_string(number) + "/";
        folder_.write(node + "gpu_id", gpu_id + "\n");
        folder_.write(
            node + "properties",
            "cpu_cores_count 0\nlocation_id " + std::to_string(bus << 8) + "\ndomain 0\n");
    }
    void kfd_process(int pid, const std::string& gpu_id, std::optional<int> units) {
        const std::string base = "sys/class/kfd/kfd/proc/" + std::to_string(pid) + "/";
        folder_.write(base + "vram_" + gpu_id, "1048576\n");
        if (units) {
            folder_.write(base + "stats_" + gpu_id + "/cu_occupancy",
                          std::to_string(*units) + "\n");
        }
        std::filesystem::create_directories(folder_.path("proc/" + std::to_string(pid)));
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    Reading read(const std::string& device, const std::string& source) {
        opening_.sensor->read(readings_, ReadReason::boundary);
        const int channel = find_channel(*opening_.sensor, device, source);
        EXPECT_GE(channel, 0) << device << " " << source;
        return channel < 0 ? Reading{} : readings_[static_cast<std::size_t>(channel)];
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    const ChannelInfo& channel(const std::string& device, const std::string& source) {
        return opening_.sensor
            ->channels()[static_cast<std::size_t>(find_channel(*opening_.sensor, device, source))];
    }
    std::vector<GpuShare> shares(std::vector<pid_t> job) {
        opening_.sensor->read(readings_, ReadReason::boundary);
        std::vector<GpuShare> out(static_cast<std::size_t>(opening_.shares->gpu_count()));
        opening_.shares->shares(job, out);
        return out;
    }

    TestFolder folder_;
    TestVariable cuda_{"CUDA_VISIBLE_DEVICES", std::nullopt};
    TestVariable hip_{"HIP_VISIBLE_DEVICES", std::nullopt};
    TestVariable rocr_{"ROCR_VISIBLE_DEVICES", std::nullopt};
    std::optional<TestVariable> scenario_;
    SharedClock clock_;
    SystemClock real_clock_;
    SensorOpening opening_;
    std::vector<Reading> readings_;
};

class AmdVersions : public Amd, public ::testing::WithParamInterface<const char*> {};

TEST_P(AmdVersions, CountInTheLibrarysOwnUnit) {
    open(
        "gpus 1\ngpu 0 name AMD Instinct MI100\ngpu 0 bus c5\ngpu 0 base 65628\n"
        "gpu 0 step 1000\ngpu 0 resolution 15.3\ngpu 0 power 290\n",
        GetParam());
    ASSERT_TRUE(opening_.sensor);
    const std::string source = std::string(GetParam()) == "fake_rocm_smi" ? "rocm-smi" : "amdsmi";
    const ChannelInfo& counter = channel("gpu-0", source);
    EXPECT_EQ(counter.name, "AMD Instinct MI100");
    // 15.3 uJ, without the error of a float; AMD's own example: 65,628 counts are 1,004,108 uJ.
    EXPECT_EQ(counter.unit_num, 15300U);
    EXPECT_EQ(counter.unit_den, 1000U);
    EXPECT_EQ(65'628 * counter.unit_num / counter.unit_den, 1'004'108U);
    EXPECT_EQ(counter.modulus, 0U);
    const Reading first = read("gpu-0", source);
    const Reading second = read("gpu-0", source);
    EXPECT_EQ(first.status, ReadStatus::ok);
    EXPECT_EQ(second.value - first.value, 1000U);
    EXPECT_EQ(second.epoch, first.epoch);
}

// The power structure moved from version 24 to 25: a wrong layout would give no power here.
TEST_P(AmdVersions, WithoutACounterTheLibrarysPowerIsLeft) {
    open("gpus 1\ngpu 0 bus c5\ngpu 0 no_energy\ngpu 0 power 290\n", GetParam());
    ASSERT_TRUE(opening_.sensor);
    const Reading power = read("gpu-0", "amdsmi-power");
    EXPECT_EQ(power.status, ReadStatus::ok);
    EXPECT_EQ(power.value, 290'000'000U);
    EXPECT_EQ(channel("gpu-0", "amdsmi-power").kind, ChannelKind::power_gauge);
}

INSTANTIATE_TEST_SUITE_P(
    Libraries,
    AmdVersions,
    ::testing::Values("fake_amd_smi_24", "fake_amd_smi_25", "fake_amd_smi_26", "fake_rocm_smi"));

TEST_F(Amd, AnUnknownVersionCountsButItsStructuresAreNotRead) {
    open(
        "gpus 2\ngpu 0 bus c5\ngpu 0 step 10\ngpu 0 resolution 15.259\n"
        "gpu 1 bus c6\ngpu 1 no_energy\ngpu 1 power 290\n",
        "fake_amd_smi_99");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(channel("gpu-0", "amdsmi").unit_num, 15259U);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-1", "amdsmi-power"), -1);
    ASSERT_NE(find_state(opening_, FindingState::unsupported), nullptr);
}

TEST_F(Amd, AFrozenCounterIsRefusedAndPowerTakesItsPlace) {
    card(0, "c5", "250000000");
    open("gpus 1\ngpu 0 bus c5\ngpu 0 base 5000\ngpu 0 step 0\ngpu 0 resolution 15.3\n",
         "fake_amd_smi_26");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-0", "amdsmi"), -1);
    EXPECT_EQ(read("gpu-0", "amdgpu-hwmon").value, 250'000'000U);
    ASSERT_NE(find_state(opening_, FindingState::broken), nullptr);
    EXPECT_NE(find_state(opening_, FindingState::broken)->detail.find("stands still"),
              std::string::npos);
}

TEST_F(Amd, ACounterThatDisagreesWithThePowerIsRefused) {
    card(0, "c5", "250000000");
    // A few microjoules in a tenth of a second of real time, beside 250 W.
    open("gpus 1\ngpu 0 bus c5\ngpu 0 step 1\ngpu 0 resolution 15.3\n",
         "fake_amd_smi_26",
         &real_clock_);
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-0", "amdsmi"), -1);
    ASSERT_NE(find_state(opening_, FindingState::broken), nullptr);
    EXPECT_NE(find_state(opening_, FindingState::broken)->detail.find("250 W"), std::string::npos);
}

TEST_F(Amd, TheSecondHalfOfABoardThatReadsZeroIsLeftToTheFirst) {
    card(0, "c5", "400000000");
    card(1, "c6", "0");
    open(
        "gpus 2\ngpu 0 bus c5\ngpu 0 step 500\ngpu 0 resolution 15.3\n"
        "gpu 1 bus c6\ngpu 1 step 0\ngpu 1 resolution 15.3\n",
        "fake_amd_smi_25");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_NE(find_channel(*opening_.sensor, "gpu-0", "amdsmi"), -1);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-1", "amdsmi"), -1);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-1", "amdgpu-hwmon"), -1);
    EXPECT_EQ(opening_.shares->gpu_count(), 2);
    EXPECT_NE(find_state(opening_, FindingState::unsupported), nullptr);
}

TEST_F(Amd, WithoutALibrarySysfsPowerIsRead) {
    card(0, "c5", "123000000");
    folder_.write("sys/class/drm/card0-DP-1/status", "connected\n");
    folder_.write("sys/class/drm/card1/device/vendor", "0x10de\n");
    open("", "");
    ASSERT_TRUE(opening_.sensor);
    ASSERT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(read("gpu-0", "amdgpu-hwmon").value, 123'000'000U);
    EXPECT_DOUBLE_EQ(channel("gpu-0", "amdgpu-hwmon").plausible_w, 1000);  // twice the cap
    std::filesystem::remove_all(folder_.path("sys/class/drm/card0"));
    EXPECT_EQ(read("gpu-0", "amdgpu-hwmon").status, ReadStatus::gone);
}

TEST_F(Amd, NumbersFollowThoseOfNvidiasGpus) {
    card(0, "c5", "123000000");
    std::filesystem::create_directories(folder_.path("proc/driver/nvidia/gpus/0000:01:00.0"));
    std::filesystem::create_directories(folder_.path("proc/driver/nvidia/gpus/0000:02:00.0"));
    open("", "");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(opening_.sensor->channels()[0].device, "gpu-2");
    EXPECT_EQ(opening_.sensor->channels()[0].gpu_index, 0);
}

TEST_F(Amd, NoPermissionNamesTheGroup) {
    open("init_status 10\n", "fake_amd_smi_26");
    EXPECT_FALSE(opening_.sensor);
    ASSERT_NE(find_state(opening_, FindingState::denied), nullptr);
    EXPECT_NE(find_state(opening_, FindingState::denied)->grant.find("render"), std::string::npos);
}

TEST_F(Amd, NoCardIsAbsent) {
    SensorEnvironment environment;
    environment.sysfs_root = folder_.path("sys");
    environment.procfs_root = folder_.path("proc");
    environment.clock = &clock_;
    const SensorOpening opening = open_amdsmi(environment);
    EXPECT_FALSE(opening.sensor);
    ASSERT_EQ(opening.findings.size(), 1U);
    EXPECT_EQ(opening.findings[0].state, FindingState::absent);
}

TEST_F(Amd, ComputeUnitsInUseShareABoardOut) {
    card(0, "c5", "123000000");
    kfd_node(0, "0", 0);  // a CPU
    kfd_node(1, "51545", 0xc5);
    kfd_process(700, "51545", 30);
    kfd_process(800, "51545", 10);
    kfd_process(900, "999", 50);  // on another GPU
    open("", "");
    const GpuShare share = shares({700})[0];
    EXPECT_TRUE(share.known);
    EXPECT_DOUBLE_EQ(share.job, 0.75);
    EXPECT_DOUBLE_EQ(share.others, 0.25);
}

TEST_F(Amd, WithoutOccupancyOnlyAnUnmixedBoardIsTold) {
    card(0, "c5", "123000000");
    card(1, "c6", "123000000");
    kfd_node(1, "11", 0xc5);
    kfd_node(2, "22", 0xc6);
    kfd_process(700, "11", std::nullopt);
    kfd_process(800, "22", std::nullopt);
    open("", "");
    EXPECT_DOUBLE_EQ(shares({700})[0].job, 1);
    EXPECT_DOUBLE_EQ(shares({700})[1].others, 1);
    kfd_process(801, "11", std::nullopt);
    EXPECT_FALSE(shares({700})[0].known);
}

TEST_F(Amd, VisibleDevicesReserve) {
    const TestVariable mine("HIP_VISIBLE_DEVICES", "1");
    card(0, "c5", "1");
    card(1, "c6", "1");
    open("", "");
    EXPECT_DOUBLE_EQ(shares({})[0].reserved, 0);
    EXPECT_DOUBLE_EQ(shares({})[1].reserved, 1);
}

}  // namespace
}  // namespace abate::meter
