// The orders that rest, as a tape tells them, entry by entry: for readers of tapes, who have no book.
//
//     RestingOrders resting;
//     for (const TapeEntry& entry : tape) resting.apply(entry);
//     resting.best_micro(Side::buy), resting.side(Side::sell).quantity
//
// What came to rest before the tape begins is not known, so entries about it change nothing. Not thread-safe.
#pragma once

#include "abate/exchange/tape.h"
#include "abate/units/energy.h"

#include <array>
#include <map>
#include <optional>
#include <unordered_map>

namespace abate::exchange {

class RestingOrders {
  public:
    struct Order {
        registry::ParticipantId owner{};
        Side side = Side::buy;
        std::int64_t price_micro = 0;
        std::int64_t left = 0;
        Timestamp rested_at = {};
        std::uint64_t rested_seq = 0;
        bool filled = false;  // in part, when it came or since
    };
    struct Total {
        std::uint64_t orders = 0;
        Int128 quantity = 0;
    };

    // The order as it was before the entry; none: it comes to rest now, or is not known. A trade of a call is of two that rest; it is then
    // the maker's that is told. Cost: two look-ups, and one in the prices of a side.
    std::optional<Order> apply(const TapeEntry& entry);

    // The order whose trades the last entries were: what is left of it may come to rest next. One order is one stretch of a tape.
    [[nodiscard]] std::optional<std::uint64_t> arriving() const { return arriving_; }

    [[nodiscard]] bool rests(std::uint64_t order_id) const { return orders_.count(order_id) != 0; }

    [[nodiscard]] std::optional<std::int64_t> best_micro(Side side) const;
    [[nodiscard]] const Total& side(Side side) const {
        return totals_[static_cast<std::size_t>(side)];
    }

  private:
    void change(const Order& order, std::int64_t left);
    void fill(std::uint64_t order_id, std::int64_t quantity);

    std::unordered_map<std::uint64_t, Order> orders_;
    std::array<std::map<std::int64_t, std::uint64_t>, 2> prices_;  // orders at each
    std::array<Total, 2> totals_;
    std::optional<std::uint64_t> arriving_;
};

}  // namespace abate::exchange
