// The `power` PMU of perf_event_open: the same RAPL counters as powercap, but extended to 64 bits
// by the kernel, in units of 2^-32 J, and read for all domains of a socket at one instant.
//
//     SensorOpening opening = open_perf(environment, system_perf_calls());
//
// Needs CAP_PERFMON (Linux 5.8 and later; CAP_SYS_ADMIN before), root, or
// kernel.perf_event_paranoid <= 0. The kernel takes differences of the 32-bit register as signed:
// above half its range between two readings (200 W for 655 s at 2^-14 J) energy would count
// backwards, so each channel must be read at least every 30 s.
#pragma once

#include "abate/meter/sensor.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace abate::meter {

// One counter to open: machine-wide on `cpu`, in the group of `group_fd` (-1: a group of its own).
struct PerfEvent {
    std::uint32_t pmu_type = 0;
    std::uint64_t config = 0;
    int cpu = 0;
    int group_fd = -1;
};

// The system calls of a perf reader, so that tests can answer with files in memory.
struct PerfCalls {
    // A descriptor, or -errno. What it reads as is `u64 n, u64 value[n]`, one value for each event
    // of the group (PERF_FORMAT_GROUP).
    std::function<int(const PerfEvent&)> open;
    // Bytes, or -errno. The real one never seeks: a perf descriptor cannot.
    std::function<ssize_t(int fd, void* buffer, std::size_t size)> read;
};

[[nodiscard]] PerfCalls system_perf_calls();

[[nodiscard]] SensorOpening open_perf(const SensorEnvironment& environment, PerfCalls calls);

}  // namespace abate::meter
