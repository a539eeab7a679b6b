#include "abate/exchange/call.h"

#include "abate/core/assert.h"
#include "abate/units/energy.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <string>

namespace abate::exchange {
namespace {

Error bad_call(std::string what) {
    return Error{ErrorCode::invalid_argument, std::move(what), "", ""};
}
Error call_too_large(std::string what) {
    return Error{ErrorCode::out_of_range, std::move(what), "", ""};
}

// A range of ticks.
struct Ticked {
    std::int64_t low = 0;
    std::int64_t high = 0;
};

// The collar from its first tick to its last.
Result<Ticked> collar_of(const CallTerms& terms) {
    if (terms.tick_micro < 1) return bad_call("a tick below 1");
    if (terms.low_micro < 1) return bad_call("a collar that is not positive");
    if (terms.high_micro > kMostTicks || terms.low_micro > kMostTicks)
        return call_too_large("a collar beyond 2^62");
    if (terms.reference_micro < 0) return bad_call("a reference price below 0");
    if (terms.tick_micro > terms.high_micro) return bad_call("a collar without a tick in it");
    // No sum passes 2^63: both are at most 2^62.
    const std::int64_t up = (terms.low_micro + terms.tick_micro - 1) / terms.tick_micro;
    const Ticked ticked{.low = up * terms.tick_micro,
                        .high = terms.high_micro / terms.tick_micro * terms.tick_micro};
    if (ticked.low > ticked.high) return bad_call("a collar without a tick in it");
    return ticked;
}

Result<void> check_orders(std::span<const CallOrder> orders, std::int64_t tick) {
    std::int64_t sum = 0;
    for (const CallOrder& order : orders) {
        if (order.quantity <= 0) return bad_call("an order for nothing");
        if (order.limit_micro && *order.limit_micro <= 0)
            return bad_call("a limit that is not positive");
        if (order.limit_micro && *order.limit_micro > kMostTicks)
            return call_too_large("a limit beyond 2^62");
        if (order.limit_micro && *order.limit_micro % tick != 0)
            return bad_call("a limit off the tick");
        if (__builtin_add_overflow(sum, order.quantity, &sum))
            return call_too_large("the quantities of a side together");
    }
    return {};
}

// Whether this limit allows that price.
bool allows(Side side, const CallOrder& order, std::int64_t price) {
    if (!order.limit_micro) return true;
    return side == Side::buy ? *order.limit_micro >= price : *order.limit_micro <= price;
}

// Market orders, then the better limit, then time.
std::vector<std::size_t> by_priority(Side side, std::span<const CallOrder> orders) {
    std::vector<std::size_t> order(orders.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const std::optional<std::int64_t>& first = orders[a].limit_micro;
        const std::optional<std::int64_t>& second = orders[b].limit_micro;
        if (!first || !second) return !first && second;
        return side == Side::buy ? *first > *second : *first < *second;
    });
    return order;
}

// The tick within the collar that is nearest to the reference price; of two as near, the lower.
std::int64_t nearest_tick(const Ticked& ticks, const CallTerms& terms) {
    const std::int64_t reference = terms.reference_micro;
    if (reference <= ticks.low) return ticks.low;
    if (reference >= ticks.high) return ticks.high;
    const std::int64_t off = reference % terms.tick_micro;
    const std::int64_t below = reference - off;
    return off <= terms.tick_micro - off ? below : below + terms.tick_micro;
}

// What a price would do.
struct Candidate {
    std::int64_t price = 0;
    std::int64_t demand = 0;
    std::int64_t supply = 0;
    [[nodiscard]] std::int64_t volume() const { return std::min(demand, supply); }
    // Above 0: of buys. Both are from 0 to 2^63 - 1, so it has room.
    [[nodiscard]] std::int64_t surplus() const { return demand - supply; }
    [[nodiscard]] std::int64_t size_of_surplus() const {
        return surplus() < 0 ? -surplus() : surplus();
    }
    [[nodiscard]] bool as_good_as(const Candidate& other) const {
        return volume() == other.volume() && size_of_surplus() == other.size_of_surplus();
    }
    [[nodiscard]] bool is_better_than(const Candidate& other) const {
        if (volume() != other.volume()) return volume() > other.volume();
        return size_of_surplus() < other.size_of_surplus();
    }
};

// A side of the call: its orders, and their places by priority.
struct Queue {
    Side side;
    std::span<const CallOrder> orders;
    std::vector<std::size_t> order;
    [[nodiscard]] const CallOrder& at(std::size_t i) const { return orders[order[i]]; }
};

struct Queues {
    Queue buys;
    Queue sells;
};

// Each price that stands in the call once, rising.
std::vector<Candidate> candidates_of(const Ticked& collar,
                                     const CallTerms& terms,
                                     const Queues& queues) {
    const auto& [buys, sells] = queues;
    std::vector<Candidate> all = {{.price = nearest_tick(collar, terms)}};
    for (const Queue* queue : {&buys, &sells})
        for (const CallOrder& order : queue->orders)
            if (order.limit_micro)
                all.push_back({.price = std::clamp(*order.limit_micro, collar.low, collar.high)});
    std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
        return a.price < b.price;
    });
    all.erase(
        std::unique(all.begin(),
                    all.end(),
                    [](const Candidate& a, const Candidate& b) { return a.price == b.price; }),
        all.end());
    // Supply grows upwards, demand downwards.
    std::int64_t sum = 0;
    std::size_t next = 0;
    for (Candidate& c : all) {
        for (; next < sells.order.size() && allows(Side::sell, sells.at(next), c.price); ++next)
            sum += sells.at(next).quantity;
        c.supply = sum;
    }
    sum = 0;
    next = 0;
    for (std::size_t i = all.size(); i-- > 0;) {
        for (; next < buys.order.size() && allows(Side::buy, buys.at(next), all[i].price); ++next)
            sum += buys.at(next).quantity;
        all[i].demand = sum;
    }
    return all;
}

// Rules 1 to 4. Of candidates as good as each other, by rising price, the surplus falls: those left with buys come first, then those without,
// then those left with sells.
Candidate chosen_of(const std::vector<Candidate>& all, const CallTerms& terms) {
    const Candidate best =
        *std::min_element(all.begin(), all.end(), std::mem_fn(&Candidate::is_better_than));
    std::optional<Candidate> lower;   // the highest that is left with buys
    std::optional<Candidate> higher;  // the lowest that is left with sells
    for (const Candidate& c : all) {
        if (!c.as_good_as(best)) continue;
        if (c.surplus() > 0) lower = c;
        if (c.surplus() < 0 && !higher) higher = c;
        if (c.surplus() != 0) continue;
        if (!lower) lower = c;
        higher = c;
    }
    if (!lower || !higher) return lower ? *lower : *higher;
    if (best.surplus() == 0) {
        // Between two without surplus nothing changes.
        Candidate c = best;
        c.price = nearest_tick({.low = lower->price, .high = higher->price}, terms);
        return c;
    }
    const auto away = [&](const Candidate& c) {
        const Int128 distance = Int128{c.price} - terms.reference_micro;
        return distance < 0 ? -distance : distance;
    };
    return away(*lower) <= away(*higher) ? *lower : *higher;
}

std::vector<CallFill> fills_of(const Queue& queue, const Candidate& chosen) {
    std::vector<CallFill> fills;
    std::int64_t left = chosen.volume();
    for (std::size_t i = 0; left > 0; ++i) {
        ABATE_ASSERT(i < queue.order.size());
        ABATE_ASSERT(allows(queue.side, queue.at(i), chosen.price));
        const std::int64_t quantity = std::min(left, queue.at(i).quantity);
        fills.push_back({.order = queue.order[i], .quantity = quantity});
        left -= quantity;
    }
    return fills;
}

}  // namespace

Result<CallResult> clear_call(const CallTerms& terms, const CallOrders& orders) {
    const Result<Ticked> collar = collar_of(terms);
    if (!collar) return collar.error();
    for (const std::span<const CallOrder> side : {orders.buys, orders.sells})
        if (const Result<void> sound = check_orders(side, terms.tick_micro); !sound)
            return sound.error();

    const Queues queues{.buys = {Side::buy, orders.buys, by_priority(Side::buy, orders.buys)},
                        .sells = {Side::sell, orders.sells, by_priority(Side::sell, orders.sells)}};
    const Candidate chosen = chosen_of(candidates_of(*collar, terms, queues), terms);
    CallResult result;
    if (chosen.volume() == 0) return result;
    result.price_micro = chosen.price;
    result.volume = chosen.volume();
    result.surplus = chosen.size_of_surplus();
    result.surplus_side = chosen.surplus() < 0 ? Side::sell : Side::buy;
    result.buys = fills_of(queues.buys, chosen);
    result.sells = fills_of(queues.sells, chosen);
    return result;
}

std::vector<CallTrade> trades_of(const CallResult& call) {
    std::vector<CallTrade> trades;
    std::array<std::int64_t, 2> used{};
    for (std::size_t b = 0, s = 0; b < call.buys.size() && s < call.sells.size();) {
        const std::int64_t quantity =
            std::min(call.buys[b].quantity - used[0], call.sells[s].quantity - used[1]);
        trades.push_back(
            {.buy = call.buys[b].order, .sell = call.sells[s].order, .quantity = quantity});
        used[0] += quantity;
        used[1] += quantity;
        if (used[0] == call.buys[b].quantity) {
            ++b;
            used[0] = 0;
        }
        if (used[1] == call.sells[s].quantity) {
            ++s;
            used[1] = 0;
        }
    }
    return trades;
}

}  // namespace abate::exchange
