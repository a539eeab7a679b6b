#include "abate/exchange/feed.h"

#include "abate/core/assert.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace abate::exchange {
namespace {

template <class T>
FeedFault check_amounts(const T& of) {
    if (of.price_micro < 1 || of.price_micro > kMostTicks) return FeedFault::price_out_of_range;
    if (of.quantity < 1 || of.quantity > kMostQuantity) return FeedFault::quantity_out_of_range;
    return FeedFault::none;
}

// The order of a snapshot.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a comparison, as sort asks it
bool stands_before(const FeedOrder& a, const FeedOrder& b) {
    if (a.side != b.side) return a.side == Side::buy;
    if (a.price_micro != b.price_micro)
        return a.side == Side::buy ? a.price_micro > b.price_micro : a.price_micro < b.price_micro;
    return a.number < b.number;
}

template <class Levels>
std::optional<DepthLevel> best_of(const Levels& levels) {
    if (levels.empty()) return std::nullopt;
    const auto& [price, level] = *levels.begin();
    return DepthLevel{.price_micro = price, .quantity = level.quantity, .orders = level.orders};
}
template <class Levels>
std::vector<DepthLevel> first_of(const Levels& levels, std::size_t most) {
    std::vector<DepthLevel> out;
    for (const auto& [price, level] : levels) {
        if (out.size() == most) break;
        out.push_back({.price_micro = price, .quantity = level.quantity, .orders = level.orders});
    }
    return out;
}

FeedKind kind_of(TapeKind kind) {
    switch (kind) {
        case TapeKind::rested:
            return FeedKind::add;
        case TapeKind::traded:
            return FeedKind::trade;
        case TapeKind::reduced:
            return FeedKind::reduce;
        case TapeKind::removed:
            break;
    }
    return FeedKind::remove;
}

}  // namespace

std::string_view to_string(FeedKind kind) {
    switch (kind) {
        case FeedKind::add:
            return "add";
        case FeedKind::trade:
            return "trade";
        case FeedKind::reduce:
            return "reduce";
        case FeedKind::remove:
            return "remove";
    }
    return "unknown";
}

std::string_view to_string(FeedFault fault) {
    constexpr std::array<std::string_view, kFeedFaults> kNames = {"none",
                                                                  "mark_wrong",
                                                                  "version_unknown",
                                                                  "wrong_length",
                                                                  "checksum_wrong",
                                                                  "kind_unknown",
                                                                  "side_unknown",
                                                                  "not_zero",
                                                                  "number_out_of_place",
                                                                  "price_out_of_range",
                                                                  "quantity_out_of_range",
                                                                  "orders_not_sorted",
                                                                  "other_book",
                                                                  "order_exists",
                                                                  "order_unknown",
                                                                  "order_differs",
                                                                  "quantity_differs",
                                                                  "book_full"};
    const auto at = static_cast<std::size_t>(fault);
    ABATE_REQUIRE(at < kNames.size());
    return kNames[at];
}

FeedFault check(const FeedMessage& message) {
    if (message.kind != FeedKind::trade && message.against != 0) return FeedFault::not_zero;
    const bool is_in_place = message.kind == FeedKind::add
                                 ? message.order == message.seq
                                 : message.order > 0 && message.order < message.seq;
    if (message.seq == 0 || !is_in_place || message.against >= message.seq ||
        message.against == message.order)
        return FeedFault::number_out_of_place;
    return check_amounts(message);
}

FeedFault check(const FeedSnapshot& snapshot) {
    const FeedTrade& trade = snapshot.last_trade;
    if (trade.seq == 0) {
        if (trade != FeedTrade{}) return FeedFault::not_zero;
    } else {
        if (trade.seq > snapshot.seq) return FeedFault::number_out_of_place;
        if (const FeedFault fault = check_amounts(trade); fault != FeedFault::none) return fault;
    }
    for (const FeedOrder& order : snapshot.orders) {
        if (order.number == 0 || order.number > snapshot.seq) return FeedFault::number_out_of_place;
        if (const FeedFault fault = check_amounts(order); fault != FeedFault::none) return fault;
    }
    for (std::size_t i = 1; i < snapshot.orders.size(); ++i)
        if (!stands_before(snapshot.orders[i - 1], snapshot.orders[i]))
            return FeedFault::orders_not_sorted;
    return FeedFault::none;
}

FeedBook::FeedBook(const Options& options) : options_(options) {
    // So that a level has a sum: 2^22 orders of 2^40 at most.
    ABATE_REQUIRE(options.most_orders <= kMostOrders);
}

FeedBook::Level& FeedBook::level_of(const FeedOrder& order) {
    return order.side == Side::buy ? bids_[order.price_micro] : asks_[order.price_micro];
}

FeedFault FeedBook::add(const FeedOrder& order) {
    if (orders_.contains(order.number)) return FeedFault::order_exists;
    if (orders_.size() >= options_.most_orders) return FeedFault::book_full;
    orders_.emplace(order.number, order);
    Level& level = level_of(order);
    level.quantity += order.quantity;
    ++level.orders;
    return FeedFault::none;
}

void FeedBook::set_quantity(Orders::iterator order, std::int64_t quantity) {
    FeedOrder& of = order->second;
    Level& level = level_of(of);
    level.quantity -= of.quantity - quantity;
    of.quantity = quantity;
    if (quantity > 0) return;
    --level.orders;
    if (level.orders == 0) {
        ABATE_ASSERT(level.quantity == 0);
        if (of.side == Side::buy)
            bids_.erase(of.price_micro);
        else
            asks_.erase(of.price_micro);
    }
    orders_.erase(order);
}

// The price of a call's trade may be another than those of both orders.
FeedFault FeedBook::trade(const FeedMessage& message) {
    const auto order = orders_.find(message.order);
    if (order == orders_.end()) return FeedFault::order_unknown;
    const bool is_call = message.against != 0;
    const auto other_order = is_call ? orders_.find(message.against) : orders_.end();
    if (is_call && other_order == orders_.end()) return FeedFault::order_unknown;
    if (order->second.side != message.side) return FeedFault::order_differs;
    if (is_call ? other_order->second.side == message.side
                : order->second.price_micro != message.price_micro)
        return FeedFault::order_differs;
    if (message.quantity > order->second.quantity) return FeedFault::quantity_differs;
    if (is_call && message.quantity > other_order->second.quantity)
        return FeedFault::quantity_differs;
    if (is_call) set_quantity(other_order, other_order->second.quantity - message.quantity);
    // Erasing the other one left this one where it was.
    set_quantity(order, order->second.quantity - message.quantity);
    last_trade_ = {.seq = message.seq,
                   .at = message.at,
                   .price_micro = message.price_micro,
                   .quantity = message.quantity};
    return FeedFault::none;
}

FeedFault FeedBook::apply(const FeedMessage& message) {
    if (const FeedFault fault = check(message); fault != FeedFault::none) return fault;
    if (message.vintage != options_.vintage) return FeedFault::other_book;
    if (message.kind == FeedKind::add)
        return add({.number = message.order,
                    .side = message.side,
                    .price_micro = message.price_micro,
                    .quantity = message.quantity});
    if (message.kind == FeedKind::trade) return trade(message);
    const auto order = orders_.find(message.order);
    if (order == orders_.end()) return FeedFault::order_unknown;
    const FeedOrder& of = order->second;
    if (of.side != message.side || of.price_micro != message.price_micro)
        return FeedFault::order_differs;
    const bool goes = message.kind == FeedKind::remove;
    if (goes ? message.quantity != of.quantity : message.quantity > of.quantity)
        return FeedFault::quantity_differs;
    set_quantity(order, goes ? 0 : message.quantity);
    return FeedFault::none;
}

FeedFault FeedBook::apply(const FeedSnapshot& snapshot) {
    if (const FeedFault fault = check(snapshot); fault != FeedFault::none) return fault;
    if (snapshot.vintage != options_.vintage) return FeedFault::other_book;
    FeedBook read(options_);
    for (const FeedOrder& order : snapshot.orders)
        if (const FeedFault fault = read.add(order); fault != FeedFault::none) return fault;
    read.last_trade_ = snapshot.last_trade;
    *this = std::move(read);
    return FeedFault::none;
}

TopOfBook FeedBook::top() const { return {.bid = best_of(bids_), .ask = best_of(asks_)}; }

Depth FeedBook::depth(std::size_t levels) const {
    return {.bids = first_of(bids_, levels), .asks = first_of(asks_, levels)};
}

std::vector<FeedOrder> FeedBook::orders() const {
    std::vector<FeedOrder> all;
    all.reserve(orders_.size());
    for (const auto& [number, order] : orders_) all.push_back(order);
    std::sort(all.begin(), all.end(), stands_before);
    return all;
}

std::optional<FeedOrder> FeedBook::order(std::uint64_t number) const {
    const auto found = orders_.find(number);
    if (found == orders_.end()) return std::nullopt;
    return found->second;
}

bool FeedBook::crossed() const {
    return !bids_.empty() && !asks_.empty() && bids_.begin()->first >= asks_.begin()->first;
}

FeedSource::FeedSource(const Options& options)
    : book_({.vintage = options.vintage, .most_orders = options.most_orders}), ring_(options.kept) {
    ABATE_REQUIRE(options.kept > 0);
}

FeedFault FeedSource::translate(const TapeEntry& entry, FeedMessage& message) const {
    if (entry.seq != seq_ + 1) return FeedFault::number_out_of_place;
    message = {.seq = entry.seq,
               .at = entry.at,
               .kind = kind_of(entry.kind),
               .side = entry.side,
               .vintage = entry.vintage,
               .order = entry.seq,
               .price_micro = entry.price_micro,
               .quantity = entry.quantity};
    const auto order = numbers_.find(entry.order_id);
    if (message.kind == FeedKind::add)
        return order == numbers_.end() ? FeedFault::none : FeedFault::order_exists;
    if (order == numbers_.end()) return FeedFault::order_unknown;
    message.order = order->second;
    if (message.kind != FeedKind::trade) return FeedFault::none;
    if (const auto taker = numbers_.find(entry.taker_id); taker != numbers_.end())
        message.against = taker->second;
    return FeedFault::none;
}

void FeedSource::forget_if_gone(std::uint64_t order_id) {
    const auto found = numbers_.find(order_id);
    if (found != numbers_.end() && !book_.order(found->second)) numbers_.erase(found);
}

FeedFault FeedSource::apply(const TapeEntry& entry) {
    FeedMessage message;
    if (const FeedFault fault = translate(entry, message); fault != FeedFault::none) return fault;
    if (const FeedFault fault = book_.apply(message); fault != FeedFault::none) return fault;
    if (message.kind == FeedKind::add) numbers_.emplace(entry.order_id, message.order);
    if (message.kind == FeedKind::trade || message.kind == FeedKind::remove)
        forget_if_gone(entry.order_id);
    if (message.against != 0) forget_if_gone(entry.taker_id);
    if (kept() == ring_.size()) ++first_;
    seq_ = entry.seq;
    ring_[static_cast<std::size_t>(seq_ % ring_.size())] = message;
    return FeedFault::none;
}

FeedPage FeedSource::page_from(std::uint64_t seq) const {
    FeedPage page{.through = seq, .last = seq_};
    if (seq > seq_)
        page.answer = FeedAnswer::ahead;
    else if (seq + 1 < first_)
        page.answer = FeedAnswer::fell_behind;
    return page;
}

FeedPage FeedSource::since(std::uint64_t seq, std::span<FeedMessage> out) const {
    FeedPage page = page_from(seq);
    if (page.answer != FeedAnswer::messages) return page;
    while (page.count < out.size() && page.through < seq_) {
        ++page.through;
        out[page.count++] = kept_at(page.through);
    }
    return page;
}

FeedPage FeedSource::trades_since(std::uint64_t seq, std::span<FeedMessage> out) const {
    FeedPage page = page_from(seq);
    if (page.answer != FeedAnswer::messages) return page;
    while (page.count < out.size() && page.through < seq_) {
        ++page.through;
        const FeedMessage& message = kept_at(page.through);
        if (message.kind == FeedKind::trade) out[page.count++] = message;
    }
    return page;
}

FeedSnapshot FeedSource::snapshot() const {
    return {.vintage = book_.vintage(),
            .seq = seq_,
            .last_trade = book_.last_trade(),
            .orders = book_.orders()};
}

std::vector<std::uint64_t> FeedSource::order_ids() const {
    std::unordered_map<std::uint64_t, std::uint64_t> ids;
    ids.reserve(numbers_.size());
    for (const auto& [id, number] : numbers_) ids.emplace(number, id);
    std::vector<std::uint64_t> in_order;
    in_order.reserve(ids.size());
    for (const FeedOrder& order : book_.orders()) in_order.push_back(ids.at(order.number));
    return in_order;
}

FeedFault FeedSource::resume(const FeedSnapshot& snapshot,
                             std::span<const std::uint64_t> order_ids) {
    ABATE_REQUIRE(seq_ == 0);
    if (order_ids.size() != snapshot.orders.size()) return FeedFault::wrong_length;
    std::unordered_map<std::uint64_t, std::uint64_t> numbers;
    for (std::size_t i = 0; i < order_ids.size(); ++i)
        if (!numbers.emplace(order_ids[i], snapshot.orders[i].number).second)
            return FeedFault::order_exists;
    if (const FeedFault fault = book_.apply(snapshot); fault != FeedFault::none) return fault;
    numbers_ = std::move(numbers);
    seq_ = snapshot.seq;
    first_ = seq_ + 1;
    return FeedFault::none;
}

FeedReader::FeedReader(const Options& options)
    : options_(options), book_({.vintage = options.vintage, .most_orders = options.most_orders}) {}

FeedRead FeedReader::refuse(FeedFault fault) {
    fault_ = fault;
    return FeedRead::refused;
}

// The next one, that is in place.
FeedRead FeedReader::take(const FeedMessage& message) {
    if (const FeedFault fault = book_.apply(message); fault != FeedFault::none) {
        // What waits may be wrong as well: it is asked for again.
        lost_ = true;
        waiting_.clear();
        return refuse(fault);
    }
    seq_ = message.seq;
    return FeedRead::applied;
}

FeedRead FeedReader::take_waiting() {
    waiting_.erase(waiting_.begin(), waiting_.upper_bound(seq_));
    FeedRead read = FeedRead::applied;
    while (read == FeedRead::applied && !waiting_.empty() && waiting_.begin()->first == seq_ + 1) {
        const FeedMessage message = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        read = take(message);
    }
    return read;
}

// Of more than can wait, those that come first do: they are of use first.
FeedRead FeedReader::keep(const FeedMessage& message) {
    if (!waiting_.emplace(message.seq, message).second) return FeedRead::repeated;
    if (waiting_.size() > options_.most_waiting) waiting_.erase(std::prev(waiting_.end()));
    return FeedRead::early;
}

FeedRead FeedReader::apply(const FeedMessage& message) {
    if (const FeedFault fault = check(message); fault != FeedFault::none) return refuse(fault);
    if (message.vintage != options_.vintage) return refuse(FeedFault::other_book);
    if (message.seq <= seq_) return FeedRead::repeated;
    newest_ = std::max(newest_, message.seq);
    if (lost_ || message.seq != seq_ + 1) return keep(message);
    const FeedRead read = take(message);
    return read == FeedRead::applied ? take_waiting() : read;
}

FeedRead FeedReader::apply(const FeedSnapshot& snapshot) {
    if (snapshot.seq <= seq_ && !lost_) return FeedRead::repeated;
    if (const FeedFault fault = book_.apply(snapshot); fault != FeedFault::none)
        return refuse(fault);
    lost_ = false;
    seq_ = snapshot.seq;
    newest_ = std::max(newest_, seq_);
    return take_waiting();
}

std::optional<FeedReader::Gap> FeedReader::gap() const {
    if (newest_ <= seq_) return std::nullopt;
    const std::uint64_t last = waiting_.empty() || lost_ ? newest_ : waiting_.begin()->first - 1;
    return Gap{.first = seq_ + 1, .last = last};
}

}  // namespace abate::exchange
