// The intensity of a grid by hour, and its mean over the hours in which a run really ran.
//
//     HourlySeries<Signal::average, Basis::life_cycle> grid({.zone = "DE", .source = "..."}, values);
//     const auto mean = grid.mean(pieces, MissingHours::refuse);   // weighted by the energy of each piece
//     mean->value;                                                 // a CarbonIntensity of the same meaning
//     hourly_figure(grid.source(), *mean);                         // a Figure, for average series only
//
// Hours are UTC, so that no clock change doubles or drops one; hour h holds for [h, h + 1 h). Signal and basis are part of the
// type: a marginal or direct series does not compile where an average life-cycle one is meant. What a file says at run time is
// an AnyHourlySeries; `only` turns it into one type or refuses in one line.
//
// A missing hour is refused, or estimated where the caller says so; it is never passed over in silence. docs/methodology/intensity.md.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/units/carbon.h"
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace abate::data {

struct Figure;            // data.h
struct IntensityProfile;  // data.h

inline constexpr std::int64_t kMinuteUs = 60'000'000;
inline constexpr std::int64_t kHourUs = 3'600'000'000;

// "2024-03-31T02Z": an hour as people name it.
[[nodiscard]] std::string hour_name(Timestamp hour);
[[nodiscard]] int year_of(Timestamp time);  // in UTC

// [from, to).
struct TimeSpan {
    Timestamp from;
    Timestamp to;
};

// Part of a run: `energy_j` spread evenly over [start, end).
struct PowerPiece {
    Timestamp start;
    Timestamp end;
    double energy_j = 0;
};

enum class MissingHours {
    refuse,
    // The mean of the same hour of day on known days up to a week away, as wide as those days lie apart.
    estimate,
};

struct HourlySource {
    std::string zone;    // "DE", "US-CAL-CISO"
    std::string source;  // citation
    std::string licence;
    std::string method;  // "flow-traced consumption", "production, IPCC AR5 medians"; may be empty
    std::string key;     // the file, for messages and provenance
};

// One hour, g CO2e/kWh; low <= value <= high, equal where the source gives no range.
struct HourValue {
    double value = 0;
    double low = 0;
    double high = 0;
    bool known = false;
    bool estimated = false;  // by the publisher
};

// Numbers by hour without a meaning yet. Immutable.
class HourlyValues {
  public:
    HourlyValues() = default;
    // REQUIRES: `first` on a full hour; known values finite, 0 <= low <= value <= high.
    HourlyValues(Timestamp first, std::vector<HourValue> hours);

    [[nodiscard]] Timestamp first() const { return first_; }
    [[nodiscard]] Timestamp end() const;  // of the last hour
    [[nodiscard]] std::size_t size() const { return hours_.size(); }
    [[nodiscard]] std::span<const HourValue> hours() const { return hours_; }
    [[nodiscard]] Timestamp hour(std::size_t index) const;
    [[nodiscard]] std::size_t missing() const;  // hours between first and last that are not known
    [[nodiscard]] std::optional<Timestamp> first_missing() const;
    [[nodiscard]] const HourValue* at(Timestamp time) const;  // null: outside, or not known

    struct Mean {
        Ranged g_per_kwh;
        double coverage = 0;         // share of the energy in hours that the source knows
        double publisher_share = 0;  // share in hours that the publisher itself estimated
        std::size_t hours = 0;       // hours that the pieces touch
        bool by_energy = true;       // false: no energy at all, so weighted by time
    };
    // Errors: not_found (an hour outside or missing, by name), invalid_argument (no piece, or one that ends before it starts).
    [[nodiscard]] Result<Mean> mean(std::span<const PowerPiece> pieces,
                                    MissingHours missing,
                                    std::string_view where) const;

  private:
    [[nodiscard]] std::optional<HourValue> estimate(std::size_t index) const;
    [[nodiscard]] Result<void> check(std::span<const PowerPiece> pieces,
                                     std::string_view where) const;

    Timestamp first_;
    std::vector<HourValue> hours_;
};

template <Signal S, Basis B>
struct MeanIntensity {
    CarbonIntensity<S, B> value;
    CarbonIntensity<S, B> low;
    CarbonIntensity<S, B> high;
    double coverage = 0;
    double publisher_share = 0;
    std::size_t hours = 0;
    int year = 0;  // of the first hour
};

template <Signal S, Basis B>
class HourlySeries {
  public:
    static constexpr Signal kSignal = S;
    static constexpr Basis kBasis = B;

    HourlySeries(HourlySource source, HourlyValues values)
        : source_(std::move(source)), values_(std::move(values)) {}

    [[nodiscard]] const HourlySource& source() const { return source_; }
    [[nodiscard]] const HourlyValues& values() const { return values_; }

    [[nodiscard]] std::optional<CarbonIntensity<S, B>> at(Timestamp time) const {
        const HourValue* hour = values_.at(time);
        if (hour == nullptr) return std::nullopt;
        return CarbonIntensity<S, B>(hour->value * grams_co2e_per_kilowatt_hour);
    }
    // Errors: as HourlyValues::mean.
    [[nodiscard]] Result<MeanIntensity<S, B>> mean(std::span<const PowerPiece> pieces,
                                                   MissingHours missing) const {
        const Result<HourlyValues::Mean> mean = values_.mean(pieces, missing, source_.key);
        if (!mean) return mean.error();
        const auto typed = [](double g_per_kwh) {
            return CarbonIntensity<S, B>(g_per_kwh * grams_co2e_per_kilowatt_hour);
        };
        return MeanIntensity<S, B>{.value = typed(mean->g_per_kwh.value),
                                   .low = typed(mean->g_per_kwh.low),
                                   .high = typed(mean->g_per_kwh.high),
                                   .coverage = mean->coverage,
                                   .publisher_share = mean->publisher_share,
                                   .hours = mean->hours,
                                   .year = year_of(pieces.front().start)};
    }

  private:
    HourlySource source_;
    HourlyValues values_;
};

using AverageLifeCycle = HourlySeries<Signal::average, Basis::life_cycle>;
using AverageDirect = HourlySeries<Signal::average, Basis::direct>;
using MarginalLifeCycle = HourlySeries<Signal::marginal, Basis::life_cycle>;
using MarginalDirect = HourlySeries<Signal::marginal, Basis::direct>;

// What a file turned out to hold.
using AnyHourlySeries =
    std::variant<AverageLifeCycle, AverageDirect, MarginalLifeCycle, MarginalDirect>;

[[nodiscard]] AnyHourlySeries make_series(Signal signal,
                                          Basis basis,
                                          HourlySource source,
                                          HourlyValues values);
[[nodiscard]] Signal signal_of(const AnyHourlySeries& series);
[[nodiscard]] Basis basis_of(const AnyHourlySeries& series);
[[nodiscard]] const HourlySource& source_of(const AnyHourlySeries& series);
[[nodiscard]] const HourlyValues& values_of(const AnyHourlySeries& series);
[[nodiscard]] const char* to_string(Signal signal);  // "average", "marginal"
[[nodiscard]] const char* to_string(Basis basis);    // "life-cycle", "direct"
[[nodiscard]] std::optional<Signal> parse_signal(std::string_view text);
[[nodiscard]] std::optional<Basis> parse_basis(std::string_view text);

// The hours that touch the span as a typical day of their month: a climatology, which says how a grid tends to be in such an hour and not
// what it emitted. REQUIRES: span.from <= span.to.
[[nodiscard]] AverageLifeCycle climatology(const IntensityProfile& profile, const TimeSpan& span);

// The series that a location-based footprint takes. Errors: invalid_argument, naming what the file holds instead.
[[nodiscard]] Result<AverageLifeCycle> for_footprint(const AnyHourlySeries& series);

// intensity_gco2e_per_kwh, "average, life-cycle, location-based, hourly, N h" with the source; for average series only: a marginal
// figure says what a change of load would change, and is no footprint.
[[nodiscard]] Figure hourly_figure(const HourlySource& source,
                                   const MeanIntensity<Signal::average, Basis::life_cycle>& mean);
// scope2_gco2e_per_kwh.
[[nodiscard]] Figure hourly_figure(const HourlySource& source,
                                   const MeanIntensity<Signal::average, Basis::direct>& mean);

// Where hourly intensities come from: a file, the store of imported ones, a service that is asked over the network.
class IntensitySource {
  public:
    virtual ~IntensitySource() = default;
    // The hours of `zone` that touch the span, average and life-cycle. Errors: not_found (zone or hours unknown), unavailable (not
    // now), permission_denied (no token, or refused).
    [[nodiscard]] virtual Result<AverageLifeCycle> hours(const std::string& zone,
                                                         const TimeSpan& span) = 0;
};

}  // namespace abate::data
