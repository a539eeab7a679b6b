#include "abate/policy/scenario.h"

namespace abate::policy {

Solution solve(const Scenario& scenario) {
    Solution out{.equilibrium = solve(Industry(scenario.firms), scenario.rules)};
    for (const Firm& firm : scenario.firms) {
        Firm before = firm;
        before.endowment_j = 0;
        const FirmOutcome& outcome = out.firms.emplace_back(FirmOutcome{
            .without = choose(before, 0), .with = choose(firm, out.equilibrium.price_per_j)});
        out.flop_without += outcome.without.flop;
        out.flop_with += outcome.with.flop;
    }
    return out;
}

}  // namespace abate::policy
