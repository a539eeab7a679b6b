#include "abate/engine/engine.h"

#include "abate/engine/engine_test_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace abate::engine {
namespace {

using registry::AccountId;
using registry::AccountKind;
using registry::Asset;
using registry::Command;
using registry::GroupId;
using registry::kLinked;
using registry::Op;
using registry::Outcome;
using registry::ParticipantId;
using registry::Reason;
using registry::TransferId;
using testing::Clerk;
using testing::give;
using testing::kPaperKey;
using testing::Paper;

class EngineTest : public ::testing::Test {
  protected:
    std::vector<Outcome> doing(std::vector<Command> commands) {
        return clerk.doing(std::move(commands));
    }

    Paper paper;
    Clerk clerk{paper, 1000};
};

TEST_F(EngineTest, RecoversTheSameBooksFromTheJournal) {
    doing({give(5), give(7)});
    Command promise = give(3);
    promise.op = Op::reserve;
    promise.timeout_us = 100;
    doing({promise});
    clerk.clock += 1000;
    doing({give(1)});  // first the promise expires
    Engine again(kPaperKey, 99);
    const Result<void> recovered = again.recover(paper);
    ASSERT_TRUE(recovered) << to_string(recovered.error());
    EXPECT_EQ(again.head(), clerk.engine.head());
    EXPECT_EQ(again.last_seq(), clerk.engine.last_seq());
    EXPECT_EQ(again.registry().balance(AccountId{20}, Asset{2027}).posted, 13);
    EXPECT_EQ(again.registry().balance(AccountId{10}, Asset{2027}).reserved, 0);
    EXPECT_EQ(again.registry().last_time(), clerk.engine.registry().last_time());
    const AuditReport report = audit(paper, kPaperKey);
    EXPECT_FALSE(report.fault) << report.fault->field << " " << report.fault->found;
    EXPECT_EQ(report.events, clerk.engine.last_seq());
    EXPECT_EQ(report.head, clerk.engine.head());
}

TEST_F(EngineTest, TimeNeverGoesBack) {
    clerk.clock = 5'000'000;
    doing({give(1)});
    const Timestamp before = clerk.engine.registry().last_time();
    clerk.clock = 100;
    EXPECT_EQ(doing({give(1)})[0].reason, Reason::ok);
    EXPECT_GT(clerk.engine.registry().last_time(), before);
    EXPECT_FALSE(audit(paper, kPaperKey).fault);
}

TEST_F(EngineTest, WhatChangesNothingLeavesNoBatch) {
    Command sale = give(4);
    sale.id = {9, 1};
    doing({sale});
    const std::size_t batches = paper.batches.size();
    EXPECT_EQ(doing({sale})[0].reason, Reason::exists);
    EXPECT_EQ(doing({give(-1)})[0].reason, Reason::amount_must_be_positive);
    EXPECT_EQ(paper.batches.size(), batches);
    EXPECT_EQ(doing({give(1'000'000)})[0].reason, Reason::insufficient_balance);
    EXPECT_EQ(paper.batches.size(), batches + 1) << "the burned id";
}

// Any byte of any batch that is flipped is named: by recovery, and by the audit with its batch.
TEST_F(EngineTest, AnyFlippedByteIsNamed) {
    Command first = give(5);
    first.flags = kLinked;
    doing({first, give(6)});
    for (std::size_t b = 0; b < paper.batches.size(); ++b) {
        for (std::size_t at = 0; at < paper.batches[b].payload.size(); ++at) {
            Paper changed = paper;
            changed.batches[b].payload[at] = static_cast<char>(changed.batches[b].payload[at] ^ 1);
            Engine again(kPaperKey);
            ASSERT_EQ(again.recover(changed).error().code, ErrorCode::corrupt) << b << " " << at;
            const AuditReport report = audit(changed, kPaperKey);
            ASSERT_TRUE(report.fault) << b << " " << at;
            EXPECT_EQ(report.fault->field, "digest");
            EXPECT_EQ(report.fault->first_seq, paper.batches[b].header.first_seq);
        }
    }
}

// Who can rewrite the file can make every digest right; what was decided wrongly is still seen.
TEST_F(EngineTest, AForgedJournalWithGoodDigestsIsSeenThrough) {
    doing({give(5)});
    doing({give(6)});
    Paper forged;
    Digest before;
    for (Batch batch : paper.batches) {
        if (batch.header.first_seq == 6) {
            // 5 -> 5000 allowances, which the account does not have: the low bytes of the amount stand last.
            batch.payload[batch.payload.size() - 8] = static_cast<char>(0x88);
            batch.payload[batch.payload.size() - 7] = 0x13;
        }
        batch.header.prev_digest = before;
        batch.header.digest = seal(batch);
        before = batch.header.digest;
        forged.batches.push_back(batch);
    }
    const AuditReport report = audit(forged, kPaperKey);
    ASSERT_TRUE(report.fault);
    EXPECT_EQ(report.fault->seq, 6U);
    EXPECT_EQ(report.fault->field, "reason");
    EXPECT_EQ(report.fault->expected, "insufficient_balance");
}

TEST_F(EngineTest, AMissingSwappedOrForeignBatchIsNamed) {
    doing({give(5)});
    doing({give(6)});
    Paper missing = paper;
    missing.batches.erase(missing.batches.begin() + 1);
    EXPECT_EQ(audit(missing, kPaperKey).fault->field, "first_seq");
    Paper swapped = paper;
    std::swap(swapped.batches[1], swapped.batches[2]);
    EXPECT_EQ(audit(swapped, kPaperKey).fault->field, "first_seq");
    EXPECT_EQ(audit(paper, {.tenant_id = 1, .scheme_id = 8}).fault->field, "scheme_id");
    Engine other({.tenant_id = 1, .scheme_id = 8});
    EXPECT_EQ(other.recover(paper).error().code, ErrorCode::conflict);
    // A backup from before: sound in itself, and known by its head.
    Paper old = paper;
    old.batches.pop_back();
    const AuditReport report = audit(old, kPaperKey);
    EXPECT_FALSE(report.fault);
    EXPECT_NE(report.head, clerk.engine.head());
}

// RFC 7693's own vector is for 64 bytes; this one, of 32, is from the reference implementation: BLAKE2b-256("abc").
TEST(Digest, IsBlake2b) {
    EXPECT_EQ(to_string(digest_of("abc")),
              "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    EXPECT_EQ(digest_of("a", "bc"), digest_of("abc"));
}

}  // namespace
}  // namespace abate::engine
