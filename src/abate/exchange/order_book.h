// One book: what rests at which price, in the order of time. Price first, then time.
//
//     OrderBook book({.most_orders = 100'000});
//     const std::int64_t left = book.take(Side::buy, {.limit = 4'100, .quantity = 30},
//                                         [&](const Resting& maker, Ticks price, std::int64_t quantity) { ...; return Verdict::fill; });
//     if (left > 0) book.rest(Side::buy, {.id = 17, .price = 4'100, .quantity = left, .owner = lab});
//     book.remove(book.find(17));
//
// Knows no accounts, rights or money: exchange.h asks those. A price is a count of ticks.
//
// What always holds: the best bid is below the best ask; a level has an order; a level's total is the sum of its orders. Each call works on
// the orders that it fills and on one level more; nothing depends on how many rest at a price. Prices near the market lie in one array (the
// ladder), those far away in a map; the ladder follows the market at most once in kLadder orders. Memory is taken as the book grows up to
// most_orders, and never given back: once it is warm nothing is allocated.
//
// Not thread-safe.
#pragma once

#include "abate/core/assert.h"
#include "abate/core/pages.h"
#include "abate/exchange/order_index.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>

namespace abate::exchange {

enum class Side : std::uint8_t { buy = 0, sell = 1 };
[[nodiscard]] constexpr Side other(Side side) {
    return side == Side::buy ? Side::sell : Side::buy;
}

using Ticks = std::int64_t;
inline constexpr Ticks kMostTicks = std::int64_t{1} << 62;
// So that what rests at one price has a sum: most_orders x this is below 2^63.
inline constexpr std::int64_t kMostQuantity = std::int64_t{1} << 40;
inline constexpr std::uint32_t kMostOrders = std::uint32_t{1} << 22;

// An order in the book. The last four are the book's own, but for `owner`, which it keeps and never asks.
struct Resting {
    std::uint64_t id = 0;
    std::int64_t quantity = 0;  // what is left of it
    std::uint32_t owner = 0;
    std::uint32_t level = 0;
    std::uint32_t next = 0;
    std::uint32_t before = 0;
};
static_assert(sizeof(Resting) == 32);

// What becomes of a maker that an order meets.
enum class Verdict : std::uint8_t {
    fill,          // they trade
    remove_maker,  // it goes, and the taker meets the next one
    stop,          // the taker takes nothing more
};

class OrderBook {
  public:
    struct Options {
        std::uint32_t most_orders = 1U << 20;  // 1 to kMostOrders
        std::uint64_t hash_seed = 0x5eed;
    };
    explicit OrderBook(const Options& options);

    // The place of an order; kNone: it does not rest here.
    static constexpr std::uint32_t kNone = OrderIndex::kNone;
    [[nodiscard]] std::uint32_t find(std::uint64_t id) const {
        return index_.find(id, [&](std::uint32_t place) { return orders_[place].id == id; });
    }
    void prefetch(std::uint64_t id) const { index_.prefetch(id); }
    // REQUIRES: a place that find() or rest() gave, and that still has its order.
    [[nodiscard]] const Resting& at(std::uint32_t place) const { return orders_[place]; }
    [[nodiscard]] Ticks price_of(std::uint32_t place) const {
        return levels_[orders_[place].level].price;
    }
    [[nodiscard]] Side side_of(std::uint32_t place) const {
        return best_level_[0] != kNone && price_of(place) <= best_[0] ? Side::buy : Side::sell;
    }

    [[nodiscard]] std::optional<Ticks> best(Side side) const {
        if (best_level_[index(side)] == kNone) return std::nullopt;
        return best_[index(side)];
    }
    // Whether an order of this side and limit would meet one.
    [[nodiscard]] bool crosses(Side side, Ticks limit) const {
        const std::size_t facing = index(other(side));
        return best_level_[facing] != kNone &&
               (side == Side::buy ? best_[facing] <= limit : best_[facing] >= limit);
    }

    struct Taking {
        Ticks limit = 0;
        std::int64_t quantity = 0;
    };
    // Meets the other side's orders, best price first, then time, while the limit allows; a partly filled maker keeps its place.
    // `meet(maker, price, quantity)` says for each what becomes of it. What is left of the quantity.
    template <class Meet>
    std::int64_t take(Side side, const Taking& taking, Meet&& meet);

    struct NewOrder {
        std::uint64_t id = 0;
        Ticks price = 0;
        std::int64_t quantity = 0;
        std::uint32_t owner = 0;
    };
    // Behind all others at its price. Its place.
    // REQUIRES: it crosses nothing; the id is not in the book; not full(); 0 < quantity <= kMostQuantity; |price| <= kMostTicks.
    std::uint32_t rest(Side side, const NewOrder& order);
    void remove(std::uint32_t place);
    // Makes it smaller; it keeps its place. REQUIRES: 0 < quantity <= what it has.
    void reduce(std::uint32_t place, std::int64_t quantity);

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool full() const { return size_ == most_orders_; }

    // The levels of a side, best first: `visit(price, total, first order's place)` until it says false.
    template <class Visit>
    void for_each_level(Side side, Visit&& visit) const;
    // The place behind this one at its price; kNone: it is the last.
    [[nodiscard]] std::uint32_t next(std::uint32_t place) const { return orders_[place].next; }

  private:
    struct Level {
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
        std::int64_t total = 0;
        Ticks price = 0;
    };
    static constexpr std::size_t kLadder = std::size_t{1} << 14;
    static constexpr std::size_t kWords = kLadder / 64;
    static constexpr std::size_t kSummaries = kWords / 64;

    [[nodiscard]] static constexpr std::size_t index(Side side) {
        return static_cast<std::size_t>(side);
    }
    [[nodiscard]] static constexpr std::size_t slot_of(Ticks price) {
        return static_cast<std::size_t>(price) & (kLadder - 1);
    }
    [[nodiscard]] bool in_ladder(Ticks price) const {
        return static_cast<std::uint64_t>(price - base_) < kLadder;
    }

    std::uint32_t level_for(Side side, Ticks price);
    std::uint32_t make_level(Side side, Ticks price);
    void drop_level(std::uint32_t level);
    void drop_best(Side side);
    void find_best(Side side, Ticks from);
    void forget(std::uint32_t place);
    void set_bit(std::size_t slot);
    void clear_bit(std::size_t slot);
    void move_ladder(Ticks centre);
    // Slots that are taken, the nearest first; kLadder: none.
    [[nodiscard]] std::size_t taken_below(std::size_t slot) const;
    [[nodiscard]] std::size_t taken_above(std::size_t slot) const;
    struct Found {
        Ticks price;
        std::uint32_t level;
    };
    [[nodiscard]] std::optional<Found> next_lower(Ticks price) const;
    [[nodiscard]] std::optional<Found> next_higher(Ticks price) const;

    struct Free {
        void operator()(void* at) const { free_memory(at); }
    };
    template <class T>
    using Array = std::unique_ptr<T[], Free>;

    std::uint32_t most_orders_;
    OrderIndex index_;
    Array<Resting> orders_;
    Array<Level> levels_;
    std::uint32_t size_ = 0;
    std::uint32_t free_order_ = kNone;  // linked by `next`
    std::uint32_t free_level_ = kNone;  // linked by `first`
    std::uint32_t used_orders_ = 0;
    std::uint32_t used_levels_ = 0;
    std::array<Ticks, 2> best_{};
    std::array<std::uint32_t, 2> best_level_{kNone, kNone};

    // Price p of [base_, base_ + kLadder) stands at slot p mod kLadder.
    Ticks base_ = 0;
    std::array<std::uint32_t, kLadder> ladder_{};
    std::array<std::uint64_t, kWords> taken_{};
    std::array<std::uint64_t, kSummaries> words_taken_{};
    std::uint32_t since_moved_ = kLadder;
    std::pmr::unsynchronized_pool_resource far_memory_;
    std::pmr::map<Ticks, std::uint32_t> far_{&far_memory_};
};

template <class Meet>
std::int64_t OrderBook::take(Side side, const Taking& taking, Meet&& meet) {
    std::int64_t left = taking.quantity;
    const Side facing = other(side);
    while (left > 0 && crosses(side, taking.limit)) {
        Level& level = levels_[best_level_[index(facing)]];
        std::uint32_t place = level.first;
        while (place != kNone) {
            Resting& maker = orders_[place];
            const std::int64_t quantity = std::min(left, maker.quantity);
            const Verdict verdict =
                meet(static_cast<const Resting&>(maker), level.price, quantity);
            if (verdict == Verdict::stop) break;
            if (verdict == Verdict::fill) {
                left -= quantity;
                if (quantity < maker.quantity) {
                    maker.quantity -= quantity;
                    level.total -= quantity;
                    break;
                }
            }
            level.total -= maker.quantity;
            const std::uint32_t behind = maker.next;
            forget(place);
            place = behind;
            if (left == 0) break;
        }
        if (place == kNone) {
            drop_best(facing);
            continue;
        }
        level.first = place;
        orders_[place].before = kNone;
        break;
    }
    return left;
}

template <class Visit>
void OrderBook::for_each_level(Side side, Visit&& visit) const {
    if (best_level_[index(side)] == kNone) return;
    std::optional<Found> at = Found{best_[index(side)], best_level_[index(side)]};
    while (at) {
        const Level& level = levels_[at->level];
        if (!visit(level.price, level.total, level.first)) return;
        at = side == Side::buy ? next_lower(at->price) : next_higher(at->price);
    }
}

}  // namespace abate::exchange
