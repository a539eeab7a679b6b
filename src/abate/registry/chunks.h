// A sequence that grows by whole chunks: what is in it never moves, and growing copies nothing. Inside `registry` only.
#pragma once

#include "abate/core/assert.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace abate::registry {

template <class T, std::size_t kChunk = 4096>
class Chunks {
  public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T& operator[](std::size_t at) { return chunks_[at / kChunk][at % kChunk]; }
    [[nodiscard]] const T& operator[](std::size_t at) const {
        return chunks_[at / kChunk][at % kChunk];
    }

    T& push_back(const T& value) {
        if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
        T& place = (*this)[size_++];
        place = value;
        return place;
    }

  private:
    std::vector<std::unique_ptr<T[]>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace abate::registry
