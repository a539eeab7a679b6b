#include "abate/data/hourly.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace abate::data {
namespace {

constexpr std::int64_t kStartUs = 1'714'521'600'000'000;  // 2024-05-01T00:00:00Z
constexpr std::int64_t kHours = 60;

HourlyValues random_values(bool flat) {
    std::vector<HourValue> hours;
    const double level = *rc::gen::inRange(0, 1000);
    for (std::int64_t i = 0; i < kHours; ++i) {
        const double value = flat ? level : *rc::gen::inRange(0, 1000);
        hours.push_back({.value = value, .low = value, .high = value, .known = true});
    }
    return {{kStartUs}, hours};
}

PowerPiece random_piece() {
    const auto start = *rc::gen::inRange<std::int64_t>(0, kHours * kHourUs);
    const auto end = *rc::gen::inRange<std::int64_t>(start, kHours * kHourUs + 1);
    return {.start = {kStartUs + start},
            .end = {kStartUs + end},
            .energy_j = static_cast<double>(*rc::gen::inRange(1, 1000))};
}

double grams(const HourlyValues& values, const std::vector<PowerPiece>& pieces) {
    double energy = 0;
    for (const PowerPiece& piece : pieces) energy += piece.energy_j;
    return energy * values.mean(pieces, MissingHours::refuse, "")->g_per_kwh.value;
}

// A run cut anywhere, its energy shared by time, emits the same in two parts as in one.
RC_GTEST_PROP(HourlyMean, SplittingAWindowKeepsTheSum, ()) {
    const HourlyValues values = random_values(false);
    const PowerPiece whole = random_piece();
    RC_PRE(whole.end > whole.start);
    const auto cut = *rc::gen::inRange<std::int64_t>(whole.start.us, whole.end.us + 1);
    const double share = static_cast<double>(cut - whole.start.us) /
                         static_cast<double>(whole.end.us - whole.start.us);
    PowerPiece before = whole;
    PowerPiece after = whole;
    before.end = after.start = {cut};
    before.energy_j = whole.energy_j * share;
    after.energy_j = whole.energy_j * (1 - share);
    const double one = grams(values, {whole});
    // Cut at an edge, one part has no length, no energy, and no hour need be known for it.
    double two = 0;
    if (share > 0) two += grams(values, {before});
    if (share < 1) two += grams(values, {after});
    RC_ASSERT(std::abs(one - two) <= 1e-9 * (1 + one));
}

RC_GTEST_PROP(HourlyMean, AFlatSeriesIsItsAnnualFactor, ()) {
    const HourlyValues values = random_values(true);
    const std::vector<PowerPiece> pieces{random_piece(), random_piece(), random_piece()};
    const double level = values.hours().front().value;
    const HourlyValues::Mean mean = values.mean(pieces, MissingHours::refuse, "").value();
    RC_ASSERT(std::abs(mean.g_per_kwh.value - level) <= 1e-9 * (1 + level));
    RC_ASSERT(std::abs(mean.g_per_kwh.high - 1.12 * level) <= 1e-9 * (1 + level));
}

RC_GTEST_PROP(HourlyMean, LiesBetweenTheHoursItTouches, ()) {
    const HourlyValues values = random_values(false);
    const std::vector<PowerPiece> pieces{random_piece(), random_piece()};
    const HourlyValues::Mean mean = values.mean(pieces, MissingHours::refuse, "").value();
    double low = 1e9;
    double high = 0;
    for (const HourValue& hour : values.hours()) {
        low = std::min(low, hour.value);
        high = std::max(high, hour.value);
    }
    RC_ASSERT(mean.g_per_kwh.value >= low - 1e-9);
    RC_ASSERT(mean.g_per_kwh.value <= high + 1e-9);
    RC_ASSERT(mean.g_per_kwh.low <= mean.g_per_kwh.value);
    RC_ASSERT(mean.g_per_kwh.high >= mean.g_per_kwh.value);
}

}  // namespace
}  // namespace abate::data
