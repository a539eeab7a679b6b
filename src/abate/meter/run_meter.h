// RunMeter: the running totals of one window over all sensors of a machine.
//
//     RunMeter meter(std::move(devices), {.idle_ppm = -1}, clock);
//     meter.begin();                                    // first readings
//     meter.sample(ReadReason::periodic);               // at any rate, at least every 30 s
//     meter.close_window({.job_cpu_ns = 12'000'000, .busy_cpu_ns = 40'000'000});   // about once a
//     second: shares out meter.finish({...}); meter.state();                                    //
//     record::RunState, ready to save
//
// Sampling allocates nothing. Energy does not depend on the sampling rate; the split depends only
// on the windows. Not thread-safe.
#pragma once

#include "abate/core/clock.h"
#include "abate/meter/counter.h"
#include "abate/meter/plan.h"
#include "abate/meter/sensor.h"
#include "abate/meter/split.h"
#include "abate/record/record.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace abate::meter {

// Every sensor that could be opened, its channels in one row, and what counts. Built by discover.h
// or by tests.
struct Devices {
    std::vector<std::unique_ptr<Sensor>> sensors;
    std::vector<ChannelInfo> channels;   // of all sensors, in order
    std::vector<ChannelPlan> plans;      // one a channel
    std::vector<IdlePower> idle;         // one a channel
    std::vector<Provenance> provenance;  // of idle powers and model parameters
    std::vector<Finding> findings;       // of all sources, usable or not
    // Who uses the accelerators; each belongs to one of `sensors`. Channels count their gpu_index over all of them, in order.
    std::vector<GpuShareSource*> gpus;
};

// Joins opened sensors: rows their channels, plans them, and gives each an idle power: the
// channel's own, else none.
[[nodiscard]] Devices join(std::vector<SensorOpening> openings,
                           std::string_view trusted_node_source = {});

struct RunMeterOptions {
    bool whole_machine = false;
    // Reserved shares of idle energy in parts per million; < 0: by active share. Memory has its own:
    // a job may hold half of it and an eighth of the CPUs.
    std::int64_t idle_ppm = -1;
    std::int64_t memory_idle_ppm = -1;
};

// CPU time since the run began, cumulative.
struct CpuUse {
    std::int64_t job_cpu_ns = 0;
    std::int64_t busy_cpu_ns = 0;       // whole machine, all users
    std::span<const pid_t> job_pids{};  // for accelerators
};

class RunMeter {
  public:
    // `clock` outlives the meter.
    RunMeter(Devices devices, const RunMeterOptions& options, const Clock& clock);

    // Reads everything for the first time; the window begins.
    void begin();
    // Reads all channels that are due and folds them. The energies of state() follow at the next
    // close_window: ranges are not for a thousand times a second.
    void sample(ReadReason reason);
    // Shares out what was spent since the last window. `use` is cumulative.
    void close_window(const CpuUse& use);
    // Last readings, last window, gaps closed.
    void finish(const CpuUse& use);

    [[nodiscard]] const RunState& state() const noexcept { return state_; }
    [[nodiscard]] RunState& mutable_state() noexcept { return state_; }
    [[nodiscard]] const Devices& devices() const noexcept { return devices_; }
    // Mean power of a channel over the last window, watts; for display.
    [[nodiscard]] double window_power_w(std::size_t channel) const noexcept;
    // When a channel's last good reading was taken, CLOCK_MONOTONIC: energies in state() reach up to
    // there. A sensor that answers less often than it is asked stands still in between.
    [[nodiscard]] std::int64_t reading_ns(std::size_t channel) const noexcept;
    // Counted accelerators that a variable says are the job's, a MIG slice as its fraction; absent
    // where nothing says so.
    [[nodiscard]] std::optional<double> gpus_held() const noexcept;
    [[nodiscard]] std::int64_t elapsed_ns() const noexcept { return state_.elapsed_ns; }

  private:
    void tell_time(const Moment& now);
    void refresh_state(const Moment& now);
    void ask_gpu_shares(std::span<const pid_t> job_pids);

    Devices devices_;
    RunMeterOptions options_;
    const Clock& clock_;
    std::vector<EnergyCounter> counters_;
    std::vector<Reading> readings_;
    std::vector<std::int64_t> next_read_ns_;  // one a sensor
    std::vector<Microjoules> window_start_;
    std::vector<double> window_power_w_;
    std::vector<GpuShare> gpu_shares_;
    Moment start_{};
    Moment window_moment_{};
    CpuUse last_use_{};
    RunState state_;
};

// energy.devices of a header record: names, sources, qualities and roles; energies zero. part_of:
//   - of a second view: its own device ("package-0");
//   - of a domain inside another: that device;
//   - of the node reading, whose device is "node": "node";
//   - of another reading of the node: "node-check".
void describe_devices(RunRecord& record, const Devices& devices);

// Fills `record` (whose devices are described, and whose attributed.method and idle_rule are set)
// from the totals: devices, total, checks, attributed, unattributed, duration, ended_at, meter, and
// notes on gaps, resets and sleep. Pure: a live run and a spool that a killed one left behind end
// in the same record. Channels that the plan dropped leave the record, so a record is filled once.
// REQUIRES: state.devices.size() == record.energy.devices.size().
void fill_record(RunRecord& record, const RunState& state);

}  // namespace abate::meter
