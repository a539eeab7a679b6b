#include "abate/exchange/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace abate::exchange {
namespace {

using ::testing::ElementsAre;
using Fill = std::tuple<std::uint64_t, Ticks, std::int64_t>;  // maker, price, quantity
using Level = std::tuple<Ticks, std::int64_t>;                // price, sum

struct Taken {
    std::vector<Fill> fills;
    std::int64_t left = 0;
};

class Book : public ::testing::Test {
  protected:
    void rest(Side side, const OrderBook::NewOrder& order) {
        static_cast<void>(book_.rest(side, order));
    }
    Taken take(Side side, const OrderBook::Taking& taking) {
        Taken out;
        out.left = book_.take(side, taking, [&](const Meeting& met) {
            out.fills.emplace_back(met.maker.id, met.price, met.quantity);
            return Verdict::fill;
        });
        return out;
    }
    std::vector<Level> levels(Side side) const {
        std::vector<Level> out;
        book_.for_each_level(side, [&](const LevelView& level) {
            out.emplace_back(level.price, level.total);
            return true;
        });
        return out;
    }
    std::vector<std::uint64_t> queue(Side side) const {  // of the best level
        std::vector<std::uint64_t> out;
        book_.for_each_level(side, [&](const LevelView& level) {
            for (std::uint32_t place = level.first; place != OrderBook::kNone;
                 place = book_.next(place))
                out.push_back(book_.at(place).id);
            return false;
        });
        return out;
    }
    OrderBook book_{{.most_orders = 64}};
};

TEST_F(Book, BeginsEmpty) {
    EXPECT_EQ(book_.best(Side::buy), std::nullopt);
    EXPECT_EQ(book_.best(Side::sell), std::nullopt);
    EXPECT_FALSE(book_.crosses(Side::buy, kMostTicks));
    EXPECT_FALSE(book_.crosses(Side::sell, -kMostTicks));
    EXPECT_EQ(book_.find(1), OrderBook::kNone);
    EXPECT_EQ(take(Side::buy, {.limit = kMostTicks, .quantity = 5}).left, 5);
}

// Three sell at 101, 100, 100; who buys 7 up to 101 meets the cheaper first, and of these the earlier.
TEST_F(Book, PriceThenTime) {
    rest(Side::sell, {.id = 1, .price = 101, .quantity = 5});
    rest(Side::sell, {.id = 2, .price = 100, .quantity = 4});
    rest(Side::sell, {.id = 3, .price = 100, .quantity = 2});
    const Taken taken = take(Side::buy, {.limit = 101, .quantity = 7});
    EXPECT_THAT(taken.fills, ElementsAre(Fill{2, 100, 4}, Fill{3, 100, 2}, Fill{1, 101, 1}));
    EXPECT_EQ(taken.left, 0);
    EXPECT_THAT(levels(Side::sell), ElementsAre(Level{101, 4}));
}

TEST_F(Book, TheLimitHolds) {
    rest(Side::buy, {.id = 1, .price = 99, .quantity = 5});
    rest(Side::buy, {.id = 2, .price = 98, .quantity = 5});
    const Taken taken = take(Side::sell, {.limit = 99, .quantity = 8});
    EXPECT_THAT(taken.fills, ElementsAre(Fill{1, 99, 5}));
    EXPECT_EQ(taken.left, 3);
    EXPECT_EQ(book_.best(Side::buy), 98);
}

TEST_F(Book, APartlyFilledOrderKeepsItsPlace) {
    rest(Side::buy, {.id = 1, .price = 99, .quantity = 5});
    rest(Side::buy, {.id = 2, .price = 99, .quantity = 5});
    take(Side::sell, {.limit = 99, .quantity = 3});
    EXPECT_THAT(queue(Side::buy), ElementsAre(1, 2));
    EXPECT_EQ(book_.at(book_.find(1)).quantity, 2);
}

TEST_F(Book, TakesOutOfTheMiddleOfAQueue) {
    for (const std::uint64_t id : {1ULL, 2ULL, 3ULL})
        rest(Side::buy, {.id = id, .price = 99, .quantity = 1});
    book_.remove(book_.find(2));
    EXPECT_THAT(queue(Side::buy), ElementsAre(1, 3));
    book_.remove(book_.find(1));
    EXPECT_THAT(queue(Side::buy), ElementsAre(3));
    book_.remove(book_.find(3));
    EXPECT_EQ(book_.best(Side::buy), std::nullopt);
    EXPECT_EQ(book_.size(), 0U);
}

TEST_F(Book, SmallerKeepsItsPlaceInTime) {
    rest(Side::sell, {.id = 1, .price = 100, .quantity = 5});
    rest(Side::sell, {.id = 2, .price = 100, .quantity = 5});
    book_.reduce(book_.find(1), 2);
    EXPECT_THAT(queue(Side::sell), ElementsAre(1, 2));
    EXPECT_THAT(levels(Side::sell), ElementsAre(Level{100, 7}));
}

// The taker's own order in the queue is taken out and the next one met; or the taker goes no further.
TEST_F(Book, WhoIsMetMayGoOrStopTheTaker) {
    rest(Side::sell, {.id = 1, .price = 100, .quantity = 2, .owner = 7});
    rest(Side::sell, {.id = 2, .price = 100, .quantity = 2, .owner = 8});
    rest(Side::sell, {.id = 3, .price = 100, .quantity = 2, .owner = 9});
    const std::int64_t left =
        book_.take(Side::buy, {.limit = 100, .quantity = 6}, [](const Meeting& met) {
            if (met.maker.owner == 7) return Verdict::remove_maker;
            return met.maker.owner == 9 ? Verdict::stop : Verdict::fill;
        });
    EXPECT_EQ(left, 4);
    EXPECT_EQ(book_.find(1), OrderBook::kNone);
    EXPECT_THAT(queue(Side::sell), ElementsAre(3));
    EXPECT_THAT(levels(Side::sell), ElementsAre(Level{100, 2}));
}

TEST_F(Book, ALevelThatOnlyLosesItsOrdersGoes) {
    rest(Side::sell, {.id = 1, .price = 100, .quantity = 2});
    rest(Side::sell, {.id = 2, .price = 105, .quantity = 2});
    const auto remove = [](const Meeting&) { return Verdict::remove_maker; };
    EXPECT_EQ(book_.take(Side::buy, {.limit = 100, .quantity = 3}, remove), 3);
    EXPECT_EQ(book_.best(Side::sell), 105);
}

// From one end of the prices to the other: no ladder is as long.
TEST_F(Book, PricesMayBeAsFarApartAsTheyLike) {
    rest(Side::buy, {.id = 1, .price = -kMostTicks, .quantity = 1});
    rest(Side::buy, {.id = 2, .price = 0, .quantity = 1});
    rest(Side::buy, {.id = 3, .price = 40'000, .quantity = 1});
    rest(Side::buy, {.id = 4, .price = 1'000'000'000'000, .quantity = 1});
    rest(Side::sell, {.id = 5, .price = 1'000'000'000'001, .quantity = 1});
    rest(Side::sell, {.id = 6, .price = kMostTicks, .quantity = 1});
    EXPECT_THAT(
        levels(Side::buy),
        ElementsAre(
            Level{1'000'000'000'000, 1}, Level{40'000, 1}, Level{0, 1}, Level{-kMostTicks, 1}));
    EXPECT_THAT(levels(Side::sell), ElementsAre(Level{1'000'000'000'001, 1}, Level{kMostTicks, 1}));
    const Taken taken = take(Side::sell, {.limit = -kMostTicks, .quantity = 9});
    EXPECT_EQ(taken.left, 5);
    EXPECT_EQ(taken.fills.size(), 4U);
    EXPECT_EQ(book_.best(Side::buy), std::nullopt);
}

TEST_F(Book, IsFullAtItsMost) {
    for (std::uint64_t id = 1; id <= 64; ++id)
        rest(Side::buy, {.id = id, .price = static_cast<Ticks>(id), .quantity = kMostQuantity});
    EXPECT_TRUE(book_.full());
    EXPECT_DEATH(rest(Side::buy, {.id = 65, .price = 1, .quantity = 1}), "");
    book_.remove(book_.find(64));
    EXPECT_FALSE(book_.full());
    EXPECT_EQ(book_.best(Side::buy), 63);
}

// All in one queue: its sum is the largest that there can be.
TEST(OrderBook, TheLargestQueueHasASum) {
    constexpr std::uint32_t kOrders = 1U << 12;  // of kMostOrders
    OrderBook book({.most_orders = kOrders});
    for (std::uint64_t id = 0; id < kOrders; ++id)
        static_cast<void>(book.rest(Side::sell, {.id = id, .price = 5, .quantity = kMostQuantity}));
    book.for_each_level(Side::sell, [&](const LevelView& level) {
        EXPECT_EQ(level.total, std::int64_t{kOrders} * kMostQuantity);
        return true;
    });
    static_assert(std::int64_t{kMostOrders} <= INT64_MAX / kMostQuantity);
}

// A million at one price; each is taken out from somewhere in the middle, and costs the same.
TEST(OrderBook, CancelsFromTheMiddleOfAMillion) {
    constexpr std::uint32_t kOrders = 1'000'000;
    OrderBook book({.most_orders = kOrders});
    for (std::uint64_t id = 0; id < kOrders; ++id)
        static_cast<void>(book.rest(Side::buy, {.id = id, .price = 5, .quantity = 1}));
    // 7,919 is prime and no divisor of a million: each id comes once.
    for (std::uint64_t i = 0, id = kOrders / 2; i < kOrders; ++i, id = (id + 7'919) % kOrders)
        book.remove(book.find(id));
    EXPECT_EQ(book.size(), 0U);
    EXPECT_EQ(book.best(Side::buy), std::nullopt);
}

}  // namespace
}  // namespace abate::exchange
