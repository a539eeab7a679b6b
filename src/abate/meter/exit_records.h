// ExitRecords: what the kernel says of every task that ends (taskstats over generic netlink), and
// which of them belonged to one process tree.
//
//     Result<ExitRecords> records = ExitRecords::open();      // needs CAP_NET_ADMIN
//     records->drain();                                       // whenever fd() is readable
//     records->cpu_ns(getpid(), walk.processes());            // the dead of the tree + the living
//
// A record names its process and the parent at that moment. A child that ends before its parent is
// known only by that parent, which may be unknown too: such records wait until the parent ends or a
// walk finds it alive. Orphans end as children of abate, which adopts them.
//
// Precision: a record holds run time up to the task's last scheduler tick, so each ended thread is
// short by up to one tick (4 ms at 250 Hz); see docs/methodology/attribution.md. Allocates nothing
// after open(), except while it grows. Not thread-safe.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/pid_set.h"
#include "abate/meter/process_walk.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace abate::meter {

// One ended thread.
struct ExitRecord {
    pid_t process = 0;  // its thread group
    pid_t parent = 0;   // of the process, when it ended
    std::int64_t cpu_ns = 0;
};

// The records of one netlink datagram, appended to `out`; true if all of it was understood.
bool parse_exit_records(std::span<const std::byte> datagram,
                        int family,
                        std::vector<ExitRecord>& out);

class ExitRecords {
  public:
    // Errors: permission_denied (CAP_NET_ADMIN), unavailable (kernel without it, too old, or we are
    // in a user or pid namespace).
    static Result<ExitRecords> open();

    ExitRecords(ExitRecords&&) noexcept = default;
    ExitRecords& operator=(ExitRecords&&) noexcept = default;
    ~ExitRecords();

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    // Reads what has come. Never blocks.
    void drain() noexcept;
    // Records of this process are not of the tree.
    void ignore(pid_t process) { ignored_.push_back(process); }
    // CPU time of the tree below `root`: its dead by their records, and `live` by own_ns.
    [[nodiscard]] std::int64_t cpu_ns(pid_t root, std::span<const LiveProcess> live) noexcept;
    // Records that came too fast to be kept.
    [[nodiscard]] std::int64_t lost() const noexcept { return lost_; }

  private:
    ExitRecords();

    FileDescriptor socket_;
    int family_ = 0;
    std::vector<ExitRecord> pending_;  // not yet known to be of the tree, oldest first
    std::vector<pid_t> ignored_;
    std::vector<std::byte> buffer_;
    PidSet live_{1024};
    PidSet members_{1024};
    std::int64_t dead_ns_ = 0;
    std::int64_t lost_ = 0;
};

}  // namespace abate::meter
