// The typical day of each month on a grid.
#include "abate/data/data.h"
#include "abate/data/tables_impl.h"
#include "abate/data/words.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace abate::data {
namespace {

constexpr std::string_view kProfiles = "intensity_profiles";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Filling {
    IntensityProfile::Band life_cycle;
    IntensityProfile::Band direct;
    Cell cell;
};

void make_unknown(IntensityProfile::Band& band) {
    for (IntensityProfile::Months* months : {&band.mean, &band.low, &band.high})
        for (auto& day : *months) day.fill(kUnknown);
}

bool complete(const IntensityProfile::Months& months) {
    return std::all_of(months.begin(), months.end(), [](const auto& day) {
        return std::none_of(day.begin(), day.end(), [](double v) { return std::isnan(v); });
    });
}

// Where the days' spread is not given it is not known: the mean alone.
void close_band(IntensityProfile::Band& band) {
    for (IntensityProfile::Months* months : {&band.low, &band.high})
        for (std::size_t month = 0; month < months->size(); ++month)
            for (std::size_t hour = 0; hour < (*months)[month].size(); ++hour)
                if (std::isnan((*months)[month][hour]))
                    (*months)[month][hour] = band.mean[month][hour];
}

IntensityProfile::Months* months_of(
    Filling& filling,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table's columns in their order
    std::string_view basis,
    std::string_view statistic) {
    IntensityProfile::Band* band = nullptr;
    if (basis == "life-cycle") band = &filling.life_cycle;
    if (basis == "direct") band = &filling.direct;
    if (band == nullptr) return nullptr;
    if (statistic == "mean") return &band->mean;
    if (statistic == "p5") return &band->low;
    return statistic == "p95" ? &band->high : nullptr;
}

std::string hour_column(std::size_t hour) {
    const std::string digits = std::to_string(hour);
    return (digits.size() == 1 ? "h0" : "h") + digits + "_gco2e_per_kwh";
}

// Puts the row's 24 hours in their place; what is no month or no number stays unknown.
void take_row(const Sheet& sheet, std::size_t row, Filling& filling) {
    const auto month = parse_number(sheet.text(row, "month"));
    IntensityProfile::Months* months =
        months_of(filling, sheet.text(row, "basis"), sheet.text(row, "statistic"));
    if (!month || *month < 1 || *month > 12 || months == nullptr) return;
    auto& day = (*months)[static_cast<std::size_t>(*month) - 1];
    for (std::size_t hour = 0; hour < day.size(); ++hour)
        if (const auto value = parse_number(sheet.text(row, hour_column(hour)))) day[hour] = *value;
    const Source* source = sheet.source_of(row);
    filling.cell.layer = sheet.layer;
    filling.cell.year = sheet.year_of(row);
    filling.cell.source = source != nullptr ? source->name : sheet.pack;
    filling.cell.licence = source != nullptr ? source->licence : sheet.licence;
}

void take_overrides(const LayeredTables& tables, const std::string& zone, Filling& filling) {
    for (const PlacedOverride& placed : tables.overrides) {
        if (placed.cell.table != kProfiles) continue;
        for (std::size_t month = 1; month <= 12; ++month)
            for (const std::string_view basis : {"life-cycle", "direct"})
                for (const std::string_view statistic : {"mean", "p5", "p95"}) {
                    const std::string key = zone + " " + std::to_string(month) + " " +
                                            std::string(basis) + " " + std::string(statistic);
                    if (!same_folded(placed.cell.key, key)) continue;
                    auto& day = (*months_of(filling, basis, statistic))[month - 1];
                    for (std::size_t hour = 0; hour < day.size(); ++hour)
                        if (placed.cell.column == hour_column(hour)) day[hour] = placed.value;
                    filling.cell.layer = placed.layer;
                }
    }
}

// Mean over the year: each month's typical day counts as often as the month has days.
double mean_of_year(const IntensityProfile::Months& months, int year) {
    double sum = 0;
    double days = 0;
    for (std::size_t month = 0; month < months.size(); ++month) {
        const std::chrono::year_month_day_last last =
            std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month) + 1} /
            std::chrono::last;
        const double of_month = static_cast<unsigned>(last.day());
        double day_sum = 0;
        for (const double value : months[month]) day_sum += value;
        sum += of_month * day_sum / static_cast<double>(months[month].size());
        days += of_month;
    }
    return sum / days;
}

Error no_profile(const Place& place, const std::set<std::string>& zones) {
    std::string known;
    for (const std::string& zone : zones) known += (known.empty() ? "" : ", ") + zone;
    return Error{ErrorCode::not_found,
                 "no typical days are known for " + place.name,
                 place.key,
                 "Zones that have them: " + known + ". Give hourly figures of your own instead."};
}

}  // namespace

Result<IntensityProfile> Tables::intensity_profile(const Place& place) const {
    const std::string& zone = place.zone.empty() ? place.grid_code : place.zone;
    Filling filling;
    make_unknown(filling.life_cycle);
    make_unknown(filling.direct);
    std::set<std::string> zones;
    for (const Sheet* sheet : impl_->sheets(kProfiles)) {
        int newest = 0;
        for (std::size_t row = 0; row < sheet->view->rows(); ++row) {
            const std::string_view name = sheet->text(row, "zone");
            zones.emplace(name);
            if (same_folded(name, zone)) newest = std::max(newest, sheet->year_of(row));
        }
        for (std::size_t row = 0; row < sheet->view->rows(); ++row)
            if (same_folded(sheet->text(row, "zone"), zone) && sheet->year_of(row) == newest)
                take_row(*sheet, row, filling);
    }
    take_overrides(*impl_, zone, filling);
    if (zone.empty() || !complete(filling.life_cycle.mean)) return no_profile(place, zones);
    IntensityProfile profile;
    profile.zone = zone;
    profile.year = filling.cell.year;
    close_band(filling.life_cycle);
    profile.life_cycle = filling.life_cycle;
    if (complete(filling.direct.mean)) {
        close_band(filling.direct);
        profile.direct = filling.direct;
    }
    // A year without a number counts as one of 365 days.
    const int year = profile.year == 0 ? 2023 : profile.year;
    filling.cell.key = zone;
    const Ranged mean = exactly(mean_of_year(profile.life_cycle.mean, year));
    profile.provenance =
        make_figure(filling.cell,
                    mean,
                    "intensity_gco2e_per_kwh",
                    "gCO2e/kWh",
                    "average, life-cycle, location-based; climatology: typical day by month, UTC")
            .provenance;
    return profile;
}

AverageLifeCycle climatology(const IntensityProfile& profile, const TimeSpan& span) {
    using std::chrono::floor;
    const auto& [from, to] = span;
    ABATE_REQUIRE(from <= to);
    const std::int64_t first = from.us - ((from.us % kHourUs) + kHourUs) % kHourUs;
    std::vector<HourValue> hours;
    for (std::int64_t us = first; us < std::max(to.us, first + 1); us += kHourUs) {
        const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(us)};
        const auto day = floor<std::chrono::days>(time);
        const unsigned month_number{
            static_cast<unsigned>(std::chrono::year_month_day(day).month())};
        const std::size_t month = month_number - 1;
        const auto hour = static_cast<std::size_t>(floor<std::chrono::hours>(time - day).count());
        hours.push_back({.value = profile.life_cycle.mean[month][hour],
                         .low = profile.life_cycle.low[month][hour],
                         .high = profile.life_cycle.high[month][hour],
                         .known = true,
                         .estimated = false});
    }
    return AverageLifeCycle(
        {.zone = profile.zone,
         .source = profile.provenance.source,
         .licence = profile.provenance.licence,
         .method = "climatology: typical day by month of " + std::to_string(profile.year),
         .key = "intensity_profiles " + profile.zone},
        HourlyValues({first}, std::move(hours)));
}

}  // namespace abate::data
