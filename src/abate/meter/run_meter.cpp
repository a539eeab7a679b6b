#include "abate/meter/run_meter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace abate::meter {

Devices join(std::vector<SensorOpening> openings, std::string_view trusted_node_source) {
    Devices devices;
    int gpus_before = 0;
    for (SensorOpening& opening : openings) {
        for (Finding& finding : opening.findings) devices.findings.push_back(std::move(finding));
        if (!opening.sensor) continue;
        for (ChannelInfo channel : opening.sensor->channels()) {
            if (channel.gpu_index >= 0) channel.gpu_index += gpus_before;
            devices.channels.push_back(std::move(channel));
        }
        if (opening.shares != nullptr) {
            devices.gpus.push_back(opening.shares);
            gpus_before += opening.shares->gpu_count();
        }
        devices.sensors.push_back(std::move(opening.sensor));
    }
    devices.plans = plan_channels(devices.channels, trusted_node_source);
    for (const ChannelInfo& channel : devices.channels) {
        const auto milliwatts = [](double w) { return std::int64_t{std::llround(w * 1000)}; };
        devices.idle.push_back({milliwatts(channel.idle_w.value),
                                milliwatts(channel.idle_w.low),
                                milliwatts(channel.idle_w.high)});
    }
    return devices;
}

RunMeter::RunMeter(Devices devices, const RunMeterOptions& options, const Clock& clock)
    : devices_(std::move(devices)), options_(options), clock_(clock) {
    const std::size_t n = devices_.channels.size();
    counters_.reserve(n);
    for (const ChannelInfo& channel : devices_.channels) counters_.emplace_back(channel);
    readings_.resize(n);
    next_read_ns_.resize(devices_.sensors.size());
    window_start_.resize(n);
    window_power_w_.resize(n);
    state_.devices.resize(n);
    std::size_t gpus = 0;
    for (const GpuShareSource* source : devices_.gpus)
        gpus += static_cast<std::size_t>(source->gpu_count());
    gpu_shares_.resize(gpus);
}

void RunMeter::begin() {
    start_ = window_moment_ = clock_.now();
    std::size_t at = 0;
    for (std::size_t s = 0; s < devices_.sensors.size(); ++s) {
        Sensor& sensor = *devices_.sensors[s];
        const std::size_t count = sensor.channels().size();
        sensor.read(std::span(readings_).subspan(at, count), ReadReason::boundary);
        next_read_ns_[s] = start_.mono_ns;
        at += count;
    }
    for (std::size_t i = 0; i < counters_.size(); ++i) counters_[i].start(readings_[i]);
    for (const auto& sensor : devices_.sensors) sensor->job_used(0);
    // The driver's utilisation counters start here too.
    ask_gpu_shares({});
    state_.samples = 1;
    refresh_state(start_);
}

void RunMeter::sample(ReadReason reason) {
    const Moment now = clock_.now();
    const std::int64_t suspended = (now.boot_ns - start_.boot_ns) - (now.mono_ns - start_.mono_ns);
    std::size_t at = 0;
    for (std::size_t s = 0; s < devices_.sensors.size(); ++s) {
        Sensor& sensor = *devices_.sensors[s];
        const std::span<const ChannelInfo> channels = sensor.channels();
        if (reason == ReadReason::boundary || now.mono_ns >= next_read_ns_[s]) {
            sensor.read(std::span(readings_).subspan(at, channels.size()), reason);
            // Slow channels beside fast ones keep their own pace; a twentieth of slack, so that a reading due
            // at this sample is not put off to the next by a late clock.
            std::int64_t wait = channels.empty() ? 0 : channels.front().min_interval_ns;
            for (const ChannelInfo& channel : channels)
                wait = std::min(wait, channel.min_interval_ns);
            next_read_ns_[s] = now.mono_ns + wait - wait / 20;
            for (std::size_t i = at; i < at + channels.size(); ++i)
                counters_[i].fold(readings_[i], suspended);
        }
        at += channels.size();
    }
    ++state_.samples;
    tell_time(now);
}

void RunMeter::close_window(const CpuUse& use) {
    for (const auto& sensor : devices_.sensors) sensor->job_used(use.job_cpu_ns);
    const Moment now = clock_.now();
    const std::int64_t window_ns = std::max<std::int64_t>(0, now.mono_ns - window_moment_.mono_ns);
    Shares cpu = options_.whole_machine
                     ? whole_machine()
                     : cpu_shares({.job_ns = use.job_cpu_ns - last_use_.job_cpu_ns,
                                   .busy_ns = use.busy_cpu_ns - last_use_.busy_cpu_ns,
                                   .idle_ppm = options_.idle_ppm});
    ask_gpu_shares(use.job_pids);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        const ChannelInfo& channel = devices_.channels[i];
        Shares shares = cpu;
        if (channel.share == ShareBasis::gpu_usage && !options_.whole_machine) {
            const auto gpu = static_cast<std::size_t>(channel.gpu_index);
            shares = gpu < gpu_shares_.size() ? gpu_shares(gpu_shares_[gpu]) : Shares{};
            // A job that holds the whole node holds its accelerators, unless a variable says otherwise.
            const bool stated = gpu < gpu_shares_.size() && gpu_shares_[gpu].stated;
            if (!stated && options_.idle_ppm == static_cast<std::int64_t>(kWhole))
                shares.idle_job = kWhole;
        } else if (options_.memory_idle_ppm >= 0 && !options_.whole_machine &&
                   channel.device.starts_with("dram-")) {
            shares.idle_job =
                std::min(kWhole, static_cast<std::uint64_t>(options_.memory_idle_ppm));
        }
        const Microjoules total = counters_[i].energy();
        const Microjoules spent = std::max(Microjoules(0), total - window_start_[i]);
        window_start_[i] = total;
        window_power_w_[i] =
            window_ns > 0 ? spent.energy().in(joules) / (static_cast<double>(window_ns) / 1e9) : 0;
        add_window(state_.devices[i], spent, window_ns, devices_.idle[i], shares);
    }
    state_.idle_share_seconds += static_cast<double>(cpu.idle_job) / static_cast<double>(kWhole) *
                                 (static_cast<double>(window_ns) / 1e9);
    state_.job_cpu_ns = use.job_cpu_ns;
    state_.machine_busy_ns = use.busy_cpu_ns;
    last_use_ = {.job_cpu_ns = use.job_cpu_ns, .busy_cpu_ns = use.busy_cpu_ns, .job_pids = {}};
    window_moment_ = now;
    refresh_state(now);
}

void RunMeter::finish(const CpuUse& use) {
    for (const auto& sensor : devices_.sensors) sensor->job_used(use.job_cpu_ns);
    sample(ReadReason::boundary);
    close_window(use);
    const Moment now = clock_.now();
    for (std::size_t i = 0; i < counters_.size(); ++i) {
        counters_[i].finish(now.mono_ns);
        // What fills a gap was seen by no counter, so nobody is charged with it for certain.
        const Microjoules filled =
            std::max(Microjoules(0), counters_[i].energy() - window_start_[i]);
        if (options_.whole_machine) {
            state_.devices[i].job_active += filled;
            state_.devices[i].job_low += filled;
        } else {
            state_.devices[i].unknown += filled;
        }
        state_.devices[i].job_high += filled;
        window_start_[i] += filled;
    }
    refresh_state(now);
}

void RunMeter::ask_gpu_shares(std::span<const pid_t> job_pids) {
    std::size_t at = 0;
    for (GpuShareSource* source : devices_.gpus) {
        const auto count = static_cast<std::size_t>(source->gpu_count());
        source->shares(job_pids, std::span(gpu_shares_).subspan(at, count));
        at += count;
    }
}

std::optional<double> RunMeter::gpus_held() const noexcept {
    if (options_.whole_machine) return std::nullopt;
    std::optional<double> held;
    for (std::size_t i = 0; i < devices_.channels.size(); ++i) {
        const ChannelInfo& channel = devices_.channels[i];
        if (channel.share != ShareBasis::gpu_usage ||
            devices_.plans[i].role != ChannelRole::counted)
            continue;
        const auto gpu = static_cast<std::size_t>(channel.gpu_index);
        if (gpu >= gpu_shares_.size() || !gpu_shares_[gpu].stated) return std::nullopt;
        held = held.value_or(0) + gpu_shares_[gpu].reserved;
    }
    return held;
}

double RunMeter::window_power_w(std::size_t channel) const noexcept {
    return window_power_w_[channel];
}

std::int64_t RunMeter::reading_ns(std::size_t channel) const noexcept {
    return counters_[channel].last_ns();
}

void RunMeter::tell_time(const Moment& now) {
    state_.elapsed_ns = now.mono_ns - start_.mono_ns;
    state_.suspended_ns = (now.boot_ns - start_.boot_ns) - state_.elapsed_ns;
    state_.wall = now.wall;
}

void RunMeter::refresh_state(const Moment& now) {
    tell_time(now);
    for (std::size_t i = 0; i < counters_.size(); ++i)
        counters_[i].store(state_.devices[i], now.mono_ns);
}

}  // namespace abate::meter
