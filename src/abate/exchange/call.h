// A call: orders were collected without matching, as before the opening or at the close, and now trade at one price.
//
//     const Result<CallResult> call = clear_call({.tick_micro = 10, .low_micro = 63'000, .high_micro = 77'000, .reference_micro = 70'000},
//                                                {.buys = buys, .sells = sells});
//     if (call->price_micro) ... call->volume, call->buys[i] of buys[call->buys[i].order], trades_of(*call)
//
// The price, of those that stand in the call (limits and the reference price, each brought into the collar):
//   1. at which most is traded;
//   2. of these, that leaves the smallest surplus, which is what one side would still take at that price;
//   3. of these, the highest where the surplus is of buys, the lowest where it is of sells: the side that is left over moves the price;
//   4. where both kinds of surplus are left, or none: the nearest to the reference price; of two as near, the lower.
// These are the four principles of ASX ("How opening and closing prices are calculated"), and in substance those of Xetra and Euronext. Ours where
// such rules differ: the reference price is asked like a limit from the start, so market orders alone trade at it; without a surplus any tick between
// two of the best prices may be the price; limits outside the collar count as its end. No tick of the collar trades more than the price found.
//
// Who trades: market orders before limits, then the better price, then time; the last one in part. So each who gets nothing stands behind all
// who get something, and what is left does not cross within the collar.
//
// Knows no owners: whether one meets oneself is asked before, by whoever collects. Integers throughout.
#pragma once

#include "abate/core/result.h"
#include "abate/exchange/order_book.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace abate::exchange {

struct CallOrder {
    std::optional<std::int64_t> limit_micro = {};  // none: a market order, at any price
    std::int64_t quantity = 0;
};

struct CallTerms {
    std::int64_t tick_micro = 1;
    std::int64_t low_micro =
        1;  // the collar: no trade below or above; its ends may lie between ticks
    std::int64_t high_micro = kMostTicks;
    std::int64_t reference_micro = 0;  // the last price, as a rule; may lie outside the collar
};

struct CallFill {
    std::size_t order = 0;  // its place in what was given
    std::int64_t quantity = 0;
    bool operator==(const CallFill&) const = default;
};

struct CallResult {
    std::optional<std::int64_t> price_micro = {};  // none: nothing trades
    std::int64_t volume = 0;
    std::int64_t surplus =
        0;  // that could trade at the price and finds nobody; 0 where nothing trades
    Side surplus_side = Side::buy;    // where there is one
    std::vector<CallFill> buys = {};  // by priority, the last in part; each sums to the volume
    std::vector<CallFill> sells = {};
    bool operator==(const CallResult&) const = default;
};

// Both in the order of time; an order of priority, as a book gives it, is one too.
struct CallOrders {
    std::span<const CallOrder> buys = {};
    std::span<const CallOrder> sells = {};
};

// Errors: invalid_argument (a tick below 1; a collar that is not positive or holds no tick; a reference price below 0; a limit that is not
// positive or off the tick; a quantity that is not positive), out_of_range (a price beyond 2^62, the quantities of a side beyond 2^63 - 1).
// Cost: sorting the orders.
[[nodiscard]] Result<CallResult> clear_call(const CallTerms& terms, const CallOrders& orders);

// The fills of both sides against each other, first with first: a trade an entry, fewer than there are fills.
struct CallTrade {
    std::size_t buy = 0;
    std::size_t sell = 0;
    std::int64_t quantity = 0;
    bool operator==(const CallTrade&) const = default;
};
[[nodiscard]] std::vector<CallTrade> trades_of(const CallResult& call);

}  // namespace abate::exchange
