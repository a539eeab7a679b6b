// ProcessTree: one command and everything that it starts, their CPU time exact to the microsecond
// however short they live.
//
//     ProcessTree tree = ProcessTree::launch({.words = {"python3", "train.py"}}).value();
//     tree.release();              // exec, after the first sensor readings are taken
//     while (!tree.exited()) { poll(tree.event_fd()); tree.handle_events(); }
//     tree.cpu_time_ns(true);      // children that lived 5 ms included
//     tree.survivors();            // what still runs
//
// How, best first (`method()`): an own leaf in cgroup v2 (cpu.stat), the same in v1
// (cpuacct.usage), taskstats exit records (CAP_NET_ADMIN), else child-subreaper with wait4 for what
// ended and a procfs walk, at most once a second, for what lives. Whichever leads, wait4 and procfs
// are kept beside it and the larger figure counts: a process that leaves the cgroup is still found
// as a descendant. Not thread-safe; one tree a process at a time (it owns SIGCHLD and subreaping,
// and reaps every child of the process; children from before launch() are not counted).
#pragma once

#include "abate/core/result.h"
#include "abate/record/run_record.h"

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace abate::meter {

// What a process does with signals: what is blocked and what is ignored. A caller that changes
// either before launch() takes this first, so that the command still starts as it would have.
struct SignalState {
    sigset_t blocked{};
    std::array<bool, 65> ignored{};  // by signal number

    // Of the calling thread, now.
    static SignalState now() noexcept;
};

struct LaunchOptions {
    std::vector<std::string> words;  // REQUIRES: not empty; words[0] is looked up in PATH
    bool use_cgroup = true;          // tests switch the better methods off
    bool use_cgroup_v2 = true;       // with use_cgroup: the v2 leaf, before
    bool use_cgroup_v1 = true;       // the v1 one
    bool use_taskstats = true;
    std::optional<SignalState> signals =
        std::nullopt;  // as main found them; absent: as at launch()
    std::string cgroup_root = "/sys/fs/cgroup";
    std::string procfs_root = "/proc";
};

// How the command ended.
struct ExitStatus {
    std::optional<int> code;    // of a normal exit
    std::optional<int> signal;  // that killed it
    // What a shell would say: code, or 128 + signal.
    [[nodiscard]] int shell_status() const { return code ? *code : 128 + signal.value_or(0); }
};

class ProcessTree {
  public:
    // Forks; the child waits for release(). The child keeps standard input, output, error,
    // terminal, process group, signal mask and dispositions of the caller as they were before abate
    // changed them. Errors: internal (fork failed). A command that cannot be executed is told by
    // release().
    static Result<ProcessTree> launch(const LaunchOptions& options);

    ProcessTree(ProcessTree&&) noexcept;
    ProcessTree& operator=(ProcessTree&&) noexcept;
    ~ProcessTree();  // does not kill anything

    // Lets the child exec. Errors: not_found (run passes on 127), permission_denied (126); `where`
    // is the word.
    Result<void> release();

    [[nodiscard]] pid_t pid() const noexcept;
    // "cgroup-v2", "cgroup-v1", "taskstats", "wait4+procfs".
    [[nodiscard]] const std::string& method() const noexcept;
    // One sentence each on better methods that were refused, and why.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept;

    // Readable when something may have changed (pidfd of the child, taskstats). Poll it, then call
    // handle_events().
    [[nodiscard]] int event_fd() const noexcept;
    // Reaps what ended (the child and adopted orphans), reads exit records. Never blocks; no
    // allocation after warm-up.
    void handle_events() noexcept;
    [[nodiscard]] bool exited() const noexcept;
    // REQUIRES: exited().
    [[nodiscard]] ExitStatus exit_status() const noexcept;

    // CPU time (user + system) of the whole tree so far, dead children included. Monotone. `walk`:
    // also walk procfs (the caller keeps this to once a second and the last time).
    [[nodiscard]] std::int64_t cpu_time_ns(bool walk) noexcept;
    // Exit records that came too fast to be kept, at least. From the first on, cpu_time_ns is what the tree used
    // at least: a child that nobody waited for may be missing.
    [[nodiscard]] std::int64_t lost_records() const noexcept;
    // True once a walk has seen more CPU time than the control group did: something left the group, and only
    // walking finds its time while it lives.
    [[nodiscard]] bool left_group() const noexcept;
    // Live pids of the tree, newest walk; for sharing out accelerators. Valid until the next call.
    [[nodiscard]] const std::vector<pid_t>& live_pids() const noexcept;

    // Sends `signal` to the child (not to its descendants).
    void forward(int signal) noexcept;
    // Descendants still alive now, without the child itself. At most 64; walks procfs.
    [[nodiscard]] std::vector<LeftRunning> survivors();

  private:
    struct Impl;
    explicit ProcessTree(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace abate::meter
