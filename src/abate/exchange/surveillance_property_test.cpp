// Rings against a search that tries every subset of the sales, and findings against one another.
#include "abate/exchange/surveillance.h"
#include "abate/exchange/tape_test_support.h"
#include "abate/exchange/wash_rings.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

namespace abate::exchange {
namespace {

using registry::GroupId;

// Sales between six groups: of any two; or, in half of the cases, to the next or the one after it alone, so that no ring has two.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): least, most
TapeMaker any_tape(int least, int most) {
    TapeMaker maker;
    std::int64_t now = 0;
    const bool one_way = *rc::gen::arbitrary<bool>();
    for (int i = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(least, most + 1)); i > 0;
         --i) {
        maker.at(now += *rc::gen::element<std::int64_t>(0, 1, 2, 5));
        const auto seller = *rc::gen::element<std::uint64_t>(1, 2, 3, 4, 5, 6);
        const auto step = one_way ? *rc::gen::element<std::uint64_t>(1, 2)
                                  : *rc::gen::element<std::uint64_t>(0, 1, 2, 3, 4, 5);
        maker.deal({.seller = seller,
                    .buyer = (seller - 1 + step) % 6 + 1,
                    .price = *rc::gen::element<std::int64_t>(98, 100, 100, 101, 102),
                    .quantity = *rc::gen::element<std::int64_t>(1, 2, 3, 5)});
    }
    return maker;
}

RingRules any_rules() {
    return {.window_us = *rc::gen::element<std::int64_t>(0, 10, 30, 60),
            .band_ppm = *rc::gen::element<std::int64_t>(0, 20'000, 50'000),
            .most_groups = *rc::gen::element<std::uint32_t>(2, 3, 4, 5, 6)};
}

// Whether these sales, of which the last closes it, are one ring: every group on it sells once and buys once, and they hang together.
bool is_ring(const std::vector<Sale>& sales, const RingRules& rules) {
    if (sales.empty() || sales.size() > rules.most_groups) return false;
    std::map<GroupId, GroupId> sells_to;
    std::set<GroupId> buyers;
    const Sale& last = sales.back();
    for (const Sale& sale : sales) {
        if (last.at.us - sale.at.us > rules.window_us) return false;
        if (std::abs(sale.price_micro - last.price_micro) * kMillionths >
            rules.band_ppm * last.price_micro)
            return false;
        if (!sells_to.emplace(sale.selling, sale.buying).second) return false;
        buyers.insert(sale.buying);
    }
    if (buyers.size() != sales.size()) return false;
    GroupId at = last.selling;
    for (std::size_t i = 0; i < sales.size(); ++i) {
        if (!sells_to.contains(at)) return false;
        at = sells_to.at(at);
        if (at == last.selling) return i + 1 == sales.size();
    }
    return false;
}

// The number of the first sale that closes a ring; 0: none does.
std::uint64_t first_by_trying_all(const std::vector<Sale>& sales, const RingRules& rules) {
    for (std::size_t last = 0; last < sales.size(); ++last)
        for (std::uint32_t subset = 0; subset < 1U << last; ++subset) {
            std::vector<Sale> chosen;
            for (std::size_t i = 0; i < last; ++i)
                if ((subset >> i & 1U) != 0) chosen.push_back(sales[i]);
            chosen.push_back(sales[last]);
            if (is_ring(chosen, rules)) return sales[last].seq;
        }
    return 0;
}

RC_GTEST_PROP(WashRingsProperty, AreFoundWhereTryingAllFindsOne, ()) {
    const TapeMaker maker = any_tape(4, 12);
    const RingRules rules = any_rules();
    std::vector<Sale> sales;
    for (const TapeEntry& entry : maker.tape()) sales.push_back(sale_of(entry, maker.groups()));
    RingSearch search(rules);
    std::uint64_t first = 0;
    for (const Sale& sale : sales)
        search.add(sale, [&](const Ring&) {
            if (first == 0) first = sale.seq;
        });
    RC_ASSERT(first == first_by_trying_all(sales, rules));
}

// Each ring is one, no sale gives more than it had, and each group's sales of what came round are its purchases.
RC_GTEST_PROP(WashRingsProperty, AreRingsOfWhatWasSold, ()) {
    const TapeMaker maker = any_tape(0, 60);
    const RingRules rules = any_rules();
    RingSearch search(rules);
    std::map<std::uint64_t, std::int64_t> left;
    std::map<GroupId, std::int64_t> net;
    for (const TapeEntry& entry : maker.tape()) {
        left[entry.seq] = entry.quantity;
        search.add(sale_of(entry, maker.groups()), [&](const Ring& ring) {
            std::vector<Sale> sales = ring.sales;
            std::rotate(sales.begin(), sales.begin() + 1, sales.end());
            RC_ASSERT(is_ring(sales, rules));
            RC_ASSERT(ring.quantity > 0);
            RC_ASSERT(ring.groups.size() == ring.sales.size());
            for (std::size_t i = 0; i < ring.sales.size(); ++i) {
                RC_ASSERT(ring.sales[i].selling == ring.groups[i]);
                RC_ASSERT(ring.sales[i].buying == ring.groups[(i + 1) % ring.groups.size()]);
                left[ring.sales[i].seq] -= ring.quantity;
                RC_ASSERT(left[ring.sales[i].seq] >= 0);
                net[ring.sales[i].buying] += ring.quantity;
                net[ring.sales[i].selling] -= ring.quantity;
            }
        });
    }
    for (const auto& [group, quantity] : net) RC_ASSERT(quantity == 0);
}

// Sales that only go up the numbers of groups never come back.
RC_GTEST_PROP(WashRingsProperty, AreNoneWhereNothingComesBack, ()) {
    TapeMaker maker;
    for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
        const auto seller = *rc::gen::inRange<std::uint64_t>(1, 8);
        maker.deal({.seller = seller, .buyer = *rc::gen::inRange<std::uint64_t>(seller + 1, 9)});
    }
    SurveillanceRules rules;
    rules.ring_share_ppm = 0;
    rules.ring_least_quantity = 0;
    const Surveillance seen =
        surveil({.tape = maker.tape(), .period = maker.until_now(), .groups = maker.groups()},
                rules)
            .value();
    for (const Finding& finding : seen.findings) RC_ASSERT(finding.kind != FindingKind::wash_ring);
}

// Whatever happens on a tape, in whatever order: findings pass their thresholds, name entries of the period, and higher thresholds find
// no more.
RC_GTEST_PROP(SurveillanceProperty, FindingsPassTheirThresholdsAndHigherOnesFindNoMore, ()) {
    TapeMaker maker;
    std::int64_t now = 0;
    for (int i = *rc::gen::inRange(0, 80); i > 0; --i) {
        maker.at(now += *rc::gen::inRange<std::int64_t>(0, 3 * kSecond));
        const TapeMaker::Order order{.id = *rc::gen::inRange<std::uint64_t>(1, 9),
                                     .owner = *rc::gen::inRange<std::uint64_t>(1, 4),
                                     .side = *rc::gen::element(Side::buy, Side::sell),
                                     .price = *rc::gen::inRange<std::int64_t>(95, 106),
                                     .quantity = *rc::gen::inRange<std::int64_t>(1, 50)};
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                maker.rest(order);
                break;
            case 1:
                maker.remove(order, *rc::gen::element(Removal::cancelled, Removal::expired));
                break;
            case 2:
                maker.reduce(order);
                break;
            default:
                maker.meet(order, *rc::gen::inRange<std::uint64_t>(1, 4));
                break;
        }
    }
    const Period period{.from = {now / 4}, .until = {now + 1}};
    const std::vector<Timestamp> closes{{now / 2}, {now}};
    const std::map<GroupId, Need> needs{{GroupId{1}, {.held = 5, .needed = 2}},
                                        {GroupId{2}, {.held = 9, .needed = 0}}};
    const auto findings = [&](const SurveillanceRules& rules) {
        return surveil({.tape = maker.tape(),
                        .period = period,
                        .groups = maker.groups(),
                        .closes = closes,
                        .needs = &needs},
                       rules)
            .value()
            .findings;
    };
    SurveillanceRules low;
    low.ring_share_ppm = low.ring_least_quantity = 0;
    low.unchanged_ppm = low.unchanged_volume_ppm = low.unchanged_least_trades = 0;
    low.cancel_ppm = low.cancel_least_orders = 0;
    low.layer_least_orders = low.layer_multiple_ppm = 0;
    low.close_us = 10 * kSecond;
    low.close_share_ppm = low.close_move_ppm = 0;
    low.concentration_ppm = low.concentration_hhi = low.concentration_least_trades = 0;
    low.hoarding_ppm = low.hoarding_share_ppm = 0;
    SurveillanceRules high = low;
    high.ring_least_quantity = 20;
    high.unchanged_ppm = 500'000;
    high.cancel_ppm = 500'000;
    high.layer_least_orders = 2;
    high.close_share_ppm = 500'000;
    high.concentration_ppm = 500'000;
    high.hoarding_ppm = 3'000'000;
    const std::vector<Finding> all = findings(low);
    for (const Finding& finding : all) {
        RC_ASSERT(finding.figure >= 0 && finding.second_figure >= 0);
        RC_ASSERT(finding.from <= finding.to);
        RC_ASSERT(finding.quantity >= 0);
        RC_ASSERT(!finding.groups.empty());
        RC_ASSERT(std::is_sorted(finding.evidence.begin(), finding.evidence.end()));
        for (const std::uint64_t seq : finding.evidence) RC_ASSERT(seq <= maker.tape().size());
    }
    for (const Finding& finding : findings(high)) {
        RC_ASSERT(finding.figure >= finding.threshold);
        RC_ASSERT(finding.second_figure >= finding.second_threshold);
        const bool among_all = std::any_of(all.begin(), all.end(), [&](const Finding& other) {
            return other.kind == finding.kind && other.figure == finding.figure &&
                   other.groups == finding.groups && other.participants == finding.participants &&
                   other.evidence == finding.evidence;
        });
        RC_ASSERT(among_all);
    }
}

}  // namespace
}  // namespace abate::exchange
