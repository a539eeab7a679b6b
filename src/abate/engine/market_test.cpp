// Orders in the engine: they follow the scheme's people, settle in its books, and come back from the journal.
#include "abate/engine/trading_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::Side;

constexpr std::uint32_t kYear = TradingDesk::kYear;

Rules market_rules() {
    Rules rules = year_rules();
    rules.cap.first_cap = 1'000'000;  // so that there are allowances to trade
    rules.market = {.tick_micro = 1, .lot = 1};
    return rules;
}

// Two firms with a market key each, "lab-m" and "mill-m", 240,000 allowances of 2027 and 10 million in money.
class MarketDesk : public TradingDesk {
  public:
    explicit MarketDesk(const Rules& rules = market_rules())
        : TradingDesk(rules, {.names = {"lab", "mill"}, .daily_net_quantity = 10'000}) {}

    [[nodiscard]] std::uint32_t resting() {
        const exchange::OrderBook* book = engine().market().book(kYear);
        return book == nullptr ? 0 : book->size();
    }
    // What the audit names where events of the market are others than they were; every seal is right.
    template <class Which, class Change>
    std::string fault_of(const Which& which, const Change& change) {
        testing::Paper forged;
        BatchHeader before;
        for (const Batch& batch : journal().batches) {
            Batch copy = batch;
            if (exchange::is_market_event(copy.payload.front())) {
                exchange::MarketEvent event = exchange::read_market_event(copy.payload)->event;
                if (which(event)) {
                    change(event);
                    exchange::EventBytes bytes;
                    exchange::append_event(bytes, event.kind, event.operation, event.met);
                    copy.payload = bytes.view();
                }
            }
            copy.header.prev_digest = before.digest;
            copy.header.digest = seal(copy);
            before = copy.header;
            (void)forged.append(copy);
        }
        const AuditReport report = audit(forged, kDeskKey);
        return report.fault ? report.fault->field : std::string("none");
    }
};

TEST(EngineMarket, TradesAndComesBackFromTheJournal) {
    MarketDesk desk;
    ASSERT_EQ(desk.balance(110, kYear).posted, 240'000);
    EXPECT_EQ(desk.sell("lab-m", 1, 40, 1'000), OrderReason::ok);
    EXPECT_EQ(desk.balance(110, kYear).reserved, 1'000);
    EXPECT_EQ(desk.buy("mill-m", 2, 42, 300), OrderReason::ok);
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'300);
    EXPECT_EQ(desk.money(112), 10'000'000 + 12'000);
    EXPECT_EQ(desk.money(122), 10'000'000 - 12'000);
    desk.sound_market();
    // What is covered cannot be given away.
    EXPECT_EQ(desk.ask_both("lab-1",
                            "lab-2",
                            Transfer{.participant = ParticipantId{1},
                                     .from = AccountId{110},
                                     .to = AccountId{111},
                                     .vintage = kYear,
                                     .quantity = 239'001}),
              from_registry(registry::Reason::insufficient_balance));
    EXPECT_EQ(desk.buy("mill-m", 3, 40, 700), OrderReason::ok);
    EXPECT_EQ(desk.resting(), 0U);
    desk.sound_market();
}

TEST(EngineMarket, WhoMayTradeIsTheSchemes) {
    MarketDesk desk;
    EXPECT_EQ(desk.buy("lab-1", 1, 40, 1), OrderReason::not_permitted);  // an initiator
    EXPECT_EQ(desk.buy("ada", 1, 40, 1), OrderReason::not_permitted);
    EXPECT_EQ(desk.buy("lab-m", 1, 40, 10'001), OrderReason::mandate_quantity_exceeded);
    EXPECT_EQ(desk.buy("lab-m", 1, 501, 10'000), OrderReason::mandate_value_exceeded);
    EXPECT_EQ(desk.order("lab-m", {.book = 2028, .order_id = 1, .price_micro = 40, .quantity = 1}),
              OrderReason::book_unknown);
    ASSERT_EQ(desk.buy("lab-m", 1, 40, 10), OrderReason::ok);
    ASSERT_EQ(desk.sell("lab-m", 2, 60, 10), OrderReason::ok);
    EXPECT_EQ(desk.order("mill-m", {.kind = OperationKind::cancel, .order_id = 1}),
              OrderReason::order_of_another);
    // A stolen key: revoked, and its orders go with it.
    desk.ok(
        "ada",
        RevokeKey{
            .participant = ParticipantId{1}, .key = desk.key("lab-m").open, .reason = "stolen"});
    EXPECT_EQ(desk.resting(), 0U);
    EXPECT_EQ(desk.balance(110, kYear).reserved, 0);
    EXPECT_EQ(desk.buy("lab-m", 3, 40, 10), OrderReason::not_permitted);
    desk.sound_market();
}

TEST(EngineMarket, OneGroupDoesNotTradeWithItself) {
    MarketDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada",
            "bo",
            Regroup{.participant = ParticipantId{2}, .group = GroupId{1}, .group_title = "lab"});
    ASSERT_EQ(desk.buy("mill-m", 2, 40, 100), OrderReason::ok);
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'000);
    EXPECT_EQ(desk.resting(), 1U);
    desk.sound_market();
}

TEST(EngineMarket, ABankThatDiffersHalts) {
    MarketDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada",
            Reconcile{.statement_date = "2027-01-04", .balance_micro = 1, .unknown_lines = {}});
    EXPECT_EQ(desk.buy("mill-m", 2, 40, 100), OrderReason::market_halted);
    EXPECT_EQ(desk.order("lab-m", {.kind = OperationKind::cancel, .order_id = 1}), OrderReason::ok);
    desk.sound_market();
}

TEST(EngineMarket, AFrozenAccountTradesNoMore) {
    MarketDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada",
            RestrictAccount{.participant = ParticipantId{1},
                            .account = AccountId{110},
                            .status = registry::AccountStatus::frozen,
                            .reason = "court"});
    ASSERT_EQ(desk.buy("mill-m", 2, 41, 100), OrderReason::ok);
    EXPECT_EQ(desk.balance(110, kYear).reserved, 0);
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'000);
    EXPECT_EQ(desk.resting(), 1U);  // the buyer's
    desk.sound_market();
}

TEST(EngineMarket, OrdersForATimeGoWithTime) {
    MarketDesk desk;
    ASSERT_EQ(desk.order("lab-m",
                         {.side = Side::buy,
                          .time_in_force = exchange::TimeInForce::good_till_time,
                          .order_id = 1,
                          .price_micro = 40,
                          .quantity = 10,
                          .expires_us = desk.now().us + kHourUs}),
              OrderReason::ok);
    desk.sound_market();
    desk.pass(2 * kHourUs);
    desk.tick();
    EXPECT_EQ(desk.resting(), 0U);
    EXPECT_EQ(desk.buy("lab-m", 1, 40, 10), OrderReason::order_exists_with_different_fields);
    desk.sound_market();
}

TEST(EngineMarket, TheHoldingLimitHolds) {
    Rules rules = market_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 245'000;
    rules.compliance.holding_base_share = {kMillion};
    MarketDesk desk(rules);
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 10'000), OrderReason::ok);
    EXPECT_EQ(desk.buy("mill-m", 2, 40, 5'001), OrderReason::holding_limit_exceeded);
    EXPECT_EQ(desk.buy("mill-m", 2, 40, 5'000), OrderReason::ok);
    EXPECT_EQ(desk.balance(120, kYear).posted, 245'000);
    desk.sound_market();
}

// Tick, lot and fee of a book are those of the rules with which its year was opened, whenever somebody first asks for them.
TEST(EngineMarket, ABookKeepsTheTermsOfItsYear) {
    MarketDesk desk;
    Rules changed = market_rules();
    changed.version = 2;
    changed.market.tick_micro = 7;
    changed.market.lot = 10;
    changed.market.fee = {500'000};
    changed.market.self_trade = SelfTrade::cancel_oldest;
    ASSERT_EQ(desk.buy("lab-m", 1, 41, 3), OrderReason::ok);
    desk.ok("ada", "bo", ChangeRules{.rules = changed, .rules_text = ""});
    EXPECT_EQ(desk.sell("mill-m", 2, 41, 1), OrderReason::ok);
    EXPECT_EQ(desk.buy("lab-m", 3, 43, 5), OrderReason::ok);
    EXPECT_EQ(desk.order("lab-m", {.kind = OperationKind::cancel, .order_id = 1}), OrderReason::ok);
    EXPECT_EQ(desk.money(9), 0);  // fees
    desk.sound_market();
}

TEST(EngineMarket, TheFirstOrderMayComeAfterTheRulesHaveChanged) {
    MarketDesk desk;
    Rules changed = market_rules();
    changed.version = 2;
    changed.market.tick_micro = 7;
    desk.ok("ada", "bo", ChangeRules{.rules = changed, .rules_text = ""});
    EXPECT_EQ(desk.buy("lab-m", 1, 41, 3), OrderReason::ok);
    desk.sound_market();
}

TEST(EngineMarket, TheHoldingLimitIsOneForAllVintages) {
    Rules rules = market_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 245'000;
    rules.compliance.holding_base_share = {kMillion};
    MarketDesk desk(rules);
    desk.open(2028);
    EXPECT_EQ(desk.buy("mill-m", 1, 40, 3'000), OrderReason::ok);
    const auto of_next_year = [&](std::uint64_t id, std::int64_t quantity) {
        return desk.order("mill-m",
                          {.book = 2028, .order_id = id, .price_micro = 40, .quantity = quantity});
    };
    EXPECT_EQ(of_next_year(2, 2'001), OrderReason::holding_limit_exceeded);
    EXPECT_EQ(of_next_year(2, 2'000), OrderReason::ok);
    // What came by another way takes the room of what rests.
    desk.ok("lab-1",
            "lab-2",
            Transfer{.participant = ParticipantId{1},
                     .from = AccountId{110},
                     .to = AccountId{120},
                     .vintage = kYear,
                     .quantity = 4'000});
    EXPECT_EQ(desk.sell("lab-m", 3, 40, 3'000), OrderReason::ok);
    EXPECT_EQ(desk.balance(120, kYear).posted, 244'000);
    EXPECT_EQ(desk.balance(110, kYear).reserved,
              3'000);  // the buyer's order went, the seller's rests
    desk.sound_market();
}

TEST(EngineMarket, AnOrderIsGoneAtItsMicrosecondWithinABatchToo) {
    MarketDesk desk;
    const std::int64_t now = desk.now().us;
    std::vector<Operation> batch{
        {.side = Side::buy,
         .time_in_force = exchange::TimeInForce::good_till_time,
         .book = kYear,
         .order_id = 1,
         .participant = desk.state().keys.at(desk.key("lab-m").open).number,
         .price_micro = 40,
         .quantity = 10,
         .expires_us = now + 2}};
    for (std::uint64_t id = 2; id < 6; ++id)
        batch.push_back({.side = Side::sell,
                         .time_in_force = exchange::TimeInForce::immediate_or_cancel,
                         .book = kYear,
                         .order_id = id,
                         .participant = desk.state().keys.at(desk.key("mill-m").open).number,
                         .price_micro = 40,
                         .quantity = 1});
    std::vector<OrderReason> reasons(batch.size());
    desk.engine().apply(batch, desk.now(), reasons);
    if (auto sealed = desk.engine().seal()) (void)desk.journal().append(*sealed);
    EXPECT_EQ(desk.balance(120, kYear).posted,
              240'000 - 1);  // the one that came before it was over
    desk.sound_market();
}

// Whatever is changed in an event of the market, the audit names it: as who can write the journal and seal it again would.
TEST(EngineMarket, TheAuditNamesWhatIsForged) {
    MarketDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    ASSERT_EQ(desk.sell("lab-m", 2, 41, 100), OrderReason::ok);
    ASSERT_EQ(desk.buy("mill-m", 3, 41, 150), OrderReason::ok);
    const auto fault_of = [&](auto&& change) {
        return desk.fault_of([](const auto& e) { return e.operation.order_id == 3; }, change);
    };
    EXPECT_EQ(fault_of([](auto&) {}), "none");
    EXPECT_EQ(fault_of([](auto& e) { e.met[0].maker = 2; }), "met");
    EXPECT_EQ(fault_of([](auto& e) { std::swap(e.met[0], e.met[1]); }), "met");
    EXPECT_EQ(fault_of([](auto& e) { e.met[0].price_micro = 39; }), "met_price_micro");
    EXPECT_EQ(fault_of([](auto& e) { e.met[1].quantity = 51; }), "met_quantity");
    EXPECT_EQ(fault_of([](auto& e) { e.met.pop_back(); }), "met");
    EXPECT_EQ(fault_of([](auto& e) { e.met[1].kind = exchange::MeetingKind::undeliverable; }),
              "met_kind");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.order_id = 2; }), "order_id");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.participant = 0; }), "trader");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.quantity = 10'001; }), "mandate");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.price_micro = 30; }), "met");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.price_micro = std::nullopt; }), "price_micro");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.at_us = 1; }), "at");
}

// ---- calls

// A call from 11:00 to 12:00 UTC, and from 17:30 to 18:00.
Rules rules_with_hours() {
    Rules rules = market_rules();
    rules.market.opens = "12:00";
    rules.market.closes = "18:00";
    rules.market.opening_call_minutes = 60;
    rules.market.closing_call_minutes = 30;
    return rules;
}
// That time of the next day.
void on_the_next_day(MarketDesk& desk, std::int64_t minute) {
    desk.set_time({(day_of(desk.now()) + 1) * kDayUs + minute * kMinuteUs});
}

TEST(EngineMarketCall, IsPartOfTheJournal) {
    MarketDesk desk(rules_with_hours());
    on_the_next_day(desk, 600);
    EXPECT_EQ(desk.buy("mill-m", 1, 42, 300), OrderReason::market_closed);
    desk.pass(90 * kMinuteUs);
    EXPECT_EQ(desk.buy("mill-m", 1, 42, 300), OrderReason::ok);
    EXPECT_EQ(desk.sell("lab-m", 2, 40, 1'000), OrderReason::ok);
    desk.sound_market();  // in the middle of the call
    desk.pass(30 * kMinuteUs);
    desk.tick();
    // 300 of 1,000 that are for sale from 40 on are wanted: the sellers press.
    EXPECT_EQ(desk.money(112), 10'000'000 + 300 * 40);
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'300);
    EXPECT_EQ(desk.balance(110, kYear).reserved, 700);
    desk.sound_market();

    const auto fault_of = [&](auto&& change) {
        return desk.fault_of(
            [](const auto& e) { return e.kind == exchange::MarketEventKind::called; }, change);
    };
    EXPECT_EQ(fault_of([](auto&) {}), "none");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.price_micro = 41; }), "price_micro");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.quantity = 299; }), "quantity");
    EXPECT_EQ(fault_of([](auto& e) { e.met[0].maker = 2; }), "met");
    EXPECT_EQ(fault_of([](auto& e) { e.met[1].quantity = 299; }), "met_quantity");
    EXPECT_EQ(fault_of([](auto& e) { e.met.pop_back(); }), "met");
    EXPECT_EQ(fault_of([](auto& e) { e.operation.at_us -= kMinuteUs; }), "at");
    EXPECT_EQ(desk.fault_of([](const auto& e) { return e.operation.order_id == 2; },
                            [](auto& e) { e.kind = exchange::MarketEventKind::placed; }),
              "kind");
}

// Nobody does anything until the next day: what was due has the time at which it was, and is of its own day.
TEST(EngineMarketCall, HasTheTimeOfItsEnd) {
    MarketDesk desk(rules_with_hours());
    on_the_next_day(desk, 1'060);
    EXPECT_EQ(desk.buy("mill-m", 1, 42, 10'000), OrderReason::ok);  // all of its mandate
    EXPECT_EQ(desk.sell("lab-m", 2, 42, 10'000), OrderReason::ok);
    const Timestamp closes{day_of(desk.now()) * kDayUs + 18 * kHourUs};
    on_the_next_day(desk, 700);
    EXPECT_EQ(desk.buy("mill-m", 3, 42, 10'000), OrderReason::ok);
    std::vector<Timestamp> calls;
    for (const Batch& batch : desk.journal().batches)
        if (exchange::is_market_event(batch.payload.front())) {
            const auto event = exchange::read_market_event(batch.payload);
            ASSERT_TRUE(event);
            if (event->event.kind == exchange::MarketEventKind::called)
                calls.push_back({event->event.operation.at_us});
        }
    EXPECT_EQ(calls, std::vector{closes});
    EXPECT_EQ(desk.engine().market().reference_micro(kYear, desk.now()), 42);
    desk.sound_market();
}

// The bank's statement differs: the call waits, and orders can be taken back. It ends with the first moment at which the market is not halted.
TEST(EngineMarketCall, WaitsWhileTheBankDiffers) {
    MarketDesk desk(rules_with_hours());
    on_the_next_day(desk, 690);
    EXPECT_EQ(desk.buy("mill-m", 1, 42, 300), OrderReason::ok);
    EXPECT_EQ(desk.sell("lab-m", 2, 40, 300), OrderReason::ok);
    EXPECT_EQ(desk.sell("lab-m", 3, 40, 300), OrderReason::ok);
    const std::string date = to_rfc3339(desk.now()).substr(0, 10);
    desk.ok("ada", Reconcile{.statement_date = date, .balance_micro = 1, .unknown_lines = {}});
    desk.pass(60 * kMinuteUs);
    desk.tick();
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'000);
    EXPECT_EQ(desk.order("lab-m", {.kind = OperationKind::cancel, .order_id = 2}), OrderReason::ok);
    desk.sound_market();
    desk.ok("ada",
            Reconcile{.statement_date = date, .balance_micro = 20'000'000, .unknown_lines = {}});
    desk.tick();
    EXPECT_EQ(desk.balance(120, kYear).posted, 240'300);
    EXPECT_EQ(desk.balance(110, kYear).reserved, 0);
    desk.sound_market();
}

}  // namespace
}  // namespace abate::engine
