#include "abate/exchange/order_book.h"

#include <bit>
#include <new>
#include <utility>

namespace abate::exchange {

void OrderIndex::resize(unsigned bits) {
    const std::size_t size = std::size_t{1} << bits;
    std::unique_ptr<Slot[], Free> old(static_cast<Slot*>(allocate_huge(size * sizeof(Slot))));
    for (std::size_t i = 0; i < size; ++i) new (&old[i]) Slot;
    slots_.swap(old);
    const std::size_t before = old ? mask_ + 1 : 0;
    bits_ = bits;
    mask_ = size - 1;
    for (std::size_t i = 0; i < before; ++i)
        if (old[i].place != kNone) put(old[i]);
}

OrderBook::OrderBook(const Options& options)
    : most_orders_(options.most_orders), index_(options.hash_seed) {
    ABATE_REQUIRE(options.most_orders > 0 && options.most_orders <= kMostOrders);
    // A level has an order, so there are at most as many. The kernel gives the memory when it is first written.
    nodes_.reset(static_cast<Resting*>(allocate_huge(2 * sizeof(Resting) * options.most_orders)));
    ladder_.fill(kNone);
}

std::uint32_t OrderBook::far_level_for(Side side, Ticks price) {
    if (const auto found = far_.find(price); found != far_.end()) return found->second;
    return make_level(side, price);
}

std::uint32_t OrderBook::make_level(Side side, Ticks price) {
    const std::uint32_t level = take_node();
    nodes_[level] = {.id = static_cast<std::uint64_t>(price),
                     .quantity = 0,
                     .owner = 0,
                     .level = level,
                     .next = level,
                     .before = level};
    const std::size_t i = index(side);
    const bool is_best = toward(side, price) > toward(side, best_[i]);
    if (is_best && !in_ladder(price) && since_moved_ >= kLadder) move_ladder(price);
    if (in_ladder(price)) {
        ladder_[slot_of(price)] = level;
        set_bit(slot_of(price));
    } else {
        far_.emplace(price, level);
    }
    if (is_best) {
        best_[i] = price;
        best_level_[i] = level;
    }
    return level;
}

void OrderBook::drop_level(std::uint32_t level) {
    const Ticks price = price_at(level);
    if (in_ladder(price)) {
        ladder_[slot_of(price)] = kNone;
        clear_bit(slot_of(price));
    } else {
        far_.erase(price);
    }
    give_back_node(level);
}

void OrderBook::drop_best(Side side) {
    const std::size_t i = index(side);
    const Ticks price = best_[i];
    drop_level(best_level_[i]);
    const std::uint32_t next = side == Side::buy ? next_lower(price) : next_higher(price);
    best_level_[i] = next;
    best_[i] = next == kNone ? kNobody[i] : price_at(next);
}

std::size_t OrderBook::taken_below(std::size_t slot) const {
    const std::size_t word = slot / 64;
    if (const std::uint64_t here = taken_[word] & ((std::uint64_t{1} << slot % 64) - 1); here != 0)
        return word * 64 + 63 - static_cast<std::size_t>(std::countl_zero(here));
    // Words before it, round the ladder; its own summary comes twice: the part before, and at last the part from it on.
    for (std::size_t i = 0; i <= kSummaries; ++i) {
        const std::size_t summary = (word / 64 + kSummaries - i) % kSummaries;
        std::uint64_t words = words_taken_[summary];
        const std::uint64_t before = (std::uint64_t{1} << word % 64) - 1;
        if (i == 0) words &= before;
        if (i == kSummaries) words &= ~before;
        if (words == 0) continue;
        const std::size_t found =
            summary * 64 + 63 - static_cast<std::size_t>(std::countl_zero(words));
        return found * 64 + 63 - static_cast<std::size_t>(std::countl_zero(taken_[found]));
    }
    return kLadder;
}

std::size_t OrderBook::taken_above(std::size_t slot) const {
    const std::size_t word = slot / 64;
    if (const std::uint64_t here = taken_[word] & (~std::uint64_t{1} << slot % 64); here != 0)
        return word * 64 + static_cast<std::size_t>(std::countr_zero(here));
    for (std::size_t i = 0; i <= kSummaries; ++i) {
        const std::size_t summary = (word / 64 + i) % kSummaries;
        std::uint64_t words = words_taken_[summary];
        const std::uint64_t behind = ~std::uint64_t{1} << word % 64;
        if (i == 0) words &= behind;
        if (i == kSummaries) words &= ~behind;
        if (words == 0) continue;
        const std::size_t found = summary * 64 + static_cast<std::size_t>(std::countr_zero(words));
        return found * 64 + static_cast<std::size_t>(std::countr_zero(taken_[found]));
    }
    return kLadder;
}

// Prices fall through three parts: above the ladder, in it, below it.
std::uint32_t OrderBook::next_lower(Ticks price) const {
    const Ticks end = base_ + static_cast<Ticks>(kLadder);
    if (price > end && !far_.empty()) {
        const auto above = far_.lower_bound(price);
        if (above != far_.begin() && std::prev(above)->first >= end)
            return std::prev(above)->second;
    }
    const Ticks from = std::min(price, end);
    if (from > base_) {
        // Seen from the slot of `from`, those below it lie nearest; one of the ladder's upper part is further round than its foot.
        const std::size_t slot = taken_below(slot_of(from));
        if (slot != kLadder) {
            const std::size_t down = (slot_of(from) - slot - 1) & (kLadder - 1);
            const Ticks found = from - 1 - static_cast<Ticks>(down);
            if (found >= base_) return ladder_[slot];
        }
    }
    if (far_.empty()) return kNone;
    const auto below = far_.lower_bound(std::min(price, base_));
    if (below == far_.begin()) return kNone;
    return std::prev(below)->second;
}

std::uint32_t OrderBook::next_higher(Ticks price) const {
    const Ticks last = base_ + static_cast<Ticks>(kLadder) - 1;
    if (price < base_ - 1 && !far_.empty()) {
        const auto below = far_.upper_bound(price);
        if (below != far_.end() && below->first < base_) return below->second;
    }
    const Ticks from = std::max(price, base_ - 1);
    if (from < last) {
        const std::size_t slot = taken_above(slot_of(from));
        if (slot != kLadder) {
            const std::size_t up = (slot - slot_of(from) - 1) & (kLadder - 1);
            const Ticks found = from + 1 + static_cast<Ticks>(up);
            if (found <= last) return ladder_[slot];
        }
    }
    if (far_.empty()) return kNone;
    const auto above = far_.upper_bound(std::max(price, last));
    if (above == far_.end()) return kNone;
    return above->second;
}

void OrderBook::move_ladder(Ticks centre) {
    const Ticks old_base = base_;
    const Ticks base = centre - static_cast<Ticks>(kLadder) / 2;
    const auto stays = [&](Ticks price) {
        return static_cast<std::uint64_t>(price) - static_cast<std::uint64_t>(base) < kLadder;
    };
    for (std::size_t i = 0; i < kLadder; ++i) {
        const Ticks price = old_base + static_cast<Ticks>(i);
        const std::size_t slot = slot_of(price);
        if (ladder_[slot] == kNone || stays(price)) continue;
        far_.emplace(price, ladder_[slot]);
        ladder_[slot] = kNone;
        clear_bit(slot);
    }
    base_ = base;
    auto at = far_.lower_bound(base);
    while (at != far_.end() && stays(at->first)) {
        ladder_[slot_of(at->first)] = at->second;
        set_bit(slot_of(at->first));
        at = far_.erase(at);
    }
    since_moved_ = 0;
}

}  // namespace abate::exchange
