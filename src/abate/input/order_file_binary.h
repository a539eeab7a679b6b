// Files of orders as bytes (docs/reference/market.md): what a CSV file says, and checked.
//
//     if (is_binary_order_file(bytes)) Result<OrderFile> file = parse_binary_order_file(bytes, "day.orders");
//     Result<std::string> bytes = to_binary(file);
//     std::string csv = to_csv(file);
//
// A header (mark, version, how many books and operations, the books' names, a checksum), then 64 bytes an operation, each with a checksum of
// its own; little endian. What a CSV file says comes back the same from the other form, but for `seq`, which is the place in the file, from
// 1 on; and what was read from bytes is written as the same bytes.
#pragma once

#include "abate/core/result.h"
#include "abate/input/order_file.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace abate::input {

inline constexpr std::string_view kOrderFileMark = "abOF";
inline constexpr std::size_t kOrderRecordBytes = 64;

// It begins with the mark, which no CSV of orders does: its header would name a column that there is not.
[[nodiscard]] bool is_binary_order_file(std::string_view bytes);
// Errors: parse_error, corrupt (a checksum, or less or more than it should be) and version_mismatch, with file:operation or file and byte.
[[nodiscard]] Result<OrderFile> parse_binary_order_file(std::string_view text,
                                                        std::string_view file);
// The form is that of its first bytes.
[[nodiscard]] Result<OrderFile> parse_any_order_file(std::string_view text, std::string_view file);

// Errors: out_of_range, a book's name beyond 255 bytes.
[[nodiscard]] Result<std::string> to_binary(const OrderFile& file);
// All columns; names of books with a comma, quote or line end are quoted.
[[nodiscard]] std::string to_csv(const OrderFile& file);

}  // namespace abate::input
