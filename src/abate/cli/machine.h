// The machine as `run`, `watch`, `doctor` and `calibrate` see it: host, sensors, idle rule, opened
// in one place.
#pragma once

#include "abate/cli/context.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"

#include <optional>
#include <string>
#include <vector>

namespace abate::cli {

struct MachineOptions {
    bool whole_machine = false;
    bool node_sensors = true;
};

struct Machine {
    Host host;
    meter::Devices devices;
    meter::MachineCpu cpu;
    meter::RunMeterOptions meter_options;
    std::string idle_rule;           // "whole-machine", "reserved-share", "active-share"
    std::string idle_reason;         // why this rule
    std::vector<std::string> notes;  // worth a line in the record
    std::optional<meter::PowerProfile> profile;
};

// Never fails for want of sensors. Throws Failure on settings that cannot be read.
[[nodiscard]] Machine open_machine(Context& context, const MachineOptions& options);

// The profile that `abate calibrate` wrote, where it is for this CPU; a damaged one is noted and
// left alone.
[[nodiscard]] std::optional<meter::PowerProfile> stored_profile(Context& context, const Host& host);
[[nodiscard]] std::string profile_path(const Context& context);

// --region, --pue, --lifetime and --utilisation as given; empty: not given.
struct SiteOptions {
    std::string region = {};
    std::string pue = {};
    std::string lifetime = {};
    std::string utilisation = {};
};

// Region, PUE and hardware from option, environment and settings, checked. Throws Failure with `exit_status`.
[[nodiscard]] footprint::AssessOptions assess_options(
    Context& context, const SiteOptions& site, std::optional<int> exit_status = std::nullopt);

// "the region is unknown: ..." with the range over countries and how to set it.
[[nodiscard]] std::string unknown_region_sentence(Context& context);

}  // namespace abate::cli
