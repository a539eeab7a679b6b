#include "abate/exchange/market_audit.h"

#include "abate/core/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace abate::exchange {
namespace {

using registry::Asset;
using registry::Finding;

template <class E, class F>
Finding differs(const char* field, const E& expected, const F& found) {
    return {field, fmt::format("{}", expected), fmt::format("{}", found)};
}
Asset asset(std::uint32_t vintage) { return static_cast<Asset>(vintage); }

}  // namespace

void MarketAuditor::set_book(std::uint32_t vintage, const BookTerms& terms) {
    market_.try_emplace(vintage).first->second.terms = terms;
}

void MarketAuditor::set_halt(std::uint32_t vintage, const BookHalt& halt) {
    const auto found = market_.find(vintage);
    if (found == market_.end()) return;
    if (halt.resumed_us > found->second.said.resumed_us) found->second.halted_until = INT64_MIN;
    found->second.said = halt;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a trade is named
void MarketAuditor::annul(std::uint32_t vintage, std::uint64_t seq) {
    const auto trade = std::find_if(far_.begin(), far_.end(), [&](const FarTrade& each) {
        return each.vintage == vintage && each.seq == seq;
    });
    if (trade == far_.end()) return;
    const std::int64_t day = day_of(trade->at);
    const Int128 notional = Int128{trade->price_micro} * trade->quantity;
    Book& book = market_[vintage];
    if (book.day == day) {
        book.day_quantity -= trade->quantity;
        book.day_notional -= notional;
    }
    for (const auto& [who, sign] :
         {std::pair(trade->buyer.trader, 1), std::pair(trade->seller.trader, -1)}) {
        Exposure& own = exposures_[who];
        if (own.day != day) continue;
        own.net.quantity -= Int128{sign} * trade->quantity;
        own.net.value -= sign * notional;
    }
    far_.erase(trade);
}

Int128 MarketAuditor::fee(const Book& book, Int128 notional) {
    return notional * book.terms.fee_ppm / 1'000'000;
}
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
Int128 MarketAuditor::money(const Book& book, Int128 price, Int128 quantity) {
    return price * quantity + fee(book, price * quantity);
}
registry::GroupId MarketAuditor::group(std::uint32_t trader) const {
    return traders_[trader].group;
}

bool MarketAuditor::deliverable(const Order& order) const {
    const bool buys = order.side == Side::buy;
    const auto gives = books_->status(buys ? order.cash : order.holding);
    const auto takes = books_->status(buys ? order.holding : order.cash);
    return gives == registry::AccountStatus::open &&
           (takes == registry::AccountStatus::open || takes == registry::AccountStatus::blocked);
}

MarketAuditor::Exposure& MarketAuditor::exposure(std::uint32_t trader, std::int64_t day) {
    Exposure& out = exposures_[trader];
    if (out.day != day) {
        out.day = day;
        out.net = {};
    }
    return out;
}

void MarketAuditor::open(const Order& order, Int128 quantity) {
    Exposure& own = exposures_[order.trader];
    Sum& sum = order.side == Side::buy ? own.buys : own.sells;
    sum.quantity += quantity;
    sum.value += order.price * quantity;
}

void MarketAuditor::let_go(const Book& book, const Order& order, std::uint32_t vintage) {
    if (order.side == Side::buy)
        books_->uncover({order.cash, Asset::cash}, money(book, order.price, order.left));
    else
        books_->uncover({order.holding, asset(vintage)}, order.left);
    open(order, -order.left);
}

void MarketAuditor::forget(Book& book, const Order& order) {
    book.collected.erase(order.id);
    auto& side = order.side == Side::buy ? book.buys : book.sells;
    const auto level = side.find(order.price);
    const auto at = book.orders.find(order.id);
    const auto place = at->second;
    book.orders.erase(at);
    level->second.erase(place);
    if (level->second.empty()) side.erase(level);
}

std::int64_t MarketAuditor::reference_micro(std::uint32_t vintage, Timestamp at) const {
    const auto found = market_.find(vintage);
    if (found == market_.end()) return 0;
    Book copy;
    copy.reference = found->second.reference;
    copy.day = found->second.day;
    copy.day_quantity = found->second.day_quantity;
    copy.day_notional = found->second.day_notional;
    roll(copy, day_of(at));
    return static_cast<std::int64_t>(copy.reference);
}

void MarketAuditor::roll(Book& book, std::int64_t day) {
    if (day == book.day) return;
    if (book.day_quantity > 0)
        book.reference = (book.day_notional + book.day_quantity / 2) / book.day_quantity;
    book.day = day;
    book.day_quantity = 0;
    book.day_notional = 0;
}

// What is open counts as filled where that makes it more.
std::optional<Finding> MarketAuditor::check_mandate(const Order& order, std::int64_t day) {
    const Exposure& own = exposure(order.trader, day);
    const Trader& trader = traders_[order.trader];
    const bool buys = order.side == Side::buy;
    const Sum& open_so_far = buys ? own.buys : own.sells;
    const int sign = buys ? 1 : -1;
    const Int128 quantity = order.left + open_so_far.quantity + sign * own.net.quantity;
    const Int128 value = order.price * order.left + open_so_far.value + sign * own.net.value;
    if (quantity > trader.daily_net_quantity)
        return differs("mandate", fmt::format("at most {}", trader.daily_net_quantity), quantity);
    if (value > trader.daily_net_value_micro)
        return differs("mandate", fmt::format("at most {}", trader.daily_net_value_micro), value);
    return std::nullopt;
}

// Delivery against payment, out of what was covered.
std::optional<Finding> MarketAuditor::pay(Book& book, const Trade& trade, const Operation& o) {
    Order& buyer = trade.buyer;
    Order& seller = trade.seller;
    const Int128 notional = trade.price * trade.quantity;
    const Int128 each_fee = fee(book, notional);
    books_->uncover({buyer.cash, Asset::cash},
                    money(book, buyer.price, buyer.left) -
                        money(book, buyer.price, buyer.left - trade.quantity));
    books_->uncover({seller.holding, asset(o.book)}, trade.quantity);
    if (auto wrong = books_->pay({buyer.cash, Asset::cash}, seller.cash, notional - each_fee))
        return wrong;
    if (each_fee > 0)
        if (auto wrong = books_->pay({buyer.cash, Asset::cash}, fees_, 2 * each_fee)) return wrong;
    if (auto wrong = books_->pay({seller.holding, asset(o.book)}, buyer.holding, trade.quantity))
        return wrong;
    for (const auto& [order, sign] : {std::pair(&buyer, 1), std::pair(&seller, -1)}) {
        Exposure& own = exposure(order->trader, day_of({o.at_us}));
        own.net.quantity += sign * trade.quantity;
        own.net.value += sign * notional;
        open(*order, -trade.quantity);
        order->left -= trade.quantity;
    }
    if (book.reference == 0) book.reference = trade.price;
    ++book.changes;
    const Int128 off = trade.price - book.reference;
    if (rules_.erroneous_ppm > 0 &&
        (off < 0 ? -off : off) * 1'000'000 > book.reference * rules_.erroneous_ppm) {
        // A day is as long as any rules may say.
        while (!far_.empty() && far_.front().at.us + kDayUs < o.at_us) far_.pop_front();
        const auto party = [](const Order& order) {
            return FarTrade::Party{
                .trader = order.trader, .holding = order.holding, .cash = order.cash};
        };
        far_.push_back({.vintage = o.book,
                        .seq = book.changes,
                        .at = {o.at_us},
                        .price_micro = static_cast<std::int64_t>(trade.price),
                        .quantity = static_cast<std::int64_t>(trade.quantity),
                        .fee_micro = static_cast<std::int64_t>(each_fee),
                        .buyer = party(buyer),
                        .seller = party(seller)});
    }
    book.day_quantity += trade.quantity;
    book.day_notional += notional;
    return std::nullopt;
}

std::optional<Finding> MarketAuditor::enter(Book& book, Order order, const MarketEvent& event) {
    const Operation& o = event.operation;
    const bool buys = order.side == Side::buy;
    const Trader& trader = traders_[order.trader];
    if (!trader.may_trade || o.at_us < trader.active_from.us)
        return Finding{"trader", "one who may trade", fmt::format("{}", order.trader)};
    if (order.left <= 0 || order.left % book.terms.lot != 0)
        return differs("quantity", fmt::format("lots of {}", book.terms.lot), order.left);
    if (o.type == OrderType::limit && order.price % book.terms.tick_micro != 0)
        return differs(
            "price_micro", fmt::format("a multiple of {}", book.terms.tick_micro), order.price);
    if (!deliverable(order)) return Finding{"account", "open", "shut"};
    if (!trading_) return Finding{"market", "halted", "an order"};
    if (o.post_only && !event.met.empty()) return Finding{"met", "nothing: post only", "something"};
    if (order.until != 0 && order.until <= o.at_us)
        return differs("expires_us", fmt::format("after {}", o.at_us), order.until);
    if (auto wrong = check_mandate(order, day_of({o.at_us}))) return wrong;
    if (auto wrong =
            buys ? books_->cover({order.cash, Asset::cash}, money(book, order.price, order.left))
                 : books_->cover({order.holding, asset(o.book)}, order.left))
        return wrong;
    open(order, order.left);
    if (event.kind == MarketEventKind::collected || event.kind == MarketEventKind::recollected)
        return event.met.empty() ? gather(book, order, o)
                                 : Finding{"met", "nothing in a call", "something"};
    auto& facing = buys ? book.sells : book.buys;
    bool stopped = false;
    bool must_stop = false;
    for (const Met& said : event.met) {
        if (stopped) return Finding{"met", "nothing after a stop", fmt::format("{}", said.maker)};
        if (said == kStoppedAtTheEnd) {
            if (!must_stop) return Finding{"met", "a reason to stop", "none"};
            stopped = true;
            continue;
        }
        if (order.left == 0 || facing.empty())
            return Finding{"met", "nothing more", fmt::format("{}", said.maker)};
        const auto level = buys ? facing.begin() : std::prev(facing.end());
        Order& maker = level->second.front();
        const Int128 price = level->first;
        if (buys ? price > order.price : price < order.price)
            return Finding{"met", "nothing within the limit", fmt::format("{}", said.maker)};
        if (said.maker != maker.id) return differs("met", maker.id, said.maker);
        if (said.price_micro != price) return differs("met_price_micro", price, said.price_micro);
        const bool same_group = group(maker.trader) == group(order.trader);
        const Int128 far = price - book.reference;
        MeetingKind right = MeetingKind::trade;
        if (must_stop)
            right = MeetingKind::stopped;
        else if (same_group)
            right = rules_.self_trade == SelfTrade::cancel_newest ? MeetingKind::stopped
                                                                  : MeetingKind::self_trade;
        else if (!deliverable(maker))
            right = MeetingKind::undeliverable;
        else if (rules_.halt_ppm > 0 && book.reference > 0 &&
                 (far < 0 ? -far : far) * 1'000'000 > book.reference * rules_.halt_ppm)
            right = MeetingKind::halted;
        // What a group holds is not counted here.
        if (said.kind == MeetingKind::over_limit && order.side == Side::sell &&
            (right == MeetingKind::trade || right == MeetingKind::halted))
            right = MeetingKind::over_limit;
        if (said.kind != right)
            return differs("met_kind",
                           static_cast<std::uint32_t>(right),
                           static_cast<std::uint32_t>(said.kind));
        const Int128 quantity =
            right == MeetingKind::trade ? std::min(order.left, maker.left) : maker.left;
        if (said.quantity != quantity) return differs("met_quantity", quantity, said.quantity);
        if (right == MeetingKind::stopped || right == MeetingKind::halted) {
            stopped = true;
            if (right == MeetingKind::halted) book.halted_until = o.at_us + rules_.halt_us;
        } else if (right == MeetingKind::trade) {
            if (auto wrong = pay(book,
                                 {.buyer = buys ? order : maker,
                                  .seller = buys ? maker : order,
                                  .price = price,
                                  .quantity = quantity},
                                 o))
                return wrong;
            if (maker.left == 0) forget(book, maker);
        } else {
            ++book.changes;
            let_go(book, maker, o.book);
            must_stop = same_group && rules_.self_trade == SelfTrade::cancel_both;
            forget(book, maker);
        }
    }
    const bool crosses = !facing.empty() && (buys ? facing.begin()->first <= order.price
                                                  : std::prev(facing.end())->first >= order.price);
    if (order.left > 0 && crosses && !stopped) return Finding{"met", "more orders", "no more"};
    if (must_stop && !stopped && order.left > 0) return Finding{"met", "a stop", "none"};
    if (o.time_in_force == TimeInForce::fill_or_kill && order.left > 0)
        return Finding{"met", "all of it", fmt::format("{} left", order.left)};
    if (order.left == 0) return std::nullopt;
    const bool rests = !stopped && o.type == OrderType::limit &&
                       (o.time_in_force == TimeInForce::good_till_cancelled ||
                        o.time_in_force == TimeInForce::good_till_time);
    if (!rests) {
        let_go(book, order, o.book);
        return std::nullopt;
    }
    Queue& queue = (buys ? book.buys : book.sells)[order.price];
    book.orders[order.id] = queue.insert(queue.end(), order);
    ++book.changes;
    return std::nullopt;
}

std::optional<Finding> MarketAuditor::end(Book& book, const MarketEvent& event) {
    const Operation& o = event.operation;
    const auto found = book.orders.find(o.order_id);
    if (found == book.orders.end()) return differs("order_id", "one that rests", o.order_id);
    Order& order = *found->second;
    if (order.trader != o.participant) return differs("trader", order.trader, o.participant);
    if (event.kind == MarketEventKind::expired && (order.until == 0 || order.until > o.at_us))
        return differs("at", fmt::format("{} or later", order.until), o.at_us);
    ++book.changes;
    if (asked_by(event.kind) == OperationKind::cancel) {
        if (!event.met.empty()) return Finding{"met", "nothing", "something"};
        let_go(book, order, o.book);
        forget(book, order);
        return std::nullopt;
    }
    if (order.side != o.side) return Finding{"side", "as it was", "another"};
    const bool less = *o.price_micro == order.price && *o.quantity <= order.left;
    if (less && event.kind == MarketEventKind::recollected)
        return Finding{"kind", "an order that keeps its place", "one that loses it"};
    let_go(book, order, o.book);
    if (less) {
        if (!event.met.empty()) return Finding{"met", "nothing", "something"};
        order.left = *o.quantity;
        open(order, order.left);
        return order.side == Side::buy
                   ? books_->cover({order.cash, Asset::cash}, money(book, order.price, order.left))
                   : books_->cover({order.holding, asset(o.book)}, order.left);
    }
    Order again = order;
    const std::optional<std::int64_t> ends =
        book.collected.empty() ? std::nullopt : std::optional(book.call_ends);
    forget(book, order);
    again.price = *o.price_micro;
    again.left = *o.quantity;
    auto wrong = enter(book, again, event);
    // A call that had begun ends when it was to end.
    if (ends) book.call_ends = *ends;
    return wrong;
}

MarketAuditor::Hours MarketAuditor::hours(const Book& book, std::int64_t at_us) const {
    if (!book.collected.empty()) return {.collects = true, .until = book.call_ends};
    const Session& s = rules_.session;
    if (s.closes_us == 0) return {.matches = true};
    const std::int64_t midnight = at_us - ((at_us % kDayUs) + kDayUs) % kDayUs;
    // Each stretch of a day, by its end.
    for (const auto& [end, hours] :
         {std::pair(s.opens_us - s.opening_call_us, Hours{}),
          std::pair(s.opens_us, Hours{.collects = true}),
          std::pair(s.closes_us - s.closing_call_us, Hours{.matches = true}),
          std::pair(s.closes_us, Hours{.collects = true})})
        if (at_us < midnight + end)
            return {.collects = hours.collects, .matches = hours.matches, .until = midnight + end};
    return {};
}

std::optional<Finding> MarketAuditor::check_hours(const Book& book,
                                                  const MarketEvent& event) const {
    const Operation& o = event.operation;
    const Hours now = hours(book, o.at_us);
    const bool collected =
        event.kind == MarketEventKind::collected || event.kind == MarketEventKind::recollected;
    // Less of it may rest at any time but when the market is closed.
    const auto found = book.orders.find(o.order_id);
    const bool less = event.kind == MarketEventKind::replaced && found != book.orders.end() &&
                      *o.price_micro == found->second->price && *o.quantity <= found->second->left;
    if (collected ? now.collects : now.matches || (less && now.collects)) return std::nullopt;
    return Finding{"kind",
                   now.collects  ? "an order that a call collects"
                   : now.matches ? "an order that is matched"
                                 : "none: the market is closed",
                   fmt::format("{}", static_cast<int>(event.kind))};
}

// An order waits for the end of the call: with those that rest, but it meets nobody yet.
std::optional<Finding> MarketAuditor::gather(Book& book, const Order& order, const Operation& o) {
    const bool buys = order.side == Side::buy;
    for (const auto& [price, queue] : buys ? book.sells : book.buys) {
        if (buys ? price > order.price : price < order.price) continue;
        for (const Order& other : queue)
            if (group(other.trader) == group(order.trader))
                return differs("order_id", "one that meets no order of its own group", order.id);
    }
    if (book.collected.empty()) book.call_ends = hours(book, o.at_us).until;
    Queue& queue = (buys ? book.buys : book.sells)[order.price];
    book.orders[order.id] = queue.insert(queue.end(), order);
    book.collected.insert(order.id);
    ++book.changes;
    return std::nullopt;
}

// The rules of docs/reference/market.md, word by word: at each price that somebody named, what both sides would do.
MarketAuditor::Uniform MarketAuditor::uniform_price(const Book& book) const {
    const Int128 tick = book.terms.tick_micro;
    const auto up = [&](Int128 price) { return (price + tick - 1) / tick * tick; };
    const auto down = [&](Int128 price) { return price / tick * tick; };
    Int128 low = tick;
    Int128 high = down(kMostTicks);
    if (rules_.collar_ppm > 0 && book.reference > 0) {
        const Int128 part = book.reference * rules_.collar_ppm / 1'000'000;
        low = up(std::max<Int128>(1, book.reference - part));
        high = down(std::min<Int128>(kMostTicks, book.reference + part));
    }
    // The tick that is nearest to the reference price, in a stretch.
    const auto nearest = [&](Int128 from, Int128 to) {
        if (book.reference <= from) return from;
        if (book.reference >= to) return to;
        const Int128 below = down(book.reference);
        return book.reference - below <= below + tick - book.reference ? below : below + tick;
    };
    std::map<Int128, Int128> demand;  // by price: of all who would buy at it
    std::set<Int128> prices{nearest(low, high)};
    for (const auto* side : {&book.buys, &book.sells})
        for (const auto& [price, queue] : *side) prices.insert(std::clamp(price, low, high));
    const auto total = [](const Queue& queue) {
        Int128 sum = 0;
        for (const Order& order : queue) sum += order.left;
        return sum;
    };
    Int128 sum = 0;
    auto bid = book.buys.rbegin();
    for (auto price = prices.rbegin(); price != prices.rend(); ++price) {
        for (; bid != book.buys.rend() && bid->first >= *price; ++bid) sum += total(bid->second);
        demand[*price] = sum;
    }
    struct Tried {
        Int128 price;
        Int128 surplus;  // of buys above 0
    };
    Int128 most = 0;
    Int128 least = 0;
    std::vector<Tried> best;
    sum = 0;
    auto ask = book.sells.begin();
    for (const Int128 price : prices) {
        for (; ask != book.sells.end() && ask->first <= price; ++ask) sum += total(ask->second);
        const Int128 volume = std::min(demand[price], sum);
        const Int128 surplus = demand[price] - sum;
        const Int128 size = surplus < 0 ? -surplus : surplus;
        if (volume > most || (volume == most && size < least) || best.empty()) {
            best.clear();
            most = volume;
            least = size;
        }
        if (volume == most && size == least) best.push_back({price, surplus});
    }
    if (most == 0) return {};
    const bool pressed_up = best.front().surplus > 0;
    const bool pressed_down = best.back().surplus < 0;
    if (least == 0) return {nearest(best.front().price, best.back().price), most};
    if (pressed_up && !pressed_down) return {best.back().price, most};
    if (pressed_down && !pressed_up) return {best.front().price, most};
    // The highest that is left with buys, or the lowest that is left with sells: the nearer one.
    Int128 lower = best.front().price;
    Int128 higher = best.back().price;
    for (const Tried& each : best) {
        if (each.surplus > 0) lower = std::max(lower, each.price);
        if (each.surplus < 0) higher = std::min(higher, each.price);
    }
    const auto away = [&](Int128 price) {
        return price < book.reference ? book.reference - price : price - book.reference;
    };
    return {away(lower) <= away(higher) ? lower : higher, most};
}

std::optional<Finding> MarketAuditor::call(Book& book, const MarketEvent& event) {
    const Operation& o = event.operation;
    if (book.collected.empty()) return Finding{"kind", "an order in the call", "none"};
    const std::int64_t may_end = std::max({book.call_ends, book.halted_until, book.said.until_us});
    if (o.at_us < may_end) return differs("at", may_end, o.at_us);
    if (!trading_) return Finding{"market", "halted", "a call"};
    const Uniform right = uniform_price(book);
    if (o.price_micro.value_or(0) != right.price)
        return differs("price_micro", right.price, o.price_micro.value_or(0));
    if (o.quantity.value_or(0) != right.volume)
        return differs("quantity", right.volume, o.quantity.value_or(0));
    // By price, then time; the last in part.
    std::vector<std::pair<Order*, Int128>> buys;
    std::vector<std::pair<Order*, Int128>> sells;
    const auto take = [&](std::vector<std::pair<Order*, Int128>>& out, Queue& queue, Int128& left) {
        for (Order& order : queue) {
            if (left == 0) return;
            const Int128 quantity = std::min(left, order.left);
            out.emplace_back(&order, quantity);
            left -= quantity;
        }
    };
    Int128 left = right.volume;
    for (auto level = book.buys.rbegin(); left > 0 && level != book.buys.rend(); ++level)
        take(buys, level->second, left);
    left = right.volume;
    for (auto level = book.sells.begin(); left > 0 && level != book.sells.end(); ++level)
        take(sells, level->second, left);
    if (event.met.size() != buys.size() + sells.size())
        return differs("met", buys.size() + sells.size(), event.met.size());
    for (std::size_t i = 0; i < event.met.size(); ++i) {
        const Met& said = event.met[i];
        const auto& [order, quantity] = i < buys.size() ? buys[i] : sells[i - buys.size()];
        if (said.kind != MeetingKind::call_fill || said.price_micro != right.price)
            return differs("met_price_micro", right.price, said.price_micro);
        if (said.maker != order->id) return differs("met", order->id, said.maker);
        if (said.quantity != quantity) return differs("met_quantity", quantity, said.quantity);
        if (!deliverable(*order)) return Finding{"account", "open", "shut"};
    }
    for (std::size_t b = 0, s = 0; b < buys.size() && s < sells.size();) {
        auto& [buyer, wants] = buys[b];
        auto& [seller, has] = sells[s];
        if (group(buyer->trader) == group(seller->trader))
            return differs("met", "two groups", seller->id);
        const Int128 quantity = std::min(wants, has);
        if (auto wrong = pay(
                book,
                {.buyer = *buyer, .seller = *seller, .price = right.price, .quantity = quantity},
                o))
            return wrong;
        wants -= quantity;
        has -= quantity;
        if (wants == 0) ++b;
        if (has == 0) ++s;
    }
    for (const auto* side : {&buys, &sells})
        for (const auto& [order, quantity] : *side)
            if (order->left == 0) forget(book, *order);
    book.collected.clear();
    return std::nullopt;
}

std::optional<Finding> MarketAuditor::check(const MarketEvent& event) {
    const Operation& o = event.operation;
    if (o.at_us < last_us_) return differs("at", fmt::format("{} or later", last_us_), o.at_us);
    last_us_ = o.at_us;
    const auto found = market_.find(o.book);
    if (found == market_.end()) return differs("vintage", "one of a year that is open", o.book);
    Book& book = found->second;
    if (event.kind == MarketEventKind::called) {
        roll(book, day_of({o.at_us}));
        return call(book, event);
    }
    if (o.participant >= traders_.size())
        return differs("trader", "one that there is", o.participant);
    const OperationKind kind = asked_by(event.kind);
    const bool comes = kind != OperationKind::cancel;
    if (comes && (!o.price_micro || !o.quantity || *o.price_micro <= 0))
        return Finding{"price_micro", "a price and a quantity", "none"};
    if (comes && o.at_us >= traders_[o.participant].embargoed_from.us)
        return Finding{"trader", "one without an embargo", fmt::format("{}", o.participant)};
    if (comes && o.at_us < std::max(book.halted_until, book.said.until_us))
        return Finding{"at", "after the halt", fmt::format("{}", o.at_us)};
    if (comes) {
        roll(book, day_of({o.at_us}));
        if (auto wrong = check_hours(book, event)) return wrong;
    }
    if (kind != OperationKind::place) return end(book, event);
    if (!ids_.insert(o.order_id).second)
        return differs("order_id", "one that was not used", o.order_id);
    const Trader& trader = traders_[o.participant];
    return enter(book,
                 {.id = o.order_id,
                  .trader = o.participant,
                  .side = o.side,
                  .price = *o.price_micro,
                  .left = *o.quantity,
                  .until = o.time_in_force == TimeInForce::good_till_time ? o.expires_us : 0,
                  .cash = trader.cash,
                  .holding = trader.holding},
                 event);
}

}  // namespace abate::exchange
