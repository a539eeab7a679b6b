// What a scheme remembers of its auctions: the member `auction` of State.
#pragma once

#include "abate/scheme/auction_commands.h"
#include "abate/scheme/fields.h"
#include "abate/scheme/uniform_price.h"

#include <map>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Where the allowances of a step come from.
enum class Source : std::uint8_t {
    auction = 1,  // consigned ones first, then the year's auction volume
    withheld =
        2,  // of the auction volume too: for sale only from its trigger on, and never again (ECR)
    containment = 3,  // the price-containment reserve (CCR, reserve tiers)
};

struct OfferStep {
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    Source source = Source::auction;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("price_micro", self.price_micro);
        visit("quantity", self.quantity);
        visit("source", self.source);
    }
};

// Of one holder whose allowances are sold for it.
struct ConsignedLine {
    ParticipantId participant{};
    std::int64_t quantity = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("quantity", self.quantity);
    }
};

// What is announced: nothing in it moves after that.
struct Notice {
    std::int64_t number = 0;  // of the scheme's auctions, from 1 on
    std::int64_t year = 0;    // whose rules and prices it has
    OpenAuction said = {};
    std::int64_t carried = 0;     // from auctions that were cancelled, beside said.quantity
    std::int64_t own_volume = 0;  // said.quantity + carried
    std::vector<OfferStep> steps = {};
    std::vector<ConsignedLine> consigned = {};  // within the first step
    std::int64_t lot = 1;
    std::int64_t tick_micro = 1;
    TieRule tie = TieRule::drawn;
    UnsoldPrice unsold_at = UnsoldPrice::last_bid;
    Shortfall on_shortfall = Shortfall::sell;
    std::int64_t least_price_micro = 0;  // by what `said` states of the secondary market
    Ppm least_of_reference = {};         // by the market's own trades, where there are any
    std::int64_t group_limit = 0;        // of all bids of a group that has an obligated participant
    std::int64_t trader_limit = 0;       // of any other
    std::int64_t respread_auctions = 0;
    Hash128 draw{};  // of which, with the participant, the order of equal prices is made
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("number", self.number);
        visit("year", self.year);
        visit("said", self.said);
        visit("carried", self.carried);
        visit("own_volume", self.own_volume);
        visit("steps", self.steps);
        visit("consigned", self.consigned);
        visit("lot", self.lot);
        visit("tick_micro", self.tick_micro);
        visit("tie", self.tie);
        visit("unsold_at", self.unsold_at);
        visit("on_shortfall", self.on_shortfall);
        visit("least_price_micro", self.least_price_micro);
        visit("least_of_reference", self.least_of_reference);
        visit("group_limit", self.group_limit);
        visit("trader_limit", self.trader_limit);
        visit("respread_auctions", self.respread_auctions);
        visit("draw", self.draw);
    }
};

enum class BidState : std::uint8_t {
    open = 1,
    withdrawn = 2,
    won = 3,
    lost = 4,
    account_shut = 5,  // void: its money was frozen, or its account could not receive
    over_limit = 6,    // void: its group was at a limit without it
    released = 7,      // the auction was not held
};
[[nodiscard]] std::string_view to_string(BidState value);

struct SealedBid {
    ParticipantId participant{};
    AccountId from{};
    AccountId to{};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    Timestamp at = {};  // placed, or changed last
    PublicKey by{};
    TransferId reserve{};  // the registry's pending transfer
    BidState state = BidState::open;
    std::int64_t counted = 0;  // of `quantity`, when it cleared: the rest was beyond a limit
    std::int64_t fill = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("from", self.from);
        visit("to", self.to);
        visit("price_micro", self.price_micro);
        visit("quantity", self.quantity);
        visit("at", self.at);
        visit("by", self.by);
        visit("reserve", self.reserve);
        visit("state", self.state);
        visit("counted", self.counted);
        visit("fill", self.fill);
    }
};

// What came of a bid.
struct BidResult {
    TransferId bid{};
    BidState state = BidState::lost;
    std::int64_t counted = 0;
    std::int64_t fill = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("bid", self.bid);
        visit("state", self.state);
        visit("counted", self.counted);
        visit("fill", self.fill);
    }
};

// What the event of a clearing says, beside its postings: folding needs no second reckoning.
struct AuctionClearing {
    AuctionOutcome outcome = AuctionOutcome::no_bids;
    std::int64_t price_micro = 0;
    std::int64_t sold = 0;
    std::int64_t bid_for = 0;
    // What the scheme's own market paid by then, where the notice has a least part of it; 0: nobody had traded, or nothing is asked.
    std::int64_t reference_micro = 0;
    std::vector<BidResult> bids = {};     // of all that were open, in the order of their arrival
    std::vector<std::int64_t> used = {};  // of each step of the notice
    std::vector<ConsignedLine> consigned = {};  // sold of each holder's
    std::vector<ParticipantId> not_sold =
        {};  // holders who could not be paid: theirs was not for sale
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("outcome", self.outcome);
        visit("price_micro", self.price_micro);
        visit("sold", self.sold);
        visit("bid_for", self.bid_for);
        visit("reference_micro", self.reference_micro);
        visit("bids", self.bids);
        visit("used", self.used);
        visit("consigned", self.consigned);
        visit("not_sold", self.not_sold);
    }
};

// What is published: totals, no bids.
struct PublishedResult {
    AuctionOutcome outcome = AuctionOutcome::no_bids;
    Timestamp at = {};  // when its window closed, or when it was called off
    std::int64_t price_micro = 0;
    std::int64_t sold = 0;
    std::int64_t bid_for = 0;
    std::int64_t reference_micro = 0;  // as in AuctionClearing
    std::int64_t bidders = 0;          // participants
    std::int64_t winners = 0;
    std::int64_t revenue_micro = 0;  // price x sold; of it to holders of consigned allowances:
    std::int64_t consigned_micro = 0;
    std::int64_t consigned_sold = 0;
    std::int64_t from_containment = 0;
    std::int64_t withheld = 0;  // and not offered again
    std::int64_t carried = 0;   // to later auctions
    std::int64_t void_bids = 0;
    std::string reason = {};  // of the operator who called it off
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("outcome", self.outcome);
        visit("at", self.at);
        visit("price_micro", self.price_micro);
        visit("sold", self.sold);
        visit("bid_for", self.bid_for);
        visit("reference_micro", self.reference_micro);
        visit("bidders", self.bidders);
        visit("winners", self.winners);
        visit("revenue_micro", self.revenue_micro);
        visit("consigned_micro", self.consigned_micro);
        visit("consigned_sold", self.consigned_sold);
        visit("from_containment", self.from_containment);
        visit("withheld", self.withheld);
        visit("carried", self.carried);
        visit("void_bids", self.void_bids);
        visit("reason", self.reason);
    }
};

struct Auction {
    Notice notice = {};
    std::map<TransferId, SealedBid> bids = {};
    std::optional<PublishedResult> result = {};  // none: it has not cleared
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("notice", self.notice);
        visit("bids", self.bids);
        visit("result", self.result);
    }
};

// Sold at the ceiling, of a year: issued above its cap.
struct CeilingSales {
    std::int64_t quantity = 0;
    std::int64_t revenue_micro = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("quantity", self.quantity);
        visit("revenue_micro", self.revenue_micro);
    }
};

struct AuctionState {
    std::map<TransferId, Auction> auctions = {};
    // By vintage: of cancelled auctions, for the next one, the one after it, ...
    std::map<std::int64_t, std::vector<std::int64_t>> carried = {};
    std::map<std::int64_t, std::int64_t> withheld = {};  // by vintage; stays in the auction account
    // By vintage: of the containment reserve, whichever tiers it had then.
    std::map<std::int64_t, std::int64_t> containment_sold = {};
    std::map<std::int64_t, CeilingSales> above_cap = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("auctions", self.auctions);
        visit("carried", self.carried);
        visit("withheld", self.withheld);
        visit("containment_sold", self.containment_sold);
        visit("above_cap", self.above_cap);
    }
};

}  // namespace abate::scheme
