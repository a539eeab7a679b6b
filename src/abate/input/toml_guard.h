// A limit that the TOML library does not keep: each dot of a key is a table inside a table, and tens of thousands of them
// exhaust the stack when they are taken down again.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace abate::input {

// Errors: parse_error with file:line where a line has more than 200 dots before its '='.
[[nodiscard]] inline Result<void> check_toml_depth(std::string_view text, std::string_view file) {
    std::size_t dots = 0;
    std::size_t line = 1;
    bool in_key = true;
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            dots = 0;
            in_key = true;
        } else if (c == '=') {
            in_key = false;
        } else if (in_key && c == '.' && ++dots > 200) {
            return Error{ErrorCode::parse_error,
                         "a key has more than 200 parts",
                         std::string(file) + ":" + std::to_string(line),
                         "Keys here have at most two parts"};
        }
    }
    return {};
}

}  // namespace abate::input
