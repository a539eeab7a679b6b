#include "abate/exchange/price_index.h"

#include "abate/exchange/tape_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace abate::exchange {
namespace {

using ::testing::ElementsAre;

// No cap, no minimum, a band that nothing passes.
constexpr IndexRules kPlain{.band_ppm = 100'000'000,
                            .group_share_ppm = 1'000'000,
                            .least_quantity = 0,
                            .least_trades = 0,
                            .least_groups = 0};

PriceIndex index_of(const TapeMaker& maker,
                    const IndexRules& rules,
                    std::optional<std::int64_t> last = std::nullopt) {
    return price_index(
               {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
               last,
               rules)
        .value();
}

TEST(PriceIndex, IsTheMeanByVolumeRoundedHalfUp) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 3});
    maker.deal({.seller = 3, .buyer = 4, .price = 101, .quantity = 3});
    // (300 + 303) / 6 = 100.5
    EXPECT_EQ(index_of(maker, kPlain).price_micro, 101);
    maker.deal({.seller = 3, .buyer = 4, .price = 100, .quantity = 1});
    // 703 / 7 = 100.43
    const PriceIndex index = index_of(maker, kPlain);
    EXPECT_EQ(index.price_micro, 100);
    EXPECT_FALSE(index.carried);
    EXPECT_EQ(index.quantity, 7);
    EXPECT_EQ(index.trades, 3U);
    EXPECT_EQ(index.groups, 4U);
    EXPECT_EQ(index.weight, 14);
}

TEST(PriceIndex, LeavesOutTradesWithinAGroup) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 10});
    maker.belongs(6, 5);
    maker.deal({.seller = 5, .buyer = 6, .price = 900, .quantity = 1'000});
    const PriceIndex index = index_of(maker, kPlain);
    EXPECT_EQ(index.price_micro, 100);
    EXPECT_EQ(index.trades, 1U);
    EXPECT_EQ(index.quantity, 10);
}

// What was annulled never counted: 100, not (3 x 100 + 3 x 300) / 6 = 200; the day's highest price, volume and last price are the other's.
TEST(PriceIndex, LeavesOutTradesThatWereAnnulled) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 3});
    const std::vector<std::uint64_t> annulled{
        maker.deal({.seller = 3, .buyer = 4, .price = 300, .quantity = 3})};
    EXPECT_EQ(index_of(maker, kPlain).price_micro, 200);
    const Priced priced{.tape = maker.tape(),
                        .period = maker.until_now(),
                        .groups = maker.groups(),
                        .annulled = annulled};
    const DayStatistics day = day_statistics(priced, std::nullopt, kPlain).value();
    EXPECT_EQ(day.index.price_micro, 100);
    EXPECT_EQ(day.high_micro, 100);
    EXPECT_EQ(day.close_micro, 100);
    EXPECT_EQ(day.volume, 3);
    EXPECT_EQ(day.trades, 1U);
}

// 90 at 100 make the median; a fat finger of 10 at 500 counts as 105: (9000 + 1050) / 100 = 100.5, where the plain mean is 140.
TEST(PriceIndex, TakesAPriceBeyondTheBandAsItsEnd) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 90});
    maker.deal({.seller = 3, .buyer = 4, .price = 500, .quantity = 10});
    EXPECT_EQ(index_of(maker, kPlain).price_micro, 140);
    IndexRules rules = kPlain;
    rules.band_ppm = 50'000;
    const PriceIndex index = index_of(maker, rules);
    EXPECT_EQ(index.price_micro, 101);
    EXPECT_EQ(index.median_micro, 100);
    EXPECT_EQ(index.low_micro, 95);
    EXPECT_EQ(index.high_micro, 105);
    EXPECT_EQ(index.beyond_band, 1U);
}

// Half of the volume lies at or below the median.
TEST(PriceIndex, HasTheLowerMedian) {
    TapeMaker maker;
    maker.deal({.price = 300, .quantity = 5});
    maker.deal({.price = 100, .quantity = 5});
    EXPECT_EQ(index_of(maker, kPlain).median_micro, 100);
    maker.deal({.price = 200, .quantity = 1});
    EXPECT_EQ(index_of(maker, kPlain).median_micro, 200);
}

// Group 1 sells all 100: 60 at 110 to group 2, 40 at 100 to group 3. What counts is 200; a group may have 40.
//   group 1: 100 at (6600 + 4000) / 100 = 106, counts as 40 x 106 = 4240
//   group 2: 60 at 110, counts as 40 x 110 = 4400
//   group 3: 40 at 100: 4000
// Together 12640 / 120 = 105.33; without caps 106.
TEST(PriceIndex, CapsTheShareOfAGroup) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 110, .quantity = 60});
    maker.deal({.seller = 1, .buyer = 3, .price = 100, .quantity = 40});
    EXPECT_EQ(index_of(maker, kPlain).price_micro, 106);
    IndexRules rules = kPlain;
    rules.group_share_ppm = 200'000;
    const PriceIndex index = index_of(maker, rules);
    EXPECT_EQ(index.price_micro, 105);
    EXPECT_EQ(index.groups_capped, 2U);
    EXPECT_EQ(index.weight, 120);
}

TEST(PriceIndex, IsCarriedWhereTooLittleWasTradedAndSaysSo) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 9'000});
    maker.deal({.seller = 3, .buyer = 4, .price = 100, .quantity = 500});
    maker.deal({.seller = 3, .buyer = 4, .price = 100, .quantity = 499});
    PriceIndex index = index_of(maker, {}, 77);
    EXPECT_TRUE(index.carried);
    EXPECT_EQ(index.price_micro, 77);
    EXPECT_EQ(index.quantity, 9'999);
    EXPECT_EQ(index_of(maker, {}).price_micro, std::nullopt);
    // One more allowance is ten lots, three trades, four groups.
    maker.tape().back().quantity = 500;
    index = index_of(maker, {}, 77);
    EXPECT_FALSE(index.carried);
    EXPECT_EQ(index.price_micro, 100);
    maker.tape().erase(maker.tape().begin() + 1);
    maker.tape().back().quantity = 1'000;
    EXPECT_TRUE(index_of(maker, {}, 77).carried);  // two trades
}

TEST(PriceIndex, IsCarriedWhereTooFewGroupsTraded) {
    TapeMaker maker;
    for (int i = 0; i < 3; ++i)
        maker.deal({.seller = 1, .buyer = 2, .price = 100, .quantity = 9'000});
    EXPECT_TRUE(index_of(maker, {}, 77).carried);
}

TEST(PriceIndex, OfNoTradeIsCarriedWhateverTheMinimum) {
    const TapeMaker maker;
    EXPECT_TRUE(index_of(maker, kPlain, 5).carried);
}

TEST(PriceIndex, OfARollingWindowReadsItsTradesAlone) {
    TapeMaker maker;
    maker.at(kHour);
    maker.deal({.price = 100, .quantity = 1});
    maker.at(2 * kHour);
    maker.deal({.price = 200, .quantity = 1});
    maker.at(3 * kHour);
    maker.deal({.price = 400, .quantity = 1});
    const Period window = trailing({3 * kHour}, kHour);
    EXPECT_EQ(window, (Period{.from = {2 * kHour}, .until = {3 * kHour}}));
    EXPECT_EQ(price_index({.tape = maker.tape(), .period = window, .groups = maker.groups()},
                          std::nullopt,
                          kPlain)
                  .value()
                  .price_micro,
              200);
    EXPECT_EQ(trailing({INT64_MIN + 5}, 6).from.us, INT64_MIN);
}

// 2^20 trades of 2^40 allowances at 2^62 micro-units are what the sums must hold: 2^60 allowances, 2^122 micro-units.
TEST(PriceIndex, HoldsAtTheExtremes) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .price = kMostTicks, .quantity = kMostQuantity});
    const TapeEntry one = maker.tape().front();
    for (std::uint64_t seq = 2; seq <= 1U << 20; ++seq) {
        maker.tape().push_back(one);
        maker.tape().back().seq = seq;
    }
    const Priced priced{
        .tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()};
    const IndexRules rules{.band_ppm = INT64_MAX, .group_share_ppm = 300'000, .least_groups = 2};
    const DayStatistics day = day_statistics(priced, std::nullopt, rules).value();
    EXPECT_EQ(day.index.price_micro, kMostTicks);
    EXPECT_EQ(day.index.groups_capped, 2U);
    EXPECT_EQ(day.volume, kMostVolume);
    EXPECT_TRUE(day.notional == Int128{1} << 122);
    // And one allowance more is too much.
    maker.tape().push_back(one);
    maker.tape().back().seq = (1U << 20) + 1;
    maker.tape().back().quantity = 1;
    const Priced more{.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()};
    EXPECT_EQ(day_statistics(more, std::nullopt, rules).error().code, ErrorCode::out_of_range);
}

TEST(PriceIndex, RefusesRulesAndTapesThatCannotBeMeant) {
    TapeMaker maker;
    maker.deal({});
    const auto code = [&](const IndexRules& rules) {
        const Result<PriceIndex> index = price_index(
            {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
            std::nullopt,
            rules);
        return index ? ErrorCode::internal : index.error().code;
    };
    EXPECT_EQ(code({.band_ppm = -1}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.group_share_ppm = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.group_share_ppm = 1'000'001}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.least_quantity = -1}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.erroneous_ppm = -1}), ErrorCode::invalid_argument);
    const TapeEntry good = maker.tape().front();
    const auto refused = [&](const TapeEntry& second) {
        maker.tape() = {good, second};
        return code({}) == ErrorCode::invalid_argument;
    };
    TapeEntry next = good;
    next.seq = 2;
    EXPECT_FALSE(refused(next));
    for (const auto& spoil : std::vector<std::function<void(TapeEntry&)>>{
             [](TapeEntry& e) { e.seq = 1; },
             [](TapeEntry& e) { e.at.us = -1; },
             [](TapeEntry& e) { e.at.us = kMostTapeTime + 1; },
             [](TapeEntry& e) { e.vintage = 2031; },
             [](TapeEntry& e) { e.quantity = 0; },
             [](TapeEntry& e) { e.quantity = kMostQuantity + 1; },
             [](TapeEntry& e) { e.price_micro = 0; },
             [](TapeEntry& e) { e.price_micro = kMostTicks + 1; },
             [](TapeEntry& e) { e.owner = registry::ParticipantId{99}; },
             [](TapeEntry& e) { e.taker = registry::ParticipantId{99}; }}) {
        TapeEntry bad = next;
        spoil(bad);
        EXPECT_TRUE(refused(bad));
    }
}

TEST(ErroneousTrades, AreThoseFurtherFromTheIndexThanTheBand) {
    EXPECT_FALSE(erroneous({.price_micro = 1'100, .from_micro = 1'000}, 100'000));
    EXPECT_TRUE(erroneous({.price_micro = 1'101, .from_micro = 1'000}, 100'000));
    EXPECT_FALSE(erroneous({.price_micro = 900, .from_micro = 1'000}, 100'000));
    EXPECT_TRUE(erroneous({.price_micro = 899, .from_micro = 1'000}, 100'000));
    // Exact where a quotient in whole millionths is not: 100,000.0001 ppm.
    EXPECT_TRUE(
        erroneous({.price_micro = 1'100'000'000'100, .from_micro = 1'000'000'000'000}, 100'000));

    TapeMaker maker;
    maker.deal({.price = 1'000});
    const std::uint64_t low = maker.deal({.price = 800});
    maker.deal({.price = 1'050});
    const std::uint64_t high = maker.deal({.price = 1'200});
    const Priced priced{
        .tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()};
    EXPECT_THAT(erroneous_trades(priced, 1'000, {}).value(), ElementsAre(low, high));
    EXPECT_EQ(erroneous_trades(priced, 0, {}).error().code, ErrorCode::invalid_argument);
}

// Opened at 100, highest 130, lowest 90, closed at 95 within the day; 4 x 100 + 1 x 130 + 2 x 90 + 3 x 95 = 995.
TEST(DayStatistics, AreTheDaysAlone) {
    TapeMaker maker;
    maker.at(10);
    const TapeMaker::Order bid{.id = 1, .owner = 7, .side = Side::buy, .price = 80, .quantity = 9};
    maker.rest(bid);
    maker.deal({.price = 500, .quantity = 50});
    maker.at(100);
    maker.deal({.price = 100, .quantity = 4});
    maker.deal({.price = 130, .quantity = 1});
    maker.rest({.id = 2, .owner = 8, .side = Side::sell, .price = 140, .quantity = 6});
    maker.rest({.id = 3, .owner = 8, .side = Side::sell, .price = 150, .quantity = 5});
    maker.deal({.price = 90, .quantity = 2});
    maker.reduce({.id = 3, .owner = 8, .side = Side::sell, .price = 150, .quantity = 2});
    maker.deal({.price = 95, .quantity = 3});
    maker.at(200);
    maker.deal({.price = 10, .quantity = 1});
    maker.remove(bid);
    const DayStatistics day = day_statistics({.tape = maker.tape(),
                                              .period = {.from = {100}, .until = {200}},
                                              .groups = maker.groups()},
                                             64,
                                             {})
                                  .value();
    EXPECT_EQ(day.vintage, 2030);
    EXPECT_EQ(day.open_micro, 100);
    EXPECT_EQ(day.high_micro, 130);
    EXPECT_EQ(day.low_micro, 90);
    EXPECT_EQ(day.close_micro, 95);
    EXPECT_EQ(day.volume, 10);
    EXPECT_TRUE(day.notional == 995);
    EXPECT_EQ(day.trades, 4U);
    EXPECT_EQ(day.bids, (RestingAtEnd{.orders = 1, .quantity = 9, .best_micro = 80}));
    EXPECT_EQ(day.asks, (RestingAtEnd{.orders = 2, .quantity = 8, .best_micro = 140}));
    EXPECT_TRUE(day.index.carried);
    EXPECT_EQ(day.index.price_micro, 64);
}

TEST(DayStatistics, OfAnEmptyTapeHaveNoPrices) {
    const TapeMaker maker;
    const DayStatistics day =
        day_statistics(
            {.tape = maker.tape(), .period = {}, .groups = maker.groups()}, std::nullopt, {})
            .value();
    EXPECT_EQ(day.vintage, 0);
    EXPECT_EQ(day.open_micro, std::nullopt);
    EXPECT_EQ(day.trades, 0U);
    EXPECT_EQ(day.asks, RestingAtEnd{});
}

// A trade takes from what rests; an order whose last part is met rests no more.
TEST(DayStatistics, RestingIsWhatTradesLeave) {
    TapeMaker maker;
    maker.at(1);
    maker.rest({.id = 1, .owner = 7, .side = Side::sell, .price = 100, .quantity = 9});
    maker.rest({.id = 2, .owner = 7, .side = Side::sell, .price = 101, .quantity = 5});
    maker.meet({.id = 1, .owner = 7, .side = Side::sell, .price = 100, .quantity = 9}, 8, 3);
    maker.meet({.id = 2, .owner = 7, .side = Side::sell, .price = 101, .quantity = 1}, 8, 3);
    const DayStatistics day =
        day_statistics(
            {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
            std::nullopt,
            {})
            .value();
    EXPECT_EQ(day.asks, (RestingAtEnd{.orders = 1, .quantity = 4, .best_micro = 101}));
    EXPECT_EQ(day.bids, RestingAtEnd{});
}

}  // namespace
}  // namespace abate::exchange
