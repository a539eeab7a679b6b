#include "abate/scheme/tax.h"

#include "abate/scheme/rules.h"

#include <algorithm>
#include <array>

namespace abate::scheme {
namespace {

constexpr std::array<std::string_view, 9> kTaxCategories = {
    "S", "Z", "E", "AE", "K", "G", "O", "L", "M"};
constexpr std::int64_t kWholeMicro = 1'000'000;  // of a currency
constexpr std::int64_t kHundredthMicro = 10'000;

}  // namespace

bool is_tax_category(std::string_view code) {
    return std::find(kTaxCategories.begin(), kTaxCategories.end(), code) != kTaxCategories.end();
}

bool has_tax_rate(std::string_view code) { return code == "S" || code == "L" || code == "M"; }

RoundedTax tax_of(const Taxable& sale) {
    const Int128 exact = Int128{sale.consideration_micro} * sale.rate_ppm;  // x a million
    const auto rounded = [&](std::int64_t step) {
        const Int128 steps = (exact * 2 + Int128{step} * kMillion) / (Int128{step} * kMillion * 2);
        return steps * step;
    };
    return {.to_hundredths = rounded(kHundredthMicro), .to_whole = rounded(kWholeMicro)};
}

bool is_tax_of(const StatedTax& stated) {
    const RoundedTax right =
        tax_of({.consideration_micro = stated.consideration_micro, .rate_ppm = stated.rate_ppm});
    return stated.tax_micro == right.to_hundredths || stated.tax_micro == right.to_whole;
}

}  // namespace abate::scheme
