// The NVML sensor against a scripted library (tests/fixtures/gpu/fake_nvml.c). Expected values are
// the script's own: constant powers, square waves, lists of processes.
#include "abate/meter/counter.h"
#include "abate/meter/gpu_share.h"
#include "abate/meter/sensors/gpu_limits.h"
#include "abate/meter/sensors/gpu_test_world.h"

#include <dlfcn.h>

#include <thread>

namespace abate::meter {
namespace {

template <typename Function>
Function* exported(void* so, const char* name) {
    return reinterpret_cast<Function*>(::dlsym(so, name));
}

class Nvml : public ::testing::Test {
  protected:
    // Opens the sensor on a scenario.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a scenario, then its variant
    void open(const std::string& scenario, const std::string& variant = "fake_nvml") {
        folder_.write("scenario.txt", scenario);
        scenario_.emplace("FAKE_NVML_SCENARIO", folder_.path("scenario.txt"));
        library_ = std::string(ABATE_FAKE_GPU_DIR) + "/" + variant + ".so";
        so_ = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
        ASSERT_NE(so_, nullptr) << ::dlerror();
        set_us(now_us_);
        reopen();
    }

    void reopen() {
        opening_ = {};
        opening_ = open_nvml(environment(), limits_);
        if (opening_.sensor) readings_.resize(opening_.sensor->channels().size());
    }

    SensorEnvironment environment() {
        std::filesystem::create_directories(folder_.path("proc/self/ns"));
        if (!std::filesystem::is_symlink(folder_.path("proc/self/ns/pid"))) {
            std::filesystem::create_symlink(pid_namespace_, folder_.path("proc/self/ns/pid"));
        }
        SensorEnvironment environment;
        environment.procfs_root = folder_.path("proc");
        environment.nvml_library = library_;
        environment.clock = &clock_;
        return environment;
    }

    void set_us(std::int64_t us) {
        now_us_ = us;
        clock_.set_us(us);
        exported<void(std::uint64_t)>(so_, "fake_nvml_set_us")(static_cast<std::uint64_t>(us));
    }
    void gate(int closed) { exported<void(int)>(so_, "fake_nvml_gate")(closed); }
    void init_gate(int closed) { exported<void(int)>(so_, "fake_nvml_init_gate")(closed); }
    [[nodiscard]] int usage_calls() const { return exported<int()>(so_, "fake_nvml_calls")(); }
    [[nodiscard]] std::uint64_t script_mj(unsigned gpu) const {
        return exported<std::uint64_t(unsigned, std::uint64_t)>(so_, "fake_nvml_energy_mj")(
            gpu, static_cast<std::uint64_t>(now_us_));
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    const Reading& read(const std::string& device,
                        const std::string& source,
                        ReadReason reason = ReadReason::boundary) {
        opening_.sensor->read(readings_, reason);
        const int channel = find_channel(*opening_.sensor, device, source);
        EXPECT_GE(channel, 0);
        return readings_[static_cast<std::size_t>(channel)];
    }
    // For short limits: a boundary read that was in time.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    Reading until_ok(const std::string& device, const std::string& source) {
        for (int attempt = 0; attempt < 100; ++attempt) {
            const Reading& reading = read(device, source);
            if (reading.status == ReadStatus::ok &&
                reading.mono_ns == now_us_ * 1000 + SharedClock::kMonoAheadNs) {
                return reading;
            }
        }
        ADD_FAILURE() << "no good reading of " << device;
        return {};
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
    void live(std::initializer_list<int> pids) {
        for (const int pid : pids) {
            std::filesystem::create_directories(folder_.path("proc/" + std::to_string(pid)));
        }
    }

    void TearDown() override {
        opening_ = {};
        if (so_ != nullptr) {
            gate(0);
            init_gate(0);
            ::dlclose(so_);
        }
    }

    TestFolder folder_;
    TestVariable cuda_{"CUDA_VISIBLE_DEVICES", std::nullopt};
    TestVariable nvidia_{"NVIDIA_VISIBLE_DEVICES", std::nullopt};
    std::optional<TestVariable> scenario_;
    SharedClock clock_;
    // A loaded machine may be late by seconds; what tests lateness sets its own limit.
    GpuLimits limits_{.open = std::chrono::seconds(60), .read = std::chrono::seconds(60)};
    std::string library_;
    std::string pid_namespace_ = "pid:[4026531836]";
    void* so_ = nullptr;
    std::int64_t now_us_ = 10'000'000;
    SensorOpening opening_;
    std::vector<Reading> readings_;
};

TEST_F(Nvml, EachGpuHasACounterAndAPowerView) {
    open(
        "gpus 2\n"
        "gpu 0 name NVIDIA A100-SXM4-80GB\n"
        "gpu 0 limit_mw 400000\n"
        "gpu 1 name NVIDIA RTX A3000\n"
        "gpu 1 limit_mw 70000\n");
    ASSERT_TRUE(opening_.sensor);
    ASSERT_EQ(opening_.sensor->channels().size(), 4U);
    const ChannelInfo& counter = channel("gpu-0", "nvml");
    EXPECT_EQ(counter.kind, ChannelKind::energy_counter);
    EXPECT_EQ(counter.unit_num, 1000U);  // mJ
    EXPECT_EQ(counter.unit_den, 1U);
    EXPECT_EQ(counter.modulus, 0U);
    EXPECT_EQ(counter.name, "NVIDIA A100-SXM4-80GB");
    EXPECT_EQ(counter.share, ShareBasis::gpu_usage);
    EXPECT_EQ(counter.gpu_index, 0);
    EXPECT_DOUBLE_EQ(counter.plausible_w, 800);  // twice the limit
    EXPECT_DOUBLE_EQ(counter.accuracy, 0.07);    // sampled part of the time
    EXPECT_DOUBLE_EQ(channel("gpu-1", "nvml").accuracy, 0.05);
    EXPECT_DOUBLE_EQ(channel("gpu-1", "nvml").plausible_w, 140);
    EXPECT_NE(find_channel(*opening_.sensor, "gpu-1", "nvml-power"), -1);
    EXPECT_NE(find_state(opening_, FindingState::usable), nullptr);
    EXPECT_EQ(opening_.shares->gpu_count(), 2);
}

TEST_F(Nvml, CountersAreTheScriptsMillijoules) {
    open(
        "gpus 2\n"
        "gpu 0 base_mj 123456\n"
        "gpu 0 power 60000 340000 730000\n"
        "gpu 1 power 90000 90000 1000000\n");
    for (const std::int64_t us : {10'000'000, 10'350'000, 12'000'000, 47'123'456}) {
        set_us(us);
        const Reading& first = read("gpu-0", "nvml");
        EXPECT_EQ(first.status, ReadStatus::ok);
        EXPECT_EQ(first.value, script_mj(0));
        EXPECT_EQ(first.mono_ns, us * 1000 + SharedClock::kMonoAheadNs);
        EXPECT_EQ(read("gpu-1", "nvml").value, script_mj(1));
    }
    // By hand: 90 W x 47.1 s (the last step of 100 ms before 47.123456 s).
    EXPECT_EQ(read("gpu-1", "nvml").value, 4'239'000U);
}

// A sample every `sample_us`; the counter steps with it, so both see the same window. Half a period
// is a whole number of samples: otherwise samples of a square wave are biased, on any board.
struct Wave {
    std::int64_t period_us;
    std::int64_t sample_us;
};

class NvmlWaves : public Nvml, public ::testing::WithParamInterface<Wave> {};

TEST_P(NvmlWaves, IntegratedPowerIsWithinOneSampleOfTheCounter) {
    const auto [period_us, sample_us] = GetParam();
    open("gpus 1\ngpu 0 power 50000 350000 " + std::to_string(period_us) + "\ngpu 0 refresh_us " +
         std::to_string(sample_us) + "\ngpu 0 sample_us " + std::to_string(sample_us) + " 120\n");
    const std::uint64_t counter_start = read("gpu-0", "nvml").value;
    const std::uint64_t power_start = read("gpu-0", "nvml-power").value;
    for (int step = 1; step <= 100; ++step) {  // 10 s
        set_us(10'000'000 + step * 100'000);
        opening_.sensor->read(readings_, ReadReason::boundary);
    }
    const auto counter_uj =
        static_cast<double>((read("gpu-0", "nvml").value - counter_start) * 1000);
    const auto power_uj = static_cast<double>(read("gpu-0", "nvml-power").value - power_start);
    // 200 W mean x 10 s.
    EXPECT_NEAR(counter_uj, 2e9, 1000);
    // One sample of the swing of 300 W, and the counter's last millijoule.
    EXPECT_NEAR(power_uj, counter_uj, 300.0 * static_cast<double>(sample_us) + 1000);
}

INSTANTIATE_TEST_SUITE_P(Periods,
                         NvmlWaves,
                         ::testing::Values(Wave{10'000, 1000},
                                           Wave{100'000, 10'000},
                                           Wave{500'000, 25'000}));

TEST_F(Nvml, WithoutAnEnergyCounterOnlyPowerIsLeft) {
    open("gpus 1\ngpu 0 no_energy\ngpu 0 power 120000 120000 1000\n");
    ASSERT_TRUE(opening_.sensor);
    ASSERT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(channel("gpu-0", "nvml-power").kind, ChannelKind::energy_counter);
    const std::uint64_t start = read("gpu-0", "nvml-power").value;
    set_us(11'000'000);
    EXPECT_EQ(read("gpu-0", "nvml-power").value - start, 120'000'000U);  // 120 W x 1 s
}

TEST_F(Nvml, WithoutBufferedSamplesPowerIsAGauge) {
    open("gpus 1\ngpu 0 no_energy\ngpu 0 sample_us 0 0\ngpu 0 power 120000 120000 1000\n");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(channel("gpu-0", "nvml-power").kind, ChannelKind::power_gauge);
    EXPECT_EQ(read("gpu-0", "nvml-power").value, 120'000'000U);  // microwatts
    EXPECT_EQ(read("gpu-0", "nvml-power").status, ReadStatus::ok);
}

TEST_F(Nvml, AGpuThatTellsNothingIsUnsupported) {
    open("gpus 1\ngpu 0 no_energy\ngpu 0 no_power\ngpu 0 sample_us 0 0\n");
    EXPECT_FALSE(opening_.sensor);
    ASSERT_NE(find_state(opening_, FindingState::unsupported), nullptr);
    EXPECT_EQ(find_state(opening_, FindingState::unsupported)->subject, "gpu-0");
}

TEST_F(Nvml, AHiddenGpuKeepsTheNumbersOfTheOthers) {
    open("gpus 2\ngpu 0 hidden\ngpu 1 power 80000 80000 1000\n");
    ASSERT_TRUE(opening_.sensor);
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-0", "nvml"), -1);
    EXPECT_EQ(channel("gpu-1", "nvml").gpu_index, 1);
    EXPECT_EQ(read("gpu-1", "nvml").value, script_mj(1));
    EXPECT_EQ(opening_.shares->gpu_count(), 2);
    ASSERT_NE(find_state(opening_, FindingState::denied), nullptr);
}

TEST_F(Nvml, ALostGpuIsGoneAndStartsAgainWhenItIsBack) {
    open("gpus 1\ngpu 0 lost_us 12000000 13000000\n");
    const std::uint64_t epoch = read("gpu-0", "nvml").epoch;
    set_us(12'500'000);
    EXPECT_EQ(read("gpu-0", "nvml").status, ReadStatus::gone);
    set_us(14'000'000);  // back, but it is asked again only after 10 s
    opening_.sensor->read(readings_, ReadReason::boundary);
    set_us(23'000'000);
    const Reading& back = read("gpu-0", "nvml");
    EXPECT_EQ(back.status, ReadStatus::ok);
    EXPECT_NE(back.epoch, epoch);
    EXPECT_EQ(back.value, 1'000'000U);  // 100 W x 10 s since 13 s
}

TEST_F(Nvml, AResetChangesTheEpoch) {
    open("gpus 1\ngpu 0 reset_us 11000000\n");
    const std::uint64_t epoch = read("gpu-0", "nvml").epoch;
    set_us(11'500'000);
    const Reading& after = read("gpu-0", "nvml");
    EXPECT_EQ(after.status, ReadStatus::ok);
    EXPECT_EQ(after.epoch, epoch + 1);
    EXPECT_EQ(after.value, 50'000U);  // 100 W x 0.5 s
}

TEST_F(Nvml, ADriverReloadIsAGapAndANewEpoch) {
    open("gpus 1\nreload_at_us 11000000\n");
    const std::uint64_t epoch = read("gpu-0", "nvml").epoch;
    set_us(11'500'000);
    EXPECT_EQ(read("gpu-0", "nvml").status, ReadStatus::failed);
    set_us(12'000'000);
    const Reading& after = read("gpu-0", "nvml");
    EXPECT_EQ(after.status, ReadStatus::ok);
    EXPECT_NE(after.epoch, epoch);
    EXPECT_EQ(after.value, 100'000U);  // 100 W x 1 s
}

TEST_F(Nvml, AClockThatIsSetBackRestartsTheHistoryInsteadOfInventingEnergy) {
    open("gpus 1\n");
    const Reading before = read("gpu-0", "nvml-power");
    clock_.shift_wall_us(-3'600'000'000);
    set_us(10'500'000);
    const Reading& after = read("gpu-0", "nvml-power");
    EXPECT_NE(after.epoch, before.epoch);
    EXPECT_LE(after.value, 300'000'000U);  // what the buffer of 2.4 s holds at 100 W, at most
}

// Old and odd drivers: the sensor works with what is there.
TEST_F(Nvml, WorksWithoutTheNewestProcessList) {
    open("gpus 1\ngpu 0 no_utilisation\ngpu 0 process 700 10\n", "fake_nvml_no_v3");
    live({700});
    const std::vector<GpuShare> share = shares({700});
    EXPECT_TRUE(share[0].known);
    EXPECT_DOUBLE_EQ(share[0].job, 1);
}

TEST_F(Nvml, AMissingEnergyCallIsReplacedByTheFieldValue) {
    open("gpus 1\ngpu 0 base_mj 77\n", "fake_nvml_no_energy");
    EXPECT_EQ(read("gpu-0", "nvml").value, script_mj(0));
}

TEST_F(Nvml, WithoutCounterAndFieldValuesPowerIsLeft) {
    open("gpus 1\n", "fake_nvml_no_field_values");
    EXPECT_EQ(find_channel(*opening_.sensor, "gpu-0", "nvml"), -1);
    EXPECT_NE(find_channel(*opening_.sensor, "gpu-0", "nvml-power"), -1);
}

TEST_F(Nvml, SaysWhyItIsNotThere) {
    open("gpus 0\n");
    EXPECT_FALSE(opening_.sensor);
    EXPECT_NE(find_state(opening_, FindingState::absent), nullptr);

    folder_.write("scenario.txt", "init_error 9\n");
    reopen();
    ASSERT_NE(find_state(opening_, FindingState::absent), nullptr);
    EXPECT_NE(opening_.findings[0].detail.find("Driver Not Loaded"), std::string::npos);

    folder_.write("scenario.txt", "init_error 4\n");
    reopen();
    ASSERT_NE(find_state(opening_, FindingState::denied), nullptr);
    EXPECT_FALSE(opening_.findings[0].grant.empty());

    library_ = folder_.path("nothing.so");  // named, and not there
    reopen();
    ASSERT_NE(find_state(opening_, FindingState::broken), nullptr);
    EXPECT_EQ(opening_.findings[0].subject, library_);

    library_ = "libm.so.6";  // a library, but not this one
    reopen();
    ASSERT_NE(find_state(opening_, FindingState::broken), nullptr);
}

TEST_F(Nvml, APeriodicReadNeverWaitsForABlockedDriver) {
    limits_.read = std::chrono::milliseconds(500);
    open("gpus 1\ngpu 0 power 100000 100000 1000\n");
    const Reading first = until_ok("gpu-0", "nvml");
    gate(1);
    set_us(11'000'000);
    // These return while the driver is held: the gate opens only further down.
    EXPECT_EQ(read("gpu-0", "nvml", ReadReason::periodic).status, ReadStatus::no_update);
    set_us(11'200'000);
    const Reading waiting = read("gpu-0", "nvml", ReadReason::periodic);
    EXPECT_EQ(waiting.status, ReadStatus::no_update);
    EXPECT_EQ(waiting.value, first.value);
    EXPECT_EQ(waiting.mono_ns, first.mono_ns);
    // The request is older than 500 ms: a gap.
    set_us(11'600'000);
    EXPECT_EQ(read("gpu-0", "nvml", ReadReason::periodic).status, ReadStatus::failed);
    // A boundary waits, but not for ever.
    const Reading late = read("gpu-0", "nvml");
    EXPECT_EQ(late.status, ReadStatus::failed);
    EXPECT_EQ(late.mono_ns, 11'600'000'000 + SharedClock::kMonoAheadNs);
    gate(0);
    // The next good value closes the gap: nothing was lost.
    set_us(12'000'000);
    const Reading good = until_ok("gpu-0", "nvml");
    EXPECT_EQ(good.value - first.value, 200'000U);  // 100 W x 2 s
}

TEST_F(Nvml, IsReadNoFasterThanItsCounterStepsAndPolledForUsageEvery3s) {
    open("gpus 1\ngpu 0 process 700 50\n");
    EXPECT_EQ(read("gpu-0", "nvml").status, ReadStatus::ok);
    set_us(10'050'000);
    EXPECT_EQ(read("gpu-0", "nvml", ReadReason::periodic).status, ReadStatus::no_update);
    const int polls = usage_calls();
    for (int step = 1; step <= 59; ++step) {  // 5.9 s
        set_us(10'050'000 + step * 100'000);
        opening_.sensor->read(readings_, ReadReason::periodic);
        // Let the helper finish: a sweep that is under way is not asked for again.
        while (read("gpu-0", "nvml", ReadReason::periodic).mono_ns !=
               now_us_ * 1000 + SharedClock::kMonoAheadNs) {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(usage_calls() - polls, 1);
    set_us(16'000'000);
    opening_.sensor->read(readings_, ReadReason::boundary);
    EXPECT_EQ(usage_calls() - polls, 2);
}

TEST_F(Nvml, ADriverThatStartsSlowlyIsReplacedByAGapAndItsPower) {
    folder_.write("proc/driver/nvidia/gpus/0000:07:00.0/information",
                  "Model: \t\t NVIDIA H100 PCIe\nGPU UUID: \t GPU-late\n");
    folder_.write("scenario.txt", "gpus 1\ngpu 0 power 120000 120000 1000\n");
    scenario_.emplace("FAKE_NVML_SCENARIO", folder_.path("scenario.txt"));
    library_ = std::string(ABATE_FAKE_GPU_DIR) + "/fake_nvml.so";
    so_ = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(so_, nullptr);
    init_gate(1);
    limits_.open = std::chrono::milliseconds(50);
    reopen();
    ASSERT_TRUE(opening_.sensor);
    EXPECT_NE(find_state(opening_, FindingState::broken), nullptr);
    ASSERT_EQ(opening_.sensor->channels().size(), 1U);
    EXPECT_EQ(channel("gpu-0", "nvml-power").kind, ChannelKind::power_gauge);
    EXPECT_EQ(channel("gpu-0", "nvml-power").name, "NVIDIA H100 PCIe");
    EXPECT_EQ(read("gpu-0", "nvml-power", ReadReason::periodic).status, ReadStatus::failed);
    init_gate(0);
    set_us(20'000'000);
    const Reading& good = read("gpu-0", "nvml-power");
    EXPECT_EQ(good.status, ReadStatus::ok);
    EXPECT_EQ(good.value, 120'000'000U);
}

TEST_F(Nvml, TwoProcessesSumToTheBoard) {
    open("gpus 1\ngpu 0 process 700 60\ngpu 0 process 800 20\n");
    live({700, 800});
    const GpuShare first = shares({700})[0];
    EXPECT_TRUE(first.known);
    EXPECT_DOUBLE_EQ(first.job, 0.75);  // 60 of 80
    EXPECT_DOUBLE_EQ(first.others, 0.25);
    EXPECT_DOUBLE_EQ(first.reserved, 1);
    reopen();
    const GpuShare second = shares({800})[0];
    EXPECT_DOUBLE_EQ(second.job, 0.25);
    EXPECT_DOUBLE_EQ(first.job + second.job, 1);
    EXPECT_DOUBLE_EQ(shares({700, 800})[0].job, 1);
}

TEST_F(Nvml, AStrangerThatHasEndedIsChargedToNobody) {
    open("gpus 1\ngpu 0 process 700 60\ngpu 0 process 900 40\n");
    live({700});
    const GpuShare share = shares({700})[0];
    EXPECT_DOUBLE_EQ(share.job, 0.6);
    EXPECT_DOUBLE_EQ(share.others, 0);
}

TEST_F(Nvml, AProcessOfTheJobStaysItsOwnAfterItEnded) {
    open("gpus 1\ngpu 0 process 700 60\ngpu 0 process 800 40\n");
    live({800});
    EXPECT_DOUBLE_EQ(shares({700})[0].job, 0.6);
    set_us(11'000'000);
    EXPECT_DOUBLE_EQ(shares({})[0].job, 0.6);
}

TEST_F(Nvml, WithoutUtilisationAMixedBoardIsNotToldApart) {
    open(
        "gpus 3\n"
        "gpu 0 no_utilisation\ngpu 0 process 700 0\n"
        "gpu 1 no_utilisation\ngpu 1 process 700 0\ngpu 1 process 800 0\n"
        "gpu 2 no_utilisation\ngpu 2 process 800 0\n");
    live({700, 800});
    const std::vector<GpuShare> share = shares({700});
    EXPECT_TRUE(share[0].known);
    EXPECT_DOUBLE_EQ(share[0].job, 1);
    EXPECT_FALSE(share[1].known);
    EXPECT_TRUE(share[2].known);
    EXPECT_DOUBLE_EQ(share[2].job, 0);
    EXPECT_DOUBLE_EQ(share[2].others, 1);
}

TEST_F(Nvml, ADriverThatTellsNeitherIsNotKnown) {
    open("gpus 1\ngpu 0 no_utilisation\ngpu 0 no_list\ngpu 0 process 700 60\n");
    EXPECT_FALSE(shares({700})[0].known);
}

TEST_F(Nvml, InAnotherPidNamespaceProcessesAreNotToldApart) {
    pid_namespace_ = "pid:[4026532999]";
    open("gpus 1\ngpu 0 process 700 60\n");
    EXPECT_FALSE(shares({700})[0].known);
    EXPECT_DOUBLE_EQ(shares({700})[0].reserved, 1);
    ASSERT_NE(find_state(opening_, FindingState::unsupported), nullptr);
}

constexpr const char* kMigScenario =
    "gpus 2\n"
    "gpu 1 mig 2 0 3 3 80 MIG-aaaa\n"
    "gpu 1 mig 3 0 2 2 30 MIG-bbbb\n"
    "gpu 1 mig_process 2 700\n"
    "gpu 1 mig_process 3 800\n";

TEST_F(Nvml, MigInstancesAreWeighedByTheirActivity) {
    open(kMigScenario);
    live({700, 800});
    shares({700});  // activity needs two looks
    set_us(11'000'000);
    shares({700});
    set_us(12'000'000);
    const std::vector<GpuShare> share = shares({700});
    // 3 slices x 80 % = 2.4; 2 slices x 30 % = 0.6.
    EXPECT_TRUE(share[1].known);
    EXPECT_NEAR(share[1].job, 2.4 / 3.0, 1e-12);
    EXPECT_NEAR(share[1].others, 0.6 / 3.0, 1e-12);
}

TEST_F(Nvml, WithoutActivityMigInstancesAreWeighedByTheirSlices) {
    open(kMigScenario, "fake_nvml_no_gpm");
    live({700, 800});
    const std::vector<GpuShare> share = shares({700});
    EXPECT_TRUE(share[1].known);
    EXPECT_NEAR(share[1].job, 3.0 / 5, 1e-12);
    EXPECT_NEAR(share[1].others, 2.0 / 5, 1e-12);
}

TEST_F(Nvml, AMigDeviceReservesItsSlicesOfTheParent) {
    const TestVariable mine("CUDA_VISIBLE_DEVICES", "MIG-aaaa");
    open(kMigScenario);
    const std::vector<GpuShare> share = shares({});
    EXPECT_DOUBLE_EQ(share[0].reserved, 0);
    EXPECT_NEAR(share[1].reserved, 3.0 / 7, 1e-12);
}

TEST_F(Nvml, VisibleDevicesReserve) {
    const TestVariable mine("CUDA_VISIBLE_DEVICES", "1");
    open("gpus 2\n");
    const std::vector<GpuShare> share = shares({});
    EXPECT_DOUBLE_EQ(share[0].reserved, 0);
    EXPECT_DOUBLE_EQ(share[1].reserved, 1);
}

TEST_F(Nvml, EnergyThroughACounterIsTheScripts) {
    open("gpus 1\ngpu 0 power 60000 340000 200000\n");
    EnergyCounter counter(channel("gpu-0", "nvml"));
    counter.start(read("gpu-0", "nvml"));
    for (int step = 1; step <= 30; ++step) {
        set_us(10'000'000 + step * 1'000'000);
        counter.fold(read("gpu-0", "nvml"));
    }
    // 200 W x 30 s, whole periods and whole steps of the counter.
    EXPECT_EQ(counter.energy().count(), 6'000'000'000);
}

// Nobody looks for the library where no driver has left a trace; with one, its absence is the library's.
TEST(NvmlWithoutDriver, IsAbsentWithoutLookingForTheLibrary) {
    const TestFolder folder;
    std::filesystem::create_directories(folder.path("proc"));
    std::filesystem::create_directories(folder.path("dev"));
    const ManualClock clock;
    SensorEnvironment environment;
    environment.procfs_root = folder.path("proc");
    environment.dev_root = folder.path("dev");
    environment.clock = &clock;
    SensorOpening opening = open_nvml(environment, GpuLimits{});
    EXPECT_EQ(opening.sensor, nullptr);
    ASSERT_EQ(opening.findings.size(), 1U);
    EXPECT_EQ(opening.findings[0].state, FindingState::absent);
    EXPECT_EQ(opening.findings[0].detail, "no NVIDIA driver");
    std::ofstream(folder.path("dev/nvidiactl")) << "";
    opening = open_nvml(environment, GpuLimits{});
    ASSERT_FALSE(opening.findings.empty());
    EXPECT_NE(opening.findings[0].detail, "no NVIDIA driver");
}

}  // namespace
}  // namespace abate::meter
