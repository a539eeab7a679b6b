// Market data: what the public sees of a book, in which nobody's name stands.
//
//     FeedSource source({.vintage = 2031});
//     source.apply(entry);                                  // each entry of the tape, one message each, of the same number
//     std::array<FeedMessage, 64> page;
//     const FeedPage got = source.since(reader.seq(), page);
//     if (got.answer != FeedAnswer::messages) reader.apply(source.snapshot());   // it fell behind
//     for (std::size_t i = 0; i < got.count; ++i) reader.apply(page[i]);
//     reader.book().top(), .depth(10), .orders()            // as source.book() was at reader.seq()
//
// An order is called by the number of the message that added it, so that neither its id nor what replaced what tells whose it is; its owner
// knows the number from the tape. Why an order went is not said either: a self-trade would tell that two orders are of one group. Within a
// price the lower number stands first in time.
//
// A source keeps the book and the last messages in a ring, and nothing of its readers: whoever is slow finds that the ring went on, takes a
// snapshot, and goes on from its number. A reader may lose, repeat or shuffle messages: it knows by the numbers. Once it has all of them up to
// one, or a snapshot of it, its book is the source's at that number.
//
// During a call orders rest that cross; bids and asks of a book may then overlap. A trade of a call is of two orders that rest.
//
// Not thread-safe.
#pragma once

#include "abate/core/clock.h"
#include "abate/exchange/order_book.h"
#include "abate/exchange/tape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace abate::exchange {

// Numbers are those of bytes and documents and never change.
enum class FeedKind : std::uint8_t {
    add = 1,     // an order came to rest, last in time at its price
    trade = 2,   // what rested was filled, in whole or in part
    reduce = 3,  // less rests; it keeps its place
    remove = 4,  // it rests no more, and was not filled
};
[[nodiscard]] std::string_view to_string(FeedKind kind);

struct FeedMessage {
    std::uint64_t seq = 0;  // from 1 without gaps, a book
    Timestamp at = {};
    FeedKind kind = FeedKind::add;
    Side side = Side::buy;         // of the order
    std::int32_t vintage = 0;      // of the book
    std::uint64_t order = 0;       // add: seq itself; else a lower number
    std::uint64_t against = 0;     // of a trade in a call: the other order that rested; else 0
    std::int64_t price_micro = 0;  // of a trade: at which it was made, else the order's
    std::int64_t quantity =
        0;  // add: that rests; trade: that changed hands; reduce: that is left; remove: that went
    bool operator==(const FeedMessage&) const = default;
};

// Every reason to refuse a message or a snapshot, in order of precedence; of a snapshot its last trade is asked before its orders. Spelled as in docs/reference/market.md.
enum class FeedFault : std::uint8_t {
    none = 0,
    // The bytes.
    mark_wrong = 1,  // of a snapshot
    version_unknown = 2,
    wrong_length = 3,
    checksum_wrong = 4,
    kind_unknown = 5,
    side_unknown = 6,
    not_zero = 7,  // where nothing is to stand
    // What they say.
    number_out_of_place = 8,     // 0, not the next of the tape, or an order's that would come later
    price_out_of_range = 9,      // 1 to 2^62
    quantity_out_of_range = 10,  // 1 to 2^40
    orders_not_sorted = 11,      // of a snapshot
    // Against the book.
    other_book = 12,  // of another vintage
    order_exists = 13,
    order_unknown = 14,
    order_differs = 15,  // its side or price is another
    quantity_differs =
        16,  // more was traded, or is left, than rests; or other than what rests was removed
    book_full = 17,
};
inline constexpr std::uint8_t kFeedFaults = 18;
[[nodiscard]] std::string_view to_string(FeedFault fault);

// An order that rests, as all may see it.
struct FeedOrder {
    std::uint64_t number = 0;
    Side side = Side::buy;
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    bool operator==(const FeedOrder&) const = default;
};

struct FeedTrade {
    std::uint64_t seq = 0;  // 0: there was none
    Timestamp at = {};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    bool operator==(const FeedTrade&) const = default;
};

// A book at a number.
struct FeedSnapshot {
    std::int32_t vintage = 0;
    std::uint64_t seq = 0;  // the last message in it
    FeedTrade last_trade = {};
    std::vector<FeedOrder> orders =
        {};  // buys, then sells; of each the best price first, then time
    bool operator==(const FeedSnapshot&) const = default;
};

struct DepthLevel {
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;  // of all orders there
    std::uint32_t orders = 0;
    bool operator==(const DepthLevel&) const = default;
};
struct TopOfBook {
    std::optional<DepthLevel> bid = {};
    std::optional<DepthLevel> ask = {};
    bool operator==(const TopOfBook&) const = default;
};
struct Depth {
    std::vector<DepthLevel> bids = {};  // best first
    std::vector<DepthLevel> asks = {};
    bool operator==(const Depth&) const = default;
};

// What can be said of each without a book.
[[nodiscard]] FeedFault check(const FeedMessage& message);
[[nodiscard]] FeedFault check(const FeedSnapshot& snapshot);

// What messages add up to: a read model, that matches nothing.
class FeedBook {
  public:
    struct Options {
        std::int32_t vintage = 0;
        std::uint32_t most_orders = kMostOrders;
    };
    // REQUIRES: most_orders <= kMostOrders.
    explicit FeedBook(const Options& options);

    // Does not ask whether its number is the next. A message that is refused changes nothing.
    FeedFault apply(const FeedMessage& message);
    // In place of what was there, which stays where the snapshot is refused.
    FeedFault apply(const FeedSnapshot& snapshot);

    [[nodiscard]] TopOfBook top() const;
    [[nodiscard]] Depth depth(std::size_t levels) const;
    // In the order of a snapshot. Cost: sorting them.
    [[nodiscard]] std::vector<FeedOrder> orders() const;
    [[nodiscard]] std::optional<FeedOrder> order(std::uint64_t number) const;
    [[nodiscard]] std::size_t size() const { return orders_.size(); }
    [[nodiscard]] const FeedTrade& last_trade() const { return last_trade_; }
    [[nodiscard]] std::int32_t vintage() const { return options_.vintage; }
    // The best bid is at the best ask or above it.
    [[nodiscard]] bool crossed() const;

  private:
    struct Level {
        std::int64_t quantity = 0;
        std::uint32_t orders = 0;
    };
    using Orders = std::unordered_map<std::uint64_t, FeedOrder>;

    FeedFault add(const FeedOrder& order);
    FeedFault trade(const FeedMessage& message);
    void set_quantity(Orders::iterator order, std::int64_t quantity);  // 0: it goes
    [[nodiscard]] Level& level_of(const FeedOrder& order);

    Options options_;
    Orders orders_;
    std::map<std::int64_t, Level, std::greater<>> bids_;
    std::map<std::int64_t, Level> asks_;
    FeedTrade last_trade_;
};

enum class FeedAnswer : std::uint8_t {
    messages = 1,     // none where there is nothing new
    fell_behind = 2,  // the next one is not kept any more: take a snapshot
    ahead = 3,        // the source has not come so far: it is another one; begin anew
};
struct FeedPage {
    FeedAnswer answer = FeedAnswer::messages;
    std::size_t count = 0;      // of what was asked for: how many came
    std::uint64_t through = 0;  // ask from here next
    std::uint64_t last = 0;     // the source's newest
};

class FeedSource {
  public:
    struct Options {
        std::int32_t vintage = 0;
        std::size_t kept = 4096;  // messages; their memory is taken at once
        std::uint32_t most_orders = kMostOrders;
    };
    // REQUIRES: kept > 0; most_orders <= kMostOrders.
    explicit FeedSource(const Options& options);

    // One message of one entry. An entry that is refused (number_out_of_place, order_unknown, …) changes nothing: the tape is not the one that
    // made this book.
    FeedFault apply(const TapeEntry& entry);

    // The messages behind `seq`, as many as `out` takes.
    [[nodiscard]] FeedPage since(std::uint64_t seq, std::span<FeedMessage> out) const;
    // The trades among them; what stands between is passed over. Cost: up to all that is kept.
    [[nodiscard]] FeedPage trades_since(std::uint64_t seq, std::span<FeedMessage> out) const;
    [[nodiscard]] FeedSnapshot snapshot() const;

    [[nodiscard]] const FeedBook& book() const { return book_; }
    [[nodiscard]] std::uint64_t seq() const { return seq_; }
    [[nodiscard]] std::size_t kept() const { return static_cast<std::size_t>(seq_ + 1 - first_); }

    // To go on after a stop: a snapshot, and beside it the exchange's ids of its orders, in their order. Readers see no difference, but for
    // the messages that were kept.
    [[nodiscard]] std::vector<std::uint64_t> order_ids() const;
    // REQUIRES: nothing was applied. Errors: as of a snapshot; wrong_length: not an id an order; order_exists: an id twice.
    FeedFault resume(const FeedSnapshot& snapshot, std::span<const std::uint64_t> order_ids);

  private:
    [[nodiscard]] FeedPage page_from(std::uint64_t seq) const;
    FeedFault translate(const TapeEntry& entry, FeedMessage& message) const;
    void forget_if_gone(std::uint64_t order_id);
    [[nodiscard]] const FeedMessage& kept_at(std::uint64_t seq) const {
        return ring_[static_cast<std::size_t>(seq % ring_.size())];
    }

    FeedBook book_;
    std::uint64_t seq_ = 0;
    std::uint64_t first_ = 1;        // the oldest that is kept
    std::vector<FeedMessage> ring_;  // message n at n mod its size
    std::unordered_map<std::uint64_t, std::uint64_t>
        numbers_;  // of what rests, by the exchange's id
};

enum class FeedRead : std::uint8_t {
    applied = 1,   // and whatever had waited for it
    repeated = 2,  // it is in the book already, or waits
    early = 3,     // others are missing before it; it waits, or is forgotten where too many do
    refused = 4,   // see fault()
};

// The other end. Takes messages in any order and any number of times, and snapshots.
class FeedReader {
  public:
    struct Options {
        std::int32_t vintage = 0;
        std::size_t most_waiting = 1024;
        std::uint32_t most_orders = kMostOrders;
    };
    explicit FeedReader(const Options& options);

    FeedRead apply(const FeedMessage& message);
    // An older one than the book, or one as old, is repeated: a book never goes back, unless it was lost.
    FeedRead apply(const FeedSnapshot& snapshot);

    [[nodiscard]] const FeedBook& book() const { return book_; }
    [[nodiscard]] std::uint64_t seq() const { return seq_; }
    // What is missing before the newest that it saw. None: nothing, as far as it knows.
    struct Gap {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        bool operator==(const Gap&) const = default;
    };
    [[nodiscard]] std::optional<Gap> gap() const;
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
    // A message of its number did not fit the book, so that one of them is wrong: only a snapshot helps.
    [[nodiscard]] bool is_lost() const { return lost_; }
    [[nodiscard]] FeedFault fault() const { return fault_; }  // of the last that was refused

  private:
    FeedRead refuse(FeedFault fault);
    FeedRead take(const FeedMessage& message);
    FeedRead take_waiting();
    FeedRead keep(const FeedMessage& message);

    Options options_;
    FeedBook book_;
    std::uint64_t seq_ = 0;
    std::uint64_t newest_ = 0;  // that it saw
    bool lost_ = false;
    FeedFault fault_ = FeedFault::none;
    std::map<std::uint64_t, FeedMessage> waiting_;
};

}  // namespace abate::exchange
