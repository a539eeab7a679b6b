// A firm that takes the price of allowances as given, and what it does at it.
//
//     Firm firm = firm_of({.benefit_exponent = 1, .benefit_scale = 1, .cost_per_flop = 0.01, .efficiency_j_per_flop = 1});
//     Choice c = choose(firm, 0.01);                  // c.flop, c.energy_j, c.utility
//
// It has a benefit of x FLOP whose margin is m x^(-1/elasticity), and pays for each FLOP its capital, its electricity, the allowances, and
// what a better efficiency costs:
//
//     cost(E) = a + (electricity + price) E + retrofit (E0/E - 1) - price credit,     E_min <= E <= E0
//     E*      = sqrt(retrofit E0 / (electricity + price)), within those bounds
//     x*      = (m / cost(E*))^elasticity
//
// With elasticity 1/(k + 1), m = s k and E fixed it is the firm with benefit -s x^-k, whose output is (s k/(a + P E))^(1/(k+1)).
// What it is endowed with changes its money, not its choice (Montgomery 1972).
#pragma once

#include <string>

namespace abate::policy {

// Money is whatever unit the costs are in. All numbers are finite.
struct Firm {
    std::string name = {};
    double marginal_benefit = 1;       // m: money a FLOP, at an output of 1 FLOP; above 0
    double elasticity = 0.5;           // of output by its cost; above 0; above 1 it is elastic
    double capital_cost_per_flop = 0;  // a
    double electricity_price_per_j = 0;
    double efficiency_j_per_flop = 1;       // E0, of the facility; above 0
    double best_efficiency_j_per_flop = 1;  // E_min, at most E0; the same: it cannot be changed
    double retrofit_cost_per_flop = 0;      // to halve E costs so much a FLOP
    double endowment_j = 0;
    // Allowances that a FLOP of now brings later, at today's worth: of output-based updating (updating.h). 0: what it is given is fixed.
    double credit_j_per_flop = 0;
};

// In the words of a benefit -s x^-k. REQUIRES: k, s, E above 0.
struct FirmTerms {
    double benefit_exponent = 1;
    double benefit_scale = 1;
    double cost_per_flop = 0;
    double efficiency_j_per_flop = 1;
};
[[nodiscard]] Firm firm_of(const FirmTerms& terms);

struct Choice {
    double flop = 0;  // infinite where a FLOP costs nothing, or brings more than it costs
    double efficiency_j_per_flop = 0;  // E*
    double energy_j = 0;
    double cost_per_flop = 0;  // without allowances and credit: capital, electricity, retrofit
    double utility = 0;        // benefit, less cost, with what allowances bring or take
    double net_sale_j = 0;     // of its endowment and credit; below 0: it buys
};
// REQUIRES: price >= 0.
[[nodiscard]] Choice choose(const Firm& firm, double price_per_j);

// E*. The price and the electricity together at most 0: E0.
[[nodiscard]] double best_efficiency(const Firm& firm, double price_per_j);
// Of so many FLOP, in money: m x^(1 - 1/elasticity)/(1 - 1/elasticity), or m log x. REQUIRES: flop > 0, finite.
[[nodiscard]] double benefit_of(const Firm& firm, double flop);

// d ln x / d ln P at that price, by its own formula: -elasticity P (E - credit)/(cost with allowances).
[[nodiscard]] double output_elasticity(const Firm& firm, double price_per_j);

}  // namespace abate::policy
