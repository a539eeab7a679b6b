#include "abate/meter/sensors/perf.h"

#include "abate/core/assert.h"
#include "abate/meter/sensors/rapl_domain.h"
#include "abate/meter/sensors/sensors.h"
#include "abate/meter/sysfs.h"

#include <fmt/format.h>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace abate::meter {
// Its own namespace: a unity build puts several sensors in one unit.
namespace perf_pmu {
namespace {

constexpr std::int64_t kReopenNs = 1'000'000'000;  // a lost group is opened again once a second
constexpr std::size_t kMostEvents = 5;             // the PMU's energy domains
constexpr const char* kGrant =
    "sudo setcap cap_perfmon+ep \"$(command -v abate)\"   # or: sudo sysctl "
    "kernel.perf_event_paranoid=0; in a container: --cap-add PERFMON";

// The PMU's events in the words of powercap. energy-gpu is the PP1 register that powercap calls
// uncore (Linux arch/x86/events/rapl.c, drivers/powercap/intel_rapl_common.c).
struct KnownEvent {
    const char* file;
    const char* domain;
};
constexpr std::array<KnownEvent, kMostEvents> kKnownEvents = {{{"energy-pkg", "package"},
                                                               {"energy-ram", "dram"},
                                                               {"energy-cores", "core"},
                                                               {"energy-gpu", "uncore"},
                                                               {"energy-psys", "psys"}}};

struct Event {
    const char* file = "";
    const char* domain = "";
    std::uint64_t config = 0;
    Fraction unit_uj;
};

struct Place {
    int cpu = 0;
    int package = 0;
    int die = -1;
};

Finding finding(FindingState state, const std::string& subject, std::string detail) {
    Finding result{.source = "perf",
                   .state = state,
                   .subject = subject,
                   .detail = std::move(detail),
                   .grant = "",
                   .gain = ""};
    if (state == FindingState::denied) {
        result.grant = kGrant;
        result.gain = kRaplGain;
    }
    return result;
}

FindingState state_of_errno(int error) {
    switch (error) {
        case EACCES:
        case EPERM:
        case ENOSYS:  // a seccomp filter
            return FindingState::denied;
        default:
            return FindingState::unsupported;
    }
}

// One perf group: events that one read() answers together.
class Group {
  public:
    Group(const PerfCalls& calls, std::uint32_t pmu_type, int cpu)
        : calls_(&calls), pmu_type_(pmu_type), cpu_(cpu) {}
    ~Group() { close(); }
    Group(Group&& other) noexcept
        : calls_(other.calls_),
          pmu_type_(other.pmu_type_),
          cpu_(other.cpu_),
          epoch_(other.epoch_),
          next_open_ns_(other.next_open_ns_),
          count_(std::exchange(other.count_, 0)),
          configs_(other.configs_),
          fds_(other.fds_) {}
    Group& operator=(Group&&) = delete;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    // 0, or the errno of the refusal; the group stays as it was then.
    int add(std::uint64_t config) noexcept {
        ABATE_ASSERT(count_ < kMostEvents);
        const int fd = open(config, count_ == 0 ? -1 : fds_[0]);
        if (fd < 0) return -fd;
        configs_[count_] = config;
        fds_[count_] = fd;
        ++count_;
        return 0;
    }

    // Fills count() values. A group whose CPU left is gone, and comes back with a new epoch because
    // its counters start at zero again.
    ReadStatus read(std::int64_t now_ns, std::array<std::uint64_t, kMostEvents>& values) noexcept {
        if (lost_ && !reopen(now_ns)) return ReadStatus::gone;
        std::array<std::uint64_t, kMostEvents + 1> buffer{};
        const std::size_t wanted = (count_ + 1) * sizeof(std::uint64_t);
        ssize_t got = -1;
        do {
            got = calls_->read(fds_[0], buffer.data(), wanted);
        } while (got == -EINTR);
        // End of file is how perf says that the event is in error (perf_read in
        // kernel/events/core.c).
        if (got == 0 || (got < 0 && status_of_errno(static_cast<int>(-got)) == ReadStatus::gone)) {
            lose(now_ns);
            return ReadStatus::gone;
        }
        if (got != static_cast<ssize_t>(wanted) || buffer[0] != count_) return ReadStatus::failed;
        for (std::size_t i = 0; i < count_; ++i) values[i] = buffer[i + 1];
        return ReadStatus::ok;
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

  private:
    int open(std::uint64_t config, int group_fd) noexcept {
        return calls_->open(
            {.pmu_type = pmu_type_, .config = config, .cpu = cpu_, .group_fd = group_fd});
    }

    void close() noexcept {
        if (lost_) return;
        for (std::size_t i = 0; i < count_; ++i) ::close(fds_[i]);
    }

    void lose(std::int64_t now_ns) noexcept {
        close();
        lost_ = true;
        next_open_ns_ = now_ns + kReopenNs;
    }

    bool reopen(std::int64_t now_ns) noexcept {
        if (now_ns < next_open_ns_) return false;
        next_open_ns_ = now_ns + kReopenNs;
        for (std::size_t i = 0; i < count_; ++i) {
            const int fd = open(configs_[i], i == 0 ? -1 : fds_[0]);
            if (fd < 0) {
                for (std::size_t k = 0; k < i; ++k) ::close(fds_[k]);
                return false;
            }
            fds_[i] = fd;
        }
        lost_ = false;
        ++epoch_;
        return true;
    }

    const PerfCalls* calls_;
    std::uint32_t pmu_type_;
    int cpu_;
    bool lost_ = false;
    std::uint64_t epoch_ = 0;
    std::int64_t next_open_ns_ = INT64_MIN;
    std::size_t count_ = 0;
    std::array<std::uint64_t, kMostEvents> configs_{};
    std::array<int, kMostEvents> fds_{};
};

class PerfSensor final : public Sensor {
  public:
    PerfSensor(const Clock& clock, PerfCalls calls) : clock_(clock), calls_(std::move(calls)) {}

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override { return infos_; }

    void read(std::span<Reading> out, ReadReason) noexcept override {
        ABATE_REQUIRE(out.size() == infos_.size());
        std::size_t channel = 0;
        for (Group& group : groups_) {
            std::array<std::uint64_t, kMostEvents> values{};
            const ReadStatus status = group.read(clock_.now().mono_ns, values);
            const std::int64_t now_ns = clock_.now().mono_ns;
            for (std::size_t i = 0; i < group.count(); ++i) {
                out[channel++] = {.status = status,
                                  .value = values[i],
                                  .mono_ns = now_ns,
                                  .epoch = group.epoch()};
            }
        }
    }

    // Channels stand in the order of groups, and in a group in the order of its events.
    int add(
        std::uint32_t pmu_type, int cpu, const Event& event, ChannelInfo info, bool same_group) {
        if (!same_group || groups_.empty()) {
            Group group(calls_, pmu_type, cpu);
            const int error = group.add(event.config);
            if (error != 0) return error;
            groups_.push_back(std::move(group));
        } else if (const int error = groups_.back().add(event.config); error != 0) {
            // A kernel that refuses the group may still count the event by itself.
            return error == EINVAL ? add(pmu_type, cpu, event, std::move(info), false) : error;
        }
        infos_.push_back(std::move(info));
        return 0;
    }

  private:
    const Clock& clock_;
    PerfCalls calls_;
    std::vector<ChannelInfo> infos_;
    std::vector<Group> groups_;
};

// The PMU's known events that count joules in a unit we can name exactly; the others into
// `findings`.
std::vector<Event> find_events(const std::string& pmu, std::vector<Finding>& findings) {
    std::vector<Event> events;
    for (const KnownEvent& known : kKnownEvents) {
        const std::string path = pmu + "/events/" + known.file;
        const auto term = read_small_file(path);
        if (!term) continue;
        const auto config = parse_perf_event(*term);
        const std::string unit = read_line(path + ".unit").value_or("");
        const std::string scale = read_line(path + ".scale").value_or("");
        const auto joules = parse_decimal_fraction(scale);
        const auto microjoules = joules ? scale_fraction(*joules, 1'000'000) : std::nullopt;
        if (!config || unit != "Joules" || !microjoules) {
            findings.push_back(
                finding(FindingState::broken,
                        path,
                        fmt::format("\"{}\" with scale \"{}\" and unit \"{}\" is not understood",
                                    term->substr(0, term->find('\n')),
                                    scale,
                                    unit)));
            continue;
        }
        events.push_back({known.file, known.domain, *config, *microjoules});
    }
    return events;
}

// Package and die of each CPU of the PMU's mask; a die is named only where a package has several.
std::vector<Place> find_places(const std::string& sysfs_root, const std::vector<int>& cpus) {
    std::vector<Place> places;
    std::map<int, int> dies;
    for (const int cpu : cpus) {
        const std::string topology =
            fmt::format("{}/devices/system/cpu/cpu{}/topology/", sysfs_root, cpu);
        const auto package = read_number(topology + "physical_package_id");
        const auto die = read_number(topology + "die_id");
        if (!package || *package > 65535) continue;
        places.push_back({.cpu = cpu,
                          .package = static_cast<int>(*package),
                          .die = die && *die <= 65535 ? static_cast<int>(*die) : 0});
        ++dies[places.back().package];
    }
    for (Place& place : places) {
        if (dies[place.package] == 1) place.die = -1;
    }
    return places;
}

ChannelInfo channel(const Event& event, const Place& place, CpuVendor vendor) {
    ChannelInfo info;
    describe_domain({event.domain, place.package, place.die, vendor}, info);
    info.source = "perf";
    info.name = event.file;
    info.kind = ChannelKind::energy_counter;
    info.unit_num = event.unit_uj.num;
    info.unit_den = event.unit_uj.den;
    info.modulus = 0;
    return info;
}

// Opens every event at every place; one finding for each device, one for all refusals of a kind.
void open_all(PerfSensor& sensor,
              std::uint32_t type,
              const std::vector<Event>& events,
              const std::vector<Place>& places,
              CpuVendor vendor,
              const std::string& pmu,
              std::vector<Finding>& findings) {
    std::set<std::pair<int, std::string>> refused;
    std::set<std::string> seen;
    for (const Place& place : places) {
        bool same_group = false;
        for (const Event& event : events) {
            ChannelInfo info = channel(event, place, vendor);
            if (!seen.insert(info.device).second) continue;  // psys is one for all packages
            const std::string device = info.device;
            const int error = sensor.add(type, place.cpu, event, std::move(info), same_group);
            if (error == 0) {
                same_group = true;
                findings.push_back(
                    finding(FindingState::usable, pmu + "/events/" + event.file, device));
            } else if (refused
                           .insert(
                               {error,
                                state_of_errno(error) == FindingState::denied ? "" : event.file})
                           .second) {
                findings.push_back(finding(
                    state_of_errno(error),
                    pmu + "/events/" + event.file,
                    fmt::format("perf_event_open on CPU {}: {}", place.cpu, std::strerror(error))));
            }
        }
    }
}

SensorOpening open(const SensorEnvironment& environment, PerfCalls calls) {
    ABATE_REQUIRE(environment.clock != nullptr);
    const std::string pmu = environment.sysfs_root + "/bus/event_source/devices/power";
    SensorOpening opening;
    if (!path_exists(pmu)) {
        opening.findings.push_back(finding(
            FindingState::absent, pmu, "no power PMU: no RAPL, a virtual machine, or a container"));
        return opening;
    }
    const auto type = read_number(pmu + "/type");
    const auto mask = read_small_file(pmu + "/cpumask");
    const auto cpus = mask ? parse_cpu_list(*mask) : std::nullopt;
    if (!type || *type > UINT32_MAX || !cpus) {
        opening.findings.push_back(
            finding(FindingState::broken, pmu, "its type or cpumask is not understood"));
        return opening;
    }
    const std::vector<Event> events = find_events(pmu, opening.findings);
    const std::vector<Place> places = find_places(environment.sysfs_root, *cpus);
    if (places.size() != cpus->size()) {
        opening.findings.push_back(finding(
            FindingState::broken, pmu + "/cpumask", "names a CPU without a physical_package_id"));
    }
    auto sensor = std::make_unique<PerfSensor>(*environment.clock, std::move(calls));
    open_all(*sensor,
             static_cast<std::uint32_t>(*type),
             events,
             places,
             cpu_vendor(environment.procfs_root),
             pmu,
             opening.findings);
    if (opening.findings.empty()) {
        opening.findings.push_back(
            finding(FindingState::unsupported, pmu, "the PMU has no energy event"));
    }
    if (!sensor->channels().empty()) opening.sensor = std::move(sensor);
    return opening;
}

}  // namespace
}  // namespace perf_pmu

PerfCalls system_perf_calls() {
    return {.open =
                [](const PerfEvent& event) {
                    perf_event_attr attr;
                    std::memset(&attr, 0, sizeof attr);
                    attr.size = sizeof attr;
                    attr.type = event.pmu_type;
                    attr.config = event.config;
                    attr.read_format = PERF_FORMAT_GROUP;
                    const long fd = ::syscall(SYS_perf_event_open,
                                              &attr,
                                              -1,
                                              event.cpu,
                                              event.group_fd,
                                              PERF_FLAG_FD_CLOEXEC);
                    return fd >= 0 ? static_cast<int>(fd) : -errno;
                },
            .read =
                [](int fd, void* buffer, std::size_t size) {
                    const ssize_t got = ::read(fd, buffer, size);
                    return got >= 0 ? got : -static_cast<ssize_t>(errno);
                }};
}

SensorOpening open_perf(const SensorEnvironment& environment, PerfCalls calls) {
    return perf_pmu::open(environment, std::move(calls));
}

SensorOpening open_perf(const SensorEnvironment& environment) {
    return open_perf(environment, system_perf_calls());
}

}  // namespace abate::meter
