// Expected means are those of the year's hourly traces as published by Electricity Maps, and for
// France of the series worked out from ENTSO-E generation.
#include "abate/data/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace abate::data {
namespace {

Tables built_in() { return Tables::load().value(); }

IntensityProfile profile_of(const Tables& tables, std::string_view place) {
    return tables.intensity_profile(tables.place(place).value()).value();
}

// The typical days, weighted by the days of each month, add up to the year's mean (values are kept
// to 0.1 or 1 g).
TEST(IntensityProfile, MeanOfTheYearIsTheTraces) {
    const Tables tables = built_in();
    for (const auto& [place, year, mean] : {std::tuple{"US-CA", 2024, 226.5},
                                            std::tuple{"US-TX", 2024, 367.4},
                                            std::tuple{"US-NY", 2024, 292.6},
                                            std::tuple{"DE", 2024, 332.1},
                                            std::tuple{"GB", 2024, 162.7},
                                            std::tuple{"CA-ON", 2024, 87.7},
                                            std::tuple{"NO", 2023, 34.1},
                                            std::tuple{"FR", 2020, 54.9}}) {
        const IntensityProfile profile = profile_of(tables, place);
        EXPECT_EQ(profile.year, year) << place;
        EXPECT_NEAR(profile.provenance.value, mean, 0.1 + mean * 0.0005) << place;
        ASSERT_TRUE(profile.direct) << place;
    }
    EXPECT_EQ(profile_of(tables, "DE").provenance.licence, "ODbL-1.0");
    EXPECT_EQ(profile_of(tables, "FR").provenance.licence, "CC-BY-4.0");
    EXPECT_NE(profile_of(tables, "FR").provenance.basis.find("climatology"), std::string::npos);
}

TEST(IntensityProfile, LowMeanAndHighStandInOrder) {
    const Tables tables = built_in();
    for (const char* place : {"US-CA", "DE", "GB", "NO", "FR"}) {
        const IntensityProfile profile = profile_of(tables, place);
        for (std::size_t month = 0; month < 12; ++month)
            for (std::size_t hour = 0; hour < 24; ++hour) {
                const double mean = profile.life_cycle.mean[month][hour];
                EXPECT_LE(profile.life_cycle.low[month][hour], mean);
                EXPECT_GE(profile.life_cycle.high[month][hour], mean);
                EXPECT_LE(profile.direct->mean[month][hour], mean);
            }
    }
}

// Solar power of California peaks about local noon, 20 UTC; the grid is dirtiest at night.
TEST(IntensityProfile, HoursAreUtc) {
    const IntensityProfile california = profile_of(built_in(), "US-CA");
    const auto& june = california.life_cycle.mean[5];
    const auto cleanest = std::min_element(june.begin(), june.end()) - june.begin();
    EXPECT_GE(cleanest, 16);
    EXPECT_LE(cleanest, 22);
    EXPECT_GT(june[10], 1.5 * june[20]);  // 2 at night against noon, Pacific standard time
}

TEST(IntensityProfile, ACloudRegionHasItsZones) {
    EXPECT_EQ(profile_of(built_in(), "gcp europe-west9").zone, "FR");
}

TEST(IntensityProfile, IsRefusedForAZoneWithoutOne) {
    const Tables tables = built_in();
    const Error error = tables.intensity_profile(tables.place("SE3").value()).error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("US-CAL-CISO"), std::string::npos) << error.hint;
}

TEST(IntensityProfile, ASingleHourMayBeOverridden) {
    Layers layers;
    layers.options = {"intensity_profiles/DE 1 life-cycle mean/h05_gco2e_per_kwh=1"};
    const Tables tables = Tables::load(layers).value();
    const IntensityProfile germany = profile_of(tables, "DE");
    EXPECT_DOUBLE_EQ(germany.life_cycle.mean[0][5], 1);
    EXPECT_EQ(germany.life_cycle.mean[0][6], profile_of(built_in(), "DE").life_cycle.mean[0][6]);
}

TEST(IntensityProfile, OfAPackNeedsTheWholeYear) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "abate_profile_pack";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "pack.csv") << "name,licence,attribution\nacme,own,Acme\n";
    const auto write = [&](int months) {
        std::ofstream out(folder / "intensity_profiles.csv");
        out << "zone,month,basis,statistic,year";
        for (int hour = 0; hour < 24; ++hour)
            out << ",h" << (hour < 10 ? "0" : "") << hour << "_gco2e_per_kwh";
        out << "\n";
        for (int month = 1; month <= months; ++month) {
            out << "SE-SE3," << month << ",life-cycle,mean,2025";
            for (int hour = 0; hour < 24; ++hour) out << "," << 20 + month;
            out << "\n";
        }
    };
    Layers layers;
    layers.packs = {folder.string()};
    write(11);
    const Tables part = Tables::load(layers).value();
    EXPECT_FALSE(part.intensity_profile(part.place("SE3").value()));
    write(12);
    const Tables whole = Tables::load(layers).value();
    const IntensityProfile sweden = profile_of(whole, "SE3");
    EXPECT_DOUBLE_EQ(sweden.life_cycle.mean[11][0], 32);
    EXPECT_DOUBLE_EQ(sweden.life_cycle.low[11][0], 32);  // no spread given
    EXPECT_FALSE(sweden.direct);
    EXPECT_EQ(sweden.provenance.layer, "pack");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace abate::data
