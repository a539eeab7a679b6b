// Order statistics of small samples, as the validation and the fitted ranges use them. Inside
// `footprint` only.
#pragma once

#include <span>
#include <vector>

namespace abate::footprint {

// Share of cases that a printed range is to hold: the 90 % intervals of units/ranged.h.
inline constexpr double kCover = 0.90;
// 95th percentile of the standard normal distribution: a 90 % interval ends there on both sides.
inline constexpr double kZ95 = 1.6448536269514722;

// Linear between the order statistics at (n - 1) p (Hyndman and Fan 1996, type 7). REQUIRES: values
// not empty, p in [0, 1].
[[nodiscard]] double quantile(std::span<const double> values, double p);

struct Interval {
    double low = 0;
    double high = 0;
    [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
};
// The shortest interval that holds ceil(cover x n) of the values. REQUIRES: values not empty, cover
// in (0, 1].
[[nodiscard]] Interval shortest_interval(std::span<const double> values, double cover);
// From the quantile (1 - cover) / 2 to its mirror. REQUIRES: as above.
[[nodiscard]] Interval central_interval(std::span<const double> values, double cover);

}  // namespace abate::footprint
