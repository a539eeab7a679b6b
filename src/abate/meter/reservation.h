// What share of the machine a job has reserved, and so who pays for its idling.
//
//     Reservation mine = decide_reservation(read_system_view(environment, variable), false);
//     // {reserved_share, 0.25, 0.25, "Slurm gave 32 of 128 CPUs"}
//
// The rule (docs/methodology/attribution.md, "Idle: who pays"): a job that reserves the whole node
// takes all of its idle energy; an explicit reservation of a part takes that share, used or not;
// without a reservation (a plain shell on a laptop, desktop or shared server) idle energy goes by
// the share of activity. decide_reservation is a pure function.
#pragma once

#include "abate/meter/host.h"
#include "abate/meter/sensor.h"

#include <cstdint>
#include <optional>
#include <string>

namespace abate::meter {

enum class IdleRule { whole_machine, reserved_share, active_share };

// As in the run record: "whole-machine", "reserved-share", "active-share".
[[nodiscard]] const char* to_string(IdleRule rule);

struct Reservation {
    IdleRule rule = IdleRule::active_share;
    double cpu_share = 0;     // of the online CPUs, 0 to 1; 0 under active_share
    double memory_share = 0;  // of the memory, 0 to 1; 0 under active_share
    std::string reason;       // one sentence without a full stop
};

// The facts that a reservation shows in.
struct SystemView {
    int cpus_online = 1;
    std::uint64_t memory_bytes = 0;

    // Slurm: of this job on this node. Absent outside of Slurm.
    std::optional<int> slurm_cpus = std::nullopt;
    std::optional<std::uint64_t> slurm_memory_bytes =
        std::nullopt;  // 0 means all of the node's memory
    bool slurm_exclusive = false;

    // Limits of the control groups that this process is in, the narrowest of the chain.
    std::optional<double> cgroup_cpus =
        std::nullopt;                               // cpu.max: quota over period; v1: cfs_quota_us
    std::optional<int> cpuset_cpus = std::nullopt;  // cpuset.cpus.effective
    std::optional<std::uint64_t> cgroup_memory_bytes = std::nullopt;  // memory.max

    int cpus_allowed = 0;  // sched_getaffinity; 0: unknown
};

// `whole_machine`: the user said --whole-machine.
[[nodiscard]] Reservation decide_reservation(const SystemView& view, bool whole_machine);

// "16(x2),8" of SLURM_JOB_CPUS_PER_NODE: CPUs on the `node`-th node (from 0).
[[nodiscard]] std::optional<int> slurm_cpus_of_node(std::string_view text, int node);

struct SystemViewOptions {
    std::string cgroup_root = "/sys/fs/cgroup";
    bool affinity = true;  // ask the kernel which CPUs this process may use
};

[[nodiscard]] SystemView read_system_view(const SensorEnvironment& environment,
                                          const GetVariable& variable,
                                          const SystemViewOptions& options);

}  // namespace abate::meter
