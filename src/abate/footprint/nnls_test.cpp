#include "abate/footprint/nnls.h"

#include "abate/core/random.h"
#include "abate/footprint/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace abate::footprint {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

struct System {
    std::vector<double> gram;
    std::vector<double> moments;
    double square = 0;  // b'b

    [[nodiscard]] double loss(const std::vector<double>& x) const {
        const std::size_t n = moments.size();
        double sum = square;
        for (std::size_t i = 0; i < n; ++i) {
            sum -= 2 * x[i] * moments[i];
            for (std::size_t j = 0; j < n; ++j) sum += x[i] * gram[i * n + j] * x[j];
        }
        return sum;
    }
};

System random_system(Random& random, std::size_t columns) {
    constexpr std::size_t kRows = 12;
    System out{std::vector<double>(columns * columns, 0), std::vector<double>(columns, 0)};
    for (std::size_t row = 0; row < kRows; ++row) {
        std::vector<double> a;
        for (std::size_t k = 0; k < columns; ++k) a.push_back(random.uniform() * 2 - 0.7);
        const double b = random.uniform() * 2 - 1;
        out.square += b * b;
        for (std::size_t i = 0; i < columns; ++i) {
            out.moments[i] += a[i] * b;
            for (std::size_t j = 0; j < columns; ++j) out.gram[i * columns + j] += a[i] * a[j];
        }
    }
    return out;
}

// a x = b, a row by row.
struct Equations {
    std::vector<double> a;
    std::vector<double> b;
};

// Gauss-Jordan without pivots, which is safe for a positive definite matrix; absent where columns depend on each other.
std::optional<std::vector<double>> solve_small(const Equations& system) {
    auto [a, b] = system;
    const std::size_t n = b.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (std::abs(a[i * n + i]) < 1e-9) return std::nullopt;
        for (std::size_t row = 0; row < n; ++row) {
            if (row == i) continue;
            const double factor = a[row * n + i] / a[i * n + i];
            for (std::size_t k = 0; k < n; ++k) a[row * n + k] -= factor * a[i * n + k];
            b[row] -= factor * b[i];
        }
    }
    for (std::size_t i = 0; i < n; ++i) b[i] /= a[i * n + i];
    return b;
}

// Every subset of columns by least squares; the best whose coefficients are not negative.
double best_loss(const System& system) {
    const std::size_t n = system.moments.size();
    double best = system.loss(std::vector<double>(n, 0));
    for (std::size_t subset = 1; subset < (std::size_t{1} << n); ++subset) {
        std::vector<std::size_t> columns;
        for (std::size_t k = 0; k < n; ++k)
            if ((subset >> k & 1) != 0) columns.push_back(k);
        Equations equations;
        for (const std::size_t i : columns) {
            equations.b.push_back(system.moments[i]);
            for (const std::size_t j : columns) equations.a.push_back(system.gram[i * n + j]);
        }
        const std::optional<std::vector<double>> part = solve_small(equations);
        if (!part) continue;
        bool fine = true;
        std::vector<double> x(n, 0);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            x[columns[i]] = (*part)[i];
            fine = fine && (*part)[i] >= 0;
        }
        if (fine) best = std::min(best, system.loss(x));
    }
    return best;
}

// By hand: columns (1, 0) and (0, 1), b = (2, -3): the second would be negative, so it is 0.
TEST(Nnls, LeavesOutWhatWouldBeNegative) {
    EXPECT_THAT(nnls(std::vector<double>{1, 0, 0, 1}, std::vector<double>{2, -3}),
                ElementsAre(DoubleNear(2, 1e-12), 0));
}

// Columns (1, 1, 1) and (0, 1, 2), b = (1, 3, 5): a line through all three, 1 + 2 t.
TEST(Nnls, IsLeastSquaresWhereThatIsPositive) {
    EXPECT_THAT(nnls(std::vector<double>{3, 3, 3, 5}, std::vector<double>{9, 13}),
                ElementsAre(DoubleNear(1, 1e-9), DoubleNear(2, 1e-9)));
}

TEST(Nnls, GivesAColumnOfZerosNothing) {
    EXPECT_THAT(nnls(std::vector<double>{0, 0, 0, 4}, std::vector<double>{0, 2}),
                ElementsAre(0, DoubleNear(0.5, 1e-12)));
}

TEST(Nnls, FindsWhatTryingEverySubsetFinds) {
    Random random(20260216);
    for (int round = 0; round < 300; ++round) {
        const std::size_t columns = 1 + static_cast<std::size_t>(random.uniform() * 5);
        const System system = random_system(random, columns);
        const std::vector<double> x = nnls(system.gram, system.moments);
        for (const double coefficient : x) EXPECT_GE(coefficient, 0);
        EXPECT_NEAR(system.loss(x), best_loss(system), 1e-8) << "round " << round;
    }
}

// Type 7 of Hyndman and Fan by hand: 1, 2, 3, 4 at 0.9: 3 x 0.9 = 2.7, between the third and fourth.
TEST(Quantile, LiesBetweenTwoOrderStatistics) {
    const std::vector<double> values{4, 1, 3, 2};
    EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
    EXPECT_DOUBLE_EQ(quantile(values, 0.9), 3.7);
    EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
}

// Of 0, 9, 10, 11, 12 four values must be inside 0.8: 9 to 12.
TEST(ShortestInterval, IsWhereTheValuesAreDensest) {
    const Interval found = shortest_interval(std::vector<double>{0, 12, 9, 11, 10}, 0.8);
    EXPECT_DOUBLE_EQ(found.low, 9);
    EXPECT_DOUBLE_EQ(found.high, 12);
}

}  // namespace
}  // namespace abate::footprint
