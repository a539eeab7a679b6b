// One row of comma-separated text at a time.
//
//     CsvWriter csv({"run_id", "energy_j"});
//     csv.text(record.run_id.text());
//     csv.plain(decimal_joules(energy));
//     csv.end_row();
//
// Fields are quoted as in RFC 4180, section 2, rules 5 to 7; lines end in LF, as on every system
// that abate runs on. A text cell that a spreadsheet would take for a formula (it begins with = + -
// @, a tab or a line feed) gets an apostrophe in front; numbers never do, so a negative
// number stays one. Control characters but tabs and line ends become '?'. Inside `report` only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace abate::report {

class CsvWriter {
  public:
    explicit CsvWriter(const std::vector<std::string>& header);

    // What people or other programs wrote.
    void text(std::string_view value);
    // Numbers and words of ours. REQUIRES: no comma, quote or line break.
    void plain(std::string_view value);
    // Shortest text that reads back; empty for NaN and infinity.
    void number(double value);
    void empty() { plain(""); }
    // REQUIRES: as many cells as the header.
    void end_row();

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    std::string out_;
    std::size_t columns_;
    std::size_t at_ = 0;
};

}  // namespace abate::report
