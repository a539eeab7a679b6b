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

// What a book has from when it is opened until there is none any more: what rests in it was covered by these.
struct BookTerms {
    std::int64_t tick_micro = 1;  // above 0
    std::int64_t lot = 1;         // above 0
    std::int64_t fee_ppm = 0;     // of the notional of a trade, from each side, rounded down
    std::uint32_t most_orders = 1U << 20;  // that rest in it
    bool operator==(const BookTerms&) const = default;
};

// When a market trades, in microseconds of a day of UTC, each day. Orders are collected without matching in the time of a call before it opens, and
// in the last before it closes; at the end of each all that can trade does so at one price (call.h). Outside, orders can only be cancelled.
// 0 <= opens - opening_call, opens <= closes - closing_call, closes <= a day.
struct Session {
    std::int64_t opens_us = 0;
    std::int64_t closes_us = 0;  // 0: it is always open, without calls
    std::int64_t opening_call_us = 0;
    std::int64_t closing_call_us = 0;
    bool operator==(const Session&) const = default;
};
enum class Phase : std::uint8_t { continuous = 1, call = 2, closed = 3 };
[[nodiscard]] std::string_view to_string(Phase phase);
struct PhaseAt {
    Phase phase = Phase::continuous;
    Timestamp until = {INT64_MAX};  // when the next one begins
    bool operator==(const PhaseAt&) const = default;
};
[[nodiscard]] PhaseAt phase_at(const Session& session, Timestamp at);

// Parts are parts of a million; 0 switches a rule off. They may change at any time.
struct MarketRules {
    SelfTrade self_trade = SelfTrade::cancel_newest;
    std::int64_t collar_ppm = 0;  // an order further from the reference price is refused
    std::int64_t band_ppm =
        0;  // a market order takes no worse price than the best one and this; 0: any
    std::int64_t halt_ppm = 0;  // a trade further from the reference price halts the book instead
    std::int64_t halt_us = 0;   // so long
    std::uint32_t most_open_orders = 0;  // of a trader in all books
    // Commands of a trader in one second of the clock; refused ones count until the market is built again.
    std::uint32_t most_per_second = 0;
    // A trade further from the reference price may be annulled; 0: none is kept for it.
    std::int64_t erroneous_ppm = 0;
    std::int64_t erroneous_us = 0;  // so long
    Session session = {};
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
    // From then on it places and replaces nothing: its group knows what is not public yet.
    Timestamp embargoed_from = {INT64_MAX};
    bool operator==(const Trader&) const = default;
};

// What a supervisor said of a book.
struct BookHalt {
    std::int64_t until_us = INT64_MIN;    // halted before it
    std::int64_t resumed_us = INT64_MIN;  // halts by the price band that began before it are over
    bool operator==(const BookHalt&) const = default;
};

// A trade that somebody may annul, with all that it moved.
struct FarTrade {
    struct Party {
        std::uint32_t trader = 0;
        registry::AccountId holding{};
        registry::AccountId cash{};
        bool operator==(const Party&) const = default;
    };
    std::uint32_t vintage = 0;
    std::uint64_t seq = 0;  // on the tape of the book
    Timestamp at = {};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    std::int64_t fee_micro = 0;  // from each side
    Party buyer = {};
    Party seller = {};
    bool operator==(const FarTrade&) const = default;
};

}  // namespace abate::exchange
