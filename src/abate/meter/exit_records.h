// ExitRecords: what the kernel says of every task that ends (taskstats over generic netlink), and
// which of them belonged to one process tree.
//
//     Result<ExitRecords> records = ExitRecords::open();      // needs CAP_NET_ADMIN
//     records->drain();                                       // whenever fd() is readable
//     records->cpu_ns(getpid(), walk.processes());            // the dead of the tree + the living
//     records->lost();                                        // not 0: the figure is a least one
//
// A record names its process and the parent at that moment. A child that ends before its parent is
// known only by that parent, which may be unknown too: such records wait until the parent ends or a
// walk finds it alive. Orphans end as children of abate, which adopts them.
//
// While they wait, the kernel may give a number to another process. So a record belongs to a process
// of that number only if that process had begun when the record's did end: a process is older than
// each of its threads and children.
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
    std::int64_t lived_ns = 0;  // its process, until then; without time asleep
};

// When records came, CLOCK_BOOTTIME: no later than `latest_ns`, and after `earliest_ns`, when there
// was nothing left to read. `slept_ns`: how long the machine has slept since the first was awaited.
struct ExitMoment {
    std::int64_t earliest_ns = 0;
    std::int64_t latest_ns = 0;
    std::int64_t slept_ns = 0;
};

// The records of one netlink datagram, appended to `out`; true if all of it was understood.
bool parse_exit_records(std::span<const std::byte> datagram,
                        int family,
                        std::vector<ExitRecord>& out);

// Which records are the tree's. Knows no socket and no clock.
//
//     ledger.add(records, {.earliest_ns = before, .latest_ns = now});
//     ledger.cpu_ns(root, walk.processes());
class ExitLedger {
  public:
    ExitLedger();

    void add(std::span<const ExitRecord> records, const ExitMoment& moment);
    // Records of this process are not of the tree.
    void ignore(const LiveProcess& process) { ignored_.push_back(process); }
    // So many records never came.
    void lose(std::int64_t records) noexcept { lost_ += records; }
    // CPU time of the tree below `root`: its dead by their records, and `live` by own_ns. Newest
    // records first, `live` after all of them.
    [[nodiscard]] std::int64_t cpu_ns(pid_t root, std::span<const LiveProcess> live) noexcept;
    [[nodiscard]] std::int64_t lost() const noexcept { return lost_; }

  private:
    struct Pending {
        pid_t process = 0;  // 0: counted
        pid_t parent = 0;
        int looks = 0;  // how often cpu_ns has seen it
        std::int64_t cpu_ns = 0;
        std::int64_t began_ns = 0;  // its process, at the earliest; CLOCK_BOOTTIME
        std::int64_t ended_ns = 0;  // at the latest
    };

    void make_room();
    [[nodiscard]] bool is_ignored(const Pending& record) const noexcept;

    std::vector<Pending> pending_;  // not yet known to be of the tree, oldest first
    std::vector<LiveProcess> ignored_;
    std::int64_t tick_ns_ = 10'000'000;
    PidSet live_{1024};     // with the moment at which each began
    PidSet members_{1024};  // dead ones of the tree, likewise
    std::int64_t dead_ns_ = 0;
    std::int64_t lost_ = 0;
};

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
    // As ExitLedger's.
    void ignore(const LiveProcess& process) { ledger_.ignore(process); }
    [[nodiscard]] std::int64_t cpu_ns(pid_t root, std::span<const LiveProcess> live) noexcept {
        return ledger_.cpu_ns(root, live);
    }
    // Records that came too fast to be kept, at least; 0: none. From the first on, cpu_ns is what
    // the tree used at least.
    [[nodiscard]] std::int64_t lost() const noexcept { return ledger_.lost(); }

  private:
    ExitRecords();

    FileDescriptor socket_;
    int family_ = 0;
    ExitLedger ledger_;
    std::vector<ExitRecord> fresh_;  // of one datagram
    std::vector<std::byte> buffer_;
    std::int64_t empty_ns_ = 0;         // when nothing was left to read, CLOCK_BOOTTIME
    std::int64_t slept_before_ns_ = 0;  // the machine, before opening
};

}  // namespace abate::meter
