#include "abate/meter/plan.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace abate::meter {
namespace {

// Best first. perf before powercap: 64 bits wide and both domains at one instant.
constexpr std::array<std::string_view, 13> kComponentSources{"perf",
                                                             "powercap",
                                                             "powercap-mmio",
                                                             "nvml",
                                                             "amdsmi",
                                                             "rocm-smi",
                                                             "cray",
                                                             "hwmon",
                                                             "nvml-power",
                                                             "amdsmi-power",
                                                             "amdgpu-hwmon",
                                                             "cray-power",
                                                             "model"};
constexpr std::array<std::string_view, 8> kNodeSources{
    "cray", "redfish-energy", "redfish", "ipmi", "hwmon", "hwmon-psu", "cray-power", "battery"};

template <std::size_t N>
std::size_t rank(const std::array<std::string_view, N>& order, std::string_view source) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), source) - order.begin());
}

bool is_package(const ChannelInfo& channel) { return channel.device.rfind("package-", 0) == 0; }

bool any_of_device(
    std::span<const ChannelInfo> channels,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    std::string_view device,
    std::string_view source) {
    return std::any_of(channels.begin(), channels.end(), [&](const ChannelInfo& c) {
        return c.device == device && c.source == source;
    });
}

bool has_source(std::span<const ChannelInfo> channels, std::string_view source) {
    return std::any_of(
        channels.begin(), channels.end(), [&](const ChannelInfo& c) { return c.source == source; });
}

void plan_nodes(std::span<const ChannelInfo> channels,
                std::string_view trusted,
                std::vector<ChannelPlan>& plans) {
    int best = -1;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const ChannelInfo& c = channels[i];
        if (c.boundary != ChannelBoundary::node) continue;
        if (!c.inside.empty()) continue;
        if (!trusted.empty() && c.source != trusted) continue;
        if (best < 0 || rank(kNodeSources, c.source) <
                            rank(kNodeSources, channels[static_cast<std::size_t>(best)].source)) {
            best = static_cast<int>(i);
        }
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const ChannelInfo& c = channels[i];
        if (c.boundary != ChannelBoundary::node) continue;
        if (!c.inside.empty()) {
            plans[i] = {ChannelRole::inside, -1, ""};
        } else if (static_cast<int>(i) == best ||
                   (best >= 0 && c.source == channels[static_cast<std::size_t>(best)].source)) {
            // Several supplies of one source feed the node together.
            plans[i] = {ChannelRole::node, -1, ""};
        } else if (best >= 0) {
            plans[i] = {ChannelRole::second_view, best, ""};
        } else {
            plans[i] = {ChannelRole::dropped,
                        -1,
                        "node source '" + c.source + "' is not the one that settings trust"};
        }
    }
}

}  // namespace

std::vector<ChannelPlan> plan_channels(std::span<const ChannelInfo> channels,
                                       std::string_view trusted_node_source) {
    std::vector<ChannelPlan> plans(channels.size());
    // Old AMD kernels list perf domains that do not exist; powercap, where readable, is the second
    // opinion. What is not trusted leads nothing.
    const bool second_opinion = has_source(channels, "powercap");
    const auto trusted = [&](const ChannelInfo& c) {
        return !(c.source == "perf" && second_opinion && c.inside.empty() &&
                 !any_of_device(channels, c.device, "powercap"));
    };
    const auto counter_of = [&](std::string_view prefix) {
        return std::any_of(channels.begin(), channels.end(), [&](const ChannelInfo& c) {
            return c.device.rfind(prefix, 0) == 0 && c.kind != ChannelKind::model &&
                   c.boundary == ChannelBoundary::component && trusted(c);
        });
    };
    const bool packages_counted = counter_of("package-");
    const bool platform_counted = !packages_counted && counter_of("psys");
    const bool dram_counted = counter_of("dram-");
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const ChannelInfo& c = channels[i];
        if (c.boundary == ChannelBoundary::node) continue;
        if (!c.inside.empty()) {
            plans[i] = {ChannelRole::inside, -1, ""};
            continue;
        }
        if (c.device == "psys" && !platform_counted) {
            plans[i] = {ChannelRole::inside, -1, ""};
            continue;
        }
        // A platform counter has the memory that its board feeds.
        if (platform_counted && c.kind != ChannelKind::model && c.device.rfind("dram-", 0) == 0) {
            plans[i] = {ChannelRole::inside, -1, ""};
            continue;
        }
        if (c.kind == ChannelKind::model &&
            (platform_counted || (is_package(c) && packages_counted) ||
             (c.device.rfind("dram-", 0) == 0 && dram_counted))) {
            plans[i] = {ChannelRole::dropped, -1, "a counter sees this device"};
            continue;
        }
        if (!trusted(c)) {
            plans[i] = {ChannelRole::dropped,
                        -1,
                        "perf lists domain '" + c.device + "' but powercap does not"};
            continue;
        }
        int best = static_cast<int>(i);
        for (std::size_t j = 0; j < channels.size(); ++j) {
            const ChannelInfo& other = channels[j];
            if (other.device != c.device || other.boundary != ChannelBoundary::component ||
                !other.inside.empty() || !trusted(other))
                continue;
            const ChannelInfo& leader = channels[static_cast<std::size_t>(best)];
            if (rank(kComponentSources, other.source) < rank(kComponentSources, leader.source))
                best = static_cast<int>(j);
        }
        if (best != static_cast<int>(i)) plans[i] = {ChannelRole::second_view, best, ""};
    }
    plan_nodes(channels, trusted_node_source, plans);
    return plans;
}

}  // namespace abate::meter
