// A thin layer over SQLite's C interface: who owns what, and errors as Results.
//
//     auto db = Db::open(path);
//     auto tx = Tx::begin(*db);
//     auto insert = Stmt::prepare(*db, "INSERT INTO t VALUES (?, ?)");
//     insert->bind(1, "x").bind(2, 3.5);
//     auto row = insert->step();                 // Result<bool>: is there a row
//     tx->commit();                              // rolled back otherwise
//
// Thread-compatible: one connection serves one thread at a time.
#pragma once

#include "abate/core/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace abate::store {

// How long a statement waits for another process.
inline constexpr int kBusyMilliseconds = 10'000;

// One connection. Move-only.
class Db {
  public:
    // `frozen`: for reading, of a file that nobody writes meanwhile: no lock is taken and no file made beside it.
    enum class Access : std::uint8_t { write, read, frozen };
    // Opens an existing file; waits up to ten seconds for another process. `name` stands in errors.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): its file, then its name
    static Result<Db> open(const std::string& path,
                           std::string name = "the run store",
                           Access access = Access::write);

    // Runs statements that give no rows.
    Result<void> exec(const char* sql);
    // The last error of this connection, in words of ours. Codes: io_error, permission_denied,
    // unavailable (busy), corrupt, internal.
    [[nodiscard]] Error error(std::string_view what) const;
    [[nodiscard]] sqlite3* raw() const noexcept { return db_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

  private:
    struct Close {
        void operator()(sqlite3* db) const noexcept;
    };
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): its file, then its name
    Db(sqlite3* db, std::string path, std::string name)
        : db_(db), path_(std::move(path)), name_(std::move(name)) {}

    std::unique_ptr<sqlite3, Close> db_;
    std::string path_;
    std::string name_;
};

// One prepared statement. The Db must outlive it.
class Stmt {
  public:
    static Result<Stmt> prepare(Db& db, std::string_view sql);

    // Parameters count from 1, as in SQLite. The text is copied.
    Stmt& bind(int index, std::string_view text);
    Stmt& bind(int index, std::int64_t number);
    Stmt& bind(int index, double number);
    // The bytes must live until the statement was stepped.
    Stmt& bind_blob(int index, std::string_view bytes);
    // Ready to be bound and stepped again.
    void reset();
    // True: a row is there to be read. False: done.
    Result<bool> step();
    // Columns of the present row count from 0.
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string blob(int column) const;
    // Until the next step or reset.
    [[nodiscard]] std::string_view blob_view(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Stmt(Db& db, sqlite3_stmt* statement) : db_(&db), statement_(statement) {}
    void check(int code);

    Db* db_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    bool bound_ = true;  // false: a bind failed (out of memory, too long)
};

// BEGIN IMMEDIATE; rolled back unless committed. The Db must outlive it.
class Tx {
  public:
    static Result<Tx> begin(Db& db);
    Tx(Tx&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
    Tx(const Tx&) = delete;
    Tx& operator=(const Tx&) = delete;
    Tx& operator=(Tx&&) = delete;
    ~Tx();

    Result<void> commit();

  private:
    explicit Tx(Db& db) : db_(&db) {}
    Db* db_;
};

}  // namespace abate::store
