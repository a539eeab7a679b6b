// Layers: built-in < pack < organisation < project < option, and every refusal on the way.
#include "abate/data/layers.h"

#include "abate/data/data.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace abate::data {
namespace {

class LayersTest : public testing::Test {
  protected:
    void SetUp() override {
        const char* base = std::getenv("TMPDIR");
        std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/abate-data-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = folder_ + "/" + name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }
    std::string pack(const std::string& table, const std::string& text) {
        write("pack/pack.csv", "name,licence,attribution\nacme,CC0-1.0,Acme data team\n");
        write("pack/" + table + ".csv", text);
        return folder_ + "/pack";
    }
    static std::string france(const std::string& value) {
        return "table,key,column,value,source,licence,year,note\n"
               "grid_intensity_annual,FR,life_cycle_gco2e_per_kwh," +
               value + ",Our supplier,own,2025,\n";
    }
    static Figure intensity(const Tables& tables, const char* place) {
        return tables.intensity(tables.place(place).value()).value();
    }

    std::string folder_;
};

TEST_F(LayersTest, EachLayerWinsOverTheOneBelow) {
    Layers layers;
    EXPECT_EQ(intensity(Tables::load(layers).value(), "FR").provenance.layer, "built-in");

    layers.packs = {
        pack("grid_intensity_annual", "code,year,life_cycle_gco2e_per_kwh\nFR,2025,50\n")};
    const Figure from_pack = intensity(Tables::load(layers).value(), "FR");
    EXPECT_DOUBLE_EQ(from_pack.range.value, 50);
    EXPECT_EQ(from_pack.provenance.layer, "pack");
    EXPECT_EQ(from_pack.provenance.source.substr(0, 4), "acme");
    EXPECT_EQ(from_pack.provenance.licence.substr(0, 7), "CC0-1.0");

    layers.organisation = write("organisation.csv", france("51"));
    const Figure organisation = intensity(Tables::load(layers).value(), "FR");
    EXPECT_DOUBLE_EQ(organisation.range.value, 51);
    EXPECT_EQ(organisation.provenance.layer, "organisation");
    EXPECT_EQ(organisation.provenance.source, "Our supplier");
    EXPECT_EQ(organisation.provenance.licence, "own");
    EXPECT_EQ(organisation.provenance.year, 2025);

    layers.project = write("project.csv", france("52"));
    EXPECT_DOUBLE_EQ(intensity(Tables::load(layers).value(), "FR").range.value, 52);

    layers.options = {"grid_intensity_annual/FR/life_cycle_gco2e_per_kwh=53"};
    const Tables all = Tables::load(layers).value();
    EXPECT_DOUBLE_EQ(intensity(all, "FR").range.value, 53);
    EXPECT_EQ(intensity(all, "FR").provenance.layer, "option");
    EXPECT_EQ(intensity(all, "FR").provenance.source, "unsourced");
    EXPECT_DOUBLE_EQ(intensity(all, "DE").range.value, 329.65);  // others stay

    // All are kept and shown, lowest first.
    const std::vector<Row> rows = all.show("grid_intensity_annual", "FR").value();
    ASSERT_GE(rows.size(), 5U);
    const std::size_t n = rows.size();
    EXPECT_EQ(rows.front().layer, "built-in");
    EXPECT_EQ(rows[n - 4].layer, "pack");
    EXPECT_EQ(rows[n - 3].layer, "organisation");
    EXPECT_EQ(rows[n - 2].layer, "project");
    EXPECT_EQ(rows[n - 1].layer, "option");
}

TEST_F(LayersTest, AnOverrideReplacesTheSourcesInTheRangeToo) {
    Layers layers;
    layers.options = {"grid_intensity_annual/FR/life_cycle_gco2e_per_kwh=100"};
    const Figure france_set = intensity(Tables::load(layers).value(), "FR");
    EXPECT_NEAR(france_set.range.low, 88, 1e-9);  // 12 %, not Electricity Maps' 31
    EXPECT_NEAR(france_set.range.high, 112, 1e-9);
}

TEST_F(LayersTest, OverridesReachRegionsChipsAndProcessors) {
    Layers layers;
    layers.options = {"cloud_regions/aws eu-west-3/pue=1.4",
                      "cloud_regions/aws eu-west-3/life_cycle_gco2e_per_kwh=20",
                      "accelerators/nvidia h100 sxm5 80gb/tdp_w=650",
                      "cpus/AMD EPYC 7742/tdp_w=240",
                      "grid_intensity_annual/FR/direct_gco2e_per_kwh=25",
                      "energy_coefficients/memory DRAM power/value=0.5"};
    const Tables tables = Tables::load(layers).value();
    const Place paris = tables.place("aws eu-west-3").value();
    EXPECT_DOUBLE_EQ(tables.pue(paris)->range.value, 1.4);
    EXPECT_DOUBLE_EQ(tables.intensity(paris)->range.value, 20);
    EXPECT_DOUBLE_EQ(tables.intensity_direct(paris)->range.value, 25);
    EXPECT_DOUBLE_EQ(tables.chip("H100 SXM")->tdp_w, 650);
    EXPECT_EQ(tables.chip("H100 SXM")->provenance.layer, "option");
    EXPECT_DOUBLE_EQ(tables.cpu("AMD EPYC 7742 64-Core Processor")->tdp_w, 240);
    EXPECT_DOUBLE_EQ(tables.coefficient("memory", "DRAM power")->range.value, 0.5);
}

// The hint of a missing direct factor names a cell; setting that cell must work.
TEST_F(LayersTest, AnyNamedGridMayBeGivenAFactor) {
    EXPECT_EQ(Tables::load()->show("grid_intensity_annual", "SE-SE3").error().code,
              ErrorCode::not_found);
    Layers layers;
    layers.options = {"grid_intensity_annual/SE-SE3/direct_gco2e_per_kwh=5",
                      "grid_intensity_annual/SE-SE3/life_cycle_gco2e_per_kwh=25"};
    const Tables tables = Tables::load(layers).value();
    const Place stockholm = tables.place("SE3").value();
    EXPECT_DOUBLE_EQ(tables.intensity_direct(stockholm)->range.value, 5);
    EXPECT_DOUBLE_EQ(tables.intensity(stockholm)->range.value, 25);
    EXPECT_EQ(tables.show("grid_intensity_annual", "SE-SE3")->size(), 2U);
    EXPECT_EQ(tables.show("grid_intensity_annual", "nowhere").error().code, ErrorCode::not_found);
}

TEST_F(LayersTest, APackAddsRowsOfItsOwn) {
    Layers layers;
    layers.packs = {pack("cloud_regions",
                         "provider,region,location,grid_code,zone,year,pue\n"
                         "acme,dc1,Lyon,FR,FR,2025,1.25\n")};
    const Tables tables = Tables::load(layers).value();
    const Place lyon = tables.place("acme dc1").value();
    EXPECT_EQ(lyon.name, "Lyon (acme dc1)");
    EXPECT_DOUBLE_EQ(tables.pue(lyon)->range.value, 1.25);
    EXPECT_DOUBLE_EQ(tables.intensity(lyon)->range.value, 41.44);  // France's grid
    bool listed = false;
    for (const TableInfo& info : tables.tables())
        listed = listed ||
                 (info.pack == "acme" && info.attribution == "Acme data team" && info.rows == 1);
    EXPECT_TRUE(listed);
}

struct Refusal {
    const char* line;
    ErrorCode code;
    const char* hint;
};

TEST_F(LayersTest, BadOverrideIsRefusedWithFileAndLine) {
    const Refusal cases[] = {
        {"grid_intensity_anual,FR,life_cycle_gco2e_per_kwh,40",
         ErrorCode::not_found,
         "grid_intensity_annual"},
        {"grid_intensity_annual,FR,lifecycle_gco2e_per_kwh,40",
         ErrorCode::not_found,
         "life_cycle_gco2e_per_kwh"},
        {"grid_intensity_annual,Frnace,life_cycle_gco2e_per_kwh,40", ErrorCode::not_found, ""},
        {"accelerators,NVIDIA H100 SXM,tdp_w,700", ErrorCode::not_found, "NVIDIA H100 SXM5 80GB"},
        {"grid_intensity_annual,,life_cycle_gco2e_per_kwh,40", ErrorCode::parse_error, "data list"},
        {"grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,4O",
         ErrorCode::parse_error,
         "0 to 1500"},
        {"grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,1501",
         ErrorCode::out_of_range,
         "0 to 1500 gCO2e/kWh"},
        {"grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,-1",
         ErrorCode::out_of_range,
         "0 to 1500"},
        {"grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,nan", ErrorCode::parse_error, "number"},
        {"cloud_regions,aws eu-west-3,pue,0.9", ErrorCode::out_of_range, "1 to 3"},
        {"accelerators,NVIDIA H100 SXM5 80GB,tdp_w,700000",
         ErrorCode::out_of_range,
         "1 to 30000 W"},
    };
    for (const Refusal& bad : cases) {
        Layers layers;
        layers.project =
            write("overrides.csv",
                  std::string("table,key,column,value\n"
                              "grid_intensity_annual,DE,life_cycle_gco2e_per_kwh,300\n") +
                      bad.line + "\n");
        const Result<Tables> tables = Tables::load(layers);
        ASSERT_FALSE(tables) << bad.line;
        EXPECT_EQ(tables.error().code, bad.code) << bad.line;
        EXPECT_EQ(tables.error().where, layers.project + ":3") << bad.line;
        EXPECT_NE(tables.error().hint.find(bad.hint), std::string::npos)
            << bad.line << ": " << tables.error().hint;
    }
}

TEST_F(LayersTest, BadYearOrHeaderIsRefused) {
    EXPECT_EQ(parse_overrides("table,key,column\n", "o.csv", "project").error().where, "o.csv:1");
    EXPECT_EQ(parse_overrides("table,key,column,value,sauce\n", "o.csv", "project").error().code,
              ErrorCode::not_found);
    EXPECT_EQ(parse_overrides("table,key,column,value,value\n", "o.csv", "project").error().code,
              ErrorCode::parse_error);
    EXPECT_EQ(parse_overrides(
                  "table,key,column,value,year\naccelerators,x,tdp_w,10,last\n", "o.csv", "project")
                  .error()
                  .where,
              "o.csv:2");
}

TEST_F(LayersTest, BadOptionIsRefused) {
    for (const char* text : {"", "FR=3", "a/b", "a/b=3", "accelerators/NVIDIA T4/tdp_w"}) {
        const Result<PlacedOverride> option = parse_option(text);
        ASSERT_FALSE(option) << text;
        EXPECT_EQ(option.error().code, ErrorCode::parse_error) << text;
    }
    const PlacedOverride slashes =
        parse_option("energy_coefficients/cpu-vcpu Graviton/Graviton2 (proxy EPYC 2)/low=1")
            .value();
    EXPECT_EQ(slashes.cell.key, "cpu-vcpu Graviton/Graviton2 (proxy EPYC 2)");
}

TEST_F(LayersTest, MissingFileIsNamed) {
    Layers layers;
    layers.organisation = folder_ + "/none.csv";
    const Error error = Tables::load(layers).error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.where, layers.organisation);
    layers.organisation = folder_;
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::invalid_argument);
}

TEST_F(LayersTest, BadPackIsRefusedWithFileAndLine) {
    Layers layers;
    layers.packs = {folder_ + "/pack"};
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::not_found);  // no pack.csv

    pack("grid_intensity_annual", "code,year,life_cycle_gco2e_per_kwh\nFR,2025,40\nFR,2024,4000\n");
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(Tables::load(layers).error().where, folder_ + "/pack/grid_intensity_annual.csv:3");

    pack("grid_intensity_annual", "code,year,life_cycle_gco2e_per_kwh\nFR,last,40\n");
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::parse_error);
    pack("grid_intensity_annual", "year,life_cycle_gco2e_per_kwh\n2025,40\n");
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::parse_error);

    pack("grid_intensity_annual", "code,year,life_cycle_gco2e_per_kwh\nFR,2025,40\n");
    write("pack/grid_intensity_anual.csv", "code\nFR\n");
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::not_found);
    std::filesystem::remove(folder_ + "/pack/grid_intensity_anual.csv");
    EXPECT_TRUE(Tables::load(layers));

    write("pack/pack.csv", "name,licence\nacme,CC0\n");
    EXPECT_EQ(Tables::load(layers).error().code, ErrorCode::parse_error);
}

TEST_F(LayersTest, CheckNamesOverridesWithoutASourceAndOldOnes) {
    Layers layers;
    layers.project = write("overrides.csv",
                           "table,key,column,value,source,year\n"
                           "grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,40,,\n"
                           "grid_intensity_annual,DE,life_cycle_gco2e_per_kwh,400,Agora,2019\n");
    std::string all;
    for (const std::string& line : Tables::load(layers)->check(2026)) all += line + "\n";
    EXPECT_NE(
        all.find(
            "grid_intensity_annual/FR/life_cycle_gco2e_per_kwh is overridden without a source (" +
            layers.project + ":2)"),
        std::string::npos)
        << all;
    EXPECT_NE(all.find("figure of 2019"), std::string::npos) << all;
    EXPECT_NE(all.find("note: overrides are read from " + layers.project), std::string::npos);
}

TEST_F(LayersTest, CheckOverrideSaysNoBeforeAnythingIsWritten) {
    const Tables tables = Tables::load().value();
    Override cell;
    cell.table = "accelerators";
    cell.key = "NVIDIA T4";
    cell.column = "tdp_w";
    cell.value = "75";
    EXPECT_TRUE(tables.check_override(cell));
    cell.value = "0";
    EXPECT_EQ(tables.check_override(cell).error().code, ErrorCode::out_of_range);
    cell.value = "75";
    cell.key = "NVIDIA T44";
    EXPECT_EQ(tables.check_override(cell).error().code, ErrorCode::not_found);
}

TEST_F(LayersTest, WithOverrideReplacesTheSameCellAndKeepsTheRest) {
    Override cell;
    cell.table = "accelerators";
    cell.key = "NVIDIA T4";
    cell.column = "tdp_w";
    cell.value = "75";
    cell.source = "measured, \"rack 3\"";
    const std::string first = with_override("", "o.csv", cell).value();
    cell.key = "nvidia t4";
    cell.value = "72";
    const std::string second = with_override(first, "o.csv", cell).value();
    EXPECT_EQ(second,
              "table,key,column,value,source,licence,year,note\n"
              "accelerators,nvidia t4,tdp_w,72,\"measured, \"\"rack 3\"\"\",,,\n");
    cell.key = "NVIDIA L4";
    const std::string third = with_override(second, "o.csv", cell).value();
    EXPECT_EQ(parse_overrides(third, "o.csv", "project")->size(), 2U);
    EXPECT_FALSE(with_override("nonsense\n", "o.csv", cell));
}

}  // namespace
}  // namespace abate::data
