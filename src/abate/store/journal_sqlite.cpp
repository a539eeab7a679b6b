#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/journal_check.h"
#include "abate/store/journal_errors.h"
#include "abate/store/journal_row.h"
#include "abate/store/journal_store.h"
#include "abate/store/posix_file.h"
#include "abate/store/run_store.h"
#include "abate/store/sqlite_db.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;
using engine::BatchHeader;
using engine::Digest;

constexpr std::int64_t kApplicationId = 0x6162744A;  // "abtJ"

// Forward only: step n leads from version n to n + 1. Sequence numbers and epochs are 64 bits without sign and SQL has a sign; none comes
// near it.
constexpr const char* kJournalSteps[] = {R"(
CREATE TABLE journal (
    tenant_id     INTEGER NOT NULL,
    scheme_id     INTEGER NOT NULL,
    first_seq     INTEGER NOT NULL,
    last_seq      INTEGER NOT NULL,
    count         INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    at_us         INTEGER NOT NULL,
    codec_version INTEGER NOT NULL,
    prev_digest   BLOB NOT NULL,
    digest        BLOB NOT NULL,
    payload       BLOB NOT NULL,
    PRIMARY KEY (tenant_id, scheme_id, first_seq)
) STRICT;
CREATE TABLE lease (
    tenant_id INTEGER NOT NULL,
    scheme_id INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    holder    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, scheme_id)
) STRICT;
)",
                                         R"(
CREATE TABLE snapshot (
    tenant_id INTEGER NOT NULL,
    scheme_id INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    bytes     BLOB NOT NULL,
    PRIMARY KEY (tenant_id, scheme_id, last_seq, part)
) STRICT;
)"};
constexpr auto kSchemaVersion = static_cast<std::int64_t>(std::size(kJournalSteps));

constexpr const char* kJournalColumns =
    "tenant_id, scheme_id, first_seq, last_seq, count, epoch, at_us, codec_version, prev_digest, "
    "digest, payload";

template <class T>
T or_fault(Result<T> result) {
    if (!result) throw Fault(result.error());
    return *std::move(result);
}
void or_fault(const Result<void>& result) {
    if (!result) throw Fault(result.error());
}

std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

BatchHeader header_of(const Stmt& row, const Db& db) {
    return header_from({.tenant_id = row.integer(0),
                        .scheme_id = row.integer(1),
                        .first_seq = row.integer(2),
                        .last_seq = row.integer(3),
                        .count = row.integer(4),
                        .epoch = row.integer(5),
                        .at_us = row.integer(6),
                        .codec_version = row.integer(7),
                        .prev_digest = row.blob_view(8),
                        .digest = row.blob_view(9)},
                       db.path());
}

// A file that is read as it lies: whether somebody wrote to it since.
class Untouched {
  public:
    explicit Untouched(std::string path) : path_(std::move(path)), was_(look()) {}
    void check() const {
        const Look is = look();
        if (is == was_) return;
        throw Fault({ErrorCode::unavailable,
                     "the journal was written to while it was read",
                     path_,
                     "Try again"});
    }
    [[nodiscard]] bool has_log() const { return was_.log_bytes > 0; }

  private:
    struct Look {
        std::uint64_t device = 0;
        std::uint64_t file = 0;
        std::int64_t bytes = 0;
        std::int64_t log_bytes = 0;  // of the write-ahead log
        std::int64_t at_s = 0;
        std::int64_t at_ns = 0;
        bool operator==(const Look&) const = default;
    };
    [[nodiscard]] Look look() const {
        struct stat file {};
        struct stat log {};
        if (::stat(path_.c_str(), &file) != 0) return {};
        const bool is_log = ::stat((path_ + "-wal").c_str(), &log) == 0;
        return {.device = file.st_dev,
                .file = file.st_ino,
                .bytes = file.st_size,
                .log_bytes = is_log ? log.st_size : 0,
                .at_s = file.st_mtim.tv_sec,
                .at_ns = file.st_mtim.tv_nsec};
    }

    std::string path_;
    Look was_;
};

class SqliteJournal final : public engine::Journal {
  public:
    // An older one that is only looked at has no snapshots.
    struct Looking {
        bool snapshots = true;
        std::optional<Untouched> frozen = std::nullopt;
    };
    SqliteJournal(Db db, engine::SchemeKey key, Looking how)
        : db_(std::move(db)),
          key_(key),
          snapshots_(how.snapshots),
          frozen_(std::move(how.frozen)),
          epoch_(or_fault(
              Stmt::prepare(db_, "SELECT epoch FROM lease WHERE tenant_id = ? AND scheme_id = ?"))),
          last_(or_fault(
              Stmt::prepare(db_,
                            "SELECT last_seq, epoch FROM journal WHERE tenant_id = ? AND scheme_id "
                            "= ? ORDER BY first_seq DESC LIMIT 1"))),
          insert_(or_fault(Stmt::prepare(
              db_,
              fmt::format("INSERT INTO journal ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          kJournalColumns)))) {}

    std::optional<BatchHeader> head() override {
        return looking([&] { return head_of(); });
    }

    void check() override {
        looking([&] { or_fault(check_file(db_)); });
    }

    // At each opening. What lies behind the end that the index shows would be written a second time.
    void look_at_end() {
        looking([&] {
            or_fault(db_.exec("BEGIN"));
            try {
                or_fault(check_end(db_, {.key = key_, .head = head_of()}));
            } catch (const Fault&) {
                (void)db_.exec("ROLLBACK");
                throw;
            }
            or_fault(db_.exec("COMMIT"));
        });
    }

    std::optional<BatchHeader> head_of() {
        Stmt last = or_fault(Stmt::prepare(
            db_,
            fmt::format("SELECT {} FROM journal WHERE tenant_id = ? AND scheme_id = ? ORDER BY "
                        "first_seq DESC LIMIT 1",
                        kJournalColumns)));
        last.bind(1, signed_of(key_.tenant_id)).bind(2, signed_of(key_.scheme_id));
        if (!or_fault(last.step())) return std::nullopt;
        return header_of(last, db_);
    }

    Append append(const Batch& batch) override {
        Tx tx = or_fault(Tx::begin(db_));
        const BatchHeader& h = batch.header;
        const Last last = last_batch();
        if (std::max(lease_epoch(), last.epoch) > h.epoch) return Append::fenced;
        if (h.first_seq <= last.seq) return Append::taken;
        insert_.reset();
        insert_.bind(1, signed_of(h.tenant_id))
            .bind(2, signed_of(h.scheme_id))
            .bind(3, signed_of(h.first_seq))
            .bind(4, signed_of(h.last_seq))
            .bind(5, std::int64_t{h.count})
            .bind(6, signed_of(h.epoch))
            .bind(7, h.at.us)
            .bind(8, std::int64_t{h.codec_version})
            .bind_blob(9, bytes_of(h.prev_digest))
            .bind_blob(10, bytes_of(h.digest))
            .bind_blob(11, batch.payload);
        const Result<bool> done = insert_.step();
        if (!done && (sqlite3_extended_errcode(db_.raw()) == SQLITE_CONSTRAINT_PRIMARYKEY)) {
            insert_.reset();
            return Append::taken;
        }
        or_fault(done);
        insert_.reset();
        or_fault(tx.commit());
        return Append::committed;
    }

    void read(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) override {
        looking([&] { return read_from(from_seq, visit); });
    }

    void read_from(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) {
        BatchOrder order({.from = from_seq, .end = last_batch().seq});
        Stmt rows = or_fault(Stmt::prepare(
            db_,
            fmt::format("SELECT {} FROM journal WHERE tenant_id = ?1 AND scheme_id = ?2 AND "
                        "first_seq >= coalesce((SELECT max(first_seq) FROM journal WHERE tenant_id "
                        "= ?1 AND scheme_id = ?2 AND first_seq <= ?3), 0) AND last_seq >= ?3 "
                        "ORDER BY first_seq",
                        kJournalColumns)));
        rows.bind(1, signed_of(key_.tenant_id))
            .bind(2, signed_of(key_.scheme_id))
            .bind(3, signed_of(from_seq));
        while (or_fault(rows.step())) {
            const Batch batch{.header = header_of(rows, db_), .payload = rows.blob(10)};
            order.next(batch.header, db_.path());
            if (!visit(batch)) return;
        }
        order.finish(db_.path());
    }

    std::uint64_t take_lease(const std::string& holder) override {
        Tx tx = or_fault(Tx::begin(db_));
        const std::uint64_t epoch = next_epoch();
        Stmt take = or_fault(Stmt::prepare(
            db_,
            "INSERT INTO lease (tenant_id, scheme_id, epoch, holder) VALUES (?, ?, ?, ?) ON "
            "CONFLICT (tenant_id, scheme_id) DO UPDATE SET epoch = excluded.epoch, holder = "
            "excluded.holder"));
        take.bind(1, signed_of(key_.tenant_id))
            .bind(2, signed_of(key_.scheme_id))
            .bind(3, signed_of(epoch))
            .bind(4, holder);
        (void)or_fault(take.step());
        take.reset();
        or_fault(tx.commit());
        return epoch;
    }

    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        Tx tx = or_fault(Tx::begin(db_));
        Stmt renew = or_fault(
            Stmt::prepare(db_,
                          "UPDATE lease SET epoch = ? WHERE tenant_id = ? AND scheme_id = ? AND "
                          "holder = ? AND epoch >= ?"));
        const std::uint64_t next = next_epoch();
        renew.bind(1, signed_of(next))
            .bind(2, signed_of(key_.tenant_id))
            .bind(3, signed_of(key_.scheme_id))
            .bind(4, holder)
            .bind(5, signed_of(epoch));
        (void)or_fault(renew.step());
        if (sqlite3_changes(db_.raw()) != 1) return std::nullopt;
        renew.reset();
        or_fault(tx.commit());
        return next;
    }

    // In parts, because one value may not be larger than a billion bytes.
    void keep_snapshot(const engine::Snapshot& snapshot) override {
        Tx tx = or_fault(Tx::begin(db_));
        run("DELETE FROM snapshot WHERE tenant_id = ? AND scheme_id = ? AND last_seq = ?",
            snapshot.last_seq);
        Stmt insert =
            or_fault(Stmt::prepare(db_,
                                   "INSERT INTO snapshot (tenant_id, scheme_id, last_seq, part, "
                                   "bytes) VALUES (?, ?, ?, ?, ?)"));
        const std::string_view bytes = snapshot.bytes;
        for (std::size_t part = 0; part * kSnapshotPart < bytes.size(); ++part) {
            insert.reset();
            insert.bind(1, signed_of(key_.tenant_id))
                .bind(2, signed_of(key_.scheme_id))
                .bind(3, signed_of(snapshot.last_seq))
                .bind(4, static_cast<std::int64_t>(part))
                .bind_blob(5, bytes.substr(part * kSnapshotPart, kSnapshotPart));
            (void)or_fault(insert.step());
        }
        insert.reset();
        // The newest and the one before it stay.
        const std::optional<std::uint64_t> newest = snapshot_at(UINT64_MAX >> 1U);
        const std::optional<std::uint64_t> second =
            newest && *newest > 0 ? snapshot_at(*newest - 1) : std::nullopt;
        if (second)
            run("DELETE FROM snapshot WHERE tenant_id = ? AND scheme_id = ? AND last_seq < ?",
                *second);
        or_fault(tx.commit());
    }

    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        return looking([&] { return snapshot_until(most); });
    }

    std::optional<engine::Snapshot> snapshot_until(std::uint64_t most) {
        if (!snapshots_) return std::nullopt;
        const std::optional<std::uint64_t> at = snapshot_at(most);
        if (!at) return std::nullopt;
        engine::Snapshot out{.last_seq = *at, .bytes = {}};
        Stmt parts = or_fault(
            Stmt::prepare(db_,
                          "SELECT bytes, (SELECT sum(length(bytes)) FROM snapshot WHERE tenant_id "
                          "= ?1 AND scheme_id = ?2 AND last_seq = ?3) FROM snapshot WHERE "
                          "tenant_id = ?1 AND scheme_id = ?2 AND last_seq = ?3 ORDER BY part"));
        parts.bind(1, signed_of(key_.tenant_id))
            .bind(2, signed_of(key_.scheme_id))
            .bind(3, signed_of(*at));
        while (or_fault(parts.step())) {
            if (out.bytes.empty()) out.bytes.reserve(static_cast<std::size_t>(parts.integer(1)));
            out.bytes += parts.blob_view(0);
        }
        return out;
    }

  private:
    // What a changing file seems to say is no fault of the journal.
    template <class F>
    std::invoke_result_t<F> looking(const F& look) {
        try {
            if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
                look();
                if (frozen_) frozen_->check();
            } else {
                auto out = look();
                if (frozen_) frozen_->check();
                return out;
            }
        } catch (const Fault&) {
            if (frozen_) frozen_->check();
            throw;
        }
    }

    static std::int64_t signed_of(std::uint64_t number) {
        return static_cast<std::int64_t>(number);
    }

    // 0 where the row is missing, or says what none can: the batches know better.
    std::uint64_t lease_epoch() {
        epoch_.reset();
        epoch_.bind(1, signed_of(key_.tenant_id)).bind(2, signed_of(key_.scheme_id));
        const std::int64_t epoch = or_fault(epoch_.step()) ? epoch_.integer(0) : 0;
        epoch_.reset();
        return static_cast<std::uint64_t>(std::max<std::int64_t>(epoch, 0));
    }

    // Above what the lease says and above the last batch's: a lease may be damaged, and a batch of an earlier epoch than the one before
    // it is none.
    std::uint64_t next_epoch() {
        const std::uint64_t highest = std::max(lease_epoch(), last_batch().epoch);
        if (highest >= static_cast<std::uint64_t>(INT64_MAX) - 1)
            throw Fault(
                damaged_journal(fmt::format("its lease has epoch {}", highest), db_.path()));
        return highest + 1;
    }

    void run(const char* sql, std::uint64_t seq) {
        Stmt statement = or_fault(Stmt::prepare(db_, sql));
        statement.bind(1, signed_of(key_.tenant_id))
            .bind(2, signed_of(key_.scheme_id))
            .bind(3, signed_of(seq));
        (void)or_fault(statement.step());
    }

    std::optional<std::uint64_t> snapshot_at(std::uint64_t most) {
        Stmt find = or_fault(
            Stmt::prepare(db_,
                          "SELECT max(last_seq), count(*) FROM snapshot WHERE tenant_id = ? AND "
                          "scheme_id = ? AND last_seq <= ?"));
        find.bind(1, signed_of(key_.tenant_id))
            .bind(2, signed_of(key_.scheme_id))
            .bind(3, signed_of(most));
        if (!or_fault(find.step()) || find.integer(1) == 0) return std::nullopt;
        return static_cast<std::uint64_t>(find.integer(0));
    }

    struct Last {
        std::uint64_t seq = 0;
        std::uint64_t epoch = 0;
    };
    Last last_batch() {
        last_.reset();
        last_.bind(1, signed_of(key_.tenant_id)).bind(2, signed_of(key_.scheme_id));
        Last last;
        if (or_fault(last_.step()))
            last = {
                .seq = static_cast<std::uint64_t>(last_.integer(0)),
                .epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(last_.integer(1), 0))};
        last_.reset();
        return last;
    }

    Db db_;
    engine::SchemeKey key_;
    bool snapshots_;
    std::optional<Untouched> frozen_;
    Stmt epoch_;
    Stmt last_;
    Stmt insert_;
};

Result<std::int64_t> pragma(Db& db, const char* name) {
    Result<Stmt> ask = Stmt::prepare(db, fmt::format("PRAGMA {}", name));
    if (!ask) return ask.error();
    const Result<bool> row = ask->step();
    if (!row) return row.error();
    return *row ? ask->integer(0) : 0;
}

Result<void> migrate(Db& db, Tx& tx, std::int64_t from) {
    for (std::int64_t version = from; version < kSchemaVersion; ++version)
        if (Result<void> made = db.exec(kJournalSteps[version]); !made) return made;
    const std::string mark = fmt::format(
        "PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kSchemaVersion);
    if (Result<void> marked = db.exec(mark.c_str()); !marked) return marked;
    return tx.commit();
}

Error no_journal(const std::string& path) {
    return {ErrorCode::conflict, "this file is no journal of abate", path, "Name another file"};
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

Result<void> refuse_network_disk(const std::string& path) {
    if (!on_network_disk(folder_of(path))) return {};
    return Error{ErrorCode::unsupported,
                 "a journal cannot be kept on a network disk in SQLite",
                 path,
                 "Use a local disk, or PostgreSQL"};
}

Error cannot_be_read(int error_number, const std::string& path) {
    return abate::file_error(error_number,
                             {.what = "the journal cannot be read",
                              .where = path,
                              .denied = "Ask its owner for the right to read it",
                              .other = ""});
}

// Before SQLite sees it: an empty file would become a database.
Result<void> look_at_file(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        return errno == ENOENT ? no_registry(path) : cannot_be_read(errno, path);
    if (!S_ISREG(status.st_mode)) return no_journal(path);
    if (status.st_size == 0) return no_registry(path);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return cannot_be_read(errno, path);
    static constexpr char kMagicBytes[] = "SQLite format 3";
    constexpr std::string_view kMagic(kMagicBytes, sizeof kMagicBytes);  // its zero too
    char head[kMagic.size()] = {};
    const ssize_t got = ::pread(file.get(), head, sizeof head, 0);
    if (got < 0) return cannot_be_read(errno, path);
    if (std::string_view(head, static_cast<std::size_t>(got)) != kMagic) return no_journal(path);
    return {};
}

struct Opened {
    Db db;
    std::optional<Untouched> frozen;
};

// For looking only. A connection that may not write leaves files beside the journal that its owner could not open, so none is made:
// without a write-ahead log the file is read as it lies, with one only where its index is there too.
Result<Opened> open_to_look(const std::string& path) {
    if (Result<void> looked = look_at_file(path); !looked) return looked.error();
    Untouched untouched(path);
    const bool index = ::access((path + "-shm").c_str(), F_OK) == 0;
    const bool writable =
        ::access(path.c_str(), W_OK) == 0 && ::access(folder_of(path).c_str(), W_OK) == 0;
    const bool frozen = !writable && !untouched.has_log();
    if (!writable && untouched.has_log() && !index)
        return Error{ErrorCode::permission_denied,
                     "the journal's last writer was stopped, and its log can only be read with "
                     "the right to write",
                     path,
                     "Whoever may write it opens it once: abate registry head"};
    Result<Db> db = Db::open(path,
                             "the journal",
                             frozen     ? Db::Access::frozen
                             : writable ? Db::Access::write
                                        : Db::Access::read);
    if (!db) return db.error();
    if (Result<void> set = db->exec("PRAGMA query_only = ON"); !set) return set.error();
    Opened out{.db = *std::move(db), .frozen = std::nullopt};
    if (frozen) out.frozen = std::move(untouched);
    return out;
}

Result<std::int64_t> version_of_journal(Db& db) {
    const Result<std::int64_t> application = pragma(db, "application_id");
    if (!application) return application.error();
    const Result<std::int64_t> version = pragma(db, "user_version");
    if (!version) return version.error();
    if (*application == kApplicationId) {
        if (*version > kSchemaVersion)
            return newer_journal({.found = *version, .known = kSchemaVersion}, db.path());
        if (Result<void> tables = check_tables(db, *version); !tables) return tables.error();
        return *version;
    }
    // Its maker was stopped before the first table; or it is another program's.
    const Result<std::int64_t> schema = pragma(db, "schema_version");
    if (!schema) return schema.error();
    if (*application == 0 && *version == 0 && *schema == 0) return no_registry(db.path());
    return no_journal(db.path());
}

// A fresh file gets the tables; another program's, or a newer abate's, is left alone.
Result<void> make_or_check_schema(Db& db) {
    Result<Tx> tx = Tx::begin(db);
    if (!tx) return tx.error();
    const Result<std::int64_t> application = pragma(db, "application_id");
    if (!application) return application.error();
    if (*application == kApplicationId) {
        const Result<std::int64_t> version = version_of_journal(db);
        if (!version) return version.error();
        if (*version == kSchemaVersion) return {};
        return migrate(db, *tx, *version);
    }
    const Result<std::int64_t> version = pragma(db, "user_version");
    if (!version) return version.error();
    const Result<std::int64_t> tables = [&]() -> Result<std::int64_t> {
        Result<Stmt> count = Stmt::prepare(db, "SELECT count(*) FROM sqlite_master");
        if (!count) return count.error();
        const Result<bool> row = count->step();
        if (!row) return row.error();
        return count->integer(0);
    }();
    if (!tables) return tables.error();
    if (*application != 0 || *version != 0 || *tables != 0)
        return Error{ErrorCode::conflict,
                     "this database is not a journal of abate",
                     db.path(),
                     "Name another file"};
    return migrate(db, *tx, 0);
}

}  // namespace

Result<std::unique_ptr<engine::Journal>> open_sqlite_journal(const std::string& path,
                                                             engine::SchemeKey key) {
    if (Result<void> local = refuse_network_disk(path); !local) return local.error();
    if (!create_private(path.c_str()) && errno != EEXIST)
        return file_error(errno, "cannot create the journal", path);
    if (::access(path.c_str(), R_OK | W_OK) != 0)
        return file_error(errno, "the journal cannot be written", path);
    Result<Db> db = Db::open(path, "the journal");
    if (!db) return db.error();
    // The page size holds for a fresh file only: a batch of a thousand events is a handful of pages.
    if (Result<void> set = db->exec(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
            "PRAGMA wal_autocheckpoint = 1024; PRAGMA foreign_keys = ON");
        !set)
        return set.error();
    if (Result<void> schema = make_or_check_schema(*db); !schema) return schema.error();
    try {
        auto journal =
            std::make_unique<SqliteJournal>(*std::move(db), key, SqliteJournal::Looking{});
        journal->look_at_end();
        return std::unique_ptr<engine::Journal>(std::move(journal));
    } catch (const Fault& fault) {
        return fault.error();
    }
}

Result<std::unique_ptr<engine::Journal>> read_sqlite_journal(const std::string& path,
                                                             engine::SchemeKey key) {
    if (Result<void> local = refuse_network_disk(path); !local) return local.error();
    Result<Opened> opened = open_to_look(path);
    if (!opened) return opened.error();
    Db& db = opened->db;
    const Result<std::int64_t> version = version_of_journal(db);
    if (!version) return version.error();
    try {
        auto journal = std::make_unique<SqliteJournal>(
            std::move(db),
            key,
            SqliteJournal::Looking{.snapshots = *version > 1, .frozen = std::move(opened->frozen)});
        journal->look_at_end();
        return std::unique_ptr<engine::Journal>(std::move(journal));
    } catch (const Fault& fault) {
        return fault.error();
    }
}

namespace {

struct Copy {
    Db& from;
    Db& to;
};

// All pages in one step, that is in one read transaction: in WAL mode it keeps no writer waiting, and no writer makes it begin again.
Result<void> copy_pages(const Copy& copy) {
    sqlite3_backup* backup = sqlite3_backup_init(copy.to.raw(), "main", copy.from.raw(), "main");
    if (backup == nullptr) return copy.to.error("cannot begin the backup");
    int waited_ms = 0;
    int code = sqlite3_backup_step(backup, -1);
    for (; (code == SQLITE_BUSY || code == SQLITE_LOCKED) && waited_ms < kBusyMilliseconds;
         waited_ms += 10) {
        sqlite3_sleep(10);
        code = sqlite3_backup_step(backup, -1);
    }
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) return {};
    return copy.to.error("cannot write the backup");
}

// Nothing stays of it unless it got its name.
class Partial {
  public:
    explicit Partial(const std::string& to) : path_(to + ".partial") { remove(); }
    ~Partial() { remove(); }
    Partial(const Partial&) = delete;
    Partial& operator=(const Partial&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    void remove_sides() const {
        for (const char* side : {"-wal", "-shm", "-journal"})
            (void)::unlink((path_ + side).c_str());
    }

  private:
    void remove() const {
        remove_sides();
        (void)::unlink(path_.c_str());
    }
    std::string path_;
};

// What is wrong with the copy is wrong with what was copied.
Error as_of(const std::string& path, Error error) {
    const bool within = error.where.rfind(path, 0) != 0 && !error.where.empty();
    error.where = within ? path + ", " + error.where : path;  // the batch
    return error;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where from, then where to
Result<void> backup_sqlite_journal(const std::string& path,
                                   const std::string& to,
                                   const CheckCopy& check) {
    struct stat there {};
    if (::lstat(to.c_str(), &there) == 0)
        return Error{ErrorCode::already_exists, "the backup is there already", to, "Name another"};
    Result<Opened> from = open_to_look(path);
    if (!from) return from.error();
    if (const Result<std::int64_t> version = version_of_journal(from->db); !version)
        return version.error();
    const Partial partial(to);
    const Fd file = create_private(partial.path().c_str());
    if (!file) return file_error(errno, "cannot create the backup", partial.path());
    Result<void> copied = [&]() -> Result<void> {
        {
            Result<Db> copy = Db::open(partial.path(), "the backup");
            if (!copy) return copy.error();
            if (Result<void> done = copy_pages({.from = from->db, .to = *copy}); !done) return done;
            if (Result<void> sound = check_file(*copy); !sound) return as_of(path, sound.error());
        }
        if (!check) return {};
        const Result<void> sound = check(partial.path());
        return sound ? sound : as_of(path, sound.error());
    }();
    partial.remove_sides();
    try {
        if (copied && from->frozen) from->frozen->check();
    } catch (const Fault& fault) {
        copied = fault.error();
    }
    if (!copied) return copied;
    if (::fsync(file.get()) != 0)
        return file_error(errno, "cannot sync the backup", partial.path());
    if (const int error = publish_noreplace({.from = partial.path().c_str(), .to = to.c_str()});
        error != 0)
        return file_error(error, "the backup cannot have its name", to);
    const std::size_t slash = to.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : to.substr(0, slash + 1);
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (const int error = directory ? sync_folder(directory.get()) : errno; error != 0)
        return file_error(error, "cannot sync the folder", folder);
    return {};
}

}  // namespace abate::store
