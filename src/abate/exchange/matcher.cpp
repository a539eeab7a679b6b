#include "abate/exchange/matcher.h"

#include <array>

namespace abate::exchange {

std::string_view to_string(OrderReason reason) {
    constexpr std::array<std::string_view, kOrderReasons> kNames = {
        "ok",
        "order_exists",
        "order_unknown",
        "order_of_another",
        "quantity_not_positive",
        "quantity_too_large",
        "quantity_off_lot",
        "price_missing",
        "price_not_positive",
        "price_too_high",
        "price_off_tick",
        "post_only_would_trade",
        "fill_or_kill_not_filled",
        "expired",
        "book_full",
        "trader_unknown",
        "order_exists_with_different_fields",
        "not_permitted",
        "throttled",
        "book_unknown",
        "market_halted",
        "price_outside_collar",
        "notional_too_large",
        "too_many_orders",
        "mandate_quantity_exceeded",
        "mandate_value_exceeded",
        "holding_limit_exceeded",
        "account_shut",
        "insufficient_balance",
        "market_closed",
        "not_in_a_call",
        "would_meet_own_group",
        "embargoed"};
    const auto at = static_cast<std::size_t>(reason);
    ABATE_REQUIRE(at < kNames.size());
    return kNames[at];
}

// A level at a time, since each has its sum.
std::int64_t Matcher::available(Side side, const OrderBook::Taking& wanted) const {
    std::int64_t found = 0;
    book_.for_each_level(other(side), [&](const LevelView& level) {
        if (side == Side::buy ? level.price > wanted.limit : level.price < wanted.limit)
            return false;
        found += std::min(level.total, wanted.quantity - found);
        return found < wanted.quantity;
    });
    return found;
}

void Matcher::expire(std::int64_t now_us) {
    while (!due_.empty() && due_.top().us <= now_us) {
        const Due due = due_.top();
        due_.pop();
        const auto until = until_.find(due.order_id);
        if (until == until_.end() || until->second != due.us) continue;
        until_.erase(until);
        const std::uint32_t at = book_.find(due.order_id);
        if (at == OrderBook::kNone) continue;
        book_.remove(at);
        ++expired_;
    }
}

}  // namespace abate::exchange
