// Where a scheme's journal is kept: in memory, in SQLite on a local disk, or in PostgreSQL.
//
//     auto journal = open_sqlite_journal(home + "/registry.db", {.tenant_id = 1, .scheme_id = 1});
//     if (!journal) return journal.error();
//
// A damaged journal is never moved aside and never written to: it is refused, and stays for whoever restores it. In SQLite the index is not
// believed: opening compares its end with that of the table, Journal::check() all of both.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace abate::engine {
class Journal;  // engine/engine.h
struct SchemeKey;
}  // namespace abate::engine

namespace abate::store {

// Bytes of one row of a snapshot.
inline constexpr std::size_t kSnapshotPart = std::size_t{4} << 20;

// For tests and simulation: forgets everything at its end.
[[nodiscard]] std::unique_ptr<engine::Journal> open_memory_journal(engine::SchemeKey key);

// Creates the file (mode 0600) where there is none. Every commit is synced (FULL). One process at a time writes; others may read. Errors:
// io_error, permission_denied, unavailable (another process holds it, for ten seconds), corrupt, version_mismatch (a newer abate wrote
// it), unsupported (a network disk).
[[nodiscard]] Result<std::unique_ptr<engine::Journal>> open_sqlite_journal(const std::string& path,
                                                                           engine::SchemeKey key);

// The same for looking only: no journal is made, no row and no schema is changed, and the right to read is enough. Whoever may write it folds
// in, by looking, what a writer that was stopped left in the log beside the file. Where the file or
// its folder may not be written, it is read as it lies; whoever writes to it meanwhile makes the reading throw `unavailable`. Errors:
// not_found (no file, or an empty one), conflict (no journal of abate), permission_denied, corrupt, unavailable, version_mismatch,
// unsupported. REQUIRES: head, read and newest_snapshot are all that is called.
[[nodiscard]] Result<std::unique_ptr<engine::Journal>> read_sqlite_journal(const std::string& path,
                                                                           engine::SchemeKey key);

// Copies a journal to a new file (mode 0600) while it is written to: all schemes, as they were at one moment between two batches. The copy is
// checked (every page, every row, and by `check`, which gets its present name), synced, and has its name only then; of one that is refused
// nothing stays, and the error names what was copied. A head kept from a later moment tells a copy that was put back
// (engine::RecoverOptions). Errors: not_found, already_exists, conflict (no journal of abate), corrupt, version_mismatch, io_error,
// permission_denied, unavailable; those of `check`.
using CheckCopy = std::function<Result<void>(const std::string& copy)>;
[[nodiscard]] Result<void> backup_sqlite_journal(const std::string& path,
                                                 const std::string& to,
                                                 const CheckCopy& check = {});

// In the schema `abate` of a PostgreSQL database, which is made where it is missing; PostgreSQL 14 or newer, or what speaks its protocol.
// `conninfo` as libpq takes it. Each append is one serialisable transaction and one round trip, which looks at the lease first. Several
// nodes may have it open: the one that took the lease last writes. libpq is loaded here and not before. Errors: unavailable (no server, no
// libpq), permission_denied, version_mismatch, unsupported (before 14; a server that answers before the disk has it).
[[nodiscard]] Result<std::unique_ptr<engine::Journal>> open_postgres_journal(
    const std::string& conninfo, engine::SchemeKey key);

// The same for looking only: no schema and no table is made. Errors: not_found (no journal in that database), and as above.
[[nodiscard]] Result<std::unique_ptr<engine::Journal>> read_postgres_journal(
    const std::string& conninfo, engine::SchemeKey key);

}  // namespace abate::store
