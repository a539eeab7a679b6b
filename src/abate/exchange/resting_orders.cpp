#include "abate/exchange/resting_orders.h"

#include <algorithm>

namespace abate::exchange {

// To rest with `left` from now on; 0: no more.
void RestingOrders::change(const Order& order, std::int64_t left) {
    Total& total = totals_[static_cast<std::size_t>(order.side)];
    total.quantity -= order.left - left;
    if (left > 0) return;
    --total.orders;
    auto& prices = prices_[static_cast<std::size_t>(order.side)];
    const auto at = prices.find(order.price_micro);
    if (--at->second == 0) prices.erase(at);
}

std::optional<RestingOrders::Order> RestingOrders::apply(const TapeEntry& entry) {
    const auto found = orders_.find(entry.order_id);
    if (entry.kind == TapeKind::rested) {
        // An id rests once: should the tape lack the end of the one before, this is it.
        if (found != orders_.end()) {
            change(found->second, 0);
            orders_.erase(found);
        }
        orders_.emplace(entry.order_id,
                        Order{.owner = entry.owner,
                              .side = entry.side,
                              .price_micro = entry.price_micro,
                              .left = entry.quantity,
                              .rested_at = entry.at,
                              .rested_seq = entry.seq,
                              .filled = arriving_ == entry.order_id});
        arriving_.reset();
        ++prices_[static_cast<std::size_t>(entry.side)][entry.price_micro];
        Total& total = totals_[static_cast<std::size_t>(entry.side)];
        ++total.orders;
        total.quantity += entry.quantity;
        return std::nullopt;
    }
    if (entry.kind == TapeKind::traded) {
        // Of a call, where the other one rests too.
        if (rests(entry.taker_id))
            fill(entry.taker_id, entry.quantity);
        else
            arriving_ = entry.taker_id;
    } else if (arriving_ == entry.order_id) {
        arriving_.reset();  // it rests, so it came before
    }
    if (found == orders_.end()) return std::nullopt;
    const Order before = found->second;
    if (entry.kind == TapeKind::traded) {
        fill(entry.order_id, entry.quantity);
        return before;
    }
    const std::int64_t left =
        entry.kind == TapeKind::reduced ? std::min(before.left, entry.quantity) : 0;
    change(before, left);
    if (left == 0)
        orders_.erase(found);
    else
        found->second.left = left;
    return before;
}

void RestingOrders::fill(std::uint64_t order_id, std::int64_t quantity) {
    const auto found = orders_.find(order_id);
    Order& order = found->second;
    const std::int64_t left = std::max(std::int64_t{0}, order.left - quantity);
    change(order, left);
    if (left == 0) {
        orders_.erase(found);
        return;
    }
    order.left = left;
    order.filled = true;
}

std::optional<std::int64_t> RestingOrders::best_micro(Side side) const {
    const auto& prices = prices_[static_cast<std::size_t>(side)];
    if (prices.empty()) return std::nullopt;
    return side == Side::buy ? prices.rbegin()->first : prices.begin()->first;
}

}  // namespace abate::exchange
