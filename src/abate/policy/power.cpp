#include "abate/policy/power.h"

#include "abate/core/assert.h"
#include "abate/policy/price_at.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace abate::policy {
namespace {

// What a split is worth to the firm that sets it.
class Split {
  public:
    explicit Split(const DominantCase& of) : of_(&of), own_({of.firm}) {
        own_most_ = own_.demand(0).energy_j;
        fringe_most_ = of.fringe.demand(0).energy_j;
    }

    // The fringe's price when it uses so much, before a ceiling.
    [[nodiscard]] double price(double fringe_energy) const {
        return fringe_energy >= fringe_most_ ? 0 : clearing_price(of_->fringe, fringe_energy);
    }
    // Its own value of a joule more; nothing beyond what it would use for nothing.
    [[nodiscard]] double marginal_value(double own_energy) const {
        return own_energy >= own_most_ ? 0 : clearing_price(own_, own_energy);
    }
    [[nodiscard]] Dominance at(double fringe_energy) const {
        Dominance out;
        out.fringe_energy_j = fringe_energy;
        out.price_per_j = price(fringe_energy);
        double own = of_->supply_j - fringe_energy;
        if (of_->ceiling_per_j && out.price_per_j > *of_->ceiling_per_j) {
            // The fringe buys the rest there, and so may it.
            out.price_per_j = *of_->ceiling_per_j;
            out.fringe_energy_j = of_->fringe.demand(out.price_per_j).energy_j;
        }
        out.marginal_value = marginal_value(own);
        if (of_->ceiling_per_j && out.marginal_value > *of_->ceiling_per_j) {
            out.marginal_value = *of_->ceiling_per_j;
            own = own_.demand(out.marginal_value).energy_j;
        }
        const Choice use = choose(of_->firm, out.marginal_value);
        out.energy_j = std::min(own, use.energy_j);
        out.net_sale_j = of_->firm.endowment_j - own;
        out.utility = benefit_of(of_->firm, use.flop) - use.cost_per_flop * use.flop +
                      out.price_per_j * out.net_sale_j;
        return out;
    }
    // Above 0: it would rather leave the fringe less. d utility / d fringe energy, turned around.
    [[nodiscard]] double pull(double fringe_energy) const {
        const double price_here = price(fringe_energy);
        const double slope = 1 / of_->fringe.demand(price_here).slope;
        return marginal_value(of_->supply_j - fringe_energy) - price_here -
               slope * (fringe_energy - of_->fringe_endowment_j);
    }

  private:
    const DominantCase* of_;
    Industry own_;
    double own_most_ = 0;
    double fringe_most_ = 0;
};

}  // namespace

Dominance dominate(const DominantCase& of) {
    ABATE_REQUIRE(of.supply_j > 0 && of.fringe_endowment_j <= of.supply_j);
    const Split split(of);
    constexpr std::size_t kSplits = 4096;
    const auto share = [&](std::size_t i) {
        return of.supply_j * static_cast<double>(i) / static_cast<double>(kSplits);
    };
    std::size_t best = 1;
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i < kSplits; ++i) {
        const double utility = split.at(share(i)).utility;
        if (utility > most) {
            most = utility;
            best = i;
        }
    }
    const double low = share(best - 1);
    const double high = share(best + 1);
    const bool bounded = best > 1 || of.ceiling_per_j.has_value();
    // The split where nothing pulls, between the neighbours of the best.
    double z = share(best);
    if (best > 1 && best + 1 < kSplits && split.pull(low) < 0 && split.pull(high) > 0)
        z = bisected({.low = low, .high = high}, [&](double at) { return split.pull(at) < 0; }).low;
    Dominance out = split.at(z);
    out.bounded = bounded;

    // Both together, taking the price as given.
    const auto competitive = [&](double price) {
        return of.fringe.demand(price).energy_j + choose(of.firm, price).energy_j;
    };
    constexpr double kLeastPrice = 1e-300;  // twice 0 is 0
    double above = std::max(out.price_per_j + out.marginal_value, kLeastPrice);
    while (competitive(above) > of.supply_j && above < kHighestPrice) above *= 2;
    above = bisected({.low = 0, .high = above}, [&](double price) {
                return competitive(price) > of.supply_j;
            }).high;
    out.competitive_price_per_j = of.ceiling_per_j ? std::min(above, *of.ceiling_per_j) : above;
    out.competitive_utility = choose(of.firm, out.competitive_price_per_j).utility;
    return out;
}

Hoarding hoard(const std::vector<Firm>& firms, std::size_t hoarder, const HoardingCase& of) {
    ABATE_REQUIRE(hoarder < firms.size() && of.withheld_j >= 0 && of.withheld_j < of.supply_j);
    const Industry industry(firms);
    Hoarding out;
    out.price_before_per_j = clearing_price(industry, of.supply_j);
    out.price_after_per_j = clearing_price(industry, of.supply_j - of.withheld_j);
    for (std::size_t i = 0; i < firms.size(); ++i) {
        const Choice before = choose(firms[i], out.price_before_per_j);
        const Choice after = choose(firms[i], out.price_after_per_j);
        if (i == hoarder)
            out.utility_change =
                after.utility - before.utility - out.price_after_per_j * of.withheld_j;
        else
            out.rivals_flop_change += after.flop - before.flop;
    }
    out.break_even_per_flop = out.rivals_flop_change < 0
                                  ? out.utility_change / out.rivals_flop_change
                                  : std::numeric_limits<double>::infinity();
    return out;
}

double deterring_audit_share(const Deterrence& of) {
    ABATE_REQUIRE(of.price_per_j >= 0 && of.penalty_per_j >= 0 &&
                  of.price_per_j + of.penalty_per_j > 0);
    return of.price_per_j / (of.price_per_j + of.penalty_per_j);
}

}  // namespace abate::policy
