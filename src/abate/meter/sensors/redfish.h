// Redfish: a BMC's power reading over HTTPS, in the resources of the DMTF schemas (DSP8010).
//
//     Result<RedfishPlan> plan = find_redfish_power(get, "https://bmc.example");
//     Result<RedfishReading> now = read_redfish_power(get, *plan);       // {.watts = 344, ...}
//
// Which resource, best first: EnvironmentMetrics PowerWatts.Reading of the chassis, the sum of
// PowerSupplies/*/Metrics InputPowerWatts.Reading, Power PowerControl[0].PowerConsumedWatts (the
// old schema). Which chassis: the one that holds this computer (Links.ComputerSystems), never a
// part of it (ChassisType Component, Module, Card: an accelerator's own reading is not the node's),
// never what holds several (Rack, or an Enclosure with more than one system). Nothing here throws
// on any document; links that leave /redfish/ are not followed.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/sensors/sensors.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::meter {

struct RedfishReading {
    double watts = 0;
    std::optional<double> energy_j{};  // cumulative, where the resource counts
    double energy_step_j = 0;          // one unit in the last decimal that it showed
};

enum class RedfishResource { environment_metrics, power_supplies, power_control };

// Where the power is found; `urls` are read together each time (several only for power supplies).
struct RedfishPlan {
    std::string chassis{};  // "/redfish/v1/Chassis/1"
    std::string name{};     // "Dell Inc. PowerEdge R760"; may be empty
    RedfishResource resource = RedfishResource::environment_metrics;
    std::vector<std::string> urls{};
};

// Walks the service at `base` (no slash at its end). At most 64 chassis and 32 power supplies are
// asked. Errors: those of `get` for the entry resource; unsupported (`where` lists each path tried
// and why it gave nothing).
[[nodiscard]] Result<RedfishPlan> find_redfish_power(const HttpGet& get, const std::string& base);

// Reads once. One power supply that fails fails the whole: a part of the sum is not the node's
// power. Errors: those of `get`, parse_error, not_found (member missing), out_of_range (negative,
// 0 W, or more than any node draws).
[[nodiscard]] Result<RedfishReading> read_redfish_power(const HttpGet& get,
                                                        const RedfishPlan& plan);

// One document of `resource`; a single power supply may give 0 W (standby). Errors as above.
[[nodiscard]] Result<RedfishReading> parse_redfish_power(RedfishResource resource,
                                                         std::string_view json);

}  // namespace abate::meter
