#include "abate/input/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::input {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

footprint::FilingStatement parsed(std::string_view text) {
    return parse_filing(text, "lab.toml").value();
}
Error refused(std::string_view text) {
    const auto answer = parse_filing(text, "lab.toml");
    EXPECT_FALSE(answer);
    return answer ? Error{} : answer.error();
}

TEST(FilingSection, WithoutItNothingIsStated) {
    EXPECT_EQ(parsed("name = \"lab\"\n"), footprint::FilingStatement{});
}

TEST(FilingSection, HasWhatTheEntityStates) {
    const footprint::FilingStatement said = parsed(R"(
[filing]
consolidation = "operational-control"
base_year = 2023
base_year_reason = "the first whole year"
base_year_kgco2e = 120_000
exclusions = ["laptops"]
restatements = []
gwp = "AR6"
missing_nodes = 2
scope1_kgco2e = { value = 10, low = 8, high = 12 }
grid_losses = 0.06
fossil_share = 0.2
nuclear_share = 0.5
renewable_share = 0.3
net_revenue = "12M"
currency = "EUR"
high_climate_impact = true

[[filing.site]]
site = "room"
direct_gco2e_per_kwh = 360
source = "regulator, 2025"

[[filing.purchase]]
name = "disks"
kgco2e = 500
covers = ["corpus"]
source = "invoice"

[[filing.sold]]
name = "edge box"
energy_kwh = 2000
source = "data sheet"
)");
    EXPECT_EQ(said.consolidation, footprint::Consolidation::operational_control);
    EXPECT_EQ(said.base_year, 2023);
    EXPECT_EQ(said.base_year_kgco2e, 120'000);
    EXPECT_THAT(said.exclusions.value(), ElementsAre("laptops"));
    EXPECT_TRUE(said.restatements.has_value()) << "an empty list states that there are none";
    EXPECT_EQ(said.gwp, "AR6");
    EXPECT_EQ(said.missing_nodes, 2);
    EXPECT_EQ(said.scope1_kgco2e->high, 12);
    EXPECT_EQ(said.mix->nuclear, 0.5);
    EXPECT_EQ(said.net_revenue, 12e6);
    EXPECT_TRUE(said.high_climate_impact);
    ASSERT_EQ(said.sites.size(), 1U);
    EXPECT_EQ(said.sites[0].direct_gco2e_per_kwh->value, 360);
    EXPECT_EQ(said.sites[0].where, "lab.toml:20:1");
    EXPECT_THAT(said.purchases.at(0).covers, ElementsAre("corpus"));
    EXPECT_FALSE(said.sold.at(0).intensity_gco2e_per_kwh);
}

TEST(FilingSection, RefusesWithThePlaceAndAHint) {
    struct Row {
        const char* text;
        const char* where;
        const char* words;
    };
    for (const Row& row : {
             Row{"[filing]\nbase_yaer = 2023\n", "lab.toml:2:1", "Did you mean 'base_year'"},
             Row{"[filing]\nbase_year = \"2023\"\n", "lab.toml:2:13", "base_year = 2023"},
             Row{"[filing]\ngwp = \"AR7\"\n", "lab.toml:2:7", "AR6"},
             Row{"[filing]\nconsolidation = \"control\"\n", "lab.toml:2:17", "operational-control"},
             Row{"[filing]\nfossil_share = 0.5\n", "lab.toml:1:1", "add up to 1"},
             Row{"[filing]\nnet_revenue = 5\n", "lab.toml:2:15", "currency"},
             Row{"[filing]\nhigh_climate_impact = \"no\"\n", "lab.toml:2:23", "true or false"},
             Row{"[filing]\ngrid_losses = 6\n", "lab.toml:2:15", "at most 1"},
             Row{"[filing]\nscope1_kgco2e = nan\n", "lab.toml:2:17", "at least 0"},
             Row{"filing = 3\n", "lab.toml:1:10", "Write [filing]"},
             Row{"[filing]\nsite = 3\n", "lab.toml:2:8", "[[filing.site]]"},
             Row{"[[filing.site]]\nsite = \"room\"\nsource = \"x\"\n",
                 "lab.toml:1:1",
                 "direct_gco2e_per_kwh"},
             Row{"[[filing.site]]\nsite = \"room\"\ngrid_losses = 0.1\n", "lab.toml:1:1", "source"},
             Row{"[[filing.purchase]]\nname = \"disks\"\nsource = \"x\"\n",
                 "lab.toml:1:1",
                 "kgco2e"},
             Row{"[[filing.sold]]\nname = \"box\"\nsource = \"x\"\n", "lab.toml:1:1", "energy_kwh"},
         }) {
        const Error error = refused(row.text);
        EXPECT_EQ(error.where, row.where) << row.text;
        EXPECT_THAT(error.what + " " + error.hint, HasSubstr(row.words)) << row.text;
    }
}

// `abate inventory` reads the same file and must not pass over a slip in it.
TEST(FilingSection, IsCheckedWithTheInventory) {
    const char* text =
        "[[training]]\nname = \"run\"\nenergy_kwh = 1\nboundary = \"node\"\n[filing]\nbase = 1\n";
    const auto inventory = parse_inventory(text, "lab.toml");
    ASSERT_FALSE(inventory);
    EXPECT_EQ(inventory.error().where, "lab.toml:6:1");
}

}  // namespace
}  // namespace abate::input
