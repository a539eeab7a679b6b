#include "abate/store/journal_store.h"

#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/sqlite_db.h"
#include "abate/store/store_test_support.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;

constexpr engine::SchemeKey kKey{.tenant_id = 3, .scheme_id = 4};

Batch batch_after(const std::optional<engine::BatchHeader>& before,
                  std::uint64_t epoch,
                  std::string payload) {
    Batch batch;
    batch.header = {.tenant_id = kKey.tenant_id,
                    .scheme_id = kKey.scheme_id,
                    .first_seq = before ? before->last_seq + 1 : 1,
                    .last_seq = before ? before->last_seq + 2 : 2,
                    .count = 2,
                    .epoch = epoch,
                    .at = {1'800'000'000'000'000},
                    .codec_version = engine::kCodecVersion,
                    .prev_digest = before ? before->digest : engine::Digest{},
                    .digest = {}};
    batch.payload = std::move(payload);
    batch.header.digest = engine::seal(batch);
    return batch;
}

class EveryJournal : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        if (GetParam() == "postgres") {
            ABATE_NEEDS_POSTGRES();
            base_.emplace();
        }
        journal_ = another();
    }
    void open() {
        journal_.reset();
        journal_ = another();
    }
    // A second connection; in memory, a journal of its own.
    std::unique_ptr<engine::Journal> another(engine::SchemeKey key = kKey) {
        if (GetParam() == "memory") return open_memory_journal(key);
        auto opened = base_ ? open_postgres_journal(base_->conninfo(), key)
                            : open_sqlite_journal(folder_ / "registry.db", key);
        EXPECT_TRUE(opened) << to_string(opened.error());
        return *std::move(opened);
    }
    std::vector<Batch> all(std::uint64_t from = 1) {
        std::vector<Batch> found;
        journal_->read(from, [&](const Batch& batch) {
            found.push_back(batch);
            return true;
        });
        return found;
    }

    // REQUIRES: it is kept in a database. `table` stands for "journal" or "lease".
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of SQL
    void damage(const std::string& before, const std::string& table, const std::string& after) {
        if (base_) {
            testing::run_sql(base_->conninfo(), before + " abate." + table + " " + after);
        } else {
            auto db = *Db::open(folder_ / "registry.db");
            const Result<void> done = db.exec((before + " " + table + " " + after).c_str());
            ASSERT_TRUE(done) << to_string(done.error());
        }
    }

    testing::TemporaryFolder folder_;
    std::optional<testing::TemporaryDatabase> base_;
    std::unique_ptr<engine::Journal> journal_;
};

TEST_P(EveryJournal, KeepsBatchesAsTheyCame) {
    EXPECT_FALSE(journal_->head());
    const std::uint64_t epoch = journal_->take_lease("a");
    std::vector<Batch> given;
    for (int i = 0; i < 5; ++i) {
        const std::string payload = i == 2 ? std::string(100'000, '\0') : std::string("p\0q", 3);
        given.push_back(batch_after(journal_->head(), epoch, payload));
        ASSERT_EQ(journal_->append(given.back()), Append::committed);
    }
    EXPECT_EQ(all(), given);
    EXPECT_EQ(journal_->head(), given.back().header);
    EXPECT_EQ(all(5).size(), 3U) << "from the batch that holds event 5";
    std::size_t visited = 0;
    journal_->read(1, [&](const Batch&) { return ++visited < 2; });
    EXPECT_EQ(visited, 2U);
    if (GetParam() == "memory") return;
    open();
    EXPECT_EQ(all(), given);
}

TEST_P(EveryJournal, TheSameEventsAreKeptOnce) {
    const std::uint64_t epoch = journal_->take_lease("a");
    const Batch first = batch_after(std::nullopt, epoch, "one");
    ASSERT_EQ(journal_->append(first), Append::committed);
    EXPECT_EQ(journal_->append(first), Append::taken);
    EXPECT_EQ(journal_->append(batch_after(std::nullopt, epoch, "two")), Append::taken);
    EXPECT_EQ(all().size(), 1U);
}

TEST_P(EveryJournal, AnOldWriterIsFenced) {
    const std::uint64_t old = journal_->take_lease("a");
    ASSERT_EQ(journal_->append(batch_after(std::nullopt, old, "one")), Append::committed);
    const std::uint64_t fresh = journal_->take_lease("b");
    EXPECT_GT(fresh, old);
    EXPECT_EQ(journal_->append(batch_after(journal_->head(), old, "late")), Append::fenced);
    EXPECT_EQ(journal_->append(batch_after(journal_->head(), fresh, "new")), Append::committed);
    EXPECT_EQ(all().back().payload, "new");
}

// Longer or shorter than what is there, or within it.
TEST_P(EveryJournal, EventsThatOverlapAreTaken) {
    const std::uint64_t epoch = journal_->take_lease("a");
    Batch wide = batch_after(std::nullopt, epoch, "one");
    wide.header.last_seq = 10;
    ASSERT_EQ(journal_->append(wide), Append::committed);
    Batch within = batch_after(std::nullopt, epoch, "two");
    within.header.first_seq = 5;
    within.header.last_seq = 6;
    EXPECT_EQ(journal_->append(within), Append::taken);
    if (GetParam() != "memory") open();
    EXPECT_EQ(journal_->append(within), Append::taken);
    EXPECT_EQ(journal_->append(batch_after(journal_->head(), epoch, "three")), Append::committed);
    EXPECT_EQ(all(7).size(), 2U);
    EXPECT_EQ(all(11).size(), 1U);
    EXPECT_EQ(all(13).size(), 0U);
}

TEST_P(EveryJournal, LongOnesAreReadWhole) {
    const std::uint64_t epoch = journal_->take_lease("a");
    std::optional<engine::BatchHeader> before;
    std::vector<Batch> given;
    for (int i = 0; i < 150; ++i) {
        given.push_back(batch_after(before, epoch, std::to_string(i)));
        ASSERT_EQ(journal_->append(given.back()), Append::committed);
        before = given.back().header;
    }
    EXPECT_EQ(all(), given);
    EXPECT_EQ(all(150).size(), 76U);
}

TEST_P(EveryJournal, TwoWritersMeetAtTheLease) {
    if (GetParam() == "memory") return;  // it has one writer
    auto a = another();
    auto b = another();
    const std::uint64_t first = a->take_lease("a");
    ASSERT_EQ(a->append(batch_after(std::nullopt, first, "one")), Append::committed);
    const std::uint64_t second = b->take_lease("b");
    EXPECT_EQ(a->append(batch_after(a->head(), first, "late")), Append::fenced);
    // The same events from a writer that did not see the other's.
    EXPECT_EQ(b->append(batch_after(std::nullopt, second, "again")), Append::taken);
    EXPECT_EQ(b->append(batch_after(b->head(), second, "two")), Append::committed);
}

TEST_P(EveryJournal, SchemesShareADatabaseAndNothingElse) {
    auto ours = another();
    auto theirs = another({.tenant_id = 3, .scheme_id = 5});
    ASSERT_EQ(ours->append(batch_after(std::nullopt, ours->take_lease("a"), "one")),
              Append::committed);
    EXPECT_FALSE(theirs->head());
    EXPECT_EQ(theirs->take_lease("a"), 1U);
}

TEST_P(EveryJournal, ALeaseIsRenewedUntilAnotherTakesIt) {
    const std::uint64_t first = journal_->take_lease("a");
    const auto renewed = journal_->renew_lease("a", first);
    ASSERT_TRUE(renewed);
    EXPECT_GT(*renewed, first);
    EXPECT_EQ(journal_->append(batch_after(std::nullopt, first, "late")), Append::fenced)
        << "from the connection that was given up";
    EXPECT_TRUE(journal_->renew_lease("a", first)) << "the answer to a renewal was lost";
    const std::uint64_t other = journal_->take_lease("b");
    EXPECT_FALSE(journal_->renew_lease("a", *renewed));
    EXPECT_EQ(journal_->append(batch_after(std::nullopt, other, "one")), Append::committed);
}

// Whatever became of the lease: an epoch is above the last batch's, and nothing of an earlier one is kept behind it.
TEST_P(EveryJournal, ALostLeaseGivesNoEpochOfThePast) {
    std::uint64_t epoch = 0;
    for (int i = 0; i < 5; ++i) epoch = journal_->take_lease("a");
    ASSERT_EQ(journal_->append(batch_after(std::nullopt, epoch, "one")), Append::committed);
    if (GetParam() == "memory") {
        // A batch that came with a higher one than was given.
        ASSERT_EQ(journal_->append(batch_after(journal_->head(), 9, "two")), Append::committed);
        EXPECT_EQ(journal_->append(batch_after(journal_->head(), epoch, "late")), Append::fenced);
        EXPECT_EQ(journal_->take_lease("a"), 10U);
        return;
    }
    for (const char* wrong : {"", "SET epoch = -1", "SET epoch = 0", "SET epoch = 2"}) {
        SCOPED_TRACE(wrong);
        if (*wrong == '\0') {
            damage("DELETE FROM", "lease", "");
        } else {
            damage("UPDATE", "lease", wrong);
        }
        EXPECT_EQ(journal_->append(batch_after(journal_->head(), epoch - 1, "late")),
                  Append::fenced);
        const std::uint64_t next = journal_->take_lease("a");
        EXPECT_GT(next, epoch);
        EXPECT_EQ(journal_->append(batch_after(journal_->head(), next, "on")), Append::committed);
        epoch = next;
    }
    damage("UPDATE", "lease", "SET epoch = 1");
    const auto renewed = journal_->renew_lease("a", 1);
    ASSERT_TRUE(renewed);
    EXPECT_GT(*renewed, epoch);
    damage("UPDATE", "lease", "SET epoch = 9223372036854775807");
    EXPECT_THROW((void)journal_->take_lease("a"), Fault);
}

// Columns are 64 bits wide and a header's numbers are not: none is cut.
TEST_P(EveryJournal, ANumberThatNoBatchHasIsDamage) {
    if (GetParam() == "memory") return;
    const std::uint64_t epoch = journal_->take_lease("a");
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(journal_->append(batch_after(journal_->head(), epoch, "one")), Append::committed);
    journal_->check();
    for (const char* column : {"count", "codec_version"}) {
        for (const char* wrong : {"4294967296", "4398046511104", "33554432"}) {
            if (std::string(column) == "count" && std::string(wrong) == "33554432") continue;
            SCOPED_TRACE(std::string(column) + " " + wrong);
            damage("UPDATE",
                   "journal",
                   std::string("SET ") + column + " = " + column + " + " + wrong +
                       " WHERE first_seq = 3");
            try {
                (void)all();
                ADD_FAILURE() << "it was read";
            } catch (const Fault& fault) {
                EXPECT_EQ(fault.error().code, ErrorCode::corrupt);
            }
            damage("UPDATE",
                   "journal",
                   std::string("SET ") + column + " = " + column + " - " + wrong +
                       " WHERE first_seq = 3");
        }
    }
    EXPECT_EQ(all().size(), 3U);
}

TEST_P(EveryJournal, AMissingBatchIsDamage) {
    if (GetParam() == "memory") return;
    const std::uint64_t epoch = journal_->take_lease("a");
    for (int i = 0; i < 4; ++i)
        ASSERT_EQ(journal_->append(batch_after(journal_->head(), epoch, "one")), Append::committed);
    damage("DELETE FROM", "journal", "WHERE first_seq = 3");
    EXPECT_THROW((void)all(), Fault);
    EXPECT_THROW(journal_->check(), Fault);
    EXPECT_EQ(all(5).size(), 2U);
}

TEST_P(EveryJournal, KeepsTheNewestTwoSnapshots) {
    EXPECT_FALSE(journal_->newest_snapshot(100));
    const std::string large(kSnapshotPart + 5, 'x');
    journal_->keep_snapshot({.last_seq = 10, .bytes = "ten"});
    journal_->keep_snapshot({.last_seq = 20, .bytes = large});
    EXPECT_FALSE(journal_->newest_snapshot(9));
    EXPECT_EQ(journal_->newest_snapshot(10)->bytes, "ten");
    EXPECT_EQ(journal_->newest_snapshot(19)->bytes, "ten");
    if (GetParam() != "memory") open();
    EXPECT_EQ(journal_->newest_snapshot(1000)->bytes, large);
    journal_->keep_snapshot({.last_seq = 20, .bytes = "again"});
    journal_->keep_snapshot({.last_seq = 30, .bytes = "thirty"});
    EXPECT_FALSE(journal_->newest_snapshot(19));
    EXPECT_EQ(journal_->newest_snapshot(29)->bytes, "again");
    EXPECT_EQ(journal_->newest_snapshot(30)->last_seq, 30U);
    if (GetParam() != "memory") {
        EXPECT_FALSE(another({.tenant_id = 3, .scheme_id = 5})->newest_snapshot(1000));
    }
}

INSTANTIATE_TEST_SUITE_P(Stores,
                         EveryJournal,
                         ::testing::Values("memory", "sqlite", "postgres"),
                         [](const auto& param) { return param.param; });

TEST(SqliteJournal, WhatIsNoJournalIsLeftAlone) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    std::ofstream(path)
        << "a text that somebody may want to keep, longer than the head of a database "
        << std::string(200, 'x');
    const auto size = std::filesystem::file_size(path);
    const auto opened = open_sqlite_journal(path, kKey);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_EQ(std::filesystem::file_size(path), size);

    const std::string other = folder / "other.db";
    std::ofstream(other).close();
    {
        auto db = *Db::open(other);
        ASSERT_TRUE(db.exec("CREATE TABLE mine (x)"));
    }
    EXPECT_EQ(open_sqlite_journal(other, kKey).error().code, ErrorCode::conflict);

    const std::string newer = folder / "newer.db";
    (void)*open_sqlite_journal(newer, kKey);
    {
        auto db = *Db::open(newer);
        ASSERT_TRUE(db.exec("PRAGMA user_version = 99"));
    }
    EXPECT_EQ(open_sqlite_journal(newer, kKey).error().code, ErrorCode::version_mismatch);
}

// Version 1 had no snapshots.
TEST(SqliteJournal, AnOlderOneIsBroughtForward) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    const Batch first = batch_after(std::nullopt, 1, "one");
    {
        auto journal = *open_sqlite_journal(path, kKey);
        ASSERT_EQ(journal->append(first), Append::committed);
    }
    {
        auto db = *Db::open(path);
        ASSERT_TRUE(db.exec("DROP TABLE snapshot; PRAGMA user_version = 1"));
    }
    auto journal = *open_sqlite_journal(path, kKey);
    EXPECT_EQ(journal->head(), first.header);
    journal->keep_snapshot({.last_seq = 2, .bytes = "two"});
    EXPECT_EQ(journal->newest_snapshot(2)->bytes, "two");
}

std::vector<Batch> all_of(engine::Journal& journal) {
    std::vector<Batch> found;
    journal.read(1, [&](const Batch& batch) {
        found.push_back(batch);
        return true;
    });
    return found;
}

// While a writer goes on: whatever the moment, whole batches from the first on.
TEST(SqliteJournal, IsCopiedWhileItIsWrittenTo) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    auto journal = *open_sqlite_journal(path, kKey);
    const std::uint64_t epoch = journal->take_lease("a");
    std::atomic<bool> enough{false};
    std::atomic<int> written{0};
    std::vector<Batch> given;
    std::thread writer([&] {
        std::optional<engine::BatchHeader> before;
        while (!enough) {
            given.push_back(batch_after(before, epoch, std::string(5000, 'p')));
            ASSERT_EQ(journal->append(given.back()), Append::committed);
            before = given.back().header;
            ++written;
        }
    });
    for (int i = 0; i < 5; ++i) {
        while (written < 10 * (i + 1)) std::this_thread::yield();
        const std::string to = folder / ("backup-" + std::to_string(i));
        const Result<void> copied = backup_sqlite_journal(path, to);
        EXPECT_TRUE(copied) << to_string(copied.error());
    }
    enough = true;
    writer.join();
    for (int i = 0; i < 5; ++i) {
        auto copy = *open_sqlite_journal(folder / ("backup-" + std::to_string(i)), kKey);
        const std::vector<Batch> found = all_of(*copy);
        ASSERT_GE(found.size(), 10U * static_cast<std::size_t>(i + 1));
        ASSERT_LE(found.size(), given.size());
        EXPECT_TRUE(std::equal(found.begin(), found.end(), given.begin()));
    }
}

TEST(SqliteJournal, LookingMakesAndChangesNothing) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    EXPECT_EQ(read_sqlite_journal(path, kKey).error().code, ErrorCode::not_found);
    EXPECT_FALSE(std::filesystem::exists(path));
    std::ofstream(path).close();
    EXPECT_EQ(read_sqlite_journal(path, kKey).error().code, ErrorCode::not_found);
    EXPECT_EQ(std::filesystem::file_size(path), 0U);
    std::filesystem::remove(path);

    const Batch first = batch_after(std::nullopt, 1, "one");
    const Batch second = batch_after(first.header, 1, "two");
    auto writer = *open_sqlite_journal(path, kKey);
    ASSERT_EQ(writer->append(first), Append::committed);
    {
        auto reader = *read_sqlite_journal(path, kKey);
        EXPECT_EQ(reader->head(), first.header);
        EXPECT_FALSE(reader->newest_snapshot(9));
        EXPECT_THROW((void)reader->append(second), Fault);
        // It sees what is written meanwhile.
        ASSERT_EQ(writer->append(second), Append::committed);
        EXPECT_EQ(reader->head(), second.header);
    }
    EXPECT_EQ(all_of(*writer), (std::vector<Batch>{first, second}));
    writer.reset();
    {
        auto db = *Db::open(path);
        ASSERT_TRUE(db.exec("DROP TABLE snapshot; PRAGMA user_version = 1"));
    }
    {
        auto older = *read_sqlite_journal(path, kKey);
        EXPECT_EQ(older->head(), second.header);
        EXPECT_FALSE(older->newest_snapshot(9));
    }
    {
        auto db = *Db::open(path);
        ASSERT_TRUE(db.exec("PRAGMA user_version = 99"));
    }
    EXPECT_EQ(read_sqlite_journal(path, kKey).error().code, ErrorCode::version_mismatch);
}

// Without the right to write the file is read as it lies: what is written meanwhile is noticed, not mixed in. Rights mean nothing to root,
// so the reader is a process of somebody else.
TEST(SqliteJournal, AReaderWithoutLocksNoticesAWriter) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be two people";
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    const Batch first = batch_after(std::nullopt, 1, "one");
    ASSERT_EQ((*open_sqlite_journal(path, kKey))->append(first), Append::committed);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    int ready[2];
    int go_on[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::pipe(go_on), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(2);
        auto reader = read_sqlite_journal(path, kKey);
        if (!reader || (*reader)->head() != first.header) ::_exit(3);
        char byte = 0;
        if (::write(ready[1], &byte, 1) != 1 || ::read(go_on[0], &byte, 1) != 1) ::_exit(4);
        try {
            (void)(*reader)->head();
        } catch (const Fault& fault) {
            ::_exit(fault.error().code == ErrorCode::unavailable ? 0 : 5);
        }
        ::_exit(6);
    }
    ::close(ready[1]);
    ::close(go_on[0]);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the reader found nothing";
    // Closed, so that it lies in the file and not in the log.
    ASSERT_EQ((*open_sqlite_journal(path, kKey))->append(batch_after(first.header, 1, "two")),
              Append::committed);
    ASSERT_EQ(::write(go_on[1], &byte, 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(ready[0]);
    ::close(go_on[1]);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(SqliteJournal, ABackupReplacesNothingAndLeavesNothingBehind) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    (void)*open_sqlite_journal(path, kKey);
    ASSERT_TRUE(backup_sqlite_journal(path, folder / "copy"));
    EXPECT_EQ(backup_sqlite_journal(path, folder / "copy").error().code, ErrorCode::already_exists);
    EXPECT_EQ(backup_sqlite_journal(folder / "none", folder / "b").error().code,
              ErrorCode::not_found);
    EXPECT_EQ(backup_sqlite_journal(path, folder / "no/such/folder").error().code,
              ErrorCode::io_error);
    std::ofstream(folder / "other.db").close();
    EXPECT_EQ(backup_sqlite_journal(folder / "other.db", folder / "c").error().code,
              ErrorCode::not_found);
    std::ofstream(folder / "text.db") << "a text";
    EXPECT_EQ(backup_sqlite_journal(folder / "text.db", folder / "c").error().code,
              ErrorCode::conflict);
    namespace fs = std::filesystem;
    EXPECT_EQ(fs::status(folder / "copy").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    for (const std::string& name : testing::names_in(folder.path()))
        EXPECT_EQ(name.find("partial"), std::string::npos) << name;
}

// Put back after more has happened: known by the head that was kept.
TEST(SqliteJournal, ABackupThatWasPutBackIsKnown) {
    testing::TemporaryFolder folder;
    const std::string path = folder / "registry.db";
    auto journal = *open_sqlite_journal(path, kKey);
    engine::Engine engine(kKey);
    engine.set_epoch(journal->take_lease("a"));
    std::uint64_t ids = 0;
    const auto open_another = [&] {
        const registry::Command command{.op = registry::Op::open_participant,
                                        .id = {1, ++ids},
                                        .participant = registry::ParticipantId{ids},
                                        .group = registry::GroupId{1}};
        registry::Outcome outcome;
        engine.apply({&command, 1}, {1'800'000'000'000'000}, {&outcome, 1});
        ASSERT_EQ(journal->append(*engine.seal()), Append::committed);
    };
    open_another();
    ASSERT_TRUE(backup_sqlite_journal(path, folder / "old.db"));
    open_another();
    const engine::Head kept{.seq = engine.last_seq(), .digest = engine.head()};
    auto old = *open_sqlite_journal(folder / "old.db", kKey);
    engine::Engine again(kKey);
    EXPECT_EQ(engine::recover(again, *old, {.expect_head = kept}).error().code,
              ErrorCode::conflict);
    engine::Engine same(kKey);
    EXPECT_TRUE(engine::recover(same, *journal, {.expect_head = kept}));
}

TEST(SqliteJournal, IsPrivate) {
    testing::TemporaryFolder folder;
    (void)*open_sqlite_journal(folder / "registry.db", kKey);
    namespace fs = std::filesystem;
    EXPECT_EQ(fs::status(folder / "registry.db").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace abate::store
