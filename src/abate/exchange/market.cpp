#include "abate/exchange/market.h"

#include "abate/core/assert.h"
#include "abate/core/clock.h"
#include "abate/core/mixed.h"
#include "abate/exchange/tape_period.h"

#include <algorithm>

namespace abate::exchange {
namespace {

// So that with its fee it is below 2^63.
constexpr std::int64_t kMostNotional = (std::int64_t{1} << 62) - 1;

}  // namespace

// What an id stands for. Two orders with one id are told apart but for one pair in 2^32.
std::uint32_t Market::mark_of(const Operation& o) {
    // A market order has no price of its own.
    const std::int64_t price = o.type == OrderType::market ? -1 : o.price_micro.value_or(-1);
    const std::uint64_t shape =
        std::uint64_t{o.participant} << 32 | static_cast<std::uint64_t>(o.side) |
        static_cast<std::uint64_t>(o.type) << 1 | static_cast<std::uint64_t>(o.time_in_force) << 3 |
        static_cast<std::uint64_t>(o.post_only) << 6 | std::uint64_t{o.book} << 8;
    const std::uint64_t sum =
        static_cast<std::uint64_t>(price) * 0x9e3779b97f4a7c15ULL +
        static_cast<std::uint64_t>(o.quantity.value_or(-1)) * 0xc2b2ae3d27d4eb4fULL +
        static_cast<std::uint64_t>(o.expires_us) * 0x165667b19e3779f9ULL;
    return static_cast<std::uint32_t>(mixed(sum ^ shape * 0x27d4eb2f165667c5ULL) >> 32);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
bool Market::has_notional(std::int64_t price_micro, std::int64_t quantity) {
    std::int64_t notional = 0;
    return !__builtin_mul_overflow(price_micro, quantity, &notional) && notional <= kMostNotional;
}

Market::Market(std::uint64_t hash_seed) : seed_(hash_seed), ids_(hash_seed) {}

void Market::set_trader(std::uint32_t number, const Trader& trader) {
    ABATE_REQUIRE(number <= traders_.size());
    if (number == traders_.size()) traders_.emplace_back();
    TraderState& state = traders_[number];
    // Orders that rest hold on to the accounts that cover them, until they are swept.
    const bool stale =
        state.open_orders > 0 && (!trader.may_trade || state.cash_account != trader.cash ||
                                  state.holding_account != trader.holding);
    if (stale && !state.stale) ++stale_;
    state.stale = state.stale || stale;
    state.is = trader;
    state.group = trader.group;
}

void Market::open_book(std::uint32_t vintage, const BookTerms& terms) {
    ABATE_REQUIRE(vintage >= registry::kFirstVintage && vintage <= registry::kLastVintage);
    ABATE_REQUIRE(terms.tick_micro > 0 && terms.lot > 0);
    if (find_venue(vintage) != nullptr) return;
    venues_.push_back(std::make_unique<Venue>(
        OrderBook::Options{.most_orders = terms.most_orders, .hash_seed = seed_}));
    Venue& venue = *venues_.back();
    venue.vintage = vintage;
    venue.number = static_cast<std::uint32_t>(venues_.size() - 1);
    venue.terms = terms;
}

void Market::set_halt(std::uint32_t vintage, const BookHalt& halt) {
    Venue* venue = find_venue(vintage);
    if (venue == nullptr) return;
    if (halt.resumed_us > venue->said.resumed_us) venue->halted_until = INT64_MIN;
    venue->said = halt;
}

void Market::set_reference(std::uint32_t vintage, std::int64_t micro) {
    if (Venue* venue = find_venue(vintage)) venue->reference = micro;
}

const OrderBook* Market::book(std::uint32_t vintage) const {
    const Venue* venue = find_venue(vintage);
    return venue == nullptr ? nullptr : &venue->book;
}

std::int64_t Market::reference_micro(std::uint32_t vintage, Timestamp at) const {
    const Venue* venue = find_venue(vintage);
    return venue == nullptr ? 0 : reference_at(*venue, at);
}

std::int64_t Market::tick_micro(std::uint32_t vintage) const {
    const Venue* venue = find_venue(vintage);
    return venue == nullptr ? 0 : venue->terms.tick_micro;
}

std::optional<Timestamp> Market::halted_until(std::uint32_t vintage) const {
    const Venue* venue = find_venue(vintage);
    if (venue == nullptr || venue->halted_until == INT64_MIN) return std::nullopt;
    return Timestamp{venue->halted_until};
}

Market::Net Market::net_of(std::uint32_t trader) const {
    ABATE_REQUIRE(trader < traders_.size());
    const TraderState& state = traders_[trader];
    return {.quantity = state.net_quantity,
            .value_micro = state.net_value,
            .open_orders = state.open_orders};
}

// ---- money

std::int64_t Market::fee_of(const Venue& venue, std::int64_t notional) const {
    if (venue.terms.fee_ppm == 0 || fees_account_ == registry::AccountId{}) return 0;
    return static_cast<std::int64_t>(Int128{notional} * venue.terms.fee_ppm / kMillionths);
}

// A buyer's cover. What is rounded down for the whole is at least the sum of what is for its parts, so it suffices however it is filled.
std::int64_t Market::money_for(const Venue& venue,
                               // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
                               std::int64_t price_micro,
                               std::int64_t quantity) const {
    const std::int64_t notional = price_micro * quantity;
    return notional + fee_of(venue, notional);
}

Market::Cover Market::cover() const {
    Cover sum;
    for (const auto& venue : venues_)
        for_each_order(venue->vintage, [&](const OrderView& order) {
            if (order.side == Side::sell)
                sum.allowances += order.quantity;
            else
                sum.money += money_for(*venue, order.price_micro, order.quantity);
        });
    return sum;
}

// ---- days

std::int64_t Market::other_day(Timestamp at) const {
    day_ = abate::day_of(at);
    day_begins_ = day_ * kDayUs;
    return day_;
}

void Market::roll(TraderState& trader, Timestamp at) {
    const std::int64_t day = day_of(at);
    if (day == trader.day) return;
    trader.day = day;
    trader.net_quantity = 0;
    trader.net_value = 0;
}

// The mean price of the last day that had trades, by volume, is the reference of the next; rounded half up.
std::int64_t Market::reference_at(const Venue& venue, Timestamp at) const {
    if (day_of(at) == venue.day || venue.day_quantity == 0) return venue.reference;
    return static_cast<std::int64_t>((venue.day_notional + venue.day_quantity / 2) /
                                     venue.day_quantity);
}

void Market::roll(Venue& venue, Timestamp at) {
    const std::int64_t day = day_of(at);
    if (day == venue.day) return;
    venue.reference = reference_at(venue, at);
    venue.day = day;
    venue.day_notional = 0;
    venue.day_quantity = 0;
}

void Market::keep_far(const Venue& venue, const Deal& deal, Timestamp at) {
    if (within({deal.price, venue.reference}, rules_.erroneous_ppm)) return;
    while (!far_.empty() && Int128{at.us} - far_.front().at.us > rules_.erroneous_us)
        far_.pop_front();
    const auto party = [&](const Part& part) {
        return FarTrade::Party{.trader = static_cast<std::uint32_t>(part.trader - traders_.data()),
                               .holding = part.trader->holding_account,
                               .cash = part.trader->cash_account};
    };
    far_.push_back({.vintage = venue.vintage,
                    .seq = venue.tape_seq,
                    .at = at,
                    .price_micro = deal.price,
                    .quantity = deal.quantity,
                    .fee_micro = fee_of(venue, deal.price * deal.quantity),
                    .buyer = party(deal.buyer),
                    .seller = party(deal.seller)});
}

void Market::annul(const TradeId& trade) {
    const auto found = std::find_if(far_.begin(), far_.end(), [&](const FarTrade& each) {
        return each.vintage == trade.vintage && each.seq == trade.seq;
    });
    Venue* venue = find_venue(trade.vintage);
    if (found == far_.end() || venue == nullptr) return;
    const std::int64_t day = day_of(found->at);
    const std::int64_t notional = found->price_micro * found->quantity;
    if (venue->day == day) {
        venue->day_notional -= notional;
        venue->day_quantity -= found->quantity;
    }
    TraderState& buyer = traders_[found->buyer.trader];
    TraderState& seller = traders_[found->seller.trader];
    if (buyer.day == day) {
        buyer.net_quantity -= found->quantity;
        buyer.net_value -= notional;
    }
    if (seller.day == day) {
        seller.net_quantity += found->quantity;
        seller.net_value += notional;
    }
    far_.erase(found);
}

// ---- asking

OrderReason Market::check_right(const TraderState& trader, Timestamp now) const {
    if (!trader.is.may_trade || now < trader.is.active_from) return OrderReason::not_permitted;
    const bool has_embargo = trader.is.embargoed_from.us != INT64_MAX;
    return has_embargo && now >= trader.is.embargoed_from ? OrderReason::embargoed
                                                          : OrderReason::ok;
}

void Market::count_command(TraderState& trader, Timestamp now) const {
    const std::int64_t second = now.us / kSecondUs;
    if (second != trader.second) {
        trader.second = second;
        trader.in_second = 0;
    }
    ++trader.in_second;
}

OrderReason Market::throttle(TraderState& trader, Timestamp now) const {
    if (rules_.most_per_second == 0) return OrderReason::ok;
    if (trader.second == now.us / kSecondUs && trader.in_second >= rules_.most_per_second)
        return OrderReason::throttled;
    count_command(trader, now);
    return OrderReason::ok;
}

OrderReason Market::check_form(const Venue& venue, const Operation& o) const {
    const std::int64_t quantity = o.quantity.value_or(0);
    if (quantity <= 0) return OrderReason::quantity_not_positive;
    if (quantity > kMostQuantity) return OrderReason::quantity_too_large;
    if (venue.terms.lot != 1 && quantity % venue.terms.lot != 0)
        return OrderReason::quantity_off_lot;
    if (o.type == OrderType::market) return OrderReason::ok;
    if (!o.price_micro) return OrderReason::price_missing;
    if (*o.price_micro <= 0) return OrderReason::price_not_positive;
    if (*o.price_micro > kMostTicks) return OrderReason::price_too_high;
    const std::int64_t tick = venue.terms.tick_micro;
    if (tick != 1 && *o.price_micro % tick != 0) return OrderReason::price_off_tick;
    return OrderReason::ok;
}

// What it would trade within its limit, as far as it wants, by the same rules as Judge.
Market::Reach Market::reach(const Order& order,
                            const registry::Registry& books,
                            Timestamp now) const {
    Reach out;
    const Side side = order.operation.side;
    const std::int64_t wanted = *order.operation.quantity;
    const OrderBook& book = order.venue->book;
    std::int64_t reference = reference_at(*order.venue, now);
    book.for_each_level(other(side), [&](const LevelView& level) {
        const std::int64_t price = level.price * order.venue->terms.tick_micro;
        if (side == Side::buy ? price > order.limit : price < order.limit) return false;
        if (reference == 0) reference = price;
        if (rules_.halt_ppm > 0 && !within({price, reference}, rules_.halt_ppm)) return false;
        for (std::uint32_t at = level.first; at != OrderBook::kNone; at = book.next(at)) {
            const Resting& maker = book.at(at);
            const TraderState& owner = traders_[maker.owner];
            if (owner.group == order.trader->group) {
                if (rules_.self_trade != SelfTrade::cancel_oldest) return false;
                continue;
            }
            if (!can_trade(owner, owner.positions[order.venue->number], other(side), books))
                continue;
            if (side == Side::sell &&
                !has_room(
                    owner, *order.venue, std::min(maker.quantity, wanted - out.quantity), now))
                continue;
            out.worst_micro = price;
            out.quantity += std::min(maker.quantity, wanted - out.quantity);
            if (out.quantity == wanted) return false;
        }
        return true;
    });
    return out;
}

// Its limit: its own, or of a market order the worst that the band and the collar let it take.
OrderReason Market::resolve(Order& order, Timestamp now) const {
    Operation& o = order.operation;
    const Venue& venue = *order.venue;
    const TimeInForce until = o.time_in_force;
    order.may_rest = o.type == OrderType::limit && (until == TimeInForce::good_till_cancelled ||
                                                    until == TimeInForce::good_till_time);
    const std::int64_t reference = reference_at(venue, now);
    const bool has_collar = rules_.collar_ppm > 0 && reference > 0;
    if (o.type == OrderType::limit) {
        order.limit = *o.price_micro;
        if (has_collar && !within({order.limit, reference}, rules_.collar_ppm))
            return OrderReason::price_outside_collar;
    } else {
        const bool buys = o.side == Side::buy;
        Int128 limit = buys ? Int128{kMostTicks} : Int128{1};
        const auto within = [&](std::int64_t from, std::int64_t ppm) {
            const Int128 part = Int128{from} * ppm / kMillionths;
            limit = buys ? std::min(limit, from + part) : std::max(limit, from - part);
        };
        if (has_collar) within(reference, rules_.collar_ppm);
        if (const std::optional<Ticks> best = venue.book.best(other(o.side));
            best && rules_.band_ppm > 0)
            within(*best * venue.terms.tick_micro, rules_.band_ppm);
        order.limit = static_cast<std::int64_t>(limit);
    }
    if (until == TimeInForce::good_till_time && o.expires_us <= now.us) return OrderReason::expired;
    return OrderReason::ok;
}

OrderReason Market::check_limits(const Order& order, const Part* already, Timestamp now) const {
    const TraderState& t = *order.trader;
    const Operation& o = order.operation;
    const bool buys = o.side == Side::buy;
    const Int128 quantity = *o.quantity - (already != nullptr ? already->left : 0);
    if (already == nullptr && rules_.most_open_orders > 0 &&
        t.open_orders >= rules_.most_open_orders)
        return OrderReason::too_many_orders;
    // A sale counts at its limit, or at the best bid where that is more.
    std::int64_t price = order.limit;
    if (!buys)
        if (const std::optional<Ticks> best = order.venue->book.best(Side::buy))
            price = std::max(price, *best * order.venue->terms.tick_micro);
    const Int128 value = Int128{price} * *o.quantity -
                         (already != nullptr ? Int128{already->limit} * already->left : 0);
    const bool same_day = t.day == day_of(now);
    const Int128 net_quantity = same_day ? t.net_quantity : 0;
    const Int128 net_value = same_day ? t.net_value : 0;
    const Int128 after =
        (buys ? net_quantity + t.open_buy : -net_quantity + t.open_sell) + quantity;
    if (after > t.is.daily_net_quantity) return OrderReason::mandate_quantity_exceeded;
    const Int128 worth =
        (buys ? net_value + t.open_buy_value : -net_value + t.open_sell_value) + value;
    if (worth > t.is.daily_net_value_micro) return OrderReason::mandate_value_exceeded;
    if (buys && holding_room_) {
        const std::optional<std::int64_t> room = holding_room_(
            {.participant = t.is.participant, .vintage = order.venue->vintage, .now = now});
        if (room) {
            Int128 bought = quantity;
            for (const TraderState& each : traders_)
                if (each.group == t.group) bought += each.open_buy;
            if (bought > *room) return OrderReason::holding_limit_exceeded;
        }
    }
    return OrderReason::ok;
}

// The group may have come to hold more by other ways since the order was taken.
bool Market::has_room(const TraderState& buyer,
                      const Venue& venue,
                      std::int64_t quantity,
                      Timestamp now) const {
    if (!holding_room_) return true;
    const std::optional<std::int64_t> room =
        holding_room_({.participant = buyer.is.participant, .vintage = venue.vintage, .now = now});
    return !room || quantity <= *room;
}

bool Market::can_trade(const TraderState& trader,
                       const Position& position,
                       Side side,
                       const registry::Registry& books) const {
    const BalanceRef& gives = side == Side::buy ? trader.cash : position.holding;
    const BalanceRef& takes = side == Side::buy ? position.holding : trader.cash;
    const registry::AccountStatus in = books.status(takes);
    return books.status(gives) == registry::AccountStatus::open &&
           (in == registry::AccountStatus::open || in == registry::AccountStatus::blocked);
}

bool Market::find_balances(TraderState& trader,
                           const Venue& venue,
                           const registry::Registry& books) const {
    if (trader.positions.size() <= venue.number) trader.positions.resize(venue.number + 1);
    Position& position = trader.positions[venue.number];
    if (trader.open_orders == 0 &&
        (trader.cash_account != trader.is.cash || trader.holding_account != trader.is.holding)) {
        trader.cash = {};
        for (Position& each : trader.positions) each.holding = {};
        trader.cash_account = trader.is.cash;
        trader.holding_account = trader.is.holding;
    }
    if (!trader.cash.found())
        trader.cash = books.find_balance(trader.cash_account, registry::Asset::cash);
    if (!position.holding.found())
        position.holding =
            books.find_balance(trader.holding_account, static_cast<registry::Asset>(venue.vintage));
    return trader.cash.found() && position.holding.found();
}

bool Market::open_balances(TraderState& trader, const Venue& venue, registry::Registry& books) {
    return find_balances(trader, venue, books) && open_found(trader, venue, books);
}

bool Market::open_found(TraderState& trader, const Venue& venue, registry::Registry& books) {
    BalanceRef& holding = trader.positions[venue.number].holding;
    if (!trader.cash.opened()) books.open_balance(trader.cash, registry::Asset::cash);
    if (!holding.opened()) books.open_balance(holding, static_cast<registry::Asset>(venue.vintage));
    if (fees_.opened() || venue.terms.fee_ppm == 0 || fees_account_ == registry::AccountId{})
        return true;
    fees_ = books.find_balance(fees_account_, registry::Asset::cash);
    if (!fees_.found()) return false;
    books.open_balance(fees_, registry::Asset::cash);
    return true;
}

OrderReason Market::check_cover(const Order& order,
                                const Part* already,
                                registry::Registry& books) const {
    const TraderState& t = *order.trader;
    const Position& position = t.positions[order.venue->number];
    if (!can_trade(t, position, order.operation.side, books)) return OrderReason::account_shut;
    const bool buys = order.operation.side == Side::buy;
    std::int64_t needed = *order.operation.quantity;
    std::int64_t has = already != nullptr ? already->left : 0;
    if (buys) {
        needed = money_for(*order.venue, order.limit, needed);
        has = already != nullptr ? money_for(*order.venue, already->limit, has) : 0;
    }
    const BalanceRef& from = buys ? t.cash : position.holding;
    return needed - has > books.available(from) ? OrderReason::insufficient_balance
                                                : OrderReason::ok;
}

// ---- doing, live and again

void Market::count(const Part& part, Side side, int sign) {
    TraderState& t = *part.trader;
    const std::int64_t quantity = sign * part.left;
    const std::int64_t value = part.limit * quantity;
    if (side == Side::buy) {
        part.position->open_buy += quantity;
        t.open_buy += quantity;
        t.open_buy_value += value;
    } else {
        part.position->open_sell += quantity;
        t.open_sell += quantity;
        t.open_sell_value += value;
    }
}

// An order comes into the market: it is covered, and counts.
void Market::enter(const Venue& venue, const Part& part, Side side, registry::Registry& books) {
    if (side == Side::buy)
        books.cover(part.trader->cash, money_for(venue, part.limit, part.left));
    else
        books.cover(part.position->holding, part.left);
    count(part, side, 1);
}

// What is left of it goes.
void Market::leave(const Venue& venue, const Part& part, Side side, registry::Registry& books) {
    if (part.left == 0) return;
    if (side == Side::buy)
        books.uncover(part.trader->cash, money_for(venue, part.limit, part.left));
    else
        books.uncover(part.position->holding, part.left);
    count(part, side, -1);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a trade is said
void Market::fill(const Part& part, Side side, std::int64_t quantity, std::int64_t price) {
    TraderState& t = *part.trader;
    count({.trader = part.trader, .position = part.position, .limit = part.limit, .left = quantity},
          side,
          -1);
    const std::int64_t bought = side == Side::buy ? quantity : -quantity;
    t.net_quantity += bought;
    t.net_value += bought * price;
}

// Delivery versus payment: both, or a broken REQUIRES.
void Market::settle(const Venue& venue, const Deal& deal, registry::Registry& books) {
    const Part& buyer = deal.buyer;
    const Part& seller = deal.seller;
    const std::int64_t notional = deal.price * deal.quantity;
    const std::int64_t fee = fee_of(venue, notional);
    const std::int64_t freed = money_for(venue, buyer.limit, buyer.left) -
                               money_for(venue, buyer.limit, buyer.left - deal.quantity);
    books.deliver(
        {.from = buyer.trader->cash, .to = seller.trader->cash, .amount = notional - fee});
    if (fee > 0) books.deliver({.from = buyer.trader->cash, .to = fees_, .amount = 2 * fee});
    books.uncover(buyer.trader->cash, freed - notional - fee);
    books.deliver(
        {.from = seller.position->holding, .to = buyer.position->holding, .amount = deal.quantity});
    fill(buyer, Side::buy, deal.quantity, deal.price);
    fill(seller, Side::sell, deal.quantity, deal.price);
}

void Market::trade(Venue& venue,
                   const Deal& deal,
                   const TradeSides& sides,
                   Timestamp at,
                   registry::Registry& books) {
    settle(venue, deal, books);
    if (venue.reference == 0) venue.reference = deal.price;
    venue.day_notional += Int128{deal.price} * deal.quantity;
    venue.day_quantity += deal.quantity;
    tell(venue, [&] {
        return TapeEntry{.at = at,
                         .kind = TapeKind::traded,
                         .side = sides.side,
                         .order_id = sides.maker,
                         .price_micro = deal.price,
                         .quantity = deal.quantity,
                         .owner = sides.owner,
                         .taker_id = sides.taker_id,
                         .taker = sides.taker,
                         .fee_micro = fee_of(venue, deal.price * deal.quantity)};
    });
    if (rules_.erroneous_ppm > 0) keep_far(venue, deal, at);
}

void Market::keep_resting(Venue& venue, const Operation& o, const Rested& rested) {
    TraderState& owner = traders_[o.participant];
    ++owner.open_orders;
    if (o.time_in_force == TimeInForce::good_till_time) {
        due_.push({.us = o.expires_us, .order_id = o.order_id, .venue = venue.number});
        until_[o.order_id] = o.expires_us;
    }
    tell(venue, [&] {
        return TapeEntry{.at = rested.at,
                         .kind = TapeKind::rested,
                         .side = o.side,
                         .order_id = o.order_id,
                         .price_micro = rested.limit,
                         .quantity = rested.left,
                         .owner = owner.is.participant};
    });
}

Market::Part Market::part_of(Venue& venue, std::uint32_t place) {
    const Resting& order = venue.book.at(place);
    TraderState& trader = traders_[order.owner];
    return {.trader = &trader,
            .position = &trader.positions[venue.number],
            .limit = venue.book.price_of(place) * venue.terms.tick_micro,
            .left = order.quantity};
}

std::optional<Market::Place> Market::find_order(Venue& venue, std::uint64_t id) {
    if (const std::uint32_t place = venue.book.find(id); place != OrderBook::kNone)
        return Place{.in_book = place};
    const auto arrival = venue.pool.arrivals.find(id);
    if (arrival == venue.pool.arrivals.end()) return std::nullopt;
    return Place{.arrival = venue.pool.orders.find(arrival->second)};
}

Market::Part Market::part_of(Venue& venue, const Place& place) {
    return place.in_call() ? part_of(venue, place.collected()) : part_of(venue, place.in_book);
}

Side Market::side_of(const Venue& venue, const Place& place) {
    return place.in_call() ? place.collected().side : venue.book.side_of(place.in_book);
}

std::uint64_t Market::id_of(const Venue& venue, const Place& place) {
    return place.in_call() ? place.collected().id : venue.book.at(place.in_book).id;
}

std::uint32_t Market::owner_of(const Venue& venue, const Place& place) const {
    return place.in_call() ? place.collected().owner : venue.book.at(place.in_book).owner;
}

// Meets what rests; `judging(maker, meeting)` says what becomes of each. What is left rests where it may and nothing stopped it; else it goes.
template <class Judging>
void Market::match(const Order& order, Timestamp at, registry::Registry& books, Judging& judging) {
    const Operation& o = order.operation;
    Venue& venue = *order.venue;
    roll(venue, at);
    roll(*order.trader, at);
    Part taker{.trader = order.trader,
               .position = &order.trader->positions[venue.number],
               .limit = order.limit,
               .left = *o.quantity};
    enter(venue, taker, o.side, books);
    const Side facing = other(o.side);
    // A limit between two ticks, which only a market order has, is as good as the one before it.
    const std::int64_t tick = venue.terms.tick_micro;
    const Ticks limit = tick == 1             ? order.limit
                        : o.side == Side::buy ? order.limit / tick
                                              : (order.limit - 1) / tick + 1;
    bool stopped = false;
    venue.book.take(o.side, {.limit = limit, .quantity = taker.left}, [&](const Meeting& met) {
        const std::int64_t price = met.price * tick;
        TraderState& owner = traders_[met.maker.owner];
        const MeetingKind kind = judging(owner, met, price);
        const Part maker{.trader = &owner,
                         .position = &owner.positions[venue.number],
                         .limit = price,
                         .left = met.maker.quantity};
        switch (kind) {
            case MeetingKind::trade: {
                roll(owner, at);
                trade(venue,
                      {.buyer = o.side == Side::buy ? taker : maker,
                       .seller = o.side == Side::buy ? maker : taker,
                       .quantity = met.quantity,
                       .price = price},
                      {.side = facing,
                       .maker = met.maker.id,
                       .owner = owner.is.participant,
                       .taker_id = o.order_id,
                       .taker = order.trader->is.participant},
                      at,
                      books);
                taker.left -= met.quantity;
                if (maker.left == met.quantity) --owner.open_orders;
                return Verdict::fill;
            }
            case MeetingKind::self_trade:
            case MeetingKind::undeliverable:
            case MeetingKind::over_limit:
                leave(venue, maker, facing, books);
                --owner.open_orders;
                tell(venue, [&] {
                    return TapeEntry{.at = at,
                                     .kind = TapeKind::removed,
                                     .why = kind == MeetingKind::self_trade ? Removal::self_trade
                                                                            : Removal::swept,
                                     .side = facing,
                                     .order_id = met.maker.id,
                                     .price_micro = price,
                                     .quantity = met.maker.quantity,
                                     .owner = owner.is.participant};
                });
                return Verdict::remove_maker;
            case MeetingKind::halted:
                venue.halted_until = at.us + rules_.halt_us;
                break;
            case MeetingKind::stopped:
            case MeetingKind::call_fill:
                break;
        }
        stopped = true;
        return Verdict::stop;
    });
    stopped = judging.stops_at_the_end() || stopped;
    if (taker.left == 0 || !order.may_rest || stopped) {
        leave(venue, taker, o.side, books);
        return;
    }
    static_cast<void>(venue.book.rest(
        o.side,
        {.id = o.order_id, .price = limit, .quantity = taker.left, .owner = o.participant}));
    keep_resting(venue, o, {.limit = order.limit, .left = taker.left, .at = at});
}

// Live: the rules say, and what they said is kept.
class Market::Judge {
  public:
    Judge(const Market& market, const Order& order, const Frame& frame, std::vector<Met>& met)
        : market_(&market), order_(&order), frame_(&frame), met_(&met) {}

    MeetingKind operator()(const TraderState& owner, const Meeting& meeting, std::int64_t price) {
        const MeetingKind kind = judged(owner, meeting, price);
        met_->push_back(
            {.maker = meeting.maker.id,
             .price_micro = price,
             .quantity = kind == MeetingKind::trade ? meeting.quantity : meeting.maker.quantity,
             .kind = kind});
        return kind;
    }
    // Of cancel_both where nothing else was met.
    [[nodiscard]] bool stops_at_the_end() {
        if (!stop_ || met_->back().kind == MeetingKind::stopped) return stop_;
        met_->push_back(kStoppedAtTheEnd);
        return true;
    }

  private:
    [[nodiscard]] MeetingKind judged(const TraderState& owner,
                                     const Meeting& meeting,
                                     std::int64_t price) {
        if (stop_) return MeetingKind::stopped;
        const MarketRules& rules = market_->rules_;
        if (owner.group == order_->trader->group) {
            if (rules.self_trade == SelfTrade::cancel_newest) return MeetingKind::stopped;
            stop_ = rules.self_trade == SelfTrade::cancel_both;
            return MeetingKind::self_trade;
        }
        const Venue& venue = *order_->venue;
        if (!market_->can_trade(
                owner, owner.positions[venue.number], other(order_->operation.side), frame_->books))
            return MeetingKind::undeliverable;
        if (order_->operation.side == Side::sell &&
            !market_->has_room(owner, venue, meeting.quantity, frame_->now))
            return MeetingKind::over_limit;
        if (rules.halt_ppm > 0 && venue.reference > 0 &&
            !within({price, venue.reference}, rules.halt_ppm))
            return MeetingKind::halted;
        return MeetingKind::trade;
    }

    const Market* market_;
    const Order* order_;
    const Frame* frame_;
    std::vector<Met>* met_;
    bool stop_ = false;
};

// Again: the event says. Whatever it does not fit is no event of this market.
class Market::Recorded {
  public:
    explicit Recorded(std::span<const Met> met) : met_(met) {}

    MeetingKind operator()(const TraderState& /*owner*/,
                           const Meeting& meeting,
                           std::int64_t price) {
        if (at_ == met_.size()) {
            good_ = false;
            return MeetingKind::stopped;
        }
        const Met& said = met_[at_++];
        good_ = good_ && said != kStoppedAtTheEnd && said.kind != MeetingKind::call_fill &&
                said.maker == meeting.maker.id && said.price_micro == price &&
                said.quantity ==
                    (said.kind == MeetingKind::trade ? meeting.quantity : meeting.maker.quantity);
        return good_ ? said.kind : MeetingKind::stopped;
    }
    [[nodiscard]] bool stops_at_the_end() {
        if (at_ == met_.size() || met_[at_] != kStoppedAtTheEnd) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] bool good() const { return good_ && at_ == met_.size(); }

  private:
    std::span<const Met> met_;
    std::size_t at_ = 0;
    bool good_ = true;
};

void Market::take_out(Venue& venue,
                      const Place& place,
                      const Ending& ending,
                      registry::Registry& books) {
    const Part part = part_of(venue, place);
    const Side side = side_of(venue, place);
    const std::uint64_t id = id_of(venue, place);
    tell(venue, [&] {
        return TapeEntry{.at = ending.at,
                         .kind = TapeKind::removed,
                         .why = ending.why,
                         .side = side,
                         .order_id = id,
                         .price_micro = part.limit,
                         .quantity = part.left,
                         .owner = part.trader->is.participant};
    });
    leave(venue, part, side, books);
    --part.trader->open_orders;
    if (!until_.empty()) until_.erase(id);
    if (!place.in_call()) return venue.book.remove(place.in_book);
    venue.pool.arrivals.erase(id);
    venue.pool.orders.erase(place.arrival);
    --collected_;
}

namespace {

Removal why_of(MarketEventKind kind) {
    return kind == MarketEventKind::expired ? Removal::expired
           : kind == MarketEventKind::swept ? Removal::swept
                                            : Removal::cancelled;
}

}  // namespace

// As an event of its own.
void Market::end_order(Venue& venue, const Place& place, MarketEventKind kind, const Frame& frame) {
    append_event(frame.out,
                 kind,
                 Ended{.book = venue.vintage,
                       .order_id = id_of(venue, place),
                       .participant = owner_of(venue, place),
                       .at_us = frame.now.us});
    take_out(venue, place, {.why = why_of(kind), .at = frame.now}, frame.books);
    last_ = std::max(last_, frame.now);
}

// ---- commands

// An order passes a score of functions, most of them once: as one piece of code they take a quarter less time.
[[gnu::flatten]] OrderReason Market::place(const Operation& operation, const Frame& frame) {
    if (operation.participant >= traders_.size()) return OrderReason::trader_unknown;
    TraderState& trader = traders_[operation.participant];
    if (const std::optional<std::uint32_t> used = ids_.find(operation.order_id))
        return *used == mark_of(operation) ? OrderReason::order_exists
                                           : OrderReason::order_exists_with_different_fields;
    if (const OrderReason r = check_right(trader, frame.now); r != OrderReason::ok) return r;
    if (const OrderReason r = throttle(trader, frame.now); r != OrderReason::ok) return r;
    Venue* venue = find_venue(operation.book);
    if (venue == nullptr) return OrderReason::book_unknown;
    if (is_halted(*venue, frame.now)) return OrderReason::market_halted;
    Order order{.operation = operation, .venue = venue, .trader = &trader};
    if (rules_.session.closes_us != 0 || collected_ > 0) {
        const Phase now = phase(*venue, frame.now).phase;
        if (now == Phase::closed) return OrderReason::market_closed;
        if (now == Phase::call) return collect(order, frame);
    }
    if (const OrderReason r = check_form(*venue, operation); r != OrderReason::ok) return r;
    if (const OrderReason r = resolve(order, frame.now); r != OrderReason::ok) return r;
    const bool known = has_balances(trader, *venue);
    if (!known && !find_balances(trader, *venue, frame.books)) return OrderReason::account_shut;
    const std::int64_t quantity = *operation.quantity;
    if (operation.type == OrderType::market) {
        // Covered at the worst price that it meets; where nothing rests it asks for nothing.
        const Reach far = reach(order, frame.books, frame.now);
        order.limit = far.quantity > 0 ? far.worst_micro : venue->terms.tick_micro;
        if (operation.time_in_force == TimeInForce::fill_or_kill && far.quantity < quantity)
            return OrderReason::fill_or_kill_not_filled;
    }
    order.operation.price_micro = order.limit;
    if (!has_notional(order.limit, quantity)) return OrderReason::notional_too_large;
    if (operation.post_only &&
        venue->book.crosses(operation.side, order.limit / venue->terms.tick_micro))
        return OrderReason::post_only_would_trade;
    if (operation.type == OrderType::limit &&
        operation.time_in_force == TimeInForce::fill_or_kill &&
        reach(order, frame.books, frame.now).quantity < quantity)
        return OrderReason::fill_or_kill_not_filled;
    if (order.may_rest && venue->book.full()) return OrderReason::book_full;
    if (const OrderReason r = check_limits(order, nullptr, frame.now); r != OrderReason::ok)
        return r;
    if (const OrderReason r = check_cover(order, nullptr, frame.books); r != OrderReason::ok)
        return r;

    const bool opened = known || open_found(trader, *venue, frame.books);
    ABATE_ASSERT(opened);
    ids_.insert(operation.order_id, mark_of(operation));
    Judge judge(*this, order, frame, met_);
    match(order, frame.now, frame.books, judge);
    order.operation.at_us = frame.now.us;
    append_event(frame.out, MarketEventKind::placed, order.operation, met_);
    return OrderReason::ok;
}

// Less at the same price keeps its place in time.
bool Market::reduce_only(const Part& before, const Operation& o) {
    return *o.price_micro == before.limit && *o.quantity <= before.left;
}

void Market::shrink(
    Venue& venue, const Place& place, const Operation& o, Timestamp at, registry::Registry& books) {
    const Part before = part_of(venue, place);
    const Side side = side_of(venue, place);
    roll(venue, at);
    roll(*before.trader, at);
    leave(venue, before, side, books);
    enter(venue,
          {.trader = before.trader,
           .position = before.position,
           .limit = before.limit,
           .left = *o.quantity},
          side,
          books);
    if (place.in_call())
        place.collected().left = *o.quantity;
    else
        venue.book.reduce(place.in_book, *o.quantity);
    tell(venue, [&] {
        return TapeEntry{.at = at,
                         .kind = TapeKind::reduced,
                         .side = side,
                         .order_id = o.order_id,
                         .price_micro = before.limit,
                         .quantity = *o.quantity,
                         .owner = before.trader->is.participant};
    });
}

OrderReason Market::replace(const Operation& operation, const Frame& frame) {
    if (operation.participant >= traders_.size()) return OrderReason::trader_unknown;
    TraderState& trader = traders_[operation.participant];
    if (const OrderReason r = throttle(trader, frame.now); r != OrderReason::ok) return r;
    Venue* venue = find_venue(operation.book);
    if (venue == nullptr) return OrderReason::book_unknown;
    const std::optional<Place> place = find_order(*venue, operation.order_id);
    if (!place) return OrderReason::order_unknown;
    if (owner_of(*venue, *place) != operation.participant) return OrderReason::order_of_another;
    if (const OrderReason r = check_right(trader, frame.now); r != OrderReason::ok) return r;
    if (is_halted(*venue, frame.now)) return OrderReason::market_halted;
    const Phase now = phase(*venue, frame.now).phase;
    if (now == Phase::closed) return OrderReason::market_closed;
    if (now == Phase::call && operation.post_only) return OrderReason::not_in_a_call;
    Order order{.operation = operation, .venue = venue, .trader = &trader};
    Operation& o = order.operation;
    const Part already = part_of(*venue, *place);
    o.side = side_of(*venue, *place);
    o.type = OrderType::limit;
    if (!o.price_micro) o.price_micro = already.limit;
    if (!o.quantity) o.quantity = already.left;
    const auto until = until_.find(o.order_id);
    o.time_in_force =
        until == until_.end() ? TimeInForce::good_till_cancelled : TimeInForce::good_till_time;
    o.expires_us = until == until_.end() ? 0 : until->second;
    o.at_us = frame.now.us;
    if (const OrderReason r = check_form(*venue, o); r != OrderReason::ok) return r;
    if (reduce_only(already, o)) {
        shrink(*venue, *place, o, frame.now, frame.books);
        append_event(frame.out, MarketEventKind::replaced, o, met_);
        return OrderReason::ok;
    }
    if (const OrderReason r = resolve(order, frame.now); r != OrderReason::ok) return r;
    if (now == Phase::call) return recollect(order, already, frame);
    if (!has_notional(order.limit, *o.quantity)) return OrderReason::notional_too_large;
    if (o.post_only && venue->book.crosses(o.side, order.limit / venue->terms.tick_micro))
        return OrderReason::post_only_would_trade;
    if (const OrderReason r = check_limits(order, &already, frame.now); r != OrderReason::ok)
        return r;
    if (const OrderReason r = check_cover(order, &already, frame.books); r != OrderReason::ok)
        return r;
    take_out(*venue, *place, {.why = Removal::cancelled, .at = frame.now}, frame.books);
    Judge judge(*this, order, frame, met_);
    match(order, frame.now, frame.books, judge);
    append_event(frame.out, MarketEventKind::replaced, o, met_);
    return OrderReason::ok;
}

[[gnu::flatten]] OrderReason Market::cancel(const Operation& operation, const Frame& frame) {
    if (operation.participant >= traders_.size()) return OrderReason::trader_unknown;
    Venue* venue = find_venue(operation.book);
    if (venue == nullptr) return OrderReason::book_unknown;
    // Nearly all that is cancelled rests in the book.
    Place place{.in_book = venue->book.find(operation.order_id)};
    if (place.in_book == OrderBook::kNone) {
        const std::optional<Place> pooled =
            collected_ == 0 ? std::nullopt : find_order(*venue, operation.order_id);
        if (!pooled) return OrderReason::order_unknown;
        place = *pooled;
    }
    if (owner_of(*venue, place) != operation.participant) return OrderReason::order_of_another;
    end_order(*venue, place, MarketEventKind::cancelled, frame);
    return OrderReason::ok;
}

OrderReason Market::apply(const Operation& operation, const Frame& frame) {
    ABATE_REQUIRE(frame.now >= last_);
    met_.clear();
    OrderReason reason = OrderReason::ok;
    switch (operation.kind) {
        case OperationKind::place:
            reason = place(operation, frame);
            break;
        case OperationKind::replace:
            reason = replace(operation, frame);
            break;
        case OperationKind::cancel:
            reason = cancel(operation, frame);
            break;
    }
    if (reason == OrderReason::ok) last_ = frame.now;
    return reason;
}

// What was filled, cancelled or replaced before its time is not due.
void Market::forget_stale() const {
    while (!due_.empty()) {
        const Due& next = due_.top();
        const auto until = until_.find(next.order_id);
        if (until != until_.end() && until->second == next.us &&
            find_order(*venues_[next.venue], next.order_id))
            return;
        if (until != until_.end() && until->second == next.us) until_.erase(until);
        due_.pop();
    }
}

std::optional<Timestamp> Market::next_due() const {
    forget_stale();
    const Venue* const call = next_call();
    const std::int64_t next = std::min(due_.empty() ? INT64_MAX : due_.top().us,
                                       call == nullptr ? INT64_MAX : due_us(*call));
    if (next == INT64_MAX) return std::nullopt;
    return Timestamp{next};
}

std::uint32_t Market::do_what_is_due(Timestamp until, const Frame& frame) {
    std::uint32_t done = 0;
    while (true) {
        forget_stale();
        Venue* const over = next_call();
        const std::int64_t calls = over == nullptr ? INT64_MAX : due_us(*over);
        if (!due_.empty() && due_.top().us <= std::min(until.us, calls)) {
            const Due due = due_.top();
            due_.pop();
            Venue& venue = *venues_[due.venue];
            end_order(venue, *find_order(venue, due.order_id), MarketEventKind::expired, frame);
            ++done;
        } else if (over != nullptr && calls <= until.us) {
            done += call(*over, frame);
        } else {
            return done;
        }
    }
}

std::uint32_t Market::sweep(std::uint32_t trader, const Frame& frame) {
    std::uint32_t gone = 0;
    for (const auto& venue : venues_) {
        std::vector<std::uint64_t> ids;
        for_each_order(venue->vintage, [&](const OrderView& order) {
            if (order.owner == trader) ids.push_back(order.id);
        });
        for (const std::uint64_t id : ids)
            end_order(*venue, *find_order(*venue, id), MarketEventKind::swept, frame);
        gone += static_cast<std::uint32_t>(ids.size());
    }
    return gone;
}

std::uint32_t Market::sweep(registry::ParticipantId participant, const Frame& frame) {
    std::uint32_t gone = 0;
    for (std::uint32_t i = 0; i < traders_.size(); ++i)
        if (traders_[i].is.participant == participant && traders_[i].open_orders > 0)
            gone += sweep(i, frame);
    return gone;
}

std::uint32_t Market::sweep_stale(const Frame& frame) {
    std::uint32_t gone = 0;
    for (std::uint32_t i = 0; i < traders_.size() && stale_ > 0; ++i) {
        if (!traders_[i].stale) continue;
        traders_[i].stale = false;
        --stale_;
        gone += sweep(i, frame);
    }
    return gone;
}

// ---- again

bool Market::fold(const MarketEvent& event, registry::Registry& books) {
    const Operation& o = event.operation;
    const Timestamp at{o.at_us};
    Venue* venue = find_venue(o.book);
    if (at < last_ || venue == nullptr) return false;
    if (event.kind == MarketEventKind::called) return fold_called(*venue, event, books);
    if (o.participant >= traders_.size()) return false;
    TraderState& trader = traders_[o.participant];
    if (!open_balances(trader, *venue, books)) return false;
    last_ = at;
    const std::optional<Place> place = find_order(*venue, o.order_id);
    const OperationKind kind = asked_by(event.kind);
    const bool placed = kind == OperationKind::place;
    const bool collects =
        event.kind == MarketEventKind::collected || event.kind == MarketEventKind::recollected;
    if (placed ? ids_.find(o.order_id).has_value() || place.has_value()
               : !place || owner_of(*venue, *place) != o.participant)
        return false;
    if (kind == OperationKind::cancel) {
        if (!event.met.empty()) return false;
        take_out(*venue, *place, {.why = why_of(event.kind), .at = at}, books);
        if (trader.stale && trader.open_orders == 0) {
            trader.stale = false;
            --stale_;
        }
        return true;
    }
    if (rules_.most_per_second > 0) count_command(trader, at);
    if (!o.price_micro || !o.quantity || *o.quantity <= 0 || *o.quantity > kMostQuantity ||
        *o.price_micro <= 0 || *o.price_micro > kMostTicks || *o.quantity % venue->terms.lot != 0 ||
        !has_notional(*o.price_micro, *o.quantity))
        return false;
    Order order{.operation = o, .venue = venue, .trader = &trader, .limit = *o.price_micro};
    order.may_rest =
        o.type == OrderType::limit && (o.time_in_force == TimeInForce::good_till_cancelled ||
                                       o.time_in_force == TimeInForce::good_till_time);
    // What is replaced frees its own place.
    if (order.may_rest && (*o.price_micro % venue->terms.tick_micro != 0 ||
                           (placed && orders_in(*venue) >= venue->terms.most_orders)))
        return false;
    // Nothing is matched while a call has orders.
    if (collects &&
        (!order.may_rest || !event.met.empty() || phase(*venue, at).phase != Phase::call))
        return false;
    const std::optional<std::int64_t> ends_us = call_end(*venue);
    if (placed) {
        ids_.insert(o.order_id, mark_of(o));
    } else {
        if (o.side != side_of(*venue, *place)) return false;
        if (reduce_only(part_of(*venue, *place), o)) {
            if (collects || !event.met.empty()) return false;
            shrink(*venue, *place, o, at, books);
            return true;
        }
        take_out(*venue, *place, {.why = Removal::cancelled, .at = at}, books);
    }
    if (!collects && ends_us) return false;
    const Position& position = trader.positions[venue->number];
    const std::int64_t needed =
        o.side == Side::buy ? money_for(*venue, order.limit, *o.quantity) : *o.quantity;
    if (needed > books.balance(o.side == Side::buy ? trader.cash : position.holding).available())
        return false;
    if (collects) {
        pool_order(*venue, o, {.at = at, .ends_us = ends_us}, books);
        return true;
    }
    Recorded recorded(event.met);
    match(order, at, books, recorded);
    return recorded.good();
}

}  // namespace abate::exchange
