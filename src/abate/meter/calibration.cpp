#include "abate/meter/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace abate::meter {
namespace {

// 90 % of a normal distribution lies within 1.645 standard deviations.
constexpr double kNinetyPercent = 1.645;

// A run of adjacent segments that share one slope.
struct Pool {
    double width = 0;
    double rise = 0;
    std::size_t segments = 0;
    [[nodiscard]] double slope() const { return rise / width; }
};

// Slopes that never rise from one segment to the next and never fall below zero, nearest to the measured ones in the
// width-weighted least-squares sense.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): abscissa, then ordinate
std::vector<double> falling_slopes(const std::vector<double>& x, const std::vector<double>& y) {
    std::vector<Pool> pools;
    for (std::size_t i = 1; i < x.size(); ++i) {
        pools.push_back({x[i] - x[i - 1], y[i] - y[i - 1], 1});
        while (pools.size() > 1 && pools[pools.size() - 2].slope() < pools.back().slope()) {
            Pool last = pools.back();
            pools.pop_back();
            pools.back().width += last.width;
            pools.back().rise += last.rise;
            pools.back().segments += last.segments;
        }
    }
    std::vector<double> slopes;
    for (const Pool& pool : pools)
        slopes.insert(slopes.end(), pool.segments, std::max(0.0, pool.slope()));
    return slopes;
}

// Levels with (nearly) the same load become one.
void merge_equal_loads(std::vector<LoadLevel>& levels) {
    std::sort(levels.begin(), levels.end(), [](const auto& a, const auto& b) {
        return a.utilisation < b.utilisation;
    });
    std::vector<LoadLevel> merged;
    for (const LoadLevel& level : levels) {
        if (!merged.empty() && level.utilisation - merged.back().utilisation < 0.01) {
            LoadLevel& into = merged.back();
            into.package_w = (into.package_w + level.package_w) / 2;
            into.dram_w = (into.dram_w + level.dram_w) / 2;
            into.memory_used_gb = (into.memory_used_gb + level.memory_used_gb) / 2;
        } else {
            merged.push_back(level);
        }
    }
    levels = std::move(merged);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, then to
double mean_power(const PowerTrace& trace, Timestamp from, Timestamp to) {
    double sum = 0;
    int count = 0;
    for (std::size_t i = 0; i < trace.at.size(); ++i) {
        if (trace.at[i] < from || trace.at[i] >= to) continue;
        sum += trace.watts[i];
        ++count;
    }
    return count > 0 ? sum / count : -1;
}

double percentile(std::vector<double> sorted, double share) {
    const double position = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] +
           (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Result<PowerProfile> fit_profile(std::vector<LoadLevel> levels) {
    merge_equal_loads(levels);
    if (levels.size() < 3 || levels.back().utilisation - levels.front().utilisation < 0.5) {
        return Error{
            ErrorCode::unavailable,
            fmt::format("{} load levels between {:.0f} and {:.0f} % are too few to fit a curve",
                        levels.size(),
                        levels.empty() ? 0 : levels.front().utilisation * 100,
                        levels.empty() ? 0 : levels.back().utilisation * 100),
            "",
            "Run it on an otherwise idle machine, for longer"};
    }
    std::vector<double> x;
    std::vector<double> y;
    for (const LoadLevel& level : levels) {
        x.push_back(level.utilisation);
        y.push_back(level.package_w);
    }
    const std::vector<double> slopes = falling_slopes(x, y);
    std::vector<double> fitted{0};
    for (std::size_t i = 1; i < x.size(); ++i)
        fitted.push_back(fitted.back() + slopes[i - 1] * (x[i] - x[i - 1]));
    // The best offset for these slopes is the mean difference; no load takes no less than nothing.
    const double mean_difference = (std::accumulate(y.begin(), y.end(), 0.0) -
                                    std::accumulate(fitted.begin(), fitted.end(), 0.0)) /
                                   static_cast<double>(y.size());
    const double offset = std::max(mean_difference, slopes.front() * x.front());
    double squares = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
        squares += (y[i] - fitted[i] - offset) * (y[i] - fitted[i] - offset);
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
    const double deviation = std::sqrt(squares / static_cast<double>(y.size()));

    PowerProfile profile;
    profile.residual = mean > 0 ? deviation / mean : 0;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): abscissa, then ordinate
    const auto add = [&](double load, double watts) {
        watts = std::max(0.0, watts);
        profile.points.push_back({load,
                                  {.value = watts,
                                   .low = std::max(0.0, watts - kNinetyPercent * deviation),
                                   .high = watts + kNinetyPercent * deviation}});
    };
    // Extended along the outer slopes to no load and to full load.
    if (x.front() > 1e-6) add(0, fitted.front() + offset - slopes.front() * x.front());
    for (std::size_t i = 0; i < x.size(); ++i)
        add(i == 0 && x[i] <= 1e-6 ? 0 : x[i], fitted[i] + offset);
    if (x.back() < 1 - 1e-6) add(1, fitted.back() + offset + slopes.back() * (1 - x.back()));
    profile.points.back().utilisation = 1;

    double dram = 0;
    double memory = 0;
    for (const LoadLevel& level : levels) {
        dram += level.dram_w;
        memory += level.memory_used_gb;
    }
    if (dram > 0 && memory > 0) {
        const double per_gb = dram / memory;
        double least = per_gb;
        double most = per_gb;
        for (const LoadLevel& level : levels) {
            if (level.memory_used_gb <= 0) continue;
            least = std::min(least, level.dram_w / level.memory_used_gb);
            most = std::max(most, level.dram_w / level.memory_used_gb);
        }
        profile.dram_w_per_gb = {
            .value = per_gb, .low = least, .high = most, .kind = RangeKind::bound};
    }
    return profile;
}

Result<Ranged> fit_node_ratio(const NodeTraces& traces) {
    const PowerTrace& components = traces.components;
    const PowerTrace& wall = traces.wall;
    constexpr std::int64_t kWindow = 10'000'000;
    if (components.at.empty() || wall.at.empty())
        return Error{ErrorCode::invalid_argument, "one of the two traces is empty", "", ""};
    const Timestamp from = std::max(components.at.front(), wall.at.front());
    const Timestamp to = std::min(components.at.back(), wall.at.back());
    std::vector<double> ratios;
    double component_sum = 0;
    double wall_sum = 0;
    for (std::int64_t at = from.us; at + kWindow <= to.us; at += kWindow) {
        const double c = mean_power(components, {at}, {at + kWindow});
        const double w = mean_power(wall, {at}, {at + kWindow});
        if (c <= 0 || w < 0) continue;
        ratios.push_back(w / c);
        component_sum += c;
        wall_sum += w;
    }
    if (ratios.size() < 3) {
        return Error{ErrorCode::invalid_argument,
                     "the wall meter and the calibration overlap for less than 30 s",
                     "",
                     "Log the wall meter while `abate calibrate` runs, with times in UTC"};
    }
    std::sort(ratios.begin(), ratios.end());
    const double value = wall_sum / component_sum;
    if (value < 1) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("the wall meter shows {:.2f} times the components' power, which cannot be",
                        value),
            "",
            "Check that it meters this machine alone, in watts"};
    }
    return Ranged{.value = value,
                  .low = std::min(value, std::max(1.0, percentile(ratios, 0.05))),
                  .high = std::max(value, percentile(ratios, 0.95))};
}

}  // namespace abate::meter
