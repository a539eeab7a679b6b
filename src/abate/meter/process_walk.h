// ProcessWalk: the living descendants of one process, found in procfs, with their CPU time.
//
//     ProcessWalk walk("/proc");
//     walk.run(getpid(), excluded);
//     walk.cpu_ns();                            // of everything alive, and of what those waited
//     for
//
// Own time of a process is its CPU clock (clock_getcpuclockid: nanoseconds, all threads, ended ones
// too), where the system has it, else utime + stime of /proc/PID/stat. To it comes cutime + cstime:
// descendants that it waited for, rounded down to 10 ms each.
//
// A parent is always read before its children. So a child that dies and is waited for while the
// walk is on its way may be missed for this once, but is never counted twice. Descendants are found
// through /proc/PID/task/TID/children where the kernel has it, else through a scan of every
// /proc/PID/stat. Allocates only while it grows. Not thread-safe.
#pragma once

#include "abate/meter/pid_set.h"
#include "abate/meter/procfs.h"

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace abate::meter {

struct LiveProcess {
    pid_t pid = 0;
    pid_t ppid = 0;
    std::uint64_t start_ticks = 0;
    char state = '?';
    std::int64_t own_ns = 0;     // itself
    std::int64_t waited_ns = 0;  // descendants that it waited for
};

class ProcessWalk {
  public:
    explicit ProcessWalk(std::string procfs_root);

    // Walks the descendants of `root` (without `root` itself). Children of `root` that are in
    // `excluded`, by pid and start time, are left out with all below them.
    void run(pid_t root, std::span<const LiveProcess> excluded) noexcept;

    // Sum of own_ns and waited_ns.
    [[nodiscard]] std::int64_t cpu_ns() const noexcept { return cpu_ns_; }
    // In breadth-first order; zombies included.
    [[nodiscard]] const std::vector<LiveProcess>& processes() const noexcept { return found_; }

    // One process now; state '?' when it is gone.
    [[nodiscard]] LiveProcess read(pid_t pid) noexcept;

  private:
    void list_children(pid_t pid) noexcept;
    void list_children_of_thread(const char* path) noexcept;
    void scan_all() noexcept;
    void add_scanned_children(pid_t pid) noexcept;
    template <class Visit>
    void for_each_number(const char* folder, Visit&& visit) noexcept;

    struct Link {
        pid_t pid;
        pid_t ppid;
    };

    std::string procfs_root_;
    bool has_children_files_ = false;
    bool live_clocks_ = false;  // the walk is of this machine, so CPU clocks answer for its pids
    std::int64_t tick_ns_ = 10'000'000;
    std::int64_t cpu_ns_ = 0;
    std::vector<LiveProcess> found_;
    std::vector<pid_t> children_;  // of the process at hand
    std::vector<Link> links_;      // of the scan
    PidSet seen_{256};
    std::array<char, 8192> entries_{};
    std::array<char, 8192> text_{};
};

// The command line of a process, fit for a terminal and a JSON string: arguments with spaces
// between, control bytes and broken UTF-8 as '?', at most 120 bytes. `[name]` where the process
// shows none; empty when it is gone.
[[nodiscard]] std::string command_line(const std::string& procfs_root, pid_t pid);

// The same for given bytes of /proc/PID/cmdline.
[[nodiscard]] std::string printable_command(std::string_view cmdline);

}  // namespace abate::meter
