// Powercap: energy counters in sysfs (RAPL of Intel and AMD, Arm SCMI), one zone a folder.
//
//     SensorOpening opening = open_powercap(environment, system_file_calls());
//
// Zones are found by their `name`, never by their number: zone intel-rapl:0 need not be socket 0.
// Nested zones say what they are inside of; the twin of a package under intel-rapl-mmio is a
// channel of its own with source "powercap-mmio" for the same device.
#pragma once

#include "abate/meter/sensor.h"
#include "abate/meter/sysfs.h"

namespace abate::meter {

[[nodiscard]] SensorOpening open_powercap(const SensorEnvironment& environment, FileCalls calls);

// What a wrap adds: the largest value shown plus one counter unit. The counter has 32 bits and the
// kernel shows (2^32 - 1) units as `max_energy_range_uj`, so a unit is range / (2^32 - 1), rounded
// to the nearest microjoule.
[[nodiscard]] constexpr std::uint64_t powercap_modulus(std::uint64_t max_energy_range_uj) {
    constexpr std::uint64_t kSteps = 0xffffffffULL;
    return max_energy_range_uj + (max_energy_range_uj + kSteps / 2) / kSteps;
}

}  // namespace abate::meter
