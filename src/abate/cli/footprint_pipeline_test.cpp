#include "abate/cli/footprint_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace abate::cli {
namespace {

using ::testing::HasSubstr;

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

struct Ran {
    Result<PipelineOutcome> outcome = Error{};
    std::string out;
};

Ran run(const std::string& text, PipelineOptions options, std::size_t bytes_a_read = 1 << 16) {
    options.name = "jobs";
    footprint::BatchBook book(tables(), {});
    Ran ran;
    std::string_view rest = text;
    ran.outcome = run_pipeline(
        options,
        book,
        [&](std::span<char> room) {
            const std::size_t n = std::min({room.size(), rest.size(), bytes_a_read});
            std::copy_n(rest.data(), n, room.data());
            rest.remove_prefix(n);
            return n;
        },
        [&ran](std::string_view written) { ran.out += written; },
        nullptr);
    return ran;
}

std::string table_of(int rows) {
    std::string text = "job_id,note,energy_kwh,region,chip,hours\n";
    for (int i = 0; i < rows; ++i) {
        text += std::to_string(i) + (i % 7 == 0 ? ",\"a\nb\"," : ",x,");
        text += i % 3 == 0 ? ",DE,NVIDIA L4," + std::to_string(i % 100) + "\n"
                           : std::to_string(i) + ".5,FR,,\n";
    }
    return text;
}

TEST(FootprintPipeline, KeepsTheOrder) {
    const Ran ran = run(table_of(5000), {.threads = 4, .chunk_bytes = 500});
    ASSERT_TRUE(ran.outcome) << to_string(ran.outcome.error());
    EXPECT_EQ(ran.outcome->summary.all.rows, 5000U);
    int expected = 0;
    std::size_t at = ran.out.find('\n') + 1;
    while (at < ran.out.size()) {
        EXPECT_EQ(ran.out.compare(
                      at, std::to_string(expected).size() + 1, std::to_string(expected) + ","),
                  0);
        // A quoted line feed is in the second column of each seventh row.
        if (expected % 7 == 0) at = ran.out.find('\n', at) + 1;
        at = ran.out.find('\n', at) + 1;
        ++expected;
    }
    EXPECT_EQ(expected, 5000);
}

RC_GTEST_PROP(FootprintPipeline, AnyChunkAnyThreadsTheSameBytesAndSums, ()) {
    const std::string text = table_of(*rc::gen::inRange(0, 120));
    const Ran whole = run(text, {.threads = 0});
    const Ran parts = run(text,
                          {.threads = static_cast<unsigned>(*rc::gen::inRange(0, 4)),
                           .chunk_bytes = static_cast<std::size_t>(*rc::gen::inRange(1, 300)),
                           .chunk_rows = static_cast<std::size_t>(*rc::gen::inRange(1, 50))},
                          static_cast<std::size_t>(*rc::gen::inRange(1, 100)));
    RC_ASSERT(whole.outcome.has_value());
    RC_ASSERT(parts.outcome.has_value());
    RC_ASSERT(whole.out == parts.out);
    RC_ASSERT(report::footprint_report_json({.summary = whole.outcome->summary}) ==
              report::footprint_report_json({.summary = parts.outcome->summary}));
}

TEST(FootprintPipeline, NamesTheFirstBadRowWhateverTheThreads) {
    std::string text = table_of(3000);
    text += "x,x,nan,FR,,\n";
    const std::string line = std::to_string(std::count(text.begin(), text.end(), '\n'));
    text += table_of(3000).substr(table_of(0).size());
    text += "x,x,,Nowhere,,\n";
    for (const unsigned threads : {0U, 1U, 3U}) {
        const Ran ran = run(text, {.threads = threads, .chunk_bytes = 1000});
        ASSERT_FALSE(ran.outcome);
        EXPECT_EQ(ran.outcome.error().where, "jobs:" + line + ", column energy_kwh");
    }
}

// The row that the tables refuse comes before the one that cannot be read.
TEST(FootprintPipeline, OrdersRefusalsOfTablesAndOfTextByLine) {
    const std::string text = "energy_kwh,region\n1,FR\n1,Frnace\nx,FR\n1,FR\n";
    EXPECT_EQ(run(text, {.threads = 0}).outcome.error().where, "jobs:3, column region");
    const Ran ran = run(text, {.skip_bad = true, .threads = 2});
    ASSERT_TRUE(ran.outcome);
    EXPECT_EQ(ran.outcome->skipped_rows, 2U);
    ASSERT_EQ(ran.outcome->errors.size(), 2U);
    EXPECT_EQ(ran.outcome->errors[0].line, 3U);
    EXPECT_EQ(ran.outcome->errors[1].line, 4U);
    EXPECT_EQ(ran.outcome->summary.all.rows, 2U);
    EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 3);
}

TEST(FootprintPipeline, WritesNothingForATableRefusedAtOnce) {
    EXPECT_EQ(run("energy_kwh\nx\n", {.threads = 1}).out, "");
    EXPECT_EQ(run("energy_kwh\nx\n", {.skip_bad = true, .threads = 1}).out, "");
    EXPECT_EQ(run("energy_kwh\n", {.threads = 1}).out, "");
    EXPECT_THAT(to_string(run("", {.threads = 1}).outcome.error()), HasSubstr("nothing in it"));
}

TEST(FootprintPipeline, RefusesARowWithoutEndInBoundedMemory) {
    const std::string text = "note,energy_kwh\na,1\n\"" + std::string(3 << 20, 'x') + "\",1\n";
    const Ran ran = run(text, {.skip_bad = true, .threads = 2});
    ASSERT_FALSE(ran.outcome);
    EXPECT_THAT(to_string(ran.outcome.error()), HasSubstr("more than 1 MiB (jobs:3)"));
}

TEST(FootprintPipeline, AnOpenQuoteEndsItEvenWhenSkipping) {
    const Ran ran = run("note,energy_kwh\na,1\n\"b,2\nc,3\n", {.skip_bad = true, .threads = 1});
    ASSERT_FALSE(ran.outcome);
    EXPECT_EQ(ran.outcome.error().where, "jobs:3");
}

TEST(FootprintPipeline, WhatWritingThrowsComesOut) {
    footprint::BatchBook book(tables(), {});
    const std::string text = table_of(1000);
    std::string_view rest = text;
    const ReadBytes read = [&](std::span<char> room) {
        const std::size_t n = std::min(room.size(), rest.size());
        std::copy_n(rest.data(), n, room.data());
        rest.remove_prefix(n);
        return n;
    };
    EXPECT_THROW(static_cast<void>(run_pipeline(
                     {.name = "jobs", .threads = 3, .chunk_bytes = 300},
                     book,
                     read,
                     [](std::string_view) { throw std::runtime_error("disk full"); },
                     nullptr)),
                 std::runtime_error);
}

// What was read and not yet written is at most the chunks under way, and what the next one is cut from.
TEST(FootprintPipeline, ASlowReaderHoldsTheChain) {
    constexpr std::size_t kRows = 50'000;
    constexpr std::size_t kChunk = 2000;
    footprint::BatchBook book(tables(), {});
    std::string text = "energy_kwh\n";
    const std::size_t header = text.size();
    for (std::size_t i = 0; i < kRows; ++i) text += "1\n";
    std::size_t read_bytes = 0;
    std::size_t rows_written = 0;
    std::size_t most_ahead = 0;
    const ReadBytes read = [&](std::span<char> room) {
        const std::size_t n = std::min(room.size(), text.size() - read_bytes);
        std::copy_n(text.data() + read_bytes, n, room.data());
        read_bytes += n;
        most_ahead = std::max(most_ahead, read_bytes - header - 2 * rows_written);
        return n;
    };
    const WriteBytes write = [&](std::string_view out) {
        if (out.substr(0, 6) == "energy") return;
        rows_written += static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
    };
    const Result<PipelineOutcome> outcome = run_pipeline(
        {.name = "jobs", .threads = 2, .chunk_bytes = kChunk}, book, read, write, nullptr);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(rows_written, kRows);
    // Two chunks a thread and one, and one more being cut; the header is looked for in 4 KiB.
    EXPECT_LE(most_ahead, 6 * kChunk + 4096);
}

TEST(FootprintPipeline, TurnsOneFormatIntoTheOther) {
    using input::JobFormat;
    const std::string csv = "job_id,energy_kwh,pue,note\n007,1.50,1.2,\"x, \"\"y\"\"\"\n8,2,,\n";
    const Ran json = run(csv, {.from = JobFormat::csv, .to = JobFormat::json_lines, .threads = 1});
    EXPECT_THAT(
        json.out,
        ::testing::StartsWith(
            "{\"job_id\":\"007\",\"energy_kwh\":1.50,\"pue\":1.2,\"note\":\"x, \\\"y\\\"\",\"node_"
            "energy_kwh\":1.5,"));
    const Ran same =
        run("{\"energy_kwh\": 1.50,  \"z\": {\"k\": 1}}\n{\"energy_kwh\":2}\n",
            {.from = JobFormat::json_lines, .to = JobFormat::json_lines, .threads = 1});
    EXPECT_THAT(same.out,
                HasSubstr("{\"energy_kwh\": 1.50,  \"z\": {\"k\": 1},\"node_energy_kwh\":1.5,"));
    const Ran back = run("{\"energy_kwh\": 1.50, \"z\": \"a,b\"}\n{\"energy_kwh\":2}\n",
                         {.from = JobFormat::json_lines, .to = JobFormat::csv, .threads = 1});
    EXPECT_THAT(back.out, HasSubstr("\n1.50,\"a,b\",1.5,"));
    EXPECT_THAT(back.out, HasSubstr("\n2,,2,"));
    EXPECT_THAT(to_string(run("{\"energy_kwh\":1}\n{\"energy_kwh\":1,\"k\":2}\n",
                              {.from = JobFormat::json_lines, .to = JobFormat::csv, .threads = 1})
                              .outcome.error()),
                HasSubstr("'k'"));
}

}  // namespace
}  // namespace abate::cli
