// Opening, bidding, clearing.
#include "abate/scheme/auctions.h"

#include "abate/scheme/exact.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/supervision.h"

#include <algorithm>
#include <set>

namespace abate::scheme {
namespace {

Auction* auction_in(State& state, const TransferId& id) {
    const auto found = state.auction.auctions.find(id);
    return found == state.auction.auctions.end() ? nullptr : &found->second;
}
const Auction* auction_in(const State& state, const TransferId& id) {
    const auto found = state.auction.auctions.find(id);
    return found == state.auction.auctions.end() ? nullptr : &found->second;
}

// Allowances that a group bids for, in one auction or in all that are open; of all groups together with `everybody`.
struct BidSum {
    Int128 of_group = 0;
    Int128 everybody = 0;
    std::size_t of_participant = 0;  // bids
};
struct Without {
    ParticipantId participant{};
    TransferId bid{};  // is not counted: it is the one that changes
};
BidSum bids_in(const State& state, const Auction& auction, const Without& asked) {
    BidSum out;
    const GroupId group = group_of(state, asked.participant);
    for (const auto& [id, bid] : auction.bids) {
        if (bid.state != BidState::open || id == asked.bid) continue;
        out.everybody += bid.quantity;
        if (bid.participant == asked.participant) ++out.of_participant;
        if (group_of(state, bid.participant) == group) out.of_group += bid.quantity;
    }
    return out;
}

bool takes_bids(const Auction& auction, Timestamp now) {
    const OpenAuction& said = auction.notice.said;
    return !auction.result && now >= said.opens_at && now < said.closes_at;
}

// What a key without the right to ask for everything has bid in the day of `now`, in all auctions; a bid that lost its place counts no more.
Reason check_mandate(const Look& look, const SealedBid& asked, const TransferId& instead_of) {
    const auto found = look.state.keys.find(look.by);
    if (found == look.state.keys.end()) return Reason::key_not_found;
    const Key& key = found->second;
    if ((key.grant.roles & static_cast<std::uint8_t>(Role::initiator)) != 0) return Reason::ok;
    const std::int64_t day = day_of(look.now);
    Int128 quantity = asked.quantity;
    Int128 value = Int128{asked.price_micro} * asked.quantity;
    for (const auto& [auction_id, auction] : look.state.auction.auctions)
        for (const auto& [id, bid] : auction.bids) {
            if (bid.by != look.by || id == instead_of || day_of(bid.at) != day) continue;
            if (bid.state != BidState::open && bid.state != BidState::won) continue;
            quantity += bid.quantity;
            value += Int128{bid.price_micro} * bid.quantity;
        }
    return quantity > key.mandate.daily_net_quantity || value > key.mandate.daily_net_value_micro
               ? Reason::mandate_exceeded
               : Reason::ok;
}

// Of a bid that is new, or changed from `instead_of`.
Reason check_bid(const Look& look,
                 const Auction& auction,
                 const SealedBid& asked,
                 const TransferId& instead_of) {
    const Notice& notice = auction.notice;
    if (asked.quantity <= 0) return Reason::amount_not_positive;
    if (asked.quantity % notice.lot != 0) return Reason::bid_off_lot;
    if (asked.price_micro <= 0 || asked.price_micro % notice.tick_micro != 0)
        return Reason::bid_off_tick;
    if (Int128{asked.price_micro} * asked.quantity > INT64_MAX)
        return Reason::consideration_too_large;
    const BidSum bids =
        bids_in(look.state, auction, {.participant = asked.participant, .bid = instead_of});
    if (bids.of_participant >= kMostBids) return Reason::too_many_bids;
    const GroupId group = group_of(look.state, asked.participant);
    if (bids.of_group + asked.quantity > purchase_limit_of(look.state, notice, group))
        return Reason::purchase_limit_exceeded;
    if (bids.everybody + asked.quantity > INT64_MAX) return Reason::figures_out_of_range;
    // What is bid for anywhere counts as if it came.
    Int128 coming = asked.quantity;
    for (const auto& [id, other] : look.state.auction.auctions)
        if (!other.result)
            coming +=
                bids_in(look.state, other, {.participant = asked.participant, .bid = instead_of})
                    .of_group;
    if (const Reason r = check_holding(look,
                                       {.participant = asked.participant,
                                        .kind = AccountKind::holding,
                                        .amount = sum_within(0, coming)});
        r != Reason::ok)
        return r;
    return check_mandate(look, asked, instead_of);
}

registry::Command cover_of(const SealedBid& bid) {
    return {.op = registry::Op::reserve,
            .asset = registry::Asset::cash,
            .from = bid.from,
            .to = kProceeds,
            .amount = sum_within(0, Int128{bid.price_micro} * bid.quantity)};
}

registry::Command release_of(const SealedBid& bid) {
    return {.op = registry::Op::void_pending, .reference = bid.reserve};
}

// A volume that was not sold because its auction was not held waits for the next ones.
std::int64_t carry(State& state, const Notice& notice) {
    if (notice.respread_auctions <= 0 || notice.own_volume <= 0) return 0;
    const auto parts = respread(
        {.quantity = notice.own_volume, .lot = notice.lot, .auctions = notice.respread_auctions});
    if (!parts) return 0;
    std::vector<std::int64_t>& waits = state.auction.carried[notice.said.vintage];
    if (waits.size() < parts->size()) waits.resize(parts->size());
    for (std::size_t i = 0; i < parts->size(); ++i) waits[i] = sum_within(waits[i], (*parts)[i]);
    return notice.own_volume;
}

std::int64_t bidders_of(const Auction& auction) {
    std::set<ParticipantId> who;
    for (const auto& [id, bid] : auction.bids)
        if (bid.state != BidState::withdrawn) who.insert(bid.participant);
    return static_cast<std::int64_t>(who.size());
}

}  // namespace

// ---- the notice

Decision decide(const Look& look, const OpenAuction& c) {
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    const Period* period = find_period(look.state, c.vintage);
    if (period == nullptr) return Reason::period_not_open;
    const Period* priced = period_of_moment(look.state, c.closes_at);
    const AuctionRules& rules = priced->rules.auction;
    if (!rules.auctions) return Reason::no_auctions;
    if (!period->cap || period->cap->steps.stage != Stage::issued) return Reason::cap_not_issued;
    if (c.reference.size() > kMaxText) return Reason::text_too_long;
    if (c.reference_price_micro < 0 || c.quantity < 0) return Reason::amount_not_positive;
    if (c.reference_price_micro > 0 && c.reference.empty()) return Reason::reason_missing;
    if (c.opens_at < after_hours(look.now, rules.notice_h) || c.closes_at <= c.opens_at ||
        c.closes_at < after_hours(c.opens_at, rules.window_h) || c.closes_at.us > kLastMomentUs)
        return Reason::auction_window_invalid;
    if (c.quantity > unpromised_volume(look, c.vintage)) return Reason::auction_exceeds_supply;
    const Derived<Notice> notice = notice_of(look.state, c, {.id = look.id, .act = look.act});
    if (notice.reason != Reason::ok) return notice.reason;
    if (offered(notice.value) <= 0) return Reason::amount_not_positive;
    return {};
}

void fold(State& state, const Done& done, const OpenAuction& c) {
    const Derived<Notice> notice = notice_of(state, c, {.id = done.id, .act = done.act});
    if (notice.reason != Reason::ok) return;
    if (const auto waits = state.auction.carried.find(c.vintage);
        waits != state.auction.carried.end() && !waits->second.empty()) {
        waits->second.erase(waits->second.begin());
        if (waits->second.empty()) state.auction.carried.erase(waits);
    }
    state.auction.auctions[done.id] = {.notice = notice.value, .bids = {}, .result = {}};
    state.due.insert({c.closes_at.us, DueKind::clear_auction, done.id});
}

Decision decide(const Look& look, const CallOffAuction& c) {
    const Auction* auction = auction_in(look.state, c.auction);
    if (auction == nullptr) return Reason::auction_not_found;
    if (auction->result) return Reason::auction_over;
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    for (const auto& [id, bid] : open_bids(*auction)) out.postings.push_back(release_of(bid));
    return out;
}

void fold(State& state, const Done& done, const CallOffAuction& c) {
    Auction* auction = auction_in(state, c.auction);
    if (auction == nullptr || auction->result) return;
    PublishedResult& result = auction->result.emplace();
    result.outcome = AuctionOutcome::called_off;
    result.at = done.at;
    result.bidders = bidders_of(*auction);
    result.reason = c.reason;
    for (auto& [id, bid] : auction->bids)
        if (bid.state == BidState::open) bid.state = BidState::released;
    result.carried = carry(state, auction->notice);
    state.due.erase({auction->notice.said.closes_at.us, DueKind::clear_auction, c.auction});
}

// ---- bids

Decision decide(const Look& look, const PlaceBid& c) {
    const Auction* auction = auction_in(look.state, c.auction);
    if (auction == nullptr) return Reason::auction_not_found;
    if (!takes_bids(*auction, look.now)) return Reason::auction_not_open;
    for (const AccountId account : {c.from, c.to})
        if (const Reason r = check_account_of(look.state, c.participant, account); r != Reason::ok)
            return r;
    if (look.state.accounts.at(c.from).kind != AccountKind::cash)
        return registry::Reason::asset_not_for_account;
    if (look.state.accounts.at(c.to).kind != AccountKind::holding ||
        look.state.accounts.at(c.to).closed)
        return Reason::no_holding_account;
    if (look.state.halted) return Reason::trading_halted;
    if (is_embargoed(look.state, c.participant, look.now)) return Reason::embargoed;
    const SealedBid bid{.participant = c.participant,
                        .from = c.from,
                        .to = c.to,
                        .price_micro = c.price_micro,
                        .quantity = c.quantity};
    if (const Reason r = check_bid(look, *auction, bid, {}); r != Reason::ok) return r;
    Decision out;
    out.postings.push_back(cover_of(bid));
    return out;
}

void fold(State& state, const Done& done, const PlaceBid& c) {
    Auction* auction = auction_in(state, c.auction);
    if (auction == nullptr) return;
    auction->bids[done.id] = {.participant = c.participant,
                              .from = c.from,
                              .to = c.to,
                              .price_micro = c.price_micro,
                              .quantity = c.quantity,
                              .at = done.at,
                              .by = done.by,
                              .reserve = posting_id(done.act, 0)};
}

namespace {

// The auction, where its bid may still be touched by its owner.
struct Touched {
    Reason reason = Reason::ok;
    const Auction* auction = nullptr;
    const SealedBid* bid = nullptr;
};
template <class C>
Touched touch(const Look& look, const C& c) {
    const Auction* auction = auction_in(look.state, c.auction);
    if (auction == nullptr) return {.reason = Reason::auction_not_found};
    if (!takes_bids(*auction, look.now)) return {.reason = Reason::auction_not_open};
    const auto found = auction->bids.find(c.bid);
    // A bid of another is as unknown as none: nobody learns of it.
    if (found == auction->bids.end() || found->second.participant != c.participant ||
        found->second.state != BidState::open)
        return {.reason = Reason::bid_not_found};
    return {.auction = auction, .bid = &found->second};
}

}  // namespace

Decision decide(const Look& look, const ChangeBid& c) {
    const Touched touched = touch(look, c);
    if (touched.reason != Reason::ok) return touched.reason;
    if (look.state.halted) return Reason::trading_halted;
    if (is_embargoed(look.state, c.participant, look.now)) return Reason::embargoed;
    SealedBid bid = *touched.bid;
    bid.price_micro = c.price_micro;
    bid.quantity = c.quantity;
    if (const Reason r = check_bid(look, *touched.auction, bid, c.bid); r != Reason::ok) return r;
    Decision out;
    out.postings = {release_of(*touched.bid), cover_of(bid)};
    return out;
}

void fold(State& state, const Done& done, const ChangeBid& c) {
    Auction* auction = auction_in(state, c.auction);
    if (auction == nullptr) return;
    const auto found = auction->bids.find(c.bid);
    if (found == auction->bids.end()) return;
    SealedBid& bid = found->second;
    bid.price_micro = c.price_micro;
    bid.quantity = c.quantity;
    bid.at = done.at;
    bid.by = done.by;
    bid.reserve = posting_id(done.act, 1);
}

Decision decide(const Look& look, const WithdrawBid& c) {
    const Touched touched = touch(look, c);
    if (touched.reason != Reason::ok) return touched.reason;
    Decision out;
    out.postings.push_back(release_of(*touched.bid));
    return out;
}

void fold(State& state, const Done& /*done*/, const WithdrawBid& c) {
    Auction* auction = auction_in(state, c.auction);
    if (auction == nullptr) return;
    const auto found = auction->bids.find(c.bid);
    if (found != auction->bids.end()) found->second.state = BidState::withdrawn;
}

// ---- clearing

namespace {

using Bids = std::vector<std::pair<TransferId, SealedBid>>;

bool is_shut(const registry::Registry& books, AccountId account) {
    const auto view = books.account(account);
    return !view || view->status == AccountStatus::frozen || view->status == AccountStatus::closed;
}

// The bids that count and how much of each: void where money or allowances cannot move, and within the limits of each group as it is now,
// the dearest and earliest first.
std::vector<BidResult> counted_bids(const Look& look, const Auction& auction, const Bids& bids) {
    std::vector<BidResult> out;
    std::map<GroupId, std::vector<std::size_t>> of_group;
    for (std::size_t i = 0; i < bids.size(); ++i) {
        const auto& [id, bid] = bids[i];
        out.push_back({.bid = id, .state = BidState::lost, .counted = bid.quantity});
        if (is_shut(look.books, bid.from) || is_shut(look.books, bid.to)) {
            out.back().state = BidState::account_shut;
            out.back().counted = 0;
            continue;
        }
        of_group[group_of(look.state, bid.participant)].push_back(i);
    }
    for (auto& [group, places] : of_group) {
        // `places` is by arrival, which a stable sort keeps.
        std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
            return bids[a].second.price_micro > bids[b].second.price_micro;
        });
        std::int64_t left = std::min(
            purchase_limit_of(look.state, auction.notice, group),
            holding_room(look, bids[places.front()].second.participant).value_or(INT64_MAX));
        left -= left % auction.notice.lot;
        for (const std::size_t i : places) {
            out[i].counted = std::min(bids[i].second.quantity, left);
            left -= out[i].counted;
            if (out[i].counted == 0) out[i].state = BidState::over_limit;
        }
    }
    return out;
}

// `sold` of what the holders have consigned, in proportion, by largest remainder; earlier lines first where remainders are equal.
std::vector<ConsignedLine> share_of_holders(const std::vector<ConsignedLine>& lines,
                                            std::int64_t sold) {
    std::vector<Big> weights;
    Big all = 0;
    for (const ConsignedLine& line : lines) all += weights.emplace_back(line.quantity);
    const auto shares = apportion(weights, {.numerator = sold, .denominator = all}, sold);
    std::vector<ConsignedLine> out = lines;
    for (std::size_t i = 0; i < out.size(); ++i) out[i].quantity = shares[i].whole;
    return out;
}

struct Pot {
    AccountId account{};
    std::int64_t left = 0;
};

AccountId cash_of(const Look& look, ParticipantId participant) {
    const AccountId account = first_account(look.state, participant, AccountKind::cash);
    return account == AccountId{} || is_shut(look.books, account) ? AccountId{} : account;
}

}  // namespace

Settled clearing_of(const Look& look, const Auction& auction) {
    Settled out;
    AuctionClearing& result = out.clearing;
    const Bids bids = open_bids(auction);
    const auto release_all = [&](AuctionOutcome why) {
        result = {.outcome = why};
        out.postings.clear();
        for (const auto& [id, bid] : bids) {
            result.bids.push_back({.bid = id, .state = BidState::released});
            out.postings.push_back(release_of(bid));
        }
        return out;
    };
    if (look.state.halted) return release_all(AuctionOutcome::halted);

    // A holder who cannot be paid sells nothing here: what is consigned of it waits for the next auction.
    Notice notice = auction.notice;
    std::vector<ConsignedLine> consigned;
    for (const ConsignedLine& line : notice.consigned) {
        if (cash_of(look, line.participant) != AccountId{}) {
            consigned.push_back(line);
            continue;
        }
        result.not_sold.push_back(line.participant);
        for (OfferStep& step : notice.steps)
            if (step.source == Source::auction) step.quantity -= line.quantity;
    }
    result.bids = counted_bids(look, auction, bids);
    AuctionTerms terms = terms_of(notice);
    // What the market itself paid comes before what was stated of it.
    if (notice.least_of_reference.value > 0 && look.market_reference_micro > 0) {
        result.reference_micro = look.market_reference_micro;
        terms.least_price_micro = least_price(result.reference_micro, notice.least_of_reference);
    }
    // A step with nothing left on it is none; `place` says which one a step of the terms is.
    std::vector<std::size_t> place;
    AuctionTerms left_terms = terms;
    left_terms.supply.clear();
    for (std::size_t i = 0; i < terms.supply.size(); ++i)
        if (terms.supply[i].quantity > 0) {
            left_terms.supply.push_back(terms.supply[i]);
            place.push_back(i);
        }
    std::vector<Bid> counted;
    std::vector<std::size_t> index;  // in `bids`
    for (std::size_t i = 0; i < bids.size(); ++i) {
        if (result.bids[i].counted <= 0) continue;
        counted.push_back({.price_micro = bids[i].second.price_micro,
                           .quantity = result.bids[i].counted,
                           .draw = draw_of(notice, bids[i].second.participant)});
        index.push_back(i);
    }
    const Result<AuctionResult> cleared = clear(left_terms, counted);
    if (!cleared) return release_all(AuctionOutcome::failed);
    result.outcome = cleared->outcome;
    result.price_micro = cleared->price_micro;
    result.sold = cleared->sold;
    result.bid_for = cleared->bid_for;
    result.used.assign(notice.steps.size(), 0);
    for (std::size_t i = 0; i < place.size(); ++i) result.used[place[i]] = cleared->used[i];

    std::vector<std::int64_t> paid(bids.size(), 0);
    for (std::size_t i = 0; i < counted.size(); ++i) {
        BidResult& bid = result.bids[index[i]];
        bid.fill = cleared->fills[i];
        if (bid.fill > 0) bid.state = BidState::won;
        // At most what is reserved: the price is no higher than the bid's.
        paid[index[i]] = sum_within(0, Int128{result.price_micro} * bid.fill);
    }
    if (result.outcome != AuctionOutcome::sold)
        for (BidResult& bid : result.bids)
            if (bid.state == BidState::lost) bid.state = BidState::released;

    // Money first: kept for what was sold, the rest free again.
    for (std::size_t i = 0; i < bids.size(); ++i) {
        registry::Command posting = release_of(bids[i].second);
        if (paid[i] > 0) {
            posting.op = registry::Op::post;
            posting.amount = paid[i];
        }
        out.postings.push_back(posting);
    }
    // Allowances: what is consigned before what is the scheme's.
    std::vector<Pot> pots;
    for (std::size_t i = 0; i < notice.steps.size(); ++i) {
        std::int64_t used = result.used[i];
        if (notice.steps[i].source == Source::auction) {
            Int128 theirs = 0;
            for (const ConsignedLine& line : consigned) theirs += line.quantity;
            const std::int64_t sold = sum_within(0, std::min(theirs, Int128{used}));
            result.consigned = share_of_holders(consigned, sold);
            pots.push_back({.account = kConsignment, .left = sold});
            used -= sold;
        }
        pots.push_back({.account = notice.steps[i].source == Source::containment
                                       ? kContainmentReserve
                                       : kAuction,
                        .left = used});
    }
    std::size_t pot = 0;
    for (const std::size_t i : by_rank(counted)) {
        std::int64_t wanted = cleared->fills[i];
        while (wanted > 0) {
            const std::int64_t here = std::min(wanted, pots[pot].left);
            if (here > 0)
                out.postings.push_back({.op = registry::Op::transfer,
                                        .asset = asset_of_year(notice.said.vintage),
                                        .from = pots[pot].account,
                                        .to = bids[index[i]].second.to,
                                        .amount = here,
                                        .price_micro = result.price_micro});
            pots[pot].left -= here;
            wanted -= here;
            if (pots[pot].left == 0) ++pot;
        }
    }
    // Holders are paid out of the proceeds.
    for (const ConsignedLine& line : result.consigned) {
        const std::int64_t due = sum_within(0, Int128{result.price_micro} * line.quantity);
        if (due > 0)
            out.postings.push_back({.op = registry::Op::transfer,
                                    .asset = registry::Asset::cash,
                                    .from = kProceeds,
                                    .to = cash_of(look, line.participant),
                                    .amount = due});
    }
    return out;
}

DueDecision decide_auction(const Look& look, const Due& due) {
    DueDecision out;
    const Auction* auction = auction_in(look.state, due.id);
    if (auction == nullptr || auction->result) return out;
    Look then = look;
    then.now = {due.at_us};  // limits of its own moment, whenever the next act comes
    Settled settled = clearing_of(then, *auction);
    out.clearing = std::move(settled.clearing);
    out.postings = std::move(settled.postings);
    for (const auto& [id, bid] : open_bids(*auction)) out.otherwise.push_back(release_of(bid));
    return out;
}

void fold_auction(State& state, const DueDone& done, const Due& due) {
    Auction* auction = auction_in(state, due.id);
    if (auction == nullptr || auction->result) return;
    const Notice& notice = auction->notice;
    // Of a settlement that the books refused nothing came about.
    const AuctionClearing refused{.outcome = AuctionOutcome::failed};
    const AuctionClearing& said = done.reason == Reason::ok ? done.clearing : refused;
    PublishedResult& result = auction->result.emplace();
    result.outcome = said.outcome;
    result.at = {due.at_us};
    result.price_micro = said.price_micro;
    result.sold = said.sold;
    result.bid_for = said.bid_for;
    result.reference_micro = said.reference_micro;
    result.bidders = bidders_of(*auction);
    result.revenue_micro =
        revenue_micro({.price_micro = said.price_micro, .sold = said.sold}).value_or(INT64_MAX);
    for (auto& [id, bid] : auction->bids)
        if (bid.state == BidState::open) bid.state = BidState::released;
    std::set<ParticipantId> winners;
    for (const BidResult& each : said.bids) {
        const auto found = auction->bids.find(each.bid);
        if (found == auction->bids.end()) continue;
        SealedBid& bid = found->second;
        bid.state = each.state;
        bid.counted = each.counted;
        bid.fill = each.fill;
        if (each.state == BidState::account_shut || each.state == BidState::over_limit)
            ++result.void_bids;
        if (each.fill <= 0) continue;
        winners.insert(bid.participant);
        note_sale(state, {.seller = {}, .buyer = bid.participant, .quantity = each.fill});
    }
    result.winners = static_cast<std::int64_t>(winners.size());
    if (said.outcome != AuctionOutcome::sold) {
        // Without a rule that cancels, what nobody bid for is not cancelled: it stays for the operator to offer.
        if (said.outcome != AuctionOutcome::no_bids || notice.on_shortfall == Shortfall::cancel)
            result.carried = carry(state, notice);
        return;
    }
    for (const ConsignedLine& line : said.consigned) {
        result.consigned_sold = sum_within(result.consigned_sold, line.quantity);
        result.consigned_micro =
            sum_within(result.consigned_micro, Int128{said.price_micro} * line.quantity);
        const auto waits = state.compliance.consigned.find(
            {.participant = line.participant, .year = notice.said.vintage});
        if (waits != state.compliance.consigned.end()) {
            waits->second = sum_within(0, Int128{waits->second} - line.quantity);
            if (waits->second <= 0) state.compliance.consigned.erase(waits);
        }
        note_sale(state, {.seller = line.participant, .buyer = {}, .quantity = line.quantity});
    }
    for (std::size_t i = 0; i < notice.steps.size() && i < said.used.size(); ++i) {
        const OfferStep& step = notice.steps[i];
        if (step.source == Source::withheld)
            result.withheld = sum_within(0, Int128{step.quantity} - said.used[i]);
        if (step.source == Source::containment)
            result.from_containment = sum_within(result.from_containment, said.used[i]);
    }
    const auto keep = [&](std::map<std::int64_t, std::int64_t>& sums, std::int64_t more) {
        if (more == 0) return;
        std::int64_t& sum = sums[notice.said.vintage];
        sum = sum_within(sum, more);
    };
    keep(state.auction.withheld, result.withheld);
    keep(state.auction.containment_sold, result.from_containment);
}

// ---- the ceiling

Decision decide(const Look& look, const BuyAtCeiling& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    if (!period->rules.auction.auctions || !period->rules.auction.ceiling)
        return Reason::no_price_ceiling;
    if (!period->cap || period->cap->steps.stage != Stage::issued) return Reason::cap_not_issued;
    for (const AccountId account : {c.from, c.to})
        if (const Reason r = check_account_of(look.state, c.participant, account); r != Reason::ok)
            return r;
    if (look.state.accounts.at(c.from).kind != AccountKind::cash)
        return registry::Reason::asset_not_for_account;
    if (look.state.accounts.at(c.to).kind != AccountKind::compliance)
        return registry::Reason::to_kind_not_allowed;
    if (look.state.halted) return Reason::trading_halted;
    if (c.quantity <= 0) return Reason::amount_not_positive;
    // What came back into the reserve since is not of the cap's.
    if (containment_sold(look.state, c.year) < period->cap->parts.containment_reserve)
        return Reason::containment_not_sold;
    // What it still owes of the year, less all that its own accounts hold and could surrender for it.
    Int128 need =
        outstanding_allowances(look.state, {.participant = c.participant, .year = c.year});
    for (const auto& [id, account] : look.state.accounts) {
        if (account.participant != c.participant ||
            (account.kind != AccountKind::holding && account.kind != AccountKind::compliance))
            continue;
        const auto view = look.books.account(id);
        if (!view) continue;
        for (const registry::Balance& balance : view->balances)
            if (balance.asset != registry::Asset::cash &&
                static_cast<std::int64_t>(balance.asset) <= c.year)
                need -= balance.posted;
    }
    if (c.quantity > need) return Reason::ceiling_exceeds_need;
    const Derived<std::int64_t> price =
        price_in_year(period->rules, period->rules.auction.ceiling_price_micro, c.year);
    if (price.reason != Reason::ok) return price.reason;
    const Int128 value = Int128{price.value} * c.quantity;
    if (value > INT64_MAX) return Reason::consideration_too_large;
    Decision out;
    out.number = static_cast<std::int64_t>(value);
    out.postings.push_back({.op = registry::Op::transfer,
                            .asset = registry::Asset::cash,
                            .from = c.from,
                            .to = kProceeds,
                            .amount = out.number});
    out.postings.push_back({.op = registry::Op::issue,
                            .asset = asset_of_year(c.year),
                            .from = kIssuance,
                            .to = c.to,
                            .amount = c.quantity});
    return out;
}

void fold(State& state, const Done& done, const BuyAtCeiling& c) {
    CeilingSales& sales = state.auction.above_cap[c.year];
    sales.quantity = sum_within(sales.quantity, c.quantity);
    sales.revenue_micro = sum_within(sales.revenue_micro, done.number);
}

}  // namespace abate::scheme
