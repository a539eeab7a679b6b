#include "abate/policy/updating.h"

#include "abate/core/assert.h"
#include "abate/policy/pinned_math.h"

#include <algorithm>
#include <cmath>

namespace abate::policy {

double updating_weight(double discount_rate) {
    ABATE_REQUIRE(discount_rate > -1);
    const double year = 1 / (1 + discount_rate);
    return (year + year * year) / 2;
}

std::vector<PriceRoot> clearing_prices(const Industry& industry,
                                       double supply_j,
                                       const PriceScan& scan) {
    ABATE_REQUIRE(scan.from_per_j > 0 && scan.to_per_j > scan.from_per_j && scan.steps > 0);
    const auto missing = [&](double price) { return industry.demand(price).energy_j - supply_j; };
    std::vector<PriceRoot> roots;
    if (missing(0) <= 0) roots.push_back({.price_per_j = 0, .stable = true});
    const double from = pinned_log(scan.from_per_j);
    const double step = (pinned_log(scan.to_per_j) - from) / static_cast<double>(scan.steps);
    double low = scan.from_per_j;
    double at_low = missing(low);
    for (std::size_t i = 1; i <= scan.steps; ++i) {
        const double high =
            i == scan.steps ? scan.to_per_j : pinned_exp(from + step * static_cast<double>(i));
        const double at_high = missing(high);
        if ((at_low > 0) != (at_high > 0)) {
            double below = low;
            double above = high;
            while (true) {
                const double middle = below + (above - below) / 2;
                if (middle <= below || middle >= above) break;
                ((missing(middle) > 0) == (at_low > 0) ? below : above) = middle;
            }
            // At a leap to infinity the two sides stay far apart.
            constexpr double kNear = 1e-6;
            if (std::abs(missing(below) - missing(above)) <= kNear * supply_j)
                roots.push_back({.price_per_j = below, .stable = at_low > 0});
        }
        low = high;
        at_low = at_high;
    }
    return roots;
}

Choice choose(const Firm& firm, double price_per_j, const Band& band) {
    ABATE_REQUIRE(band.past_flop > 0 && band.width >= 0 && band.width < 1);
    const double least = band.past_flop * (1 - band.width);
    const double most = band.past_flop * (1 + band.width);
    Firm plain = firm;
    plain.credit_j_per_flop = 0;
    const Choice inside = choose(plain, price_per_j);
    const Choice outside = choose(firm, price_per_j);
    struct Output {
        double flop = 0;
        double credited_flop = 0;
    };
    const auto with = [&](const Choice& free, const Output& output) {
        Choice out = free;
        out.flop = output.flop;
        out.energy_j = free.efficiency_j_per_flop * out.flop;
        out.net_sale_j =
            firm.endowment_j + firm.credit_j_per_flop * output.credited_flop - out.energy_j;
        out.utility = benefit_of(firm, out.flop) - out.cost_per_flop * out.flop +
                      price_per_j * out.net_sale_j;
        return out;
    };
    const double kept = std::clamp(inside.flop, least, most);
    Choice best = with(inside, {.flop = kept, .credited_flop = band.past_flop});
    for (const double flop : {std::min(outside.flop, least), std::max(outside.flop, most)}) {
        const Choice other = with(outside, {.flop = flop, .credited_flop = flop});
        if (other.utility > best.utility) best = other;
    }
    return best;
}

}  // namespace abate::policy
