#include "abate/exchange/surveillance.h"

#include "abate/exchange/tape_test_support.h"
#include "abate/exchange/wash_rings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace abate::exchange {
namespace {

using registry::GroupId;
using registry::ParticipantId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Surveillance seen_in(const TapeMaker& maker, const SurveillanceRules& rules = {}) {
    return surveil({.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
                   rules)
        .value();
}

std::vector<Finding> of(FindingKind kind, const Surveillance& seen) {
    std::vector<Finding> out;
    std::copy_if(seen.findings.begin(),
                 seen.findings.end(),
                 std::back_inserter(out),
                 [&](const Finding& finding) { return finding.kind == kind; });
    return out;
}

std::vector<std::uint64_t> numbers(const std::vector<GroupId>& groups) {
    std::vector<std::uint64_t> out;
    for (const GroupId group : groups) out.push_back(static_cast<std::uint64_t>(group));
    return out;
}
std::vector<std::uint64_t> numbers(const std::vector<ParticipantId>& participants) {
    std::vector<std::uint64_t> out;
    for (const ParticipantId who : participants) out.push_back(static_cast<std::uint64_t>(who));
    return out;
}

// A sells 3,000 to B, B 2,000 to C, C 5,000 to A: 2,000 came round, in three sales of a volume of 40,000: 15 %.
TEST(WashRings, AreAllowancesThatComeBackAtAboutOnePrice) {
    TapeMaker maker;
    maker.at(kMinute);
    maker.deal({.seller = 8, .buyer = 9, .price = 1'000'000, .quantity = 30'000});
    const std::uint64_t a_b =
        maker.deal({.seller = 1, .buyer = 2, .price = 1'000'000, .quantity = 3'000});
    maker.at(2 * kMinute);
    const std::uint64_t b_c =
        maker.deal({.seller = 2, .buyer = 3, .price = 1'001'000, .quantity = 2'000});
    maker.at(3 * kMinute);
    const std::uint64_t c_a =
        maker.deal({.seller = 3, .buyer = 1, .price = 1'000'500, .quantity = 5'000});
    const std::vector<Finding> rings = of(FindingKind::wash_ring, seen_in(maker));
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_EQ(rings[0].vintage, 2030);
    EXPECT_THAT(numbers(rings[0].groups), ElementsAre(1, 2, 3));
    EXPECT_THAT(numbers(rings[0].participants), ElementsAre(1, 2, 3));
    EXPECT_EQ(rings[0].from.us, kMinute);
    EXPECT_EQ(rings[0].to.us, 3 * kMinute);
    EXPECT_TRUE(rings[0].quantity == 2'000);
    EXPECT_EQ(rings[0].figure, 150'000);
    EXPECT_EQ(rings[0].threshold, 10'000);
    EXPECT_EQ(rings[0].second_figure, 2'000);
    EXPECT_EQ(rings[0].second_threshold, 1'000);
    EXPECT_THAT(rings[0].evidence, ElementsAre(a_b, b_c, c_a));
    EXPECT_TRUE(rings[0].evidence_complete);
}

// Whoever sold first: C to A, A to B, B to C is the same ring, and so is any other order.
TEST(WashRings, DoNotAskWhoSoldFirst) {
    std::vector<std::uint64_t> sellers{1, 2, 3};
    do {
        TapeMaker maker;
        for (const std::uint64_t seller : sellers)
            maker.deal({.seller = seller, .buyer = seller % 3 + 1, .quantity = 1'000});
        const std::vector<Finding> rings = of(FindingKind::wash_ring, seen_in(maker));
        ASSERT_EQ(rings.size(), 1U);
        EXPECT_THAT(numbers(rings[0].groups), ElementsAre(1, 2, 3));
    } while (std::next_permutation(sellers.begin(), sellers.end()));
}

TEST(WashRings, OfTheSameGroupsAreOneFindingEachWayRoundItsOwn) {
    TapeMaker maker;
    for (int round = 0; round < 3; ++round)
        for (std::uint64_t seller = 1; seller <= 3; ++seller)
            maker.deal({.seller = seller, .buyer = seller % 3 + 1, .quantity = 1'000});
    maker.at(2 * kHour);
    for (std::uint64_t seller = 1; seller <= 3; ++seller)
        maker.deal({.seller = seller, .buyer = (seller + 1) % 3 + 1, .quantity = 1'000});
    const std::vector<Finding> rings = of(FindingKind::wash_ring, seen_in(maker));
    ASSERT_EQ(rings.size(), 2U);
    EXPECT_TRUE(rings[0].quantity == 3'000);
    EXPECT_THAT(numbers(rings[1].groups), ElementsAre(1, 3, 2));
    EXPECT_TRUE(rings[1].quantity == 1'000);
}

TEST(WashRings, EndAtTheirWindowBandLengthAndLeastQuantity) {
    struct Case {
        std::string what;
        std::int64_t between_us = 0;
        std::int64_t back_at = 1'000'000;
        std::uint64_t groups = 2;
        std::int64_t quantity = 1'000;
        bool found = true;
    };
    for (const Case& c : {
             Case{.what = "an hour apart", .between_us = kHour},
             Case{.what = "longer", .between_us = kHour + 1, .found = false},
             Case{.what = "half a percent dearer",
             .back_at = 1'005'025},  // 0.5 % of 1.005025 M: 5,025
             Case{.what = "more", .back_at = 1'005'026, .found = false},
             Case{.what = "half a percent cheaper", .back_at = 995'025},  // 0.5 %: 4,975
             Case{.what = "less", .back_at = 995'024, .found = false},
             Case{.what = "over five groups", .groups = 5},
             Case{.what = "over six", .groups = 6, .found = false},
             Case{.what = "less than a lot", .quantity = 999, .found = false},
         }) {
        TapeMaker maker;
        for (std::uint64_t seller = 1; seller < c.groups; ++seller)
            maker.deal({.seller = seller,
                        .buyer = seller + 1,
                        .price = 1'000'000,
                        .quantity = c.quantity});
        maker.at(c.between_us);
        maker.deal({.seller = c.groups, .buyer = 1, .price = c.back_at, .quantity = c.quantity});
        EXPECT_EQ(of(FindingKind::wash_ring, seen_in(maker)).size(), c.found ? 1U : 0U) << c.what;
    }
}

TEST(WashRings, BelowTheirShareOfTheVolumeAreNone) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .quantity = 1'000});
    maker.deal({.seller = 2, .buyer = 1, .quantity = 1'000});
    maker.deal({.seller = 3, .buyer = 4, .quantity = 198'000});
    EXPECT_EQ(of(FindingKind::wash_ring, seen_in(maker)).size(), 1U);  // 1 %
    maker.deal({.seller = 3, .buyer = 4, .quantity = 1});
    EXPECT_THAT(of(FindingKind::wash_ring, seen_in(maker)), IsEmpty());
}

TEST(WashRings, SeeParticipantsOfAGroupAsOne) {
    TapeMaker maker;
    maker.belongs(11, 1);
    maker.deal({.seller = 1, .buyer = 2, .quantity = 1'000});
    maker.deal({.seller = 2, .buyer = 11, .quantity = 1'000});
    const std::vector<Finding> rings = of(FindingKind::wash_ring, seen_in(maker));
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_THAT(numbers(rings[0].groups), ElementsAre(1, 2));
    EXPECT_THAT(numbers(rings[0].participants), ElementsAre(1, 2, 11));
}

TEST(WashRings, OfOneAreSalesWithinAGroup) {
    TapeMaker maker;
    maker.belongs(11, 1);
    const std::uint64_t seq = maker.deal({.seller = 1, .buyer = 11, .quantity = 1'000});
    const std::vector<Finding> rings = of(FindingKind::wash_ring, seen_in(maker));
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_THAT(numbers(rings[0].groups), ElementsAre(1));
    EXPECT_EQ(rings[0].figure, 1'000'000);
    EXPECT_THAT(rings[0].evidence, ElementsAre(seq));
}

// B sold on what it bought, but nothing came back to A.
TEST(WashRings, AreNotChains) {
    TapeMaker maker;
    for (std::uint64_t seller = 1; seller < 6; ++seller)
        maker.deal({.seller = seller, .buyer = seller + 1, .quantity = 5'000});
    maker.deal({.seller = 1, .buyer = 6, .quantity = 5'000});
    EXPECT_THAT(of(FindingKind::wash_ring, seen_in(maker)), IsEmpty());
}

TEST(RingSearch, CountsNoAllowanceTwiceAndTakesTheShortestRingFirst) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .quantity = 10});
    maker.deal({.seller = 2, .buyer = 3, .quantity = 10});
    maker.deal({.seller = 2, .buyer = 4, .quantity = 10});
    maker.deal({.seller = 4, .buyer = 3, .quantity = 10});
    maker.deal({.seller = 3, .buyer = 1, .quantity = 25});
    RingSearch search({.window_us = kHour, .band_ppm = 0, .most_groups = 5});
    std::vector<Ring> rings;
    for (const TapeEntry& entry : maker.tape())
        search.add(sale_of(entry, maker.groups()),
                   [&](const Ring& ring) { rings.push_back(ring); });
    // 10 went 3 -> 1 -> 2 -> 3; the sale from 1 to 2 is used up, so nothing is left for 3 -> 1 -> 2 -> 4 -> 3.
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_THAT(numbers(rings[0].groups), ElementsAre(3, 1, 2));
    EXPECT_EQ(rings[0].quantity, 10);
    EXPECT_EQ(search.forgotten(), 0U);
}

TEST(RingSearch, SaysWhatItDidNotLookBackAt) {
    TapeMaker maker;
    maker.deal({.seller = 1, .buyer = 2, .quantity = 1'000});
    for (std::uint64_t i = 0; i < 3; ++i) maker.deal({.seller = 5, .buyer = 6, .quantity = 1'000});
    maker.deal({.seller = 2, .buyer = 1, .quantity = 1'000});
    SurveillanceRules rules;
    rules.ring_most_sales = 4;
    Surveillance seen = seen_in(maker, rules);
    EXPECT_THAT(of(FindingKind::wash_ring, seen), IsEmpty());
    EXPECT_EQ(seen.sales_forgotten, 1U);
    rules.ring_most_sales = 5;
    seen = seen_in(maker, rules);
    EXPECT_EQ(of(FindingKind::wash_ring, seen).size(), 1U);
    EXPECT_EQ(seen.sales_forgotten, 0U);
}

// Ten trades; bought 19,000 and sold 17,000: (36,000 - 2,000) / 36,000 = 94.4 % left its position as it was.
TEST(UnchangedPosition, IsTheShareOfWhatWasTradedThatDidNotMoveIt) {
    TapeMaker maker;
    std::vector<std::uint64_t> evidence;
    for (std::uint64_t i = 0; i < 5; ++i) {
        evidence.push_back(
            maker.deal({.seller = 10 + i, .buyer = 1, .quantity = i == 0 ? 3'000 : 4'000}));
        evidence.push_back(
            maker.deal({.seller = 1, .buyer = 20 + i, .quantity = i == 0 ? 1'000 : 4'000}));
    }
    const std::vector<Finding> flat = of(FindingKind::unchanged_position, seen_in(maker));
    ASSERT_EQ(flat.size(), 1U);
    EXPECT_THAT(numbers(flat[0].participants), ElementsAre(1));
    EXPECT_THAT(numbers(flat[0].groups), ElementsAre(1));
    EXPECT_EQ(flat[0].figure, 944'444);
    EXPECT_EQ(flat[0].second_figure, 500'000);  // one side of every trade
    EXPECT_TRUE(flat[0].quantity == 36'000);
    EXPECT_EQ(flat[0].evidence, evidence);
    SurveillanceRules rules;
    rules.unchanged_ppm = 944'445;
    EXPECT_THAT(of(FindingKind::unchanged_position, seen_in(maker, rules)), IsEmpty());
    rules = {};
    rules.unchanged_least_trades = 11;
    EXPECT_THAT(of(FindingKind::unchanged_position, seen_in(maker, rules)), IsEmpty());
}

// One affiliate buys, the other sells: each moved its position, the group did not.
TEST(UnchangedPosition, IsAskedOfAGroupToo) {
    TapeMaker maker;
    maker.belongs(11, 1);
    for (std::uint64_t i = 0; i < 5; ++i) {
        maker.deal({.seller = 20 + i, .buyer = 1, .quantity = 1'000});
        maker.deal({.seller = 11, .buyer = 30 + i, .quantity = 1'000});
    }
    const std::vector<Finding> flat = of(FindingKind::unchanged_position, seen_in(maker));
    ASSERT_EQ(flat.size(), 1U);
    EXPECT_THAT(numbers(flat[0].participants), ElementsAre(1, 11));
    EXPECT_EQ(flat[0].figure, 1'000'000);
}

// 50 orders of 10: 48 are cancelled, one is met, one stays. 48 / 50 = 96 %.
TEST(CancelRatio, IsWhatWasTakenBackOfWhatWasPlaced) {
    TapeMaker maker;
    std::vector<std::uint64_t> evidence;
    for (std::uint64_t id = 1; id <= 50; ++id) {
        const TapeMaker::Order order{.id = id, .owner = 1, .quantity = 10};
        maker.rest(order);
        if (id == 7) maker.meet(order, 2);
        if (id == 7 || id == 8) continue;
        evidence.push_back(maker.remove(order));
    }
    const std::vector<Finding> found = of(FindingKind::cancel_ratio, seen_in(maker));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(numbers(found[0].participants), ElementsAre(1));
    EXPECT_EQ(found[0].figure, 960'000);
    EXPECT_EQ(found[0].second_figure, 50);
    EXPECT_TRUE(found[0].quantity == 480);
    EXPECT_EQ(found[0].evidence, evidence);
    SurveillanceRules rules;
    rules.cancel_least_orders = 51;
    EXPECT_THAT(of(FindingKind::cancel_ratio, seen_in(maker, rules)), IsEmpty());
    rules = {};
    rules.most_evidence = 5;
    const Finding cut = of(FindingKind::cancel_ratio, seen_in(maker, rules)).at(0);
    EXPECT_THAT(cut.evidence,
                ElementsAre(evidence[0], evidence[1], evidence[2], evidence[3], evidence[4]));
    EXPECT_FALSE(cut.evidence_complete);
}

// By quantity: one order of 1,000 is met in part and made smaller, the rest cancelled. Taken back 990 of 1,000; of orders none.
TEST(CancelRatio, IsOfAllowancesWhereThatIsMore) {
    TapeMaker maker;
    SurveillanceRules rules;
    rules.cancel_least_orders = 1;
    TapeMaker::Order order{.id = 1, .owner = 1, .quantity = 1'000};
    maker.rest(order);
    order.quantity = 10;
    maker.meet(order, 2);
    order.quantity = 500;  // 990 are left, then 500
    maker.reduce(order);
    maker.remove(order);
    const std::vector<Finding> found = of(FindingKind::cancel_ratio, seen_in(maker, rules));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].figure, 990'000);
    EXPECT_TRUE(found[0].quantity == 990);
}

// What trades at once is placed too: 40 taken by one order that then rests with 10, in one order; and 10 of 50 are taken back.
TEST(CancelRatio, CountsAnOrderThatTradesAsItComesOnce) {
    TapeMaker maker;
    SurveillanceRules rules;
    rules.cancel_ppm = 0;
    rules.cancel_least_orders = 1;
    maker.meet({.id = 90, .owner = 2, .side = Side::sell, .quantity = 15}, 1, 5);
    maker.meet({.id = 91, .owner = 2, .side = Side::sell, .quantity = 25}, 1, 5);
    const TapeMaker::Order rest{.id = 5, .owner = 1, .side = Side::buy, .quantity = 10};
    maker.rest(rest);
    maker.remove(rest);
    const std::vector<Finding> found = of(FindingKind::cancel_ratio, seen_in(maker, rules));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].second_figure, 1);
    EXPECT_EQ(found[0].figure, 200'000);
}

// One order from before the period and one of it are cancelled: of the one placed, one was taken back.
TEST(CancelRatio, IsOfOrdersPlacedInThePeriod) {
    TapeMaker maker;
    const TapeMaker::Order old{.id = 1, .owner = 1, .quantity = 70};
    const TapeMaker::Order young{.id = 2, .owner = 1, .quantity = 10};
    maker.rest(old);
    maker.at(kHour);
    maker.rest(young);
    maker.remove(old);
    maker.remove(young);
    SurveillanceRules rules;
    rules.cancel_least_orders = 1;
    const Surveillance seen = surveil({.tape = maker.tape(),
                                       .period = {.from = {1}, .until = {kHour + 1}},
                                       .groups = maker.groups()},
                                      rules)
                                  .value();
    const std::vector<Finding> found = of(FindingKind::cancel_ratio, seen);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].figure, 1'000'000);
    EXPECT_EQ(found[0].second_figure, 1);
    EXPECT_TRUE(found[0].quantity == 10);
}

TEST(CancelRatio, LeavesOutWhatItsOwnerDidNotTakeBack) {
    struct Case {
        Removal why;
        std::int64_t after_us;
        bool found;
    };
    for (const Case& c : {Case{Removal::cancelled, kHour, true},
                          Case{Removal::self_trade, 1, false},
                          Case{Removal::swept, 1, false},
                          Case{Removal::expired, 10 * kSecond + 1, false},
                          Case{Removal::expired, 10 * kSecond, true}}) {
        TapeMaker maker;
        const TapeMaker::Order order{.id = 1, .owner = 1, .quantity = 10};
        maker.rest(order);
        maker.at(c.after_us);
        maker.remove(order, c.why);
        SurveillanceRules rules;
        rules.cancel_least_orders = 1;
        EXPECT_EQ(of(FindingKind::cancel_ratio, seen_in(maker, rules)).size(), c.found ? 1U : 0U)
            << to_string(c.why);
    }
}

// Best bid 100 of participant 9. Participant 1 shows three bids of 50 below it, sells 20 to the best bid, and takes them away.
class Layers : public ::testing::Test {
  protected:
    struct Story {
        std::int64_t price = 99;  // of the highest of the three
        std::int64_t traded_after = kSecond;
        std::int64_t gone_after = kSecond;  // after the trade
        Removal why = Removal::cancelled;
        std::uint64_t seller = 1;
        std::int64_t quantity = 50;
    };
    std::vector<Finding> found(const Story& story) {
        maker_ = {};
        maker_.belongs(11, 1);
        maker_.belongs(12, 1);
        maker_.at(kMinute);
        const TapeMaker::Order best{.id = 1, .owner = 9, .price = 100, .quantity = 30};
        maker_.rest(best);
        std::vector<TapeMaker::Order> layer;
        for (std::int64_t i = 0; i < 3; ++i) {
            layer.push_back({.id = 10 + static_cast<std::uint64_t>(i),
                             .owner = 11,
                             .price = story.price - i,
                             .quantity = story.quantity});
            seqs_[static_cast<std::size_t>(i)] = maker_.rest(layer.back());
        }
        maker_.at(kMinute + story.traded_after);
        seqs_[3] = maker_.meet({.id = 1, .owner = 9, .price = 100, .quantity = 20}, story.seller);
        maker_.at(kMinute + story.traded_after + story.gone_after);
        for (const TapeMaker::Order& order : layer) maker_.remove(order, story.why);
        return of(FindingKind::layering, seen_in(maker_));
    }
    TapeMaker maker_;
    std::array<std::uint64_t, 4> seqs_{};
};

TEST_F(Layers, AreOrdersThatGoOnceTheirGroupTradedOnTheOtherSide) {
    const std::vector<Finding> layers = found({});
    ASSERT_EQ(layers.size(), 1U);
    EXPECT_THAT(numbers(layers[0].groups), ElementsAre(1));
    EXPECT_THAT(numbers(layers[0].participants), ElementsAre(11));
    EXPECT_EQ(layers[0].figure, 3);
    EXPECT_EQ(layers[0].second_figure, 7'500'000);  // 150 for 20
    EXPECT_TRUE(layers[0].quantity == 150);
    EXPECT_EQ(layers[0].from.us, kMinute);
    EXPECT_EQ(layers[0].to.us, kMinute + 2 * kSecond);
    EXPECT_THAT(
        layers[0].evidence,
        ElementsAre(
            seqs_[0], seqs_[1], seqs_[2], seqs_[3], seqs_[3] + 1, seqs_[3] + 2, seqs_[3] + 3));
}

TEST_F(Layers, AreNotOtherThings) {
    EXPECT_THAT(found({.price = 100}), IsEmpty()) << "one was at the best price";
    EXPECT_EQ(found({.traded_after = 60 * kSecond}).size(), 1U);
    EXPECT_THAT(found({.traded_after = 60 * kSecond + 1}), IsEmpty()) << "they stood long before";
    EXPECT_EQ(found({.gone_after = 10 * kSecond}).size(), 1U);
    EXPECT_THAT(found({.gone_after = 10 * kSecond + 1}), IsEmpty()) << "they stood long after";
    EXPECT_THAT(found({.why = Removal::swept}), IsEmpty());
    EXPECT_EQ(found({.why = Removal::expired}).size(), 1U) << "after two seconds";
    EXPECT_THAT(found({.seller = 8}), IsEmpty()) << "another group sold";
    EXPECT_EQ(found({.seller = 12}).size(), 1U) << "an affiliate did";
    EXPECT_THAT(found({.quantity = 13}), IsEmpty()) << "39 for 20 is less than twice";
    EXPECT_EQ(found({.quantity = 14}).size(), 1U);
}

// The group is the maker of the trade, and its asks go.
TEST(Layering, IsSeenOnBothSidesAndOfMakers) {
    TapeMaker maker;
    maker.rest({.id = 1, .owner = 9, .side = Side::sell, .price = 110, .quantity = 30});
    maker.rest({.id = 2, .owner = 1, .side = Side::buy, .price = 100, .quantity = 5});
    for (std::uint64_t i = 0; i < 3; ++i)
        maker.rest({.id = 10 + i, .owner = 1, .side = Side::sell, .price = 111, .quantity = 50});
    maker.meet({.id = 2, .owner = 1, .side = Side::buy, .price = 100, .quantity = 5}, 7);
    for (std::uint64_t i = 0; i < 3; ++i)
        maker.reduce({.id = 10 + i, .owner = 1, .side = Side::sell, .price = 111, .quantity = 1});
    const std::vector<Finding> layers = of(FindingKind::layering, seen_in(maker));
    ASSERT_EQ(layers.size(), 1U);
    EXPECT_THAT(numbers(layers[0].groups), ElementsAre(1));
    EXPECT_TRUE(layers[0].quantity == 147);
}

// Three asks of 50 at `price` beside a best ask of 110, and a bid of the group's that is met: before they come, or after.
TapeMaker asks_that_go(std::int64_t price, bool met_before) {
    TapeMaker maker;
    const TapeMaker::Order bid{.id = 2, .owner = 1, .price = 100, .quantity = 5};
    maker.rest({.id = 1, .owner = 9, .side = Side::sell, .price = 110, .quantity = 30});
    maker.rest(bid);
    if (met_before) maker.meet(bid, 7);
    for (std::uint64_t id = 10; id < 13; ++id)
        maker.rest({.id = id, .owner = 1, .side = Side::sell, .price = price, .quantity = 50});
    if (!met_before) maker.meet(bid, 7);
    for (std::uint64_t id = 10; id < 13; ++id)
        maker.remove({.id = id, .owner = 1, .side = Side::sell, .price = price, .quantity = 50});
    return maker;
}

TEST(Layering, IsOfOrdersThatStoodWorseThanTheBestAtTheTrade) {
    EXPECT_EQ(of(FindingKind::layering, seen_in(asks_that_go(111, false))).size(), 1U);
    EXPECT_THAT(of(FindingKind::layering, seen_in(asks_that_go(110, false))), IsEmpty());
    EXPECT_THAT(of(FindingKind::layering, seen_in(asks_that_go(111, true))), IsEmpty());
}

TEST(Layering, IsOneFindingForEachShow) {
    TapeMaker maker;
    maker.rest({.id = 1, .owner = 9, .side = Side::buy, .price = 100, .quantity = 100});
    for (std::uint64_t show = 1; show <= 2; ++show) {
        maker.at(static_cast<std::int64_t>(show) * 11 * kSecond);
        for (std::uint64_t i = 0; i < 3; ++i)
            maker.rest({.id = 10 * show + i, .owner = 1, .price = 99, .quantity = 50});
        maker.meet({.id = 1, .owner = 9, .price = 100, .quantity = 20}, 1);
        for (std::uint64_t i = 0; i < 3; ++i)
            maker.remove({.id = 10 * show + i, .owner = 1, .price = 99, .quantity = 50});
    }
    const std::vector<Finding> layers = of(FindingKind::layering, seen_in(maker));
    ASSERT_EQ(layers.size(), 2U);
    EXPECT_EQ(layers[0].figure, 3);
    EXPECT_EQ(layers[1].figure, 3);
    EXPECT_EQ(layers[1].from.us, 22 * kSecond);
}

// Before: 1,000,000. In the last ten minutes group 1 buys 40 of 100, and the last price is 1 % up.
TEST(MarkingTheClose, IsVolumeAndAMoveTheSameWay) {
    struct Case {
        std::string what;
        std::int64_t quantity = 40;
        std::int64_t last = 1'010'000;
        bool sells = false;
        std::int64_t at = 50 * kMinute;
        bool found = true;
    };
    for (const Case& c : {Case{.what = "a mark"},
                          Case{.what = "too little", .quantity = 39, .found = false},
                          Case{.what = "no move", .last = 1'009'999, .found = false},
                          Case{.what = "against it", .last = 990'000, .found = false},
                          Case{.what = "down", .last = 990'000, .sells = true},
                          Case{.what = "up", .sells = true, .found = false},
                          Case{.what = "before", .at = 50 * kMinute - 1, .found = false}}) {
        TapeMaker maker;
        maker.deal({.seller = 8, .buyer = 9, .price = 1'000'000, .quantity = 700});
        maker.at(c.at);
        // Group 1 acts, against two others.
        std::vector<std::uint64_t> evidence;
        for (const std::uint64_t against : {2U, 3U})
            evidence.push_back(maker.deal({.seller = c.sells ? 1 : against,
                                           .buyer = c.sells ? against : 1,
                                           .price = 1'000'000,
                                           .quantity = against == 2 ? 20 : c.quantity - 20}));
        maker.at(55 * kMinute);
        std::uint64_t other = 20;
        for (std::int64_t left = 100 - c.quantity; left > 0; left -= 20, other += 2)
            maker.deal({.seller = other,
                        .buyer = other + 1,
                        .price = c.last,
                        .quantity = std::min<std::int64_t>(20, left)});
        maker.at(kHour);
        maker.deal({.seller = 8, .buyer = 9, .price = 500, .quantity = 900});  // after the close
        const std::vector<Timestamp> closes{{kHour}};
        const Surveillance seen = surveil({.tape = maker.tape(),
                                           .period = maker.until_now(),
                                           .groups = maker.groups(),
                                           .closes = closes},
                                          {})
                                      .value();
        const std::vector<Finding> marks = of(FindingKind::marking_the_close, seen);
        ASSERT_EQ(marks.size(), c.found ? 1U : 0U) << c.what;
        if (!c.found) continue;
        EXPECT_EQ(marks[0].figure, 400'000);
        EXPECT_EQ(marks[0].second_figure, 10'000);
        EXPECT_EQ(marks[0].evidence, evidence);
        EXPECT_THAT(numbers(marks[0].groups), ElementsAre(1));
    }
}

// A mark at 50 minutes, before a close at an hour; what is asked about begins and ends here and there.
TEST(MarkingTheClose, IsAskedWithinThePeriodAlone) {
    TapeMaker maker;
    maker.deal({.seller = 8, .buyer = 9, .price = 1'000});
    maker.at(50 * kMinute);
    maker.deal({.seller = 2, .buyer = 1, .price = 1'100});
    const std::vector<Timestamp> closes{{kHour}};
    const auto marks = [&](const Period& period) {
        const Surveillance seen = surveil({.tape = maker.tape(),
                                           .period = period,
                                           .groups = maker.groups(),
                                           .closes = closes},
                                          {})
                                      .value();
        return of(FindingKind::marking_the_close, seen).size();
    };
    EXPECT_EQ(marks({.from = {0}, .until = {kHour}}), 1U);
    EXPECT_EQ(marks({.from = {0}, .until = {kHour - 1}}), 0U) << "no close yet";
    EXPECT_EQ(marks({.from = {1}, .until = {kHour}}), 0U) << "no price before";
    EXPECT_EQ(marks({.from = {kHour}, .until = {2 * kHour}}), 0U) << "the close of the one before";
}

TEST(MarkingTheClose, NeedsAPriceBeforeAndACloseInThePeriod) {
    TapeMaker maker;
    maker.at(55 * kMinute);
    maker.deal({.price = 1'000});
    maker.deal({.price = 2'000});
    maker.at(2 * kHour);
    const std::vector<Timestamp> closes{{kHour}, {0}, {3 * kHour}};
    const Surveillance seen = surveil({.tape = maker.tape(),
                                       .period = maker.until_now(),
                                       .groups = maker.groups(),
                                       .closes = closes},
                                      {})
                                  .value();
    EXPECT_THAT(of(FindingKind::marking_the_close, seen), IsEmpty());
}

// Twenty trades of 10: group 1 buys ten of them, five others two each. 50 %; index 50² + 5 x 10² = 3,000.
TEST(Concentration, IsTheShareOfWhatWasBought) {
    TapeMaker maker;
    for (std::uint64_t i = 0; i < 10; ++i) {
        maker.deal({.seller = 20 + i, .buyer = 1, .quantity = 10});
        maker.deal({.seller = 20 + i, .buyer = 2 + i % 5, .quantity = 10});
    }
    const Surveillance seen = seen_in(maker);
    const std::vector<Finding> share = of(FindingKind::concentration, seen);
    ASSERT_EQ(share.size(), 1U);
    EXPECT_THAT(numbers(share[0].groups), ElementsAre(1));
    EXPECT_THAT(numbers(share[0].participants), ElementsAre(1));
    EXPECT_EQ(share[0].figure, 500'000);
    EXPECT_TRUE(share[0].quantity == 100);
    EXPECT_EQ(share[0].evidence.size(), 10U);
    const std::vector<Finding> market = of(FindingKind::concentrated_market, seen);
    ASSERT_EQ(market.size(), 1U);
    EXPECT_EQ(market[0].figure, 3'000);
    EXPECT_THAT(numbers(market[0].groups), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(market[0].from, maker.until_now().from);
    EXPECT_EQ(market[0].to, maker.until_now().until);

    maker.tape().pop_back();
    EXPECT_THAT(of(FindingKind::concentration, seen_in(maker)), IsEmpty()) << "19 trades";
}

TEST(Concentration, OfEqualBuyersIsTheInverseOfTheirNumber) {
    for (const std::uint64_t buyers : {5U, 6U}) {
        TapeMaker maker;
        for (std::uint64_t i = 0; i < 30; ++i)
            maker.deal({.seller = 20 + i, .buyer = 1 + i % buyers, .quantity = 10});
        // 10,000 / 5 = 2,000; 10,000 / 6 = 1,666
        EXPECT_EQ(of(FindingKind::concentrated_market, seen_in(maker)).size(),
                  buyers == 5 ? 1U : 0U);
    }
}

TEST(Hoarding, IsFarMoreThanIsNeededAndALargePartOfAll) {
    TapeMaker maker;
    const std::uint64_t seq = maker.deal({.seller = 3, .buyer = 1, .quantity = 10});
    maker.at(kHour);
    const std::map<GroupId, Need> needs{
        {GroupId{1}, {.held = 200, .needed = 100}},  // twice, 20 % of all
        {GroupId{2}, {.held = 199, .needed = 100}},  // not twice
        {GroupId{3}, {.held = 99, .needed = 1}},     // not a tenth of all
        {GroupId{4}, {.held = 500, .needed = 0}},    // nothing is needed
        {GroupId{5}, {.held = 2, .needed = 5'000}},  //
        {GroupId{6}, {.held = 0, .needed = 0}},      //
    };
    const Surveillance seen = surveil({.tape = maker.tape(),
                                       .period = maker.until_now(),
                                       .groups = maker.groups(),
                                       .needs = &needs},
                                      {})
                                  .value();
    const std::vector<Finding> found = of(FindingKind::hoarding, seen);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_THAT(numbers(found[0].groups), ElementsAre(1));
    EXPECT_EQ(found[0].figure, 2'000'000);
    EXPECT_EQ(found[0].second_figure, 200'000);
    EXPECT_THAT(found[0].evidence, ElementsAre(seq));
    EXPECT_THAT(numbers(found[1].groups), ElementsAre(4));
    EXPECT_EQ(found[1].figure, INT64_MAX);
    EXPECT_THAT(found[1].evidence, IsEmpty());
}

TEST(Surveillance, ReadsThePeriodAndTheOrdersBeforeIt) {
    TapeMaker maker;
    maker.at(10);
    maker.deal({.seller = 1, .buyer = 2, .quantity = 1'000});
    maker.at(20);
    maker.deal({.seller = 2, .buyer = 1, .quantity = 1'000});
    maker.at(30);
    maker.deal({.seller = 2, .buyer = 1, .quantity = 1'000});
    const auto rings = [&](const Period& period) {
        const Surveillance seen =
            surveil({.tape = maker.tape(), .period = period, .groups = maker.groups()}, {}).value();
        return of(FindingKind::wash_ring, seen).size();
    };
    EXPECT_EQ(rings({.from = {10}, .until = {21}}), 1U);
    EXPECT_EQ(rings({.from = {10}, .until = {20}}), 0U);
    EXPECT_EQ(rings({.from = {11}, .until = {31}}), 0U);
}

TEST(Surveillance, OfAnEmptyTapeFindsNothing) {
    const Surveillance seen = seen_in(TapeMaker{});
    EXPECT_THAT(seen.findings, IsEmpty());
    EXPECT_EQ(seen.entries, 0U);
}

// 2^20 sales of 2^40 at 2^62, to and fro.
TEST(Surveillance, HoldsAtTheExtremes) {
    TapeMaker maker;
    const TapeMaker::Order order{
        .id = 1, .owner = 1, .side = Side::sell, .price = kMostTicks, .quantity = kMostQuantity};
    maker.rest(order);
    maker.meet(order, 2, 5);
    const TapeEntry one = maker.tape().back();
    for (std::uint64_t seq = 3; seq <= (1U << 20) + 1; ++seq) {
        maker.tape().push_back(one);
        maker.tape().back().seq = seq;
        if (seq % 2 == 1) maker.tape().back().side = Side::buy;
    }
    SurveillanceRules rules;
    rules.ring_most_sales = 4;
    const std::map<GroupId, Need> needs{{GroupId{1}, {.held = INT64_MAX, .needed = 1}}};
    const std::vector<Timestamp> closes{{kMostTapeTime}};
    const Watched watched{.tape = maker.tape(),
                          .period = {.from = {INT64_MIN}, .until = {INT64_MAX}},
                          .groups = maker.groups(),
                          .closes = closes,
                          .needs = &needs};
    const Surveillance seen = surveil(watched, rules).value();
    EXPECT_TRUE(seen.volume == kMostVolume);
    const std::vector<Finding> rings = of(FindingKind::wash_ring, seen);
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_TRUE(rings[0].quantity == kMostVolume / 2);
    EXPECT_EQ(rings[0].figure, 1'000'000);
    EXPECT_FALSE(rings[0].evidence_complete);
    EXPECT_EQ(of(FindingKind::concentrated_market, seen).at(0).figure, 5'000);
    EXPECT_EQ(of(FindingKind::hoarding, seen).at(0).figure, INT64_MAX);
    EXPECT_EQ(of(FindingKind::unchanged_position, seen).size(), 2U);
}

TEST(Surveillance, RefusesRulesThatCannotBeMeant) {
    TapeMaker maker;
    maker.deal({});
    const auto refused = [&](const std::function<void(SurveillanceRules&)>& spoil) {
        SurveillanceRules rules;
        spoil(rules);
        const Result<Surveillance> seen = surveil(
            {.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()}, rules);
        return !seen && seen.error().code == ErrorCode::invalid_argument;
    };
    EXPECT_FALSE(refused([](SurveillanceRules&) {}));
    EXPECT_TRUE(refused([](SurveillanceRules& r) { r.ring_window_us = -1; }));
    EXPECT_TRUE(refused([](SurveillanceRules& r) { r.close_us = kMostTapeTime + 1; }));
    EXPECT_TRUE(refused([](SurveillanceRules& r) { r.cancel_ppm = -1; }));
    EXPECT_TRUE(refused([](SurveillanceRules& r) { r.ring_most_groups = 0; }));
    EXPECT_TRUE(refused([](SurveillanceRules& r) { r.ring_most_sales = 0; }));
    const std::map<GroupId, Need> needs{{GroupId{1}, {.held = 1, .needed = -1}}};
    EXPECT_FALSE(surveil({.tape = maker.tape(),
                          .period = maker.until_now(),
                          .groups = maker.groups(),
                          .needs = &needs},
                         {}));
    const std::vector<Timestamp> closes{{INT64_MAX}};
    EXPECT_FALSE(surveil({.tape = maker.tape(),
                          .period = maker.until_now(),
                          .groups = maker.groups(),
                          .closes = closes},
                         {}));
}

}  // namespace
}  // namespace abate::exchange
