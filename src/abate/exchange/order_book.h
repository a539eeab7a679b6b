// One book: what rests at which price, in the order of time. Price first, then time.
//
//     OrderBook book({.most_orders = 100'000});
//     const std::int64_t left = book.take(Side::buy, {.limit = 4'100, .quantity = 30},
//                                         [&](const Meeting& met) { ...; return Verdict::fill; });
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
[[nodiscard]] constexpr Side other(Side side) { return side == Side::buy ? Side::sell : Side::buy; }

using Ticks = std::int64_t;
inline constexpr Ticks kMostTicks = std::int64_t{1} << 62;
// So that what rests at one price has a sum: most_orders x this is below 2^63.
inline constexpr std::int64_t kMostQuantity = std::int64_t{1} << 40;
inline constexpr std::uint32_t kMostOrders = std::uint32_t{1} << 22;

// An order in the book.
struct Resting {
    std::uint64_t id = 0;
    std::int64_t quantity = 0;  // what is left of it
    std::uint32_t owner = 0;    // whoever the exchange means by it; the book never asks
    // The book's own: its level, and its neighbours in the ring of those at its price. A level is the head of its ring and kept as they
    // are, so that taking one out asks nothing: `id` is then the price, `quantity` the sum, `next` the first, `before` the last.
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

// What a taker meets.
struct Meeting {
    const Resting& maker;
    Ticks price;
    std::int64_t quantity;  // that both have
};

struct LevelView {
    Ticks price = 0;
    std::int64_t total = 0;
    std::uint32_t first = 0;  // place of the order that came first
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
        return index_.find(id, [&](std::uint32_t place) { return nodes_[place].id == id; });
    }
    void prefetch(std::uint64_t id) const { index_.prefetch(id); }
    // REQUIRES: a place that find() or rest() gave, and that still has its order.
    [[nodiscard]] const Resting& at(std::uint32_t place) const { return nodes_[place]; }
    [[nodiscard]] Ticks price_of(std::uint32_t place) const {
        return price_at(nodes_[place].level);
    }
    [[nodiscard]] Side side_of(std::uint32_t place) const {
        return price_of(place) <= best_[0] ? Side::buy : Side::sell;
    }

    [[nodiscard]] std::optional<Ticks> best(Side side) const {
        if (best_level_[index(side)] == kNone) return std::nullopt;
        return best_[index(side)];
    }
    // Whether an order of this side and limit would meet one.
    [[nodiscard]] bool crosses(Side side, Ticks limit) const {
        // An empty side's best is beyond every limit.
        const Ticks facing = best_[index(other(side))];
        return toward(side, facing) <= toward(side, limit);
    }

    struct Taking {
        Ticks limit = 0;
        std::int64_t quantity = 0;
    };
    // Meets the other side's orders, best price first, then time, while the limit allows; a partly filled maker keeps its place.
    // `meet(Meeting)` says for each what becomes of it. What is left of the quantity.
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

    // The levels of a side, best first: `visit(LevelView)` until it says false.
    template <class Visit>
    void for_each_level(Side side, Visit&& visit) const;
    // The place behind this one at its price; kNone: it is the last.
    [[nodiscard]] std::uint32_t next(std::uint32_t place) const {
        const Resting& order = nodes_[place];
        return order.next == order.level ? kNone : order.next;
    }

  private:
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
        return static_cast<std::uint64_t>(price) - static_cast<std::uint64_t>(base_) < kLadder;
    }
    [[nodiscard]] Ticks price_at(std::uint32_t level) const {
        return static_cast<Ticks>(nodes_[level].id);
    }
    // Prices as the side sees them: less is better for the other side's orders to meet. No branch, since sides come as they like.
    [[nodiscard]] static constexpr Ticks toward(Side side, Ticks price) {
        const Ticks sign = -static_cast<Ticks>(index(side));  // 0 or -1
        return (price ^ sign) - sign;
    }
    static constexpr std::array<Ticks, 2> kNobody{-kMostTicks - 1, kMostTicks + 1};

    std::uint32_t take_node() {
        const std::uint32_t node = free_;
        if (node == kNone) return used_++;
        free_ = nodes_[node].next;
        return node;
    }
    void give_back_node(std::uint32_t node) {
        nodes_[node].next = free_;
        free_ = node;
    }
    void forget(std::uint32_t place) {
        index_.erase(nodes_[place].id, place);
        give_back_node(place);
        --size_;
    }
    std::uint32_t level_for(Side side, Ticks price) {
        ++since_moved_;
        if (in_ladder(price)) {
            const std::uint32_t level = ladder_[slot_of(price)];
            return level != kNone ? level : make_level(side, price);
        }
        return far_level_for(side, price);
    }
    std::uint32_t far_level_for(Side side, Ticks price);
    std::uint32_t make_level(Side side, Ticks price);
    void drop_level(std::uint32_t level);
    void drop_best(Side side);
    void set_bit(std::size_t slot) {
        taken_[slot / 64] |= std::uint64_t{1} << slot % 64;
        words_taken_[slot / 4096] |= std::uint64_t{1} << slot / 64 % 64;
    }
    void clear_bit(std::size_t slot) {
        taken_[slot / 64] &= ~(std::uint64_t{1} << slot % 64);
        if (taken_[slot / 64] == 0)
            words_taken_[slot / 4096] &= ~(std::uint64_t{1} << slot / 64 % 64);
    }
    void move_ladder(Ticks centre);
    // Slots that are taken, the nearest first; kLadder: none.
    [[nodiscard]] std::size_t taken_below(std::size_t slot) const;
    [[nodiscard]] std::size_t taken_above(std::size_t slot) const;
    // The next level; kNone: there is none.
    [[nodiscard]] std::uint32_t next_lower(Ticks price) const;
    [[nodiscard]] std::uint32_t next_higher(Ticks price) const;

    struct Free {
        void operator()(void* at) const { free_memory(at); }
    };

    std::uint32_t most_orders_;
    OrderIndex index_;
    std::unique_ptr<Resting[], Free> nodes_;  // orders and levels
    std::uint32_t size_ = 0;
    std::uint32_t free_ = kNone;  // linked by `next`
    std::uint32_t used_ = 0;
    std::array<Ticks, 2> best_ = kNobody;
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
        const std::uint32_t at = best_level_[index(facing)];
        Resting& level = nodes_[at];
        const Ticks price = static_cast<Ticks>(level.id);
        std::uint32_t place = level.next;
        bool stopped = false;
        do {
            Resting& maker = nodes_[place];
            const std::int64_t quantity = std::min(left, maker.quantity);
            const Verdict verdict =
                meet(Meeting{.maker = maker, .price = price, .quantity = quantity});
            stopped = verdict == Verdict::stop;
            if (stopped) break;
            if (verdict == Verdict::fill) {
                left -= quantity;
                level.quantity -= quantity;
                maker.quantity -= quantity;
                if (maker.quantity > 0) break;
            }
            level.quantity -= maker.quantity;
            const std::uint32_t behind = maker.next;
            forget(place);
            place = behind;
        } while (left > 0 && place != at);
        level.next = place;
        nodes_[place].before = at;
        if (place == at) drop_best(facing);
        if (stopped) break;
    }
    return left;
}

inline std::uint32_t OrderBook::rest(Side side, const NewOrder& order) {
    ABATE_REQUIRE(size_ < most_orders_);
    ++size_;
    const std::uint32_t at = level_for(side, order.price);
    const std::uint32_t place = take_node();
    Resting& level = nodes_[at];
    const std::uint32_t last = level.before;
    nodes_[place] = {.id = order.id,
                     .quantity = order.quantity,
                     .owner = order.owner,
                     .level = at,
                     .next = at,
                     .before = last};
    nodes_[last].next = place;
    level.before = place;
    level.quantity += order.quantity;
    index_.insert(order.id, place);
    return place;
}

inline void OrderBook::remove(std::uint32_t place) {
    const Resting& order = nodes_[place];
    const std::uint32_t at = order.level;
    Resting& level = nodes_[at];
    nodes_[order.before].next = order.next;
    nodes_[order.next].before = order.before;
    level.quantity -= order.quantity;
    forget(place);
    if (level.next != at) return;
    if (at == best_level_[0])
        drop_best(Side::buy);
    else if (at == best_level_[1])
        drop_best(Side::sell);
    else
        drop_level(at);
}

inline void OrderBook::reduce(std::uint32_t place, std::int64_t quantity) {
    Resting& order = nodes_[place];
    ABATE_REQUIRE(quantity > 0 && quantity <= order.quantity);
    nodes_[order.level].quantity -= order.quantity - quantity;
    order.quantity = quantity;
}

template <class Visit>
void OrderBook::for_each_level(Side side, Visit&& visit) const {
    for (std::uint32_t at = best_level_[index(side)]; at != kNone;
         at = side == Side::buy ? next_lower(price_at(at)) : next_higher(price_at(at)))
        if (!visit(LevelView{
                .price = price_at(at), .total = nodes_[at].quantity, .first = nodes_[at].next}))
            return;
}

}  // namespace abate::exchange
