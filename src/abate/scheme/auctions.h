// Auctions of allowances as acts of the scheme: the notice, the bids, the clearing. The rule that clears stands in uniform_price.h.
//
//     notice_of(state, open, {.id = ..., .act = ...});          // what an OpenAuction announces: steps, limits, terms
//     clearing_of(look, auction);                               // what would come of it now, with the postings that settle it
//     clearing_of(look, auction).clearing.price_micro;
//
// Supply comes from the year's cap statement: it lies in the auction account and the containment reserve, and an auction takes no more than
// is there beside what others promise. Bids are covered: price x quantity is reserved when they are placed. Limits hold over all bids of a
// group, when a bid is placed and once more when the auction clears, by the groups as they are then.
//
// Equal prices are served in an order that stands with the notice, before the first bid, and that no bid changes: draw_of() hashes the
// notice's draw with the participant. The notice's draw is made of the ids of the proposal and of its approval. No bidder has a hand in it;
// whoever approves can try ids until the order suits, so the two operators are trusted with it.
#pragma once

#include "abate/scheme/decide.h"
#include "abate/scheme/period.h"

#include <utility>
#include <vector>

namespace abate::scheme {

inline constexpr std::size_t kMostBids = 100;  // open ones of a participant, in one auction

// The year in which a moment lies; before the first the first, after the last the last. None: no year is open.
[[nodiscard]] const Period* period_of_moment(const State& state, Timestamp at);
// A price of the rules in a later year: grown and rounded every year. Reasons: figures_out_of_range.
[[nodiscard]] Derived<std::int64_t> price_in_year(const Rules& rules,
                                                  std::int64_t first_micro,
                                                  std::int64_t year);

// Of a vintage's auction volume in the books: what no open auction has announced, no cancelled one has left for later, and no withheld step
// has taken out for good.
[[nodiscard]] std::int64_t unpromised_volume(const Look& look, std::int32_t vintage);
// Of what a holder has consigned: in the notices of open auctions.
[[nodiscard]] std::int64_t in_notices(const State& state, const ParticipantYear& whose);

struct Announced {
    TransferId id;
    TransferId act;
};
// Reasons: period_not_open, figures_out_of_range.
[[nodiscard]] Derived<Notice> notice_of(const State& state,
                                        const OpenAuction& said,
                                        const Announced& by);

// Of the vintage's containment reserve: what auctions have sold of it, whatever the tiers were.
[[nodiscard]] std::int64_t containment_sold(const State& state, std::int64_t vintage);
// Below it an auction is cancelled: that part of a reference price, rounded up.
[[nodiscard]] constexpr std::int64_t least_price(std::int64_t reference_micro, Ppm part) {
    return sum_within(0, (Int128{reference_micro} * part.value + kMillion - 1) / kMillion);
}

// Of the first steps, up to the containment reserve: what purchase limits are a share of.
[[nodiscard]] std::int64_t offered(const Notice& notice);
[[nodiscard]] AuctionTerms terms_of(const Notice& notice);
[[nodiscard]] std::uint64_t draw_of(const Notice& notice, ParticipantId participant);
// Those that are open, by arrival.
[[nodiscard]] std::vector<std::pair<TransferId, SealedBid>> open_bids(const Auction& auction);
// The most that a group may bid for.
[[nodiscard]] std::int64_t purchase_limit_of(const State& state,
                                             const Notice& notice,
                                             GroupId group);

// What comes of an auction, and how it is settled: one chain.
struct Settled {
    AuctionClearing clearing = {};
    std::vector<registry::Command> postings = {};
};
[[nodiscard]] Settled clearing_of(const Look& look, const Auction& auction);

}  // namespace abate::scheme
