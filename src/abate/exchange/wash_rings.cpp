#include "abate/exchange/wash_rings.h"

#include <algorithm>

namespace abate::exchange {

using registry::GroupId;

RingSearch::RingSearch(const RingRules& rules) : rules_(rules) {
    ABATE_REQUIRE(rules.window_us >= 0 && rules.band_ppm >= 0);
    ABATE_REQUIRE(rules.most_groups >= 1 && rules.most_sales >= 1);
}

void RingSearch::forget_first() {
    const Sale& sale = kept_.front().sale;
    const auto seller = sold_by_.find(sale.selling);
    seller->second.pop_front();
    if (seller->second.empty()) sold_by_.erase(seller);
    const auto buyer = bought_by_.find(sale.buying);
    if (--buyer->second == 0) bought_by_.erase(buyer);
    kept_.pop_front();
    ++first_;
}

void RingSearch::forget_before(Timestamp from) {
    while (!kept_.empty() && kept_.front().sale.at < from) forget_first();
    while (kept_.size() >= rules_.most_sales) {
        if (kept_.front().left > 0) ++forgotten_;
        forget_first();
    }
}

std::vector<std::uint64_t> RingSearch::way_back(const Sale& sale) {
    if (!bought_by_.contains(sale.selling)) return {};
    // Breadth first, so that the shortest way is found; the latest sale of a pair of groups before older ones.
    std::unordered_map<GroupId, std::uint64_t> reached_by;
    std::vector<GroupId> here{sale.buying};
    for (std::uint32_t groups = 2; groups <= rules_.most_groups && !here.empty(); ++groups) {
        std::vector<GroupId> next;
        for (const GroupId group : here) {
            const auto sold = sold_by_.find(group);
            if (sold == sold_by_.end()) continue;
            for (auto it = sold->second.rbegin(); it != sold->second.rend(); ++it) {
                const Kept& edge = kept(*it);
                const GroupId to = edge.sale.buying;
                if (edge.left == 0 || to == sale.buying || reached_by.contains(to)) continue;
                if (!within({.price_micro = edge.sale.price_micro, .from_micro = sale.price_micro},
                            rules_.band_ppm))
                    continue;
                reached_by.emplace(to, *it);
                if (to != sale.selling) {
                    next.push_back(to);
                    continue;
                }
                std::vector<std::uint64_t> way;
                for (GroupId at = to; at != sale.buying; at = kept(way.back()).sale.selling)
                    way.push_back(reached_by.at(at));
                std::reverse(way.begin(), way.end());
                return way;
            }
        }
        here = std::move(next);
    }
    return {};
}

void RingSearch::add(const Sale& sale, const std::function<void(const Ring&)>& on_ring) {
    forget_before({sale.at.us - rules_.window_us});
    if (sale.selling == sale.buying) {
        on_ring({.groups = {sale.selling}, .sales = {sale}, .quantity = sale.quantity});
        return;
    }
    std::int64_t left = sale.quantity;
    while (left > 0) {
        const std::vector<std::uint64_t> way = way_back(sale);
        if (way.empty()) break;
        Ring ring{.groups = {sale.selling}, .sales = {sale}, .quantity = left};
        for (const std::uint64_t number : way) {
            ring.groups.push_back(kept(number).sale.selling);
            ring.sales.push_back(kept(number).sale);
            ring.quantity = std::min(ring.quantity, kept(number).left);
        }
        for (const std::uint64_t number : way) kept(number).left -= ring.quantity;
        left -= ring.quantity;
        on_ring(ring);
    }
    sold_by_[sale.selling].push_back(first_ + kept_.size());
    ++bought_by_[sale.buying];
    kept_.push_back({sale, left});
}

}  // namespace abate::exchange
