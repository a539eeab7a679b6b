#include "abate/exchange/exchange.h"
#include "abate/exchange/market_test_support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>

namespace abate::exchange {
namespace {

using testing::Endowment;
using testing::kVintage;
using testing::TestMarket;

// A market as one would write it on paper: lists, and money that is counted anew each time.
class SlowMarket {
  public:
    SlowMarket(const Endowment& endowment, const MarketRules& rules, const BookTerms& terms)
        : rules_(rules), terms_(terms), endowment_(endowment) {
        for (std::uint32_t i = 0; i < endowment.traders; ++i) {
            money_.push_back(endowment.money);
            allowances_.push_back(endowment.allowances);
        }
    }

    bool apply(const Operation& o) {
        if (o.kind == OperationKind::cancel) return cancel(o);
        if (o.kind == OperationKind::replace) return replace(o);
        if (ids_.count(o.order_id) != 0) return false;
        if (!covered({.operation = o, .left = *o.quantity})) return false;
        ids_[o.order_id] = true;
        come({.operation = o, .left = *o.quantity});
        return true;
    }
    [[nodiscard]] std::string resting() const {
        std::string out;
        for (const Side side : {Side::buy, Side::sell})
            for (const Order& order : side_of(side))
                out += (side == Side::buy ? "buy " : "sell ") + std::to_string(order.left) +
                       " at " + std::to_string(*order.operation.price_micro) + " (order " +
                       std::to_string(order.operation.order_id) + " of " +
                       std::to_string(order.operation.participant) + ") ";
        return out;
    }
    [[nodiscard]] std::int64_t money(std::uint32_t trader) const { return money_[trader]; }
    [[nodiscard]] std::int64_t allowances(std::uint32_t trader) const {
        return allowances_[trader];
    }
    [[nodiscard]] std::int64_t reserved_money(std::uint32_t trader) const {
        std::int64_t sum = 0;
        for (const Order& each : side_of(Side::buy))
            if (each.operation.participant == trader)
                sum += cost(*each.operation.price_micro, each.left);
        return sum;
    }
    [[nodiscard]] std::int64_t reserved_allowances(std::uint32_t trader) const {
        std::int64_t sum = 0;
        for (const Order& each : side_of(Side::sell))
            if (each.operation.participant == trader) sum += each.left;
        return sum;
    }

  private:
    struct Order {
        Operation operation;
        std::int64_t left;
    };
    [[nodiscard]] const std::deque<Order>& side_of(Side side) const {
        return side == Side::buy ? buys_ : sells_;
    }
    std::deque<Order>& side_of(Side side) { return side == Side::buy ? buys_ : sells_; }
    [[nodiscard]] std::uint32_t group(std::uint32_t trader) const {
        return trader % endowment_.groups;
    }
    [[nodiscard]] std::int64_t fee(std::int64_t notional) const {
        return notional * terms_.fee_ppm / 1'000'000;
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
    [[nodiscard]] std::int64_t cost(std::int64_t price, std::int64_t quantity) const {
        return price * quantity + fee(price * quantity);
    }
    [[nodiscard]] bool covered(const Order& order) const {
        const std::uint32_t who = order.operation.participant;
        return order.operation.side == Side::buy
                   ? cost(*order.operation.price_micro, order.left) <=
                         money_[who] - reserved_money(who)
                   : order.left <= allowances_[who] - reserved_allowances(who);
    }
    void come(Order order) {
        const Operation& o = order.operation;
        std::deque<Order>& facing = side_of(other(o.side));
        bool stopped = false;
        while (order.left > 0 && !facing.empty() && !stopped) {
            Order& maker = facing.front();
            const std::int64_t price = *maker.operation.price_micro;
            if (o.side == Side::buy ? price > *o.price_micro : price < *o.price_micro) break;
            if (group(maker.operation.participant) == group(o.participant)) {
                stopped = rules_.self_trade != SelfTrade::cancel_oldest;
                if (rules_.self_trade != SelfTrade::cancel_newest) facing.pop_front();
                continue;
            }
            const std::int64_t quantity = std::min(order.left, maker.left);
            const std::uint32_t buyer =
                o.side == Side::buy ? o.participant : maker.operation.participant;
            const std::uint32_t seller =
                o.side == Side::buy ? maker.operation.participant : o.participant;
            money_[buyer] -= price * quantity + fee(price * quantity);
            money_[seller] += price * quantity - fee(price * quantity);
            allowances_[buyer] += quantity;
            allowances_[seller] -= quantity;
            order.left -= quantity;
            maker.left -= quantity;
            if (maker.left == 0) facing.pop_front();
        }
        if (order.left == 0 || stopped || o.time_in_force != TimeInForce::good_till_cancelled)
            return;
        std::deque<Order>& own = side_of(o.side);
        auto at = own.begin();
        while (at != own.end() &&
               (o.side == Side::buy ? *at->operation.price_micro >= *o.price_micro
                                    : *at->operation.price_micro <= *o.price_micro))
            ++at;
        own.insert(at, order);
    }
    struct Found {
        std::deque<Order>* side = nullptr;
        std::size_t at = 0;
    };
    Found find(const Operation& o) {
        for (std::deque<Order>* side : {&buys_, &sells_})
            for (std::size_t i = 0; i < side->size(); ++i)
                if ((*side)[i].operation.order_id == o.order_id)
                    return (*side)[i].operation.participant == o.participant ? Found{side, i}
                                                                             : Found{};
        return {};
    }
    bool cancel(const Operation& o) {
        const Found found = find(o);
        if (found.side == nullptr) return false;
        found.side->erase(found.side->begin() + static_cast<std::ptrdiff_t>(found.at));
        return true;
    }
    bool replace(const Operation& o) {
        const Found found = find(o);
        if (found.side == nullptr) return false;
        Order& order = (*found.side)[found.at];
        const std::int64_t price = o.price_micro.value_or(*order.operation.price_micro);
        const std::int64_t quantity = o.quantity.value_or(order.left);
        if (price == *order.operation.price_micro && quantity <= order.left) {
            order.left = quantity;
            return true;
        }
        Order again = order;
        again.operation.price_micro = price;
        again.left = quantity;
        const Order before = order;
        const auto place = found.side->begin() + static_cast<std::ptrdiff_t>(found.at);
        const auto behind = found.side->erase(place);
        if (!covered(again)) {
            found.side->insert(behind, before);
            return false;
        }
        come(again);
        return true;
    }

    MarketRules rules_;
    BookTerms terms_;
    Endowment endowment_;
    std::vector<std::int64_t> money_;
    std::vector<std::int64_t> allowances_;
    std::deque<Order> buys_;  // best first, then time
    std::deque<Order> sells_;
    std::map<std::uint64_t, bool> ids_;
};

Operation random_operation(std::uint32_t traders) {
    Operation o;
    const int kind = *rc::gen::inRange(0, 10);
    o.kind = kind < 6   ? OperationKind::place
             : kind < 8 ? OperationKind::cancel
                        : OperationKind::replace;
    o.order_id = *rc::gen::inRange<std::uint64_t>(1, 60);
    o.participant = *rc::gen::inRange<std::uint32_t>(0, traders);
    o.book = kVintage;
    if (o.kind == OperationKind::cancel) return o;
    o.side = *rc::gen::element(Side::buy, Side::sell);
    o.price_micro = *rc::gen::inRange<std::int64_t>(95, 106);
    o.quantity = *rc::gen::inRange<std::int64_t>(1, 30);
    if (o.kind == OperationKind::replace) {
        if (*rc::gen::inRange(0, 3) == 0) o.price_micro.reset();
        if (*rc::gen::inRange(0, 3) == 0) o.quantity.reset();
    } else if (*rc::gen::inRange(0, 5) == 0) {
        o.time_in_force = TimeInForce::immediate_or_cancel;
    }
    return o;
}

RC_GTEST_PROP(MarketProperty, IsTheObviousMarketAndTheSameFromItsEvents, ()) {
    const Endowment endowment{.traders = *rc::gen::inRange<std::uint32_t>(1, 7),
                              .groups = *rc::gen::inRange<std::uint32_t>(1, 5),
                              .money = *rc::gen::inRange<std::int64_t>(1, 20'000),
                              .allowances = *rc::gen::inRange<std::int64_t>(1, 200)};
    const MarketRules rules{.self_trade = *rc::gen::element(SelfTrade::cancel_newest,
                                                            SelfTrade::cancel_oldest,
                                                            SelfTrade::cancel_both)};
    const BookTerms terms{.fee_ppm = *rc::gen::element<std::int64_t>(0, 1'500, 333'333)};
    TestMarket market(endowment, rules, terms);
    TestMarket again(endowment, rules, terms);
    SlowMarket slow(endowment, rules, terms);
    std::size_t read_to = 0;
    const int count = *rc::gen::inRange(1, 200);
    for (int i = 0; i < count; ++i) {
        const Operation operation = random_operation(endowment.traders);
        const OrderReason reason = market.apply(operation);
        RC_ASSERT(slow.apply(operation) == (reason == OrderReason::ok));
        RC_ASSERT(market.resting() == slow.resting());
        for (; read_to < market.payload.view().size();) {
            const Result<ReadMarketEvent> event =
                read_market_event(market.payload.view().substr(read_to));
            RC_ASSERT(static_cast<bool>(event));
            RC_ASSERT(again.market.fold(event->event, again.books));
            read_to += event->size;
        }
        RC_ASSERT(again.resting() == market.resting());
        const Market::Cover cover = market.market.cover();
        RC_ASSERT(cover.money == market.books.covered_money());
        RC_ASSERT(cover.allowances == market.books.covered_allowances());
        for (std::uint32_t t = 0; t < endowment.traders; ++t) {
            RC_ASSERT(market.money(t).posted == slow.money(t));
            RC_ASSERT(market.money(t).reserved == slow.reserved_money(t));
            RC_ASSERT(market.allowances(t).posted == slow.allowances(t));
            RC_ASSERT(market.allowances(t).reserved == slow.reserved_allowances(t));
            RC_ASSERT(again.money(t) == market.money(t));
            RC_ASSERT(again.allowances(t) == market.allowances(t));
        }
    }
    RC_ASSERT(registry::broken_invariant(market.books).value_or("sound") == "sound");
}

// Any order, of any kind.
Operation any_operation(std::uint32_t traders, std::int64_t now_us) {
    Operation o = random_operation(traders);
    o.order_id = *rc::gen::inRange<std::uint64_t>(0, 60);
    if (o.kind == OperationKind::cancel) return o;
    o.post_only = *rc::gen::inRange(0, 8) == 0;
    if (o.kind == OperationKind::replace) return o;
    if (*rc::gen::inRange(0, 6) == 0) o.type = OrderType::market;
    o.time_in_force = *rc::gen::element(TimeInForce::good_till_cancelled,
                                        TimeInForce::good_till_cancelled,
                                        TimeInForce::immediate_or_cancel,
                                        TimeInForce::fill_or_kill,
                                        TimeInForce::good_till_time);
    if (o.time_in_force == TimeInForce::good_till_time)
        o.expires_us = now_us + *rc::gen::inRange<std::int64_t>(-1, 40);
    return o;
}

// A market that is built again: from its events, and from a snapshot of it and of the books.
void expect_built_again(const TestMarket& market, TestMarket& again, const BookTerms& terms) {
    std::string live;
    market.market.append_snapshot(live);
    std::string folded;
    again.market.append_snapshot(folded);
    RC_ASSERT(folded == live);
    std::string books;
    registry::append_snapshot(books, market.books);
    Result<registry::Registry> restored_books = registry::read_snapshot(books);
    RC_ASSERT(static_cast<bool>(restored_books));
    Market restored;
    restored.open_book(kVintage, terms);
    restored.set_fees(testing::kFees);
    for (std::uint32_t i = 0; i < market.market.traders(); ++i)
        restored.set_trader(i, TestMarket::trader(i, registry::GroupId{i + 1}));
    RC_ASSERT(restored.restore(live, *restored_books));
    std::string once_more;
    restored.append_snapshot(once_more);
    RC_ASSERT(once_more == live);
}

// Time in force, market orders, hours and calls, halts, holding limits, groups that change, collars, ticks and lots, accounts that are shut: what is done is sound, is the same from its events
// and from a snapshot, and the auditor, who matches for himself, finds nothing.
RC_GTEST_PROP(MarketProperty, WhateverIsAskedIsSoundAndAudited, ()) {
    const Endowment endowment{.traders = *rc::gen::inRange<std::uint32_t>(1, 6),
                              .groups = *rc::gen::inRange<std::uint32_t>(1, 4),
                              .money = *rc::gen::inRange<std::int64_t>(1, 50'000),
                              .allowances = *rc::gen::inRange<std::int64_t>(1, 500)};
    const MarketRules rules{
        .self_trade = *rc::gen::element(
            SelfTrade::cancel_newest, SelfTrade::cancel_oldest, SelfTrade::cancel_both),
        .collar_ppm = *rc::gen::element<std::int64_t>(0, 60'000),
        .band_ppm = *rc::gen::element<std::int64_t>(0, 20'000),
        .halt_ppm = *rc::gen::element<std::int64_t>(0, 20'000),
        .halt_us = 7,
        .most_open_orders = *rc::gen::element<std::uint32_t>(0, 5),
        .most_per_second = *rc::gen::element<std::uint32_t>(0, 150),
        .erroneous_ppm = *rc::gen::element<std::int64_t>(0, 1, 10'000),
        .erroneous_us = 1'000'000,

        .session = *rc::gen::element(
            Session{},
            Session{.opens_us = 150, .closes_us = 1'000, .opening_call_us = 110},
            Session{.opens_us = 1, .closes_us = 250, .closing_call_us = 150},
            Session{
                .opens_us = 100, .closes_us = 200, .opening_call_us = 50, .closing_call_us = 50})};
    const BookTerms terms{.tick_micro = *rc::gen::element<std::int64_t>(1, 5),
                          .lot = *rc::gen::element<std::int64_t>(1, 2),
                          .fee_ppm = *rc::gen::element<std::int64_t>(0, 1'500, 1'000'000)};
    TestMarket market(endowment, rules, terms);
    TestMarket again(endowment, rules, terms);
    std::vector<Trader> traders;
    for (std::uint32_t i = 0; i < endowment.traders; ++i)
        traders.push_back(TestMarket::trader(i, registry::GroupId{1 + i % endowment.groups}));
    // Of a group, less than it has as a rule.
    const auto most = *rc::gen::inRange<std::int64_t>(1, 1'500);
    if (*rc::gen::inRange(0, 3) == 0)
        market.market.set_holding_room(
            [&](const Market::Room& asked) -> std::optional<std::int64_t> {
                const std::uint32_t asking =
                    static_cast<std::uint32_t>(static_cast<std::uint64_t>(asked.participant)) - 1;
                std::int64_t held = 0;
                for (std::uint32_t t = 0; t < endowment.traders; ++t)
                    if (traders[t].group == traders[asking].group)
                        held += market.allowances(t).posted;
                return std::max<std::int64_t>(0, most - held);
            });
    std::size_t read_to = 0;
    const int count = *rc::gen::inRange(1, 150);
    for (int i = 0; i < count; ++i) {
        if (*rc::gen::inRange(0, 25) == 0) {
            const auto trader = *rc::gen::inRange<std::uint32_t>(0, endowment.traders);
            const registry::Command shut{
                .op = registry::Op::set_status,
                .status = *rc::gen::element(registry::AccountStatus::open,
                                            registry::AccountStatus::blocked,
                                            registry::AccountStatus::frozen),
                .from = *rc::gen::element(testing::holding_of(trader), testing::cash_of(trader))};
            market.do_in_books(shut);
            again.do_in_books(shut);
        }
        if (*rc::gen::inRange(0, 50) == 0) {
            const auto trader = *rc::gen::inRange<std::uint32_t>(0, endowment.traders);
            traders[trader].group = registry::GroupId{*rc::gen::inRange<std::uint64_t>(1, 5)};
            market.market.set_trader(trader, traders[trader]);
            again.market.set_trader(trader, traders[trader]);
            market.auditor.set_traders(traders);
        }
        const Market::Frame frame{
            .books = market.books, .now = Timestamp{++market.now_us}, .out = market.payload};
        static_cast<void>(market.market.advance_time(frame.now, frame));
        if (*rc::gen::inRange(0, 40) == 0)
            static_cast<void>(market.market.sweep(0, frame));
        else
            static_cast<void>(market.apply(any_operation(endowment.traders, market.now_us)));
        again.now_us = market.now_us;
        while (read_to < market.payload.view().size()) {
            const Result<ReadMarketEvent> event =
                read_market_event(market.payload.view().substr(read_to));
            RC_ASSERT(static_cast<bool>(event));
            RC_ASSERT(again.market.fold(event->event, again.books));
            const auto finding = market.auditor.check(event->event);
            if (finding)
                RC_FAIL(finding->field + ": " + finding->expected + ", not " + finding->found);
            read_to += event->size;
        }
        RC_ASSERT(registry::broken_invariant(market.books).value_or("sound") == "sound");
        const Market::Cover cover = market.market.cover();
        RC_ASSERT(cover.money == market.books.covered_money());
        RC_ASSERT(cover.allowances == market.books.covered_allowances());
    }
    RC_ASSERT(!market.books_auditor.balance());
    // Trades that may be annulled have the same numbers and parties, whoever counts.
    RC_ASSERT(again.market.far_trades() == market.market.far_trades());
    RC_ASSERT(market.auditor.far_trades() == market.market.far_trades());
    for (std::uint32_t t = 0; t < endowment.traders; ++t) {
        RC_ASSERT(again.money(t) == market.money(t));
        RC_ASSERT(again.allowances(t) == market.allowances(t));
    }
    expect_built_again(market, again, terms);
}

}  // namespace
}  // namespace abate::exchange
