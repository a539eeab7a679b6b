// Every order id that was ever used, and what it stood for. Inside `exchange` only.
//
// Clients count: ids that lie together stand on one page of sixteen, so that the next id is in the cache. A page takes 80 bytes and is found
// by a table of 16 bytes a page. An id is never forgotten: the same order that comes again is answered, not done again.
#pragma once

#include "abate/exchange/order_index.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace abate::exchange {

class OrderIds {
  public:
    explicit OrderIds(std::uint64_t seed) : index_(seed) {}

    // What it stood for; none: it was never used.
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t id) const {
        const Page* const found = find_page(id / kIds);
        if (found == nullptr || (found->used >> id % kIds & 1) == 0) return std::nullopt;
        return found->marks[id % kIds];
    }
    void prefetch(std::uint64_t id) const { index_.prefetch(id / kIds); }
    // REQUIRES: it was never used; fewer than 2^32 pages.
    void insert(std::uint64_t id, std::uint32_t mark) {
        Page* own = find_page(id / kIds);
        if (own == nullptr) own = &add_page(id / kIds);
        own->used = static_cast<std::uint16_t>(own->used | 1U << id % kIds);
        own->marks[id % kIds] = mark;
        ++size_;
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    // `visit(id, mark)`, in no order that means something.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::uint32_t at = 0; at < pages_; ++at)
            for (std::uint64_t i = 0; i < kIds; ++i)
                if ((page(at).used >> i & 1) != 0)
                    visit(page(at).key * kIds + i, page(at).marks[i]);
    }

  private:
    static constexpr std::uint64_t kIds = 16;
    static constexpr std::size_t kBlock = 1024;
    struct Page {
        std::uint64_t key = 0;
        std::uint16_t used = 0;  // a bit an id
        std::array<std::uint32_t, kIds> marks{};
    };

    [[nodiscard]] Page& page(std::uint32_t at) const { return blocks_[at / kBlock][at % kBlock]; }
    [[nodiscard]] Page* find_page(std::uint64_t key) const {
        if (last_ != nullptr && last_->key == key) return last_;
        if (key > highest_) return nullptr;
        const std::uint32_t at =
            index_.find(key, [&](std::uint32_t place) { return page(place).key == key; });
        if (at == OrderIndex::kNone) return nullptr;
        last_ = &page(at);
        return last_;
    }
    Page& add_page(std::uint64_t key) {
        if (pages_ == blocks_.size() * kBlock) blocks_.push_back(std::make_unique<Page[]>(kBlock));
        index_.insert(key, pages_);
        highest_ = std::max(highest_, key);
        last_ = &page(pages_++);
        last_->key = key;
        return *last_;
    }

    OrderIndex index_;
    std::vector<std::unique_ptr<Page[]>> blocks_;
    std::uint32_t pages_ = 0;
    mutable Page* last_ = nullptr;  // that was found
    std::uint64_t highest_ = 0;     // key of a page
    std::size_t size_ = 0;
};

}  // namespace abate::exchange
