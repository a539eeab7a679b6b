// One price for a period of a vintage that the last trade cannot set, and what a day came to.
//
//     const Result<PriceIndex> index = price_index({.tape = tape, .period = day, .groups = groups}, yesterday, {});
//     index.value().price_micro          // none: never traded enough
//     index.value().carried              // yesterday's, since too little was traded
//
// The index is a volume-weighted mean, in this order:
//   1. Trades within one group are left out.
//   2. Too few allowances, trades or groups: the last index is carried, and says so.
//   3. A price further than band_ppm from the median is taken as the end of the band. The median is the lowest price at or below which
//      half of the volume was traded; the band's width is cut to whole micro-units.
//   4. A trade counts for both its groups. A group that has more than group_share_ppm of all that counts (which is twice the volume) counts
//      with that much, at the mean of its own trades.
//   5. The mean is rounded half up to whole micro-units, once; that of a capped group once more before.
//
// So the index lies between the lowest and the highest price, and does not ask in which order trades came. One more trade of quantity q,
// less than half of the volume with it, where the other prices lie within a band of each other: while no cap binds it moves the index by at
// most q / (volume with q) of the distance to its price, itself within the band; where caps bind, by at most 6q / weight of the widest
// distance. A market whose prices lie in two heaps further apart than the band has a median that a small trade can move from one to the
// other, and the index follows; whoever makes half of the volume sets the median.
//
// Cost: sorting the period's trades. Integers throughout: volumes below 2^60, so sums below 2^126.
#pragma once

#include "abate/exchange/tape_period.h"

#include <optional>
#include <span>
#include <vector>

namespace abate::exchange {

// Defaults are ours; docs/reference/surveillance.md reasons for each.
struct IndexRules {
    std::int64_t band_ppm = 50'000;          // about the median
    std::int64_t group_share_ppm = 250'000;  // 1,000,000: no cap
    std::int64_t least_quantity = 10'000;    // ten lots
    std::uint64_t least_trades = 3;          //
    std::uint64_t least_groups = 4;          // as many as the share needs
    std::int64_t erroneous_ppm = 100'000;    // about the index
};

struct Priced {
    std::span<const TapeEntry> tape = {};  // one book's
    Period period = {};
    const GroupOf& groups;  // of everybody on the tape
    std::span<const std::uint64_t> annulled =
        {};  // numbers of trades that count for nothing, rising
};

struct PriceIndex {
    std::optional<std::int64_t> price_micro = {};  // none: carried, and there was none before
    bool carried = false;
    // What there was between groups, whether or not it was enough.
    std::int64_t quantity = 0;
    std::uint64_t trades = 0;
    std::uint64_t groups = 0;
    // Of an index that is not carried.
    std::int64_t median_micro = 0;
    std::int64_t low_micro = 0;  // the band
    std::int64_t high_micro = 0;
    std::uint64_t beyond_band = 0;    // trades
    std::uint64_t groups_capped = 0;  //
    std::int64_t weight = 0;          // twice the quantity, less what caps took
    bool operator==(const PriceIndex&) const = default;
};

// A day's, or with trailing() that of a rolling window. Errors: what check_tape says; invalid_argument (rules: a negative one, a share
// of 0 or above 1,000,000).
[[nodiscard]] Result<PriceIndex> price_index(const Priced& priced,
                                             std::optional<std::int64_t> last_micro,
                                             const IndexRules& rules);

// Whether a price is further than the band from the index: a trade that somebody should look at before it settles.
// REQUIRES: an index above 0; band_ppm >= 0.
[[nodiscard]] bool erroneous(const PriceMove& move, std::int64_t band_ppm);
// Numbers of the period's trades of which that is so, rising. Errors: what check_tape says; invalid_argument (an index that is not above
// 0, a negative band).
[[nodiscard]] Result<std::vector<std::uint64_t>> erroneous_trades(const Priced& priced,
                                                                  std::int64_t index_micro,
                                                                  const IndexRules& rules);

struct RestingAtEnd {
    std::uint64_t orders = 0;
    Int128 quantity = 0;
    std::optional<std::int64_t> best_micro = {};
    bool operator==(const RestingAtEnd&) const = default;
};

// Of a period, all trades, those within a group too.
struct DayStatistics {
    std::int32_t vintage = 0;  // 0: the tape is empty
    Period period = {};
    std::optional<std::int64_t> open_micro = {};  // none: no trade
    std::optional<std::int64_t> high_micro = {};
    std::optional<std::int64_t> low_micro = {};
    std::optional<std::int64_t> close_micro = {};  // the last trade's; not the index
    std::int64_t volume = 0;
    Int128 notional = 0;  // Σ price_micro x quantity
    std::uint64_t trades = 0;
    RestingAtEnd bids = {};  // when the period ended, as far as the tape reaches back
    RestingAtEnd asks = {};
    PriceIndex index = {};
};
// Errors: those of price_index.
[[nodiscard]] Result<DayStatistics> day_statistics(const Priced& priced,
                                                   std::optional<std::int64_t> last_index_micro,
                                                   const IndexRules& rules);

}  // namespace abate::exchange
