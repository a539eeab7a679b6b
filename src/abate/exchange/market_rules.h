// What a market asks of orders beyond their form, and who may give them.
#pragma once

#include "abate/core/clock.h"
#include "abate/registry/registry.h"

#include <cstdint>
#include <string_view>

namespace abate::exchange {

// Two orders of one group meet. Numbers are those of the journal.
enum class SelfTrade : std::uint8_t {
    cancel_newest = 1,  // what comes goes, as far as it is not filled
    cancel_oldest = 2,  // what rests goes, and the other meets the next
    cancel_both = 3,
};
[[nodiscard]] std::string_view to_string(SelfTrade rule);

// Parts are parts of a million; 0 switches a rule off.
struct MarketRules {
    std::int64_t tick_micro = 1;  // above 0
    std::int64_t lot = 1;         // above 0
    SelfTrade self_trade = SelfTrade::cancel_newest;
    std::int64_t collar_ppm = 0;  // an order further from the reference price is refused
    std::int64_t band_ppm =
        0;  // a market order takes no worse price than the best one and this; 0: any
    std::int64_t halt_ppm = 0;  // a trade further from the reference price halts the book instead
    std::int64_t halt_us = 0;   // so long
    std::int64_t fee_ppm = 0;   // of the notional of a trade, from each side, rounded down
    std::uint32_t most_open_orders = 0;    // of a trader in all books
    std::uint32_t most_per_second = 0;     // commands of a trader in one second of the clock
    std::uint32_t most_orders = 1U << 20;  // that rest in a book
};

// A key that may trade, by a number of its own from 0 on.
struct Trader {
    registry::ParticipantId participant{};
    registry::GroupId group{};
    registry::AccountId holding{};
    registry::AccountId cash{};
    bool may_trade = false;
    Timestamp active_from = {};
    // Bought less sold in a day of UTC, orders that rest counted as filled where that makes it more.
    std::int64_t daily_net_quantity = 0;
    std::int64_t daily_net_value_micro = 0;
    bool operator==(const Trader&) const = default;
};

}  // namespace abate::exchange
