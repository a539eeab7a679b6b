#include "abate/policy/path.h"

#include "abate/core/assert.h"
#include "abate/policy/price_at.h"

#include <algorithm>

namespace abate::policy {
namespace {

// Periods with one discounted price.
struct Pool {
    std::size_t first = 0;
    std::size_t end = 0;
    double supply_j = 0;
    double discounted = 0;  // its price, as of the first of all periods
};

}  // namespace

std::vector<PeriodPrice> solve_path(const Industry& industry,
                                    const std::vector<Period>& periods,
                                    const BankingRules& rules) {
    ABATE_REQUIRE(!periods.empty() && rules.discount_rate > -1);
    std::vector<double> growth(periods.size(), 1);  // of a price that rises at the rate
    for (std::size_t t = 1; t < periods.size(); ++t)
        growth[t] = growth[t - 1] * (1 + rules.discount_rate);

    const auto solve_pool = [&](Pool& pool) {
        const auto demand = [&](double discounted) {
            Industry::Demand sum;
            for (std::size_t t = pool.first; t < pool.end; ++t) {
                const Industry::Demand at =
                    industry.demand(discounted * growth[t], periods[t].setting);
                sum.energy_j += at.energy_j;
                sum.slope += at.slope * growth[t];
                sum.curve += at.curve * growth[t] * growth[t];
            }
            return sum;
        };
        // Each period alone uses no more than its part there.
        const auto above = [&] {
            const double part = pool.supply_j / static_cast<double>(pool.end - pool.first);
            double most = 0;
            for (std::size_t t = pool.first; t < pool.end; ++t)
                most = std::max(most, industry.price_above(part, periods[t].setting) / growth[t]);
            return most;
        };
        pool.discounted = price_at(demand, pool.supply_j, above);
    };

    std::vector<Pool> pools;
    double waiting = rules.bank_j;
    for (std::size_t t = 0; t < periods.size(); ++t) {
        Pool next{.first = t, .end = t + 1, .supply_j = periods[t].supply_j + waiting};
        waiting = 0;
        // What has nothing of its own lives on what was kept.
        while (true) {
            if (next.supply_j > 0) solve_pool(next);
            if (pools.empty()) break;
            const Pool& before = pools.back();
            if (next.supply_j > 0 && next.discounted <= before.discounted) break;
            next.first = before.first;
            next.supply_j += before.supply_j;
            pools.pop_back();
        }
        ABATE_REQUIRE(next.supply_j > 0);
        pools.push_back(next);
    }

    std::vector<PeriodPrice> out(periods.size());
    double bank = rules.bank_j;
    for (const Pool& pool : pools) {
        for (std::size_t t = pool.first; t < pool.end; ++t) {
            out[t].price_per_j = pool.discounted * growth[t];
            out[t].demand_j = industry.demand(out[t].price_per_j, periods[t].setting).energy_j;
            bank += periods[t].supply_j - out[t].demand_j;
            // All of it is used at the end of a pool, but where more was given than anybody wants for nothing.
            if (t + 1 == pool.end && pool.discounted > 0) bank = 0;
            out[t].bank_j = bank;
        }
    }
    return out;
}

}  // namespace abate::policy
