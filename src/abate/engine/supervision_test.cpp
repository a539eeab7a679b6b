// Who watches the market: halts, embargoes, cases, annulled trades; in the books, from the journal, and as the audit finds it.
#include "abate/engine/trading_test_support.h"

#include <functional>

namespace abate::engine {
namespace {

using namespace scheme;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::Side;

constexpr std::int32_t kYear = 2027;

// A fee of 1 %, no collar, and trades a tenth from the reference price are erroneous.
Rules supervised_rules() {
    Rules rules = year_rules();
    rules.cap.first_cap = 1'000'000;
    rules.market = {.tick_micro = 1, .lot = 1};
    rules.market.collar = {};
    rules.market.halt = {};
    rules.market.fee = {10'000};
    rules.market.erroneous = {100'000};
    return rules;
}

// Three firms, lab, mill and oak, each with a market key ("lab-m" ...), 160,000 allowances of 2027 and 10 million in money.
class SupervisedDesk : public TradingDesk {
  public:
    explicit SupervisedDesk(const Rules& rules = supervised_rules())
        : TradingDesk(rules, {.names = {"lab", "mill", "oak"}, .daily_net_quantity = 1'000}) {
        add_key({}, "aud", Role::auditor);
        pass(kHourUs);
        tick();
    }

    OrderReason cancel(const std::string& who, std::uint64_t id) {
        return order(who, {.kind = OperationKind::cancel, .order_id = id});
    }
    OrderReason make_less(const std::string& who, std::uint64_t id) {
        return order(who, {.kind = OperationKind::replace, .order_id = id, .quantity = 1});
    }
    // 100 at 40, which is the reference price from then on: 1 rests, 2 is the trade. Then oak sells mill 100 at 50: 3 and 4.
    void trade_far_off() {
        ASSERT_EQ(sell("lab-m", 1, 40, 100), OrderReason::ok);
        ASSERT_EQ(buy("mill-m", 2, 40, 100), OrderReason::ok);
        ASSERT_EQ(sell("oak-m", 3, 50, 100), OrderReason::ok);
        ASSERT_EQ(buy("mill-m", 4, 50, 100), OrderReason::ok);
    }
    static AnnulTrade annulment(std::uint64_t trade) {
        return {.vintage = kYear, .trade = trade, .reason = "a price of another vintage"};
    }
    [[nodiscard]] std::int64_t held(std::uint64_t firm) const {
        return balance(100 + 10 * firm, kYear).posted;
    }
    [[nodiscard]] std::int64_t cash(std::uint64_t firm) const { return money(102 + 10 * firm); }

    // What the audit says of a journal that somebody rewrote and sealed again.
    std::string fault_of(const std::function<void(std::vector<Batch>&)>& rewrite) {
        std::vector<Batch> batches = journal().batches;
        rewrite(batches);
        testing::Paper forged;
        BatchHeader before;
        for (Batch& batch : batches) {
            batch.header.first_seq = before.last_seq + 1;
            batch.header.last_seq = before.last_seq + batch.header.count;
            batch.header.prev_digest = before.digest;
            batch.header.digest = seal(batch);
            before = batch.header;
            (void)forged.append(batch);
        }
        const AuditReport report = audit(forged, kDeskKey);
        return report.fault ? report.fault->field : "none";
    }
    // The batch with the first order goes behind the last, and happens then.
    static void order_comes_last(std::vector<Batch>& batches) {
        const auto first = std::find_if(batches.begin(), batches.end(), [](const Batch& batch) {
            return exchange::is_market_event(batch.payload.front());
        });
        ASSERT_NE(first, batches.end());
        Batch moved = *first;
        exchange::MarketEvent event = exchange::read_market_event(moved.payload)->event;
        event.operation.at_us = batches.back().header.at.us + 10;
        moved.header.at = {event.operation.at_us};
        exchange::EventBytes bytes;
        exchange::append_event(bytes, event.kind, event.operation, event.met);
        moved.payload = bytes.view();
        batches.erase(first);
        batches.push_back(moved);
    }
};

// ---- halts

TEST(Supervision, OnePersonHaltsAndTwoLetItGoOn) {
    SupervisedDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada", HaltMarket{.vintage = kYear, .until = {}, .reason = "a broken feed"});
    EXPECT_EQ(desk.buy("mill-m", 2, 40, 1), OrderReason::market_halted);
    EXPECT_EQ(desk.make_less("lab-m", 1), OrderReason::market_halted);
    desk.sound_market();
    EXPECT_EQ(desk.cancel("lab-m", 1), OrderReason::ok);
    desk.ok("bo", "ada", ResumeMarket{.vintage = kYear, .reason = "the feed is mended"});
    EXPECT_EQ(desk.buy("mill-m", 2, 40, 1), OrderReason::ok);
    desk.sound_market();
}

TEST(Supervision, AHaltEndsAtItsMomentAndNobodyMakesItShorter) {
    SupervisedDesk desk;
    const Timestamp until{desk.now().us + kHourUs};
    desk.ok("ada", HaltMarket{.vintage = 0, .until = until, .reason = "news"});
    EXPECT_EQ(
        desk.ask("bo",
                 HaltMarket{
                     .vintage = 0, .until = {desk.now().us + 10 * kMinuteUs}, .reason = "shorter"}),
        Reason::already_halted);
    // One book alone goes on only where the whole market does.
    EXPECT_EQ(desk.ask("bo", ResumeMarket{.vintage = kYear, .reason = "one"}),
              Reason::whole_market_halted);
    EXPECT_EQ(desk.buy("mill-m", 1, 40, 1), OrderReason::market_halted);
    desk.set_time({until.us - 1});
    EXPECT_EQ(desk.buy("mill-m", 1, 40, 1), OrderReason::market_halted);
    desk.set_time(until);
    EXPECT_EQ(desk.buy("mill-m", 1, 40, 1), OrderReason::ok);
    desk.sound_market();
}

TEST(Supervision, ResumingEndsTheHaltOfThePriceBandToo) {
    Rules rules = supervised_rules();
    rules.market.halt = {100'000};
    SupervisedDesk desk(rules);
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    ASSERT_EQ(desk.buy("mill-m", 2, 40, 100), OrderReason::ok);
    ASSERT_EQ(desk.sell("lab-m", 3, 50, 100), OrderReason::ok);
    ASSERT_EQ(desk.buy("mill-m", 4, 50, 100), OrderReason::ok);
    ASSERT_EQ(desk.buy("mill-m", 5, 40, 1), OrderReason::market_halted);
    desk.ok("ada", "bo", ResumeMarket{.vintage = 0, .reason = "looked at"});
    EXPECT_FALSE(desk.engine().market().halted_until(kYear));
    EXPECT_EQ(desk.buy("mill-m", 5, 40, 1), OrderReason::ok);
    desk.sound_market();
    // The next one halts again.
    EXPECT_EQ(desk.buy("mill-m", 6, 50, 100), OrderReason::ok);
    EXPECT_EQ(desk.buy("mill-m", 7, 40, 1), OrderReason::market_halted);
    desk.sound_market();
}

TEST(Supervision, TheAuditNamesAnOrderInAHalt) {
    SupervisedDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    EXPECT_EQ(desk.fault_of(SupervisedDesk::order_comes_last), "none");
    desk.ok("ada", HaltMarket{.vintage = kYear, .until = {}, .reason = "a broken feed"});
    EXPECT_EQ(desk.fault_of([](auto&) {}), "none");
    EXPECT_EQ(desk.fault_of(SupervisedDesk::order_comes_last), "at");
}

// ---- embargoes

TEST(Supervision, AnEmbargoIsForWholeGroupsUntilThePublication) {
    SupervisedDesk desk;
    desk.open(2028);
    desk.ok("ada",
            "bo",
            Regroup{.participant = ParticipantId{2}, .group = GroupId{1}, .group_title = "lab"});
    ASSERT_EQ(desk.sell("mill-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada",
            AddInsider{.release = Release::cap,
                       .year = 2028,
                       .participant = ParticipantId{1},
                       .holder = "",
                       .reason = "its forecast went into it"});
    EXPECT_EQ(desk.buy("lab-m", 2, 39, 1), OrderReason::ok);
    const Timestamp from{desk.now().us + kHourUs};
    desk.ok("ada", OpenEmbargo{.release = Release::cap, .year = 2028, .from = from});
    EXPECT_EQ(desk.buy("lab-m", 3, 39, 1), OrderReason::ok);
    desk.set_time(from);
    EXPECT_EQ(desk.buy("lab-m", 4, 39, 1), OrderReason::embargoed);
    EXPECT_EQ(desk.sell("mill-m", 5, 40, 1), OrderReason::embargoed);
    EXPECT_EQ(desk.make_less("mill-m", 1), OrderReason::embargoed);
    // In every book; cancels are done, and everybody else trades on: with what rested, too.
    EXPECT_EQ(desk.order("lab-m", {.book = 2028, .order_id = 6, .price_micro = 39, .quantity = 1}),
              OrderReason::embargoed);
    EXPECT_EQ(desk.cancel("lab-m", 2), OrderReason::ok);
    EXPECT_EQ(desk.buy("oak-m", 7, 40, 10), OrderReason::ok);
    EXPECT_EQ(desk.held(3), 160'010);
    desk.sound_market();
    desk.ok("ada", desk.cap(2028));
    EXPECT_EQ(desk.buy("lab-m", 8, 39, 1), OrderReason::ok);
    EXPECT_TRUE(desk.state().supervision.embargoes.at(0).ended);
    EXPECT_FALSE(desk.state().supervision.embargoes.at(0).lifted);
    desk.sound_market();
}

TEST(Supervision, APersonsKeysAreUnderIt) {
    SupervisedDesk desk;
    desk.ok("ada",
            AddInsider{.release = Release::verified_data,
                       .year = kYear,
                       .participant = {},
                       .holder = "OAK-M",
                       .reason = "reads the reports"});
    desk.ok("ada", OpenEmbargo{.release = Release::verified_data, .year = kYear, .from = {}});
    EXPECT_EQ(desk.buy("oak-m", 1, 39, 1), OrderReason::embargoed);
    EXPECT_EQ(desk.buy("lab-m", 2, 39, 1), OrderReason::ok);
    // Another publication is not the one.
    desk.ok("ada", Publish{.what = "compliance 2026", .text = "all have"});
    EXPECT_EQ(desk.buy("oak-m", 1, 39, 1), OrderReason::embargoed);
    desk.sound_market();
    desk.ok("ada", Publish{.what = "compliance 2027", .text = "all have"});
    EXPECT_EQ(desk.buy("oak-m", 1, 39, 1), OrderReason::ok);
    EXPECT_EQ(desk.ask("ada", OpenEmbargo{.release = Release::verified_data, .year = kYear}),
              Reason::already_public);
    desk.sound_market();
}

TEST(Supervision, TheAuditNamesAnOrderUnderAnEmbargo) {
    SupervisedDesk desk;
    ASSERT_EQ(desk.sell("lab-m", 1, 40, 100), OrderReason::ok);
    desk.ok("ada",
            AddInsider{.release = Release::cap,
                       .year = 2028,
                       .participant = ParticipantId{1},
                       .holder = "",
                       .reason = "its forecast went into it"});
    desk.ok("ada", OpenEmbargo{.release = Release::cap, .year = 2028, .from = {}});
    EXPECT_EQ(desk.fault_of([](auto&) {}), "none");
    EXPECT_EQ(desk.fault_of(SupervisedDesk::order_comes_last), "trader");
}

// ---- cases

TEST(Supervision, ACaseIsOpenedReferredAndClosedForGood) {
    SupervisedDesk desk;
    OpenCase opened{.kind = CaseKind::wash_ring,
                    .vintage = kYear,
                    .subjects = {ParticipantId{1}, ParticipantId{2}},
                    .findings = {{.kind = CaseKind::wash_ring,
                                  .figure = 1'000'000,
                                  .threshold = 10'000,
                                  .evidence = {2, 4}}},
                    .earlier = 0,
                    .text = "three sales that came round"};
    desk.ok("aud", opened);
    desk.ok("ada", ReferCase{.case_number = 1, .to = "the authority", .text = "as the rules say"});
    desk.ok("aud",
            CloseCase{.case_number = 1, .outcome = CaseOutcome::warned, .text = "it was told"});
    EXPECT_EQ(desk.ask("aud", ReferCase{.case_number = 1, .to = "another", .text = "again"}),
              Reason::case_closed);
    EXPECT_EQ(desk.ask("lab-1", opened), Reason::role_not_allowed);
    opened.earlier = 1;
    desk.ok("aud", opened);
    opened.earlier = 3;
    EXPECT_EQ(desk.ask("aud", opened), Reason::case_not_found);
    const MarketCase& first = desk.state().supervision.cases.at(0);
    ASSERT_EQ(first.steps.size(), 3U);
    EXPECT_EQ(first.steps[1].to, "the authority");
    EXPECT_EQ(first.steps[2].outcome, CaseOutcome::warned);
    EXPECT_EQ(first.steps[2].by, desk.key("aud").open);
    desk.check();
}

// ---- erroneous trades

// 50 x 100 = 5,000 and 50 of fee from each side: mill paid 5,050, oak got 4,950, the fees 100.
TEST(Supervision, AnAnnulledTradeGivesBackAllThatItMoved) {
    SupervisedDesk desk;
    desk.trade_far_off();
    EXPECT_EQ(desk.held(2), 160'200);
    EXPECT_EQ(desk.cash(2), 10'000'000 - 4'040 - 5'050);
    EXPECT_EQ(desk.cash(3), 10'000'000 + 4'950);
    EXPECT_EQ(desk.money(9), 80 + 100);
    EXPECT_EQ(desk.ask("ada", SupervisedDesk::annulment(2)), Reason::trade_not_erroneous);  // at 40
    EXPECT_EQ(desk.ask("ada", SupervisedDesk::annulment(3)), Reason::trade_not_erroneous);  // none
    desk.sound_market();
    desk.ok("ada", "bo", SupervisedDesk::annulment(4));
    EXPECT_EQ(desk.held(2), 160'100);
    EXPECT_EQ(desk.held(3), 160'000);
    EXPECT_EQ(desk.cash(2), 10'000'000 - 4'040);
    EXPECT_EQ(desk.cash(3), 10'000'000);
    EXPECT_EQ(desk.money(9), 80);
    EXPECT_EQ(desk.ask("ada", SupervisedDesk::annulment(4)), Reason::trade_already_annulled);
    desk.sound_market();
}

TEST(Supervision, AnAnnulledTradeCountsNoMore) {
    SupervisedDesk desk;
    desk.trade_far_off();
    // Of a mandate of 1,000, mill has bought 200.
    EXPECT_EQ(desk.buy("mill-m", 5, 30, 801), OrderReason::mandate_quantity_exceeded);
    desk.ok("ada", "bo", SupervisedDesk::annulment(4));
    EXPECT_EQ(desk.buy("mill-m", 5, 30, 901), OrderReason::mandate_quantity_exceeded);
    EXPECT_EQ(desk.buy("mill-m", 5, 30, 900), OrderReason::ok);
    // The mean of the day is 40, not 45.
    EXPECT_EQ(desk.engine().market().reference_micro(kYear, {desk.now().us + kDayUs}), 40);
    desk.sound_market();
    desk.pass(kDayUs);
    EXPECT_EQ(desk.buy("oak-m", 6, 31, 1), OrderReason::ok);
    desk.sound_market();
}

TEST(Supervision, WhatIsGoneCannotGoBack) {
    SupervisedDesk desk;
    desk.trade_far_off();
    desk.ok("mill-1",
            "mill-2",
            Transfer{.participant = ParticipantId{2},
                     .from = AccountId{120},
                     .to = AccountId{110},
                     .vintage = kYear,
                     .quantity = 160'101});
    EXPECT_EQ(desk.ask_both("ada", "bo", SupervisedDesk::annulment(4)),
              from_registry(registry::Reason::insufficient_balance));
    EXPECT_EQ(desk.cash(3), 10'000'000 + 4'950);
    EXPECT_TRUE(desk.state().supervision.annulled.empty());
    desk.sound_market();
}

TEST(Supervision, ATradeIsFinalAfterItsTime) {
    SupervisedDesk desk;
    desk.trade_far_off();
    const Timestamp traded = desk.engine().market().far_trades()[0].at;
    desk.set_time({traded.us + 30 * kMinuteUs + 1});
    EXPECT_EQ(desk.ask("ada", SupervisedDesk::annulment(4)), Reason::annulment_too_late);
    desk.sound_market();
    // Without the rule nothing is kept, and no trade is one.
    Rules rules = supervised_rules();
    rules.market.erroneous_minutes = 0;
    SupervisedDesk none(rules);
    none.trade_far_off();
    EXPECT_EQ(none.ask("ada", SupervisedDesk::annulment(4)), Reason::trade_not_erroneous);
    none.sound_market();
}

TEST(Supervision, ThirtyMinutesToTheMicrosecond) {
    SupervisedDesk desk;
    desk.trade_far_off();
    const Timestamp traded = desk.engine().market().far_trades()[0].at;
    // The approval is the microsecond after the proposal.
    desk.set_time({traded.us + 30 * kMinuteUs - 1});
    desk.ok("ada", "bo", SupervisedDesk::annulment(4));
    desk.sound_market();
}

TEST(Supervision, TheAuditNamesAnAnnulmentThatGivesBackSomethingElse) {
    SupervisedDesk desk;
    desk.trade_far_off();
    desk.ok("ada", "bo", SupervisedDesk::annulment(4));
    const auto with = [](auto&& change) {
        return [change](std::vector<Batch>& batches) {
            std::string& payload = batches.back().payload;
            const std::size_t head = read_event(payload)->size;
            registry::EventReader reader(std::string_view(payload).substr(head));
            std::vector<registry::Event> postings;
            while (auto event = *reader.next()) postings.push_back(*event);
            ASSERT_EQ(postings.size(), 3U);
            change(postings);
            payload.resize(head);
            for (const registry::Event& event : postings) registry::append_event(payload, event);
        };
    };
    EXPECT_EQ(desk.fault_of(with([](auto&) {})), "none");
    EXPECT_EQ(desk.fault_of(with([](auto& p) { p[0].command.amount = 99; })), "posting");
    EXPECT_EQ(desk.fault_of(with([](auto& p) { p[0].command.to = AccountId{110}; })), "posting");
    EXPECT_EQ(desk.fault_of(with([](auto& p) { p[1].command.amount = 5'050; })), "posting");
    EXPECT_EQ(desk.fault_of(with([](auto& p) { p[2].command.from = AccountId{8}; })), "posting");
    EXPECT_EQ(desk.fault_of(with([](auto& p) { p[2].command = p[1].command; })), "posting");
    // A trade that was never so far off.
    EXPECT_EQ(desk.fault_of([](std::vector<Batch>& batches) {
        for (Batch& batch : batches) {
            if (!exchange::is_market_event(batch.payload.front())) continue;
            exchange::MarketEvent event = exchange::read_market_event(batch.payload)->event;
            if (event.operation.order_id != 3 && event.operation.order_id != 4) continue;
            event.operation.price_micro = 44;
            for (exchange::Met& met : event.met) met.price_micro = 44;
            exchange::EventBytes bytes;
            exchange::append_event(bytes, event.kind, event.operation, event.met);
            batch.payload = bytes.view();
        }
    }),
              "trade");
}

}  // namespace
}  // namespace abate::engine
