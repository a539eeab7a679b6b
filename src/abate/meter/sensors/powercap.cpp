#include "abate/meter/sensors/powercap.h"

#include "abate/core/assert.h"
#include "abate/meter/sensors/rapl_domain.h"
#include "abate/meter/sensors/sensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace abate::meter {
// Its own namespace: a unity build puts several sensors in one unit.
namespace powercap_zones {
namespace {

// RAPL limits are running averages over milliseconds to seconds, and the peak that the voltage
// regulator allows is above them; twice the highest limit is never passed over a sampling interval.
// Between the largest desktop turbo power (253 W, Intel Core i9-14900K) rounded up, so that a limit
// lowered for the moment does not make gaps, and twice the largest socket sold (500 W, AMD EPYC
// 9965).
constexpr double kLimitFactor = 2;
constexpr double kLeastPlausibleW = 300;

struct Zone {
    std::string id;       // "intel-rapl:0:2"
    std::string control;  // "intel-rapl"
    std::string name;     // "dram"
    std::string folder;
    ChannelInfo info;
};

class PowercapSensor final : public Sensor {
  public:
    PowercapSensor(const Clock& clock, FileCalls calls) : clock_(clock), calls_(std::move(calls)) {}

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override { return infos_; }

    void read(std::span<Reading> out, ReadReason) noexcept override {
        ABATE_REQUIRE(out.size() == files_.size());
        std::int64_t now_ns = clock_.mono_ns();
        for (std::size_t i = 0; i < files_.size(); ++i) {
            const NumberRead got = files_[i].read(now_ns);
            now_ns = clock_.mono_ns();
            out[i] = {.status = got.status, .value = got.value, .mono_ns = now_ns};
        }
    }

    // The status of a first reading; kept only when it is ok. `error`: errno of opening, or 0.
    ReadStatus try_add(const Zone& zone, int& error) {
        SysfsNumber file(zone.folder + "/energy_uj", calls_);
        error = file.open();
        if (error != 0) return status_of_errno(error);
        const NumberRead first = file.read(clock_.mono_ns());
        if (first.status == ReadStatus::ok) {
            infos_.push_back(zone.info);
            files_.push_back(std::move(file));
        }
        return first.status;
    }

  private:
    const Clock& clock_;
    FileCalls calls_;
    std::vector<ChannelInfo> infos_;
    std::vector<SysfsNumber> files_;
};

// "intel-rapl:0:2" -> "intel-rapl:0"; "" for a zone at the top.
std::string parent_id(const std::string& id) {
    const std::size_t last = id.rfind(':');
    if (last == std::string::npos || id.find(':') == last) return "";
    return id.substr(0, last);
}

// A device name from whatever a firmware calls its domain: "Big Cluster" -> "big-cluster".
std::string device_name(std::string_view name) {
    std::string device;
    for (const char c : name) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (upper) {
            device += static_cast<char>(c - 'A' + 'a');
        } else if (keep) {
            device += c;
        } else if (!device.empty() && device.back() != '-') {
            device += '-';
        }
    }
    return device;
}

// The highest power limit that the zone publishes, watts; 0 when none.
double highest_limit_w(const std::string& folder) {
    std::uint64_t highest = 0;
    for (int i = 0; i < 8; ++i) {  // RAPL has three constraints, the class allows more
        const std::string stem = fmt::format("{}/constraint_{}_", folder, i);
        const auto most = read_number(stem + "max_power_uw");
        const auto limit = read_number(stem + "power_limit_uw");
        highest = std::max({highest, most.value_or(0), limit.value_or(0)});
    }
    return static_cast<double>(highest) / 1e6;
}

bool is_rapl_child(std::string_view name) {
    return name == "core" || name == "uncore" || name == "dram";
}

// Fills device, inside, accuracy and default limits from the names of the zone and its parent.
void describe(Zone& zone, const Zone* parent, CpuVendor vendor) {
    const auto own = parse_package_name(zone.name);
    const auto above = parent != nullptr ? parse_package_name(parent->name) : std::nullopt;
    if (own) {
        describe_domain({"package", own->package, own->die, vendor}, zone.info);
    } else if (zone.name == "psys") {
        describe_domain({"psys", 0, -1, vendor}, zone.info);
    } else if (above && is_rapl_child(zone.name)) {
        describe_domain({zone.name, above->package, above->die, vendor}, zone.info);
    } else {
        // Another powercap provider (Arm SCMI): its own names, nested as its folders are.
        describe_domain({"psys", 0, -1, CpuVendor::other}, zone.info);
        zone.info.device = device_name(zone.name);
        zone.info.inside = parent != nullptr ? parent->info.device : "";
        zone.info.accuracy_source = "not published; as for a modelled package";
    }
}

void limit(Zone& zone) {
    const double published = highest_limit_w(zone.folder);
    if (published <= 0) return;
    zone.info.plausible_w =
        std::clamp(kLimitFactor * published, kLeastPlausibleW, zone.info.plausible_w);
}

std::vector<Zone> find_zones(const std::string& root, CpuVendor vendor) {
    std::vector<Zone> zones;
    std::map<std::string, std::size_t> by_id;
    for (const std::string& id : list_folder(root)) {  // parents before their children
        const std::string folder = fmt::format("{}/{}", root, id);
        if (!path_exists(folder + "/energy_uj")) continue;  // a control type, or power only
        Zone zone{.id = id,
                  .control = id.substr(0, id.find(':')),
                  .name = read_line(folder + "/name").value_or(""),
                  .folder = folder,
                  .info = {}};
        const auto above = by_id.find(parent_id(id));
        describe(zone, above != by_id.end() ? &zones[above->second] : nullptr, vendor);
        limit(zone);
        zone.info.source = zone.control == "intel-rapl-mmio" ? "powercap-mmio" : "powercap";
        zone.info.kind = ChannelKind::energy_counter;
        zone.info.name = zone.name;
        if (const auto range = read_number(folder + "/max_energy_range_uj"); range && *range > 0) {
            zone.info.modulus = powercap_modulus(*range);
        }
        by_id[id] = zones.size();
        zones.push_back(std::move(zone));
    }
    return zones;
}

Finding about(const Zone& zone, FindingState state, std::string detail) {
    return {.source = zone.info.source,
            .state = state,
            .subject = zone.folder,
            .detail = std::move(detail),
            .grant = "",
            .gain = ""};
}

Finding denied(const std::string& root, std::size_t count) {
    return {.source = "powercap",
            .state = FindingState::denied,
            .subject = root,
            .detail = fmt::format("energy_uj of {} zone(s) may be read by root only "
                                  "(mode 0400 since CVE-2020-8694)",
                                  count),
            .grant = R"(echo 'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r )"
                     R"(/sys%p/energy_uj"' | sudo tee /etc/udev/rules.d/60-abate-powercap.rules )"
                     R"(&& sudo udevadm control --reload && sudo udevadm trigger )"
                     R"(--subsystem-match=powercap --action=add)",
            .gain = kRaplGain};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Finding's members
Finding absent(const std::string& root, const std::string& detail) {
    return {.source = "powercap",
            .state = FindingState::absent,
            .subject = root,
            .detail = detail,
            .grant = "",
            .gain = ""};
}

// Why a zone that is there gives no channel.
std::string broken_detail(ReadStatus status, int error) {
    if (error != 0) return fmt::format("cannot be opened: {}", std::strerror(error));
    return status == ReadStatus::gone ? "left while it was opened" : "its counter cannot be read";
}

SensorOpening open(const SensorEnvironment& environment, FileCalls calls) {
    ABATE_REQUIRE(environment.clock != nullptr);
    const std::string root = environment.sysfs_root + "/class/powercap";
    SensorOpening opening;
    if (!path_exists(root)) {
        opening.findings.push_back(
            absent(root, "no powercap class: no counters, a virtual machine, or a container"));
        return opening;
    }
    auto sensor = std::make_unique<PowercapSensor>(*environment.clock, std::move(calls));
    std::set<std::pair<std::string, std::string>> seen;
    std::size_t refused = 0;
    for (const Zone& zone : find_zones(root, cpu_vendor(environment.procfs_root))) {
        if (zone.info.device.empty()) {
            opening.findings.push_back(about(zone, FindingState::broken, "the zone has no name"));
            continue;
        }
        if (seen.count({zone.info.source, zone.info.device}) != 0) {
            opening.findings.push_back(about(
                zone, FindingState::broken, "a second zone named " + zone.name + ", not read"));
            continue;
        }
        int error = 0;
        const ReadStatus status = sensor->try_add(zone, error);
        if (error == EACCES || error == EPERM) {
            ++refused;
            continue;
        }
        if (status != ReadStatus::ok) {
            opening.findings.push_back(
                about(zone, FindingState::broken, broken_detail(status, error)));
            continue;
        }
        seen.insert({zone.info.source, zone.info.device});
        opening.findings.push_back(
            about(zone,
                  FindingState::usable,
                  zone.info.modulus != 0
                      ? zone.info.device
                      : zone.info.device + ", without max_energy_range_uj: a wrap becomes a gap"));
    }
    if (refused > 0) opening.findings.push_back(denied(root, refused));
    if (opening.findings.empty()) {
        opening.findings.push_back(absent(root, "no zone with an energy counter"));
    }
    if (!sensor->channels().empty()) opening.sensor = std::move(sensor);
    return opening;
}

}  // namespace
}  // namespace powercap_zones

SensorOpening open_powercap(const SensorEnvironment& environment, FileCalls calls) {
    return powercap_zones::open(environment, std::move(calls));
}

SensorOpening open_powercap(const SensorEnvironment& environment) {
    return open_powercap(environment, system_file_calls());
}

}  // namespace abate::meter
