// A file that people or abate wrote, read whole and within bounds.
//
//     const Result<std::string> text = read_regular_file("abate-overrides.csv");
//     if (!text && text.error().code == ErrorCode::not_found) ...
//
// Never waits for a pipe and never reads a device to its end.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <string>

namespace abate {

// What people write by hand stays below.
inline constexpr std::size_t kMostTextBytes = std::size_t{16} << 20;

// Errors, with the path as their place: not_found, permission_denied, io_error, invalid_argument (no regular file), out_of_range (larger than `most_bytes`).
[[nodiscard]] Result<std::string> read_regular_file(const std::string& path,
                                                    std::size_t most_bytes = kMostTextBytes);

}  // namespace abate
