// The run record: everything abate says of one run, as stored, printed and exchanged. Plain
// structs; the JSON keys are those of docs/reference/run_record.md, in this order.
//
// Conservation holds to the microjoule: attributed.energy + unattributed.(idle + others + unknown)
// = energy.total, where attributed.energy = attributed.active + attributed.idle.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/id.h"
#include "abate/record/measurement.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate {

inline constexpr int kRunRecordSchema = 1;

enum class RunStatus { running, finished, failed, interrupted };
enum class Phase { data, experimentation, training, finetuning, inference };

[[nodiscard]] const char* to_string(RunStatus status);
[[nodiscard]] const char* to_string(Phase phase);
[[nodiscard]] std::optional<RunStatus> parse_run_status(std::string_view text);
[[nodiscard]] std::optional<Phase> parse_phase(std::string_view text);
[[nodiscard]] std::optional<Quality> parse_quality(std::string_view text);

struct Host {
    std::string name;
    std::string cpu_model;
    int sockets = 1;
    int cpus = 1;  // logical CPUs online
    std::uint64_t memory_bytes = 0;
    bool virtual_machine = false;
    std::string kind;  // "server" | "laptop" | "desktop" | "virtual-machine" | "container"
    std::string os;    // "Linux 6.1.0 x86_64"
    std::vector<std::string> gpus;  // model names in device order

    bool operator==(const Host&) const = default;
};

// Whole machine, all users; never summed over runs.
struct RunEnergy {
    EnergyRange total;
    std::vector<DeviceEnergy> devices;

    bool operator==(const RunEnergy&) const = default;
};

// The job's part.
struct Attributed {
    std::string method;  // "cgroup-v2", "cgroup-v1", "taskstats", "wait4+procfs", "whole-machine",
                         // "declared"
    double cpu_time_s = 0;  // of the command and everything it started
    Microjoules active;
    Microjoules idle;
    EnergyRange energy;  // active + idle
    Quality quality = Quality::measured;
    std::string idle_rule;  // "whole-machine" | "reserved-share" | "active-share"
    double idle_share = 0;  // of the CPU idle energy, time-weighted

    bool operator==(const Attributed&) const = default;
};

struct Unattributed {
    Microjoules idle;
    Microjoules others;   // active energy of other users
    Microjoules unknown;  // active energy that nothing explains

    bool operator==(const Unattributed&) const = default;
};

// Energy at an outer boundary, floating from here on.
struct BoundaryEnergy {
    double energy_j = 0;
    double low_j = 0;
    double high_j = 0;
    RangeKind kind = RangeKind::interval90;
    Quality quality = Quality::modelled;

    bool operator==(const BoundaryEnergy&) const = default;
};

struct NodeRecord {
    BoundaryEnergy energy;
    std::string
        source;  // "redfish", "ipmi", "cray", "hwmon-psu", "battery", "psys", "profile", "prior"

    bool operator==(const NodeRecord&) const = default;
};

struct FacilityRecord {
    double pue = 1;
    double pue_low = 1;
    double pue_high = 1;
    BoundaryEnergy energy;

    bool operator==(const FacilityRecord&) const = default;
};

struct LeftRunning {
    std::int64_t pid = 0;
    std::string command;

    bool operator==(const LeftRunning&) const = default;
};

struct Work {
    std::optional<double> flop;
    std::string flop_basis;  // "model" | "hardware" | "declared"
    std::optional<double> tokens;
    std::optional<double> requests;
    std::string
        source;  // "6 x params-active x tokens (training)", "--flop", "perf fp_arith counters"

    bool operator==(const Work&) const = default;
};

struct Operational {
    Ranged intensity_gco2e_per_kwh;
    std::string intensity_basis;  // "average, life-cycle, location-based, 2025"
    Ranged location_kgco2e;
    std::optional<double> market_kgco2e;  // absent: no residual mix or contract is known
    std::optional<double> water_l;        // absent: no WUE is known
    bool region_known = true;

    bool operator==(const Operational&) const = default;
};

// The run's part of making its hardware: EMB x duration / (lifetime x utilisation) x share.
struct EmbodiedRecord {
    Ranged kgco2e;
    std::string boundary;    // which hardware, and what its figures cover
    double lifetime_h = 0;   // over which the hardware is charged
    double utilisation = 1;  // allocated over owned hours
    double share = 1;        // of the hardware named in boundary
    std::string source;      // citations, "; " between

    bool operator==(const EmbodiedRecord&) const = default;
};

// What the meter itself cost.
struct MeterCost {
    double cpu_time_s = 0;
    std::int64_t max_rss_bytes = 0;
    std::int64_t samples = 0;
    double interval_s = 1;

    bool operator==(const MeterCost&) const = default;
};

struct RunRecord {
    int schema = kRunRecordSchema;
    std::string abate_version;
    RunId run_id;
    std::vector<std::string> command;
    std::optional<int> exit_code;
    std::optional<int> signal;  // that ended the command
    Timestamp started_at;
    Timestamp ended_at;
    double duration_s = 0;  // of the monotonic clock, so a clock set back does not shorten it
    RunStatus status = RunStatus::running;
    std::optional<Phase> phase;
    std::string project;
    std::map<std::string, std::string> labels;
    Host host;
    std::string region;                 // "FR", "gcp europe-west9"; empty: unknown
    std::string boundary = "facility";  // outermost boundary that the record reaches
    RunEnergy energy;
    std::vector<SourceCheck> checks;
    Attributed attributed;
    Unattributed unattributed;
    std::optional<NodeRecord> node;
    std::optional<FacilityRecord> facility;
    std::vector<LeftRunning> left_running;
    Work work;
    std::optional<Operational> operational;
    std::optional<EmbodiedRecord> embodied;  // absent: no table knows this hardware
    std::optional<Ranged> total_kgco2e;      // operational, location-based, and embodied
    MeterCost meter;
    std::vector<std::string>
        notes;  // one sentence each: gaps, resets, fallbacks, what was not seen
    std::vector<Provenance> provenance;

    bool operator==(const RunRecord&) const = default;
};

}  // namespace abate
