#include "abate/scheme/exact.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace abate::scheme {
namespace {

Error too_large(const Big& value, std::string_view what) {
    return {.code = ErrorCode::out_of_range,
            .what = fmt::format("{} does not fit: {}", what, to_string(value)),
            .where = {},
            .hint = {}};
}

}  // namespace

bool same_value(const Ratio& lhs, const Ratio& rhs) {
    return lhs.numerator * rhs.denominator == rhs.numerator * lhs.denominator;
}

Big floor_div(const Division& division) {
    ABATE_REQUIRE(division.divisor > 0);
    Big quotient = division.dividend / division.divisor;  // towards zero
    if (division.dividend < 0 && quotient * division.divisor != division.dividend) --quotient;
    return quotient;
}

Big ceil_div(const Division& division) {
    return -floor_div({.dividend = -division.dividend, .divisor = division.divisor});
}

Big share_of(const Big& value, std::uint32_t part_ppm) {
    return floor_div({.dividend = value * part_ppm, .divisor = kPpm});
}

std::vector<Apportioned> apportion(std::span<const Big> weights,
                                   const Ratio& scale,
                                   std::int64_t total) {
    std::vector<Apportioned> out(weights.size());
    std::vector<Big> remainders(weights.size());
    std::int64_t left = total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Big exact = weights[i] * scale.numerator;
        const Big whole = exact / scale.denominator;
        remainders[i] = exact - whole * scale.denominator;
        // No larger than `total`, which fits.
        out[i].floor = whole.convert_to<std::int64_t>();
        out[i].whole = out[i].floor;
        left -= out[i].floor;
    }
    ABATE_ASSERT(left >= 0 && static_cast<std::size_t>(left) <= weights.size());
    std::vector<std::size_t> order(weights.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return remainders[a] > remainders[b];
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) ++out[order[i]].whole;
    return out;
}

Big to_big(Int128 value) {
    const bool negative = value < 0;
    __extension__ using Uint128 = unsigned __int128;
    const Uint128 size = negative ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
    Big out = static_cast<std::uint64_t>(size >> 64);
    out <<= 64;
    out += static_cast<std::uint64_t>(size);
    return negative ? Big(-out) : out;
}

Big to_big(Microjoules energy) { return to_big(energy.count()); }

Result<std::int64_t> to_int64(const Big& value, std::string_view what) {
    if (value < std::numeric_limits<std::int64_t>::min() ||
        value > std::numeric_limits<std::int64_t>::max())
        return too_large(value, what);
    return value.convert_to<std::int64_t>();
}

Result<std::uint64_t> to_uint64(const Big& value, std::string_view what) {
    if (value < 0 || value > std::numeric_limits<std::uint64_t>::max())
        return too_large(value, what);
    return value.convert_to<std::uint64_t>();
}

Result<Microjoules> to_microjoules(const Big& value, std::string_view what) {
    const Big size = value < 0 ? Big(-value) : value;
    if (size >= Big(1) << 126) return too_large(value, what);
    const auto high = static_cast<Int128>(Big(size >> 64).convert_to<std::uint64_t>());
    const auto low =
        Big(size & std::numeric_limits<std::uint64_t>::max()).convert_to<std::uint64_t>();
    const Int128 count = (high << 64) | static_cast<Int128>(low);
    return Microjoules(value < 0 ? -count : count);
}

std::string to_string(const Big& value) { return value.str(); }

}  // namespace abate::scheme
