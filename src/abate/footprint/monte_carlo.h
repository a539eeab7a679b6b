// Monte Carlo over an account: each cause of error is drawn once a round, and all factors that share it move together.
//
//     const Simulation s = simulate(account, {.draws = 100'000, .seed = 1}).value();
//     s.total.p95;               // kg CO2e
//     s.tornado[0].cause;        // what matters most
//
// A 90 % interval is drawn as a lognormal of two halves: median at the value, 5th and 95th percentile at low and high; where low is not above 0, as a
// normal of two halves. A bound is a triangle on [low, high] with its top at the value. No factor is drawn below 0, no PUE below 1. The same account, draws and seed give the same
// numbers (docs/methodology/uncertainty.md).
#pragma once

#include "abate/core/result.h"
#include "abate/footprint/inventory.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace abate::footprint {

struct SimulationOptions {
    std::size_t draws = 10'000;  // 100 to 10,000,000
    std::uint64_t seed = 1;
};

struct Percentiles {
    double mean = 0;
    double deviation = 0;  // standard
    double p5 = 0;
    double p25 = 0;
    double p50 = 0;
    double p75 = 0;
    double p95 = 0;
};

// One cause at its 5th and 95th percentile, all others at their value.
struct TornadoBar {
    std::string cause;
    double low_kgco2e = 0;  // total with the cause's factors at their low ends
    double high_kgco2e = 0;
};

struct Simulation {
    std::size_t draws = 0;
    std::uint64_t seed = 0;
    double value_kgco2e = 0;  // total with everything at its value
    Percentiles total;
    Percentiles operational;
    Percentiles embodied;
    std::vector<TornadoBar> tornado;  // the widest first; causes without effect are left out
};

// The number at probability p of a range's distribution, 0 < p < 1; increasing in p.
[[nodiscard]] double quantile(const Ranged& range, double p);
// The standard normal quantile (Wichura 1988, AS 241), 1e-15. REQUIRES: 0 < p < 1.
[[nodiscard]] double normal_quantile(double p);

// Errors: out_of_range (draws). O(draws x (causes + factors)).
[[nodiscard]] Result<Simulation> simulate(const Account& account, const SimulationOptions& options);

}  // namespace abate::footprint
