// Prices over the years of a cap whose allowances can be kept for later.
//
//     std::vector<PeriodPrice> path = solve_path(industry, {{.supply_j = 10}, {.supply_j = 6}}, {.discount_rate = 0.1});
//
// Who banks an allowance expects the same for it, discounted: while the bank has some the price rises at the rate, and it can rise slower or fall
// only where the bank is empty. Nothing can be borrowed. So discounted prices never rise, and the path is found by pooling: each period for
// itself, then neighbours together wherever a later discounted price is above an earlier one (pool adjacent violators). Exact; Rubin 1996, Schennach 2000.
#pragma once

#include "abate/policy/equilibrium.h"

#include <vector>

namespace abate::policy {

struct Period {
    double supply_j = 0;  // issued in it; at or above 0, and above 0 in all
    Industry::Setting setting = {
        1, 1};  // growth of demand, and progress of efficiency, against the industry as it is
};
struct BankingRules {
    double discount_rate = 0;  // a period; above -1
    double bank_j = 0;         // before the first
};
struct PeriodPrice {
    double price_per_j = 0;
    double demand_j = 0;
    double bank_j = 0;  // at its end
};
// REQUIRES: one period at least; the first has a supply, or there is a bank.
[[nodiscard]] std::vector<PeriodPrice> solve_path(const Industry& industry,
                                                  const std::vector<Period>& periods,
                                                  const BankingRules& rules);

}  // namespace abate::policy
