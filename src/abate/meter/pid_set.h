// PidSet: a set of process ids, each with a number if wanted, that is emptied in O(1) and allocates
// only while it grows.
//
//     PidSet set(1024);
//     set.insert(4711);  set.contains(4711);  set.clear();
//     set.insert_least(4711, 30);  set.insert_least(4711, 20);  *set.find(4711) == 20;
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace abate::meter {

class PidSet {
  public:
    // Room for `expected` ids before the first growth.
    explicit PidSet(std::size_t expected) : slots_(std::bit_ceil(expected * 2 + 2)) {}

    void clear() noexcept {
        size_ = 0;
        ++generation_;
    }

    // False if it was there.
    bool insert(pid_t pid) {
        if ((size_ + 1) * 2 > slots_.size()) grow();
        Slot& slot = slots_[slot_of(pid)];
        if (slot.generation == generation_) return false;
        slot = {generation_, pid, 0};
        ++size_;
        return true;
    }

    // With a number; of several for one id the least stays.
    void insert_least(pid_t pid, std::int64_t number) {
        const bool fresh = insert(pid);
        std::int64_t& kept = slots_[slot_of(pid)].number;
        kept = fresh ? number : std::min(kept, number);
    }

    [[nodiscard]] bool contains(pid_t pid) const noexcept { return find(pid) != nullptr; }

    // Its number; null when it is not there. Valid until the next insertion.
    [[nodiscard]] const std::int64_t* find(pid_t pid) const noexcept {
        const Slot& slot = slots_[slot_of(pid)];
        return slot.generation == generation_ ? &slot.number : nullptr;
    }

  private:
    struct Slot {
        std::uint64_t generation = 0;
        pid_t pid = 0;
        std::int64_t number = 0;
    };

    // The slot of `pid`, or the free one where it would go. At most half of them are taken.
    [[nodiscard]] std::size_t slot_of(pid_t pid) const noexcept {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = static_cast<std::size_t>(pid) * 0x9e3779b97f4a7c15U >> 32U & mask;
        while (slots_[at].generation == generation_ && slots_[at].pid != pid) at = (at + 1) & mask;
        return at;
    }

    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.generation == generation_) slots_[slot_of(slot.pid)] = slot;
        }
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
    std::uint64_t generation_ = 1;
};

}  // namespace abate::meter
