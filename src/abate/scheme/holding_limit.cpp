#include "abate/scheme/holding_limit.h"

#include "abate/scheme/exact.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace abate::scheme {
namespace {

Error limit_error(std::string what) {
    return {.code = ErrorCode::invalid_argument, .what = std::move(what), .where = {}, .hint = {}};
}

bool is_rule(const HoldingLimitRule& rule) {
    return rule.base >= 0 && rule.base_ppm <= kPpm && rule.rest_ppm <= kPpm;
}

struct GroupSums {
    Big holding = 0;
    Big compliance = 0;
    Big obligation = 0;
};

Result<GroupPosition> position_of(registry::GroupId group,
                                  const GroupSums& sums,
                                  std::int64_t limit) {
    const Result<std::int64_t> held =
        to_int64(sums.holding + sums.compliance, "what a group holds");
    if (!held) return held.error();
    // No more than what is held, so it fits.
    const auto exempt = std::min(sums.compliance, sums.obligation).convert_to<std::int64_t>();
    const std::int64_t counted = *held - exempt;
    return GroupPosition{.group = group,
                         .held = *held,
                         .exempt = exempt,
                         .counted = counted,
                         .excess = std::max<std::int64_t>(0, counted - limit),
                         .room = std::max<std::int64_t>(0, limit - counted)};
}

}  // namespace

Result<std::int64_t> holding_limit(std::int64_t annual_budget, const HoldingLimitRule& rule) {
    if (annual_budget < 0 || !is_rule(rule))
        return limit_error("a holding limit needs a budget, and parts of 100 % at most");
    const Big base = std::min(annual_budget, rule.base);
    const Big rest = annual_budget - base;
    return to_int64(
        floor_div({.dividend = base * rule.base_ppm + rest * rule.rest_ppm, .divisor = kPpm}),
        "the holding limit");
}

Result<HoldingLimitRule> scaled(const HoldingLimitRule& rule, BudgetChange budget) {
    if (budget.from <= 0 || budget.to <= 0 || !is_rule(rule))
        return limit_error("a limit is scaled from one budget above 0 to another");
    const Result<std::int64_t> base =
        to_int64(floor_div({.dividend = Big(rule.base) * budget.to, .divisor = budget.from}),
                 "the base of the holding limit");
    if (!base) return base.error();
    HoldingLimitRule out = rule;
    out.base = *base;
    return out;
}

Result<std::vector<GroupPosition>> group_positions(std::span<const GroupHolding> holdings,
                                                   std::span<const GroupObligation> obligations,
                                                   std::int64_t limit) {
    if (limit < 0) return limit_error("a holding limit below 0");
    std::map<registry::GroupId, GroupSums> groups;
    for (const GroupHolding& holding : holdings) {
        if (holding.amount < 0) return limit_error("a holding below 0");
        if (holding.kind == registry::AccountKind::holding) {
            groups[holding.group].holding += holding.amount;
        } else if (holding.kind == registry::AccountKind::compliance) {
            groups[holding.group].compliance += holding.amount;
        }
    }
    for (const GroupObligation& obligation : obligations) {
        if (obligation.amount < 0) return limit_error("an obligation below 0");
        const auto found = groups.find(obligation.group);
        if (found != groups.end()) found->second.obligation += obligation.amount;
    }
    std::vector<GroupPosition> out;
    for (const auto& [group, sums] : groups) {
        const Result<GroupPosition> position = position_of(group, sums, limit);
        if (!position) return position.error();
        out.push_back(*position);
    }
    return out;
}

}  // namespace abate::scheme
