// A sequence that grows by whole chunks: what is in it never moves, and growing copies nothing. Inside `registry` only.
#pragma once

#include <cstddef>
#include <memory>
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
        if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
        return (*this)[size_++];
    }

  private:
    static constexpr std::size_t kChunk = 4096;

    std::vector<std::unique_ptr<T[]>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace abate::registry
