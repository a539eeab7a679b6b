// What can be asked of a book, and every reason to say no.
#pragma once

#include "abate/exchange/order_book.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace abate::exchange {

enum class OrderType : std::uint8_t {
    limit = 1,
    market = 2,  // at any price, as far as orders rest; never rests itself
};

enum class TimeInForce : std::uint8_t {
    good_till_cancelled = 1,
    immediate_or_cancel = 2,  // what is not filled at once goes
    fill_or_kill = 3,         // all of it at once, or nothing
    good_till_time = 4,       // until `expires_us`
};

enum class OperationKind : std::uint8_t { place = 1, cancel = 2, replace = 3 };

// One line of an order file. Fields that its kind does not name are not asked.
struct Operation {
    OperationKind kind = OperationKind::place;
    Side side = Side::buy;
    OrderType type = OrderType::limit;
    TimeInForce time_in_force = TimeInForce::good_till_cancelled;
    bool post_only = false;  // refused where it would trade at once
    std::uint32_t book = 0;
    std::uint64_t order_id = 0;
    std::uint32_t participant = 0;                 // 0: not said
    std::optional<std::int64_t> price_micro = {};  // a limit order's; a replacement's new one
    std::optional<std::int64_t> quantity = {};
    std::int64_t at_us = 0;       // never before the line before; 0: as the line before
    std::int64_t expires_us = 0;  // good_till_time
};

// In order of precedence. Spelled as in JSON and docs/reference/market.md.
enum class OrderReason : std::uint8_t {
    ok = 0,
    order_exists = 1,              // the id rests already
    order_unknown = 2,             // to cancel or replace: it is not there, or no more
    order_of_another = 3,          // it rests for another participant
    quantity_not_positive = 4,     //
    quantity_too_large = 5,        // beyond 2^40
    quantity_off_lot = 6,          //
    price_missing = 7,             // a limit order without one
    price_not_positive = 8,        //
    price_too_high = 9,            // beyond 2^62 micro-units
    price_off_tick = 10,           //
    post_only_would_trade = 11,    //
    fill_or_kill_not_filled = 12,  //
    expired = 13,                  // its time was over when it came
    book_full = 14,                //
};
inline constexpr std::uint8_t kOrderReasons = 15;
[[nodiscard]] std::string_view to_string(OrderReason reason);

}  // namespace abate::exchange
