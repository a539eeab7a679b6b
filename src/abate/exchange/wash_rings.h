// Allowances that come back to the group they left: A sells to B, B to C, C to A, at about one price.
//
//     RingSearch search({.window_us = 3'600'000'000, .band_ppm = 5'000, .most_groups = 5});
//     for (const Sale& sale : sales) search.add(sale, [&](const Ring& ring) { ... });
//
// Allowances of a vintage are alike, so the order of the sales within a ring does not matter: only that every group on it sold as much to
// the next as it bought from the one before. Each sale is asked whether it closes a ring of sales before it: no older than the window, and
// at a price no further than the band from its own. The shortest ring is taken first; what went round is taken off its sales, so that no
// allowance is counted twice; and it is asked again. A sale within one group is a ring of one.
//
// Whether a sale closes a ring is decided exactly. Each search looks at a sale of the window once, and each but the last uses one up, so
// n sales cost at most 2n searches of at most `most_sales`; that many are also kept. Not thread-safe.
#pragma once

#include "abate/exchange/tape_period.h"

#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace abate::exchange {

struct RingRules {
    std::int64_t window_us = 0;
    std::int64_t band_ppm = 0;
    std::uint32_t most_groups = 2;    // on a ring
    std::uint32_t most_sales = 4096;  // looked back at
};

struct Ring {
    std::vector<registry::GroupId> groups = {};  // each sells to the next, the last to the first
    std::vector<Sale> sales = {};  // of groups[i] to the next; the one that closes it is the first
    std::int64_t quantity = 0;     // that went round
};

class RingSearch {
  public:
    // REQUIRES: nothing negative; most_groups >= 1; most_sales >= 1.
    explicit RingSearch(const RingRules& rules);

    // REQUIRES: not before the sale before; times within kMostTapeTime, the window too.
    void add(const Sale& sale, const std::function<void(const Ring&)>& on_ring);

    // Sales that were forgotten within the window, because more than most_sales were.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  private:
    struct Kept {
        Sale sale;
        std::int64_t left;
    };
    [[nodiscard]] Kept& kept(std::uint64_t number) { return kept_[number - first_]; }
    void forget_before(Timestamp from);
    void forget_first();
    // Numbers of sales that lead from the sale's buyer to its seller, in order; empty: none do.
    [[nodiscard]] std::vector<std::uint64_t> way_back(const Sale& sale);

    RingRules rules_;
    std::deque<Kept> kept_;
    std::uint64_t first_ = 0;  // number of kept_.front()
    std::unordered_map<registry::GroupId, std::deque<std::uint64_t>> sold_by_;
    std::unordered_map<registry::GroupId, std::uint64_t> bought_by_;  // sales kept
    std::uint64_t forgotten_ = 0;
};

}  // namespace abate::exchange
