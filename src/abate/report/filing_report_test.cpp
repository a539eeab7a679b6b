#include "abate/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::report {
namespace {

using footprint::Cell;
using footprint::CellState;
using footprint::Filing;
using ::testing::HasSubstr;
using ::testing::Not;

footprint::Line electricity(double kwh, bool with_direct) {
    footprint::Line line;
    line.device = "node";
    line.activity = "run | <b>";
    line.site = "room";
    line.energy_kwh = kwh;
    line.factors.push_back(
        {.quantity = "energy", .range = exactly(kwh), .unit = "kWh", .cause = "energy of run"});
    line.intensity = footprint::Factor{.quantity = "intensity",
                                       .range = {.value = 0.1, .low = 0.09, .high = 0.12},
                                       .unit = "kgCO2e/kWh",
                                       .cause = "intensity of FR"};
    if (with_direct)
        line.direct = footprint::Factor{.quantity = "direct intensity",
                                        .range = exactly(0.06),
                                        .unit = "kgCO2e/kWh",
                                        .cause = "direct intensity of FR"};
    return line;
}

Filing example(bool with_direct) {
    footprint::Account account;
    account.name = "lab";
    account.lines = {electricity(1'200'000, with_direct)};
    account.notes = {"a | note with <markup>"};
    footprint::LedgerYear year;
    year.year = 2025;
    year.opening_kgco2e = 600;
    year.acquired_kgco2e = 1000;
    year.amortised_kgco2e = 250;
    year.retired_kgco2e = 150;
    year.balance_kgco2e = 1200;
    account.ledger = {year};
    footprint::FilingOptions options{.year = 2025, .entity = "A & B | <labs>"};
    options.per = footprint::FunctionalUnit{.name = "token", .count = 2e12, .source = "--per"};
    footprint::Filing filing = footprint::file(account, {}, options).value();
    return filing;
}

// 1200 MWh x 60 g = 72 t; without the factor the four words, and no 120 t anywhere in the scopes.
TEST(FilingText, AMissingFactorIsWordsInEveryForm) {
    for (const FilingForm form : {FilingForm::ghg, FilingForm::esrs}) {
        const std::string known = filing_text(example(true), form, false);
        EXPECT_THAT(known, HasSubstr("72.00"));
        const std::string missing = filing_text(example(false), form, false);
        EXPECT_THAT(missing, HasSubstr("not available: supply a factor"));
        EXPECT_THAT(missing, Not(HasSubstr("72.00")));
    }
    const std::string page = filing_markdown(example(false));
    EXPECT_THAT(page, HasSubstr("| Scope 2, location-based | not available: supply a factor |"));
    EXPECT_THAT(page, HasSubstr("no direct factor for room (1.2e+06 kWh)"));
    const std::string json = filing_json(example(false));
    EXPECT_THAT(json, HasSubstr("\"words\": \"not available: supply a factor\""));
    EXPECT_THAT(json, HasSubstr("\"kgco2e\": null"));
}

// Limits are no interval, and a table that has them says which.
TEST(FilingText, LimitsAreNotCalledAnInterval) {
    EXPECT_THAT(filing_text(example(true), FilingForm::ghg, false),
                HasSubstr("t CO2e (90 % interval)"));
    footprint::Account account;
    account.lines = {electricity(1'200'000, true)};
    account.lines[0].factors[0].range = {
        .value = 1.2e6, .low = 1e6, .high = 1.5e6, .kind = RangeKind::bound};
    const Filing filing = footprint::file(account, {}, {.year = 2025, .entity = "lab"}).value();
    for (const FilingForm form : {FilingForm::ghg, FilingForm::esrs}) {
        const std::string text = filing_text(filing, form, false);
        EXPECT_THAT(text, HasSubstr("limits where the remark says so"));
        EXPECT_THAT(text, ::testing::ContainsRegex("72.00 .* limits"));
    }
}

TEST(FilingText, SaysWhoseHoursHaveNoEnergy) {
    Filing filing = example(true);
    filing.coverage.unmetered = {{"new", "allocated to no declared work", 10'000},
                                 {"old", "idle", 500}};
    EXPECT_THAT(filing_text(filing, FilingForm::ghg, false),
                HasSubstr("10000 unit-hours of new allocated to no declared work, 500.0 idle "
                          "unit-hours of old"));
}

// 600 before, + 1000 - 250 - 150 = 1200 after.
TEST(FilingText, PrintsTheReconciliation) {
    const std::string text = filing_text(example(true), FilingForm::ghg, false);
    EXPECT_THAT(
        text, HasSubstr("1.000 - 0.2500 - 0.1500 = 0.6000 t CO2e, which is the change of balance"));
    Filing wrong = example(true);
    wrong.books.closing_kgco2e = 1300;
    EXPECT_THAT(filing_text(wrong, FilingForm::ghg, false), HasSubstr("which is NOT the change"));
}

TEST(FilingText, PrintsTheMappingAndWhatIsNotStated) {
    const std::string text = filing_text(example(true), FilingForm::ghg, false);
    for (const char* ownership : {"owned", "leased", "colocated", "cloud", "api"})
        EXPECT_THAT(text, HasSubstr(ownership));
    EXPECT_THAT(text, HasSubstr("missing nodes: not stated"));
    EXPECT_THAT(text, ::testing::ContainsRegex("base year +not stated"));
    EXPECT_THAT(text, ::testing::ContainsRegex("exclusions +not stated"));
}

// 120 t / 2e12 tokens = 60 ug a token, 60 g per million.
TEST(FilingText, ScoresArePerASizeThatPeopleCompare) {
    EXPECT_THAT(filing_text(example(true), FilingForm::sci, false),
                HasSubstr("60.00 g CO2e (54.0 to 72.0) per million tokens"));
}

TEST(FilingMarkdown, WhatPeopleWroteIsNoMarkup) {
    const std::string page = filing_markdown(example(true));
    EXPECT_THAT(page, Not(HasSubstr("<labs>")));
    EXPECT_THAT(page, Not(HasSubstr("<markup>")));
    EXPECT_THAT(page, HasSubstr("A & B \\| \\<labs\\>"));
}

}  // namespace
}  // namespace abate::report
