// Which channels count. Several sources may see one device, and some domains lie inside others; exactly one view of each
// device enters a total:
//
//     perf package-0, powercap package-0 and powercap-mmio package-0: perf counts, the others are compared with it
//     core and uncore inside package-0: shown, never added
//     psys: counts only where no package is seen, and then dram-0 lies inside it
//     model package-0: only where no counter is
//     node (Cray, Redfish, IPMI, power supply, battery): the node boundary, never added to components
#pragma once

#include "abate/meter/sensor.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::meter {

enum class ChannelRole {
    counted,      // enters the component total
    second_view,  // same device by another source: compared
    inside,       // a domain of a counted device
    node,         // the node reading that is used
    dropped,      // not trusted or not needed: neither read into totals nor compared
};

struct ChannelPlan {
    ChannelRole role = ChannelRole::counted;
    int of = -1;         // second_view: index of the counted (or node) channel it is compared with
    std::string reason;  // dropped: one sentence
};

// One plan per channel, in order. `trusted_node_source`: the node source to use ("redfish"...;
// "none": no node reading); empty: best available, in the order cray, redfish, ipmi, hwmon,
// battery. O(n^2), n is tens.
[[nodiscard]] std::vector<ChannelPlan> plan_channels(std::span<const ChannelInfo> channels,
                                                     std::string_view trusted_node_source = {});

}  // namespace abate::meter
