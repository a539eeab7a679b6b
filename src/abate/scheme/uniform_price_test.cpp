// Constructed books and published results: RGGI, the EU's rule (Regulation 1031/2010 art. 7), reserve prices.
#include "abate/scheme/uniform_price.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace abate::scheme {
namespace {

using ::testing::ElementsAre;

std::int64_t euros(double amount) { return std::llround(amount * 1e6); }
AuctionResult cleared(const AuctionTerms& terms, const std::vector<Bid>& bids) {
    const Result<AuctionResult> result = clear(terms, bids);
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().what);
    return result ? *result : AuctionResult{};
}
AuctionTerms european(std::int64_t quantity) {
    return {.supply = {{.price_micro = 0, .quantity = quantity}},
            .lot = 500,
            .on_shortfall = Shortfall::cancel};
}

TEST(Auction, TheBidThatReachesTheVolumeIsFilledInPart) {
    const AuctionResult r = cleared(european(3'000),
                                    {{.price_micro = euros(70.10), .quantity = 1'000},
                                     {.price_micro = euros(70.05), .quantity = 1'500},
                                     {.price_micro = euros(70.00), .quantity = 1'000},
                                     {.price_micro = euros(69.95), .quantity = 2'000}});
    EXPECT_EQ(r.outcome, AuctionOutcome::sold);
    EXPECT_EQ(r.price_micro, euros(70.00));
    EXPECT_THAT(r.fills, ElementsAre(1'000, 1'500, 500, 0));
    EXPECT_EQ(r.bid_for, 5'500);
}

TEST(Auction, TheBidThatReachesItExactlySetsThePrice) {
    const AuctionResult r = cleared(european(3'000),
                                    {{.price_micro = euros(70.10), .quantity = 1'000},
                                     {.price_micro = euros(70.05), .quantity = 2'000},
                                     {.price_micro = euros(70.00), .quantity = 1'000}});
    EXPECT_EQ(r.price_micro, euros(70.05));
    EXPECT_THAT(r.fills, ElementsAre(1'000, 2'000, 0));
}

// Drawn in the order T2, T3, T1: whole bids, the last in part.
TEST(Auction, EqualPricesAreServedInTheOrderOfTheDraw) {
    const AuctionResult r = cleared(european(3'000),
                                    {{.price_micro = euros(70.10), .quantity = 1'000},
                                     {.price_micro = euros(70.00), .quantity = 1'500, .draw = 3},
                                     {.price_micro = euros(70.00), .quantity = 1'500, .draw = 1},
                                     {.price_micro = euros(70.00), .quantity = 1'500, .draw = 2}});
    EXPECT_EQ(r.price_micro, euros(70.00));
    EXPECT_THAT(r.fills, ElementsAre(1'000, 0, 1'500, 500));
}

TEST(Auction, TooFewBidsCancelItAndTheNextFourTakeTheVolume) {
    const std::vector<Bid> bids = {{.price_micro = euros(70.10), .quantity = 1'000},
                                   {.price_micro = euros(70.05), .quantity = 1'500}};
    const AuctionResult r = cleared(european(3'000), bids);
    EXPECT_EQ(r.outcome, AuctionOutcome::undersubscribed);
    EXPECT_EQ(r.bid_for, 2'500);
    EXPECT_EQ(r.sold, 0);
    EXPECT_THAT(r.fills, ElementsAre(0, 0));
    EXPECT_THAT(respread({.quantity = 3'000, .lot = 500}).value(),
                ElementsAre(1'000, 1'000, 500, 500));
    EXPECT_THAT(respread({.quantity = 3'100, .lot = 500}).value(),
                ElementsAre(1'100, 1'000, 500, 500));
}

TEST(Auction, UnderAReservePriceWhatIsBidForIsSold) {
    const std::vector<Bid> bids = {{.price_micro = euros(70.10), .quantity = 1'000},
                                   {.price_micro = euros(70.05), .quantity = 1'500},
                                   {.price_micro = euros(60), .quantity = 500}};
    AuctionTerms terms{.supply = {{.price_micro = euros(65), .quantity = 3'000}},
                       .lot = 500,
                       .unsold_at = UnsoldPrice::reserve};
    AuctionResult r = cleared(terms, bids);
    EXPECT_EQ(r.sold, 2'500);
    EXPECT_EQ(r.price_micro, euros(65));
    EXPECT_THAT(r.fills, ElementsAre(1'000, 1'500, 0));
    terms.unsold_at = UnsoldPrice::last_bid;
    r = cleared(terms, bids);
    EXPECT_EQ(r.sold, 2'500);
    EXPECT_EQ(r.price_micro, euros(70.05));
}

AuctionTerms with_reserve_step() {
    return {.supply = {{.price_micro = 0, .quantity = 100},
                       {.price_micro = euros(10), .quantity = 20}}};
}

TEST(Auction, AContainmentStepIsUsedUpWhereBidsReachBeyondIt) {
    const AuctionResult r = cleared(with_reserve_step(),
                                    {{.price_micro = euros(15), .quantity = 60},
                                     {.price_micro = euros(12), .quantity = 50},
                                     {.price_micro = euros(11), .quantity = 30},
                                     {.price_micro = euros(9), .quantity = 50}});
    EXPECT_EQ(r.price_micro, euros(11));
    EXPECT_EQ(r.sold, 120);
    EXPECT_THAT(r.used, ElementsAre(100, 20));
    EXPECT_THAT(r.fills, ElementsAre(60, 50, 10, 0));
}

TEST(Auction, APartlyUsedStepClearsAtItsTrigger) {
    const AuctionResult r = cleared(with_reserve_step(),
                                    {{.price_micro = euros(15), .quantity = 60},
                                     {.price_micro = euros(12), .quantity = 50},
                                     {.price_micro = euros(9), .quantity = 50}});
    EXPECT_EQ(r.price_micro, euros(10));
    EXPECT_EQ(r.sold, 110);
    EXPECT_THAT(r.used, ElementsAre(100, 10));
}

TEST(Auction, WithoutEnoughBidsTheReservePriceIsPaid) {
    const AuctionResult r = cleared(
        {.supply = {{.price_micro = euros(3), .quantity = 100}}, .unsold_at = UnsoldPrice::reserve},
        {{.price_micro = euros(15), .quantity = 60}, {.price_micro = euros(8), .quantity = 20}});
    EXPECT_EQ(r.sold, 80);
    EXPECT_EQ(r.price_micro, euros(3));
}

// RGGI auction 54 (1 December 2021): 23,121,518 offered, 11,976,778 more at 13.00, of which 3,919,482 were sold; revenue as published.
TEST(Auction, RggiFiftyFourUsedAPartOfItsReserve) {
    const AuctionResult r =
        cleared({.supply = {{.price_micro = euros(2.38), .quantity = 23'121'518},
                            {.price_micro = euros(13), .quantity = 11'976'778}}},
                {{.price_micro = euros(14), .quantity = 20'000'000},
                 {.price_micro = euros(13), .quantity = 7'041'000},
                 {.price_micro = euros(12.99), .quantity = 30'000'000}});
    EXPECT_THAT(r.used, ElementsAre(23'121'518, 3'919'482));
    EXPECT_EQ(r.price_micro, euros(13));
    EXPECT_EQ(revenue_micro(r).value(), 351'533'000'000'000);
}

// RGGI auction 29 (9 September 2015): 15,374,294 and all of the 10,000,000 at 6.00 went at 6.02.
TEST(Auction, RggiTwentyNineUsedAllOfIt) {
    const AuctionResult r =
        cleared({.supply = {{.price_micro = euros(2.05), .quantity = 15'374'294},
                            {.price_micro = euros(6), .quantity = 10'000'000}}},
                {{.price_micro = euros(6.02), .quantity = 60'000'000},
                 {.price_micro = euros(6.01), .quantity = 20'000'000}});
    EXPECT_EQ(r.sold, 25'374'294);
    EXPECT_EQ(r.price_micro, euros(6.02));
    EXPECT_EQ(revenue_micro(r).value(), 152'753'249'880'000);
}

// RGGI auction 3 (18 March 2009): two vintages, 117,248,629.80 together.
TEST(Auction, RggiThreeToTheCent) {
    const auto sold = [](double price, std::int64_t quantity) {
        return revenue_micro(cleared({.supply = {{.price_micro = 0, .quantity = quantity}}},
                                     {{.price_micro = euros(price), .quantity = quantity}}))
            .value();
    };
    EXPECT_EQ(sold(3.51, 31'513'765) + sold(3.05, 2'175'513), 117'248'629'800'000);
}

// What an ECR withholds is a part of the supply that stands at its trigger: 6.00 here, 10 of 100.
TEST(Auction, BelowItsTriggerAPartIsWithheld) {
    const AuctionTerms terms{.supply = {{.price_micro = euros(2), .quantity = 90},
                                        {.price_micro = euros(6), .quantity = 10}}};
    const AuctionResult low = cleared(terms, {{.price_micro = euros(5), .quantity = 200}});
    EXPECT_EQ(low.sold, 90);
    EXPECT_EQ(low.price_micro, euros(5));
    const AuctionResult high = cleared(terms, {{.price_micro = euros(7), .quantity = 200}});
    EXPECT_EQ(high.sold, 100);
    EXPECT_EQ(high.price_micro, euros(7));
}

// 10 lots among 30, 20 and 10 at one price: 5, 3 1/3 and 1 2/3 lots; floors leave one, which the largest remainder takes.
TEST(Auction, EqualPricesMayShareInProportion) {
    const AuctionResult r = cleared({.supply = {{.price_micro = 0, .quantity = 10'500}},
                                     .lot = 1'000,
                                     .tie = TieRule::pro_rata},
                                    {{.price_micro = euros(5), .quantity = 30'000, .draw = 2},
                                     {.price_micro = euros(5), .quantity = 20'000, .draw = 1},
                                     {.price_micro = euros(5), .quantity = 10'000, .draw = 3}});
    // The half lot is of the first of the draw.
    EXPECT_THAT(r.fills, ElementsAre(5'000, 3'500, 2'000));
    EXPECT_EQ(r.sold, 10'500);
}

TEST(Auction, APriceFarBelowTheMarketCancelsIt) {
    AuctionTerms terms = european(1'000);
    terms.least_price_micro = euros(60);
    EXPECT_EQ(cleared(terms, {{.price_micro = euros(59.99), .quantity = 1'000}}).outcome,
              AuctionOutcome::price_too_low);
    EXPECT_EQ(cleared(terms, {{.price_micro = euros(60), .quantity = 1'000}}).outcome,
              AuctionOutcome::sold);
}

TEST(Auction, NobodyBidsEnough) {
    const AuctionResult r = cleared({.supply = {{.price_micro = euros(3), .quantity = 100}}},
                                    {{.price_micro = euros(2.99), .quantity = 60}});
    EXPECT_EQ(r.outcome, AuctionOutcome::no_bids);
    EXPECT_EQ(r.sold, 0);
    EXPECT_EQ(cleared({.supply = {{.price_micro = 0, .quantity = 1}}}, {}).outcome,
              AuctionOutcome::no_bids);
}

TEST(Auction, WhatMakesNoSenseIsRefused) {
    const auto code = [](const AuctionTerms& terms, const std::vector<Bid>& bids) {
        const Result<AuctionResult> result = clear(terms, bids);
        return result ? std::optional<ErrorCode>() : result.error().code;
    };
    const std::vector<Bid> one = {{.price_micro = 1, .quantity = 1}};
    const AuctionTerms plain{.supply = {{.price_micro = 0, .quantity = 1}}};
    EXPECT_EQ(code({}, one), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.supply = {{.price_micro = -1, .quantity = 1}}}, one),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({.supply = {{.price_micro = 0, .quantity = 0}}}, one),
              ErrorCode::invalid_argument);
    EXPECT_EQ(
        code({.supply = {{.price_micro = 5, .quantity = 1}, {.price_micro = 5, .quantity = 1}}},
             one),
        ErrorCode::invalid_argument);
    EXPECT_EQ(code({.supply = {{.price_micro = 0, .quantity = 1}}, .lot = 0}, one),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({.supply = {{.price_micro = 0, .quantity = 1}}, .lot = 2}, one),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code(plain, {{.price_micro = 0, .quantity = 1}}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(plain, {{.price_micro = 1, .quantity = -1}}), ErrorCode::invalid_argument);
    EXPECT_EQ(
        code(plain, {{.price_micro = 1, .quantity = INT64_MAX}, {.price_micro = 1, .quantity = 1}}),
        ErrorCode::out_of_range);
    EXPECT_EQ(code({.supply = {{.price_micro = 0, .quantity = INT64_MAX},
                               {.price_micro = 1, .quantity = 1}}},
                   one),
              ErrorCode::out_of_range);
    AuctionResult dear;
    dear.price_micro = INT64_MAX;
    dear.sold = 2;
    EXPECT_EQ(revenue_micro(dear).error().code, ErrorCode::out_of_range);
    EXPECT_FALSE(respread({.quantity = -1}).has_value());
    EXPECT_FALSE(respread({.quantity = 1, .lot = 0}).has_value());
}

// RGGI's triggers as published: rounded to cents every year, 57.53 in 2037; rounding once would give 57.54, and 17.04 for 17.03.
TEST(Auction, TriggersAreRoundedEveryYear) {
    const auto after = [](double first, std::int32_t years) {
        return trigger_after({.first_micro = euros(first), .growth_ppm = 70'000, .years = years})
            .value();
    };
    EXPECT_EQ(after(29.25, 10), euros(57.53));
    EXPECT_EQ(after(19.50, 10), euros(38.36));
    EXPECT_EQ(after(13.00, 4), euros(17.03));
    EXPECT_EQ(after(6.00, 4), euros(7.86));
    EXPECT_EQ(after(29.25, 1), euros(31.30));
    EXPECT_FALSE(
        trigger_after({.first_micro = INT64_MAX, .growth_ppm = 1, .years = 1}).has_value());
}

TEST(Auction, DemandAddsUpFromTheDearest) {
    const std::vector<Bid> bids = {{.price_micro = 5, .quantity = 10},
                                   {.price_micro = 7, .quantity = 3},
                                   {.price_micro = 5, .quantity = 1}};
    const std::vector<DemandPoint> curve = demand_curve(bids);
    ASSERT_EQ(curve.size(), 2U);
    EXPECT_EQ(curve[0].price_micro, 7);
    EXPECT_EQ(curve[0].quantity, 3);
    EXPECT_EQ(curve[1].quantity, 14);
}

}  // namespace
}  // namespace abate::scheme
