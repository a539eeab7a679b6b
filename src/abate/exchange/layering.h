// Orders that were never meant to be met: a group trades on one side while several orders of it rest on the other, away from the best
// price, and go within seconds.
//
//     LayerSearch search({.before_us = 60'000'000, .after_us = 10'000'000, .fleeting_us = 10'000'000});
//     search.traded(group, {.side = Side::sell, .facing_best_micro = 4'100, .sale = sale});
//     search.removed(group, order, entry, on_layer);   // ... and at the end: search.finish(on_layer)
//
// An order counts once what goes of it goes by its owner's will (cancelled, made smaller, or expired as young as fleeting_us), after_us or
// less after a trade of its group on the other side, when it had rested before_us or less and was worse than the best of its own side.
// Orders of a group and side that go no further than after_us apart are one layer.
//
// Cost: a look at the trades of the group in the last after_us, of which kMostTrades are kept. Not thread-safe.
#pragma once

#include "abate/exchange/resting_orders.h"
#include "abate/exchange/tape_period.h"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace abate::exchange {

struct LayerRules {
    std::int64_t before_us = 0;
    std::int64_t after_us = 0;
    std::int64_t fleeting_us = 0;
};

struct Layer {
    registry::GroupId group{};
    Side side = Side::buy;  // of the orders
    std::set<registry::ParticipantId> participants = {};
    std::set<std::uint64_t> orders = {};  // numbers of the entries with which they came to rest
    std::set<std::uint64_t> gone = {};    // and went
    std::map<std::uint64_t, std::int64_t> trades = {};  // on the other side: quantities
    Int128 quantity = 0;                                // of the orders, that went
    Timestamp from = {};
    Timestamp last = {};
};

class LayerSearch {
  public:
    using OnLayer = std::function<void(const Layer&)>;
    static constexpr std::size_t kMostTrades = 1'024;

    // REQUIRES: nothing negative.
    explicit LayerSearch(const LayerRules& rules);

    struct Traded {
        Side side = Side::buy;                               // that the group took
        std::optional<std::int64_t> facing_best_micro = {};  // of the other side, right before
        Sale sale = {};
    };
    void traded(registry::GroupId group, const Traded& trade);
    // `order` as it was before the entry, which removes it or makes it smaller.
    void removed(registry::GroupId group,
                 const RestingOrders::Order& order,
                 const TapeEntry& entry,
                 const OnLayer& on_layer);
    void finish(const OnLayer& on_layer);

  private:
    struct Trade {
        Timestamp at;
        std::uint64_t seq;
        std::int64_t quantity;
        std::int64_t best_micro;
    };
    struct State {
        std::deque<Trade> trades;
        std::optional<Layer> open;
    };

    LayerRules rules_;
    std::map<std::pair<registry::GroupId, Side>, State> states_;  // by the side of the orders
};

}  // namespace abate::exchange
