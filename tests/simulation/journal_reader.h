// Reads the journal as it grows, event by event, with books of its own: what must hold does at every prefix.
//
// For each asset all accounts add up to zero; nothing is below zero but the other side of the books and a debt; nothing is promised that is
// not there; no id is done twice; time only goes forward; a settled promise stays settled. It shares the reading of bytes with the engine,
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
    // What is new since the last call. Throws Failure.
    void read(engine::Journal& journal);

    [[nodiscard]] std::uint64_t events() const { return last_seq_; }

  private:
    using Where = std::pair<registry::AccountId, registry::Asset>;
    void follow(const registry::Event& event);
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
};

}  // namespace abate::simulation
