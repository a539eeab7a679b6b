#include "abate/meter/sensors/model.h"

#include "abate/meter/machine_cpu.h"
#include "abate/meter/procfs.h"
#include "abate/meter/sensors/sensors.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace abate::meter {
namespace {

constexpr std::int64_t kFreshNs = 1'000'000'000;
// Estimates of this kind missed wall meters by up to 40 % (Fischer 2025, arXiv 2509.22092).
constexpr double kModelError = 0.40;

// Share of rated power at a load: the workload profile published by Teads and used by Boavizta (12,
// 32, 75 and 102 % at 0, 10, 50 and 100 % load). Concave, as RAPL traces are.
struct CurvePoint {
    double load;
    double share;
};
constexpr std::array<CurvePoint, 4> kCurve{{{0.0, 0.12}, {0.1, 0.32}, {0.5, 0.75}, {1.0, 1.02}}};

// Idle over full power of ten server generations in SPECpower_ssj2008, as collected by Cloud Carbon
// Footprint: 0.154 (Skylake) to 0.368 (Ivy Bridge), linear in between.
constexpr double kLeastIdleShare = 0.154;
constexpr double kMostIdleShare = 0.368;

constexpr std::array<std::string_view, 10> kGenerations{"Ivy Bridge",
                                                        "Sandy Bridge",
                                                        "Haswell",
                                                        "Broadwell",
                                                        "Skylake",
                                                        "Cascade Lake",
                                                        "Coffee Lake",
                                                        "EPYC 1st Gen",
                                                        "EPYC 2nd Gen",
                                                        "EPYC 3rd Gen"};

Provenance model_provenance(const Provenance& row, std::string figure, const Ranged& watts) {
    Provenance out = row;
    out.figure = std::move(figure);
    out.value = watts.value;
    out.low = watts.low;
    out.high = watts.high;
    out.unit = "W";
    return out;
}

// Rows from which a reader can work P(u) out again: idle and full power with their limits, and the
// error that widens these.
void explain_curve(PowerModel& model, const Provenance& row, bool calibrated) {
    model.provenance.push_back(
        model_provenance(row, "package-0.idle_w", model.points.front().watts));
    if (!calibrated) {
        Provenance error;
        error.figure = "package-0.model_error";
        error.value = error.low = error.high = kModelError;
        error.key = "model";
        error.layer = "built-in";
        error.source = "Fischer 2025, arXiv 2509.22092";
        error.year = 2025;
        error.basis = "limits are widened by this part of themselves";
        model.provenance.push_back(std::move(error));
    }
    model.provenance.push_back(
        model_provenance(row, "package-0.full_w", model.points.back().watts));
}

struct Stretch {
    double idle_w;
    double full_w;
};

// The published shape stretched between idle and full power.
double shaped(double share, const Stretch& between) {
    const double fraction =
        (share - kCurve.front().share) / (kCurve.back().share - kCurve.front().share);
    return between.idle_w + (between.full_w - between.idle_w) * fraction;
}

std::vector<PowerPoint> points_from_rated(double rated_w) {
    std::vector<PowerPoint> points;
    for (const CurvePoint& p : kCurve) {
        const double least = std::min(p.share, kLeastIdleShare + (1 - kLeastIdleShare) * p.load);
        const double most = std::max(p.share, kMostIdleShare + (1 - kMostIdleShare) * p.load);
        points.push_back({p.load,
                          {.value = p.share * rated_w,
                           .low = least * rated_w * (1 - kModelError),
                           .high = most * rated_w * (1 + kModelError),
                           .kind = RangeKind::bound}});
    }
    return points;
}

struct PerCpu {
    Ranged idle_w;
    Ranged full_w;
    Provenance provenance;
};

// REQUIRES: sorted, not empty.
double median(const std::vector<double>& sorted) {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Watts per logical CPU over the rows that fit: one generation, or every one when none is known.
std::optional<PerCpu> per_cpu(const Processor& cpu, const data::Tables& tables) {
    std::vector<std::string_view> names;
    const Generation generation = generation_of(cpu);
    if (!generation.row.empty()) names.push_back(generation.row);
    const bool known = !names.empty() && !generation.proxy;
    std::vector<double> idle;
    std::vector<double> full;
    std::optional<Provenance> provenance;
    if (names.empty()) names.assign(kGenerations.begin(), kGenerations.end());
    for (std::string_view name : names) {
        const Result<data::Figure> row = tables.coefficient("cpu-vcpu", name);
        if (!row) continue;
        idle.push_back(row->range.low);
        full.push_back(row->range.high);
        if (!provenance) provenance = row->provenance;
    }
    if (idle.empty()) return std::nullopt;
    std::sort(idle.begin(), idle.end());
    std::sort(full.begin(), full.end());
    PerCpu out{{.value = median(idle), .low = idle.front(), .high = idle.back()},
               {.value = median(full), .low = full.front(), .high = full.back()},
               *provenance};
    if (names.size() > 1) {
        out.provenance.key = "every generation of the table";
    } else if (!known) {
        out.provenance.basis +=
            (out.provenance.basis.empty() ? "" : "; ") + std::string("older generation as a proxy");
    }
    return out;
}

std::vector<PowerPoint> points_from_generation(const PerCpu& per, int cpus) {
    std::vector<PowerPoint> points;
    for (const CurvePoint& p : kCurve) {
        points.push_back({p.load,
                          {.value = shaped(p.share, {per.idle_w.value, per.full_w.value}) * cpus,
                           .low = (per.idle_w.low + (per.full_w.low - per.idle_w.low) * p.load) *
                                  cpus * (1 - kModelError),
                           .high = shaped(p.share, {per.idle_w.high, per.full_w.high}) * cpus *
                                   (1 + kModelError),
                           .kind = RangeKind::bound}});
    }
    return points;
}

Ranged dram_power(const data::Tables& tables, std::vector<Provenance>& provenance) {
    const Result<data::Figure> row = tables.coefficient("memory", "DRAM power");
    if (!row) return {};
    Provenance p = row->provenance;
    p.figure = "dram_w_per_gb";
    provenance.push_back(std::move(p));
    return row->range;
}

// Memory in use and present, bytes.
struct Memory {
    double used = 0;
    double total = 0;
};

// Of an open /proc/meminfo; zeros when it cannot be read.
Memory read_memory(int meminfo) noexcept {
    char buffer[1024];
    std::string_view text = read_small(meminfo, buffer);
    double total = 0;
    double available = 0;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        const std::string_view key = take_word(line);
        const auto kib = parse_number(take_word(line));
        if (!kib) continue;
        if (key == "MemTotal:") total = static_cast<double>(*kib) * 1024;
        if (key == "MemAvailable:") available = static_cast<double>(*kib) * 1024;
    }
    return {.used = std::max(0.0, total - available), .total = total};
}

class ModelSensor final : public Sensor {
  public:
    ModelSensor(const SensorEnvironment& environment, PowerModel model, int cpus)
        : clock_(*environment.clock),
          machine_(environment.procfs_root),
          meminfo_(open_for_reading((environment.procfs_root + "/meminfo").c_str())),
          model_(std::move(model)),
          cpus_(std::max(1, cpus)) {
        ChannelInfo package;
        package.device = "package-0";
        package.source = "model";
        package.kind = ChannelKind::model;
        package.quality = model_.quality;
        package.idle_w = model_.points.front().watts;
        package.idle_source = "model at no load";
        channels_.push_back(package);
        if (model_.dram_w_per_gb.value > 0) {
            memory_ = read_memory(meminfo_.get());
            ChannelInfo dram = package;
            dram.device = "dram-0";
            // Refresh and background power of memory in use is there whoever runs: all of it is
            // idle power.
            dram.idle_w = dram_watts(memory_);
            dram.idle_w.value = dram.idle_w.high;
            dram.idle_w.low = dram.idle_w.high;
            dram.idle_source = "memory in use";
            channels_.push_back(dram);
        }
        last_ns_ = clock_.now().mono_ns;
        MachineCpuTime first;
        if (machine_.read(first)) busy_ns_ = first.busy_ns;
    }

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }

    void read(std::span<Reading> out, ReadReason reason) noexcept override {
        const std::int64_t now = clock_.now().mono_ns;
        const std::int64_t elapsed = now - last_ns_;
        ReadStatus status = ReadStatus::no_update;
        // A load that cannot be read is no energy yet: the next reading makes it up, and the end of a
        // run that has none fills it.
        if (reason == ReadReason::boundary || elapsed >= kFreshNs)
            status = advance(now) ? ReadStatus::ok : ReadStatus::failed;
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = {.status = status,
                      .value = static_cast<std::uint64_t>(energy_[i].value),
                      .low = static_cast<std::uint64_t>(energy_[i].low),
                      .high = static_cast<std::uint64_t>(energy_[i].high),
                      .mono_ns = last_ns_,
                      .epoch = 0};
        }
    }

    void job_used(std::int64_t cpu_ns) noexcept override {
        if (cpu_ns <= 0) before_job_ns_ = busy_ns_;
        least_busy_ns_ = before_job_ns_ + cpu_ns;
    }

  private:
    bool advance(std::int64_t now) noexcept {
        const std::int64_t elapsed = now - last_ns_;
        MachineCpuTime time;
        if (!machine_.read(time)) return false;
        // The machine was busy for at least as long as the job was. Both are running totals, so
        // what the ticks show later is not counted again.
        const std::int64_t total = std::max({time.busy_ns, least_busy_ns_, busy_ns_});
        const double capacity = static_cast<double>(elapsed) * cpus_;
        const auto busy = static_cast<double>(total - busy_ns_);
        add(energy_[0], power_at(model_.points, capacity > 0 ? busy / capacity : 0), elapsed);
        if (channels_.size() > 1) {
            // What cannot be read this once was not taken out: the last figure stands.
            const Memory memory = read_memory(meminfo_.get());
            if (memory.total > 0) memory_ = memory;
            add(energy_[1], dram_watts(memory_), elapsed);
        }
        busy_ns_ = total;
        last_ns_ = now;
        return true;
    }

    static void add(Ranged& energy_uj, const Ranged& watts, std::int64_t elapsed_ns) noexcept {
        const double factor = static_cast<double>(elapsed_ns) / 1000.0;  // W x ns -> uJ
        energy_uj.value += watts.value * factor;
        energy_uj.low += watts.low * factor;
        energy_uj.high += watts.high * factor;
    }

    [[nodiscard]] Ranged dram_watts(const Memory& memory) const noexcept {
        const Ranged& per_gb = model_.dram_w_per_gb;
        return {.value = per_gb.value * memory.used / 1e9,
                .low = per_gb.low * memory.used / 1e9 * (1 - kModelError),
                .high = per_gb.high * std::max(memory.total, memory.used) / 1e9,
                .kind = RangeKind::bound};
    }

    const Clock& clock_;
    MachineCpu machine_;
    FileDescriptor meminfo_;
    PowerModel model_;
    int cpus_;
    std::vector<ChannelInfo> channels_;
    Memory memory_;  // as last read
    std::int64_t last_ns_ = 0;
    std::int64_t busy_ns_ = 0;        // of the machine, running total that is accounted for
    std::int64_t before_job_ns_ = 0;  // the same when the run began
    std::int64_t least_busy_ns_ = 0;  // what the job alone has used, on the same scale
    std::array<Ranged, 2> energy_{};  // microjoules
};

}  // namespace

Generation generation_of(const Processor& cpu) {
    if (cpu.vendor == "AuthenticAMD") {
        if (cpu.family == 0x17) return {cpu.model < 0x30 ? "EPYC 1st Gen" : "EPYC 2nd Gen", false};
        if (cpu.family == 0x19 && cpu.model < 0x10) return {"EPYC 3rd Gen", false};
        if (cpu.family >= 0x19) return {"EPYC 3rd Gen", true};  // Genoa, Bergamo, Turin
        return {};
    }
    if (cpu.vendor == "GenuineIntel" && cpu.family == 6) {
        switch (cpu.model) {
            case 0x2a:
            case 0x2d:
                return {"Sandy Bridge", false};
            case 0x3a:
            case 0x3e:
                return {"Ivy Bridge", false};
            case 0x3c:
            case 0x3f:
            case 0x45:
            case 0x46:
                return {"Haswell", false};
            case 0x3d:
            case 0x47:
            case 0x4f:
            case 0x56:
                return {"Broadwell", false};
            case 0x4e:
            case 0x5e:
                return {"Skylake", false};
            case 0x55:
                return {cpu.stepping >= 5 ? "Cascade Lake" : "Skylake", cpu.stepping >= 10};
            case 0x8e:
            case 0x9e:
                return {"Coffee Lake", false};
            default:
                break;
        }
        if (cpu.model > 0x55) return {"Cascade Lake", true};
        return {};
    }
    return {};
}

PowerModel make_power_model(const Processor& cpu,
                            const data::Tables& tables,
                            const PowerProfile* profile) {
    PowerModel model;
    model.dram_w_per_gb = dram_power(tables, model.provenance);
    if (profile != nullptr && profile->points.size() >= 2 && profile->cpus > 0) {
        const double scale = static_cast<double>(cpu.cpus) / profile->cpus;
        for (PowerPoint point : profile->points) {
            point.watts.value *= scale;
            point.watts.low *= scale;
            point.watts.high *= scale;
            model.points.push_back(point);
        }
        if (profile->dram_w_per_gb.value > 0) model.dram_w_per_gb = profile->dram_w_per_gb;
        Provenance row;
        row.key = profile->name;
        row.layer = "measured";
        row.source = "abate calibrate, " + profile->source;
        row.basis = fmt::format(
            "fitted {}, residual {:.1f} %", profile->fitted_at, profile->residual * 100);
        explain_curve(model, row, true);
        model.described = "a calibrated profile of " + profile->name;
        return model;
    }
    const Result<data::Cpu> known = tables.cpu(cpu.model_name);
    const bool rated = known && known->tdp_w > 0;
    const int threads = !rated ? 0 : known->threads > 0 ? known->threads : 2 * known->cores;
    if (rated && (!cpu.guest || threads > 0)) {
        // A guest has a share of one socket, by threads; its host's other guests have the rest.
        const double rated_w =
            cpu.guest ? known->tdp_w * cpu.cpus / threads : known->tdp_w * std::max(1, cpu.sockets);
        model.points = points_from_rated(rated_w);
        explain_curve(model, known->provenance, false);
        model.described =
            fmt::format("rated power of {} ({:.0f} W{}), load curve of Teads",
                        known->name,
                        known->tdp_w,
                        cpu.guest ? fmt::format(", {} of {} threads", cpu.cpus, threads) : "");
        return model;
    }
    if (const std::optional<PerCpu> per = per_cpu(cpu, tables)) {
        model.points = points_from_generation(*per, cpu.cpus);
        explain_curve(model, per->provenance, false);
        model.described =
            fmt::format("{:.2f} to {:.2f} W per logical CPU ({}), load curve of Teads",
                        per->idle_w.value,
                        per->full_w.value,
                        per->provenance.key);
    }
    return model;
}

SensorOpening open_model(const SensorEnvironment& environment,
                         const data::Tables& tables,
                         const PowerProfile* profile,
                         std::vector<Provenance>& provenance) {
    SensorOpening opening;
    const Processor cpu = read_processor(environment);
    PowerModel model = make_power_model(cpu, tables, profile);
    Finding finding{.source = "model",
                    .state = FindingState::usable,
                    .subject = cpu.model_name,
                    .detail = "",
                    .grant = "",
                    .gain = ""};
    if (model.points.size() < 2) {
        finding.state = FindingState::unsupported;
        finding.detail = "no table has a coefficient for this processor";
        opening.findings.push_back(std::move(finding));
        return opening;
    }
    finding.detail = model.described;
    finding.gain = fmt::format("package power within {:.1f} to {:.1f} W at full load",
                               model.points.back().watts.low,
                               model.points.back().watts.high);
    opening.findings.push_back(std::move(finding));
    provenance.insert(provenance.end(), model.provenance.begin(), model.provenance.end());
    if (model.dram_w_per_gb.value > 0) {
        const FileDescriptor meminfo =
            open_for_reading((environment.procfs_root + "/meminfo").c_str());
        const Memory memory = read_memory(meminfo.get());
        provenance.push_back(
            {.figure = "dram-0.used_gb",
             .value = memory.used / 1e9,
             .low = memory.used / 1e9,
             .high = std::max(memory.used, memory.total) / 1e9,
             .unit = "GB",
             .key = "/proc/meminfo",
             .layer = "measured",
             .source = "MemTotal - MemAvailable when the run began; high: MemTotal",
             .year = 0,
             .basis = "memory in use, to memory present",
             .licence = ""});
    }
    opening.sensor = std::make_unique<ModelSensor>(environment, std::move(model), cpu.cpus);
    return opening;
}

}  // namespace abate::meter
