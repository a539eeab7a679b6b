// RFC 4180 CSV with a header row, for tables and overrides. `input` reads people's CSV with the
// same reader.
//
//     const CsvTable table = parse_csv("key,value\nFR,40\n", "mine.csv").value();
//     table.rows[0][1];                            // "40", read on line table.lines[0] == 2
//     csv_line({"a,b", "say \"hi\""});             // "a,b","say ""hi"""  and a line feed
//
// Lines end in LF or CR LF; a byte order mark and empty lines are passed over; the last line may
// lack its end. Every row has as many fields as the header. What csv_line writes, parse_csv reads
// back unchanged.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// RFC 4180 CSV with a header row. Errors: parse_error with line:column (bad quote, wrong field
// count); out_of_range for a text of 4 GiB or more.
struct CsvTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> lines;  // line number of each row
};
[[nodiscard]] Result<CsvTable> parse_csv(std::string_view text, std::string_view file_name);

// The same without a copy of the text: cells are views into `text`, which must outlive it, or into
// strings of its own where a doubled quote had to be undone. Eight bytes a cell. Movable (a deque keeps its strings in place).
class CsvView {
  public:
    std::vector<std::string_view> header;
    std::vector<std::uint32_t> lines;  // line number of each row

    CsvView() = default;
    CsvView(CsvView&&) = default;
    CsvView& operator=(CsvView&&) = default;
    CsvView(const CsvView&) = delete;
    CsvView& operator=(const CsvView&) = delete;

    [[nodiscard]] std::size_t rows() const { return lines.size(); }
    // REQUIRES: row < rows(), column < header.size().
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere in data
    [[nodiscard]] std::string_view at(std::size_t row, std::size_t column) const {
        return view_of(cells_[row * header.size() + column]);
    }
    [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;

  private:
    friend class CsvScanner;

    // A stretch of the text; or, where `length` is kUnescaped, the unescaped string of that index.
    struct Stretch {
        std::uint32_t begin = 0;
        std::uint32_t length = 0;
    };
    static constexpr std::uint32_t kUnescaped = 0xFFFF'FFFF;

    [[nodiscard]] std::string_view view_of(Stretch cell) const {
        if (cell.length == kUnescaped) return unescaped_[cell.begin];
        return {text_ + cell.begin, cell.length};
    }

    const char* text_ = nullptr;
    std::vector<Stretch> cells_;  // rows() x header.size(), row by row
    std::deque<std::string> unescaped_;
};
// Errors: as parse_csv. Cost: about one pass over the text.
[[nodiscard]] Result<CsvView> scan_csv(std::string_view text, std::string_view file_name);

// One line of CSV, quoted where it must be, ended by a line feed.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

}  // namespace abate::data
