// Carbon intensity, PUE and water of a place: which row answers, and how wide its range is.
// The choice of basis and the ranges are explained in docs/methodology/intensity.md.
#include "abate/data/data.h"
#include "abate/data/intensity_range.h"
#include "abate/data/tables_impl.h"
#include "abate/data/words.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace abate::data {
namespace {

constexpr std::string_view kUnit = "gCO2e/kWh";
constexpr std::string_view kLifeCycle = "life_cycle_gco2e_per_kwh";
constexpr std::string_view kDirect = "direct_gco2e_per_kwh";
constexpr std::string_view kLifeCycleBasis = "average, life-cycle, location-based";
constexpr std::string_view kDirectBasis = "average, direct, location-based";
constexpr std::string_view kFigure = "intensity_gco2e_per_kwh";

// Largest difference between two publications of one operator's PUE: 1.185 and 1.16 for Azure
// (Cloud Carbon Footprint 2021, Microsoft FY24), 2.2 %.
constexpr double kPueSpread = 0.02;
constexpr int kFirstOverrideRank = 1000;

Ranged widened(double value) {
    return {value, value * (1 - kSourceSpread), value * (1 + kSourceSpread), RangeKind::interval90};
}

std::string country_of(std::string_view code) {
    return std::string(code.substr(0, code.find('-')));
}

// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7). REQUIRES: sorted,
// not empty.
double percentile(const std::vector<double>& sorted, double share) {
    ABATE_REQUIRE(!sorted.empty());
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// The zone's value of `year`, else the newest.
std::optional<Cell> zone_cell(const LayeredTables& tables, const std::string& zone, int year) {
    std::optional<Cell> cell = tables.cell("grid_intensity_zones", zone, kLifeCycle);
    if (!cell || cell->layer_rank != 0 || cell->year == year) return cell;
    tables.each("grid_intensity_zones", [&](const Sheet& sheet, std::size_t row) {
        if (sheet.layer != "built-in" || sheet.year_of(row) != year || !sheet.has_key(row, zone))
            return;
        cell->value = sheet.number(row, kLifeCycle);
        cell->year = year;
    });
    return cell;
}

// A country's figure with the other source, where there is one, inside its range.
Figure both_sources(const Cell& annual, const std::optional<Cell>& zone) {
    Ranged range = widened(annual.value);
    Cell shown = annual;
    if (zone && zone->layer_rank < kFirstOverrideRank && annual.layer_rank < kFirstOverrideRank) {
        range.low = std::min(range.low, zone->value);
        range.high = std::max(range.high, zone->value);
        shown.source += "; range with " + zone->source;
        shown.licence += "; range: " + zone->licence;
    }
    return make_figure(shown, range, kFigure, kUnit, kLifeCycleBasis);
}

// A state without a zone of its own: the country's figure, as wide as its zones lie apart.
Figure country_for_part(const LayeredTables& tables,
                        const Cell& annual,
                        const std::string& country) {
    std::vector<double> values;
    std::string source;
    std::string licence;
    const std::string prefix = country + "-";
    int newest = 0;
    tables.each("grid_intensity_zones", [&](const Sheet& sheet, std::size_t row) {
        if (!sheet.text(row, "zone").starts_with(prefix) || sheet.year_of(row) < newest) return;
        if (sheet.year_of(row) > newest) values.clear();
        newest = sheet.year_of(row);
        values.push_back(sheet.number(row, kLifeCycle));
        const Source* from = sheet.source_of(row);
        source = from != nullptr ? from->name : sheet.pack;
        licence = from != nullptr ? from->licence : sheet.licence;
    });
    Ranged range = widened(annual.value);
    Cell shown = annual;
    if (!values.empty()) {
        std::sort(values.begin(), values.end());
        range.low = std::min(range.low, percentile(values, 0.05));
        range.high = std::max(range.high, percentile(values, 0.95));
        shown.source += "; range with " + source;
        shown.licence += "; range: " + licence;
    }
    return make_figure(shown,
                       range,
                       kFigure,
                       kUnit,
                       std::string(kLifeCycleBasis) + "; figure of the whole country");
}

Error no_intensity(const Place& place, std::string_view column, const char* what) {
    const bool cloud = !place.provider.empty();
    return Error{ErrorCode::not_found,
                 "no " + std::string(what) + " intensity is known for " + place.name,
                 place.key,
                 "Supply a factor: --set \"" +
                     std::string(cloud ? "cloud_regions/" : "grid_intensity_annual/") + place.key +
                     "/" + std::string(column) + "=VALUE\"."};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere in data
std::string text_of(const LayeredTables& tables, std::string_view code, std::string_view column) {
    if (code.empty()) return {};
    const auto row = tables.row("places", code);
    return row ? std::string(row->sheet->text(row->row, column)) : std::string{};
}

// The values of `column` over a provider's regions, sorted.
std::vector<double> region_values(const LayeredTables& tables,
                                  const std::string& provider,
                                  std::string_view column) {
    std::vector<double> values;
    tables.each("cloud_regions", [&](const Sheet& sheet, std::size_t row) {
        if (!same_folded(sheet.text(row, "provider"), provider)) return;
        if (sheet.text(row, "region") == "*") return;
        if (!sheet.text(row, column).empty()) values.push_back(sheet.number(row, column));
    });
    std::sort(values.begin(), values.end());
    return values;
}

// The provider-wide figure, as wide as 5 to 95 % of its regions.
std::optional<Figure> provider_default(
    const LayeredTables& tables,
    const Place& place,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a figure is named, then its unit, everywhere in data
    std::string_view column,
    std::string_view unit) {
    const std::optional<Cell> cell = tables.cell("cloud_regions", place.provider + " *", column);
    if (!cell) return std::nullopt;
    Ranged range = exactly(cell->value);
    const std::vector<double> values = region_values(tables, place.provider, column);
    if (!values.empty()) {
        range.low = std::min(range.value, percentile(values, 0.05));
        range.high = std::max(range.value, percentile(values, 0.95));
    }
    return make_figure(*cell, range, column, unit, "annual mean of the provider's fleet");
}

// Half a unit of the last digit that was published: "0.18" -> 0.005.
double rounding(const std::string& text) {
    const std::size_t dot = text.find('.');
    const std::size_t decimals = dot == std::string::npos ? 0 : text.size() - dot - 1;
    return 0.5 * std::pow(10.0, -static_cast<double>(decimals));
}

Error no_facility_figure(const Place& place, const char* what, const char* hint) {
    return Error{ErrorCode::not_found,
                 "no " + std::string(what) + " is known for " + place.name,
                 place.key,
                 hint};
}

}  // namespace

Result<Figure> Tables::intensity(const Place& place) const {
    if (!place.provider.empty()) {
        const auto own = impl_->cell("cloud_regions", place.key, kLifeCycle);
        if (own) return make_figure(*own, widened(own->value), kFigure, kUnit, kLifeCycleBasis);
    }
    const std::string country = country_of(place.grid_code);
    const bool part_of_country = place.grid_code != country;
    const bool national_zone =
        !place.zone.empty() && !part_of_country &&
        (place.zone == country || place.zone == text_of(*impl_, country, "zone"));
    const auto annual = impl_->cell("grid_intensity_annual", place.grid_code, kLifeCycle);
    if (annual && (national_zone || place.zone.empty() || part_of_country)) {
        std::optional<Cell> zone;
        if (!place.zone.empty()) zone = zone_cell(*impl_, place.zone, annual->year);
        if (!zone || zone->layer_rank <= annual->layer_rank) return both_sources(*annual, zone);
    }
    if (!place.zone.empty()) {
        const auto zone = impl_->cell("grid_intensity_zones", place.zone, kLifeCycle);
        if (zone) return make_figure(*zone, widened(zone->value), kFigure, kUnit, kLifeCycleBasis);
    }
    if (annual) return both_sources(*annual, std::nullopt);
    if (part_of_country) {
        const auto whole = impl_->cell("grid_intensity_annual", country, kLifeCycle);
        if (whole) return country_for_part(*impl_, *whole, country);
    }
    return no_intensity(place, kLifeCycle, "life-cycle");
}

Result<Figure> Tables::intensity_direct(const Place& place) const {
    std::optional<Cell> cell;
    if (!place.provider.empty()) cell = impl_->cell("cloud_regions", place.key, kDirect);
    const std::string egrid = text_of(*impl_, place.grid_code, "egrid");
    std::optional<Cell> own = impl_->cell("grid_intensity_annual", place.grid_code, kDirect);
    std::optional<Cell> subregion;
    if (!egrid.empty()) subregion = impl_->cell("grid_intensity_annual", egrid, kDirect);
    // eGRID's subregion is years newer than the state's own row; an override of either stays on
    // top.
    if (subregion && own && own->layer_rank <= subregion->layer_rank) own = subregion;
    if (!own) own = subregion;
    if (!cell) cell = own;
    if (!cell) return no_intensity(place, kDirect, "direct");
    return make_figure(*cell, widened(cell->value), kFigure, kUnit, kDirectBasis);
}

Figure Tables::intensity_anywhere() const {
    std::vector<double> values;
    Cell shown;
    int first_year = 0;
    const std::map<std::string, Cell> cells = impl_->cells("grid_intensity_annual", kLifeCycle);
    impl_->each("places", [&](const Sheet& sheet, std::size_t row) {
        if (sheet.text(row, "kind") != "country") return;
        const auto found = cells.find(folded(sheet.text(row, "code")));
        if (found == cells.end()) return;
        const Cell* cell = &found->second;
        values.push_back(cell->value);
        if (cell->year == 0) return;
        first_year = first_year == 0 ? cell->year : std::min(first_year, cell->year);
        if (cell->year > shown.year && cell->layer == "built-in") shown = *cell;
    });
    std::sort(values.begin(), values.end());
    const Ranged range = {percentile(values, 0.5),
                          percentile(values, 0.05),
                          percentile(values, 0.95),
                          RangeKind::interval90};
    shown.key = "anywhere";
    return make_figure(shown,
                       range,
                       kFigure,
                       kUnit,
                       std::string(kLifeCycleBasis) + "; median of " +
                           std::to_string(values.size()) + " countries, newest year of each");
}

Result<Figure> Tables::pue(const Place& place) const {
    if (!place.provider.empty()) {
        const auto own = impl_->cell("cloud_regions", place.key, "pue");
        if (own) {
            const double spread = own->layer_rank >= kFirstOverrideRank ? 0 : kPueSpread;
            const Ranged range = {own->value,
                                  std::max(1.0, own->value * (1 - spread)),
                                  own->value * (1 + spread),
                                  RangeKind::interval90};
            return make_figure(*own, range, "pue", "", "annual mean of the region");
        }
        if (auto fleet = provider_default(*impl_, place, "pue", "")) return *std::move(fleet);
    }
    return no_facility_figure(place, "PUE", "Give it with --pue.");
}

Result<Figure> Tables::wue(const Place& place) const {
    if (!place.provider.empty()) {
        const auto own = impl_->cell("cloud_regions", place.key, "wue_l_per_kwh");
        if (own) {
            const double half = rounding(own->text);
            const Ranged range = {own->value,
                                  std::max(0.0, own->value - half),
                                  own->value + half,
                                  RangeKind::interval90};
            return make_figure(*own, range, "wue_l_per_kwh", "L/kWh", "annual mean of the region");
        }
        if (auto fleet = provider_default(*impl_, place, "wue_l_per_kwh", "L/kWh"))
            return *std::move(fleet);
    }
    return no_facility_figure(
        place, "water figure", "Operators publish water per kWh for some cloud regions only.");
}

}  // namespace abate::data
