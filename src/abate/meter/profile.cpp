#include "abate/meter/profile.h"

#include "abate/core/assert.h"

#include <algorithm>

namespace abate::meter {

Ranged power_at(const std::vector<PowerPoint>& points, double utilisation) {
    ABATE_REQUIRE(points.size() >= 2);
    const double u = std::clamp(utilisation, 0.0, 1.0);
    std::size_t right = 1;
    while (right + 1 < points.size() && points[right].utilisation < u) ++right;
    const PowerPoint& a = points[right - 1];
    const PowerPoint& b = points[right];
    const double width = b.utilisation - a.utilisation;
    const double t = width > 0 ? std::clamp((u - a.utilisation) / width, 0.0, 1.0) : 1.0;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, then to
    const auto mix = [t](double from, double to) { return from + t * (to - from); };
    return {.value = mix(a.watts.value, b.watts.value),
            .low = mix(a.watts.low, b.watts.low),
            .high = mix(a.watts.high, b.watts.high),
            .kind = a.watts.kind};
}

bool is_concave(const std::vector<PowerPoint>& points) {
    double last_slope = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
        const double width = points[i].utilisation - points[i - 1].utilisation;
        const double rise = points[i].watts.value - points[i - 1].watts.value;
        if (width <= 0 || rise < 0) return false;
        const double slope = rise / width;
        if (i > 1 && slope > last_slope * (1 + 1e-9)) return false;
        last_slope = slope;
    }
    return points.size() >= 2;
}

}  // namespace abate::meter
