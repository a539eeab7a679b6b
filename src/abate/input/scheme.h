// scheme.toml: the rules of a scheme, every one of them written out.
//
//     const Result<scheme::Rules> rules = parse_scheme(text, "scheme.toml");
//
// Keys are those of scheme::Rules::fields. None may be missing but those of kMayMiss: what a regulation does not say must not be decided by a default.
#pragma once

#include "abate/core/result.h"
#include "abate/scheme/scheme.h"

#include <string_view>

namespace abate::input {

// Errors: parse_error (file:line:column; unknown keys with the nearest known one), out_of_range.
[[nodiscard]] Result<scheme::Rules> parse_scheme(std::string_view text, std::string_view file);

}  // namespace abate::input
