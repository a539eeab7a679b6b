// What the importers of hourly intensities share: times, numbers, and rows of any step folded into whole UTC hours.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/data/data.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::input {

// A CSV file with the places of its cells.
class CsvFile {
  public:
    // Lines that begin with '#' before the header are passed over. Errors: parse_error (a name twice, too).
    static Result<CsvFile> read(std::string_view text, std::string_view file_name);

    [[nodiscard]] std::size_t rows() const { return view_.rows(); }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere
    [[nodiscard]] std::string_view at(std::size_t row, std::size_t column) const {
        return view_.at(row, column);
    }
    [[nodiscard]] const std::vector<std::string_view>& header() const { return view_.header; }
    // By its name without case, and with runs of blanks as one.
    [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
    [[nodiscard]] std::size_t line(std::size_t row) const { return view_.lines[row]; }
    // "file:line:column" of a cell.
    [[nodiscard]] std::string where(std::size_t row, std::size_t column) const;
    [[nodiscard]] std::string where_header() const {
        return file_name_ + ":" + std::to_string(header_line_);
    }
    [[nodiscard]] const std::string& file_name() const { return file_name_; }
    // "# key: value" lines before the header; empty where there is none.
    [[nodiscard]] std::string remark(std::string_view key) const;

  private:
    std::shared_ptr<const std::string>
        text_;  // the cells are views into it, wherever this object moves
    std::string file_name_;
    std::size_t header_line_ = 1;
    std::vector<std::pair<std::string, std::string>> remarks_;
    data::CsvView view_;
};

// Lower case, runs of blanks as one, none at the ends.
[[nodiscard]] std::string plain_name(std::string_view text);

// "2024-01-01T00:00:00Z", "2024-01-01 00:00", "2024-01-01T01:00+01:00". Without an offset: UTC if `utc`, else refused.
// Errors: parse_error, without a place.
[[nodiscard]] Result<Timestamp> parse_instant(std::string_view text, bool utc);

// A number as these files have it. A comma or a blank only parts thousands, "1,234.5": one to three digits, then groups of three, so that a decimal comma
// ("25,4") is never read as one. Absent: no number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

// One row of a file.
struct IntensitySample {
    Timestamp start;
    data::HourValue value;
    std::string where;
    std::int64_t length_us = 0;  // 0: the least distance between two rows
};

// How far behind the UTC hour hourly rows begin, in minutes; 0 for rows that begin with it, and for finer ones that do.
[[nodiscard]] std::int64_t minutes_past_the_hour(const std::vector<IntensitySample>& samples);

// Folds rows into whole UTC hours, weighted by time; sorts them. An hour that rows do not wholly cover is a gap.
// Errors: parse_error (an instant twice, rows that overlap or lie more than an hour apart, no whole hour at all), out_of_range.
[[nodiscard]] Result<data::HourlyValues> fold_into_hours(std::vector<IntensitySample> samples,
                                                         const std::string& file_name);

}  // namespace abate::input
