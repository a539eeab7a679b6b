#include "abate/scheme/rules.h"

#include "abate/scheme/tax.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace abate::scheme {
namespace {

Error bad_rule(std::string_view key, std::string what) {
    return {ErrorCode::invalid_argument, std::move(what), std::string(key), ""};
}

struct Bounds {
    std::int64_t low;
    std::int64_t high;
};

// What of them does not go together, after each number is within its bounds.
std::optional<Error> wrong_auction(const Rules& r) {
    const AuctionRules& a = r.auction;
    constexpr std::int64_t kCent = 10;  // for 1,000 allowances, of each
    const auto off_cent = [](std::int64_t price) { return price % kCent != 0; };
    if (off_cent(a.reserve_price_micro))
        return bad_rule("auction.reserve_price_micro", "is no multiple of 10: a cent for 1,000");
    if (a.unsold_at == UnsoldPrice::reserve && a.on_shortfall == Shortfall::sell &&
        a.reserve_price_micro == 0)
        return bad_rule("auction.unsold_at",
                        "'reserve' gives away what is left without a reserve price");
    std::int64_t below = a.reserve_price_micro;
    if (a.withheld.value > 0) {
        if (a.withheld_trigger_micro <= below || off_cent(a.withheld_trigger_micro))
            return bad_rule("auction.withheld_trigger_micro",
                            "must be above the reserve price, and a multiple of 10");
        below = a.withheld_trigger_micro;
    }
    std::int64_t shares = 0;
    for (const ContainmentTier& tier : a.containment) {
        if (tier.trigger_micro <= below || off_cent(tier.trigger_micro))
            return bad_rule("auction.containment.trigger_micro",
                            "must rise, from above the other prices, in multiples of 10");
        below = tier.trigger_micro;
        shares += tier.share.value;
    }
    if (shares > kMillion)
        return bad_rule("auction.containment.share_percent", "are more than 100 % together");
    // At the ceiling one buys what no tier has any more. Without a reserve there is none to wait for.
    const bool no_reserve = a.containment.empty() && r.cap.containment_share.value == 0;
    if (a.ceiling && shares != kMillion && !no_reserve)
        return bad_rule(
            "auction.containment.share_percent",
            "must be 100 % together where there is a ceiling: it opens when all is sold");
    if (a.ceiling && (a.ceiling_price_micro <= below || off_cent(a.ceiling_price_micro)))
        return bad_rule("auction.ceiling_price_micro",
                        "must be above the other prices, and a multiple of 10");
    return std::nullopt;
}

constexpr std::int64_t kDayMinutes = 1'440;

std::optional<Error> wrong_hours(const MarketTerms& m) {
    if (m.opens.empty() && m.closes.empty()) {
        if (m.opening_call_minutes != 0 || m.closing_call_minutes != 0)
            return bad_rule(m.opening_call_minutes != 0 ? "market.opening_call_minutes"
                                                        : "market.closing_call_minutes",
                            "is of a market that opens and closes: set market.opens and "
                            "market.closes, or 0");
        return std::nullopt;
    }
    const std::optional<std::int64_t> opens = minute_of_day(m.opens);
    const std::optional<std::int64_t> closes = minute_of_day(m.closes);
    if (!opens) return bad_rule("market.opens", "is no time of a day, as in \"08:00\"");
    if (!closes) return bad_rule("market.closes", "is no time of a day, as in \"17:30\"");
    if (m.opening_call_minutes < 0 || m.opening_call_minutes > *opens)
        return bad_rule("market.opening_call_minutes",
                        "does not fit between 00:00 and market.opens");
    if (m.closing_call_minutes < 0 || m.closing_call_minutes > *closes - *opens ||
        *opens >= *closes)
        return bad_rule(*opens >= *closes ? "market.closes" : "market.closing_call_minutes",
                        "does not fit: the market must open first, and the call lie between");
    // What trades at midnight is of the next day.
    if (m.closing_call_minutes > 0 && *closes == kDayMinutes)
        return bad_rule("market.closes",
                        "is the end of the day: a call before it ends in the next one");
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Unit unit) { return unit == Unit::kwh ? "kwh" : "kgco2e"; }
std::string_view to_string(CashMode mode) {
    return mode == CashMode::notional ? "notional" : "held";
}
std::string_view to_string(OutputBasis basis) {
    return basis == OutputBasis::delivered_units ? "delivered_units" : "model_flop";
}
std::string_view to_string(Banking banking) {
    switch (banking) {
        case Banking::unlimited:
            return "unlimited";
        case Banking::none:
            return "none";
        case Banking::limited:
            return "limited";
    }
    return "unknown";
}

std::string_view to_string(HoldingExcess excess) {
    return excess == HoldingExcess::named ? "named" : "consigned";
}
std::string_view to_string(CeaseAllocation allocation) {
    switch (allocation) {
        case CeaseAllocation::whole:
            return "whole";
        case CeaseAllocation::pro_rata:
            return "pro_rata";
        case CeaseAllocation::none:
            return "none";
    }
    return "unknown";
}

std::optional<std::int64_t> minute_of_day(std::string_view text) {
    const auto digit = [&](std::size_t at) { return std::int64_t{text[at]} - '0'; };
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    for (const std::size_t at : {0U, 1U, 3U, 4U})
        if (digit(at) < 0 || digit(at) > 9) return std::nullopt;
    const std::int64_t minute = 60 * (10 * digit(0) + digit(1)) + 10 * digit(3) + digit(4);
    if (digit(3) > 5 || minute > kDayMinutes) return std::nullopt;
    return minute;
}

Result<void> check_rules(const Rules& r) {
    std::optional<Error> wrong;
    const auto within = [&](std::string_view key, std::int64_t value, Bounds bounds) {
        if (!wrong && (value < bounds.low || value > bounds.high))
            wrong = bad_rule(key,
                             fmt::format("{} is outside {} to {}", value, bounds.low, bounds.high));
    };
    const auto share = [&](std::string_view key, Ppm value, Bounds bounds = {0, kMillion}) {
        if (!wrong && (value.value < bounds.low || value.value > bounds.high))
            wrong = bad_rule(key,
                             fmt::format("{} % is outside {} to {} %",
                                         static_cast<double>(value.value) / 1e4,
                                         bounds.low / 10'000,
                                         bounds.high / 10'000));
    };
    const auto one_of = [&](std::string_view key, bool good) {
        if (!wrong && !good) wrong = bad_rule(key, "has no such value");
    };
    constexpr std::int64_t kMost = 1'000'000'000'000'000'000;  // allowances, micro-units
    constexpr std::size_t kMostSteps = 100;
    constexpr std::int64_t kYears = std::int64_t{100} * 366 * 24;
    if (r.name.empty()) return bad_rule("name", "is missing");
    if (r.name.size() > kMaxName)
        return bad_rule("name", fmt::format("is longer than {} bytes", kMaxName));
    within("version", r.version, {1, 1'000'000});
    one_of("unit", r.unit == Unit::kwh || r.unit == Unit::kgco2e);
    if (r.unit == Unit::kgco2e) within("frozen_gco2e_per_kwh", r.frozen_gco2e_per_kwh, {1, 5000});
    one_of("cash", r.cash == CashMode::notional || r.cash == CashMode::held);
    if (!wrong && (r.currency.size() != 3 ||
                   r.currency.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos))
        wrong = bad_rule("currency", fmt::format("'{}' is not three capital letters", r.currency));
    within("rights.new_key_delay_h", r.rights.new_key_delay_h, {0, kYears});
    within("rights.proposal_lapse_h", r.rights.proposal_lapse_h, {1, kYears});
    within("rights.trusted_delay_days", r.rights.trusted_delay_days, {0, 260});
    within("rights.outside_delay_days", r.rights.outside_delay_days, {0, 260});
    within("rights.cancel_before_h", r.rights.cancel_before_h, {0, kYears});
    within("coverage.threshold_allowances", r.coverage.threshold_allowances, {0, kMost});
    std::int64_t above = -1;
    for (const Tier& tier : r.monitoring.tiers) {
        within("monitoring.tiers.above_allowances", tier.above_allowances, {0, kMost});
        if (!wrong && tier.above_allowances <= above)
            wrong = bad_rule("monitoring.tiers.above_allowances", "must rise from tier to tier");
        above = tier.above_allowances;
        share("monitoring.tiers.permitted_uncertainty_percent", tier.permitted_uncertainty);
        share("monitoring.tiers.materiality_percent", tier.materiality);
    }
    share("monitoring.output_materiality_percent", r.monitoring.output_materiality);
    share("monitoring.statement_tolerance_percent", r.monitoring.statement_tolerance);
    one_of("benchmark.method",
           r.benchmark.method == BenchmarkMethod::best_firms ||
               r.benchmark.method == BenchmarkMethod::share_of_mean);
    one_of("benchmark.output_basis",
           r.benchmark.output_basis == OutputBasis::delivered_units ||
               r.benchmark.output_basis == OutputBasis::model_flop);
    share("benchmark.best_share_percent", r.benchmark.best_share, {1, kMillion});
    share("benchmark.mean_factor_percent", r.benchmark.mean_factor, {1, 10 * kMillion});
    within("benchmark.min_groups", r.benchmark.min_groups, {1, 1'000'000});
    share("benchmark.max_group_share_percent", r.benchmark.max_group_share, {1, kMillion});
    share("benchmark.tightening_percent", r.benchmark.tightening);
    within("benchmark.objection_days", r.benchmark.objection_days, {0, 366});
    std::set<std::string> classes;
    for (const ServiceClass& c : r.benchmark.classes) {
        if (wrong) break;
        if (c.name.empty()) wrong = bad_rule("benchmark.classes.name", "is missing");
        if (c.name.size() > kMaxName)
            wrong = bad_rule("benchmark.classes.name",
                             fmt::format("is longer than {} bytes", kMaxName));
        if (!classes.insert(c.name).second)
            wrong = bad_rule("benchmark.classes.name", fmt::format("'{}' is there twice", c.name));
        if (c.reference_flop_per_unit == 0)
            wrong = bad_rule("benchmark.classes.reference_flop_per_unit", "must be above 0");
    }
    share("allocation.activity_threshold_percent", r.allocation.activity_threshold);
    share("allocation.activity_band_percent", r.allocation.activity_band, {1, kMillion});
    share("allocation.clean_min_percent", r.allocation.clean_min, {1, 10 * kMillion});
    share("allocation.clean_max_percent", r.allocation.clean_max, {1, 10 * kMillion});
    if (!wrong && r.allocation.clean_min > r.allocation.clean_max)
        wrong = bad_rule("allocation.clean_min_percent", "is above clean_max_percent");
    within("cap.first_year", r.cap.first_year, {kFirstRuledYear, kLastRuledYear});
    within("cap.first_cap", r.cap.first_cap, {0, kMost});
    within("cap.reduction_per_year", r.cap.reduction_per_year, {0, kMost});
    share("cap.free_share_percent", r.cap.free_share);
    share("cap.auction_share_percent", r.cap.auction_share);
    share("cap.entrant_share_percent", r.cap.entrant_share);
    share("cap.containment_share_percent", r.cap.containment_share);
    if (!wrong && r.cap.first_cap > 0) {
        const std::int64_t shares = r.cap.free_share.value + r.cap.auction_share.value +
                                    r.cap.entrant_share.value + r.cap.containment_share.value;
        if (shares != kMillion)
            wrong = bad_rule("cap",
                             fmt::format("the four shares are {} %, not 100",
                                         static_cast<double>(shares) / 1e4));
    }
    if (r.cap.reduction_steps.size() > kMostSteps || r.cap.rebasings.size() > kMostSteps)
        wrong = wrong ? wrong : bad_rule("cap", "has too many steps");
    std::int64_t step_before = r.cap.first_year;
    for (const ReductionStep& step : r.cap.reduction_steps) {
        if (wrong) break;
        within(
            "cap.reduction_steps.first_year", step.first_year, {step_before + 1, kLastRuledYear});
        share("cap.reduction_steps.percent", step.of_first_cap);
        step_before = step.first_year;
    }
    Int128 highest = r.cap.first_cap;
    for (const Rebasing& rebasing : r.cap.rebasings) {
        if (wrong) break;
        within("cap.rebasings.year", rebasing.year, {r.cap.first_year + 1, kLastRuledYear});
        within("cap.rebasings.allowances", rebasing.allowances, {-kMost, kMost});
        if (rebasing.allowances < 0) highest += -Int128{rebasing.allowances};
    }
    if (!wrong && highest > kMost)
        wrong = bad_rule("cap.rebasings", fmt::format("add up to more than {} allowances", kMost));
    within("stability.upper", r.stability.upper, {0, kMost});
    within("stability.middle", r.stability.middle, {0, r.stability.upper});
    within("stability.lower", r.stability.lower, {0, r.stability.middle});
    within("stability.release", r.stability.release, {0, kMost});
    share("stability.withhold_percent", r.stability.withhold);
    if (!wrong && r.stability.reserve && r.cap.first_cap == 0)
        wrong = bad_rule("stability.reserve", "needs a cap: cap.first_cap is 0");
    // What comes out of the reserve is of earlier vintages.
    if (!wrong && r.stability.reserve && r.compliance.banking != Banking::unlimited)
        wrong = bad_rule("stability.reserve", "needs compliance.banking = 'unlimited'");
    within("compliance.penalty_micro_per_allowance",
           r.compliance.penalty_micro_per_allowance,
           {0, 1'000'000'000'000});
    share("compliance.make_good_percent", r.compliance.make_good, {0, 100 * kMillion});
    one_of("compliance.banking",
           r.compliance.banking == Banking::unlimited || r.compliance.banking == Banking::none ||
               r.compliance.banking == Banking::limited);
    within("compliance.banking_base", r.compliance.banking_base, {0, kMost});
    share("compliance.banking_net_sales_percent",
          r.compliance.banking_net_sales,
          {0, 100 * kMillion});
    share("compliance.borrowing_percent", r.compliance.borrowing);
    within("compliance.holding_base", r.compliance.holding_base, {0, kMost});
    share("compliance.holding_base_share_percent", r.compliance.holding_base_share);
    share("compliance.holding_rest_share_percent", r.compliance.holding_rest_share);
    within("compliance.cure_days", r.compliance.cure_days, {0, 260});
    within("compliance.objection_days", r.compliance.objection_days, {0, 366});
    one_of("compliance.holding_excess",
           r.compliance.holding_excess == HoldingExcess::named ||
               r.compliance.holding_excess == HoldingExcess::consigned);
    one_of("cessation.year_allocation",
           r.cessation.year_allocation >= CeaseAllocation::whole &&
               r.cessation.year_allocation <= CeaseAllocation::none);
    if (!wrong &&
        (!is_tax_category(r.settlement.tax_category) || has_tax_rate(r.settlement.tax_category)))
        wrong = bad_rule("settlement.tax_category",
                         "is none of AE, E, G, K, O and Z: the codes of EN 16931 without a rate");
    const MarketTerms& m = r.market;
    within("market.tick_micro", m.tick_micro, {1, 1'000'000'000'000});
    within("market.lot", m.lot, {1, 1'000'000'000});
    one_of("market.self_trade",
           m.self_trade >= SelfTrade::cancel_newest && m.self_trade <= SelfTrade::cancel_both);
    share("market.collar_percent", m.collar);
    share("market.band_percent", m.band);
    share("market.halt_percent", m.halt);
    within("market.halt_minutes", m.halt_minutes, {0, 525'600});
    share("market.fee_percent", m.fee);
    within("market.most_open_orders", m.most_open_orders, {1, 1'000'000});
    within("market.most_per_second", m.most_per_second, {1, 1'000'000});
    if (!wrong) wrong = wrong_hours(m);
    within("market.erroneous_minutes", m.erroneous_minutes, {0, 1'440});
    share("market.erroneous_percent", m.erroneous);
    const AuctionRules& a = r.auction;
    constexpr std::int64_t kDearest = 1'000'000'000'000;
    within("auction.lot", a.lot, {1, 1'000'000'000});
    within("auction.tick_micro", a.tick_micro, {1, kDearest});
    within("auction.window_h", a.window_h, {0, kYears});
    within("auction.notice_h", a.notice_h, {0, kYears});
    one_of("auction.tie", a.tie == TieRule::drawn || a.tie == TieRule::pro_rata);
    one_of("auction.unsold_at",
           a.unsold_at == UnsoldPrice::reserve || a.unsold_at == UnsoldPrice::last_bid);
    one_of("auction.on_shortfall",
           a.on_shortfall == Shortfall::sell || a.on_shortfall == Shortfall::cancel);
    within("auction.respread_auctions", a.respread_auctions, {0, 100});
    share("auction.least_of_reference_percent", a.least_of_reference);
    within("auction.reserve_price_micro", a.reserve_price_micro, {0, kDearest});
    share("auction.price_growth_percent", a.price_growth);
    share("auction.purchase_limit_percent", a.purchase_limit, {1, kMillion});
    share("auction.trader_limit_percent", a.trader_limit);
    share("auction.withheld_percent", a.withheld);
    within("auction.withheld_trigger_micro", a.withheld_trigger_micro, {0, kDearest});
    within("auction.ceiling_price_micro", a.ceiling_price_micro, {0, kDearest});
    within("auction.containment",
           static_cast<std::int64_t>(a.containment.size()),
           {0, static_cast<std::int64_t>(kMostSteps)});
    for (const ContainmentTier& tier : a.containment) {
        within("auction.containment.trigger_micro", tier.trigger_micro, {1, kDearest});
        share("auction.containment.share_percent", tier.share, {1, kMillion});
    }
    if (!wrong && a.auctions) wrong = wrong_auction(r);
    if (wrong) return *wrong;
    return {};
}

}  // namespace abate::scheme
