// What a firm is given follows what it does: the paper's own rule, where O_i is a mean of past output.
//
//     const double weight = updating_weight(0.05);                    // 0.93: two later years, discounted
//     firm.credit_j_per_flop = weight * kappa * benchmark * (1 - share);
//     clearing_prices(Industry(firms), supply, {.from_per_j = ..., .to_per_j = ...});
//
// A FLOP then brings allowances, and a firm below the benchmark can gain by computing more. A binding cap holds all the same: the price rises
// instead. Demand need not fall with the price, so there can be several prices at which the market clears, or none.
#pragma once

#include "abate/policy/equilibrium.h"

#include <cstddef>
#include <vector>

namespace abate::policy {

// The worth today of one allowance in each half of the next two years, at a constant price: ((1 + r)^-1 + (1 + r)^-2)/2. While something is
// banked the price rises at r and it is 1. REQUIRES: a rate above -1.
[[nodiscard]] double updating_weight(double discount_rate);

struct PriceScan {
    double from_per_j = 0;  // above 0
    double to_per_j = 0;    // above `from_per_j`
    std::size_t steps = 20'000;
};
struct PriceRoot {
    double price_per_j = 0;
    // A little above it demand is less than the supply, so that a price that rises with what is missing comes back.
    bool stable = false;
};
// Every price of the scan at which demand crosses the supply, rising; and 0 where the supply is enough there. Steps are equal parts of the
// logarithm: two roots within one are not seen. Where demand leaps from infinite to less than the supply no root is, for nothing clears there.
[[nodiscard]] std::vector<PriceRoot> clearing_prices(const Industry& industry,
                                                     double supply_j,
                                                     const PriceScan& scan);

// What is given changes only where output leaves a band around what it was: `past_flop` (1 - band) to (1 + band). Inside it a FLOP brings
// nothing, outside each brings `firm.credit_j_per_flop`, and the past's are given for the past's output inside.
struct Band {
    double past_flop = 0;  // above 0
    double width = 0.15;
};
// The best of three: within the band, and on either side of it, as near to its edge as one likes. REQUIRES: a finite choice.
[[nodiscard]] Choice choose(const Firm& firm, double price_per_j, const Band& band);

}  // namespace abate::policy
