// The run store: every run record that this user's abate knows. SQLite on a local disk, plain files
// where $ABATE_HOME is on a network disk, memory in tests. A record is kept as its JSON; the
// columns beside it only serve finding it.
//
//     std::vector<std::string> notes;
//     auto store = open_run_store(home, clock.now().wall, notes);
//     (*store)->put(run);
//     auto last = (*store)->find("last");
//
// Files, tables and versions: docs/reference/files.md.
//
// Thread-compatible. Several processes may use one store at a time (WAL, busy time-out 10 s).
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace abate::store {

struct StoredRun {
    std::string run_id;
    Timestamp started_at;
    Timestamp ended_at;
    std::string status;
    std::string phase;    // empty: none
    std::string project;  // empty: none
    std::string host;
    double attributed_j = 0;
    double facility_j = 0;
    double kgco2e = 0;
    std::string record_json;

    bool operator==(const StoredRun&) const = default;
};

struct RunFilter {
    std::string project;  // empty: any
    std::string phase;
    std::string status;
    std::vector<std::pair<std::string, std::string>> labels;  // all must match
    std::optional<Timestamp> since;                           // started_at >= since
    std::optional<Timestamp> until;                           // started_at < until
    std::size_t limit = 0;                                    // 0: all; newest first
};

class RunStore {
  public:
    virtual ~RunStore() = default;
    // Inserts; the same run_id with the same record_json is a no-op. Durable when it returns.
    // Errors: conflict (same id, other bytes), invalid_argument (a run_id unfit for a file name, a
    // number that is not finite), io_error, permission_denied, unavailable (another process has
    // held the store for ten seconds), corrupt (the store was damaged and has been moved aside: the
    // next open begins a new one).
    virtual Result<void> put(const StoredRun& run) = 0;
    // Newest first: by started_at, then run_id, downwards.
    [[nodiscard]] virtual Result<std::vector<StoredRun>> list(const RunFilter& filter) = 0;
    // A run_id, a unique prefix or suffix of it of at least 4 characters (in any case), or "last": the run that was begun or recorded
    // last, whatever day it is said to have started on (run ids rise with the time they were made).
    // Errors: not_found, conflict (ambiguous; names up to three of them).
    [[nodiscard]] virtual Result<StoredRun> find(const std::string& id_or_prefix) = 0;
    // Where it lives and on what ("sqlite", "files", "memory"); for doctor.
    [[nodiscard]] virtual std::string describe() const = 0;
    // What a person should know of the calls since the last take, one sentence each: files that
    // were damaged and have been moved aside.
    [[nodiscard]] virtual std::vector<std::string> take_notes() { return {}; }
};

struct RunStoreOptions {
    std::optional<bool> network_disk;  // absent: as on_network_disk says
};

// Opens `<home>/runs.db`, or `<home>/runs/*.json` when `home` is on a network file system. A
// corrupt database is moved aside to `runs.db.damaged-<time>`, never overwritten; `notes` says so
// and a new one is begun. Errors: version_mismatch (written by a newer abate), conflict (runs.db
// belongs to another program), permission_denied, unavailable, io_error.
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_run_store(const std::string& home,
                                                               Timestamp now,
                                                               std::vector<std::string>& notes,
                                                               const RunStoreOptions& options = {});
[[nodiscard]] std::unique_ptr<RunStore> open_memory_run_store();

// True when `path` (or its nearest existing parent) lies on NFS, CIFS, Lustre, GPFS, AFS, FUSE or
// another network disk.
[[nodiscard]] bool on_network_disk(const std::string& path);

}  // namespace abate::store
