#include "abate/meter/split.h"

#include <algorithm>
#include <cmath>

namespace abate::meter {
namespace {

struct Parts {
    Microjoules job_active;
    Microjoules job_idle;
    Microjoules idle;
    Microjoules others;
    Microjoules unknown;
};

Parts split(Microjoules energy,
            // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, three calls below
            std::int64_t window_ns,
            std::int64_t idle_mw,
            const Shares& shares) {
    // milliwatts x nanoseconds = picojoules.
    const Microjoules idle_cap(static_cast<Int128>(idle_mw) * window_ns / 1'000'000);
    const Microjoules idle = std::min(energy, idle_cap);
    const Microjoules active = energy - idle;
    Parts parts;
    parts.job_active = share_floor(active, shares.active_job, kWhole);
    const std::uint64_t known = std::min(kWhole, shares.active_job + shares.active_others);
    if (known == kWhole) {
        parts.others = active - parts.job_active;
    } else {
        parts.others = share_floor(active, shares.active_others, kWhole);
        parts.unknown = active - parts.job_active - parts.others;
    }
    parts.job_idle = share_floor(idle, shares.idle_job, kWhole);
    parts.idle = idle - parts.job_idle;
    return parts;
}

std::uint64_t to_ppm(double share) {
    return static_cast<std::uint64_t>(
        std::llround(std::clamp(share, 0.0, 1.0) * static_cast<double>(kWhole)));
}

}  // namespace

Shares cpu_shares(const CpuWindow& window) {
    const std::int64_t job_ns = std::max<std::int64_t>(0, window.job_ns);
    const std::int64_t busy_ns = std::max(window.busy_ns, job_ns);
    Shares shares;
    if (busy_ns > 0) {
        shares.active_job = to_ppm(static_cast<double>(job_ns) / static_cast<double>(busy_ns));
        shares.active_others = kWhole - shares.active_job;
    }
    shares.idle_job = window.idle_ppm < 0
                          ? shares.active_job
                          : std::min(kWhole, static_cast<std::uint64_t>(window.idle_ppm));
    if (window.job_is_least) {
        shares.active_job_most = shares.active_job + shares.active_others;
        shares.idle_job_most = window.idle_ppm < 0 ? shares.active_job_most : shares.idle_job;
    }
    return shares;
}

Shares gpu_shares(const GpuShare& share) {
    Shares shares;
    if (share.known) {
        shares.active_job = to_ppm(share.job);
        shares.active_others = std::min(kWhole - shares.active_job, to_ppm(share.others));
        // Rounding of two halves must not leave a part per million unknown.
        if (share.job + share.others > 1 - 1e-9) shares.active_others = kWhole - shares.active_job;
    }
    // Devices that nobody set aside are shared like the rest of the machine: by activity.
    shares.idle_job = share.stated ? to_ppm(share.reserved) : shares.active_job;
    return shares;
}

void add_window(DeviceState& state,
                Microjoules energy,
                std::int64_t window_ns,
                const IdlePower& idle,
                const Shares& shares) {
    const Parts parts = split(energy, window_ns, idle.value_mw, shares);
    state.job_active += parts.job_active;
    state.job_idle += parts.job_idle;
    state.idle += parts.idle;
    state.others += parts.others;
    state.unknown += parts.unknown;
    const Parts at_low = split(energy, window_ns, idle.low_mw, shares);
    const Parts at_high = split(energy, window_ns, idle.high_mw, shares);
    const Microjoules job = parts.job_active + parts.job_idle;
    const Microjoules job_at_low = at_low.job_active + at_low.job_idle;
    const Microjoules job_at_high = at_high.job_active + at_high.job_idle;
    // What nobody explains may have been the job's.
    state.job_low += std::min({job, job_at_low, job_at_high});
    Microjoules most = std::max({job, job_at_low, job_at_high});
    if (shares.active_job_most > shares.active_job) {
        const Shares greatest{.active_job = shares.active_job_most,
                              .active_others = kWhole - shares.active_job_most,
                              .idle_job = shares.idle_job_most};
        for (const std::int64_t mw : {idle.value_mw, idle.low_mw, idle.high_mw}) {
            const Parts at = split(energy, window_ns, mw, greatest);
            most = std::max(most, at.job_active + at.job_idle);
        }
    }
    state.job_high += most + parts.unknown;
}

}  // namespace abate::meter
