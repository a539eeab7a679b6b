// Any bytes as CSV: no crash, and what is read is written and read back alike.
#include "abate/core/assert.h"
#include "abate/data/csv.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto table = abate::data::parse_csv(text, "fuzz.csv");
    if (!table) {
        ABATE_ASSERT(table.error().where.rfind("fuzz.csv:", 0) == 0);
        return 0;
    }
    std::string written = abate::data::csv_line(table->header);
    for (const auto& row : table->rows) written += abate::data::csv_line(row);
    const auto again = abate::data::parse_csv(written, "again.csv");
    ABATE_ASSERT(again.has_value());
    ABATE_ASSERT(again->header == table->header);
    ABATE_ASSERT(again->rows == table->rows);
    return 0;
}
