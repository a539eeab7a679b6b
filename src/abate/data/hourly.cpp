#include "abate/data/hourly.h"

#include "abate/core/assert.h"
#include "abate/data/data.h"
#include "abate/data/intensity_range.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace abate::data {
namespace {

constexpr int kDaysAround = 7;
constexpr std::ptrdiff_t kHoursOfDay = 24;

std::int64_t floor_hour(std::int64_t us) {
    const std::int64_t into = ((us % kHourUs) + kHourUs) % kHourUs;
    return us - into;
}

std::string percent(double share) {
    // Rounded down, so that 100 % means all.
    return std::to_string(static_cast<int>(std::floor(share * 100 + 1e-9))) + " %";
}

}  // namespace

std::string hour_name(Timestamp hour) {
    return to_rfc3339({floor_hour(hour.us)}).substr(0, 13) + "Z";
}

int year_of(Timestamp time) {
    const std::string text = to_rfc3339(time);
    int year = 0;
    std::from_chars(text.data(), text.data() + 4, year);
    return year;
}

HourlyValues::HourlyValues(Timestamp first, std::vector<HourValue> hours)
    : first_(first), hours_(std::move(hours)) {
    ABATE_REQUIRE(floor_hour(first.us) == first.us);
    for (const HourValue& hour : hours_) {
        ABATE_REQUIRE(!hour.known || (std::isfinite(hour.high) && hour.low >= 0 &&
                                      hour.low <= hour.value && hour.value <= hour.high));
    }
}

Timestamp HourlyValues::end() const { return hour(hours_.size()); }

Timestamp HourlyValues::hour(std::size_t index) const {
    return {first_.us + static_cast<std::int64_t>(index) * kHourUs};
}

std::size_t HourlyValues::missing() const {
    return static_cast<std::size_t>(
        std::count_if(hours_.begin(), hours_.end(), [](const HourValue& h) { return !h.known; }));
}

std::optional<Timestamp> HourlyValues::first_missing() const {
    const auto found =
        std::find_if(hours_.begin(), hours_.end(), [](const HourValue& h) { return !h.known; });
    if (found == hours_.end()) return std::nullopt;
    return hour(static_cast<std::size_t>(found - hours_.begin()));
}

const HourValue* HourlyValues::at(Timestamp time) const {
    if (time < first_ || time >= end()) return nullptr;
    const HourValue& found = hours_[static_cast<std::size_t>((time.us - first_.us) / kHourUs)];
    return found.known ? &found : nullptr;
}

std::optional<HourValue> HourlyValues::estimate(std::size_t index) const {
    HourValue out;
    int count = 0;
    for (int day = -kDaysAround; day <= kDaysAround; ++day) {
        const std::ptrdiff_t other = static_cast<std::ptrdiff_t>(index) + day * kHoursOfDay;
        if (other < 0 || other >= static_cast<std::ptrdiff_t>(hours_.size())) continue;
        const HourValue& hour = hours_[static_cast<std::size_t>(other)];
        if (!hour.known) continue;
        out.low = count == 0 ? hour.low : std::min(out.low, hour.low);
        out.high = std::max(out.high, hour.high);
        out.value += hour.value;
        ++count;
    }
    if (count == 0) return std::nullopt;
    out.value = std::clamp(out.value / count, out.low, out.high);
    return out;
}

Result<void> HourlyValues::check(std::span<const PowerPiece> pieces, std::string_view where) const {
    const std::string file(where);
    if (pieces.empty() || hours_.empty()) {
        return Error{ErrorCode::invalid_argument,
                     hours_.empty() ? "there is no hour in the series"
                                    : "there is no time to take the mean over",
                     file,
                     ""};
    }
    for (const PowerPiece& piece : pieces) {
        if (piece.end < piece.start || !(piece.energy_j >= 0) || !std::isfinite(piece.energy_j)) {
            return Error{ErrorCode::invalid_argument,
                         "a part of the run ends before it starts, or has no energy that can be",
                         hour_name(piece.start),
                         ""};
        }
        // A piece without length stands in its hour.
        const Timestamp last{std::max(piece.start.us, piece.end.us - 1)};
        if (piece.start >= first_ && last < end()) continue;
        return Error{ErrorCode::not_found,
                     "no intensity is known for the hour " +
                         hour_name(piece.start < first_ ? piece.start : last),
                     file,
                     "The hours known are " + hour_name(first_) + " to " +
                         hour_name({end().us - 1}) + ": is it the right year?"};
    }
    return {};
}

Result<HourlyValues::Mean> HourlyValues::mean(std::span<const PowerPiece> pieces,
                                              MissingHours missing,
                                              std::string_view where) const {
    if (const Result<void> fine = check(pieces, where); !fine) return fine.error();
    double energy = 0;
    for (const PowerPiece& piece : pieces) energy += piece.energy_j;
    const bool by_energy = energy > 0;

    // Each piece's weight goes to the hours that it touches, by time.
    std::vector<double> weights(hours_.size(), 0.0);
    std::vector<bool> touched(hours_.size(), false);
    double total = 0;
    double total_time = 0;
    for (const PowerPiece& piece : pieces)
        total_time += static_cast<double>(piece.end.us - piece.start.us);
    for (const PowerPiece& piece : pieces) {
        const auto length = static_cast<double>(piece.end.us - piece.start.us);
        double weight = by_energy ? piece.energy_j : length;
        if (!by_energy && total_time <= 0) weight = 1;  // an instant
        auto index = static_cast<std::size_t>((piece.start.us - first_.us) / kHourUs);
        std::int64_t at = piece.start.us;
        do {
            const std::int64_t until = std::min(piece.end.us, hour(index + 1).us);
            const double share = length > 0 ? static_cast<double>(until - at) / length : 1;
            weights[index] += weight * share;
            total += weight * share;
            touched[index] = true;
            at = until;
            ++index;
        } while (at < piece.end.us);
    }

    Mean mean;
    mean.by_energy = by_energy;
    // Two causes: how far sources lie apart, and what was put in for missing hours. Each adds linearly, the two in quadrature.
    double known_low = 0;
    double known_high = 0;
    double guess_low = 0;
    double guess_high = 0;
    for (std::size_t i = 0; i < hours_.size(); ++i) {
        if (!touched[i]) continue;
        ++mean.hours;
        const double share = weights[i] / total;
        HourValue value = hours_[i];
        if (!value.known) {
            const std::optional<HourValue> guess =
                missing == MissingHours::estimate ? estimate(i) : std::nullopt;
            if (!guess) {
                return Error{ErrorCode::not_found,
                             "no intensity is known for the hour " + hour_name(hour(i)),
                             std::string(where),
                             missing == MissingHours::estimate
                                 ? "No day of the week around it knows this hour either"
                                 : "It is missing in the file: supply it, or let it be estimated "
                                   "with --estimate"};
            }
            value = *guess;
            guess_low += share * (value.value - value.low);
            guess_high += share * (value.high - value.value);
        } else {
            mean.coverage += share;
            if (value.estimated) mean.publisher_share += share;
            known_low += share * (value.value - value.low);
            known_high += share * (value.high - value.value);
        }
        mean.g_per_kwh.value += share * value.value;
    }
    mean.coverage = std::min(1.0, mean.coverage);
    mean.publisher_share = std::min(1.0, mean.publisher_share);
    const double spread = kSourceSpread * mean.g_per_kwh.value;
    mean.g_per_kwh.low =
        std::max(0.0, mean.g_per_kwh.value - std::hypot(std::max(spread, known_low), guess_low));
    mean.g_per_kwh.high =
        mean.g_per_kwh.value + std::hypot(std::max(spread, known_high), guess_high);
    return mean;
}

AnyHourlySeries make_series(Signal signal, Basis basis, HourlySource source, HourlyValues values) {
    const bool life_cycle = basis == Basis::life_cycle;
    if (signal == Signal::average) {
        if (life_cycle) return AverageLifeCycle(std::move(source), std::move(values));
        return AverageDirect(std::move(source), std::move(values));
    }
    if (life_cycle) return MarginalLifeCycle(std::move(source), std::move(values));
    return MarginalDirect(std::move(source), std::move(values));
}

Signal signal_of(const AnyHourlySeries& series) {
    return std::visit([](const auto& s) { return s.kSignal; }, series);
}

Basis basis_of(const AnyHourlySeries& series) {
    return std::visit([](const auto& s) { return s.kBasis; }, series);
}

const HourlySource& source_of(const AnyHourlySeries& series) {
    return std::visit([](const auto& s) -> const HourlySource& { return s.source(); }, series);
}

const HourlyValues& values_of(const AnyHourlySeries& series) {
    return std::visit([](const auto& s) -> const HourlyValues& { return s.values(); }, series);
}

const char* to_string(Signal signal) { return signal == Signal::average ? "average" : "marginal"; }

const char* to_string(Basis basis) { return basis == Basis::life_cycle ? "life-cycle" : "direct"; }

std::optional<Signal> parse_signal(std::string_view text) {
    if (text == "average") return Signal::average;
    if (text == "marginal") return Signal::marginal;
    return std::nullopt;
}

std::optional<Basis> parse_basis(std::string_view text) {
    if (text == "life-cycle") return Basis::life_cycle;
    if (text == "direct") return Basis::direct;
    return std::nullopt;
}

Result<AverageLifeCycle> for_footprint(const AnyHourlySeries& series) {
    if (const auto* usable = std::get_if<AverageLifeCycle>(&series)) return *usable;
    const bool marginal = signal_of(series) == Signal::marginal;
    return Error{
        ErrorCode::invalid_argument,
        std::string("a footprint takes average life-cycle intensities, and these are ") +
            to_string(signal_of(series)) + " " + to_string(basis_of(series)),
        source_of(series).key,
        marginal
            ? "Marginal intensities say what a change of load would change; import average ones"
            : "Import the life-cycle ones: abate data import-intensity FILE --basis life-cycle"};
}

namespace {

template <Basis B>
Figure figure_of(const HourlySource& source,
                 const MeanIntensity<Signal::average, B>& mean,
                 std::string_view name) {
    const auto grams = [](CarbonIntensity<Signal::average, B> intensity) {
        return intensity.value().in(grams_co2e_per_kilowatt_hour);
    };
    Figure figure;
    figure.range = {.value = grams(mean.value),
                    .low = std::min(grams(mean.low), grams(mean.value)),
                    .high = std::max(grams(mean.high), grams(mean.value)),
                    .kind = RangeKind::interval90};
    std::string basis = std::string("average, ") + to_string(B) + ", location-based, hourly over " +
                        std::to_string(mean.hours) + (mean.hours == 1 ? " hour" : " hours");
    if (!source.method.empty()) basis += ", " + source.method;
    if (mean.coverage < 1 - 1e-9)
        basis += "; estimated by abate for " + percent(1 - mean.coverage) + " of the energy";
    if (mean.publisher_share > 0)
        basis +=
            "; estimated by the publisher for " + percent(mean.publisher_share) + " of the energy";
    figure.provenance = {.figure = std::string(name),
                         .value = figure.range.value,
                         .low = figure.range.low,
                         .high = figure.range.high,
                         .unit = "gCO2e/kWh",
                         .key = source.zone,
                         .layer = "",
                         .source = source.source.empty() ? source.key : source.source,
                         .year = mean.year,
                         .basis = std::move(basis),
                         .licence = source.licence};
    return figure;
}

}  // namespace

Figure hourly_figure(const HourlySource& source,
                     const MeanIntensity<Signal::average, Basis::life_cycle>& mean) {
    return figure_of(source, mean, "intensity_gco2e_per_kwh");
}

Figure hourly_figure(const HourlySource& source,
                     const MeanIntensity<Signal::average, Basis::direct>& mean) {
    return figure_of(source, mean, "scope2_gco2e_per_kwh");
}

}  // namespace abate::data
