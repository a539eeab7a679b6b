// The price at which a demand that falls with it is as much as there is. Inside `policy` only.
#pragma once

#include "abate/policy/equilibrium.h"

#include <cmath>
#include <limits>

namespace abate::policy {

struct Sought {
    double supply_j = 0;
    double above = 0;  // near a price at which demand is no more than the supply
};

inline constexpr double kHighestPrice = 1e150;  // its products are numbers that there are

// 0 where demand at 0 is no more than the supply. `demand(price)` is an Industry::Demand. Newton's steps from below rise to the root where
// demand is convex; a step that leaves what is known to hold it goes between its ends instead. Some ten passes. Infinite: no price up to 1e150 is enough.
template <class Demand>
[[nodiscard]] double price_at(const Demand& demand, const Sought& sought) {
    const Industry::Demand free = demand(0.0);
    if (free.energy_j <= sought.supply_j) return 0;
    double low = 0;
    double high = sought.above * (1 + 1e-9);
    while (demand(high).energy_j > sought.supply_j) {
        high *= 2;
        if (high > kHighestPrice) return std::numeric_limits<double>::infinity();
    }
    double price = std::isfinite(free.energy_j) && free.slope < 0
                       ? (sought.supply_j - free.energy_j) / free.slope
                       : high / 2;
    constexpr double kFromNothing = 1e-3;
    constexpr int kMostSteps = 1000;
    for (int step = 0; step < kMostSteps; ++step) {
        if (!(price > low && price < high))
            price = low > 0 ? std::sqrt(low) * std::sqrt(high) : high * kFromNothing;
        if (price <= low || price >= high) break;  // no number between them
        const Industry::Demand at = demand(price);
        if (at.energy_j == sought.supply_j) break;
        (at.energy_j > sought.supply_j ? low : high) = price;
        const double next = price + (sought.supply_j - at.energy_j) / at.slope;
        constexpr double kLastBits = 4e-16;
        if (std::abs(next - price) <= kLastBits * price) break;
        price = next;
    }
    return price;
}

}  // namespace abate::policy
