#include "abate/exchange/price_index.h"
#include "abate/exchange/tape_test_support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

namespace abate::exchange {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a range of prices
TapeMaker::Deal any_deal(std::int64_t lowest, std::int64_t highest) {
    const auto seller = *rc::gen::inRange<std::uint64_t>(1, 7);
    const auto step = *rc::gen::inRange<std::uint64_t>(1, 6);
    return {.seller = seller,
            .buyer = (seller - 1 + step) % 6 + 1,  // another
            .price = *rc::gen::inRange<std::int64_t>(lowest, highest + 1),
            .quantity = *rc::gen::inRange<std::int64_t>(2, 1'000)};
}

IndexRules any_rules() {
    return {.band_ppm = *rc::gen::element<std::int64_t>(0, 20'000, 50'000, 500'000),
            .group_share_ppm = *rc::gen::element<std::int64_t>(100'000, 250'000, 1'000'000),
            .least_quantity = 0,
            .least_trades = 0,
            .least_groups = 0};
}

PriceIndex index_of(const TapeMaker& maker, const IndexRules& rules) {
    return price_index(
               {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
               std::nullopt,
               rules)
        .value();
}

RC_GTEST_PROP(PriceIndexProperty, LiesBetweenTheLowestAndTheHighestPrice, ()) {
    TapeMaker maker;
    std::int64_t low = INT64_MAX;
    std::int64_t high = 0;
    const auto top = *rc::gen::element<std::int64_t>(3, 1'000, kMostTicks);
    for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
        const TapeMaker::Deal deal = any_deal(1, top);
        maker.deal(deal);
        low = std::min(low, deal.price);
        high = std::max(high, deal.price);
    }
    const PriceIndex index = index_of(maker, any_rules());
    RC_ASSERT(index.price_micro >= low);
    RC_ASSERT(index.price_micro <= high);
    RC_ASSERT(index.price_micro >= index.low_micro);
    RC_ASSERT(index.price_micro <= index.high_micro);
}

RC_GTEST_PROP(PriceIndexProperty, DoesNotAskForTheOrderOfTrades, ()) {
    TapeMaker maker;
    for (int i = *rc::gen::inRange(1, 20); i > 0; --i) maker.deal(any_deal(900, 1'100));
    TapeMaker shuffled = maker;
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    std::shuffle(shuffled.tape().begin(), shuffled.tape().end(), random);
    for (std::size_t i = 0; i < shuffled.tape().size(); ++i) shuffled.tape()[i].seq = i + 1;
    const IndexRules rules = any_rules();
    RC_ASSERT(index_of(shuffled, rules) == index_of(maker, rules));
}

// Without caps, of less than half of the volume: no more than its share of the volume, of the distance to its price within the band. Two roundings may add a micro-unit.
RC_GTEST_PROP(PriceIndexProperty, ALastPrintMovesItByItsShareAtMost, ()) {
    TapeMaker maker;
    IndexRules rules = any_rules();
    rules.group_share_ppm = 1'000'000;
    rules.band_ppm = 50'000;
    for (int i = *rc::gen::inRange(1, 20); i > 0; --i) maker.deal(any_deal(10'000, 10'500));
    const PriceIndex before = index_of(maker, rules);
    TapeMaker::Deal last = any_deal(1, 100'000);
    last.quantity = 1 + last.quantity % (before.quantity - 1);  // less than half
    maker.deal(last);
    const PriceIndex after = index_of(maker, rules);
    const std::int64_t counted = std::clamp(last.price, after.low_micro, after.high_micro);
    const std::int64_t moved = std::abs(*after.price_micro - *before.price_micro);
    RC_ASSERT((moved - 1) * after.quantity <=
              last.quantity * std::abs(counted - *before.price_micro) + after.quantity / 2);
}

// With caps: six times the quantity over the weight, of the widest distance. Each mean that is rounded may add a micro-unit.
RC_GTEST_PROP(PriceIndexProperty, CapsKeepALastPrintWithinSixTimesItsWeight, ()) {
    TapeMaker maker;
    IndexRules rules = any_rules();
    rules.band_ppm = 50'000;
    for (int i = *rc::gen::inRange(1, 20); i > 0; --i) maker.deal(any_deal(10'000, 10'500));
    const PriceIndex before = index_of(maker, rules);
    TapeMaker::Deal last = any_deal(1, 100'000);
    last.quantity = 1 + last.quantity % (before.quantity - 1);  // less than half
    maker.deal(last);
    const PriceIndex after = index_of(maker, rules);
    std::int64_t widest = 0;
    for (const TapeEntry& entry : maker.tape())
        widest =
            std::max(widest,
                     std::abs(std::clamp(entry.price_micro, after.low_micro, after.high_micro) -
                              *before.price_micro));
    const std::int64_t moved = std::abs(*after.price_micro - *before.price_micro);
    // A cap is cut to whole allowances, which is a change of one more for each group.
    const std::int64_t changed = 6 * last.quantity + static_cast<std::int64_t>(after.groups);
    RC_ASSERT((moved - 2) * after.weight <= changed * widest);
}

// A day's statistics from a list that is looked through for each.
RC_GTEST_PROP(DayStatisticsProperty, AgreeWithPlainCounting, ()) {
    TapeMaker maker;
    std::vector<TapeMaker::Deal> deals;
    for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
        deals.push_back(any_deal(1, 50));
        maker.deal(deals.back());
    }
    const DayStatistics day =
        day_statistics(
            {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
            std::nullopt,
            {})
            .value();
    RC_ASSERT(day.open_micro == deals.front().price);
    RC_ASSERT(day.close_micro == deals.back().price);
    std::int64_t volume = 0;
    Int128 notional = 0;
    for (const TapeMaker::Deal& deal : deals) {
        volume += deal.quantity;
        notional += Int128{deal.quantity} * deal.price;
        RC_ASSERT(deal.price <= *day.high_micro && deal.price >= *day.low_micro);
    }
    RC_ASSERT(day.volume == volume);
    RC_ASSERT(day.notional == notional);
}

}  // namespace
}  // namespace abate::exchange
