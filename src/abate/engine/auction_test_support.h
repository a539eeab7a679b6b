// A desk whose scheme holds auctions: 40,000 allowances of 2027, issued, and firms f1, f2, ... with 1,000 EUR each.
//
//     AuctionDesk desk(european_rules());
//     const TransferId id = desk.begin(3'000);          // announced, and its window open
//     desk.bid(1, id, 70.10, 1'000);                    // of f1, at 70.10 EUR for 1,000 allowances
//     desk.close(id);
//     desk.result(id).price_micro;
#pragma once

#include "abate/engine/year_test_support.h"

#include <cmath>
#include <string>

namespace abate::engine {

// Prices of these tests are euros for 1,000 allowances, as people deal: a micro-unit of one allowance is a thousandth of that.
inline std::int64_t euros(double per_thousand) { return std::llround(per_thousand * 1000); }

// 100,000 allowances of 2027, 40,000 of them auctioned, 20,000 in the containment reserve.
inline scheme::Rules auction_rules() {
    scheme::Rules rules = year_rules();
    rules.cap.first_cap = 100'000;
    rules.cap.free_share = {300'000};
    rules.cap.auction_share = {400'000};
    rules.cap.entrant_share = {100'000};
    rules.cap.containment_share = {200'000};
    rules.auction.auctions = true;
    rules.auction.lot = 500;
    rules.auction.tick_micro = 10;
    rules.auction.window_h = 2;
    return rules;
}
inline scheme::Rules european_rules() {
    scheme::Rules rules = auction_rules();
    rules.auction.on_shortfall = scheme::Shortfall::cancel;
    rules.auction.respread_auctions = 4;
    return rules;
}

class AuctionDesk : public YearDesk {
  public:
    explicit AuctionDesk(const scheme::Rules& rules = auction_rules(), std::uint64_t firms = 4)
        : YearDesk(rules) {
        publish_calendar();
        for (std::uint64_t id = 1; id <= firms; ++id) {
            add_firm(id, "f" + std::to_string(id));
            pay_in(id, 1'000'000'000);  // 1,000 EUR
        }
        open(2027);
        issue_cap(2027);
    }
    void pay_in(std::uint64_t firm, std::int64_t micro) {
        ok("ada",
           scheme::Deposit{.account = scheme::AccountId{102 + 10 * firm},
                           .amount_micro = micro,
                           .bank_reference = "R" + std::to_string(++references_)});
    }
    [[nodiscard]] scheme::OpenAuction notice(std::int64_t quantity) const {
        return {.vintage = 2027,
                .quantity = quantity,
                .opens_at = {now().us + kHourUs},
                .closes_at = {now().us + 4 * kHourUs},
                .reference_price_micro = 0,
                .reference = ""};
    }
    scheme::TransferId announce(const scheme::OpenAuction& said) {
        ok("ada", "bo", said);
        return last_id();
    }
    // Open, and its window too.
    scheme::TransferId begin(std::int64_t quantity) {
        const scheme::TransferId id = announce(notice(quantity));
        pass(kHourUs);
        return id;
    }
    static scheme::PlaceBid bid_of(std::uint64_t firm, const scheme::TransferId& auction) {
        return {.participant = scheme::ParticipantId{firm},
                .auction = auction,
                .from = scheme::AccountId{102 + 10 * firm},
                .to = scheme::AccountId{100 + 10 * firm},
                .price_micro = 0,
                .quantity = 0};
    }
    scheme::Reason bid(std::uint64_t firm,
                       const scheme::TransferId& auction,
                       double price,
                       std::int64_t quantity) {
        scheme::PlaceBid c = bid_of(firm, auction);
        c.price_micro = euros(price);
        c.quantity = quantity;
        return ask("f" + std::to_string(firm) + "-1", c);
    }
    void close(const scheme::TransferId& auction) {
        set_time(at(auction).notice.said.closes_at);
        tick();
    }
    [[nodiscard]] const scheme::Auction& at(const scheme::TransferId& id) const {
        return state().auction.auctions.at(id);
    }
    [[nodiscard]] const scheme::PublishedResult& result(const scheme::TransferId& id) const {
        return *at(id).result;
    }
    [[nodiscard]] std::int64_t fill(std::uint64_t firm, const scheme::TransferId& auction) const {
        std::int64_t sum = 0;
        for (const auto& [id, each] : at(auction).bids)
            if (each.participant == scheme::ParticipantId{firm}) sum += each.fill;
        return sum;
    }
    [[nodiscard]] std::int64_t held(std::uint64_t firm) const {
        return balance(100 + 10 * firm, 2027).posted;
    }
    [[nodiscard]] std::int64_t cash(std::uint64_t firm) const { return money(102 + 10 * firm); }
    [[nodiscard]] std::int64_t promised(std::uint64_t firm) const {
        const registry::Balance is =
            engine().registry().balance(scheme::AccountId{102 + 10 * firm}, registry::Asset::cash);
        return is.posted - is.available();
    }
    [[nodiscard]] const Engine& engine() const {
        return const_cast<AuctionDesk*>(this)->YearDesk::engine();
    }
    Engine& engine() { return YearDesk::engine(); }

  private:
    int references_ = 0;
};

}  // namespace abate::engine
