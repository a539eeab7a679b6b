// Auctions through commands: the notice, covered bids, and one chain that settles them.
#include "abate/engine/auction_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

constexpr std::int64_t kDeposit = 1'000'000'000;

// ---- K1 to K8 (docs/reference/auctions.md)

TEST(Auctions, K1TheBidThatReachesTheVolumeIsFilledInPart) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70.05, 1'500), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 70.00, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(4, id, 69.95, 2'000), Reason::ok);
    // Cover is price x quantity, to the micro-unit: 70.10 for 1,000.
    EXPECT_EQ(desk.promised(1), 70'100'000);
    EXPECT_EQ(desk.promised(4), 2 * 69'950'000);
    desk.close(id);
    const PublishedResult& r = desk.result(id);
    EXPECT_EQ(r.outcome, AuctionOutcome::sold);
    EXPECT_EQ(r.price_micro, euros(70));
    EXPECT_EQ(r.sold, 3'000);
    EXPECT_EQ(r.bid_for, 5'500);
    EXPECT_EQ(r.bidders, 4);
    EXPECT_EQ(r.winners, 3);
    EXPECT_EQ(r.revenue_micro, 210'000'000);
    EXPECT_EQ(desk.held(1), 1'000);
    EXPECT_EQ(desk.held(2), 1'500);
    EXPECT_EQ(desk.held(3), 500);
    EXPECT_EQ(desk.held(4), 0);
    // Everybody pays 70.00, and what was promised beyond that is free.
    EXPECT_EQ(desk.cash(1), kDeposit - 70'000'000);
    EXPECT_EQ(desk.cash(3), kDeposit - 35'000'000);
    EXPECT_EQ(desk.cash(4), kDeposit);
    for (const std::uint64_t firm : {1U, 2U, 3U, 4U}) EXPECT_EQ(desk.promised(firm), 0);
    EXPECT_EQ(desk.money(7), 210'000'000);
    EXPECT_EQ(desk.balance(3, 2027).posted, 37'000);
    desk.sound();
}

TEST(Auctions, K2TheBidThatReachesItExactlySetsThePrice) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70.05, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 70.00, 1'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).price_micro, euros(70.05));
    EXPECT_EQ(desk.fill(3, id), 0);
    desk.sound();
}

// Whole bids in the order of the draw, the last in part; the draw is the participant's, whichever bid.
TEST(Auctions, K3EqualPricesAreServedInTheOrderOfTheDraw) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
    for (const std::uint64_t firm : {2U, 3U, 4U})
        EXPECT_EQ(desk.bid(firm, id, 70.00, 1'500), Reason::ok);
    std::vector<std::uint64_t> order = {2, 3, 4};
    std::sort(order.begin(), order.end(), [&](std::uint64_t a, std::uint64_t b) {
        return draw_of(desk.at(id).notice, ParticipantId{a}) <
               draw_of(desk.at(id).notice, ParticipantId{b});
    });
    desk.close(id);
    EXPECT_EQ(desk.result(id).price_micro, euros(70));
    EXPECT_EQ(desk.fill(1, id), 1'000);
    EXPECT_EQ(desk.fill(order[0], id), 1'500);
    EXPECT_EQ(desk.fill(order[1], id), 500);
    EXPECT_EQ(desk.fill(order[2], id), 0);
    desk.sound();
}

TEST(Auctions, K4TooFewBidsCancelItAndTheNextFourTakeTheVolume) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70.05, 1'500), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::undersubscribed);
    EXPECT_EQ(desk.result(id).bid_for, 2'500);
    EXPECT_EQ(desk.result(id).carried, 3'000);
    EXPECT_EQ(desk.promised(1), 0);
    EXPECT_EQ(desk.balance(3, 2027).posted, 40'000);
    const std::vector<std::int64_t> parts = {1'000, 1'000, 500, 500};
    EXPECT_EQ(desk.state().auction.carried.at(2027), parts);
    // Each of the next has its part beside what the operator says; nothing of it can be offered otherwise.
    EXPECT_EQ(desk.ask("ada", desk.notice(37'001)), Reason::auction_exceeds_supply);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const TransferId next = desk.begin(i == 0 ? 500 : 0);
        EXPECT_EQ(desk.at(next).notice.own_volume, parts[i] + (i == 0 ? 500 : 0));
        EXPECT_EQ(desk.bid(1, next, 1, desk.at(next).notice.own_volume), Reason::ok);
        desk.close(next);
        EXPECT_EQ(desk.result(next).outcome, AuctionOutcome::sold);
    }
    EXPECT_TRUE(desk.state().auction.carried.empty());
    EXPECT_EQ(desk.balance(3, 2027).posted, 40'000 - 3'500);
    EXPECT_EQ(desk.ask("ada", desk.notice(0)), Reason::amount_not_positive);
    desk.sound();
}

TEST(Auctions, K5TheRuleSaysWhatAnUnsoldAuctionCosts) {
    for (const auto& [unsold_at, price] :
         {std::pair{UnsoldPrice::last_bid, 70.05}, std::pair{UnsoldPrice::reserve, 65.0}}) {
        Rules rules = auction_rules();
        rules.auction.reserve_price_micro = euros(65);
        rules.auction.unsold_at = unsold_at;
        AuctionDesk desk(rules);
        const TransferId id = desk.begin(3'000);
        EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
        EXPECT_EQ(desk.bid(2, id, 70.05, 1'500), Reason::ok);
        EXPECT_EQ(desk.bid(3, id, 60, 500), Reason::ok);
        desk.close(id);
        EXPECT_EQ(desk.result(id).sold, 2'500);
        EXPECT_EQ(desk.result(id).price_micro, euros(price));
        EXPECT_EQ(desk.result(id).carried, 0);
        desk.sound();
    }
}

// 100 lots and a reserve of 20 at 10.
Rules containment_rules() {
    Rules rules = auction_rules();
    rules.auction.containment = {{.trigger_micro = euros(10), .share = {500'000}}};
    return rules;
}

TEST(Auctions, K6AContainmentStepIsUsedUpWhereBidsReachBeyondIt) {
    AuctionDesk desk(containment_rules());
    // Half of the reserve of 20,000.
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.at(id).notice.steps.size(), 2U);
    EXPECT_EQ(desk.bid(1, id, 15, 12'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 12, 12'000), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 11, 12'000), Reason::ok);
    EXPECT_EQ(desk.bid(4, id, 9, 10'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).price_micro, euros(11));
    EXPECT_EQ(desk.result(id).sold, 30'000);
    EXPECT_EQ(desk.result(id).from_containment, 10'000);
    EXPECT_EQ(desk.fill(3, id), 6'000);
    EXPECT_EQ(desk.balance(5, 2027).posted, 10'000);
    // What a tier has given is gone from it, in later auctions too.
    const TransferId next = desk.begin(1'000);
    EXPECT_EQ(desk.at(next).notice.steps.size(), 1U);
    desk.sound();
}

TEST(Auctions, K7APartlyUsedStepClearsAtItsTrigger) {
    AuctionDesk desk(containment_rules());
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 15, 12'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 12, 10'000), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 9, 10'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).price_micro, euros(10));
    EXPECT_EQ(desk.result(id).sold, 22'000);
    EXPECT_EQ(desk.result(id).from_containment, 2'000);
    // 8,000 are left of the tier.
    const TransferId next = desk.begin(1'000);
    EXPECT_EQ(desk.at(next).notice.steps.back().quantity, 8'000);
    desk.sound();
}

TEST(Auctions, K8WithoutEnoughBidsTheReservePriceIsPaid) {
    Rules rules = auction_rules();
    rules.auction.reserve_price_micro = euros(3);
    rules.auction.unsold_at = UnsoldPrice::reserve;
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(10'000);
    EXPECT_EQ(desk.bid(1, id, 15, 6'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 8, 2'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).sold, 8'000);
    EXPECT_EQ(desk.result(id).price_micro, euros(3));
    EXPECT_EQ(desk.result(id).revenue_micro, 24'000'000);
    desk.sound();
}

// ---- the notice

TEST(Auctions, SupplyIsWhatTheCapStatementGives) {
    AuctionDesk desk;
    EXPECT_EQ(desk.ask("ada", desk.notice(40'001)), Reason::auction_exceeds_supply);
    EXPECT_EQ(desk.ask("f1-1", desk.notice(1'000)), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask_both("ada", "ada", desk.notice(1'000)), Reason::same_person);
    desk.announce(desk.notice(30'000));
    EXPECT_EQ(desk.ask("ada", desk.notice(10'001)), Reason::auction_exceeds_supply);
    desk.announce(desk.notice(10'000));
    OpenAuction other = desk.notice(1);
    other.vintage = 2028;
    EXPECT_EQ(desk.ask("ada", other), Reason::period_not_open);
    desk.open(2028);
    EXPECT_EQ(desk.ask("ada", other), Reason::cap_not_issued);
    desk.sound();
}

TEST(Auctions, ARuleLessSchemeHoldsNone) {
    Rules rules = auction_rules();
    rules.auction.auctions = false;
    AuctionDesk desk(rules);
    EXPECT_EQ(desk.ask("ada", desk.notice(1'000)), Reason::no_auctions);
}

TEST(Auctions, AWindowIsAnnouncedAndLongEnough) {
    Rules rules = auction_rules();
    rules.auction.notice_h = 24;
    AuctionDesk desk(rules);
    OpenAuction said = desk.notice(1'000);
    EXPECT_EQ(desk.ask("ada", said), Reason::auction_window_invalid);
    said.opens_at = {desk.now().us + 25 * kHourUs};
    said.closes_at = {said.opens_at.us + 2 * kHourUs - 1};
    EXPECT_EQ(desk.ask("ada", said), Reason::auction_window_invalid);
    ++said.closes_at.us;
    said.reference_price_micro = euros(70);
    EXPECT_EQ(desk.ask("ada", said), Reason::reason_missing);
    said.reference = "mean of the sales of the last month";
    desk.ok("ada", "bo", said);
    desk.sound();
}

// Rules that change after the notice change nothing in it.
TEST(Auctions, TheNoticeStays) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    Rules rules = european_rules();
    rules.version = 2;
    rules.auction.lot = 1'000;
    desk.ok("ada", "bo", ChangeRules{.rules = rules, .rules_text = ""});
    EXPECT_EQ(desk.bid(1, id, 70, 500), Reason::ok);
    desk.sound();
}

// ---- bids

TEST(Auctions, TheWindowIsHeldToTheMicrosecond) {
    AuctionDesk desk;
    const TransferId id = desk.announce(desk.notice(3'000));
    const OpenAuction said = desk.at(id).notice.said;
    EXPECT_EQ(desk.bid(1, id, 70, 500), Reason::auction_not_open);
    desk.set_time({said.opens_at.us - 1});
    EXPECT_EQ(desk.bid(1, id, 70, 500), Reason::auction_not_open);
    desk.set_time(said.opens_at);
    EXPECT_EQ(desk.bid(1, id, 70, 500), Reason::ok);
    const TransferId first = desk.last_id();
    desk.set_time({said.closes_at.us - 1});
    EXPECT_EQ(desk.bid(2, id, 71, 500), Reason::ok);
    desk.set_time(said.closes_at);
    EXPECT_EQ(
        desk.ask("f1-1", WithdrawBid{.participant = ParticipantId{1}, .auction = id, .bid = first}),
        Reason::auction_not_open);
    EXPECT_EQ(desk.bid(3, id, 72, 500), Reason::auction_not_open);
    EXPECT_EQ(desk.result(id).sold, 1'000);
    desk.sound();
}

TEST(Auctions, ABidIsInLotsAndTicksAndCovered) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 499), Reason::bid_off_lot);
    EXPECT_EQ(desk.bid(1, id, 70, 0), Reason::amount_not_positive);
    EXPECT_EQ(desk.bid(1, id, 70, -500), Reason::amount_not_positive);
    EXPECT_EQ(desk.bid(1, id, 70.001, 500), Reason::bid_off_tick);
    EXPECT_EQ(desk.bid(1, id, 0, 500), Reason::bid_off_tick);
    EXPECT_EQ(desk.bid(1, id, -70, 500), Reason::bid_off_tick);
    EXPECT_EQ(desk.bid(1, {.high = 9, .low = 9}, 70, 500), Reason::auction_not_found);
    EXPECT_EQ(to_string(desk.bid(1, id, 500, 2'500)), "insufficient_balance");
    PlaceBid c = AuctionDesk::bid_of(1, id);
    c.price_micro = 10 * (INT64_MAX / 10'000);
    c.quantity = 3'000;
    EXPECT_EQ(desk.ask("f1-1", c), Reason::consideration_too_large);
    c.price_micro = euros(70);
    c.quantity = 500;
    c.from = AccountId{110};
    EXPECT_EQ(to_string(desk.ask("f1-1", c)), "asset_not_for_account");
    c.from = AccountId{122};
    EXPECT_EQ(desk.ask("f1-1", c), Reason::account_of_another);
    c = AuctionDesk::bid_of(1, id);
    c.price_micro = euros(70);
    c.quantity = 500;
    c.to = AccountId{111};
    EXPECT_EQ(desk.ask("f1-1", c), Reason::no_holding_account);
    EXPECT_EQ(desk.ask("f2-1", c), Reason::participant_of_another);
    EXPECT_EQ(desk.ask("f1-2", c), Reason::role_not_allowed);
    desk.sound();
}

TEST(Auctions, BidsAreChangedAndWithdrawn) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 1'000), Reason::ok);
    const TransferId first = desk.last_id();
    ChangeBid change{.participant = ParticipantId{1},
                     .auction = id,
                     .bid = first,
                     .price_micro = euros(71),
                     .quantity = 2'000};
    desk.ok("f1-1", change);
    EXPECT_EQ(desk.promised(1), 142'000'000);
    change.participant = ParticipantId{2};
    EXPECT_EQ(desk.ask("f2-1", change), Reason::bid_not_found) << "of another: as none";
    change.participant = ParticipantId{1};
    change.quantity = 3'500;
    EXPECT_EQ(desk.ask("f1-1", change), Reason::purchase_limit_exceeded);
    change.quantity = 3'000;
    change.price_micro = euros(400);
    EXPECT_EQ(to_string(desk.ask("f1-1", change)), "insufficient_balance");
    EXPECT_EQ(desk.promised(1), 142'000'000) << "a refused change leaves the bid";
    const WithdrawBid withdraw{.participant = ParticipantId{1}, .auction = id, .bid = first};
    desk.ok("f1-1", withdraw);
    EXPECT_EQ(desk.promised(1), 0);
    EXPECT_EQ(desk.ask("f1-1", withdraw), Reason::bid_not_found);
    desk.close(id);
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::no_bids);
    EXPECT_EQ(desk.result(id).bidders, 0);
    desk.sound();
}

TEST(Auctions, TheSameIdIsOneBid) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    PlaceBid c = AuctionDesk::bid_of(1, id);
    c.price_micro = euros(70);
    c.quantity = 1'000;
    const Envelope once = desk.envelope("f1-1", c);
    EXPECT_EQ(desk.send(once).reason, Reason::ok);
    EXPECT_EQ(to_string(desk.send(once).reason), "exists");
    EXPECT_EQ(desk.promised(1), 70'000'000);
    EXPECT_EQ(desk.at(id).bids.size(), 1U);
    desk.sound();
}

TEST(Auctions, AKeyOfTheMarketBidsWithinItsMandate) {
    AuctionDesk desk;
    desk.add_key(ParticipantId{1}, "mia", Role::market);
    const TransferId id = desk.begin(3'000);
    PlaceBid c = AuctionDesk::bid_of(1, id);
    c.price_micro = euros(70);
    c.quantity = 1'000;
    EXPECT_EQ(desk.ask("mia", c), Reason::mandate_exceeded);
    desk.ok("f1-1",
            "f1-2",
            SetMandate{.participant = ParticipantId{1},
                       .key = desk.key("mia").open,
                       .daily_net_quantity = 1'500,
                       .daily_net_value_micro = 100'000'000});
    EXPECT_EQ(desk.ask("mia", c), Reason::ok);
    c.quantity = 1'000;
    EXPECT_EQ(desk.ask("mia", c), Reason::mandate_exceeded) << "of the day, not of the bid";
    c.quantity = 500;
    EXPECT_EQ(desk.ask("mia", c), Reason::mandate_exceeded) << "105 EUR together";
    c.price_micro = euros(60);
    EXPECT_EQ(desk.ask("mia", c), Reason::ok);
    desk.sound();
}

TEST(Auctions, ThereIsAMostOfBids) {
    Rules rules = auction_rules();
    rules.auction.lot = 1;
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(3'000);
    for (std::size_t i = 0; i < kMostBids; ++i) ASSERT_EQ(desk.bid(1, id, 1, 1), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 1, 1), Reason::too_many_bids);
    EXPECT_EQ(desk.bid(2, id, 1, 1), Reason::ok);
    desk.sound();
}

// ---- limits over the group

Rules limited_rules() {
    Rules rules = auction_rules();
    rules.auction.purchase_limit = {250'000};
    rules.auction.trader_limit = {40'000};
    return rules;
}

TEST(Auctions, ThePurchaseLimitIsOfTheWholeGroup) {
    AuctionDesk desk(limited_rules());
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
    const TransferId id = desk.begin(20'000);  // 5,000 a group
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 60, 2'500), Reason::purchase_limit_exceeded);
    EXPECT_EQ(desk.bid(2, id, 60, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 60, 5'000), Reason::ok);
    EXPECT_EQ(desk.bid(4, id, 60, 5'500), Reason::purchase_limit_exceeded);
    desk.sound();
}

// Two firms that become one between bid and clearing: the cheapest and latest of theirs is trimmed to what one group may have.
TEST(Auctions, AChangeOfControlIsSeenWhenItClears) {
    AuctionDesk desk(limited_rules());
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 65, 1'500), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 66, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 64, 1'000), Reason::ok);
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
    desk.close(id);
    // 3,000 at 70, 1,000 at 66, 1,000 of the 1,500 at 65, none at 64.
    EXPECT_EQ(desk.fill(1, id), 4'000);
    EXPECT_EQ(desk.fill(2, id), 1'000);
    EXPECT_EQ(desk.result(id).void_bids, 1);
    EXPECT_EQ(desk.promised(1), 0);
    EXPECT_EQ(desk.promised(2), 0);
    desk.sound();
}

TEST(Auctions, BidsCountForTheHoldingLimit) {
    Rules rules = auction_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 100'000;
    rules.compliance.holding_base_share = {100'000};  // 10,000
    rules.compliance.holding_rest_share = {};
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 8'000), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 60, 2'500), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.bid(1, id, 60, 2'000), Reason::ok);
    // It receives 4,000 from elsewhere before the window closes.
    EXPECT_EQ(desk.bid(2, id, 90, 4'000), Reason::ok);
    const TransferId other = desk.announce(desk.notice(4'000));
    desk.pass(kHourUs);
    EXPECT_EQ(desk.bid(1, other, 10, 500), Reason::holding_limit_exceeded)
        << "what is bid for anywhere counts";
    desk.close(id);
    EXPECT_EQ(desk.held(1), 10'000);
    EXPECT_EQ(desk.held(2), 4'000);
    desk.sound();
}

// ---- between bid and settlement

TEST(Auctions, AnAccountThatCannotReceiveMakesTheBidVoid) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 69, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 68, 2'000), Reason::ok);
    const auto freeze = [&](std::uint64_t firm, std::uint64_t account) {
        desk.ok("f" + std::to_string(firm) + "-1",
                RestrictAccount{.participant = ParticipantId{firm},
                                .account = AccountId{account},
                                .status = AccountStatus::frozen,
                                .reason = "a lost key"});
    };
    freeze(1, 110);  // allowances
    freeze(2, 122);  // money
    desk.close(id);
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::sold);
    EXPECT_EQ(desk.result(id).void_bids, 2);
    EXPECT_EQ(desk.result(id).sold, 2'000);
    EXPECT_EQ(desk.held(3), 2'000);
    EXPECT_EQ(desk.cash(1), kDeposit);
    EXPECT_EQ(desk.promised(1), 0);
    EXPECT_EQ(desk.promised(2), 0) << "what is frozen stays there, but not promised";
    for (const auto& [bid, each] : desk.at(id).bids)
        EXPECT_EQ(each.state == BidState::account_shut, each.participant != ParticipantId{3});
    desk.sound();
}

// A blocked account may receive: nothing leaves it.
TEST(Auctions, ABlockedAccountMayReceive) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 2'000), Reason::ok);
    desk.ok("ada",
            RestrictAccount{.participant = ParticipantId{1},
                            .account = AccountId{110},
                            .status = AccountStatus::blocked,
                            .reason = "no report"});
    desk.close(id);
    EXPECT_EQ(desk.held(1), 2'000);
    desk.sound();
}

TEST(Auctions, NothingIsSettledWhileTradingIsHalted) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::ok);
    desk.ok("ada",
            Reconcile{.statement_date = "2027-01-11", .balance_micro = 1, .unknown_lines = {}});
    EXPECT_EQ(desk.bid(2, id, 70, 3'000), Reason::trading_halted);
    desk.close(id);
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::halted);
    EXPECT_EQ(desk.result(id).carried, 3'000);
    EXPECT_EQ(desk.promised(1), 0);
    desk.sound();
}

TEST(Auctions, TheOperatorsMayCallItOff) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::ok);
    CallOffAuction off{.auction = id, .reason = ""};
    EXPECT_EQ(desk.ask("ada", off), Reason::reason_missing);
    off.reason = "a wrong vintage";
    desk.ok("ada", "bo", off);
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::called_off);
    EXPECT_EQ(desk.promised(1), 0);
    EXPECT_EQ(desk.ask("ada", off), Reason::auction_over);
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::auction_not_open);
    desk.pass(10 * kHourUs);
    desk.tick();
    EXPECT_EQ(desk.result(id).outcome, AuctionOutcome::called_off);
    desk.sound();
}

TEST(Auctions, APriceFarBelowTheMarketCancelsIt) {
    Rules rules = european_rules();
    rules.auction.least_of_reference = {800'000};
    for (const auto& [price, outcome] :
         {std::pair{55.99, AuctionOutcome::price_too_low}, std::pair{56.0, AuctionOutcome::sold}}) {
        AuctionDesk desk(rules);
        OpenAuction said = desk.notice(1'000);
        said.reference_price_micro = euros(70);
        said.reference = "mean of the sales of the last month";
        const TransferId id = desk.announce(said);
        desk.pass(kHourUs);
        EXPECT_EQ(desk.bid(1, id, price, 1'000), Reason::ok);
        desk.close(id);
        EXPECT_EQ(desk.result(id).outcome, outcome);
        desk.sound();
    }
}

// ---- prices of later years, ECR

// RGGI's published triggers, 29.25 -> 31.30 and 6.00 -> 6.42 -> 6.87 at 7 % a year, rounded to cents every year.
TEST(Auctions, TriggersGrowAndAreRoundedEveryYear) {
    Rules rules = auction_rules();
    rules.auction.price_growth = {70'000};
    rules.auction.reserve_price_micro = euros(2);
    rules.auction.withheld = {100'000};
    rules.auction.withheld_trigger_micro = euros(6);
    rules.auction.containment = {{.trigger_micro = euros(29.25), .share = {kMillion}}};
    AuctionDesk desk(rules);
    desk.open(2028);
    desk.issue_cap(2028);
    OpenAuction said = desk.notice(10'000);
    said.vintage = 2028;
    said.opens_at = {new_year(2028).us + kDayUs};
    said.closes_at = {said.opens_at.us + 3 * kHourUs};
    const TransferId id = desk.announce(said);
    const Notice& notice = desk.at(id).notice;
    ASSERT_EQ(notice.steps.size(), 3U);
    EXPECT_EQ(notice.year, 2028);
    EXPECT_EQ(notice.steps[0].price_micro, euros(2.14));
    EXPECT_EQ(notice.steps[0].quantity, 9'000);
    EXPECT_EQ(notice.steps[1].price_micro, euros(6.42));
    EXPECT_EQ(notice.steps[1].quantity, 1'000);
    EXPECT_EQ(notice.steps[2].price_micro, euros(31.30));
    desk.sound();
}

// Below its trigger a part is withheld, and is not offered again.
TEST(Auctions, WhatIsWithheldIsNotOfferedAgain) {
    Rules rules = auction_rules();
    rules.auction.reserve_price_micro = euros(2);
    rules.auction.withheld = {100'000};
    rules.auction.withheld_trigger_micro = euros(6);
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(10'000);
    EXPECT_EQ(desk.bid(1, id, 5, 10'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 5, 10'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).sold, 9'000);
    EXPECT_EQ(desk.result(id).withheld, 1'000);
    EXPECT_EQ(desk.ask("ada", desk.notice(30'001)), Reason::auction_exceeds_supply);
    desk.announce(desk.notice(30'000));
    desk.sound();
}

// ---- consignment

// A firm holds 100 where the limit is 62: 38 are consigned (consignment_test.cpp).
TEST(Auctions, WhatIsConsignedIsSoldFirstAndPaid) {
    Rules rules = year_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 500;
    rules.compliance.holding_base_share = {100'000};
    rules.compliance.holding_rest_share = {25'000};
    rules.compliance.cure_days = 5;
    rules.compliance.holding_excess = HoldingExcess::consigned;
    rules.auction.auctions = true;
    rules.auction.lot = 1;
    rules.auction.consignment = true;
    for (const bool payable : {true, false}) {
        YearDesk desk(rules);
        desk.publish_calendar();
        desk.add_firm(1, "lab");
        desk.add_firm(2, "firm");
        desk.history(1, {.gflop = 100 * kWork});
        desk.history(2, {.gflop = 10 * kWork});
        desk.open(2027);
        desk.allocate(2027);
        desk.pass(1'000'000);
        desk.tick();
        ASSERT_EQ(desk.state().compliance.holding_cases.size(), 1U);
        desk.set_time({desk.state().compliance.holding_cases[0].cure_until->us + 1'000'000});
        desk.tick();
        ASSERT_EQ(desk.balance(12, 2027).posted, 38);
        desk.ok(
            "ada",
            Deposit{.account = AccountId{122}, .amount_micro = 1'000'000, .bank_reference = "R"});
        desk.ok("ada",
                "bo",
                OpenAuction{.vintage = 2027,
                            .quantity = 40,
                            .opens_at = {desk.now().us + kHourUs},
                            .closes_at = {desk.now().us + 4 * kHourUs},
                            .reference_price_micro = 0,
                            .reference = ""});
        const TransferId id = desk.last_id();
        const auto& auction = desk.state().auction.auctions.at(id);
        EXPECT_EQ(auction.notice.steps.at(0).quantity, 78);
        // For sale: it is not given back meanwhile.
        EXPECT_EQ(desk.ask("ada",
                           ReleaseConsignment{.participant = ParticipantId{1},
                                              .vintage = 2027,
                                              .quantity = 1,
                                              .reason = "a wish"}),
                  Reason::not_consigned);
        if (!payable)
            desk.ok("lab-1",
                    RestrictAccount{.participant = ParticipantId{1},
                                    .account = AccountId{112},
                                    .status = AccountStatus::frozen,
                                    .reason = "a lost key"});
        desk.pass(kHourUs);
        desk.ok("firm-1",
                PlaceBid{.participant = ParticipantId{2},
                         .auction = id,
                         .from = AccountId{122},
                         .to = AccountId{120},
                         .price_micro = 1'000,
                         .quantity = 50});
        desk.pass(3 * kHourUs);
        desk.tick();
        ASSERT_TRUE(auction.result);
        EXPECT_EQ(auction.result->outcome, AuctionOutcome::sold);
        EXPECT_EQ(auction.result->sold, payable ? 50 : 40);
        EXPECT_EQ(auction.result->consigned_sold, payable ? 38 : 0);
        EXPECT_EQ(desk.balance(12, 2027).posted, payable ? 0 : 38);
        EXPECT_EQ(desk.balance(3, 2027).posted, payable ? 400 - 12 : 400 - 40);
        EXPECT_EQ(desk.money(112), payable ? 38'000 : 0);
        EXPECT_EQ(desk.money(7), payable ? 12'000 : 40'000);
        EXPECT_EQ(desk.state().compliance.consigned.empty(), payable);
        desk.sound();
    }
}

// ---- the ceiling

TEST(Auctions, AtTheCeilingOnlyOwnNeedIsSoldAndCountsAboveTheCap) {
    Rules rules = auction_rules();
    rules.cap.free_share = {500'000};
    rules.cap.containment_share = {};
    rules.auction.ceiling = true;
    rules.auction.ceiling_price_micro = euros(90);
    AuctionDesk desk(rules);
    BuyAtCeiling c{.participant = ParticipantId{1},
                   .year = 2027,
                   .from = AccountId{112},
                   .to = AccountId{111},
                   .quantity = 1'000};
    EXPECT_EQ(desk.ask("f1-1", c), Reason::ceiling_exceeds_need);
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 2'000), Reason::ok);
    desk.close(id);
    desk.determine(1, 2027, 5'000);
    c.quantity = 3'001;  // it owes 5,000 and has 2,000
    EXPECT_EQ(desk.ask("f1-1", c), Reason::ceiling_exceeds_need);
    c.quantity = 3'000;
    c.to = AccountId{110};
    EXPECT_EQ(to_string(desk.ask("f1-1", c)), "to_kind_not_allowed");
    c.to = AccountId{111};
    EXPECT_EQ(desk.ask_both("f1-1", "f1-1", c), Reason::role_not_allowed);
    desk.ok("f1-1", "f1-2", c);
    EXPECT_EQ(desk.balance(111, 2027).posted, 3'000);
    EXPECT_EQ(desk.state().auction.above_cap.at(2027).quantity, 3'000);
    EXPECT_EQ(desk.state().auction.above_cap.at(2027).revenue_micro, 270'000'000);
    EXPECT_EQ(desk.balance(1, 2027).posted, -103'000);
    EXPECT_EQ(desk.ask("f1-1", c), Reason::ceiling_exceeds_need);
    desk.sound();
}

TEST(Auctions, TheCeilingWaitsForTheReserve) {
    Rules rules = auction_rules();
    AuctionDesk none(rules);
    const BuyAtCeiling c{.participant = ParticipantId{1},
                         .year = 2027,
                         .from = AccountId{112},
                         .to = AccountId{111},
                         .quantity = 1'000};
    EXPECT_EQ(none.ask("f1-1", c), Reason::no_price_ceiling);
    rules.auction.ceiling = true;
    rules.auction.ceiling_price_micro = euros(90);
    AuctionDesk desk(rules);
    EXPECT_EQ(desk.ask("f1-1", c), Reason::containment_not_sold);
}

// ---- the auditor

// A clearing that gives one bidder what the bids give another is named.
TEST(Auctions, TheAuditorClearsForItself) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70.10, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70.05, 1'500), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 70.00, 1'000), Reason::ok);
    desk.close(id);
    struct Forgery {
        const char* field;
        std::function<void(AuctionClearing&)> change;
    };
    const Forgery forgeries[] = {
        {"auction.price_micro", [](AuctionClearing& c) { c.price_micro += 10; }},
        {"auction.sold", [](AuctionClearing& c) { c.sold -= 500; }},
        {"auction.bid_for", [](AuctionClearing& c) { c.bid_for += 500; }},
        {"auction.outcome", [](AuctionClearing& c) { c.outcome = AuctionOutcome::no_bids; }},
        {"auction.bids", [](AuctionClearing& c) { std::swap(c.bids[0], c.bids[1]); }},
        {"auction.counted", [](AuctionClearing& c) { c.bids[0].counted -= 500; }},
        {"auction.bid", [](AuctionClearing& c) { c.bids[0].state = BidState::account_shut; }},
        {"auction.fill", [](AuctionClearing& c) {
             c.bids[1].fill -= 500;
             c.bids[2].fill += 500;
         }}};
    for (const Forgery& forgery : forgeries) {
        SchemeAuditor auditor({.tenant_id = 1, .scheme_id = 1});
        std::optional<SchemeFinding> found;
        for (const Batch& batch : desk.journal().batches) {
            registry::EventReader reader(batch.payload);
            while (!found && !reader.left().empty()) {
                if (!is_scheme_event(reader.left().front())) {
                    const auto posting = reader.next();
                    found = auditor.check_posting(**posting);
                    continue;
                }
                auto read = read_event(reader.left());
                reader.skip(read->size);
                if (read->event.due.kind == DueKind::clear_auction)
                    forgery.change(read->event.clearing);
                found = auditor.check(read->event);
            }
        }
        ASSERT_TRUE(found) << forgery.field;
        EXPECT_EQ(found->field, forgery.field);
    }
    // A notice of more than was sold.
    const auto found = audit_forged(desk, [](Command& c) {
        auto* opened = std::get_if<OpenAuction>(&c);
        if (opened != nullptr) opened->quantity += 500;
        return opened != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "auction.sold") << "3,500 were for sale, and are bid for";
}

TEST(Auctions, RulesThatDoNotHoldTogetherAreRefused) {
    const auto where = [](const std::function<void(AuctionRules&)>& change) {
        Rules rules = auction_rules();
        change(rules.auction);
        const auto checked = check_rules(rules);
        return checked ? std::string() : checked.error().where;
    };
    EXPECT_EQ(where([](AuctionRules&) {}), "");
    EXPECT_EQ(where([](AuctionRules& a) { a.lot = 0; }), "auction.lot");
    EXPECT_EQ(where([](AuctionRules& a) { a.unsold_at = UnsoldPrice::reserve; }),
              "auction.unsold_at");
    EXPECT_EQ(where([](AuctionRules& a) { a.reserve_price_micro = 1; }),
              "auction.reserve_price_micro");
    EXPECT_EQ(where([](AuctionRules& a) { a.withheld = {1}; }), "auction.withheld_trigger_micro");
    EXPECT_EQ(where([](AuctionRules& a) { a.containment = {{.trigger_micro = 15, .share = {1}}}; }),
              "auction.containment.trigger_micro");
    EXPECT_EQ(where([](AuctionRules& a) {
                  a.containment = {{.trigger_micro = 10, .share = {600'000}},
                                   {.trigger_micro = 20, .share = {600'000}}};
              }),
              "auction.containment.share_percent");
    EXPECT_EQ(where([](AuctionRules& a) { a.ceiling = true; }), "auction.ceiling_price_micro");
}

}  // namespace
}  // namespace abate::engine
