#include "abate/core/core.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace abate {
namespace {

// A microsecond of the years 0000 to 9999 (their edges are hand sums in core_test.cpp).
rc::Gen<std::int64_t> any_microsecond() {
    return rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'800'000'000);
}

RC_GTEST_PROP(Rfc3339, WhatIsWrittenIsReadBack, ()) {
    const Timestamp time{*any_microsecond()};
    const Result<Timestamp> back = parse_rfc3339(to_rfc3339(time));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == time);
}

RC_GTEST_PROP(Rfc3339, SortsAsTextWithinWholeSeconds, ()) {
    const std::int64_t a = *any_microsecond() / 1'000'000 * 1'000'000;
    const std::int64_t b = *any_microsecond() / 1'000'000 * 1'000'000;
    RC_ASSERT((to_rfc3339({a}) < to_rfc3339({b})) == (a < b));
}

RC_GTEST_PROP(Rfc3339, AnyTextIsATimeOrARefusalAndNeverACrash, ()) {
    std::string text = to_rfc3339({*any_microsecond()});
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    text[at] = *rc::gen::arbitrary<char>();
    const Result<Timestamp> time = parse_rfc3339(text);
    if (!time) RC_ASSERT(time.error().code == ErrorCode::parse_error);
}

RC_GTEST_PROP(Random, TheSameSeedGivesTheSameNumbers, (std::uint64_t seed)) {
    Random a(seed);
    Random b(seed);
    for (int i = 0; i < 10; ++i) RC_ASSERT(a.next() == b.next());
}

RC_GTEST_PROP(Random, BelowIsBelow, (std::uint64_t seed)) {
    const auto bound = *rc::gen::suchThat<std::uint64_t>([](std::uint64_t n) { return n > 0; });
    Random random(seed);
    for (int i = 0; i < 10; ++i) RC_ASSERT(random.below(bound) < bound);
}

RC_GTEST_PROP(Nearest, AKnownNameIsItsOwnNearest, ()) {
    const auto names = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'f')))));
    const std::string wanted = names.front().substr(0, 64);
    const std::vector<std::string> found = nearest(wanted, names);
    RC_ASSERT(!found.empty());
}

}  // namespace
}  // namespace abate
