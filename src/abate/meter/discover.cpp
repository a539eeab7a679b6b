#include "abate/meter/discover.h"

#include "abate/meter/processor.h"
#include "abate/meter/sensors/model.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace abate::meter {
namespace {

// Idle power as a share of rated power where nobody measured it. Processors: median and largest
// idle over full power in SPECpower_ssj2008 as collected by Cloud Carbon Footprint (0.154 to
// 0.368); a client's idle is near nothing, so the low end is nothing. Accelerators: 11.6 % at idle
// and 31.8 % at a tenth of the load in the same collection's instances.
constexpr Ranged kProcessorIdle{
    .value = 0.216, .low = 0.0, .high = 0.368, .kind = RangeKind::bound};
constexpr Ranged kAcceleratorIdle{
    .value = 0.116, .low = 0.0, .high = 0.318, .kind = RangeKind::bound};
constexpr const char* kIdleSource =
    "Cloud Carbon Footprint (SPECpower_ssj2008), share of rated power at idle";

// Dies of the package that `device` ("package-0-die-1") belongs to; 1 where it is the whole package.
// Rated power is a package's, so each of its dies carries that part of it. Sources may see different
// dies: all that any of them names count.
int dies_of_package(const std::vector<ChannelInfo>& channels, std::string_view device) {
    constexpr std::string_view kDie = "-die-";
    const std::size_t at = device.find(kDie);
    if (at == std::string_view::npos) return 1;
    const std::string_view stem = device.substr(0, at + kDie.size());
    std::set<std::string_view> dies;
    for (const ChannelInfo& channel : channels) {
        const std::string_view other = channel.device;
        if (other.substr(0, stem.size()) == stem) dies.insert(other);
    }
    return static_cast<int>(dies.size());
}

// Fills in idle power for counted channels whose source does not know it.
void add_idle_priors(std::vector<ChannelInfo>& channels,
                     const data::Tables& tables,
                     const Processor& cpu,
                     const PowerProfile* profile,
                     std::vector<Provenance>& provenance) {
    for (ChannelInfo& channel : channels) {
        if (channel.idle_w.value > 0 || channel.boundary == ChannelBoundary::node) continue;
        double rated = 0;
        int dies = 1;
        Ranged share;
        Provenance row;
        if (channel.share == ShareBasis::gpu_usage) {
            const Result<data::Chip> chip = tables.chip(channel.name);
            if (!chip || chip->tdp_w <= 0) continue;
            rated = chip->tdp_w;
            share = kAcceleratorIdle;
            row = chip->provenance;
        } else if (channel.device.rfind("package-", 0) == 0) {
            dies = dies_of_package(channels, channel.device);
            if (profile != nullptr && profile->points.size() >= 2) {
                channel.idle_w =
                    scaled(profile->points.front().watts, 1.0 / (std::max(1, cpu.sockets) * dies));
                continue;
            }
            const Result<data::Cpu> known = tables.cpu(cpu.model_name);
            if (!known || known->tdp_w <= 0) continue;
            rated = known->tdp_w;
            share = kProcessorIdle;
            row = known->provenance;
        } else {
            continue;
        }
        channel.idle_w = scaled(share, rated / dies);
        row.figure = channel.device + ".idle_w";
        row.value = channel.idle_w.value;
        row.low = channel.idle_w.low;
        row.high = channel.idle_w.high;
        row.unit = "W";
        row.basis = std::string("prior: ") + kIdleSource;
        if (dies > 1) row.basis += "; one of " + std::to_string(dies) + " dies of its package";
        if (std::none_of(provenance.begin(), provenance.end(), [&](const Provenance& p) {
                return p.figure == row.figure;
            })) {
            provenance.push_back(std::move(row));
        }
    }
}

bool sees(const std::vector<SensorOpening>& openings, std::string_view device_prefix) {
    for (const SensorOpening& opening : openings) {
        if (!opening.sensor) continue;
        for (const ChannelInfo& channel : opening.sensor->channels()) {
            if (channel.device.rfind(device_prefix, 0) == 0 || channel.device == "psys")
                return true;
        }
    }
    return false;
}

}  // namespace

Devices discover(const SensorEnvironment& environment,
                 const data::Tables& tables,
                 const DiscoverOptions& options) {
    std::vector<SensorOpening> openings;
    openings.push_back(open_perf(environment));
    openings.push_back(open_powercap(environment));
    openings.push_back(open_hwmon(environment));
    openings.push_back(open_battery(environment));
    openings.push_back(open_nvml(environment));
    openings.push_back(open_amdsmi(environment));
    openings.push_back(open_cray(environment));
    if (options.node_sensors && options.node_source != "none") {
        openings.push_back(open_ipmi(environment));
        if (!options.redfish_url.empty() && options.http_get) {
            openings.push_back(open_redfish(environment, options.redfish_url, options.http_get));
        } else if (options.redfish_url.empty()) {
            openings.emplace_back().findings.push_back(
                {.source = "redfish",
                 .state = FindingState::absent,
                 .subject = "",
                 .detail = "not configured (redfish_url in abate.toml)",
                 .grant = "",
                 .gain = ""});
        }
    }
    std::vector<Provenance> provenance;
    if (!sees(openings, "package-") || !sees(openings, "dram-")) {
        openings.push_back(open_model(environment, tables, options.profile, provenance));
    }
    Devices devices = join(std::move(openings), options.node_source);
    const Processor cpu = read_processor(environment);
    add_idle_priors(devices.channels, tables, cpu, options.profile, provenance);
    for (std::size_t i = 0; i < devices.channels.size(); ++i) {
        const Ranged& idle = devices.channels[i].idle_w;
        devices.idle[i] = {std::llround(idle.value * 1000),
                           std::llround(idle.low * 1000),
                           std::llround(idle.high * 1000)};
    }
    devices.provenance = std::move(provenance);
    return devices;
}

std::vector<std::string> gpu_names(const Devices& devices) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < devices.channels.size(); ++i) {
        if (devices.channels[i].share == ShareBasis::gpu_usage &&
            devices.plans[i].role == ChannelRole::counted) {
            names.push_back(devices.channels[i].name);
        }
    }
    return names;
}

}  // namespace abate::meter
