// Fitting a power profile: idle and a concave load curve where counters exist, node overhead from a wall meter.
//
//     PowerProfile profile = fit_profile(levels).value();          // levels measured at 0, 25, 50, 75, 100 % load
//     profile.node_ratio = fit_node_ratio({.components = ours, .wall = meters}).value();
//
// The load curve is the least-squares concave, rising, piecewise-linear one with knots at the measured loads: slopes are pooled
// where they would rise (pool adjacent violators), which is exact for equal weights. docs/methodology/model.md.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/meter/profile.h"

#include <vector>

namespace abate::meter {

// Mean over one load level.
struct LoadLevel {
    double utilisation = 0;  // measured: busy CPU time over capacity, 0..1
    double package_w = 0;    // all packages
    double dram_w = 0;       // all DRAM domains; 0: no counter
    double memory_used_gb = 0;
};

// points, residual and dram_w_per_gb of a profile; ranges are +-1.645 residual standard deviations around the curve (90 %).
// Errors: invalid_argument (fewer than 3 levels, or loads that span less than half of 0..1).
[[nodiscard]] Result<PowerProfile> fit_profile(std::vector<LoadLevel> levels);

// Power over time, watts, in order of time.
struct PowerTrace {
    std::vector<Timestamp> at;
    std::vector<double> watts;
};

// The same node seen by its own counters and by a wall meter.
struct NodeTraces {
    PowerTrace components;
    PowerTrace wall;
};

// Node (wall) power over component power where the two traces overlap: value = energy ratio; range = 5th to 95th percentile of
// the ratio over windows of 10 s. Errors: invalid_argument (less than 30 s of overlap, or a wall power below the components').
[[nodiscard]] Result<Ranged> fit_node_ratio(const NodeTraces& traces);

}  // namespace abate::meter
