// Orders through the sequencer: answered when they are durable, each once, whatever breaks.
#include "abate/node/market_test_support.h"
#include "abate/node/node_test_support.h"
#include "abate/node/sequencer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>

namespace abate::node {
namespace {

using namespace testing;  // the disk that breaks, and a scheme that trades
using exchange::MeetingKind;
using exchange::Met;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::TapeEntry;
using exchange::TapeKind;
using ::testing::ElementsAre;

// Keeps what it heard.
class Ear final : public MarketListener {
  public:
    void on_market(std::span<const TapeEntry> entries) override {
        const std::lock_guard lock(mutex_);
        ++calls_;
        heard_.insert(heard_.end(), entries.begin(), entries.end());
    }
    std::vector<TapeEntry> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

  private:
    std::mutex mutex_;
    std::vector<TapeEntry> heard_;
    int calls_ = 0;
};

// The tape as the journal has it.
std::vector<TapeEntry> tape_of(engine::Journal& journal) {
    class Keeper final : public exchange::TapeSink {
      public:
        void on(const TapeEntry& entry) override { entries.push_back(entry); }
        std::vector<TapeEntry> entries;
    } keeper;
    engine::Engine again(engine::kDeskKey);
    again.set_tape(&keeper);
    EXPECT_TRUE(again.recover(journal));
    return keeper.entries;
}

class SequencerOrders : public ::testing::Test {
  protected:
    SequencerOrders() : disk(engine::kDeskKey) {
        disk.bare([](engine::Journal& journal) { found(journal, scheme); });
        clock.set_wall(scheme.from);
    }
    SequencerOptions options(const std::string& holder = "node-1") {
        return {.key = engine::kDeskKey,
                .holder = holder,
                .open_journal = [this] { return disk.open(); },
                .own_thread = false};
    }
    void start() { start(options()); }
    void start(const SequencerOptions& with) {
        auto started = Sequencer::start(with, clock);
        ASSERT_TRUE(started) << to_string(started.error());
        sequencer = *std::move(started);
        sequencer->listen(ear);
    }
    // Every answer to what was sent, in order.
    using Answers = std::shared_ptr<std::vector<Reply>>;
    Answers send(Sequencer& to, std::vector<Operation> orders) {
        auto answers = std::make_shared<std::vector<Reply>>();
        to.submit(std::move(orders), [answers](const Reply& reply) { answers->push_back(reply); });
        return answers;
    }
    Answers send(std::vector<Operation> orders) { return send(*sequencer, std::move(orders)); }
    std::vector<OrderReason> doing(std::vector<Operation> orders) {
        const Answers answers = send(std::move(orders));
        sequencer->turn();
        std::vector<OrderReason> reasons;
        if (answers->size() != 1 || answers->front().status != Status::done) return reasons;
        for (const OrderAnswer& each : answers->front().orders) reasons.push_back(each.reason);
        return reasons;
    }
    // The journal is sound, and what was heard of its tape is all of it.
    void expect_sound() {
        sequencer->stop();
        auto journal = disk.connect();
        const engine::AuditReport report = engine::audit(*journal, engine::kDeskKey);
        EXPECT_FALSE(report.fault) << report.fault->field << ": " << report.fault->found;
        engine::Engine again(engine::kDeskKey);
        ASSERT_TRUE(again.recover(*journal));
        EXPECT_EQ(broken_invariant(again.registry()).value_or("sound"), "sound");
        EXPECT_EQ(again.market().cover().money, again.registry().covered_money());
        EXPECT_EQ(again.market().cover().allowances, again.registry().covered_allowances());
        EXPECT_EQ(ear->heard(), tape_of(*journal));
    }

    static const TradingScheme& scheme;
    ManualClock clock;
    Disk disk;
    std::shared_ptr<Ear> ear = std::make_shared<Ear>();
    std::unique_ptr<Sequencer> sequencer;
};
const TradingScheme& SequencerOrders::scheme = trading_scheme();

TEST_F(SequencerOrders, AreAnsweredWhenTheyAreDurable) {
    start();
    const Answers sale = send({scheme.sell(0, {.id = 1, .price = 40, .quantity = 10}),
                               scheme.sell(0, {.id = 2, .price = 41, .quantity = 10})});
    const Answers refused = send({scheme.sell(0, {.id = 3, .price = 0, .quantity = 10})});
    const Answers bought = send({scheme.buy(1, {.id = 4, .price = 41, .quantity = 15})});
    EXPECT_TRUE(sale->empty());
    EXPECT_EQ(ear->calls(), 0);
    const std::size_t batches = disk.batches().size();
    sequencer->turn();
    EXPECT_EQ(disk.batches().size(), batches + 1) << "one commit";
    ASSERT_EQ(sale->size(), 1U);
    EXPECT_EQ(sale->front().orders, (std::vector<OrderAnswer>(2)));
    EXPECT_EQ(refused->at(0).orders.at(0).reason, OrderReason::price_not_positive);
    // 10 at the best price and 5 at the next: price first, at the price of what rests.
    EXPECT_THAT(bought->at(0).orders.at(0).met,
                ElementsAre(Met{.maker = 1, .price_micro = 40, .quantity = 10},
                            Met{.maker = 2, .price_micro = 41, .quantity = 5}));
    EXPECT_EQ(sequencer->stats().commands, 4U);
    const std::vector<TapeEntry> heard = ear->heard();
    ASSERT_EQ(heard.size(), 4U) << "two came to rest, two trades";
    EXPECT_EQ(heard[2].kind, TapeKind::traded);
    EXPECT_EQ(heard[2].taker_id, 4U);
    EXPECT_EQ(ear->calls(), 3) << "behind each answer, of what was refused with nothing";
    EXPECT_EQ(doing({scheme.buy(1, {.id = 4, .price = 41, .quantity = 15}),
                     scheme.buy(1, {.id = 4, .price = 41, .quantity = 16}),
                     scheme.cancel(1, 2),
                     scheme.cancel(0, 2),
                     scheme.cancel(0, 2)}),
              (std::vector<OrderReason>{OrderReason::order_exists,
                                        OrderReason::order_exists_with_different_fields,
                                        OrderReason::order_of_another,
                                        OrderReason::ok,
                                        OrderReason::order_unknown}));
    expect_sound();
}

// Signed commands, commands of the books and orders keep the order in which they were sent.
TEST_F(SequencerOrders, StandInOneLineWithTheScheme) {
    start();
    const Answers before = send({scheme.sell(0, {.id = 1, .price = 40, .quantity = 10})});
    std::future<Reply> revoked = sequencer->submit(
        scheme::sign_command(scheme.operators[0],
                             {.tenant_id = 1, .scheme_id = 1},
                             {.high = 9, .low = 1},
                             scheme::RevokeKey{.participant = registry::ParticipantId{1},
                                               .key = scheme.keys[0].open,
                                               .reason = "lost"}));
    const Answers behind = send({scheme.sell(0, {.id = 2, .price = 40, .quantity = 10})});
    const Answers other = send({scheme.buy(1, {.id = 3, .price = 40, .quantity = 10})});
    sequencer->turn();
    EXPECT_EQ(before->at(0).orders.at(0).reason, OrderReason::ok);
    EXPECT_EQ(revoked.get().answer.reason, scheme::Reason::ok);
    EXPECT_EQ(behind->at(0).orders.at(0).reason, OrderReason::not_permitted);
    EXPECT_TRUE(other->at(0).orders.at(0).met.empty()) << "the order of the lost key went with it";
    const std::vector<TapeEntry> heard = ear->heard();
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_EQ(heard[1].why, exchange::Removal::swept);
    expect_sound();
}

TEST_F(SequencerOrders, TimeIsOverWithNobodyAsking) {
    start();
    Operation short_lived = scheme.sell(0, {.id = 1, .price = 40, .quantity = 10});
    short_lived.time_in_force = exchange::TimeInForce::good_till_time;
    short_lived.expires_us = scheme.from.us + 1'000'000;
    EXPECT_EQ(doing({short_lived}), (std::vector{OrderReason::ok}));
    clock.set_wall({scheme.from.us + 1'000'000});
    sequencer->turn();
    ASSERT_EQ(ear->heard().size(), 2U);
    EXPECT_EQ(ear->heard()[1].why, exchange::Removal::expired);
    expect_sound();
}

TEST_F(SequencerOrders, WhoListensNoMoreHearsNoMore) {
    start();
    auto other = std::make_shared<Ear>();
    sequencer->listen(other);
    EXPECT_EQ(doing({scheme.sell(0, {.id = 1, .price = 40, .quantity = 10})}),
              (std::vector{OrderReason::ok}));
    EXPECT_EQ(other->heard().size(), 1U);
    other.reset();
    EXPECT_EQ(doing({scheme.cancel(0, 1)}), (std::vector{OrderReason::ok}));
    EXPECT_EQ(ear->heard().size(), 2U);
}

// The batch is lost, kept without its answer, or comes late: nobody knows, then whoever ordered hears what it was, and the id says the same.
class EachBreakOfOrders : public SequencerOrders, public ::testing::WithParamInterface<Break> {};

TEST_P(EachBreakOfOrders, IsResolvedByTheIdOfTheOrder) {
    start();
    ASSERT_EQ(doing({scheme.sell(0, {.id = 1, .price = 40, .quantity = 10})}),
              (std::vector{OrderReason::ok}));
    disk.appends = 0;
    disk.plan = [](int n) { return n == 1 ? GetParam() : Break::nothing; };
    const std::vector<Operation> wanted{scheme.buy(1, {.id = 2, .price = 40, .quantity = 4}),
                                        scheme.cancel(0, 77)};
    const Answers answers = send(wanted);
    sequencer->turn();
    ASSERT_EQ(answers->size(), 1U);
    EXPECT_EQ(answers->at(0).status, Status::outcome_unknown);
    EXPECT_TRUE(answers->at(0).orders.empty());
    EXPECT_EQ(ear->heard().size(), 1U) << "what may not have happened is not told";
    disk.refuse = 1;
    sequencer->turn();
    EXPECT_EQ(answers->size(), 1U) << "the journal cannot be reached";
    sequencer->turn();
    ASSERT_EQ(answers->size(), 2U);
    const bool kept = GetParam() == Break::after;
    const Reply& second = answers->at(1);
    EXPECT_EQ(second.status, kept ? Status::done : Status::unavailable);
    if (kept) {
        EXPECT_THAT(second.orders.at(0).met,
                    ElementsAre(Met{.maker = 1, .price_micro = 40, .quantity = 4}));
        EXPECT_EQ(second.orders.at(1).reason, OrderReason::order_unknown);
    } else {
        EXPECT_TRUE(second.orders.empty());
    }
    EXPECT_EQ(ear->heard().size(), kept ? 2U : 1U);
    // The same id again.
    EXPECT_EQ(doing({wanted[0]}),
              (std::vector{kept ? OrderReason::order_exists : OrderReason::ok}));
    EXPECT_EQ(doing({wanted[0]}), (std::vector{OrderReason::order_exists}));
    EXPECT_EQ(answers->size(), 2U);
    expect_sound();
}

INSTANTIATE_TEST_SUITE_P(Breaks,
                         EachBreakOfOrders,
                         ::testing::Values(Break::before, Break::after, Break::late));

// A second node takes the lease while the first believes that it writes: in the middle of a batch, or before one.
TEST_F(SequencerOrders, OfTwoWritersOneIsFenced) {
    start();
    ASSERT_EQ(doing({scheme.sell(0, {.id = 1, .price = 40, .quantity = 10})}),
              (std::vector{OrderReason::ok}));
    auto started = Sequencer::start(options("node-2"), clock);
    ASSERT_TRUE(started);
    Sequencer& second = **started;
    // Both have the same book, and the same sale would be done twice.
    const Answers there = send(second, {scheme.buy(1, {.id = 2, .price = 40, .quantity = 10})});
    const Answers here = send({scheme.buy(2, {.id = 3, .price = 40, .quantity = 10})});
    second.turn();
    sequencer->turn();
    EXPECT_EQ(there->at(0).orders.at(0).met.size(), 1U);
    ASSERT_EQ(here->size(), 1U);
    EXPECT_EQ(here->at(0).status, Status::not_writer);
    EXPECT_EQ(ear->heard().size(), 1U) << "what a fenced writer did never happened";
    EXPECT_FALSE(sequencer->stats().writer);
    // The order that was turned away goes to the one who writes, under its id.
    const Answers again = send(second, {scheme.buy(2, {.id = 3, .price = 40, .quantity = 10})});
    second.turn();
    EXPECT_EQ(again->at(0).orders.at(0).reason, OrderReason::ok);
    EXPECT_TRUE(again->at(0).orders.at(0).met.empty());
    second.stop();
    auto journal = disk.connect();
    EXPECT_FALSE(engine::audit(*journal, engine::kDeskKey).fault);
    EXPECT_EQ(tape_of(*journal).size(), 3U);
}

// It fails, and another writes before it can look: the first never knows, and says nothing more.
TEST_F(SequencerOrders, WhoLosesTheLeaseWhileItIsDownResolvesNothing) {
    for (const Break how : {Break::before, Break::after, Break::late}) {
        SCOPED_TRACE(static_cast<int>(how));
        Disk own(engine::kDeskKey);
        own.bare([](engine::Journal& journal) { found(journal, scheme); });
        const auto node = [&](const char* holder) {
            return *Sequencer::start({.key = engine::kDeskKey,
                                      .holder = holder,
                                      .open_journal = [&] { return own.open(); },
                                      .own_thread = false},
                                     clock);
        };
        auto first = node("node-1");
        own.appends = 0;
        own.plan = [how](int n) { return n == 1 ? how : Break::nothing; };
        const std::vector<Operation> wanted{scheme.buy(1, {.id = 2, .price = 40, .quantity = 4})};
        const Answers answers = send(*first, wanted);
        first->turn();
        auto second = node("node-2");
        first->turn();
        EXPECT_FALSE(first->stats().writer);
        ASSERT_EQ(answers->size(), 1U);
        EXPECT_EQ(answers->at(0).status, Status::outcome_unknown);
        // What was sent late comes behind the lease of the second, and is fenced.
        own.deliver_late();
        const Answers again = send(*second, wanted);
        second->turn();
        EXPECT_EQ(again->at(0).orders.at(0).reason,
                  how == Break::after ? OrderReason::order_exists : OrderReason::ok);
        second->stop();
        auto journal = own.connect();
        EXPECT_FALSE(engine::audit(*journal, engine::kDeskKey).fault);
        EXPECT_EQ(tape_of(*journal).size(), 1U);
    }
}

// Threads that order and cancel, a database that breaks in every way: each order is done once, what was told is what the journal says.
TEST_F(SequencerOrders, WhateverBreaksEachOrderIsDoneOnce) {
    const SystemClock real;
    SequencerOptions with = options();
    with.own_thread = true;
    with.most_commands = 8;
    with.snapshot_every = 50;
    with.tick = std::chrono::milliseconds(1);
    auto begun = Sequencer::start(with, real);
    ASSERT_TRUE(begun);
    sequencer = *std::move(begun);
    sequencer->listen(ear);
    {
        const std::lock_guard lock(disk.mutex());
        disk.plan = [this](int n) {
            if (n % 7 != 0) return Break::nothing;
            disk.refuse = n % 3;
            return std::array{
                Break::before, Break::after, Break::late}[static_cast<std::size_t>(n / 7 % 3)];
        };
    }
    constexpr std::uint64_t kEach = 150;
    // Of each order what its last answer was; of each thread its own.
    std::array<std::map<std::uint64_t, OrderAnswer>, 4> came;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < came.size(); ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                const OrderTerms terms{.id = 1000 * (t + 1) + i,
                                       .price = static_cast<std::int64_t>(35 + (i * 7 + t) % 11),
                                       .quantity = static_cast<std::int64_t>(1 + i % 5)};
                const Operation order =
                    (i + t) % 2 == 0 ? scheme.buy(t, terms) : scheme.sell(t, terms);
                // Asked until it is known; where nothing was done, again.
                while (true) {
                    auto last = std::make_shared<std::promise<Reply>>();
                    std::future<Reply> known = last->get_future();
                    sequencer->submit({order}, [last](Reply reply) {
                        if (reply.status != Status::outcome_unknown)
                            last->set_value(std::move(reply));
                    });
                    const Reply reply = known.get();
                    if (reply.status != Status::done) continue;
                    came[t][terms.id] = reply.orders.at(0);
                    break;
                }
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(sequencer->stats().rebuilds, 0U);
    EXPECT_GT(sequencer->stats().found, 0U);
    expect_sound();
    std::map<std::uint64_t, std::int64_t> taken;  // by the taker's id, from the tape
    for (const TapeEntry& entry : ear->heard())
        if (entry.kind == TapeKind::traded) taken[entry.taker_id] += entry.quantity;
    std::size_t traded = 0;
    for (const auto& of_thread : came)
        for (const auto& [id, answer] : of_thread) {
            EXPECT_EQ(answer.reason, OrderReason::ok) << id;
            std::int64_t met = 0;
            for (const Met& each : answer.met)
                if (each.kind == MeetingKind::trade) met += each.quantity;
            EXPECT_EQ(met, taken[id]) << id;
            traded += met > 0 ? 1 : 0;
        }
    EXPECT_GT(traded, kEach);
}

}  // namespace
}  // namespace abate::node
