// What the meter says of one window: energy per device, how it was shared out, and how sure that
// is. Plain structs.
#pragma once

#include "abate/units/energy.h"
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <cstdint>
#include <string>
#include <vector>

namespace abate {

// How a figure came about, best first. Spelled so in JSON.
enum class Quality {
    measured,   // a counter or sensor of this device
    modelled,   // computed from another measured quantity (CPU time, memory in use)
    estimated,  // a prior, or a measured device with a filled gap
    declared,   // somebody said so
};

[[nodiscard]] const char* to_string(Quality quality);

// Exact energy with its range. low <= value <= high.
struct EnergyRange {
    Microjoules value;
    Microjoules low;
    Microjoules high;
    RangeKind kind = RangeKind::interval90;

    bool operator==(const EnergyRange&) const = default;
};

// One device's energy over the window.
struct DeviceEnergy {
    std::string device;  // "package-0", "dram-0", "psys", "gpu-0", "node"
    std::string source;  // "perf", "powercap", "nvml", "hwmon", "redfish", "model"...
    Quality quality = Quality::measured;
    EnergyRange energy;
    double gap_s = 0;  // seconds of the window that no reading covers
    bool counted =
        true;  // false: a second view of a counted device, or a domain inside one; never in a total
    std::string part_of;  // the device that contains or duplicates this one; empty when counted
    std::string name;     // model name as the device or table gives it; may be empty

    bool operator==(const DeviceEnergy&) const = default;
};

// Two sources that see the same device, compared. `ratio` = other / counted.
struct SourceCheck {
    std::string device;
    std::string counted_source;
    std::string other_source;
    double ratio = 1;
    bool agree = true;  // within each other's ranges

    bool operator==(const SourceCheck&) const = default;
};

}  // namespace abate
