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
    std::uint32_t participant = 0;  // 0: not said; in a market: the number of the trader
    std::optional<std::int64_t> price_micro = {};  // a limit order's; a replacement's new one
    std::optional<std::int64_t> quantity = {};
    std::int64_t at_us = 0;       // never before the line before; 0: as the line before
    std::int64_t expires_us = 0;  // good_till_time
};

// Spelled as in JSON and docs/reference/market.md, which says in which order they are asked: of a book alone, as here.
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
    // A market's (market.h says in which order they are asked).
    trader_unknown = 15,
    order_exists_with_different_fields = 16,  // the id stood for another order
    not_permitted = 17,                       // the key was revoked, waits, or has no mandate
    throttled = 18,                           // too many commands in one second
    book_unknown = 19,                        //
    market_halted = 20,                       //
    price_outside_collar = 21,                //
    notional_too_large = 22,                  // price x quantity beyond 2^62 micro-units
    too_many_orders = 23,                     // of the trader rest already
    mandate_quantity_exceeded = 24,           //
    mandate_value_exceeded = 25,              //
    holding_limit_exceeded = 26,              // of the group
    account_shut = 27,                        // none, blocked, frozen or closed
    insufficient_balance = 28,                //
    market_closed = 29,                       // outside its hours
    not_in_a_call = 30,  // while orders are collected: a market order, ioc, fok, post only
    would_meet_own_group =
        31,          // while orders are collected: one of the same group asks for the other side
    embargoed = 32,  // the group knows what is not public yet
};
inline constexpr std::uint8_t kOrderReasons = 33;
[[nodiscard]] std::string_view to_string(OrderReason reason);

}  // namespace abate::exchange
