// What a simulation drives: clients that ask, and what they believe from the answers that they heard.
#pragma once

#include "abate/engine/engine.h"
#include "abate/node/node.h"

#include <optional>
#include <string>
#include <vector>

#include "simulation/dice.h"

namespace abate::simulation {

// Something is not as it must be.
struct Failure {
    std::string what;
};

inline void require(bool holds, const std::string& what) {
    if (!holds) throw Failure{what};
}

// Commands of the books, one of the scheme, or orders.
struct Submission {
    std::vector<registry::Command> commands = {};
    std::optional<scheme::Envelope> envelope = {};
    std::vector<exchange::Operation> orders = {};
    [[nodiscard]] std::size_t size() const {
        return commands.size() + (envelope ? 1 : 0) + orders.size();
    }
};

// One batch: what was asked, what was heard (nothing where the process died first), and the time: `last` of the engine before, and what
// its clock said.
struct Round {
    std::vector<Submission> asked = {};
    std::vector<std::optional<node::Reply>> heard = {};
    Timestamp last{INT64_MIN};
    Timestamp clock = {};
};

enum class Landed {
    yes,    // somebody was told that it is durable
    no,     // all were told that nothing was done
    maybe,  // whatever was heard leaves it open
};

// A batch is one commit: done whole or not at all.
inline Landed landed(const Round& round) {
    bool told = false;
    bool open = false;
    for (const std::optional<node::Reply>& reply : round.heard) {
        told = told || (reply && reply->status == node::Status::done);
        open = open || !reply || reply->status == node::Status::outcome_unknown;
    }
    return told ? Landed::yes : open ? Landed::maybe : Landed::no;
}

class World {
  public:
    virtual ~World() = default;
    // The next batch, from the books as they are durable. Its commands are at most `most`.
    [[nodiscard]] virtual std::vector<Submission> next(Dice& dice,
                                                       const engine::Engine& engine) = 0;
    // What the clock says for that batch.
    [[nodiscard]] virtual Timestamp clock(Dice& dice) = 0;
    // Throws Failure where an answer cannot be.
    virtual void heard(const Round& round) = 0;
    // Throws Failure where the books are not what the clients believe. `thorough`: all that they ever did.
    virtual void look(const engine::Engine& engine, bool thorough) = 0;
    // Nothing is left to do.
    [[nodiscard]] virtual bool over() const { return false; }
};

}  // namespace abate::simulation
