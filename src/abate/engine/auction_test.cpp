// Auctions through commands: the notice, covered bids, and one chain that settles them.
#include "abate/engine/auction_test_support.h"

#include <variant>

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

// 12,000 of the reserve's 20,000 go in 2027, by two tiers of a half; then the rules of 2028 have one tier. 8,000 are left, not 20,000 - 10,000.
TEST(Auctions, OtherTiersOfALaterYearGetWhatIsLeft) {
    Rules rules = auction_rules();
    rules.auction.containment = {{.trigger_micro = euros(10), .share = {500'000}},
                                 {.trigger_micro = euros(12), .share = {500'000}}};
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 15, 20'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 15, 12'000), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).from_containment, 12'000);
    rules.version = 2;
    rules.auction.containment = {{.trigger_micro = euros(11), .share = {kMillion}}};
    desk.ok("ada", "bo", ChangeRules{.rules = rules, .rules_text = ""});
    desk.open(2028);
    OpenAuction said = desk.notice(8'000);
    said.opens_at = {new_year(2028).us + kDayUs};
    said.closes_at = {said.opens_at.us + 3 * kHourUs};
    const TransferId next = desk.announce(said);
    EXPECT_EQ(desk.at(next).notice.steps.back().quantity, 8'000);
    desk.set_time(said.opens_at);
    EXPECT_EQ(desk.bid(3, next, 15, 8'000), Reason::ok);
    EXPECT_EQ(desk.bid(4, next, 15, 8'000), Reason::ok);
    desk.close(next);
    EXPECT_EQ(desk.result(next).from_containment, 8'000);
    EXPECT_EQ(desk.balance(5, 2027).posted, 0);
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

// A window of 2028, announced while 2027 is the last year that is open; then 2028 is opened with other rules. The notice is that of before,
// and it clears by it: bids of 500, and equal prices in the order of the draw.
TEST(Auctions, TheNoticeStays) {
    AuctionDesk desk(european_rules());
    OpenAuction said = desk.notice(3'000);
    said.opens_at = {new_year(2028).us + kDayUs};
    said.closes_at = {said.opens_at.us + 3 * kHourUs};
    const TransferId id = desk.announce(said);
    const std::string before = encode(desk.at(id).notice);
    Rules rules = european_rules();
    rules.version = 2;
    rules.auction.lot = 1'000;
    rules.auction.tick_micro = 1'000;
    rules.auction.tie = TieRule::pro_rata;
    rules.auction.on_shortfall = Shortfall::sell;
    rules.auction.reserve_price_micro = euros(80);
    rules.auction.purchase_limit = {100'000};
    desk.ok("ada", "bo", ChangeRules{.rules = rules, .rules_text = ""});
    desk.open(2028);
    EXPECT_EQ(encode(desk.at(id).notice), before);
    const TransferId next = desk.announce(said);
    EXPECT_EQ(desk.at(next).notice.lot, 1'000) << "one that is announced now";
    desk.set_time(said.opens_at);
    EXPECT_EQ(desk.bid(1, id, 70.01, 500), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70, 2'500), Reason::ok);
    EXPECT_EQ(desk.bid(3, id, 70, 2'500), Reason::ok);
    desk.close(id);
    EXPECT_EQ(encode(desk.at(id).notice), before);
    EXPECT_EQ(desk.result(id).price_micro, euros(70));
    EXPECT_EQ(desk.fill(2, id) * desk.fill(3, id), 0);
    EXPECT_EQ(desk.result(id).sold, 3'000);
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

// A group holds 10,000 at most.
Rules rules_with_a_limit() {
    Rules rules = auction_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 100'000;
    rules.compliance.holding_base_share = {100'000};
    rules.compliance.holding_rest_share = {};
    return rules;
}

TEST(Auctions, BidsCountForTheHoldingLimit) {
    AuctionDesk desk(rules_with_a_limit());
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 8'000), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 60, 2'500), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.bid(1, id, 60, 2'000), Reason::ok);
    const TransferId other = desk.announce(desk.notice(4'000));
    desk.pass(kHourUs);
    EXPECT_EQ(desk.bid(1, other, 10, 500), Reason::holding_limit_exceeded)
        << "what is bid for anywhere counts";
    desk.close(id);
    EXPECT_EQ(desk.held(1), 10'000);
    desk.sound();
}

// A limit of 10,000, bids for all of it, and 4,000 that come by another way before the window closes: 6,000 of the 8,000 at 70 are left, and
// nothing of what is bid at 60.
TEST(Auctions, WhatCameMeanwhileCountsForTheHoldingLimitWhenItClears) {
    AuctionDesk desk(rules_with_a_limit());
    const TransferId before = desk.begin(4'000);
    EXPECT_EQ(desk.bid(2, before, 10, 4'000), Reason::ok);
    desk.close(before);
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 8'000), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 60, 2'000), Reason::ok);
    desk.ok("f2-1",
            "f2-2",
            Transfer{.participant = ParticipantId{2},
                     .from = AccountId{120},
                     .to = AccountId{110},
                     .vintage = 2027,
                     .quantity = 4'000});
    EXPECT_EQ(desk.held(1), 4'000);
    desk.close(id);
    EXPECT_EQ(desk.fill(1, id), 6'000);
    EXPECT_EQ(desk.result(id).void_bids, 1);
    EXPECT_EQ(desk.held(1), 10'000);
    EXPECT_EQ(desk.promised(1), 0);
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

// The market's own trades come before what the notice states of it: 100.00 was paid, so 80 % of it is 80.00, whatever 56.00 would be.
TEST(Auctions, TheMarketsTradesAreTheReferencePrice) {
    Rules rules = european_rules();
    rules.auction.least_of_reference = {800'000};
    rules.market.lot = 500;
    for (const auto& [price, outcome] :
         {std::pair{79.99, AuctionOutcome::price_too_low}, std::pair{80.0, AuctionOutcome::sold}}) {
        AuctionDesk desk(rules);
        for (const std::uint64_t firm : {1U, 2U}) {
            const std::string title = "f" + std::to_string(firm);
            desk.add_key(ParticipantId{firm}, title + "-m", Role::market);
            desk.ok(title + "-1",
                    title + "-2",
                    SetMandate{.participant = ParticipantId{firm},
                               .key = desk.key(title + "-m").open,
                               .daily_net_quantity = 10'000,
                               .daily_net_value_micro = 1'000'000'000});
        }
        const TransferId first = desk.begin(1'000);
        EXPECT_EQ(desk.bid(1, first, 70, 1'000), Reason::ok);
        desk.close(first);
        OpenAuction said = desk.notice(1'000);
        said.reference_price_micro = euros(70);
        said.reference = "mean of the sales of the last month";
        const TransferId id = desk.announce(said);
        desk.pass(kHourUs);
        EXPECT_EQ(desk.bid(3, id, price, 1'000), Reason::ok);
        const auto order =
            [&](const std::string& key, exchange::Side side, std::uint64_t order_id) {
                const exchange::Operation operation{
                    .side = side,
                    .book = 2027,
                    .order_id = order_id,
                    .participant = desk.state().keys.at(desk.key(key).open).number,
                    .price_micro = euros(100),
                    .quantity = 500};
                std::vector<exchange::OrderReason> reason(1);
                desk.engine().apply(std::vector{operation}, desk.now(), reason);
                if (auto batch = desk.engine().seal()) (void)desk.journal().append(*batch);
                EXPECT_EQ(reason[0], exchange::OrderReason::ok);
            };
        order("f1-m", exchange::Side::sell, 1);
        order("f2-m", exchange::Side::buy, 2);
        EXPECT_EQ(desk.held(2), 500);
        desk.close(id);
        EXPECT_EQ(desk.result(id).outcome, outcome);
        EXPECT_EQ(desk.result(id).reference_micro, euros(100));
        desk.sound();
    }
}

// The moment is that of the close, whoever comes next and when.
TEST(Auctions, AResultIsOfTheMomentInWhichTheWindowClosed) {
    AuctionDesk desk;
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 1'000), Reason::ok);
    desk.set_time({desk.at(id).notice.said.closes_at.us + 5 * kDayUs});
    desk.tick();
    EXPECT_EQ(desk.result(id).at, desk.at(id).notice.said.closes_at);
    desk.sound();
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

// Three tiers of a third: 33.3333, 66.6666 and 100 % of 20,000 are 6,666.66, 13,333.32 and 20,000, so 6,666, 6,667 and 6,667. When all of it
// is sold the ceiling opens, and what somebody gives back into the reserve does not shut it.
TEST(Auctions, TheCeilingOpensWhenTheReserveIsSold) {
    Rules rules = auction_rules();
    AuctionDesk none(rules);
    BuyAtCeiling c{.participant = ParticipantId{3},
                   .year = 2027,
                   .from = AccountId{132},
                   .to = AccountId{131},
                   .quantity = 1'000};
    EXPECT_EQ(none.ask("f3-1", c), Reason::no_price_ceiling);
    rules.auction.lot = 1;
    rules.auction.containment = {{.trigger_micro = euros(10), .share = {333'333}},
                                 {.trigger_micro = euros(12), .share = {333'333}},
                                 {.trigger_micro = euros(14), .share = {333'334}}};
    rules.auction.ceiling = true;
    rules.auction.ceiling_price_micro = euros(90);
    AuctionDesk desk(rules);
    EXPECT_EQ(desk.ask("f3-1", c), Reason::containment_not_sold);
    const TransferId id = desk.begin(20'000);
    const std::vector<OfferStep>& steps = desk.at(id).notice.steps;
    ASSERT_EQ(steps.size(), 4U);
    EXPECT_EQ(steps[1].quantity, 6'666);
    EXPECT_EQ(steps[2].quantity, 6'667);
    EXPECT_EQ(steps[3].quantity, 6'667);
    EXPECT_EQ(desk.bid(1, id, 20, 20'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 20, 19'999), Reason::ok);
    desk.close(id);
    EXPECT_EQ(desk.result(id).from_containment, 19'999);
    EXPECT_EQ(desk.ask("f3-1", c), Reason::containment_not_sold);
    const TransferId last = desk.begin(1);
    EXPECT_EQ(desk.bid(1, last, 20, 1), Reason::ok);
    EXPECT_EQ(desk.bid(2, last, 20, 1), Reason::ok);
    desk.close(last);
    desk.ok("f1-1",
            "f1-2",
            ReturnAllowances{.participant = ParticipantId{1},
                             .from = AccountId{110},
                             .to = AccountId{5},
                             .vintage = 2027,
                             .quantity = 10});
    EXPECT_EQ(desk.balance(5, 2027).posted, 10);
    desk.determine(3, 2027, 5'000);
    desk.ok("f3-1", "f3-2", c);
    EXPECT_EQ(desk.balance(131, 2027).posted, 1'000);
    desk.sound();
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

// A journal's events, to be changed, and what the scheme's auditor says of them first.
using AnyEvent = std::variant<Event, registry::Event>;

std::vector<AnyEvent> events_of(AuctionDesk& desk) {
    std::vector<AnyEvent> out;
    for (const Batch& batch : desk.journal().batches) {
        registry::EventReader reader(batch.payload);
        while (!reader.left().empty()) {
            if (is_scheme_event(reader.left().front())) {
                auto read = read_event(reader.left());
                reader.skip(read->size);
                out.emplace_back(std::move(read->event));
            } else {
                out.emplace_back(**reader.next());
            }
        }
    }
    return out;
}

std::string fault_in(const std::vector<AnyEvent>& events) {
    registry::Auditor books;
    SchemeAuditor auditor({.tenant_id = 1, .scheme_id = 1});
    auditor.set_books(&books);
    for (const AnyEvent& each : events) {
        std::optional<SchemeFinding> found;
        if (const auto* event = std::get_if<Event>(&each)) {
            found = auditor.check(*event);
        } else {
            const auto& posting = std::get<registry::Event>(each);
            found = auditor.check_posting(posting);
            (void)books.check(posting);
        }
        if (found) return found->field;
    }
    return "none";
}

// The place of the last event of the scheme that `is` it.
std::size_t last_of(const std::vector<AnyEvent>& events,
                    const std::function<bool(const Event&)>& is) {
    for (std::size_t i = events.size(); i-- > 0;)
        if (const auto* event = std::get_if<Event>(&events[i]); event != nullptr && is(*event))
            return i;
    return events.size();
}
bool clears(const Event& event) {
    return event.kind == EventKind::due && event.due.kind == DueKind::clear_auction;
}

// In place of what it caused, this.
void cause(std::vector<AnyEvent>& events,
           std::size_t at,
           const std::vector<registry::Event>& postings) {
    Event& event = std::get<Event>(events[at]);
    const auto behind = events.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    events.insert(events.erase(behind, behind + event.postings), postings.begin(), postings.end());
    std::get<Event>(events[at]).postings = static_cast<std::uint32_t>(postings.size());
}

// Whoever writes the journal cannot keep an auction from being held by a word.
TEST(Auctions, TheAuditorAsksWhyAnAuctionWasNotHeld) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 69, 2'000), Reason::ok);
    desk.close(id);
    const std::vector<AnyEvent> sound = events_of(desk);
    ASSERT_EQ(fault_in(sound), "none");
    const std::size_t at = last_of(sound, clears);
    ASSERT_LT(at, sound.size());
    std::vector<registry::Event> let_go;
    AuctionClearing nothing{.outcome = AuctionOutcome::halted};
    Auction before = desk.at(id);
    for (auto& [bid_id, bid] : before.bids) bid.state = BidState::open;
    for (const auto& [bid_id, bid] : open_bids(before)) {
        nothing.bids.push_back({.bid = bid_id, .state = BidState::released});
        let_go.push_back({.command = {.op = registry::Op::void_pending, .reference = bid.reserve},
                          .outcome = {},
                          .at = {}});
    }
    for (const AuctionOutcome why : {AuctionOutcome::halted, AuctionOutcome::failed}) {
        std::vector<AnyEvent> forged = sound;
        std::get<Event>(forged[at]).clearing = nothing;
        std::get<Event>(forged[at]).clearing.outcome = why;
        cause(forged, at, let_go);
        EXPECT_EQ(fault_in(forged), "auction.outcome") << to_string(why);
    }
    std::vector<AnyEvent> forged = sound;
    std::get<Event>(forged[at]).reason = from_registry(registry::Reason::insufficient_balance);
    cause(forged, at, let_go);
    EXPECT_EQ(fault_in(forged), "auction.reason");
}

TEST(Auctions, TheAuditorCountsCovers) {
    AuctionDesk desk(european_rules());
    const TransferId id = desk.begin(3'000);
    EXPECT_EQ(desk.bid(1, id, 70, 2'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 70, 2'000), Reason::ok);
    desk.ok("ada", "bo", CallOffAuction{.auction = id, .reason = "a wrong vintage"});
    const std::vector<AnyEvent> sound = events_of(desk);
    ASSERT_EQ(fault_in(sound), "none");
    // A bid that nothing covers.
    std::vector<AnyEvent> forged = sound;
    cause(forged,
          last_of(sound,
                  [](const Event& event) {
                      const auto command = decode_command(event.envelope.body);
                      return command && std::holds_alternative<PlaceBid>(*command);
                  }),
          {});
    EXPECT_EQ(fault_in(forged), "auction.covers");
    // One of two is not given back, or none is.
    const std::size_t off = last_of(sound, [](const Event&) { return true; });
    ASSERT_EQ(std::get<Event>(sound[off]).postings, 2U);
    const auto& first = std::get<registry::Event>(sound[off + 1]);
    for (const auto& kept : {std::vector{first}, std::vector<registry::Event>{}}) {
        forged = sound;
        cause(forged, off, kept);
        EXPECT_EQ(fault_in(forged), "auction.covers");
    }
    forged = sound;
    cause(forged, off, {first, first});
    EXPECT_EQ(fault_in(forged), "posting");
}

// The bids of AChangeOfControlIsSeenWhenItClears, where 500 of the bid at 65 count less and 500 at 64 instead, with all that follows.
TEST(Auctions, TheAuditorCountsWhatIsWithinALimit) {
    AuctionDesk desk(limited_rules());
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 3'000), Reason::ok);
    EXPECT_EQ(desk.bid(1, id, 65, 1'500), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 66, 1'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 64, 1'000), Reason::ok);
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
    desk.close(id);
    std::vector<AnyEvent> events = events_of(desk);
    ASSERT_EQ(fault_in(events), "none");
    AuctionClearing& said = std::get<Event>(events[last_of(events, clears)]).clearing;
    said.price_micro = euros(64);
    said.bids[1].counted = said.bids[1].fill = 500;
    said.bids[3].counted = said.bids[3].fill = 500;
    said.bids[3].state = BidState::won;
    EXPECT_EQ(fault_in(events), "auction.counted");
}

// The same of the holding limit: 1,000 less than there is room for.
TEST(Auctions, TheAuditorReckonsTheHoldingLimit) {
    AuctionDesk desk(rules_with_a_limit());
    const TransferId id = desk.begin(20'000);
    EXPECT_EQ(desk.bid(1, id, 70, 8'000), Reason::ok);
    EXPECT_EQ(desk.bid(2, id, 60, 8'000), Reason::ok);
    desk.close(id);
    std::vector<AnyEvent> events = events_of(desk);
    ASSERT_EQ(fault_in(events), "none");
    AuctionClearing& said = std::get<Event>(events[last_of(events, clears)]).clearing;
    for (std::int64_t* figure :
         {&said.bids[1].counted, &said.bids[1].fill, &said.sold, &said.bid_for, &said.used.front()})
        *figure -= 1'000;
    EXPECT_EQ(fault_in(events), "auction.counted");
}

// 3,500 in lots of 500 among three bids for 2,000 each: 7 lots x 2,000 / 6,000 are 2 1/3 each; the lot that is left goes to the first of the
// draw. Given to another it is found.
TEST(Auctions, TheAuditorSharesToTheLot) {
    Rules rules = auction_rules();
    rules.auction.tie = TieRule::pro_rata;
    AuctionDesk desk(rules);
    const TransferId id = desk.begin(3'500);
    for (const std::uint64_t firm : {1U, 2U, 3U})
        EXPECT_EQ(desk.bid(firm, id, 70, 2'000), Reason::ok);
    desk.close(id);
    std::vector<std::int64_t> fills;
    for (const std::uint64_t firm : {1U, 2U, 3U}) fills.push_back(desk.fill(firm, id));
    std::vector<std::int64_t> sorted = fills;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, (std::vector<std::int64_t>{1'000, 1'000, 1'500}));
    std::vector<AnyEvent> events = events_of(desk);
    ASSERT_EQ(fault_in(events), "none");
    AuctionClearing& said = std::get<Event>(events[last_of(events, clears)]).clearing;
    const std::size_t most =
        static_cast<std::size_t>(std::max_element(fills.begin(), fills.end()) - fills.begin());
    std::swap(said.bids[most].fill, said.bids[(most + 1) % 3].fill);
    EXPECT_EQ(fault_in(events), "auction.fill");
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
    const auto with_ceiling = [&](std::int32_t share) {
        return where([&](AuctionRules& a) {
            a.containment = {{.trigger_micro = 10, .share = {share}}};
            a.ceiling = true;
            a.ceiling_price_micro = 20;
        });
    };
    EXPECT_EQ(with_ceiling(kMillion), "");
    EXPECT_EQ(with_ceiling(999'999), "auction.containment.share_percent") << "it would never open";
    EXPECT_EQ(where([](AuctionRules& a) {
                  a.containment = {{.trigger_micro = 10, .share = {kMillion}}};
                  a.ceiling = true;
              }),
              "auction.ceiling_price_micro");
}

}  // namespace
}  // namespace abate::engine
