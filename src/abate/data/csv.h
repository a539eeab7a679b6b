// RFC 4180 CSV with a header row, for tables and overrides. `input` reads people's CSV with the
// same reader.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// RFC 4180 CSV with a header row. Errors: parse_error with line:column (bad quote, wrong field
// count).
struct CsvTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> lines;  // line number of each row
};
[[nodiscard]] Result<CsvTable> parse_csv(std::string_view text, std::string_view file_name);

}  // namespace abate::data
