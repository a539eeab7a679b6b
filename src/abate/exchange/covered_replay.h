// A file of orders played through a market with accounts: rights, limits, cover, self-trade prevention, the table of ids, and every event
// encoded as the journal has it.
//
//     CoveredReplay replay({.books = 1}, operations);
//     replay.play();
//     replay.totals()           // the same as without accounts, where everybody can pay
#pragma once

#include "abate/exchange/market.h"
#include "abate/exchange/replay.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate::exchange {

// What a participant of the file has when it begins.
struct Endowment {
    std::int64_t money_micro = 0;
    std::int64_t allowances = 0;  // in each book
};

class CoveredReplay {
  public:
    struct Options {
        std::size_t books = 1;
        BookTerms terms = {};  // of every book
        MarketRules rules = {};
        // None: each has an equal part of what 64 bits hold, of money and of each vintage. Else who is not named has nothing.
        std::optional<std::map<std::uint32_t, Endowment>> endowments = {};
    };
    // Opens books with an account of each kind for every participant that the operations name; each is a group of its own.
    // Accounts are opened before the first order's time. REQUIRES: at least one book; every operation names one of them; every order
    // a participant.
    CoveredReplay(const Options& options, std::span<const Operation> operations);

    // All of them. An operation without a participant (a cancel) is that of the order's owner. `on_batch`: after each batch of `batch`
    // operations that left events, for whoever keeps them.
    struct PlayedBatch {
        std::string_view payload;
        std::uint32_t events = 0;
        Timestamp at = {};           // of the last event
        std::size_t operations = 0;  // since the batch before
    };
    void play(std::size_t batch = 1024,
              const std::function<void(const PlayedBatch&)>& on_batch = {});
    [[nodiscard]] ReplayTotals totals() const;
    [[nodiscard]] std::uint64_t event_bytes() const { return event_bytes_; }
    [[nodiscard]] const registry::Registry& books() const { return books_; }
    [[nodiscard]] const Market& market() const { return market_; }

  private:
    void open_accounts(const Options& options);

    registry::Registry books_;
    Market market_;
    std::vector<Operation> operations_;               // with traders and vintages
    std::map<std::uint32_t, std::uint32_t> traders_;  // by participant
    std::size_t book_count_ = 0;
    std::vector<Trade> trades_;
    std::uint64_t expired_ = 0;
    std::uint64_t event_bytes_ = 0;
    std::array<std::uint64_t, kOrderReasons> answers_ = {};
    std::int64_t now_us_ = 0;
};

}  // namespace abate::exchange
