#include "abate/store/sqlite.h"

#include "abate/core/version.h"
#include "abate/store/posix_file.h"
#include "abate/store/run_choice.h"
#include "abate/store/sqlite_db.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

namespace abate::store {

namespace {

constexpr const char* kCreateRuns =
    "CREATE TABLE runs ("
    " run_id TEXT PRIMARY KEY NOT NULL,"
    " started_at_us INTEGER NOT NULL,"
    " ended_at_us INTEGER NOT NULL,"
    " status TEXT NOT NULL,"
    " phase TEXT NOT NULL,"
    " project TEXT NOT NULL,"
    " host TEXT NOT NULL,"
    " attributed_j REAL NOT NULL,"
    " facility_j REAL NOT NULL,"
    " kgco2e REAL NOT NULL,"
    " record_json TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX runs_by_start ON runs (started_at_us, run_id);";

// FULL: the WAL is synced at each commit. The spool file of a run is deleted after put, so with
// NORMAL a power cut could take the record with it (sqlite.org/pragma.html#pragma_synchronous).
constexpr const char* kSettings = "PRAGMA synchronous = FULL;";

// Pages in the WAL from which a commit empties it. Small (SQLite's own checkpoint comes at 1000), because whoever opens
// the store first reads all of it.
constexpr int kFullWalPages = 100;

// Called after each commit. SQLite's own checkpoint copies the WAL into the database and leaves it to a later commit of
// the same opening to begin the WAL anew. Most openings here make one commit: the WAL would grow for ever, be read whole
// at each opening and be copied whole at each commit.
int empty_full_wal(void* /*unused*/, sqlite3* db, const char* schema, int pages) {
    if (pages < kFullWalPages) return SQLITE_OK;
    sqlite3_busy_timeout(db, 0);  // While somebody else reads, a later commit will do it.
    sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db, kBusyMilliseconds);
    return SQLITE_OK;  // The commit stands, whatever became of this.
}

constexpr const char* kColumns =
    "run_id, started_at_us, ended_at_us, status, phase, project, host, attributed_j, facility_j, "
    "kgco2e, record_json";

StoredRun row_of(const Stmt& row) {
    return {.run_id = row.text(0),
            .started_at = {row.integer(1)},
            .ended_at = {row.integer(2)},
            .status = row.text(3),
            .phase = row.text(4),
            .project = row.text(5),
            .host = row.text(6),
            .attributed_j = row.real(7),
            .facility_j = row.real(8),
            .kgco2e = row.real(9),
            .record_json = row.text(10)};
}

Result<std::int64_t> single_number(Db& db, std::string_view sql) {
    auto statement = Stmt::prepare(db, sql);
    if (!statement) return statement.error();
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    return *row ? statement->integer(0) : 0;
}

// Two processes that open a new file at once: one switches to WAL, the other is told "busy" at
// once, whatever the busy time-out, because waiting could deadlock.
Result<void> switch_to_wal(Db& db) {
    constexpr int kTries = 1000;  // of 10 ms: the ten seconds of the busy time-out
    for (int n = 0;; ++n) {
        auto switched = db.exec("PRAGMA journal_mode = WAL");
        if (switched || switched.error().code != ErrorCode::unavailable || n == kTries) {
            return switched;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

// The file's own sync, through SQLite's handle: closing a descriptor of ours would let go of SQLite's locks.
Result<void> sync_database(Db& db) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db.raw(), nullptr, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods == nullptr || file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
        return db.error("cannot sync the run store");
    }
    return {};
}

// Makes a new file ours. Whoever comes second finds it done. SQLite would sync eight times on the way, and each costs as
// much as a run's whole start. Nothing of value is in the file yet, so one sync is enough: of the header that says "WAL",
// before the schema. Without it a power cut could leave an empty file beside the WAL, which SQLite would then delete.
// The schema itself is in the WAL and reaches the disk with the first put, which syncs that file whole.
Result<void> begin_schema(Db& db) {
    if (auto off = db.exec("PRAGMA synchronous = OFF"); !off) return off;
    if (auto switched = switch_to_wal(db); !switched) return switched;
    if (auto synced = sync_database(db); !synced) return synced;
    auto tx = Tx::begin(db);
    if (!tx) return tx.error();
    const Result<std::int64_t> version = single_number(db, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version != 0) return {};
    if (auto made = db.exec(kCreateRuns); !made) return made;
    const std::string marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                          kRunsApplicationId,
                                          kRunsSchemaVersion);
    if (auto marked = db.exec(marks.c_str()); !marked) return marked;
    return tx->commit();
}

// What says whose database this is.
struct Marks {
    std::int64_t application = 0;
    std::int64_t version = 0;
    std::int64_t tables = 0;
};

// All three of one moment: another process that is just making the schema is seen before or after, never halfway.
Result<Marks> read_marks(Db& db) {
    if (auto begun = db.exec("BEGIN"); !begun) return begun.error();
    const auto application = single_number(db, "PRAGMA application_id");
    const auto version = single_number(db, "PRAGMA user_version");
    const auto tables = single_number(db, "SELECT count(*) FROM sqlite_master");
    const auto ended = db.exec("ROLLBACK");
    if (!application) return application.error();
    if (!version) return version.error();
    if (!tables) return tables.error();
    if (!ended) return ended.error();
    return Marks{.application = *application, .version = *version, .tables = *tables};
}

Result<void> check_schema(Db& db) {
    const Result<Marks> marks = read_marks(db);
    if (!marks) return marks.error();
    if (marks->application == 0 && marks->version == 0 && marks->tables == 0)
        return begin_schema(db);
    if (marks->application != kRunsApplicationId) {
        return Error{ErrorCode::conflict,
                     fmt::format("this is the database of another program (application_id {})",
                                 marks->application),
                     db.path(),
                     "Move it away, or set ABATE_HOME to another folder"};
    }
    if (marks->version > kRunsSchemaVersion) {
        return Error{ErrorCode::version_mismatch,
                     fmt::format("the run store has schema {}, abate {} knows schema {}",
                                 marks->version,
                                 abate::version(),
                                 kRunsSchemaVersion),
                     db.path(),
                     "Upgrade abate, or set ABATE_HOME to another folder"};
    }
    return {};
}

// The file is created by us because SQLite would give it the mode 0644.
Result<Db> open_runs_db(const std::string& path) {
    if (!create_private(path.c_str()) && errno != EEXIST) {
        return file_error(errno, "cannot create the run store", path);
    }
    if (::access(path.c_str(), R_OK | W_OK) != 0) {
        return file_error(errno, "the run store cannot be written", path);
    }
    auto db = Db::open(path);
    if (!db) return db;
    // Closing stays cheap, and never touches a file that may be damaged.
    sqlite3_db_config(db->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (auto checked = check_schema(*db); !checked) return checked.error();
    if (auto set = db->exec(kSettings); !set) return set.error();
    sqlite3_wal_hook(db->raw(), empty_full_wal, nullptr);
    return db;
}

// "20261122T090000Z"
std::string compact_time(Timestamp now) {
    std::string text;
    for (const char c : to_rfc3339({now.us - now.us % 1'000'000})) {
        if (c != '-' && c != ':') text += c;
    }
    return text;
}

std::optional<ino_t> inode_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return status.st_ino;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Locks the folder of `path` while the descriptor lives. Opening takes it shared and moving aside
// exclusively, so that nobody opens a database by a name that is just given to another: SQLite
// would join the damaged file with the log of the new one. errno tells why there is none.
Fd lock_folder(const std::string& path, int operation) {
    Fd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return folder;
    while (::flock(folder.get(), operation) != 0) {
        if (errno != EINTR) return Fd();
    }
    return folder;
}

// Moves `path` with its -wal and -shm to `<path>.damaged-<time>`. The WAL goes first: a new
// database beside an old WAL would make SQLite delete the WAL. `inode` is the file that was found
// damaged, so that nobody moves the new one of somebody who was faster. Gives the new name, empty
// when another process has done it.
Result<std::string> move_aside(const std::string& path, ino_t inode, Timestamp now) {
    const Fd folder = lock_folder(path, LOCK_EX);
    if (!folder) {
        return file_error(errno, "the run store is damaged and cannot be moved aside", path);
    }
    if (inode_of(path) != std::optional(inode)) return std::string();
    const std::string base = fmt::format("{}.damaged-{}", path, compact_time(now));
    std::string aside = base;
    for (int n = 1; ::access(aside.c_str(), F_OK) == 0; ++n) aside = fmt::format("{}.{}", base, n);
    for (const char* suffix : {"-wal", "-shm", ""}) {
        const int error_number =
            rename_noreplace({.from = (path + suffix).c_str(), .to = (aside + suffix).c_str()});
        if (error_number != 0 && !(error_number == ENOENT && *suffix != '\0')) {
            return file_error(
                error_number, "the run store is damaged and cannot be moved aside", path);
        }
    }
    if (const int error_number = sync_folder(folder.get()); error_number != 0) {
        return file_error(error_number, "cannot sync the folder", folder_of(path));
    }
    return aside;
}

class SqliteRunStore final : public RunStore {
  public:
    SqliteRunStore(Db db, ino_t inode, Timestamp opened_at)
        : db_(std::move(db)), inode_(inode), opened_at_(opened_at) {}

    Result<void> put(const StoredRun& run) override;
    Result<std::vector<StoredRun>> list(const RunFilter& filter) override {
        return confirmed(list_rows(filter));
    }
    Result<StoredRun> find(const std::string& id_or_prefix) override {
        return confirmed(find_row(id_or_prefix));
    }
    [[nodiscard]] std::string describe() const override { return "sqlite " + db_.path(); }

  private:
    Result<void> put_row(const StoredRun& run);
    Result<std::vector<StoredRun>> list_rows(const RunFilter& filter);
    Result<StoredRun> find_row(const std::string& id_or_prefix);
    Result<std::vector<std::string>> ids_like(const std::string& part);

    template <class T>
    Result<T> confirmed(Result<T> answer) {
        if (!answer && answer.error().code == ErrorCode::corrupt) return damage(answer.error());
        return answer;
    }
    Error damage(const Error& found);

    Db db_;
    ino_t inode_;
    Timestamp opened_at_;
};

// SQLite has met damage. Where its own check agrees the file is moved aside, so that the next
// command begins a new one; this command fails and says where the old one is.
Error SqliteRunStore::damage(const Error& found) {
    auto check = Stmt::prepare(db_, "PRAGMA quick_check(1)");
    const bool sound = check && check->step().value_or(false) && check->text(0) == "ok";
    if (sound) return found;
    const Result<std::string> aside = move_aside(db_.path(), inode_, opened_at_);
    if (!aside) return aside.error();
    return {ErrorCode::corrupt,
            "the run store is damaged" + (aside->empty() ? "" : " and is kept as " + *aside),
            db_.path(),
            "Run the command again: a new store is begun"};
}

Result<void> SqliteRunStore::put(const StoredRun& run) {
    if (auto checked = check_stored_run(run); !checked) return checked;
    return confirmed(put_row(run));
}

Result<void> SqliteRunStore::put_row(const StoredRun& run) {
    auto insert = Stmt::prepare(db_,
                                fmt::format("INSERT INTO runs ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?) "
                                            "ON CONFLICT (run_id) DO NOTHING",
                                            kColumns));
    if (!insert) return insert.error();
    insert->bind(1, run.run_id)
        .bind(2, run.started_at.us)
        .bind(3, run.ended_at.us)
        .bind(4, run.status)
        .bind(5, run.phase)
        .bind(6, run.project)
        .bind(7, run.host)
        .bind(8, run.attributed_j)
        .bind(9, run.facility_j)
        .bind(10, run.kgco2e)
        .bind(11, run.record_json);
    if (const auto done = insert->step(); !done) return done.error();
    if (sqlite3_changes(db_.raw()) == 1) return {};
    auto stored = Stmt::prepare(db_, "SELECT record_json FROM runs WHERE run_id = ?");
    if (!stored) return stored.error();
    const Result<bool> row = stored->bind(1, run.run_id).step();
    if (!row) return row.error();
    return check_same_run(run, stored->text(0));
}

Result<std::vector<StoredRun>> SqliteRunStore::list_rows(const RunFilter& filter) {
    std::string sql = fmt::format("SELECT {} FROM runs WHERE 1", kColumns);
    if (!filter.project.empty()) sql += " AND project = ?";
    if (!filter.phase.empty()) sql += " AND phase = ?";
    if (!filter.status.empty()) sql += " AND status = ?";
    if (filter.since) sql += " AND started_at_us >= ?";
    if (filter.until) sql += " AND started_at_us < ?";
    for (std::size_t n = 0; n < filter.labels.size(); ++n) {
        sql +=
            " AND EXISTS (SELECT 1 FROM json_each("
            "CASE WHEN json_valid(record_json) THEN record_json ELSE '{}' END, '$.labels') AS label"
            " WHERE label.key = ? AND label.type = 'text' AND label.value = ?)";
    }
    sql += " ORDER BY started_at_us DESC, run_id DESC LIMIT ?";
    auto select = Stmt::prepare(db_, sql);
    if (!select) return select.error();
    int parameter = 0;
    for (const std::string* text : {&filter.project, &filter.phase, &filter.status}) {
        if (!text->empty()) select->bind(++parameter, *text);
    }
    for (const std::optional<Timestamp>& time : {filter.since, filter.until}) {
        if (time) select->bind(++parameter, time->us);
    }
    for (const auto& [key, value] : filter.labels) {
        select->bind(++parameter, key);
        select->bind(++parameter, value);
    }
    select->bind(++parameter,
                 filter.limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(filter.limit));
    std::vector<StoredRun> found;
    for (;;) {
        const Result<bool> row = select->step();
        if (!row) return row.error();
        if (!*row) return found;
        found.push_back(row_of(*select));
    }
}

// run_ids that begin or end with `part`, case aside: the few that a refusal would name, and one
// more. LIKE ignores the case of ASCII; '_' is a character of run_ids, so it is escaped.
Result<std::vector<std::string>> SqliteRunStore::ids_like(const std::string& part) {
    std::string escaped;
    for (const char c : part) {
        if (c == '%' || c == '_' || c == '\\') escaped += '\\';
        escaped += c;
    }
    auto select = Stmt::prepare(db_,
                                "SELECT run_id FROM runs WHERE run_id LIKE ?1 ESCAPE '\\' OR "
                                "run_id LIKE ?2 ESCAPE '\\' ORDER BY length(run_id), run_id LIMIT "
                                "?3");
    if (!select) return select.error();
    select->bind(1, escaped + "%").bind(2, "%" + escaped);
    select->bind(3, static_cast<std::int64_t>(kCandidatesShown + 1));
    std::vector<std::string> ids;
    for (;;) {
        const Result<bool> row = select->step();
        if (!row) return row.error();
        if (!*row) return ids;
        ids.push_back(select->text(0));
    }
}

Result<StoredRun> SqliteRunStore::find_row(const std::string& id_or_prefix) {
    std::string sql = fmt::format("SELECT {} FROM runs", kColumns);
    if (id_or_prefix == "last") {
        auto newest = Stmt::prepare(db_, sql + " ORDER BY run_id DESC LIMIT 1");
        if (!newest) return newest.error();
        const Result<bool> row = newest->step();
        if (!row) return row.error();
        if (!*row) return no_run_yet();
        return row_of(*newest);
    }
    // The exact id first: it costs one look into the index.
    auto select = Stmt::prepare(db_, sql + " WHERE run_id = ?");
    if (!select) return select.error();
    Result<bool> row = select->bind(1, id_or_prefix).step();
    if (!row) return row.error();
    if (*row) return row_of(*select);
    const auto candidates =
        is_file_name_id(id_or_prefix) ? ids_like(id_or_prefix) : std::vector<std::string>{};
    if (!candidates) return candidates.error();
    const Result<std::string> chosen = choose_run_id(id_or_prefix, *candidates);
    if (!chosen) return chosen.error();
    auto again = Stmt::prepare(db_, sql + " WHERE run_id = ?");
    if (!again) return again.error();
    row = again->bind(1, *chosen).step();
    if (!row) return row.error();
    return row_of(*again);
}

}  // namespace

Result<std::unique_ptr<RunStore>> open_sqlite_run_store(const std::string& path,
                                                        Timestamp now,
                                                        std::vector<std::string>& notes) {
    // Three times: damaged, moved aside by another process meanwhile, and begun anew.
    for (int attempt = 0;; ++attempt) {
        Fd folder = lock_folder(path, LOCK_SH);
        Result<Db> db = open_runs_db(path);
        const std::optional<ino_t> inode = inode_of(path);
        folder = Fd();
        if (db && inode) {
            return std::unique_ptr<RunStore>(
                std::make_unique<SqliteRunStore>(*std::move(db), *inode, now));
        }
        if (db) return Error{ErrorCode::io_error, "the run store has vanished", path, "Try again"};
        if (db.error().code != ErrorCode::corrupt || !inode || attempt == 2) return db.error();
        const Result<std::string> aside = move_aside(path, *inode, now);
        if (!aside) return aside.error();
        if (!aside->empty()) {
            notes.push_back(
                fmt::format("The run store {} is damaged; it is kept as {} and a new one is begun.",
                            path,
                            *aside));
        }
    }
}

}  // namespace abate::store
