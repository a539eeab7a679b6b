// A job table through all cores: cut at rows' ends, parsed, reckoned and printed chunk by chunk, written in the order in which it came.
//
//     footprint::BatchBook book(tables, {.region = "FR"});
//     PipelineOutcome outcome = run_pipeline({.name = "jobs.csv"}, book, read, write, nullptr).value();
//     outcome.summary.all.location_kgco2e;
//
// The caller's thread reads and writes; `threads` others do the rest. At most two chunks a thread and one are under way, so a slow reader behind
// `write` holds the whole chain, and memory does not grow with the table. Which thread took which chunk, and where chunks were cut, changes no byte of
// the output and no digit of the sums.
#pragma once

#include "abate/core/result.h"
#include "abate/footprint/footprint.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::cli {

struct PipelineOptions {
    std::string name{};  // of the input, for errors
    input::JobFormat from = input::JobFormat::csv;
    input::JobFormat to = input::JobFormat::csv;
    bool skip_bad = false;        // else the first bad row ends it
    unsigned threads = 1;         // 0: all in the caller's
    std::size_t chunk_bytes = 0;  // 0: fitting
    std::size_t chunk_rows = 0;   // 0: fitting
};

struct PipelineOutcome {
    footprint::BatchSummary summary;
    std::uint64_t skipped_rows = 0;
    std::vector<report::FootprintError> errors;  // of skipped rows, the first few
};

// Fills some of the room and says how much; 0: the end. May throw.
using ReadBytes = std::function<std::size_t(std::span<char>)>;
// May throw.
using WriteBytes = std::function<void(std::string_view)>;
// After each chunk: bytes read, rows done.
struct PipelineProgress {
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
};
using TellProgress = std::function<void(const PipelineProgress&)>;

// Errors: that of the header, of the first bad row, or of a row of more than input::kLongestRow, with "name:line, column" as place.
// What was written by then is no whole table.
[[nodiscard]] Result<PipelineOutcome> run_pipeline(const PipelineOptions& options,
                                                   footprint::BatchBook& book,
                                                   const ReadBytes& read,
                                                   const WriteBytes& write,
                                                   const TellProgress& tell);

}  // namespace abate::cli
