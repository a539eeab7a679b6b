// A thin layer over libpq's pipelines: one transaction, one round trip. Inside `store` only.
//
//     Result<PgDb> db = PgDb::connect(conninfo);
//     PgAnswer answer = db->transaction({{"SELECT epoch FROM abate.lease WHERE tenant_id = $1", {std::int64_t{7}}}});
//     if (answer.good()) answer.rows[0].integer(0, 0);
//
// Statements of a transaction are sent before the first is answered, so none can depend on what another said. Parameters and columns are
// binary: 64-bit numbers, text and bytes. No prepared statements and no session state, so a pooler may stand between.
//
// Throws Fault where the connection broke: what was asked for may have happened. Thread-compatible.
#pragma once

#include "abate/core/result.h"
#include "abate/store/libpq.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace abate::store {

// Bytes and text must live until the answer is there.
struct PgBytes {
    std::string_view bytes;
};
using PgValue = std::variant<std::int64_t, PgBytes, std::string_view>;

struct PgStatement {
    const char* sql = "";
    std::vector<PgValue> values = {};
};

// What one statement gave.
class PgRows {
  public:
    PgRows(const Libpq& pq, PqResult* result) : pq_(&pq), result_(result, Clear{&pq}) {}
    [[nodiscard]] int size() const { return pq_->tuples(result_.get()); }
    // Rows that an INSERT, UPDATE or DELETE touched.
    [[nodiscard]] std::int64_t touched() const;
    // Columns count from 0. REQUIRES: the column is a bigint, or null, which is 0.
    [[nodiscard]] std::int64_t integer(int row, int column) const;
    // Bytes or text; as long as the rows live.
    [[nodiscard]] std::string_view bytes(int row, int column) const;

  private:
    struct Clear {
        const Libpq* pq;
        void operator()(PqResult* result) const { pq->clear(result); }
    };
    const Libpq* pq_;
    std::unique_ptr<PqResult, Clear> result_;
};

struct PgAnswer {
    std::vector<PgRows> rows;  // of each statement that was done
    std::string sql_state;     // five characters, of the one that was refused; empty: all were done
    std::string message;
    [[nodiscard]] bool good() const { return sql_state.empty(); }
    // Not of its own making: the same again may be done (40001, 40P01).
    [[nodiscard]] bool again() const { return sql_state == "40001" || sql_state == "40P01"; }
};

class PgDb {
  public:
    // `conninfo` as libpq takes it (key=value words or a URL); PGHOST and the like hold too. Waits ten seconds for a server unless told
    // otherwise. Errors: unavailable (no server, no libpq), permission_denied (password, pg_hba), unsupported (before 14). The text of
    // an error never has the password.
    static Result<PgDb> connect(const std::string& conninfo);

    // BEGIN ISOLATION LEVEL SERIALIZABLE, the statements, COMMIT: all or nothing. Tried again up to ten times where the server says that
    // it lost against another one. An answer that is not good changed nothing.
    PgAnswer transaction(std::span<const PgStatement> statements);
    PgAnswer transaction(std::initializer_list<PgStatement> statements) {
        return transaction(std::span(statements.begin(), statements.size()));
    }
    // One statement by itself.
    PgAnswer once(const PgStatement& statement);

    // Of a refusal that nobody expected.
    [[nodiscard]] Error error(std::string_view what, const PgAnswer& answer) const;
    [[nodiscard]] const std::string& where() const { return where_; }

  private:
    struct Finish {
        const Libpq* pq;
        void operator()(PqConnection* connection) const { pq->finish(connection); }
    };
    PgDb(const Libpq& pq, PqConnection* connection)
        : pq_(&pq), connection_(connection, Finish{&pq}) {}
    void send(const PgStatement& statement);
    void collect(PgAnswer& answer);
    PgAnswer try_transaction(std::span<const PgStatement> statements);
    [[noreturn]] void broken() const;

    const Libpq* pq_;
    std::unique_ptr<PqConnection, Finish> connection_;
    std::string where_;
};

}  // namespace abate::store
