// Reproducible order flows: M1, M2, M3 (mixed, narrow, wide, shallow) and A1 (orders only), made with SplitMix64 and an exact book of their
// own. Each flow's parity values were reproduced by three independent books (Liquibook, CppTrader, a map of lists).
#pragma once

#include "abate/exchange/exchange.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace abate::bench {

struct FlowOperation {
    std::uint64_t id = 0;
    std::int64_t price = 0;
    std::int64_t quantity = 0;
    bool cancel = false;
    bool sell = false;
};

struct FlowFill {
    std::uint64_t taker = 0;
    std::uint64_t maker = 0;
    std::int64_t price = 0;
    std::int64_t quantity = 0;
    bool maker_is_gone = false;
};

// FNV-1a, 64 bits, over little-endian words.
class WordHash {
  public:
    void add(std::uint64_t word) {
        for (int i = 0; i < 8; ++i) {
            hash_ ^= word & 0xff;
            hash_ *= 0x100000001b3ULL;
            word >>= 8;
        }
    }
    void add(const FlowFill& fill) {
        for (const std::uint64_t word : {fill.taker,
                                         fill.maker,
                                         static_cast<std::uint64_t>(fill.price),
                                         static_cast<std::uint64_t>(fill.quantity)})
            add(word);
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

  private:
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

// The book that such programs are most often made of: an ordered map of lists a side, and a hash table of ids. The baseline.
class MapBook {
  public:
    // `fill(FlowFill)`
    template <class Fill>
    void add(const FlowOperation& order, Fill&& fill) {
        std::int64_t left = order.quantity;
        if (order.sell)
            left = take(bids_, order, left, fill, [&](std::int64_t p) { return p >= order.price; });
        else
            left = take(asks_, order, left, fill, [&](std::int64_t p) { return p <= order.price; });
        if (left == 0) return;
        if (order.sell)
            rest(asks_, order, left);
        else
            rest(bids_, order, left);
    }
    void cancel(std::uint64_t id) {
        const auto found = where_.find(id);
        if (found == where_.end()) return;
        if (found->second.sell)
            erase(asks_, found->second);
        else
            erase(bids_, found->second);
        where_.erase(found);
    }
    [[nodiscard]] std::size_t size() const { return where_.size(); }
    [[nodiscard]] std::int64_t best_bid() const { return bids_.empty() ? 0 : bids_.begin()->first; }
    [[nodiscard]] std::int64_t best_ask() const { return asks_.empty() ? 0 : asks_.begin()->first; }
    [[nodiscard]] bool rests(std::uint64_t id) const { return where_.count(id) != 0; }

  private:
    struct Entry {
        std::uint64_t id;
        std::int64_t quantity;
    };
    using Queue = std::list<Entry>;
    struct Where {
        bool sell;
        std::int64_t price;
        Queue::iterator at;
    };

    template <class Side, class Fill, class Crosses>
    std::int64_t take(
        Side& side, const FlowOperation& order, std::int64_t left, Fill&& fill, Crosses&& crosses) {
        while (left > 0 && !side.empty() && crosses(side.begin()->first)) {
            Queue& queue = side.begin()->second;
            while (left > 0 && !queue.empty()) {
                Entry& maker = queue.front();
                const std::int64_t quantity = left < maker.quantity ? left : maker.quantity;
                left -= quantity;
                maker.quantity -= quantity;
                const bool gone = maker.quantity == 0;
                fill(FlowFill{.taker = order.id,
                              .maker = maker.id,
                              .price = side.begin()->first,
                              .quantity = quantity,
                              .maker_is_gone = gone});
                if (gone) {
                    where_.erase(maker.id);
                    queue.pop_front();
                }
            }
            if (queue.empty()) side.erase(side.begin());
        }
        return left;
    }
    template <class Side>
    void rest(Side& side, const FlowOperation& order, std::int64_t left) {
        Queue& queue = side[order.price];
        queue.push_back({order.id, left});
        where_[order.id] = {order.sell, order.price, std::prev(queue.end())};
    }
    template <class Side>
    void erase(Side& side, const Where& where) {
        const auto level = side.find(where.price);
        level->second.erase(where.at);
        if (level->second.empty()) side.erase(level);
    }

    std::map<std::int64_t, Queue, std::greater<>> bids_;
    std::map<std::int64_t, Queue> asks_;
    std::unordered_map<std::uint64_t, Where> where_;
};

struct FlowTotals {
    std::uint64_t trades = 0;
    std::uint64_t quantity = 0;
    std::uint64_t notional = 0;
    std::uint64_t resting = 0;
    std::int64_t best_bid = 0;
    std::int64_t best_ask = 0;
    std::uint64_t operations_hash = 0;
    std::uint64_t trades_hash = 0;
    bool operator==(const FlowTotals&) const = default;
};

struct Flow {
    std::string_view name;
    std::vector<FlowOperation> operations;
    FlowTotals expected;  // as published
    FlowTotals reckoned;  // by the book that made it
};

// "M1", "M2", "M3", "A1". REQUIRES: one of these.
[[nodiscard]] Flow make_flow(std::string_view name);

// Buyers are participants 1 + id mod 32, sellers 33 + id mod 32.
[[nodiscard]] std::vector<exchange::Operation> operations_of(const Flow& flow);
// The hash of the operations is the maker's.
[[nodiscard]] FlowTotals totals_of(const Flow& flow, const exchange::ReplayTotals& totals);
// What `abate market replay` makes of it, without accounts and with them.
[[nodiscard]] FlowTotals replayed(const Flow& flow);
[[nodiscard]] FlowTotals replayed_covered(const Flow& flow);

}  // namespace abate::bench
