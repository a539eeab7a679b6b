// Commands of auctions: sealed bids, one round, one price.
//
//     open_auction -> place_bid, change_bid, withdraw_bid inside the window -> it clears by itself when the window closes (auctions.h)
//
// An auction is named by the id of the command that opened it, a bid by the id of the command that placed it.
#pragma once

#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <string>

namespace abate::scheme {

// The notice. Supply, terms and limits follow from the rules of the year in which the window closes, and stay as they are then.
struct OpenAuction {
    static constexpr std::uint8_t number = 110;
    static constexpr const char* name = "open_auction";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;  // beside what earlier auctions left for this one; may be 0 then
    Timestamp opens_at = {};
    Timestamp closes_at = {};  // bids are taken before it
    // What the secondary market pays, per allowance, by the method that `reference` says: for auction.least_of_reference_percent, where the
    // scheme's own market has no trades. 0: none.
    std::int64_t reference_price_micro = 0;
    std::string reference = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("opens_at", self.opens_at);
        visit("closes_at", self.closes_at);
        visit("reference_price_micro", self.reference_price_micro);
        visit("reference", self.reference);
    }
};

// Before it clears: everything promised is free again, and its volume is as that of any auction that was not held.
struct CallOffAuction {
    static constexpr std::uint8_t number = 111;
    static constexpr const char* name = "call_off_auction";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    TransferId auction{};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("auction", self.auction);
        visit("reason", self.reason);
    }
};

// Who orders may bid: an initiator, or a key with a mandate.
inline constexpr Role kBidder = static_cast<Role>(static_cast<std::uint8_t>(Role::initiator) |
                                                  static_cast<std::uint8_t>(Role::market));

// price x quantity is reserved out of `from` until the auction is over.
struct PlaceBid {
    static constexpr std::uint8_t number = 112;
    static constexpr const char* name = "place_bid";
    static constexpr Authority authority{.first = kBidder, .own = true};
    ParticipantId participant{};
    TransferId auction{};
    AccountId from{};  // cash
    AccountId to{};    // a holding account
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("auction", self.auction);
        visit("from", self.from);
        visit("to", self.to);
        visit("price_micro", self.price_micro);
        visit("quantity", self.quantity);
    }
};

// To another price and quantity, from now on: it is as late as a new one.
struct ChangeBid {
    static constexpr std::uint8_t number = 113;
    static constexpr const char* name = "change_bid";
    static constexpr Authority authority{.first = kBidder, .own = true};
    ParticipantId participant{};
    TransferId auction{};
    TransferId bid{};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("auction", self.auction);
        visit("bid", self.bid);
        visit("price_micro", self.price_micro);
        visit("quantity", self.quantity);
    }
};

struct WithdrawBid {
    static constexpr std::uint8_t number = 114;
    static constexpr const char* name = "withdraw_bid";
    static constexpr Authority authority{.first = kBidder, .own = true};
    ParticipantId participant{};
    TransferId auction{};
    TransferId bid{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("auction", self.auction);
        visit("bid", self.bid);
    }
};

// At the price ceiling, once the containment reserve is sold: as much as the participant still lacks for the year, issued above the cap
// into its compliance account.
struct BuyAtCeiling {
    static constexpr std::uint8_t number = 115;
    static constexpr const char* name = "buy_at_ceiling";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    std::int64_t year = 0;
    AccountId from{};  // cash
    AccountId to{};    // a compliance account
    std::int64_t quantity = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("from", self.from);
        visit("to", self.to);
        visit("quantity", self.quantity);
    }
};

}  // namespace abate::scheme
