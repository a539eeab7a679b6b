// "Did you mean": the known names nearest to a wrong one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace abate {

// The names nearest to `wanted` (edit distance, prefix, word overlap), best first, at most `count`.
[[nodiscard]] std::vector<std::string> nearest(std::string_view wanted,
                                               const std::vector<std::string>& names,
                                               std::size_t count = 3);

}  // namespace abate
