// A second opinion on a journal: re-decides every command with rules of its own, and says where the journal differs.
//
//     Auditor auditor;
//     for (each event of the journal)
//         if (std::optional<Finding> finding = auditor.check(event)) ...   // field, expected, found
//     std::optional<Finding> end = auditor.balance();                      // issued = held + retired
//
// Of a chain that was refused the journal has the refused command alone, with kLinked: that one is not decided again, since what was tried
// before it is not there. It moves nothing.
//
// It shares no code with Registry but the shape of commands and events: its books are ordered maps of 128-bit numbers and its table of
// who may give what to whom is a list of triples. Slow and plain on purpose (some 200,000 events a second).
#pragma once

#include "abate/registry/machine.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace abate::registry {

struct Finding {
    std::string field;  // "reason", "amount", "time", "balance"
    std::string expected;
    std::string found;
};

class Auditor {
  public:
    // The first thing about this event that does not follow from the ones before it.
    [[nodiscard]] std::optional<Finding> check(const Event& event);
    // What does not add up at the end.
    [[nodiscard]] std::optional<Finding> balance() const;
    [[nodiscard]] std::uint64_t events() const { return events_; }

    // For a market's auditor. What covers an order is reserved; a payment comes out of what is free. Findings: cover, balance.
    struct AccountAsset {
        AccountId account{};
        Asset asset{};
    };
    [[nodiscard]] std::optional<Finding> cover(const AccountAsset& from, Int128 amount);
    void uncover(const AccountAsset& from, Int128 amount);
    [[nodiscard]] std::optional<Finding> pay(const AccountAsset& from, AccountId to, Int128 amount);
    // closed for one that there is not.
    [[nodiscard]] AccountStatus status(AccountId account) const;
    // Of each participant the open ones with the lowest numbers; 0: none. A pass over all accounts.
    struct FirstOpen {
        AccountId holding{};
        AccountId cash{};
    };
    [[nodiscard]] std::map<ParticipantId, FirstOpen> first_open() const;
    [[nodiscard]] GroupId group_of(ParticipantId participant) const;
    // Allowances of a group, there or on their way in, by the kind of account. A pass over all accounts.
    struct Held {
        Int128 holding = 0;
        Int128 compliance = 0;
    };
    [[nodiscard]] Held held_by(GroupId group) const;

  private:
    struct Owned {
        std::uint64_t participant = 0;
        AccountKind kind{};
        AccountStatus status{};
        bool obligated = false;
    };
    struct Promise {
        Command command;
        Int128 due = 0;  // 0: never
        PendingState state = PendingState::pending;
    };
    using Place = std::pair<std::uint64_t, std::uint32_t>;  // account, asset

    struct Answer {
        Reason reason = Reason::ok;
        Int128 amount = 0;
    };
    [[nodiscard]] Answer expected(const Command& c, Int128 now) const;
    [[nodiscard]] Answer of_movement(const Command& c, Int128 now) const;
    [[nodiscard]] Answer of_promise(const Command& c, Int128 now) const;
    [[nodiscard]] Answer of_institution(const Command& c) const;
    void record(const Event& event);
    [[nodiscard]] Int128 at(const std::map<Place, Int128>& book, Place place) const;
    [[nodiscard]] const Owned* owned(AccountId id) const;

    std::map<std::uint64_t, std::uint64_t> groups_;
    std::map<std::uint64_t, Owned> accounts_;
    std::map<Place, Int128> posted_;
    std::map<Place, Int128> reserved_;
    std::map<Place, Int128> incoming_;
    std::map<TransferId, Promise> promises_;
    std::map<TransferId, Command> done_;
    std::set<TransferId> failed_;
    Int128 last_ = Int128{INT64_MIN};
    std::uint64_t events_ = 0;
};

}  // namespace abate::registry
