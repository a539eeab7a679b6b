// A tape as a book makes it, for tests of what is made from tapes: random orders on a real book.
#pragma once

#include "abate/exchange/call.h"
#include "abate/exchange/order_book.h"
#include "abate/exchange/tape.h"

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace abate::exchange {

inline constexpr std::int32_t kTestVintage = 2031;

class FeedTapeMaker {
  public:
    explicit FeedTapeMaker(std::uint64_t seed)
        : chance_(seed), book_({.most_orders = 256, .hash_seed = seed}) {}

    // A few entries, at least one.
    void step() {
        const std::size_t before = tape_.size();
        while (tape_.size() == before) {
            const std::uint64_t kind = chance_() % 10;
            if (kind < 2)
                remove_one();
            else if (kind < 3)
                reduce_one();
            else if (!book_.full())
                place();
        }
    }
    // Orders that rest without matching, then what a call makes of them. The book itself takes no part.
    void call(int orders) {
        std::vector<CallOrder> buys;
        std::vector<CallOrder> sells;
        std::vector<TapeEntry> rested[2];
        for (int i = 0; i < orders; ++i) {
            const Side side = chance_() % 2 == 0 ? Side::buy : Side::sell;
            const CallOrder order{.limit_micro = 90 + pick(20), .quantity = 1 + pick(9)};
            (side == Side::buy ? buys : sells).push_back(order);
            rested[static_cast<std::size_t>(side)].push_back(put(TapeKind::rested,
                                                                 {.side = side,
                                                                  .order_id = ++last_id_,
                                                                  .price_micro = *order.limit_micro,
                                                                  .quantity = order.quantity}));
        }
        const CallResult result =
            clear_call({.reference_micro = 100}, {.buys = buys, .sells = sells}).value();
        for (const CallTrade& trade : trades_of(result))
            put(TapeKind::traded,
                {.side = Side::buy,
                 .order_id = rested[0][trade.buy].order_id,
                 .price_micro = *result.price_micro,
                 .quantity = trade.quantity,
                 .taker_id = rested[1][trade.sell].order_id});
    }

    [[nodiscard]] const std::vector<TapeEntry>& tape() const { return tape_; }
    [[nodiscard]] const OrderBook& book() const { return book_; }

  private:
    std::int64_t pick(std::int64_t below) {
        return static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(below));
    }
    const TapeEntry& put(TapeKind kind, TapeEntry entry) {
        entry.seq = tape_.size() + 1;
        entry.at = {.us = static_cast<std::int64_t>(1'000 * entry.seq)};
        entry.kind = kind;
        entry.vintage = kTestVintage;
        entry.owner = registry::ParticipantId{1 + chance_() % 9};
        if (kind == TapeKind::removed) entry.why = static_cast<Removal>(1 + chance_() % 4);
        tape_.push_back(entry);
        return tape_.back();
    }
    std::uint32_t any_order() {
        for (std::size_t tries = 0; tries < 8 && !ids_.empty(); ++tries) {
            const std::size_t i = static_cast<std::size_t>(chance_() % ids_.size());
            const std::uint32_t place = book_.find(ids_[i]);
            if (place != OrderBook::kNone) return place;
            ids_[i] = ids_.back();  // it is gone
            ids_.pop_back();
        }
        return OrderBook::kNone;
    }
    void remove_one() {
        const std::uint32_t place = any_order();
        if (place == OrderBook::kNone) return;
        put(TapeKind::removed,
            {.side = book_.side_of(place),
             .order_id = book_.at(place).id,
             .price_micro = book_.price_of(place),
             .quantity = book_.at(place).quantity});
        book_.remove(place);
    }
    void reduce_one() {
        const std::uint32_t place = any_order();
        if (place == OrderBook::kNone) return;
        const std::int64_t left = 1 + pick(book_.at(place).quantity);
        put(TapeKind::reduced,
            {.side = book_.side_of(place),
             .order_id = book_.at(place).id,
             .price_micro = book_.price_of(place),
             .quantity = left});
        book_.reduce(place, left);
    }
    void place() {
        const Side side = chance_() % 2 == 0 ? Side::buy : Side::sell;
        // Most wait on their own side of 100.
        const std::int64_t off = chance_() % 4 == 0 ? pick(11) - 5 : -1 - pick(8);
        const std::int64_t price = side == Side::buy ? 100 + off : 100 - off;
        const std::uint64_t id = ++last_id_ * 7919;
        const std::int64_t left =
            book_.take(side, {.limit = price, .quantity = 1 + pick(20)}, [&](const Meeting& met) {
                put(TapeKind::traded,
                    {.side = other(side),
                     .order_id = met.maker.id,
                     .price_micro = met.price,
                     .quantity = met.quantity,
                     .taker_id = id});
                return Verdict::fill;
            });
        if (left == 0) return;
        static_cast<void>(
            book_.rest(side, {.id = id, .price = price, .quantity = left, .owner = 0}));
        ids_.push_back(id);
        put(TapeKind::rested,
            {.side = side, .order_id = id, .price_micro = price, .quantity = left});
    }

    std::mt19937_64 chance_;
    OrderBook book_;
    std::vector<TapeEntry> tape_;
    std::vector<std::uint64_t> ids_;
    std::uint64_t last_id_ = 0;
};

}  // namespace abate::exchange
