// Order id to place, where ids come and go all day. Inside `exchange` only.
//
// Open addressing over eight bytes an order, at most half full; what is removed leaves no mark, since those behind it move up. A slot keeps
// the upper half of its id's hash, whose first bits say where the search begins, so that moving and growing read no order.
#pragma once

#include "abate/core/mixed.h"
#include "abate/core/pages.h"
#include "abate/core/prefetch.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace abate::exchange {

class OrderIndex {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // Ids are chosen by clients, who do not know the seed.
    explicit OrderIndex(std::uint64_t seed) : factor_(mixed(seed) | 1) { resize(kLeastBits); }

    template <class Same>
    [[nodiscard]] std::uint32_t find(std::uint64_t id, const Same& same) const {
        const std::uint32_t tag = tag_of(id);
        for (std::size_t at = home(tag);; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (slot.place == kNone) return kNone;
            if (slot.tag == tag && same(slot.place)) return slot.place;
        }
    }
    void prefetch(std::uint64_t id) const { prefetch_line(&slots_[home(tag_of(id))]); }

    // REQUIRES: the id is not in it.
    void insert(std::uint64_t id, std::uint32_t place) {
        if (++used_ * 2 > mask_) resize(bits_ + 1);
        put({.tag = tag_of(id), .place = place});
    }

    // REQUIRES: it is in it, with this place.
    void erase(std::uint64_t id, std::uint32_t place) {
        std::size_t hole = home(tag_of(id));
        while (slots_[hole].place != place) hole = (hole + 1) & mask_;
        for (std::size_t at = (hole + 1) & mask_; slots_[at].place != kNone;
             at = (at + 1) & mask_) {
            // It may move up if its search begins at the hole or before it.
            if (((at - home(slots_[at].tag)) & mask_) < ((at - hole) & mask_)) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole].place = kNone;
        --used_;
    }

  private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t place = kNone;
    };
    struct Free {
        void operator()(void* at) const { free_memory(at); }
    };
    static constexpr unsigned kLeastBits = 10;

    // Multiply-shift: two ids collide for at most two in `mask_ + 1` odd factors (Dietzfelbinger et al. 1997).
    [[nodiscard]] std::uint32_t tag_of(std::uint64_t id) const {
        return static_cast<std::uint32_t>(id * factor_ >> 32);
    }
    [[nodiscard]] std::size_t home(std::uint32_t tag) const { return tag >> (32 - bits_); }

    void put(Slot slot) {
        std::size_t at = home(slot.tag);
        while (slots_[at].place != kNone) at = (at + 1) & mask_;
        slots_[at] = slot;
    }

    void resize(unsigned bits);

    std::uint64_t factor_;
    unsigned bits_ = 0;
    std::size_t mask_ = 0;
    std::size_t used_ = 0;
    std::unique_ptr<Slot[], Free> slots_;
};

}  // namespace abate::exchange
