// Names and references that people compare by eye.
#pragma once

#include <string>
#include <string_view>

namespace abate::scheme {

// What looks alike must be alike: UTF-8 on one line, no space at either end, no character that cannot be seen or that turns the line
// round. REQUIRES: not empty.
[[nodiscard]] bool is_plain_name(std::string_view text);

// By which references of a bank are compared: case does not count, nor how many spaces stand between two words.
[[nodiscard]] std::string folded_reference(std::string_view text);

}  // namespace abate::scheme
