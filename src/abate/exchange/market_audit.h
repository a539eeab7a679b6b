// A second opinion on a market: it matches every order again with a book of its own, and says where the journal differs.
//
// It shares no code with Market: its book is two ordered maps of lists, its money 128-bit numbers in the books' auditor. It checks time and
// price, that nobody of one group meets, the hours, a call's price and who trades in it, that a stop has its reason, cover and mandate at entry,
// halts, embargoes, post only, every payment and delivery, and which trades are far from the reference price, by their numbers on the tape.
// Not checked: collars, holding limits, throttles, how many orders a key may have, who asked for a cancel, and that an order whose time is
// over, or a call, went at once.
#pragma once

#include "abate/exchange/market_event.h"
#include "abate/exchange/market_rules.h"
#include "abate/registry/registry.h"

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace abate::exchange {

class MarketAuditor {
  public:
    // `books` must outlive it, and is told of every cover, payment and delivery.
    explicit MarketAuditor(registry::Auditor& books) : books_(&books) {}

    void set_rules(const MarketRules& rules) { rules_ = rules; }
    // False: orders can only be cancelled.
    void set_trading(bool trading) { trading_ = trading; }
    void set_fees(registry::AccountId account) { fees_ = account; }
    void set_traders(std::vector<Trader> traders) { traders_ = std::move(traders); }
    // What a vintage trades by; said again: nothing.
    void set_book(std::uint32_t vintage, const BookTerms& terms);
    // The mean price by volume of the last day with trades before that of `at`, else the first trade's; 0: nobody traded.
    [[nodiscard]] std::int64_t reference_micro(std::uint32_t vintage, Timestamp at) const;
    // As of Market.
    void set_halt(std::uint32_t vintage, const BookHalt& halt);
    [[nodiscard]] const std::deque<FarTrade>& far_trades() const { return far_; }
    void annul(std::uint32_t vintage, std::uint64_t seq);
    // The first thing about this event that does not follow from the ones before it.
    [[nodiscard]] std::optional<registry::Finding> check(const MarketEvent& event);

  private:
    struct Order {
        std::uint64_t id = 0;
        std::uint32_t trader = 0;
        Side side = Side::buy;
        Int128 price = 0;
        Int128 left = 0;
        std::int64_t until = 0;
        registry::AccountId cash{};
        registry::AccountId holding{};
    };
    using Queue = std::list<Order>;
    struct Book {
        BookTerms terms;
        std::map<Int128, Queue> buys;
        std::map<Int128, Queue> sells;
        std::map<std::uint64_t, Queue::iterator> orders;  // by id
        Int128 reference = 0;
        std::int64_t day = 0;
        Int128 day_quantity = 0;
        Int128 day_notional = 0;
        std::int64_t halted_until = INT64_MIN;
        std::set<std::uint64_t> collected;  // in a call that is not over
        std::int64_t call_ends = 0;
        BookHalt said;
        std::uint64_t changes = 0;  // of what rests, so far: each has its number on the tape
    };
    struct Sum {
        Int128 quantity = 0;
        Int128 value = 0;
    };
    // Of a trader: bought less sold in the day, and what is open of each side.
    struct Exposure {
        std::int64_t day = 0;
        Sum net;
        Sum buys;
        Sum sells;
    };

    [[nodiscard]] static Int128 fee(const Book& book, Int128 notional);
    [[nodiscard]] static Int128 money(const Book& book, Int128 price, Int128 quantity);
    [[nodiscard]] registry::GroupId group(std::uint32_t trader) const;
    [[nodiscard]] bool deliverable(const Order& order) const;
    [[nodiscard]] Exposure& exposure(std::uint32_t trader, std::int64_t day);
    // So much of an order is open, or is not any more.
    void open(const Order& order, Int128 quantity);
    // Its cover is free.
    void let_go(const Book& book, const Order& order, std::uint32_t vintage);
    void forget(Book& book, const Order& order);
    static void roll(Book& book, std::int64_t day);
    [[nodiscard]] std::optional<registry::Finding> enter(Book& book,
                                                         Order order,
                                                         const MarketEvent& event);
    [[nodiscard]] std::optional<registry::Finding> check_mandate(const Order& order,
                                                                 std::int64_t day);
    struct Trade {
        Order& buyer;
        Order& seller;
        Int128 price;
        Int128 quantity;
    };
    [[nodiscard]] std::optional<registry::Finding> pay(Book& book,
                                                       const Trade& trade,
                                                       const Operation& o);
    [[nodiscard]] std::optional<registry::Finding> end(Book& book, const MarketEvent& event);
    struct Hours {
        bool collects = false;
        bool matches = false;
        std::int64_t until = INT64_MAX;
    };
    [[nodiscard]] Hours hours(const Book& book, std::int64_t at_us) const;
    [[nodiscard]] std::optional<registry::Finding> check_hours(const Book& book,
                                                               const MarketEvent& event) const;
    [[nodiscard]] std::optional<registry::Finding> gather(Book& book,
                                                          const Order& order,
                                                          const Operation& o);
    struct Uniform {
        Int128 price = 0;
        Int128 volume = 0;
    };
    [[nodiscard]] Uniform uniform_price(const Book& book) const;
    [[nodiscard]] std::optional<registry::Finding> call(Book& book, const MarketEvent& event);

    std::deque<FarTrade> far_;
    registry::Auditor* books_;
    MarketRules rules_;
    bool trading_ = true;
    registry::AccountId fees_{};
    std::vector<Trader> traders_;
    std::map<std::uint32_t, Book> market_;
    std::map<std::uint32_t, Exposure> exposures_;
    std::set<std::uint64_t> ids_;
    std::int64_t last_us_ = INT64_MIN;
};

}  // namespace abate::exchange
