// Processor: what the kernel says of this machine's CPUs, once for everybody who asks: the host's
// description, the power model, the floating-point counters.
//
//     const Processor cpu = read_processor(environment);
//     cpu.model_name;      // "AMD EPYC 7742 64-Core Processor"; in a guest perhaps only "AMD EPYC"
//     cpu.cpus;            // logical CPUs on line
//
// From /proc/cpuinfo (proc(5): "key<tab>: value", a block for each CPU); the numbers of CPUs and
// sockets from sysfs where it has them, because cpuinfo of a large machine is longer than what is
// read of it (1 MiB).
#pragma once

#include "abate/meter/sensor.h"

#include <string>
#include <string_view>

namespace abate::meter {

struct Processor {
    std::string vendor;           // "AuthenticAMD", "GenuineIntel"; empty elsewhere
    std::string model_name = {};  // on ARM, which has none, the board's name, where it is told
    int family = 0;
    int model = 0;
    int stepping = 0;
    int cpus = 1;
    int sockets = 0;     // 0: not told
    bool guest = false;  // runs under a hypervisor
};

// Parses /proc/cpuinfo. Never fails: unknown fields stay empty, absurd numbers are cut (65535).
// Fuzzed.
[[nodiscard]] Processor parse_processor(std::string_view cpuinfo);

// The same with the CPUs on line and the sockets as sysfs tells them; cpus and sockets are at least
// 1. `environment.processor` where that is set.
[[nodiscard]] Processor read_processor(const SensorEnvironment& environment);

}  // namespace abate::meter
