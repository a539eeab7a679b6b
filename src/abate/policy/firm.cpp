#include "abate/policy/firm.h"

#include "abate/core/assert.h"
#include "abate/policy/pinned_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace abate::policy {

Firm firm_of(const FirmTerms& terms) {
    ABATE_REQUIRE(terms.benefit_exponent > 0 && terms.benefit_scale > 0);
    return {.marginal_benefit = terms.benefit_scale * terms.benefit_exponent,
            .elasticity = 1 / (terms.benefit_exponent + 1),
            .capital_cost_per_flop = terms.cost_per_flop,
            .efficiency_j_per_flop = terms.efficiency_j_per_flop,
            .best_efficiency_j_per_flop = terms.efficiency_j_per_flop};
}

double best_efficiency(const Firm& firm, double price_per_j) {
    const double energy_cost = firm.electricity_price_per_j + price_per_j;
    if (energy_cost <= 0) return firm.efficiency_j_per_flop;
    const double wanted =
        std::sqrt(firm.retrofit_cost_per_flop * firm.efficiency_j_per_flop / energy_cost);
    return std::clamp(wanted, firm.best_efficiency_j_per_flop, firm.efficiency_j_per_flop);
}

double benefit_of(const Firm& firm, double flop) {
    if (firm.elasticity == 1) return firm.marginal_benefit * pinned_log(flop);
    const double power = 1 - 1 / firm.elasticity;
    return firm.marginal_benefit * pinned_pow(flop, power) / power;
}

Choice choose(const Firm& firm, double price_per_j) {
    ABATE_REQUIRE(price_per_j >= 0);
    Choice out;
    const double efficiency = best_efficiency(firm, price_per_j);
    out.efficiency_j_per_flop = efficiency;
    out.cost_per_flop = firm.capital_cost_per_flop + firm.electricity_price_per_j * efficiency +
                        firm.retrofit_cost_per_flop * (firm.efficiency_j_per_flop / efficiency - 1);
    const double cost = out.cost_per_flop + price_per_j * (efficiency - firm.credit_j_per_flop);
    if (cost <= 0) {
        constexpr double kInfinite = std::numeric_limits<double>::infinity();
        out.flop = kInfinite;
        out.energy_j = kInfinite;
        // A benefit that is bounded is reached.
        out.utility = firm.elasticity < 1 ? 0 : kInfinite;
        out.net_sale_j = -kInfinite;
        return out;
    }
    out.flop = pinned_pow(firm.marginal_benefit / cost, firm.elasticity);
    out.energy_j = efficiency * out.flop;
    out.net_sale_j = firm.endowment_j + firm.credit_j_per_flop * out.flop - out.energy_j;
    out.utility =
        benefit_of(firm, out.flop) - out.cost_per_flop * out.flop + price_per_j * out.net_sale_j;
    return out;
}

double output_elasticity(const Firm& firm, double price_per_j) {
    const Choice at = choose(firm, price_per_j);
    const double allowances = price_per_j * (at.efficiency_j_per_flop - firm.credit_j_per_flop);
    return allowances == 0 ? 0 : -firm.elasticity * allowances / (at.cost_per_flop + allowances);
}

}  // namespace abate::policy
