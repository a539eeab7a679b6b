// Sensor: a source of raw readings (one file each under sensors/). A sensor has channels; a channel
// is one device's counter or power reading. Sensors only read: folding counters into energy is
// counter.h, choosing among sources is plan.h, sharing out is split.h.
//
//     SensorOpening opening = open_powercap(environment);       // never throws, never hangs
//     for (const Finding& f : opening.findings) ...              // what `abate doctor` prints
//     if (opening.sensor) opening.sensor->read(readings, ReadReason::boundary);
//
// Thread-compatible: one thread reads a sensor at a time.
#pragma once

#include "abate/core/clock.h"
#include "abate/record/measurement.h"
#include "abate/units/ranged.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace abate::meter {

// What a channel's raw value is.
enum class ChannelKind {
    energy_counter,  // cumulative; may wrap at `modulus`, may be reset
    power_gauge,     // microwatts now; integrated by trapezoids between readings
    model,           // cumulative microjoules computed by abate, with cumulative low and high
};

// Which boundary the channel measures at.
enum class ChannelBoundary { component, node };

// What shares out the device's active energy among jobs.
enum class ShareBasis {
    cpu_time,   // packages, DRAM, platform, the model
    gpu_usage,  // accelerators
};

struct ChannelInfo {
    std::string
        device;  // "package-0", "dram-0", "psys", "gpu-0", "node"; docs/reference/run_record.md
    std::string source;  // "perf", "powercap", "powercap-mmio", "nvml", "nvml-power", "amdsmi",
                         // "hwmon", "redfish"...
    std::string name;    // product name; may be empty
    ChannelKind kind = ChannelKind::energy_counter;
    ChannelBoundary boundary = ChannelBoundary::component;
    ShareBasis share = ShareBasis::cpu_time;
    int gpu_index = -1;  // index among GPUs for ShareBasis::gpu_usage, else -1

    // energy_counter only: energy_uj = raw * unit_num / unit_den. modulus = 0: never wraps
    // (64-bit). For powercap: unit 1/1 and modulus = max_energy_range_uj + one counter unit.
    std::uint64_t unit_num = 1;
    std::uint64_t unit_den = 1;
    std::uint64_t modulus = 0;

    // No reading above this is believed: neither a wrap nor a jump. Watts.
    double plausible_w = 5000;
    // Relative 90 % accuracy of the source itself (systematic), e.g. 0.05; its citation for
    // provenance and docs.
    double accuracy = 0.05;
    std::string accuracy_source;
    // The counter's refresh period: an edge of a window is uncertain by power x period. Seconds.
    double refresh_s = 0.001;
    // A domain that is part of another device's reading ("package-0" for core and uncore); empty
    // when it stands alone.
    std::string inside;
    // Never read faster than this (slow drivers, BMCs); the last value stands meanwhile.
    // Nanoseconds.
    std::int64_t min_interval_ns = 0;
    Quality quality = Quality::measured;
    // Idle power of the device where the source knows it (profile, table), watts; low = high = 0:
    // unknown.
    Ranged idle_w{};
    std::string idle_source;
};

enum class ReadStatus : std::uint8_t {
    ok,
    no_update,  // read, but the source has nothing newer; not a gap
    failed,     // this once: EIO, short read, time-out; the next good value closes the gap
    gone,       // the device left (hot-unplug, GPU lost, CPU offline); may come back
};

struct Reading {
    ReadStatus status = ReadStatus::failed;
    std::uint64_t value = 0;  // raw counter, microwatts, or (model) cumulative microjoules
    std::uint64_t low = 0;    // model only: cumulative microjoules
    std::uint64_t high = 0;   // model only
    std::int64_t mono_ns =
        0;  // CLOCK_MONOTONIC at the reading itself, not at the start of the sweep
    std::uint64_t epoch =
        0;  // changes when the source knows that its counter restarted (driver reload)
};

enum class ReadReason : std::uint8_t {
    periodic,
    boundary,  // start or end of a window: read everything, even what was read a moment ago
};

class GpuShareSource;

class Sensor {
  public:
    virtual ~Sensor() = default;
    Sensor(const Sensor&) = delete;
    Sensor& operator=(const Sensor&) = delete;

    // Fixed after opening.
    [[nodiscard]] virtual std::span<const ChannelInfo> channels() const noexcept = 0;
    // Fills one Reading a channel, in order. Allocates nothing, blocks at most some milliseconds.
    // REQUIRES: out.size() == channels().size().
    virtual void read(std::span<Reading> out, ReadReason reason) noexcept = 0;
    // CPU time that the run is known to have used so far, exactly; 0 when it begins, after the
    // first reading. Counters have no use for it. The model does: the kernel's own account of busy
    // time has steps of 10 ms, in which a short job does not show.
    virtual void job_used(std::int64_t /*cpu_ns*/) noexcept {}

  protected:
    Sensor() = default;
};

// What opening a source found; one line of `abate doctor`.
enum class FindingState {
    usable,
    denied,       // there, but not readable: `grant` says what the administrator runs
    absent,       // not on this machine
    unsupported,  // there, but this device cannot do it
    broken,       // there, and its data make no sense
};

[[nodiscard]] const char* to_string(FindingState state);

struct Finding {
    std::string source;  // as ChannelInfo::source
    FindingState state = FindingState::absent;
    std::string subject;  // path, device or library that was tried
    std::string detail;   // one sentence: what was seen
    std::string grant;    // shell line that would open it; empty when nothing helps
    std::string gain;     // what it buys: "package energy from a counter instead of a model"
};

struct SensorOpening {
    std::unique_ptr<Sensor> sensor;    // null when no channel is usable
    std::vector<Finding> findings;     // at least one
    GpuShareSource* shares = nullptr;  // of an accelerator sensor; belongs to `sensor`
};

struct Processor;  // processor.h

// The world as sensors see it; tests and containers point it elsewhere.
struct SensorEnvironment {
    std::string sysfs_root = "/sys";  // ABATE_SYSFS_ROOT
    std::string procfs_root = "/proc";
    std::string dev_root = "/dev";
    std::string nvml_library;      // ABATE_NVML_LIBRARY; empty: libnvidia-ml.so.1
    std::string amdsmi_library;    // ABATE_AMDSMI_LIBRARY; empty: the usual places
    const Clock* clock = nullptr;  // REQUIRES: outlives the sensors
    // What read_processor answers, where somebody has asked before; null: it looks. The kernel writes a
    // block for each CPU, which takes milliseconds on a large machine, and half a dozen places ask.
    std::shared_ptr<const Processor> processor;
};

}  // namespace abate::meter
