#include "abate/input/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace abate::input {
namespace {

using ::testing::HasSubstr;

struct Read {
    JobTable table;
    JobBatch batch;
    std::string text;
};

// All of a table in one chunk. The text stays where it is.
std::unique_ptr<Read> read(std::string text, JobFormat format = JobFormat::csv, bool stop = false) {
    auto out = std::make_unique<Read>();
    out->text = std::move(text);
    Result<JobTable> table = parse_job_header(out->text, format);
    if (!table) throw std::runtime_error(to_string(table.error()));
    out->table = *std::move(table);
    const std::string_view rows =
        std::string_view(out->text).substr(header_size(out->text, format));
    EXPECT_EQ(whole_rows(rows, format, {.most_rows = 1'000'000, .last = true}), rows.size());
    parse_jobs(out->table, rows, stop, out->batch);
    return out;
}

std::string refusal(const std::string& header, JobFormat format = JobFormat::csv) {
    const Result<JobTable> table = parse_job_header(header, format);
    return table ? "accepted" : to_string(table.error());
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a table from top to bottom
std::string first_bad(const std::string& header, const std::string& row) {
    const auto out = read(header + "\n" + row + "\n");
    return out->batch.bad.empty() ? "accepted" : to_string(out->batch.bad[0].error);
}

TEST(Jobs, ReadsTheColumnsItKnowsAndLeavesTheRest) {
    const auto out = read(
        "job_id,energy_kwh,boundary,region,pue,phase,tokens,note\n"
        "a,12.5,component,FR,1.2,training,2T,\"x, \"\"y\"\"\"\n"
        "b, 3 ,,,,,,\n");
    ASSERT_EQ(out->batch.rows.size(), 2U);
    const JobRow& row = out->batch.rows[0];
    EXPECT_EQ(row.job.energy_kwh, 12.5);
    EXPECT_EQ(row.job.boundary, Boundary::component);
    EXPECT_EQ(row.job.region, "FR");
    EXPECT_EQ(row.job.pue, 1.2);
    EXPECT_EQ(row.job.phase, Phase::training);
    EXPECT_EQ(row.job.tokens, 2e12);
    EXPECT_EQ(row.text, "a,12.5,component,FR,1.2,training,2T,\"x, \"\"y\"\"\"");
    EXPECT_EQ(out->batch.rows[1].job.energy_kwh, 3);
    EXPECT_TRUE(std::isnan(out->batch.rows[1].job.pue));
    EXPECT_EQ(out->batch.rows[1].job.boundary, Boundary::node);
}

TEST(Jobs, UndoesQuotesInNames) {
    const auto out = read("energy_kwh,region\n1,\"gcp europe-west9\"\n\"2\",\"a \"\"b\"\"\"\n");
    ASSERT_EQ(out->batch.rows.size(), 2U);
    EXPECT_EQ(out->batch.rows[0].job.region, "gcp europe-west9");
    EXPECT_EQ(out->batch.rows[1].job.energy_kwh, 2);
    EXPECT_EQ(out->batch.rows[1].job.region, "a \"b\"");
}

TEST(Jobs, CountsLinesThroughEmptyOnesAndQuotedOnes) {
    const auto out = read("note,energy_kwh\r\n\r\n\"two\r\nlines\",1\r\nx,nan\r\ny,2");
    ASSERT_EQ(out->batch.rows.size(), 2U);
    EXPECT_EQ(out->batch.rows[0].line, 1U);  // of the chunk, which begins at line 2
    EXPECT_TRUE(out->batch.rows[0].crlf);
    EXPECT_EQ(out->batch.rows[0].text, "\"two\r\nlines\",1");
    ASSERT_EQ(out->batch.bad.size(), 1U);
    EXPECT_EQ(out->batch.bad[0].line, 3U);
    EXPECT_EQ(out->batch.rows[1].line, 4U);
    EXPECT_FALSE(out->batch.rows[1].crlf);
}

TEST(Jobs, SaysWhatIsWrongInACell) {
    EXPECT_EQ(
        first_bad("energy_kwh", "12kWh"),
        "'12kWh' has a unit of its own (energy_kwh). The column is in kWh already: write 12.");
    EXPECT_THAT(first_bad("energy_kwh", "3.6 MJ"), HasSubstr("write 1."));
    EXPECT_THAT(first_bad("chip,hours,power_w", "x,1,300 W"), HasSubstr("in W already: write 300"));
    EXPECT_THAT(first_bad("chip,hours", "x,90min"), HasSubstr("in hours"));
    EXPECT_THAT(first_bad("energy_kwh", "nan"), HasSubstr("is no number"));
    EXPECT_THAT(first_bad("energy_kwh", "inf"), HasSubstr("is no number"));
    EXPECT_THAT(first_bad("energy_kwh", "-1"), HasSubstr("negative"));
    EXPECT_THAT(first_bad("energy_kwh", "1e999"), HasSubstr("too large"));
    EXPECT_THAT(first_bad("energy_kwh", "\"1,5\""), HasSubstr("point"));
    EXPECT_THAT(first_bad("energy_kwh", "abc"), HasSubstr("'abc' is no number"));
    EXPECT_THAT(first_bad("energy_kwh,pue", "1,4.5"), HasSubstr("4.5!"));
    EXPECT_EQ(first_bad("energy_kwh,pue", "1,4.5!"), "accepted");
    EXPECT_THAT(first_bad("energy_kwh,boundary", "1,wall"),
                HasSubstr("component, node or facility"));
    EXPECT_THAT(first_bad("energy_kwh,phase", "1,train"), HasSubstr("training"));
    EXPECT_THAT(first_bad("energy_kwh,tokens", "1,many"), HasSubstr("(tokens)"));
    EXPECT_THAT(first_bad("energy_kwh,region", "1"), HasSubstr("1 field where the header has 2"));
    EXPECT_EQ(first_bad("energy_kwh", "+1.5"), "accepted");
}

TEST(Jobs, RefusesAHeaderThatWouldBeMisread) {
    EXPECT_THAT(refusal("energy,region"), HasSubstr("Name it energy_kwh, with numbers in kWh"));
    EXPECT_THAT(refusal("Energy_kWh"), HasSubstr("Name it energy_kwh"));
    EXPECT_THAT(refusal("energy_kwh,country"), HasSubstr("Name it region"));
    EXPECT_EQ(refusal("energy_kwh,country,region"), "accepted");
    EXPECT_THAT(refusal("chip"), HasSubstr("hours is missing"));
    EXPECT_THAT(refusal("job_id"), HasSubstr("no column states the energy"));
    EXPECT_THAT(refusal("energy_kwh,energy_kwh"), HasSubstr("twice"));
    EXPECT_THAT(refusal("energy_kwh,total_kgco2e"), HasSubstr("written here"));
    EXPECT_THAT(refusal("\n"), HasSubstr("first line is empty"));
    EXPECT_THAT(refusal(std::string("\xFF\xFE"
                                    "e\0",
                                    4)),
                HasSubstr("UTF-8"));
    EXPECT_THAT(refusal("\x1F\x8B\x08"), HasSubstr("compressed"));
    EXPECT_THAT(refusal("Z\xFCrich,energy_kwh\n1,2\n"), HasSubstr("UTF-8"));
    EXPECT_EQ(refusal(std::string("energy_kwh\n1\0\n", 13)), "accepted");  // said of its row
    EXPECT_EQ(refusal("\xEF\xBB\xBF"
                      "energy_kwh\n"),
              "accepted");
}

TEST(Jobs, RefusesWhatIsNoTextWhereItStands) {
    std::string text = "note,energy_kwh\na,1\nb,2\nZ\xFCrich,3\nd,4\n";
    text += std::string("e\0e,5\nf,6\n", 10);
    const auto out = read(text);
    ASSERT_EQ(out->batch.bad.size(), 2U);
    EXPECT_EQ(out->batch.bad[0].line, 2U);
    EXPECT_EQ(out->batch.bad[1].line, 4U);
    for (const BadJob& bad : out->batch.bad) EXPECT_THAT(bad.error.what, HasSubstr("UTF-8"));
    EXPECT_EQ(out->batch.rows.size(), 4U);
    const auto json =
        read("{\"energy_kwh\": 1}\n{\"energy_kwh\": 1, \"n\": \"\xFC\"}\n", JobFormat::json_lines);
    ASSERT_EQ(json->batch.bad.size(), 1U);
    EXPECT_THAT(json->batch.bad[0].error.what, HasSubstr("UTF-8"));
}

TEST(Jobs, CountsHaveAnEnd) {
    EXPECT_THAT(first_bad("energy_kwh,tokens", "1,1e300"), HasSubstr("From 0 to 1e30"));
    EXPECT_THAT(first_bad("energy_kwh,params_active", "1,1e31"), HasSubstr("From 0 to 1e30"));
    EXPECT_EQ(first_bad("energy_kwh,tokens", "1,1e30"), "accepted");
}

TEST(Jobs, OneRowWithAStrayQuoteIsOneBadRow) {
    const auto out = read("a,energy_kwh\nx\"y,1\n\"x\"y,1\nz,2\n");
    EXPECT_EQ(out->batch.bad_rows, 2U);
    EXPECT_FALSE(out->batch.broken);
    ASSERT_EQ(out->batch.rows.size(), 1U);
    EXPECT_EQ(out->batch.rows[0].job.energy_kwh, 2);
}

// Rows behind it may be part of the field, so none can be counted as good or bad.
TEST(Jobs, AQuoteThatStaysOpenBreaksTheTable) {
    EXPECT_TRUE(read("a,energy_kwh\n\"x,1\ny,2\n")->batch.broken);
    EXPECT_TRUE(read("a,energy_kwh\n\"x,1\ny,2\n\"z\",3\n")->batch.broken);
}

TEST(Jobs, StopsAtTheFirstBadRowWhenAsked) {
    const auto out = read("energy_kwh\n1\nx\n2\ny\n", JobFormat::csv, true);
    EXPECT_EQ(out->batch.bad_rows, 1U);
    EXPECT_EQ(out->batch.rows.size(), 1U);
}

TEST(Jobs, CutsAtRowsEnds) {
    const std::string_view text = "1,\"a\nb\"\n2,c\n3,";
    EXPECT_EQ(whole_rows(text, JobFormat::csv, {.most_rows = 9, .last = false}), 12U);
    EXPECT_EQ(whole_rows(text, JobFormat::csv, {.most_rows = 1, .last = false}), 8U);
    EXPECT_EQ(whole_rows(text, JobFormat::csv, {.most_rows = 9, .last = true}), text.size());
    EXPECT_EQ(whole_rows("1,\"a\n", JobFormat::csv, {.most_rows = 9, .last = false}), 0U);
}

TEST(Jobs, ReadsJsonLinesInAnyOrderOfKeys) {
    const auto out = read(
        "{\"job_id\": 1, \"energy_kwh\": 1.5, \"region\": \"F\\u0052\"}\n"
        "\n"
        "{\"region\": null, \"chip\": \"NVIDIA L4\", \"hours\": \"2\", \"extra\": {\"a\": [1, "
        "\"}\"]}}\n",
        JobFormat::json_lines);
    ASSERT_EQ(out->batch.rows.size(), 2U) << to_string(out->batch.bad.at(0).error);
    EXPECT_EQ(out->batch.rows[0].job.region, "FR");
    EXPECT_EQ(out->batch.rows[1].job.chip, "NVIDIA L4");
    EXPECT_EQ(out->batch.rows[1].job.hours, 2);
    EXPECT_EQ(out->batch.rows[1].line, 2U);
}

TEST(Jobs, SaysWhatIsWrongInALineOfJson) {
    const auto out = read(
        "{\"energy_kwh\": 1}\n{\"energy_kwh\": NaN}\n[1]\n{\"energy_kwh\": true}\n"
        "{\"energy_kwh\": 1, \"energy_kwh\": 2}\n{\"energy\": 1}\n{\"region\": 3, \"energy_kwh\": "
        "1}\n",
        JobFormat::json_lines);
    ASSERT_EQ(out->batch.bad_rows, 6U);
    EXPECT_THAT(out->batch.bad[0].error.hint, HasSubstr("NaN"));
    EXPECT_THAT(out->batch.bad[1].error.what, HasSubstr("no JSON object"));
    EXPECT_THAT(out->batch.bad[2].error.what, HasSubstr("'true' is no number"));
    EXPECT_THAT(out->batch.bad[3].error.what, HasSubstr("twice"));
    EXPECT_THAT(out->batch.bad[4].error.hint, HasSubstr("energy_kwh"));
    EXPECT_THAT(out->batch.bad[5].error.what, HasSubstr("no word in quotes"));
}

TEST(Jobs, GivesCellsForTheOtherFormat) {
    const auto out = read("job_id,energy_kwh,tokens\n007,1.50,7B\n");
    const std::vector<JobCell> cells = job_cells(out->table, out->batch.rows[0].text).value();
    EXPECT_EQ(cells[0].text, "007");
    EXPECT_FALSE(cells[0].number);
    EXPECT_EQ(cells[1].text, "1.50");
    EXPECT_TRUE(cells[1].number);
    EXPECT_FALSE(cells[2].number);
    const auto json =
        read("{\"a\": \"x\\ny\", \"energy_kwh\": 1, \"b\": [1]}\n", JobFormat::json_lines);
    const std::vector<JobCell> from_json = job_cells(json->table, json->batch.rows[0].text).value();
    EXPECT_EQ(from_json[0].text, "x\ny");
    EXPECT_TRUE(from_json[2].raw);
    EXPECT_THAT(to_string(job_cells(json->table, "{\"c\": 1}").error()), HasSubstr("'c'"));
}

}  // namespace
}  // namespace abate::input
