// Who uses the CPUs: one walk over procfs at a time, and what each process has used since the last.
//
//     ProcessTable table("/proc");
//     table.walk(now_ns);                                    // the first walk only notes where all stand
//     for (const ProcessUse& use : table.walk(later_ns)) ... // processes that used CPU, busiest first
//
// A process that began and ended between two walks is not seen here; `abate run` sees it. CPU times
// are in steps of 10 ms (USER_HZ). Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace abate::cli {

struct ProcessUse {
    pid_t pid = 0;
    uid_t uid = 0;
    std::string command{};    // command line; a kernel thread's name in brackets
    std::int64_t cpu_ns = 0;  // since the last walk
    double cpu_percent = 0;   // of one CPU
};

class ProcessTable {
  public:
    explicit ProcessTable(std::string procfs_root);

    // At most `most` processes, busiest first; the lines of others are not read. Empty at the first
    // walk. Cost about 25 us a process; callers keep to one walk a second.
    [[nodiscard]] std::vector<ProcessUse> walk(std::int64_t mono_ns, std::size_t most);

  private:
    using Key = std::pair<pid_t, std::uint64_t>;  // a pid and its start name one process

    [[nodiscard]] std::string command_of(pid_t pid) const;

    std::string root_;
    std::int64_t tick_ns_;
    std::int64_t last_ns_ = -1;
    std::map<Key, std::uint64_t> ticks_;  // CPU time at the last walk
};

struct MemoryUse {
    std::uint64_t used_bytes = 0;  // MemTotal - MemAvailable
    std::uint64_t total_bytes = 0;
};
// Of /proc/meminfo; zeros when it cannot be read.
[[nodiscard]] MemoryUse read_memory(const std::string& procfs_root);

}  // namespace abate::cli
