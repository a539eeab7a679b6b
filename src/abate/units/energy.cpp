#include "abate/units/energy.h"

#include <algorithm>
#include <cmath>

namespace abate {

Microjoules to_microjoules(Energy energy) {
    const double count = std::round(energy.in(joules)*1e6);
    ABATE_REQUIRE(std::isfinite(count) && std::fabs(count) < 1e31);
    return Microjoules(static_cast<Int128>(count));
}

std::string decimal_joules(Microjoules energy) {
    Int128 count = energy.count();
    const bool negative = count < 0;
    if (negative) count = -count;
    Int128 whole = count / 1'000'000;
    auto fraction = static_cast<long>(count % 1'000'000);
    std::string text;
    do {
        text += static_cast<char>('0' + static_cast<int>(whole % 10));
        whole /= 10;
    } while (whole > 0);
    if (negative) text += '-';
    std::reverse(text.begin(), text.end());
    if (fraction != 0) {
        std::string digits = std::to_string(1'000'000 + fraction).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text;
}

Microjoules share_floor(Microjoules total, std::uint64_t part, std::uint64_t whole) {
    ABATE_REQUIRE(whole > 0 && part <= whole);
    const Int128 wide_whole = whole;
    const Int128 quotient = total.count() / wide_whole;
    const Int128 remainder = total.count() % wide_whole;
    Int128 product = remainder * static_cast<Int128>(part);
    Int128 tail = product / wide_whole;
    if (product % wide_whole < 0) --tail;
    return Microjoules(quotient * static_cast<Int128>(part) + tail);
}

}  // namespace abate
