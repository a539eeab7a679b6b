// The hours of a market: orders that a call collects, and what trades when it is over.
#include "abate/core/assert.h"
#include "abate/exchange/market.h"
#include "abate/exchange/tape_period.h"

#include <algorithm>

namespace abate::exchange {

std::string_view to_string(Phase phase) {
    switch (phase) {
        case Phase::continuous:
            return "continuous";
        case Phase::call:
            return "call";
        case Phase::closed:
            break;
    }
    return "closed";
}

PhaseAt phase_at(const Session& session, Timestamp at) {
    if (session.closes_us == 0) return {};
    const std::int64_t day = day_of(at) * kDayUs;
    const std::int64_t collects = session.opens_us - session.opening_call_us;
    const std::int64_t closing = session.closes_us - session.closing_call_us;
    const std::int64_t now = at.us - day;
    const auto phase = [&](Phase which, std::int64_t until) {
        return PhaseAt{.phase = which, .until = {day + until}};
    };
    if (now < collects) return phase(Phase::closed, collects);
    if (now < session.opens_us) return phase(Phase::call, session.opens_us);
    if (now < closing) return phase(Phase::continuous, closing);
    if (now < session.closes_us) return phase(Phase::call, session.closes_us);
    return phase(Phase::closed, kDayUs + collects);
}

PhaseAt Market::phase(const Venue& venue, Timestamp at) const {
    if (!venue.pool.orders.empty()) return {.phase = Phase::call, .until = {due_us(venue)}};
    return phase_at(rules_.session, at);
}

PhaseAt Market::phase(std::uint32_t vintage, Timestamp at) const {
    const Venue* venue = find_venue(vintage);
    return venue == nullptr ? PhaseAt{} : phase(*venue, at);
}

std::int64_t Market::due_us(const Venue& venue) {
    if (venue.pool.orders.empty()) return INT64_MAX;
    return std::max({venue.pool.ends_us, venue.halted_until, venue.said.until_us});
}

Market::Venue* Market::next_call() const {
    Venue* next = nullptr;
    if (collected_ == 0 || !trading_) return next;
    for (const auto& venue : venues_)
        if (!venue->pool.orders.empty() && (next == nullptr || due_us(*venue) < due_us(*next)))
            next = venue.get();
    return next;
}

// ---- what is in the market

Market::OrderView Market::view_of(const Collected& order) {
    return {.id = order.id,
            .side = order.side,
            .price_micro = order.limit,
            .quantity = order.left,
            .owner = order.owner,
            .in_call = true};
}

std::optional<Market::OrderView> Market::order(std::uint32_t vintage, std::uint64_t id) const {
    const Venue* venue = find_venue(vintage);
    if (venue == nullptr) return std::nullopt;
    if (const std::uint32_t place = venue->book.find(id); place != OrderBook::kNone)
        return OrderView{.id = id,
                         .side = venue->book.side_of(place),
                         .price_micro = venue->book.price_of(place) * venue->terms.tick_micro,
                         .quantity = venue->book.at(place).quantity,
                         .owner = venue->book.at(place).owner};
    const auto arrival = venue->pool.arrivals.find(id);
    if (arrival == venue->pool.arrivals.end()) return std::nullopt;
    return view_of(venue->pool.orders.at(arrival->second));
}

void Market::for_each_order(std::uint32_t vintage,
                            const std::function<void(const OrderView&)>& visit) const {
    const Venue* venue = find_venue(vintage);
    if (venue == nullptr) return;
    for (const Side side : {Side::buy, Side::sell})
        for_each_in_book(*venue, side, [&](const OrderView& order) {
            visit(order);
            return true;
        });
    for (const auto& [arrival, order] : venue->pool.orders) visit(view_of(order));
}

// ---- collecting

Market::Part Market::part_of(const Venue& venue, const Collected& order) {
    TraderState& trader = traders_[order.owner];
    return {.trader = &trader,
            .position = &trader.positions[venue.number],
            .limit = order.limit,
            .left = order.left};
}

bool Market::would_meet_own_group(const Venue& venue, const Order& order) const {
    const Side side = order.operation.side;
    const registry::GroupId group = order.trader->group;
    const auto has_some = [&](const TraderState& trader) {
        if (trader.group != group || trader.positions.size() <= venue.number) return false;
        const Position& position = trader.positions[venue.number];
        return (side == Side::buy ? position.open_sell : position.open_buy) > 0;
    };
    if (std::none_of(traders_.begin(), traders_.end(), has_some)) return false;
    const auto meets = [&](std::int64_t price) {
        return side == Side::buy ? price <= order.limit : price >= order.limit;
    };
    bool found = false;
    const auto look = [&](const OrderView& each) {
        found = found || (meets(each.price_micro) && traders_[each.owner].group == group);
        return !found && meets(each.price_micro);
    };
    for_each_in_book(venue, other(side), look);
    for (const auto& [arrival, each] : venue.pool.orders)
        if (each.side != side) static_cast<void>(look(view_of(each)));
    return found;
}

// An order or a replacement waits for the end of the call. REQUIRES: one runs.
void Market::pool_order(Venue& venue,
                        const Operation& o,
                        const Collecting& collecting,
                        registry::Registry& books) {
    const Timestamp at = collecting.at;
    TraderState& trader = traders_[o.participant];
    roll(venue, at);
    roll(trader, at);
    const Collected order{.id = o.order_id,
                          .side = o.side,
                          .limit = *o.price_micro,
                          .left = *o.quantity,
                          .owner = o.participant};
    Pool& pool = venue.pool;
    if (pool.orders.empty())
        pool.ends_us = collecting.ends_us.value_or(phase_at(rules_.session, at).until.us);
    enter(venue, part_of(venue, order), o.side, books);
    pool.arrivals[o.order_id] = pool.next;
    pool.orders.emplace(pool.next++, order);
    ++collected_;
    keep_resting(venue, o, {.limit = order.limit, .left = order.left, .at = at});
}

OrderReason Market::collect(Order& order, const Frame& frame) {
    Operation& o = order.operation;
    Venue& venue = *order.venue;
    TraderState& trader = *order.trader;
    if (o.type != OrderType::limit || o.post_only ||
        (o.time_in_force != TimeInForce::good_till_cancelled &&
         o.time_in_force != TimeInForce::good_till_time))
        return OrderReason::not_in_a_call;
    if (const OrderReason r = check_form(venue, o); r != OrderReason::ok) return r;
    if (const OrderReason r = resolve(order, frame.now); r != OrderReason::ok) return r;
    if (!find_balances(trader, venue, frame.books)) return OrderReason::account_shut;
    if (!has_notional(order.limit, *o.quantity)) return OrderReason::notional_too_large;
    if (would_meet_own_group(venue, order)) return OrderReason::would_meet_own_group;
    if (orders_in(venue) >= venue.terms.most_orders) return OrderReason::book_full;
    if (const OrderReason r = check_limits(order, nullptr, frame.now); r != OrderReason::ok)
        return r;
    if (const OrderReason r = check_cover(order, nullptr, frame.books); r != OrderReason::ok)
        return r;
    const bool opened = open_found(trader, venue, frame.books);
    ABATE_ASSERT(opened);
    ids_.insert(o.order_id, mark_of(o));
    o.at_us = frame.now.us;
    pool_order(venue, o, {.at = frame.now}, frame.books);
    append_event(frame.out, MarketEventKind::collected, o, {});
    return OrderReason::ok;
}

OrderReason Market::recollect(const Order& order, const Part& already, const Frame& frame) {
    const Operation& o = order.operation;
    Venue& venue = *order.venue;
    if (!has_notional(order.limit, *o.quantity)) return OrderReason::notional_too_large;
    if (would_meet_own_group(venue, order)) return OrderReason::would_meet_own_group;
    if (const OrderReason r = check_limits(order, &already, frame.now); r != OrderReason::ok)
        return r;
    if (const OrderReason r = check_cover(order, &already, frame.books); r != OrderReason::ok)
        return r;
    const std::optional<std::int64_t> ends_us = call_end(venue);
    take_out(venue,
             *find_order(venue, o.order_id),
             {.why = Removal::cancelled, .at = frame.now},
             frame.books);
    pool_order(venue, o, {.at = frame.now, .ends_us = ends_us}, frame.books);
    append_event(frame.out, MarketEventKind::recollected, o, {});
    return OrderReason::ok;
}

// ---- the end of a call

// All that could trade, of each side in the order of time; buyers[i] is the order of buys[i].
struct Market::Gathered {
    std::vector<CallOrder> buys;
    std::vector<CallOrder> sells;
    std::vector<OrderView> buyers;
    std::vector<OrderView> sellers;
};

Market::Gathered Market::gather(const Venue& venue) const {
    Gathered out;
    std::int64_t highest_bid = INT64_MIN;
    std::int64_t lowest_ask = INT64_MAX;
    const auto look = [&](Side side, std::int64_t price) {
        if (side == Side::buy)
            highest_bid = std::max(highest_bid, price);
        else
            lowest_ask = std::min(lowest_ask, price);
    };
    for (const Side side : {Side::buy, Side::sell})
        if (const std::optional<Ticks> best = venue.book.best(side))
            look(side, *best * venue.terms.tick_micro);
    for (const auto& [arrival, order] : venue.pool.orders) look(order.side, order.limit);
    const auto add = [&](const OrderView& order) {
        (order.side == Side::buy ? out.buys : out.sells)
            .push_back({.limit_micro = order.price_micro, .quantity = order.quantity});
        (order.side == Side::buy ? out.buyers : out.sellers).push_back(order);
    };
    const auto could_trade = [&](Side side, std::int64_t price) {
        return side == Side::buy ? price >= lowest_ask : price <= highest_bid;
    };
    for (const Side side : {Side::buy, Side::sell})
        for_each_in_book(venue, side, [&](const OrderView& order) {
            if (!could_trade(side, order.price_micro)) return false;
            add(order);
            return true;
        });
    for (const auto& [arrival, order] : venue.pool.orders)
        if (could_trade(order.side, order.limit)) add(view_of(order));
    return out;
}

// None: the collar holds no tick.
std::optional<CallTerms> Market::call_terms(const Venue& venue, Timestamp at) const {
    const std::int64_t tick = venue.terms.tick_micro;
    CallTerms out{
        .tick_micro = tick, .low_micro = tick, .reference_micro = reference_at(venue, at)};
    if (rules_.collar_ppm == 0 || out.reference_micro == 0) return out;
    const auto part =
        static_cast<std::int64_t>(Int128{out.reference_micro} * rules_.collar_ppm / kMillionths);
    out.low_micro = std::max<std::int64_t>(1, out.reference_micro - part);
    out.high_micro = std::min(kMostTicks, out.reference_micro + part);
    if (out.high_micro / tick * tick < out.low_micro) return std::nullopt;
    return out;
}

std::optional<CallResult> Market::indicative(std::uint32_t vintage, Timestamp at) const {
    const Venue* venue = find_venue(vintage);
    if (venue == nullptr || phase(*venue, at).phase != Phase::call) return std::nullopt;
    const Gathered gathered = gather(*venue);
    const std::optional<CallTerms> terms = call_terms(*venue, at);
    if (!terms) return CallResult{};
    Result<CallResult> result =
        clear_call(*terms, {.buys = gathered.buys, .sells = gathered.sells});
    return result ? std::move(*result) : CallResult{};
}

// What could not be settled, or would trade with its own group, goes before. How many.
std::uint32_t Market::clear_the_way(Venue& venue, const Frame& frame) {
    std::uint32_t gone = 0;
    const auto end = [&](std::uint64_t id) {
        if (const std::optional<Place> place = find_order(venue, id)) {
            end_order(venue, *place, MarketEventKind::swept, frame);
            ++gone;
        }
    };
    // The rules' collar may be another since it was collected.
    const std::optional<CallTerms> terms = call_terms(venue, frame.now);
    std::vector<std::uint64_t> ids;
    for (const auto& [arrival, order] : venue.pool.orders)
        if (!terms || order.limit < terms->low_micro || order.limit > terms->high_micro)
            ids.push_back(order.id);
    std::for_each(ids.begin(), ids.end(), end);

    Gathered gathered = gather(venue);
    for (const auto* side : {&gathered.buyers, &gathered.sellers})
        for (const OrderView& order : *side) {
            const TraderState& trader = traders_[order.owner];
            if (!can_trade(trader, trader.positions[venue.number], order.side, frame.books))
                end(order.id);
        }

    // Groups may have become one since: of two that would meet, the later goes.
    gathered = gather(venue);
    struct Best {
        std::int64_t bid = INT64_MIN;
        std::int64_t ask = INT64_MAX;
    };
    std::map<registry::GroupId, Best> best;
    ids.clear();
    const auto look = [&](Side side, std::int64_t price, std::uint32_t owner) {
        Best& own = best[traders_[owner].group];
        const bool meets = side == Side::buy ? price >= own.ask : price <= own.bid;
        if (meets) return false;
        if (side == Side::buy)
            own.bid = std::max(own.bid, price);
        else
            own.ask = std::min(own.ask, price);
        return true;
    };
    for (const auto* side : {&gathered.buyers, &gathered.sellers})
        for (const OrderView& order : *side)
            if (!order.in_call) static_cast<void>(look(order.side, order.price_micro, order.owner));
    for (const auto& [arrival, order] : venue.pool.orders)
        if (!look(order.side, order.limit, order.owner)) ids.push_back(order.id);
    std::for_each(ids.begin(), ids.end(), end);

    return gone;
}

std::vector<std::uint64_t> Market::beyond_room(const Venue& venue,
                                               const Gathered& gathered,
                                               const CallResult& result,
                                               Timestamp now) const {
    std::vector<std::uint64_t> out;
    if (!holding_room_) return out;
    std::map<registry::GroupId, Int128> bought;
    for (const CallFill& fill : result.buys) {
        const OrderView& order = gathered.buyers[fill.order];
        const TraderState& trader = traders_[order.owner];
        const std::optional<std::int64_t> room = holding_room_(
            {.participant = trader.is.participant, .vintage = venue.vintage, .now = now});
        Int128& sum = bought[trader.group];
        if (room && sum + fill.quantity > *room)
            out.push_back(order.id);
        else
            sum += fill.quantity;
    }
    return out;
}

// So much of an order has traded. What is left of it keeps its place.
void Market::fill_order(Venue& venue, const Place& place, std::int64_t quantity) {
    if (place.in_call()) {
        const Pool::Arrival order = place.arrival;
        order->second.left -= quantity;
        if (order->second.left > 0) return;
        --traders_[order->second.owner].open_orders;
        venue.pool.arrivals.erase(order->second.id);
        venue.pool.orders.erase(order);
        --collected_;
        return;
    }
    const Resting& order = venue.book.at(place.in_book);
    const std::int64_t left = order.quantity - quantity;
    if (left > 0) return venue.book.reduce(place.in_book, left);
    --traders_[order.owner].open_orders;
    venue.book.remove(place.in_book);
}

// What is left of the call rests. False: it cannot be so. REQUIRES: fills above 0, as many of one side as of the other.
bool Market::settle_call(Venue& venue,
                         const CallSaid& said,
                         Timestamp at,
                         registry::Registry& books) {
    roll(venue, at);
    CallResult fills;
    for (std::size_t i = 0; i < said.buys.size(); ++i)
        fills.buys.push_back({.order = i, .quantity = said.buys[i].quantity});
    for (std::size_t i = 0; i < said.sells.size(); ++i)
        fills.sells.push_back({.order = i, .quantity = said.sells[i].quantity});
    for (const CallTrade& each : trades_of(fills)) {
        const std::optional<Place> buys = find_order(venue, said.buys[each.buy].maker);
        const std::optional<Place> sells = find_order(venue, said.sells[each.sell].maker);
        if (!buys || !sells || side_of(venue, *buys) != Side::buy ||
            side_of(venue, *sells) != Side::sell)
            return false;
        const Part buyer = part_of(venue, *buys);
        const Part seller = part_of(venue, *sells);
        if (each.quantity > buyer.left || each.quantity > seller.left ||
            said.price_micro > buyer.limit || said.price_micro < seller.limit)
            return false;
        roll(*buyer.trader, at);
        roll(*seller.trader, at);
        trade(venue,
              {.buyer = buyer,
               .seller = seller,
               .quantity = each.quantity,
               .price = said.price_micro},
              {.side = Side::buy,
               .maker = said.buys[each.buy].maker,
               .owner = buyer.trader->is.participant,
               .taker_id = said.sells[each.sell].maker,
               .taker = seller.trader->is.participant},
              at,
              books);
        fill_order(venue, *buys, each.quantity);
        fill_order(venue, *sells, each.quantity);
    }
    for (const auto& [arrival, order] : venue.pool.orders) {
        const Ticks price = order.limit / venue.terms.tick_micro;
        if (venue.book.crosses(order.side, price) || venue.book.full()) return false;
        static_cast<void>(venue.book.rest(
            order.side,
            {.id = order.id, .price = price, .quantity = order.left, .owner = order.owner}));
    }
    collected_ -= venue.pool.orders.size();
    venue.pool = {};
    return true;
}

std::uint32_t Market::call(Venue& venue, const Frame& frame) {
    std::uint32_t events = clear_the_way(venue, frame);
    last_ = std::max(last_, frame.now);
    Gathered gathered;
    CallResult result;
    // Who would hold too much goes, and the others are asked again.
    for (std::vector<std::uint64_t> gone;;) {
        // All of its orders may have gone.
        if (venue.pool.orders.empty()) return events;
        gathered = gather(venue);
        const std::optional<CallTerms> terms = call_terms(venue, frame.now);
        ABATE_ASSERT(terms);
        Result<CallResult> cleared =
            clear_call(*terms, {.buys = gathered.buys, .sells = gathered.sells});
        ABATE_ASSERT(cleared);
        result = std::move(*cleared);
        gone = beyond_room(venue, gathered, result, frame.now);
        if (gone.empty()) break;
        for (const std::uint64_t id : gone)
            end_order(venue, *find_order(venue, id), MarketEventKind::swept, frame);
        events += static_cast<std::uint32_t>(gone.size());
    }
    Operation o{.kind = OperationKind::cancel, .book = venue.vintage, .at_us = frame.now.us};
    std::vector<Met> fills;
    if (result.price_micro) {
        o.price_micro = result.price_micro;
        o.quantity = result.volume;
    }
    const auto add = [&](const std::vector<CallFill>& side, const std::vector<OrderView>& orders) {
        for (const CallFill& fill : side)
            fills.push_back({.maker = orders[fill.order].id,
                             .price_micro = *result.price_micro,
                             .quantity = fill.quantity,
                             .kind = MeetingKind::call_fill});
    };
    add(result.buys, gathered.buyers);
    add(result.sells, gathered.sellers);
    const bool settled = settle_call(venue,
                                     {.price_micro = result.price_micro.value_or(0),
                                      .buys = std::span(fills).first(result.buys.size()),
                                      .sells = std::span(fills).subspan(result.buys.size())},
                                     frame.now,
                                     frame.books);
    ABATE_ASSERT(settled);
    append_event(frame.out, MarketEventKind::called, o, fills);
    return events + 1;
}

bool Market::fold_called(Venue& venue, const MarketEvent& event, registry::Registry& books) {
    const Operation& o = event.operation;
    if (venue.pool.orders.empty() || o.order_id != 0 || o.participant != 0 ||
        o.price_micro.has_value() == event.met.empty() ||
        o.price_micro.has_value() != o.quantity.has_value())
        return false;
    for (const Met& met : event.met)
        if (met.kind != MeetingKind::call_fill || met.price_micro != *o.price_micro ||
            met.quantity <= 0)
            return false;
    // The volume once of each side.
    std::size_t at = 0;
    const auto take_volume = [&] {
        std::int64_t left = o.quantity.value_or(0);
        for (; at < event.met.size() && 0 < left && event.met[at].quantity <= left; ++at)
            left -= event.met[at].quantity;
        return left == 0;
    };
    if (!take_volume()) return false;
    const std::size_t buys = at;
    if (!take_volume() || at != event.met.size()) return false;
    last_ = {o.at_us};
    const std::span<const Met> all(event.met);
    return settle_call(venue,
                       {.price_micro = o.price_micro.value_or(0),
                        .buys = all.first(buys),
                        .sells = all.subspan(buys)},
                       {o.at_us},
                       books);
}

}  // namespace abate::exchange
