#include "abate/footprint/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace abate::footprint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

data::Tables tables_with(std::vector<std::string> options = {}) {
    data::Layers layers;
    layers.options = std::move(options);
    return std::move(data::Tables::load(layers)).value();
}

SiteOptions at(std::string region) {
    SiteOptions options;
    options.region = std::move(region);
    return options;
}

// A place with all that a user can say of it: PUE 1.2, 100 g/kWh, 20 g/kWh by contract, 0.5 L/kWh.
SiteOptions all_given() {
    SiteOptions options = at("FR");
    options.pue = 1.2;
    options.intensity_gco2e_per_kwh = 100;
    options.market_gco2e_per_kwh = 20;
    options.wue_l_per_kwh = 0.5;
    return options;
}

std::vector<std::string> figures(const std::vector<Provenance>& rows) {
    std::vector<std::string> names;
    for (const Provenance& row : rows) names.push_back(row.figure);
    return names;
}

// 100 kWh of accelerators (90 to 110) x 1.57 (1.2 to 2.0) = 157 kWh at the node; x 1.2 = 188.4 kWh; x 0.1 kg = 18.84 kg; x 0.02 kg =
// 3.768 kg. Node below: 157 x hypot(10 / 100, 0.37 / 1.57) = 157 x 0.256007 = 40.1931; above: 157 x hypot(0.1, 0.43 / 1.57) = 157 x 0.291570 = 45.7765.
// Water: 157 x 0.5 = 78.5 L on site and 188.4 x 0.8199 = 154.46916 L at generation (216.6 US gal/MWh).
TEST(Chain, CarriesAcceleratorEnergyToCarbonByHand) {
    const data::Tables tables = tables_with();
    const Site site = find_site(tables, all_given()).value();
    const Chain chain = carry(
        {.value = 100, .low = 90, .high = 110}, Boundary::component, accelerator_overhead(), site);
    EXPECT_DOUBLE_EQ(chain.component_kwh.value, 100);
    EXPECT_NEAR(chain.node_kwh.value, 157, 1e-9);
    EXPECT_NEAR(chain.node_kwh.low, 157 - 40.1931, 1e-3);
    EXPECT_NEAR(chain.node_kwh.high, 157 + 45.7765, 1e-3);
    EXPECT_NEAR(chain.facility_kwh.value, 188.4, 1e-9);
    EXPECT_NEAR(chain.facility_kwh.low, 1.2 * (157 - 40.1931), 1e-3);
    EXPECT_NEAR(chain.location_kgco2e.value, 18.84, 1e-9);
    ASSERT_TRUE(chain.market_kgco2e);
    EXPECT_NEAR(chain.market_kgco2e->value, 3.768, 1e-9);
    ASSERT_TRUE(chain.water_l);
    EXPECT_NEAR(*chain.water_on_site_l, 78.5, 1e-9);
    EXPECT_NEAR(*chain.water_generation_l, 154.46916, 1e-9);
    EXPECT_NEAR(*chain.water_l, 78.5 + 154.46916, 1e-9);
}

// The same 120 kWh at the meter of the building, of 100 kWh at the node, at PUE 1.2.
TEST(Chain, EachBoundaryEntersAtItsOwnStep) {
    const Site site = find_site(tables_with(), all_given()).value();
    const Chain node = carry(exactly(100), Boundary::node, no_overhead(), site);
    EXPECT_EQ(node.component_kwh, Ranged{});
    EXPECT_DOUBLE_EQ(node.node_kwh.value, 100);
    EXPECT_DOUBLE_EQ(node.facility_kwh.value, 120);
    const Chain facility = carry(exactly(120), Boundary::facility, accelerator_overhead(), site);
    EXPECT_EQ(facility.node_kwh, Ranged{});
    EXPECT_DOUBLE_EQ(facility.facility_kwh.value, 120);
    EXPECT_DOUBLE_EQ(facility.location_kgco2e.value, 12);
    EXPECT_DOUBLE_EQ(facility.location_kgco2e.low, 12);
    // 100 kWh of IT energy either way: 50 L on site, 120 x 0.8199 = 98.388 L at generation.
    EXPECT_NEAR(*node.water_l, 148.388, 1e-9);
    EXPECT_NEAR(*facility.water_l, 148.388, 1e-9);
    // An overhead is for component energy only.
    EXPECT_EQ(carry(exactly(100), Boundary::node, accelerator_overhead(), site).node_kwh.value,
              100);
}

// eGRID 2023, California: 195 g/kWh at the stack. Our World in Data has no life-cycle figure of the state, so its zone's or country's holds.
TEST(Chain, TheDirectFactorStandsBesideTheLifeCycleOne) {
    const Site site = find_site(tables_with(), at("US-CA")).value();
    ASSERT_TRUE(site.intensity_direct);
    EXPECT_DOUBLE_EQ(site.intensity_direct->range.value, 195);
    EXPECT_THAT(site.intensity_direct->provenance.basis, HasSubstr("direct"));
    EXPECT_THAT(site.intensity.provenance.basis, HasSubstr("life-cycle"));
    const Chain chain = carry(exactly(1000), Boundary::facility, no_overhead(), site);
    ASSERT_TRUE(chain.scope2_kgco2e);
    EXPECT_NEAR(chain.scope2_kgco2e->value, 195, 1e-9);
    EXPECT_NEAR(chain.location_kgco2e.value, site.intensity.range.value, 1e-9);
}

TEST(Chain, WhatIsNotKnownStaysAbsent) {
    const Site site = find_site(tables_with(), {}).value();
    EXPECT_FALSE(site.known());
    EXPECT_DOUBLE_EQ(site.pue.range.value, 1.56);
    EXPECT_GT(site.intensity.range.high, site.intensity.range.low);
    const Chain chain = carry(exactly(1), Boundary::facility, no_overhead(), site);
    EXPECT_FALSE(chain.scope2_kgco2e);
    EXPECT_FALSE(chain.market_kgco2e);
    EXPECT_FALSE(chain.water_l);
    EXPECT_THAT(figures(site_provenance(site)), ElementsAre("pue", "intensity_gco2e_per_kwh"));
}

TEST(Chain, APueIsTheUsersThenTheRegionsThenTheSurveys) {
    const data::Tables tables = tables_with();
    SiteOptions options = at("aws us-west-1");
    EXPECT_DOUBLE_EQ(find_site(tables, options)->pue.range.value, 1.18);  // AWS, 2024
    options.pue = 1.3;
    EXPECT_DOUBLE_EQ(find_site(tables, options)->pue.range.value, 1.3);
    EXPECT_DOUBLE_EQ(find_site(tables, at("FR"))->pue.range.value, 1.56);
    SiteOptions desk = at("FR");
    desk.facility = false;
    EXPECT_DOUBLE_EQ(find_site(tables, desk)->pue.range.value, 1);
}

TEST(Chain, EachFigureOfTheSiteLeavesOneRow) {
    const Site site =
        find_site(tables_with({"grid_intensity_annual/FR/direct_gco2e_per_kwh=30"}), all_given())
            .value();
    const std::vector<Provenance> rows = site_provenance(site);
    EXPECT_THAT(figures(rows),
                ElementsAre("pue",
                            "intensity_gco2e_per_kwh",
                            "scope2_gco2e_per_kwh",
                            "market_gco2e_per_kwh",
                            "wue_l_per_kwh",
                            "generation_water_l_per_kwh"));
    EXPECT_EQ(rows[1].source, "given by the user");
    EXPECT_EQ(rows[1].layer, "option");
    EXPECT_THAT(rows[3].basis, HasSubstr("market-based"));
}

TEST(Chain, RefusesWhatCannotBe) {
    const data::Tables tables = tables_with();
    EXPECT_EQ(find_site(tables, at("Frnace")).error().code, ErrorCode::not_found);
    SiteOptions options = at("FR");
    for (const double pue : {0.99, 10.5, std::numeric_limits<double>::quiet_NaN()}) {
        options.pue = pue;
        EXPECT_EQ(find_site(tables, options).error().code, ErrorCode::out_of_range) << pue;
    }
    options.pue.reset();
    options.intensity_gco2e_per_kwh = -1;
    EXPECT_EQ(find_site(tables, options).error().code, ErrorCode::out_of_range);
    options.intensity_gco2e_per_kwh = 0;
    EXPECT_TRUE(find_site(tables, options));
    options.market_gco2e_per_kwh = std::numeric_limits<double>::infinity();
    EXPECT_EQ(find_site(tables, options).error().where, "--market-intensity");
    options.market_gco2e_per_kwh.reset();
    options.wue_l_per_kwh = -0.1;
    EXPECT_EQ(find_site(tables, options).error().where, "--wue");
}

TEST(ChainDeathTest, EnergyIsANumberAndNotNegative) {
    const Site site = find_site(tables_with(), at("FR")).value();
    EXPECT_DEATH((void)carry(exactly(-1), Boundary::node, no_overhead(), site), "");
    EXPECT_DEATH((void)carry(exactly(std::nan("")), Boundary::node, no_overhead(), site), "");
}

}  // namespace
}  // namespace abate::footprint
