// A number of a TOML file as a double.
#pragma once

#include <toml++/toml.h>

#include <optional>

namespace abate::input {

// A whole number beyond 2^53 becomes the nearest double: `node.value<double>()` has nothing for those that no double holds exactly. Absent: no number.
[[nodiscard]] inline std::optional<double> toml_number(const toml::node& node) {
    if (const auto* whole = node.as_integer()) return static_cast<double>(whole->get());
    if (const auto* decimal = node.as_floating_point()) return decimal->get();
    return std::nullopt;
}

}  // namespace abate::input
