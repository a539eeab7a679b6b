#include "abate/input/jobs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace abate::input {
namespace {

// Text of few letters, so that quotes, commas and line ends meet often.
std::string random_text() {
    return *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a1,.\"\n\r -")));
}

// Rows as they are read from chunks of at most so many rows and bytes.
struct Rows {
    std::vector<std::string> texts;
    std::vector<std::uint64_t> lines;
    std::size_t bad = 0;
    bool broken = false;
};

Rows read_in_chunks(
    const JobTable& table,
    std::string_view text,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): both limits, any values will do
    std::size_t rows,
    std::size_t bytes) {
    Rows out;
    JobBatch batch;
    std::uint64_t line = 0;
    std::size_t room = bytes;
    while (!text.empty() && !out.broken) {
        const bool last = room >= text.size();
        const std::size_t size =
            whole_rows(text.substr(0, room), table.format, {.most_rows = rows, .last = last});
        if (size == 0) {
            room *= 2;
            continue;
        }
        parse_jobs(table, text.substr(0, size), false, batch);
        for (const JobRow& row : batch.rows) {
            out.texts.emplace_back(row.text);
            out.lines.push_back(line + row.line);
        }
        out.bad += batch.bad_rows;
        out.broken = batch.broken;
        line += batch.lines;
        text.remove_prefix(size);
        room = bytes;
    }
    return out;
}

RC_GTEST_PROP(Jobs, WhereAChunkIsCutMakesNoDifference, ()) {
    const JobTable table = parse_job_header("note,energy_kwh\n", JobFormat::csv).value();
    const std::string text = random_text();
    const Rows whole = read_in_chunks(table, text, 1'000'000, text.size() + 1);
    const Rows parts = read_in_chunks(table,
                                      text,
                                      static_cast<std::size_t>(*rc::gen::inRange(1, 5)),
                                      static_cast<std::size_t>(*rc::gen::inRange(1, 40)));
    RC_ASSERT(whole.broken == parts.broken);
    RC_ASSERT(whole.texts == parts.texts);
    RC_ASSERT(whole.lines == parts.lines);
    RC_ASSERT(whole.bad == parts.bad);
}

// What a spreadsheet would write, quotes and all, comes back as it was.
RC_GTEST_PROP(Jobs, AnyCellPassesThrough, ()) {
    const JobTable table = parse_job_header("note,energy_kwh\n", JobFormat::csv).value();
    const std::string note = random_text();
    std::string row = "\"";
    for (const char c : note) {
        if (c == '"') row += '"';
        row += c;
    }
    row += "\",2.5";
    const std::string text = row + "\n";
    JobBatch batch;
    RC_ASSERT(whole_rows(text, JobFormat::csv, {.most_rows = 9, .last = false}) == text.size());
    parse_jobs(table, text, false, batch);
    RC_ASSERT(batch.rows.size() == 1);
    RC_ASSERT(std::string(batch.rows[0].text) == row);
    RC_ASSERT(batch.rows[0].job.energy_kwh == 2.5);
    RC_ASSERT(job_cells(table, batch.rows[0].text).value()[0].text == note);
}

}  // namespace
}  // namespace abate::input
