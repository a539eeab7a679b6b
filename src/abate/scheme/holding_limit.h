// The holding limit: how many allowances one group of participants may hold, so that nobody corners the market (California and Québec:
// 17 CCR 95920).
//
//     holding_limit(162'800'000, {});                       // 0.1 x 25 M + 0.025 x (162.8 M - 25 M) = 5,945,000
//     group_positions(holdings, obligations, 5'945'000);    // who is above it, and by how much
//
// Participants under one ownership share one limit. What lies in compliance accounts is exempt up to the group's cumulative obligation:
// it can only be surrendered (registry: an account that lets nothing out again).
#pragma once

#include "abate/core/result.h"
#include "abate/registry/registry.h"

#include <cstdint>
#include <span>
#include <vector>

namespace abate::scheme {

// base_ppm of the first `base` allowances of the annual budget, and rest_ppm of the others.
struct HoldingLimitRule {
    std::int64_t base = 25'000'000;
    std::uint32_t base_ppm = 100'000;
    std::uint32_t rest_ppm = 25'000;
};

// Rounded down. Errors: invalid_argument (a number below 0, more than 100 %).
[[nodiscard]] Result<std::int64_t> holding_limit(std::int64_t annual_budget,
                                                 const HoldingLimitRule& rule);

struct BudgetChange {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

// The rule of a market with budget `from`, for one with budget `to`: the limit is the same part of both. The base is rounded down.
// Errors: invalid_argument (a budget of 0 or less), out_of_range.
[[nodiscard]] Result<HoldingLimitRule> scaled(const HoldingLimitRule& rule, BudgetChange budget);

// What one account holds. Count what is on its way in as held, else two sales at once pass the limit. Kinds other than holding and
// compliance do not count.
struct GroupHolding {
    registry::GroupId group{};
    registry::AccountKind kind{};
    std::int64_t amount = 0;
};

// What a group owes for this and earlier periods and has not surrendered yet.
struct GroupObligation {
    registry::GroupId group{};
    std::int64_t amount = 0;
};

struct GroupPosition {
    registry::GroupId group{};
    std::int64_t held = 0;     // in holding and compliance accounts
    std::int64_t exempt = 0;   // of those in compliance accounts
    std::int64_t counted = 0;  // held - exempt
    std::int64_t excess = 0;   // above the limit
    std::int64_t room = 0;     // below the limit
    bool operator==(const GroupPosition&) const = default;
};

// One for each group with a holding, by group. A group may be named many times in both lists.
// Errors: invalid_argument (an amount or the limit below 0), out_of_range.
[[nodiscard]] Result<std::vector<GroupPosition>> group_positions(
    std::span<const GroupHolding> holdings,
    std::span<const GroupObligation> obligations,
    std::int64_t limit);

}  // namespace abate::scheme
