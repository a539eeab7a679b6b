#include "abate/meter/run_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace abate::meter {
namespace {

// Marks a device that leaves the record when it is filled.
constexpr const char* kDroppedDevice = "dropped";
// part_of of a second reading of the node.
constexpr const char* kNodeCheck = "node-check";

// Devices of one source and class err together: "perf package", "nvml gpu".
std::string cause_of(const DeviceEnergy& device) {
    return device.source + " " + device.device.substr(0, device.device.find('-'));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): low, then high
Ranged as_ranged(Microjoules value, double low, double high, bool bounded) {
    return {.value = static_cast<double>(value.count()),
            .low = low,
            .high = high,
            .kind = bounded ? RangeKind::bound : RangeKind::interval90};
}

// Keeps the exact value and takes the range from the floating sum.
EnergyRange exact_range(Microjoules value, const Ranged& sum) {
    const auto at = [](double count) {
        return Microjoules(static_cast<Int128>(std::llround(count)));
    };
    const double offset = static_cast<double>(value.count()) - sum.value;
    return {.value = value,
            .low = std::clamp(at(sum.low + offset), Microjoules(0), value),
            .high = std::max(at(sum.high + offset), value),
            .kind = sum.kind};
}

EnergyRange device_range(const DeviceState& state) {
    return {.value = state.energy,
            .low = state.low,
            .high = state.high,
            .kind = state.bounded ? RangeKind::bound : RangeKind::interval90};
}

// The job's part of one device: the device's own relative error and the idle power's range,
// independent of each other.
Ranged job_range(const DeviceState& state) {
    const Microjoules job = state.job_active + state.job_idle;
    const auto value = static_cast<double>(job.count());
    const auto total = static_cast<double>(state.energy.count());
    const double share = total > 0 ? value / total : 0;
    const double minus = share * static_cast<double>((state.energy - state.low).count());
    const double plus = share * static_cast<double>((state.high - state.energy).count());
    const double split_minus = std::max(0.0, value - static_cast<double>(state.job_low.count()));
    const double split_plus = std::max(0.0, static_cast<double>(state.job_high.count()) - value);
    return as_ranged(job,
                     std::max(0.0, value - std::hypot(minus, split_minus)),
                     value + std::hypot(plus, split_plus),
                     state.bounded);
}

void note_incidents(RunRecord& record, const RunState& state) {
    for (std::size_t i = 0; i < state.devices.size(); ++i) {
        const DeviceState& device = state.devices[i];
        const DeviceEnergy& described = record.energy.devices[i];
        if (described.part_of == kDroppedDevice) continue;
        const std::string name = described.device + " (" + described.source + ")";
        if (device.resets > 0) {
            record.notes.push_back(fmt::format(
                "{}: the counter was reset {} time{}; what was spent unseen is inside the range",
                name,
                device.resets,
                device.resets == 1 ? "" : "s"));
        }
        if (device.gap_ns > 0) {
            record.notes.push_back(
                fmt::format("{}: no reading for {:.3f} s{}",
                            name,
                            static_cast<double>(device.gap_ns) / 1e9,
                            device.gap_filled ? ", filled with its mean power and bounded" : ""));
        }
    }
    if (state.suspended_ns >= 1'000'000'000) {
        record.notes.push_back(
            fmt::format("the machine slept for {:.0f} s of the run; that time is not in duration_s",
                        static_cast<double>(state.suspended_ns) / 1e9));
    }
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of SourceCheck
void compare(RunRecord& record, const DeviceEnergy& counted, const DeviceEnergy& other) {
    SourceCheck check{
        .device = other.device, .counted_source = counted.source, .other_source = other.source};
    const double a = counted.energy.value.energy().in(joules);
    const double b = other.energy.value.energy().in(joules);
    check.ratio = a > 0 ? b / a : (b > 0 ? 0 : 1);
    check.agree =
        other.energy.low <= counted.energy.high && counted.energy.low <= other.energy.high;
    if (!check.agree) {
        record.notes.push_back(
            fmt::format("{}: {} says {:.3g} J, {} says {:.3g} J: they disagree beyond their ranges",
                        other.device,
                        counted.source,
                        a,
                        other.source,
                        b));
    }
    record.checks.push_back(std::move(check));
}

// Second views against the counted one: they agree when each lies within the other's range. A
// second view of the node is compared where one reading, not several supplies, stands for it.
void compare_views(RunRecord& record) {
    const auto is_node = [](const DeviceEnergy& d) {
        return d.device == "node" && d.part_of == "node";
    };
    const std::vector<DeviceEnergy>& devices = record.energy.devices;
    const bool one_node = std::count_if(devices.begin(), devices.end(), is_node) == 1;
    for (const DeviceEnergy& other : devices) {
        if (other.counted) continue;
        for (const DeviceEnergy& counted : devices) {
            const bool same_device = other.part_of == other.device && !is_node(other) &&
                                     counted.counted && counted.device == other.device;
            const bool same_node = other.part_of == kNodeCheck && is_node(counted) && one_node;
            if (same_device || same_node) compare(record, counted, other);
        }
    }
}

}  // namespace

void describe_devices(RunRecord& record, const Devices& devices) {
    record.energy.devices.clear();
    for (std::size_t i = 0; i < devices.channels.size(); ++i) {
        const ChannelInfo& channel = devices.channels[i];
        const ChannelPlan& plan = devices.plans[i];
        DeviceEnergy device;
        device.device = channel.device;
        device.source = channel.source;
        device.quality = channel.quality;
        device.name = channel.name;
        device.counted = plan.role == ChannelRole::counted;
        switch (plan.role) {
            case ChannelRole::counted:
                break;
            case ChannelRole::second_view:
                device.part_of =
                    channel.boundary == ChannelBoundary::node ? kNodeCheck : channel.device;
                break;
            case ChannelRole::inside:
                // The platform contains packages and memory; it is not one of its own parts.
                device.part_of = !channel.inside.empty()    ? channel.inside
                                 : channel.device == "psys" ? "platform"
                                                            : "psys";
                break;
            case ChannelRole::node:
                device.part_of = "node";
                break;
            case ChannelRole::dropped:
                device.part_of = kDroppedDevice;
                break;
        }
        record.energy.devices.push_back(std::move(device));
    }
    record.provenance.insert(
        record.provenance.end(), devices.provenance.begin(), devices.provenance.end());
}

void fill_record(RunRecord& record, const RunState& state) {
    ABATE_REQUIRE(state.devices.size() == record.energy.devices.size());
    RangeSum total;
    RangeSum job;
    Microjoules total_uj;
    Microjoules others_unknown;
    Microjoules active_uj;
    record.attributed.active = record.attributed.idle = Microjoules(0);
    record.unattributed = {};
    Quality worst = Quality::measured;
    for (std::size_t i = 0; i < state.devices.size(); ++i) {
        const DeviceState& from = state.devices[i];
        DeviceEnergy& to = record.energy.devices[i];
        to.energy = device_range(from);
        to.gap_s = static_cast<double>(from.gap_ns) / 1e9;
        if (from.gap_filled && to.quality == Quality::measured) to.quality = Quality::estimated;
        if (!to.counted) continue;
        worst = std::max(worst, to.quality);
        total_uj += from.energy;
        total.add(as_ranged(from.energy,
                            static_cast<double>(from.low.count()),
                            static_cast<double>(from.high.count()),
                            from.bounded),
                  cause_of(to));
        job.add(job_range(from), cause_of(to));
        // Totals read after the last window (a run that was killed) belong to nobody yet.
        const Microjoules unknown =
            from.energy - from.job_active - from.job_idle - from.idle - from.others;
        record.attributed.active += from.job_active;
        record.attributed.idle += from.job_idle;
        record.unattributed.idle += from.idle;
        record.unattributed.others += from.others;
        record.unattributed.unknown += unknown;
        others_unknown += from.others + unknown;
        active_uj += from.job_active + from.others + unknown;
    }
    record.energy.total = exact_range(total_uj, total.total());
    record.attributed.energy =
        exact_range(record.attributed.active + record.attributed.idle, job.total());
    // Sharing out by CPU time is a model; it is as good as the counter only when hardly anybody
    // else was active.
    const bool alone = others_unknown.count() * 100 <= active_uj.count();
    record.attributed.quality = record.attributed.method == "whole-machine" || alone
                                    ? worst
                                    : std::max(worst, Quality::modelled);
    record.attributed.cpu_time_s = static_cast<double>(state.job_cpu_ns) / 1e9;
    record.duration_s = static_cast<double>(state.elapsed_ns) / 1e9;
    record.attributed.idle_share =
        record.duration_s > 0 ? std::clamp(state.idle_share_seconds / record.duration_s, 0.0, 1.0)
                              : 0;
    record.ended_at = {record.started_at.us + (state.elapsed_ns + state.suspended_ns) / 1000};
    record.meter.cpu_time_s = static_cast<double>(state.meter_cpu_ns) / 1e9;
    record.meter.max_rss_bytes = state.meter_max_rss_bytes;
    record.meter.samples = state.samples;
    record.checks.clear();
    compare_views(record);
    note_incidents(record, state);
    // What the plan did not need or trust was read, but says nothing.
    std::erase_if(record.energy.devices,
                  [](const DeviceEnergy& device) { return device.part_of == kDroppedDevice; });
    ABATE_ASSERT(record.attributed.energy.value + record.unattributed.idle +
                     record.unattributed.others + record.unattributed.unknown ==
                 record.energy.total.value);
}

}  // namespace abate::meter
