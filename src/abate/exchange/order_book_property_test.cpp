// The book against a slow and obvious one: a list that is searched from end to end.
#include "abate/exchange/order_book.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <random>
#include <string>
#include <vector>

namespace abate::exchange {
namespace {

struct Fill {
    std::uint64_t maker;
    Ticks price;
    std::int64_t quantity;
    bool operator==(const Fill&) const = default;
};

class SlowBook {
  public:
    struct Order {
        Side side;
        std::uint64_t id;
        Ticks price;
        std::int64_t quantity;
    };

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one call
    std::vector<Fill> take(Side side, Ticks limit, std::int64_t& left) {
        std::vector<Fill> fills;
        while (left > 0) {
            auto best = orders_.end();
            for (auto it = orders_.begin(); it != orders_.end(); ++it) {
                if (it->side == side) continue;
                if (side == Side::buy ? it->price > limit : it->price < limit) continue;
                // In the order of time; a strictly better price alone comes before.
                if (best == orders_.end() ||
                    (side == Side::buy ? it->price < best->price : it->price > best->price))
                    best = it;
            }
            if (best == orders_.end()) break;
            const std::int64_t quantity = std::min(left, best->quantity);
            fills.push_back({best->id, best->price, quantity});
            left -= quantity;
            best->quantity -= quantity;
            if (best->quantity == 0) orders_.erase(best);
        }
        return fills;
    }
    void rest(const Order& order) { orders_.push_back(order); }
    void remove(std::uint64_t id) {
        orders_.remove_if([&](const Order& order) { return order.id == id; });
    }
    void reduce(std::uint64_t id, std::int64_t quantity) {
        for (Order& order : orders_)
            if (order.id == id) order.quantity = quantity;
    }
    [[nodiscard]] std::size_t size() const { return orders_.size(); }
    [[nodiscard]] const Order& pick(std::uint64_t chance) const {
        return *std::next(orders_.begin(), static_cast<std::ptrdiff_t>(chance % orders_.size()));
    }
    // "100: 1x5 2x3; 99: 4x1;", best first.
    [[nodiscard]] std::string text(Side side) const {
        std::vector<Order> of;
        for (const Order& order : orders_)
            if (order.side == side) of.push_back(order);
        std::stable_sort(of.begin(), of.end(), [&](const Order& a, const Order& b) {
            return side == Side::buy ? a.price > b.price : a.price < b.price;
        });
        std::string out;
        for (std::size_t i = 0; i < of.size(); ++i) {
            if (i == 0 || of[i].price != of[i - 1].price) out += std::to_string(of[i].price) + ":";
            out += " " + std::to_string(of[i].id) + "x" + std::to_string(of[i].quantity);
            if (i + 1 == of.size() || of[i].price != of[i + 1].price) out += ";";
        }
        return out;
    }

  private:
    std::list<Order> orders_;
};

std::string text_of(const OrderBook& book, Side side) {
    std::string out;
    book.for_each_level(side, [&](const LevelView& level) {
        out += std::to_string(level.price) + ":";
        std::int64_t total = level.total;
        for (std::uint32_t place = level.first; place != OrderBook::kNone;
             place = book.next(place)) {
            out += " " + std::to_string(book.at(place).id) + "x" +
                   std::to_string(book.at(place).quantity);
            total -= book.at(place).quantity;
            RC_ASSERT(book.side_of(place) == side);
            RC_ASSERT(book.price_of(place) == level.price);
        }
        RC_ASSERT(total == 0);
        out += ";";
        return true;
    });
    return out;
}

// How far from the market prices fall: inside the ladder, across it, anywhere.
struct Prices {
    std::int64_t spread = 0;
    std::int64_t drift = 0;
};
void play(std::uint64_t seed, const Prices& prices, int steps) {
    const std::int64_t spread = prices.spread;
    const std::int64_t drift = prices.drift;
    std::mt19937_64 chance(seed);
    OrderBook book({.most_orders = 256, .hash_seed = seed});
    SlowBook slow;
    std::uint64_t id = 0;
    Ticks mid = 0;
    std::size_t deepest = 0;
    const auto away = [&] {
        return static_cast<Ticks>(chance() % static_cast<std::uint64_t>(2 * spread + 1)) - spread;
    };
    for (int step = 0; step < steps; ++step) {
        if (chance() % 8 == 0)
            mid += static_cast<Ticks>(chance() % static_cast<std::uint64_t>(2 * drift + 1)) - drift;
        const std::uint64_t kind = chance() % 10;
        if (kind < 3 && slow.size() > 0) {
            const std::uint64_t gone = slow.pick(chance()).id;
            book.remove(book.find(gone));
            slow.remove(gone);
        } else if (kind < 4 && slow.size() > 0) {
            const SlowBook::Order& order = slow.pick(chance());
            const std::int64_t smaller =
                1 +
                static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(order.quantity));
            book.reduce(book.find(order.id), smaller);
            slow.reduce(order.id, smaller);
        } else if (!book.full()) {
            const Side side = chance() % 2 == 0 ? Side::buy : Side::sell;
            // Four in five wait on their own side of the market, so that the book fills.
            const Ticks off = away();
            const Ticks passive = side == Side::buy ? -std::abs(off) : std::abs(off);
            const Ticks price = mid + (chance() % 5 == 0 ? off : passive);
            const auto quantity = static_cast<std::int64_t>(1 + chance() % 9);
            std::vector<Fill> fills;
            const std::int64_t left =
                book.take(side, {.limit = price, .quantity = quantity}, [&](const Meeting& met) {
                    fills.push_back({met.maker.id, met.price, met.quantity});
                    return Verdict::fill;
                });
            std::int64_t slow_left = quantity;
            RC_ASSERT(fills == slow.take(side, price, slow_left));
            RC_ASSERT(left == slow_left);
            if (left > 0) {
                ++id;
                // Ids far apart and close together.
                const std::uint64_t name = chance() % 2 == 0 ? id : id << 32;
                static_cast<void>(
                    book.rest(side, {.id = name, .price = price, .quantity = left, .owner = 0}));
                slow.rest({side, name, price, left});
                RC_ASSERT(book.find(name) != OrderBook::kNone);
            }
        }
        RC_ASSERT(book.size() == slow.size());
        deepest = std::max(deepest, slow.size());
        if (step % 16 == 0 || step + 1 == steps) {
            RC_ASSERT(text_of(book, Side::buy) == slow.text(Side::buy));
            RC_ASSERT(text_of(book, Side::sell) == slow.text(Side::sell));
        }
    }
    RC_ASSERT(deepest > 30);
}

RC_GTEST_PROP(OrderBookProperty, AgreesWithASlowBookNearTheMarket, (std::uint64_t seed)) {
    play(seed, {.spread = 12, .drift = 3}, 3'000);
}
RC_GTEST_PROP(OrderBookProperty, AgreesWithASlowBookAcrossTheLadder, (std::uint64_t seed)) {
    play(seed, {.spread = 20'000, .drift = 9'000}, 3'000);
}
RC_GTEST_PROP(OrderBookProperty, AgreesWithASlowBookAnywhere, (std::uint64_t seed)) {
    play(seed, {.spread = std::int64_t{1} << 40, .drift = std::int64_t{1} << 38}, 3'000);
}

// The ladder follows the market when it has gone away for good: so many orders that it may move again and again.
TEST(OrderBookProperty, AgreesWhileTheMarketWanders) {
    play(7, {.spread = 6'000, .drift = 4'000}, 200'000);
}

}  // namespace
}  // namespace abate::exchange
