// A sequence that grows by whole chunks: what is in it never moves, and growing copies nothing. Inside `registry` only.
#pragma once

#include "abate/core/pages.h"

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace abate::registry {

template <class T>
class Chunks {
  public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T& operator[](std::size_t at) { return chunks_[at / kChunk][at % kChunk]; }
    [[nodiscard]] const T& operator[](std::size_t at) const {
        return chunks_[at / kChunk][at % kChunk];
    }

    // Takes the memory now in which `count` have place. Throws std::bad_alloc.
    void make_room(std::size_t count) {
        const std::size_t wanted = (count + kChunk - 1) / kChunk;
        if (wanted <= chunks_.size()) return;
        const std::size_t chunks = wanted - chunks_.size();
        add(chunks, allocate_huge);
        std::memset(
            blocks_.back().get(), 0, chunks * kChunk * sizeof(T));  // the kernel gives it now
    }

    // A place for one more, to be written by the caller.
    T& emplace_back() {
        if (size_ == chunks_.size() * kChunk) add(1, allocate_lines);
        const std::size_t at = size_++;
        return *new (&(*this)[at]) T;
    }

  private:
    static_assert(std::is_trivially_destructible_v<T>);
    static constexpr std::size_t kChunk = 4096;
    struct Free {
        void operator()(void* at) const { free_memory(at); }
    };

    void add(std::size_t chunks, void* (*allocate)(std::size_t bytes)) {
        chunks_.reserve(chunks_.size() + chunks);
        blocks_.emplace_back(allocate(chunks * kChunk * sizeof(T)));
        for (std::size_t i = 0; i < chunks; ++i)
            chunks_.push_back(static_cast<T*>(blocks_.back().get()) + i * kChunk);
    }

    std::vector<std::unique_ptr<void, Free>> blocks_;  // of one chunk or more
    std::vector<T*> chunks_;
    std::size_t size_ = 0;
};

}  // namespace abate::registry
