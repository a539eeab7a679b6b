// Exact fractions as they stand in statements. Inside `scheme` only.
#pragma once

#include "abate/scheme/exact.h"
#include "abate/scheme/period_commands.h"

#include <optional>

namespace abate::scheme {

// In lowest terms. REQUIRES: a denominator above 0.
[[nodiscard]] Fraction to_fraction(const Ratio& ratio);
// None: no decimal digits, too many of them, or a denominator of 0.
[[nodiscard]] std::optional<Ratio> to_ratio(const Fraction& fraction);

}  // namespace abate::scheme
