// One deterministic state machine over registry, scheme and exchange. Start here.
//
//     Engine engine({.tenant_id = 1, .scheme_id = 1});
//     Result<Recovery> recovered = recover(engine, journal);   // from a snapshot and what is behind it; or all: engine.recover(journal)
//     engine.set_epoch(journal.take_lease("node-1"));
//     engine.apply(commands, clock, outcomes);              // decided and done in memory
//     if (std::optional<Batch> batch = engine.seal())       // group commit: what happened since the last one
//         if (journal.append(*batch) != Append::committed) ... drop the engine, recover another
//     reply(outcomes);                                      // only now
//
// No clock, socket or table is known here: time comes in with the commands and becomes max(last + 1 us, clock). Whoever acts under a scheme
// sends signed envelopes; what they cause in the books stands behind them in the journal. Registry commands of one's own are for tests,
// benchmarks and simulations: no door lets them in.
#pragma once

#include "abate/core/result.h"
#include "abate/engine/journal.h"
#include "abate/engine/signed_head.h"
#include "abate/engine/snapshot.h"
#include "abate/exchange/exchange.h"
#include "abate/registry/registry.h"
#include "abate/scheme/scheme.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace abate::engine {

struct SchemeKey {
    std::uint64_t tenant_id = 0;
    std::uint64_t scheme_id = 0;
    bool operator==(const SchemeKey&) const = default;
};

// What came of a scheme's command.
struct Answer {
    scheme::Reason reason = scheme::Reason::ok;
    bool proposed = false;  // done when a second person approves
    bool operator==(const Answer&) const = default;
};

// Not thread-safe: the one writer of its scheme.
class Engine {
  public:
    explicit Engine(SchemeKey key, std::uint64_t hash_seed = 0x5eed);

    // Folds a whole journal into fresh books: some 3 million events a second. Checks what can be checked on the way: digests, the
    // chain, sequence numbers. Errors: corrupt with the batch and what is wrong, version_mismatch, conflict (another scheme's journal).
    // After an error the engine is of no use. REQUIRES: nothing was applied.
    [[nodiscard]] Result<void> recover(Journal& journal);
    // The same from books as they were after the batch `after`. Whatever this engine held is gone. See snapshot.h.
    struct Restored {
        registry::Registry books;
        std::string_view scheme_events = {};  // all up to then
        std::string_view market = {};         // Market::append_snapshot; empty: nobody has traded
    };
    [[nodiscard]] Result<void> go_on(Restored from, const BatchHeader& after, Journal& journal);
    // See Registry::make_room.
    void make_room(const registry::Room& more) { registry_.make_room(more); }
    void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }

    // Expires what is due, then does the commands in order; chains whole. The events wait for seal(). REQUIRES: as many outcomes as
    // commands.
    void apply(std::span<const registry::Command> commands,
               Timestamp clock,
               std::span<registry::Outcome> outcomes);
    // The same for one signed command of a scheme: what it causes in the books is one chain.
    [[nodiscard]] Answer apply(const scheme::Envelope& envelope, Timestamp clock);
    // Orders of traders, in order. `participant` is the number of the trader's key (scheme::Key), `book` the vintage: who may send them in
    // a trader's name is the door's to know. No more than a key's mandate comes of them (a sale in a call may bring more than it counted for).
    // REQUIRES: as many reasons as operations.
    struct OrderTold {
        // What was due before that one is done; it is next.
        std::function<void(std::size_t)> due = {};
        // It is done; what it met, until the next.
        std::function<void(std::size_t, std::span<const exchange::Met>)> done = {};
    };
    void apply(std::span<const exchange::Operation> operations,
               Timestamp clock,
               std::span<exchange::OrderReason> reasons,
               const OrderTold& told);
    void apply(std::span<const exchange::Operation> operations,
               Timestamp clock,
               std::span<exchange::OrderReason> reasons) {
        apply(operations, clock, reasons, {});
    }
    // Only what is due, in the books, in the scheme and in the market.
    void advance_time(Timestamp clock);

    // Everything since the last seal as one batch; nothing where nothing happened (retries and malformed commands leave no event).
    [[nodiscard]] std::optional<Batch> seal();
    // Events that wait.
    [[nodiscard]] std::size_t waiting() const { return waiting_; }
    [[nodiscard]] std::size_t waiting_bytes() const { return payload_.size(); }

    [[nodiscard]] const registry::Registry& registry() const { return registry_; }
    [[nodiscard]] const scheme::Scheme& scheme() const { return scheme_; }
    [[nodiscard]] const exchange::Market& market() const { return market_; }
    // Sees every change of what rests from now on, those of recovering too; null: nobody. It must outlive the engine.
    void set_tape(exchange::TapeSink* tape) {
        tape_ = tape;
        market_.set_tape(tape);
    }
    // Every event of the scheme so far, as in the journal; what the books did is not among them. They are few, and say all of its state.
    [[nodiscard]] std::string_view scheme_events() const { return scheme_events_; }
    // Of the last batch that was sealed or recovered; zero before the first.
    [[nodiscard]] const Digest& head() const { return head_; }
    [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
    // Of the last event of all.
    [[nodiscard]] Timestamp last_time() const;
    [[nodiscard]] const SchemeKey& key() const { return key_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    [[nodiscard]] std::uint64_t hash_seed() const { return hash_seed_; }

  private:
    class Sink;
    [[nodiscard]] Timestamp next_time(Timestamp clock) const;
    struct Posted {
        registry::Reason reason = registry::Reason::ok;
        std::string events;
        std::uint32_t count = 0;
    };
    [[nodiscard]] Posted post(std::span<const registry::Command> chain, Timestamp now);
    void keep(const scheme::Event& event, const Posted& posted);
    void do_due(const scheme::Due& due, Timestamp clock);
    // The market's rules, books and traders are those of the scheme.
    void sync_market();
    // What is due in the market, each at its own time where nothing later has happened.
    void advance_market(Timestamp until);
    [[nodiscard]] std::uint32_t do_due_in_market(Timestamp until);
    // A group's room under the holding limit is asked of the scheme and the books, until it is taken away again.
    void open_holding_room();
    // Annulments that there are, as the market knows them.
    std::size_t annulled_ = 0;
    // What is about to be consigned is not promised to orders.
    void free_for(const scheme::Due& due, Timestamp clock);
    // Of the vintage that an auction sells, when its window closes; 0: nobody traded in it, or it is no auction.
    [[nodiscard]] std::int64_t reference_of(const scheme::Due& due) const;
    // Orders of keys that may trade no more go at once.
    void settle_market(Timestamp clock);
    [[nodiscard]] exchange::Market::Frame market_frame(Timestamp now) {
        return {.books = registry_, .now = now, .out = market_bytes_};
    }
    void keep_market(std::uint32_t events);

    SchemeKey key_;
    std::uint64_t hash_seed_;
    registry::Registry registry_;
    scheme::Scheme scheme_;
    exchange::Market market_;
    exchange::EventBytes market_bytes_;
    exchange::TapeSink* tape_ = nullptr;
    bool market_is_behind_ = true;  // the scheme has changed
    std::string scheme_events_;
    std::uint64_t epoch_ = 0;
    std::uint64_t last_seq_ = 0;
    Digest head_;
    std::string payload_;
    std::size_t waiting_ = 0;
};

// The first fault of a journal: batch, event, field. `events` and `head` tell how much was read; compare `head` with a digest that was
// kept elsewhere.
struct AuditReport {
    std::uint64_t batches = 0;
    std::uint64_t events = 0;
    Digest head;
    struct Fault {
        std::uint64_t first_seq = 0;  // of the batch
        std::uint64_t seq = 0;        // of the event; 0: the batch itself
        std::string field;
        std::string expected;
        std::string found;
    };
    std::optional<Fault> fault;
};

// Reads the whole journal with code that shares nothing with apply: digests, chain, every decision, every balance; then Journal::check().
// Throws Fault where the journal cannot be read, or is more than what was read.
[[nodiscard]] AuditReport audit(Journal& journal, SchemeKey key);

}  // namespace abate::engine
