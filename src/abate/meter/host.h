// What machine this is: the Host of a run record, and the facts that say who pays for its idling.
//
//     Host host = read_host(environment);      // {"node7", "AMD EPYC 7763", 2 sockets, 256
//     CPUs...}
//
// From /proc and /sys alone, no program is started. Read once, at the start of a run.
#pragma once

#include "abate/meter/sensor.h"
#include "abate/record/run_record.h"

#include <functional>
#include <string>

namespace abate::meter {

// Environment variable by name; empty when unset. Injected, so that tests have their own.
using GetVariable = std::function<std::string(const std::string&)>;

// Clues from which the kind of host is told, in the order in which they count.
struct HostClues {
    bool container = false;   // /.dockerenv, /run/.containerenv, $container, or the control group
    bool hypervisor = false;  // the `hypervisor` flag of /proc/cpuinfo, or /sys/hypervisor/type
    bool battery = false;     // a power supply of type Battery that is not a device's (a mouse's)
    int chassis = 0;          // /sys/class/dmi/id/chassis_type; 0: unknown
};

// "container", "virtual-machine", "laptop", "desktop" or "server".
[[nodiscard]] std::string host_kind(const HostClues& clues);

[[nodiscard]] HostClues read_host_clues(const SensorEnvironment& environment,
                                        const GetVariable& variable);

// All fields but `gpus`, which the accelerator sensors know. Unknown ones keep their defaults.
[[nodiscard]] Host read_host(const SensorEnvironment& environment, const GetVariable& variable);

// The same with the process's own environment variables.
[[nodiscard]] Host read_host(const SensorEnvironment& environment);

}  // namespace abate::meter
