// What one book did, in order: what market data, statistics and surveillance are made from.
//
// Every change of what rests is one entry, so that a reader who applies them has the book. Numbers run from 1 without gaps, a book.
#pragma once

#include "abate/core/clock.h"
#include "abate/exchange/order_book.h"
#include "abate/registry/registry.h"

#include <cstdint>
#include <string_view>

namespace abate::exchange {

// Numbers are those of documents and never change.
enum class TapeKind : std::uint8_t {
    rested = 1,   // an order came to rest, last in time at its price
    traded = 2,   // what rested was filled, in whole or in part; it keeps its place for the rest
    reduced = 3,  // less rests than before, by its owner's will; it keeps its place
    removed = 4,  // it rests no more, and was not filled
};
[[nodiscard]] std::string_view to_string(TapeKind kind);

// Why an order was removed.
enum class Removal : std::uint8_t {
    none = 0,
    cancelled = 1,   // by its owner, or by who replaced it
    expired = 2,     // its time was over
    self_trade = 3,  // it would have met its own group
    swept =
        4,  // all of its owner's went: the connection was lost, the key revoked, the market halted or closed
};
[[nodiscard]] std::string_view to_string(Removal why);

struct TapeEntry {
    std::uint64_t seq = 0;
    Timestamp at = {};
    TapeKind kind = TapeKind::rested;
    Removal why = Removal::none;
    Side side = Side::buy;         // of the order that rests
    std::int32_t vintage = 0;      // of the book
    std::uint64_t order_id = 0;    // that rests; of a trade: the maker
    std::int64_t price_micro = 0;  // of that order
    std::int64_t quantity =
        0;  // rested: that rests now; traded: that changed hands; reduced: that is left; removed: that went
    registry::ParticipantId owner{};  // of that order
    std::uint64_t taker_id = 0;       // of a trade: the order that came
    registry::ParticipantId taker{};  // and whose it is
    bool operator==(const TapeEntry&) const = default;
};

}  // namespace abate::exchange
