// PolledGpuSensor: accelerators behind a vendor's library that may be slow, read on a thread of its
// own so that no sample ever waits for a driver.
//
//     class NvmlDriver final : public GpuDriver { ... };        // every call into the library
//     SensorOpening opening = open_polled_gpus(std::make_unique<NvmlDriver>(...), options);
//     opening.sensor->read(readings, ReadReason::periodic);     // newest values, own times
//     opening.shares->shares(pids, out);                        // from the last poll
//
// Rules (docs/reference/sensors.md, section nvml):
//   - The driver object lives on the helper thread alone: it is opened, asked and closed there.
//   - A periodic read asks for a sweep of all channels when none is under way and gives it
//     kPeriodicGrace to answer; a sweep that is already late is never waited for. What is newest is
//     returned with its own time; nothing newer is `no_update`; nothing newer while a sweep has
//     been under way for longer than GpuLimits::read is `failed`.
//   - A boundary read asks for a fresh sweep, usage included, and waits at most GpuLimits::read; a
//     channel that has not answered by then is `failed`, which the next good value closes.
//   - Usage by process is polled every kUsagePeriod and at boundaries.
// One thread reads a sensor at a time, as Sensor says; read() and shares() allocate nothing.
#pragma once

#include "abate/meter/gpu_share.h"
#include "abate/meter/sensor.h"
#include "abate/meter/sensors/gpu_limits.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace abate::meter {

// Wall time, not the clock of the environment: it bounds how long somebody waits, as GpuLimits do.
inline constexpr std::chrono::milliseconds kPeriodicGrace{2};
// Process lists and utilisation cost 1 to 11 ms a call in a published sampler: slower than energy.
inline constexpr std::int64_t kUsagePeriodNs = 3'000'000'000;

// What one process did on a GPU in the poll's interval, in any unit that adds up. Processes of one
// `group` (a MIG instance, a device without per-process figures) are only known to have done the
// group's weight together; each carries an equal part of it. -1: measured by itself.
struct GpuWork {
    pid_t pid = 0;
    double weight = 0;
    int group = -1;
};

// Who worked on one GPU. `measured`: weights are work done; otherwise they only say who is there.
struct GpuUsage {
    static constexpr std::size_t kMost = 256;

    bool known = false;  // the driver could tell
    bool measured = false;
    double unnamed = 0;  // weight of work whose process is not known
    std::size_t count = 0;
    std::array<GpuWork, kMost> of{};

    // Adds to the process's weight; past kMost processes to `unnamed`.
    void add(pid_t pid, double weight, int group = -1) noexcept;
    // `weight` of a group in equal parts.
    void add_group(int group, double weight, std::span<const pid_t> pids) noexcept;
    void clear() noexcept;
};

// Tells the processes of the job from others; job pids seen once stay known after they end.
class JobPids {
  public:
    JobPids();
    // True when `pid` is in `live` or was so in an earlier call.
    [[nodiscard]] bool contains(pid_t pid, std::span<const pid_t> live) noexcept;

  private:
    std::vector<pid_t> remembered_;  // a ring, reserved once
    std::size_t next_ = 0;
};

// job and others of `usage`. `exists` says whether a pid is still a process: a stranger that has
// ended could have been a short-lived child of the job, so its weight goes to neither.
// A group counts for the job when all its processes are the job's, for others when none is, and for
// neither when it is mixed. job + others <= 1; not known when nothing but mixed groups worked.
[[nodiscard]] GpuShare share_of(const GpuUsage& usage,
                                std::span<const pid_t> live,
                                JobPids& pids,
                                const std::function<bool(pid_t)>& exists) noexcept;

// True when this process is in the machine's first pid namespace, where the drivers' pids mean what
// ours do.
[[nodiscard]] bool in_first_pid_namespace(const std::string& procfs_root);

// What opening found.
struct GpuOpening {
    std::vector<ChannelInfo> channels;  // grouped by gpu_index, ascending
    std::vector<Finding> findings;
    bool stated = false;           // a variable says which devices are the job's
    std::vector<double> reserved;  // one a GPU
};

// The clock, for a driver: safe to ask even when the sensor is gone and the thread hangs in a call.
using GpuClock = std::function<Moment()>;

// A vendor's library. All calls come from one thread.
class GpuDriver {
  public:
    virtual ~GpuDriver() = default;
    [[nodiscard]] virtual GpuOpening open(const GpuClock& clock) = 0;
    // The channels of one GPU, in the order of open().
    virtual void sample(int gpu, std::span<Reading> out) noexcept = 0;
    // Work since the last call.
    virtual void usage(int gpu, GpuUsage& out) noexcept = 0;
    // Opening took too long and the sensor was built without it: from now on each GPU has one
    // channel, its power gauge.
    virtual void only_power() noexcept = 0;
};

struct PolledGpuOptions {
    const Clock* clock = nullptr;
    std::string procfs_root = "/proc";
    std::int64_t min_interval_ns = 0;  // of sweeps
    // Called in place of the driver's answer when that is late: power gauges, one a GPU, that will
    // deliver once the driver is there; and a finding that says so.
    std::function<GpuOpening()> late;
    GpuLimits limits;
};

[[nodiscard]] SensorOpening open_polled_gpus(std::unique_ptr<GpuDriver> driver,
                                             PolledGpuOptions options);

}  // namespace abate::meter
