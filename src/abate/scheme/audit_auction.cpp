// The auditor's own auctions: supply, price and fills, written again, not called. It looks at whole prices instead of walking a staircase.
#include "abate/scheme/audit.h"
#include "abate/scheme/decide.h"

#include <fmt/format.h>

#include <algorithm>

namespace abate::scheme {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of SchemeFinding
SchemeFinding auction_finding(std::string field, Int128 expected, Int128 found) {
    return {.field = "auction." + std::move(field),
            .expected = fmt::format("{}", static_cast<std::int64_t>(expected)),
            .found = fmt::format("{}", static_cast<std::int64_t>(found))};
}

// In millionths for a thousand, to whole cents each year, halves up.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a price, and of when
std::int64_t grown(const Rules& rules, std::int64_t first_micro, std::int64_t year) {
    constexpr std::int64_t kCent = 10'000;
    Int128 price = Int128{first_micro} * 1000;
    const Int128 years = std::min(Int128{1000}, Int128{year} - rules.cap.first_year);
    for (int y = 0; y < years; ++y) {
        const Int128 twice =
            price * (Int128{kMillion} + rules.auction.price_growth.value) * 2 / kMillion;
        price = (twice + kCent) / (Int128{2} * kCent) * kCent;
        if (price > INT64_MAX) return INT64_MAX;
    }
    return sum_within(0, price / 1000);
}

// `total` in proportion to the weights, the largest remainders rounded up; the first where they are equal.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a list and a sum
std::vector<Int128> in_proportion(const std::vector<Int128>& weights, Int128 total) {
    Int128 all = 0;
    for (const Int128 weight : weights) all += weight;
    std::vector<Int128> out;
    std::vector<std::pair<Int128, std::size_t>> cut;  // off each, as a number below 0
    Int128 left = total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        out.push_back(total * weights[i] / all);
        left -= out[i];
        cut.emplace_back(out[i] * all - total * weights[i], i);
    }
    std::sort(cut.begin(), cut.end());
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) ++out[cut[i].second];
    return out;
}

struct Counted {
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    std::uint64_t draw = 0;
    std::int64_t at_us = 0;
    std::size_t place = 0;
};

struct Outturn {
    AuctionOutcome outcome = AuctionOutcome::no_bids;
    Int128 bid_for = 0;
    Int128 sold = 0;
    std::int64_t price_micro = 0;
    std::int64_t marginal_micro = 0;  // of the last bid that gets something
    std::vector<Int128> used = {};
};

// The most that is bid for and for sale at one price, over every price that anybody names.
Outturn sale_of(const std::vector<OfferStep>& steps,
                const AuctionRules& rules,
                std::int64_t least_price_micro,
                const std::vector<Counted>& bids) {
    Outturn out;
    const auto first =
        std::find_if(steps.begin(), steps.end(), [](const auto& s) { return s.quantity > 0; });
    if (first == steps.end()) return out;
    std::vector<std::int64_t> prices;
    for (const Counted& bid : bids) prices.push_back(bid.price_micro);
    for (const OfferStep& step : steps) prices.push_back(step.price_micro);
    for (const std::int64_t price : prices) {
        Int128 demand = 0;
        Int128 supply = 0;
        for (const Counted& bid : bids)
            if (bid.price_micro >= price) demand += bid.quantity;
        for (const OfferStep& step : steps)
            if (step.price_micro <= price) supply += step.quantity;
        out.sold = std::max(out.sold, std::min(demand, supply));
    }
    for (const Counted& bid : bids)
        if (bid.price_micro >= first->price_micro) out.bid_for += bid.quantity;
    if (out.bid_for == 0) return out;
    Int128 left = out.sold;
    bool in_part = false;
    bool beyond_first = false;
    std::int64_t step_price = 0;
    for (const OfferStep& step : steps) {
        out.used.push_back(std::min(left, Int128{step.quantity}));
        left -= out.used.back();
        if (out.used.back() == 0) continue;
        step_price = step.price_micro;
        in_part = out.used.back() < step.quantity;
        beyond_first = step.price_micro != first->price_micro;
    }
    // The dearest price at which bids reach what is sold.
    std::sort(prices.begin(), prices.end(), std::greater<>());
    for (const std::int64_t price : prices) {
        Int128 demand = 0;
        for (const Counted& bid : bids)
            if (bid.price_micro >= price) demand += bid.quantity;
        out.marginal_micro = price;
        if (demand >= out.sold) break;
    }
    const bool at_the_step = in_part && (beyond_first || rules.unsold_at == UnsoldPrice::reserve);
    out.price_micro = at_the_step ? step_price : out.marginal_micro;
    out.outcome = rules.on_shortfall == Shortfall::cancel && out.bid_for < first->quantity
                      ? AuctionOutcome::undersubscribed
                  : out.price_micro < least_price_micro ? AuctionOutcome::price_too_low
                                                        : AuctionOutcome::sold;
    return out;
}

}  // namespace

const SchemeAuditor::Opened* SchemeAuditor::opened_at(Timestamp at) const {
    const Opened* out = nullptr;
    for (const auto& [year, opened] : opened_)
        if (out == nullptr || opened.moments.begin <= at) out = &opened;
    return out;
}

std::int64_t SchemeAuditor::free_volume(std::int32_t vintage) const {
    const auto held = held_.find({kAuction, asset_of_year(vintage)});
    Int128 left = held == held_.end() ? 0 : held->second;
    for (const auto& [id, auction] : auctions_)
        if (!auction.over && auction.said.vintage == vintage) left -= auction.volume;
    if (const auto waits = carried_.find(vintage); waits != carried_.end())
        for (const std::int64_t part : waits->second) left -= part;
    if (const auto out = taken_out_.find(vintage); out != taken_out_.end()) left -= out->second;
    return sum_within(0, left);
}

std::optional<SchemeFinding> SchemeAuditor::check_open(const OpenAuction& said) const {
    const Opened* priced = opened_at(said.closes_at);
    const auto vintage = opened_.find(said.vintage);
    if (priced == nullptr || vintage == opened_.end() || !vintage->second.cap_issued)
        return SchemeFinding{"auction.vintage", "one whose cap is issued", "another"};
    if (!priced->rules.auction.auctions)
        return SchemeFinding{"auction", "rules that have auctions", "others"};
    if (said.closes_at <= said.opens_at ||
        Int128{said.closes_at.us} - said.opens_at.us < hours_us(priced->rules.auction.window_h))
        return SchemeFinding{"auction.window", "as long as the rules say", "a shorter one"};
    if (said.quantity < 0 || said.quantity > free_volume(said.vintage))
        return auction_finding("quantity", free_volume(said.vintage), said.quantity);
    return std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_bid(const Command& command, Timestamp at) const {
    const auto open = [&](const TransferId& id) -> const SeenAuction* {
        const auto seen = auctions_.find(id);
        if (seen == auctions_.end() || seen->second.over || at < seen->second.said.opens_at ||
            at >= seen->second.said.closes_at)
            return nullptr;
        return &seen->second;
    };
    const SchemeFinding shut{"auction", "one whose window is open", "another"};
    struct Terms {
        std::int64_t price_micro;
        std::int64_t quantity;
    };
    const auto fits = [](const SeenAuction& auction, Terms bid) -> std::optional<SchemeFinding> {
        if (bid.quantity <= 0 || bid.quantity % auction.rules.lot != 0)
            return auction_finding("lot", auction.rules.lot, bid.quantity);
        if (bid.price_micro <= 0 || bid.price_micro % auction.rules.tick_micro != 0)
            return auction_finding("tick_micro", auction.rules.tick_micro, bid.price_micro);
        return std::nullopt;
    };
    const auto its = [](const SeenAuction& auction, const TransferId& bid, ParticipantId whose) {
        const auto found = auction.bids.find(bid);
        return found != auction.bids.end() && found->second.participant == whose;
    };
    const SchemeFinding strange{"bid", "one of the participant's", "another"};
    if (const auto* c = std::get_if<PlaceBid>(&command)) {
        const SeenAuction* auction = open(c->auction);
        if (auction == nullptr) return shut;
        return fits(*auction, {.price_micro = c->price_micro, .quantity = c->quantity});
    }
    if (const auto* c = std::get_if<ChangeBid>(&command)) {
        const SeenAuction* auction = open(c->auction);
        if (auction == nullptr) return shut;
        if (!its(*auction, c->bid, c->participant)) return strange;
        return fits(*auction, {.price_micro = c->price_micro, .quantity = c->quantity});
    }
    if (const auto* c = std::get_if<WithdrawBid>(&command)) {
        const SeenAuction* auction = open(c->auction);
        if (auction == nullptr) return shut;
        if (!its(*auction, c->bid, c->participant)) return strange;
    }
    return std::nullopt;
}

void SchemeAuditor::announce(const OpenAuction& said, const TransferId& act) {
    const Opened* priced = opened_at(said.closes_at);
    const auto cap = cap_final_.find(said.vintage);
    if (priced == nullptr || cap == cap_final_.end()) return;
    SeenAuction& seen = auctions_[effect_id_];
    seen = {};
    seen.said = said;
    seen.rules = priced->rules.auction;
    seen.volume = said.quantity;
    if (auto waits = carried_.find(said.vintage);
        waits != carried_.end() && !waits->second.empty()) {
        seen.volume = sum_within(seen.volume, waits->second.front());
        waits->second.erase(waits->second.begin());
    }
    const AuctionRules& rules = seen.rules;
    const std::int64_t year = priced->moments.year;
    seen.least_price_micro = sum_within(
        0,
        (Int128{said.reference_price_micro} * rules.least_of_reference.value + kMillion - 1) /
            kMillion);
    Int128 first = seen.volume;
    if (rules.consignment)
        for (const auto& [whose, waits] : consigned_) {
            if (whose.second != asset_of_year(said.vintage)) continue;
            Int128 free = waits;
            for (const auto& [id, other] : auctions_)
                if (id != effect_id_ && !other.over && other.said.vintage == said.vintage)
                    if (const auto theirs = other.consigned.find(whose.first);
                        theirs != other.consigned.end())
                        free -= theirs->second;
            if (free <= 0) continue;
            seen.consigned[whose.first] = sum_within(0, free);
            first += free;
        }
    const std::int64_t held_back =
        sum_within(0, Int128{seen.volume} * rules.withheld.value / kMillion) / rules.lot *
        rules.lot;
    seen.steps.push_back({.price_micro = grown(priced->rules, rules.reserve_price_micro, year),
                          .quantity = sum_within(0, first - held_back)});
    seen.steps.push_back({.price_micro = grown(priced->rules, rules.withheld_trigger_micro, year),
                          .quantity = held_back,
                          .source = Source::withheld});
    // Where the reserve begins that nobody has, and how far each tier reaches into it.
    Int128 from = reserve_sold_[said.vintage];
    for (const auto& [id, other] : auctions_)
        if (id != effect_id_ && !other.over && other.said.vintage == said.vintage)
            for (const OfferStep& step : other.steps)
                if (step.source == Source::containment) from += step.quantity;
    std::int64_t shares = 0;
    for (const ContainmentTier& tier : rules.containment) {
        shares += tier.share.value;
        const Int128 to = Int128{cap->second.containment_reserve} * shares / kMillion;
        seen.steps.push_back({.price_micro = grown(priced->rules, tier.trigger_micro, year),
                              .quantity = sum_within(0, std::max(Int128{0}, to - from)),
                              .source = Source::containment});
        from = std::max(from, to);
    }
    std::erase_if(seen.steps, [](const OfferStep& step) { return step.quantity <= 0; });
    std::string bytes = "auction";
    ByteWriter writer(bytes);
    writer.write(effect_id_);
    writer.write(act);
    seen.draw = hash128(bytes);
}

bool SchemeAuditor::is_out_of_use(AccountId account) const {
    if (kinds_.count(account) == 0) return true;
    const auto status = statuses_.find(account);
    return status != statuses_.end() &&
           (status->second == AccountStatus::frozen || status->second == AccountStatus::closed);
}

// The lowest number that is not closed; none where it is frozen.
AccountId SchemeAuditor::money_account(ParticipantId participant) const {
    for (const auto& [account, kind] : kinds_) {
        if (kind != AccountKind::cash || !owns(participant, account)) continue;
        const auto status = statuses_.find(account);
        if (status != statuses_.end() && status->second == AccountStatus::closed) continue;
        return is_out_of_use(account) ? AccountId{} : account;
    }
    return {};
}

void SchemeAuditor::let_go(SeenAuction& auction, bool cancelled) {
    auction.over = true;
    const AuctionRules& rules = auction.rules;
    if (!cancelled || rules.respread_auctions <= 0 || auction.volume <= 0) return;
    // One lot after the other, round and round; what is no lot joins the first.
    std::vector<std::int64_t>& waits = carried_[auction.said.vintage];
    const auto n = static_cast<std::size_t>(rules.respread_auctions);
    if (waits.size() < n) waits.resize(n);
    const std::int64_t lots = auction.volume / rules.lot;
    for (std::size_t i = 0; i < n; ++i) {
        const auto index = static_cast<std::int64_t>(i);
        const std::int64_t turns =
            (lots - index + rules.respread_auctions - 1) / rules.respread_auctions;
        waits[i] = sum_within(waits[i], Int128{std::max<std::int64_t>(0, turns)} * rules.lot);
    }
    waits[0] = sum_within(waits[0], auction.volume % rules.lot);
}

GroupId SchemeAuditor::group_of(ParticipantId participant) const {
    const auto found = groups_.find(participant);
    return found == groups_.end() ? GroupId{} : found->second;
}

SchemeAuditor::Room SchemeAuditor::room_of(GroupId group, Timestamp at) const {
    const std::optional<Int128> limit = holding_limit(at);
    if (!limit) return {};
    if (books_ == nullptr) return {.least = 0};
    const registry::Auditor::Held held = books_->held_by(group);
    return {.least = std::max(Int128{0}, *limit - held.holding - held.compliance),
            .most = std::max(Int128{0}, *limit - held.holding)};
}

// Who was left out, and why: an account out of use, or a group at a limit, of which the dearest and earliest bids count.
std::optional<SchemeFinding> SchemeAuditor::check_counted(const SeenAuction& auction,
                                                          const AuctionClearing& said,
                                                          Timestamp at) const {
    if (said.bids.size() != auction.bids.size())
        return auction_finding("bids", Int128{auction.bids.size()}, Int128{said.bids.size()});
    struct OfGroup {
        const SeenBid* bid;
        const BidResult* result;
    };
    std::map<GroupId, std::vector<OfGroup>> groups;
    std::int64_t before_us = INT64_MIN;
    for (const BidResult& each : said.bids) {
        const auto found = auction.bids.find(each.bid);
        if (found == auction.bids.end() || found->second.at_us <= before_us)
            return SchemeFinding{"auction.bids", "each once, by arrival", "others"};
        const SeenBid& bid = found->second;
        before_us = bid.at_us;
        const bool shut = is_out_of_use(bid.from) || is_out_of_use(bid.to);
        if (shut != (each.state == BidState::account_shut))
            return SchemeFinding{"auction.bid",
                                 shut ? "void: an account is out of use" : "one that counts",
                                 std::string(to_string(each.state))};
        if (shut && each.counted != 0) return auction_finding("counted", 0, each.counted);
        if (!shut) groups[group_of(bid.participant)].push_back({&bid, &each});
    }
    Int128 base = 0;
    for (const OfferStep& step : auction.steps)
        if (step.source != Source::containment) base += step.quantity;
    for (auto& [group, bids] : groups) {
        bool obligated = false;
        for (const auto& [participant, of] : groups_)
            if (of == group && obligated_.count(participant) != 0) obligated = true;
        const Ppm share = obligated ? auction.rules.purchase_limit : auction.rules.trader_limit;
        const Room room = room_of(group, at);
        Int128 asked = 0;
        Int128 counted = 0;
        for (const OfGroup& each : bids) {
            asked += each.bid->quantity;
            counted += each.result->counted;
        }
        const auto within = [&](Int128 holding) {
            const Int128 most = std::min(base * share.value / kMillion, holding);
            return std::min(asked, most - most % auction.rules.lot);
        };
        if (counted < within(room.least))
            return auction_finding("counted", within(room.least), counted);
        if (counted > within(room.most))
            return auction_finding("counted", within(room.most), counted);
        std::stable_sort(bids.begin(), bids.end(), [](const OfGroup& a, const OfGroup& b) {
            return a.bid->price_micro > b.bid->price_micro;
        });
        Int128 left = counted;
        for (const OfGroup& each : bids) {
            const Int128 right = std::min(left, Int128{each.bid->quantity});
            left -= right;
            if (each.result->counted != right || right % auction.rules.lot != 0)
                return auction_finding("counted", right, each.result->counted);
            if ((right == 0) != (each.result->state == BidState::over_limit))
                return SchemeFinding{"auction.bid",
                                     right == 0 ? "void: beyond a limit" : "one that counts",
                                     std::string(to_string(each.result->state))};
        }
    }
    return std::nullopt;
}

SchemeAuditor::ForSale SchemeAuditor::for_sale(const SeenAuction& auction) const {
    ForSale out{.steps = auction.steps, .consigned = {}, .unpaid = {}};
    for (const auto& [holder, quantity] : auction.consigned) {
        if (money_account(holder) != AccountId{}) {
            out.consigned[holder] = quantity;
            continue;
        }
        out.unpaid.push_back(holder);
        // What is consigned is in the first step.
        out.steps.front().quantity -= quantity;
    }
    return out;
}

std::optional<SchemeFinding> SchemeAuditor::check_covers(const Event& event) const {
    std::size_t right = 0;
    if (std::holds_alternative<CallOffAuction>(*effect_))
        right = due_now_.money.size();
    else if (std::holds_alternative<PlaceBid>(*effect_) ||
             std::holds_alternative<WithdrawBid>(*effect_))
        right = 1;
    else if (std::holds_alternative<ChangeBid>(*effect_))
        right = 2;  // the old one let go, the new one promised
    else
        return std::nullopt;
    if (event.postings != right)
        return auction_finding("covers", Int128{right}, Int128{event.postings});
    return std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_clearing(const Event& event) {
    const auto found = auctions_.find(event.due.id);
    if (found == auctions_.end() || found->second.over ||
        found->second.said.closes_at.us != event.due.at_us)
        return SchemeFinding{"due", "an auction that closes now", "none"};
    SeenAuction& auction = found->second;
    const AuctionRules& rules = auction.rules;
    const AuctionClearing& said = event.clearing;
    const bool refused = event.reason != Reason::ok;
    clears_ = true;
    Owed all_free;
    all_free.vintage = asset_of_year(auction.said.vintage);
    for (const auto& [id, bid] : auction.bids) all_free.money[bid.reserve] = 0;
    due_now_ = all_free;
    const auto not_held = [&](bool cancelled) -> std::optional<SchemeFinding> {
        let_go(auction, cancelled);
        // Of a refused settlement the journal has the posting that was refused.
        const std::size_t most = all_free.money.size() + (refused ? 1 : 0);
        if (event.postings < all_free.money.size() || event.postings > most)
            return auction_finding(
                "released", Int128{all_free.money.size()}, Int128{event.postings});
        return std::nullopt;
    };
    const auto outcome = [&](AuctionOutcome right) {
        return SchemeFinding{
            "auction.outcome", std::string(to_string(right)), std::string(to_string(said.outcome))};
    };
    const SchemeFinding could_be_done{
        "auction.reason", "ok: the books can do it", std::string(to_string(event.reason))};
    const ForSale offer = for_sale(auction);
    const bool nothing = std::all_of(offer.steps.begin(), offer.steps.end(), [](const auto& step) {
        return step.quantity <= 0;
    });
    if (halted_ || nothing) {
        const AuctionOutcome right = halted_ ? AuctionOutcome::halted : AuctionOutcome::failed;
        if (said.outcome != right) return outcome(right);
        if (said.bids.size() != auction.bids.size())
            return auction_finding("bids", Int128{auction.bids.size()}, Int128{said.bids.size()});
        for (const BidResult& each : said.bids)
            if (auction.bids.count(each.bid) == 0 || each.state != BidState::released ||
                each.counted != 0 || each.fill != 0)
                return SchemeFinding{"auction.bid", "released", std::string(to_string(each.state))};
        for (const std::int64_t figure :
             {said.price_micro, said.sold, said.bid_for, said.reference_micro})
            if (figure != 0) return auction_finding("figures", 0, figure);
        if (refused) return could_be_done;
        return not_held(true);
    }
    if (said.outcome == AuctionOutcome::halted || said.outcome == AuctionOutcome::failed)
        return SchemeFinding{"auction.outcome",
                             "what its bids give: nothing was in its way",
                             std::string(to_string(said.outcome))};
    if (said.not_sold != offer.unpaid)
        return SchemeFinding{"auction.not_sold", "holders who cannot be paid", "others"};
    if (auto wrong = check_counted(auction, said, {event.due.at_us})) return wrong;
    std::vector<Counted> bids;
    for (std::size_t i = 0; i < said.bids.size(); ++i) {
        if (said.bids[i].counted == 0) continue;
        const SeenBid& bid = auction.bids.at(said.bids[i].bid);
        std::string bytes = "draw";
        ByteWriter writer(bytes);
        writer.write(auction.draw);
        writer.write(bid.participant);
        bids.push_back({.price_micro = bid.price_micro,
                        .quantity = said.bids[i].counted,
                        .draw = hash128(bytes).high,
                        .at_us = bid.at_us,
                        .place = i});
    }
    const bool asks = reference_ && rules.least_of_reference.value > 0 && rules_.market.trading;
    const std::int64_t reference =
        asks ? reference_(auction.said.vintage, {event.due.at_us}) : said.reference_micro;
    if (said.reference_micro != reference)
        return auction_finding("reference_micro", reference, said.reference_micro);
    const Int128 least =
        reference > 0
            ? (Int128{reference} * rules.least_of_reference.value + kMillion - 1) / kMillion
            : Int128{auction.least_price_micro};
    const Outturn sale = sale_of(offer.steps, rules, sum_within(0, least), bids);
    if (sale.outcome != said.outcome) return outcome(sale.outcome);
    if (sale.bid_for != said.bid_for) return auction_finding("bid_for", sale.bid_for, said.bid_for);
    if (sale.price_micro != said.price_micro)
        return auction_finding("price_micro", sale.price_micro, said.price_micro);
    const bool sold = sale.outcome == AuctionOutcome::sold;
    if (said.sold != (sold ? sale.sold : Int128{0}))
        return auction_finding("sold", sold ? sale.sold : Int128{0}, said.sold);
    if (said.used.size() != offer.steps.size())
        return auction_finding("used", Int128{offer.steps.size()}, Int128{said.used.size()});
    for (std::size_t i = 0; i < said.used.size(); ++i) {
        const Int128 used = sold ? sale.used[i] : Int128{0};
        if (said.used[i] != used) return auction_finding("used", used, said.used[i]);
    }

    // Who is above the last price has all; at it the rest, in the order of the draw or in proportion.
    std::vector<Int128> fills(said.bids.size(), 0);
    if (sold) {
        std::stable_sort(bids.begin(), bids.end(), [](const Counted& a, const Counted& b) {
            if (a.price_micro != b.price_micro) return a.price_micro > b.price_micro;
            return a.draw != b.draw ? a.draw < b.draw : a.at_us < b.at_us;
        });
        Int128 left = sale.sold;
        std::vector<Counted> last;
        std::vector<Int128> asked;
        for (const Counted& bid : bids) {
            if (bid.price_micro > sale.marginal_micro) left -= fills[bid.place] = bid.quantity;
            if (bid.price_micro != sale.marginal_micro) continue;
            last.push_back(bid);
            asked.push_back(bid.quantity);
        }
        if (rules.tie == TieRule::pro_rata) {
            const std::vector<Int128> lots = in_proportion(asked, left / rules.lot);
            left %= rules.lot;
            for (std::size_t i = 0; i < last.size(); ++i)
                fills[last[i].place] = lots[i] * rules.lot;
        }
        for (const Counted& bid : last) {
            Int128& fill = fills[bid.place];
            const Int128 more = std::min(left, bid.quantity - fill);
            fill += more;
            left -= more;
        }
    }
    for (std::size_t i = 0; i < said.bids.size(); ++i) {
        const BidResult& each = said.bids[i];
        if (each.fill != fills[i]) return auction_finding("fill", fills[i], each.fill);
        if (each.counted == 0) continue;
        const BidState right = fills[i] > 0 ? BidState::won
                               : sold       ? BidState::lost
                                            : BidState::released;
        if (each.state != right)
            return SchemeFinding{
                "auction.bid", std::string(to_string(right)), std::string(to_string(each.state))};
    }
    if (!sold) {
        if (!said.consigned.empty()) return auction_finding("consigned", 0, 1);
        if (refused) return could_be_done;
        return not_held(sale.outcome != AuctionOutcome::no_bids ||
                        rules.on_shortfall == Shortfall::cancel);
    }
    for (std::size_t i = 0; i < said.bids.size(); ++i) {
        const SeenBid& bid = auction.bids.at(said.bids[i].bid);
        due_now_.money[bid.reserve] = sum_within(0, sale.price_micro * fills[i]);
        if (fills[i] > 0) due_now_.allowances[bid.to] += fills[i];
    }

    // What is consigned is sold first, in proportion.
    std::vector<Int128> waiting;
    Int128 of_holders = 0;
    for (const auto& [holder, quantity] : offer.consigned) {
        waiting.push_back(quantity);
        of_holders += quantity;
    }
    of_holders = std::min(of_holders, sale.used.front());
    const std::vector<Int128> theirs = in_proportion(waiting, of_holders);
    if (said.consigned.size() != theirs.size())
        return auction_finding("consigned", Int128{theirs.size()}, Int128{said.consigned.size()});
    std::size_t place = 0;
    for (const auto& [holder, quantity] : offer.consigned) {
        const ConsignedLine& line = said.consigned[place];
        if (line.participant != holder)
            return SchemeFinding{"auction.consigned", "each holder of the notice once", "another"};
        if (line.quantity != theirs[place])
            return auction_finding("consigned", theirs[place], line.quantity);
        due_now_.holders[money_account(holder)] += sale.price_micro * theirs[place];
        ++place;
    }
    due_now_.pots[kConsignment] = of_holders;
    for (std::size_t i = 0; i < offer.steps.size(); ++i)
        due_now_
            .pots[offer.steps[i].source == Source::containment ? kContainmentReserve : kAuction] +=
            sale.used[i] - (i == 0 ? of_holders : Int128{0});
    if (refused) {
        // The books refuse what is not there; nothing else is in the way of a settlement.
        const bool short_of =
            std::any_of(due_now_.pots.begin(), due_now_.pots.end(), [&](const auto& pot) {
                return held_[{pot.first, due_now_.vintage}] < pot.second;
            });
        if (!short_of) return could_be_done;
        due_now_ = all_free;
        return not_held(true);
    }
    for (const ConsignedLine& line : said.consigned) {
        std::int64_t& waits = consigned_[{line.participant, due_now_.vintage}];
        waits = sum_within(0, Int128{waits} - line.quantity);
    }
    for (std::size_t i = 0; i < offer.steps.size(); ++i) {
        const OfferStep& step = offer.steps[i];
        const auto add = [&](std::int64_t& sum, Int128 more) { sum = sum_within(sum, more); };
        if (step.source == Source::containment)
            add(reserve_sold_[auction.said.vintage], sale.used[i]);
        if (step.source == Source::withheld)
            add(taken_out_[auction.said.vintage], step.quantity - sale.used[i]);
    }
    let_go(auction, false);
    if (event.postings == 0) return auction_finding("postings", 1, 0);
    return std::nullopt;
}

bool SchemeAuditor::settles_auction(const registry::Event& event) {
    using registry::Op;
    const registry::Command& p = event.command;
    if (p.op == Op::post || p.op == Op::void_pending) {
        const auto owed = due_now_.money.find(p.reference);
        if (owed == due_now_.money.end()) return false;
        const bool right = p.op == Op::post
                               ? owed->second > 0 && event.outcome.amount == owed->second
                               : owed->second == 0;
        due_now_.money.erase(owed);
        return right;
    }
    if (p.op != Op::transfer) return false;
    if (p.asset == registry::Asset::cash) {
        const auto owed = due_now_.holders.find(p.to);
        if (p.from != kProceeds || owed == due_now_.holders.end()) return false;
        owed->second -= p.amount;
        return owed->second >= 0;
    }
    if (p.asset != due_now_.vintage) return false;
    const auto pot = due_now_.pots.find(p.from);
    const auto owed = due_now_.allowances.find(p.to);
    if (pot == due_now_.pots.end() || owed == due_now_.allowances.end()) return false;
    pot->second -= p.amount;
    owed->second -= p.amount;
    return pot->second >= 0 && owed->second >= 0;
}

bool SchemeAuditor::all_settled() const {
    const auto empty = [](const std::map<AccountId, Int128>& sums) {
        return std::all_of(
            sums.begin(), sums.end(), [](const auto& each) { return each.second == 0; });
    };
    return due_now_.money.empty() && empty(due_now_.allowances) && empty(due_now_.pots) &&
           empty(due_now_.holders);
}

std::int64_t SchemeAuditor::ceiling_price(const BuyAtCeiling& said) const {
    const auto opened = opened_.find(said.year);
    if (opened == opened_.end() || !opened->second.rules.auction.ceiling) return -1;
    const Rules& rules = opened->second.rules;
    return sum_within(
        0, Int128{grown(rules, rules.auction.ceiling_price_micro, said.year)} * said.quantity);
}

}  // namespace abate::scheme
