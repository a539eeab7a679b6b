#include "abate/core/random.h"

#include "abate/core/assert.h"
#include "abate/core/mixed.h"

#include <sys/random.h>
#include <unistd.h>

#include <bit>
#include <chrono>

namespace abate {
namespace {

__extension__ using Uint128 = unsigned __int128;

}  // namespace

Random::Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
        seed += 0x9e3779b97f4a7c15ULL;
        word = mixed(seed);
    }
}

std::uint64_t Random::next() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Random::below(std::uint64_t bound) noexcept {
    ABATE_REQUIRE(bound > 0);
    const std::uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        const Uint128 product = static_cast<Uint128>(next()) * bound;
        if (static_cast<std::uint64_t>(product) >= threshold)
            return static_cast<std::uint64_t>(product >> 64U);
    }
}

double Random::uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

std::uint64_t entropy_seed() {
    std::uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof seed)) {
        // An old kernel early at boot: two processes still differ by their id, two boots by their clock.
        seed = static_cast<std::uint64_t>(
                   std::chrono::system_clock::now().time_since_epoch().count()) ^
               (static_cast<std::uint64_t>(getpid()) << 40U);
    }
    return seed;
}

}  // namespace abate
