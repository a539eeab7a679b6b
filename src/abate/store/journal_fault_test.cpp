// A journal on a disk that fails at any one of its writes, truncations, syncs and deletions: opened again it has every batch that was
// committed, the one under way whole or not at all, and goes on.
#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/store/failing_vfs_test_support.h"
#include "abate/store/journal_store.h"
#include "abate/store/store_test_support.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;
using testing::DiskFault;

constexpr engine::SchemeKey kFaultKey{.tenant_id = 3, .scheme_id = 4};

// Small ones and one of several pages; the same every time.
std::vector<Batch> fault_batches() {
    std::vector<Batch> out;
    for (std::uint64_t i = 0; i < 8; ++i) {
        Batch batch;
        batch.header.tenant_id = kFaultKey.tenant_id;
        batch.header.scheme_id = kFaultKey.scheme_id;
        batch.header.first_seq = 2 * i + 1;
        batch.header.last_seq = 2 * i + 2;
        batch.header.count = 2;
        batch.header.epoch = 1;
        if (i > 0) batch.header.prev_digest = out.back().header.digest;
        batch.payload.assign(i == 3 ? 50'000 : 300, static_cast<char>('a' + i));
        batch.header.digest = engine::seal(batch);
        out.push_back(std::move(batch));
    }
    return out;
}

std::string fault_snapshot(std::uint64_t seq) {
    return std::string(40'000, static_cast<char>(seq));
}

// Opens, appends some, keeps a snapshot, closes (which checkpoints), opens again, appends the rest. `committed` counts as it goes; a Fault
// or an error ends it.
void live(const std::string& path, const std::vector<Batch>& batches, std::size_t& committed) {
    std::size_t next = 0;
    for (const std::size_t until : {std::size_t{5}, batches.size()}) {
        auto journal = open_sqlite_journal(path, kFaultKey);
        if (!journal) return;
        try {
            if (next == 0) (void)(*journal)->take_lease("a");
            for (; next < until; ++next) {
                if ((*journal)->append(batches[next]) != Append::committed) return;
                committed = next + 1;
                if (next == 2 || next == 6)
                    (*journal)->keep_snapshot(
                        {.last_seq = batches[next].header.last_seq, .bytes = fault_snapshot(next)});
            }
        } catch (const Fault&) {
            return;
        }
    }
}

void expect_whole(const std::string& path,
                  const std::vector<Batch>& batches,
                  std::size_t committed) {
    auto journal = open_sqlite_journal(path, kFaultKey);
    ASSERT_TRUE(journal) << to_string(journal.error());
    std::vector<Batch> found;
    (*journal)->read(1, [&](const Batch& batch) {
        found.push_back(batch);
        return true;
    });
    ASSERT_GE(found.size(), committed);
    ASSERT_LE(found.size(), committed + 1);
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], batches[i]) << i;
    // A snapshot is there whole or not at all.
    if (const auto snapshot = (*journal)->newest_snapshot(100)) {
        EXPECT_EQ(snapshot->bytes, fault_snapshot(snapshot->last_seq / 2 - 1));
        EXPECT_LE(snapshot->last_seq, 2 * found.size());
    } else {
        EXPECT_LE(committed, 3U) << "it was kept after the third batch, before the fourth";
    }
    for (std::size_t i = found.size(); i < batches.size(); ++i)
        ASSERT_EQ((*journal)->append(batches[i]), Append::committed) << i;
    EXPECT_EQ((*journal)->head(), batches.back().header);
}

class EachDiskFault : public ::testing::TestWithParam<DiskFault> {};

TEST_P(EachDiskFault, AtEachOperationLeavesWholeBatches) {
    const std::vector<Batch> batches = fault_batches();
    testing::FailingVfs disk;
    int operations = 0;
    {
        testing::TemporaryFolder folder;
        std::size_t committed = 0;
        disk.fail_at(0, DiskFault::once);
        live(folder / "registry.db", batches, committed);
        operations = disk.done();
        ASSERT_EQ(committed, batches.size());
        ASSERT_GT(operations, 50);
    }
    for (int n = 1; n <= operations; ++n) {
        SCOPED_TRACE(n);
        testing::TemporaryFolder folder;
        const std::string path = folder / "registry.db";
        std::size_t committed = 0;
        disk.fail_at(n, GetParam());
        live(path, batches, committed);
        ASSERT_TRUE(disk.failed());
        disk.power_on();
        expect_whole(path, batches, committed);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Faults,
                         EachDiskFault,
                         ::testing::Values(DiskFault::once,
                                           DiskFault::full,
                                           DiskFault::power_cut,
                                           DiskFault::torn,
                                           DiskFault::late_writes));

// The test of the test: who commits without a sync loses it, and who syncs does not.
TEST(FailingVfs, LosesWhatWasNotSynced) {
    for (const bool synced : {false, true}) {
        testing::TemporaryFolder folder;
        testing::FailingVfs disk;
        const std::string path = folder / "registry.db";
        EXPECT_EQ((*open_sqlite_journal(path, kFaultKey))->take_lease("a"), 1U);
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db,
                               synced ? "PRAGMA synchronous = FULL; UPDATE lease SET epoch = 77"
                                      : "PRAGMA synchronous = OFF; UPDATE lease SET epoch = 77",
                               nullptr,
                               nullptr,
                               nullptr),
                  SQLITE_OK);
        disk.fail_at(1, DiskFault::power_cut);
        sqlite3_close(db);
        ASSERT_TRUE(disk.failed());
        disk.power_on();
        auto journal = *open_sqlite_journal(path, kFaultKey);
        EXPECT_EQ(journal->take_lease("a"), synced ? 78U : 2U);
    }
}

}  // namespace
}  // namespace abate::store
