#include "abate/store/sqlite_db.h"

#include "abate/store/posix_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace abate::store {

namespace {

ErrorCode code_of_sqlite(int primary) {
    switch (primary) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::unavailable;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::corrupt;
        case SQLITE_MISUSE:
        case SQLITE_ERROR:
        case SQLITE_RANGE:
        case SQLITE_MISMATCH:
        case SQLITE_CONSTRAINT:
            return ErrorCode::internal;
        default:
            return ErrorCode::io_error;
    }
}

// "file:///a%20b?immutable=1"; with an empty authority, or one would be seen in "//a".
std::string frozen_uri(const std::string& path) {
    std::string out = path.rfind('/', 0) == 0 ? "file://" : "file:";
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' || c == '_';
        out += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return out + "?immutable=1";
}

}  // namespace

void Db::Close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): its file, then its name
Result<Db> Db::open(const std::string& path, std::string name, Access access) {
    sqlite3* raw = nullptr;
    const bool frozen = access == Access::frozen;
    const int flags = SQLITE_OPEN_NOMUTEX | (frozen ? SQLITE_OPEN_URI : 0) |
                      (access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    const int code =
        sqlite3_open_v2((frozen ? frozen_uri(path) : path).c_str(), &raw, flags, nullptr);
    Db db(raw, path, std::move(name));
    if (raw == nullptr) return Error{ErrorCode::io_error, "out of memory", path, ""};
    if (code != SQLITE_OK) return db.error("cannot open " + db.name());
    sqlite3_busy_timeout(raw, kBusyMilliseconds);
    return db;
}

Result<void> Db::exec(const char* sql) {
    if (sqlite3_exec(raw(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return error(name_ + " refused a statement");
}

Error Db::error(std::string_view what) const {
    const int primary = sqlite3_errcode(raw()) & 0xFF;
    const int system = sqlite3_system_errno(raw());
    const bool about_file = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR ||
                            primary == SQLITE_READONLY || primary == SQLITE_PERM;
    if (primary == SQLITE_FULL) return file_error(ENOSPC, what, path_);
    if (about_file && system != 0) return file_error(system, what, path_);
    // SQLite has forgotten why (EFBIG, EDQUOT, EIO); ENOSPC it tells as SQLITE_FULL.
    if (sqlite3_extended_errcode(raw()) == SQLITE_IOERR_WRITE)
        return {ErrorCode::io_error,
                fmt::format("{}: a write failed", what),
                path_,
                "Is the disk or quota full, or its file's size limited?"};
    if (primary == SQLITE_READONLY || primary == SQLITE_PERM || primary == SQLITE_AUTH) {
        return file_error(EACCES, what, path_);
    }
    const ErrorCode code = code_of_sqlite(primary);
    return {code,
            fmt::format("{}: {}", what, sqlite3_errmsg(raw())),
            path_,
            code == ErrorCode::unavailable ? "Another abate holds it; try again" : ""};
}

void Stmt::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

Result<Stmt> Stmt::prepare(Db& db, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code =
        sqlite3_prepare_v2(db.raw(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    Stmt statement(db, raw);
    if (code != SQLITE_OK) return db.error(db.name() + " refused a statement");
    return statement;
}

void Stmt::check(int code) {
    if (code != SQLITE_OK) bound_ = false;
}

Stmt& Stmt::bind(int index, std::string_view text) {
    // A null pointer would bind NULL, not the empty text.
    const char* bytes = text.data() == nullptr ? "" : text.data();
    check(sqlite3_bind_text64(
        statement_.get(), index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Stmt& Stmt::bind(int index, std::int64_t number) {
    check(sqlite3_bind_int64(statement_.get(), index, number));
    return *this;
}

Stmt& Stmt::bind(int index, double number) {
    check(sqlite3_bind_double(statement_.get(), index, number));
    return *this;
}

Stmt& Stmt::bind_blob(int index, std::string_view bytes) {
    // A null pointer would bind NULL, not the empty blob.
    const char* from = bytes.data() == nullptr ? "" : bytes.data();
    check(sqlite3_bind_blob64(statement_.get(), index, from, bytes.size(), SQLITE_STATIC));
    return *this;
}

void Stmt::reset() {
    // What the last step said was told then.
    sqlite3_reset(statement_.get());
    bound_ = true;
}

Result<bool> Stmt::step() {
    if (!bound_) return db_->error(db_->name() + " refused a value");
    switch (sqlite3_step(statement_.get())) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            return db_->error("cannot use " + db_->name());
    }
}

std::string Stmt::text(int column) const {
    const unsigned char* bytes = sqlite3_column_text(statement_.get(), column);
    if (bytes == nullptr) return "";
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::int64_t Stmt::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Stmt::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Stmt::blob(int column) const { return std::string(blob_view(column)); }

std::string_view Stmt::blob_view(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    if (bytes == nullptr) return {};
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Result<Tx> Tx::begin(Db& db) {
    if (auto begun = db.exec("BEGIN IMMEDIATE"); !begun) return begun.error();
    return Tx(db);
}

Result<void> Tx::commit() {
    if (auto done = db_->exec("COMMIT"); !done) return done;
    db_ = nullptr;
    return {};
}

Tx::~Tx() {
    // After a full disk SQLite may have rolled back already; then this says so and changes nothing.
    if (db_ != nullptr) static_cast<void>(db_->exec("ROLLBACK"));
}

}  // namespace abate::store
