#include "abate/exchange/replay.h"

namespace abate::exchange {

std::uint64_t hash_of(std::span<const Trade> trades) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const Trade& trade : trades) {
        for (std::uint64_t word : {trade.taker,
                                   trade.maker,
                                   static_cast<std::uint64_t>(trade.price_micro),
                                   static_cast<std::uint64_t>(trade.quantity)}) {
            for (int byte = 0; byte < 8; ++byte, word >>= 8)
                hash = (hash ^ (word & 0xff)) * 0x100000001b3ULL;
        }
    }
    return hash;
}

Replay::Replay(const ReplayOptions& options) {
    ABATE_REQUIRE(options.books > 0);
    for (std::size_t i = 0; i < options.books; ++i)
        books_.push_back(std::make_unique<Matcher>(options.matcher));
}

void Replay::play(std::span<const Operation> operations) {
    // The index of the book is asked for an order ahead of its turn, as a node can with the commands of a batch.
    constexpr std::size_t kAhead = 6;
    trades_.reserve(trades_.size() + operations.size() / 2);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (i + kAhead < operations.size()) {
            const Operation& later = operations[i + kAhead];
            books_[later.book]->prefetch(later.order_id);
        }
        const OrderReason reason = books_[operations[i].book]->apply(
            operations[i], [&](const Trade& trade) { trades_.push_back(trade); });
        ++answers_[static_cast<std::size_t>(reason)];
    }
    operations_ += operations.size();
}

ReplayTotals Replay::totals() const {
    ReplayTotals totals;
    totals.operations = operations_;
    totals.trades = trades_.size();
    totals.answers = answers_;
    for (const Trade& trade : trades_) {
        totals.quantity += trade.quantity;
        totals.notional += Int128{trade.price_micro} * trade.quantity;
    }
    totals.trade_hash = hash_of(trades_);
    for (const auto& book : books_) {
        totals.resting += book->book().size();
        totals.expired += book->expired();
    }
    totals.best_bid_micro = books_.front()->best_micro(Side::buy);
    totals.best_ask_micro = books_.front()->best_micro(Side::sell);
    return totals;
}

}  // namespace abate::exchange
