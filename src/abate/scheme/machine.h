// The scheme's part of the one state machine. Start at scheme.h.
#pragma once

#include "abate/scheme/decide.h"
#include "abate/scheme/event.h"

#include <optional>
#include <vector>

namespace abate::scheme {

class Scheme {
  public:
    explicit Scheme(Venue venue) : venue_(venue) {}

    // What a command would do. `journaled`: an event must be kept, of a refusal too. Checks, in order: the bytes, the key, the signature,
    // whether the id was used, the key's state, its right, then what the command itself needs. Some 60 us, most of it the signature.
    // `find_trade`: of the market; null: it has none.
    struct Plan {
        Reason reason = Reason::ok;
        bool journaled = false;
        bool proposed = false;  // waits for a second person
        std::vector<registry::Command> postings;
        std::int64_t number = 0;  // goes into the event
    };
    [[nodiscard]] Plan decide(const Envelope& envelope,
                              Timestamp now,
                              const registry::Registry& books,
                              const FindTrade* find_trade = nullptr) const;

    // The next thing whose time has come at `now`.
    [[nodiscard]] std::optional<Due> next_due() const;
    // `market_reference_micro`: see Look.
    [[nodiscard]] DueDecision decide_due(const Due& due,
                                         Timestamp now,
                                         const registry::Registry& books,
                                         std::int64_t market_reference_micro) const;

    // Does again what was done. False, and nothing done, where the event cannot follow: unreadable, before its time, a proposal that is
    // not there.
    [[nodiscard]] bool fold(const Event& event);

    [[nodiscard]] const State& state() const { return state_; }
    [[nodiscard]] const Venue& venue() const { return venue_; }

  private:
    [[nodiscard]] Reason authorize(const Envelope& envelope,
                                   const Command& command,
                                   Timestamp now) const;
    [[nodiscard]] Plan decide_approval(const Envelope& envelope,
                                       const Approve& approve,
                                       const Look& look) const;
    [[nodiscard]] Reason decide_withdraw(const Envelope& envelope, const Withdraw& withdraw) const;
    [[nodiscard]] bool fold_command(const Event& event);

    Venue venue_;
    State state_;
};

}  // namespace abate::scheme
