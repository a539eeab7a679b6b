#include "abate/data/hourly.h"

#include "abate/data/data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace abate::data {
namespace {

using ::testing::HasSubstr;

Timestamp at(const char* text) { return parse_rfc3339(text).value(); }

HourValue hour(double value) {
    return {.value = value, .low = value, .high = value, .known = true};
}

// 2024-05-01, from midnight: 100, 200, 300, 400 g/kWh.
HourlyValues four_hours() {
    return {at("2024-05-01T00:00:00Z"), {hour(100), hour(200), hour(300), hour(400)}};
}

PowerPiece piece(const char* start, const char* end, double energy_j) {
    return {.start = at(start), .end = at(end), .energy_j = energy_j};
}

// 00:30 to 02:00, flat: a third of the time at 100, two thirds at 200: 166.667 g/kWh; -+ 12 % = 20.
TEST(HourlyMean, AFlatRunIsWeightedByTheTimeInEachHour) {
    const std::vector<PowerPiece> flat{piece("2024-05-01T00:30:00Z", "2024-05-01T02:00:00Z", 9)};
    const HourlyValues::Mean mean = four_hours().mean(flat, MissingHours::refuse, "f").value();
    EXPECT_NEAR(mean.g_per_kwh.value, 500.0 / 3, 1e-9);
    EXPECT_NEAR(mean.g_per_kwh.low, 500.0 / 3 - 20, 1e-9);
    EXPECT_NEAR(mean.g_per_kwh.high, 500.0 / 3 + 20, 1e-9);
    EXPECT_EQ(mean.hours, 2u);
    EXPECT_DOUBLE_EQ(mean.coverage, 1);
    EXPECT_TRUE(mean.by_energy);
}

// 1 kWh in the first hour, 3 kWh in the fourth: (100 + 3 x 400) / 4 = 325.
TEST(HourlyMean, EnergyWeighsNotTime) {
    const std::vector<PowerPiece> pieces{
        piece("2024-05-01T00:00:00Z", "2024-05-01T01:00:00Z", 3.6e6),
        piece("2024-05-01T03:10:00Z", "2024-05-01T03:20:00Z", 3 * 3.6e6)};
    EXPECT_NEAR(four_hours().mean(pieces, MissingHours::refuse, "f")->g_per_kwh.value, 325, 1e-9);
}

TEST(HourlyMean, WithoutEnergyTimeWeighsAndAnInstantHasItsHour) {
    const std::vector<PowerPiece> none{piece("2024-05-01T01:00:00Z", "2024-05-01T03:00:00Z", 0)};
    const HourlyValues::Mean mean = four_hours().mean(none, MissingHours::refuse, "f").value();
    EXPECT_NEAR(mean.g_per_kwh.value, 250, 1e-9);
    EXPECT_FALSE(mean.by_energy);
    const std::vector<PowerPiece> instant{piece("2024-05-01T02:59:59Z", "2024-05-01T02:59:59Z", 0)};
    EXPECT_NEAR(four_hours().mean(instant, MissingHours::refuse, "f")->g_per_kwh.value, 300, 1e-9);
}

TEST(HourlyMean, AnHourIsHalfOpen) {
    const std::vector<PowerPiece> to_the_end{
        piece("2024-05-01T00:00:00Z", "2024-05-01T04:00:00Z", 1)};
    EXPECT_NEAR(
        four_hours().mean(to_the_end, MissingHours::refuse, "f")->g_per_kwh.value, 250, 1e-9);
    const std::vector<PowerPiece> beyond{
        piece("2024-05-01T00:00:00Z", "2024-05-01T04:00:00.000001Z", 1)};
    EXPECT_FALSE(four_hours().mean(beyond, MissingHours::refuse, "f"));
}

TEST(HourlyMean, AWrongYearIsRefusedWithTheHourAndWhatIsKnown) {
    const std::vector<PowerPiece> other{piece("2025-05-01T00:00:00Z", "2025-05-01T01:00:00Z", 1)};
    const Error error = four_hours().mean(other, MissingHours::estimate, "de.csv").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.where, "de.csv");
    EXPECT_THAT(error.what, HasSubstr("2025-05-01T00Z"));
    EXPECT_THAT(error.hint, HasSubstr("2024-05-01T00Z to 2024-05-01T03Z"));
}

// Three days; the second day's first hour is missing. Its neighbours by the day: 100 and 140, so 120 (100 to 140). Half of the
// energy is at 200 (known): mean 160, -+ hypot(12 % x 160 = 19.2, half of 20 = 10) = 21.6481.
TEST(HourlyMean, AMissingHourIsRefusedOrEstimatedByName) {
    std::vector<HourValue> hours(72, hour(50));
    hours[0] = hour(100);
    hours[24] = {};
    hours[25] = hour(200);
    hours[48] = hour(140);
    const HourlyValues values(at("2024-05-01T00:00:00Z"), hours);
    EXPECT_EQ(values.missing(), 1u);
    EXPECT_EQ(hour_name(*values.first_missing()), "2024-05-02T00Z");
    const std::vector<PowerPiece> run{piece("2024-05-02T00:00:00Z", "2024-05-02T02:00:00Z", 7)};
    const Error error = values.mean(run, MissingHours::refuse, "de.csv").error();
    EXPECT_THAT(error.what, HasSubstr("2024-05-02T00Z"));
    EXPECT_THAT(error.hint, HasSubstr("--estimate"));
    const HourlyValues::Mean mean = values.mean(run, MissingHours::estimate, "de.csv").value();
    EXPECT_NEAR(mean.g_per_kwh.value, 160, 1e-9);
    EXPECT_NEAR(mean.g_per_kwh.low, 160 - 21.6481, 1e-3);
    EXPECT_NEAR(mean.g_per_kwh.high, 160 + 21.6481, 1e-3);
    EXPECT_DOUBLE_EQ(mean.coverage, 0.5);
}

TEST(HourlyMean, AMissingHourThatNoDayKnowsCannotBeEstimated) {
    const HourlyValues values(at("2024-05-01T00:00:00Z"), {hour(1), {}, hour(2)});
    const std::vector<PowerPiece> run{piece("2024-05-01T01:00:00Z", "2024-05-01T02:00:00Z", 1)};
    EXPECT_FALSE(values.mean(run, MissingHours::estimate, "f"));
}

// The spring of 2024 in Berlin: 01:00Z follows 00:00Z whatever clocks on walls did.
TEST(HourlyMean, AClockChangeNeitherDoublesNorDropsAnHour) {
    const HourlyValues values(at("2024-03-31T00:00:00Z"), {hour(100), hour(300), hour(500)});
    const std::vector<PowerPiece> night{{.start = at("2024-03-31T01:00:00+01:00"),
                                         .end = at("2024-03-31T04:00:00+02:00"),
                                         .energy_j = 1}};
    // 00:00Z to 02:00Z.
    EXPECT_NEAR(values.mean(night, MissingHours::refuse, "f")->g_per_kwh.value, 200, 1e-9);
}

TEST(HourlySeries, MeaningStaysWithTheNumbers) {
    const AnyHourlySeries direct =
        make_series(Signal::average,
                    Basis::direct,
                    {.zone = "GB", .source = "NESO", .licence = {}, .method = {}, .key = "gb.csv"},
                    four_hours());
    EXPECT_EQ(basis_of(direct), Basis::direct);
    const Error error = for_footprint(direct).error();
    EXPECT_THAT(error.what, HasSubstr("average direct"));
    EXPECT_THAT(error.hint, HasSubstr("--basis life-cycle"));
    const AnyHourlySeries marginal =
        make_series(Signal::marginal, Basis::life_cycle, {}, four_hours());
    EXPECT_THAT(for_footprint(marginal).error().what, HasSubstr("marginal"));
    EXPECT_TRUE(for_footprint(make_series(Signal::average, Basis::life_cycle, {}, four_hours())));
}

TEST(HourlySeries, AFigureNamesItsHoursAndItsSource) {
    const AverageLifeCycle series({.zone = "DE",
                                   .source = "Electricity Maps",
                                   .licence = "ODbL-1.0",
                                   .method = "flow-traced",
                                   .key = "de.csv"},
                                  four_hours());
    EXPECT_NEAR(
        series.at(at("2024-05-01T01:59:59Z"))->value().in(grams_co2e_per_kilowatt_hour), 200, 1e-9);
    EXPECT_FALSE(series.at(at("2024-05-01T04:00:00Z")));
    const std::vector<PowerPiece> run{piece("2024-05-01T00:00:00Z", "2024-05-01T02:00:00Z", 1)};
    const Figure figure =
        hourly_figure(series.source(), series.mean(run, MissingHours::refuse).value());
    EXPECT_EQ(figure.provenance.figure, "intensity_gco2e_per_kwh");
    EXPECT_NEAR(figure.range.value, 150, 1e-9);
    EXPECT_EQ(figure.provenance.basis,
              "average, life-cycle, location-based, hourly over 2 hours, flow-traced");
    EXPECT_EQ(figure.provenance.year, 2024);
    EXPECT_EQ(figure.provenance.licence, "ODbL-1.0");
}

}  // namespace
}  // namespace abate::data
