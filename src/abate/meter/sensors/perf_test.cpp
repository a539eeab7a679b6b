#include "abate/meter/sensors/perf.h"

#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using fixtures::FakeSysfs;
using fixtures::PerfSpec;
using fixtures::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kPkg = 2;  // config codes of arch/x86/events/rapl.c
constexpr std::uint64_t kRam = 3;

// A kernel of memory files: one descriptor an event (closed by the sensor), groups answered through
// their leader.
class FakeKernel {
  public:
    PerfCalls calls() {
        return {
            .open = [this](const PerfEvent& event) { return open(event); },
            .read = [this](
                        int fd, void* buffer, std::size_t size) { return read(fd, buffer, size); }};
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an event, then its count
    void count(int cpu, std::uint64_t config, std::uint64_t raw) { raw_[{cpu, config}] = raw; }
    void refuse(int error) { refuse_all_ = error; }
    void refuse_groups() { refuse_groups_ = true; }
    void answer(std::optional<ssize_t> got) { answer_ = got; }

    [[nodiscard]] int reads() const { return reads_; }
    [[nodiscard]] const std::vector<PerfEvent>& opened() const { return history_; }

  private:
    int open(const PerfEvent& event) {
        if (refuse_all_ != 0) return -refuse_all_;
        if (refuse_groups_ && event.group_fd >= 0) return -EINVAL;
        const int fd = ::memfd_create("perf", MFD_CLOEXEC);
        EXPECT_GE(fd, 0);
        opened_[fd] = event;
        members_[fd] = {};  // the number may have been used before
        members_[event.group_fd < 0 ? fd : event.group_fd].push_back(fd);
        history_.push_back(event);
        return fd;
    }

    ssize_t read(int fd, void* buffer, std::size_t size) {
        ++reads_;
        if (answer_) return *answer_;
        std::vector<std::uint64_t> words = {members_[fd].size()};
        for (const int member : members_[fd]) {
            words.push_back(raw_[{opened_[member].cpu, opened_[member].config}]);
        }
        const std::size_t bytes = words.size() * sizeof(std::uint64_t);
        EXPECT_EQ(::pwrite(fd, words.data(), bytes, 0), static_cast<ssize_t>(bytes));
        return ::pread(fd, buffer, size, 0);
    }

    std::map<std::pair<int, std::uint64_t>, std::uint64_t> raw_;
    std::map<int, PerfEvent> opened_;
    std::map<int, std::vector<int>> members_;
    std::vector<PerfEvent> history_;
    int refuse_all_ = 0;
    bool refuse_groups_ = false;
    std::optional<ssize_t> answer_;
    int reads_ = 0;
};

class PerfTest : public ::testing::Test {
  protected:
    PerfTest() : sys_(folder_.path() + "/sys") {
        environment_.sysfs_root = sys_.root();
        environment_.procfs_root = folder_.path() + "/proc";
        environment_.clock = &clock_;
    }

    void open_sensor() {
        opening_ = open_perf(environment_, kernel_.calls());
        ASSERT_TRUE(opening_.sensor);
    }

    std::vector<Reading> read() {
        std::vector<Reading> readings(opening_.sensor->channels().size());
        opening_.sensor->read(readings, ReadReason::boundary);
        return readings;
    }

    std::vector<std::string> devices() {
        std::vector<std::string> names;
        for (const ChannelInfo& info : opening_.sensor->channels()) names.push_back(info.device);
        return names;
    }

    TempFolder folder_;
    FakeSysfs sys_;
    ManualClock clock_;
    FakeKernel kernel_;
    SensorEnvironment environment_;
    SensorOpening opening_;
};

TEST_F(PerfTest, IsAbsentWithoutThePowerPmu) {
    opening_ = open_perf(environment_, kernel_.calls());
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::absent);
}

TEST_F(PerfTest, CountsEachPackageOnTheCpuOfTheMaskWithThePmusOwnType) {
    sys_.add_perf({.pmu_type = 31, .cpus = {{0, 0}, {28, 1}}});
    open_sensor();
    EXPECT_EQ(devices(), (std::vector<std::string>{"package-0", "package-1"}));
    ASSERT_EQ(kernel_.opened().size(), 2U);
    EXPECT_EQ(kernel_.opened()[1].pmu_type, 31U);
    EXPECT_EQ(kernel_.opened()[1].cpu, 28);
    EXPECT_EQ(kernel_.opened()[1].config, kPkg);
}

TEST_F(PerfTest, PackageIdsComeFromTheTopologyAndNotFromTheOrderOfTheMask) {
    sys_.add_perf({.cpus = {{0, 3}, {1, 0}}});
    open_sensor();
    EXPECT_EQ(devices(), (std::vector<std::string>{"package-3", "package-0"}));
}

TEST_F(PerfTest, OneReadAnswersThePackageAndItsMemoryAtOneInstant) {
    sys_.add_perf({.events = {"energy-pkg", "energy-ram"}});
    kernel_.count(0, kPkg, 111);
    kernel_.count(0, kRam, 22);
    open_sensor();
    const std::vector<Reading> readings = read();
    EXPECT_EQ(devices(), (std::vector<std::string>{"package-0", "dram-0"}));
    EXPECT_EQ(readings[0].value, 111U);
    EXPECT_EQ(readings[1].value, 22U);
    EXPECT_EQ(readings[0].status, ReadStatus::ok);
    EXPECT_EQ(kernel_.reads(), 1);
}

TEST_F(PerfTest, EventsThatMayNotBeGroupedAreReadOneByOne) {
    sys_.add_perf({.events = {"energy-pkg", "energy-ram"}});
    kernel_.refuse_groups();
    kernel_.count(0, kPkg, 111);
    kernel_.count(0, kRam, 22);
    open_sensor();
    const std::vector<Reading> readings = read();
    EXPECT_EQ(readings[0].value, 111U);
    EXPECT_EQ(readings[1].value, 22U);
    EXPECT_EQ(kernel_.reads(), 2);
}

TEST_F(PerfTest, TheUnitIsExactlyTwoToTheMinus32JoulesAndTheCounterNeverWraps) {
    sys_.add_perf({});
    open_sensor();
    const ChannelInfo& info = opening_.sensor->channels()[0];
    // raw x 10^6 / 2^32 microjoules: 2^32 units are one joule.
    EXPECT_EQ((1ULL << 32) * info.unit_num / info.unit_den, 1'000'000U);
    EXPECT_EQ((1ULL << 32) * info.unit_num % info.unit_den, 0U);
    EXPECT_EQ(info.modulus, 0U);
    EXPECT_EQ(info.source, "perf");
}

TEST_F(PerfTest, NamesDomainsAsPowercapDoes) {
    sys_.add_perf(
        {.events = {"energy-pkg", "energy-ram", "energy-cores", "energy-gpu", "energy-psys"}});
    open_sensor();
    EXPECT_EQ(devices(),
              (std::vector<std::string>{"package-0", "dram-0", "core-0", "uncore-0", "psys"}));
    EXPECT_EQ(opening_.sensor->channels()[1].inside, "");
    EXPECT_EQ(opening_.sensor->channels()[2].inside, "package-0");
    EXPECT_EQ(opening_.sensor->channels()[3].inside, "package-0");
    EXPECT_EQ(opening_.sensor->channels()[4].inside, "");
}

TEST_F(PerfTest, NamesDiesWhereAPackageHasSeveral) {
    sys_.add_perf({.cpus = {{0, 0}, {8, 0}, {16, 1}}, .dies = {{8, 1}}});
    open_sensor();
    EXPECT_EQ(devices(),
              (std::vector<std::string>{"package-0-die-0", "package-0-die-1", "package-1"}));
}

TEST_F(PerfTest, PsysIsCountedOnceForAllPackages) {
    sys_.add_perf({.cpus = {{0, 0}, {8, 1}}, .events = {"energy-psys"}});
    open_sensor();
    EXPECT_EQ(devices(), (std::vector<std::string>{"psys"}));
}

TEST_F(PerfTest, ARefusalNamesTheGrantAndWhatItBuys) {
    sys_.add_perf({.cpus = {{0, 0}, {8, 1}}, .events = {"energy-pkg", "energy-ram"}});
    for (const int error : {EACCES, EPERM}) {
        kernel_.refuse(error);
        opening_ = open_perf(environment_, kernel_.calls());
        EXPECT_FALSE(opening_.sensor);
        ASSERT_EQ(opening_.findings.size(), 1U);
        EXPECT_EQ(opening_.findings[0].state, FindingState::denied);
        EXPECT_NE(opening_.findings[0].grant.find("cap_perfmon+ep"), std::string::npos);
        EXPECT_FALSE(opening_.findings[0].gain.empty());
    }
}

TEST_F(PerfTest, AnEventThatTheProcessorLacksIsUnsupportedAndNotDenied) {
    sys_.add_perf({});
    kernel_.refuse(EINVAL);
    opening_ = open_perf(environment_, kernel_.calls());
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::unsupported);
}

TEST_F(PerfTest, RefusesAScaleOrUnitThatItCannotKeepExactly) {
    const std::vector<std::pair<std::string, std::string>> bad = {
        {"0x1p-32", "Joules"}, {"", "Joules"}, {"1e-9", "Watts"}, {"0", "Joules"}};
    for (const auto& [scale, unit] : bad) {
        PerfSpec spec;
        spec.scale = scale;
        spec.unit = unit;
        sys_.add_perf(spec);
        opening_ = open_perf(environment_, kernel_.calls());
        EXPECT_FALSE(opening_.sensor) << scale << ' ' << unit;
        ASSERT_FALSE(opening_.findings.empty());
        EXPECT_EQ(opening_.findings[0].state, FindingState::broken);
    }
}

TEST_F(PerfTest, ABrokenMaskIsAFindingAndNoSensor) {
    sys_.add_perf({});
    sys_.write("devices/power/cpumask", "0-4294967295");
    opening_ = open_perf(environment_, kernel_.calls());
    EXPECT_FALSE(opening_.sensor);
    ASSERT_EQ(opening_.findings.size(), 1U);
    EXPECT_EQ(opening_.findings[0].state, FindingState::broken);
}

TEST_F(PerfTest, AShortOrFailedReadIsFailedAndTheNextOneIsGood) {
    sys_.add_perf({});
    kernel_.count(0, kPkg, 5);
    open_sensor();
    for (const ssize_t got : {ssize_t{8}, ssize_t{-EIO}, ssize_t{-EAGAIN}}) {
        kernel_.answer(got);
        EXPECT_EQ(read()[0].status, ReadStatus::failed) << got;
    }
    kernel_.answer(std::nullopt);
    EXPECT_EQ(read()[0].status, ReadStatus::ok);
    EXPECT_EQ(read()[0].value, 5U);
    EXPECT_EQ(read()[0].epoch, 0U);
}

TEST_F(PerfTest, ACpuThatLeftIsGoneAndComesBackAsANewEpochAtMostOnceASecond) {
    sys_.add_perf({});
    open_sensor();
    kernel_.answer(0);  // end of file: the event is in error
    EXPECT_EQ(read()[0].status, ReadStatus::gone);
    kernel_.answer(std::nullopt);
    kernel_.count(0, kPkg, 1);
    clock_.advance_ns(kSecond / 2);
    EXPECT_EQ(read()[0].status, ReadStatus::gone);
    EXPECT_EQ(kernel_.opened().size(), 1U);
    clock_.advance_ns(kSecond / 2);
    const Reading back = read()[0];
    EXPECT_EQ(back.status, ReadStatus::ok);
    EXPECT_EQ(back.value, 1U);
    EXPECT_EQ(back.epoch, 1U);  // a new event starts at zero
    EXPECT_EQ(kernel_.opened().size(), 2U);
}

TEST_F(PerfTest, TheRealSystemAnswersWithoutFailing) {
    // Whatever this machine allows: a sensor that reads, or a finding that says why not.
    SystemClock clock;
    SensorEnvironment real;
    real.clock = &clock;
    const SensorOpening opening = open_perf(real);
    ASSERT_FALSE(opening.findings.empty());
    if (!opening.sensor) return;
    std::vector<Reading> readings(opening.sensor->channels().size());
    opening.sensor->read(readings, ReadReason::boundary);
    for (const Reading& reading : readings) EXPECT_EQ(reading.status, ReadStatus::ok);
}

}  // namespace
}  // namespace abate::meter
