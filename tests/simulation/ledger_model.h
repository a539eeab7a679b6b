// What a client believes of the books: a few maps, filled from the answers alone. It knows the public rules (docs/reference/reject_reasons.md,
// registry/command.h) and shares no code with the registry, so it can say beforehand what each answer must be.
#pragma once

#include "abate/engine/engine.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulation/world.h"

namespace abate::simulation {

class LedgerModel {
  public:
    // What the batch is answered. `second`: the whole second at which it is done; the few microseconds that commands take never reach the
    // next one, and promises end at half seconds.
    [[nodiscard]] std::vector<std::vector<registry::Outcome>> apply(
        const std::vector<Submission>& batch, std::int64_t second);

    // The first thing in the books that is not so; `thorough`: every id too.
    [[nodiscard]] std::optional<std::string> differs(const engine::Engine& engine,
                                                     bool thorough) const;

    struct Account {
        registry::AccountKind kind{};
        registry::AccountStatus status = registry::AccountStatus::open;
        registry::ParticipantId owner{};
        bool obligated = false;
    };
    enum class State { pending, posted, voided, expired };
    struct Promise {
        registry::Command command;
        State state = State::pending;
        std::optional<std::int64_t> due_second = {};  // it is over from this second on
    };

  private:
    using Where = std::pair<registry::AccountId, registry::Asset>;
    [[nodiscard]] registry::Outcome one(const registry::Command& c);
    [[nodiscard]] registry::Reason reason_of(const registry::Command& c) const;
    [[nodiscard]] registry::Reason reason_in_books(const registry::Command& c) const;
    [[nodiscard]] registry::Reason reason_of_movement(const registry::Command& c) const;
    [[nodiscard]] std::int64_t done(const registry::Command& c);
    void release(const registry::TransferId& id, State state, std::int64_t posted);
    [[nodiscard]] static std::int64_t at(const std::map<Where, std::int64_t>& all,
                                         const Where& where) {
        const auto found = all.find(where);
        return found == all.end() ? 0 : found->second;
    }

    std::map<registry::AccountId, Account> accounts_;
    std::map<registry::ParticipantId, registry::GroupId> groups_;
    std::map<Where, std::int64_t> posted_;
    std::map<Where, std::int64_t> reserved_;
    std::map<Where, std::int64_t> incoming_;
    std::map<registry::TransferId, Promise> promises_;
    std::map<registry::TransferId, registry::Command> done_;
    std::set<registry::TransferId> failed_;
    std::int64_t second_ = 0;
};

}  // namespace abate::simulation
