// One mixer for hash tables.
#pragma once

#include <cstdint>

namespace abate {

// Mixes all bits, one to one (SplitMix64's finaliser, Steele et al. 2014). Not for secrets.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

}  // namespace abate
