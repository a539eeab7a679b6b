#include "abate/report/footprints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace abate::report {
namespace {

using footprint::BatchFigures;
using footprint::kAbsent;

const BatchFigures kFigures{.node_energy_kwh = 12,
                            .facility_energy_kwh = 14.4,
                            .location_kgco2e = 0.1,
                            .location_low_kgco2e = 1e-7,
                            .location_high_kgco2e = 1e22,
                            .market_kgco2e = kAbsent,
                            .water_l = kAbsent,
                            .embodied_kgco2e = 0,
                            .total_kgco2e = 0.1};

TEST(Footprints, PutFiguresBehindTheRowAsItIs) {
    std::string out;
    append_csv_header(out, "a,\"b\"", false);
    append_csv(out, "1,\"x, y\"", {.figures = kFigures, .quality = Quality::declared});
    append_csv(out, "2,", {.figures = kFigures, .quality = Quality::estimated, .crlf = true});
    EXPECT_EQ(out,
              "a,\"b\",node_energy_kwh,facility_energy_kwh,location_kgco2e,location_low_kgco2e,"
              "location_high_kgco2e,market_kgco2e,water_l,embodied_kgco2e,total_kgco2e,quality\n"
              "1,\"x, y\",12,14.4,0.1,1e-07,1e+22,,,0,0.1,declared\n"
              "2,,12,14.4,0.1,1e-07,1e+22,,,0,0.1,estimated\r\n");
}

TEST(Footprints, PutKeysBehindTheObjectsOwn) {
    std::string out;
    append_json(out, "  {\"a\": 1 } ", {.figures = kFigures, .quality = Quality::declared});
    EXPECT_THAT(out, ::testing::StartsWith("{\"a\": 1,\"node_energy_kwh\":12,"));
    EXPECT_THAT(out,
                ::testing::EndsWith("\"water_l\":null,\"embodied_kgco2e\":0,\"total_kgco2e\":0.1,"
                                    "\"quality\":\"declared\"}\n"));
    out.clear();
    append_json(out, "{}", {.figures = kFigures, .quality = Quality::declared});
    EXPECT_THAT(out, ::testing::StartsWith("{\"node_energy_kwh\":12,"));
}

TEST(Footprints, QuoteWhatTheOtherFormatMust) {
    const std::vector<JobCell> cells{{.name = "a \"b\"", .text = "x,\"y\"\n"},
                                     {.name = "n", .text = "1.50", .number = true},
                                     {.name = "e", .text = ""},
                                     {.name = "r", .text = "[1,2]", .raw = true}};
    std::string csv;
    append_csv(csv, cells, {.figures = kFigures, .quality = Quality::declared});
    EXPECT_THAT(csv, ::testing::StartsWith("\"x,\"\"y\"\"\n\",1.50,,\"[1,2]\",12,"));
    std::string json;
    append_json(json, cells, {.figures = kFigures, .quality = Quality::declared});
    EXPECT_THAT(json,
                ::testing::StartsWith(
                    "{\"a \\\"b\\\"\":\"x,\\\"y\\\"\\n\",\"n\":1.50,\"e\":null,\"r\":[1,2],"));
}

// Keys and texts of JSON come from anybody; a number in quotes is no formula (OWASP, "CSV injection").
TEST(Footprints, DefuseFormulasAndControlsOnTheWayToCsv) {
    std::string header;
    const std::vector<std::string> names{"=cmd()", "a"};
    append_csv_header(header, names);
    EXPECT_THAT(header, ::testing::StartsWith("'=cmd(),a,node_energy_kwh"));
    const std::vector<JobCell> cells{{.name = "a", .text = "@SUM(1)"},
                                     {.name = "b", .text = "-5"},
                                     {.name = "c", .text = "-5", .number = true},
                                     {.name = "d", .text = "x\x1by"}};
    std::string csv;
    append_csv(csv, cells, {.figures = kFigures, .quality = Quality::declared});
    EXPECT_THAT(csv, ::testing::StartsWith("'@SUM(1),-5,-5,x?y,12,"));
}

// The widest numbers fit the room that a row reserves.
TEST(Footprints, HoldTheLongestNumbers) {
    BatchFigures wide;
    const double longest = -std::numeric_limits<double>::denorm_min() * 123456789;
    for (double* figure : {&wide.node_energy_kwh,
                           &wide.facility_energy_kwh,
                           &wide.location_kgco2e,
                           &wide.location_low_kgco2e,
                           &wide.location_high_kgco2e,
                           &wide.market_kgco2e,
                           &wide.water_l,
                           &wide.embodied_kgco2e,
                           &wide.total_kgco2e})
        *figure = longest;
    std::string out;
    append_json(out, "{}", {.figures = wide, .quality = Quality::estimated});
    wide.node_energy_kwh = 9007199254740992;
    wide.total_kgco2e = 1.2345678901234568e-5;
    append_csv(out, "", {.figures = wide, .quality = Quality::estimated});
    EXPECT_THAT(out, ::testing::HasSubstr(",9007199254740992,"));
    EXPECT_THAT(out, ::testing::HasSubstr(",0.000012345678901234568,"));
}

TEST(Footprints, SumsSayNullWhereNoRowKnew) {
    FootprintReport report;
    report.summary.all.rows = 2;
    report.summary.all.facility_energy_kwh = 3;
    report.skipped_rows = 1;
    report.errors.push_back(
        {.line = 7, .error = {ErrorCode::out_of_range, "'-1' is negative", "pue", "From 0 up"}});
    const std::string json = footprint_report_json(report);
    EXPECT_THAT(json, ::testing::HasSubstr("\"rows\":2,\"skipped_rows\":1"));
    EXPECT_THAT(json, ::testing::HasSubstr("\"water_l\":null"));
    EXPECT_THAT(json,
                ::testing::HasSubstr("{\"line\":7,\"column\":\"pue\",\"code\":\"out_of_range\","
                                     "\"message\":\"'-1' is negative\",\"hint\":\"From 0 up\"}"));
}

}  // namespace
}  // namespace abate::report
