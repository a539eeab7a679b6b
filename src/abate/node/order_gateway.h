// The door for traders who stay connected, without a protocol: connections, client order ids, execution reports, cancel on disconnect. HTTP,
// FIX or a binary protocol is an adapter over it, and knows no more of the market than this page.
//
//     OrderGateway gateway(*sequencer, {.venue = key, .wake = [&](ConnectionId c) { loop.post([&, c] { send(gateway.take(c)); }); }});
//     Result<std::string> text = gateway.challenge(nonce, now);           // 32 bytes of the adapter's chance; the client signs the text
//     Result<ConnectionId> c = gateway.connect({.key = key, .proof = Proof{nonce, signature}, .cancel_on_disconnect = true, .now = now});
//     gateway.place(*c, {.client_id = 1, .vintage = 2027, .side = Side::buy, .price_micro = 41'250, .quantity = 5'000});
//     gateway.replace(*c, {.client_id = 1, .quantity = 4'000});
//     gateway.cancel(*c, 1);
//     gateway.heard(*c, now);                                             // whenever anything came from the client
//     gateway.tend(now);                                                  // every 100 ms or so
//     gateway.disconnect(*c);                                             // once the socket is gone, always
//
// **Ids.** A client numbers the orders of its key from 1 to 2^40 - 1 as it likes; the exchange's id is made of both (order_id_of): the top bit,
// 23 bits of the key's number, 40 of the client's. So no two orders have one id, and who reconnects, here or at another node, finds its
// orders by the numbers that it gave them, without a table that could be lost; and ids that a client counts up lie together in the
// exchange's table, which a hash would scatter. A number is for one order for ever: sent again it is refused with order_exists. Ids below
// 2^63 are for the other doors.
//
// **Reports.** Each request is answered by one report, in the order of the requests of an order, but for those that the sequencer turns away at once
// (`nothing_done`), which may be told before what still waits: `accepted`, `replaced`, `cancelled`, `refused`
// (with the market's reason) or `nothing_done` (with the sequencer's). What follows from it stands behind it: `partial_fill` and `fill`, on
// both sides of a trade, with the number of the tape; `done` where what is left of an order does not rest; `expired`, `self_trade`, `swept`.
// Where a commit was ambiguous, `unknown` comes first, and the answer once the journal has been read again. A report is of what is durable.
//
// **Connections.** One a key: another that proves the key takes over, and the first is cut. Reports wait in a queue of `most_reports`; a reader
// that lets it run full is cut, and so is one from which nothing was heard for `silence_us`. Whose connection ends, however it ends, loses
// all orders of its key that it placed here, if it asked for that; else they stay, and a later connection sees them with open_orders(). What is
// traded while nobody is connected is in the statement. When the node itself dies nothing is cancelled: orders are the journal's.
//
// How many commands a second a key may send, what it may trade and hold, is the market's to say (exchange/market.h).
//
// Thread-safe. Calls may come from any thread but the sequencer's own; connect() waits for the writer between two batches, all others only hand
// over. Requests of one connection come from one thread at a time, or their order is nobody's.
#pragma once

#include "abate/node/sequencer.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace abate::node {

enum class ConnectionId : std::uint64_t {};
using ClientOrderId = std::uint64_t;
inline constexpr ClientOrderId kMostClientOrderId = (std::uint64_t{1} << 40) - 1;
// 32 bytes that nobody can guess.
using Nonce = std::array<std::uint8_t, 32>;

struct TraderOrder {
    std::uint32_t trader = 0;  // the number of the key
    ClientOrderId client_id = 0;
    bool operator==(const TraderOrder&) const = default;
};
// REQUIRES: a trader below 2^23, a client's id from 1 to kMostClientOrderId.
[[nodiscard]] std::uint64_t order_id_of(const TraderOrder& order);
// None: it was not given here.
[[nodiscard]] std::optional<TraderOrder> trader_order_of(std::uint64_t order_id);

struct GatewayOptions {
    scheme::Venue venue = {};                  // named in what is signed
    std::size_t most_reports = 4096;           // that wait for a reader
    std::int64_t silence_us = 30 * kSecondUs;  // 0: a connection may be silent for ever
    std::int64_t challenge_us = kMinuteUs;     // how long a challenge is good
    std::size_t most_challenges =
        1024;  // that nobody has answered yet; how many one client may ask for is the adapter's to limit
    // Told that a connection has reports where it had none, or was cut. On the writer's thread or the caller's; must not wait, and must not call back.
    // It may still be called while the gateway goes: what it uses must last until the sequencer has stopped.
    std::function<void(ConnectionId)> wake = {};
};

struct Proof {
    Nonce nonce{};
    scheme::Signature signature{};  // of the challenge's text, by the key
};
struct Logon {
    scheme::PublicKey key{};
    std::optional<Proof> proof = {};
    bool vouched_for = false;  // the caller has made sure in another way whose the connection is
    bool cancel_on_disconnect = false;
    Timestamp now = {};
};

struct NewOrder {
    ClientOrderId client_id = 0;
    std::uint32_t vintage = 0;
    exchange::Side side = exchange::Side::buy;
    exchange::OrderType type = exchange::OrderType::limit;
    exchange::TimeInForce time_in_force = exchange::TimeInForce::good_till_cancelled;
    bool post_only = false;
    std::optional<std::int64_t> price_micro = {};
    std::int64_t quantity = 0;
    std::int64_t expires_us = 0;
};
struct Replacement {
    ClientOrderId client_id = 0;
    std::optional<std::int64_t> price_micro = {};  // none: as it is
    std::optional<std::int64_t> quantity = {};
};

enum class ReportKind : std::uint8_t {
    accepted,      // the order is in
    replaced,      //
    cancelled,     // by its key
    refused,       // by the market: `reason`; what was before still is
    nothing_done,  // `status` says why; send it again, or not
    unknown,       // the commit was ambiguous: another report follows
    partial_fill,
    fill,        // and nothing is left
    done,        // what is left went: it was not to rest, or the book halts
    expired,     // its time was over
    self_trade,  // it went rather than trade with its own group
    swept,       // the market's own: its key, account or group may not trade so any more
};
// As in JSON.
[[nodiscard]] const char* to_string(ReportKind kind);

struct Report {
    ReportKind kind = ReportKind::accepted;
    // Of an answer: what was asked.
    exchange::OperationKind operation = exchange::OperationKind::place;
    ClientOrderId client_id = 0;
    std::uint64_t order_id = 0;
    std::uint32_t vintage = 0;
    exchange::Side side = exchange::Side::buy;
    exchange::OrderReason reason = exchange::OrderReason::ok;
    Status status = Status::done;
    std::int64_t price_micro =
        0;  // of a fill: of the trade; of `accepted` and `replaced`: the limit, 0 where there is none
    std::int64_t quantity = 0;  // of a fill: that was traded
    std::int64_t left = 0;      // of the order, behind this report; of one that ended: that went
    std::uint64_t tape_seq =
        0;  // of a fill, and of an end that was not asked for: the entry of the book's tape
    Timestamp at = {};  // of that entry
    bool operator==(const Report&) const = default;
};

enum class Cut {
    no,          // it is connected
    left,        // disconnect()
    slow,        // its queue ran full: what came since is lost
    silent,      // nothing was heard
    taken_over,  // by another connection of its key
};
[[nodiscard]] const char* to_string(Cut cut);

struct OpenOrder {
    ClientOrderId client_id = 0;
    std::uint64_t order_id = 0;
    std::uint32_t vintage = 0;
    exchange::Side side = exchange::Side::buy;
    std::int64_t price_micro = 0;
    std::int64_t left = 0;
    bool operator==(const OpenOrder&) const = default;
};

class OrderGateway {
  public:
    // The sequencer must outlive it.
    OrderGateway(Sequencer& sequencer, GatewayOptions options);
    // As if all left. Cancels of theirs that the sequencer turns away then (it is full) are not tried again.
    ~OrderGateway();
    OrderGateway(const OrderGateway&) = delete;
    OrderGateway& operator=(const OrderGateway&) = delete;

    // What a client signs to prove its key; good once. Errors: conflict (this nonce is out), unavailable (too many are).
    [[nodiscard]] Result<std::string> challenge(const Nonce& nonce, Timestamp now);
    // The key must stand in the scheme. The first connection of a key reads all books for its orders. Errors: permission_denied (no proof, a
    // wrong one, or no such key), unavailable (this node does not write now), out_of_range (a key of a number beyond 2^23).
    [[nodiscard]] Result<ConnectionId> connect(const Logon& logon);

    // Handed over, or an error and no report: not_found (no such connection, or it was cut), invalid_argument (an id that no client may give).
    [[nodiscard]] Result<void> place(ConnectionId connection, const NewOrder& order);
    [[nodiscard]] Result<void> replace(ConnectionId connection, const Replacement& replacement);
    [[nodiscard]] Result<void> cancel(ConnectionId connection, ClientOrderId client_id);
    // Each order of the key that is open or on its way. How many; each has its report.
    [[nodiscard]] Result<std::size_t> cancel_all(ConnectionId connection);

    // Oldest first, up to `most`. What waits for one that was cut can be taken until disconnect().
    [[nodiscard]] std::vector<Report> take(ConnectionId connection, std::size_t most = SIZE_MAX);
    // Those that rest, by client's id.
    [[nodiscard]] std::vector<OpenOrder> open_orders(ConnectionId connection) const;
    // Why it was cut; `left` too of one that nobody knows.
    [[nodiscard]] Cut cut(ConnectionId connection) const;

    // A sign of life.
    void heard(ConnectionId connection, Timestamp now);
    // Cuts the silent ones, and sends again what was to be cancelled for those that are gone and could not be.
    void tend(Timestamp now);
    // The end of a connection; what waits is dropped.
    void disconnect(ConnectionId connection);

  private:
    class Core;
    std::shared_ptr<Core> core_;
};

}  // namespace abate::node
