// The tax that the parties of a sale state: a category of UNCL5305, as EN 16931 uses it, a rate and an amount.
//
//     is_tax_category("AE");      // the reverse charge that the EU lays on allowances
//     is_tax_of({.consideration_micro = 25'000'000, .rate_ppm = 190'000, .tax_micro = 4'750'000});      // 19 % of 25.00 are 4.75
#pragma once

#include "abate/units/energy.h"

#include <cstdint>
#include <string_view>

namespace abate::scheme {

// One of the codes of EN 16931: S, Z, E, AE, K, G, O, L or M.
[[nodiscard]] bool is_tax_category(std::string_view code);
// May it come with a rate: S, L and M. With the others there is no tax to state.
[[nodiscard]] bool has_tax_rate(std::string_view code);
// consideration x rate, rounded half up to a hundredth, and to a whole: some currencies have no hundredths, and which is not asked.
// REQUIRES: a rate of 0 to 1,000,000.
struct Taxable {
    std::int64_t consideration_micro = 0;
    std::int64_t rate_ppm = 0;
};
struct RoundedTax {
    Int128 to_hundredths = 0;  // micro-units, as the consideration
    Int128 to_whole = 0;
};
[[nodiscard]] RoundedTax tax_of(const Taxable& sale);
// Is the amount one of these two.
struct StatedTax {
    std::int64_t consideration_micro = 0;
    std::int64_t rate_ppm = 0;
    std::int64_t tax_micro = 0;
};
[[nodiscard]] bool is_tax_of(const StatedTax& stated);

}  // namespace abate::scheme
