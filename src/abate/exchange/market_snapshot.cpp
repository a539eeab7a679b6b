// A market as bytes, and again: what rests in its order, the days, every id. Little endian.
//
// "abMK", u16 version, u16 0, i64 last_us; u32 venues, of each: u32 vintage, i64 reference, halted_until, day, day_quantity,
// day_notional (low, high), u64 tape_seq, u32 orders, of each, buys before sells, best first: u64 id, i64 price, quantity, u32 owner, u32
// side, i64 until (0: none); u32 orders that a call has collected, and where there are some i64 when it ends and of each as above, by arrival,
// with micro-units for the price; u32 traders, of each: i64 day, net_quantity, net_value; u32 far trades, of each: u32 vintage, u64 seq, i64 at_us,
// price, quantity, fee, of the buyer, then of the seller: u32 trader, u64 holding, u64 cash; u64 ids, of each by number: u64 id, u32 mark.
#include "abate/core/number_bytes.h"
#include "abate/exchange/market.h"

#include <algorithm>

namespace abate::exchange {
namespace {

constexpr std::string_view kMark = "abMK";
constexpr std::uint16_t kVersion = 2;

}  // namespace

void Market::append_snapshot(std::string& out) const {
    out += kMark;
    append_number(out, kVersion);
    append_number(out, std::uint16_t{0});
    append_number(out, last_.us);
    append_number(out, static_cast<std::uint32_t>(venues_.size()));
    for (const auto& venue : venues_) {
        append_number(out, venue->vintage);
        for (const std::int64_t number : {venue->reference,
                                          venue->halted_until,
                                          venue->day,
                                          venue->day_quantity,
                                          static_cast<std::int64_t>(venue->day_notional),
                                          static_cast<std::int64_t>(venue->day_notional >> 64)})
            append_number(out, number);
        append_number(out, venue->tape_seq);
        append_number(out, venue->book.size());
        const auto append_order = [&](const OrderView& order, std::int64_t price) {
            const auto until = until_.find(order.id);
            append_number(out, order.id);
            append_number(out, price);
            append_number(out, order.quantity);
            append_number(out, order.owner);
            append_number(out, static_cast<std::uint32_t>(order.side));
            append_number(out, until == until_.end() ? std::int64_t{0} : until->second);
        };
        for (const Side side : {Side::buy, Side::sell})
            for_each_in_book(*venue, side, [&](const OrderView& order) {
                append_order(order, order.price_micro / venue->terms.tick_micro);
                return true;
            });
        append_number(out, static_cast<std::uint32_t>(venue->pool.orders.size()));
        if (!venue->pool.orders.empty()) append_number(out, venue->pool.ends_us);
        for (const auto& [arrival, order] : venue->pool.orders)
            append_order(view_of(order), order.limit);
    }
    append_number(out, static_cast<std::uint32_t>(traders_.size()));
    for (const TraderState& trader : traders_)
        for (const std::int64_t number : {trader.day, trader.net_quantity, trader.net_value})
            append_number(out, number);
    append_number(out, static_cast<std::uint32_t>(far_.size()));
    for (const FarTrade& trade : far_) {
        append_number(out, trade.vintage);
        append_number(out, trade.seq);
        for (const std::int64_t number :
             {trade.at.us, trade.price_micro, trade.quantity, trade.fee_micro})
            append_number(out, number);
        for (const FarTrade::Party* party : {&trade.buyer, &trade.seller}) {
            append_number(out, party->trader);
            append_number(out, static_cast<std::uint64_t>(party->holding));
            append_number(out, static_cast<std::uint64_t>(party->cash));
        }
    }
    std::vector<std::pair<std::uint64_t, std::uint32_t>> ids;
    ids.reserve(ids_.size());
    ids_.for_each([&](std::uint64_t id, std::uint32_t mark) { ids.emplace_back(id, mark); });
    std::sort(ids.begin(), ids.end());
    append_number(out, static_cast<std::uint64_t>(ids.size()));
    for (const auto& [id, mark] : ids) {
        append_number(out, id);
        append_number(out, mark);
    }
}

// One that rests in the book or, `in_call`, one that a call has collected.
bool Market::read_order(std::string_view& bytes,
                        Venue& venue,
                        bool in_call,
                        registry::Registry& books) {
    NumberReader in{bytes};
    const auto id = in.number<std::uint64_t>();
    const auto price = in.number<std::int64_t>();
    const auto quantity = in.number<std::int64_t>();
    const auto owner = in.number<std::uint32_t>();
    const auto side_number = in.number<std::uint32_t>();
    const auto until = in.number<std::int64_t>();
    const std::int64_t tick = venue.terms.tick_micro;
    std::int64_t limit = price;
    if (!in.good || owner >= traders_.size() || side_number > 1 || price <= 0 || quantity <= 0 ||
        quantity > kMostQuantity ||
        venue.book.size() + venue.pool.orders.size() >= venue.terms.most_orders ||
        (!in_call && __builtin_mul_overflow(price, tick, &limit)) || limit > kMostTicks ||
        limit % tick != 0 || !has_notional(limit, quantity) || find_order(venue, id))
        return false;
    const auto side = static_cast<Side>(side_number);
    if (!in_call && venue.book.crosses(side, price)) return false;
    TraderState& trader = traders_[owner];
    if (!open_balances(trader, venue, books)) return false;
    const Collected order{.id = id, .side = side, .limit = limit, .left = quantity, .owner = owner};
    count(part_of(venue, order), side, 1);
    if (in_call) {
        venue.pool.arrivals[id] = venue.pool.next;
        venue.pool.orders.emplace(venue.pool.next++, order);
        ++collected_;
    } else {
        static_cast<void>(venue.book.rest(
            side, {.id = id, .price = price, .quantity = quantity, .owner = owner}));
    }
    ++trader.open_orders;
    if (until != 0) {
        due_.push({.us = until, .order_id = id, .venue = venue.number});
        until_[id] = until;
    }
    bytes = in.bytes;
    return true;
}

bool Market::read_venue(std::string_view& bytes, registry::Registry& books) {
    NumberReader in{bytes};
    const auto vintage = in.number<std::uint32_t>();
    if (!in.good || vintage < registry::kFirstVintage || vintage > registry::kLastVintage)
        return false;
    Venue* const found = find_venue(vintage);
    if (found == nullptr) return false;
    Venue& venue = *found;
    venue.reference = in.number<std::int64_t>();
    venue.halted_until = in.number<std::int64_t>();
    venue.day = in.number<std::int64_t>();
    venue.day_quantity = in.number<std::int64_t>();
    const auto low = in.number<std::uint64_t>();
    const auto high = in.number<std::int64_t>();
    // NOLINTNEXTLINE(hicpp-signed-bitwise): two halves of one number
    venue.day_notional = Int128{high} * (Int128{1} << 64) + low;
    venue.tape_seq = in.number<std::uint64_t>();
    const auto orders = in.number<std::uint32_t>();
    if (!in.good || venue.day_quantity < 0 || venue.book.size() != 0 || !venue.pool.orders.empty())
        return false;
    for (std::uint32_t i = 0; i < orders; ++i)
        if (!read_order(in.bytes, venue, false, books)) return false;
    const auto collected = in.number<std::uint32_t>();
    if (collected > 0) venue.pool.ends_us = in.number<std::int64_t>();
    if (!in.good) return false;
    for (std::uint32_t i = 0; i < collected; ++i)
        if (!read_order(in.bytes, venue, true, books)) return false;
    bytes = in.bytes;
    return true;
}

bool Market::restore(std::string_view bytes, registry::Registry& books) {
    if (bytes.substr(0, kMark.size()) != kMark) return false;
    NumberReader in{bytes.substr(kMark.size())};
    const auto version = in.number<std::uint16_t>();
    const auto nothing = in.number<std::uint16_t>();
    const auto last_us = in.number<std::int64_t>();
    const auto venues = in.number<std::uint32_t>();
    if (!in.good || version != kVersion || nothing != 0) return false;
    for (std::uint32_t i = 0; i < venues; ++i)
        if (!read_venue(in.bytes, books)) return false;
    if (in.number<std::uint32_t>() != traders_.size()) return false;
    for (TraderState& trader : traders_) {
        trader.day = in.number<std::int64_t>();
        trader.net_quantity = in.number<std::int64_t>();
        trader.net_value = in.number<std::int64_t>();
    }
    const auto far = in.number<std::uint32_t>();
    for (std::uint32_t i = 0; in.good && i < far; ++i) {
        FarTrade trade{.vintage = in.number<std::uint32_t>(),
                       .seq = in.number<std::uint64_t>(),
                       .at = {in.number<std::int64_t>()},
                       .price_micro = in.number<std::int64_t>(),
                       .quantity = in.number<std::int64_t>(),
                       .fee_micro = in.number<std::int64_t>()};
        for (FarTrade::Party* party : {&trade.buyer, &trade.seller}) {
            party->trader = in.number<std::uint32_t>();
            party->holding = registry::AccountId{in.number<std::uint64_t>()};
            party->cash = registry::AccountId{in.number<std::uint64_t>()};
            if (party->trader >= traders_.size()) return false;
        }
        std::int64_t notional = 0;
        if (!in.good || trade.quantity <= 0 || trade.fee_micro < 0 ||
            __builtin_mul_overflow(trade.price_micro, trade.quantity, &notional) ||
            trade.fee_micro > notional)
            return false;
        far_.push_back(trade);
    }
    const auto ids = in.number<std::uint64_t>();
    if (!in.good || in.bytes.size() / 12 != ids || in.bytes.size() % 12 != 0) return false;
    for (std::uint64_t i = 0; i < ids; ++i) {
        const auto id = in.number<std::uint64_t>();
        const auto mark = in.number<std::uint32_t>();
        if (ids_.find(id)) return false;
        ids_.insert(id, mark);
    }
    last_ = {last_us};
    const Cover all = cover();
    return all.money == books.covered_money() && all.allowances == books.covered_allowances();
}

}  // namespace abate::exchange
