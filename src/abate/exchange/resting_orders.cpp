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
    if (entry.kind == TapeKind::traded)
        arriving_ = entry.taker_id;
    else if (arriving_ == entry.order_id)
        arriving_.reset();  // it rests, so it came before
    if (found == orders_.end()) return std::nullopt;
    const Order before = found->second;
    std::int64_t left = 0;
    if (entry.kind == TapeKind::traded)
        left = std::max(std::int64_t{0}, before.left - entry.quantity);
    else if (entry.kind == TapeKind::reduced)
        left = std::min(before.left, entry.quantity);
    change(before, left);
    if (left == 0)
        orders_.erase(found);
    else
        found->second.left = left;
    if (left > 0 && entry.kind == TapeKind::traded) found->second.filled = true;
    return before;
}

std::optional<std::int64_t> RestingOrders::best_micro(Side side) const {
    const auto& prices = prices_[static_cast<std::size_t>(side)];
    if (prices.empty()) return std::nullopt;
    return side == Side::buy ? prices.rbegin()->first : prices.begin()->first;
}

}  // namespace abate::exchange
