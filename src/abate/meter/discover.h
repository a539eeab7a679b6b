// Opening everything that this machine offers, in one call; what `run`, `watch`, `doctor` and
// `calibrate` start with.
#pragma once

#include "abate/data/data.h"
#include "abate/meter/profile.h"
#include "abate/meter/run_meter.h"
#include "abate/meter/sensors/sensors.h"

#include <optional>
#include <string>
#include <vector>

namespace abate::meter {

struct DiscoverOptions {
    std::string node_source;  // node counter to trust; empty: the best; "none": no node reading
    std::string redfish_url;  // empty: none
    HttpGet http_get;         // for Redfish
    const PowerProfile* profile = nullptr;  // calibrated; null: the tables' priors
    bool node_sensors = true;               // false skips what is slow to open (IPMI, Redfish)
};

// Opens each source, joins their channels, and gives every counted channel an idle power: its own,
// the profile's, or a prior from rated power (docs/methodology/attribution.md). Never fails: a
// machine without any counter gets the model. The model's channels are opened only where no counter
// sees the CPU.
[[nodiscard]] Devices discover(const SensorEnvironment& environment,
                               const data::Tables& tables,
                               const DiscoverOptions& options);

// Product names of the counted accelerators, in device order.
[[nodiscard]] std::vector<std::string> gpu_names(const Devices& devices);

}  // namespace abate::meter
