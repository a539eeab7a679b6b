// A question to the policy lab: who is there, and what rule. Read from a file by input/policy_scenario.h.
//
//     Scenario scenario = ...;
//     Solution s = solve(scenario);
//     s.equilibrium.price_per_j, s.firms[0].with.flop
#pragma once

#include "abate/policy/equilibrium.h"
#include "abate/policy/firm.h"
#include "abate/policy/path.h"

#include <string>
#include <vector>

namespace abate::policy {

struct Scenario {
    std::string name = {};
    std::string currency = {};  // of all money; empty: not said
    PriceRules rules = {};
    BankingRules banking = {};
    std::vector<Firm> firms = {};  // one at least; their endowments add up to at most the supply
    std::vector<Period> periods = {};      // of a path
    std::vector<std::string> labels = {};  // of the periods
};

struct FirmOutcome {
    Choice without;  // without a scheme
    Choice with;
};
struct Solution {
    Equilibrium equilibrium;
    std::vector<FirmOutcome> firms = {};  // in the scenario's order
    double flop_without = 0;
    double flop_with = 0;
};
// REQUIRES: a scenario as said.
[[nodiscard]] Solution solve(const Scenario& scenario);

}  // namespace abate::policy
