#include "abate/footprint/inventory.h"

#include "abate/footprint/accelerator_power.h"
#include "abate/footprint/inventory_test_support.h"
#include "abate/footprint/stored_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace abate::footprint {
namespace {

using testing::chosen;
using ::testing::Contains;
using testing::day;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::node_energy;
using testing::of_phase;
using testing::plain_fleet;
using testing::plain_inventory;
using testing::stored_run;
using testing::tables;

// 1000 kWh at the node x 1.2 = 1200 kWh x 0.1 = 120 kg; by contract 24 kg. The building's part is a sixth.
TEST(Account, CarriesNodeEnergyToCarbonByHand) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    const Account account = footprint::account(lab, tables()).value();
    ASSERT_EQ(account.lines.size(), 2U);
    EXPECT_EQ(account.lines[0].device, "node");
    EXPECT_EQ(account.lines[1].device, "facility");
    EXPECT_NEAR(account.lines[1].kgco2e.value, 20, 1e-9);
    const Amounts total = account.total();
    EXPECT_NEAR(total.energy_kwh.value, 1200, 1e-9);
    EXPECT_NEAR(total.operational_kgco2e.value, 120, 1e-9);
    EXPECT_NEAR(total.operational_kgco2e.low, 120, 1e-9);
    ASSERT_TRUE(total.market_kgco2e);
    EXPECT_NEAR(total.market_kgco2e->value, 24, 1e-9);
    EXPECT_FALSE(total.water_l) << "France has no WUE";
    EXPECT_THAT(account.notes,
                Contains(HasSubstr("embodied carbon is not in the account for run")));
}

// 100 kWh of accelerators: 157 at the node, 188.4 at the facility (chain_test.cpp has the ranges).
TEST(Account, LiftsAcceleratorsByTheSameChainAsARun) {
    Inventory lab = plain_inventory();
    Activity work = node_energy(AccountPhase::training, "run", 100);
    work.boundary = Boundary::component;
    work.energy_kwh = Ranged{.value = 100, .low = 90, .high = 110};
    lab.activities.push_back(work);
    const Account account = footprint::account(lab, tables()).value();
    EXPECT_THAT(devices_of(account.lines), ElementsAre("accelerators", "host", "facility"));
    const Amounts total = account.total();
    EXPECT_NEAR(total.energy_kwh.value, 188.4, 1e-9);
    // The three devices share the energy's and the overhead's error: 188.4 x hypot(0.1, 0.37 / 1.57), as for the chain in one piece.
    EXPECT_NEAR(total.energy_kwh.low, 188.4 * (1 - std::hypot(0.1, 0.37 / 1.57)), 1e-6);
    EXPECT_NEAR(total.energy_kwh.high, 188.4 * (1 + std::hypot(0.1, 0.43 / 1.57)), 1e-6);
}

// Water: 100 kWh x 0.5 + 120 x 0.8199 = 148.388 L, wherever the energy came in.
TEST(Account, WaterIsThatOfTheChain) {
    for (const Boundary boundary : {Boundary::node, Boundary::facility}) {
        Inventory lab = plain_inventory();
        lab.sites[0].wue_l_per_kwh = 0.5;
        Activity work =
            node_energy(AccountPhase::training, "run", boundary == Boundary::node ? 100 : 120);
        work.boundary = boundary;
        lab.activities.push_back(work);
        const Amounts total = footprint::account(lab, tables()).value().total();
        ASSERT_TRUE(total.water_l);
        EXPECT_NEAR(*total.water_l, 148.388, 1e-9);
    }
}

// 10 cards x 100 kg / 5 years = 200 kg a year. 30,000 of 87,600 hours work: 68.493 kg; the idle line has the rest.
TEST(Account, ChargesOfAFleetYearSumToEmbodiedOverLifetime) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].allocated_hours = 50'000;
    Activity work = node_energy(AccountPhase::training, "run", 1000);
    work.fleet = "cards";
    work.unit_hours = exactly(30'000);
    lab.activities.push_back(work);
    const Account account = footprint::account(lab, tables()).value();
    const Amounts total = account.total();
    EXPECT_NEAR(total.embodied_kgco2e.value, 200, 1e-9);
    EXPECT_NEAR(of_phase(account, AccountPhase::training).embodied_kgco2e.value,
                200 * 30'000 / 87'600.0,
                1e-9);
    EXPECT_NEAR(of_phase(account, AccountPhase::unassigned).embodied_kgco2e.value,
                200 * 20'000 / 87'600.0,
                1e-9);
    EXPECT_NEAR(
        of_phase(account, AccountPhase::idle).embodied_kgco2e.value, 200 * 37'600 / 87'600.0, 1e-9);
    ASSERT_EQ(account.fleets.size(), 1U);
    EXPECT_NEAR(account.fleets[0].charged_kgco2e, 200, 1e-9);
    EXPECT_NEAR(account.fleets[0].idle_hours, 37'600, 1e-6);
    EXPECT_EQ(account.fleets[0].acquired_kgco2e, 0) << "bought in 2024";
    ASSERT_EQ(account.ledger.size(), 1U);
    EXPECT_NEAR(account.ledger[0].amortised_kgco2e, 200, 1e-6);
    EXPECT_NEAR(account.ledger[0].balance_kgco2e, 1000 - 2 * 200, 1e-6);
}

// u = 0.5: each hour bears two; 20,000 h x 100 kg / (5 x 8760 x 0.5) = 91.324 kg, and no idle line.
TEST(Account, WithAUtilisationTheUsersBearTheIdle) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(0));
    lab.fleets[0].utilisation = 0.5;
    Activity work = node_energy(AccountPhase::inference, "service", 1000);
    work.fleet = "cards";
    work.unit_hours = exactly(20'000);
    lab.activities.push_back(work);
    const Account account = footprint::account(lab, tables()).value();
    EXPECT_NEAR(account.total().embodied_kgco2e.value, 20'000 * 100 / (5 * 8760 * 0.5), 1e-9);
    EXPECT_THAT(phases_of(account.lines), ElementsAre(AccountPhase::inference));
}

// Charged for two years of five, bought in the middle of the third: nothing is charged after the lifetime's end.
TEST(Account, NothingIsChargedBeyondTheLifetime) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(1));
    lab.fleets[0].bought = day("2020-07-02");  // five years of 8760 h end on 2025-07-01
    const Account account = footprint::account(lab, tables()).value();
    EXPECT_NEAR(account.total().embodied_kgco2e.value, 100.0 / 5 * (181.0 / 365), 1e-9);
}

// 10 cards x 100 kg bought in the period by who owns them; a lessee and a customer buy nothing.
TEST(Account, OnlyWhoOwnsHardwareBuysIt) {
    for (const auto& [ownership, kg] : {std::pair(Ownership::owned, 1000.0),
                                        std::pair(Ownership::colocated, 1000.0),
                                        std::pair(Ownership::leased, 0.0),
                                        std::pair(Ownership::cloud, 0.0)}) {
        Inventory lab = plain_inventory();
        lab.fleets.push_back(plain_fleet(10));
        lab.fleets[0].bought = day("2025-01-01");
        lab.fleets[0].ownership = ownership;
        EXPECT_EQ(account(lab, tables()).value().fleets[0].acquired_kgco2e, kg)
            << to_string(ownership);
    }
}

TEST(Account, MoreHoursThanOwnedIsRefused) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(1));
    lab.fleets[0].where = "lab.toml:7:1";
    Activity work = node_energy(AccountPhase::training, "run", 1000);
    work.fleet = "cards";
    work.unit_hours = exactly(8761);
    lab.activities.push_back(work);
    const auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::out_of_range);
    EXPECT_EQ(refused.error().where, "lab.toml:7:1");
}

// Wu et al. 2022, section III-A: 2000 kg a system. By hand: 2000 / (3 x 8760 x 0.3) = 0.2537 kg/h, 2000 / (5 x 8760 x 0.6) = 0.0761 kg/h.
TEST(Account, WuChargesPerHour) {
    struct Printed {
        double years;
        double use;
        double kg;
        double half_a_digit;
    };
    for (const Printed& row : {Printed{3, 0.3, 0.254, 5e-4}, Printed{5, 0.6, 0.0761, 5e-5}}) {
        Inventory lab = plain_inventory();
        Fleet fleet = plain_fleet(0);
        fleet.embodied_kgco2e_per_unit = exactly(2000);
        fleet.lifetime_years = exactly(row.years);
        fleet.utilisation = row.use;
        lab.fleets.push_back(fleet);
        Activity work = node_energy(AccountPhase::training, "run", 1);
        work.fleet = "cards";
        work.unit_hours = exactly(1);
        lab.activities.push_back(work);
        EXPECT_NEAR(footprint::account(lab, tables()).value().total().embodied_kgco2e.value,
                    row.kg,
                    row.half_a_digit);
    }
}

// Luccioni et al. 2022, table 3 and section 4: 11.2 + 24.69 + 14.6 = 50.5 t for the final model; the whole project took 1,163,088 of its 433,196 kWh.
Inventory bloom() {
    Inventory out;
    out.name = "BLOOM";
    SitePlan site;
    site.name = "Jean Zay";
    site.region = "FR";
    site.pue = 1.0;
    site.intensity_gco2e_per_kwh = 57;
    out.sites.push_back(site);
    Fleet fleet;
    fleet.name = "A100 nodes";
    fleet.chip = "A100 SXM4 80GB";
    fleet.server = "";
    fleet.embodied_kgco2e_per_unit = exactly(150);
    fleet.server_kgco2e = exactly(2500);
    fleet.chips_per_node = 8;
    fleet.lifetime_years = exactly(6);
    fleet.utilisation = 0.85;
    fleet.idle_kwh = exactly(256'646);
    out.fleets.push_back(fleet);
    Activity training = node_energy(AccountPhase::training, "BLOOM 176B", 433'196);
    training.fleet = "A100 nodes";
    training.unit_hours = exactly(1'082'990);
    out.activities.push_back(training);
    return out;
}

TEST(Account, BloomsThreePartsAreThePublishedOnes) {
    const Account account = footprint::account(bloom(), tables()).value();
    const Amounts training = of_phase(account, AccountPhase::training);
    EXPECT_NEAR(training.operational_kgco2e.value, 24'690, 10);
    EXPECT_NEAR(training.embodied_kgco2e.value, 11'200, 15);
    const auto device = [&](const char* name) {
        return amounts(account.lines,
                       [&](const Line& line) {
                           return line.kind == Kind::embodied && line.device == name;
                       })
            .embodied_kgco2e.value;
    };
    EXPECT_NEAR(device("accelerators"), 3'640, 5);
    EXPECT_NEAR(device("host"), 7'570, 10);
    EXPECT_NEAR(of_phase(account, AccountPhase::idle).operational_kgco2e.value, 14'600, 50);
    EXPECT_NEAR(account.total().total_kgco2e.value, 50'500, 60);
}

TEST(Account, BloomsProjectIsAMultipleOfItsTraining) {
    Inventory project = bloom();
    Activity tries;
    tries.phase = AccountPhase::experimentation;
    tries.name = "everything else";
    // 1,163,088 / 433,196 = 2.685: the project over the final training.
    tries.times_training = exactly(1'163'088.0 / 433'196.0 - 1);
    tries.source = "Luccioni et al. 2022, table 5";
    project.activities.push_back(tries);
    const Account account = footprint::account(project, tables()).value();
    const double energy = of_phase(account, AccountPhase::training).energy_kwh.value +
                          of_phase(account, AccountPhase::experimentation).energy_kwh.value;
    EXPECT_NEAR(energy, 1'163'088, 1e-3);
    const double operational =
        of_phase(account, AccountPhase::training).operational_kgco2e.value +
        of_phase(account, AccountPhase::experimentation).operational_kgco2e.value;
    EXPECT_NEAR(operational, 66'290, 10);
    EXPECT_NEAR(
        of_phase(account, AccountPhase::experimentation).embodied_kgco2e.value, 11'211 * 1.685, 20);
}

// 1000 kWh x 1.2 x 0.1 = 120 kg; twice that elsewhere, at 50 g/kWh and PUE 1.5: 2000 x 1.5 x 0.05 = 150 kg.
TEST(Account, AMultipleIsWhereItSays) {
    Inventory lab = plain_inventory();
    lab.sites.push_back(testing::plain_site("cloud"));
    lab.sites[1].pue = 1.5;
    lab.sites[1].intensity_gco2e_per_kwh = 50;
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    Activity tries;
    tries.phase = AccountPhase::experimentation;
    tries.name = "tries";
    tries.times_training = exactly(2);
    lab.activities.push_back(tries);
    const auto experimentation = [&] {
        return of_phase(account(lab, tables()).value(), AccountPhase::experimentation)
            .operational_kgco2e.value;
    };
    EXPECT_NEAR(experimentation(), 240, 1e-9);
    lab.activities[1].site = "cloud";
    EXPECT_NEAR(experimentation(), 150, 1e-9);
}

TEST(Account, AMultipleOfNothingIsRefused) {
    Inventory lab = plain_inventory();
    Activity tries;
    tries.phase = AccountPhase::experimentation;
    tries.name = "tries";
    tries.times_training = exactly(1.68);
    lab.activities.push_back(tries);
    ASSERT_FALSE(account(lab, tables()));
    lab.activities.push_back(node_energy(AccountPhase::training, "big", 1));
    lab.activities[0].of = {"bigg"};
    const auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().hint, HasSubstr("big"));
}

TEST(Account, PhasesAndDevicesAddToTheTotal) {
    Inventory lab = bloom();
    lab.period_start = day("2025-01-01");
    lab.period_end = day("2026-01-01");
    Dataset corpus;
    corpus.name = "corpus";
    corpus.storage_tb = exactly(1600);
    corpus.network_tb = exactly(40);
    lab.datasets.push_back(corpus);
    lab.activities.push_back(node_energy(AccountPhase::inference, "service", 914));
    const Account account = footprint::account(lab, tables()).value();
    double by_phase = 0;
    for (const AccountPhase phase : phases_of(account.lines))
        by_phase += of_phase(account, phase).total_kgco2e.value;
    double by_device = 0;
    for (const std::string& device : devices_of(account.lines))
        by_device += amounts(account.lines, [&](const Line& line) {
                         return line.device == device;
                     }).total_kgco2e.value;
    const Amounts total = account.total();
    EXPECT_NEAR(by_phase, total.total_kgco2e.value, 1e-6);
    EXPECT_NEAR(by_device, total.total_kgco2e.value, 1e-6);
    EXPECT_NEAR(total.operational_kgco2e.value + total.embodied_kgco2e.value,
                total.total_kgco2e.value,
                1e-6);
}

const Line& line_of(const Account& account, Kind kind, const std::string& device) {
    return *std::find_if(account.lines.begin(), account.lines.end(), [&](const Line& line) {
        return line.kind == kind && line.device == device;
    });
}

const Provenance* source_of(const Account& account, const std::string& figure) {
    const auto found = std::find_if(account.provenance.begin(),
                                    account.provenance.end(),
                                    [&](const Provenance& row) { return row.figure == figure; });
    return found == account.provenance.end() ? nullptr : &*found;
}

Activity hours_of(const std::string& chip, double hours) {
    Activity work;
    work.phase = AccountPhase::training;
    work.name = "run";
    work.chip = chip;
    work.unit_hours = exactly(hours);
    return work;
}

// 1000 h x rated power x the mean fraction of that chip, which of a TPU v3 at training is that of its metered systems.
TEST(Account, HoursTakeTheMeanPowerOfTheirChip) {
    const MeanPower power(tables());
    for (const char* name : {"H100 SXM", "TPU v3"}) {
        const data::Chip chip = tables().chip(name).value();
        const PowerFraction training = power.fraction(chip, Phase::training);
        Inventory lab = plain_inventory();
        lab.activities.push_back(hours_of(name, 1000));
        const Account account = footprint::account(lab, tables()).value();
        const Line& line = line_of(account, Kind::operational, "accelerators");
        EXPECT_NEAR(line.energy_kwh, chip.tdp_w * training.range.value, 1e-9) << name;
        EXPECT_EQ(line.factors[2].cause, "mean over rated power of " + chip.name);
        EXPECT_EQ(line.quality, Quality::estimated);
        const Provenance* row = source_of(account, chip.name + ": power_fraction");
        ASSERT_NE(row, nullptr) << name;
        EXPECT_EQ(row->source, training.provenance.source);
    }
    EXPECT_NE(power.fraction(tables().chip("TPU v3").value(), Phase::training).range,
              power.fraction(tables().chip("TPU v3").value(), Phase::inference).range);
}

TEST(Account, ALinesQualityIsItsWorstFactors) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].boundary = Boundary::component;
    const Account stated = account(lab, tables()).value();
    EXPECT_EQ(line_of(stated, Kind::operational, "accelerators").quality, Quality::declared);
    EXPECT_EQ(line_of(stated, Kind::operational, "host").quality, Quality::estimated) << "prior";
    // 1000 kWh, then 570 of the host and 1570 x 0.2 of the building.
    const EnergyByQuality energy = energy_by_quality(stated.lines);
    EXPECT_NEAR(energy.declared_kwh, 1000, 1e-9);
    EXPECT_NEAR(energy.estimated_kwh, 570 + 314, 1e-9);
}

TEST(Account, SourcesAreThoseOfWhatWasUsed) {
    Inventory lab = plain_inventory();
    lab.sites.push_back(testing::plain_site("API"));
    lab.sites.push_back(testing::plain_site("unused"));
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    lab.activities[0].source = "meter";
    lab.activities[0].chip = "H100 SXM";
    Activity tries;
    tries.phase = AccountPhase::experimentation;
    tries.name = "tries";
    tries.times_training = exactly(2);
    tries.source = "lab book";
    lab.activities.push_back(tries);
    lab.activities.push_back(node_energy(AccountPhase::inference, "calls", 10));
    lab.activities[2].boundary = Boundary::facility;
    lab.activities[2].site = "API";
    lab.fleets.push_back(plain_fleet(1));
    Dataset corpus;
    corpus.name = "corpus";
    corpus.storage_tb = exactly(1);
    corpus.source = "file server";
    lab.datasets.push_back(corpus);
    const Account all = account(lab, tables()).value();
    const auto source = [&](const char* figure) {
        const Provenance* row = source_of(all, figure);
        return row == nullptr ? std::string("none") : row->source;
    };
    EXPECT_EQ(source("tries: times_training"), "lab book");
    EXPECT_EQ(source("run: energy_kwh"), "meter");
    EXPECT_EQ(source("corpus: storage_tb"), "file server");
    EXPECT_EQ(source("cards: lifetime_years"), "given in the inventory");
    EXPECT_THAT(source("lifetime_years"), HasSubstr("BLOOM"));
    EXPECT_NE(source("room: pue"), "none");
    EXPECT_NE(source("API: intensity_gco2e_per_kwh"), "none");
    EXPECT_EQ(source("API: pue"), "none") << "the energy is the facility's";
    EXPECT_EQ(source("unused: intensity_gco2e_per_kwh"), "none");
    EXPECT_EQ(source("H100 SXM: embodied.accelerator"), "none") << "there are no hours to charge";
    const Provenance* disk = source_of(all, "hdd: embodied_kgco2e_per_tb");
    ASSERT_NE(disk, nullptr);
    const Line& making = line_of(all, Kind::embodied, "storage");
    EXPECT_EQ(disk->value, making.factors[2].range.value);
    EXPECT_EQ(disk->high, making.factors[2].range.high);
}

TEST(Account, UnknownHardwareIsNotZero) {
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, "run", 1000));
    Account all = account(lab, tables()).value();
    EXPECT_FALSE(all.embodied_known());
    ASSERT_EQ(all.without_embodied.size(), 1U);
    EXPECT_EQ(all.without_embodied[0].activity, "run");
    lab.activities.push_back(node_energy(AccountPhase::inference, "service", 10));
    lab.activities[1].embodied_kgco2e = exactly(3);
    all = account(lab, tables()).value();
    EXPECT_TRUE(all.embodied_known());
    EXPECT_FALSE(all.embodied_known(AccountPhase::training));
    EXPECT_TRUE(all.embodied_known(AccountPhase::inference));
    EXPECT_TRUE(all.embodied_known(AccountPhase::data)) << "nothing is in it";
}

// Limits multiply at their corners: 100 kWh (90 to 120) x 1.57 (1.2 to 2.0) x 1.2 x 0.1; two rows add the corners.
TEST(Amounts, BoundsGoFromCornerToCorner) {
    Inventory lab = plain_inventory();
    for (const char* name : {"one", "two"}) {
        lab.activities.push_back(node_energy(AccountPhase::training, name, 0));
        lab.activities.back().boundary = Boundary::component;
        lab.activities.back().energy_kwh =
            Ranged{.value = 100, .low = 90, .high = 120, .kind = RangeKind::bound};
    }
    const Amounts total = account(lab, tables()).value().total();
    EXPECT_NEAR(total.operational_kgco2e.low, 2 * 90 * 1.2 * 0.12, 1e-9);
    EXPECT_NEAR(total.operational_kgco2e.value, 2 * 100 * 1.57 * 0.12, 1e-9);
    EXPECT_NEAR(total.operational_kgco2e.high, 2 * 120 * 2.0 * 0.12, 1e-9);
    EXPECT_EQ(total.operational_kgco2e.kind, RangeKind::bound);
}

// Ten cards of 100 kg; a fleet kept for ever has no date for it.
TEST(Account, DatesAreOfThisAge) {
    Inventory lab = plain_inventory();
    lab.fleets.push_back(plain_fleet(10));
    lab.fleets[0].where = "lab.toml:5:1";
    lab.fleets[0].retired = day("9999-12-31");
    auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::out_of_range);
    EXPECT_EQ(refused.error().where, "lab.toml:5:1");
    EXPECT_THAT(refused.error().what, HasSubstr("retired = 9999-12-31"));
    lab.fleets[0].retired = day("2200-01-01");
    EXPECT_TRUE(account(lab, tables()));
    lab.period_end = day("9999-12-31");
    EXPECT_FALSE(account(lab, tables()));
}

// 10 TB at 1 W for a quarter of 2160 h (2160 / 730 = 2.96 months), though 12 months are said: 21.6 kWh x 1.2.
TEST(Account, ADatasetCountsWithinThePeriod) {
    Inventory lab = plain_inventory();
    lab.period_end = day("2025-04-01");
    Dataset corpus;
    corpus.name = "corpus";
    corpus.storage_tb = exactly(10);
    corpus.w_per_tb = exactly(1);
    lab.datasets.push_back(corpus);
    const Account quarter = account(lab, tables()).value();
    EXPECT_NEAR(quarter.total().energy_kwh.value, 21.6 * 1.2, 1e-9);
    EXPECT_THAT(quarter.notes, Contains(HasSubstr("kept for 12 months and the period has 2.96")));
}

// 1600 TB for a year at 0.65 W/TB: 1600 x 8760 x 0.65 / 1000 = 9110.4 kWh; 40 TB x 1 kWh/TB between racks: both x 1.2 at the facility.
TEST(Account, DataIsStorageAndTraffic) {
    Inventory lab = plain_inventory();
    Dataset corpus;
    corpus.name = "corpus";
    corpus.storage_tb = exactly(800);
    corpus.replicas = 2;
    corpus.network_tb = exactly(40);
    corpus.embodied_kgco2e_per_tb = exactly(10);
    corpus.lifetime_years = exactly(5);
    lab.datasets.push_back(corpus);
    Amounts total = footprint::account(lab, tables()).value().total();
    EXPECT_NEAR(total.energy_kwh.value, (9110.4 + 40) * 1.2, 1e-6);
    EXPECT_NEAR(total.embodied_kgco2e.value, 1600 * 10 / 5.0, 1e-6);
    // The internet has no building of ours around it: 40 TB x 59 kWh/TB.
    lab.datasets[0].network = "internet";
    total = footprint::account(lab, tables()).value().total();
    EXPECT_NEAR(total.energy_kwh.value, 9110.4 * 1.2 + 40 * 59, 1e-6);
}

// Research: p50 1.5 and p99 24 GPU-days (Wu et al. 2022, section II-B). s = ln 16 / 2.3263 = 1.19183; mean 1.5 e^(s^2/2) = 3.0520 days.
TEST(JobSizes, AreLognormal) {
    const Ranged one_thousand =
        chip_hours_of({.runs = 1000, .p50_hours = 1.5 * 24, .p99_hours = 24 * 24});
    EXPECT_NEAR(one_thousand.value, 1000 * 3.0518 * 24, 20);
    // Deviation of a run: mean x sqrt(e^(s^2) - 1) = mean x 1.7705; of a thousand, a root of a thousand of them.
    EXPECT_NEAR((one_thousand.high - one_thousand.value) / one_thousand.value,
                1.6449 * 1.7713 / std::sqrt(1000),
                1e-3);
    const Ranged million =
        chip_hours_of({.runs = 1e6, .p50_hours = 1.5 * 24, .p99_hours = 24 * 24});
    EXPECT_LT((million.high - million.value) / million.value, 0.003);
    EXPECT_EQ(chip_hours_of({.runs = 7, .p50_hours = 3, .p99_hours = 3}).high, 21);
}

// A million lines: what each errs by itself averages out, what they share does not.
TEST(Amounts, AMillionRunsAreNoUselesslyWideSum) {
    std::vector<Line> lines(1'000'000);
    std::vector<Line> shared(1000);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        lines[i].kind = Kind::embodied;
        lines[i].factors.push_back({.quantity = "run",
                                    .range = {.value = 1, .low = 0.5, .high = 1.5},
                                    .unit = "kgCO2e",
                                    .cause = std::to_string(i)});
    }
    for (Line& line : shared) {
        line.kind = Kind::embodied;
        line.factors.push_back({.quantity = "run",
                                .range = {.value = 1, .low = 0.5, .high = 1.5},
                                .unit = "kgCO2e",
                                .cause = "meter"});
    }
    const Amounts own = amounts(lines);
    EXPECT_NEAR(own.total_kgco2e.value, 1e6, 1e-3);
    EXPECT_NEAR(own.total_kgco2e.high - own.total_kgco2e.value, 0.5 * 1000, 1e-6);
    const Amounts common = amounts(shared);
    EXPECT_NEAR(common.total_kgco2e.high, 1500, 1e-9);
}

TEST(Account, NamesMustBeKnownAndTheirOwn) {
    Inventory lab = plain_inventory();
    Activity work = node_energy(AccountPhase::training, "run", 1);
    work.where = "lab.toml:12:1";
    work.site = "rooom";
    lab.activities.push_back(work);
    auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_EQ(refused.error().where, "lab.toml:12:1");
    EXPECT_THAT(refused.error().hint, HasSubstr("room"));
    lab.activities[0].site = "room";
    lab.activities[0].fleet = "none";
    refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("fleet 'none'"));
    lab.activities[0].fleet.clear();
    lab.activities[0].chip = "H100 SXN";
    refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().hint, HasSubstr("H100 SXM"));
    lab.activities[0].chip.clear();
    lab.activities.push_back(lab.activities[0]);
    refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
}

// A name may be as long as a file; a message is a line.
TEST(Account, MessagesShowALittleOfALongName) {
    const std::string name(100'000, 'x');
    Inventory lab = plain_inventory();
    lab.activities.push_back(node_energy(AccountPhase::training, name, 1));
    lab.activities[0].site = name;
    EXPECT_LT(account(lab, tables()).error().what.size(), 200U);
    lab.activities[0].site.clear();
    lab.activities.push_back(lab.activities[0]);
    EXPECT_LT(account(lab, tables()).error().what.size(), 200U);
    lab.activities.pop_back();
    lab.activities[0].energy_kwh.reset();
    EXPECT_LT(account(lab, tables()).error().what.size(), 200U);
}

TEST(Account, SplittingARunKeepsTheSum) {
    Inventory whole = plain_inventory();
    Activity work = node_energy(AccountPhase::training, "run", 1000);
    work.energy_kwh = Ranged{.value = 1000, .low = 900, .high = 1200};
    whole.activities.push_back(work);
    Inventory parts = plain_inventory();
    for (const double share : {0.2, 0.3, 0.5}) {
        Activity part = work;
        part.name = "part " + std::to_string(share);
        part.energy_kwh = Ranged{.value = 1000 * share, .low = 900 * share, .high = 1200 * share};
        parts.activities.push_back(part);
    }
    EXPECT_NEAR(account(whole, tables()).value().total().total_kgco2e.value,
                account(parts, tables()).value().total().total_kgco2e.value,
                1e-9);
}

// ---- runs of the store

TEST(StoredRuns, HaveTheFootprintOfTheirRecords) {
    Inventory lab = plain_inventory();
    const RunRecord one = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    const RunRecord two = stored_run("01J00000000000000000000002", "a", "2025-03-02T00:00:00Z", 3);
    lab.runs.push_back(chosen({one, two}));
    lab.fleets.push_back(plain_fleet(10));
    lab.runs[0].fleet = "cards";
    const Account account = footprint::account(lab, tables()).value();
    const Amounts training = of_phase(account, AccountPhase::training);
    EXPECT_NEAR(training.operational_kgco2e.value,
                one.operational->location_kgco2e.value + two.operational->location_kgco2e.value,
                1e-9);
    EXPECT_NEAR(training.energy_kwh.value,
                (one.facility->energy.energy_j + two.facility->energy.energy_j) / 3.6e6,
                1e-9);
    // Five hours of two cards each.
    EXPECT_NEAR(training.embodied_kgco2e.value, 10 * 100 / (5 * 8760.0), 1e-9);
}

// 3 + 5 kg by contract; a run without a contract makes the sum unknown.
TEST(StoredRuns, HaveTheMarketBasedFiguresOfTheirRecords) {
    RunRecord one = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    RunRecord two = stored_run("01J00000000000000000000002", "a", "2025-03-02T00:00:00Z", 3);
    one.operational->market_kgco2e = 3;
    two.operational->market_kgco2e = 5;
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({one, two}));
    const Amounts total = account(lab, tables()).value().total();
    ASSERT_TRUE(total.market_kgco2e);
    EXPECT_NEAR(total.market_kgco2e->value, 8, 1e-9);
    two.operational->market_kgco2e.reset();
    lab.runs[0].records = {one, two};
    EXPECT_FALSE(account(lab, tables()).value().total().market_kgco2e);
}

TEST(StoredRuns, BearTheirOwnHardwareWhereNoFleetIsNamed) {
    RunRecord one = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    RunRecord two = stored_run("01J00000000000000000000002", "a", "2025-03-02T00:00:00Z", 3);
    one.embodied = EmbodiedRecord{.kgco2e = {.value = 2, .low = 1, .high = 4},
                                  .boundary = "2 cards",
                                  .lifetime_h = 35'040,
                                  .utilisation = 1,
                                  .share = 1,
                                  .source = "a sheet"};
    two.embodied.reset();
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({one, two}));
    const Account account = footprint::account(lab, tables()).value();
    EXPECT_EQ(account.total().embodied_kgco2e, (Ranged{.value = 2, .low = 1, .high = 4}));
    EXPECT_THAT(account.notes, Contains(HasSubstr("1 run is in 'store' without embodied carbon")));
}

TEST(StoredRuns, NoneIsNoZero) {
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({}));
    lab.runs[0].where = "lab.toml:3:1";
    const auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_THAT(refused.error().what, HasSubstr("no run matches 'store'"));
    EXPECT_EQ(refused.error().where, "lab.toml:3:1");
}

// Limits of a run are those that its record has, however it is looked at.
TEST(StoredRuns, HaveTheLimitsOfTheirRecords) {
    RunRecord run = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    run.attributed.energy.kind = RangeKind::bound;
    AssessOptions options;
    options.region = "FR";
    ASSERT_TRUE(assess(run, tables(), options));
    ASSERT_EQ(run.operational->location_kgco2e.kind, RangeKind::bound);
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({run}));
    const Ranged ours = account(lab, tables()).value().total().operational_kgco2e;
    EXPECT_NEAR(ours.low, run.operational->location_kgco2e.low, 1e-12);
    EXPECT_NEAR(ours.high, run.operational->location_kgco2e.high, 1e-12);
}

// Runs that say no phase are none of the hours that nobody declared.
TEST(StoredRuns, WithoutAPhaseHaveAWordOfTheirOwn) {
    RunRecord run = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    run.phase.reset();
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({run}));
    EXPECT_THAT(phases_of(account(lab, tables()).value().lines),
                ElementsAre(AccountPhase::no_phase));
    EXPECT_EQ(parse_account_phase("no-phase"), AccountPhase::no_phase);
}

TEST(StoredRuns, ARunCountsOnce) {
    const RunRecord run = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 2);
    Inventory declared = plain_inventory();
    declared.activities.push_back(node_energy(AccountPhase::training, "by hand", 10));
    declared.activities[0].run_ids = {"0000000001"};
    declared.runs.push_back(chosen({run}));
    auto refused = account(declared, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_THAT(refused.error().what, HasSubstr("by hand"));

    Inventory twice = plain_inventory();
    twice.runs.push_back(chosen({run}));
    twice.runs.push_back(chosen({run}));
    twice.runs[1].name = "again";
    refused = account(twice, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

TEST(StoredRuns, OverlapIsNotedAndTwoWholeMachinesAreRefused) {
    RunRecord one = stored_run("01J00000000000000000000001", "a", "2025-03-01T00:00:00Z", 5);
    RunRecord two = stored_run("01J00000000000000000000002", "a", "2025-03-01T01:00:00Z", 1);
    Inventory lab = plain_inventory();
    lab.runs.push_back(chosen({one, two}));
    EXPECT_THAT(footprint::account(lab, tables()).value().notes,
                Contains(HasSubstr("1 run overlaps another on the same machine")));
    one.attributed.idle_rule = two.attributed.idle_rule = "whole-machine";
    lab.runs[0].records = {one, two};
    const auto refused = account(lab, tables());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    two.host.name = "b";
    lab.runs[0].records = {one, two};
    EXPECT_TRUE(account(lab, tables()));
    // What is declared for a machine and hours has them.
    lab.activities.push_back(node_energy(AccountPhase::training, "by hand", 10));
    lab.activities[0].host = "b";
    lab.activities[0].from = day("2025-03-01");
    lab.activities[0].until = day("2025-03-02");
    EXPECT_FALSE(account(lab, tables()));
}

TEST(StoredRuns, AcceleratorsOfAHostAreCountedByName) {
    Host host;
    EXPECT_EQ(accelerators_of(host), 0);
    host.gpus = {"A", "A", "128 x NVIDIA H100", "3 things"};
    EXPECT_EQ(accelerators_of(host), 131);
}

}  // namespace
}  // namespace abate::footprint
