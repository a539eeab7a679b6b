// The price at which a demand that falls with it is as much as there is. Inside `policy` only.
#pragma once

#include "abate/policy/equilibrium.h"
#include "abate/policy/pinned_math.h"

#include <cmath>
#include <limits>

namespace abate::policy {

inline constexpr double kHighestPrice = 1e150;  // its products are numbers that there are

struct Between {
    double low = 0;
    double high = 0;
};
// Neighbouring numbers between which an answer changes: `is_below(x)` is true at the low end, and said so of all that lie below some x.
template <class IsBelow>
[[nodiscard]] Between bisected(Between within, const IsBelow& is_below) {
    while (true) {
        const double middle = within.low + (within.high - within.low) / 2;
        if (middle <= within.low || middle >= within.high) return within;
        (is_below(middle) ? within.low : within.high) = middle;
    }
}

// 0 where demand at 0 is no more than the supply; infinite where no price up to kHighestPrice is enough. `demand(price)` is an
// Industry::Demand; `above()` a price near which demand is no more than the supply, asked for only if a step goes astray.
//
// Each step takes demand for a power of a sum, D = D0 (b + P)^-e, with the value and the two derivatives that it has there, and goes to where that
// is the supply: exact for firms that are alike, and of third order for others. A step that leaves what is known to hold the price, or that goes far
// beyond a straight one, as where firms are so unlike that their sum bends more than a power does, goes between its ends instead; and so do all
// where many have not been enough. Some five passes.
template <class Demand, class Above>
[[nodiscard]] double price_at(const Demand& demand, double supply_j, const Above& above) {
    constexpr double kClose = 4e-15;     // of the supply: what the sum of demand itself is off
    constexpr double kLastBits = 4e-16;  // of the price
    constexpr double kNear =
        1e-3;  // of the supply: a step as small as the last bits is the last only there
    constexpr double kFar = 1e3;  // times a straight step
    constexpr double kFromNothing = 1e-3;
    constexpr int kPatience = 40;
    constexpr int kMostSteps = 1000;
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    double low = 0;
    double high = kInfinite;
    double price = 0;
    for (int step = 0; step < kMostSteps; ++step) {
        const Industry::Demand at = demand(price);
        if (price == 0 && at.energy_j <= supply_j) return 0;
        if (std::abs(at.energy_j - supply_j) <= kClose * supply_j) break;
        (at.energy_j > supply_j ? low : high) = price;
        const double straight = price + (at.energy_j - supply_j) / -at.slope;
        const double bend = at.curve * at.energy_j / (at.slope * at.slope) - 1;  // 1/e
        const double over = at.energy_j / supply_j;
        double next = price - (bend > 0 ? (pinned_pow(over, bend) - 1) / bend : over - 1) *
                                  at.energy_j / (at.slope * (bend > 0 ? 1 : over));
        const bool near = std::abs(at.energy_j - supply_j) <= kNear * supply_j;
        if (near && std::abs(next - price) <= kLastBits * price) break;
        const bool far = high == kInfinite && next > kFar * straight;
        if (!(next > low && next < high) || far || step > kPatience) {
            if (high == kInfinite) {
                high = above() * (1 + 1e-9);
                while (demand(high).energy_j > supply_j) {
                    high *= 2;
                    if (high > kHighestPrice) return kInfinite;
                }
            }
            next = low > 0 ? std::sqrt(low) * std::sqrt(high) : high * kFromNothing;
            if (next <= low || next >= high) break;  // no number between them
        }
        price = next;
    }
    return price;
}

}  // namespace abate::policy
