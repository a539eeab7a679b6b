#include "abate/scheme/uniform_price.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace abate::scheme {
namespace {

struct Case {
    AuctionTerms terms;
    std::vector<Bid> bids;
};

Case any_case() {
    Case c;
    c.terms.lot = *rc::gen::element<std::int64_t>(1, 5, 500);
    std::int64_t price = *rc::gen::inRange<std::int64_t>(0, 6);
    for (int steps = *rc::gen::inRange(1, 4); steps > 0; --steps) {
        c.terms.supply.push_back(
            {.price_micro = price,
             .quantity = *rc::gen::inRange<std::int64_t>(1, 40) * c.terms.lot});
        price += *rc::gen::inRange<std::int64_t>(1, 5);
    }
    c.terms.tie = *rc::gen::element(TieRule::drawn, TieRule::pro_rata);
    c.terms.unsold_at = *rc::gen::element(UnsoldPrice::reserve, UnsoldPrice::last_bid);
    for (int bids = *rc::gen::inRange(0, 20); bids > 0; --bids)
        c.bids.push_back({.price_micro = *rc::gen::inRange<std::int64_t>(1, 16),
                          .quantity = *rc::gen::inRange<std::int64_t>(1, 12) * c.terms.lot,
                          .draw = *rc::gen::inRange<std::uint64_t>(0, 8)});
    return c;
}

RC_GTEST_PROP(AuctionProperty, NobodyPaysMoreThanBidAndTheSumsAgree, ()) {
    const Case c = any_case();
    const AuctionResult r = clear(c.terms, c.bids).value();
    RC_ASSERT(std::accumulate(r.fills.begin(), r.fills.end(), std::int64_t{0}) == r.sold);
    RC_ASSERT(std::accumulate(r.used.begin(), r.used.end(), std::int64_t{0}) == r.sold);
    for (std::size_t i = 0; i < c.bids.size(); ++i) {
        RC_ASSERT(r.fills[i] >= 0 && r.fills[i] <= c.bids[i].quantity);
        if (r.fills[i] > 0) RC_ASSERT(c.bids[i].price_micro >= r.price_micro);
        // Whoever bid more than the price has all.
        if (r.sold > 0 && c.bids[i].price_micro > r.price_micro &&
            c.bids[i].price_micro >
                std::accumulate(c.bids.begin(),
                                c.bids.end(),
                                INT64_MAX,
                                [&, at = std::size_t{0}](std::int64_t least, const Bid& b) mutable {
                                    return r.fills[at++] > 0 ? std::min(least, b.price_micro)
                                                             : least;
                                }))
            RC_ASSERT(r.fills[i] == c.bids[i].quantity);
    }
    for (std::size_t s = 0; s < c.terms.supply.size(); ++s)
        if (r.used[s] > 0) RC_ASSERT(r.price_micro >= c.terms.supply[s].price_micro);
}

// Nothing that both would take is left: an independent count over every price.
RC_GTEST_PROP(AuctionProperty, SoldIsTheMostThatBothSidesTake, ()) {
    const Case c = any_case();
    const AuctionResult r = clear(c.terms, c.bids).value();
    std::int64_t most = 0;
    for (std::int64_t price = 0; price <= 40; ++price) {
        std::int64_t demand = 0;
        for (const Bid& bid : c.bids)
            if (bid.price_micro >= price) demand += bid.quantity;
        std::int64_t supply = 0;
        for (const SupplyStep& step : c.terms.supply)
            if (step.price_micro <= price) supply += step.quantity;
        most = std::max(most, std::min(demand, supply));
    }
    RC_ASSERT(r.sold == most);
}

RC_GTEST_PROP(AuctionProperty, ARaisedBidGetsNoLess, ()) {
    Case c = any_case();
    RC_PRE(!c.bids.empty());
    const std::size_t i = *rc::gen::inRange<std::size_t>(0, c.bids.size());
    const AuctionResult before = clear(c.terms, c.bids).value();
    c.bids[i].price_micro += *rc::gen::inRange<std::int64_t>(1, 6);
    const AuctionResult after = clear(c.terms, c.bids).value();
    RC_ASSERT(after.fills[i] >= before.fills[i]);
}

RC_GTEST_PROP(AuctionProperty, SpreadingLosesNothing, ()) {
    const auto quantity = *rc::gen::inRange<std::int64_t>(0, 1'000'000);
    const auto lot = *rc::gen::inRange<std::int64_t>(1, 1'000);
    const auto auctions = *rc::gen::inRange<std::int64_t>(1, 9);
    const std::vector<std::int64_t> parts =
        respread({.quantity = quantity, .lot = lot, .auctions = auctions}).value();
    RC_ASSERT(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}) == quantity);
    for (std::size_t k = 1; k < parts.size(); ++k) {
        RC_ASSERT(parts[k] % lot == 0);
        RC_ASSERT(parts[k] <= parts[k - 1]);
    }
}

}  // namespace
}  // namespace abate::scheme
