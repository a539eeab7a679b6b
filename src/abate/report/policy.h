// What the policy lab found, as text, JSON and CSV (docs/reference/policy.md).
#pragma once

#include "abate/policy/policy.h"

#include <span>
#include <string>

namespace abate::report {

// One firm with and without a price.
struct PolicyFirmAnswer {
    policy::Firm firm;
    double price_per_j = 0;
    policy::Choice without = {};
    policy::Choice with = {};
};
[[nodiscard]] std::string policy_firm_json(const PolicyFirmAnswer& answer);
[[nodiscard]] std::string policy_firm_text(const PolicyFirmAnswer& answer);

// `most_firms`: of the table, the largest without a scheme; 0: all.
struct PolicyTextOptions {
    bool color = false;
    std::size_t most_firms = 0;
};
[[nodiscard]] std::string policy_solution_json(const policy::Scenario& scenario,
                                               const policy::Solution& solution);
[[nodiscard]] std::string policy_solution_text(const policy::Scenario& scenario,
                                               const policy::Solution& solution,
                                               const PolicyTextOptions& options);
// A row a firm.
[[nodiscard]] std::string policy_solution_csv(const policy::Scenario& scenario,
                                              const policy::Solution& solution);

[[nodiscard]] std::string policy_path_json(const policy::Scenario& scenario,
                                           std::span<const policy::PeriodPrice> path);
[[nodiscard]] std::string policy_path_text(const policy::Scenario& scenario,
                                           std::span<const policy::PeriodPrice> path,
                                           bool color);
// A row a period.
[[nodiscard]] std::string policy_path_csv(const policy::Scenario& scenario,
                                          std::span<const policy::PeriodPrice> path);

}  // namespace abate::report
