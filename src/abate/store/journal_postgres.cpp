#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/journal_errors.h"
#include "abate/store/journal_row.h"
#include "abate/store/journal_store.h"
#include "abate/store/postgres_db.h"

#include <fmt/format.h>

#include <span>
#include <vector>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;
using engine::BatchHeader;
using engine::Digest;

constexpr std::int64_t kPgSchemaVersion = 2;

// Forward only: step n leads from version n to n + 1, one statement at a time, each of which may find itself done. Numbers are bigint and
// times microseconds; nothing here that CockroachDB, YugabyteDB or Citus would refuse.
constexpr const char* kPgStep0[] = {
    "CREATE SCHEMA IF NOT EXISTS abate",
    "CREATE TABLE IF NOT EXISTS abate.version (part TEXT PRIMARY KEY, version BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS abate.lease ("
    "tenant_id BIGINT NOT NULL, scheme_id BIGINT NOT NULL, epoch BIGINT NOT NULL, holder TEXT NOT "
    "NULL, PRIMARY KEY (tenant_id, scheme_id))",
    "CREATE TABLE IF NOT EXISTS abate.journal ("
    "tenant_id BIGINT NOT NULL, scheme_id BIGINT NOT NULL, first_seq BIGINT NOT NULL, "
    "last_seq BIGINT NOT NULL, count BIGINT NOT NULL, epoch BIGINT NOT NULL, at_us BIGINT NOT "
    "NULL, codec_version BIGINT NOT NULL, prev_digest BYTEA NOT NULL, digest BYTEA NOT NULL, "
    "payload BYTEA NOT NULL, PRIMARY KEY (tenant_id, scheme_id, first_seq))",
};
constexpr const char* kPgStep1[] = {
    "CREATE TABLE IF NOT EXISTS abate.snapshot ("
    "tenant_id BIGINT NOT NULL, scheme_id BIGINT NOT NULL, last_seq BIGINT NOT NULL, part BIGINT "
    "NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (tenant_id, scheme_id, last_seq, part))",
};
constexpr std::span<const char* const> kPgSteps[] = {kPgStep0, kPgStep1};
static_assert(std::size(kPgSteps) == kPgSchemaVersion);

// PostgreSQL's own compression of long values takes twice the time of all else in an append. The first that the server accepts holds; none
// is needed.
void choose_compression(PgDb& db, std::int64_t version) {
    constexpr const char* kWays[][2] = {
        {"ALTER TABLE abate.journal ALTER COLUMN payload SET COMPRESSION lz4",
         "ALTER TABLE abate.journal ALTER COLUMN payload SET STORAGE EXTERNAL"},
        {"ALTER TABLE abate.snapshot ALTER COLUMN bytes SET COMPRESSION lz4",
         "ALTER TABLE abate.snapshot ALTER COLUMN bytes SET STORAGE EXTERNAL"}};
    for (const char* sql : kWays[version])
        if (db.once({sql}).good()) return;
}

std::int64_t pg_number(std::uint64_t number) { return static_cast<std::int64_t>(number); }

PgBytes pg_bytes(const Digest& digest) {
    return {{reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()}};
}

class PostgresJournal final : public engine::Journal {
  public:
    // An older one that is only looked at has no snapshots.
    PostgresJournal(PgDb db, engine::SchemeKey key, bool snapshots = true)
        : db_(std::move(db)), key_(key), snapshots_(snapshots) {}

    std::optional<BatchHeader> head() override {
        const PgAnswer answer =
            asked({"SELECT tenant_id, scheme_id, first_seq, last_seq, count, epoch, at_us, "
                   "codec_version, prev_digest, digest FROM abate.journal WHERE tenant_id = $1 AND "
                   "scheme_id = $2 ORDER BY first_seq DESC LIMIT 1",
                   {tenant(), scheme()}});
        if (answer.rows[0].size() == 0) return std::nullopt;
        return header_of(answer.rows[0], 0);
    }

    // The lease is locked and looked at in the transaction that inserts: who took it since waits for this, or this sees it. Nothing comes
    // behind a batch of a later epoch, whatever the lease says.
    Append append(const Batch& batch) override {
        const BatchHeader& h = batch.header;
        const PgAnswer answer = db_.transaction(
            {{"SELECT epoch FROM abate.lease WHERE tenant_id = $1 AND scheme_id = $2 FOR UPDATE",
              {tenant(), scheme()}},
             {"INSERT INTO abate.journal (tenant_id, scheme_id, first_seq, last_seq, count, epoch, "
              "at_us, codec_version, prev_digest, digest, payload) "
              "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS ("
              "SELECT 1 FROM abate.lease WHERE tenant_id = $1 AND scheme_id = $2 AND epoch > $6) "
              "AND COALESCE((SELECT CASE WHEN epoch > $6 THEN 9223372036854775807 ELSE last_seq "
              "END FROM abate.journal WHERE tenant_id = $1 AND scheme_id = $2 ORDER BY first_seq "
              "DESC LIMIT 1), 0) < $3",
              {tenant(),
               scheme(),
               pg_number(h.first_seq),
               pg_number(h.last_seq),
               std::int64_t{h.count},
               pg_number(h.epoch),
               h.at.us,
               std::int64_t{h.codec_version},
               pg_bytes(h.prev_digest),
               pg_bytes(h.digest),
               PgBytes{batch.payload}}}});
        if (answer.sql_state == "23505") return Append::taken;
        if (!answer.good()) throw Fault(db_.error("the journal refused a batch", answer));
        if (answer.rows[1].touched() == 1) return Append::committed;
        const PgRows& lease = answer.rows[0];
        const bool later = lease.size() == 1 && lease.integer(0, 0) > pg_number(h.epoch);
        if (later) return Append::fenced;
        const std::optional<BatchHeader> last = head();
        return last && last->epoch > h.epoch ? Append::fenced : Append::taken;
    }

    void read(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) override {
        // Pages by key, so that nothing stays open while they are visited.
        constexpr std::int64_t kPage = 64;
        const std::int64_t from = pg_number(from_seq);
        const std::optional<BatchHeader> last = head();
        BatchOrder order({.from = from_seq, .end = last ? last->last_seq : 0});
        const PgAnswer first =
            asked({"SELECT max(first_seq) FROM abate.journal WHERE tenant_id = $1 AND scheme_id = "
                   "$2 AND first_seq <= $3",
                   {tenant(), scheme(), from}});
        std::int64_t at = first.rows[0].size() == 1 ? first.rows[0].integer(0, 0) : 0;
        Batch batch;
        while (true) {
            const PgAnswer page =
                asked({"SELECT tenant_id, scheme_id, first_seq, last_seq, count, epoch, at_us, "
                       "codec_version, prev_digest, digest, payload FROM abate.journal WHERE "
                       "tenant_id = $1 AND scheme_id = $2 AND first_seq >= $3 ORDER BY first_seq "
                       "LIMIT $4",
                       {tenant(), scheme(), at, kPage}});
            const PgRows& rows = page.rows[0];
            for (int row = 0; row < rows.size(); ++row) {
                batch.header = header_of(rows, row);
                at = pg_number(batch.header.first_seq) + 1;
                if (pg_number(batch.header.last_seq) < from) continue;
                order.next(batch.header, db_.where());
                batch.payload.assign(rows.bytes(row, 10));
                if (!visit(batch)) return;
            }
            if (rows.size() < kPage) return order.finish(db_.where());
        }
    }

    // By the table: a condition on what no index has leaves the server no other way.
    void check() override {
        const PgAnswer wrong =
            asked({"SELECT tenant_id, scheme_id, count(*), min(first_seq), max(last_seq) FROM "
                   "abate.journal GROUP BY tenant_id, scheme_id HAVING tenant_id < 0 OR scheme_id "
                   "< 0 OR min(first_seq) <> 1 OR sum(last_seq::numeric - first_seq + 1) <> "
                   "max(last_seq) OR min(last_seq - first_seq) < 0 LIMIT 1"});
        if (wrong.rows[0].size() == 0) return;
        throw Fault(damaged_journal(
            fmt::format("tenant {}, scheme {} has {} batches, "
                        "which go from event {} to {} and are not all or not once there",
                        wrong.rows[0].integer(0, 0),
                        wrong.rows[0].integer(0, 1),
                        wrong.rows[0].integer(0, 2),
                        wrong.rows[0].integer(0, 3),
                        wrong.rows[0].integer(0, 4)),
            db_.where()));
    }

    // What the batches say of epochs is read before: in the same transaction a writer that does not pause would win every time. A batch that
    // comes between has no later epoch, unless the lease is damaged; then append() refuses to come behind it.
    std::uint64_t take_lease(const std::string& holder) override {
        const PgAnswer answer = db_.transaction(
            {{"INSERT INTO abate.lease (tenant_id, scheme_id, epoch, holder) VALUES ($1, $2, "
              "$4, $3) ON CONFLICT (tenant_id, scheme_id) DO UPDATE SET epoch = "
              "GREATEST(abate.lease.epoch + 1, excluded.epoch), holder = excluded.holder RETURNING "
              "epoch",
              {tenant(), scheme(), std::string_view(holder), after_last_epoch()}}});
        if (!answer.good()) throw Fault(db_.error("the lease cannot be taken", answer));
        return epoch_of(answer.rows[0]);
    }

    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        const PgAnswer answer = db_.transaction(
            {{"UPDATE abate.lease SET epoch = GREATEST(epoch + 1, $5) WHERE tenant_id = $1 AND "
              "scheme_id = $2 AND holder = $3 AND epoch >= $4 RETURNING epoch",
              {tenant(),
               scheme(),
               std::string_view(holder),
               pg_number(epoch),
               after_last_epoch()}}});
        if (!answer.good()) throw Fault(db_.error("the lease cannot be renewed", answer));
        if (answer.rows[0].size() == 0) return std::nullopt;
        return epoch_of(answer.rows[0]);
    }

    void keep_snapshot(const engine::Snapshot& snapshot) override {
        const std::int64_t at = pg_number(snapshot.last_seq);
        std::vector<PgStatement> statements{
            {"DELETE FROM abate.snapshot WHERE tenant_id = $1 AND scheme_id = $2 AND last_seq = $3",
             {tenant(), scheme(), at}}};
        const std::string_view bytes = snapshot.bytes;
        for (std::size_t part = 0; part * kSnapshotPart < bytes.size(); ++part)
            statements.push_back(
                {"INSERT INTO abate.snapshot (tenant_id, scheme_id, last_seq, part, bytes) VALUES "
                 "($1, $2, $3, $4, $5)",
                 {tenant(),
                  scheme(),
                  at,
                  static_cast<std::int64_t>(part),
                  PgBytes{bytes.substr(part * kSnapshotPart, kSnapshotPart)}}});
        // The newest and the one before it stay.
        statements.push_back(
            {"DELETE FROM abate.snapshot WHERE tenant_id = $1 AND scheme_id = $2 AND last_seq < "
             "(SELECT max(last_seq) FROM abate.snapshot WHERE tenant_id = $1 AND scheme_id = $2 "
             "AND last_seq < (SELECT max(last_seq) FROM abate.snapshot WHERE tenant_id = $1 AND "
             "scheme_id = $2))",
             {tenant(), scheme()}});
        const PgAnswer answer = db_.transaction(statements);
        if (!answer.good()) throw Fault(db_.error("the journal refused a snapshot", answer));
    }

    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        if (!snapshots_) return std::nullopt;
        const PgAnswer newest =
            asked({"SELECT max(last_seq), count(*) FROM abate.snapshot WHERE tenant_id = $1 AND "
                   "scheme_id = $2 AND last_seq <= $3",
                   {tenant(), scheme(), pg_number(most)}});
        if (newest.rows[0].integer(0, 1) == 0) return std::nullopt;
        const std::int64_t at = newest.rows[0].integer(0, 0);
        engine::Snapshot out{.last_seq = static_cast<std::uint64_t>(at), .bytes = {}};
        const PgAnswer parts =
            asked({"SELECT bytes FROM abate.snapshot WHERE tenant_id = $1 AND scheme_id = $2 AND "
                   "last_seq = $3 ORDER BY part",
                   {tenant(), scheme(), at}});
        out.bytes.reserve(static_cast<std::size_t>(parts.rows[0].size()) * kSnapshotPart);
        for (int row = 0; row < parts.rows[0].size(); ++row)
            out.bytes += parts.rows[0].bytes(row, 0);
        return out;
    }

  private:
    [[nodiscard]] std::int64_t tenant() const { return pg_number(key_.tenant_id); }
    [[nodiscard]] std::int64_t scheme() const { return pg_number(key_.scheme_id); }

    PgAnswer asked(const PgStatement& statement) {
        PgAnswer answer = db_.once(statement);
        if (!answer.good()) throw Fault(db_.error("the journal cannot be read", answer));
        return answer;
    }

    [[nodiscard]] BatchHeader header_of(const PgRows& rows, int row) const {
        return header_from({.tenant_id = rows.integer(row, 0),
                            .scheme_id = rows.integer(row, 1),
                            .first_seq = rows.integer(row, 2),
                            .last_seq = rows.integer(row, 3),
                            .count = rows.integer(row, 4),
                            .epoch = rows.integer(row, 5),
                            .at_us = rows.integer(row, 6),
                            .codec_version = rows.integer(row, 7),
                            .prev_digest = rows.bytes(row, 8),
                            .digest = rows.bytes(row, 9)},
                           db_.where());
    }

    std::int64_t after_last_epoch() {
        const std::optional<BatchHeader> last = head();
        return pg_number(last ? last->epoch : 0) + 1;
    }

    [[nodiscard]] std::uint64_t epoch_of(const PgRows& rows) const {
        const std::int64_t epoch = rows.integer(0, 0);
        if (epoch < 1)
            throw Fault(damaged_journal(fmt::format("its lease has epoch {}", epoch), db_.where()));
        return static_cast<std::uint64_t>(epoch);
    }

    PgDb db_;
    engine::SchemeKey key_;
    bool snapshots_;
};

// The tables that are not there (version 0), or what another abate made.
std::int64_t pg_version(PgDb& db) {
    const PgAnswer answer = db.once({"SELECT version FROM abate.version WHERE part = 'journal'"});
    // No such schema, no such table.
    if (answer.sql_state == "3F000" || answer.sql_state == "42P01") return 0;
    if (!answer.good()) throw Fault(db.error("the journal's version cannot be read", answer));
    return answer.rows[0].size() == 0 ? 0 : answer.rows[0].integer(0, 0);
}

// Two that make the same table at once: one of them is told so.
bool made_by_another(const PgAnswer& answer) {
    for (const char* state : {"23505", "42P06", "42P07", "42710", "40001", "XX000"})
        if (answer.sql_state == state) return true;
    return false;
}

void make_or_migrate(PgDb& db) {
    constexpr int kMostRounds = 20;
    for (int round = 0; round < kMostRounds; ++round) {
        const std::int64_t version = pg_version(db);
        if (version > kPgSchemaVersion)
            throw Fault(newer_journal({.found = version, .known = kPgSchemaVersion}, db.where()));
        if (version == kPgSchemaVersion) return;
        bool again = false;
        for (const char* sql : kPgSteps[version]) {
            const PgAnswer made = db.once({sql});
            if (made.good()) continue;
            if (!made_by_another(made))
                throw Fault(db.error("the journal's tables cannot be made", made));
            again = true;
            break;
        }
        if (again) continue;
        choose_compression(db, version);
        const PgAnswer marked =
            db.transaction({{"INSERT INTO abate.version (part, version) VALUES ('journal', $1) ON "
                             "CONFLICT (part) DO UPDATE SET version = excluded.version WHERE "
                             "abate.version.version < excluded.version",
                             {version + 1}}});
        if (!marked.good()) throw Fault(db.error("the journal's version cannot be kept", marked));
    }
    throw Fault({ErrorCode::conflict,
                 "another abate makes the journal's tables at the same time",
                 db.where(),
                 "Try again"});
}

// A server that answers before the disk has it would make `committed` a lie.
void check_durable(PgDb& db) {
    for (const char* setting : {"synchronous_commit", "fsync"}) {
        const PgAnswer answer =
            db.once({"SELECT current_setting($1, true)", {std::string_view(setting)}});
        if (!answer.good() || answer.rows[0].size() != 1) continue;  // a server without the word
        if (answer.rows[0].bytes(0, 0) == "off")
            throw Fault({ErrorCode::unsupported,
                         fmt::format("the server has {} off: a commit may be lost", setting),
                         db.where(),
                         fmt::format("Set {} to on for this database or role", setting)});
    }
}

}  // namespace

Result<std::unique_ptr<engine::Journal>> open_postgres_journal(const std::string& conninfo,
                                                               engine::SchemeKey key) {
    Result<PgDb> db = PgDb::connect(conninfo);
    if (!db) return db.error();
    try {
        check_durable(*db);
        make_or_migrate(*db);
        return std::unique_ptr<engine::Journal>(
            std::make_unique<PostgresJournal>(*std::move(db), key));
    } catch (const Fault& fault) {
        return fault.error();
    }
}

Result<std::unique_ptr<engine::Journal>> read_postgres_journal(const std::string& conninfo,
                                                               engine::SchemeKey key) {
    Result<PgDb> db = PgDb::connect(conninfo);
    if (!db) return db.error();
    try {
        const std::int64_t version = pg_version(*db);
        if (version == 0) return no_registry(db->where());
        if (version > kPgSchemaVersion)
            return newer_journal({.found = version, .known = kPgSchemaVersion}, db->where());
        return std::unique_ptr<engine::Journal>(
            std::make_unique<PostgresJournal>(*std::move(db), key, version > 1));
    } catch (const Fault& fault) {
        return fault.error();
    }
}

}  // namespace abate::store
