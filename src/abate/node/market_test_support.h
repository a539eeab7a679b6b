// A scheme in whose market orders may be sent to a sequencer: firms with a key each that may trade, allowances of 2027 and money.
//
//     const TradingScheme& scheme = trading_scheme();
//     found(disk, scheme);                              // its journal, as it was founded
//     sequencer.submit({scheme.buy(0, {.id = 1, .price = 40, .quantity = 10})});
#pragma once

#include "abate/core/fault.h"
#include "abate/engine/year_test_support.h"

#include <cstdint>
#include <string>
#include <vector>

namespace abate::node::testing {

inline constexpr std::uint32_t kMarketYear = 2027;
inline constexpr std::int64_t kFirmAllowances = 240'000;
inline constexpr std::int64_t kFirmMoney = 1'000'000'000;  // micro-units

struct OrderTerms {
    std::uint64_t id = 0;
    std::int64_t price = 0;
    std::int64_t quantity = 0;
};

struct TradingScheme {
    std::vector<engine::Batch> batches;
    std::vector<std::uint32_t> traders;  // the numbers of the firms' keys
    std::vector<scheme::KeyPair> keys;   // and these themselves
    scheme::KeyPair operators[2];        // "ada" and "bo"
    Timestamp from = {};                 // behind all of its events

    [[nodiscard]] exchange::Operation buy(std::size_t firm, const OrderTerms& terms) const {
        return order(exchange::Side::buy, firm, terms);
    }
    [[nodiscard]] exchange::Operation sell(std::size_t firm, const OrderTerms& terms) const {
        return order(exchange::Side::sell, firm, terms);
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
    [[nodiscard]] exchange::Operation cancel(std::size_t firm, std::uint64_t id) const {
        return {.kind = exchange::OperationKind::cancel,
                .book = kMarketYear,
                .order_id = id,
                .participant = traders.at(firm)};
    }
    // Accounts of a firm, from 0 on.
    [[nodiscard]] static registry::AccountId holding(std::size_t firm) {
        return registry::AccountId{110 + 10 * firm};
    }
    [[nodiscard]] static registry::AccountId cash(std::size_t firm) {
        return registry::AccountId{112 + 10 * firm};
    }

  private:
    [[nodiscard]] exchange::Operation order(exchange::Side side,
                                            std::size_t firm,
                                            const OrderTerms& terms) const {
        return {.side = side,
                .book = kMarketYear,
                .order_id = terms.id,
                .participant = traders.at(firm),
                .price_micro = terms.price,
                .quantity = terms.quantity};
    }
};

inline TradingScheme make_trading_scheme(std::uint64_t firms) {
    using namespace scheme;
    Rules rules = engine::year_rules();
    // Half of the cap, less 2 %, is free, and shared alike.
    rules.cap.first_cap = static_cast<std::int64_t>(firms) * 2 * 250'000;
    rules.market = {.tick_micro = 1,
                    .lot = 1,
                    .collar = {},
                    .band = {},
                    .halt = {},
                    .most_open_orders = 1'000'000,
                    .most_per_second = 1'000'000};
    engine::YearDesk desk(rules);
    for (std::uint64_t number = 1; number <= firms; ++number) {
        const std::string name = "firm" + std::to_string(number);
        desk.add_firm(number, name);
        desk.history(number, {.gflop = 1'000'000 * engine::kWork});
        desk.add_key(ParticipantId{number}, name + "-m", Role::market);
        desk.ok(name + "-1",
                name + "-2",
                SetMandate{.participant = ParticipantId{number},
                           .key = desk.key(name + "-m").open,
                           .daily_net_quantity = 1'000'000'000,
                           .daily_net_value_micro = 1'000'000'000'000});
        desk.ok("ada",
                Deposit{.account = AccountId{102 + 10 * number},
                        .amount_micro = kFirmMoney,
                        .bank_reference = name});
    }
    desk.open(kMarketYear);
    desk.allocate(kMarketYear);
    desk.pass(kHourUs);
    desk.tick();
    TradingScheme out{.batches = desk.journal().batches,
                      .traders = {},
                      .keys = {},
                      .operators = {desk.key("ada"), desk.key("bo")},
                      .from = {desk.now().us + kHourUs}};
    for (std::uint64_t number = 1; number <= firms; ++number) {
        const KeyPair key = desk.key("firm" + std::to_string(number) + "-m");
        out.traders.push_back(desk.state().keys.at(key.open).number);
        out.keys.push_back(key);
    }
    return out;
}
// The same for all tests of a program: signing takes its time.
inline const TradingScheme& trading_scheme() {
    static const TradingScheme scheme = make_trading_scheme(4);
    return scheme;
}

inline void found(engine::Journal& journal, const TradingScheme& scheme) {
    for (const engine::Batch& batch : scheme.batches)
        if (journal.append(batch) != engine::Append::committed)
            throw Fault({ErrorCode::conflict, "the journal is not empty", "test", ""});
}

}  // namespace abate::node::testing
