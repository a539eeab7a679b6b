#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/journal_store.h"
#include "abate/store/postgres_db.h"
#include "abate/store/postgres_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#endif

#include <thread>
#include <vector>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr engine::SchemeKey kKey{.tenant_id = 3, .scheme_id = 4};

Batch first_batch(std::uint64_t epoch, std::string payload) {
    Batch batch;
    batch.header.tenant_id = kKey.tenant_id;
    batch.header.scheme_id = kKey.scheme_id;
    batch.header.first_seq = 1;
    batch.header.last_seq = 2;
    batch.header.count = 2;
    batch.header.epoch = epoch;
    batch.payload = std::move(payload);
    batch.header.digest = engine::seal(batch);
    return batch;
}

TEST(PostgresDb, WithoutAServerItSaysSoAndNotThePassword) {
    const auto opened = open_postgres_journal("host=/nowhere user=abate password=opensesame", kKey);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
    EXPECT_THAT(to_string(opened.error()), Not(HasSubstr("opensesame")));
    const auto wrong = open_postgres_journal("password=opensesame nonsense", kKey);
    ASSERT_FALSE(wrong);
    EXPECT_THAT(to_string(wrong.error()), Not(HasSubstr("opensesame")));
}

TEST(PostgresDb, ValuesComeBackAsTheyWent) {
    ABATE_NEEDS_POSTGRES();
    PgDb db = *PgDb::connect(testing::test_postgres());
    const std::string bytes("\0\xff'\\\n", 5);
    const PgAnswer answer = db.once({"SELECT $1::bigint, $2::bytea, $3::text, NULL::bigint",
                                     {std::int64_t{INT64_MIN}, PgBytes{bytes}, "it's"}});
    ASSERT_TRUE(answer.good()) << answer.message;
    EXPECT_EQ(answer.rows[0].integer(0, 0), INT64_MIN);
    EXPECT_EQ(answer.rows[0].bytes(0, 1), bytes);
    EXPECT_EQ(answer.rows[0].bytes(0, 2), "it's");
    EXPECT_EQ(answer.rows[0].integer(0, 3), 0);
}

TEST(PostgresDb, ATransactionIsAllOrNothing) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    PgDb db = *PgDb::connect(base.conninfo());
    ASSERT_TRUE(db.once({"CREATE TABLE t (x BIGINT PRIMARY KEY)"}).good());
    const PgAnswer twice = db.transaction({{"INSERT INTO t VALUES ($1)", {std::int64_t{1}}},
                                           {"INSERT INTO t VALUES ($1)", {std::int64_t{1}}},
                                           {"INSERT INTO t VALUES ($1)", {std::int64_t{2}}}});
    EXPECT_EQ(twice.sql_state, "23505");
    const auto count = [&] { return db.once({"SELECT count(*) FROM t"}).rows[0].integer(0, 0); };
    EXPECT_EQ(count(), 0);
    // The connection is as good as new.
    EXPECT_TRUE(db.transaction({{"INSERT INTO t VALUES ($1)", {std::int64_t{1}}}}).good());
    EXPECT_EQ(db.transaction({{"no sql"}}).sql_state, "42601");
    EXPECT_EQ(count(), 1);
}

// Two that read each other's rows and write their own: one has to be done again, and both are done in the end.
TEST(PostgresDb, WhoLosesAgainstAnotherIsDoneAgain) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    PgDb setup = *PgDb::connect(base.conninfo());
    ASSERT_TRUE(setup.once({"CREATE TABLE t (who BIGINT, x BIGINT)"}).good());
    const auto work = [&base](std::int64_t who) {
        PgDb db = *PgDb::connect(base.conninfo());
        for (int i = 0; i < 50; ++i)
            ASSERT_TRUE(
                db.transaction({{"INSERT INTO t SELECT $1, count(*) FROM t", {who}}}).good());
    };
    std::thread a(work, 1);
    std::thread b(work, 2);
    a.join();
    b.join();
    // Serialisable: each saw all before it, so no two counted the same.
    const PgAnswer answer = setup.once({"SELECT count(DISTINCT x), max(x) FROM t"});
    EXPECT_EQ(answer.rows[0].integer(0, 0), 100);
    EXPECT_EQ(answer.rows[0].integer(0, 1), 99);
}

TEST(PostgresJournal, LookingMakesNoTables) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    EXPECT_EQ(read_postgres_journal(base.conninfo(), kKey).error().code, ErrorCode::not_found);
    PgDb db = *PgDb::connect(base.conninfo());
    EXPECT_EQ(db.once({"SELECT count(*) FROM pg_namespace WHERE nspname = 'abate'"})
                  .rows[0]
                  .integer(0, 0),
              0);
    (void)*open_postgres_journal(base.conninfo(), kKey);
    EXPECT_FALSE((*read_postgres_journal(base.conninfo(), kKey))->head());
    testing::run_sql(base.conninfo(), "UPDATE abate.version SET version = 99");
    EXPECT_EQ(read_postgres_journal(base.conninfo(), kKey).error().code,
              ErrorCode::version_mismatch);
}

TEST(PostgresJournal, ANewerOneIsRefused) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    (void)*open_postgres_journal(base.conninfo(), kKey);
    testing::run_sql(base.conninfo(), "UPDATE abate.version SET version = 99");
    EXPECT_EQ(open_postgres_journal(base.conninfo(), kKey).error().code,
              ErrorCode::version_mismatch);
}

// Version 1 had no snapshots.
TEST(PostgresJournal, AnOlderOneIsBroughtForward) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    ASSERT_EQ((*open_postgres_journal(base.conninfo(), kKey))->append(first_batch(1, "x")),
              Append::committed);
    testing::run_sql(base.conninfo(), "DROP TABLE abate.snapshot");
    testing::run_sql(base.conninfo(), "UPDATE abate.version SET version = 1");
    auto journal = *open_postgres_journal(base.conninfo(), kKey);
    EXPECT_EQ(journal->head()->last_seq, 2U);
    journal->keep_snapshot({.last_seq = 2, .bytes = "two"});
    EXPECT_EQ(journal->newest_snapshot(2)->bytes, "two");
}

TEST(PostgresJournal, ManyOpenItForTheFirstTimeAtOnce) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    std::vector<std::thread> threads;
    std::atomic<int> opened{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            const auto journal = open_postgres_journal(base.conninfo(), kKey);
            EXPECT_TRUE(journal) << to_string(journal.error());
            if (journal) ++opened;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(opened, 4);
}

TEST(PostgresJournal, AServerThatDoesNotSyncIsRefused) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    testing::run_sql(base.conninfo(),
                     "ALTER DATABASE " + base.name() + " SET synchronous_commit = off");
    const auto opened = open_postgres_journal(base.conninfo(), kKey);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
    EXPECT_THAT(opened.error().what, HasSubstr("synchronous_commit"));
}

// Leases are taken while an old writer appends: what it was told is committed was so before the lease, and the new writer sees it.
TEST(PostgresJournal, NothingIsAppendedBehindANewLease) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    auto a = *open_postgres_journal(base.conninfo(), kKey);
    auto b = *open_postgres_journal(base.conninfo(), kKey);
    const std::uint64_t first = a->take_lease("a");
    std::atomic<std::uint64_t> committed{0};
    std::thread writer([&] {
        std::optional<engine::BatchHeader> before;
        while (true) {
            Batch batch = first_batch(first, "x");
            if (before) {
                batch.header.first_seq = before->last_seq + 1;
                batch.header.last_seq = before->last_seq + 2;
            }
            const Append answer = a->append(batch);
            if (answer == Append::fenced) return;
            ASSERT_EQ(answer, Append::committed);
            before = batch.header;
            committed = batch.header.last_seq;
        }
    });
    while (committed < 40) std::this_thread::yield();
    EXPECT_EQ(b->take_lease("b"), first + 1);
    const auto seen = b->head();
    writer.join();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->last_seq, committed);
    EXPECT_EQ(b->head(), seen);
}

// The server ends the connection under an append: nobody knows, and a new connection does.
TEST(PostgresJournal, ABrokenConnectionIsAFault) {
    ABATE_NEEDS_POSTGRES();
    testing::TemporaryDatabase base;
    auto journal = *open_postgres_journal(base.conninfo(), kKey);
    const std::uint64_t epoch = journal->take_lease("a");
    testing::run_sql(testing::test_postgres(),
                     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                         base.name() + "'");
    EXPECT_THROW((void)journal->append(first_batch(epoch, "x")), Fault);
    EXPECT_THROW((void)journal->head(), Fault);
    journal = *open_postgres_journal(base.conninfo(), kKey);
    EXPECT_FALSE(journal->head());
    EXPECT_EQ(journal->append(first_batch(epoch, "x")), Append::committed);
}

#if __has_include(<postgresql/libpq-fe.h>)
// The numbers declared in libpq.h, against libpq's own header.
static_assert(CONNECTION_OK == 0 && PGRES_COMMAND_OK == 1 && PGRES_TUPLES_OK == 2);
static_assert(PGRES_FATAL_ERROR == 7 && PGRES_PIPELINE_SYNC == 10 && PGRES_PIPELINE_ABORTED == 11);
static_assert(PG_DIAG_SQLSTATE == 'C' && PG_DIAG_MESSAGE_PRIMARY == 'M');
#endif

}  // namespace
}  // namespace abate::store
