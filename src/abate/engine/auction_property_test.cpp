// Random auctions through commands: cover is what the open bids say, whatever is sold is what somebody holds and somebody paid, no group is
// beyond a limit by what it won, and raising a bid never shrinks its fill.
#include "abate/engine/auction_test_support.h"

#include <rapidcheck/gtest.h>

#include <map>

namespace abate::engine {
namespace {

using namespace scheme;

constexpr std::uint64_t kFirms = 4;

Rules any_rules() {
    Rules rules = auction_rules();
    AuctionRules& a = rules.auction;
    a.tie = *rc::gen::element(TieRule::drawn, TieRule::pro_rata);
    a.on_shortfall = *rc::gen::element(Shortfall::sell, Shortfall::cancel);
    a.respread_auctions = *rc::gen::element<std::int64_t>(0, 4);
    a.reserve_price_micro = *rc::gen::element<std::int64_t>(0, euros(3));
    if (a.reserve_price_micro > 0)
        a.unsold_at = *rc::gen::element(UnsoldPrice::reserve, UnsoldPrice::last_bid);
    a.withheld = *rc::gen::element(Ppm{0}, Ppm{100'000});
    a.withheld_trigger_micro = euros(5);
    if (*rc::gen::arbitrary<bool>())
        a.containment = {{.trigger_micro = euros(7), .share = {100'000}},
                         {.trigger_micro = euros(9), .share = {200'000}}};
    a.purchase_limit = *rc::gen::element(Ppm{kMillion}, Ppm{400'000});
    if (*rc::gen::arbitrary<bool>()) {
        // 5,000 or 10,000 of the cap of 100,000.
        rules.compliance.holding_limit = true;
        rules.compliance.holding_base = 100'000;
        rules.compliance.holding_base_share = *rc::gen::element(Ppm{50'000}, Ppm{100'000});
        rules.compliance.holding_rest_share = {};
    }
    return rules;
}

void check_cover(const AuctionDesk& desk) {
    std::map<std::uint64_t, std::int64_t> cover;
    for (const auto& [id, auction] : desk.state().auction.auctions)
        for (const auto& [bid, each] : auction.bids)
            if (each.state == BidState::open)
                cover[static_cast<std::uint64_t>(each.participant)] +=
                    each.price_micro * each.quantity;
    for (std::uint64_t firm = 1; firm <= kFirms; ++firm)
        RC_ASSERT(desk.promised(firm) == cover[firm]);
}

void check_sums(const AuctionDesk& desk) {
    std::int64_t sold = 0;
    std::int64_t revenue = 0;
    for (const auto& [id, auction] : desk.state().auction.auctions) {
        std::int64_t fills = 0;
        for (const auto& [bid, each] : auction.bids) {
            RC_ASSERT(each.fill >= 0 && each.fill <= each.quantity);
            if (each.fill > 0) RC_ASSERT(each.price_micro >= auction.result->price_micro);
            fills += each.fill;
        }
        if (!auction.result) continue;
        RC_ASSERT(fills == auction.result->sold);
        sold += fills;
        revenue += auction.result->revenue_micro;
    }
    std::int64_t held = 0;
    std::int64_t cash = 0;
    for (std::uint64_t firm = 1; firm <= kFirms; ++firm) {
        held += desk.held(firm);
        cash += desk.cash(firm);
    }
    RC_ASSERT(held == sold);
    RC_ASSERT(desk.money(7) == revenue);
    RC_ASSERT(cash + revenue == static_cast<std::int64_t>(kFirms) * 1'000'000'000);
    // Nothing of the volume is lost: it lies in the two accounts, whatever was cancelled, carried or withheld.
    RC_ASSERT(desk.balance(3, 2027).posted + desk.balance(5, 2027).posted + sold == 60'000);
}

// What counts of a group is within its purchase limit, and who won something holds no more than the holding limit: by the groups of the close.
void check_limits(const AuctionDesk& desk, const TransferId& id) {
    const Auction& auction = desk.at(id);
    struct Sums {
        std::int64_t counted = 0;
        std::int64_t filled = 0;
        std::int64_t held = 0;
    };
    std::map<GroupId, Sums> groups;
    for (std::uint64_t firm = 1; firm <= kFirms; ++firm)
        groups[group_of(desk.state(), ParticipantId{firm})].held += desk.held(firm);
    for (const auto& [bid, each] : auction.bids) {
        Sums& sums = groups[group_of(desk.state(), each.participant)];
        sums.counted += each.counted;
        sums.filled += each.fill;
        RC_ASSERT(each.fill <= each.counted && each.counted <= each.quantity);
    }
    const std::optional<std::int64_t> limit =
        current_holding_limit(desk.state(), auction.notice.said.closes_at);
    for (const auto& [group, sums] : groups) {
        RC_ASSERT(sums.counted <= purchase_limit_of(desk.state(), auction.notice, group));
        if (limit && sums.filled > 0) RC_ASSERT(sums.held <= *limit);
    }
}

RC_GTEST_PROP(AuctionActsProperty, CoverAndSumsHoldAtEveryStep, ()) {
    AuctionDesk desk(any_rules(), kFirms);
    for (int round = *rc::gen::inRange(1, 4); round > 0; --round) {
        const std::int64_t most = unpromised_volume({.state = desk.state(),
                                                     .books = desk.engine().registry(),
                                                     .now = desk.now(),
                                                     .id = {},
                                                     .act = {},
                                                     .by = {}},
                                                    2027);
        const std::int64_t quantity = std::min(most, *rc::gen::inRange<std::int64_t>(1, 20) * 500);
        OpenAuction said = desk.notice(quantity);
        if (desk.ask_both("ada", "bo", said) != Reason::ok) break;
        const TransferId id = desk.last_id();
        desk.pass(kHourUs);
        std::vector<std::pair<std::uint64_t, TransferId>> placed;
        for (int steps = *rc::gen::inRange(0, 14); steps > 0; --steps) {
            const auto firm = *rc::gen::inRange<std::uint64_t>(1, kFirms + 1);
            const std::string who = "f" + std::to_string(firm) + "-1";
            const auto price = static_cast<double>(*rc::gen::inRange(1, 12));
            const auto lots = *rc::gen::inRange<std::int64_t>(1, 12) * 500;
            const int kind = *rc::gen::inRange(0, 10);
            if (kind < 7 || placed.empty()) {
                if (desk.bid(firm, id, price, lots) == Reason::ok)
                    placed.emplace_back(firm, desk.last_id());
            } else {
                const auto& [whose, bid] = placed[*rc::gen::inRange<std::size_t>(0, placed.size())];
                const std::string owner = "f" + std::to_string(whose) + "-1";
                if (kind == 7)
                    (void)desk.ask(
                        owner,
                        WithdrawBid{
                            .participant = ParticipantId{whose}, .auction = id, .bid = bid});
                else
                    (void)desk.ask(owner,
                                   ChangeBid{.participant = ParticipantId{whose},
                                             .auction = id,
                                             .bid = bid,
                                             .price_micro = euros(price),
                                             .quantity = lots});
            }
            check_cover(desk);
        }
        if (*rc::gen::inRange(0, 6) == 0)
            desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
        desk.close(id);
        check_cover(desk);
        check_sums(desk);
        check_limits(desk, id);
    }
    RC_ASSERT(!audit(desk.journal(), kDeskKey).fault);
}

// The same window twice, but one bid is at a higher price in the second.
RC_GTEST_PROP(AuctionActsProperty, ARaisedBidGetsNoLess, ()) {
    const Rules rules = any_rules();
    struct Asked {
        std::uint64_t firm;
        int price;
        std::int64_t quantity;
    };
    std::vector<Asked> asked;
    for (int bids = *rc::gen::inRange(1, 10); bids > 0; --bids)
        asked.push_back({*rc::gen::inRange<std::uint64_t>(1, kFirms + 1),
                         *rc::gen::inRange(1, 12),
                         *rc::gen::inRange<std::int64_t>(1, 6) * 500});
    const auto raised = *rc::gen::inRange<std::size_t>(0, asked.size());
    const auto play = [&] {
        AuctionDesk desk(rules, kFirms);
        const TransferId id = desk.begin(6'000);
        TransferId bid{};
        bool done = false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const bool ok =
                desk.bid(
                    asked[i].firm, id, static_cast<double>(asked[i].price), asked[i].quantity) ==
                Reason::ok;
            if (i == raised) {
                bid = desk.last_id();
                done = ok;
            }
        }
        desk.close(id);
        return done ? desk.at(id).bids.at(bid).fill : std::int64_t{-1};
    };
    const std::int64_t before = play();
    asked[raised].price += *rc::gen::inRange(1, 5);
    const std::int64_t after = play();
    RC_PRE(before >= 0 && after >= 0);
    RC_ASSERT(after >= before);
}

}  // namespace
}  // namespace abate::engine
