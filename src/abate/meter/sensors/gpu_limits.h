// How long the accelerator sensors wait for a driver; tests use their own.
//
//     open_nvml(environment);                                     // GpuLimits{}: 2 s and 500 ms
//     open_nvml(environment, {.open = 50ms, .read = 10s});        // a test that expects lateness
#pragma once

#include "abate/meter/sensor.h"

#include <chrono>

namespace abate::meter {

struct GpuLimits {
    std::chrono::milliseconds open{2000};  // for a driver to start
    std::chrono::milliseconds read{500};   // for a fresh value at the edge of a window
};

[[nodiscard]] SensorOpening open_nvml(const SensorEnvironment& environment,
                                      const GpuLimits& limits);
[[nodiscard]] SensorOpening open_amdsmi(const SensorEnvironment& environment,
                                        const GpuLimits& limits);

}  // namespace abate::meter
