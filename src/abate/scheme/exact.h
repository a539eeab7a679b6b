// Whole numbers of any size and exact fractions: what the scheme reckons in between integer inputs and integer results.
//
//     Big product = Big(output_gflop) * benchmark_aj * clean_ppm;      // 1e39 and more: past 128 bits
//     Result<std::int64_t> count = to_int64(floor_div(product, unit), "the allocation");
//
// Nothing here rounds without saying so, wraps, or knows floating point.
#pragma once

#include "abate/core/result.h"
#include "abate/units/energy.h"

#include <boost/multiprecision/cpp_int.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Signed, without a limit. Expression templates are off, so that `auto` holds a number.
using Big = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>,
                                          boost::multiprecision::et_off>;

inline constexpr std::int64_t kPpm = 1'000'000;  // one, in parts per million

// An exact fraction; the denominator is above 0. Not reduced: compare with same_value().
struct Ratio {
    Big numerator = 0;
    Big denominator = 1;
};

[[nodiscard]] bool same_value(const Ratio& lhs, const Ratio& rhs);

struct Division {
    Big dividend = {};
    Big divisor = {};
};

// The largest whole number that is not above dividend / divisor; the least that is not below.
// REQUIRES: divisor > 0.
[[nodiscard]] Big floor_div(const Division& division);
[[nodiscard]] Big ceil_div(const Division& division);

// floor(value * part_ppm / 1e6).
[[nodiscard]] Big share_of(const Big& value, std::uint32_t part_ppm);

// Largest remainder: each weight's exact share is weight x scale; shares are rounded so that they are `total` together. What the floors leave
// goes, one each, to the largest remainders, the first where they are equal.
// REQUIRES: total is not below the sum of the floors, and above it by no more than there are weights.
struct Apportioned {
    std::int64_t floor = 0;
    std::int64_t whole = 0;  // the floor, or one more
};
[[nodiscard]] std::vector<Apportioned> apportion(std::span<const Big> weights,
                                                 const Ratio& scale,
                                                 std::int64_t total);

[[nodiscard]] Big to_big(Int128 value);
[[nodiscard]] Big to_big(Microjoules energy);

// Errors: out_of_range, naming `what`, when it does not fit the type.
[[nodiscard]] Result<std::int64_t> to_int64(const Big& value, std::string_view what);
[[nodiscard]] Result<std::uint64_t> to_uint64(const Big& value, std::string_view what);
[[nodiscard]] Result<Microjoules> to_microjoules(const Big& value, std::string_view what);

// Decimal digits, with a minus where it is below 0.
[[nodiscard]] std::string to_string(const Big& value);

}  // namespace abate::scheme
