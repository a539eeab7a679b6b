#include "abate/footprint/nnls.h"

#include "abate/core/assert.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace abate::footprint {
namespace {

// Below this a coefficient has been driven to the edge (values are of order 1).
constexpr double kEdge = 1e-14;
// A gradient this small beside the largest is none.
constexpr double kFlat = 1e-10;

// Gaussian elimination with partial pivoting; columns that do not stand on their own get 0.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a matrix, then the right-hand side; sizes differ
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
    const std::size_t n = b.size();
    double largest = 0;
    for (const double entry : a) largest = std::max(largest, std::abs(entry));
    for (std::size_t column = 0; column < n; ++column) {
        std::size_t pivot = column;
        for (std::size_t row = column + 1; row < n; ++row)
            if (std::abs(a[row * n + column]) > std::abs(a[pivot * n + column])) pivot = row;
        if (std::abs(a[pivot * n + column]) <= std::numeric_limits<double>::epsilon() * largest)
            continue;
        for (std::size_t k = 0; k < n; ++k) std::swap(a[pivot * n + k], a[column * n + k]);
        std::swap(b[pivot], b[column]);
        for (std::size_t row = column + 1; row < n; ++row) {
            const double factor = a[row * n + column] / a[column * n + column];
            for (std::size_t k = column; k < n; ++k) a[row * n + k] -= factor * a[column * n + k];
            b[row] -= factor * b[column];
        }
    }
    std::vector<double> x(n, 0);
    for (std::size_t i = n; i-- > 0;) {
        double rest = b[i];
        for (std::size_t k = i + 1; k < n; ++k) rest -= a[i * n + k] * x[k];
        const double diagonal = a[i * n + i];
        x[i] = std::abs(diagonal) <= std::numeric_limits<double>::epsilon() * largest
                   ? 0
                   : rest / diagonal;
    }
    return x;
}

struct Problem {
    std::span<const double> gram;
    std::span<const double> moments;
    std::size_t n;

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, column, as everywhere; the matrix is symmetric
    [[nodiscard]] double at(std::size_t row, std::size_t column) const {
        return gram[row * n + column];
    }
    [[nodiscard]] double gradient(std::size_t k, const std::vector<double>& x) const {
        double out = moments[k];
        for (std::size_t j = 0; j < n; ++j) out -= at(k, j) * x[j];
        return out;
    }
    // Least squares over the columns in `passive`, 0 elsewhere.
    [[nodiscard]] std::vector<double> free_solution(const std::vector<bool>& passive) const {
        std::vector<std::size_t> columns;
        for (std::size_t k = 0; k < n; ++k)
            if (passive[k]) columns.push_back(k);
        std::vector<double> a;
        std::vector<double> b;
        for (const std::size_t row : columns) {
            b.push_back(moments[row]);
            for (const std::size_t column : columns) a.push_back(at(row, column));
        }
        const std::vector<double> part = solve(std::move(a), std::move(b));
        std::vector<double> out(n, 0);
        for (std::size_t i = 0; i < columns.size(); ++i) out[columns[i]] = part[i];
        return out;
    }
};

// Moves x towards the free solution until a coefficient meets 0, drops it, and tries again.
void descend(const Problem& problem, std::vector<bool>& passive, std::vector<double>& x) {
    while (true) {
        const std::vector<double> free = problem.free_solution(passive);
        double step = 1;
        bool inside = true;
        for (std::size_t k = 0; k < problem.n; ++k) {
            if (!passive[k] || free[k] > 0) continue;
            inside = false;
            const double way = x[k] - free[k];
            step = std::min(step, way > 0 ? x[k] / way : 0);
        }
        if (inside) {
            x = free;
            return;
        }
        bool dropped = false;
        for (std::size_t k = 0; k < problem.n; ++k) {
            if (!passive[k]) continue;
            x[k] += step * (free[k] - x[k]);
            if (x[k] > kEdge) continue;
            x[k] = 0;
            passive[k] = false;
            dropped = true;
        }
        if (!dropped) return;
    }
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a matrix, then a vector; sizes are checked
std::vector<double> nnls(std::span<const double> gram, std::span<const double> moments) {
    const std::size_t n = moments.size();
    ABATE_REQUIRE(gram.size() == n * n);
    const Problem problem{gram, moments, n};
    std::vector<double> x(n, 0);
    std::vector<bool> passive(n, false);
    double largest = 0;
    for (const double moment : moments) largest = std::max(largest, std::abs(moment));
    // Each round enters one column; rounding could make two take turns for ever.
    for (std::size_t round = 0; round < 20 * n; ++round) {
        std::size_t best = n;
        double steepest = kFlat * largest;
        for (std::size_t k = 0; k < n; ++k) {
            if (passive[k] || !(problem.at(k, k) > 0)) continue;
            const double slope = problem.gradient(k, x);
            if (slope > steepest) {
                steepest = slope;
                best = k;
            }
        }
        if (best == n) break;
        passive[best] = true;
        descend(problem, passive, x);
    }
    return x;
}

}  // namespace abate::footprint
