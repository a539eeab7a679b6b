#include "abate/core/core.h"

#include <gtest/gtest.h>

namespace abate {
namespace {

TEST(Result, CarriesAValueOrTheReasonWhyThereIsNone) {
    const Result<int> good = 7;
    EXPECT_EQ(*good, 7);
    const Result<int> bad =
        Error{ErrorCode::not_found, "no region 'XX'", "--region", "Did you mean 'DE'?"};
    ASSERT_FALSE(bad);
    EXPECT_EQ(to_string(bad.error()), "no region 'XX' (--region). Did you mean 'DE'?");
}

TEST(Timestamp, PrintsAndReadsRfc3339) {
    // 2000-03-01T00:00:00Z is 951868800 s after the epoch (POSIX, days_from_civil).
    EXPECT_EQ(to_rfc3339({951868800LL * 1'000'000}), "2000-03-01T00:00:00Z");
    EXPECT_EQ(parse_rfc3339("2000-03-01T01:00:00.25+01:00")->us, 951868800LL * 1'000'000 + 250'000);
    EXPECT_FALSE(parse_rfc3339("2000-02-30T00:00:00Z"));
}

}  // namespace
}  // namespace abate
