// The sources that abate knows, one file each. `meter::open_sensors` (discover.h) calls them all;
// nothing registers itself.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/meter/profile.h"
#include "abate/meter/sensor.h"

#include <functional>
#include <string>
#include <vector>

namespace abate::meter {

[[nodiscard]] SensorOpening open_perf(
    const SensorEnvironment& environment);  // perf_event_open, `power` PMU
[[nodiscard]] SensorOpening open_powercap(
    const SensorEnvironment& environment);  // RAPL and SCMI through sysfs
[[nodiscard]] SensorOpening open_hwmon(
    const SensorEnvironment& environment);  // power supplies, Grace, Jetson
[[nodiscard]] SensorOpening open_battery(
    const SensorEnvironment& environment);                                    // discharging laptop
[[nodiscard]] SensorOpening open_nvml(const SensorEnvironment& environment);  // NVIDIA, by dlopen
[[nodiscard]] SensorOpening open_amdsmi(const SensorEnvironment& environment);  // AMD, by dlopen
[[nodiscard]] SensorOpening open_cray(const SensorEnvironment& environment);    // Cray pm_counters
[[nodiscard]] SensorOpening open_ipmi(
    const SensorEnvironment& environment);  // IPMI DCMI through /dev/ipmi0

// One HTTP GET: the body, or why there is none. Implemented outside the meter, so that this room
// knows no network.
using HttpGet = std::function<Result<std::string>(const std::string& url)>;
// Redfish at `url` ("https://bmc.example"), polled on a thread of its own so that a slow BMC never
// delays a sample.
[[nodiscard]] SensorOpening open_redfish(const SensorEnvironment& environment,
                                         const std::string& url,
                                         HttpGet get);

// The model for machines without CPU counters (sensors/model.h); `profile`: calibrated, null for
// the tables' priors.
[[nodiscard]] SensorOpening open_model(const SensorEnvironment& environment,
                                       const data::Tables& tables,
                                       const PowerProfile* profile,
                                       std::vector<Provenance>& provenance);

}  // namespace abate::meter
