// A market: orders with rights, limits and cover, and trades that settle in the books as they happen.
//
//     Market market;
//     market.open_book(2027);
//     market.set_trader(0, {.participant = lab, .group = ..., .holding = ..., .cash = ..., .may_trade = true, ...});
//     const OrderReason reason = market.apply(operation, {.books = registry, .now = now, .out = payload});
//
// What is done stands in `out` as an event (market_event.h); what is refused leaves nothing, and its id is free. The same state comes of
// folding the events in order, in books that are as they were: fold() asks no rule, limit or clock.
//
// An order's cover is reserved when it comes, and is the whole of what it can cost: a buyer's money at the limit with the fee, a seller's
// allowances. So a trade can never fail; what the two sides get for each other moves at once, or neither. A replacement, an end or a better
// price gives back what is not needed any more. The sum of all covers is what the books have reserved: cover() says it.
//
// Asked in this order: trader_unknown, order_exists and order_exists_with_different_fields, not_permitted, embargoed, throttled, book_unknown,
// market_halted, what is wrong with quantity and price, price_outside_collar, expired, account_shut (there is none), notional_too_large, post
// only, fill or kill, book_full, too_many_orders, mandate_quantity_exceeded, mandate_value_exceeded, holding_limit_exceeded, account_shut,
// insufficient_balance. Cancelling and replacing: trader_unknown, throttled (not cancelling), book_unknown, order_unknown,
// order_of_another, and of a replacement the same as of an order. A cancel is done in a halt, and by a key that may trade no more.
//
// In the hours of a call orders are collected, not matched (market_rules.h, Session); at its end advance_time() does what can be done at one
// price. Asked then: market_closed and not_in_a_call behind market_halted; what is wrong with quantity and price, price_outside_collar, expired,
// account_shut, notional_too_large, would_meet_own_group, and on as above. A call takes limit orders, and nothing that a call could not fill is
// lost: it rests. A call's price lies within the collar.
//
// Not thread-safe. Each command works on the orders that it meets, and on nothing else; one that comes in a call, on those of its own group's
// other side, and the call itself on all orders that could trade in it.
#pragma once

#include "abate/exchange/call.h"
#include "abate/exchange/market_event.h"
#include "abate/exchange/market_rules.h"
#include "abate/exchange/order.h"
#include "abate/exchange/order_ids.h"
#include "abate/exchange/tape.h"
#include "abate/registry/registry.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

namespace abate::exchange {

class TapeSink {
  public:
    virtual ~TapeSink() = default;
    virtual void on(const TapeEntry& entry) = 0;
};

class Market {
  public:
    explicit Market(std::uint64_t hash_seed = 0x5eed);

    void set_rules(const MarketRules& rules) { rules_ = rules; }
    // False: orders can only be cancelled, and a call that is over waits.
    void set_trading(bool trading) { trading_ = trading; }
    // Adds or changes one. REQUIRES: number <= how many there are.
    void set_trader(std::uint32_t number, const Trader& trader);
    // Where fees go; none: nobody pays one.
    void set_fees(registry::AccountId account) { fees_account_ = account; }
    // A vintage becomes a market; a second time: nothing. REQUIRES: a vintage that there is, a tick and a lot above 0.
    void open_book(std::uint32_t vintage, const BookTerms& terms = {});
    // The latest word of a supervisor; said again: nothing.
    void set_halt(std::uint32_t vintage, const BookHalt& halt);
    // Trades far from the reference price, the oldest first, as long as the rules let them be annulled.
    [[nodiscard]] const std::deque<FarTrade>& far_trades() const { return far_; }
    // What it moved in the books was moved back: it counts no more for mandates and the reference price of the next day. One that is not
    // among far_trades(): nothing.
    struct TradeId {
        std::uint32_t vintage = 0;
        std::uint64_t seq = 0;
    };
    void annul(const TradeId& trade);
    // From which collars and halts are measured; 0: none yet.
    void set_reference(std::uint32_t vintage, std::int64_t micro);
    // How many allowances more the group of a participant may hold; none: as many as it likes. Asked when somebody wants to buy.
    struct Room {
        registry::ParticipantId participant{};
        std::uint32_t vintage = 0;
        Timestamp now = {};
    };
    using HoldingRoom = std::function<std::optional<std::int64_t>(const Room&)>;
    void set_holding_room(HoldingRoom room) { holding_room_ = std::move(room); }
    // Sees every change of what rests, those of folding too; null: nobody.
    void set_tape(TapeSink* tape) { tape_ = tape; }

    struct Frame {
        registry::Registry& books;
        Timestamp now;    // not before any event so far
        EventBytes& out;  // events go to its end
    };
    // `operation.at_us` is not asked: time is the frame's. `operation.participant` is the trader's number, `book` the vintage.
    OrderReason apply(const Operation& operation, const Frame& frame);
    // What the order of the last apply() that was done met. Until the next call.
    [[nodiscard]] std::span<const Met> met() const { return met_; }
    // Orders whose time is over at `until`, in the order of (time, id), and calls that are over, as events of the frame's time; of one moment the
    // orders first. How many events they were.
    std::uint32_t advance_time(Timestamp until, const Frame& frame) {
        return due_.empty() && collected_ == 0 ? 0 : do_what_is_due(until, frame);
    }
    [[nodiscard]] std::optional<Timestamp> next_due() const;
    // All orders of a trader, or of all traders of a participant, go. How many.
    std::uint32_t sweep(std::uint32_t trader, const Frame& frame);
    std::uint32_t sweep(registry::ParticipantId participant, const Frame& frame);

    // Does again what was done. False where the event cannot follow; the market and the books are then of no use.
    [[nodiscard]] bool fold(const MarketEvent& event, registry::Registry& books);

    // For a snapshot; tape, rules, terms of books, traders and accounts are not in it.
    void append_snapshot(std::string& out) const;
    // In a market whose rules, books and traders are as they were, and books that have what is covered. False where that cannot be; it is then of
    // no use. REQUIRES: nothing was applied.
    [[nodiscard]] bool restore(std::string_view bytes, registry::Registry& books);
    // Traders who may trade no more, or with other accounts, and whose orders still rest: they are swept.
    [[nodiscard]] bool has_stale() const { return stale_ > 0; }
    std::uint32_t sweep_stale(const Frame& frame);

    // The tables are asked for an operation ahead of its turn.
    void prefetch(const Operation& operation) const {
        if (operation.kind == OperationKind::place) ids_.prefetch(operation.order_id);
        if (const Venue* venue = find_venue(operation.book))
            venue->book.prefetch(operation.order_id);
    }

    [[nodiscard]] Timestamp last_time() const { return last_; }
    [[nodiscard]] std::uint32_t traders() const {
        return static_cast<std::uint32_t>(traders_.size());
    }
    [[nodiscard]] const OrderBook* book(std::uint32_t vintage) const;
    [[nodiscard]] std::int64_t reference_micro(std::uint32_t vintage, Timestamp at) const;
    // 0: no such book.
    [[nodiscard]] std::int64_t tick_micro(std::uint32_t vintage) const;
    [[nodiscard]] std::optional<Timestamp> halted_until(std::uint32_t vintage) const;
    // What the book does at that time. A call that has orders ends when it was to end when the first came, or with a halt that lasts longer.
    [[nodiscard]] PhaseAt phase(std::uint32_t vintage, Timestamp at) const;
    // What a call would do if it ended now and all of its orders could be settled; none: none runs.
    [[nodiscard]] std::optional<CallResult> indicative(std::uint32_t vintage, Timestamp at) const;
    struct OrderView {
        std::uint64_t id = 0;
        Side side = Side::buy;
        std::int64_t price_micro = 0;
        std::int64_t quantity = 0;  // what is left of it
        std::uint32_t owner = 0;    // the trader's number
        bool in_call = false;       // collected, and not in book()
    };
    // An order that is in the market; none: it is not, or no more.
    [[nodiscard]] std::optional<OrderView> order(std::uint32_t vintage, std::uint64_t id) const;
    // All of them: those of the book by side, price and time, then those that the call has collected, by time.
    void for_each_order(std::uint32_t vintage,
                        const std::function<void(const OrderView&)>& visit) const;
    // A pass over all that rests: what its cover must be, in money and in allowances.
    struct Cover {
        Int128 money = 0;
        Int128 allowances = 0;
        bool operator==(const Cover&) const = default;
    };
    [[nodiscard]] Cover cover() const;
    // In the trader's day: bought less sold.
    struct Net {
        std::int64_t quantity = 0;
        Int128 value_micro = 0;
        std::uint32_t open_orders = 0;
    };
    [[nodiscard]] Net net_of(std::uint32_t trader) const;

  private:
    using BalanceRef = registry::Registry::BalanceRef;
    struct Position {
        BalanceRef holding;
        std::int64_t open_buy = 0;
        std::int64_t open_sell = 0;
    };
    // What a maker's trade touches comes first, in two lines of the cache.
    struct alignas(64) TraderState {
        registry::GroupId group{};  // as in `is`
        BalanceRef cash;
        std::vector<Position> positions;  // by venue
        std::int64_t day = INT64_MIN;
        // Money and allowances that there are: 64 bits hold them. In all books.
        std::int64_t net_quantity = 0;
        std::int64_t net_value = 0;
        std::int64_t open_buy = 0;
        std::int64_t open_sell = 0;
        std::int64_t open_buy_value = 0;  // at their limits
        Int128 open_sell_value = 0;       // of what nobody may ever have
        std::uint32_t open_orders = 0;
        std::uint32_t in_second = 0;
        std::int64_t second = INT64_MIN;
        Trader is;
        // Those that `cash` and the positions keep.
        registry::AccountId cash_account{};
        registry::AccountId holding_account{};
        bool stale = false;
    };
    // Orders that a call has collected, by arrival.
    struct Collected {
        std::uint64_t id = 0;
        Side side = Side::buy;
        std::int64_t limit = 0;  // micro-units
        std::int64_t left = 0;
        std::uint32_t owner = 0;
    };
    struct Pool {
        using Arrival = std::map<std::uint64_t, Collected>::iterator;
        std::map<std::uint64_t, Collected> orders;                  // by arrival
        std::unordered_map<std::uint64_t, std::uint64_t> arrivals;  // by id
        std::uint64_t next = 0;
        std::int64_t ends_us = INT64_MAX;  // where it has orders
    };
    struct Venue {
        explicit Venue(const OrderBook::Options& options) : book(options) {}
        std::uint32_t vintage = 0;
        std::uint32_t number = 0;
        BookTerms terms;
        OrderBook book;
        std::int64_t reference = 0;
        std::int64_t halted_until = INT64_MIN;
        BookHalt said;  // by a supervisor
        std::int64_t day = INT64_MIN;
        Int128 day_notional = 0;
        std::int64_t day_quantity = 0;
        std::uint64_t tape_seq = 0;
        Pool pool;
    };
    // One side of a trade, or an order that comes.
    struct Part {
        TraderState* trader;
        Position* position;
        std::int64_t limit;  // micro-units
        std::int64_t left;
    };
    struct Due {
        std::int64_t us;
        std::uint64_t order_id;
        std::uint32_t venue;
        auto operator<=>(const Due&) const = default;
    };
    class Judge;
    class Recorded;

    [[nodiscard]] Venue* find_venue(std::uint32_t vintage) const {
        for (const auto& venue : venues_)
            if (venue->vintage == vintage) return venue.get();
        return nullptr;
    }
    [[nodiscard]] std::int64_t money_for(
        const Venue& venue,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
        std::int64_t price_micro,
        std::int64_t quantity) const;
    [[nodiscard]] std::int64_t fee_of(const Venue& venue, std::int64_t notional) const;
    [[nodiscard]] std::int64_t day_of(Timestamp at) const {
        const auto since =
            static_cast<std::uint64_t>(at.us) - static_cast<std::uint64_t>(day_begins_);
        return since < static_cast<std::uint64_t>(kDayUs) ? day_ : other_day(at);
    }
    [[nodiscard]] std::int64_t other_day(Timestamp at) const;
    void roll(TraderState& trader, Timestamp at);
    void roll(Venue& venue, Timestamp at);
    [[nodiscard]] std::int64_t reference_at(const Venue& venue, Timestamp at) const;
    [[nodiscard]] bool is_halted(const Venue& venue, Timestamp now) const {
        return !trading_ || now.us < std::max(venue.halted_until, venue.said.until_us);
    }
    [[nodiscard]] OrderReason check_right(const TraderState& trader, Timestamp now) const;

    // An order, resolved: what it may cost at most, and what it does with what is not filled.
    struct Order {
        Operation operation;  // with price and quantity
        Venue* venue;
        TraderState* trader;
        std::int64_t limit = 0;  // micro-units
        bool may_rest = false;
    };
    [[nodiscard]] OrderReason check_form(const Venue& venue, const Operation& operation) const;
    // Price times quantity is a number that a book can have, with its fee.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
    [[nodiscard]] static bool has_notional(std::int64_t price_micro, std::int64_t quantity);
    [[nodiscard]] static std::uint32_t mark_of(const Operation& o);
    [[nodiscard]] OrderReason resolve(Order& order, Timestamp now) const;
    struct Reach {
        std::int64_t quantity = 0;
        std::int64_t worst_micro = 0;
    };
    [[nodiscard]] Reach reach(const Order& order,
                              const registry::Registry& books,
                              Timestamp now) const;
    // `already`: what the order that it replaces has of the same.
    [[nodiscard]] OrderReason check_limits(const Order& order,
                                           const Part* already,
                                           Timestamp now) const;
    [[nodiscard]] OrderReason check_cover(const Order& order,
                                          const Part* already,
                                          registry::Registry& books) const;
    [[nodiscard]] bool has_room(const TraderState& buyer,
                                const Venue& venue,
                                std::int64_t quantity,
                                Timestamp now) const;
    [[nodiscard]] bool can_trade(const TraderState& trader,
                                 const Position& position,
                                 Side side,
                                 const registry::Registry& books) const;
    // find_balances() and open_found() have nothing to do.
    [[nodiscard]] bool has_balances(const TraderState& trader, const Venue& venue) const {
        return trader.positions.size() > venue.number && trader.cash.opened() &&
               trader.positions[venue.number].holding.opened() &&
               trader.cash_account == trader.is.cash &&
               trader.holding_account == trader.is.holding &&
               (venue.terms.fee_ppm == 0 || fees_.opened());
    }
    // Where the trader's money and allowances are; those are made that it never had before. False: no such accounts.
    [[nodiscard]] bool find_balances(TraderState& trader,
                                     const Venue& venue,
                                     const registry::Registry& books) const;
    // REQUIRES: find_balances() was true for them.
    [[nodiscard]] bool open_found(TraderState& trader,
                                  const Venue& venue,
                                  registry::Registry& books);
    [[nodiscard]] bool open_balances(TraderState& trader,
                                     const Venue& venue,
                                     registry::Registry& books);

    OrderReason place(const Operation& operation, const Frame& frame);
    OrderReason replace(const Operation& operation, const Frame& frame);
    OrderReason cancel(const Operation& operation, const Frame& frame);
    [[nodiscard]] OrderReason throttle(TraderState& trader, Timestamp now) const;

    // Into what is open (sign 1) or out of it (-1).
    static void count(const Part& part, Side side, int sign);
    [[nodiscard]] bool read_order(std::string_view& bytes,
                                  Venue& venue,
                                  bool in_call,
                                  registry::Registry& books);
    [[nodiscard]] bool read_venue(std::string_view& bytes, registry::Registry& books);
    void enter(const Venue& venue, const Part& part, Side side, registry::Registry& books);
    void leave(const Venue& venue, const Part& part, Side side, registry::Registry& books);
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a trade is said
    void fill(const Part& part, Side side, std::int64_t quantity, std::int64_t price);
    template <class Judging>
    void match(const Order& order, Timestamp at, registry::Registry& books, Judging& judging);
    struct Deal {
        const Part& buyer;
        const Part& seller;
        std::int64_t quantity;
        std::int64_t price;
    };
    void settle(const Venue& venue, const Deal& deal, registry::Registry& books);
    // Settles a trade, counts it into the day, and tells it. REQUIRES: both sides are of the day.
    struct TradeSides {
        Side side;  // of the order that the tape calls the maker
        std::uint64_t maker;
        registry::ParticipantId owner;
        std::uint64_t taker_id;
        registry::ParticipantId taker;
    };
    void trade(Venue& venue,
               const Deal& deal,
               const TradeSides& sides,
               Timestamp at,
               registry::Registry& books);
    // An order has come to rest, in the book or in a call.
    struct Rested {
        std::int64_t limit;
        std::int64_t left;
        Timestamp at;
    };
    void keep_resting(Venue& venue, const Operation& o, const Rested& rested);
    // Where an order is: in the book, or among those that the call has collected.
    struct Place {
        std::uint32_t in_book = OrderBook::kNone;
        Pool::Arrival arrival = {};  // where it is not in the book
        [[nodiscard]] bool in_call() const { return in_book == OrderBook::kNone; }
        [[nodiscard]] Collected& collected() const { return arrival->second; }
    };
    [[nodiscard]] static std::optional<Place> find_order(Venue& venue, std::uint64_t id);
    [[nodiscard]] static Side side_of(const Venue& venue, const Place& place);
    [[nodiscard]] static std::uint64_t id_of(const Venue& venue, const Place& place);
    // Where it is far enough from the reference price.
    void keep_far(const Venue& venue, const Deal& deal, Timestamp at);
    // The orders of the book on one side, best first, then time, until `visit` says false.
    template <class Visit>
    static void for_each_in_book(const Venue& venue, Side side, Visit&& visit);
    [[nodiscard]] static OrderView view_of(const Collected& order);
    [[nodiscard]] Part part_of(Venue& venue, std::uint32_t place);
    [[nodiscard]] Part part_of(Venue& venue, const Place& place);
    [[nodiscard]] std::uint32_t owner_of(const Venue& venue, const Place& place) const;
    // An order ends that was not filled: its cover is free, and the tape says why.
    struct Ending {
        Removal why;
        Timestamp at;
    };
    void take_out(Venue& venue,
                  const Place& place,
                  const Ending& ending,
                  registry::Registry& books);
    std::uint32_t do_what_is_due(Timestamp until, const Frame& frame);
    void end_order(Venue& venue, const Place& place, MarketEventKind kind, const Frame& frame);
    // Every change has its number, whether somebody reads it or not; `make` says what it was.
    template <class Make>
    void tell(Venue& venue, const Make& make);
    void count_command(TraderState& trader, Timestamp now) const;
    [[nodiscard]] static bool reduce_only(const Part& before, const Operation& operation);
    void shrink(Venue& venue,
                const Place& place,
                const Operation& operation,
                Timestamp at,
                registry::Registry& books);
    void forget_stale() const;

    // ---- calls (market_call.cpp)
    [[nodiscard]] PhaseAt phase(const Venue& venue, Timestamp at) const;
    [[nodiscard]] Part part_of(const Venue& venue, const Collected& order);
    [[nodiscard]] bool would_meet_own_group(const Venue& venue, const Order& order) const;
    OrderReason collect(Order& order, const Frame& frame);
    OrderReason recollect(const Order& order, const Part& already, const Frame& frame);
    [[nodiscard]] static std::size_t orders_in(const Venue& venue) {
        return venue.book.size() + venue.pool.orders.size();
    }
    // Of a call that has orders.
    [[nodiscard]] static std::optional<std::int64_t> call_end(const Venue& venue) {
        return venue.pool.orders.empty() ? std::nullopt : std::optional(venue.pool.ends_us);
    }
    struct Collecting {
        Timestamp at;
        std::optional<std::int64_t> ends_us = {};  // of the call that it was part of
    };
    void pool_order(Venue& venue,
                    const Operation& o,
                    const Collecting& collecting,
                    registry::Registry& books);
    void fill_order(Venue& venue, const Place& place, std::int64_t quantity);
    struct Gathered;  // all that could trade in a call
    [[nodiscard]] Gathered gather(const Venue& venue) const;
    [[nodiscard]] std::optional<CallTerms> call_terms(const Venue& venue, Timestamp at) const;
    std::uint32_t clear_the_way(Venue& venue, const Frame& frame);
    // Of the buyers who are filled, those whose group would hold too much by it.
    [[nodiscard]] std::vector<std::uint64_t> beyond_room(const Venue& venue,
                                                         const Gathered& gathered,
                                                         const CallResult& result,
                                                         Timestamp now) const;
    std::uint32_t call(Venue& venue, const Frame& frame);
    struct CallSaid {
        std::int64_t price_micro = 0;
        std::span<const Met> buys = {};
        std::span<const Met> sells = {};
    };
    [[nodiscard]] bool settle_call(Venue& venue,
                                   const CallSaid& said,
                                   Timestamp at,
                                   registry::Registry& books);
    [[nodiscard]] bool fold_called(Venue& venue,
                                   const MarketEvent& event,
                                   registry::Registry& books);
    // That ends next; null: no order waits for one, or the market is halted.
    [[nodiscard]] Venue* next_call() const;
    [[nodiscard]] static std::int64_t due_us(const Venue& venue);

    std::uint64_t seed_;
    MarketRules rules_;
    bool trading_ = true;
    registry::AccountId fees_account_{};
    BalanceRef fees_;
    HoldingRoom holding_room_;
    TapeSink* tape_ = nullptr;
    OrderIds ids_;
    std::vector<std::unique_ptr<Venue>> venues_;
    std::vector<TraderState> traders_;
    std::uint32_t stale_ = 0;
    Timestamp last_{INT64_MIN};
    mutable std::int64_t day_ = 0;  // the last that was asked for
    mutable std::int64_t day_begins_ = 0;
    std::vector<Met> met_;  // of the command at hand
    std::deque<FarTrade> far_;
    // Soonest first; what went before its time stays until it comes to the top.
    mutable std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    std::size_t collected_ = 0;                            // orders that calls have, in all books
    mutable std::map<std::uint64_t, std::int64_t> until_;  // orders that rest for a time, by id
};

template <class Visit>
void Market::for_each_in_book(const Venue& venue, Side side, Visit&& visit) {
    venue.book.for_each_level(side, [&](const LevelView& level) {
        for (std::uint32_t at = level.first; at != OrderBook::kNone; at = venue.book.next(at)) {
            const Resting& order = venue.book.at(at);
            if (!visit(OrderView{.id = order.id,
                                 .side = side,
                                 .price_micro = level.price * venue.terms.tick_micro,
                                 .quantity = order.quantity,
                                 .owner = order.owner}))
                return false;
        }
        return true;
    });
}

template <class Make>
void Market::tell(Venue& venue, const Make& make) {
    const std::uint64_t seq = ++venue.tape_seq;
    if (tape_ == nullptr) return;
    TapeEntry entry = make();
    entry.seq = seq;
    entry.vintage = static_cast<std::int32_t>(venue.vintage);
    tape_->on(entry);
}

}  // namespace abate::exchange
