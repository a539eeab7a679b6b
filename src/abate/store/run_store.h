// The run store: every run record that this user's abate knows. SQLite on a local disk, plain files
// where $ABATE_HOME is on a network disk, memory in tests. A record is kept as its JSON; the
// columns beside it only serve finding it.
//
// Thread-compatible. Several processes may use one store at a time (WAL, busy time-out 10 s).
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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
    // Inserts; the same run_id with the same bytes is a no-op. Errors: conflict (same id, other
    // bytes), io_error.
    virtual Result<void> put(const StoredRun& run) = 0;
    // Newest first.
    [[nodiscard]] virtual Result<std::vector<StoredRun>> list(const RunFilter& filter) = 0;
    // A run_id, a unique prefix or suffix of it of at least 4 characters, or "last". Errors:
    // not_found, conflict (ambiguous).
    [[nodiscard]] virtual Result<StoredRun> find(const std::string& id_or_prefix) = 0;
    // Where it lives and on what ("sqlite", "files", "memory"); for doctor.
    [[nodiscard]] virtual std::string describe() const = 0;
};

// Opens `<home>/runs.db`, or `<home>/runs/*.json` when `home` is on a network file system. A
// corrupt database is moved aside to `runs.db.damaged-<time>`, never overwritten; `notes` says so
// and a new one is begun. Errors: version_mismatch (written by a newer abate), permission_denied,
// io_error.
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_run_store(const std::string& home,
                                                               Timestamp now,
                                                               std::vector<std::string>& notes);
[[nodiscard]] std::unique_ptr<RunStore> open_memory_run_store();

// True when `path` (or its nearest existing parent) lies on NFS, CIFS, Lustre, GPFS, AFS, FUSE or
// another network disk.
[[nodiscard]] bool on_network_disk(const std::string& path);

}  // namespace abate::store
