// Chance as an argument: a small seeded generator, the same on every platform (std:: distributions
// are not). xoshiro256++ 1.0, Blackman and Vigna, public domain algorithm; seeded through
// splitmix64 as its authors advise.
#pragma once

#include <array>
#include <cstdint>

namespace abate {

// Not thread-safe; one generator a thread. Not for secrets.
class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept;

    [[nodiscard]] std::uint64_t next() noexcept;
    // Uniform in [0, bound). REQUIRES: bound > 0. Unbiased (Lemire's rejection).
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
    // Uniform in [0, 1), 53 bits.
    [[nodiscard]] double uniform() noexcept;

  private:
    std::array<std::uint64_t, 4> state_{};
};

// A seed from the operating system, for names that must not collide. Main calls this; nothing below
// does.
[[nodiscard]] std::uint64_t entropy_seed();

}  // namespace abate
