// Whose joules: one window of one device, shared out exactly (docs/methodology/attribution.md).
//
//     idle   = min(E, P_idle x t)                 active = E - idle
//     active : job x (job CPU time / busy CPU time of the machine), the rest others; nobody busy:
//     unknown idle   : job x idle share (1 whole machine; reserved share; on a shared machine
//     without reservation the job's
//              share of busy time), the rest unattributed idle
//
// Integer microjoules; divisions floor and the remainder goes to the unattributed side, so
// job_active + job_idle + idle + others + unknown = E to the microjoule, whatever the window.
#pragma once

#include "abate/meter/gpu_share.h"
#include "abate/record/run_state.h"
#include "abate/units/energy.h"

#include <cstdint>

namespace abate::meter {

// Idle power of a device in milliwatts, with its range. low <= value <= high.
struct IdlePower {
    std::int64_t value_mw = 0;
    std::int64_t low_mw = 0;
    std::int64_t high_mw = 0;
};

// Parts per million, so that shares stay integers. 1,000,000 = all.
inline constexpr std::uint64_t kWhole = 1'000'000;

// How active and idle energy of a device divide in one window. active_job + active_others <=
// kWhole; the rest is unknown.
struct Shares {
    std::uint64_t active_job = 0;
    std::uint64_t active_others = 0;
    std::uint64_t idle_job = 0;
    // The job's greatest shares, where its CPU time is known as a least only (CpuWindow): what went to
    // others may have been its own. At most its shares otherwise.
    std::uint64_t active_job_most = 0;
    std::uint64_t idle_job_most = 0;
};

// CPU time in a window: the job's, and the machine's; and the reserved share of idle power, or < 0
// for "by active share".
struct CpuWindow {
    std::int64_t job_ns = 0;
    std::int64_t busy_ns = 0;
    std::int64_t idle_ppm = -1;
    bool job_is_least = false;  // part of the job's CPU time may be missing
};

// Shares of a CPU-side device. When the machine's tick-based count is below the job's exact one,
// the job's counts as all that was busy.
[[nodiscard]] Shares cpu_shares(const CpuWindow& window);
[[nodiscard]] Shares gpu_shares(const GpuShare& share);
// The whole machine is the job's.
[[nodiscard]] constexpr Shares whole_machine() { return {kWhole, 0, kWhole}; }

// Adds one window of `energy` over `window_ns` to the split fields of `state`. O(1), exact, no
// allocation. REQUIRES: energy >= 0, window_ns >= 0.
void add_window(DeviceState& state,
                Microjoules energy,
                std::int64_t window_ns,
                const IdlePower& idle,
                const Shares& shares);

}  // namespace abate::meter
