// Results of the lab as answers: which figures there are, by which keys.
//
//     report::policy_json(answer_of(scenario, solve(scenario)))
#pragma once

#include "abate/policy/answer.h"
#include "abate/policy/scenario.h"

#include <vector>

namespace abate::policy {

// One firm with and without a price.
struct FirmAtPrice {
    Firm firm;
    double price_per_j = 0;
};
[[nodiscard]] Answer answer_of(const FirmAtPrice& at);
// A table `firms`.
[[nodiscard]] Answer answer_of(const Scenario& scenario, const Solution& solution);
// A table `periods`.
[[nodiscard]] Answer answer_of(const Scenario& scenario, const std::vector<PeriodPrice>& path);

}  // namespace abate::policy
