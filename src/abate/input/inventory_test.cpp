#include "abate/input/input.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::input {
namespace {

using footprint::AccountPhase;
using footprint::LeverKind;
using ::testing::HasSubstr;

constexpr const char* kWhole = R"(
name = "Lab"
entity = "University"
period_start = 2025-01-01
period_end = 2026-01-01

[[site]]
name = "room"
region = "FR"
pue = 1.4
market_gco2e_per_kwh = 20

[[fleet]]
name = "h100"
chip = "H100 SXM"
units = 32
bought = 2024-03-01
lifetime_years = { value = 5, low = 4, high = 6 }
idle_w_per_unit = 120

[[dataset]]
name = "corpus"
storage_tb = 200
replicas = 2
ingestion_kwh = 900
ingestion_boundary = "node"

[[experimentation]]
name = "tries"
fleet = "h100"
runs = 2000
p50_chip_hours = 3
p99_chip_hours = 48

[[experimentation]]
name = "more"
project_over_training = 2.68
source = "Luccioni et al. 2022"

[[training]]
name = "big"
fleet = "h100"
chip_hours = 60_000

[[inference]]
name = "service"
requests = "1.2B"
j_per_request = { value = 300, low = 200, high = 500 }
boundary = "component"

[[runs]]
name = "metered"
labels = ["team=vision"]
phase = "finetuning"

[[lever]]
kind = "caching"
factor = 6.7
source = "Wu et al. 2022, one language model"

[growth.inference]
work_per_year = 1.5
efficiency_per_year = 1.2
rebound = 0.3
)";

TEST(Inventory, ReadsEverySection) {
    const auto parsed = parse_inventory(kWhole, "lab.toml");
    ASSERT_TRUE(parsed) << to_string(parsed.error());
    const footprint::Inventory& lab = *parsed;
    EXPECT_EQ(lab.name, "Lab");
    EXPECT_EQ(to_rfc3339(*lab.period_start), "2025-01-01T00:00:00Z");
    ASSERT_EQ(lab.sites.size(), 1U);
    EXPECT_EQ(*lab.sites[0].pue, 1.4);
    ASSERT_EQ(lab.fleets.size(), 1U);
    EXPECT_EQ(lab.fleets[0].lifetime_years->high, 6);
    EXPECT_EQ(lab.fleets[0].where, "lab.toml:13:1");
    ASSERT_EQ(lab.datasets.size(), 1U);
    ASSERT_EQ(lab.activities.size(), 5U);
    EXPECT_EQ(lab.activities[0].name, "corpus, ingestion");
    EXPECT_EQ(lab.activities[0].phase, AccountPhase::data);
    EXPECT_EQ(lab.activities[1].jobs->runs, 2000);
    EXPECT_NEAR(lab.activities[2].times_training->value, 1.68, 1e-12);
    EXPECT_EQ(lab.activities[3].unit_hours->value, 60'000);
    EXPECT_EQ(lab.activities[4].amount->value, 1.2e9);
    EXPECT_EQ(lab.activities[4].unit, "request");
    ASSERT_EQ(lab.runs.size(), 1U);
    EXPECT_EQ(lab.runs[0].as, AccountPhase::finetuning);
    ASSERT_EQ(lab.levers.size(), 1U);
    EXPECT_EQ(lab.levers[0].factor, 6.7);
    EXPECT_EQ(lab.growth.at(AccountPhase::inference).rebound, 0.3);
}

// The error of a file with one slip in it.
Error refused(const std::string& text) {
    const auto parsed = parse_inventory(text, "lab.toml");
    EXPECT_FALSE(parsed) << text;
    return parsed ? Error{} : parsed.error();
}

std::string training(const std::string& lines) {
    return "[[training]]\nname = \"big\"\n" + lines + "\n";
}

TEST(Inventory, AUnitLeftOutIsRefusedWithTheKeyThatHasIt) {
    const Error error = refused("[[dataset]]\nname = \"corpus\"\nstorage = 400\n");
    EXPECT_EQ(error.code, ErrorCode::parse_error);
    EXPECT_EQ(error.where, "lab.toml:3:1");
    EXPECT_THAT(error.what, HasSubstr("unknown key 'storage' in [[dataset]]"));
    EXPECT_THAT(error.hint, HasSubstr("'storage_tb'"));
    EXPECT_THAT(refused(training("energy = 12")).hint, HasSubstr("'energy_kwh'"));
    EXPECT_THAT(refused(training("energy_mwh = 12")).hint, HasSubstr("'energy_kwh'"));
    EXPECT_THAT(refused("[[trainning]]\nname = \"x\"\n").hint, HasSubstr("training"));
}

TEST(Inventory, ImpossibleNumbersAreRefusedAtTheirPlace) {
    for (const char* line : {"chip_hours = nan",
                             "chip_hours = inf",
                             "chip_hours = -1",
                             "chip_hours = 1e300",
                             "lifetime_years = 0",
                             "utilisation = 1.2",
                             "utilisation = 0",
                             "chips_per_node = 0",
                             "chip_hours = { value = 5, low = 6, high = 7 }"}) {
        const Error error = refused(training(line));
        EXPECT_EQ(error.code, ErrorCode::out_of_range) << line;
        EXPECT_THAT(error.where, HasSubstr("lab.toml:3:")) << line;
        EXPECT_FALSE(error.hint.empty()) << line;
    }
    EXPECT_EQ(refused("[[site]]\nname = \"a\"\npue = 0.9\n").code, ErrorCode::out_of_range);
    EXPECT_EQ(refused("[[fleet]]\nname = \"a\"\nlifetime_years = 0\n").code,
              ErrorCode::out_of_range);
    EXPECT_EQ(refused("[[fleet]]\nname = \"a\"\nbought = 2025-01-01\nretired = 2024-01-01\n").code,
              ErrorCode::out_of_range);
    EXPECT_EQ(refused("period_start = 2026-01-01\nperiod_end = 2025-01-01\n").code,
              ErrorCode::out_of_range);
}

TEST(Inventory, EnergyNeedsItsBoundary) {
    EXPECT_THAT(refused(training("energy_kwh = 12")).hint, HasSubstr("boundary"));
    EXPECT_TRUE(parse_inventory(training("energy_kwh = 12\nboundary = \"node\""), "lab.toml"));
    EXPECT_THAT(refused(training("energy_kwh = 12\nboundary = \"nod\"")).hint, HasSubstr("'node'"));
    EXPECT_THAT(refused("[[dataset]]\nname = \"a\"\ningestion_kwh = 1\n").hint,
                HasSubstr("ingestion_boundary"));
}

// 2^53 + 1 is the first whole number that no double holds; llama's 15.6e15 tokens served are more.
TEST(Inventory, ReadsWholeNumbersThatNoDoubleHolds) {
    const auto served = [](const char* tokens) {
        return parse_inventory(
            fmt::format("[[inference]]\nname = \"a\"\nboundary = \"node\"\ntokens = {}\n"
                        "j_per_token = 0.2\n",
                        tokens),
            "lab.toml");
    };
    for (const auto& [text, value] : {std::pair{"15_600_000_000_000_000", 15.6e15},
                                      std::pair{"9007199254740993", 9007199254740992.0},
                                      std::pair{"9223372036854775807", 9223372036854775808.0}}) {
        const auto inventory = served(text);
        ASSERT_TRUE(inventory) << to_string(inventory.error());
        EXPECT_EQ(inventory->activities.at(0).amount->value, value) << text;
    }
    EXPECT_EQ(served("-9007199254740993").error().code, ErrorCode::out_of_range);
}

TEST(Inventory, LimitsAreSaidToThoseBeyondThem) {
    const auto hint = [](const char* row) {
        return refused(fmt::format("[[experimentation]]\nname = \"a\"\nruns = 10\n{}\n", row)).hint;
    };
    EXPECT_EQ(hint("p50_chip_hours = 1\np99_chip_hours = 1e300"),
              "It is a number above 0, at most 1e+30");
    EXPECT_EQ(hint("p50_chip_hours = 0\np99_chip_hours = 1"), "It is a number above 0");
    EXPECT_EQ(hint("p50_chip_hours = 1e-300\np99_chip_hours = 1"), "It is a number at least 1e-09");
    EXPECT_EQ(hint("lifetime_years = 1e-9"),
              "It is a number of years from 1 day (0.00274) to 100 years");
    EXPECT_EQ(hint("utilisation = 1e-300"), "It is a number at least 0.001, at most 1");
}

TEST(Inventory, NothingIsStatedTwice) {
    for (const std::string& text :
         {training("energy_kwh = 1\npower_w = 3\nboundary = \"node\""),
          training("chip_hours = 1\nserver_hours = 3"),
          training("chip_hours = 1\nruns = 3\nchip_hours_per_run = 2"),
          training("fleet = \"a\"\nchip = \"H100 SXM\""),
          std::string("[[fleet]]\nname = \"a\"\nidle_kwh = 1\nidle_w_per_unit = 1\n"),
          std::string("[[experimentation]]\nname = \"a\"\nsource = \"s\"\ntimes_training = "
                      "1\nproject_over_training = 2\n"),
          std::string("[[inference]]\nname = \"a\"\nboundary = \"node\"\nrequests = 1\ntokens = "
                      "1\nj_per_request = 1\nj_per_token = 1\n")})
        EXPECT_EQ(refused(text).code, ErrorCode::parse_error) << text;
}

// 12:00 is another moment in each zone; a date alone is midnight UTC.
TEST(Inventory, ATimeNeedsItsZone) {
    const Error error = refused("period_start = 2025-01-01T12:00:00\n");
    EXPECT_EQ(error.where, "lab.toml:1:16");
    EXPECT_THAT(error.what, HasSubstr("without its zone"));
    EXPECT_THAT(refused("period_start = \"2025-01-01T12:00:00\"\n").hint, HasSubstr("zone"));
    const auto zoned = parse_inventory(
        "period_start = 2025-01-01T12:00:00+02:00\n" + training("chip_hours = 1"), "lab.toml");
    EXPECT_EQ(to_rfc3339(*zoned.value().period_start), "2025-01-01T10:00:00Z");
}

TEST(Inventory, IngestionWithoutItsEnergyIsRefused) {
    for (const char* key : {"ingestion_fleet = \"a\"", "ingestion_hours = 3"}) {
        const Error error =
            refused(std::string("[[dataset]]\nname = \"a\"\nstorage_tb = 1\n") + key + "\n");
        EXPECT_EQ(error.where.substr(0, 11), "lab.toml:4:") << key;
        EXPECT_THAT(error.what, HasSubstr("no ingestion_kwh"));
    }
}

TEST(Inventory, AMultiplierNeedsItsSource) {
    EXPECT_THAT(refused("[[experimentation]]\nname = \"a\"\ntimes_training = 1.68\n").what,
                HasSubstr("source"));
    EXPECT_EQ(
        refused("[[experimentation]]\nname = \"a\"\nproject_over_training = 0.9\nsource = \"s\"\n")
            .code,
        ErrorCode::out_of_range);
}

TEST(Inventory, RequestsAreCountedWhereverTheEnergyIsFrom) {
    const auto parsed = parse_inventory(
        "[[inference]]\nname = \"service\"\nrequests = \"1.2B\"\nenergy_kwh = 12\nboundary = "
        "\"node\"\n",
        "lab.toml");
    EXPECT_EQ(parsed.value().activities[0].counts.at("request"), 1.2e9);
}

TEST(Inventory, WhatIsNoInventorySaysWhere) {
    EXPECT_THAT(refused("name = \n").where, HasSubstr("lab.toml:1:"));
    EXPECT_THAT(refused("[training]\nname = \"a\"\n").hint, HasSubstr("[[training]]"));
    EXPECT_THAT(refused("training = 3\n").hint, HasSubstr("[[training]]"));
    EXPECT_EQ(refused("").where, "lab.toml:1:1");
    EXPECT_THAT(refused("[[training]]\nchip_hours = 1\n").what, HasSubstr("no name"));
    EXPECT_THAT(refused("[[lever]]\nkind = \"caching\"\n").what,
                HasSubstr("no factor is built in"));
    EXPECT_THAT(refused("[[lever]]\nkind = \"cashing\"\nfactor = 2\n").hint, HasSubstr("caching"));
    EXPECT_THAT(refused("[[runs]]\nname = \"a\"\n").what, HasSubstr("chooses no runs"));
}

TEST(Lever, OfTheCommandLineHasKindFactorAndPhases) {
    const footprint::Lever caching = parse_lever("caching=6.7").value();
    EXPECT_EQ(caching.kind, LeverKind::caching);
    EXPECT_EQ(caching.factor, 6.7);
    const footprint::Lever use = parse_lever("chip-load=0.4:0.8@training,inference").value();
    EXPECT_EQ(use.kind, LeverKind::chip_load);
    EXPECT_EQ(parse_lever("utilisation=0.4:0.8").value().kind, LeverKind::chip_load)
        << "its old name";
    EXPECT_EQ(use.from, 0.4);
    EXPECT_EQ(use.to, 0.8);
    EXPECT_EQ(use.phases,
              (std::vector<AccountPhase>{AccountPhase::training, AccountPhase::inference}));
    EXPECT_EQ(parse_lever("region=gcp europe-north1").value().region, "gcp europe-north1");
    EXPECT_EQ(parse_lever("lifetime=6").value().years, 6);
    EXPECT_EQ(parse_lever("carbon_free_share=0.9").value().share, 0.9);
    EXPECT_EQ(parse_lever("hour=0.8").value().share, 0.8);
}

TEST(Lever, WithoutAFactorOrAKindIsRefused) {
    EXPECT_THAT(parse_lever("caching").error().what, HasSubstr("no factor of its own"));
    EXPECT_THAT(parse_lever("cashing=2").error().hint, HasSubstr("caching"));
    EXPECT_FALSE(parse_lever("caching="));
    EXPECT_FALSE(parse_lever("caching=x"));
    EXPECT_THAT(parse_lever("chip-load=0.4").error().hint, HasSubstr("chip-load=0.4:0.8"));
    EXPECT_FALSE(parse_lever("chip-load=1e-300:0.8"));
    EXPECT_FALSE(parse_lever("lifetime=1e-9"));
    EXPECT_FALSE(parse_lever("caching=1e-308"));
    EXPECT_FALSE(parse_lever("caching=2@nowhere"));
    EXPECT_FALSE(parse_lever(""));
}

}  // namespace
}  // namespace abate::input
