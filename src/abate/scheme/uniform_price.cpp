#include "abate/scheme/uniform_price.h"

#include "abate/core/assert.h"
#include "abate/units/energy.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace abate::scheme {
namespace {

Error bad(std::string what) { return Error{ErrorCode::invalid_argument, std::move(what), "", ""}; }
Error too_large(std::string what) {
    return Error{ErrorCode::out_of_range, std::move(what), "", "Sums are kept below 2^63"};
}

// Within 64 bits, or nothing.
bool add(std::int64_t& sum, std::int64_t amount) {
    return !__builtin_add_overflow(sum, amount, &sum);
}

Result<void> check(const AuctionTerms& terms, std::span<const Bid> bids) {
    if (terms.supply.empty()) return bad("an auction without supply");
    if (terms.lot < 1) return bad("a lot below 1");
    std::int64_t supply = 0;
    for (std::size_t i = 0; i < terms.supply.size(); ++i) {
        const SupplyStep& step = terms.supply[i];
        if (step.quantity <= 0 || step.price_micro < 0)
            return bad("a step of the supply without quantity, or below a price of 0");
        if (i > 0 && step.price_micro <= terms.supply[i - 1].price_micro)
            return bad("steps of the supply whose prices do not rise");
        if (!add(supply, step.quantity)) return too_large("the supply");
    }
    std::int64_t demand = 0;
    for (const Bid& bid : bids) {
        if (bid.quantity <= 0 || bid.price_micro <= 0)
            return bad("a bid for nothing, or without a price");
        if (bid.quantity % terms.lot != 0) return bad("a bid that is no multiple of the lot");
        if (!add(demand, bid.quantity)) return too_large("the bids");
    }
    return {};
}

// `quantity` among the bids of one price, which ask for more, in proportion: whole lots by largest remainder. What is no whole lot goes to the
// first of the draw that still has place.
void share(
    std::span<const std::size_t> equals,
    std::span<const Bid> bids,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one call, in the words of the sentence above
    std::int64_t lot,
    std::int64_t quantity,
    std::vector<std::int64_t>& fills) {
    Int128 asked = 0;
    for (const std::size_t i : equals) asked += bids[i].quantity;
    struct Part {
        std::size_t bid;
        Int128 remainder;
    };
    std::vector<Part> parts;
    const std::int64_t lots = quantity / lot;
    std::int64_t left = lots;
    for (const std::size_t i : equals) {
        const Int128 exact = Int128{lots} * bids[i].quantity;
        fills[i] = static_cast<std::int64_t>(exact / asked) * lot;
        left -= static_cast<std::int64_t>(exact / asked);
        parts.push_back({i, exact % asked});
    }
    // `equals` is in the order of the draw, which a stable sort keeps.
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
        return a.remainder > b.remainder;
    });
    for (const Part& part : parts) {
        if (left == 0) break;
        fills[part.bid] += lot;
        --left;
    }
    std::int64_t rest = quantity % lot;
    for (const std::size_t i : equals) {
        const std::int64_t more = std::min(rest, bids[i].quantity - fills[i]);
        fills[i] += more;
        rest -= more;
    }
    ABATE_ASSERT(left == 0 && rest == 0);
}

}  // namespace

std::vector<std::size_t> by_rank(std::span<const Bid> bids) {
    std::vector<std::size_t> order(bids.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (bids[a].price_micro != bids[b].price_micro)
            return bids[a].price_micro > bids[b].price_micro;
        if (bids[a].draw != bids[b].draw) return bids[a].draw < bids[b].draw;
        return a < b;
    });
    return order;
}

Result<AuctionResult> clear(const AuctionTerms& terms, std::span<const Bid> bids) {
    if (const Result<void> sound = check(terms, bids); !sound) return sound.error();
    AuctionResult result;
    result.fills.assign(bids.size(), 0);
    result.used.assign(terms.supply.size(), 0);
    const std::vector<std::size_t> order = by_rank(bids);
    for (const Bid& bid : bids)
        if (bid.price_micro >= terms.supply.front().price_micro) result.bid_for += bid.quantity;
    if (result.bid_for == 0) return result;

    // Up the staircase, down the bids.
    std::size_t step = 0;
    std::int64_t lowest = 0;  // accepted
    for (const std::size_t i : order) {
        std::int64_t wanted = bids[i].quantity;
        while (wanted > 0 && step < terms.supply.size() &&
               bids[i].price_micro >= terms.supply[step].price_micro) {
            const std::int64_t here =
                std::min(wanted, terms.supply[step].quantity - result.used[step]);
            result.used[step] += here;
            result.fills[i] += here;
            result.sold += here;
            wanted -= here;
            lowest = bids[i].price_micro;
            if (result.used[step] == terms.supply[step].quantity) ++step;
        }
        if (wanted > 0) break;  // no bid below it gets anything
    }
    const bool on_a_step = step < terms.supply.size() && result.used[step] > 0;
    result.price_micro = on_a_step && terms.unsold_at == UnsoldPrice::reserve
                             ? terms.supply[step].price_micro
                             : lowest;
    if (on_a_step && step > 0) result.price_micro = terms.supply[step].price_micro;

    const auto cancel = [&](AuctionOutcome why) {
        result.outcome = why;
        result.sold = 0;
        std::fill(result.fills.begin(), result.fills.end(), 0);
        std::fill(result.used.begin(), result.used.end(), 0);
        return result;
    };
    if (terms.on_shortfall == Shortfall::cancel && result.bid_for < terms.supply.front().quantity)
        return cancel(AuctionOutcome::undersubscribed);
    if (result.price_micro < terms.least_price_micro) return cancel(AuctionOutcome::price_too_low);

    if (terms.tie == TieRule::pro_rata) {
        std::vector<std::size_t> equals;
        std::int64_t quantity = 0;
        std::int64_t asked = 0;
        for (const std::size_t i : order) {
            if (bids[i].price_micro != lowest) continue;
            equals.push_back(i);
            quantity += result.fills[i];
            asked += bids[i].quantity;
        }
        if (quantity < asked) share(equals, bids, terms.lot, quantity, result.fills);
    }
    result.outcome = AuctionOutcome::sold;
    return result;
}

Result<std::int64_t> revenue_micro(const AuctionResult& result) {
    const Int128 exact = Int128{result.price_micro} * result.sold;
    if (exact > INT64_MAX) return too_large("the revenue");
    return static_cast<std::int64_t>(exact);
}

Result<std::vector<std::int64_t>> respread(const Respread& what) {
    if (what.quantity < 0 || what.lot < 1 || what.auctions < 1)
        return bad("a volume to spread, a lot and a number of auctions are positive");
    const std::int64_t lots = what.quantity / what.lot;
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < what.auctions; ++i) {
        const std::int64_t share = lots / what.auctions + (i < lots % what.auctions ? 1 : 0);
        out.push_back(share * what.lot + (i == 0 ? what.quantity % what.lot : 0));
    }
    return out;
}

std::vector<DemandPoint> demand_curve(std::span<const Bid> bids) {
    std::vector<DemandPoint> curve;
    std::int64_t sum = 0;
    for (const std::size_t i : by_rank(bids)) {
        sum += bids[i].quantity;
        if (!curve.empty() && curve.back().price_micro == bids[i].price_micro)
            curve.back().quantity = sum;
        else
            curve.push_back({bids[i].price_micro, sum});
    }
    return curve;
}

Result<std::int64_t> trigger_after(const YearlyTrigger& trigger) {
    constexpr std::int64_t kCent = 10'000;
    constexpr std::int64_t kWhole = 1'000'000;
    if (trigger.first_micro < 0 || trigger.growth_ppm < 0 || trigger.years < 0)
        return bad("a trigger price, its growth and the years are not negative");
    Int128 price = trigger.first_micro;
    for (std::int32_t year = 0; year < trigger.years; ++year) {
        const Int128 exact =
            price * (kWhole + trigger.growth_ppm);  // in millionths of a micro-unit
        const Int128 cent = Int128{kCent} * kWhole;
        price = (exact + cent / 2) / cent * kCent;
        if (price > INT64_MAX) return too_large("the trigger price");
    }
    return static_cast<std::int64_t>(price);
}

}  // namespace abate::scheme
