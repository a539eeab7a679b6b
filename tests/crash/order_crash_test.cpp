// kill -9 of a market under orders, again and again on one journal: every order that was acknowledged is there, as trades or at rest, none is
// there twice, what is covered is what is reserved, and the audit finds nothing. 20 kills; ABATE_LONG=1: 200.
#include "abate/engine/engine.h"
#include "abate/node/market_test_support.h"
#include "abate/node/node.h"
#include "abate/store/store.h"
#include "abate/store/store_test_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "crash/killed_load.h"
#include "crash/order_load.h"

namespace abate::crash {
namespace {

using engine::Engine;
using exchange::MarketEvent;
using exchange::MarketEventKind;
using exchange::MeetingKind;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;

// What the journal says of each order, by adding up its events; it knows no matching.
class OrderHistory {
  public:
    struct Order {
        std::int64_t left = 0;
        std::int64_t taken = 0;  // that it met when it came
        bool rests = false;
    };

    void read(engine::Journal& journal) {
        journal.read(last_seq_ + 1, [this](const engine::Batch& batch) {
            registry::EventReader reader(batch.payload);
            while (!reader.left().empty()) {
                if (scheme::is_scheme_event(reader.left().front())) {
                    const auto event = scheme::read_event(reader.left());
                    if (!event) return broken("an event of the scheme");
                    reader.skip(event->size);
                } else if (exchange::is_market_event(reader.left().front())) {
                    const auto event = exchange::read_market_event(reader.left());
                    if (!event) return broken("an event of the market");
                    reader.skip(event->size);
                    follow(event->event);
                } else {
                    const auto event = reader.next();
                    if (!event || !event->has_value()) return broken("an event of the books");
                }
            }
            last_seq_ = batch.header.last_seq;
            return true;
        });
    }
    [[nodiscard]] const std::map<std::uint64_t, Order>& orders() const { return orders_; }

  private:
    static bool broken(const char* what) {
        ADD_FAILURE() << what << " cannot be read";
        return false;
    }
    void follow(const MarketEvent& event) {
        const Operation& o = event.operation;
        ASSERT_LE(event.kind, MarketEventKind::swept) << "a call, in a market without hours";
        Order& order = orders_[o.order_id];
        if (event.kind == MarketEventKind::placed) {
            EXPECT_TRUE(placed_.insert(o.order_id).second) << "twice: " << o.order_id;
        } else {
            EXPECT_TRUE(order.rests) << "ended, and it did not rest: " << o.order_id;
        }
        order.rests = false;
        if (event.kind != MarketEventKind::placed && event.kind != MarketEventKind::replaced)
            return;
        order.left = *o.quantity;
        bool stopped = false;
        for (const exchange::Met& met : event.met) {
            if (met.kind == MeetingKind::stopped || met.kind == MeetingKind::halted) {
                stopped = true;
                continue;
            }
            Order& maker = orders_[met.maker];
            EXPECT_TRUE(maker.rests) << "met, and it did not rest: " << met.maker;
            if (met.kind != MeetingKind::trade) {
                maker.rests = false;
                continue;
            }
            order.left -= met.quantity;
            if (event.kind == MarketEventKind::placed) order.taken += met.quantity;
            maker.left -= met.quantity;
            EXPECT_GE(maker.left, 0);
            if (maker.left == 0) maker.rests = false;
        }
        order.rests = order.left > 0 && !stopped && o.type == exchange::OrderType::limit &&
                      (o.time_in_force == exchange::TimeInForce::good_till_cancelled ||
                       o.time_in_force == exchange::TimeInForce::good_till_time);
    }

    std::uint64_t last_seq_ = 0;
    std::map<std::uint64_t, Order> orders_;
    std::set<std::uint64_t> placed_;
};

class OrderCrash : public ::testing::Test {
  protected:
    OrderCrash() : where_(folder_ / "registry.db") {
        auto journal = open();
        if (!journal) throw Fault(journal.error());
        const node::testing::TradingScheme& scheme = node::testing::trading_scheme();
        node::testing::found(**journal, scheme);
        traders_ = scheme.traders;
        clock_.set_wall(scheme.from);
    }
    Result<std::unique_ptr<engine::Journal>> open() {
        return store::open_sqlite_journal(where_, engine::kDeskKey);
    }

    // By the books as the next process finds them, and by the journal's own words.
    void expect_kept(const Asked& asked) {
        auto journal = open();
        ASSERT_TRUE(journal) << to_string(journal.error());
        static_cast<void>((*journal)->take_lease("judge"));
        Engine books(engine::kDeskKey);
        const Result<engine::Recovery> recovery = engine::recover(books, **journal);
        ASSERT_TRUE(recovery) << to_string(recovery.error());
        EXPECT_TRUE(recovery->notes.empty()) << recovery->notes.at(0);
        if (recovery->from_seq != 0) ++snapshots_used_;
        EXPECT_EQ(broken_invariant(books.registry()).value_or("sound"), "sound");
        EXPECT_EQ(books.market().cover().money, books.registry().covered_money());
        EXPECT_EQ(books.market().cover().allowances, books.registry().covered_allowances());
        EXPECT_EQ(traders_of(books), traders_);
        const engine::AuditReport report = engine::audit(**journal, engine::kDeskKey);
        EXPECT_FALSE(report.fault) << report.fault->field << " at " << report.fault->seq;

        history_.read(**journal);
        const exchange::OrderBook* book = books.market().book(2027);
        ASSERT_NE(book, nullptr);
        std::uint32_t rest = 0;
        for (const auto& [id, order] : history_.orders()) {
            const std::uint32_t place = book->find(id);
            ASSERT_EQ(place != exchange::OrderBook::kNone, order.rests) << id;
            if (!order.rests) continue;
            EXPECT_EQ(book->at(place).quantity, order.left) << id;
            ++rest;
        }
        EXPECT_EQ(book->size(), rest);
        for (const auto& [number, done] : asked)
            if (done) expect_there(number, *done);
    }
    void expect_there(std::uint64_t number, const std::string& done) {
        std::istringstream words(done);
        std::string reason;
        std::int64_t traded = 0;
        words >> reason >> traded;
        const Operation asked = order_of(number, traders_);
        const auto order = history_.orders().find(asked.order_id);
        const bool there = order != history_.orders().end();
        if (asked.kind == OperationKind::place && reason == "ok") {
            ASSERT_TRUE(there) << "acknowledged and lost: " << number;
            EXPECT_EQ(order->second.taken, traded) << number;
            ++kept_;
        } else if (asked.kind == OperationKind::place && reason == "order_exists") {
            // It was asked again, since nobody knew.
            EXPECT_TRUE(there) << number;
        } else if (asked.kind == OperationKind::place) {
            EXPECT_FALSE(there) << "refused, and there: " << number << " " << reason;
        } else if (asked.kind == OperationKind::cancel && reason == "ok") {
            ASSERT_TRUE(there);
            EXPECT_FALSE(order->second.rests) << "cancelled, and it rests: " << number;
        }
    }

    // Sent again, all of it: what was acknowledged is there, and nothing is done twice.
    void expect_once(const Asked& asked) {
        auto started = node::Sequencer::start({.key = engine::kDeskKey,
                                               .holder = "judge",
                                               .open_journal = [this] { return open(); },
                                               .own_thread = false},
                                              clock_);
        ASSERT_TRUE(started) << to_string(started.error());
        for (const auto& [number, done] : asked) {
            const Operation again = order_of(number, traders_);
            auto reply = (*started)->submit(std::vector{again});
            (*started)->turn();
            const node::Reply heard = reply.get();
            ASSERT_EQ(heard.status, node::Status::done);
            const OrderReason reason = heard.orders.at(0).reason;
            const bool was_done = done && done->rfind("ok ", 0) == 0;
            if (was_done && again.kind == OperationKind::place) {
                EXPECT_EQ(reason, OrderReason::order_exists) << number;
            }
            if (was_done && again.kind == OperationKind::cancel) {
                EXPECT_EQ(reason, OrderReason::order_unknown) << number;
            }
            if (!done && again.kind == OperationKind::place) {
                EXPECT_TRUE(reason == OrderReason::order_exists || reason == OrderReason::ok)
                    << number << " " << exchange::to_string(reason);
            }
        }
        (*started)->stop();
    }

    store::testing::TemporaryFolder folder_;
    std::string where_;
    std::vector<std::uint32_t> traders_;
    ManualClock clock_;
    OrderHistory history_;
    int snapshots_used_ = 0;
    std::uint64_t kept_ = 0;
};

TEST_F(OrderCrash, EachAcknowledgedOrderIsThereOnce) {
    const int kills = store::testing::long_tests() ? 200 : 20;
    std::mt19937 chance = seeded();
    std::uint64_t first = kTraders * 8;
    std::uint64_t asked_in_all = 0;
    std::uint64_t in_flight = 0;
    for (int i = 0; i < kills; ++i) {
        SCOPED_TRACE(i);
        const Asked asked =
            killed_at_work({ABATE_ORDER_LOAD, where_, std::to_string(first)}, i, chance);
        expect_kept(asked);
        expect_once(asked);
        if (HasFailure()) return;
        for (const auto& [number, done] : asked) {
            if (!done) ++in_flight;
            first = std::max(first, (number / (kTraders * 8) + 1) * kTraders * 8);
        }
        asked_in_all += asked.size();
    }
    expect_kept({});
    EXPECT_GT(kept_, static_cast<std::uint64_t>(kills));
    EXPECT_GT(in_flight, 0U) << "no kill met work under way";
    EXPECT_GT(snapshots_used_, 0);
    std::uint64_t traded = 0;
    for (const auto& [id, order] : history_.orders()) traded += order.taken > 0 ? 1 : 0;
    EXPECT_GT(traded, static_cast<std::uint64_t>(kills));
    std::printf("%d kills, %lu requests, %lu under way when it died, %lu orders that traded\n",
                kills,
                static_cast<unsigned long>(asked_in_all),
                static_cast<unsigned long>(in_flight),
                static_cast<unsigned long>(traded));
}

}  // namespace
}  // namespace abate::crash
