// PowerProfile: what `abate calibrate` learns about a class of machines, and what the model uses
// where there are no counters.
//
//     P(u) = idle + (full - idle) x curve(u),  u = busy CPU time / (CPUs x time), 0 to 1
//
// `points` are concave, piecewise linear, from u = 0 to u = 1, watts of the whole machine's
// packages.
#pragma once

#include "abate/units/ranged.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace abate::meter {

struct PowerPoint {
    double utilisation = 0;  // 0..1
    Ranged watts;
};

struct PowerProfile {
    std::string name;                // "AMD EPYC 7742, 2 sockets"
    std::string cpu_model;           // as /proc/cpuinfo names it
    int cpus = 0;                    // logical CPUs that the points stand for
    std::vector<PowerPoint> points;  // at least 2; first u = 0, last u = 1
    Ranged dram_w_per_gb;            // of memory in use; value 0: none
    Ranged node_ratio;               // node over components; value 0: not fitted
    double residual = 0;             // relative root mean square error of the fit
    std::string fitted_at;           // RFC 3339
    std::string source;              // "perf package-0, 6 load levels, 2 s each"
    std::string wall_source;         // of node_ratio; empty: none
};

// Watts at utilisation u by linear interpolation; u is clamped to [0, 1]. REQUIRES: points.size()
// >= 2.
[[nodiscard]] Ranged power_at(const std::vector<PowerPoint>& points, double utilisation);

// True when the points rise from 0 to 1 and each slope is no larger than the one before it.
[[nodiscard]] bool is_concave(const std::vector<PowerPoint>& points);

}  // namespace abate::meter
