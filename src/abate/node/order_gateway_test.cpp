#include "abate/node/order_gateway.h"

#include "abate/core/random.h"
#include "abate/node/market_test_support.h"
#include "abate/node/node_test_support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace abate::node {
namespace {

using namespace testing;  // the disk that breaks, and a scheme that trades
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr scheme::Venue kVenue{.tenant_id = 1, .scheme_id = 1};

Nonce nonce_of(std::uint8_t first) {
    Nonce out{};
    out[0] = first;
    return out;
}

// 2^63 + 3 x 2^40 + 5, by hand.
TEST(OrderGatewayIds, AreMadeOfKeyAndClient) {
    EXPECT_EQ(order_id_of({.trader = 3, .client_id = 5}),
              9'223'372'036'854'775'808U + 3'298'534'883'328U + 5U);
    for (const TraderOrder& order : {TraderOrder{.trader = 0, .client_id = 1},
                                     TraderOrder{.trader = 0, .client_id = kMostClientOrderId},
                                     TraderOrder{.trader = (1U << 23) - 1, .client_id = 1},
                                     TraderOrder{.trader = 77, .client_id = 1'234'567}})
        EXPECT_EQ(trader_order_of(order_id_of(order)), order);
    EXPECT_EQ(trader_order_of(5), std::nullopt);
    EXPECT_EQ(trader_order_of(std::uint64_t{1} << 63), std::nullopt) << "0 is no client's number";
}

// What a fake client wrote down of a report.
std::string line_of(const Report& report) {
    std::string out = fmt::format("{} {}", to_string(report.kind), report.client_id);
    const bool asked = report.kind == ReportKind::refused ||
                       report.kind == ReportKind::nothing_done ||
                       report.kind == ReportKind::unknown;
    if (asked)
        out += report.operation == exchange::OperationKind::place    ? " new"
               : report.operation == exchange::OperationKind::cancel ? " cancel"
                                                                     : " replace";
    if (report.reason != exchange::OrderReason::ok)
        out += fmt::format(" {}", exchange::to_string(report.reason));
    if (report.status != Status::done) out += fmt::format(" {}", to_string(report.status));
    if (report.quantity > 0) out += fmt::format(" {} at {}", report.quantity, report.price_micro);
    if (!asked) out += fmt::format(" left {}", report.left);
    return out;
}

class OrderGatewayTest : public ::testing::Test {
  protected:
    OrderGatewayTest() : disk(engine::kDeskKey) {
        disk.bare([](engine::Journal& journal) { found(journal, scheme); });
        clock.set_wall(scheme.from);
        sequencer = start_node("node-1", false, clock);
        gateway = std::make_unique<OrderGateway>(*sequencer, GatewayOptions{.venue = kVenue});
    }
    std::unique_ptr<Sequencer> start_node(const char* holder,
                                          bool own_thread,
                                          const Clock& its_clock) {
        auto started = Sequencer::start({.key = engine::kDeskKey,
                                         .holder = holder,
                                         .open_journal = [this] { return disk.open(); },
                                         .most_commands = own_thread ? 8U : 1024U,
                                         .tick = std::chrono::milliseconds(1),
                                         .own_thread = own_thread},
                                        its_clock);
        EXPECT_TRUE(started) << to_string(started.error());
        return *std::move(started);
    }
    // Again, with a writer of its own thread and the real clock.
    void start_threaded() {
        gateway.reset();
        sequencer->stop();
        sequencer = start_node("node-3", true, real);
        gateway = std::make_unique<OrderGateway>(*sequencer, GatewayOptions{.venue = kVenue});
    }
    Result<ConnectionId> connect(std::size_t firm, bool cancel_on_disconnect = false) {
        return gateway->connect({.key = scheme.keys.at(firm).open,
                                 .vouched_for = true,
                                 .cancel_on_disconnect = cancel_on_disconnect,
                                 .now = scheme.from});
    }

    // A script of fake clients, a line each step. "0 > sell 1 10 at 40 [ioc|fok|post|gtt]", "0 > buy 1 10 market", "0 > cancel 1",
    // "0 > replace 1 10 at 40", "0 > cancel_all", "0 > connect [cancel]", "0 > disconnect" of the firm 0; "turn" lets the sequencer do what
    // was sent; "0 < accepted 1 left 10" is the next report of the firm, which must be so. Where a firm says nothing it must have heard nothing.
    void play(const std::string& script) {
        std::istringstream lines(script);
        std::string line;
        while (std::getline(lines, line)) {
            line.erase(0, line.find_first_not_of(' '));
            if (line.empty()) continue;
            SCOPED_TRACE(line);
            if (line == "turn") {
                sequencer->turn();
                continue;
            }
            const std::size_t firm = static_cast<std::size_t>(line[0] - '0');
            const std::string rest = line.substr(4);
            if (line[2] == '>') {
                say(firm, rest);
                continue;
            }
            const std::vector<Report> next = gateway->take(clients.at(firm), 1);
            EXPECT_EQ(next.empty() ? "nothing" : line_of(next[0]), rest);
        }
        for (const auto& [firm, connection] : clients)
            for (const Report& more : gateway->take(connection))
                ADD_FAILURE() << firm << " heard more: " << line_of(more);
    }
    void say(std::size_t firm, const std::string& what) {
        std::istringstream words(what);
        std::string verb;
        words >> verb;
        if (verb == "connect") {
            std::string flag;
            words >> flag;
            const Result<ConnectionId> connected = connect(firm, flag == "cancel");
            ASSERT_TRUE(connected) << to_string(connected.error());
            clients[firm] = *connected;
            return;
        }
        const ConnectionId me = clients.at(firm);
        if (verb == "disconnect") {
            gateway->disconnect(me);
            clients.erase(firm);
            return;
        }
        if (verb == "cancel_all") {
            EXPECT_TRUE(gateway->cancel_all(me));
            return;
        }
        ClientOrderId id = 0;
        words >> id;
        if (verb == "cancel") {
            EXPECT_TRUE(gateway->cancel(me, id));
            return;
        }
        std::int64_t quantity = 0;
        std::string how;
        words >> quantity >> how;
        std::optional<std::int64_t> price;
        if (how == "at") {
            price.emplace();
            words >> *price;
        }
        if (verb == "replace") {
            EXPECT_TRUE(gateway->replace(
                me, {.client_id = id, .price_micro = price, .quantity = quantity}));
            return;
        }
        std::string more;
        words >> more;
        NewOrder order{.client_id = id,
                       .vintage = kMarketYear,
                       .side = verb == "buy" ? Side::buy : Side::sell,
                       .type = price ? OrderType::limit : OrderType::market,
                       .post_only = more == "post",
                       .price_micro = price,
                       .quantity = quantity};
        if (more == "ioc") order.time_in_force = TimeInForce::immediate_or_cancel;
        if (more == "fok") order.time_in_force = TimeInForce::fill_or_kill;
        if (more == "gtt") {
            order.time_in_force = TimeInForce::good_till_time;
            order.expires_us = clock.now().wall.us + 1'000'000;
        }
        EXPECT_TRUE(gateway->place(me, order));
    }
    // What rests, as the books have it.
    std::vector<std::uint64_t> resting() {
        std::vector<std::uint64_t> ids;
        EXPECT_TRUE(sequencer->read_engine([&](const engine::Engine& engine) {
            const exchange::OrderBook* book = engine.market().book(kMarketYear);
            for (const Side side : {Side::buy, Side::sell})
                book->for_each_level(side, [&](const exchange::LevelView& level) {
                    for (std::uint32_t at = level.first; at != exchange::OrderBook::kNone;
                         at = book->next(at))
                        ids.push_back(book->at(at).id);
                    return true;
                });
        }));
        return ids;
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): whose, then which
    [[nodiscard]] std::uint64_t id_of(std::size_t firm, ClientOrderId client_id) const {
        return order_id_of({.trader = scheme.traders.at(firm), .client_id = client_id});
    }

    static const TradingScheme& scheme;
    ManualClock clock;
    SystemClock real;
    Disk disk;
    std::unique_ptr<Sequencer> sequencer;
    std::unique_ptr<OrderGateway> gateway;
    std::map<std::size_t, ConnectionId> clients;
};
const TradingScheme& OrderGatewayTest::scheme = trading_scheme();

// ---- who may connect

TEST_F(OrderGatewayTest, AKeyIsProvenByAChallenge) {
    const auto logon = [&](std::size_t firm, const Nonce& nonce, const std::string& text) {
        return gateway->connect(
            {.key = scheme.keys[firm].open,
             .proof =
                 Proof{.nonce = nonce, .signature = scheme::sign(scheme.keys[firm].secret, text)},
             .now = scheme.from});
    };
    const Result<std::string> text = gateway->challenge(nonce_of(1), scheme.from);
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("tenant 1, scheme 1, 01000000"));
    EXPECT_TRUE(logon(0, nonce_of(1), *text));
    // Good once: whoever saw the signature cannot use it.
    EXPECT_EQ(logon(0, nonce_of(1), *text).error().code, ErrorCode::permission_denied);
    // Of another text, of a nonce that nobody gave out, of another key.
    ASSERT_TRUE(gateway->challenge(nonce_of(2), scheme.from));
    EXPECT_EQ(logon(0, nonce_of(2), *text).error().code, ErrorCode::permission_denied);
    EXPECT_EQ(logon(0, nonce_of(3), *text).error().code, ErrorCode::permission_denied);
    const Result<std::string> third = gateway->challenge(nonce_of(4), scheme.from);
    ASSERT_TRUE(third);
    EXPECT_EQ(
        gateway
            ->connect({.key = scheme.keys[1].open,
                       .proof = Proof{.nonce = nonce_of(4),
                                      .signature = scheme::sign(scheme.keys[0].secret, *third)},
                       .now = scheme.from})
            .error()
            .code,
        ErrorCode::permission_denied);
    // Too late.
    const Result<std::string> late = gateway->challenge(nonce_of(5), scheme.from);
    ASSERT_TRUE(late);
    EXPECT_EQ(
        gateway
            ->connect({.key = scheme.keys[0].open,
                       .proof = Proof{.nonce = nonce_of(5),
                                      .signature = scheme::sign(scheme.keys[0].secret, *late)},
                       .now = {scheme.from.us + 60'000'001}})
            .error()
            .code,
        ErrorCode::permission_denied);
}

TEST_F(OrderGatewayTest, ChallengesAreFew) {
    OrderGateway small(*sequencer, {.venue = kVenue, .most_challenges = 2});
    ASSERT_TRUE(small.challenge(nonce_of(1), scheme.from));
    EXPECT_EQ(small.challenge(nonce_of(1), scheme.from).error().code, ErrorCode::conflict);
    ASSERT_TRUE(small.challenge(nonce_of(2), scheme.from));
    EXPECT_EQ(small.challenge(nonce_of(3), scheme.from).error().code, ErrorCode::unavailable);
    EXPECT_TRUE(small.challenge(nonce_of(3), {scheme.from.us + 60'000'001})) << "the others lapsed";
}

TEST_F(OrderGatewayTest, NobodyConnectsWithoutAKeyOfTheScheme) {
    EXPECT_EQ(gateway->connect({.key = scheme.keys[0].open, .now = scheme.from}).error().code,
              ErrorCode::permission_denied)
        << "nobody vouches";
    scheme::KeySeed seed{};
    seed[0] = 99;
    EXPECT_EQ(
        gateway
            ->connect(
                {.key = scheme::key_pair_of(seed).open, .vouched_for = true, .now = scheme.from})
            .error()
            .code,
        ErrorCode::permission_denied);
    sequencer->stop();
    auto second = start_node("node-2", false, clock);
    sequencer->turn();
    const ConnectionId nobody{77};
    EXPECT_EQ(gateway->place(nobody, {.client_id = 1}).error().code, ErrorCode::not_found);
    EXPECT_EQ(gateway->cut(nobody), Cut::left);
    EXPECT_THAT(gateway->take(nobody), IsEmpty());
}

TEST_F(OrderGatewayTest, AClientsNumbersHaveARange) {
    const ConnectionId me = *connect(0);
    for (const ClientOrderId id : {ClientOrderId{0}, kMostClientOrderId + 1})
        EXPECT_EQ(gateway->place(me, {.client_id = id}).error().code, ErrorCode::invalid_argument);
    // One that nobody can have given rests nowhere.
    EXPECT_TRUE(gateway->cancel(me, kMostClientOrderId + 1));
    EXPECT_EQ(gateway->take(me).at(0).reason, exchange::OrderReason::order_unknown);
}

// ---- reports

TEST_F(OrderGatewayTest, BothSidesHearOfATrade) {
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        0 > sell 2 10 at 41
        turn
        0 < accepted 1 left 10
        0 < accepted 2 left 10
        1 > buy 1 15 at 41
        turn
        1 < accepted 1 left 15
        0 < fill 1 10 at 40 left 0
        1 < partial_fill 1 10 at 40 left 5
        0 < partial_fill 2 5 at 41 left 5
        1 < fill 1 5 at 41 left 0
        1 > buy 1 15 at 41
        1 > buy 1 16 at 41
        turn
        1 < refused 1 new order_exists
        1 < refused 1 new order_exists_with_different_fields
    )");
    EXPECT_EQ(resting(), (std::vector{id_of(0, 2)}));
    EXPECT_EQ(gateway->open_orders(clients[0]),
              (std::vector<OpenOrder>{{.client_id = 2,
                                       .order_id = id_of(0, 2),
                                       .vintage = kMarketYear,
                                       .side = Side::sell,
                                       .price_micro = 41,
                                       .left = 5}}));
    EXPECT_THAT(gateway->open_orders(clients[1]), IsEmpty());
}

TEST_F(OrderGatewayTest, AFillNamesItsEntryOfTheTape) {
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        turn
        0 < accepted 1 left 10
    )");
    ASSERT_TRUE(gateway->place(
        clients[1], {.client_id = 7, .vintage = kMarketYear, .price_micro = 40, .quantity = 10}));
    clock.set_wall({scheme.from.us + 5'000'000});
    sequencer->turn();
    const std::vector<Report> maker = gateway->take(clients[0]);
    const std::vector<Report> taker = gateway->take(clients[1]);
    ASSERT_EQ(maker.size(), 1U);
    ASSERT_EQ(taker.size(), 2U);
    // The first entry of the book is the sale that came to rest.
    EXPECT_EQ(maker[0].tape_seq, 2U);
    EXPECT_EQ(taker[1].tape_seq, 2U);
    EXPECT_EQ(taker[1].at.us, scheme.from.us + 5'000'000);
    EXPECT_EQ(taker[1].order_id, id_of(1, 7));
    EXPECT_EQ(maker[0].side, Side::sell);
    EXPECT_EQ(taker[1].side, Side::buy);
}

TEST_F(OrderGatewayTest, WhatDoesNotRestIsDone) {
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        turn
        0 < accepted 1 left 10
        1 > buy 1 12 at 40 fok
        1 > buy 2 3 at 40 post
        1 > buy 3 4 at 39 ioc
        1 > buy 4 0 at 40
        1 > buy 5 12 at 40 ioc
        1 > buy 6 1 market
        turn
        1 < refused 1 new fill_or_kill_not_filled
        1 < refused 2 new post_only_would_trade
        1 < accepted 3 left 4
        1 < done 3 left 4
        1 < refused 4 new quantity_not_positive
        1 < accepted 5 left 12
        0 < fill 1 10 at 40 left 0
        1 < partial_fill 5 10 at 40 left 2
        1 < done 5 left 2
        1 < accepted 6 left 1
        1 < done 6 left 1
    )");
    EXPECT_THAT(resting(), IsEmpty());
}

TEST_F(OrderGatewayTest, CancelsAndReplacementsAreAnswered) {
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        0 > replace 1 6 at 40
        0 > replace 1 8 at 42
        0 > cancel 1
        0 > cancel 1
        0 > replace 1 5 at 42
        0 > cancel 9
        turn
        0 < refused 9 cancel order_unknown
        0 < accepted 1 left 10
        0 < replaced 1 left 6
        0 < replaced 1 left 8
        0 < cancelled 1 left 8
        0 < refused 1 cancel order_unknown
        0 < refused 1 replace order_unknown
        1 > buy 1 5 at 41
        turn
        1 < accepted 1 left 5
        0 > sell 2 10 at 45
        0 > replace 2 10 at 41
        turn
        0 < accepted 2 left 10
        0 < replaced 2 left 10
        1 < fill 1 5 at 41 left 0
        0 < partial_fill 2 5 at 41 left 5
        0 > cancel 2
        turn
        0 < cancelled 2 left 5
        0 > cancel 2
        0 < refused 2 cancel order_unknown
    )");
    EXPECT_THAT(resting(), IsEmpty());
}

// The newest goes, as the rule says; what rests stays.
TEST_F(OrderGatewayTest, OneThatWouldTradeWithItselfGoes) {
    play(R"(
        0 > connect
        1 > connect
        1 > sell 1 2 at 39
        0 > sell 1 10 at 40
        0 > buy 2 5 at 40
        turn
        1 < accepted 1 left 2
        0 < accepted 1 left 10
        0 < accepted 2 left 5
        1 < fill 1 2 at 39 left 0
        0 < partial_fill 2 2 at 39 left 3
        0 < self_trade 2 left 3
    )");
    EXPECT_EQ(resting(), (std::vector{id_of(0, 1)}));
}

TEST_F(OrderGatewayTest, TimeAndTheSchemeEndOrdersToo) {
    play(R"(
        0 > connect
        0 > sell 1 10 at 40 gtt
        0 > sell 2 10 at 40
        turn
        0 < accepted 1 left 10
        0 < accepted 2 left 10
    )");
    clock.set_wall({scheme.from.us + 1'000'000});
    play(R"(
        turn
        0 < expired 1 left 10
    )");
    std::future<Reply> revoked = sequencer->submit(
        scheme::sign_command(scheme.operators[0],
                             kVenue,
                             {.high = 9, .low = 1},
                             scheme::RevokeKey{.participant = registry::ParticipantId{1},
                                               .key = scheme.keys[0].open,
                                               .reason = "lost"}));
    play(R"(
        turn
        0 < swept 2 left 10
        0 > sell 3 10 at 40
        turn
        0 < refused 3 new not_permitted
    )");
    EXPECT_EQ(revoked.get().answer.reason, scheme::Reason::ok);
    EXPECT_EQ(connect(0).error().code, ErrorCode::permission_denied);
}

// ---- connections that end

TEST_F(OrderGatewayTest, CancelsOnDisconnectWhereItWasAsked) {
    play(R"(
        0 > connect cancel
        1 > connect
        0 > sell 1 10 at 40
        1 > sell 1 10 at 41
        turn
        0 < accepted 1 left 10
        1 < accepted 1 left 10
        0 > sell 2 10 at 42
        0 > disconnect
        1 > disconnect
        turn
    )");
    // What was on its way went too.
    EXPECT_EQ(resting(), (std::vector{id_of(1, 1)}));
    play(R"(
        1 > connect
        1 > cancel_all
        turn
        1 < cancelled 1 left 10
    )");
    EXPECT_THAT(resting(), IsEmpty());
}

// At another node: the numbers are in the ids.
TEST_F(OrderGatewayTest, WhoReconnectsElsewhereFindsItsOrders) {
    play(R"(
        0 > connect cancel
        1 > connect
        0 > sell 1 10 at 40
        1 > sell 8 10 at 41
        turn
        0 < accepted 1 left 10
        1 < accepted 8 left 10
    )");
    // An order of the key by another door is not the gateway's.
    std::future<Reply> other =
        sequencer->submit(std::vector{scheme.sell(0, {.id = 5, .price = 50, .quantity = 1})});
    sequencer->turn();
    EXPECT_EQ(other.get().status, Status::done);
    // The node dies: nobody cancels anything.
    sequencer->stop();
    gateway.reset();
    clients.clear();
    sequencer = start_node("node-2", false, clock);
    gateway = std::make_unique<OrderGateway>(*sequencer, GatewayOptions{.venue = kVenue});
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        0 > replace 1 4 at 40
        1 > buy 2 4 at 40
        turn
        0 < refused 1 new order_exists
        0 < replaced 1 left 4
        1 < accepted 2 left 4
        0 < fill 1 4 at 40 left 0
        1 < fill 2 4 at 40 left 0
    )");
    ASSERT_EQ(gateway->open_orders(clients[1]).size(), 1U);
    EXPECT_EQ(gateway->open_orders(clients[1])[0].client_id, 8U);
    EXPECT_THAT(gateway->open_orders(clients[0]), IsEmpty());
}

TEST_F(OrderGatewayTest, ASlowReaderIsCut) {
    std::vector<ConnectionId> woken;
    gateway = std::make_unique<OrderGateway>(
        *sequencer,
        GatewayOptions{.venue = kVenue, .most_reports = 3, .wake = [&](ConnectionId id) {
                           woken.push_back(id);
                       }});
    const ConnectionId slow = *connect(0, true);
    const ConnectionId other = *connect(1);
    for (ClientOrderId id = 1; id <= 4; ++id)
        ASSERT_TRUE(gateway->place(slow,
                                   {.client_id = id,
                                    .vintage = kMarketYear,
                                    .side = Side::sell,
                                    .price_micro = 40,
                                    .quantity = 1}));
    ASSERT_TRUE(gateway->place(
        other, {.client_id = 1, .vintage = kMarketYear, .price_micro = 30, .quantity = 1}));
    sequencer->turn();
    EXPECT_EQ(gateway->cut(slow), Cut::slow);
    EXPECT_EQ(woken, (std::vector{slow, slow, other})) << "it has some, it was cut, the other has";
    EXPECT_EQ(gateway->cancel(slow, 1).error().what, "the connection was cut: slow");
    EXPECT_EQ(gateway->take(slow).size(), 3U) << "what it had can still be read";
    sequencer->turn();
    EXPECT_EQ(resting(), (std::vector{id_of(1, 1)})) << "its orders went with it";
    EXPECT_EQ(gateway->cut(other), Cut::no);
    gateway->disconnect(slow);
    EXPECT_EQ(gateway->cut(slow), Cut::left);
    // It may come back.
    EXPECT_TRUE(connect(0));
}

TEST_F(OrderGatewayTest, ASilentOneIsCut) {
    const ConnectionId silent = *connect(0, true);
    const ConnectionId alive = *connect(1, true);
    for (const ConnectionId each : {silent, alive})
        ASSERT_TRUE(gateway->place(each,
                                   {.client_id = 1,
                                    .vintage = kMarketYear,
                                    .side = Side::sell,
                                    .price_micro = 40,
                                    .quantity = 1}));
    sequencer->turn();
    gateway->tend({scheme.from.us + 30'000'000});
    EXPECT_EQ(gateway->cut(silent), Cut::no) << "not longer than it may be";
    gateway->heard(alive, {scheme.from.us + 1});
    gateway->tend({scheme.from.us + 30'000'001});
    EXPECT_EQ(gateway->cut(silent), Cut::silent);
    EXPECT_EQ(gateway->cut(alive), Cut::no);
    sequencer->turn();
    EXPECT_EQ(resting(), (std::vector{id_of(1, 1)}));
}

TEST_F(OrderGatewayTest, ASecondConnectionOfAKeyTakesOver) {
    const ConnectionId first = *connect(0);
    ASSERT_TRUE(gateway->place(first,
                               {.client_id = 1,
                                .vintage = kMarketYear,
                                .side = Side::sell,
                                .price_micro = 40,
                                .quantity = 1}));
    const ConnectionId second = *connect(0, true);
    EXPECT_EQ(gateway->cut(first), Cut::taken_over);
    sequencer->turn();
    EXPECT_THAT(gateway->take(first), IsEmpty());
    EXPECT_EQ(gateway->take(second).size(), 1U) << "the answer comes to the one that is there";
    EXPECT_EQ(resting().size(), 1U) << "the first did not ask for its orders to go";
    EXPECT_TRUE(connect(0));
    sequencer->turn();
    EXPECT_THAT(resting(), IsEmpty()) << "the second did";
}

TEST_F(OrderGatewayTest, GoesWithAllItsConnections) {
    const ConnectionId me = *connect(0, true);
    ASSERT_TRUE(gateway->place(me,
                               {.client_id = 1,
                                .vintage = kMarketYear,
                                .side = Side::sell,
                                .price_micro = 40,
                                .quantity = 1}));
    sequencer->turn();
    EXPECT_EQ(resting().size(), 1U);
    gateway.reset();
    sequencer->turn();
    EXPECT_THAT(resting(), IsEmpty());
}

// ---- a journal that fails

class EachBreakOfReports : public OrderGatewayTest, public ::testing::WithParamInterface<Break> {};

TEST_P(EachBreakOfReports, IsUnknownAndThenKnown) {
    play(R"(
        0 > connect
        1 > connect
        0 > sell 1 10 at 40
        0 > sell 2 10 at 45
        turn
        0 < accepted 1 left 10
        0 < accepted 2 left 10
        1 > buy 1 4 at 40
        0 > replace 2 5 at 44
        0 > cancel 1
    )");
    disk.appends = 0;
    disk.plan = [](int n) { return n == 1 ? GetParam() : Break::nothing; };
    play(R"(
        turn
        1 < unknown 1 new
        0 < unknown 2 replace
        0 < unknown 1 cancel
    )");
    if (GetParam() == Break::after) {
        play(R"(
            turn
            1 < accepted 1 left 4
            0 < partial_fill 1 4 at 40 left 6
            1 < fill 1 4 at 40 left 0
            0 < replaced 2 left 5
            0 < cancelled 1 left 6
        )");
        EXPECT_EQ(resting(), (std::vector{id_of(0, 2)}));
    } else {
        play(R"(
            turn
            1 < nothing_done 1 new unavailable
            0 < nothing_done 2 replace unavailable
            0 < nothing_done 1 cancel unavailable
            0 > cancel 1
            turn
            0 < cancelled 1 left 10
        )");
        EXPECT_EQ(resting(), (std::vector{id_of(0, 2)}));
        EXPECT_EQ(gateway->open_orders(clients[0]).at(0).left, 10);
    }
}

INSTANTIATE_TEST_SUITE_P(Breaks,
                         EachBreakOfReports,
                         ::testing::Values(Break::before, Break::after, Break::late));

// Whoever went cannot ask again: the gateway does.
TEST_F(OrderGatewayTest, CancelsForTheGoneUntilItIsDone) {
    play(R"(
        0 > connect cancel
        0 > sell 1 10 at 40
        turn
        0 < accepted 1 left 10
        0 > disconnect
    )");
    disk.appends = 0;
    disk.plan = [](int n) { return n == 1 ? Break::before : Break::nothing; };
    sequencer->turn();
    sequencer->turn();
    EXPECT_EQ(resting().size(), 1U);
    gateway->tend(scheme.from);
    sequencer->turn();
    EXPECT_THAT(resting(), IsEmpty());
}

TEST_F(OrderGatewayTest, ANodeThatLostItsLeaseSaysSo) {
    play(R"(
        0 > connect cancel
        0 > sell 1 10 at 40
        turn
        0 < accepted 1 left 10
    )");
    auto second = start_node("node-2", false, clock);
    play(R"(
        0 > sell 2 10 at 40
        turn
        0 < nothing_done 2 new not_writer
    )");
    EXPECT_EQ(connect(1).error().code, ErrorCode::unavailable);
    gateway->disconnect(clients[0]);
    gateway->tend(scheme.from);
    second->turn();
    second->stop();
    auto journal = disk.connect();
    EXPECT_FALSE(engine::audit(*journal, engine::kDeskKey).fault);
}

// ---- many at once

// Four clients, each its own thread, that order, replace, cancel, leave and come back while the journal breaks; what each believes of its
// orders is what the books say, and every trade was heard on both sides.
TEST_F(OrderGatewayTest, WhatManyClientsBelieveIsWhatTheBooksSay) {
    start_threaded();
    {
        const std::lock_guard lock(disk.mutex());
        disk.plan = [](int n) {
            return n % 11 != 10 ? Break::nothing : n % 2 == 0 ? Break::after : Break::before;
        };
    }
    struct Client {
        std::int64_t bought = 0;
        std::int64_t sold = 0;
        std::uint64_t reports = 0;
        std::map<ClientOrderId, std::int64_t> left;  // of what it believes to rest
        std::map<ClientOrderId, int> open;           // requests without an answer
        void hear(const Report& report) {
            ++reports;
            switch (report.kind) {
                case ReportKind::partial_fill:
                case ReportKind::fill:
                    (report.side == Side::buy ? bought : sold) += report.quantity;
                    left[report.client_id] = report.left;
                    break;
                case ReportKind::accepted:
                case ReportKind::replaced:
                    left[report.client_id] = report.left;
                    --open[report.client_id];
                    break;
                case ReportKind::cancelled:
                    left[report.client_id] = 0;
                    --open[report.client_id];
                    break;
                case ReportKind::refused:
                case ReportKind::nothing_done:
                    --open[report.client_id];
                    break;
                case ReportKind::unknown:
                    break;
                default:
                    left[report.client_id] = 0;
                    break;
            }
        }
        [[nodiscard]] bool waits() const {
            return std::any_of(
                open.begin(), open.end(), [](const auto& each) { return each.second > 0; });
        }
    };
    std::vector<Client> all(4);
    std::atomic<int> wrong{0};
    std::atomic<bool> over{false};
    std::atomic<int> working{4};
    std::vector<std::thread> threads;
    for (std::size_t firm = 0; firm < all.size(); ++firm)
        threads.emplace_back([&, firm] {
            Client& me = all[firm];
            Random dice(firm + 1);
            Result<ConnectionId> id = connect(firm);
            while (!id) id = connect(firm);
            const auto listen = [&] {
                for (const Report& report : gateway->take(*id)) me.hear(report);
            };
            for (ClientOrderId next = 1; next <= 300; ++next) {
                ++me.open[next];
                if (!gateway->place(
                        *id,
                        {.client_id = next,
                         .vintage = kMarketYear,
                         .side = dice.below(2) == 0 ? Side::buy : Side::sell,
                         .time_in_force = dice.below(4) == 0 ? TimeInForce::immediate_or_cancel
                                                             : TimeInForce::good_till_cancelled,
                         .price_micro = static_cast<std::int64_t>(36 + dice.below(9)),
                         .quantity = static_cast<std::int64_t>(1 + dice.below(20))}))
                    ++wrong;
                const ClientOrderId old = 1 + dice.below(next);
                const std::uint64_t then = dice.below(4);
                if (then == 0 && ++me.open[old] > 0 && !gateway->cancel(*id, old)) ++wrong;
                if (then == 1 && ++me.open[old] > 0 &&
                    !gateway->replace(*id, {.client_id = old, .quantity = 7}))
                    ++wrong;
                if (dice.below(8) == 0) listen();
            }
            while (me.waits()) {
                listen();
                std::this_thread::yield();
            }
            --working;
            // Others still trade with what rests.
            while (working > 0) std::this_thread::yield();
            if (!gateway->cancel_all(*id)) ++wrong;
            for (auto& [order, left] : me.left)
                if (left > 0) ++me.open[order];
            while (!gateway->open_orders(*id).empty()) {
                listen();
                // A cancel that was lost is asked for again.
                if (dice.below(50) == 0) static_cast<void>(gateway->cancel_all(*id));
                std::this_thread::yield();
            }
            listen();
        });
    std::thread tender([&] {
        while (!over) {
            gateway->tend({0});
            std::this_thread::yield();
        }
    });
    for (std::thread& thread : threads) thread.join();
    over = true;
    tender.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_THAT(resting(), IsEmpty());
    std::int64_t bought = 0;
    std::int64_t sold = 0;
    for (std::size_t firm = 0; firm < all.size(); ++firm) {
        bought += all[firm].bought;
        sold += all[firm].sold;
        std::int64_t held = 0;
        EXPECT_TRUE(sequencer->read([&](const registry::Registry& books) {
            held = books.balance(TradingScheme::holding(firm), registry::Asset{kMarketYear}).posted;
        }));
        EXPECT_EQ(held - kFirmAllowances, all[firm].bought - all[firm].sold) << firm;
        for (const auto& [order, left] : all[firm].left) EXPECT_EQ(left, 0) << firm << " " << order;
    }
    EXPECT_EQ(bought, sold);
    EXPECT_GT(bought, 0);
    EXPECT_GT(sequencer->stats().rebuilds, 0U);
    gateway.reset();
    sequencer->stop();
    auto journal = disk.connect();
    EXPECT_FALSE(engine::audit(*journal, engine::kDeskKey).fault);
}

// Connections that come and go from many threads, all with one key: it has one at a time, and nothing is left behind.
TEST_F(OrderGatewayTest, ConnectionsMayComeAndGoFromAnyThread) {
    start_threaded();
    std::atomic<std::uint64_t> next{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 40; ++i) {
                const Result<ConnectionId> id = connect(0, true);
                ASSERT_TRUE(id);
                for (int k = 0; k < 5; ++k)
                    // Another may have taken over meanwhile.
                    static_cast<void>(gateway->place(*id,
                                                     {.client_id = ++next,
                                                      .vintage = kMarketYear,
                                                      .side = Side::sell,
                                                      .price_micro = 40,
                                                      .quantity = 1}));
                gateway->disconnect(*id);
            }
        });
    for (std::thread& thread : threads) thread.join();
    // Whatever came in behind its own cancel is cancelled by its answer, in a batch or two.
    for (int i = 0; i < 1000 && !resting().empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_THAT(resting(), IsEmpty());
    EXPECT_GT(next, 0U);
}

}  // namespace
}  // namespace abate::node
