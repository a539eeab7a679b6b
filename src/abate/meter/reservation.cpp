#include "abate/meter/reservation.h"

#include "abate/meter/cgroup_leaf.h"
#include "abate/meter/procfs.h"

#include <fmt/format.h>

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace abate::meter {
namespace {

// One who holds all CPUs but a rounding error holds the node.
constexpr double kWholeNode = 0.999;

std::optional<int> small_number(std::string_view text) {
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > 65536) return std::nullopt;
    return static_cast<int>(*number);
}

double share_of(double part, double whole) {
    return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0.0;
}

// Memory that was not reserved on its own follows the CPUs.
double memory_share(const SystemView& view, std::optional<std::uint64_t> bytes, double cpu_share) {
    if (!bytes || view.memory_bytes == 0) return cpu_share;
    return share_of(static_cast<double>(*bytes), static_cast<double>(view.memory_bytes));
}

// A control group's memory limit, if it leaves less than all: v1 says "none" with a huge number.
std::optional<std::uint64_t> real_limit(const SystemView& view) {
    const auto& limit = view.cgroup_memory_bytes;
    return limit && *limit < view.memory_bytes ? limit : std::nullopt;
}

Reservation slurm_reservation(const SystemView& view) {
    const double cpu = share_of(*view.slurm_cpus, view.cpus_online);
    if (view.slurm_exclusive || cpu >= kWholeNode) {
        return {IdleRule::whole_machine,
                1,
                1,
                view.slurm_exclusive
                    ? "Slurm gave the node to this job alone"
                    : fmt::format("Slurm gave all {} CPUs of the node", view.cpus_online)};
    }
    const bool all_memory = view.slurm_memory_bytes == std::uint64_t{0};
    const double memory = all_memory ? 1.0 : memory_share(view, view.slurm_memory_bytes, cpu);
    return {IdleRule::reserved_share,
            cpu,
            memory,
            fmt::format("Slurm gave {} of {} CPUs", *view.slurm_cpus, view.cpus_online)};
}

// The narrowest of the limits on CPUs, and what it is called.
struct Limit {
    double cpus;
    const char* source;
};

std::optional<Limit> narrowest_limit(const SystemView& view) {
    std::optional<Limit> least;
    const auto offer = [&](double cpus, const char* source) {
        if (cpus > 0 && (!least || cpus < least->cpus)) least = Limit{cpus, source};
    };
    if (view.cgroup_cpus) offer(*view.cgroup_cpus, "the control group's CPU quota");
    if (view.cpuset_cpus) offer(*view.cpuset_cpus, "the control group's CPU set");
    if (view.cpus_allowed > 0) offer(view.cpus_allowed, "the CPU affinity");
    return least;
}

// SLURM_MEM_PER_NODE and SLURM_MEM_PER_CPU are in mebibytes (sbatch(1), --mem).
std::optional<std::uint64_t> slurm_memory(const GetVariable& variable, std::optional<int> cpus) {
    constexpr std::uint64_t kMost = 1ULL << 34U;
    const auto node = parse_number(variable("SLURM_MEM_PER_NODE"));
    if (node && *node < kMost) return *node << 20U;
    const auto cpu = parse_number(variable("SLURM_MEM_PER_CPU"));
    if (cpu && *cpu < kMost && cpus) {
        return (*cpu << 20U) * static_cast<std::uint64_t>(*cpus);
    }
    return std::nullopt;
}

void read_slurm(const GetVariable& variable, SystemView& view) {
    if (variable("SLURM_JOB_ID").empty()) return;
    view.slurm_cpus = small_number(variable("SLURM_CPUS_ON_NODE"));
    if (!view.slurm_cpus) {
        const auto node = parse_number(variable("SLURM_NODEID")).value_or(0);
        view.slurm_cpus =
            slurm_cpus_of_node(variable("SLURM_JOB_CPUS_PER_NODE"),
                               static_cast<int>(std::min<std::uint64_t>(node, 1 << 24)));
    }
    view.slurm_memory_bytes = slurm_memory(variable, view.slurm_cpus);
    // Input variables of sbatch and srun: "exclusive", or the weaker "user" and "mcs", which still
    // let others of the same user or label in.
    for (const char* name : {"SBATCH_EXCLUSIVE", "SLURM_EXCLUSIVE"}) {
        const std::string value = variable(name);
        view.slurm_exclusive |= value == "exclusive" || value == "1" || value == "yes";
    }
}

template <class T>
void narrow(std::optional<T>& limit, std::optional<T> other) {
    if (other && (!limit || *other < *limit)) limit = other;
}

// cgroup v2: every group from our own up to the mount may limit; the narrowest counts.
void read_limits_v2(const std::string& own, const std::string& root, SystemView& view) {
    for (std::string folder = own; folder.size() >= root.size(); folder.resize(folder.rfind('/'))) {
        narrow(view.cgroup_cpus, parse_cpu_max(read_text(folder + "/cpu.max")));
        narrow(view.cpuset_cpus, count_cpu_list(read_text(folder + "/cpuset.cpus.effective")));
        narrow(view.cgroup_memory_bytes, parse_number(read_text(folder + "/memory.max")));
        if (folder.rfind('/') == std::string::npos) break;
    }
}

// cgroup v1: the limits of our own group; -1 is none, and memory's "none" is near 2^63.
void read_limits_v1(const SystemViewOptions& options,
                    const SensorEnvironment& environment,
                    SystemView& view) {
    for (const CgroupLine& line :
         parse_cgroup(read_text(environment.procfs_root + "/self/cgroup"))) {
        for (const std::string& controller : line.controllers) {
            std::string folder = options.cgroup_root + "/" + controller + line.path;
            // In a container the mount shows our own group as its root.
            if (read_text(folder + "/cgroup.procs").empty()) {
                folder = options.cgroup_root + "/" + controller;
            }
            if (controller == "cpu") {
                narrow(view.cgroup_cpus,
                       parse_cpu_max(read_text(folder + "/cpu.cfs_quota_us") +
                                     read_text(folder + "/cpu.cfs_period_us")));
            } else if (controller == "cpuset") {
                narrow(view.cpuset_cpus,
                       count_cpu_list(read_text(folder + "/cpuset.effective_cpus")));
            } else if (controller == "memory") {
                narrow(view.cgroup_memory_bytes,
                       parse_number(read_text(folder + "/memory.limit_in_bytes")));
            }
        }
    }
}

int allowed_cpus() {
    // Larger than a fixed cpu_set_t of 1024, for larger machines.
    cpu_set_t* set = CPU_ALLOC(65536);
    if (set == nullptr) return 0;
    const std::size_t size = CPU_ALLOC_SIZE(65536);
    const int count = ::sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    return count;
}

}  // namespace

const char* to_string(IdleRule rule) {
    switch (rule) {
        case IdleRule::whole_machine:
            return "whole-machine";
        case IdleRule::reserved_share:
            return "reserved-share";
        case IdleRule::active_share:
            return "active-share";
    }
    return "active-share";
}

std::optional<int> slurm_cpus_of_node(std::string_view text, int node) {
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view entry = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        const std::size_t open = entry.find("(x");
        const auto cpus = small_number(entry.substr(0, open));
        int repeat = 1;
        if (open != std::string_view::npos) {
            if (!entry.ends_with(')')) return std::nullopt;
            const auto times = small_number(entry.substr(open + 2, entry.size() - open - 3));
            if (!times) return std::nullopt;
            repeat = *times;
        }
        if (!cpus) return std::nullopt;
        if (node < repeat) return cpus;
        node -= repeat;
    }
    return std::nullopt;
}

Reservation decide_reservation(const SystemView& view, bool whole_machine) {
    if (whole_machine) return {IdleRule::whole_machine, 1, 1, "--whole-machine was given"};
    if (view.slurm_exclusive || view.slurm_cpus) {
        SystemView known = view;
        if (!known.slurm_cpus) known.slurm_cpus = known.cpus_online;
        return slurm_reservation(known);
    }
    const std::optional<Limit> limit = narrowest_limit(view);
    if (limit) {
        const double cpu = share_of(limit->cpus, view.cpus_online);
        // A limit that leaves all CPUs is no reservation: others may use them just as well.
        if (cpu < kWholeNode) {
            return {IdleRule::reserved_share,
                    cpu,
                    memory_share(view, real_limit(view), cpu),
                    fmt::format(
                        "{} leaves {:g} of {} CPUs", limit->source, limit->cpus, view.cpus_online)};
        }
    }
    return {IdleRule::active_share, 0, 0, "no reservation of CPUs was found"};
}

SystemView read_system_view(const SensorEnvironment& environment,
                            const GetVariable& variable,
                            const SystemViewOptions& options) {
    SystemView view;
    const Host host = read_host(environment, variable);
    view.cpus_online = host.cpus;
    view.memory_bytes = host.memory_bytes;
    read_slurm(variable, view);
    const auto own = own_cgroup_folder(
        {.version = 2, .cgroup_root = options.cgroup_root, .procfs_root = environment.procfs_root});
    if (own) read_limits_v2(*own, options.cgroup_root, view);
    read_limits_v1(options, environment, view);
    if (options.affinity) view.cpus_allowed = allowed_cpus();
    return view;
}

}  // namespace abate::meter
