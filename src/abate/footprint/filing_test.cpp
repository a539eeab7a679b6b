// Sums by hand on inventories of exact figures (inventory_test_support.h): a room in France, PUE 1.2, 100 g/kWh over the life cycle, 20 g/kWh by
// contract. 1000 kWh at the node are 1200 kWh at the facility.
#include "abate/footprint/filing.h"

#include "abate/footprint/inventory_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace abate::footprint {
namespace {

using ::testing::Contains;
using testing::day;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::node_energy;
using testing::plain_fleet;
using testing::plain_inventory;
using testing::tables;

Inventory trained() {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    return lab;
}

// Direct 60 g/kWh, of the delivered energy 5 % lost on the way.
FilingStatement known_factors() {
    FilingStatement said;
    SiteFactors room;
    room.site = "room";
    room.direct_gco2e_per_kwh = exactly(60);
    room.grid_losses = exactly(0.05);
    said.sites.push_back(room);
    return said;
}

Result<Filing> try_file(const Inventory& lab,
                        const FilingStatement& said = {},
                        FilingOptions options = {}) {
    if (options.year == 0) options.year = 2025;
    options.entity = "Example Institute";
    return file(account(lab, tables()).value(), said, options);
}
Filing filed(const Inventory& lab,
             const FilingStatement& said = {},
             const FilingOptions& options = {}) {
    return try_file(lab, said, options).value();
}

void expect_cell(const Filing& filing, const char* key, double kgco2e) {
    const Cell& cell = filing.cell(key);
    EXPECT_EQ(cell.state, CellState::value) << key << ": " << cell.words();
    EXPECT_NEAR(cell.amount.value, kgco2e, 1e-9) << key;
}

// 1200 x 0.060 = 72; 1200 x 0.020 = 24; 1200 x (0.100 - 0.060) = 48; 1200 x 0.05 x 0.100 = 6.
TEST(Filing, SplitsElectricityByHand) {
    const Filing filing = filed(trained(), known_factors());
    expect_cell(filing, "scope2_location", 72);
    expect_cell(filing, "scope2_market", 24);
    expect_cell(filing, "category3_upstream", 48);
    expect_cell(filing, "category3_losses", 6);
    expect_cell(filing, "category3", 54);
    EXPECT_NEAR(filing.scope2_kwh.value, 1200, 1e-9);
    ASSERT_EQ(filing.sites.size(), 1U);
    EXPECT_EQ(filing.sites[0].part, "scope 2");
    EXPECT_NEAR(filing.sites[0].location.amount.value, 72, 1e-9);
}

// No table has a direct factor of France.
TEST(Filing, WithoutADirectFactorSaysSoAndNothingElse) {
    const Filing filing = filed(trained());
    const Cell& cell = filing.cell("scope2_location");
    EXPECT_EQ(cell.words(), "not available: supply a factor");
    EXPECT_EQ(cell.amount.value, 0) << "the life-cycle 120 kg must not stand in";
    EXPECT_THAT(cell.reasons, ElementsAre("no direct factor for room (1200 kWh)"));
    EXPECT_EQ(filing.cell("category3").words(), "not available: supply a factor");
    EXPECT_EQ(filing.cell("total_location").words(), "not available: supply a factor");
    expect_cell(filing, "scope2_market", 24);
}

TEST(Filing, MarketBasedNeedsAContractOrResidualMix) {
    Inventory lab = trained();
    lab.sites[0].market_gco2e_per_kwh.reset();
    const Filing filing = filed(lab, known_factors());
    EXPECT_EQ(filing.cell("scope2_market").words(), "not available: supply a factor");
    EXPECT_THAT(filing.cell("scope2_market").reasons,
                ElementsAre("no contract or residual mix for room (1200 kWh)"));
    expect_cell(filing, "scope2_location", 72);
    FilingStatement said = known_factors();
    said.sites[0].market_gco2e_per_kwh = exactly(400);
    expect_cell(filed(lab, said), "scope2_market", 480);
}

// A site without energy this year may keep its factors in the file; a name that nobody declared may not.
TEST(Filing, FactorsAreOfDeclaredSites) {
    Inventory lab = trained();
    lab.sites.push_back(testing::plain_site("annex"));
    FilingStatement said = known_factors();
    said.sites.push_back(said.sites[0]);
    said.sites[1].site = "annex";
    EXPECT_TRUE(try_file(lab, said));
    said.sites[1].site = "anex";
    const Result<Filing> wrong = try_file(lab, said);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::not_found);
    EXPECT_THAT(wrong.error().hint, HasSubstr("annex"));
}

// The known site's 72 kg stands beside the words; the other site is named.
TEST(Filing, OneSiteWithoutAFactorMakesTheCellUnavailable) {
    Inventory lab = trained();
    lab.sites.push_back(testing::plain_site("annex"));
    Activity work = node_energy(AccountPhase::inference, "service", 100);
    work.site = "annex";
    lab.activities.push_back(work);
    const Filing filing = filed(lab, known_factors());
    const Cell& cell = filing.cell("scope2_location");
    EXPECT_EQ(cell.words(), "not available: supply a factor");
    EXPECT_NEAR(cell.amount.value, 72, 1e-9);
    EXPECT_THAT(cell.reasons, ElementsAre("no direct factor for annex (120 kWh)"));
}

// Wherever tables know both, direct + rest = life cycle. Great Britain has both (DESNZ, Our World in Data).
TEST(Filing, DirectAndTheRestAddUpToTheLifeCycle) {
    Inventory lab = trained();
    lab.sites[0].region = "GB";
    lab.sites[0].intensity_gco2e_per_kwh.reset();
    const Account all = account(lab, tables()).value();
    const Filing filing = filed(lab);
    ASSERT_EQ(filing.cell("scope2_location").state, CellState::value);
    ASSERT_EQ(filing.cell("category3_upstream").state, CellState::value);
    EXPECT_GT(filing.cell("scope2_location").amount.value, 0);
    EXPECT_NEAR(filing.cell("scope2_location").amount.value +
                    filing.cell("category3_upstream").amount.value,
                all.total().operational_kgco2e.value,
                1e-9);
}

// 150 g/kWh at the stack and 100 over the life cycle cannot both be: scope 2 keeps its factor, the rest is not known.
TEST(Filing, ADirectFactorAboveTheLifeCycleLeavesTheRestUnknown) {
    FilingStatement said = known_factors();
    said.sites[0].direct_gco2e_per_kwh = exactly(150);
    const Filing filing = filed(trained(), said);
    expect_cell(filing, "scope2_location", 180);
    EXPECT_EQ(filing.cell("category3_upstream").words(), "not available: supply a factor");
}

// Life cycle 100 (90 to 120), direct 60 (55 to 70): the rest is 40 - hypot(10, 10) to 40 + hypot(20, 5).
TEST(Filing, TheRestHasBothErrors) {
    FilingStatement said = known_factors();
    said.sites[0].direct_gco2e_per_kwh = Ranged{.value = 60, .low = 55, .high = 70};
    Account all = account(trained(), tables()).value();
    for (Line& line : all.lines)
        line.intensity->range = Ranged{.value = 0.1, .low = 0.09, .high = 0.12};
    const Filing filing = file(all, said, {.year = 2025, .entity = "x"}).value();
    const Ranged rest = filing.cell("category3_upstream").amount;
    EXPECT_NEAR(rest.low, 1.2 * (40 - std::hypot(10, 10)), 1e-9);
    EXPECT_NEAR(rest.high, 1.2 * (40 + std::hypot(20, 5)), 1e-9);
}

// 10 units x 100 kg, bought in the period: 1000 kg at once, whatever they were charged.
TEST(Filing, HardwareIsFiledInFullInTheYearOfPurchase) {
    Inventory lab = trained();
    lab.fleets.push_back(plain_fleet(10));
    expect_cell(filed(lab), "category2", 0);
    lab.fleets[0].bought = day("2025-03-01");
    expect_cell(filed(lab), "category2", 1000);
    lab.fleets[0].embodied_kgco2e_per_unit = Ranged{.value = 100, .low = 80, .high = 150};
    const Cell cell = filed(lab).cell("category2");
    EXPECT_NEAR(cell.amount.low, 800, 1e-9);
    EXPECT_NEAR(cell.amount.high, 1500, 1e-9);
}

// A colocated machine is bought too; a leased one and a cloud's are charged for the period: 1000 / 5 = 200 kg.
TEST(Filing, MapsHardwareByOwnership) {
    Inventory lab = trained();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].bought = day("2025-01-01");
    const auto filing_as = [&](Ownership ownership) {
        lab.fleets[0].ownership = ownership;
        return filed(lab);
    };
    expect_cell(filing_as(Ownership::colocated), "category2", 1000);
    const Filing leased = filing_as(Ownership::leased);
    EXPECT_EQ(leased.cell("category2").words(), "none");
    expect_cell(leased, "category8_hardware", 200);
    const Filing cloud = filing_as(Ownership::cloud);
    EXPECT_EQ(cloud.cell("category2").words(), "none");
    expect_cell(cloud, "category1_hardware", 200);
    EXPECT_EQ(cloud.mapping.size(), 5U);
}

TEST(Filing, MapsElectricityByOwnershipAndControl) {
    Inventory lab = trained();
    const auto filing_as = [&](Ownership ownership, Consolidation consolidation) {
        lab.activities[0].ownership = ownership;
        FilingStatement said = known_factors();
        said.consolidation = consolidation;
        return filed(lab, said);
    };
    const auto none = Consolidation::not_stated;
    // A purchased service is cradle to gate: 1200 x 0.100.
    for (const Ownership ownership : {Ownership::cloud, Ownership::api}) {
        const Filing service = filing_as(ownership, none);
        expect_cell(service, "category1_electricity", 120);
        EXPECT_EQ(service.cell("scope2_location").words(), "none");
        EXPECT_EQ(service.cell("scope2_market").words(), "none");
        EXPECT_EQ(service.cell("category3").words(), "none");
    }
    for (const Ownership ownership : {Ownership::leased, Ownership::colocated}) {
        const Filing leased = filing_as(ownership, none);
        expect_cell(leased, "category8_electricity", 72);
        expect_cell(leased, "category8_upstream", 48);
        expect_cell(leased, "category8_losses", 6);
        EXPECT_EQ(leased.cell("scope2_location").words(), "none");
        const Filing controlled = filing_as(ownership, Consolidation::operational_control);
        expect_cell(controlled, "scope2_location", 72);
        EXPECT_EQ(controlled.cell("category8").words(), "none");
    }
}

// What was charged must have been bought once; where nobody says when, the cell does not call it nothing.
TEST(Filing, HardwareWithoutAPurchaseIsNotAvailable) {
    Inventory lab = trained();
    Dataset dataset;
    dataset.name = "corpus";
    dataset.storage_tb = exactly(10);
    lab.datasets.push_back(dataset);
    const Filing without = filed(lab);
    EXPECT_EQ(without.cell("category2").words(), "not available: supply a factor");
    EXPECT_THAT(without.cell("category2").reasons,
                ElementsAre("no purchase is declared of the hardware of corpus"));
    FilingStatement said;
    DeclaredPurchase purchase;
    purchase.name = "disks";
    purchase.kgco2e = exactly(33);
    purchase.covers = {"corpus"};
    said.purchases.push_back(purchase);
    expect_cell(filed(lab, said), "category2", 33);
    said.purchases[0].covers = {"corpse"};
    const Result<Filing> wrong = try_file(lab, said);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::not_found);
    EXPECT_THAT(wrong.error().hint, HasSubstr("corpus"));
}

// Bought at the middle of 2025 (2 July, noon): half a year of 1000 kg / 5 years is charged, 900 are left.
TEST(Filing, BothLedgersReconcile) {
    Inventory lab = trained();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].bought = parse_rfc3339("2025-07-02T12:00:00Z").value();
    const Reconciliation books = filed(lab).books;
    EXPECT_NEAR(books.acquired_kgco2e, 1000, 1e-9);
    EXPECT_NEAR(books.amortised_kgco2e, 100, 1e-9);
    EXPECT_NEAR(books.opening_kgco2e, 0, 1e-9);
    EXPECT_NEAR(books.closing_kgco2e, 900, 1e-9);
    EXPECT_NEAR(books.residual_kgco2e(), 0, 1e-9);
    EXPECT_NEAR(books.charged_kgco2e, 100, 1e-9);

    // Bought two years before: 600 to begin with, 400 left; retired on 1 July 2025 (181 of 365 days) the rest is written off.
    lab.fleets[0].bought = day("2023-01-01");
    lab.fleets[0].retired = day("2025-07-01");
    const Reconciliation retired = filed(lab).books;
    EXPECT_NEAR(retired.opening_kgco2e, 600, 1e-9);
    EXPECT_NEAR(retired.amortised_kgco2e, 200 * 181 / 365.0, 1e-6);
    EXPECT_NEAR(retired.retired_kgco2e, 600 - 200 * 181 / 365.0, 1e-6);
    EXPECT_NEAR(retired.closing_kgco2e, 0, 1e-9);
    EXPECT_NEAR(retired.residual_kgco2e(), 0, 1e-9);
}

TEST(Filing, TheBridgeLeadsFromTheAccountToTheCells) {
    Inventory lab = trained();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].bought = day("2025-03-01");
    lab.sites.push_back(testing::plain_site("annex"));
    Activity service = node_energy(AccountPhase::inference, "service", 100);
    service.site = "annex";
    lab.activities.push_back(service);
    Activity cloud = node_energy(AccountPhase::experimentation, "burst", 10);
    cloud.ownership = Ownership::cloud;
    lab.activities.push_back(cloud);
    for (const FilingStatement& said : {FilingStatement{}, known_factors()}) {
        const Filing filing = filed(lab, said);
        double sum = 0;
        for (const BridgeStep& step : filing.bridge) sum += step.kgco2e;
        EXPECT_NEAR(sum, filing.cell("total_location").amount.value, 1e-9);
    }
}

// A measured run: its own energy is measured, what the building adds by a stated PUE is declared, by an unknown one estimated.
TEST(Filing, CoverageGoesByTheWorstFactor) {
    Account all = account(trained(), tables()).value();
    for (Line& line : all.lines) line.quality = Quality::measured;
    const Coverage stated = file(all, {}, {.year = 2025, .entity = "x"}).value().coverage;
    EXPECT_NEAR(stated.measured_kwh, 1000, 1e-9);
    EXPECT_NEAR(stated.declared_kwh, 200, 1e-9);
    EXPECT_NEAR(stated.total_kwh(), 1200, 1e-9);
    Inventory lab = trained();
    lab.sites[0].pue.reset();
    const Coverage guessed = filed(lab).coverage;
    EXPECT_NEAR(guessed.declared_kwh, 1000, 1e-9);
    EXPECT_NEAR(guessed.estimated_kwh, 560, 1e-9) << "PUE 1.56 where nobody says";
}

// 1 kWh of a metered GPU, PUE 1.2 as stated. Prior 1.57: host 0.57 and facility 1.57 x 0.2 are estimated. A profile of 1.5: 0.5 and 0.3 are
// modelled. Declared at the node: nothing is added but the building's 0.2.
TEST(Filing, CoverageOfRunsGoesByTheWayToTheNode) {
    const auto coverage_of = [](std::optional<NodeOverhead> overhead) {
        AssessOptions options;
        options.pue = 1.2;
        options.node_overhead = std::move(overhead);
        Inventory lab = plain_inventory();
        lab.runs.push_back(testing::chosen({testing::stored_run(
            "01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2, options)}));
        const Account all = account(lab, tables()).value();
        std::size_t errs_as_the_prior = 0;
        for (const Line& line : all.lines)
            for (const Factor& factor : line.factors)
                if (factor.cause == "node overhead of accelerators") ++errs_as_the_prior;
        return std::pair(file(all, {}, {.year = 2025, .entity = "x"}).value().coverage,
                         errs_as_the_prior > 0);
    };
    const auto [prior, prior_errs] = coverage_of(std::nullopt);
    EXPECT_NEAR(prior.measured_kwh, 1, 1e-12);
    EXPECT_NEAR(prior.estimated_kwh, 0.57 + 1.57 * 0.2, 1e-12);
    EXPECT_TRUE(prior_errs);
    const auto [profile, profile_errs] =
        coverage_of(NodeOverhead{.ratio = {.value = 1.5, .low = 1.4, .high = 1.6},
                                 .source = "profile",
                                 .citation = "calibration of a"});
    EXPECT_NEAR(profile.measured_kwh, 1, 1e-12);
    EXPECT_NEAR(profile.modelled_kwh, 0.5 + 0.3, 1e-12);
    EXPECT_EQ(profile.estimated_kwh, 0);
    EXPECT_FALSE(profile_errs);
    const auto [declared, declared_errs] =
        coverage_of(NodeOverhead{.ratio = exactly(1), .source = "declared", .citation = ""});
    EXPECT_NEAR(declared.measured_kwh, 1, 1e-12);
    EXPECT_NEAR(declared.declared_kwh, 0.2, 1e-12);
    EXPECT_EQ(declared.estimated_kwh, 0);
    EXPECT_FALSE(declared_errs);
}

// 10 TB x 8760 h x 1 W = 87.6 kWh and 40 TB x 1 kWh between racks, both x 1.2: declared where the user gave the figures, else modelled.
TEST(Filing, AFigureOfTheUsersIsDeclared) {
    Inventory lab = plain_inventory();
    Dataset corpus;
    corpus.name = "corpus";
    corpus.storage_tb = exactly(10);
    corpus.network_tb = exactly(40);
    corpus.w_per_tb = exactly(1);
    corpus.network_kwh_per_tb = exactly(1);
    lab.datasets.push_back(corpus);
    const Coverage own = filed(lab).coverage;
    EXPECT_NEAR(own.declared_kwh, (87.6 + 40) * 1.2, 1e-9);
    EXPECT_EQ(own.modelled_kwh, 0);
    lab.datasets[0].w_per_tb.reset();
    lab.datasets[0].network_kwh_per_tb.reset();
    const Coverage table = filed(lab).coverage;
    EXPECT_EQ(table.declared_kwh, 0);
    EXPECT_NEAR(table.modelled_kwh, table.total_kwh(), 1e-9);
}

TEST(Filing, NamesHoursWithoutEnergy) {
    Inventory lab = trained();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].allocated_hours = 50'000;
    const Coverage coverage = filed(lab).coverage;
    ASSERT_EQ(coverage.unmetered.size(), 2U);
    EXPECT_EQ(coverage.unmetered[0].what, "idle");
    EXPECT_NEAR(coverage.unmetered[0].unit_hours, 37'600, 1e-6);
    EXPECT_NEAR(coverage.unmetered[1].unit_hours, 50'000, 1e-6);
    EXPECT_FALSE(coverage.missing_nodes);
}

TEST(Filing, IsOfOneYear) {
    const Result<Filing> other = try_file(trained(), {}, {.year = 2024, .entity = ""});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::conflict);
    Inventory fiscal = trained();
    fiscal.period_start = day("2024-07-01");
    fiscal.period_end = day("2025-07-01");
    EXPECT_TRUE(try_file(fiscal, {}, {.year = 2024, .entity = ""}));
    EXPECT_TRUE(try_file(fiscal, {}, {.year = 2025, .entity = ""}));
    fiscal.period_start = day("2023-07-01");
    EXPECT_FALSE(try_file(fiscal, {}, {.year = 2025, .entity = ""})) << "two years";
}

TEST(Filing, WhatIsNotStatedIsNotZero) {
    const Filing filing = filed(trained(), known_factors());
    EXPECT_EQ(filing.cell("scope1").words(), "not stated");
    EXPECT_EQ(filing.cell("total_location").words(), "not stated");
    EXPECT_EQ(filing.cell("category11").words(), "none");
    EXPECT_EQ(filing.gwp, "not stated");
    FilingStatement said = known_factors();
    said.scope1_kgco2e = exactly(5);
    said.gwp = "AR6";
    DeclaredPurchase nothing;
    nothing.name = "bought nothing";
    said.purchases.push_back(nothing);
    const Filing whole = filed(trained(), said);
    expect_cell(whole, "total_location", 5 + 72 + 54);
    expect_cell(whole, "total_market", 5 + 24 + 54);
    EXPECT_EQ(whole.gwp, "AR6, as the entity states");
}

// eGRID says with which set it summed gases.
TEST(Filing, TheGwpSetIsTheSources) {
    Inventory lab = trained();
    lab.sites[0].region = "US-CA";
    EXPECT_THAT(filed(lab).gwp, HasSubstr("AR5 in US EPA eGRID2023"));
}

// 2000 kWh at 300 g/kWh = 600 kg; without an intensity the words.
TEST(Filing, UseOfSoldProductsIsDeclared) {
    FilingStatement said = known_factors();
    SoldProduct product;
    product.name = "edge box";
    product.energy_kwh = exactly(2000);
    said.sold.push_back(product);
    EXPECT_EQ(filed(trained(), said).cell("category11").words(), "not available: supply a factor");
    said.sold[0].intensity_gco2e_per_kwh = exactly(300);
    expect_cell(filed(trained(), said), "category11", 600);
}

Inventory served() {
    Inventory lab = plain_inventory();
    Activity work = node_energy(AccountPhase::inference, "service", 0);
    work.energy_kwh.reset();
    work.amount = exactly(2e6);
    work.unit = "token";
    work.j_per_unit = exactly(1.8);  // 2e6 x 1.8 J = 1 kWh
    work.boundary = Boundary::node;
    work.embodied_kgco2e = exactly(0.08);
    lab.activities.push_back(work);
    return lab;
}

FunctionalUnit per(const char* name, double count) {
    return {.name = name, .count = count, .source = "--per"};
}

// (1.2 kWh x 0.1 + 0.08) / 2e6 tokens = 1e-7 kg = 100 g per million.
TEST(Sci, IsEnergyTimesIntensityPlusHardwareOverUnits) {
    const Filing filing =
        filed(served(), {}, {.year = 2025, .entity = "", .per = per("tokens", 0)});
    ASSERT_EQ(filing.sci.size(), 2U);
    EXPECT_EQ(filing.sci[0].boundary, "software");
    EXPECT_EQ(filing.sci[1].boundary, "consumer");
    EXPECT_EQ(filing.sci[1].unit.name, "token");
    EXPECT_EQ(filing.sci[1].unit.source, "the inventory");
    EXPECT_NEAR(filing.sci[1].kgco2e_per_unit.value, 1e-7, 1e-18);
    EXPECT_THAT(filing.sci[1].notes, IsEmpty());
}

// The contract's 20 g/kWh is no part of it.
TEST(Sci, DoesNotKnowContracts) {
    Inventory lab = served();
    const auto score_of = [&] {
        return filed(lab, {}, {.year = 2025, .entity = "", .per = per("token", 0)})
            .sci[0]
            .total_kgco2e.value;
    };
    const double before = score_of();
    lab.sites[0].market_gco2e_per_kwh = 0;
    lab.sites[0].carbon_free_share = 1;
    EXPECT_EQ(score_of(), before);
}

// The draft of the extension for AI prints these three a thousand times too small; by hand: 6500 kg / 50e9 tokens = 130 g per million;
// 2e5 kg / 5e22 FLOP = 4 kg per 1e18; 75 t / 2.5e9 parameters = 30,000 kg per 1e9.
TEST(Sci, HasTheRightPowerOfTen) {
    struct Row {
        double kgco2e;
        FunctionalUnit unit;
        double kgco2e_per_unit;
    };
    for (const Row& row : {Row{6500, per("token", 50e9), 0.130e-6},
                           Row{2e5, per("flop", 5e22), 4e-18},
                           Row{75'000, per("parameter", 2.5e9), 30'000e-9}}) {
        Inventory lab = plain_inventory();
        const bool consumer = row.unit.name == "token";
        // kg at 0.1 kg/kWh x 1.2
        lab.activities.push_back(
            node_energy(consumer ? AccountPhase::inference : AccountPhase::training,
                        "work",
                        row.kgco2e / 0.12));
        FilingOptions options;
        options.year = 2025;
        if (consumer) {
            options.per = row.unit;
        } else {
            options.provider_per = {row.unit};
        }
        const std::vector<SciScore> scores = filed(lab, {}, options).sci;
        EXPECT_NEAR(scores.back().kgco2e_per_unit.value / row.kgco2e_per_unit, 1, 1e-12);
    }
}

// A fleet used for 20,000 of its hours at u = 0.5 is charged 40,000; the score has the 20,000 reserved: 20,000 x 100 / (5 x 8760).
TEST(Sci, HasReservedHoursAndNoIdle) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(0));
    lab.fleets[0].utilisation = 0.5;
    lab.fleets[0].idle_kwh = exactly(500);
    Activity work = node_energy(AccountPhase::inference, "service", 1000);
    work.fleet = "cards";
    work.unit_hours = exactly(20'000);
    lab.activities.push_back(work);
    const SciScore score =
        filed(lab, {}, {.year = 2025, .entity = "", .per = per("request", 1e6)}).sci[1];
    EXPECT_NEAR(score.embodied_kgco2e.value, 20'000 * 100 / (5 * 8760.0), 1e-9);
    EXPECT_NEAR(score.energy_kwh.value, 1200, 1e-9);
}

// 2 kg at u = 0.5 are 1 kg of hours reserved; the other is idle.
TEST(Sci, HasReservedHoursOfRunsOfTheStore) {
    RunRecord run =
        testing::stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    run.phase = Phase::inference;
    run.embodied = EmbodiedRecord{.kgco2e = {.value = 2, .low = 1, .high = 4},
                                  .boundary = "2 cards",
                                  .lifetime_h = 35'040,
                                  .utilisation = 0.5,
                                  .share = 1,
                                  .source = "a sheet"};
    Inventory lab = plain_inventory();
    lab.runs.push_back(testing::chosen({run}));
    const SciScore score =
        filed(lab, {}, {.year = 2025, .entity = "", .per = per("request", 1e6)}).sci[1];
    EXPECT_NEAR(score.embodied_kgco2e.value, 1, 1e-12);
    EXPECT_NEAR(account(lab, tables()).value().total().embodied_kgco2e.value, 2, 1e-12);
}

// 1000 kWh x 1.2 x 0.1 = 120 kg over 4000 requests, though the energy is not given per request.
TEST(Sci, CountsRequestsWhereverTheEnergyIsFrom) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::inference, "service", 1000));
    lab.activities[0].counts = {{"request", 4000}};
    const SciScore score =
        filed(lab, {}, {.year = 2025, .entity = "", .per = per("request", 0)}).sci[1];
    EXPECT_NEAR(score.kgco2e_per_unit.value, 0.03, 1e-12);
}

TEST(Sci, BoundariesAreSeparate) {
    Inventory lab = served();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    FilingOptions options{.year = 2025, .entity = "", .per = per("token", 0)};
    options.provider_per = {per("training-tokens", 1e12)};
    const std::vector<SciScore> scores = filed(lab, {}, options).sci;
    ASSERT_EQ(scores.size(), 3U);
    EXPECT_EQ(scores[0].covers, "training, inference");
    EXPECT_EQ(scores[1].covers, "inference");
    EXPECT_EQ(scores[2].covers, "training");
    EXPECT_NEAR(scores[2].kgco2e_per_unit.value, 120e-12, 1e-20);
    EXPECT_THAT(scores[2].notes, Contains(HasSubstr("M lacks the hardware of run")));
}

TEST(Sci, RefusesUnitsThatNobodyCounts) {
    Inventory lab = served();
    const auto refused = [&](const FilingOptions& options) {
        const Result<Filing> answer = try_file(lab, {}, options);
        EXPECT_FALSE(answer);
        return answer ? std::string() : answer.error().what;
    };
    EXPECT_THAT(refused({.year = 2025, .entity = "", .per = per("image", 0)}),
                HasSubstr("how many images service had"));
    EXPECT_THAT(refused({.year = 2025, .entity = "", .per = {}, .provider_per = {per("image", 1)}}),
                HasSubstr("not per 'image'"));
    EXPECT_THAT(refused({.year = 2025, .entity = "", .per = {}, .provider_per = {per("flop", 0)}}),
                HasSubstr("how many flops"));
}

const EsrsRow& datapoint(const std::vector<EsrsRow>& rows, const char* name) {
    return *std::find_if(
        rows.begin(), rows.end(), [&](const EsrsRow& row) { return row.datapoint == name; });
}

// 1200 kWh = 1.2 MWh, of which 0.1 fossil; 131 kg over a revenue of 2 million: 0.0655 t per million.
TEST(Esrs, HasTheSameCellsInItsUnits) {
    FilingStatement said = known_factors();
    said.scope1_kgco2e = exactly(5);
    said.mix = EnergyMix{.fossil = 0.1, .nuclear = 0.6, .renewable = 0.3};
    said.net_revenue = 2e6;
    said.currency = "EUR";
    const std::vector<EsrsRow> rows = esrs(filed(trained(), said));
    EXPECT_NEAR(datapoint(rows, "E1-5_01").cell.amount.value, 1.2, 1e-12);
    EXPECT_NEAR(datapoint(rows, "E1-5_02").cell.amount.value, 0.12, 1e-12);
    EXPECT_NEAR(datapoint(rows, "E1-5_04").cell.amount.value, 60, 1e-12);
    EXPECT_NEAR(datapoint(rows, "E1-5_15").cell.amount.value, 10, 1e-12);
    EXPECT_NEAR(datapoint(rows, "E1-6_09").cell.amount.value, 0.072, 1e-12);
    EXPECT_NEAR(datapoint(rows, "E1-6_30").cell.amount.value, 0.0655, 1e-12);
    EXPECT_EQ(datapoint(rows, "E1-6_30").unit, "t CO2e/million EUR");
    EXPECT_NEAR(datapoint(rows, "E1-6_34").cell.amount.value, 2e6, 1e-6);
    EXPECT_THAT(datapoint(rows, "E1-5_01").cell.reasons, Contains(HasSubstr("fuel behind")));
    const std::vector<EsrsRow> bare = esrs(filed(trained()));
    EXPECT_EQ(datapoint(bare, "E1-5_02").cell.words(), "not available: supply a factor");
    EXPECT_EQ(datapoint(bare, "E1-6_09").cell.words(), "not available: supply a factor");
    EXPECT_EQ(datapoint(bare, "E1-6_30").cell.words(), "not stated");
    EXPECT_TRUE(datapoint(bare, "E1-5_01").cell.reasons.empty());
}

// ESRS E1, paragraph 41: energy intensity is of activities in sectors of high climate impact alone, and nobody said that the work is of
// one. If it is, 1.2 MWh over a revenue of 2 million: 0.6 MWh per million.
TEST(Esrs, HasNoEnergyIntensityUnlessTheSectorIsStated) {
    FilingStatement said = known_factors();
    said.net_revenue = 2e6;
    said.currency = "EUR";
    const Cell unsaid = datapoint(esrs(filed(trained(), said)), "E1-5_18").cell;
    EXPECT_EQ(unsaid.words(), "not stated");
    EXPECT_THAT(unsaid.reasons, Contains(HasSubstr("high_climate_impact")));
    said.high_climate_impact = true;
    const Cell stated = datapoint(esrs(filed(trained(), said)), "E1-5_18").cell;
    EXPECT_NEAR(stated.amount.value, 0.6, 1e-12);
    said.net_revenue.reset();
    EXPECT_EQ(datapoint(esrs(filed(trained(), said)), "E1-5_18").cell.words(), "not stated");
}

}  // namespace
}  // namespace abate::footprint
