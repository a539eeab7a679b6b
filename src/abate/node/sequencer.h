// The one writer of a scheme: what clients submit from any thread is done in one order, in group commits, and answered when it is durable.
//
//     Result<std::unique_ptr<Sequencer>> sequencer = Sequencer::start(
//         {.key = key, .holder = "node-1/4711", .open_journal = [&] { return open_postgres_journal(conninfo, key); }}, clock);
//     std::future<Reply> reply = (*sequencer)->submit({sale});
//     if (reply.get().status == Status::done) ...
//
// Submissions are done in the order in which submit() was called, each whole. A batch waits for at most `most_delay` after the first of it,
// or until it has `most_commands`; while one is committed the next one gathers. The time of a batch is the clock's when it is applied.
//
// When a commit fails nobody knows whether it happened. Then the clients of that batch hear outcome_unknown, the engine is dropped, a new
// journal is opened, the lease is renewed (whatever of the old connection is still under way is fenced by that), the engine is rebuilt from
// snapshot and journal, the batch is looked up, and work goes on. Whoever heard outcome_unknown sends the same commands with the same ids
// again: what was done answers `exists` (of a chain, its first). Where another took the lease in the meantime, this writer stops for good.
//
// Orders of traders go the same way. Of these whoever heard outcome_unknown hears a second answer as soon as the batch has been looked up,
// and need not send anything again: the market has gone on, and the order may not be wanted any more. An order's id is for ever: sent again,
// it answers order_exists where it was done.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/engine/engine.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace abate::node {

enum class Status {
    done,             // durable; the outcomes say what became of each command
    outcome_unknown,  // the commit failed: done whole or not at all; send the same again
    unavailable,      // nothing was done: the journal cannot be reached; send the same again later
    overloaded,       // nothing was done: too many commands wait
    not_writer,       // nothing was done: another node has the lease
    stopped,          // nothing was done: stop() was called
};
// As in JSON.
[[nodiscard]] const char* to_string(Status status);

// What came of an order, a cancel or a replacement.
struct OrderAnswer {
    exchange::OrderReason reason = exchange::OrderReason::ok;
    std::vector<exchange::Met> met = {};  // of one that was done: what it met, in order
    bool operator==(const OrderAnswer&) const = default;
};

struct Reply {
    Status status = Status::done;
    std::vector<registry::Outcome> outcomes = {};  // one a command when done; else empty
    engine::Answer answer = {};                    // of a scheme's command when done
    std::vector<OrderAnswer> orders = {};          // one an operation when done; else empty
};

// Hears what changes in the books of orders, of all traders, as soon as it is durable; what happened before it began to listen it never hears.
class MarketListener {
  public:
    virtual ~MarketListener() = default;
    // On the writer's thread, in the order of the tape, of each order right behind its answer, `entries` or none. Must not throw or wait.
    virtual void on_market(std::span<const exchange::TapeEntry> entries) = 0;
};

struct SequencerOptions {
    engine::SchemeKey key = {};
    // Names this writer and no other: a second one of the same name would be taken for this one come back.
    std::string holder = {};
    // A new journal, at the start and after each fault. May throw Fault.
    std::function<Result<std::unique_ptr<engine::Journal>>()> open_journal = {};
    std::size_t most_commands = 1024;
    std::chrono::microseconds most_delay{0};
    std::size_t most_waiting = 65'536;         // commands that wait for a batch
    std::uint64_t snapshot_every = 1'000'000;  // events; 0: never
    // How long until time is advanced where nothing is submitted, and between tries to reach the journal.
    std::chrono::milliseconds tick{100};
    registry::Room room = {};       // whose memory is taken at the start and after each fault
    engine::Head expect_head = {};  // the journal must have it at the start
    // False: there is no thread, and what was submitted is done in turn(), on the caller's. One that owns both the clock and the turns,
    // as a simulation does, can then repeat a run to the last byte.
    bool own_thread = true;
    // Told what a person should know: a damaged snapshot, a fault, a lost lease. Called on the writer's thread, and in start().
    std::function<void(const std::string&)> note = {};
};

struct SequencerStats {
    std::uint64_t batches = 0;   // committed
    std::uint64_t commands = 0;  // answered as done
    std::uint64_t rebuilds = 0;
    std::uint64_t unknown = 0;  // batches whose commit failed
    std::uint64_t found = 0;    // of these, that the journal had after all
    std::uint64_t snapshots = 0;
    std::uint64_t last_seq = 0;  // durable
    engine::Digest head = {};
    bool writer = true;  // false once the lease was lost, for good
};

// Thread-safe. stop() and the end wait for what was submitted.
class Sequencer {
  public:
    // Opens the journal, takes the lease from whoever has it, recovers, and starts the thread. `clock` must outlive it. Errors: of
    // open_journal, and of engine::recover; io_error and the like where the journal breaks.
    static Result<std::unique_ptr<Sequencer>> start(SequencerOptions options, const Clock& clock);
    ~Sequencer();
    Sequencer(const Sequencer&) = delete;
    Sequencer& operator=(const Sequencer&) = delete;

    // `commands`: single ones and whole chains, up to most_commands of them; more is overloaded. `answer` is called once, on the writer's
    // thread (or at once, on this one, where nothing can be done); it must not throw, wait, or read. It may submit.
    void submit(std::vector<registry::Command> commands, std::function<void(Reply)> answer);
    [[nodiscard]] std::future<Reply> submit(std::vector<registry::Command> commands);
    // One signed command of a scheme, in the same order. Counts as one command of a batch.
    void submit(scheme::Envelope envelope, std::function<void(Reply)> answer);
    [[nodiscard]] std::future<Reply> submit(scheme::Envelope envelope);
    // Orders, cancels and replacements, in the same order; `participant` is the number of the trader's key, as for engine::Engine::apply. Who
    // may send them in a trader's name is the caller's to know. Each is done or refused by itself. `answer` is called a second time after
    // outcome_unknown: `done` with what came of it, or `unavailable` where nothing was done; not at all where this writer stops before it knows.
    void submit(std::vector<exchange::Operation> orders, std::function<void(Reply)> answer);
    // The first answer alone.
    [[nodiscard]] std::future<Reply> submit(std::vector<exchange::Operation> orders);

    // From the next batch on, as long as somebody else holds it.
    void listen(std::weak_ptr<MarketListener> listener);

    // Runs `look` on the writer's thread between two batches: all it sees is durable. False, without a look, where there is no writer.
    [[nodiscard]] bool read(const std::function<void(const registry::Registry&)>& look);
    // The same, of books and scheme.
    [[nodiscard]] bool read_engine(const std::function<void(const engine::Engine&)>& look);

    // One round of the writer: the next batch of what waits, whatever is due, and before it, where a fault left no engine, one try to build
    // it again. Not thread-safe, and read() then looks at once, between two turns. REQUIRES: own_thread is false.
    void turn();

    // Does and answers what was submitted, then ends the thread. What comes later is answered stopped. Without a thread of its own nothing
    // more is done: what waits is answered stopped too.
    void stop();
    [[nodiscard]] SequencerStats stats() const;

  private:
    class Writer;
    explicit Sequencer(std::unique_ptr<Writer> writer);
    std::unique_ptr<Writer> writer_;
};

}  // namespace abate::node
