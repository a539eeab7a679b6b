// Reads the journal as it grows, event by event, with books of its own: what must hold does at every prefix.
//
// For each asset all accounts add up to zero; nothing is below zero but the other side of the books and a debt; nothing is promised that is
// not there; no id is done twice; time only goes forward; a settled promise stays settled; an order that was met or ended rested; what an
// order can cost stays promised until it ends (fees are not known here). It shares the reading of bytes with the engine,
// and nothing that decides or does.
#pragma once

#include "abate/engine/engine.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace abate::simulation {

class JournalReader {
  public:
    // Whose orders are paid from where. Before the first order.
    struct Accounts {
        registry::AccountId holding{};
        registry::AccountId cash{};
    };
    void know_trader(std::uint32_t number, const Accounts& accounts) {
        traders_[number] = accounts;
    }
    // What is new since the last call. Throws Failure.
    void read(engine::Journal& journal);

    [[nodiscard]] std::uint64_t events() const { return last_seq_; }

  private:
    using Where = std::pair<registry::AccountId, registry::Asset>;
    struct Resting {
        std::uint32_t trader = 0;
        exchange::Side side = exchange::Side::buy;
        std::uint32_t book = 0;
        std::int64_t price_micro = 0;
        std::int64_t left = 0;
    };
    void follow(const registry::Event& event);
    void follow(const exchange::MarketEvent& event);
    [[nodiscard]] Where cover_of(const Resting& order) const;
    void cover(const Resting& order, std::int64_t sign);
    void deliver(const Where& from, registry::AccountId to, std::int64_t amount);
    void move(const registry::Command& c, std::int64_t amount);
    void check(const Where& where) const;

    std::uint64_t last_seq_ = 0;
    engine::Digest head_;
    Timestamp last_{INT64_MIN};
    std::map<registry::AccountId, registry::AccountKind> kinds_;
    std::map<Where, std::int64_t> has_;
    std::map<Where, std::int64_t> promised_;
    std::map<registry::TransferId, registry::Command> open_;
    std::set<registry::TransferId> used_;
    std::map<std::uint32_t, Accounts> traders_;
    std::map<std::uint64_t, Resting> orders_;
    std::set<std::uint64_t> order_ids_;
};

}  // namespace abate::simulation
