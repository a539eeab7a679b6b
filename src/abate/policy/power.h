// Firms that do not take the price as given.
//
//     Dominance d = dominate({.firm = two, .fringe = Industry({one}), .supply_j = 8, .fringe_endowment_j = 2});
//     Hoarding h = hoard(firms, 1, {.supply_j = 8, .withheld_j = 1});
//
// One that sets the price (Hahn 1984): with more than it would use under competition it sells too little, with less it buys too little, and only
// with exactly that much the outcome is the competitive one.
#pragma once

#include "abate/policy/equilibrium.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace abate::policy {

struct DominantCase {
    const Firm& firm;  // with its endowment
    const Industry& fringe;
    double supply_j = 0;                       // all of it; above 0
    double fringe_endowment_j = 0;             // of the fringe together; at most the supply
    std::optional<double> ceiling_per_j = {};  // at which everybody can buy
};
struct Dominance {
    double price_per_j = 0;
    double fringe_energy_j = 0;
    double energy_j = 0;        // its own
    double marginal_value = 0;  // of a joule to it; the price under competition
    double net_sale_j = 0;      // below 0: it buys
    double utility = 0;
    double competitive_price_per_j = 0;
    double competitive_utility = 0;
    // False: the less it leaves to the fringe the better, without end. A ceiling ends it.
    bool bounded = true;
};
// Where its marginal value of a joule is the fringe's price with what its own selling does to it, P(z) + P'(z) (z - what the fringe has), and
// no other split is better: the best of 4096 splits, refined. REQUIRES: as said; the cap binds; no credits.
[[nodiscard]] Dominance dominate(const DominantCase& of);

struct Hoarding {
    double price_before_per_j = 0;
    double price_after_per_j = 0;
    double utility_change = 0;      // of the hoarder, at or below 0 as a rule
    double rivals_flop_change = 0;  // below 0
    // It pays only if it is worth so much to the hoarder that a rival computes one FLOP less; infinite where rivals are not hurt.
    double break_even_per_flop = 0;
};
struct HoardingCase {
    double supply_j = 0;    // above `withheld_j`
    double withheld_j = 0;  // bought and neither used nor sold, at or above 0
};
// `hoarder`: its place among the firms. REQUIRES: as said; no credits.
[[nodiscard]] Hoarding hoard(const std::vector<Firm>& firms,
                             std::size_t hoarder,
                             const HoardingCase& of);

// A fine of `penalty_per_j` is paid, and the allowance bought after all, by who is found out. At this chance of it to cheat no longer pays:
// P/(P + penalty). REQUIRES: both at or above 0, one above.
struct Deterrence {
    double price_per_j = 0;
    double penalty_per_j = 0;
};
[[nodiscard]] double deterring_audit_share(const Deterrence& of);

}  // namespace abate::policy
