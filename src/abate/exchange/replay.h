// A file of orders played through books without accounts, and what came of it in numbers that two engines can compare.
//
//     const ReplayTotals totals = replay(operations, {.books = 1});
//     totals.trade_hash                 // as docs/reference/market.md defines it
//
#pragma once

#include "abate/exchange/matcher.h"
#include "abate/units/energy.h"

#include <array>
#include <span>
#include <vector>

namespace abate::exchange {

struct ReplayOptions {
    std::size_t books = 1;  // operations name them by number, from 0
    Matcher::Options matcher = {};
};

struct ReplayTotals {
    std::uint64_t operations = 0;
    std::uint64_t trades = 0;
    std::int64_t quantity = 0;
    Int128 notional = 0;  // sum of price_micro x quantity
    std::uint64_t resting = 0;
    std::uint64_t expired = 0;
    std::optional<std::int64_t> best_bid_micro = {};  // of the first book
    std::optional<std::int64_t> best_ask_micro = {};
    std::uint64_t trade_hash = 0;
    std::array<std::uint64_t, kOrderReasons> answers = {};  // how often each
};

// FNV-1a, 64 bits, over the trades in their order: of each the taker's order id, the maker's, price_micro and quantity, as unsigned 64-bit
// little-endian words.
[[nodiscard]] std::uint64_t hash_of(std::span<const Trade> trades);

// In two steps, so that a clock can stand between them: playing, which is what is timed, and counting.
class Replay {
  public:
    // REQUIRES: at least one book.
    explicit Replay(const ReplayOptions& options);
    // REQUIRES: every operation names one of the books.
    void play(std::span<const Operation> operations);
    [[nodiscard]] ReplayTotals totals() const;

  private:
    std::vector<std::unique_ptr<Matcher>> books_;
    std::vector<Trade> trades_;
    std::uint64_t operations_ = 0;
    std::array<std::uint64_t, kOrderReasons> answers_ = {};
};

}  // namespace abate::exchange
