// What would change if: levers on an inventory, whose effects add up in any order; the way from one account to another; and years to come.
//
//     const WhatIf answer = what_if(lab, lab.levers, tables, Measure::total_kgco2e).value();
//     answer.waterfall.from;       // as it is
//     answer.waterfall.steps[0];   // {"caching", -41.2}
//     answer.waterfall.to;         // all levers together
//
// A lever names the quantity that it changes and the factor is the user's: abate knows none (docs/methodology/what-if.md lists published ones
// as examples of one workload each). Since factors multiply, what one lever saves depends on which came before it; the Shapley value is its mean over all
// orders, so the steps add up to the whole and do not depend on the order in which the levers are written.
#pragma once

#include "abate/footprint/inventory.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace abate::footprint {

inline constexpr std::size_t kMostLevers = 8;

// Which figure of the account a waterfall is about.
enum class Measure { total_kgco2e, operational_kgco2e, embodied_kgco2e, market_kgco2e, energy_kwh };
[[nodiscard]] const char* to_string(Measure measure);
// The value of it; market_kgco2e: market-based operational and embodied together. Errors: not_found (market: a site without a factor).
[[nodiscard]] Result<double> measure_of(const Account& account, Measure measure);

struct Step {
    std::string cause;
    double delta = 0;
};

// from + the sum of deltas = to.
struct Waterfall {
    Measure measure = Measure::total_kgco2e;
    std::string from_name;
    std::string to_name;
    double from = 0;
    double to = 0;
    std::vector<Step> steps;
};

// The Shapley value of each of `players`: mean change of `worth` over all orders in which they could come; worth(mask) has bit i set where player
// i is in. Exact, 2^players calls. The values sum to worth(all) - worth(none). REQUIRES: players <= 20.
[[nodiscard]] std::vector<double> shapley(std::size_t players,
                                          const std::function<double(std::size_t mask)>& worth);

// The phases that a lever changes unless it says otherwise.
[[nodiscard]] std::vector<AccountPhase> default_phases(LeverKind kind);

// The inventory with these levers pulled. Errors: out_of_range (a factor of 0, a share outside 0 to 1, a lifetime of 0), conflict (a lifetime for
// some of the phases that one fleet works for), each at the lever's place.
[[nodiscard]] Result<Inventory> with_levers(const Inventory& inventory,
                                            std::span<const Lever> levers);

struct WhatIf {
    Waterfall waterfall;
    Account before;
    Account after;
    std::vector<Lever> levers;
    std::vector<std::string> notes;
};

// Errors: as with_levers and account; out_of_range (more than eight levers, none at all).
[[nodiscard]] Result<WhatIf> what_if(const Inventory& inventory,
                                     std::span<const Lever> levers,
                                     const data::Tables& tables,
                                     Measure measure);

// From one account to another, by phase and kind (plain differences), and by cause: energy of the work, PUE, grid intensity, hardware, each phase's
// share of them by Shapley value.
struct Comparison {
    Waterfall by_phase;
    Waterfall by_cause;
};
struct Accounts {
    const Account& from;
    const Account& to;
};
[[nodiscard]] Comparison compare(const Accounts& accounts);

// Years to come, if growth and efficiency go on: a phase's energy and hours grow each year by work x efficiency^(rebound - 1), carbon per kWh by
// intensity_per_year. Idle and unassigned stay as they are.
struct ProjectionYear {
    int year = 0;                      // 0: the account itself
    std::vector<double> phase_kgco2e;  // in the order of Projection::phases
    double total_kgco2e = 0;
    double without_rebound_kgco2e = 0;     // the same with rebound 0
    double without_efficiency_kgco2e = 0;  // demand alone
};
struct Projection {
    std::vector<AccountPhase> phases;
    std::vector<ProjectionYear> years;
};
// REQUIRES: 0 <= years <= 100.
[[nodiscard]] Projection project(const Account& account, const Inventory& inventory, int years);

}  // namespace abate::footprint
