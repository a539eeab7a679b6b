// The running totals of a metered run at one moment: what the spool keeps every second, and all
// that the final record needs beside its header. Fixed size for a given set of devices, so that it
// is written without allocation.
#pragma once

#include "abate/core/clock.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <vector>

namespace abate {

// Cumulative since the run began, microjoules. Split of the device's energy by the rule of
// docs/methodology/attribution.md: job_active + job_idle + idle + others + unknown = energy.
struct DeviceState {
    Microjoules energy;
    Microjoules low;
    Microjoules high;
    std::int64_t gap_ns = 0;
    std::uint64_t raw = 0;  // last good raw reading, so that a trace can be recomputed
    std::int64_t resets = 0;
    std::int64_t wraps = 0;
    std::int64_t failed_reads = 0;
    bool gap_filled = false;  // part of the energy was filled from the device's mean power
    bool bounded =
        false;  // low/high include limits of a reset or a filled gap, not only a 90 % interval
    Microjoules job_active;
    Microjoules job_idle;
    Microjoules idle;
    Microjoules others;
    Microjoules unknown;
    Microjoules job_low;  // job_active + job_idle at the edges of the idle power's range
    Microjoules job_high;

    bool operator==(const DeviceState&) const = default;
};

struct RunState {
    std::int64_t elapsed_ns = 0;    // CLOCK_MONOTONIC since the run began
    std::int64_t suspended_ns = 0;  // asleep meanwhile
    Timestamp wall;
    std::int64_t samples = 0;
    std::int64_t job_cpu_ns = 0;
    std::int64_t machine_busy_ns = 0;  // all CPUs, all users
    std::int64_t meter_cpu_ns = 0;
    std::int64_t meter_max_rss_bytes = 0;
    double idle_share_seconds =
        0;  // integral of the CPU idle share over time, for its time-weighted mean
    std::vector<DeviceState> devices;  // in the order of the header's energy.devices

    bool operator==(const RunState&) const = default;
};

}  // namespace abate
