#include "abate/scheme/holding_limit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

namespace abate::scheme {
namespace {

using registry::AccountKind;
using registry::GroupId;

// 2.5 M + 2.5 % of 137.8 M (published), of 269.1 M, of 255.7 M.
TEST(HoldingLimit, OfTheWesternClimateInitiative) {
    EXPECT_EQ(*holding_limit(162'800'000, {}), 5'945'000);
    EXPECT_EQ(*holding_limit(294'100'000, {}), 9'227'500);
    EXPECT_EQ(*holding_limit(280'700'000, {}), 8'892'500);
    EXPECT_EQ(*holding_limit(25'000'000, {}), 2'500'000);
    // Less than the base: a tenth of it.
    EXPECT_EQ(*holding_limit(999, {}), 99);
    EXPECT_EQ(*holding_limit(0, {}), 0);
    EXPECT_FALSE(holding_limit(-1, {}).has_value());
    EXPECT_FALSE(holding_limit(1, {.rest_ppm = 1'000'001}).has_value());
}

// A market of a hundredth: a limit of a hundredth.
TEST(HoldingLimit, ScalesWithTheBudget) {
    const Result<HoldingLimitRule> small = scaled({}, {.from = 162'800'000, .to = 1'628'000});
    ASSERT_TRUE(small.has_value());
    EXPECT_EQ(small->base, 250'000);
    EXPECT_EQ(*holding_limit(1'628'000, *small), 59'450);
    EXPECT_FALSE(scaled({}, {.from = 0, .to = 1}).has_value());
}

// Group 1 holds 60 + 50 and has 40 in compliance accounts; it owes 30, so 10 of the 40 count: 120 against 100. Group 2 owes more than it
// has there.
TEST(HoldingLimit, GroupsShareItAndObligationsAreExempt) {
    const std::vector<GroupHolding> holdings = {
        {.group = GroupId{1}, .kind = AccountKind::holding, .amount = 60},
        {.group = GroupId{2}, .kind = AccountKind::compliance, .amount = 70},
        {.group = GroupId{1}, .kind = AccountKind::compliance, .amount = 40},
        {.group = GroupId{1}, .kind = AccountKind::holding, .amount = 50},
        {.group = GroupId{1}, .kind = AccountKind::retirement, .amount = 1'000},
        {.group = GroupId{3}, .kind = AccountKind::holding, .amount = 100}};
    const std::vector<GroupObligation> owed = {{.group = GroupId{1}, .amount = 20},
                                               {.group = GroupId{1}, .amount = 10},
                                               {.group = GroupId{2}, .amount = 500},
                                               {.group = GroupId{9}, .amount = 500}};
    const auto positions = group_positions(holdings, owed, 100);
    ASSERT_TRUE(positions.has_value());
    EXPECT_EQ(
        *positions,
        (std::vector<GroupPosition>{
            {.group = GroupId{1},
             .held = 150,
             .exempt = 30,
             .counted = 120,
             .excess = 20,
             .room = 0},
            {.group = GroupId{2}, .held = 70, .exempt = 70, .counted = 0, .excess = 0, .room = 100},
            {.group = GroupId{3},
             .held = 100,
             .exempt = 0,
             .counted = 100,
             .excess = 0,
             .room = 0}}));
}

TEST(HoldingLimit, NumbersBelowZeroAndSumsTooLargeAreRefused) {
    const GroupHolding most{.group = GroupId{1}, .kind = AccountKind::holding, .amount = INT64_MAX};
    EXPECT_EQ(group_positions(std::vector{most, most}, {}, 1).error().code,
              ErrorCode::out_of_range);
    EXPECT_FALSE(group_positions({}, {}, -1).has_value());
    EXPECT_FALSE(group_positions(std::vector{GroupHolding{.amount = -1}}, {}, 1).has_value());
    EXPECT_FALSE(group_positions({}, std::vector{GroupObligation{.amount = -1}}, 1).has_value());
}

RC_GTEST_PROP(HoldingLimitProperty, SplittingAFirmGainsNothing, ()) {
    const auto amount = [] { return *rc::gen::inRange<std::int64_t>(0, 1'000); };
    std::vector<GroupHolding> parts;
    std::int64_t holding = 0;
    std::int64_t compliance = 0;
    const auto count = *rc::gen::inRange(0, 10);
    for (int i = 0; i < count; ++i) {
        const bool one_way = *rc::gen::arbitrary<bool>();
        parts.push_back({.group = GroupId{1},
                         .kind = one_way ? AccountKind::compliance : AccountKind::holding,
                         .amount = amount()});
        (one_way ? compliance : holding) += parts.back().amount;
    }
    const std::vector<GroupHolding> whole = {
        {.group = GroupId{1}, .kind = AccountKind::holding, .amount = holding},
        {.group = GroupId{1}, .kind = AccountKind::compliance, .amount = compliance}};
    const std::vector<GroupObligation> owed = {{.group = GroupId{1}, .amount = amount()}};
    const std::int64_t limit = amount();
    const auto once = *group_positions(whole, owed, limit);
    if (!parts.empty()) RC_ASSERT(*group_positions(parts, owed, limit) == once);
    RC_ASSERT(once[0].excess == 0 || once[0].room == 0);
    RC_ASSERT(once[0].counted + once[0].room - once[0].excess == limit);
}

}  // namespace
}  // namespace abate::scheme
