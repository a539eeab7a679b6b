#include "abate/exchange/exchange.h"
#include "abate/exchange/market_test_support.h"
#include "abate/exchange/resting_orders.h"

#include <gtest/gtest.h>

namespace abate::exchange {
namespace {

using testing::Endowment;
using testing::kVintage;
using testing::TestMarket;
using R = OrderReason;

void expect_sound(const TestMarket& m) {
    EXPECT_EQ(registry::broken_invariant(m.books).value_or("sound"), "sound");
    const Market::Cover cover = m.market.cover();
    EXPECT_EQ(cover.money, m.books.covered_money());
    EXPECT_EQ(cover.allowances, m.books.covered_allowances());
}

// The whole state again, in fresh books, from the events alone.
void expect_same_again(const TestMarket& m,
                       const Endowment& endowment,
                       const MarketRules& rules,
                       const BookTerms& terms = {}) {
    TestMarket again(endowment, rules, terms);
    std::string_view left = m.payload.view();
    while (!left.empty()) {
        const Result<ReadMarketEvent> read = read_market_event(left);
        ASSERT_TRUE(read);
        ASSERT_TRUE(again.market.fold(read->event, again.books));
        left.remove_prefix(read->size);
    }
    EXPECT_EQ(again.resting(), m.resting());
    for (std::uint32_t i = 0; i < endowment.traders; ++i) {
        EXPECT_EQ(again.money(i), m.money(i));
        EXPECT_EQ(again.allowances(i), m.allowances(i));
    }
}

TEST(Market, DeliversAgainstPayment) {
    TestMarket m;
    ASSERT_EQ(m.sell(0, 1, 40, 100), R::ok);
    EXPECT_EQ(m.allowances(0).reserved, 100);
    ASSERT_EQ(m.buy(1, 2, 45, 60), R::ok);
    // At the price of what rested; the rest of the cover is free again.
    EXPECT_EQ(m.money(1).posted, 1'000'000'000 - 60 * 40);
    EXPECT_EQ(m.money(1).reserved, 0);
    EXPECT_EQ(m.money(0).posted, 1'000'000'000 + 60 * 40);
    EXPECT_EQ(m.allowances(0).posted, 1'000'000 - 60);
    EXPECT_EQ(m.allowances(0).reserved, 40);
    EXPECT_EQ(m.allowances(1).posted, 1'000'000 + 60);
    expect_sound(m);
    expect_same_again(m, {}, {});
}

TEST(Market, ABuyerIsCoveredAtItsLimitWithTheFee) {
    const BookTerms terms{.fee_ppm = 1'500};
    TestMarket m({}, {}, terms);
    ASSERT_EQ(m.buy(0, 1, 1'000, 333), R::ok);
    EXPECT_EQ(m.money(0).reserved, 333'000 + 499);  // 499.5 rounded down
    ASSERT_EQ(m.sell(1, 2, 1'000, 100), R::ok);
    // 150 from each side.
    EXPECT_EQ(m.money(1).posted, 1'000'000'000 + 100'000 - 150);
    EXPECT_EQ(m.money(0).posted, 1'000'000'000 - 100'000 - 150);
    EXPECT_EQ(m.books.balance(testing::kFees, registry::Asset::cash).posted, 300);
    EXPECT_EQ(m.money(0).reserved, 233'000 + 349);
    expect_sound(m);
    expect_same_again(m, {}, {}, terms);
    ASSERT_EQ(m.cancel(0, 1), R::ok);
    EXPECT_EQ(m.money(0).reserved, 0);
    expect_sound(m);
}

TEST(Market, WhatIsNotThereIsNotPromised) {
    TestMarket m({.traders = 2, .groups = 2, .money = 1'000, .allowances = 10});
    EXPECT_EQ(m.buy(0, 1, 101, 10), R::insufficient_balance);
    EXPECT_EQ(m.buy(0, 1, 100, 10), R::ok);  // the refused id is free
    EXPECT_EQ(m.buy(0, 2, 1, 1), R::insufficient_balance);
    EXPECT_EQ(m.sell(1, 3, 200, 11), R::insufficient_balance);
    EXPECT_EQ(m.sell(1, 3, 200, 10), R::ok);
    EXPECT_EQ(m.sell(1, 4, 200, 1), R::insufficient_balance);
    expect_sound(m);
}

TEST(Market, AnIdIsOneOrderForEver) {
    TestMarket m;
    ASSERT_EQ(m.buy(0, 7, 40, 10), R::ok);
    EXPECT_EQ(m.buy(0, 7, 40, 10), R::order_exists);
    EXPECT_EQ(m.buy(0, 7, 40, 11), R::order_exists_with_different_fields);
    EXPECT_EQ(m.buy(1, 7, 40, 10), R::order_exists_with_different_fields);
    ASSERT_EQ(m.cancel(0, 7), R::ok);
    EXPECT_EQ(m.buy(0, 7, 40, 10), R::order_exists);
    EXPECT_EQ(m.cancel(0, 7), R::order_unknown);
    EXPECT_EQ(m.cancel(0, 8), R::order_unknown);
    ASSERT_EQ(m.buy(0, 9, 40, 10), R::ok);
    EXPECT_EQ(m.cancel(1, 9), R::order_of_another);
}

struct SelfTradeCase {
    SelfTrade rule;
    std::string left;
    std::int64_t bought;
};
class SelfTrades : public ::testing::TestWithParam<SelfTradeCase> {};
// Traders 0 and 2 are of one group. 0 buys 30 where 2 offers 10 first and 1 offers 10 behind.
TEST_P(SelfTrades, NeverHappen) {
    const Endowment endowment{.traders = 3, .groups = 2};
    const MarketRules rules{.self_trade = GetParam().rule};
    TestMarket m(endowment, rules);
    ASSERT_EQ(m.sell(1, 1, 40, 5), R::ok);
    ASSERT_EQ(m.sell(2, 2, 40, 10), R::ok);
    ASSERT_EQ(m.sell(1, 3, 40, 10), R::ok);
    ASSERT_EQ(m.buy(0, 4, 40, 30), R::ok);
    EXPECT_EQ(m.resting(), GetParam().left);
    EXPECT_EQ(m.allowances(0).posted, 1'000'000 + GetParam().bought);
    expect_sound(m);
    expect_same_again(m, endowment, rules);
}
INSTANTIATE_TEST_SUITE_P(
    Rules,
    SelfTrades,
    ::testing::Values(SelfTradeCase{SelfTrade::cancel_newest,
                                    "sell 10 at 40 (order 2 of 2) sell 10 at 40 (order 3 of 1) ",
                                    5},
                      SelfTradeCase{SelfTrade::cancel_oldest, "buy 15 at 40 (order 4 of 0) ", 15},
                      SelfTradeCase{SelfTrade::cancel_both, "sell 10 at 40 (order 3 of 1) ", 5}));

TEST(Market, BothGoWhereNothingElseRests) {
    const Endowment endowment{.traders = 2, .groups = 1};
    const MarketRules rules{.self_trade = SelfTrade::cancel_both};
    TestMarket m(endowment, rules);
    ASSERT_EQ(m.sell(0, 1, 40, 5), R::ok);
    ASSERT_EQ(m.buy(1, 2, 40, 9), R::ok);
    EXPECT_EQ(m.resting(), "");
    expect_sound(m);
    expect_same_again(m, endowment, rules);
}

TEST(Market, AMandateIsADaysNet) {
    TestMarket m;
    Trader limited = TestMarket::trader(0, registry::GroupId{1});
    limited.daily_net_quantity = 100;
    limited.daily_net_value_micro = 5'000;
    m.market.set_trader(0, limited);
    EXPECT_EQ(m.buy(0, 1, 40, 101), R::mandate_quantity_exceeded);
    EXPECT_EQ(m.buy(0, 1, 51, 99), R::mandate_value_exceeded);
    ASSERT_EQ(m.buy(0, 1, 40, 80), R::ok);
    EXPECT_EQ(m.buy(0, 2, 40, 21), R::mandate_quantity_exceeded);  // what rests counts
    ASSERT_EQ(m.sell(1, 3, 40, 80), R::ok);
    EXPECT_EQ(m.market.net_of(0).quantity, 80);
    EXPECT_EQ(m.buy(0, 4, 40, 21), R::mandate_quantity_exceeded);
    // It is 80 too many: so much more may be sold, at a worth of 3,200 + 5,000.
    ASSERT_EQ(m.sell(0, 5, 45, 180), R::ok);
    EXPECT_EQ(m.sell(0, 6, 1, 1), R::mandate_quantity_exceeded);
    // Tomorrow counts from 0, but what rests still counts.
    ASSERT_EQ(m.cancel(0, 5), R::ok);
    m.now_us += std::int64_t{86'400} * 1'000'000;
    EXPECT_EQ(m.buy(0, 7, 40, 100), R::ok);
    expect_sound(m);
}

TEST(Market, WhoseKeyIsGoneMayOnlyCancel) {
    TestMarket m;
    ASSERT_EQ(m.buy(0, 1, 40, 10), R::ok);
    ASSERT_EQ(m.buy(0, 2, 41, 10), R::ok);
    Trader gone = TestMarket::trader(0, registry::GroupId{1});
    gone.may_trade = false;
    m.market.set_trader(0, gone);
    EXPECT_EQ(m.buy(0, 3, 40, 10), R::not_permitted);
    EXPECT_EQ(m.cancel(0, 1), R::ok);
    EXPECT_EQ(m.buy(9, 4, 40, 10), R::trader_unknown);
    EXPECT_EQ(m.market.sweep(0, {.books = m.books, .now = Timestamp{++m.now_us}, .out = m.payload}),
              1U);
    EXPECT_EQ(m.money(0).reserved, 0);
    expect_sound(m);
    expect_same_again(m, {}, {});
}

TEST(Market, AShutAccountTradesNothing) {
    TestMarket m;
    ASSERT_EQ(m.sell(0, 1, 40, 10), R::ok);
    ASSERT_EQ(m.sell(1, 2, 41, 10), R::ok);
    m.do_in_books({.op = registry::Op::set_status,
                   .status = registry::AccountStatus::blocked,
                   .from = testing::holding_of(0)});
    EXPECT_EQ(m.sell(0, 3, 50, 1), R::account_shut);
    EXPECT_EQ(m.buy(0, 4, 10, 1), R::ok);  // what is blocked may take
    // The frozen maker is passed over, and its order goes.
    ASSERT_EQ(m.buy(2, 5, 41, 10), R::ok);
    EXPECT_EQ(m.resting(), "buy 1 at 10 (order 4 of 0) ");
    EXPECT_EQ(m.allowances(0).reserved, 0);
    EXPECT_EQ(m.allowances(1).posted, 1'000'000 - 10);
    expect_sound(m);
}

TEST(Market, TheHoldingLimitCountsWhatIsAskedFor) {
    TestMarket m({.traders = 4, .groups = 2});
    m.market.set_holding_room([](const Market::Room&) { return std::optional<std::int64_t>(100); });
    ASSERT_EQ(m.buy(0, 1, 40, 60), R::ok);
    EXPECT_EQ(m.buy(2, 2, 40, 41), R::holding_limit_exceeded);  // of the same group
    EXPECT_EQ(m.buy(2, 2, 40, 40), R::ok);
    EXPECT_EQ(m.buy(1, 3, 39, 100), R::ok);
    EXPECT_EQ(m.sell(1, 4, 50, 1'000), R::ok);
}

TEST(Market, ACollarRefusesAndABandHalts) {
    const MarketRules rules{.collar_ppm = 100'000, .halt_ppm = 50'000, .halt_us = 60'000'000};
    TestMarket m({}, rules);
    m.market.set_reference(kVintage, 1'000);
    EXPECT_EQ(m.sell(0, 1, 1'101, 10), R::price_outside_collar);
    EXPECT_EQ(m.sell(0, 1, 899, 10), R::price_outside_collar);
    ASSERT_EQ(m.sell(0, 1, 1'050, 10), R::ok);
    ASSERT_EQ(m.sell(0, 2, 1'051, 10), R::ok);
    // 5 % is within the band, 5.1 % is not.
    ASSERT_EQ(m.buy(1, 3, 1'100, 20), R::ok);
    EXPECT_EQ(m.allowances(1).posted, 1'000'010);
    EXPECT_EQ(m.money(1).reserved, 0);
    EXPECT_EQ(m.buy(1, 4, 1'000, 1), R::market_halted);
    EXPECT_EQ(m.cancel(0, 2), R::ok);
    m.now_us += 60'000'000;
    EXPECT_EQ(m.buy(1, 4, 1'000, 1), R::ok);
    expect_sound(m);
}

TEST(Market, FillOrKillDoesNotCountWhatAHaltWouldStop) {
    const MarketRules rules{.halt_ppm = 50'000, .halt_us = 60'000'000};
    TestMarket m({}, rules);
    m.market.set_reference(kVintage, 1'000);
    ASSERT_EQ(m.sell(0, 1, 1'050, 10), R::ok);
    ASSERT_EQ(m.sell(0, 2, 1'051, 10), R::ok);
    Operation all{.time_in_force = TimeInForce::fill_or_kill,
                  .order_id = 3,
                  .participant = 1,
                  .price_micro = 1'100,
                  .quantity = 20};
    EXPECT_EQ(m.apply(all), R::fill_or_kill_not_filled);
    EXPECT_EQ(m.market.halted_until(kVintage), std::nullopt);
    all.quantity = 10;
    EXPECT_EQ(m.apply(all), R::ok);
}

TEST(Market, AnOrderOfIdNoughtIsAnOrder) {
    const Endowment endowment{.traders = 2, .groups = 1};
    TestMarket m(endowment);
    ASSERT_EQ(m.sell(0, 0, 40, 5), R::ok);
    ASSERT_EQ(m.buy(1, 1, 40, 5), R::ok);  // of its own group: it goes
    EXPECT_EQ(m.resting(), "sell 5 at 40 (order 0 of 0) ");
    expect_same_again(m, endowment, {});
}

// A refusal leaves nothing, not even an account's line for what it never had.
TEST(Market, ARefusalLeavesTheBooksAsTheyWere) {
    TestMarket m({.traders = 1, .groups = 1, .money = 100, .allowances = 0});
    const auto lines = [&] {
        std::size_t count = 0;
        m.books.for_each_account([&](const auto& account) { count += account.balances.size(); });
        return count;
    };
    const std::size_t before = lines();
    EXPECT_EQ(m.buy(0, 1, 40, 10), R::insufficient_balance);
    EXPECT_EQ(lines(), before);
    EXPECT_EQ(m.buy(0, 1, 10, 10), R::ok);
    EXPECT_EQ(lines(), before + 1);
}

TEST(Market, AMarketOrderIsCoveredAtTheWorstPriceThatItMeets) {
    TestMarket m({.traders = 2, .groups = 2, .money = 1'000, .allowances = 100});
    const auto at_market = [&](std::uint64_t id, std::int64_t quantity) {
        return m.apply(
            {.type = OrderType::market, .order_id = id, .participant = 0, .quantity = quantity});
    };
    EXPECT_EQ(at_market(1, 10), R::ok);  // nothing rests: nothing comes of it
    ASSERT_EQ(m.sell(1, 2, 40, 10), R::ok);
    ASSERT_EQ(m.sell(1, 3, 60, 10), R::ok);
    EXPECT_EQ(at_market(4, 20), R::insufficient_balance);  // 20 x 60
    EXPECT_EQ(at_market(4, 15), R::ok);
    EXPECT_EQ(m.money(0).posted, 1'000 - 400 - 300);
    EXPECT_EQ(m.money(0).reserved, 0);
    EXPECT_EQ(at_market(4, 15), R::order_exists);
    expect_sound(m);
    expect_same_again(m, {.traders = 2, .groups = 2, .money = 1'000, .allowances = 100}, {});
}

TEST(Market, ReplacingKeepsThePlaceOnlyForLess) {
    TestMarket m;
    const auto replace =
        [&](std::uint32_t trader,
            std::uint64_t id,
            // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as an order is said
            std::optional<std::int64_t> price,
            std::optional<std::int64_t> quantity) {
            return m.apply({.kind = OperationKind::replace,
                            .order_id = id,
                            .participant = trader,
                            .price_micro = price,
                            .quantity = quantity});
        };
    ASSERT_EQ(m.buy(0, 1, 40, 10), R::ok);
    ASSERT_EQ(m.buy(1, 2, 40, 10), R::ok);
    ASSERT_EQ(replace(0, 1, std::nullopt, 8), R::ok);
    EXPECT_EQ(m.resting(), "buy 8 at 40 (order 1 of 0) buy 10 at 40 (order 2 of 1) ");
    EXPECT_EQ(m.money(0).reserved, 320);
    ASSERT_EQ(replace(0, 1, std::nullopt, 9), R::ok);
    EXPECT_EQ(m.resting(), "buy 10 at 40 (order 2 of 1) buy 9 at 40 (order 1 of 0) ");
    EXPECT_EQ(replace(0, 1, std::nullopt, 0), R::quantity_not_positive);
    EXPECT_EQ(replace(0, 2, 41, std::nullopt), R::order_of_another);
    ASSERT_EQ(m.sell(2, 3, 45, 4), R::ok);
    ASSERT_EQ(replace(0, 1, 45, std::nullopt), R::ok);  // meets it
    EXPECT_EQ(m.resting(), "buy 5 at 45 (order 1 of 0) buy 10 at 40 (order 2 of 1) ");
    expect_sound(m);
    expect_same_again(m, {}, {});
}

TEST(Market, OrdersForATimeGoInTheOrderOfTheirEnd) {
    TestMarket m;
    const auto for_a_time = [&](std::uint64_t id, std::int64_t expires_us) {
        return m.apply({.time_in_force = TimeInForce::good_till_time,
                        .order_id = id,
                        .participant = 0,
                        .price_micro = 40,
                        .quantity = 1,
                        .expires_us = expires_us});
    };
    ASSERT_EQ(for_a_time(1, 5'000), R::ok);
    ASSERT_EQ(for_a_time(2, 4'000), R::ok);
    ASSERT_EQ(for_a_time(3, 6'000), R::ok);
    EXPECT_EQ(for_a_time(4, 1), R::expired);
    ASSERT_EQ(m.cancel(0, 1), R::ok);
    EXPECT_EQ(m.market.next_due(), Timestamp{4'000});
    EXPECT_EQ(m.market.advance_time(Timestamp{5'999},
                                    {.books = m.books, .now = Timestamp{5'999}, .out = m.payload}),
              1U);
    EXPECT_EQ(m.market.next_due(), Timestamp{6'000});
    EXPECT_EQ(m.resting(), "buy 1 at 40 (order 3 of 0) ");
    expect_sound(m);
    expect_same_again(m, {}, {});
}

TEST(Market, NothingWraps) {
    TestMarket m({.traders = 2, .groups = 2, .money = INT64_MAX / 4, .allowances = INT64_MAX / 4});
    EXPECT_EQ(m.buy(0, 1, kMostTicks, 2), R::notional_too_large);
    EXPECT_EQ(m.sell(0, 1, kMostTicks, kMostQuantity), R::notional_too_large);
    EXPECT_EQ(m.buy(0, 1, kMostTicks + 1, 1), R::price_too_high);
    EXPECT_EQ(m.buy(0, 1, 1, kMostQuantity + 1), R::quantity_too_large);
    EXPECT_EQ(m.buy(0, 1, 0, 1), R::price_not_positive);
    EXPECT_EQ(m.buy(0, 1, -1, 1), R::price_not_positive);
    EXPECT_EQ(m.buy(0, 1, 1, 0), R::quantity_not_positive);
    EXPECT_EQ(m.buy(0, 1, 1, INT64_MIN), R::quantity_not_positive);
    EXPECT_EQ(m.buy(0, 1, std::int64_t{1} << 22, kMostQuantity / 2), R::insufficient_balance);
    EXPECT_EQ(m.buy(0, 1, std::int64_t{1} << 20, kMostQuantity), R::ok);
    EXPECT_EQ(m.sell(1, 2, 1, kMostQuantity), R::ok);
    EXPECT_EQ(m.money(1).posted, INT64_MAX / 4 + (std::int64_t{1} << 60));
    expect_sound(m);
}

TEST(Market, AFloodIsThrottled) {
    TestMarket m({}, {.most_open_orders = 3, .most_per_second = 4});
    ASSERT_EQ(m.buy(0, 1, 1, 1), R::ok);
    ASSERT_EQ(m.buy(0, 2, 1, 1), R::ok);
    ASSERT_EQ(m.buy(0, 3, 1, 1), R::ok);
    EXPECT_EQ(m.buy(0, 4, 1, 1), R::too_many_orders);
    EXPECT_EQ(m.buy(0, 5, 1, 1), R::throttled);
    EXPECT_EQ(m.buy(1, 6, 1, 1), R::ok);
    EXPECT_EQ(m.cancel(0, 1), R::ok);  // never throttled
    m.now_us += 1'000'000;
    EXPECT_EQ(m.buy(0, 4, 1, 1), R::ok);
}

TEST(Market, AnEventThatCannotFollowIsRefused) {
    TestMarket m;
    ASSERT_EQ(m.sell(0, 1, 40, 10), R::ok);
    const std::size_t first = m.payload.view().size();
    ASSERT_EQ(m.buy(1, 2, 40, 4), R::ok);
    const MarketEvent sold = read_market_event(m.payload.view())->event;
    const MarketEvent bought = read_market_event(m.payload.view().substr(first))->event;
    ASSERT_EQ(bought.met, (std::vector<Met>{{.maker = 1, .price_micro = 40, .quantity = 4}}));
    const auto folds = [&](auto&& change) {
        TestMarket again;
        MarketEvent changed = bought;
        change(changed);
        return again.market.fold(sold, again.books) && again.market.fold(changed, again.books);
    };
    EXPECT_TRUE(folds([](MarketEvent&) {}));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.met.clear(); }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.met[0].maker = 7; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.met[0].price_micro = 39; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.met[0].quantity = 3; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.met.push_back(e.met[0]); }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.operation.order_id = 1; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.operation.participant = 99; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.operation.at_us = 0; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.operation.book = 2028; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.operation.quantity = INT64_MAX; }));
    EXPECT_FALSE(folds([](MarketEvent& e) { e.kind = MarketEventKind::cancelled; }));
}

// ---- calls

// Opens at 1 h and closes at 3 h of the day; a call before each.
MarketRules with_calls() {
    return {.session = {.opens_us = kHourUs,
                        .closes_us = 3 * kHourUs,
                        .opening_call_us = 30 * kMinuteUs,
                        .closing_call_us = 10 * kMinuteUs}};
}
std::uint32_t advance(TestMarket& m, std::int64_t to_us) {
    m.now_us = to_us;
    return m.market.advance_time(Timestamp{to_us},
                                 {.books = m.books, .now = Timestamp{to_us}, .out = m.payload});
}
// All that the payload has, read by the auditor and by a second market.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they are said
void expect_audited(TestMarket& m, TestMarket& again) {
    for (std::size_t at = 0; at < m.payload.view().size();) {
        const Result<ReadMarketEvent> event = read_market_event(m.payload.view().substr(at));
        ASSERT_TRUE(event);
        const auto finding = m.auditor.check(event->event);
        EXPECT_FALSE(finding) << finding->field << ": " << finding->expected << ", not "
                              << finding->found;
        EXPECT_TRUE(again.market.fold(event->event, again.books));
        at += event->size;
    }
    EXPECT_EQ(again.resting(), m.resting());
    EXPECT_FALSE(m.books_auditor.balance());
}

TEST(MarketCall, ADayHasItsHours) {
    const Session session = with_calls().session;
    const auto at = [&](std::int64_t us) { return phase_at(session, Timestamp{us}); };
    const std::int64_t day = 20'000 * kDayUs;
    EXPECT_EQ(at(day), (PhaseAt{Phase::closed, {day + 30 * kMinuteUs}}));
    EXPECT_EQ(at(day + 30 * kMinuteUs), (PhaseAt{Phase::call, {day + kHourUs}}));
    EXPECT_EQ(at(day + kHourUs), (PhaseAt{Phase::continuous, {day + 170 * kMinuteUs}}));
    EXPECT_EQ(at(day + 170 * kMinuteUs), (PhaseAt{Phase::call, {day + 3 * kHourUs}}));
    EXPECT_EQ(at(day + 3 * kHourUs - 1).phase, Phase::call);
    EXPECT_EQ(at(day + 3 * kHourUs), (PhaseAt{Phase::closed, {day + kDayUs + 30 * kMinuteUs}}));
    // A day before 1970 begins at its own midnight.
    EXPECT_EQ(at(-kDayUs).until.us, -kDayUs + 30 * kMinuteUs);
    EXPECT_EQ(phase_at({}, {0}), PhaseAt{});
}

// The second example of docs/reference/market.md: 400 at 202 and 200 at 201 against 300 at 199 and 200 at 200. At 201 500 trade, and 100
// of the buys are left; so at 202, 400. The buyers press, so 201.
TEST(MarketCall, CollectsOrdersAndTradesThemAtOnePrice) {
    TestMarket m({}, with_calls());
    TestMarket again({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.sell(2, 3, 199, 300), R::ok);
    EXPECT_EQ(m.buy(0, 1, 202, 400), R::ok);
    EXPECT_EQ(m.sell(3, 4, 200, 200), R::ok);
    EXPECT_EQ(m.buy(1, 2, 201, 200), R::ok);
    EXPECT_EQ(m.resting(), "");  // none of it is matched yet, and all of it is covered
    EXPECT_EQ(m.money(0).reserved, 202 * 400);
    EXPECT_EQ(m.allowances(2).reserved, 300);
    const std::optional<CallResult> seen = m.market.indicative(kVintage, Timestamp{m.now_us});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->price_micro, 201);
    EXPECT_EQ(seen->volume, 500);
    EXPECT_EQ(m.market.next_due(), Timestamp{kHourUs});

    EXPECT_EQ(advance(m, kHourUs), 1U);
    EXPECT_EQ(m.resting(), "buy 100 at 201 (order 2 of 1) ");
    EXPECT_EQ(m.money(0).posted, 1'000'000'000 - 201 * 400);
    EXPECT_EQ(m.money(0).reserved, 0);
    EXPECT_EQ(m.money(1).posted, 1'000'000'000 - 201 * 100);
    EXPECT_EQ(m.money(1).reserved, 201 * 100);
    EXPECT_EQ(m.money(2).posted, 1'000'000'000 + 201 * 300);
    EXPECT_EQ(m.money(3).posted, 1'000'000'000 + 201 * 200);
    EXPECT_EQ(m.allowances(0).posted, 1'000'400);
    EXPECT_EQ(m.allowances(1).posted, 1'000'100);
    EXPECT_EQ(m.market.reference_micro(kVintage, Timestamp{m.now_us}), 201);
    EXPECT_FALSE(m.market.next_due());
    expect_audited(m, again);
}

TEST(MarketCall, WhatRestsTakesPartAndStandsBeforeWhatComes) {
    TestMarket m({}, with_calls());
    TestMarket again({}, with_calls());
    advance(m, 2 * kHourUs);
    EXPECT_EQ(m.sell(1, 1, 100, 50), R::ok);
    advance(m, 175 * kMinuteUs);
    EXPECT_EQ(m.sell(2, 2, 100, 50), R::ok);
    EXPECT_EQ(m.buy(0, 3, 100, 60), R::ok);
    EXPECT_EQ(advance(m, 3 * kHourUs), 1U);
    // Of two at one price the first in time is filled first.
    EXPECT_EQ(m.resting(), "sell 40 at 100 (order 2 of 2) ");
    EXPECT_EQ(m.buy(0, 4, 100, 1), R::market_closed);
    EXPECT_EQ(m.cancel(2, 2), R::ok);
    expect_audited(m, again);
}

TEST(MarketCall, SaysNoToWhatACallCannotDo) {
    TestMarket m({.groups = 2}, with_calls());
    TestMarket again({.groups = 2}, with_calls());
    EXPECT_EQ(m.buy(0, 1, 100, 1), R::market_closed);
    advance(m, 31 * kMinuteUs);
    const Operation base{.order_id = 2, .price_micro = 100, .quantity = 5};
    Operation o = base;
    o.type = OrderType::market;
    EXPECT_EQ(m.apply(o), R::not_in_a_call);
    for (const TimeInForce until : {TimeInForce::immediate_or_cancel, TimeInForce::fill_or_kill}) {
        o = base;
        o.time_in_force = until;
        EXPECT_EQ(m.apply(o), R::not_in_a_call);
    }
    o = base;
    o.post_only = true;
    EXPECT_EQ(m.apply(o), R::not_in_a_call);
    // Traders 0 and 2 are of one group.
    EXPECT_EQ(m.buy(0, 3, 100, 5), R::ok);
    EXPECT_EQ(m.sell(2, 4, 100, 5), R::would_meet_own_group);
    EXPECT_EQ(m.sell(2, 4, 101, 5), R::ok);
    EXPECT_EQ(
        m.apply(
            {.kind = OperationKind::replace, .order_id = 4, .participant = 2, .price_micro = 99}),
        R::would_meet_own_group);
    EXPECT_EQ(m.sell(1, 5, 100, 1'000'001), R::insufficient_balance);
    EXPECT_EQ(m.apply({.kind = OperationKind::cancel, .order_id = 3, .participant = 1}),
              R::order_of_another);
    expect_audited(m, again);
}

TEST(MarketCall, AnOrderInItCanBeReplacedCancelledAndRunOut) {
    TestMarket m({}, with_calls());
    TestMarket again({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 100, 50), R::ok);
    EXPECT_EQ(m.buy(1, 2, 100, 50), R::ok);
    // Less keeps its place in time; more loses it.
    const auto replace = [&](std::uint32_t trader, std::uint64_t id, std::int64_t quantity) {
        return m.apply({.kind = OperationKind::replace,
                        .order_id = id,
                        .participant = trader,
                        .quantity = quantity});
    };
    EXPECT_EQ(replace(0, 1, 40), R::ok);
    EXPECT_EQ(m.money(0).reserved, 100 * 40);
    EXPECT_EQ(m.sell(2, 3, 100, 30), R::ok);
    EXPECT_EQ(m.sell(3, 4, 90, 10), R::ok);
    EXPECT_EQ(m.cancel(3, 4), R::ok);
    Operation short_lived{.side = Side::sell,
                          .time_in_force = TimeInForce::good_till_time,
                          .order_id = 5,
                          .participant = 3,
                          .price_micro = 95,
                          .quantity = 10,
                          .expires_us = kHourUs};
    EXPECT_EQ(m.apply(short_lived), R::ok);
    // It is gone at the microsecond at which the call ends.
    EXPECT_EQ(advance(m, kHourUs), 2U);
    EXPECT_EQ(m.resting(), "buy 10 at 100 (order 1 of 0) buy 50 at 100 (order 2 of 1) ");
    EXPECT_EQ(m.allowances(3).reserved, 0);

    advance(m, 175 * kMinuteUs);
    EXPECT_EQ(replace(0, 1, 20), R::ok);  // out of the book, behind order 2
    EXPECT_EQ(m.sell(2, 6, 100, 60), R::ok);
    EXPECT_EQ(advance(m, 3 * kHourUs), 1U);
    EXPECT_EQ(m.resting(), "buy 10 at 100 (order 1 of 0) ");
    expect_audited(m, again);
}

TEST(MarketCall, WaitsForTheEndOfAHalt) {
    TestMarket m({}, with_calls());
    TestMarket again({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 100, 5), R::ok);
    EXPECT_EQ(m.sell(1, 2, 100, 5), R::ok);
    m.market.set_trading(false);
    EXPECT_FALSE(m.market.next_due());
    EXPECT_EQ(advance(m, 61 * kMinuteUs), 0U);
    EXPECT_EQ(m.buy(2, 3, 100, 5), R::market_halted);
    m.market.set_trading(true);
    EXPECT_EQ(advance(m, 62 * kMinuteUs), 1U);
    EXPECT_EQ(m.allowances(0).posted, 1'000'005);
    expect_audited(m, again);
}

// What cannot be settled any more goes before the price is looked for.
TEST(MarketCall, LeavesOutWhoCannotDeliverAndWhoBecameOneGroup) {
    TestMarket m({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 105, 5), R::ok);
    EXPECT_EQ(m.sell(1, 2, 90, 5), R::ok);
    EXPECT_EQ(m.sell(2, 3, 95, 5), R::ok);
    EXPECT_EQ(m.sell(3, 4, 100, 5), R::ok);
    m.do_in_books({.op = registry::Op::set_status,
                   .status = registry::AccountStatus::frozen,
                   .from = testing::holding_of(1)});
    m.market.set_trader(2, TestMarket::trader(2, registry::GroupId{1}));
    // Two go, one trades; which price between 100 and 105 its limits leave open, the reference price says: there is none, so the lower.
    EXPECT_EQ(advance(m, kHourUs), 3U);
    EXPECT_EQ(m.money(3).posted, 1'000'000'000 + 5 * 100);
    EXPECT_EQ(m.allowances(1).reserved, 0);
    EXPECT_EQ(m.allowances(2).posted, 1'000'000);
    EXPECT_EQ(m.resting(), "");
}

TEST(MarketCall, ASnapshotInItGoesOnWhereItWas) {
    TestMarket m({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 100, 7), R::ok);
    EXPECT_EQ(m.sell(1, 2, 100, 5), R::ok);
    EXPECT_EQ(m.buy(2, 3, 100, 5), R::ok);
    std::string bytes;
    m.market.append_snapshot(bytes);
    std::string in_books;
    registry::append_snapshot(in_books, m.books);
    Result<registry::Registry> books = registry::read_snapshot(in_books);
    ASSERT_TRUE(books);
    Market restored;
    restored.set_rules(with_calls());
    restored.open_book(kVintage);
    for (std::uint32_t i = 0; i < 4; ++i)
        restored.set_trader(i, TestMarket::trader(i, registry::GroupId{i + 1}));
    ASSERT_TRUE(restored.restore(bytes, *books));
    EXPECT_EQ(restored.next_due(), Timestamp{kHourUs});
    EventBytes out;
    EXPECT_EQ(restored.advance_time(Timestamp{kHourUs},
                                    {.books = *books, .now = Timestamp{kHourUs}, .out = out}),
              1U);
    EXPECT_EQ(restored.order(kVintage, 1)->quantity, 2);
    EXPECT_EQ(restored.order(kVintage, 3)->quantity, 5);
    EXPECT_FALSE(restored.order(kVintage, 2));
}

// A call ends when it was to end when its first order came, though that one was replaced, and the rules have changed.
TEST(MarketCall, EndsWhenItWasToEnd) {
    TestMarket m({}, with_calls());
    TestMarket again({}, with_calls());
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 100, 7), R::ok);
    for (TestMarket* each : {&m, &again}) {
        each->market.set_rules({});
        each->auditor.set_rules({});
    }
    EXPECT_EQ(
        m.apply(
            {.kind = OperationKind::replace, .order_id = 1, .participant = 0, .price_micro = 101}),
        R::ok);
    EXPECT_EQ(m.market.next_due(), Timestamp{kHourUs});
    EXPECT_EQ(m.sell(1, 2, 101, 7), R::ok);
    EXPECT_EQ(advance(m, kHourUs), 1U);
    EXPECT_EQ(m.allowances(0).posted, 1'000'007);
    // Folded under the rules that were in force: the first order, then the others.
    std::size_t at = 0;
    again.market.set_rules(with_calls());
    m.auditor.set_rules(with_calls());
    while (at < m.payload.view().size()) {
        const Result<ReadMarketEvent> event = read_market_event(m.payload.view().substr(at));
        ASSERT_TRUE(event);
        EXPECT_FALSE(m.auditor.check(event->event));
        EXPECT_TRUE(again.market.fold(event->event, again.books));
        again.market.set_rules({});
        m.auditor.set_rules({});
        at += event->size;
    }
    EXPECT_EQ(again.allowances(0).posted, 1'000'007);
}

// What is replaced frees its own place, in the journal as in life.
TEST(Market, AFullBookTakesReplacements) {
    const BookTerms terms{.most_orders = 2};
    TestMarket m({}, {}, terms);
    TestMarket again({}, {}, terms);
    EXPECT_EQ(m.buy(0, 1, 100, 7), R::ok);
    EXPECT_EQ(m.sell(1, 2, 110, 7), R::ok);
    EXPECT_EQ(m.buy(2, 3, 90, 1), R::book_full);
    const auto replace = [&](std::optional<std::int64_t> price, std::int64_t quantity) {
        return m.apply({.kind = OperationKind::replace,
                        .order_id = 1,
                        .participant = 0,
                        .price_micro = price,
                        .quantity = quantity});
    };
    EXPECT_EQ(replace(std::nullopt, 5), R::ok);
    EXPECT_EQ(replace(101, 6), R::ok);
    expect_audited(m, again);
}

// The public's book, from its messages: two that rest trade, and the price is another than both of theirs.
TEST(MarketCall, IsToldOnTheTapeAsTheFeedHasIt) {
    struct Kept final : TapeSink {
        void on(const TapeEntry& entry) override { tape.push_back(entry); }
        std::vector<TapeEntry> tape;
    } kept;
    TestMarket m({}, with_calls());
    m.market.set_tape(&kept);
    advance(m, 31 * kMinuteUs);
    EXPECT_EQ(m.buy(0, 1, 110, 7), R::ok);
    EXPECT_EQ(m.sell(1, 2, 100, 5), R::ok);
    EXPECT_EQ(m.sell(2, 3, 104, 5), R::ok);
    advance(m, kHourUs);
    FeedSource source({.vintage = static_cast<std::int32_t>(kVintage)});
    RestingOrders resting;
    for (const TapeEntry& entry : kept.tape) {
        EXPECT_EQ(source.apply(entry), FeedFault::none);
        resting.apply(entry);
    }
    // 10 are for sale at 104 or more, 7 are wanted: the sellers press, so the lowest price at which 7 trade.
    ASSERT_EQ(kept.tape.size(), 5U);
    EXPECT_EQ(kept.tape[3].price_micro, 104);
    EXPECT_EQ(kept.tape[4].price_micro, 104);
    EXPECT_EQ(resting.side(Side::sell).quantity, 3);
    EXPECT_EQ(resting.side(Side::buy).quantity, 0);
    EXPECT_EQ(resting.best_micro(Side::sell), 104);
}

}  // namespace
}  // namespace abate::exchange
