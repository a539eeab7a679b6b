// Footprints of job tables: each row as it came with the figures behind it, and the sums of them all.
//
//     std::string out;
//     append_csv_header(out, "job_id,energy_kwh");
//     append_csv(out, "a,12", {.figures = figures, .quality = Quality::declared});   // a,12,12,18.72,...,declared
//
// Numbers are the shortest text that reads back, as everywhere; what is not known is an empty cell, or null. Fast: a row takes one check of the
// buffer's room and no other allocation.
#pragma once

#include "abate/footprint/footprint.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::report {

// The columns behind a row's own, in order.
inline constexpr std::array<std::string_view, 10> kFootprintColumns{"node_energy_kwh",
                                                                    "facility_energy_kwh",
                                                                    "location_kgco2e",
                                                                    "location_low_kgco2e",
                                                                    "location_high_kgco2e",
                                                                    "market_kgco2e",
                                                                    "water_l",
                                                                    "embodied_kgco2e",
                                                                    "total_kgco2e",
                                                                    "quality"};

struct FootprintRow {
    const footprint::BatchFigures& figures;
    Quality quality;
    bool crlf = false;  // the row's own line end
};

// `header` and `row` as they stand in the table, without line end.
void append_csv_header(std::string& out, std::string_view header, bool crlf);
void append_csv(std::string& out, std::string_view row, const FootprintRow& footprint);
// `object` is a JSON object, kept byte by byte up to its closing bracket.
void append_json(std::string& out, std::string_view object, const FootprintRow& footprint);

// One cell of a row that changes its format.
struct JobCell {
    std::string_view name{};
    std::string_view text{};
    bool number = false;  // text is a number of JSON
    bool raw = false;     // text is other JSON than a string
};
void append_csv_header(std::string& out, std::span<const std::string> names);
void append_csv(std::string& out, std::span<const JobCell> cells, const FootprintRow& footprint);
void append_json(std::string& out, std::span<const JobCell> cells, const FootprintRow& footprint);

// What `abate footprint --json` prints, in one line.
struct FootprintError {
    std::uint64_t line = 0;
    Error error;
};
struct FootprintReport {
    footprint::BatchSummary summary{};
    std::uint64_t skipped_rows = 0;
    std::vector<FootprintError> errors{};  // the first of them
    std::string output{};                  // empty: no table was written
};
[[nodiscard]] std::string footprint_report_json(const FootprintReport& report);
// The same in some lines for people.
[[nodiscard]] std::string footprint_report_text(const FootprintReport& report);

}  // namespace abate::report
