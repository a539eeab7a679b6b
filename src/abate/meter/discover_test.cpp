#include "abate/meter/discover.h"

#include "abate/meter/sensors/gpu_test_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

// A machine that is all fake: nothing of the real one is looked at.
class Discover : public ::testing::Test {
  protected:
    Discover() : sys_(folder_.path() + "/sys") {
        cpu("AMD EPYC 7742 64-Core Processor");
        sys_.write("../proc/stat", "cpu  1 0 0 1 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\nintr 1");
        sys_.write("../proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB");
        environment_.sysfs_root = sys_.root();
        environment_.procfs_root = folder_.path() + "/proc";
        environment_.dev_root = folder_.path() + "/dev";
        environment_.nvml_library = folder_.path() + "/no-nvml.so";
        environment_.amdsmi_library = folder_.path() + "/no-amdsmi.so";
        environment_.clock = &clock_;
    }

    void cpu(const std::string& name) {
        sys_.write("../proc/cpuinfo",
                   "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t\t: 49\n"
                   "model name\t: " +
                       name + "\nphysical id\t: 0");
    }

    const Devices& find(const DiscoverOptions& options = {}) {
        devices_ = discover(environment_, tables(), options);
        return devices_;
    }

    // "SOURCE DEVICE" of each counted channel.
    [[nodiscard]] std::vector<std::string> counted() const {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < devices_.channels.size(); ++i) {
            if (devices_.plans[i].role == ChannelRole::counted)
                names.push_back(devices_.channels[i].source + " " + devices_.channels[i].device);
        }
        std::sort(names.begin(), names.end());
        return names;
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a finding is written: source, then device
    [[nodiscard]] ChannelRole role_of(const std::string& source, const std::string& device) const {
        for (std::size_t i = 0; i < devices_.channels.size(); ++i) {
            if (devices_.channels[i].source == source && devices_.channels[i].device == device)
                return devices_.plans[i].role;
        }
        ADD_FAILURE() << "no " << source << ' ' << device;
        return ChannelRole::dropped;
    }
    [[nodiscard]] std::vector<FindingState> states_of(const std::string& source) const {
        std::vector<FindingState> states;
        for (const Finding& finding : devices_.findings) {
            if (finding.source == source) states.push_back(finding.state);
        }
        return states;
    }

    fixtures::TempFolder folder_;
    fixtures::FakeSysfs sys_;
    ManualClock clock_;
    SensorEnvironment environment_;
    Devices devices_;
};

// AMD servers have package counters and none for DRAM.
TEST_F(Discover, AnAmdServerCountsPackagesAndModelsItsMemory) {
    sys_.make_rapl({.sockets = 2, .core = true, .amd = true});
    find();
    EXPECT_THAT(counted(), ElementsAre("model dram-0", "powercap package-0", "powercap package-1"));
    EXPECT_EQ(role_of("model", "package-0"), ChannelRole::dropped);
    EXPECT_EQ(role_of("powercap", "core-0"), ChannelRole::inside);
}

TEST_F(Discover, AnIntelServerNeedsNoModel) {
    sys_.make_rapl({.sockets = 2, .dram = true});
    find();
    EXPECT_THAT(
        counted(),
        ElementsAre(
            "powercap dram-0", "powercap dram-1", "powercap package-0", "powercap package-1"));
    EXPECT_TRUE(states_of("model").empty());
}

TEST_F(Discover, AClientsPlatformDomainIsNeverAddedToItsPackage) {
    sys_.make_rapl({.sockets = 1, .core = true, .uncore = true, .psys = true});
    find();
    EXPECT_THAT(counted(), ElementsAre("powercap package-0"));
    EXPECT_EQ(role_of("powercap", "psys"), ChannelRole::inside);
}

TEST_F(Discover, TheMmioTwinIsComparedNotAdded) {
    sys_.make_rapl({.sockets = 1, .dram = true, .mmio = true});
    find();
    EXPECT_THAT(counted(), ElementsAre("powercap dram-0", "powercap package-0"));
    EXPECT_EQ(role_of("powercap-mmio", "package-0"), ChannelRole::second_view);
}

TEST_F(Discover, AMachineWithoutCountersGetsTheModelAndSaysWhatIsMissing) {
    find();
    EXPECT_THAT(counted(), ElementsAre("model dram-0", "model package-0"));
    EXPECT_THAT(states_of("powercap"), ElementsAre(FindingState::absent));
    EXPECT_THAT(states_of("nvml"), Not(Contains(FindingState::usable)));
    EXPECT_THAT(states_of("model"), ElementsAre(FindingState::usable));
    EXPECT_EQ(devices_.idle.size(), devices_.channels.size());
}

// Back to the user that the test runs as, whatever happens.
class AsNobody {
  public:
    explicit AsNobody(const std::string& folder) {
        if (::geteuid() != 0) return;
        ::chmod(folder.c_str(), 0755);
        root_ = ::seteuid(65534) == 0;
    }
    ~AsNobody() {
        if (root_ && ::seteuid(0) != 0) std::abort();
    }
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;

  private:
    bool root_ = false;
};

// Root reads everything, so the test steps down for a moment.
TEST_F(Discover, ACounterThatMayNotBeReadIsNamedWithItsGrantAndModelled) {
    sys_.make_rapl({.sockets = 1, .energy_mode = 0400});
    if (::geteuid() != 0) {
        ::chmod((sys_.zone_folder("intel-rapl:0") + "/energy_uj").c_str(), 0);
    }
    const AsNobody nobody(folder_.path());
    if (::access((environment_.procfs_root + "/stat").c_str(), R_OK) != 0 && ::geteuid() != 0)
        GTEST_SKIP() << "the temporary folder cannot be reached without root";
    find();
    ASSERT_THAT(states_of("powercap"), ElementsAre(FindingState::denied));
    const auto finding = std::find_if(devices_.findings.begin(),
                                      devices_.findings.end(),
                                      [](const Finding& f) { return f.source == "powercap"; });
    EXPECT_FALSE(finding->grant.empty());
    EXPECT_FALSE(finding->gain.empty());
    EXPECT_THAT(counted(), ElementsAre("model dram-0", "model package-0"));
}

// ---- idle power

const Provenance* row_of(const Devices& devices, const std::string& figure) {
    for (const Provenance& row : devices.provenance) {
        if (row.figure == figure) return &row;
    }
    return nullptr;
}

// 225 W rated x 21.6 % (0 to 36.8 %): Cloud Carbon Footprint's SPECpower collection.
TEST_F(Discover, IdlePowerOfACountedPackageComesFromItsRatedPower) {
    sys_.make_rapl({.sockets = 2, .dram = true});
    find();
    for (std::size_t i = 0; i < devices_.channels.size(); ++i) {
        if (devices_.channels[i].device.rfind("package-", 0) != 0) continue;
        EXPECT_EQ(devices_.idle[i].value_mw, 48'600);
        EXPECT_EQ(devices_.idle[i].low_mw, 0);
        EXPECT_EQ(devices_.idle[i].high_mw, 82'800);
    }
    for (const char* figure : {"package-0.idle_w", "package-1.idle_w"}) {
        const Provenance* row = row_of(devices_, figure);
        ASSERT_NE(row, nullptr) << figure;
        EXPECT_DOUBLE_EQ(row->value, 48.6);
        EXPECT_EQ(row->unit, "W");
        EXPECT_THAT(row->key, HasSubstr("EPYC 7742"));
        EXPECT_THAT(row->basis, HasSubstr("prior"));
        EXPECT_FALSE(row->source.empty());
    }
}

TEST_F(Discover, ACalibratedIdlePowerIsSharedByTheSockets) {
    sys_.make_rapl({.sockets = 1, .dram = true});
    PowerProfile profile;
    profile.cpus = 1;
    profile.points = {{0, {.value = 90, .low = 80, .high = 100}},
                      {1, {.value = 200, .low = 190, .high = 210}}};
    DiscoverOptions options;
    options.profile = &profile;
    find(options);
    EXPECT_EQ(devices_.idle[0].value_mw, 90'000);
    EXPECT_EQ(devices_.idle[0].low_mw, 80'000);
}

std::int64_t idle_mw(const Devices& devices, std::string_view device) {
    for (std::size_t i = 0; i < devices.channels.size(); ++i) {
        if (devices.channels[i].device == device) return devices.idle[i].value_mw;
    }
    ADD_FAILURE() << "no " << device;
    return -1;
}

// Rated power is the package's: 225 W x 21.6 % = 48.6 W over two dies are 24.3 W each, and at the
// high end 225 W x 36.8 % / 2 = 41.4 W.
TEST_F(Discover, TwoDiesOfAPackageCarryTheIdlePriorOfOnePackage) {
    sys_.make_rapl({.sockets = 2, .dies = 2, .dram = true});
    find();
    for (const char* die :
         {"package-0-die-0", "package-0-die-1", "package-1-die-0", "package-1-die-1"}) {
        EXPECT_EQ(idle_mw(devices_, die), 24'300) << die;
        const Provenance* row = row_of(devices_, std::string(die) + ".idle_w");
        ASSERT_NE(row, nullptr) << die;
        EXPECT_DOUBLE_EQ(row->value, 24.3);
        EXPECT_DOUBLE_EQ(row->high, 41.4);
        EXPECT_THAT(row->basis, HasSubstr("one of 2 dies"));
    }
}

// 90 W of the calibrated machine's one socket over two dies.
TEST_F(Discover, ACalibratedIdlePowerIsSharedByTheDies) {
    sys_.make_rapl({.sockets = 1, .dies = 2, .dram = true});
    PowerProfile profile;
    profile.cpus = 1;
    profile.points = {{0, {.value = 90, .low = 80, .high = 100}},
                      {1, {.value = 200, .low = 190, .high = 210}}};
    DiscoverOptions options;
    options.profile = &profile;
    find(options);
    EXPECT_EQ(idle_mw(devices_, "package-0-die-0"), 45'000);
    EXPECT_EQ(idle_mw(devices_, "package-0-die-1"), 45'000);
}

TEST_F(Discover, AnUnknownProcessorHasNoIdlePrior) {
    cpu("Nonesuch 9000");
    sys_.make_rapl({.sockets = 1, .dram = true});
    find();
    EXPECT_EQ(devices_.idle[0].value_mw, 0);
    EXPECT_EQ(devices_.idle[0].high_mw, 0);
}

// ---- accelerators

TEST_F(Discover, AnAcceleratorJoinsWithItsNameAndIdlePrior) {
    sys_.make_rapl({.sockets = 1, .dram = true});
    sys_.write("../scenario",
               "gpus 2\ngpu 0 name NVIDIA H100 80GB HBM3\ngpu 1 name NVIDIA H100 80GB HBM3");
    const TestVariable scenario("FAKE_NVML_SCENARIO", folder_.path() + "/scenario");
    environment_.nvml_library = std::string(ABATE_FAKE_GPU_DIR) + "/fake_nvml.so";
    find();
    EXPECT_THAT(counted(),
                ElementsAre("nvml gpu-0", "nvml gpu-1", "powercap dram-0", "powercap package-0"));
    EXPECT_THAT(gpu_names(devices_), ElementsAre("NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"));
    ASSERT_EQ(devices_.gpus.size(), 1U);
    for (std::size_t i = 0; i < devices_.channels.size(); ++i) {
        if (devices_.channels[i].device == "gpu-1" && devices_.channels[i].source == "nvml") {
            EXPECT_EQ(devices_.channels[i].gpu_index, 1);
            EXPECT_EQ(devices_.idle[i].value_mw, 81'200);  // 11.6 % of 700 W
            EXPECT_EQ(devices_.idle[i].high_mw, 222'600);  // 31.8 %
        }
    }
}

// A maker's sensor: `gpus` devices of 100 W, and who used them.
class Maker final : public Sensor, public GpuShareSource {
  public:
    // `held`: what a variable says of each device; empty: none says anything.
    Maker(const std::string& name,
          std::vector<double> job_shares,
          const Clock& clock,
          std::vector<double> held = {})
        : shares_(std::move(job_shares)), held_(std::move(held)), clock_(clock) {
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            ChannelInfo channel;
            channel.device = name + "-" + std::to_string(i);
            channel.source = name;
            channel.share = ShareBasis::gpu_usage;
            channel.gpu_index = static_cast<int>(i);
            channels_.push_back(channel);
        }
    }
    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        const std::int64_t now = clock_.now().mono_ns;
        for (Reading& reading : out)
            reading = {.status = ReadStatus::ok,
                       .value = static_cast<std::uint64_t>(now / 10),  // 100 W in microjoules
                       .low = 0,
                       .high = 0,
                       .mono_ns = now,
                       .epoch = 0};
    }
    void shares(std::span<const pid_t>, std::span<GpuShare> out) noexcept override {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = {.known = true,
                      .job = shares_[i],
                      .others = 1 - shares_[i],
                      .stated = !held_.empty(),
                      .reserved = held_.empty() ? 0 : held_[i]};
    }
    [[nodiscard]] int gpu_count() const noexcept override {
        return static_cast<int>(shares_.size());
    }

  private:
    std::vector<double> shares_;
    std::vector<double> held_;
    const Clock& clock_;
    std::vector<ChannelInfo> channels_;
};

TEST(Join, TwoMakersOfAcceleratorsKeepTheirOwnShares) {
    ManualClock clock;
    std::vector<SensorOpening> openings(2);
    auto first = std::make_unique<Maker>("nvml", std::vector{0.1, 0.2}, clock);
    auto second = std::make_unique<Maker>("amdsmi", std::vector{0.5, 0.7, 0.9}, clock);
    openings[0].shares = first.get();
    openings[1].shares = second.get();
    openings[0].sensor = std::move(first);
    openings[1].sensor = std::move(second);
    RunMeter meter(join(std::move(openings)), {.whole_machine = false, .idle_ppm = -1}, clock);
    std::vector<int> indexes;
    for (const ChannelInfo& channel : meter.devices().channels)
        indexes.push_back(channel.gpu_index);
    EXPECT_THAT(indexes, ElementsAre(0, 1, 2, 3, 4));
    meter.begin();
    clock.advance_ns(1'000'000'000);
    meter.finish({});
    std::vector<std::int64_t> joules;
    for (const DeviceState& device : meter.state().devices)
        joules.push_back(device.job_active.to_int64() / 1'000'000);
    EXPECT_THAT(joules, ElementsAre(10, 20, 50, 70, 90));
}

std::optional<double> held_of(const std::vector<double>& held, bool whole_machine) {
    ManualClock clock;
    std::vector<SensorOpening> openings(1);
    auto maker = std::make_unique<Maker>("nvml", std::vector{0.0, 0.0, 0.0}, clock, held);
    openings[0].shares = maker.get();
    openings[0].sensor = std::move(maker);
    RunMeter meter(join(std::move(openings)), {.whole_machine = whole_machine}, clock);
    meter.begin();
    return meter.gpus_held();
}

TEST(GpusHeld, IsWhatAVariableSays) {
    EXPECT_EQ(held_of({1, 0, 0.5}, false), 1.5);  // one, none, half of it by MIG
    EXPECT_EQ(held_of({0, 0, 0}, false), 0.0);
    EXPECT_EQ(held_of({}, false), std::nullopt);
    EXPECT_EQ(held_of({1, 0, 0}, true), std::nullopt);  // the whole machine was asked for
}

Finding finding(const std::string& source, FindingState state) {
    Finding made;
    made.source = source;
    made.state = state;
    return made;
}

TEST(Join, ASourceThatCouldNotBeOpenedLeavesItsFindingAndNoChannel) {
    ManualClock clock;
    std::vector<SensorOpening> openings(2);
    openings[0].sensor = std::make_unique<Maker>("nvml", std::vector{1.0}, clock);
    openings[0].findings.push_back(finding("nvml", FindingState::usable));
    openings[1].findings.push_back(finding("powercap", FindingState::denied));
    const Devices devices = join(std::move(openings));
    EXPECT_EQ(devices.sensors.size(), 1U);
    EXPECT_EQ(devices.channels.size(), 1U);
    EXPECT_EQ(devices.plans.size(), 1U);
    EXPECT_EQ(devices.idle.size(), 1U);
    EXPECT_EQ(devices.findings.size(), 2U);
}

// A source of a fixed list of channels, for planning only.
class Named final : public Sensor {
  public:
    Named(const std::string& source, const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            ChannelInfo channel;
            channel.device = name;
            channel.source = source;
            channels_.push_back(channel);
        }
    }
    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        std::fill(out.begin(), out.end(), Reading{});
    }

  private:
    std::vector<ChannelInfo> channels_;
};

// perf counts, powercap is the second opinion; a domain that only perf lists does not exist.
TEST(Join, PerfAndPowercapAreTwoViewsOfOneDevice) {
    std::vector<SensorOpening> openings(2);
    openings[0].sensor =
        std::make_unique<Named>("perf", std::vector<std::string>{"package-0", "dram-0"});
    openings[1].sensor = std::make_unique<Named>("powercap", std::vector<std::string>{"package-0"});
    const Devices devices = join(std::move(openings));
    std::vector<ChannelRole> roles;
    for (const ChannelPlan& plan : devices.plans) roles.push_back(plan.role);
    EXPECT_THAT(roles,
                ElementsAre(ChannelRole::counted, ChannelRole::dropped, ChannelRole::second_view));
    EXPECT_EQ(devices.plans[2].of, 0);
}

}  // namespace
}  // namespace abate::meter
