#include "abate/units/energy.h"

#include <algorithm>
#include <cmath>

namespace abate {
namespace {

__extension__ using Uint128 = unsigned __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the run of digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

// The parts of a JSON number: sign, digits before and after the point, power of ten.
struct DecimalParts {
    bool negative = false;
    std::string_view whole;
    std::string_view fraction;
    long exponent = 0;  // clamped to +-100000
};

// RFC 8259 section 6: [ minus ] int [ frac ] [ exp ]. False when `text` is anything else.
bool split_decimal(std::string_view text, DecimalParts& parts) {
    if (text.starts_with('-')) {
        parts.negative = true;
        text.remove_prefix(1);
    }
    parts.whole = take_digits(text);
    if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole[0] == '0')) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        parts.fraction = take_digits(text);
        if (parts.fraction.empty()) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        const bool minus = text.starts_with('-');
        if (minus || text.starts_with('+')) text.remove_prefix(1);
        const std::string_view digits = take_digits(text);
        if (digits.empty()) return false;
        for (const char c : digits)
            parts.exponent = std::min(parts.exponent * 10 + (c - '0'), 100'000L);
        if (minus) parts.exponent = -parts.exponent;
    }
    return text.empty();
}

// Enough of `text` to know it again in an error.
std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 40;
    return "'" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "") + "'";
}

}  // namespace

Microjoules to_microjoules(Energy energy) {
    const double count = std::round(1e6 * energy.in(joules));
    ABATE_REQUIRE(std::isfinite(count) && std::fabs(count) < 1e31);
    return Microjoules(static_cast<Int128>(count));
}

std::string decimal_joules(Microjoules energy) {
    const bool negative = energy.count() < 0;
    const auto wide = static_cast<Uint128>(energy.count());
    const Uint128 count = negative ? 0 - wide : wide;
    Uint128 whole = count / 1'000'000;
    const auto fraction = static_cast<long>(count % 1'000'000);
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

Result<Microjoules> parse_decimal_joules(std::string_view text) {
    DecimalParts parts;
    if (!split_decimal(text, parts)) {
        return Error{ErrorCode::parse_error,
                     quoted(text) + " is not a number of joules",
                     "",
                     "Write it like 1234.5"};
    }
    std::string digits(parts.whole);
    digits += parts.fraction;
    // The last of `digits` stands for 10^scale microjoules.
    long scale = parts.exponent + 6 - static_cast<long>(parts.fraction.size());
    const std::size_t last = digits.find_last_not_of('0');
    if (last == std::string::npos) return Microjoules(0);
    scale += static_cast<long>(digits.size() - last - 1);
    digits.erase(last + 1);
    digits.erase(0, digits.find_first_not_of('0'));
    if (scale < 0) {
        return Error{ErrorCode::parse_error,
                     quoted(text) + " joules is finer than a microjoule",
                     "",
                     "Give at most six decimals"};
    }
    // 10^25 J are 10^31 uJ: 32 digits, well inside 128 bits (1.7e38).
    if (static_cast<long>(digits.size()) + scale > 31) {
        return Error{ErrorCode::out_of_range,
                     quoted(text) + " joules is more than any record can hold",
                     "",
                     "Stay below 1e25 J"};
    }
    digits.append(static_cast<std::size_t>(scale), '0');
    Int128 count = 0;
    for (const char c : digits) count = count * 10 + (c - '0');
    return Microjoules(parts.negative ? -count : count);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): part <= whole is required, which finds a swap
Microjoules share_floor(Microjoules total, std::uint64_t part, std::uint64_t whole) {
    ABATE_REQUIRE(whole > 0 && part <= whole);
    // total = quotient * whole + remainder with 0 <= remainder < whole, so the share is quotient * part, a whole number,
    // and floor(remainder * part / whole), whose product stays below 2^128.
    Int128 quotient = total.count() / whole;
    Int128 remainder = total.count() % whole;
    if (remainder < 0) {
        remainder += whole;
        --quotient;
    }
    const Uint128 tail = static_cast<Uint128>(remainder) * part / whole;
    return Microjoules(quotient * part + static_cast<Int128>(tail));
}

}  // namespace abate
