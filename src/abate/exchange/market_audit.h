// A second opinion on a market: it matches every order again with a book of its own, and says where the journal differs.
//
// It shares no code with Market: its book is two ordered maps of lists, its money 128-bit numbers in the books' auditor. It checks time and
// price, that nobody of one group meets, that a stop has its reason, cover and mandate at entry, every payment and delivery; not collars,
// holding limits and throttles, which only ever refuse, and refusals leave nothing.
#pragma once

#include "abate/exchange/market_event.h"
#include "abate/exchange/market_rules.h"
#include "abate/registry/registry.h"

#include <list>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace abate::exchange {

class MarketAuditor {
  public:
    // `books` must outlive it, and is told of every cover, payment and delivery.
    explicit MarketAuditor(registry::Auditor& books) : books_(&books) {}

    void set_rules(const MarketRules& rules, registry::AccountId fees);
    void set_traders(const std::vector<Trader>& traders) { traders_ = traders; }
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
        std::map<Int128, Queue> buys;
        std::map<Int128, Queue> sells;
        std::int64_t tick = 0;
        std::int64_t lot = 0;
        Int128 reference = 0;
        std::int64_t day = 0;
        Int128 day_quantity = 0;
        Int128 day_notional = 0;
        std::int64_t halted_until = INT64_MIN;
    };
    struct Day {
        std::int64_t day = 0;
        Int128 quantity = 0;
        Int128 value = 0;
    };

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product
    [[nodiscard]] Int128 money(Int128 price, Int128 quantity) const;
    [[nodiscard]] Int128 fee(Int128 notional) const;
    [[nodiscard]] registry::GroupId group(std::uint32_t trader) const;
    [[nodiscard]] bool deliverable(const Order& order, std::uint32_t book) const;
    [[nodiscard]] Queue::iterator find(Book& book, std::uint64_t id, Queue*& queue);
    void let_go(const Order& order, std::uint32_t vintage);
    void roll(Book& book, std::int64_t day);
    [[nodiscard]] std::optional<registry::Finding> enter(Book& book,
                                                         Order order,
                                                         const MarketEvent& event);
    [[nodiscard]] std::optional<registry::Finding> mandate(const Order& order, std::int64_t day);
    [[nodiscard]] std::optional<registry::Finding> end(Book& book, const MarketEvent& event);

    registry::Auditor* books_;
    MarketRules rules_;
    registry::AccountId fees_{};
    std::vector<Trader> traders_;
    std::map<std::uint32_t, Book> market_;
    std::map<std::uint32_t, Day> days_;
    std::set<std::uint64_t> ids_;
    std::int64_t last_us_ = INT64_MIN;
};

}  // namespace abate::exchange
