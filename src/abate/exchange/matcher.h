// A book with the rules of orders and none of money: limit, market, immediate or cancel, fill or kill, post only, good till time, replace.
//
//     Matcher matcher({.tick_micro = 10, .lot = 1'000});
//     const OrderReason reason = matcher.apply(operation, [&](const Trade& trade) { ... });
//
// Who may ask, and with what cover, is asked elsewhere: this is what `market replay --mode book` times.
#pragma once

#include "abate/exchange/order.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>
#include <vector>

namespace abate::exchange {

struct Trade {
    std::uint64_t taker = 0;  // order ids
    std::uint64_t maker = 0;
    std::int64_t price_micro = 0;  // the maker's
    std::int64_t quantity = 0;
};

class Matcher {
  public:
    struct Options {
        std::int64_t tick_micro = 1;
        std::int64_t lot = 1;
        std::uint32_t most_orders = 1U << 20;
    };
    // REQUIRES: a tick and a lot above 0.
    explicit Matcher(const Options& options)
        : tick_(options.tick_micro),
          lot_(options.lot),
          book_({.most_orders = options.most_orders}) {
        ABATE_REQUIRE(tick_ > 0 && lot_ > 0);
    }

    // Orders whose time is over at `at_us` go first. A trade is told when it happens; a refused operation changes nothing but that.
    template <class OnTrade>
    OrderReason apply(const Operation& operation, OnTrade&& on_trade);
    void prefetch(std::uint64_t order_id) const { book_.prefetch(order_id); }

    [[nodiscard]] const OrderBook& book() const { return book_; }
    [[nodiscard]] std::optional<std::int64_t> best_micro(Side side) const {
        const std::optional<Ticks> best = book_.best(side);
        return best ? std::optional(*best * tick_) : std::nullopt;
    }
    [[nodiscard]] std::uint64_t expired() const { return expired_; }

  private:
    struct Due {
        std::int64_t us;
        std::uint64_t order_id;
        auto operator<=>(const Due&) const = default;
    };

    [[nodiscard]] OrderReason check_quantity(std::int64_t quantity) const {
        if (quantity <= 0) return OrderReason::quantity_not_positive;
        if (quantity > kMostQuantity) return OrderReason::quantity_too_large;
        return lot_ != 1 && quantity % lot_ != 0 ? OrderReason::quantity_off_lot : OrderReason::ok;
    }
    [[nodiscard]] OrderReason check_price(std::int64_t price_micro) const {
        if (price_micro <= 0) return OrderReason::price_not_positive;
        if (price_micro > kMostTicks) return OrderReason::price_too_high;
        return tick_ != 1 && price_micro % tick_ != 0 ? OrderReason::price_off_tick
                                                      : OrderReason::ok;
    }
    // What an order of this side would find within its limit, up to its quantity.
    [[nodiscard]] std::int64_t available(Side side, const OrderBook::Taking& wanted) const;
    void expire(std::int64_t now_us);

    struct Incoming {
        std::uint64_t id;
        Side side;
        Ticks limit;
        std::int64_t quantity;
        std::uint32_t owner;
    };
    template <class OnTrade>
    std::int64_t match(const Incoming& order, OnTrade&& on_trade) {
        return book_.take(order.side,
                          {.limit = order.limit, .quantity = order.quantity},
                          [&](const Meeting& met) {
                              on_trade(Trade{.taker = order.id,
                                             .maker = met.maker.id,
                                             .price_micro = met.price * tick_,
                                             .quantity = met.quantity});
                              return Verdict::fill;
                          });
    }
    template <class OnTrade>
    OrderReason place(const Operation& operation, OnTrade&& on_trade);
    template <class OnTrade>
    OrderReason replace(const Operation& operation, OnTrade&& on_trade);
    [[nodiscard]] std::uint32_t resting(const Operation& operation, OrderReason& reason) const;

    std::int64_t tick_;
    std::int64_t lot_;
    OrderBook book_;
    std::int64_t now_us_ = 0;
    std::uint64_t expired_ = 0;
    // What went before its time stays in due_ until then; until_ says whether it is still that order's time, since ids may come again.
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    std::unordered_map<std::uint64_t, std::int64_t> until_;
};

template <class OnTrade>
OrderReason Matcher::apply(const Operation& operation, OnTrade&& on_trade) {
    if (operation.at_us > now_us_) {
        now_us_ = operation.at_us;
        if (!due_.empty() && due_.top().us <= now_us_) expire(now_us_);
    }
    switch (operation.kind) {
        case OperationKind::place:
            return place(operation, on_trade);
        case OperationKind::replace:
            return replace(operation, on_trade);
        case OperationKind::cancel:
            break;
    }
    OrderReason reason = OrderReason::ok;
    if (const std::uint32_t at = resting(operation, reason); at != OrderBook::kNone)
        book_.remove(at);
    return reason;
}

template <class OnTrade>
OrderReason Matcher::place(const Operation& operation, OnTrade&& on_trade) {
    if (book_.find(operation.order_id) != OrderBook::kNone) return OrderReason::order_exists;
    const std::int64_t quantity = operation.quantity.value_or(0);
    if (const OrderReason bad = check_quantity(quantity); bad != OrderReason::ok) return bad;
    Ticks limit = operation.side == Side::buy ? kMostTicks : -kMostTicks;
    if (operation.type == OrderType::limit) {
        if (!operation.price_micro) return OrderReason::price_missing;
        if (const OrderReason bad = check_price(*operation.price_micro); bad != OrderReason::ok)
            return bad;
        limit = tick_ == 1 ? *operation.price_micro : *operation.price_micro / tick_;
    }
    const TimeInForce until = operation.time_in_force;
    if (operation.post_only && book_.crosses(operation.side, limit))
        return OrderReason::post_only_would_trade;
    if (until == TimeInForce::fill_or_kill &&
        available(operation.side, {.limit = limit, .quantity = quantity}) < quantity)
        return OrderReason::fill_or_kill_not_filled;
    if (until == TimeInForce::good_till_time && operation.expires_us <= now_us_)
        return OrderReason::expired;
    const bool may_rest =
        operation.type == OrderType::limit &&
        (until == TimeInForce::good_till_cancelled || until == TimeInForce::good_till_time);
    // It might make place for itself by what it fills; whether it does is not asked.
    if (may_rest && book_.full()) return OrderReason::book_full;
    const std::uint32_t owner = operation.participant;
    const Incoming order{.id = operation.order_id,
                         .side = operation.side,
                         .limit = limit,
                         .quantity = quantity,
                         .owner = owner};
    const std::int64_t left = match(order, on_trade);
    if (left == 0 || !may_rest) return OrderReason::ok;
    static_cast<void>(
        book_.rest(operation.side,
                   {.id = operation.order_id, .price = limit, .quantity = left, .owner = owner}));
    if (until == TimeInForce::good_till_time) {
        due_.push({.us = operation.expires_us, .order_id = operation.order_id});
        until_[operation.order_id] = operation.expires_us;
    } else if (!until_.empty()) {
        until_.erase(operation.order_id);
    }
    return OrderReason::ok;
}

// Less at the same price keeps its place in time; everything else is a new order of the same id, that may trade.
template <class OnTrade>
OrderReason Matcher::replace(const Operation& operation, OnTrade&& on_trade) {
    OrderReason reason = OrderReason::ok;
    const std::uint32_t at = resting(operation, reason);
    if (at == OrderBook::kNone) return reason;
    const Resting& order = book_.at(at);
    const std::int64_t quantity = operation.quantity.value_or(order.quantity);
    if (const OrderReason bad = check_quantity(quantity); bad != OrderReason::ok) return bad;
    Ticks price = book_.price_of(at);
    if (operation.price_micro) {
        if (const OrderReason bad = check_price(*operation.price_micro); bad != OrderReason::ok)
            return bad;
        price = *operation.price_micro / tick_;
    }
    if (price == book_.price_of(at) && quantity <= order.quantity) {
        book_.reduce(at, quantity);
        return OrderReason::ok;
    }
    const Side side = book_.side_of(at);
    if (operation.post_only && book_.crosses(side, price))
        return OrderReason::post_only_would_trade;
    const Incoming again{
        .id = order.id, .side = side, .limit = price, .quantity = quantity, .owner = order.owner};
    book_.remove(at);
    if (const std::int64_t left = match(again, on_trade); left > 0)
        static_cast<void>(book_.rest(
            side, {.id = again.id, .price = price, .quantity = left, .owner = again.owner}));
    return OrderReason::ok;
}

inline std::uint32_t Matcher::resting(const Operation& operation, OrderReason& reason) const {
    const std::uint32_t at = book_.find(operation.order_id);
    if (at == OrderBook::kNone) {
        reason = OrderReason::order_unknown;
        return at;
    }
    // An order file may leave the participant of a cancel out.
    if (operation.participant != 0 && book_.at(at).owner != operation.participant) {
        reason = OrderReason::order_of_another;
        return OrderBook::kNone;
    }
    return at;
}

}  // namespace abate::exchange
