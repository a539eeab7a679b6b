// A journal in SQLite with wrong bits, rows or tables: it is refused with what is wrong, or it has every batch. Nothing is hidden.
#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/journal_store.h"
#include "abate/store/sqlite_db.h"
#include "abate/store/store_test_support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;

constexpr engine::SchemeKey kDamageKey{.tenant_id = 1, .scheme_id = 1};

class DamagedJournal : public ::testing::Test {
  protected:
    void SetUp() override {
        auto journal = *open_sqlite_journal(path_, kDamageKey);
        const std::uint64_t epoch = journal->take_lease("a");
        std::optional<engine::BatchHeader> before;
        for (int i = 0; i < 12; ++i) {
            Batch batch;
            batch.header = {.tenant_id = 1,
                            .scheme_id = 1,
                            .first_seq = before ? before->last_seq + 1 : 1,
                            .last_seq = before ? before->last_seq + 3 : 3,
                            .count = 3,
                            .epoch = epoch,
                            .at = {1'800'000'000'000'000},
                            .prev_digest = before ? before->digest : engine::Digest{}};
            batch.payload = std::string(200, static_cast<char>('a' + i));
            batch.header.digest = engine::seal(batch);
            ASSERT_EQ(journal->append(batch), Append::committed);
            before = batch.header;
            given_.push_back(std::move(batch));
        }
        journal.reset();
        bytes_ = testing::read_bytes(path_);
    }
    void put_back() {
        for (const char* side : {"-wal", "-shm"}) std::filesystem::remove(path_ + side);
        testing::write_bytes(path_, bytes_);
    }
    void sql(const std::string& text) {
        put_back();
        auto db = *Db::open(path_, "the journal");
        const Result<void> done = db.exec(text.c_str());
        ASSERT_TRUE(done) << to_string(done.error());
    }
    std::int64_t number(const std::string& text) {
        auto db = *Db::open(path_, "the journal");
        auto row = *Stmt::prepare(db, text);
        EXPECT_TRUE(*row.step());
        return row.integer(0);
    }
    // What opening says, to read and to write alike.
    std::string refusal() {
        const auto read = read_sqlite_journal(path_, kDamageKey);
        const auto written = open_sqlite_journal(path_, kDamageKey);
        if (read && written) return "";
        EXPECT_FALSE(read);
        EXPECT_FALSE(written);
        if (read || written) return "";
        EXPECT_EQ(to_string(read.error()), to_string(written.error()));
        EXPECT_EQ(read.error().code, ErrorCode::corrupt) << to_string(read.error());
        return to_string(read.error());
    }
    // All batches, where nothing is wrong with the journal, of whoever reads all and looks at all.
    std::optional<std::vector<Batch>> audited() {
        const auto journal = read_sqlite_journal(path_, kDamageKey);
        if (!journal) return std::nullopt;
        try {
            std::vector<Batch> found;
            (*journal)->read(1, [&](const Batch& batch) {
                found.push_back(batch);
                return true;
            });
            (*journal)->check();
            return found;
        } catch (const Fault&) {
            return std::nullopt;
        }
    }

    testing::TemporaryFolder folder_;
    std::string path_ = folder_ / "registry.db";
    std::vector<Batch> given_;
    std::string bytes_;
};

// Of the index of the primary key and of the last rows, wherever one bit is wrong: who writes sees the last batch, who audits sees all.
TEST_F(DamagedJournal, AWrongBitHidesNoBatch) {
    ASSERT_EQ(audited(), given_);
    const auto page = static_cast<std::size_t>(number("PRAGMA page_size"));
    const auto root = static_cast<std::size_t>(
        number("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_journal_1'"));
    const std::size_t begin = (root - 1) * page;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < 8 + 2 * given_.size(); ++i) places.push_back(begin + i);
    for (std::size_t i = 1; i <= 12 * given_.size(); ++i) places.push_back(begin + page - i);
    int refused = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t stride = testing::long_tests() ? 1 : 3;
        for (std::size_t bit = i % stride; bit < 8; bit += stride) {
            SCOPED_TRACE(fmt::format("byte {} bit {}", places[i] - begin, bit));
            put_back();
            std::string wrong = bytes_;
            wrong[places[i]] = static_cast<char>(wrong[places[i]] ^ (1 << bit));
            testing::write_bytes(path_, wrong);
            if (const auto found = audited()) {
                ASSERT_EQ(*found, given_);
            } else {
                ++refused;
            }
            const auto opened = open_sqlite_journal(path_, kDamageKey);
            if (!opened) continue;
            try {
                ASSERT_EQ((*opened)->head(), given_.back().header);
            } catch (const Fault&) {
                continue;
            }
        }
    }
    EXPECT_GT(refused, 100);
}

TEST_F(DamagedJournal, ALastRowThatIsNoBatchIsRefusedAtOpening) {
    for (const char* wrong : {"tenant_id = -1",
                              "tenant_id = 3",
                              "scheme_id = 65537",
                              "first_seq = 0",
                              "first_seq = -9223372036854775807",
                              "first_seq = 4611686018427387904",
                              "first_seq = first_seq + 1",
                              "last_seq = 0",
                              "last_seq = -1",
                              "last_seq = 9223372036854775807",
                              "count = 0",
                              "count = count + 4398046511104",
                              "count = -1",
                              "codec_version = codec_version + 33554432",
                              "codec_version = codec_version + 4294967296",
                              "epoch = -1",
                              "digest = x'00'"}) {
        SCOPED_TRACE(wrong);
        sql(fmt::format("UPDATE journal SET {} WHERE first_seq = 34", wrong));
        EXPECT_NE(refusal().find("the journal is damaged: "), std::string::npos);
        EXPECT_FALSE(audited());
    }
}

TEST_F(DamagedJournal, ARowInTheMiddleIsFoundByWhoReadsAll) {
    for (const char* wrong : {"UPDATE journal SET tenant_id = -1 WHERE first_seq = 4",
                              "UPDATE journal SET tenant_id = 9 WHERE first_seq = 4",
                              "UPDATE journal SET count = count + 4294967296 WHERE first_seq = 4",
                              "UPDATE journal SET last_seq = 5 WHERE first_seq = 4",
                              "DELETE FROM journal WHERE first_seq = 1",
                              "DELETE FROM journal WHERE first_seq = 4",
                              "UPDATE journal SET first_seq = 100 WHERE first_seq = 1"}) {
        SCOPED_TRACE(wrong);
        sql(wrong);
        EXPECT_FALSE(audited());
    }
}

// A second scheme in the file, which wrote last: the first is looked at all the same.
TEST_F(DamagedJournal, AnotherSchemeBehindItHidesNothing) {
    {
        auto other = *open_sqlite_journal(path_, {.tenant_id = 1, .scheme_id = 2});
        Batch batch = given_.front();
        batch.header.scheme_id = 2;
        batch.header.epoch = other->take_lease("a");
        ASSERT_EQ(other->append(batch), Append::committed);
    }
    bytes_ = testing::read_bytes(path_);
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(audited(), given_);
    sql("UPDATE journal SET tenant_id = -1 WHERE scheme_id = 1 AND first_seq = 34");
    EXPECT_NE(refusal().find("tenant -1"), std::string::npos);
    sql("UPDATE journal SET tenant_id = 7 WHERE scheme_id = 1 AND first_seq = 34");
    EXPECT_NE(refusal().find("tenant 7"), std::string::npos);
}

TEST_F(DamagedJournal, AVersionThatIsNotThatOfItsTablesIsOneLineForAll) {
    sql("PRAGMA user_version = 1");
    EXPECT_NE(refusal().find("it says that it has version 1, and has the tables journal, lease, "
                             "snapshot"),
              std::string::npos);
    for (const char* version : {"0", "-1"}) {
        sql(fmt::format("PRAGMA user_version = {}", version));
        EXPECT_NE(refusal().find(fmt::format("it says that it has version {},", version)),
                  std::string::npos);
    }
    for (const char* table : {"journal", "lease", "snapshot"}) {
        sql(fmt::format("DROP TABLE {}", table));
        EXPECT_NE(refusal().find("it says that it has version 2"), std::string::npos) << table;
    }
}

TEST_F(DamagedJournal, ABackupOfItLeavesNothing) {
    const auto names = testing::names_in(folder_.path());
    const auto refused = [&] {
        const Result<void> done = backup_sqlite_journal(path_, folder_ / "copy.db");
        EXPECT_FALSE(done);
        EXPECT_EQ(testing::names_in(folder_.path()), names);
        return done ? Error{} : done.error();
    };
    sql("UPDATE journal SET tenant_id = -1 WHERE first_seq = 4");
    EXPECT_EQ(refused().code, ErrorCode::corrupt);
    EXPECT_EQ(refused().where.rfind(path_, 0), 0U);
    sql("PRAGMA user_version = 99");
    EXPECT_EQ(refused().code, ErrorCode::version_mismatch);
    EXPECT_EQ(refused().where, path_);
    // What the caller finds in it.
    put_back();
    const Result<void> checked =
        backup_sqlite_journal(path_, folder_ / "copy.db", [](const std::string& copy) {
            EXPECT_TRUE(read_sqlite_journal(copy, kDamageKey));
            return Result<void>(Error{ErrorCode::corrupt, "no", "batch 7", ""});
        });
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().where, path_ + ", batch 7");
    EXPECT_EQ(testing::names_in(folder_.path()), names);
    // A name that leads nowhere is taken.
    ASSERT_EQ(::symlink("nowhere", (folder_ / "copy.db").c_str()), 0);
    EXPECT_EQ(backup_sqlite_journal(path_, folder_ / "copy.db").error().code,
              ErrorCode::already_exists);
    EXPECT_EQ(testing::names_in(folder_.path()).size(), names.size() + 1);
}

}  // namespace
}  // namespace abate::store
