// A scheme in its first year whose firms trade: for tests of the market and of who watches it.
#pragma once

#include "abate/engine/year_test_support.h"

#include <array>
#include <string>
#include <vector>

namespace abate::engine {

// Firms 1, 2, ... by name, each with accounts, a market key ("lab-m" of "lab") under the same mandate, and 10 million in money; the allowances of
// 2027 are shared among them.
class TradingDesk : public YearDesk {
  public:
    static constexpr std::uint32_t kYear = 2027;
    struct Firms {
        std::vector<std::string> names;
        std::int64_t daily_net_quantity = 0;
    };
    TradingDesk(const scheme::Rules& rules, const Firms& firms) : YearDesk(rules) {
        std::uint64_t number = 0;
        for (const std::string& name : firms.names) {
            add_firm(++number, name);
            history(number, {.gflop = 1'000'000 * kWork});
            add_key(scheme::ParticipantId{number}, name + "-m", scheme::Role::market);
            ok(name + "-1",
               name + "-2",
               scheme::SetMandate{.participant = scheme::ParticipantId{number},
                                  .key = key(name + "-m").open,
                                  .daily_net_quantity = firms.daily_net_quantity,
                                  .daily_net_value_micro = 5'000'000});
            ok("ada",
               scheme::Deposit{.account = scheme::AccountId{102 + 10 * number},
                               .amount_micro = 10'000'000,
                               .bank_reference = name});
        }
        open(kYear);
        allocate(kYear);
        pass(kHourUs);
        tick();
    }

    exchange::OrderReason order(const std::string& who, exchange::Operation operation) {
        operation.participant = state().keys.at(key(who).open).number;
        if (operation.book == 0) operation.book = kYear;
        std::array<exchange::OrderReason, 1> reason{};
        engine().apply(std::array{operation}, now(), reason);
        if (auto batch = engine().seal()) (void)journal().append(*batch);
        return reason[0];
    }
    exchange::OrderReason buy(
        const std::string& who,
        std::uint64_t id,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
        std::int64_t price,
        std::int64_t quantity) {
        return order(who,
                     {.side = exchange::Side::buy,
                      .order_id = id,
                      .price_micro = price,
                      .quantity = quantity});
    }
    exchange::OrderReason sell(
        const std::string& who,
        std::uint64_t id,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
        std::int64_t price,
        std::int64_t quantity) {
        return order(who,
                     {.side = exchange::Side::sell,
                      .order_id = id,
                      .price_micro = price,
                      .quantity = quantity});
    }

    // As YearDesk::sound(); covers are what is reserved, and the market comes back from the journal and from a snapshot.
    void sound_market() {
        const exchange::Market::Cover cover = engine().market().cover();
        EXPECT_EQ(cover.money, engine().registry().covered_money());
        EXPECT_EQ(cover.allowances, engine().registry().covered_allowances());
        sound();
        std::string live;
        engine().market().append_snapshot(live);
        for (const bool use_snapshots : {false, true}) {
            Engine again(kDeskKey);
            ASSERT_TRUE(recover(again, journal(), {.use_snapshots = use_snapshots}));
            std::string replayed;
            again.market().append_snapshot(replayed);
            EXPECT_EQ(replayed, live);
        }
    }
};

}  // namespace abate::engine
