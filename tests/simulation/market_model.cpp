#include "simulation/market_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <variant>

namespace abate::simulation {

using exchange::MeetingKind;
using exchange::Met;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;
using node::OrderAnswer;
using node::testing::kMarketYear;
using node::testing::TradingScheme;

namespace {

Side facing_side(Side side) { return side == Side::buy ? Side::sell : Side::buy; }

// At least as good for whoever meets it.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is met, then how far
bool within(Side taker, std::int64_t price, std::int64_t limit) {
    return taker == Side::buy ? price <= limit : price >= limit;
}

OrderReason form_of(const Operation& o) {
    const std::int64_t quantity = o.quantity.value_or(0);
    if (quantity <= 0) return OrderReason::quantity_not_positive;
    if (quantity > (std::int64_t{1} << 40)) return OrderReason::quantity_too_large;
    if (o.type == OrderType::market) return OrderReason::ok;
    if (!o.price_micro) return OrderReason::price_missing;
    if (*o.price_micro <= 0) return OrderReason::price_not_positive;
    if (*o.price_micro > (std::int64_t{1} << 62)) return OrderReason::price_too_high;
    return OrderReason::ok;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
bool too_large(std::int64_t price, std::int64_t quantity) {
    return Int128{price} * quantity > (Int128{1} << 62);
}

// The same order sent again: every field that an order has.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): either way round
bool same_order(const Operation& a, const Operation& b) {
    return a.participant == b.participant && a.side == b.side && a.type == b.type &&
           a.time_in_force == b.time_in_force && a.post_only == b.post_only && a.book == b.book &&
           a.price_micro == b.price_micro && a.quantity == b.quantity &&
           a.expires_us == b.expires_us;
}

}  // namespace

MarketModel::MarketModel(const TradingScheme& scheme) {
    for (std::size_t i = 0; i < scheme.traders.size(); ++i) {
        firm_of_[scheme.traders[i]] = i;
        firms_.push_back(
            {.money = node::testing::kFirmMoney, .allowances = node::testing::kFirmAllowances});
        bank_ += node::testing::kFirmMoney;
    }
}

void MarketModel::rest(const Order& order) {
    Orders& own = side_of(order.side);
    const auto at = std::find_if(own.begin(), own.end(), [&](const Order& each) {
        return order.side == Side::buy ? each.price < order.price : each.price > order.price;
    });
    own.insert(at, order);
}

std::vector<Met> MarketModel::match(Order taker, bool may_rest) {
    std::vector<Met> met;
    Orders& facing = side_of(facing_side(taker.side));
    bool stopped = false;
    while (taker.left > 0 && !facing.empty() &&
           within(taker.side, facing.front().price, taker.price)) {
        Order& maker = facing.front();
        Met meeting{.maker = maker.id, .price_micro = maker.price, .quantity = maker.left};
        // The newest goes.
        if (maker.firm == taker.firm) {
            meeting.kind = MeetingKind::stopped;
            met.push_back(meeting);
            stopped = true;
            break;
        }
        if (firms_[maker.firm].frozen) {
            meeting.kind = MeetingKind::undeliverable;
            met.push_back(meeting);
            facing.erase(facing.begin());
            continue;
        }
        meeting.quantity = std::min(maker.left, taker.left);
        met.push_back(meeting);
        ++trades_;
        Firm& buyer = firms_[taker.side == Side::buy ? taker.firm : maker.firm];
        Firm& seller = firms_[taker.side == Side::buy ? maker.firm : taker.firm];
        buyer.money -= meeting.quantity * maker.price;
        seller.money += meeting.quantity * maker.price;
        seller.allowances -= meeting.quantity;
        buyer.allowances += meeting.quantity;
        taker.left -= meeting.quantity;
        maker.left -= meeting.quantity;
        if (maker.left == 0) facing.erase(facing.begin());
    }
    if (taker.left > 0 && may_rest && !stopped) rest(taker);
    return met;
}

MarketModel::Reach MarketModel::reach(const Order& taker, bool any_price) const {
    Reach out;
    for (const Order& maker : side_of(facing_side(taker.side))) {
        if (!any_price && !within(taker.side, maker.price, taker.price)) break;
        if (maker.firm == taker.firm || out.quantity == taker.left) break;
        if (firms_[maker.firm].frozen) continue;
        out.worst = maker.price;
        out.quantity += std::min(maker.left, taker.left - out.quantity);
    }
    return out;
}

bool MarketModel::crosses(const Order& taker) const {
    const Orders& facing = side_of(facing_side(taker.side));
    return !facing.empty() && within(taker.side, facing.front().price, taker.price);
}

std::int64_t MarketModel::free_money(std::size_t firm) const {
    std::int64_t out = firms_[firm].money;
    for (const Order& order : buys_)
        if (order.firm == firm) out -= order.price * order.left;
    return out;
}

std::int64_t MarketModel::free_allowances(std::size_t firm) const {
    std::int64_t out = firms_[firm].allowances;
    for (const Order& order : sells_)
        if (order.firm == firm) out -= order.left;
    return out;
}

bool MarketModel::covers(const Order& taker, const Order* already) const {
    if (taker.side == Side::sell)
        return taker.left <= free_allowances(taker.firm) + (already != nullptr ? already->left : 0);
    return Int128{taker.price} * taker.left <=
           Int128{free_money(taker.firm)} +
               (already != nullptr ? Int128{already->price} * already->left : 0);
}

OrderAnswer MarketModel::place(const Operation& o, std::int64_t now_us) {
    const auto firm = firm_of_.find(o.participant);
    if (firm == firm_of_.end()) return {.reason = OrderReason::trader_unknown};
    if (const auto used = ids_.find(o.order_id); used != ids_.end())
        return {.reason = same_order(used->second, o)
                              ? OrderReason::order_exists
                              : OrderReason::order_exists_with_different_fields};
    if (o.book != kMarketYear) return {.reason = OrderReason::book_unknown};
    if (halted_) return {.reason = OrderReason::market_halted};
    if (const OrderReason form = form_of(o); form != OrderReason::ok) return {.reason = form};
    if (o.time_in_force == TimeInForce::good_till_time && o.expires_us <= now_us)
        return {.reason = OrderReason::expired};
    Order order{.id = o.order_id,
                .firm = firm->second,
                .side = o.side,
                .price = o.price_micro.value_or(0),
                .left = *o.quantity};
    const bool any_price = o.type == OrderType::market;
    const bool all_or_nothing = o.time_in_force == TimeInForce::fill_or_kill;
    if (any_price) {
        // As far as it can trade; where it cannot, it asks for nothing.
        const Reach far = reach(order, true);
        order.price = far.quantity > 0 ? far.worst : 1;
        if (all_or_nothing && far.quantity < order.left)
            return {.reason = OrderReason::fill_or_kill_not_filled};
    }
    if (too_large(order.price, order.left)) return {.reason = OrderReason::notional_too_large};
    if (o.post_only && crosses(order)) return {.reason = OrderReason::post_only_would_trade};
    if (!any_price && all_or_nothing && reach(order, false).quantity < order.left)
        return {.reason = OrderReason::fill_or_kill_not_filled};
    if (firms_[order.firm].frozen) return {.reason = OrderReason::account_shut};
    if (!covers(order, nullptr)) return {.reason = OrderReason::insufficient_balance};
    ids_[o.order_id] = o;
    const bool may_rest = !any_price && (o.time_in_force == TimeInForce::good_till_cancelled ||
                                         o.time_in_force == TimeInForce::good_till_time);
    if (o.time_in_force == TimeInForce::good_till_time) order.expires_us = o.expires_us;
    return {.reason = OrderReason::ok, .met = match(order, may_rest)};
}

// Cancels and replaces.
OrderAnswer MarketModel::change(const Operation& o) {
    const auto firm = firm_of_.find(o.participant);
    if (firm == firm_of_.end()) return {.reason = OrderReason::trader_unknown};
    if (o.book != kMarketYear) return {.reason = OrderReason::book_unknown};
    for (Orders* orders : {&buys_, &sells_}) {
        const auto found = std::find_if(orders->begin(), orders->end(), [&](const Order& each) {
            return each.id == o.order_id;
        });
        if (found == orders->end()) continue;
        if (found->firm != firm->second) return {.reason = OrderReason::order_of_another};
        if (o.kind == OperationKind::cancel) {
            orders->erase(found);
            return {};
        }
        if (halted_) return {.reason = OrderReason::market_halted};
        const Order before = *found;
        Operation asked = o;
        asked.type = OrderType::limit;
        if (!asked.price_micro) asked.price_micro = before.price;
        if (!asked.quantity) asked.quantity = before.left;
        if (const OrderReason form = form_of(asked); form != OrderReason::ok)
            return {.reason = form};
        Order after = before;
        after.price = *asked.price_micro;
        after.left = *asked.quantity;
        // Less at the same price keeps its place.
        if (after.price == before.price && after.left <= before.left) {
            found->left = after.left;
            return {};
        }
        if (too_large(after.price, after.left)) return {.reason = OrderReason::notional_too_large};
        if (o.post_only && crosses(after)) return {.reason = OrderReason::post_only_would_trade};
        if (firms_[after.firm].frozen) return {.reason = OrderReason::account_shut};
        if (!covers(after, &before)) return {.reason = OrderReason::insufficient_balance};
        orders->erase(found);
        return {.reason = OrderReason::ok, .met = match(after, true)};
    }
    return {.reason = OrderReason::order_unknown};
}

OrderAnswer MarketModel::one(const Operation& o, std::int64_t now_us) {
    return o.kind == OperationKind::place ? place(o, now_us) : change(o);
}

engine::Answer MarketModel::act(const scheme::Command& command) {
    return std::visit(
        [&](const auto& c) -> engine::Answer {
            using C = std::decay_t<decltype(c)>;
            const auto firm_with = [&](registry::AccountId account) {
                std::size_t firm = 0;
                while (TradingScheme::holding(firm) != account) ++firm;
                return firm;
            };
            if constexpr (std::is_same_v<C, scheme::Reconcile>) {
                halted_ = c.balance_micro != bank_;
            } else if constexpr (std::is_same_v<C, scheme::RestrictAccount>) {
                firms_.at(firm_with(c.account)).frozen = true;
            } else if constexpr (std::is_same_v<C, scheme::ReleaseAccount>) {
                return {.proposed = true};
            } else if constexpr (std::is_same_v<C, scheme::Approve>) {
                // Whatever is proposed here is a release, of the one account that is frozen.
                for (Firm& firm : firms_) firm.frozen = false;
            }
            return {};
        },
        command);
}

std::vector<MarketModel::Said> MarketModel::apply(const std::vector<Submission>& batch,
                                                  std::int64_t now_us) {
    for (Orders* orders : {&buys_, &sells_})
        std::erase_if(*orders, [&](const Order& order) {
            return order.expires_us != 0 && order.expires_us <= now_us;
        });
    std::vector<Said> out;
    for (const Submission& submission : batch) {
        Said said;
        if (submission.envelope)
            said.answer = act(*scheme::decode_command(submission.envelope->body));
        for (const Operation& operation : submission.orders)
            said.orders.push_back(one(operation, now_us));
        out.push_back(std::move(said));
    }
    return out;
}

std::optional<std::string> MarketModel::differs(const engine::Engine& engine) const {
    if (engine.scheme().state().halted != halted_)
        return fmt::format("the market is {}halted", halted_ ? "not " : "");
    for (std::size_t firm = 0; firm < firms_.size(); ++firm) {
        const registry::Balance money =
            engine.registry().balance(TradingScheme::cash(firm), registry::Asset::cash);
        const registry::Balance held =
            engine.registry().balance(TradingScheme::holding(firm), registry::Asset{kMarketYear});
        if (money.posted != firms_[firm].money || money.available() != free_money(firm))
            return fmt::format("firm {} has {} in money and {} of it free, not {} and {}",
                               firm,
                               money.posted,
                               money.available(),
                               firms_[firm].money,
                               free_money(firm));
        if (held.posted != firms_[firm].allowances || held.available() != free_allowances(firm))
            return fmt::format("firm {} has {} allowances and {} of them free, not {} and {}",
                               firm,
                               held.posted,
                               held.available(),
                               firms_[firm].allowances,
                               free_allowances(firm));
    }
    const exchange::OrderBook* book = engine.market().book(kMarketYear);
    if (book == nullptr) return "there is no book";
    for (const Side side : {Side::buy, Side::sell}) {
        Orders found;
        book->for_each_level(side, [&](const exchange::LevelView& level) {
            for (std::uint32_t at = level.first; at != exchange::OrderBook::kNone;
                 at = book->next(at))
                found.push_back({.id = book->at(at).id,
                                 .firm = firm_of_.at(book->at(at).owner),
                                 .side = side,
                                 .price = level.price,
                                 .left = book->at(at).quantity});
            return true;
        });
        const Orders& own = side_of(side);
        for (std::size_t i = 0; i < std::max(found.size(), own.size()); ++i) {
            const auto text = [i](const Orders& orders) {
                return i < orders.size() ? fmt::format("order {} of firm {}, {} at {}",
                                                       orders[i].id,
                                                       orders[i].firm,
                                                       orders[i].left,
                                                       orders[i].price)
                                         : std::string("none");
            };
            if (text(found) != text(own))
                return fmt::format("{} of its side rests {}, not {}", i, text(found), text(own));
        }
    }
    return std::nullopt;
}

}  // namespace abate::simulation
