// Chance in the words of a simulation.
//
//     Dice dice(seed);
//     if (dice.percent(5)) ...
//     const AccountId from = dice.one_of(accounts);
#pragma once

#include "abate/core/random.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace abate::simulation {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    // In [0, bound). REQUIRES: bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
    // Both ends included.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): least, most
    [[nodiscard]] std::int64_t between(std::int64_t least, std::int64_t most) {
        return least +
               static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
    }
    [[nodiscard]] bool percent(std::uint64_t chance) { return below(100) < chance; }
    template <class T>
    [[nodiscard]] const T& one_of(const std::vector<T>& all) {
        return all[static_cast<std::size_t>(below(all.size()))];
    }

  private:
    Random random_;
};

}  // namespace abate::simulation
