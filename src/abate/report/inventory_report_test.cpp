#include "abate/report/markup.h"
#include "abate/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace abate::report {
namespace {

using footprint::AccountPhase;
using footprint::Kind;
using footprint::Line;
using ::testing::HasSubstr;
using ::testing::Not;

Line line(AccountPhase phase, Kind kind, const char* device, double kg) {
    Line out;
    out.phase = phase;
    out.kind = kind;
    out.device = device;
    out.activity = "row <" + std::string(footprint::to_string(phase)) + ">";
    out.factors.push_back({.quantity = "amount",
                           .range = {.value = kg, .low = kg * 0.9, .high = kg * 1.2},
                           .unit = "",
                           .cause = device});
    if (kind == Kind::operational) {
        out.intensity = footprint::Factor{
            .quantity = "intensity", .range = exactly(1), .unit = "kgCO2e/kWh", .cause = ""};
        out.energy_kwh = kg;
    }
    out.kgco2e = {.value = kg, .low = kg * 0.9, .high = kg * 1.2};
    return out;
}

InventoryReport example() {
    InventoryReport report;
    report.account.name = "A & B <lab>";
    report.account.lines = {line(AccountPhase::training, Kind::operational, "accelerators", 3000),
                            line(AccountPhase::training, Kind::embodied, "accelerators", 500),
                            line(AccountPhase::inference, Kind::operational, "accelerators", 1000),
                            line(AccountPhase::idle, Kind::embodied, "host", 250)};
    report.account.notes = {"a | note with <markup>"};
    report.account.provenance = {
        {"pue", 1.2, 1.2, 1.2, "1", "", "option", "given | by <me>", 0, "", ""}};
    report.simulation = footprint::simulate(report.account, {.draws = 1000, .seed = 1}).value();
    footprint::Waterfall waterfall;
    waterfall.from_name = "before";
    waterfall.to_name = "after";
    waterfall.from = 4750;
    waterfall.to = 4000;
    waterfall.steps = {{"caching", -1000}, {"more work", 250}};
    report.comparison = footprint::Comparison{waterfall, waterfall};
    return report;
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

TEST(InventoryReport, TextHasBothTablesAndTheSum) {
    const std::string text = inventory_text(example(), false);
    EXPECT_THAT(text, HasSubstr("Total 4.750 t CO2e"));
    EXPECT_THAT(text, HasSubstr("By phase"));
    EXPECT_THAT(text, HasSubstr("By device and phase"));
    // One unit a column: 3.000 + 0.5000 of training, 1.000 of inference, 0.2500 idle.
    EXPECT_THAT(text, HasSubstr("total, t"));
    EXPECT_THAT(text, HasSubstr("3.000       0.5000"));
    EXPECT_THAT(text, HasSubstr("-1.000"));
    EXPECT_THAT(text, HasSubstr("--format markdown"));
    EXPECT_THAT(text, HasSubstr("1000 draws, seed 1"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

// 600 + 1000 - 250 - 150 = 1200: a reader can check the year.
TEST(InventoryReport, TheLedgerBeginsWithItsOpening) {
    InventoryReport report = example();
    report.account.fleets.emplace_back();
    footprint::LedgerYear year;
    year.year = 2025;
    year.opening_kgco2e = 600;
    year.acquired_kgco2e = 1000;
    year.amortised_kgco2e = 250;
    year.retired_kgco2e = 150;
    year.balance_kgco2e = 1200;
    report.account.ledger = {year};
    EXPECT_THAT(inventory_markdown(report),
                HasSubstr("| 2025 | 0.6000 | 1.000 | 0.2500 | 0.1500 | 1.200 |"));
    EXPECT_THAT(inventory_json(report), HasSubstr("\"opening_kgco2e\": 600"));
}

TEST(InventoryReport, WhatIsUnknownIsNoZero) {
    InventoryReport report;
    report.account.lines = {line(AccountPhase::training, Kind::operational, "node", 10)};
    report.account.without_embodied = {{AccountPhase::training, "run"}};
    EXPECT_THAT(inventory_text(report, false), HasSubstr("Embodied carbon is unknown"));
    EXPECT_THAT(inventory_markdown(report), HasSubstr("| unknown |"));
    EXPECT_THAT(inventory_json(report), HasSubstr("\"embodied_kgco2e\": null"));
}

TEST(InventoryReport, NothingThatPeopleWroteBecomesMarkup) {
    const std::string page = inventory_html(example());
    EXPECT_THAT(page, Not(HasSubstr("<lab>")));
    EXPECT_THAT(page, Not(HasSubstr("<markup>")));
    EXPECT_THAT(page, HasSubstr("A &amp; B &lt;lab&gt;"));
    const std::string markdown = inventory_markdown(example());
    EXPECT_THAT(markdown, HasSubstr("a \\| note with \\<markup\\>"));
    EXPECT_THAT(markdown, HasSubstr("given \\| by \\<me\\>"));
    EXPECT_EQ(escaped_xml("a\"'\x01\xff"), "a&quot;&#39;?\xEF\xBF\xBD");
}

// What a screen reader needs: a language, one heading of the first rank, captions, scopes, titles of pictures; nothing from elsewhere.
TEST(InventoryReport, HtmlIsOnePageThatAScreenReaderCanRead) {
    const std::string page = inventory_html(example());
    EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
    EXPECT_EQ(count(page, "<h1"), 1U);
    EXPECT_EQ(count(page, "<table>"), count(page, "<caption>"));
    EXPECT_EQ(count(page, "<th scope="), count(page, "<th "));
    EXPECT_EQ(count(page, "<svg "), count(page, "role=\"img\""));
    EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_EQ(count(page, "http"), count(page, "http://www.w3.org/2000/svg"));
    for (const char* id : {"bars-title", "sankey-title", "comparison-title", "tornado-title"})
        EXPECT_EQ(count(page, std::string("id=\"") + id + "\""), 1U) << id;
}

TEST(InventoryReport, CsvHasALineForEachLine) {
    const std::string csv = inventory_csv(example());
    EXPECT_EQ(count(csv, "\n"), 5U);
    EXPECT_THAT(csv, HasSubstr("training,operational,accelerators,row <training>,"));
}

TEST(Svg, IsTheSameEachTimeAndEndsAtTheTotal) {
    const InventoryReport report = example();
    EXPECT_EQ(sankey_svg(report.account, {}), sankey_svg(report.account, {}));
    EXPECT_THAT(sankey_svg(report.account, {}), HasSubstr("total 4.750 t CO2e"));
    EXPECT_THAT(bars_svg(report.account, {}), HasSubstr("training, embodied, accelerators"));
    EXPECT_THAT(waterfall_svg(report.comparison->by_phase, {}), HasSubstr("caching"));
    for (const std::string& svg : {sankey_svg(report.account, {}),
                                   bars_svg(report.account, {}),
                                   waterfall_svg(report.comparison->by_phase, {}),
                                   tornado_svg(*report.simulation, {}),
                                   sankey_svg({}, {}),
                                   bars_svg({}, {})}) {
        EXPECT_THAT(svg, Not(HasSubstr("nan")));
        EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
        EXPECT_THAT(svg, HasSubstr("</svg>"));
    }
}

}  // namespace
}  // namespace abate::report
