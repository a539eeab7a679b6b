// MachineCpu: busy and idle CPU time of the whole machine, and what abate itself costs.
//
//     MachineCpu machine("/proc");
//     MachineCpuTime before, after;
//     machine.read(before);  ...  machine.read(after);
//     double busy_share = double(after.busy_ns - before.busy_ns) / ...;
//
// From /proc/stat (proc(5)), in steps of USER_HZ (10 ms); the kernel samples it at its tick, so
// over less than a second it may differ by some ticks from the exact CPU time of a process tree.
// Guest time is inside user time already. Waiting for a disk (iowait) and time that a hypervisor
// gave to others (steal) are not busy. Kept-open descriptor, no allocation after construction. Not
// thread-safe.
#pragma once

#include "abate/meter/procfs.h"

#include <cstdint>
#include <string>
#include <vector>

namespace abate::meter {

// Since the MachineCpu was made.
struct MachineCpuTime {
    std::int64_t busy_ns = 0;   // user + nice + system + irq + softirq, all CPUs
    std::int64_t idle_ns = 0;   // idle + iowait
    std::int64_t steal_ns = 0;  // neither: the virtual CPU did not run
    int cpus = 0;               // online
};

class MachineCpu {
  public:
    explicit MachineCpu(const std::string& procfs_root);

    // False, and `out` untouched, when /proc/stat could not be read this once.
    [[nodiscard]] bool read(MachineCpuTime& out) noexcept;

  private:
    FileDescriptor file_;
    std::vector<char> buffer_;
    std::int64_t tick_ns_ = 10'000'000;
    ProcStat first_;
};

// What this process itself has used.
struct OwnCost {
    std::int64_t cpu_ns = 0;           // all threads, getrusage(RUSAGE_SELF)
    std::int64_t max_rss_bytes = 0;    // peak
    std::int64_t rss_anon_bytes = -1;  // now; -1: not told
    std::int64_t rss_file_bytes = -1;  // now: the program's own pages, mostly shared; -1: not told
};

// cpu_ns and max_rss_bytes only: one system call.
[[nodiscard]] OwnCost read_own_use() noexcept;

// All of it.
[[nodiscard]] OwnCost read_own_cost(const std::string& procfs_root = "/proc") noexcept;

}  // namespace abate::meter
