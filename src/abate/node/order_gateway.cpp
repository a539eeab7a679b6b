#include "abate/node/order_gateway.h"

#include "abate/core/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace abate::node {

using exchange::MeetingKind;
using exchange::Met;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::Removal;
using exchange::TapeEntry;
using exchange::TapeKind;

namespace {

constexpr unsigned kClientBits = 40;
constexpr std::uint64_t kMostTrader = (std::uint64_t{1} << 23) - 1;
constexpr std::uint64_t kGiven = std::uint64_t{1} << 63;

std::string challenge_text(const scheme::Venue& venue, const Nonce& nonce) {
    // No signed command begins with these words.
    return fmt::format("abate order gateway: tenant {}, scheme {}, {}",
                       venue.tenant_id,
                       venue.scheme_id,
                       scheme::to_hex({reinterpret_cast<const char*>(nonce.data()), nonce.size()}));
}

}  // namespace

std::uint64_t order_id_of(const TraderOrder& order) {
    ABATE_REQUIRE(order.trader <= kMostTrader);
    ABATE_REQUIRE(order.client_id > 0 && order.client_id <= kMostClientOrderId);
    return kGiven | std::uint64_t{order.trader} << kClientBits | order.client_id;
}

std::optional<TraderOrder> trader_order_of(std::uint64_t order_id) {
    const ClientOrderId client_id = order_id & kMostClientOrderId;
    if ((order_id & kGiven) == 0 || client_id == 0) return std::nullopt;
    return TraderOrder{.trader = static_cast<std::uint32_t>((order_id & ~kGiven) >> kClientBits),
                       .client_id = client_id};
}

const char* to_string(ReportKind kind) {
    switch (kind) {
        case ReportKind::accepted:
            return "accepted";
        case ReportKind::replaced:
            return "replaced";
        case ReportKind::cancelled:
            return "cancelled";
        case ReportKind::refused:
            return "refused";
        case ReportKind::nothing_done:
            return "nothing_done";
        case ReportKind::unknown:
            return "unknown";
        case ReportKind::partial_fill:
            return "partial_fill";
        case ReportKind::fill:
            return "fill";
        case ReportKind::done:
            return "done";
        case ReportKind::expired:
            return "expired";
        case ReportKind::self_trade:
            return "self_trade";
        case ReportKind::swept:
            return "swept";
    }
    return "";
}

const char* to_string(Cut cut) {
    switch (cut) {
        case Cut::no:
            return "no";
        case Cut::left:
            return "left";
        case Cut::slow:
            return "slow";
        case Cut::silent:
            return "silent";
        case Cut::taken_over:
            return "taken_over";
    }
    return "";
}

// What answers and the tape find, whether the gateway is still there or not. Everything below is under one mutex, which is never held while
// the sequencer or the adapter is called: what is to be called stands in a Todo until it is free.
class OrderGateway::Core final : public MarketListener,
                                 public std::enable_shared_from_this<OrderGateway::Core> {
  public:
    Core(Sequencer& sequencer, GatewayOptions options)
        : sequencer_(&sequencer), options_(std::move(options)) {}

    Result<std::string> challenge(const Nonce& nonce, Timestamp now);
    Result<ConnectionId> connect(const Logon& logon);
    Result<void> place(ConnectionId id, const NewOrder& order);
    Result<void> replace(ConnectionId id, const Replacement& replacement);
    Result<void> cancel(ConnectionId id, ClientOrderId client_id);
    Result<std::size_t> cancel_all(ConnectionId id);
    std::vector<Report> take(ConnectionId id, std::size_t most);
    std::vector<OpenOrder> open_orders(ConnectionId id) const;
    Cut cut(ConnectionId id) const;
    void heard(ConnectionId id, Timestamp now);
    void tend(Timestamp now);
    void disconnect(ConnectionId id);
    void close();

    void on_market(std::span<const TapeEntry> entries) override;

  private:
    struct Connection {
        ConnectionId id{};
        std::uint32_t trader = 0;
        bool cancel_on_disconnect = false;
        Cut cut = Cut::no;
        Timestamp heard = {};
        std::deque<Report> reports = {};
    };
    using ConnectionRef = std::shared_ptr<Connection>;
    struct Order {
        std::uint32_t vintage = 0;
        exchange::Side side = exchange::Side::buy;
        std::int64_t price_micro = 0;
        std::int64_t left = 0;
        bool taken = false;  // it is, or was, the market's
        bool rests = false;
        unsigned asked = 0;  // requests whose answer is not known yet
    };
    struct Trader {
        std::map<ClientOrderId, Order> orders;
        ConnectionRef connection;  // null: nobody
    };
    // A request on its way.
    struct Request {
        TraderOrder order;
        OperationKind kind = OperationKind::place;
        Operation operation;
        ConnectionRef from;
        bool for_the_gone = false;  // nobody waits for its answer, and it must be done
    };
    struct Todo {
        std::vector<Request> requests = {};
        std::vector<ConnectionId> wake = {};
    };
    // The order of which the last answer was, until the tape has said what came of it.
    struct Own {
        TraderOrder order;
        MeetingKind last = MeetingKind::trade;  // that it met
    };

    [[nodiscard]] Result<ConnectionRef> find(ConnectionId id) const;
    [[nodiscard]] Result<void> check(const Proof& proof, const Logon& logon);
    void admit(Trader& trader, std::uint32_t number, const engine::Engine& engine);
    void cut(Connection& connection, Cut why, Todo& todo);
    void gather_cancels(Trader& trader, const Request& like, Todo& todo);
    void push(std::uint32_t trader, const Report& report, Todo& todo);
    [[nodiscard]] Report about(const TraderOrder& which, const Order& order) const;
    [[nodiscard]] Order* live(const TraderOrder& which);
    void forget(const TraderOrder& which);
    void filled(const TraderOrder& which, const TapeEntry& entry, Todo& todo);
    void ended(const TraderOrder& which, const TapeEntry& entry, Todo& todo);
    void own_entry(const TapeEntry& entry);
    void finish_own(Todo& todo);
    void answer(const Request& request, const Reply& reply);
    void answer_done(const Request& request, const OrderAnswer& said, Todo& todo);
    void send(Request request);
    void carry_out(Todo todo);

    Sequencer* sequencer_;
    const GatewayOptions options_;

    mutable std::mutex mutex_;
    std::uint64_t last_connection_ = 0;
    std::map<ConnectionId, ConnectionRef> connections_;
    std::map<std::uint32_t, Trader> traders_;
    std::map<Nonce, Timestamp> challenges_;  // until when they are good
    std::optional<Own> own_;
    std::vector<Request> again_;
};

// ---- connections

Result<std::string> OrderGateway::Core::challenge(const Nonce& nonce, Timestamp now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(challenges_, [&](const auto& each) { return each.second < now; });
    if (challenges_.size() >= options_.most_challenges)
        return Error{ErrorCode::unavailable,
                     fmt::format("{} challenges wait for an answer", challenges_.size()),
                     "order gateway",
                     "Try again in a minute"};
    if (!challenges_.emplace(nonce, Timestamp{now.us + options_.challenge_us}).second)
        return Error{ErrorCode::conflict,
                     "this nonce is out already",
                     "order gateway",
                     "Take 32 bytes that nobody can guess"};
    return challenge_text(options_.venue, nonce);
}

Result<void> OrderGateway::Core::check(const Proof& proof, const Logon& logon) {
    {
        const std::lock_guard lock(mutex_);
        const auto out = challenges_.find(proof.nonce);
        const bool good = out != challenges_.end() && logon.now <= out->second;
        if (out != challenges_.end()) challenges_.erase(out);
        if (!good)
            return Error{ErrorCode::permission_denied,
                         "this challenge is not out, or no more",
                         "order gateway",
                         "Ask for a new one, and sign it at once"};
    }
    if (!scheme::verify(logon.key, challenge_text(options_.venue, proof.nonce), proof.signature))
        return Error{ErrorCode::permission_denied,
                     "the signature is not of this key and challenge",
                     "order gateway",
                     "Sign the text of the challenge as it is"};
    return {};
}

// Orders that came here before this gateway did.
void OrderGateway::Core::admit(Trader& trader, std::uint32_t number, const engine::Engine& engine) {
    for (const auto& [year, period] : engine.scheme().state().period.years) {
        const auto vintage = static_cast<std::uint32_t>(year);
        engine.market().for_each_order(vintage, [&](const exchange::Market::OrderView& order) {
            const auto which = trader_order_of(order.id);
            if (order.owner != number || !which || which->trader != number) return;
            trader.orders[which->client_id] = {.vintage = vintage,
                                               .side = order.side,
                                               .price_micro = order.price_micro,
                                               .left = order.quantity,
                                               .taken = true,
                                               .rests = true};
        });
    }
}

Result<ConnectionId> OrderGateway::Core::connect(const Logon& logon) {
    if (logon.proof) {
        if (const Result<void> proven = check(*logon.proof, logon); !proven) return proven.error();
    } else if (!logon.vouched_for) {
        return Error{ErrorCode::permission_denied,
                     "nobody has proven this key",
                     "order gateway",
                     "Ask for a challenge and sign it"};
    }
    Result<ConnectionId> connected = Error{ErrorCode::unavailable,
                                           "this node does not write at present",
                                           "order gateway",
                                           "Try again, or ask the node that writes"};
    Todo todo;
    // Between two batches: what the books say and what the tape will say follow on each other.
    static_cast<void>(sequencer_->read_engine([&](const engine::Engine& engine) {
        const auto& keys = engine.scheme().state().keys;
        const auto key = keys.find(logon.key);
        if (key == keys.end() || key->second.revoked) {
            connected = Error{ErrorCode::permission_denied,
                              "the scheme has not admitted this key, or revoked it",
                              scheme::to_string(logon.key),
                              "See `abate registry key list`"};
            return;
        }
        const std::uint32_t number = key->second.number;
        if (number > kMostTrader) {
            connected = Error{ErrorCode::out_of_range,
                              fmt::format("key {} is beyond the gateway's ids", number),
                              "order gateway",
                              "Send its orders through another door"};
            return;
        }
        const std::lock_guard lock(mutex_);
        const auto [at, is_new] = traders_.try_emplace(number);
        Trader& trader = at->second;
        if (is_new) admit(trader, number, engine);
        if (trader.connection != nullptr) cut(*trader.connection, Cut::taken_over, todo);
        const ConnectionId id{++last_connection_};
        trader.connection = std::make_shared<Connection>(
            Connection{.id = id,
                       .trader = number,
                       .cancel_on_disconnect = logon.cancel_on_disconnect,
                       .heard = logon.now});
        connections_[id] = trader.connection;
        connected = id;
    }));
    carry_out(std::move(todo));
    return connected;
}

Result<OrderGateway::Core::ConnectionRef> OrderGateway::Core::find(ConnectionId id) const {
    const auto found = connections_.find(id);
    if (found != connections_.end() && found->second->cut == Cut::no) return found->second;
    return Error{ErrorCode::not_found,
                 found == connections_.end()
                     ? std::string("no such connection")
                     : fmt::format("the connection was cut: {}", to_string(found->second->cut)),
                 fmt::format("connection {}", static_cast<std::uint64_t>(id)),
                 "Connect again"};
}

// REQUIRES: it is connected.
void OrderGateway::Core::cut(Connection& connection, Cut why, Todo& todo) {
    connection.cut = why;
    if (why != Cut::left) todo.wake.push_back(connection.id);
    const auto found = traders_.find(connection.trader);
    ABATE_ASSERT(found != traders_.end());
    Trader& trader = found->second;
    if (connection.cancel_on_disconnect)
        gather_cancels(trader,
                       {.order = {.trader = connection.trader, .client_id = 0},
                        .kind = OperationKind::cancel,
                        .operation = {},
                        .from = trader.connection,
                        .for_the_gone = true},
                       todo);
    trader.connection.reset();
}

void OrderGateway::Core::gather_cancels(Trader& trader, const Request& like, Todo& todo) {
    for (auto& [client_id, order] : trader.orders) {
        Request request = like;
        request.order.client_id = client_id;
        request.operation = {.kind = OperationKind::cancel,
                             .book = order.vintage,
                             .order_id = order_id_of(request.order),
                             .participant = like.order.trader};
        ++order.asked;
        todo.requests.push_back(std::move(request));
    }
}

// ---- requests

Result<void> OrderGateway::Core::place(ConnectionId id, const NewOrder& order) {
    if (order.client_id == 0 || order.client_id > kMostClientOrderId)
        return Error{ErrorCode::invalid_argument,
                     fmt::format("{} is no number of an order", order.client_id),
                     fmt::format("connection {}", static_cast<std::uint64_t>(id)),
                     fmt::format("Number orders from 1 to {}", kMostClientOrderId)};
    Request request;
    {
        const std::lock_guard lock(mutex_);
        const Result<ConnectionRef> connection = find(id);
        if (!connection) return connection.error();
        const TraderOrder which{.trader = (*connection)->trader, .client_id = order.client_id};
        Order& known = traders_.at(which.trader).orders[which.client_id];
        // Until it is taken, what was asked last is all that is known of it.
        if (!known.taken) {
            known.vintage = order.vintage;
            known.side = order.side;
        }
        ++known.asked;
        request = {.order = which,
                   .kind = OperationKind::place,
                   .operation = {.kind = OperationKind::place,
                                 .side = order.side,
                                 .type = order.type,
                                 .time_in_force = order.time_in_force,
                                 .post_only = order.post_only,
                                 .book = order.vintage,
                                 .order_id = order_id_of(which),
                                 .participant = which.trader,
                                 .price_micro = order.price_micro,
                                 .quantity = order.quantity,
                                 .expires_us = order.expires_us},
                   .from = *connection};
    }
    send(std::move(request));
    return {};
}

Result<void> OrderGateway::Core::replace(ConnectionId id, const Replacement& replacement) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        const Result<ConnectionRef> connection = find(id);
        if (!connection) return connection.error();
        const TraderOrder which{.trader = (*connection)->trader,
                                .client_id = replacement.client_id};
        auto& orders = traders_.at(which.trader).orders;
        const auto known = orders.find(which.client_id);
        if (known == orders.end()) {
            push(which.trader,
                 {.kind = ReportKind::refused,
                  .operation = OperationKind::replace,
                  .client_id = which.client_id,
                  .reason = OrderReason::order_unknown},
                 todo);
        } else {
            ++known->second.asked;
            todo.requests.push_back({.order = which,
                                     .kind = OperationKind::replace,
                                     .operation = {.kind = OperationKind::replace,
                                                   .book = known->second.vintage,
                                                   .order_id = order_id_of(which),
                                                   .participant = which.trader,
                                                   .price_micro = replacement.price_micro,
                                                   .quantity = replacement.quantity},
                                     .from = *connection});
        }
    }
    carry_out(std::move(todo));
    return {};
}

Result<void> OrderGateway::Core::cancel(ConnectionId id, ClientOrderId client_id) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        const Result<ConnectionRef> connection = find(id);
        if (!connection) return connection.error();
        const TraderOrder which{.trader = (*connection)->trader, .client_id = client_id};
        auto& orders = traders_.at(which.trader).orders;
        const auto known = orders.find(client_id);
        if (known == orders.end()) {
            push(which.trader,
                 {.kind = ReportKind::refused,
                  .operation = OperationKind::cancel,
                  .client_id = client_id,
                  .reason = OrderReason::order_unknown},
                 todo);
        } else {
            ++known->second.asked;
            todo.requests.push_back({.order = which,
                                     .kind = OperationKind::cancel,
                                     .operation = {.kind = OperationKind::cancel,
                                                   .book = known->second.vintage,
                                                   .order_id = order_id_of(which),
                                                   .participant = which.trader},
                                     .from = *connection});
        }
    }
    carry_out(std::move(todo));
    return {};
}

Result<std::size_t> OrderGateway::Core::cancel_all(ConnectionId id) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        const Result<ConnectionRef> connection = find(id);
        if (!connection) return connection.error();
        gather_cancels(traders_.at((*connection)->trader),
                       {.order = {.trader = (*connection)->trader, .client_id = 0},
                        .kind = OperationKind::cancel,
                        .operation = {},
                        .from = *connection},
                       todo);
    }
    const std::size_t count = todo.requests.size();
    carry_out(std::move(todo));
    return count;
}

void OrderGateway::Core::send(Request request) {
    std::vector<Operation> operation{request.operation};
    sequencer_->submit(std::move(operation),
                       [weak = weak_from_this(), request = std::move(request)](const Reply& reply) {
                           if (const auto core = weak.lock()) core->answer(request, reply);
                       });
}

void OrderGateway::Core::carry_out(Todo todo) {
    for (Request& request : todo.requests) send(std::move(request));
    if (!options_.wake) return;
    for (const ConnectionId id : todo.wake) options_.wake(id);
}

// ---- reports

void OrderGateway::Core::push(std::uint32_t number, const Report& report, Todo& todo) {
    const auto trader = traders_.find(number);
    if (trader == traders_.end() || trader->second.connection == nullptr) return;
    Connection& connection = *trader->second.connection;
    if (connection.reports.size() >= options_.most_reports) return cut(connection, Cut::slow, todo);
    if (connection.reports.empty()) todo.wake.push_back(connection.id);
    connection.reports.push_back(report);
}

Report OrderGateway::Core::about(const TraderOrder& which, const Order& order) const {
    return {.client_id = which.client_id,
            .order_id = order_id_of(which),
            .vintage = order.vintage,
            .side = order.side,
            .left = order.left};
}

// One that is the market's; none of another key that took its id by another door.
OrderGateway::Core::Order* OrderGateway::Core::live(const TraderOrder& which) {
    const auto trader = traders_.find(which.trader);
    if (trader == traders_.end()) return nullptr;
    const auto order = trader->second.orders.find(which.client_id);
    return order == trader->second.orders.end() || !order->second.taken ? nullptr : &order->second;
}

// Where it does not rest, and nothing is on its way for it.
void OrderGateway::Core::forget(const TraderOrder& which) {
    const auto trader = traders_.find(which.trader);
    if (trader == traders_.end()) return;
    const auto order = trader->second.orders.find(which.client_id);
    if (order == trader->second.orders.end()) return;
    if (own_ && own_->order == which) return;
    if (!order->second.rests && order->second.asked == 0) trader->second.orders.erase(order);
}

void OrderGateway::Core::answer(const Request& request, const Reply& reply) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        const auto trader = traders_.find(request.order.trader);
        ABATE_ASSERT(trader != traders_.end());
        Order& order = trader->second.orders[request.order.client_id];
        Report report = about(request.order, order);
        report.operation = request.kind;
        if (reply.status == Status::outcome_unknown) {
            report.kind = ReportKind::unknown;
            if (!request.for_the_gone) push(request.order.trader, report, todo);
        } else if (reply.status == Status::done) {
            --order.asked;
            answer_done(request, reply.orders.front(), todo);
            forget(request.order);
        } else {
            --order.asked;
            report.kind = ReportKind::nothing_done;
            report.status = reply.status;
            if (request.for_the_gone) {
                // Where this node writes no more, another has the orders.
                if (reply.status == Status::unavailable || reply.status == Status::overloaded) {
                    ++order.asked;
                    again_.push_back(request);
                }
            } else {
                push(request.order.trader, report, todo);
            }
            forget(request.order);
        }
    }
    carry_out(std::move(todo));
}

void OrderGateway::Core::answer_done(const Request& request, const OrderAnswer& said, Todo& todo) {
    Order& order = traders_.at(request.order.trader).orders.at(request.order.client_id);
    const Operation& o = request.operation;
    Report report = about(request.order, order);
    report.operation = request.kind;
    report.reason = said.reason;
    if (said.reason != OrderReason::ok) {
        report.kind = ReportKind::refused;
        if (!request.for_the_gone) push(request.order.trader, report, todo);
        return;
    }
    own_ = Own{.order = request.order,
               .last = said.met.empty() ? MeetingKind::trade : said.met.back().kind};
    switch (request.kind) {
        case OperationKind::place:
            order = {.vintage = o.book,
                     .side = o.side,
                     .price_micro = o.price_micro.value_or(0),
                     .left = o.quantity.value_or(0),
                     .taken = true,
                     .rests = false,
                     .asked = order.asked};
            report = about(request.order, order);
            report.kind = ReportKind::accepted;
            report.price_micro = order.price_micro;
            break;
        case OperationKind::replace:
            order.price_micro = o.price_micro.value_or(order.price_micro);
            order.left = o.quantity.value_or(order.left);
            report.kind = ReportKind::replaced;
            report.price_micro = order.price_micro;
            report.left = order.left;
            break;
        case OperationKind::cancel:
            report.kind = ReportKind::cancelled;
            order.left = 0;
            order.rests = false;
            break;
    }
    report.operation = request.kind;
    push(request.order.trader, report, todo);
    // It came to be after its connection had ended.
    if (request.kind != OperationKind::cancel && request.from->cut != Cut::no &&
        request.from->cancel_on_disconnect) {
        ++order.asked;
        todo.requests.push_back({.order = request.order,
                                 .kind = OperationKind::cancel,
                                 .operation = {.kind = OperationKind::cancel,
                                               .book = order.vintage,
                                               .order_id = o.order_id,
                                               .participant = request.order.trader},
                                 .from = request.from,
                                 .for_the_gone = true});
    }
}

void OrderGateway::Core::filled(const TraderOrder& which, const TapeEntry& entry, Todo& todo) {
    Order* order = live(which);
    if (order == nullptr) return;
    order->left -= entry.quantity;
    if (order->left == 0) order->rests = false;
    Report report = about(which, *order);
    report.kind = order->left == 0 ? ReportKind::fill : ReportKind::partial_fill;
    report.price_micro = entry.price_micro;
    report.quantity = entry.quantity;
    report.tape_seq = entry.seq;
    report.at = entry.at;
    push(which.trader, report, todo);
    forget(which);
}

void OrderGateway::Core::ended(const TraderOrder& which, const TapeEntry& entry, Todo& todo) {
    Order* order = live(which);
    if (order == nullptr) return;
    order->rests = false;
    Report report = about(which, *order);
    report.operation = OperationKind::cancel;
    report.kind = entry.why == Removal::expired      ? ReportKind::expired
                  : entry.why == Removal::self_trade ? ReportKind::self_trade
                  : entry.why == Removal::swept      ? ReportKind::swept
                                                     : ReportKind::cancelled;
    report.left = entry.quantity;
    report.tape_seq = entry.seq;
    report.at = entry.at;
    order->left = 0;
    push(which.trader, report, todo);
    forget(which);
}

// What the answer has said already; only whether it rests is new.
void OrderGateway::Core::own_entry(const TapeEntry& entry) {
    Order* order = live(own_->order);
    if (order == nullptr) return;
    if (entry.kind == TapeKind::removed) order->rests = false;
    if (entry.kind == TapeKind::rested) {
        order->rests = true;
        order->price_micro = entry.price_micro;
    }
}

void OrderGateway::Core::finish_own(Todo& todo) {
    const TraderOrder which = own_->order;
    const MeetingKind last = own_->last;
    own_.reset();
    Order* order = live(which);
    if (order == nullptr) return;
    if (!order->rests && order->left > 0) {
        Report report = about(which, *order);
        report.kind = last == MeetingKind::stopped ? ReportKind::self_trade : ReportKind::done;
        if (last == MeetingKind::halted) report.reason = OrderReason::market_halted;
        order->left = 0;
        push(which.trader, report, todo);
    }
    forget(which);
}

void OrderGateway::Core::on_market(std::span<const TapeEntry> entries) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        for (const TapeEntry& entry : entries) {
            const std::optional<TraderOrder> which = trader_order_of(entry.order_id);
            const bool own = which && own_ && own_->order == *which;
            if (entry.kind == TapeKind::traded) {
                if (which) filled(*which, entry, todo);
                if (const auto taker = trader_order_of(entry.taker_id)) filled(*taker, entry, todo);
            } else if (own) {
                own_entry(entry);
            } else if (which && entry.kind == TapeKind::removed) {
                ended(*which, entry, todo);
            }
        }
        if (own_) finish_own(todo);
    }
    carry_out(std::move(todo));
}

std::vector<Report> OrderGateway::Core::take(ConnectionId id, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(id);
    if (found == connections_.end()) return {};
    std::deque<Report>& waiting = found->second->reports;
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting.size()));
    std::vector<Report> out(waiting.begin(), end);
    waiting.erase(waiting.begin(), end);
    return out;
}

std::vector<OpenOrder> OrderGateway::Core::open_orders(ConnectionId id) const {
    const std::lock_guard lock(mutex_);
    const Result<ConnectionRef> connection = find(id);
    if (!connection) return {};
    std::vector<OpenOrder> out;
    const std::uint32_t number = (*connection)->trader;
    for (const auto& [client_id, order] : traders_.at(number).orders)
        if (order.rests)
            out.push_back({.client_id = client_id,
                           .order_id = order_id_of({.trader = number, .client_id = client_id}),
                           .vintage = order.vintage,
                           .side = order.side,
                           .price_micro = order.price_micro,
                           .left = order.left});
    return out;
}

Cut OrderGateway::Core::cut(ConnectionId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(id);
    return found == connections_.end() ? Cut::left : found->second->cut;
}

void OrderGateway::Core::heard(ConnectionId id, Timestamp now) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second->heard = std::max(found->second->heard, now);
}

void OrderGateway::Core::tend(Timestamp now) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        todo.requests = std::exchange(again_, {});
        for (const auto& [id, connection] : connections_)
            if (options_.silence_us > 0 && connection->cut == Cut::no &&
                now.us - connection->heard.us > options_.silence_us)
                cut(*connection, Cut::silent, todo);
    }
    carry_out(std::move(todo));
}

void OrderGateway::Core::disconnect(ConnectionId id) {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        const auto found = connections_.find(id);
        if (found == connections_.end()) return;
        if (found->second->cut == Cut::no) cut(*found->second, Cut::left, todo);
        connections_.erase(found);
    }
    carry_out(std::move(todo));
}

void OrderGateway::Core::close() {
    Todo todo;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, connection] : connections_)
            if (connection->cut == Cut::no) cut(*connection, Cut::left, todo);
        connections_.clear();
    }
    carry_out(std::move(todo));
}

OrderGateway::OrderGateway(Sequencer& sequencer, GatewayOptions options)
    : core_(std::make_shared<Core>(sequencer, std::move(options))) {
    sequencer.listen(core_);
}
OrderGateway::~OrderGateway() { core_->close(); }

Result<std::string> OrderGateway::challenge(const Nonce& nonce, Timestamp now) {
    return core_->challenge(nonce, now);
}
Result<ConnectionId> OrderGateway::connect(const Logon& logon) { return core_->connect(logon); }
Result<void> OrderGateway::place(ConnectionId connection, const NewOrder& order) {
    return core_->place(connection, order);
}
Result<void> OrderGateway::replace(ConnectionId connection, const Replacement& replacement) {
    return core_->replace(connection, replacement);
}
Result<void> OrderGateway::cancel(ConnectionId connection, ClientOrderId client_id) {
    return core_->cancel(connection, client_id);
}
Result<std::size_t> OrderGateway::cancel_all(ConnectionId connection) {
    return core_->cancel_all(connection);
}
std::vector<Report> OrderGateway::take(ConnectionId connection, std::size_t most) {
    return core_->take(connection, most);
}
std::vector<OpenOrder> OrderGateway::open_orders(ConnectionId connection) const {
    return core_->open_orders(connection);
}
Cut OrderGateway::cut(ConnectionId connection) const { return core_->cut(connection); }
void OrderGateway::heard(ConnectionId connection, Timestamp now) { core_->heard(connection, now); }
void OrderGateway::tend(Timestamp now) { core_->tend(now); }
void OrderGateway::disconnect(ConnectionId connection) { core_->disconnect(connection); }

}  // namespace abate::node
