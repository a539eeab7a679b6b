#include "abate/scheme/site_balance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace abate::scheme {
namespace {

constexpr std::int64_t kHour = std::int64_t{3'600} * 1'000'000;

MeteredEnergy exactly(std::int64_t energy) {
    return {
        .central = Microjoules(energy), .low = Microjoules(energy), .high = Microjoules(energy)};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as people write it, 1,000 +- 50
MeteredEnergy about(std::int64_t energy, std::int64_t more_or_less) {
    return {.central = Microjoules(energy),
            .low = Microjoules(energy - more_or_less),
            .high = Microjoules(energy + more_or_less)};
}

RunClaim run(const std::string& id, std::int64_t energy) {
    return {.run = RunId(id),
            .device = "gpu-" + id,
            .begin = Timestamp{0},
            .end = Timestamp{kHour},
            .energy = Microjoules(energy)};
}

// 1,000 at the meter of the building, 800 at the IT meter: PUE 1.25. A day of 24 hours.
SiteStatement site() {
    return {.begin = Timestamp{0},
            .end = Timestamp{24 * kHour},
            .utility = exactly(1'000),
            .it = exactly(800),
            .output = {.central_gflop = 50, .low_gflop = 50, .high_gflop = 50}};
}

// 5 % up to 10,000 uJ, 2.5 % above.
SiteRule rule() {
    return {.tiers = {{.at_most = Microjoules(10'000), .permitted_ppm = 50'000},
                      {.at_most = Microjoules(100'000), .permitted_ppm = 25'000}}};
}

SiteBalance balance_of(const SiteStatement& statement) {
    Result<SiteBalance> out = site_balance(statement, rule());
    EXPECT_TRUE(out.has_value());
    return *std::move(out);
}

std::vector<SiteFindingKind> kinds(const SiteBalance& balance) {
    std::vector<SiteFindingKind> out;
    for (const SiteFinding& finding : balance.findings) out.push_back(finding.kind);
    return out;
}

using Kinds = std::vector<SiteFindingKind>;

// Runs of 400 at the node are 500 at the meter; 500 are idle or unknown, and owed for all the same.
TEST(SiteBalance, TheResidualIsCovered) {
    SiteStatement statement = site();
    statement.runs = {run("a", 300), run("b", 100)};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.pue_ppm, 1'250'000U);
    EXPECT_EQ(b.covered, Microjoules(500));
    EXPECT_EQ(b.residual, Microjoules(500));
    EXPECT_EQ(b.obligated, Microjoules(1'000));
    EXPECT_EQ(b.central, Microjoules(1'000));
    EXPECT_EQ(b.output_gflop, 50U);
    EXPECT_TRUE(b.sample_eligible);
    EXPECT_TRUE(b.findings.empty());
    // Runs or not: the same is owed.
    statement.runs.clear();
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(1'000));
}

// An office of 200: the computer rooms use 800 for 640 at the IT meter, PUE 1.25 again. Training of 80 behind the IT meter is 100.
TEST(SiteBalance, OnlyEvidenceTakesLoadOff) {
    SiteStatement statement = site();
    statement.it = exactly(640);
    statement.uncovered = {{.energy = exactly(200), .side = LoadSide::outside, .evidence = true},
                           {.energy = exactly(80), .side = LoadSide::it, .evidence = true}};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.facility, Microjoules(800));
    EXPECT_EQ(b.pue_ppm, 1'250'000U);
    EXPECT_EQ(b.uncovered, Microjoules(300));
    EXPECT_EQ(b.obligated, Microjoules(700));
    EXPECT_TRUE(b.sample_eligible);
    for (UncoveredLoad& load : statement.uncovered) load.evidence = false;
    const SiteBalance told = balance_of(statement);
    EXPECT_EQ(told.obligated, Microjoules(1'000));
    EXPECT_EQ(kinds(told), Kinds(2, SiteFindingKind::uncovered_without_evidence));
    EXPECT_TRUE(told.sample_eligible);
}

// 5 % of 1,000 is 50: 50 to either side is inside, 51 is not, and then 1,051 is owed.
TEST(SiteBalance, OutsideItsTierAReadingCountsHigh) {
    SiteStatement statement = site();
    statement.utility = about(1'000, 50);
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(1'000));
    statement.utility = about(1'000, 51);
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.obligated, Microjoules(1'051));
    EXPECT_EQ(b.central, Microjoules(1'000));
    EXPECT_FALSE(b.sample_eligible);
    EXPECT_EQ(
        b.findings,
        (std::vector<SiteFinding>{
            {.kind = SiteFindingKind::utility_tier_missed, .expected = 50'000, .found = 51'000}}));
    // A large site may be off by 2.5 % only.
    statement.utility = about(20'000, 501);
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(20'501));
    statement.utility = about(200'000, 5'000);
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(200'000));
}

TEST(SiteBalance, UncoveredLoadAndOutputCountLow) {
    SiteStatement statement = site();
    statement.uncovered = {{.energy = about(100, 6), .side = LoadSide::outside, .evidence = true}};
    statement.output = {.central_gflop = 100, .low_gflop = 94, .high_gflop = 103};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.obligated, Microjoules(906));
    EXPECT_EQ(b.central, Microjoules(900));
    EXPECT_EQ(b.output_gflop, 94U);
    EXPECT_EQ(kinds(b),
              (Kinds{SiteFindingKind::uncovered_tier_missed, SiteFindingKind::output_tier_missed}));
    EXPECT_FALSE(b.sample_eligible);
    statement.output = {.central_gflop = 100, .low_gflop = 99, .high_gflop = 101, .gap = true};
    EXPECT_EQ(balance_of(statement).output_gflop, 99U);
}

// Two hours without a meter: 80, between 60 and 120.
TEST(SiteBalance, AGapCountsHigh) {
    SiteStatement statement = site();
    statement.gaps = {
        {.begin = Timestamp{kHour},
         .end = Timestamp{3 * kHour},
         .energy = {.central = Microjoules(80), .low = Microjoules(60), .high = Microjoules(120)}}};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.site, Microjoules(1'080));
    EXPECT_EQ(b.central, Microjoules(1'080));
    EXPECT_EQ(b.obligated, Microjoules(1'120));
    EXPECT_FALSE(b.sample_eligible);
    EXPECT_EQ(
        b.findings,
        (std::vector<SiteFinding>{{.kind = SiteFindingKind::gap, .found = Int128{2} * kHour}}));
    statement.gaps.push_back(statement.gaps[0]);
    EXPECT_EQ(site_balance(statement, rule()).error().code, ErrorCode::invalid_argument);
}

// 2 % of 1,000 is 20.
TEST(SiteBalance, TheLargerOfTwoStatementsThatDisagree) {
    SiteStatement statement = site();
    statement.statements = {Microjoules(1'020), Microjoules(980)};
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(1'000));
    EXPECT_TRUE(balance_of(statement).sample_eligible);
    statement.statements = {Microjoules(1'021)};
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(1'021));
    EXPECT_FALSE(balance_of(statement).sample_eligible);
    statement.statements = {Microjoules(979)};
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(1'000));
    EXPECT_FALSE(balance_of(statement).sample_eligible);
}

TEST(SiteBalance, ARunCountsOnce) {
    SiteStatement statement = site();
    statement.runs = {run("a", 300), run("a", 300), run("b", 80)};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.runs,
              (std::vector<Microjoules>{Microjoules(300), Microjoules(0), Microjoules(80)}));
    EXPECT_EQ(b.findings,
              (std::vector<SiteFinding>{
                  {.kind = SiteFindingKind::duplicate_run, .index = 1, .found = 300}}));
    // The same run on two devices is no duplicate.
    statement.runs[1].device = "gpu-2";
    EXPECT_EQ(balance_of(statement).covered, Microjoules(850));
}

// One device: run a from 0 to 4 h, run b of another name from 3 to 5 h: one of its two hours counts. Run c is half inside the day.
TEST(SiteBalance, ADeviceIsPromisedOnce) {
    SiteStatement statement = site();
    statement.runs = {run("b", 200), run("a", 100), run("c", 40)};
    for (RunClaim& claim : statement.runs) claim.device = "gpu-0";
    statement.runs[0].begin = Timestamp{3 * kHour};
    statement.runs[0].end = Timestamp{5 * kHour};
    statement.runs[1].end = Timestamp{4 * kHour};
    statement.runs[2].begin = Timestamp{23 * kHour};
    statement.runs[2].end = Timestamp{25 * kHour};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.runs,
              (std::vector<Microjoules>{Microjoules(100), Microjoules(100), Microjoules(20)}));
    EXPECT_EQ(b.findings,
              (std::vector<SiteFinding>{{.kind = SiteFindingKind::device_overlap,
                                         .index = 0,
                                         .expected = Int128{2} * kHour,
                                         .found = kHour},
                                        {.kind = SiteFindingKind::outside_period,
                                         .index = 2,
                                         .expected = Int128{2} * kHour,
                                         .found = kHour}}));
    EXPECT_TRUE(b.sample_eligible);
    // Halves of a device at the same time are two runs side by side.
    statement.runs.pop_back();
    for (RunClaim& claim : statement.runs) claim.share_ppm = 500'000;
    EXPECT_TRUE(balance_of(statement).findings.empty());
}

// Claims of 900 at the nodes, 800 at the IT meter: 600 x 8/9 = 533.3, 300 x 8/9 = 266.7, rounded down; the 1 left stays in the residual.
TEST(SiteBalance, RunsAreNoMoreThanTheMeter) {
    SiteStatement statement = site();
    statement.runs = {run("a", 600), run("b", 300)};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.runs, (std::vector<Microjoules>{Microjoules(533), Microjoules(266)}));
    EXPECT_EQ(b.covered, Microjoules(998));  // 799 x 1.25 = 998.75
    EXPECT_EQ(b.residual, Microjoules(2));
    EXPECT_FALSE(b.sample_eligible);
    EXPECT_EQ(b.findings,
              (std::vector<SiteFinding>{
                  {.kind = SiteFindingKind::runs_above_meter, .expected = 800, .found = 900}}));
}

// Runs of 500 at the meter leave 500. 515 is within 2 % of the site and cut; 530 contradicts it, and all of the site is owed for.
TEST(SiteBalance, UncoveredLoadIsNoMoreThanWhatRunsLeave) {
    SiteStatement statement = site();
    statement.it.reset();
    statement.runs = {run("a", 500)};
    statement.uncovered = {{.energy = exactly(515), .side = LoadSide::it, .evidence = true}};
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.pue_ppm, 1'000'000U);
    EXPECT_EQ(b.uncovered, Microjoules(500));
    EXPECT_EQ(b.residual, Microjoules(0));
    EXPECT_EQ(b.obligated, Microjoules(500));
    EXPECT_EQ(kinds(b), Kinds{SiteFindingKind::no_it_meter});
    statement.uncovered[0].energy = exactly(530);
    const SiteBalance wrong = balance_of(statement);
    EXPECT_EQ(wrong.uncovered, Microjoules(500));
    EXPECT_EQ(wrong.obligated, Microjoules(1'000));
    EXPECT_FALSE(wrong.sample_eligible);
}

TEST(SiteBalance, AnItMeterIsNoMoreThanTheSite) {
    SiteStatement statement = site();
    statement.it = exactly(1'100);
    const SiteBalance b = balance_of(statement);
    EXPECT_EQ(b.pue_ppm, 1'000'000U);
    EXPECT_EQ(kinds(b), Kinds{SiteFindingKind::it_above_site});
    EXPECT_FALSE(b.sample_eligible);
    // Uncertain: the higher IT figure, so a lower PUE for the load that it lifts.
    statement.it = about(800, 80);
    EXPECT_EQ(balance_of(statement).it, Microjoules(880));
}

// Readings at the limit that contradict each other: answers, no wrap.
TEST(SiteBalance, ExtremesAreAnswered) {
    const Microjoules most(Int128{10'000'000'000'000} * 1'000'000'000'000'000 - 1);
    const MeteredEnergy huge{.central = most, .low = most, .high = most};
    SiteStatement statement = site();
    statement.utility = huge;
    statement.it = exactly(1);
    statement.uncovered = {{.energy = huge, .side = LoadSide::it, .evidence = true},
                           {.energy = huge, .side = LoadSide::outside, .evidence = true}};
    statement.runs = {run("a", INT64_MAX)};
    EXPECT_EQ(balance_of(statement).obligated, most);
    statement.uncovered.pop_back();
    EXPECT_EQ(balance_of(statement).obligated, most);
    EXPECT_EQ(balance_of(statement).pue_ppm, UINT64_MAX);
    statement.utility = exactly(0);
    EXPECT_EQ(balance_of(statement).obligated, Microjoules(0));
}

TEST(SiteBalance, WhatCannotBeMeantIsRefused) {
    const auto code = [](const SiteStatement& statement) {
        return site_balance(statement, rule()).error().code;
    };
    SiteStatement wrong = site();
    wrong.utility.low = Microjoules(1'001);
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    wrong = site();
    wrong.utility = exactly(-1);
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    wrong = site();
    wrong.end = wrong.begin;
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    wrong = site();
    wrong.runs = {run("a", 1)};
    wrong.runs[0].share_ppm = 0;
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    wrong.runs = {run("a", 1)};
    wrong.runs[0].begin = Timestamp{INT64_MIN};
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    wrong = site();
    wrong.statements = {Microjoules(Int128{1} << 120)};
    EXPECT_EQ(code(wrong), ErrorCode::out_of_range);
    wrong = site();
    wrong.output.low_gflop = 51;
    EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
    EXPECT_FALSE(site_balance(site(), {}).has_value());
}

RC_GTEST_PROP(SiteBalanceProperty, AddsUpAndHidesNothing, ()) {
    const auto energy = [] { return *rc::gen::inRange<std::int64_t>(0, 2'000); };
    SiteStatement statement = site();
    statement.utility = about(2'000 + energy(), *rc::gen::inRange<std::int64_t>(0, 200));
    if (*rc::gen::arbitrary<bool>()) {
        statement.it = exactly(energy());
    } else {
        statement.it.reset();
    }
    const auto loads = *rc::gen::inRange(0, 4);
    for (int i = 0; i < loads; ++i)
        statement.uncovered.push_back({.energy = exactly(energy()),
                                       .side = *rc::gen::element(LoadSide::it, LoadSide::outside),
                                       .evidence = *rc::gen::arbitrary<bool>()});
    const auto runs = *rc::gen::inRange(0, 8);
    for (int i = 0; i < runs; ++i) {
        RunClaim claim =
            run(*rc::gen::element<std::string>("a", "b", "c", "d", "e", "f"), energy());
        claim.device = *rc::gen::element<std::string>("gpu-0", "gpu-1");
        claim.begin = Timestamp{*rc::gen::inRange<std::int64_t>(-5, 25) * kHour};
        claim.end = Timestamp{claim.begin.us + *rc::gen::inRange<std::int64_t>(1, 10) * kHour};
        claim.share_ppm = *rc::gen::element<std::uint32_t>(250'000, 500'000, 1'000'000);
        statement.runs.push_back(claim);
    }
    const SiteBalance b = balance_of(statement);
    RC_ASSERT(b.covered + b.uncovered + b.residual == b.site);
    RC_ASSERT(b.central == b.covered + b.residual);
    RC_ASSERT(b.obligated >= b.central);
    RC_ASSERT(b.covered.count() >= 0 && b.uncovered.count() >= 0 && b.residual.count() >= 0);
    Microjoules counted;
    for (std::size_t i = 0; i < b.runs.size(); ++i) {
        RC_ASSERT(b.runs[i] <= statement.runs[i].energy);
        counted += b.runs[i];
    }
    RC_ASSERT(counted <= b.it);
    // Whoever leaves evidence or runs out owes no less.
    SiteStatement silent = statement;
    silent.uncovered.clear();
    RC_ASSERT(balance_of(silent).obligated >= b.obligated);
}

}  // namespace
}  // namespace abate::scheme
