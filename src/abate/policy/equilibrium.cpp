#include "abate/policy/equilibrium.h"

#include "abate/core/assert.h"
#include "abate/policy/pinned_math.h"
#include "abate/policy/price_at.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace abate::policy {
namespace {

constexpr std::size_t kBlock = 4096;

}  // namespace

Industry::Industry(const std::vector<Firm>& firms) {
    for (const Firm& firm : firms) {
        ABATE_REQUIRE(firm.marginal_benefit > 0 && firm.elasticity > 0);
        ABATE_REQUIRE(firm.best_efficiency_j_per_flop > 0 &&
                      firm.best_efficiency_j_per_flop <= firm.efficiency_j_per_flop);
        log_benefit_.push_back(pinned_log(firm.marginal_benefit));
        elasticity_.push_back(firm.elasticity);
        capital_.push_back(firm.capital_cost_per_flop);
        electricity_.push_back(firm.electricity_price_per_j);
        efficiency_.push_back(firm.efficiency_j_per_flop);
        best_efficiency_.push_back(firm.best_efficiency_j_per_flop);
        retrofit_.push_back(firm.retrofit_cost_per_flop);
        credit_.push_back(firm.credit_j_per_flop);
        fixed_ = fixed_ && firm.credit_j_per_flop == 0;
    }
}

Industry::Demand Industry::demand(double price_per_j, const Setting& setting) const {
    Demand sum;
    const double log_scale = pinned_log(setting.scale);
    for (std::size_t from = 0; from < size(); from += kBlock) {
        const std::size_t end = std::min(from + kBlock, size());
        double energy = 0;
        double slope = 0;
        for (std::size_t i = from; i < end; ++i) {
            const double before = efficiency_[i] * setting.efficiency;
            const double best = best_efficiency_[i] * setting.efficiency;
            const double energy_cost = electricity_[i] + price_per_j;
            const double wanted = std::sqrt(retrofit_[i] * before / energy_cost);
            // At a cost of 0 it may be anything; the energy is infinite anyway, or it is E0.
            const double efficiency = !(wanted < before) ? before : std::max(wanted, best);
            const double needed = efficiency - credit_[i];  // allowances a FLOP
            const double cost = capital_[i] + electricity_[i] * efficiency + price_per_j * needed +
                                retrofit_[i] * (before / efficiency - 1);
            if (cost <= 0) return {std::numeric_limits<double>::infinity(), 0};
            const double log_flop =
                elasticity_[i] * (log_benefit_[i] + log_scale - pinned_log(cost));
            const double used = efficiency * pinned_exp(log_flop);
            energy += used;
            // d cost/dP is what it needs (the envelope); where E is free to move, d ln E/dP = -1/(2 (electricity + P)).
            double relative = -elasticity_[i] * needed / cost;
            if (efficiency == wanted) relative -= 0.5 / energy_cost;
            slope += used * relative;
        }
        sum.energy_j += energy;
        sum.slope += slope;
    }
    return sum;
}

// Each firm uses at most supply/N there: its energy E x <= (m/P)^elasticity E^(1 - elasticity), as its cost is at least P E.
double Industry::price_above(double supply_j, const Setting& setting) const {
    double most = 0;
    const double log_each = pinned_log(supply_j / static_cast<double>(size()));
    const double log_scale = pinned_log(setting.scale);
    for (std::size_t i = 0; i < size(); ++i)
        for (const double efficiency : {efficiency_[i], best_efficiency_[i]}) {
            const double log_efficiency = pinned_log(efficiency * setting.efficiency);
            const double log_price = log_benefit_[i] + log_scale - log_each / elasticity_[i] +
                                     (1 / elasticity_[i] - 1) * log_efficiency;
            most = std::max(most, pinned_exp(log_price));
        }
    return std::min(most, kHighestPrice);
}

double clearing_price(const Industry& industry, double supply_j, const Industry::Setting& setting) {
    ABATE_REQUIRE(supply_j > 0 && industry.size() > 0 && industry.is_fixed());
    return price_at([&](double price) { return industry.demand(price, setting); },
                    {.supply_j = supply_j, .above = industry.price_above(supply_j, setting)});
}

Equilibrium solve(const Industry& industry,
                  const PriceRules& rules,
                  const Industry::Setting& setting) {
    Equilibrium out;
    const auto demand = [&](double price) { return industry.demand(price, setting).energy_j; };
    const auto settle = [&](double price) {
        out.price_per_j = price;
        out.demand_j = demand(price);
    };
    out.demand_at_zero_j = demand(0);
    out.cap_binds = out.demand_at_zero_j > rules.supply_j;
    out.sold_at_tier_j.resize(rules.tiers.size());
    settle(clearing_price(industry, rules.supply_j, setting));

    if (rules.floor_per_j && out.price_per_j < *rules.floor_per_j) {
        const double given = rules.supply_j - rules.auctioned_j;
        const double unsold = rules.supply_j - demand(*rules.floor_per_j);
        if (unsold <= rules.auctioned_j) {
            settle(*rules.floor_per_j);
            out.unsold_j = unsold;
        } else {
            // Not even what is given for nothing is needed at the floor: nobody buys, and the price is among those who have some.
            settle(given > 0 ? clearing_price(industry, given, setting) : *rules.floor_per_j);
            out.unsold_j = rules.auctioned_j;
        }
        return out;
    }
    double supply = rules.supply_j;
    for (std::size_t i = 0; i < rules.tiers.size(); ++i) {
        const Tier& tier = rules.tiers[i];
        if (out.price_per_j <= tier.price_per_j) break;
        const double wanted = demand(tier.price_per_j) - supply;
        if (wanted <= tier.quantity_j) {
            settle(tier.price_per_j);
            out.sold_at_tier_j[i] = wanted;
            return out;
        }
        out.sold_at_tier_j[i] = tier.quantity_j;
        supply += tier.quantity_j;
        settle(clearing_price(industry, supply, setting));
    }
    const double ceiling = rules.ceiling_per_j.value_or(std::numeric_limits<double>::infinity());
    const double penalty = rules.penalty_per_j.value_or(std::numeric_limits<double>::infinity());
    const double most = std::min(ceiling, penalty);
    if (out.price_per_j > most) {
        settle(most);
        (ceiling <= penalty ? out.sold_at_ceiling_j : out.uncovered_j) = out.demand_j - supply;
    }
    return out;
}

}  // namespace abate::policy
