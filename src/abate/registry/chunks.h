// A sequence that grows by whole chunks: what is in it never moves, and growing copies nothing. Inside `registry` only.
#pragma once

#include "abate/registry/pages.h"

#include <cstddef>
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

    // A place for one more, to be written by the caller.
    T& emplace_back() {
        if (size_ == chunks_.size() * kChunk) chunks_.emplace_back().reserve(kChunk);
        ++size_;
        return chunks_.back().emplace_back();
    }

  private:
    // A power of two of 2 MiB or little more; the first chunks of a small registry are not filled, and cost nothing until they are.
    static constexpr std::size_t kChunk = 16'384;

    std::vector<std::vector<T, PageAllocator<T>>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace abate::registry
