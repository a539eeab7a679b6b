// A call against a slow one that asks every tick of the collar, and what holds of every call.
#include "abate/exchange/call.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

namespace abate::exchange {
namespace {

constexpr std::int64_t kMost = 24;  // the highest price of these calls

struct Call {
    CallTerms terms;
    std::vector<CallOrder> buys;
    std::vector<CallOrder> sells;
};

std::vector<CallOrder> any_orders(std::int64_t tick) {
    std::vector<CallOrder> orders;
    for (int left = *rc::gen::inRange(0, 12); left > 0; --left) {
        CallOrder order{.quantity = *rc::gen::inRange<std::int64_t>(1, 6)};
        if (*rc::gen::inRange(0, 6) > 0)
            order.limit_micro = *rc::gen::inRange<std::int64_t>(1, kMost / tick + 1) * tick;
        orders.push_back(order);
    }
    return orders;
}
Call any_call() {
    Call call;
    call.terms.tick_micro = *rc::gen::element<std::int64_t>(1, 1, 2, 3);
    call.terms.low_micro = *rc::gen::inRange<std::int64_t>(1, 13);
    call.terms.high_micro = call.terms.low_micro + *rc::gen::inRange<std::int64_t>(2, 16);
    call.terms.reference_micro = *rc::gen::inRange<std::int64_t>(0, kMost + 8);
    call.buys = any_orders(call.terms.tick_micro);
    call.sells = any_orders(call.terms.tick_micro);
    return call;
}
CallResult cleared(const Call& call) {
    return clear_call(call.terms, {.buys = call.buys, .sells = call.sells}).value();
}

std::int64_t demand_at(const Call& call, std::int64_t price) {
    std::int64_t sum = 0;
    for (const CallOrder& order : call.buys)
        if (order.limit_micro.value_or(INT64_MAX) >= price) sum += order.quantity;
    return sum;
}
std::int64_t supply_at(const Call& call, std::int64_t price) {
    std::int64_t sum = 0;
    for (const CallOrder& order : call.sells)
        if (order.limit_micro.value_or(0) <= price) sum += order.quantity;
    return sum;
}
std::vector<std::int64_t> ticks_of(const Call& call) {
    std::vector<std::int64_t> ticks;
    for (std::int64_t price = call.terms.low_micro; price <= call.terms.high_micro; ++price)
        if (price % call.terms.tick_micro == 0) ticks.push_back(price);
    return ticks;
}
std::int64_t nearest_of(const std::set<std::int64_t>& prices, std::int64_t reference) {
    return *std::min_element(prices.begin(), prices.end(), [&](std::int64_t a, std::int64_t b) {
        return std::abs(a - reference) < std::abs(b - reference);  // the lower stands first
    });
}

// The rules word by word, over every tick; 0: nothing trades.
std::int64_t slow_price(const Call& call) {
    const std::vector<std::int64_t> ticks = ticks_of(call);
    std::set<std::int64_t> named;
    named.insert(nearest_of({ticks.begin(), ticks.end()}, call.terms.reference_micro));
    for (const auto& orders : {call.buys, call.sells})
        for (const CallOrder& order : orders)
            if (order.limit_micro)
                named.insert(std::clamp(*order.limit_micro, ticks.front(), ticks.back()));
    std::int64_t most = 0;
    for (const std::int64_t price : ticks)
        most = std::max(most, std::min(demand_at(call, price), supply_at(call, price)));
    if (most == 0) return 0;
    std::int64_t least = INT64_MAX;
    for (const std::int64_t price : named)
        if (std::min(demand_at(call, price), supply_at(call, price)) == most)
            least = std::min(least, std::abs(demand_at(call, price) - supply_at(call, price)));
    std::set<std::int64_t> with_buys;
    std::set<std::int64_t> with_sells;
    std::set<std::int64_t> finalists;
    for (const std::int64_t price : least == 0 ? std::set(ticks.begin(), ticks.end()) : named) {
        if (std::min(demand_at(call, price), supply_at(call, price)) != most) continue;
        const std::int64_t surplus = demand_at(call, price) - supply_at(call, price);
        if (surplus == least && least > 0) with_buys.insert(price);
        if (surplus == -least && least > 0) with_sells.insert(price);
        if (surplus == 0) finalists.insert(price);
    }
    // Without surplus: no further than the prices that somebody named.
    if (least == 0) {
        std::set<std::int64_t> ends;
        for (const std::int64_t price : named)
            if (finalists.count(price) > 0) ends.insert(price);
        std::erase_if(finalists, [&](std::int64_t price) {
            return price < *ends.begin() || price > *ends.rbegin();
        });
    }
    if (!with_buys.empty()) finalists.insert(*with_buys.rbegin());
    if (!with_sells.empty()) finalists.insert(*with_sells.begin());
    return nearest_of(finalists, call.terms.reference_micro);
}

RC_GTEST_PROP(CallProperty, AgreesWithTheRulesOverEveryTick, ()) {
    const Call call = any_call();
    const CallResult r = cleared(call);
    const std::int64_t price = slow_price(call);
    RC_CLASSIFY(price != 0, "traded");
    RC_ASSERT(r.price_micro.value_or(0) == price);
    if (price == 0) {
        RC_ASSERT(r == CallResult{});
        return;
    }
    const std::int64_t demand = demand_at(call, price);
    const std::int64_t supply = supply_at(call, price);
    RC_CLASSIFY(demand == supply, "no surplus");
    RC_ASSERT(r.volume == std::min(demand, supply));
    RC_ASSERT(r.surplus == std::abs(demand - supply));
    if (demand != supply) RC_ASSERT(r.surplus_side == (demand > supply ? Side::buy : Side::sell));
    RC_ASSERT(price % call.terms.tick_micro == 0);
    RC_ASSERT(price >= call.terms.low_micro && price <= call.terms.high_micro);
}

// Of a side, by order: what it was filled.
std::vector<std::int64_t> by_order(const std::vector<CallFill>& fills, std::size_t orders) {
    std::vector<std::int64_t> all(orders, 0);
    for (const CallFill& fill : fills) {
        RC_ASSERT(fill.quantity > 0);
        RC_ASSERT(all[fill.order] == 0);
        all[fill.order] = fill.quantity;
    }
    return all;
}
// Whether a stands before b.
bool is_before(
    Side side,
    const std::vector<CallOrder>& orders,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the words of the sentence above
    std::size_t a,
    std::size_t b) {
    const auto worth = [&](std::size_t i) {
        const std::optional<std::int64_t>& limit = orders[i].limit_micro;
        return limit ? (side == Side::buy ? *limit : -*limit) : INT64_MAX;
    };
    return worth(a) != worth(b) ? worth(a) > worth(b) : a < b;
}
void check_side(Side side, const std::vector<CallOrder>& orders, const CallResult& r) {
    const std::vector<CallFill>& fills = side == Side::buy ? r.buys : r.sells;
    const std::vector<std::int64_t> filled = by_order(fills, orders.size());
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < orders.size(); ++i) {
        sum += filled[i];
        RC_ASSERT(filled[i] <= orders[i].quantity);
        if (filled[i] == 0) continue;
        // Nobody beyond their limit.
        if (orders[i].limit_micro)
            RC_ASSERT((side == Side::buy ? *orders[i].limit_micro >= *r.price_micro
                                         : *orders[i].limit_micro <= *r.price_micro));
        // All who stand before have all.
        for (std::size_t before = 0; before < orders.size(); ++before)
            if (is_before(side, orders, before, i))
                RC_ASSERT(filled[before] == orders[before].quantity);
    }
    RC_ASSERT(sum == r.volume);
    for (std::size_t i = 1; i < fills.size(); ++i)
        RC_ASSERT(is_before(side, orders, fills[i - 1].order, fills[i].order));
}

RC_GTEST_PROP(CallProperty, FillsBalanceAndKeepPriority, ()) {
    const Call call = any_call();
    const CallResult r = cleared(call);
    check_side(Side::buy, call.buys, r);
    check_side(Side::sell, call.sells, r);
    const std::vector<CallTrade> trades = trades_of(r);
    std::map<std::size_t, std::int64_t> bought;
    std::map<std::size_t, std::int64_t> sold;
    for (const CallTrade& trade : trades) {
        RC_ASSERT(trade.quantity > 0);
        bought[trade.buy] += trade.quantity;
        sold[trade.sell] += trade.quantity;
    }
    for (const CallFill& fill : r.buys) RC_ASSERT(bought[fill.order] == fill.quantity);
    for (const CallFill& fill : r.sells) RC_ASSERT(sold[fill.order] == fill.quantity);
    RC_ASSERT(bought.size() == r.buys.size() && sold.size() == r.sells.size());
    RC_ASSERT(trades.size() + (trades.empty() ? 0 : 1) <= r.buys.size() + r.sells.size());
}

// What is left and could trade within the collar does not cross: the book that opens after the call is sound.
RC_GTEST_PROP(CallProperty, WhatIsLeftDoesNotCross, ()) {
    const Call call = any_call();
    const CallResult r = cleared(call);
    const std::vector<std::int64_t> bought = by_order(r.buys, call.buys.size());
    const std::vector<std::int64_t> sold = by_order(r.sells, call.sells.size());
    const std::vector<std::int64_t> ticks = ticks_of(call);
    for (std::size_t b = 0; b < call.buys.size(); ++b) {
        if (bought[b] == call.buys[b].quantity) continue;
        for (std::size_t s = 0; s < call.sells.size(); ++s) {
            if (sold[s] == call.sells[s].quantity) continue;
            const std::int64_t high =
                std::min(call.buys[b].limit_micro.value_or(INT64_MAX), ticks.back());
            const std::int64_t low = std::max(call.sells[s].limit_micro.value_or(0), ticks.front());
            RC_ASSERT(high < low);
        }
    }
}

// Of a limit that becomes better for the other side, its place in time kept.
RC_GTEST_PROP(CallProperty, ABetterLimitIsFilledNoLess, ()) {
    Call call = any_call();
    const bool is_buy = *rc::gen::arbitrary<bool>();
    std::vector<CallOrder>& orders = is_buy ? call.buys : call.sells;
    const std::int64_t tick = call.terms.tick_micro;
    const std::size_t i = *rc::gen::inRange<std::size_t>(0, orders.size() + 1);
    orders.insert(orders.begin() + static_cast<std::ptrdiff_t>(i),
                  {.limit_micro = *rc::gen::inRange<std::int64_t>(1, kMost / tick + 1) * tick,
                   .quantity = *rc::gen::inRange<std::int64_t>(1, 6)});
    const CallResult before = cleared(call);
    const std::size_t count = orders.size();
    const std::int64_t by = *rc::gen::inRange<std::int64_t>(1, 9) * tick;
    const std::int64_t limit = *orders[i].limit_micro;
    orders[i].limit_micro = is_buy ? limit + by : std::max(limit - by, tick);
    const CallResult after = cleared(call);
    RC_ASSERT(by_order(is_buy ? after.buys : after.sells, count)[i] >=
              by_order(is_buy ? before.buys : before.sells, count)[i]);
    RC_ASSERT(after.volume >= before.volume);
}

// An order of the queue in its priority is an order of time too.
RC_GTEST_PROP(CallProperty, OrdersMayComeInTheirPriority, ()) {
    const Call call = any_call();
    Call sorted = call;
    for (const Side side : {Side::buy, Side::sell}) {
        std::vector<CallOrder>& orders = side == Side::buy ? sorted.buys : sorted.sells;
        std::vector<std::size_t> places(orders.size());
        for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
        const std::vector<CallOrder> given = orders;
        std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
            return is_before(side, given, a, b);
        });
        for (std::size_t i = 0; i < places.size(); ++i) orders[i] = given[places[i]];
    }
    const CallResult r = cleared(call);
    const CallResult again = cleared(sorted);
    RC_ASSERT(again.price_micro == r.price_micro);
    RC_ASSERT(again.volume == r.volume);
    RC_ASSERT(again.buys.size() == r.buys.size());
    for (std::size_t i = 0; i < again.buys.size(); ++i) {
        RC_ASSERT(again.buys[i].order == i);
        RC_ASSERT(again.buys[i].quantity == r.buys[i].quantity);
    }
}

}  // namespace
}  // namespace abate::exchange
