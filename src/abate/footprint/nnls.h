// Least squares with coefficients that may not be negative: physical energies only add.
//
//     const std::vector<double> c = nnls(gram, moments);     // argmin |A c - b|, c >= 0
//
// Lawson and Hanson 1974, chapter 23, on the normal equations: gram = A'A (k x k, row by row),
// moments = A'b. For a handful of columns. Inside `footprint` only.
#pragma once

#include <span>
#include <vector>

namespace abate::footprint {

// A column whose diagonal in `gram` is 0 gets the coefficient 0. REQUIRES: gram.size() ==
// moments.size()^2.
[[nodiscard]] std::vector<double> nnls(std::span<const double> gram,
                                       std::span<const double> moments);

}  // namespace abate::footprint
