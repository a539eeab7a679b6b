// What an auction announces: supply, prices, limits.
#include "abate/scheme/auctions.h"

#include <algorithm>

namespace abate::scheme {
namespace {

const std::vector<std::int64_t>* carried_of(const State& state, std::int32_t vintage) {
    const auto found = state.auction.carried.find(vintage);
    return found == state.auction.carried.end() || found->second.empty() ? nullptr : &found->second;
}

// In the notices of auctions that are not over.
Int128 containment_announced(const State& state, std::int32_t vintage) {
    Int128 sum = 0;
    for (const auto& [id, auction] : state.auction.auctions) {
        if (auction.result || auction.notice.said.vintage != vintage) continue;
        for (const OfferStep& step : auction.notice.steps)
            if (step.source == Source::containment) sum += step.quantity;
    }
    return sum;
}

void add_step(Notice& notice, OfferStep step) {
    if (step.quantity > 0) notice.steps.push_back(step);
}

}  // namespace

const Period* period_of_moment(const State& state, Timestamp at) {
    const Period* found = nullptr;
    for (const auto& [year, period] : state.period.years)
        if (found == nullptr || period.moments.begin <= at) found = &period;
    return found;
}

Derived<std::int64_t> price_in_year(
    const Rules& rules,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): of that year
    std::int64_t first_micro,
    std::int64_t year) {
    constexpr std::int64_t kPerThousand = 1000;
    const std::int64_t years = sum_within(0, Int128{year} - rules.cap.first_year);
    const Result<std::int64_t> grown = trigger_after(
        {.first_micro = first_micro * kPerThousand,
         .growth_ppm = rules.auction.price_growth.value,
         .years = static_cast<std::int32_t>(std::clamp<std::int64_t>(years, 0, 1000))});
    if (!grown) return {.reason = Reason::figures_out_of_range};
    return {.value = *grown / kPerThousand};
}

std::int64_t containment_sold(const State& state, std::int64_t vintage) {
    const auto found = state.auction.containment_sold.find(vintage);
    return found == state.auction.containment_sold.end() ? 0 : found->second;
}

std::int64_t in_notices(const State& state, const ParticipantYear& whose) {
    Int128 sum = 0;
    for (const auto& [id, auction] : state.auction.auctions) {
        if (auction.result || auction.notice.said.vintage != whose.year) continue;
        for (const ConsignedLine& line : auction.notice.consigned)
            if (line.participant == whose.participant) sum += line.quantity;
    }
    return sum_within(0, sum);
}

std::int64_t unpromised_volume(const Look& look, std::int32_t vintage) {
    Int128 left = look.books.balance(kAuction, asset_of_year(vintage)).available();
    for (const auto& [id, auction] : look.state.auction.auctions)
        if (!auction.result && auction.notice.said.vintage == vintage)
            left -= auction.notice.own_volume;
    if (const auto* parts = carried_of(look.state, vintage))
        for (const std::int64_t part : *parts) left -= part;
    const auto withheld = look.state.auction.withheld.find(vintage);
    if (withheld != look.state.auction.withheld.end()) left -= withheld->second;
    return sum_within(0, left);
}

Derived<Notice> notice_of(const State& state, const OpenAuction& said, const Announced& by) {
    const Period* priced = period_of_moment(state, said.closes_at);
    const Period* of_vintage = find_period(state, said.vintage);
    if (priced == nullptr || of_vintage == nullptr) return {.reason = Reason::period_not_open};
    const AuctionRules& rules = priced->rules.auction;
    Derived<Notice> out;
    Notice& notice = out.value;
    notice.number = static_cast<std::int64_t>(state.auction.auctions.size()) + 1;
    notice.year = priced->moments.year;
    notice.said = said;
    if (const auto* parts = carried_of(state, said.vintage)) notice.carried = parts->front();
    notice.own_volume = sum_within(said.quantity, notice.carried);
    notice.lot = rules.lot;
    notice.tick_micro = rules.tick_micro;
    notice.tie = rules.tie;
    notice.unsold_at = rules.unsold_at;
    notice.on_shortfall = rules.on_shortfall;
    notice.respread_auctions = rules.respread_auctions;
    notice.least_price_micro = least_price(said.reference_price_micro, rules.least_of_reference);
    notice.least_of_reference = rules.least_of_reference;
    Int128 consigned = 0;
    if (rules.consignment)
        for (const auto& [whose, waits] : state.compliance.consigned) {
            const std::int64_t free = sum_within(0, Int128{waits} - in_notices(state, whose));
            if (whose.year != said.vintage || free <= 0) continue;
            notice.consigned.push_back({.participant = whose.participant, .quantity = free});
            consigned += free;
        }
    const std::int64_t withheld =
        part_of(notice.own_volume, rules.withheld) / notice.lot * notice.lot;
    const auto price = [&](std::int64_t first_micro) {
        const Derived<std::int64_t> now = price_in_year(priced->rules, first_micro, notice.year);
        if (now.reason != Reason::ok) out.reason = now.reason;
        return now.value;
    };
    const Int128 first = consigned + notice.own_volume - withheld;
    add_step(notice,
             {.price_micro = price(rules.reserve_price_micro), .quantity = sum_within(0, first)});
    if (withheld > 0)
        add_step(notice,
                 {.price_micro = price(rules.withheld_trigger_micro),
                  .quantity = withheld,
                  .source = Source::withheld});
    // Tiers are cut out of the reserve from the cheapest on, each to where the shares so far reach; what is gone is gone from the cheapest too.
    // So nothing is lost to rounding, nor where a later year has other tiers.
    const std::int64_t reserve = of_vintage->cap ? of_vintage->cap->parts.containment_reserve : 0;
    Int128 taken =
        containment_announced(state, said.vintage) + containment_sold(state, said.vintage);
    std::int64_t so_far = 0;
    for (const ContainmentTier& tier : rules.containment) {
        so_far = sum_within(so_far, tier.share.value);
        const Int128 left = part_of(reserve, {so_far}) - taken;
        if (left <= 0) continue;
        taken += left;
        add_step(notice,
                 {.price_micro = price(tier.trigger_micro),
                  .quantity = sum_within(0, left),
                  .source = Source::containment});
    }
    notice.group_limit = part_of(offered(notice), rules.purchase_limit);
    notice.trader_limit = part_of(offered(notice), rules.trader_limit);
    Int128 all = 0;
    for (const OfferStep& step : notice.steps) all += step.quantity;
    if (all > INT64_MAX) out.reason = Reason::figures_out_of_range;
    std::string bytes = "auction";
    ByteWriter writer(bytes);
    writer.write(by.id);
    writer.write(by.act);
    notice.draw = hash128(bytes);
    return out;
}

std::int64_t offered(const Notice& notice) {
    Int128 sum = 0;
    for (const OfferStep& step : notice.steps)
        if (step.source != Source::containment) sum += step.quantity;
    return sum_within(0, sum);
}

AuctionTerms terms_of(const Notice& notice) {
    AuctionTerms out{.supply = {},
                     .lot = notice.lot,
                     .tie = notice.tie,
                     .unsold_at = notice.unsold_at,
                     .on_shortfall = notice.on_shortfall,
                     .least_price_micro = notice.least_price_micro};
    for (const OfferStep& step : notice.steps)
        out.supply.push_back({.price_micro = step.price_micro, .quantity = step.quantity});
    return out;
}

std::uint64_t draw_of(const Notice& notice, ParticipantId participant) {
    std::string bytes = "draw";
    ByteWriter writer(bytes);
    writer.write(notice.draw);
    writer.write(participant);
    return hash128(bytes).high;
}

std::vector<std::pair<TransferId, SealedBid>> open_bids(const Auction& auction) {
    std::vector<std::pair<TransferId, SealedBid>> out;
    for (const auto& [id, bid] : auction.bids)
        if (bid.state == BidState::open) out.emplace_back(id, bid);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return a.second.at != b.second.at ? a.second.at < b.second.at : a.first < b.first;
    });
    return out;
}

std::int64_t purchase_limit_of(const State& state, const Notice& notice, GroupId group) {
    for (const auto& [id, participant] : state.participants)
        if (participant.group == group && is_obligated(participant.sort)) return notice.group_limit;
    return notice.trader_limit;
}

}  // namespace abate::scheme
