// Number to position, for millions of ids: one array, open addressing, no deletion. Inside `registry` only.
//
// A look-up is one cache miss; prefetch() hides it. Positions are 32 bits, so 2^32 - 1 ids at the most. A slot keeps the upper half of its
// key's hash, whose first bits say where the search begins: growing is one pass over the slots, and reads no key.
#pragma once

#include "abate/core/assert.h"
#include "abate/core/mixed.h"
#include "abate/core/pages.h"
#include "abate/core/prefetch.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace abate::registry {

// Memory that begins at a cache line; in huge pages where it is large, since a look-up may go anywhere.
template <class T>
struct LineAllocator {
    using value_type = T;  // NOLINT(readability-identifier-naming): the standard library's word
    static constexpr std::size_t kLarge = std::size_t{2} << 20;
    LineAllocator() = default;
    template <class U>
    explicit LineAllocator(const LineAllocator<U>& /*other*/) {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(n * sizeof(T) < kLarge ? allocate_lines(n * sizeof(T))
                                                      : allocate_huge(n * sizeof(T)));
    }
    void deallocate(T* at, std::size_t /*n*/) { free_memory(at); }
    bool operator==(const LineAllocator&) const { return true; }
};

// Positions are 0, 1, 2, ... in the order of insertion. The hash must be the same for equal keys; `same(position)` says whether the
// record at that position has the key.
class IdIndex {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    IdIndex() : slots_(kLeast) {}

    void prefetch(std::uint64_t hash) const { prefetch_line(&slots_[line_of(tag_of(hash))]); }

    // Most likely the position of the key, without a look at the record: for prefetching it. kNone: not there.
    [[nodiscard]] std::uint32_t guess(std::uint64_t hash) const {
        return find(hash, [](std::uint32_t) { return true; });
    }

    template <class Same>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, const Same& same) const {
        const std::uint32_t tag = tag_of(hash);
        for (std::size_t at = line_of(tag);; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.position == kNone) return kNone;
            if (slot.tag == tag && same(slot.position)) return slot.position;
        }
    }

    // The position of the new key. REQUIRES: it is not in it.
    std::uint32_t insert(std::uint64_t hash) {
        ABATE_ASSERT(used_ < kNone);
        if ((std::uint64_t{used_} + 1) * 8 > slots_.size() * 5) grow();
        place({.tag = tag_of(hash), .position = used_});
        return used_++;
    }

    // So that it need not grow until it has `count`.
    void reserve(std::uint64_t count) {
        while (count * 8 > slots_.size() * 5) grow();
    }

    [[nodiscard]] std::uint32_t size() const { return used_; }

  private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t position = kNone;
    };
    static constexpr std::size_t kLine = 64 / sizeof(Slot);
    static constexpr unsigned kLeastLineBits = 3;
    static constexpr std::size_t kLeast = kLine << kLeastLineBits;

    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
    [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32);
    }
    // Search begins at the start of a cache line and seldom leaves it: nine in ten look-ups read one line.
    [[nodiscard]] std::size_t line_of(std::uint32_t tag) const {
        return (std::uint64_t{tag} << line_bits_ >> 32) * kLine;
    }

    void place(Slot slot) {
        std::size_t at = line_of(slot.tag);
        while (slots_[at].position != kNone) at = (at + 1) & mask();
        slots_[at] = slot;
    }

    // What was in one line goes into two that lie side by side.
    void grow() {
        const std::vector<Slot, LineAllocator<Slot>> old = std::move(slots_);
        slots_ = std::vector<Slot, LineAllocator<Slot>>(old.size() * 2);
        ++line_bits_;
        for (const Slot& slot : old)
            if (slot.position != kNone) place(slot);
    }

    std::vector<Slot, LineAllocator<Slot>> slots_;
    std::uint32_t used_ = 0;
    unsigned line_bits_ = kLeastLineBits;
};

}  // namespace abate::registry
