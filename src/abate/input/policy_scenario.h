// A scenario of the policy lab as a TOML file (docs/reference/policy.md).
//
//     Result<policy::Scenario> scenario = parse_policy_scenario(text, "five-firms.toml");
#pragma once

#include "abate/core/result.h"

#include <string_view>

namespace abate::policy {
struct Scenario;
}

namespace abate::input {

// Numbers are finite; what must be above 0 is; floor <= tiers, rising <= ceiling and penalty; endowments add up to no more than the supply;
// an amount of energy is said in joules or in kilowatt-hours, not both. Errors: parse_error and out_of_range with file:line:column; unknown keys
// with the nearest known one.
[[nodiscard]] Result<policy::Scenario> parse_policy_scenario(std::string_view text,
                                                             std::string_view file);

}  // namespace abate::input
