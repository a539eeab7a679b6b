#include "abate/footprint/statistics.h"

#include "abate/core/assert.h"

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

std::vector<double> sorted(std::span<const double> values) {
    std::vector<double> out(values.begin(), values.end());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

double quantile(std::span<const double> values, double p) {
    ABATE_REQUIRE(!values.empty() && p >= 0 && p <= 1);
    const std::vector<double> order = sorted(values);
    const double at = static_cast<double>(order.size() - 1) * p;
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, order.size() - 1);
    return order[below] + (at - static_cast<double>(below)) * (order[above] - order[below]);
}

Interval shortest_interval(std::span<const double> values, double cover) {
    ABATE_REQUIRE(!values.empty() && cover > 0 && cover <= 1);
    const std::vector<double> order = sorted(values);
    const double wanted = std::ceil(cover * static_cast<double>(order.size()) - 1e-9);
    const std::size_t inside =
        std::clamp<std::size_t>(static_cast<std::size_t>(wanted), std::size_t{1}, order.size());
    std::size_t best = 0;
    for (std::size_t i = 0; i + inside <= order.size(); ++i)
        if (order[i + inside - 1] - order[i] < order[best + inside - 1] - order[best]) best = i;
    return {.low = order[best], .high = order[best + inside - 1]};
}

Interval central_interval(std::span<const double> values, double cover) {
    ABATE_REQUIRE(cover > 0 && cover <= 1);
    return {.low = quantile(values, (1 - cover) / 2), .high = quantile(values, (1 + cover) / 2)};
}

}  // namespace abate::footprint
