// What the traders of a market believe of it: lists of orders in their order, and what each firm has, from the answers alone. It knows the
// public rules (docs/reference/market.md) and shares no code with the exchange but the shape of orders, so it can say beforehand what each
// answer must be, and what each order meets.
#pragma once

#include "abate/node/market_test_support.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/world.h"

namespace abate::simulation {

class MarketModel {
  public:
    explicit MarketModel(const node::testing::TradingScheme& scheme);

    struct Order {
        std::uint64_t id = 0;
        std::size_t firm = 0;
        exchange::Side side = exchange::Side::buy;
        std::int64_t price = 0;
        std::int64_t left = 0;
        std::int64_t expires_us = 0;  // 0: never
    };
    struct Firm {
        std::int64_t money = 0;
        std::int64_t allowances = 0;
        bool frozen = false;
    };
    // What a submission is answered.
    struct Said {
        std::vector<node::OrderAnswer> orders = {};
        engine::Answer answer = {};  // of an envelope
    };
    // The batch, done at `now_us`; the few microseconds that it takes never reach the half second at which an order may end.
    [[nodiscard]] std::vector<Said> apply(const std::vector<Submission>& batch,
                                          std::int64_t now_us);
    // The first thing in books and market that is not so.
    [[nodiscard]] std::optional<std::string> differs(const engine::Engine& engine) const;

    [[nodiscard]] bool halted() const { return halted_; }
    [[nodiscard]] const std::vector<Firm>& firms() const { return firms_; }
    [[nodiscard]] std::int64_t bank() const { return bank_; }
    void believe_too_much(std::size_t firm) { ++firms_.at(firm).allowances; }
    [[nodiscard]] std::uint64_t trades() const { return trades_; }

  private:
    using Orders = std::vector<Order>;  // best price first, then time
    [[nodiscard]] Orders& side_of(exchange::Side side) {
        return side == exchange::Side::buy ? buys_ : sells_;
    }
    [[nodiscard]] const Orders& side_of(exchange::Side side) const {
        return side == exchange::Side::buy ? buys_ : sells_;
    }
    // Behind all that are as good.
    void rest(const Order& order);
    [[nodiscard]] std::vector<exchange::Met> match(Order taker, bool may_rest);
    struct Reach {
        std::int64_t quantity = 0;
        std::int64_t worst = 0;
    };
    [[nodiscard]] Reach reach(const Order& taker, bool any_price) const;
    [[nodiscard]] bool crosses(const Order& taker) const;
    // Less what rests of it.
    [[nodiscard]] std::int64_t free_money(std::size_t firm) const;
    [[nodiscard]] std::int64_t free_allowances(std::size_t firm) const;
    [[nodiscard]] bool covers(const Order& taker, const Order* already) const;
    [[nodiscard]] node::OrderAnswer one(const exchange::Operation& o, std::int64_t now_us);
    [[nodiscard]] node::OrderAnswer place(const exchange::Operation& o, std::int64_t now_us);
    [[nodiscard]] node::OrderAnswer change(const exchange::Operation& o);
    [[nodiscard]] engine::Answer act(const scheme::Command& command);

    std::map<std::uint32_t, std::size_t> firm_of_;  // by the trader's number
    std::vector<Firm> firms_;
    Orders buys_;
    Orders sells_;
    std::map<std::uint64_t, exchange::Operation> ids_;  // that were ever done
    bool halted_ = false;
    std::int64_t bank_ = 0;
    std::uint64_t trades_ = 0;
};

}  // namespace abate::simulation
