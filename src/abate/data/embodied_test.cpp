// Expected values are read off the publications: ACT (Gupta et al. 2022, tables of fab energy, gases
// and materials), Dell's and HPE's product carbon footprint sheets, Dell's R740 assessment, NVIDIA's
// HGX H100 summary, Falk et al. 2025, LLMCarbon table 5.
#include "abate/data/data.h"
#include "abate/data/layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::data {
namespace {

Tables built_in() { return Tables::load().value(); }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Tables::embodied_factor; swapped, it is not found
double factor(const Tables& tables, const char* kind, const char* name) {
    return tables.embodied_factor(kind, name).value().range.value;
}

// ACT table of energy per area: 28 nm 0.9, 7 nm 2.15, 3 nm 3.25 kWh/cm2; materials 0.5 kg/cm2; yield
// 0.875; packaging 150 g a circuit.
TEST(EmbodiedFactor, IsActsTable) {
    const Tables tables = built_in();
    EXPECT_DOUBLE_EQ(factor(tables, "fab-energy", "28nm"), 0.9);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-energy", "7nm"), 2.15);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-energy", "3nm"), 3.25);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-gas-95", "7nm"), 350);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-gas-99", "7nm"), 200);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-gas-97", "7nm"), 275);  // their mean
    EXPECT_DOUBLE_EQ(factor(tables, "fab-material", "all nodes"), 500);
    EXPECT_DOUBLE_EQ(factor(tables, "fab-yield", "all nodes"), 0.875);
    EXPECT_DOUBLE_EQ(factor(tables, "packaging", "per IC"), 150);
    EXPECT_DOUBLE_EQ(factor(tables, "dram", "ddr4_10nm"), 65);
    EXPECT_DOUBLE_EQ(factor(tables, "ssd", "nand_tlc_v3"), 6.3);
    EXPECT_DOUBLE_EQ(factor(tables, "hdd-enterprise", "Exosx16"), 1.334);
    const Figure energy = tables.embodied_factor("FAB-ENERGY", "7NM").value();
    EXPECT_EQ(energy.provenance.unit, "kWh/cm2");
    EXPECT_NE(energy.provenance.source.find("ACT"), std::string::npos);
}

// CPA = (CI x EPA + GPA + MPA) / Y at Taiwan's 583 g/kWh and 97 % abatement, in kg/cm2; by hand for
// 7 nm: (583 x 2.15 + 275 + 500) / 0.875 = 2318.2 g.
TEST(EmbodiedFactor, TablesOfActGiveItsCarbonPerArea) {
    const Tables tables = built_in();
    for (const char* node : {"28nm", "20nm", "14nm", "10nm", "8nm", "7nm", "5nm", "3nm"}) {
        const double per_area =
            (factor(tables, "fab-intensity-2022", "taiwan") * factor(tables, "fab-energy", node) +
             factor(tables, "fab-gas-97", node) + factor(tables, "fab-material", "all nodes")) /
            factor(tables, "fab-yield", "all nodes") / 1000;
        EXPECT_NEAR(factor(tables, "fab-carbon-act", node), per_area, 0.0006) << node;
    }
    EXPECT_NEAR(factor(tables, "fab-carbon-act", "7nm"), 2.3182, 0.0003);
}

// LLMCarbon gives 0.4 kg/GB for DRAM: one unit for all rows of a kind.
TEST(EmbodiedFactor, HasOneUnitAKind) {
    const Tables tables = built_in();
    EXPECT_DOUBLE_EQ(factor(tables, "dram", "Micron 18nm"), 400);
    for (const char* kind : {"dram", "ssd", "hdd-consumer", "hdd-enterprise", "dram-module"})
        for (const EmbodiedFactor& row : tables.embodied_rows(kind))
            EXPECT_EQ(row.figure.provenance.unit, "gCO2e/GB") << row.kind << " " << row.name;
}

// 2274 kg as published, 2260 kg from NVIDIA's ratios.
TEST(EmbodiedFactor, OfTwoSourcesIsAsWideAsADevice) {
    const Figure board = built_in().embodied_factor("baseboard", "HGX B200").value();
    EXPECT_DOUBLE_EQ(board.range.value, 2267);
    EXPECT_DOUBLE_EQ(board.range.low, 2267.0 / 2);
    EXPECT_DOUBLE_EQ(board.range.high, 2267.0 * 2);
    EXPECT_EQ(built_in().embodied_rows("baseboard").size(), 3U);
}

TEST(EmbodiedFactor, UnknownNameIsAnsweredWithTheNearest) {
    const Error error = built_in().embodied_factor("fab-energy", "6nm").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("fab-energy"), std::string::npos) << error.hint;
    EXPECT_TRUE(built_in().embodied_rows("no such kind").empty());
}

// What neither use nor manufacturing is in Dell's sheets; for the R740 100 - 84.3 - 15.2 = 0.5 of
// 15.2, or 3.3 %.
TEST(EmbodiedFactor, TransportAndEndOfLifeAreASmallShare) {
    const Figure share =
        built_in()
            .embodied_factor("server-life-cycle", "transport and end of life over manufacturing")
            .value();
    EXPECT_GT(0.5 / 15.2, share.range.low);
    EXPECT_LT(0.5 / 15.2, share.range.high);
    EXPECT_LT(share.range.high, 0.1);
}

// Rows whose only source is under the AGPL or MPL must not be in the program.
TEST(EmbodiedRows, ComeFromNoTableThatMayNotBePassedOn) {
    for (const EmbodiedFactor& row : built_in().embodied_rows("")) {
        EXPECT_EQ(row.figure.provenance.licence.find("GPL"), std::string::npos) << row.name;
        EXPECT_EQ(row.figure.provenance.licence.find("MPL"), std::string::npos) << row.name;
        EXPECT_EQ(row.figure.provenance.source.find("boaviztapi"), std::string::npos) << row.name;
        EXPECT_FALSE(row.evidence.empty()) << row.name;
    }
}

// NVIDIA: 1312 kg / 8; Falk et al. 127.6 kg; LLMCarbon 8.14 cm2 x 1.8 kg; Morrison 3700 kg / 8.
TEST(EmbodiedOfChip, KeepsEveryPublishedBoundary) {
    const Tables tables = built_in();
    const Chip h100 = tables.chip("H100 SXM").value();
    ASSERT_TRUE(h100.embodied);
    EXPECT_DOUBLE_EQ(h100.embodied->range.value, 164);
    EXPECT_DOUBLE_EQ(h100.embodied->range.low, 82);
    EXPECT_DOUBLE_EQ(h100.embodied->range.high, 328);
    EXPECT_NE(h100.embodied->provenance.source.find("NVIDIA"), std::string::npos);
    EXPECT_NE(h100.embodied->provenance.basis.find("baseboard"), std::string::npos);
    std::vector<double> figures;
    for (const EmbodiedFactor& row : tables.embodied_of_chip(h100))
        figures.push_back(row.figure.range.value);
    std::sort(figures.begin(), figures.end());
    EXPECT_EQ(figures, (std::vector<double>{14.652, 164, 462.5}));
    EXPECT_EQ(tables.embodied_of_chip(tables.chip("A100 SXM4 40GB").value()).size(), 2U);
    EXPECT_TRUE(tables.embodied_of_chip(tables.chip("RTX 4090").value()).empty());
    EXPECT_FALSE(tables.chip("RTX 4090")->embodied);
    // TPU v4i is another chip than v4.
    for (const EmbodiedFactor& row : tables.embodied_of_chip(tables.chip("TPU v4i").value()))
        EXPECT_EQ(row.name, "TPU v4i");
}

// NVIDIA's data sheet of the H100 SXM: 4N process, 814 mm2, HBM3 3.35 TB/s, TF32 494.7 TFLOP/s and
// INT8 1979 TOP/s dense; of the B200: FP4 9 PFLOP/s dense.
TEST(Chip, KnowsDieMemoryAndPeaks) {
    const Tables tables = built_in();
    const Chip h100 = tables.chip("H100 SXM").value();
    EXPECT_EQ(h100.type, "GPU");
    EXPECT_EQ(h100.memory_type, "HBM3");
    EXPECT_DOUBLE_EQ(h100.node_nm, 4);
    EXPECT_DOUBLE_EQ(h100.die_mm2, 814);
    EXPECT_DOUBLE_EQ(h100.bandwidth_gb_per_s, 3350);
    EXPECT_DOUBLE_EQ(h100.tf32_tflops, 494.7);
    EXPECT_DOUBLE_EQ(h100.int8_tops, 1979);
    EXPECT_DOUBLE_EQ(tables.chip("B200")->fp4_tflops, 9000);
    EXPECT_EQ(tables.chip("TPU v4")->type, "TPU");
    EXPECT_DOUBLE_EQ(tables.chip("A100 SXM4 80GB")->idle_w, 62.1);
}

TEST(Chip, OverriddenEmbodiedIsThePersonsOwn) {
    Layers layers;
    layers.options = {"accelerators/NVIDIA H100 SXM5 80GB/embodied_kgco2e=200"};
    const Tables tables = Tables::load(layers).value();
    const Figure own = tables.chip("H100 SXM")->embodied.value();
    EXPECT_DOUBLE_EQ(own.range.value, 200);
    EXPECT_EQ(own.provenance.layer, "option");
    EXPECT_EQ(own.provenance.source, "unsourced");
}

// Dell's sheet: 8640 kg, 84.3 % use, 15.2 % manufacturing = 1313 kg; 1760.3 kWh a year over 4 years.
TEST(ServerFootprint, IsTheMakersSheet) {
    const Tables tables = built_in();
    const ServerFootprint r740 = tables.server_footprint("PowerEdge R740").value();
    EXPECT_DOUBLE_EQ(r740.total_kgco2e, 8640);
    EXPECT_DOUBLE_EQ(r740.use_share, 0.843);
    EXPECT_DOUBLE_EQ(r740.manufacturing->range.value, 1313);
    EXPECT_DOUBLE_EQ(r740.non_use_kgco2e, 1356);
    EXPECT_DOUBLE_EQ(r740.yearly_kwh, 1760.3);
    EXPECT_DOUBLE_EQ(r740.lifetime_y, 4);
    EXPECT_EQ(r740.vendor, "Dell");
    EXPECT_EQ(tables.server_footprint("r740xd")->name, "PowerEdge R740XD");
    EXPECT_EQ(tables.server_footprint("dl380 gen10")->vendor, "HPE");
    EXPECT_FALSE(tables.server_footprint("dl380 gen10")->manufacturing);  // HPE does not split it
}

// Dell R740 assessment of 2019: 4288 kg, of which SSDs 3379 + 64, DRAM 533, and eight smaller parts.
TEST(ServerFootprint, PartsOfTheR740AddUpToTheWhole) {
    const Tables tables = built_in();
    double parts = 0;
    for (const ServerFootprint& part : tables.server_footprints())
        if (part.kind == "component" && part.name.starts_with("R740"))
            parts += part.manufacturing->range.value;
    EXPECT_DOUBLE_EQ(parts, 4288);
    EXPECT_DOUBLE_EQ(
        tables.server_footprint("PowerEdge R740 (full LCA)")->manufacturing->range.value, parts);
}

TEST(ServerFootprint, AmbiguousOrUnknownNameIsRefused) {
    const Tables tables = built_in();
    EXPECT_EQ(tables.server_footprint("PowerEdge").error().code, ErrorCode::invalid_argument);
    const Error error = tables.server_footprint("PowerEdge R741").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("PowerEdge R74"), std::string::npos) << error.hint;
}

}  // namespace
}  // namespace abate::data
