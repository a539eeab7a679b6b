#include "abate/exchange/matcher.h"

#include "abate/exchange/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace abate::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Orders : public ::testing::Test {
  protected:
    OrderReason apply(const Operation& operation) {
        trades_.clear();
        return matcher_.apply(operation, [&](const Trade& trade) {
            trades_.push_back(std::to_string(trade.taker) + "-" + std::to_string(trade.maker) +
                              " " + std::to_string(trade.quantity) + " @ " +
                              std::to_string(trade.price_micro));
        });
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): id, price, quantity, as in an order file
    static Operation order(Side side, std::uint64_t id, std::int64_t price, std::int64_t quantity) {
        return {.side = side, .order_id = id, .price_micro = price, .quantity = quantity};
    }
    Matcher matcher_{{.tick_micro = 10, .lot = 5, .most_orders = 16}};
    std::vector<std::string> trades_;
};

TEST_F(Orders, RestAndTradeAtTheRestingPrice) {
    EXPECT_EQ(apply(order(Side::sell, 1, 100, 10)), OrderReason::ok);
    EXPECT_THAT(trades_, IsEmpty());
    EXPECT_EQ(apply(order(Side::buy, 2, 120, 15)), OrderReason::ok);
    EXPECT_THAT(trades_, ElementsAre("2-1 10 @ 100"));
    EXPECT_EQ(matcher_.best_micro(Side::buy), 120);
    EXPECT_EQ(matcher_.best_micro(Side::sell), std::nullopt);
}

TEST_F(Orders, AMarketOrderTakesWhatIsThereAndNeverRests) {
    apply(order(Side::sell, 1, 100, 10));
    apply(order(Side::sell, 2, 900, 10));
    Operation all = order(Side::buy, 3, 0, 50);
    all.type = OrderType::market;
    all.price_micro.reset();
    EXPECT_EQ(apply(all), OrderReason::ok);
    EXPECT_THAT(trades_, ElementsAre("3-1 10 @ 100", "3-2 10 @ 900"));
    EXPECT_EQ(matcher_.book().size(), 0U);
}

TEST_F(Orders, ImmediateOrCancelLeavesNothing) {
    apply(order(Side::sell, 1, 100, 10));
    Operation now = order(Side::buy, 2, 100, 25);
    now.time_in_force = TimeInForce::immediate_or_cancel;
    EXPECT_EQ(apply(now), OrderReason::ok);
    EXPECT_THAT(trades_, ElementsAre("2-1 10 @ 100"));
    EXPECT_EQ(matcher_.book().size(), 0U);
}

TEST_F(Orders, FillOrKillIsAllOrNothing) {
    apply(order(Side::sell, 1, 100, 10));
    apply(order(Side::sell, 2, 110, 10));
    apply(order(Side::sell, 3, 120, 10));
    Operation kill = order(Side::buy, 4, 110, 25);
    kill.time_in_force = TimeInForce::fill_or_kill;
    EXPECT_EQ(apply(kill), OrderReason::fill_or_kill_not_filled);
    EXPECT_THAT(trades_, IsEmpty());
    kill.quantity = 20;
    EXPECT_EQ(apply(kill), OrderReason::ok);
    EXPECT_THAT(trades_, ElementsAre("4-1 10 @ 100", "4-2 10 @ 110"));
}

TEST_F(Orders, PostOnlyNeverTakes) {
    apply(order(Side::sell, 1, 100, 10));
    Operation post = order(Side::buy, 2, 100, 5);
    post.post_only = true;
    EXPECT_EQ(apply(post), OrderReason::post_only_would_trade);
    post.price_micro = 90;
    EXPECT_EQ(apply(post), OrderReason::ok);
    EXPECT_EQ(matcher_.best_micro(Side::buy), 90);
}

TEST_F(Orders, GoodTillTimeGoesAtItsTime) {
    Operation until = order(Side::buy, 1, 100, 5);
    until.time_in_force = TimeInForce::good_till_time;
    until.at_us = 1'000;
    until.expires_us = 1'000;
    EXPECT_EQ(apply(until), OrderReason::expired);
    until.expires_us = 2'000;
    EXPECT_EQ(apply(until), OrderReason::ok);
    Operation seller = order(Side::sell, 2, 100, 5);
    seller.at_us = 1'999;
    seller.time_in_force = TimeInForce::immediate_or_cancel;
    EXPECT_EQ(apply(seller), OrderReason::ok);
    EXPECT_EQ(trades_.size(), 1U);             // a microsecond before
    EXPECT_EQ(apply(until), OrderReason::ok);  // the clock stays at 1,999
    seller.order_id = 3;
    seller.at_us = 2'000;
    EXPECT_EQ(apply(seller), OrderReason::ok);
    EXPECT_THAT(trades_, IsEmpty());
    EXPECT_EQ(matcher_.expired(), 1U);
}

TEST_F(Orders, AnIdThatComesAgainHasItsOwnTime) {
    Operation until = order(Side::buy, 1, 100, 5);
    until.time_in_force = TimeInForce::good_till_time;
    until.at_us = 1'000;
    until.expires_us = 2'000;
    EXPECT_EQ(apply(until), OrderReason::ok);
    EXPECT_EQ(apply({.kind = OperationKind::cancel, .order_id = 1}), OrderReason::ok);
    EXPECT_EQ(apply(order(Side::buy, 1, 100, 5)), OrderReason::ok);  // for good
    Operation later = order(Side::buy, 2, 90, 5);
    later.at_us = 3'000;
    EXPECT_EQ(apply(later), OrderReason::ok);
    EXPECT_EQ(matcher_.book().size(), 2U);
}

TEST_F(Orders, ReplaceKeepsThePlaceOnlyForLess) {
    apply(order(Side::buy, 1, 100, 10));
    apply(order(Side::buy, 2, 100, 10));
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 1, .quantity = 5}),
              OrderReason::ok);
    apply(order(Side::sell, 3, 100, 5));
    EXPECT_THAT(trades_, ElementsAre("3-1 5 @ 100"));
    apply(order(Side::buy, 4, 100, 10));
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 2, .quantity = 15}),
              OrderReason::ok);
    apply(order(Side::sell, 5, 100, 15));
    EXPECT_THAT(trades_, ElementsAre("5-4 10 @ 100", "5-2 5 @ 100"));
}

TEST_F(Orders, AReplacedPriceMayTradeAtOnce) {
    apply(order(Side::buy, 1, 100, 10));
    apply(order(Side::sell, 2, 110, 10));
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 1, .price_micro = 110}),
              OrderReason::ok);
    EXPECT_THAT(trades_, ElementsAre("1-2 10 @ 110"));
}

TEST_F(Orders, EachNoHasItsName) {
    apply(order(Side::sell, 1, 100, 10));
    EXPECT_EQ(apply(order(Side::buy, 1, 90, 5)), OrderReason::order_exists);
    EXPECT_EQ(apply({.kind = OperationKind::cancel, .order_id = 9}), OrderReason::order_unknown);
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 9, .quantity = 0}),
              OrderReason::order_unknown);
    EXPECT_EQ(apply({.kind = OperationKind::cancel, .order_id = 1, .participant = 3}),
              OrderReason::order_of_another);
    EXPECT_EQ(apply(order(Side::buy, 2, 90, 0)), OrderReason::quantity_not_positive);
    EXPECT_EQ(apply(order(Side::buy, 2, 90, -5)), OrderReason::quantity_not_positive);
    EXPECT_EQ(apply(order(Side::buy, 2, 90, INT64_MAX)), OrderReason::quantity_too_large);
    EXPECT_EQ(apply(order(Side::buy, 2, 90, 6)), OrderReason::quantity_off_lot);
    EXPECT_EQ(apply({.order_id = 2, .quantity = 5}), OrderReason::price_missing);
    EXPECT_EQ(apply(order(Side::buy, 2, 0, 5)), OrderReason::price_not_positive);
    EXPECT_EQ(apply(order(Side::buy, 2, INT64_MIN, 5)), OrderReason::price_not_positive);
    EXPECT_EQ(apply(order(Side::buy, 2, INT64_MAX, 5)), OrderReason::price_too_high);
    EXPECT_EQ(apply(order(Side::buy, 2, 95, 5)), OrderReason::price_off_tick);
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 1, .price_micro = 95}),
              OrderReason::price_off_tick);
    EXPECT_EQ(apply({.kind = OperationKind::replace, .order_id = 1, .quantity = 0}),
              OrderReason::quantity_not_positive);
    for (std::uint64_t id = 10; matcher_.book().size() < 16; ++id)
        apply(order(Side::sell, id, 100, 5));
    EXPECT_EQ(apply(order(Side::sell, 99, 100, 5)), OrderReason::book_full);
    EXPECT_EQ(matcher_.book().size(), 16U);
    for (std::uint8_t i = 0; i < kOrderReasons; ++i)
        EXPECT_FALSE(to_string(static_cast<OrderReason>(i)).empty());
}

// FNV-1a of nothing is its offset basis; of one trade (1, 2, 3, 4) it is the hash of these 32 bytes (reckoned with Python).
TEST(Replay, HashesTradesAsFnv1a) {
    EXPECT_EQ(hash_of({}), 0xcbf29ce484222325ULL);
    const std::vector<Trade> one = {{.taker = 1, .maker = 2, .price_micro = 3, .quantity = 4}};
    EXPECT_EQ(hash_of(one), 0x898f7e1ce6964921ULL);
}

}  // namespace
}  // namespace abate::exchange
