// The run spool: one append-only file per live run, so that `kill -9` or a power cut loses at most
// a second.
//
//     auto writer = SpoolWriter::create({.folder = home + "/spool", .run_id = run_id,
//                                        .header_json = header, .device_count = devices});
//     (*writer)->save(state);                       // once a second, durable when true
//     (*writer)->finish_unsynced(record_json); put(record); (*writer)->discard();
//
//     for (const ClaimedSpool& spool : claim_spools(home + "/spool", problems)) {
//         put(record_of(spool.content));            // marked interrupted
//         release_claim(spool);
//     }
//
// File: the 8 bytes "ABATESP1", then records {u32 length, u32 CRC32C of kind and payload, u8 kind,
// payload}, little endian. Kinds: W writer (host, boot, lock), H header (JSON run record with
// status running), S state (binary RunState), F final (JSON run record). A torn or wrong record
// ends the file: what stands before it is valid. Names: `<run_id>.spool`; one writer a file, so
// hundreds of writers on one network folder never touch each other. The writer holds an fcntl lock
// while it lives. Byte layout and network disks: docs/reference/files.md.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/meter.h"
#include "abate/record/run_state.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::store {

struct SpoolOptions {
    // A file that has grown to this size is replaced, atomically, by one that holds the header and
    // the newest state: a run of weeks neither fills the disk nor slows its import.
    std::size_t compact_bytes = std::size_t{8} * 1024 * 1024;
};

// What a spool file begins with.
struct SpoolStart {
    std::string folder;
    std::string run_id;
    std::string_view header_json;
    std::size_t device_count = 0;  // devices that every state will have
};

// Not thread-safe. Synced with fdatasync at states and, by finish, final. The header is durable
// with the first state: until then kill -9 loses nothing, a power cut loses the run.
class SpoolWriter final : public meter::SampleSink {
  public:
    // Creates `<folder>/<run_id>.spool` (and the folder, mode 0700) and writes the header. Errors:
    // invalid_argument (a run_id unfit for a file name), already_exists, out_of_range, io_error,
    // permission_denied.
    static Result<std::unique_ptr<SpoolWriter>> create(const SpoolStart& start,
                                                       const SpoolOptions& options = {});
    ~SpoolWriter() override;

    // One write and one fdatasync. A write that fails or is cut short (disk full) is undone, so
    // that a later one can succeed. REQUIRES: state.devices.size() == device_count; not finished.
    bool save(const RunState& state) noexcept override;
    // Writes the final record. Errors: io_error, out_of_range.
    Result<void> finish(std::string_view record_json);
    // The same without fdatasync: safe from kill -9 when it returns, but not from a power cut; for
    // a record that is about to be made durable elsewhere. sync() makes up for it.
    Result<void> finish_unsynced(std::string_view record_json);
    Result<void> sync();
    // Deletes the file: its record is safe elsewhere.
    void discard() noexcept;
    [[nodiscard]] const std::string& path() const noexcept;

  private:
    struct Impl;
    explicit SpoolWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// Who wrote a spool file: decides whether its lock can be trusted from here.
struct SpoolOrigin {
    bool locked = false;  // the writer could lock its file
    std::string boot_id;  // of the writer's kernel; empty: unknown
    std::string host;

    bool operator==(const SpoolOrigin&) const = default;
};

// What a spool file holds.
struct SpoolContent {
    std::string header_json;
    std::optional<RunState> last_state;
    std::optional<std::string> final_json;
    std::size_t states = 0;  // in this file; fewer than were saved if it was compacted
    bool torn = false;       // ended in an incomplete or damaged record
    SpoolOrigin origin;

    bool operator==(const SpoolContent&) const = default;
};

// Reads bytes of a spool. Never trusts a length. Errors: corrupt (no valid header),
// version_mismatch (newer magic or state).
[[nodiscard]] Result<SpoolContent> read_spool(std::string_view bytes);

// The same from an open file, one record in memory at a time. Also: io_error.
[[nodiscard]] Result<SpoolContent> read_spool_file(int fd);

// A spool file of the folder that no live process writes, claimed for import by an atomic rename so
// that two importers never both have it. Files of other hosts are taken only when their lock is
// free and they have not grown for ten minutes.
struct ClaimedSpool {
    std::string path;
    SpoolContent content;
    // Keeps the file locked, so that no other importer takes it, until the last copy is gone.
    std::shared_ptr<const void> lock;
};

struct ClaimOptions {
    std::optional<bool> network_disk;  // absent: as on_network_disk says
    std::int64_t quiet_seconds = 600;  // by the file system's own clock
    std::string boot_id;               // empty: this machine's
};

// Claims everything that can be claimed, oldest run first. Damaged files, and what is no file but
// has the name of one, are moved aside to `<folder>/damaged/` and named in `problems`; so are files
// of a newer abate, which stay.
[[nodiscard]] std::vector<ClaimedSpool> claim_spools(const std::string& folder,
                                                     std::vector<std::string>& problems,
                                                     const ClaimOptions& options = {});
// After import: deletes a claimed file.
void release_claim(const ClaimedSpool& claimed);

}  // namespace abate::store
