#include "abate/node/sequencer.h"

#include "abate/node/node_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace abate::node {
namespace {

using namespace testing;  // the disk that breaks
using registry::Command;
using registry::kLinked;
using registry::Outcome;
using registry::Reason;
using ::testing::Contains;
using ::testing::HasSubstr;

class SequencerTest : public ::testing::Test {
  protected:
    SequencerOptions options() {
        return {.key = kKey,
                .holder = "node-1",
                .open_journal = [this] { return disk.open(); },
                .tick = std::chrono::milliseconds(5),
                .room = {.accounts = 3, .commands = 10},  // and past it
                .note =
                    [this](const std::string& text) {
                        const std::lock_guard lock(notes_mutex);
                        notes.push_back(text);
                    }};
    }
    void start() { start(options()); }
    void start(const SequencerOptions& with) {
        auto started = Sequencer::start(with, clock);
        ASSERT_TRUE(started) << to_string(started.error());
        sequencer = *std::move(started);
        const Reply opened = sequencer->submit(opening()).get();
        ASSERT_EQ(opened.status, Status::done);
    }
    Reply doing(std::vector<Command> commands) {
        return sequencer->submit(std::move(commands)).get();
    }
    Reply doing(std::uint64_t id) { return doing(std::vector<Command>{move({2, id})}); }
    // Until the answer is something that stays.
    Reply insist(std::uint64_t id) {
        while (true) {
            Reply reply = doing(id);
            if (reply.status != Status::outcome_unknown && reply.status != Status::unavailable)
                return reply;
        }
    }
    std::int64_t moved() {
        std::int64_t amount = -1;
        EXPECT_TRUE(sequencer->read([&](const registry::Registry& books) {
            amount = books.balance(registry::AccountId{20}, kAsset).posted;
        }));
        return amount;
    }
    // What the journal says, read by somebody else.
    void expect_sound(std::int64_t amount) {
        sequencer->stop();
        auto journal = disk.connect();
        const engine::AuditReport report = engine::audit(*journal, kKey);
        EXPECT_FALSE(report.fault) << report.fault->field;
        engine::Engine again(kKey);
        EXPECT_TRUE(again.recover(*journal));
        EXPECT_EQ(again.registry().balance(registry::AccountId{20}, kAsset).posted, amount);
    }

    SystemClock clock;
    Disk disk;
    std::mutex notes_mutex;
    std::vector<std::string> notes;
    std::unique_ptr<Sequencer> sequencer;
};

TEST_F(SequencerTest, AnswersWhatIsDurable) {
    start();
    const Reply reply = doing({move({2, 1}, 7), move({2, 2}, 2'000'000)});
    EXPECT_EQ(reply.status, Status::done);
    EXPECT_EQ(reply.outcomes,
              (std::vector<Outcome>{{.amount = 7}, {.reason = Reason::insufficient_balance}}));
    EXPECT_EQ(disk.batches().back().header.last_seq, 7U);
    EXPECT_EQ(doing(std::vector<Command>{}).status, Status::done);
    EXPECT_EQ(sequencer->stats().head, disk.batches().back().header.digest);
    EXPECT_EQ(moved(), 7);
    expect_sound(7);
    EXPECT_EQ(doing(3).status, Status::stopped);
}

// Eight threads, each its own ids, each answered for its own; together one sound journal.
TEST_F(SequencerTest, ManyThreadsAreServedInOneOrder) {
    SequencerOptions with = options();
    with.most_commands = 16;
    with.most_delay = std::chrono::microseconds(200);
    start(with);
    constexpr std::uint64_t kThreads = 8;
    constexpr std::uint64_t kEach = 200;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (std::uint64_t t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                Command first = move({10 + t, 2 * i});
                first.flags = kLinked;
                const Reply reply = doing({first, move({10 + t, 2 * i + 1})});
                if (reply.status != Status::done || reply.outcomes.size() != 2 ||
                    reply.outcomes[0].reason != Reason::ok ||
                    reply.outcomes[1].reason != Reason::ok)
                    ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LT(sequencer->stats().batches, kThreads * kEach) << "some shared a commit";
    for (const engine::Batch& batch : disk.batches()) EXPECT_LE(batch.header.count, 16U);
    expect_sound(static_cast<std::int64_t>(kThreads * kEach * 2));
}

TEST_F(SequencerTest, AnOpenChainTakesNobodyElseIn) {
    SequencerOptions with = options();
    with.most_delay = std::chrono::milliseconds(50);
    start(with);
    Command open = move({2, 1});
    open.flags = kLinked;
    auto first = sequencer->submit({open});
    auto second = sequencer->submit({move({2, 2})});
    EXPECT_EQ(first.get().outcomes, (std::vector<Outcome>{{.reason = Reason::linked_chain_open}}));
    EXPECT_EQ(second.get().outcomes, (std::vector<Outcome>{{.amount = 1}}));
    expect_sound(1);
}

// The batch is lost, or kept and only the answer lost, or comes late: the client hears that nobody knows, asks again, and it is done once.
class EachBreak : public SequencerTest, public ::testing::WithParamInterface<Break> {};

TEST_P(EachBreak, IsDoneOnceAndWorkGoesOn) {
    start();
    disk.appends = 0;
    disk.plan = [](int n) { return n == 2 ? GetParam() : Break::nothing; };
    EXPECT_EQ(doing(1).status, Status::done);
    EXPECT_EQ(doing(2).status, Status::outcome_unknown);
    const Reply again = insist(2);
    ASSERT_EQ(again.status, Status::done);
    const bool kept = GetParam() == Break::after;
    EXPECT_EQ(again.outcomes.at(0).reason, kept ? Reason::exists : Reason::ok);
    EXPECT_EQ(doing(3).status, Status::done);
    EXPECT_EQ(doing(1).outcomes.at(0).reason, Reason::exists);
    const SequencerStats stats = sequencer->stats();
    EXPECT_EQ(stats.rebuilds, 1U);
    EXPECT_EQ(stats.unknown, 1U);
    EXPECT_EQ(stats.found, kept ? 1U : 0U);
    EXPECT_TRUE(stats.writer);
    expect_sound(3);
    EXPECT_THAT(notes, Contains(HasSubstr(kept ? "was committed" : "was not committed")));
}

INSTANTIATE_TEST_SUITE_P(Breaks,
                         EachBreak,
                         ::testing::Values(Break::before, Break::after, Break::late));

TEST_F(SequencerTest, ALeaseThatIsLostInABatchStopsItForGood) {
    start();
    disk.appends = 0;
    disk.plan = [](int n) { return n == 2 ? Break::lease : Break::nothing; };
    EXPECT_EQ(doing(1).status, Status::done);
    EXPECT_EQ(doing(2).status, Status::not_writer);
    EXPECT_EQ(doing(3).status, Status::not_writer);
    EXPECT_FALSE(sequencer->stats().writer);
    EXPECT_FALSE(sequencer->read([](const registry::Registry&) {}));
    expect_sound(1);
    EXPECT_EQ(doing(4).status, Status::not_writer);
}

// It breaks, and while it is down another takes over: it must not take the lease back.
TEST_F(SequencerTest, ALeaseThatIsLostWhileItIsDownStaysLost) {
    start();
    disk.appends = 0;
    disk.plan = [this](int) {
        disk.refuse = 3;
        return Break::after;
    };
    EXPECT_EQ(doing(1).status, Status::outcome_unknown);
    const std::uint64_t thief = disk.steal_lease();
    EXPECT_EQ(insist(1).status, Status::not_writer);
    EXPECT_GT(disk.steal_lease(), thief);
    expect_sound(1);
}

TEST_F(SequencerTest, ADatabaseThatIsDownIsUnavailableUntilItIsBack) {
    start();
    disk.appends = 0;
    disk.plan = [this](int n) {
        if (n != 1) return Break::nothing;
        disk.refuse = 3;
        return Break::before;
    };
    EXPECT_EQ(doing(1).status, Status::outcome_unknown);
    const Reply reply = insist(1);
    EXPECT_EQ(reply.status, Status::done);
    EXPECT_EQ(reply.outcomes.at(0).reason, Reason::ok);
    expect_sound(1);
}

TEST_F(SequencerTest, StopsWhileTheDatabaseIsDown) {
    start();
    {
        const std::lock_guard lock(disk.mutex());
        disk.plan = [this](int) {
            disk.refuse = 1'000'000;
            return Break::before;
        };
    }
    EXPECT_EQ(doing(1).status, Status::outcome_unknown);
    sequencer->stop();
    EXPECT_EQ(doing(2).status, Status::stopped);
}

TEST_F(SequencerTest, TooManyAreTurnedAway) {
    SequencerOptions with = options();
    with.most_commands = 5;
    with.most_waiting = 5;
    with.most_delay = std::chrono::milliseconds(200);
    start(with);
    EXPECT_EQ(doing(std::vector<Command>(6, move({2, 1}))).status, Status::overloaded);
    std::vector<std::future<Reply>> replies;
    for (std::uint64_t i = 1; i <= 100; ++i) replies.push_back(sequencer->submit({move({2, i})}));
    std::int64_t done = 0;
    for (std::future<Reply>& reply : replies) {
        const Status status = reply.get().status;
        EXPECT_TRUE(status == Status::done || status == Status::overloaded);
        if (status == Status::done) ++done;
    }
    EXPECT_GT(done, 0);
    EXPECT_LT(done, 100);
    expect_sound(done);
}

// What is due expires with nobody asking.
TEST_F(SequencerTest, TimeGoesOnByItself) {
    start();
    Command promise = move({2, 1}, 10);
    promise.op = registry::Op::reserve;
    promise.timeout_us = 2'000;
    EXPECT_EQ(doing({promise}).outcomes.at(0).reason, Reason::ok);
    while (disk.batches().back().header.last_seq < 7) std::this_thread::yield();
    EXPECT_TRUE(sequencer->read([&](const registry::Registry& books) {
        EXPECT_EQ(books.transfer({2, 1})->pending, registry::PendingState::expired);
    }));
    expect_sound(0);
}

TEST_F(SequencerTest, StartsAgainFromASnapshot) {
    SequencerOptions with = options();
    with.snapshot_every = 10;
    start(with);
    for (std::uint64_t i = 1; i <= 25; ++i) ASSERT_EQ(doing(i).status, Status::done);
    sequencer->stop();
    EXPECT_EQ(sequencer->stats().snapshots, 3U) << "after 10, 20 and 30 events";
    auto journal = disk.connect();
    EXPECT_EQ(journal->newest_snapshot(1000)->last_seq, 30U);
    sequencer = *Sequencer::start(with, clock);
    EXPECT_EQ(doing(25).outcomes.at(0).reason, Reason::exists);
    EXPECT_EQ(doing(26).outcomes.at(0).reason, Reason::ok);
    EXPECT_EQ(moved(), 26);
    expect_sound(26);
}

TEST_F(SequencerTest, ASnapshotThatFailsCostsNoAnswer) {
    SequencerOptions with = options();
    with.snapshot_every = 10;
    start(with);
    disk.refuse_snapshots = true;
    for (std::uint64_t i = 1; i <= 25; ++i) ASSERT_EQ(doing(i).status, Status::done);
    EXPECT_EQ(sequencer->stats().snapshots, 0U);
    EXPECT_GE(sequencer->stats().rebuilds, 2U);
    EXPECT_EQ(sequencer->stats().unknown, 0U);
    expect_sound(25);
}

TEST_F(SequencerTest, ANewOneTakesOver) {
    start();
    EXPECT_EQ(doing(1).status, Status::done);
    SequencerOptions with = options();
    with.holder = "node-2";
    auto other = *Sequencer::start(with, clock);
    EXPECT_EQ(other->submit({move({2, 2})}).get().status, Status::done);
    EXPECT_EQ(doing(3).status, Status::not_writer);
    EXPECT_EQ(other->submit({move({2, 3})}).get().status, Status::done);
    other->stop();
    expect_sound(3);
}

TEST_F(SequencerTest, AJournalWithoutTheKeptHeadIsNotStartedOn) {
    start();
    sequencer->stop();
    SequencerOptions with = options();
    with.expect_head = {.seq = 100, .digest = {}};
    const auto refused = Sequencer::start(with, clock);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

// Threads that insist, a database that breaks in every way at random moments: each command is done once.
TEST_F(SequencerTest, WhateverBreaksEachCommandIsDoneOnce) {
    SequencerOptions with = options();
    with.most_commands = 8;
    with.snapshot_every = 50;
    with.tick = std::chrono::milliseconds(1);
    start(with);
    {
        const std::lock_guard lock(disk.mutex());
        disk.plan = [this](int n) {
            if (n % 7 != 0) return Break::nothing;
            disk.refuse = n % 3;
            return std::array{
                Break::before, Break::after, Break::late}[static_cast<std::size_t>(n / 7 % 3)];
        };
    }
    constexpr std::uint64_t kThreads = 4;
    constexpr std::uint64_t kEach = 100;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (std::uint64_t t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                const Reply reply = insist(1000 * t + i);
                if (reply.status != Status::done || (reply.outcomes[0].reason != Reason::ok &&
                                                     reply.outcomes[0].reason != Reason::exists))
                    ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(sequencer->stats().rebuilds, 0U);
    expect_sound(static_cast<std::int64_t>(kThreads * kEach));
}

// Two runs by hand are the same to the last byte; nothing is done but in a turn.
TEST(SequencerByHand, DoesOneBatchATurn) {
    std::vector<std::vector<engine::Batch>> journals;
    for (int run = 0; run < 2; ++run) {
        Disk disk;
        ManualClock clock({.wall = {1'800'000'000'000'000}});
        auto started = Sequencer::start({.key = kKey,
                                         .holder = "by-hand",
                                         .open_journal = [&] { return disk.open(); },
                                         .own_thread = false},
                                        clock);
        ASSERT_TRUE(started) << to_string(started.error());
        Sequencer& sequencer = **started;
        std::future<Reply> opened = sequencer.submit(opening());
        std::future<Reply> first = sequencer.submit(std::vector<Command>{move({2, 1}, 7)});
        EXPECT_EQ(disk.batches().size(), 0U);
        sequencer.turn();
        EXPECT_EQ(opened.get().status, Status::done);
        EXPECT_EQ(first.get().outcomes.front().amount, 7);
        EXPECT_EQ(disk.batches().size(), 1U) << "one batch";
        // A failed commit: the next turn builds the books again.
        disk.plan = [](int) { return Break::after; };
        std::future<Reply> second = sequencer.submit(std::vector<Command>{move({2, 2}, 5)});
        sequencer.turn();
        EXPECT_EQ(second.get().status, Status::outcome_unknown);
        EXPECT_FALSE(sequencer.read([](const registry::Registry&) {}));
        disk.plan = [](int) { return Break::nothing; };
        disk.refuse = 1;
        std::future<Reply> early = sequencer.submit(std::vector<Command>{move({2, 2}, 5)});
        sequencer.turn();
        EXPECT_EQ(early.get().status, Status::unavailable);
        std::future<Reply> again = sequencer.submit(std::vector<Command>{move({2, 2}, 5)});
        sequencer.turn();
        EXPECT_EQ(again.get().outcomes.front().reason, Reason::exists);
        std::int64_t moved = 0;
        EXPECT_TRUE(sequencer.read([&](const registry::Registry& books) {
            moved = books.balance(registry::AccountId{20}, kAsset).posted;
        }));
        EXPECT_EQ(moved, 12);
        // What waits when it is stopped is answered, and not done.
        std::future<Reply> late = sequencer.submit(std::vector<Command>{move({2, 3})});
        sequencer.stop();
        EXPECT_EQ(late.get().status, Status::stopped);
        sequencer.turn();
        journals.push_back(disk.batches());
        EXPECT_EQ(journals.back().size(), 2U);
    }
    EXPECT_EQ(journals[0], journals[1]);
}

}  // namespace
}  // namespace abate::node
