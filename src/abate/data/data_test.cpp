// Look-ups in the built-in tables. Expected values are read off the publications: Our World in Data
// (carbon intensity of electricity, 2026 edition), Electricity Maps annual zone data, EPA
// eGRID2023, the UK conversion factors, Google's region table of 2024 and makers' data sheets.
#include "abate/data/data.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace abate::data {
namespace {

Tables built_in() { return Tables::load().value(); }

Figure intensity_of(const Tables& tables, std::string_view place) {
    return tables.intensity(tables.place(place).value()).value();
}

TEST(Place, IsFoundByEveryNameThatItHas) {
    const Tables tables = built_in();
    const std::pair<const char*, const char*> cases[] = {
        {"FR", "FR"},
        {"fra", "FR"},
        {"france", "FR"},
        {"uk", "GB"},
        {"United States of America", "US"},
        {"Georgia", "GE"},  // the country; the state is US-GA
        {"us-ca", "US-CA"},
        {"Ontario", "CA-ON"},
        {"US-CAMX", "US-CAMX"},
        {"camx", "US-CAMX"},
        {"SE3", "SE-SE3"},
        {"se-se3", "SE-SE3"},
        {"Qu\xC3\xA9"
         "bec",
         "CA-QC"},
        {"gcp europe-west9", "gcp europe-west9"},
        {"GCP/europe-west9", "gcp europe-west9"},
        {"eu-west-3", "aws eu-west-3"},
        {"swedencentral", "azure swedencentral"},
    };
    for (const auto& [text, key] : cases) {
        const Result<Place> place = tables.place(text);
        ASSERT_TRUE(place) << text;
        EXPECT_EQ(place->key, key) << text;
    }
}

TEST(Place, OfACloudRegionKnowsItsGrid) {
    const Place paris = built_in().place("gcp europe-west9").value();
    EXPECT_EQ(paris.name, "Paris (gcp europe-west9)");
    EXPECT_EQ(paris.provider, "gcp");
    EXPECT_EQ(paris.grid_code, "FR");
    EXPECT_EQ(paris.zone, "FR");
}

TEST(Place, UnknownNameIsAnsweredWithTheNearest) {
    const Tables tables = built_in();
    const Error error = tables.place("Germny").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("Germany"), std::string::npos) << error.hint;
    EXPECT_NE(tables.place("aws eu-wst-3").error().hint.find("aws eu-west-3"), std::string::npos);
    EXPECT_EQ(tables.place("  ").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(tables.place("aws *").error().code, ErrorCode::not_found);
}

// OWID: Germany 2025 329.65, Electricity Maps 2025 342. 12 % of 329.65 is 39.558, and 342 lies
// inside.
TEST(Intensity, OfGermanyIsOurWorldInDataOf2025) {
    const Figure germany = intensity_of(built_in(), "DE");
    EXPECT_DOUBLE_EQ(germany.range.value, 329.65);
    EXPECT_NEAR(germany.range.low, 290.092, 1e-9);
    EXPECT_NEAR(germany.range.high, 369.208, 1e-9);
    EXPECT_EQ(germany.provenance.year, 2025);
    EXPECT_EQ(germany.provenance.layer, "built-in");
    EXPECT_EQ(germany.provenance.key, "DE");
    EXPECT_EQ(germany.provenance.unit, "gCO2e/kWh");
    EXPECT_EQ(germany.provenance.basis, "average, life-cycle, location-based");
    EXPECT_EQ(germany.provenance.licence, "CC-BY-4.0; range: ODbL-1.0");
    EXPECT_NE(germany.provenance.source.find("Our World in Data"), std::string::npos);
    EXPECT_NE(germany.provenance.source.find("Electricity Maps"), std::string::npos);
}

// OWID 41.44 for 2025; Electricity Maps 31, which is more than 12 % below (36.4672).
TEST(Intensity, RangeReachesToTheOtherSource) {
    const Figure france = intensity_of(built_in(), "FR");
    EXPECT_DOUBLE_EQ(france.range.value, 41.44);
    EXPECT_DOUBLE_EQ(france.range.low, 31);
    EXPECT_NEAR(france.range.high, 41.44 * 1.12, 1e-9);
}

// Only Electricity Maps covers these: Ontario 2025 111, South Central Sweden 20, CAISO 208.
TEST(Intensity, OfAPartOfACountryIsTheZonesAndSaysItsLicence) {
    const Tables tables = built_in();
    for (const auto& [place, value] :
         {std::pair{"CA-ON", 111.0}, std::pair{"SE3", 20.0}, std::pair{"US-CA", 208.0}}) {
        const Figure figure = intensity_of(tables, place);
        EXPECT_DOUBLE_EQ(figure.range.value, value) << place;
        EXPECT_EQ(figure.provenance.licence, "ODbL-1.0") << place;
        EXPECT_NE(figure.provenance.source.find("Electricity Maps"), std::string::npos);
        EXPECT_EQ(figure.provenance.basis, "average, life-cycle, location-based");
    }
}

// Montreal's grid is Quebec (Electricity Maps 2025: 41), not Canada (OWID 2024: 185.35).
TEST(Intensity, OfACloudRegionIsItsZones) {
    EXPECT_DOUBLE_EQ(intensity_of(built_in(), "aws ca-central-1").range.value, 41);
    EXPECT_DOUBLE_EQ(intensity_of(built_in(), "aws eu-west-3").range.value, 41.44);
}

// Colorado has no zone of its own: the country's figure (OWID), as wide as the country's zones.
TEST(Intensity, OfAStateWithoutAZoneIsTheCountrysAndWide) {
    const Tables tables = built_in();
    const Figure colorado = intensity_of(tables, "US-CO");
    const Figure country = intensity_of(tables, "US");
    EXPECT_DOUBLE_EQ(colorado.range.value, country.range.value);
    EXPECT_LT(colorado.range.low, 60);    // hydropower districts of Washington: below 30
    EXPECT_GT(colorado.range.high, 500);  // coal-fired zones
    EXPECT_NE(colorado.provenance.basis.find("whole country"), std::string::npos);
}

// eGRID2023 CAMX: 428.464 lb CO2, 0.025 lb CH4, 0.003 lb N2O per MWh; with GWP 28 and 265 and
// 0.45359237 kg/lb: (428.464 + 0.7 + 0.795) x 0.45359237 = 195.03.
TEST(DirectIntensity, ComesFromEgridTheGovernmentOrGoogle) {
    const Tables tables = built_in();
    const auto direct = [&](const char* place) {
        return tables.intensity_direct(tables.place(place).value()).value();
    };
    EXPECT_NEAR(direct("US-CA").range.value, 195.03, 0.05);
    EXPECT_DOUBLE_EQ(direct("gcp us-central1").range.value, 412.72);
    EXPECT_DOUBLE_EQ(direct("GB").range.value, 130.96);
    EXPECT_EQ(direct("gcp us-central1").provenance.basis, "average, direct, location-based");
    EXPECT_EQ(direct("gcp us-central1").provenance.licence, "Apache-2.0");
    // eGRID2023, national: (767.209 + 28 x 0.057 + 265 x 0.007) x 0.45359237 = 349.56 g/kWh.
    EXPECT_NEAR(direct("US").range.value, 349.6, 0.2);
}

TEST(DirectIntensity, IsRefusedWhereNoSourceHasIt) {
    const Tables tables = built_in();
    const Error error = tables.intensity_direct(tables.place("FR").value()).error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("Supply a factor"), std::string::npos);
}

// Google's own figure of a region is direct; it never answers for the life cycle.
TEST(Intensity, NeverTakesGooglesDirectFigureForTheLifeCycle) {
    const Tables tables = built_in();
    const Figure life = intensity_of(tables, "gcp us-central1");
    EXPECT_DOUBLE_EQ(life.range.value, 501);  // Electricity Maps, MISO 2025
    EXPECT_NE(life.provenance.basis.find("life-cycle"), std::string::npos);
}

TEST(Intensity, AnywhereSpansTheCountries) {
    const Figure anywhere = built_in().intensity_anywhere();
    // Worked out apart from this program: the newest Our World in Data value of each of its 214
    // countries and territories, Python's statistics.median and linear interpolation.
    EXPECT_NEAR(anywhere.range.value, 474.19, 1e-9);
    EXPECT_NEAR(anywhere.range.low, 32.7575, 1e-9);
    EXPECT_NEAR(anywhere.range.high, 809.1665, 1e-9);
    EXPECT_EQ(anywhere.range.kind, RangeKind::interval90);
    EXPECT_NE(anywhere.provenance.basis.find("214 countries"), std::string::npos);
}

TEST(Pue, IsTheRegionsElseTheProvidersElseRefused) {
    const Tables tables = built_in();
    const auto pue = [&](const char* place) { return tables.pue(tables.place(place).value()); };
    EXPECT_DOUBLE_EQ(pue("aws eu-west-1")->range.value, 1.11);   // AWS 2024
    EXPECT_DOUBLE_EQ(pue("gcp us-central1")->range.value, 1.1);  // Google 2024
    EXPECT_DOUBLE_EQ(pue("aws eu-west-3")->range.value, 1.15);   // AWS fleet 2024
    EXPECT_GT(pue("aws eu-west-3")->range.high, 1.3);            // as wide as its regions
    EXPECT_GE(pue("aws eu-west-3")->range.low, 1.0);
    EXPECT_EQ(pue("FR").error().code, ErrorCode::not_found);
}

TEST(Wue, IsTheRegionsElseTheProvidersElseRefused) {
    const Tables tables = built_in();
    const auto wue = [&](const char* place) { return tables.wue(tables.place(place).value()); };
    EXPECT_DOUBLE_EQ(wue("aws ap-southeast-1")->range.value, 1.68);
    EXPECT_NEAR(
        wue("aws ap-southeast-1")->range.high, 1.685, 1e-12);  // rounding of the second digit
    EXPECT_DOUBLE_EQ(wue("aws eu-west-3")->range.value, 0.15);
    EXPECT_EQ(wue("gcp us-central1").error().code, ErrorCode::not_found);  // Google publishes none
}

// TDP by the makers' data sheets.
TEST(Cpu, IsFoundByWhatTheKernelCallsIt) {
    const Tables tables = built_in();
    const std::pair<const char*, double> cases[] = {
        {"AMD EPYC 7742 64-Core Processor", 225},
        {"Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz", 205},
        {"Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 150},
        {"Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz", 120},
        {"AMD Ryzen 9 5950X 16-Core Processor", 105},
        {"AMD Ryzen 7 5800H with Radeon Graphics", 45},
        {"13th Gen Intel(R) Core(TM) i9-13900K", 125},
        {"AMD FX(tm)-8350 Eight-Core Processor", 125},
        {"EPYC 9654", 360},
    };
    for (const auto& [name, tdp] : cases) {
        const Result<Cpu> cpu = tables.cpu(name);
        ASSERT_TRUE(cpu) << name << ": " << to_string(cpu.error());
        EXPECT_DOUBLE_EQ(cpu->tdp_w, tdp) << name;
        EXPECT_EQ(cpu->provenance.unit, "W");
    }
    const Cpu rome = tables.cpu("AMD EPYC 7742 64-Core Processor").value();
    EXPECT_EQ(rome.cores, 64);
    EXPECT_EQ(rome.threads, 128);
    EXPECT_EQ(rome.provenance.licence, "MIT");
}

TEST(Cpu, NameWithoutAModelOrOfNoneIsRefused) {
    const Tables tables = built_in();
    EXPECT_EQ(tables.cpu("Intel(R) Xeon(R) CPU @ 2.20GHz").error().code, ErrorCode::not_found);
    EXPECT_EQ(tables.cpu("").error().code, ErrorCode::not_found);
    const Error near = tables.cpu("AMD EPYC 7745 64-Core Processor").error();
    EXPECT_EQ(near.code, ErrorCode::not_found);
    EXPECT_NE(near.hint.find("7742"), std::string::npos) << near.hint;
    EXPECT_EQ(tables.cpu("Core i5 4590").value().name, "Intel Core i5-4590");
}

// TDP by NVIDIA's and AMD's data sheets; left, what nvmlDeviceGetName answers, or a person writes.
TEST(Chip, IsFoundByWhatTheDriverCallsIt) {
    const Tables tables = built_in();
    const std::tuple<const char*, const char*, double> cases[] = {
        {"NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM5 80GB", 700},
        {"H100 SXM", "NVIDIA H100 SXM5 80GB", 700},
        {"NVIDIA H100 PCIe", "NVIDIA H100 PCIe 80GB", 350},
        {"NVIDIA H200", "NVIDIA H200 SXM 141GB", 700},
        {"NVIDIA A100-SXM4-80GB", "NVIDIA A100 SXM4 80GB", 400},
        {"NVIDIA A100-PCIE-40GB", "NVIDIA A100 PCIe 40GB", 250},
        {"NVIDIA A100-SXM4-40GB MIG 1g.5gb", "NVIDIA A100 SXM4 40GB", 400},
        {"Tesla V100-SXM2-16GB", "NVIDIA Tesla V100 SXM2 16GB", 300},
        {"Tesla V100-PCIE-32GB", "NVIDIA Tesla V100 PCIe 32GB", 250},
        {"Tesla T4", "NVIDIA T4", 70},
        {"NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090", 450},
        {"NVIDIA RTX 6000 Ada Generation", "NVIDIA RTX 6000 Ada", 300},
        {"AMD Instinct MI300X", "AMD Instinct MI300X", 750},
    };
    for (const auto& [name, row, tdp] : cases) {
        const Result<Chip> chip = tables.chip(name);
        ASSERT_TRUE(chip) << name << ": " << to_string(chip.error());
        EXPECT_EQ(chip->name, row) << name;
        EXPECT_DOUBLE_EQ(chip->tdp_w, tdp) << name;
    }
    EXPECT_DOUBLE_EQ(tables.chip("H100 SXM")->bf16_tflops, 989.4);  // dense, NVIDIA data sheet
    EXPECT_DOUBLE_EQ(tables.chip("H100 SXM")->memory_gb, 80);
}

TEST(Chip, AmbiguousShortFormNamesTheCandidates) {
    const Error error = built_in().chip("A100").error();
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_NE(error.hint.find("NVIDIA A100 PCIe 40GB"), std::string::npos) << error.hint;
    EXPECT_NE(error.hint.find("NVIDIA A100 SXM4 80GB"), std::string::npos) << error.hint;
}

TEST(Chip, UnknownIsRefusedRatherThanGuessed) {
    const Tables tables = built_in();
    EXPECT_EQ(tables.chip("NVIDIA GeForce RTX 4070 SUPER").error().code, ErrorCode::not_found);
    EXPECT_EQ(tables.chip("NVIDIA GeForce RTX 3090 Laptop GPU").error().code, ErrorCode::not_found);
    EXPECT_EQ(tables.chip("gpu").error().code, ErrorCode::not_found);
}

TEST(Instance, KnowsItsChips) {
    const Tables tables = built_in();
    const Instance p5 = tables.instance("aws", "p5.48xlarge").value();  // AWS documentation
    EXPECT_EQ(p5.vcpu, 192);
    EXPECT_EQ(p5.chip_count, 8);
    EXPECT_EQ(p5.chip, "NVIDIA H100 SXM5 80GB");
    EXPECT_DOUBLE_EQ(p5.memory_gib, 2048);
    EXPECT_EQ(tables.chip(p5.chip)->tdp_w, 700);
    const Error error = tables.instance("aws", "p5.48xlrge").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("p5.48xlarge"), std::string::npos);
}

// 0.392 (Cloud Carbon Footprint), 0.3725 (Green Algorithms), 0.37 W/GB (GreenSKU).
TEST(Coefficient, IsTheMedianOfItsSourcesAndAsWideAsThey) {
    const Figure dram = built_in().coefficient("memory", "DRAM power").value();
    EXPECT_DOUBLE_EQ(dram.range.value, 0.3725);
    EXPECT_DOUBLE_EQ(dram.range.low, 0.37);
    EXPECT_DOUBLE_EQ(dram.range.high, 0.392);
    EXPECT_EQ(dram.provenance.unit, "W per GB");
}

// Cloud Carbon Footprint: 0.4454 W idle, 2.0193 W at full load.
TEST(Coefficient, WithLimitsOnlyIsTheirMiddleAndABound) {
    const Figure milan = built_in().coefficient("cpu-vcpu", "EPYC 3rd Gen").value();
    EXPECT_DOUBLE_EQ(milan.range.low, 0.4454);
    EXPECT_DOUBLE_EQ(milan.range.high, 2.0193);
    EXPECT_DOUBLE_EQ(milan.range.value, (0.4454 + 2.0193) / 2);
    EXPECT_EQ(milan.range.kind, RangeKind::bound);
    EXPECT_EQ(built_in().coefficient("memory", "SRAM").error().code, ErrorCode::not_found);
}

TEST(TablesList, NamesPackLicenceAndYears) {
    const std::vector<TableInfo> infos = built_in().tables();
    ASSERT_EQ(infos.size(), 17U);
    for (const TableInfo& info : infos) EXPECT_GT(info.rows, 0U) << info.name;
    const auto find = [&](std::string_view name) {
        for (const TableInfo& info : infos)
            if (info.name == name) return info;
        return TableInfo{};
    };
    EXPECT_EQ(find("grid_intensity_zones").pack, "odbl");
    EXPECT_EQ(find("grid_intensity_zones").licence, "ODbL-1.0");
    EXPECT_EQ(find("grid_intensity_zones").rows, 1760U);  // 352 zones, 2021 to 2025
    EXPECT_EQ(find("grid_intensity_zones").last_year, 2025);
    EXPECT_NE(find("grid_intensity_zones").attribution.find("electricitymaps.com"),
              std::string::npos);
    EXPECT_EQ(find("grid_intensity_marginal").licence, "CC-BY-SA-4.0");
    const std::string core = find("grid_intensity_annual").licence;
    EXPECT_EQ(core.find("ODbL"), std::string::npos) << core;
    EXPECT_EQ(core.find("SA"), std::string::npos) << core;
}

TEST(Rows, AreFilteredByKeyOrName) {
    const Tables tables = built_in();
    const std::vector<Row> h100 = tables.rows("accelerators", "h100").value();
    EXPECT_EQ(h100.size(), 3U);  // PCIe, SXM5, NVL
    EXPECT_EQ(h100[0].pack, "core");
    EXPECT_FALSE(h100[0].source.empty());
    EXPECT_EQ(tables.rows("zones", "Ontario").value().size(), 1U);
    const Error error = tables.rows("acelerators", "").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("accelerators"), std::string::npos);
}

TEST(Check, TheBuiltInTablesHoldNoImpossibleValueAndNameTheirSources) {
    for (const std::string& line : built_in().check(2026)) {
        EXPECT_FALSE(line.starts_with("error")) << line;
        EXPECT_EQ(line.find("no source"), std::string::npos) << line;
    }
}

TEST(Check, ReportsFiguresThatHaveGrownOld) {
    // Marginal factors are of 2021, five years before 2026; limit two.
    bool marginal = false;
    for (const std::string& line : built_in().check(2026))
        marginal = marginal || line.find("grid_intensity_marginal") != std::string::npos;
    EXPECT_TRUE(marginal);
    // Collected in 2026: old after 2029.
    bool cpus = false;
    for (const std::string& line : built_in().check(2030))
        cpus = cpus || line.find("cpus (core)") != std::string::npos;
    EXPECT_TRUE(cpus);
}

TEST(Load, WithoutLayersReadsNoTable) {
    // The least of many tries, so that a busy machine does not fail the test.
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 50; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const Tables tables = built_in();
        least = std::min(least, std::chrono::steady_clock::now() - start);
    }
    EXPECT_LT(least, std::chrono::milliseconds(1));
}

TEST(Load, TablesMayBeAskedByManyThreadsAtOnce) {
    const Tables tables = built_in();
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            if (intensity_of(tables, "DE").range.value == 329.65 &&
                tables.chip("H100 SXM")->tdp_w == 700)
                ++right;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, 8);
}

}  // namespace
}  // namespace abate::data
