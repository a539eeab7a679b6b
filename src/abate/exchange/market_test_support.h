// A market with books that have money and allowances in them. For tests and benchmarks.
#pragma once

#include "abate/core/assert.h"
#include "abate/exchange/market.h"
#include "abate/exchange/market_audit.h"

#include <string>
#include <vector>

namespace abate::exchange::testing {

inline constexpr std::uint32_t kVintage = 2027;
inline constexpr registry::AccountId kFees{3};

// Whatever the books do is told to their auditor.
class Audited final : public registry::EventSink {
  public:
    explicit Audited(registry::Auditor& auditor) : auditor_(&auditor) {}
    void on(const registry::Event& event) override { ABATE_REQUIRE(!auditor_->check(event)); }

  private:
    registry::Auditor* auditor_;
};

// Trader i is participant i + 1 with accounts of its own; groups as given.
struct Endowment {
    std::uint32_t traders = 4;
    std::uint32_t groups = 4;  // trader i is of group 1 + i mod groups
    std::int64_t money = 1'000'000'000;
    std::int64_t allowances = 1'000'000;
};

inline registry::AccountId holding_of(std::uint32_t trader) {
    return registry::AccountId{100 + 2 * trader};
}
inline registry::AccountId cash_of(std::uint32_t trader) {
    return registry::AccountId{101 + 2 * trader};
}

struct TestMarket {
    registry::Registry books;
    Market market;
    registry::Auditor books_auditor;
    MarketAuditor auditor{books_auditor};  // check() it with what stands in the payload
    EventBytes payload;
    std::int64_t now_us = 0;

    explicit TestMarket(const Endowment& endowment = {},
                        const MarketRules& rules = {},
                        const BookTerms& terms = {}) {
        using namespace registry;
        do_in_books({.op = Op::open_account, .kind = AccountKind::issuance, .from = AccountId{1}});
        do_in_books({.op = Op::open_account, .kind = AccountKind::bank, .from = AccountId{2}});
        do_in_books({.op = Op::open_account, .kind = AccountKind::fees, .from = kFees});
        market.set_rules(rules);
        market.open_book(kVintage, terms);
        market.set_fees(kFees);
        auditor.set_rules(rules);
        auditor.set_fees(kFees);
        auditor.set_book(kVintage, terms);
        std::vector<Trader> traders;
        for (std::uint32_t i = 0; i < endowment.traders; ++i) {
            const ParticipantId owner{i + 1};
            const GroupId group{1 + i % endowment.groups};
            do_in_books({.op = Op::open_participant, .participant = owner, .group = group});
            do_in_books({.op = Op::open_account,
                         .kind = AccountKind::holding,
                         .from = holding_of(i),
                         .participant = owner});
            do_in_books({.op = Op::open_account,
                         .kind = AccountKind::cash,
                         .from = cash_of(i),
                         .participant = owner});
            if (endowment.allowances > 0)
                do_in_books({.op = Op::issue,
                             .asset = static_cast<Asset>(kVintage),
                             .from = AccountId{1},
                             .to = holding_of(i),
                             .amount = endowment.allowances});
            if (endowment.money > 0)
                do_in_books({.op = Op::deposit,
                             .from = AccountId{2},
                             .to = cash_of(i),
                             .amount = endowment.money});
            traders.push_back(trader(i, group));
            market.set_trader(i, traders.back());
        }
        auditor.set_traders(traders);
    }
    TestMarket(const TestMarket&) = delete;  // the auditors know each other
    TestMarket& operator=(const TestMarket&) = delete;

    [[nodiscard]] static Trader trader(std::uint32_t number, registry::GroupId group) {
        return {.participant = registry::ParticipantId{number + 1},
                .group = group,
                .holding = holding_of(number),
                .cash = cash_of(number),
                .may_trade = true,
                .daily_net_quantity = INT64_MAX,
                .daily_net_value_micro = INT64_MAX};
    }

    void do_in_books(registry::Command command) {
        command.id = {0, ++ids_};
        Audited sink(books_auditor);
        const registry::Outcome outcome = books.apply(command, Timestamp{++now_us}, sink);
        ABATE_REQUIRE(outcome.reason == registry::Reason::ok);
    }

    OrderReason apply(Operation operation) {
        operation.book = kVintage;
        return market.apply(operation,
                            {.books = books, .now = Timestamp{++now_us}, .out = payload});
    }
    OrderReason limit(std::uint32_t trader,
                      Side side,
                      std::uint64_t id,
                      // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
                      std::int64_t price,
                      std::int64_t quantity) {
        return apply({.side = side,
                      .order_id = id,
                      .participant = trader,
                      .price_micro = price,
                      .quantity = quantity});
    }
    OrderReason buy(std::uint32_t trader,
                    std::uint64_t id,
                    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
                    std::int64_t price,
                    std::int64_t quantity) {
        return limit(trader, Side::buy, id, price, quantity);
    }
    OrderReason sell(std::uint32_t trader,
                     std::uint64_t id,
                     // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
                     std::int64_t price,
                     std::int64_t quantity) {
        return limit(trader, Side::sell, id, price, quantity);
    }
    OrderReason cancel(std::uint32_t trader, std::uint64_t id) {
        return apply({.kind = OperationKind::cancel, .order_id = id, .participant = trader});
    }

    [[nodiscard]] registry::Balance money(std::uint32_t trader) const {
        return books.balance(cash_of(trader), registry::Asset::cash);
    }
    [[nodiscard]] registry::Balance allowances(std::uint32_t trader) const {
        return books.balance(holding_of(trader), static_cast<registry::Asset>(kVintage));
    }
    // "buy 30 at 41 (order 7 of trader 2) ..." best first, buys before sells.
    [[nodiscard]] std::string resting() const {
        std::string out;
        for (const Side side : {Side::buy, Side::sell})
            market.book(kVintage)->for_each_level(side, [&](const LevelView& level) {
                for (std::uint32_t at = level.first; at != OrderBook::kNone;
                     at = market.book(kVintage)->next(at)) {
                    const Resting& order = market.book(kVintage)->at(at);
                    out += (side == Side::buy ? "buy " : "sell ") + std::to_string(order.quantity) +
                           " at " + std::to_string(level.price) + " (order " +
                           std::to_string(order.id) + " of " + std::to_string(order.owner) + ") ";
                }
                return true;
            });
        return out;
    }

  private:
    std::uint64_t ids_ = 0;
};

}  // namespace abate::exchange::testing
