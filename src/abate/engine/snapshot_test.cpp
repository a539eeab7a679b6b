#include "abate/engine/snapshot.h"

#include "abate/engine/engine.h"
#include "abate/engine/engine_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace abate::engine {
namespace {

using namespace registry;
using testing::Clerk;
using testing::give;
using ::testing::HasSubstr;
using testing::kPaperKey;
using testing::Paper;

// Transfers, promises that are posted, voided or expire, refusals, retries, chains.
std::vector<Command> any_batch() {
    std::vector<Command> commands;
    const int size = *rc::gen::inRange(1, 5);
    for (int i = 0; i < size; ++i) {
        Command c =
            give(*rc::gen::inRange(0, 40), *rc::gen::element(Op::transfer, Op::reserve, Op::post));
        if (*rc::gen::arbitrary<bool>()) std::swap(c.from, c.to);
        c.id = {3, *rc::gen::inRange<std::uint64_t>(1, 60)};
        if (c.op == Op::post) {
            c = {.op = *rc::gen::element(Op::post, Op::void_pending),
                 .id = c.id,
                 .reference = {3, *rc::gen::inRange<std::uint64_t>(1, 60)}};
        } else if (c.op == Op::reserve) {
            c.timeout_us = *rc::gen::element<std::uint64_t>(0, 5, 30);
        }
        if (i + 1 < size && *rc::gen::inRange(0, 3) == 0) c.flags = kLinked;
        commands.push_back(c);
    }
    return commands;
}

std::string books_of(const Engine& engine) {
    std::string bytes;
    append_snapshot(bytes, engine.registry());
    return bytes;
}

// A snapshot anywhere in any history, and what comes after: the head of a full replay, and the same answers
// afterwards.
RC_GTEST_PROP(Snapshot, WithItsTailIsTheFullReplay, ()) {
    Paper paper;
    Clerk history(paper, 100);
    const int batches = *rc::gen::inRange(0, 20);
    for (int i = 0; i < batches; ++i) {
        history.doing(any_batch());
        if (*rc::gen::inRange(0, 5) == 0) paper.keep_snapshot(take_snapshot(history.engine));
    }
    Engine whole(kPaperKey);
    RC_ASSERT(whole.recover(paper).has_value());
    Engine quick(kPaperKey, 99);
    const Result<Recovery> recovery = recover(quick, paper);
    RC_ASSERT(recovery.has_value());
    RC_ASSERT(recovery->notes.empty());
    RC_ASSERT(recovery->from_seq ==
              (paper.snapshots.empty() ? 0 : paper.snapshots.rbegin()->first));
    RC_ASSERT(quick.head() == whole.head());
    RC_ASSERT(quick.last_seq() == whole.last_seq());
    RC_ASSERT(quick.epoch() == whole.epoch());
    RC_ASSERT(quick.registry().transfers() == whole.registry().transfers());
    std::vector<Command> more = any_batch();
    std::vector<Outcome> a(more.size());
    std::vector<Outcome> b(more.size());
    whole.apply(more, {history.clock + 1000}, a);
    quick.apply(more, {history.clock + 1000}, b);
    RC_ASSERT(a == b);
    RC_ASSERT(whole.seal() == quick.seal());
}

class SnapshotTest : public ::testing::Test {
  protected:
    SnapshotTest() {
        history.doing({give(5)});
        paper.keep_snapshot(take_snapshot(history.engine));
        history.doing({give(6)});
        paper.keep_snapshot(take_snapshot(history.engine));
        history.doing({give(7, Op::reserve)});
    }
    Recovery recovered(const RecoverOptions& options = {}) {
        Engine again(kPaperKey);
        const Result<Recovery> recovery = recover(again, paper, options);
        EXPECT_TRUE(recovery) << to_string(recovery.error());
        EXPECT_EQ(again.head(), history.engine.head());
        EXPECT_EQ(books_of(again), books_of(history.engine));
        return *recovery;
    }
    Paper paper;
    Clerk history{paper, 100};
};

TEST_F(SnapshotTest, OnlyTheTailIsFolded) {
    paper.visited = 0;
    const Recovery recovery = recovered();
    EXPECT_EQ(recovery.from_seq, 7U);
    EXPECT_TRUE(recovery.notes.empty());
    EXPECT_EQ(paper.visited, 2U) << "the batch of the snapshot, and the one behind it";
    EXPECT_EQ(recovered({.use_snapshots = false}).from_seq, 0U);
}

TEST_F(SnapshotTest, AnyCutOrFlippedByteFallsBackWithANote) {
    const std::string whole = paper.snapshots[7].bytes;
    const auto expect_passed_over = [&](const std::string& bytes, std::size_t at) {
        paper.snapshots[7].bytes = bytes;
        const Recovery recovery = recovered();
        ASSERT_EQ(recovery.from_seq, 6U) << at;
        ASSERT_EQ(recovery.notes.size(), 1U);
        EXPECT_THAT(recovery.notes[0], HasSubstr("snapshot at event 7 is passed over"));
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
        expect_passed_over(whole.substr(0, at), at);
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        expect_passed_over(flipped, at);
    }
    paper.snapshots[6].bytes.clear();
    EXPECT_EQ(recovered().from_seq, 0U);
    EXPECT_EQ(recovered().notes.size(), 2U);
}

// Sealed well and of other books: of another scheme, another journal, another place.
TEST_F(SnapshotTest, WhatTheJournalDoesNotBearOutIsPassedOver) {
    Paper elsewhere;
    Clerk other(elsewhere, 100);
    other.doing({give(50)});
    other.doing({give(6)});
    ASSERT_EQ(other.engine.last_seq(), 7U);
    paper.snapshots[7] = take_snapshot(other.engine);
    EXPECT_THAT(recovered().notes.at(0), HasSubstr("no such batch"));
    paper.snapshots[7] = paper.snapshots[6];
    paper.snapshots[7].last_seq = 7;
    EXPECT_THAT(recovered().notes.at(0), HasSubstr("another batch"));
    paper.snapshots.erase(7);
    EXPECT_EQ(recovered().from_seq, 6U);
}

TEST_F(SnapshotTest, ARestoredOldBackupIsRefusedByName) {
    const Head kept{.seq = history.engine.last_seq(), .digest = history.engine.head()};
    (void)recovered({.expect_head = kept});
    (void)recovered({.expect_head = {.seq = 7, .digest = paper.batches[2].header.digest}});
    Paper old = paper;
    old.batches.pop_back();
    Engine again(kPaperKey);
    const Result<Recovery> refused = recover(again, old, {.expect_head = kept});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_THAT(refused.error().what,
                HasSubstr("ends at event 7, before the kept head at event 8"));
}

TEST_F(SnapshotTest, ARewrittenJournalIsRefusedByName) {
    const Head kept{.seq = 7, .digest = paper.batches[2].header.digest};
    // Other moves, sealed as well as the first ones were.
    Paper other;
    Clerk forged(other, 100);
    forged.doing({give(5)});
    forged.doing({give(66)});
    forged.doing({give(1)});
    Engine again(kPaperKey);
    const Result<Recovery> refused = recover(again, other, {.expect_head = kept});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_THAT(refused.error().what, HasSubstr("it was rewritten"));
    EXPECT_THAT(refused.error().what, HasSubstr(to_string(kept.digest)));
    // Cut into other batches: no batch ends there.
    const Result<Recovery> cut =
        recover(again, other, {.expect_head = {.seq = 3, .digest = kept.digest}});
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error().what, HasSubstr("no whole batch"));
}

}  // namespace
}  // namespace abate::engine
