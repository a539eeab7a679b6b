#include "abate/units/units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace abate {
namespace {

// Any energy below 10^31 uJ, what a record may hold, small ones often.
rc::Gen<Microjoules> any_energy() {
    return rc::gen::map(
        rc::gen::tuple(rc::gen::arbitrary<std::int64_t>(),
                       rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)),
        [](const std::tuple<std::int64_t, std::int64_t>& parts) {
            return Microjoules(static_cast<Int128>(std::get<0>(parts)) * std::get<1>(parts));
        });
}

RC_GTEST_PROP(DecimalJoules, WhatIsWrittenIsReadBack, ()) {
    const Microjoules energy = *any_energy();
    const Result<Microjoules> back = parse_decimal_joules(decimal_joules(energy));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == energy);
}

RC_GTEST_PROP(DecimalJoules, AnyTextIsAnEnergyOrARefusal, ()) {
    const std::string text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0019.-+eE x")));
    const Result<Microjoules> energy = parse_decimal_joules(text);
    if (energy) {
        // What was believed is what strtod reads, too.
        const double joules_read = std::stod(text);
        RC_ASSERT(std::abs(energy->energy().in(joules)-joules_read) <=
                  1e-9 * std::abs(joules_read));
    } else {
        RC_ASSERT(energy.error().code == ErrorCode::parse_error ||
                  energy.error().code == ErrorCode::out_of_range);
    }
}

// The defining inequality, by multiplication instead of division: share * whole <= total * part < (share + 1) * whole.
// Kept inside 128 bits by |total| < 2^63 and whole < 2^63.
RC_GTEST_PROP(ShareFloor, IsTheFloor, ()) {
    const Int128 total = *rc::gen::inRange<std::int64_t>(INT64_MIN + 1, INT64_MAX);
    const auto whole = *rc::gen::inRange<std::uint64_t>(1, INT64_MAX);
    const auto part = *rc::gen::inRange<std::uint64_t>(0, whole + 1);
    const Int128 share = share_floor(Microjoules(total), part, whole).count();
    const Int128 product = total * part;
    RC_ASSERT(share * whole <= product);
    RC_ASSERT(product - share * whole < static_cast<Int128>(whole));
}

RC_GTEST_PROP(ShareFloor, SplitsLoseLessThanOneMicrojouleAPart, ()) {
    const Microjoules total = *any_energy();
    const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(
        rc::gen::inRange<std::uint64_t>(0, 1'000'000'000)));
    const std::uint64_t whole = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    RC_PRE(whole > 0);
    Microjoules given;
    for (const std::uint64_t weight : weights) given += share_floor(total, weight, whole);
    const Microjoules lost = total - given;
    RC_ASSERT(lost >= Microjoules(0));
    RC_ASSERT(lost < Microjoules(static_cast<Int128>(weights.size())));
}

rc::Gen<Ranged> any_range() {
    return rc::gen::map(
        rc::gen::tuple(
            rc::gen::inRange(0, 1'000'000), rc::gen::inRange(0, 1000), rc::gen::inRange(0, 1000)),
        [](const std::tuple<int, int, int>& parts) {
            const double value = std::get<0>(parts);
            return Ranged{.value = value,
                          .low = std::max(0.0, value - std::get<1>(parts)),
                          .high = value + std::get<2>(parts)};
        });
}

RC_GTEST_PROP(RangeSum, HoldsItsValueAndIsNoWiderThanTheLinearSum, ()) {
    const auto terms = *rc::gen::container<std::vector<Ranged>>(any_range());
    RangeSum sum;
    double low = 0;
    double high = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        sum.add(terms[i], std::to_string(i % 3));
        low += terms[i].low;
        high += terms[i].high;
    }
    const Ranged total = sum.total();
    const double slack = 1e-9 * (1 + high);
    RC_ASSERT(total.low <= total.value && total.value <= total.high);
    RC_ASSERT(total.low >= low - slack);
    RC_ASSERT(total.high <= high + slack);
}

RC_GTEST_PROP(Multiply, StaysWithinTheCornersAndCommutes, ()) {
    const Ranged a = *any_range();
    const Ranged b = *any_range();
    const Ranged product = multiply(a, b);
    const double slack = 1e-9 * (1 + a.high * b.high);
    RC_ASSERT(product.low >= a.low * b.low - slack);
    RC_ASSERT(product.high <= a.high * b.high + slack);
    RC_ASSERT(product.low <= product.value && product.value <= product.high);
    const Ranged swapped = multiply(b, a);
    RC_ASSERT(std::abs(swapped.low - product.low) <= slack);
    RC_ASSERT(std::abs(swapped.high - product.high) <= slack);
}

}  // namespace
}  // namespace abate
