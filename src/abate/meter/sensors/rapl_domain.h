// What perf and powercap share: the names, nesting, accuracy and limits of RAPL domains, so that
// both describe one device in the same words and the planner can match them.
//
//     ChannelInfo info;
//     describe_domain({.domain = "dram", .package = 0, .die = -1, .vendor = vendor}, info);
//     // info.device == "dram-0", info.inside == "", info.accuracy == 0.20
#pragma once

#include "abate/meter/sensor.h"

#include <optional>
#include <string>
#include <string_view>

namespace abate::meter {

enum class CpuVendor { intel, amd, other };

// From the first vendor_id of `<procfs>/cpuinfo`; `other` where there is none.
[[nodiscard]] CpuVendor cpu_vendor(const std::string& procfs_root);

struct RaplDomain {
    std::string_view domain;  // "package", "core", "uncore", "dram", "psys"
    int package = 0;
    int die = -1;  // -1: the package has one die
    CpuVendor vendor = CpuVendor::other;
};

// Fills device, inside, accuracy, accuracy_source, refresh_s and plausible_w (the default, for when
// no limit is known); leaves the rest alone.
void describe_domain(const RaplDomain& domain, ChannelInfo& info);

// "package-1-die-0" -> {package 1, die 0}; nothing for any other form.
struct PackageName {
    int package = 0;
    int die = -1;
};
[[nodiscard]] std::optional<PackageName> parse_package_name(std::string_view name);

// The most that a socket, or the platform, is believed to draw when no limit is published: see
// docs/reference/sensors.md.
inline constexpr double kDefaultSocketW = 1000;
inline constexpr double kDefaultPlatformW = 5000;

// What the counters buy, for Finding::gain.
inline constexpr const char* kRaplGain =
    "measured CPU energy (package about 5 %, DRAM about 20 %) instead of a model";

}  // namespace abate::meter
