#include "abate/exchange/market_audit.h"

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
std::int64_t day_of(std::int64_t us) {
    constexpr std::int64_t kDay = 86'400'000'000;
    return us >= 0 ? us / kDay : -((-us + kDay - 1) / kDay);
}
Asset asset(std::uint32_t vintage) { return static_cast<Asset>(vintage); }

}  // namespace

void MarketAuditor::set_rules(const MarketRules& rules, registry::AccountId fees) {
    rules_ = rules;
    fees_ = fees;
}

Int128 MarketAuditor::fee(Int128 notional) const {
    return fees_ == registry::AccountId{} ? 0 : notional * rules_.fee_ppm / 1'000'000;
}
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
Int128 MarketAuditor::money(Int128 price, Int128 quantity) const {
    return price * quantity + fee(price * quantity);
}
registry::GroupId MarketAuditor::group(std::uint32_t trader) const {
    return traders_[trader].group;
}

bool MarketAuditor::deliverable(const Order& order, std::uint32_t vintage) const {
    const bool buys = order.side == Side::buy;
    const auto gives = books_->status(buys ? order.cash : order.holding);
    const auto takes = books_->status(buys ? order.holding : order.cash);
    static_cast<void>(vintage);
    return gives == registry::AccountStatus::open &&
           (takes == registry::AccountStatus::open || takes == registry::AccountStatus::blocked);
}

MarketAuditor::Queue::iterator MarketAuditor::find(Book& book, std::uint64_t id, Queue*& queue) {
    for (auto* side : {&book.buys, &book.sells})
        for (auto& [price, orders] : *side) {
            const auto found = std::find_if(
                orders.begin(), orders.end(), [&](const Order& each) { return each.id == id; });
            if (found == orders.end()) continue;
            queue = &orders;
            return found;
        }
    queue = nullptr;
    return {};
}

void MarketAuditor::let_go(const Order& order, std::uint32_t vintage) {
    if (order.side == Side::buy)
        books_->uncover({order.cash, Asset::cash}, money(order.price, order.left));
    else
        books_->uncover({order.holding, asset(vintage)}, order.left);
}

void MarketAuditor::roll(Book& book, std::int64_t day) {
    if (day == book.day) return;
    if (book.day_quantity > 0)
        book.reference = (book.day_notional + book.day_quantity / 2) / book.day_quantity;
    book.day = day;
    book.day_quantity = 0;
    book.day_notional = 0;
}

// What rests of the trader's counts as filled where that makes it more.
std::optional<Finding> MarketAuditor::mandate(const Order& order, std::int64_t day) {
    Day& so_far = days_[order.trader];
    if (so_far.day != day) so_far = {.day = day};
    const Trader& trader = traders_[order.trader];
    Int128 quantity = order.left;
    Int128 value = order.price * order.left;
    for (auto& [vintage, book] : market_)
        for (const auto& [price, orders] : order.side == Side::buy ? book.buys : book.sells)
            for (const Order& each : orders) {
                if (each.trader != order.trader) continue;
                quantity += each.left;
                value += each.price * each.left;
            }
    quantity += order.side == Side::buy ? so_far.quantity : -so_far.quantity;
    value += order.side == Side::buy ? so_far.value : -so_far.value;
    if (quantity > trader.daily_net_quantity)
        return differs("mandate", fmt::format("at most {}", trader.daily_net_quantity), quantity);
    if (value > trader.daily_net_value_micro)
        return differs("mandate", fmt::format("at most {}", trader.daily_net_value_micro), value);
    return std::nullopt;
}

std::optional<Finding> MarketAuditor::enter(Book& book, Order order, const MarketEvent& event) {
    const Operation& o = event.operation;
    const bool buys = order.side == Side::buy;
    const Trader& trader = traders_[order.trader];
    if (!trader.may_trade || o.at_us < trader.active_from.us)
        return Finding{"trader", "one who may trade", fmt::format("{}", order.trader)};
    if (o.at_us < book.halted_until)
        return Finding{"at", "after the halt", fmt::format("{}", o.at_us)};
    if (order.left <= 0 || order.left % book.lot != 0)
        return differs("quantity", fmt::format("lots of {}", book.lot), order.left);
    if (o.type == OrderType::limit && order.price % book.tick != 0)
        return differs("price_micro", fmt::format("a multiple of {}", book.tick), order.price);
    if (!deliverable(order, o.book)) return Finding{"account", "open", "shut"};
    if (auto wrong = mandate(order, day_of(o.at_us))) return wrong;
    if (auto wrong = buys ? books_->cover({order.cash, Asset::cash}, money(order.price, order.left))
                          : books_->cover({order.holding, asset(o.book)}, order.left))
        return wrong;
    auto& facing = buys ? book.sells : book.buys;
    bool stopped = false;
    bool must_stop = false;
    for (const Met& said : event.met) {
        if (stopped) return Finding{"met", "nothing after a stop", fmt::format("{}", said.maker)};
        if (said.maker == 0 && said.kind == MeetingKind::stopped) {
            if (!must_stop) return Finding{"met", "a reason to stop", "none"};
            stopped = true;
            continue;
        }
        if (order.left == 0 || facing.empty())
            return Finding{"met", "nothing more", fmt::format("{}", said.maker)};
        const auto level = buys ? facing.begin() : std::prev(facing.end());
        Order& maker = level->second.front();
        if (buys ? level->first > order.price : level->first < order.price)
            return Finding{"met", "nothing within the limit", fmt::format("{}", said.maker)};
        if (said.maker != maker.id) return differs("met", maker.id, said.maker);
        if (said.price_micro != level->first)
            return differs("met_price_micro", level->first, said.price_micro);
        const bool same_group = group(maker.trader) == group(order.trader);
        const bool shut = !deliverable(maker, o.book);
        const Int128 far = level->first - book.reference;
        const bool beyond = rules_.halt_ppm > 0 && book.reference > 0 &&
                            (far < 0 ? -far : far) * 1'000'000 > book.reference * rules_.halt_ppm;
        MeetingKind right = MeetingKind::trade;
        if (must_stop)
            right = MeetingKind::stopped;
        else if (same_group)
            right = rules_.self_trade == SelfTrade::cancel_newest ? MeetingKind::stopped
                                                                  : MeetingKind::self_trade;
        else if (shut)
            right = MeetingKind::undeliverable;
        else if (beyond)
            right = MeetingKind::halted;
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
            continue;
        }
        bool gone = true;
        if (right == MeetingKind::trade) {
            const Int128 notional = level->first * quantity;
            const Int128 each_fee = fee(notional);
            Order& buyer = buys ? order : maker;
            Order& seller = buys ? maker : order;
            books_->uncover(
                {buyer.cash, Asset::cash},
                money(buyer.price, buyer.left) - money(buyer.price, buyer.left - quantity));
            books_->uncover({seller.holding, asset(o.book)}, quantity);
            if (auto wrong =
                    books_->pay({buyer.cash, Asset::cash}, seller.cash, notional - each_fee))
                return wrong;
            if (each_fee > 0)
                if (auto wrong = books_->pay({buyer.cash, Asset::cash}, fees_, 2 * each_fee))
                    return wrong;
            if (auto wrong = books_->pay({seller.holding, asset(o.book)}, buyer.holding, quantity))
                return wrong;
            for (const auto& [who, sign] :
                 {std::pair(buyer.trader, 1), std::pair(seller.trader, -1)}) {
                Day& day = days_[who];
                if (day.day != day_of(o.at_us)) day = {.day = day_of(o.at_us)};
                day.quantity += sign * quantity;
                day.value += sign * notional;
            }
            order.left -= quantity;
            maker.left -= quantity;
            gone = maker.left == 0;
            if (book.reference == 0) book.reference = level->first;
            book.day_quantity += quantity;
            book.day_notional += notional;
        } else {
            let_go(maker, o.book);
            must_stop = same_group && rules_.self_trade == SelfTrade::cancel_both;
        }
        if (gone) level->second.pop_front();
        if (level->second.empty()) facing.erase(level);
    }
    const bool crosses = !facing.empty() && (buys ? facing.begin()->first <= order.price
                                                  : std::prev(facing.end())->first >= order.price);
    if (order.left > 0 && crosses && !stopped) return Finding{"met", "more orders", "no more"};
    if (must_stop && !stopped && order.left > 0) return Finding{"met", "a stop", "none"};
    const bool rests = order.left > 0 && !stopped && o.type == OrderType::limit &&
                       (o.time_in_force == TimeInForce::good_till_cancelled ||
                        o.time_in_force == TimeInForce::good_till_time);
    if (o.time_in_force == TimeInForce::fill_or_kill && order.left > 0)
        return Finding{"met", "all of it", fmt::format("{} left", order.left)};
    if (!rests) {
        if (order.left > 0) let_go(order, o.book);
        return std::nullopt;
    }
    (buys ? book.buys : book.sells)[order.price].push_back(order);
    return std::nullopt;
}

std::optional<Finding> MarketAuditor::end(Book& book, const MarketEvent& event) {
    const Operation& o = event.operation;
    Queue* queue = nullptr;
    const auto found = find(book, o.order_id, queue);
    if (queue == nullptr) return differs("order_id", "one that rests", o.order_id);
    const Order order = *found;
    if (order.trader != o.participant) return differs("trader", order.trader, o.participant);
    if (event.kind == MarketEventKind::expired && (order.until == 0 || order.until > o.at_us))
        return differs("at", fmt::format("{} or later", order.until), o.at_us);
    if (event.kind != MarketEventKind::replaced) {
        let_go(order, o.book);
        queue->erase(found);
        std::erase_if(order.side == Side::buy ? book.buys : book.sells,
                      [](const auto& level) { return level.second.empty(); });
        return std::nullopt;
    }
    if (order.side != o.side) return Finding{"side", "as it was", "another"};
    if (*o.price_micro == order.price && *o.quantity <= order.left) {
        if (!event.met.empty()) return Finding{"met", "nothing", "something"};
        Order less = order;
        less.left = order.left;
        let_go(less, o.book);
        found->left = *o.quantity;
        return order.side == Side::buy
                   ? books_->cover({order.cash, Asset::cash}, money(order.price, found->left))
                   : books_->cover({order.holding, asset(o.book)}, found->left);
    }
    let_go(order, o.book);
    queue->erase(found);
    std::erase_if(order.side == Side::buy ? book.buys : book.sells,
                  [](const auto& level) { return level.second.empty(); });
    Order again = order;
    again.price = *o.price_micro;
    again.left = *o.quantity;
    return enter(book, again, event);
}

std::optional<Finding> MarketAuditor::check(const MarketEvent& event) {
    const Operation& o = event.operation;
    if (o.at_us < last_us_) return differs("at", fmt::format("{} or later", last_us_), o.at_us);
    last_us_ = o.at_us;
    if (o.participant >= traders_.size())
        return differs("trader", "one that there is", o.participant);
    Book& book = market_[o.book];
    if (book.tick == 0) {
        book.tick = rules_.tick_micro;
        book.lot = rules_.lot;
        book.day = day_of(o.at_us);
    }
    const bool comes =
        event.kind == MarketEventKind::placed || event.kind == MarketEventKind::replaced;
    if (comes && (!o.price_micro || !o.quantity || *o.price_micro <= 0))
        return Finding{"price_micro", "a price and a quantity", "none"};
    if (comes) roll(book, day_of(o.at_us));
    if (event.kind != MarketEventKind::placed) return end(book, event);
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
