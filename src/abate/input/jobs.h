// Job tables as people and schedulers write them, CSV (RFC 4180) or JSON lines, one chunk at a time.
//
//     const JobTable table = parse_job_header("job_id,energy_kwh,region\n", JobFormat::csv).value();
//     const std::size_t whole = whole_rows(text, JobFormat::csv, {.most_rows = 4096, .last = false}).value();
//     JobBatch batch;                                  // its memory is used again
//     parse_jobs(table, text.substr(0, whole), true, batch);
//     batch.rows[0].job.energy_kwh;
//
// A row keeps its own text, so that it can be passed on unchanged. Columns that footprints need are known by name, units included; others
// are left alone. Where a chunk is cut makes no difference to any row. Nothing here is kept between calls; safe from several threads
// with a JobBatch each.
#pragma once

#include "abate/core/result.h"
#include "abate/footprint/footprint.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

enum class JobFormat { csv, json_lines };
// "csv", "jsonl", "ndjson".
[[nodiscard]] std::optional<JobFormat> parse_job_format(std::string_view name);
// By the extension .csv, .jsonl or .ndjson.
[[nodiscard]] std::optional<JobFormat> job_format_of(std::string_view path);

enum class JobColumn : std::uint8_t {
    other,  // passes through
    energy_kwh,
    boundary,
    chip,
    chips,
    hours,
    power_w,
    region,
    pue,
    phase,
    tokens,
    params_active,
    market_gco2e_per_kwh,
};

// The columns of a CSV; for JSON lines the keys of the first row, which later rows need not repeat.
struct JobTable {
    JobFormat format = JobFormat::csv;
    std::vector<std::string> names;
    std::vector<JobColumn> columns;  // as many
};

// A longer row is refused: it is a quote that nobody closed.
inline constexpr std::size_t kLongestRow = std::size_t{1} << 20;

// CSV: from the header row. JSON lines: from the first row. `text` may go on after it. Errors: invalid_argument (no column that states energy, chip without
// hours, a known column twice, without its unit or in other letters, one that footprints are written to), parse_error (not text, no header).
[[nodiscard]] Result<JobTable> parse_job_header(std::string_view text, JobFormat format);
// Bytes of the header row in CSV, its end and a byte order mark included; 0 for JSON lines, save for the mark.
[[nodiscard]] std::size_t header_size(std::string_view text, JobFormat format);

// Bytes of the longest prefix of `text` that ends with a row's end: at most `most_rows` rows; with `last` all of a text that does not end in a
// line feed. 0: not even one row is complete. REQUIRES: `text` begins where a row does.
struct Cut {
    std::size_t most_rows = 4096;
    bool last = false;
};
[[nodiscard]] std::size_t whole_rows(std::string_view text, JobFormat format, const Cut& cut);

struct JobRow {
    std::string_view text;  // without its line end
    bool crlf = false;
    std::uint32_t line = 0;  // 0: the chunk's first line
    footprint::Job job;
};

// A row that cannot be meant. `error.where` is the column, or empty.
struct BadJob {
    std::uint32_t line = 0;
    Error error;
};

struct JobBatch {
    std::vector<JobRow> rows;
    std::vector<BadJob> bad;   // the first kFirstBad, in order
    std::size_t bad_rows = 0;  // all
    bool broken =
        false;  // after the last of `bad` no row can be told from the next (an open quote)
    std::uint32_t lines = 0;  // of the chunk
    std::deque<std::string>
        kept;  // what views point to where a quote or an escape had to be undone
};
inline constexpr std::size_t kFirstBad = 16;

// All rows of a chunk that whole_rows cut; empty lines are passed over. Views point into `chunk` and `out.kept`. With `stop` the first
// bad row ends it.
void parse_jobs(const JobTable& table, std::string_view chunk, bool stop, JobBatch& out);

// The cells of one good row, in the order of table.names, as CSV has them without quotes; JSON strings without escapes, null as empty, lists and objects as they are. For
// writing a row in the other format. Errors: invalid_argument (a JSON key that the first row does not have).
struct JobCell {
    std::string text;
    bool number = false;  // as JSON writes it, in a column of numbers (CSV) or as such (JSON)
    bool raw = false;     // other JSON than a string: true, {"a":1}
};
[[nodiscard]] Result<std::vector<JobCell>> job_cells(const JobTable& table, std::string_view row);

}  // namespace abate::input
