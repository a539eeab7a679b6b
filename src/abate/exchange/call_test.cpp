// Published examples, and small books whose answer is reckoned by hand. D: what buys would take at a price, S: what sells would give.
#include "abate/exchange/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace abate::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Call {
    std::vector<CallOrder> buys;
    std::vector<CallOrder> sells;
    CallTerms terms{.low_micro = 50, .high_micro = 500, .reference_micro = 200};
};
CallResult cleared(const Call& call) {
    const Result<CallResult> result =
        clear_call(call.terms, {.buys = call.buys, .sells = call.sells});
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().what);
    return result ? *result : CallResult{};
}
Call with_reference(Call call, std::int64_t reference) {
    call.terms.reference_micro = reference;
    return call;
}
// at(202, 300): three hundred at 202.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): short, so that a book is one line
CallOrder at(std::int64_t limit, std::int64_t quantity) {
    return {.limit_micro = limit, .quantity = quantity};
}
CallOrder market(std::int64_t quantity) { return {.quantity = quantity}; }

// The example to the ASX's four principles of 2002 (maximum tradeable volume, minimum surplus, market pressure, reference price), "stock X": 1,000
// can be traded from 610 to 639, of which 635 to 639 leave the least, 500 of buys, who press to the highest.
TEST(Call, TheExampleOfTheAsx) {
    const CallResult r =
        cleared({.buys = {at(640, 500), at(639, 500), at(639, 500), at(634, 1'000), at(633, 500)},
                 .sells = {at(610, 1'000), at(640, 500), at(641, 520), at(642, 550), at(643, 519)},
                 .terms = {.reference_micro = 600}});
    EXPECT_EQ(r.price_micro, 639);
    EXPECT_EQ(r.volume, 1'000);
    EXPECT_EQ(r.surplus, 500);
    EXPECT_EQ(r.surplus_side, Side::buy);
    EXPECT_THAT(r.buys, ElementsAre(CallFill{0, 500}, CallFill{1, 500}));
}

// The table in MarketGrid's documentation of its single-price auction: 290 at 12,400, where 480 are bid.
TEST(Call, TheExampleOfMarketGrid) {
    Call call;
    call.terms = {.tick_micro = 100, .reference_micro = 13'000};
    const std::int64_t bids[] = {60, 80, 200, 55, 25, 35, 25, 95, 45};       // from 12,200
    const std::int64_t asks[] = {10, 125, 155, 90, 20, 10, 15, 10, 50, 35};  // likewise
    for (std::int64_t price = 12'200; const std::int64_t quantity : bids) {
        call.buys.push_back(at(price, quantity));
        price += 100;
    }
    for (std::int64_t price = 12'200; const std::int64_t quantity : asks) {
        call.sells.push_back(at(price, quantity));
        price += 100;
    }
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, 12'400);
    EXPECT_EQ(r.volume, 290);
    EXPECT_EQ(r.surplus, 480 - 290);
}

// At 200, D = 200 + 200 + 300 = 700 = S; at 201 D is 400, at 199 S is 400.
TEST(Call, ThePriceIsThatAtWhichMostIsTraded) {
    const CallResult r = cleared({.buys = {at(202, 200), at(201, 200), at(200, 300)},
                                  .sells = {at(198, 200), at(199, 200), at(200, 300)}});
    EXPECT_EQ(r.price_micro, 200);
    EXPECT_EQ(r.volume, 700);
    EXPECT_EQ(r.surplus, 0);
    EXPECT_THAT(r.buys, ElementsAre(CallFill{0, 200}, CallFill{1, 200}, CallFill{2, 300}));
    EXPECT_THAT(r.sells, ElementsAre(CallFill{0, 200}, CallFill{1, 200}, CallFill{2, 300}));
}

// 300 are traded from 199 to 202: up to 200 D = 600 leaves 300, above it D = 300 leaves nothing.
TEST(Call, OfTheseItLeavesTheSmallestSurplus) {
    const Call call{.buys = {at(202, 300), at(200, 300)}, .sells = {at(199, 300)}};
    const CallResult r = cleared(with_reference(call, 250));
    EXPECT_EQ(r.price_micro, 202);
    EXPECT_EQ(r.volume, 300);
    EXPECT_EQ(r.surplus, 0);
}

// D = 600 up to 201; S = 500 from 200 on: 200 and 201 leave 100 of buys.
TEST(Call, ASurplusOfBuysTakesTheHighest) {
    const Call call{.buys = {at(202, 400), at(201, 200)}, .sells = {at(199, 300), at(200, 200)}};
    for (const std::int64_t reference : {0, 200, 201, 400}) {
        const CallResult r = cleared(with_reference(call, reference));
        EXPECT_EQ(r.price_micro, 201);
        EXPECT_EQ(r.volume, 500);
        EXPECT_EQ(r.surplus, 100);
        EXPECT_EQ(r.surplus_side, Side::buy);
        EXPECT_THAT(r.buys, ElementsAre(CallFill{0, 400}, CallFill{1, 100}));
    }
}

// D = 300 up to 202; S = 500 from 199 on.
TEST(Call, ASurplusOfSellsTakesTheLowest) {
    const Call call{.buys = {at(202, 300)}, .sells = {at(199, 200), at(198, 300)}};
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, 198);  // at 198 S = 300 leaves nothing: rule 2
    const CallResult more =
        cleared({.buys = {at(202, 300)}, .sells = {at(199, 200), at(199, 300)}});
    EXPECT_EQ(more.price_micro, 199);
    EXPECT_EQ(more.surplus, 200);
    EXPECT_EQ(more.surplus_side, Side::sell);
    EXPECT_THAT(more.sells, ElementsAre(CallFill{0, 200}, CallFill{1, 100}));
}

// D = S = 100 from 190 to 210.
TEST(Call, WithoutSurplusTheReferencePriceDecides) {
    const Call call{.buys = {at(210, 100)}, .sells = {at(190, 100)}};
    EXPECT_EQ(cleared(with_reference(call, 203)).price_micro, 203);
    EXPECT_EQ(cleared(with_reference(call, 100)).price_micro, 190);
    EXPECT_EQ(cleared(with_reference(call, 900)).price_micro, 210);
}

TEST(Call, BetweenTwoTicksTheLowerWins) {
    Call call{.buys = {at(210, 100)}, .sells = {at(190, 100)}};
    call.terms.tick_micro = 10;
    EXPECT_EQ(cleared(with_reference(call, 205)).price_micro, 200);
    EXPECT_EQ(cleared(with_reference(call, 206)).price_micro, 210);
    EXPECT_EQ(cleared(with_reference(call, 204)).price_micro, 200);
}

// At 200 D = 400, S = 300; at 210 D = 300, S = 400: as much is traded and as much is left, once of buys, once of sells.
TEST(Call, BetweenASurplusOfBuysAndOneOfSellsTheReferencePriceDecides) {
    Call call{.buys = {at(220, 300), at(200, 100)}, .sells = {at(180, 300), at(210, 100)}};
    call.terms.tick_micro = 10;
    CallResult r = cleared(with_reference(call, 150));
    EXPECT_EQ(r.price_micro, 200);
    EXPECT_EQ(r.surplus_side, Side::buy);
    EXPECT_EQ(cleared(with_reference(call, 205)).price_micro, 200);
    r = cleared(with_reference(call, 207));
    EXPECT_EQ(r.price_micro, 210);
    EXPECT_EQ(r.surplus, 100);
    EXPECT_EQ(r.surplus_side, Side::sell);
    EXPECT_EQ(cleared(with_reference(call, 480)).price_micro, 210);
}

TEST(Call, MarketOrdersAloneTradeAtTheReferencePrice) {
    const Call call{.buys = {market(100)}, .sells = {market(60)}};
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, 200);
    EXPECT_EQ(r.volume, 60);
    EXPECT_EQ(r.surplus, 40);
    EXPECT_EQ(cleared(with_reference(call, 900)).price_micro, 500);  // as far as the collar
    EXPECT_EQ(cleared(with_reference(call, 1)).price_micro, 50);
}

// What nobody names is not the price: the collar goes to 500.
TEST(Call, AMarketOrderPaysNoMoreThanSomebodyNames) {
    const Call call{.buys = {market(10)}, .sells = {at(210, 5)}};
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, 210);
    EXPECT_EQ(r.volume, 5);
    EXPECT_EQ(r.surplus, 5);
    EXPECT_EQ(cleared(with_reference(call, 220)).price_micro, 220);
}

TEST(Call, MarketOrdersComeFirstThenThePriceThenTime) {
    const CallResult r =
        cleared({.buys = {at(200, 10), at(201, 10), at(200, 10), market(10), at(201, 10)},
                 .sells = {at(200, 45)}});
    EXPECT_EQ(r.price_micro, 200);
    EXPECT_THAT(
        r.buys,
        ElementsAre(
            CallFill{3, 10}, CallFill{1, 10}, CallFill{4, 10}, CallFill{0, 10}, CallFill{2, 5}));
}

// Most would be traded at 100 (D = S = 50); the collar ends at 150, where S = 50 and D = 20.
TEST(Call, TheCollarHoldsThePrice) {
    Call call{.buys = {at(160, 20), at(100, 30)}, .sells = {at(90, 50)}};
    call.terms.low_micro = 150;
    call.terms.high_micro = 155;
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, 150);
    EXPECT_EQ(r.volume, 20);
    EXPECT_EQ(r.surplus, 30);
    EXPECT_EQ(r.surplus_side, Side::sell);
    // Its ends may lie between ticks.
    call.terms.tick_micro = 10;
    call.terms.low_micro = 141;
    EXPECT_EQ(cleared(call).price_micro, 150);
}

TEST(Call, NothingIsTradedWhereNobodyMeets) {
    for (const Call& call : {Call{},
                             Call{.buys = {at(200, 5)}, .sells = {}},
                             Call{.buys = {at(200, 5)}, .sells = {at(201, 5)}},
                             Call{.buys = {market(1)}, .sells = {at(501, 5)}}}) {
        const CallResult r = cleared(call);
        EXPECT_EQ(r, CallResult{});
        EXPECT_EQ(r.price_micro, std::nullopt);
        EXPECT_THAT(trades_of(r), IsEmpty());
    }
}

TEST(Call, FillsMeetFirstWithFirst) {
    const CallResult r =
        cleared({.buys = {at(202, 7), at(201, 5)}, .sells = {at(199, 4), at(198, 6), at(200, 9)}});
    EXPECT_EQ(r.volume, 12);
    EXPECT_THAT(
        trades_of(r),
        ElementsAre(
            CallTrade{0, 1, 6}, CallTrade{0, 0, 1}, CallTrade{1, 0, 3}, CallTrade{1, 2, 2}));
}

// Quantities and prices at their ends are exact.
TEST(Call, TheLargestNumbersAreExact) {
    const Call call{.buys = {at(kMostTicks, INT64_MAX - 1), at(kMostTicks, 1)},
                    .sells = {market(1), at(kMostTicks, INT64_MAX - 1)},
                    .terms = {.low_micro = 1, .high_micro = kMostTicks, .reference_micro = 0}};
    const CallResult r = cleared(call);
    EXPECT_EQ(r.price_micro, kMostTicks);
    EXPECT_EQ(r.volume, INT64_MAX);
    EXPECT_EQ(cleared({.buys = {market(INT64_MAX)},
                       .sells = {market(1)},
                       .terms = {.reference_micro = INT64_MAX}})
                  .surplus,
              INT64_MAX - 1);
}

TEST(Call, WhatCannotBeMeantIsRefused) {
    const auto why = [](const Call& call) {
        const Result<CallResult> result =
            clear_call(call.terms, {.buys = call.buys, .sells = call.sells});
        return result ? "accepted" : to_string(result.error().code) + (": " + result.error().what);
    };
    const auto with = [](const CallTerms& terms) {
        return Call{.buys = {}, .sells = {}, .terms = terms};
    };
    EXPECT_EQ(why(with({.tick_micro = 0})), "invalid_argument: a tick below 1");
    EXPECT_EQ(why(with({.low_micro = 0})), "invalid_argument: a collar that is not positive");
    EXPECT_EQ(why(with({.low_micro = 9, .high_micro = 8})),
              "invalid_argument: a collar without a tick in it");
    EXPECT_EQ(why(with({.tick_micro = 10, .low_micro = 11, .high_micro = 19})),
              "invalid_argument: a collar without a tick in it");
    EXPECT_EQ(why(with({.tick_micro = INT64_MAX})),
              "invalid_argument: a collar without a tick in it");
    EXPECT_EQ(why(with({.high_micro = INT64_MAX})), "out_of_range: a collar beyond 2^62");
    EXPECT_EQ(why(with({.low_micro = INT64_MAX})), "out_of_range: a collar beyond 2^62");
    EXPECT_EQ(why(with({.reference_micro = -1})), "invalid_argument: a reference price below 0");
    EXPECT_EQ(why({.buys = {market(0)}, .sells = {}}), "invalid_argument: an order for nothing");
    EXPECT_EQ(why({.buys = {}, .sells = {at(0, 1)}}),
              "invalid_argument: a limit that is not positive");
    EXPECT_EQ(why({.buys = {}, .sells = {at(INT64_MAX, 1)}}), "out_of_range: a limit beyond 2^62");
    EXPECT_EQ(why({.buys = {at(15, 1)}, .sells = {}, .terms = {.tick_micro = 10}}),
              "invalid_argument: a limit off the tick");
    EXPECT_EQ(why({.buys = {at(200, INT64_MAX), market(1)}, .sells = {}}),
              "out_of_range: the quantities of a side together");
}

}  // namespace
}  // namespace abate::exchange
