// A sealed-bid auction of one round at one price: who gets how much, and what everybody pays.
//
//     const AuctionResult result = clear({.supply = {{.price_micro = 0, .quantity = 3'000}}, .lot = 500, .on_shortfall = cancel}, bids);
//     if (result.outcome == AuctionOutcome::sold) ... result.price_micro, result.fills[i] of bids[i]
//
// Supply is a staircase: steps of a quantity that is for sale at a price or above it. A plain auction has one step at its reserve price;
// a cost containment reserve (RGGI's CCR) is a further step at its trigger; what an emissions containment reserve (ECR) withholds below its
// trigger is a part of the supply whose step stands at that trigger. Bids meet the staircase from the dearest on, while a bid is at or
// above the step.
//   - The supply at hand is sold out at some bid: that bid's price (Regulation 1031/2010 art. 7: the price of the bid at which the sum
//     reaches the volume; the last bid is filled in part).
//   - Bids run out on a step: the step's price. So a step that is partly used clears at its trigger (RGGI auction 54: 13.00), and an
//     auction that does not sell out at its reserve price where `unsold_at` says so; else at the last accepted bid's.
// Equal prices are ordered by `draw`, which the caller fixed before it saw the bids, or share in proportion.
//
// Integers throughout: Σ fills = sold, and every fill is at most its bid.
#pragma once

#include "abate/core/result.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace abate::scheme {

struct SupplyStep {
    std::int64_t price_micro = 0;  // for sale at this price or above it
    std::int64_t quantity = 0;     // allowances
};

struct Bid {
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    std::uint64_t draw = 0;  // among equal prices, lower is served first
};

// Numbers are those of the journal.
enum class TieRule : std::uint8_t {
    drawn = 1,     // whole bids in the order of `draw`, the last in part (EU)
    pro_rata = 2,  // in proportion, whole lots by largest remainder, then by `draw`
};
enum class UnsoldPrice : std::uint8_t {
    reserve = 1,   // of the step on which bids ran out
    last_bid = 2,  // of the lowest accepted bid
};
enum class Shortfall : std::uint8_t {
    sell = 1,    // what is bid for is sold
    cancel = 2,  // bids for less than the first step's whole quantity: nothing is sold (EU)
};

struct AuctionTerms {
    std::vector<SupplyStep> supply = {};  // by rising price, each price once
    std::int64_t lot =
        1;  // bids are multiples of it; fills too, but for the one that takes the rest of the supply
    TieRule tie = TieRule::drawn;
    UnsoldPrice unsold_at = UnsoldPrice::last_bid;
    Shortfall on_shortfall = Shortfall::sell;
    // Cancelled where the price is below this: "significantly under" the secondary market's, by a method fixed before. 0: never.
    std::int64_t least_price_micro = 0;
};

enum class AuctionOutcome : std::uint8_t {
    sold = 1,
    undersubscribed = 2,  // cancelled: see Shortfall
    price_too_low = 3,    // cancelled: see least_price_micro
    no_bids = 4,          // none at or above the first step
    // Not from clear(): why nothing was cleared.
    halted = 5,      // bank and books differed when it closed
    called_off = 6,  // by the operator
    failed = 7,      // nothing was for sale any more, or the books refused the settlement
};
[[nodiscard]] std::string_view to_string(TieRule value);
[[nodiscard]] std::string_view to_string(UnsoldPrice value);
[[nodiscard]] std::string_view to_string(Shortfall value);
[[nodiscard]] std::string_view to_string(AuctionOutcome value);

struct AuctionResult {
    AuctionOutcome outcome = AuctionOutcome::no_bids;
    std::int64_t price_micro = 0;          // that a sale has, or would have had; 0: no_bids
    std::int64_t sold = 0;                 // Σ fills; 0 where it was cancelled
    std::int64_t bid_for = 0;              // at or above the first step
    std::vector<std::int64_t> fills = {};  // of each bid
    std::vector<std::int64_t> used = {};   // of each step
};

// Errors: invalid_argument (no supply, a step or bid that is not positive, prices that do not rise, a lot below 1, a bid that is no
// multiple of the lot), out_of_range (sums beyond 2^63 - 1). Cost: sorting the bids.
[[nodiscard]] Result<AuctionResult> clear(const AuctionTerms& terms, std::span<const Bid> bids);

// Who is served first: the dearest, then by draw; the last word has the order in which they are given, as a rule of arrival.
[[nodiscard]] std::vector<std::size_t> by_rank(std::span<const Bid> bids);

// What the winners pay together, in micro-units: price x quantity, exact. Errors: out_of_range.
[[nodiscard]] Result<std::int64_t> revenue_micro(const AuctionResult& result);

// A cancelled volume spread over the next auctions in whole lots, earlier ones first where it does not come out even; what is no whole
// lot joins the first (Regulation 1031/2010 art. 7(5) and (6): the next four of the platform). Errors: invalid_argument.
struct Respread {
    std::int64_t quantity = 0;
    std::int64_t lot = 1;
    std::int64_t auctions = 4;
};
[[nodiscard]] Result<std::vector<std::int64_t>> respread(const Respread& what);

// Demand at each price of a bid, dearest first: the curve that people look at.
struct DemandPoint {
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;  // bid for at this price or above it
};
[[nodiscard]] std::vector<DemandPoint> demand_curve(std::span<const Bid> bids);

// A trigger price of a later year: `growth_ppm` a year, rounded half up to cents (10,000 micro-units) every year, as RGGI does.
// Errors: out_of_range.
struct YearlyTrigger {
    std::int64_t first_micro = 0;
    std::int64_t growth_ppm = 0;
    std::int32_t years = 0;
};
[[nodiscard]] Result<std::int64_t> trigger_after(const YearlyTrigger& trigger);

}  // namespace abate::scheme
