#include "abate/node/sequencer.h"

#include "abate/core/assert.h"
#include "abate/core/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

namespace abate::node {

using engine::Append;
using engine::Batch;
using engine::Engine;
using registry::Command;
using registry::Outcome;

const char* to_string(Status status) {
    switch (status) {
        case Status::done:
            return "done";
        case Status::outcome_unknown:
            return "outcome_unknown";
        case Status::unavailable:
            return "unavailable";
        case Status::overloaded:
            return "overloaded";
        case Status::not_writer:
            return "not_writer";
        case Status::stopped:
            return "stopped";
    }
    return "";
}

class Sequencer::Writer {
  public:
    Writer(SequencerOptions options, const Clock& clock)
        : options_(std::move(options)), clock_(&clock) {}

    Result<void> open();
    void run();
    void turn();

    void submit(std::vector<Command> commands, std::function<void(Reply)> answer);
    void submit(scheme::Envelope envelope, std::function<void(Reply)> answer);
    void submit(std::vector<exchange::Operation> orders, std::function<void(Reply)> answer);
    void listen(std::weak_ptr<MarketListener> listener) {
        const std::lock_guard lock(mutex_);
        listeners_.push_back(std::move(listener));
    }
    bool read(const std::function<void(const Engine&)>& look);
    void stop();
    [[nodiscard]] SequencerStats stats() const {
        const std::lock_guard lock(mutex_);
        return stats_;
    }
    void start_thread() {
        if (options_.own_thread) thread_ = std::thread([this] { run(); });
    }

  private:
    // What somebody asked for: commands of the books, one of the scheme, orders, or a look.
    struct Item {
        std::vector<Command> commands = {};
        std::optional<scheme::Envelope> envelope = {};
        std::vector<exchange::Operation> orders = {};
        std::function<void(Reply)> answer = {};
        std::function<void(const Engine*)> look = {};  // null: there is no engine
        std::vector<Outcome> outcomes = {};            // of the commands
        engine::Answer said = {};                      // to the envelope
        std::vector<OrderAnswer> ordered = {};         // to the orders
        std::size_t tape_begin = 0;  // of the batch's tape, when what was due before it was done
        std::size_t tape_end = 0;    // when it was done itself

        [[nodiscard]] std::size_t size() const {
            return commands.size() + (envelope ? 1 : 0) + orders.size();
        }
    };
    using Tape = std::vector<exchange::TapeEntry>;
    // Of one batch, until it is durable.
    class TapeOfBatch final : public exchange::TapeSink {
      public:
        void on(const exchange::TapeEntry& entry) override { entries.push_back(entry); }
        Tape entries;
    };
    void submit(Item item);
    // What a failed commit leaves to be looked up.
    struct Lost {
        std::uint64_t first_seq = 0;
        engine::Digest digest;
    };
    // What is told once it was looked up: the orders of that batch, and its tape.
    struct Untold {
        std::vector<Item> items;
        Tape tape;
        std::size_t before = 0;  // of the tape: what was due
    };

    std::vector<Item> gather();
    void round(std::vector<Item>& items);
    void close();
    void do_batch(std::vector<Item>& items);
    void apply(std::vector<Item>& items);
    void apply_commands(std::span<Item> items);
    void apply_orders(std::span<Item> items);
    void tell(Untold& told);
    void keep_snapshot();
    void lose(std::string why, std::optional<Lost> lost);
    void resolve(bool found);
    void rebuild();
    void lose_lease(const std::string& why);
    void answer_all(Status status);
    void note(const std::string& text) const {
        if (options_.note) options_.note(text);
    }
    [[nodiscard]] Status closed_status() const;  // REQUIRES: mutex_ held, closed_

    SequencerOptions options_;
    const Clock* clock_;
    std::thread thread_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Item> waiting_;
    std::size_t waiting_commands_ = 0;
    bool stopping_ = false;
    bool closed_ = false;  // nothing is taken any more
    SequencerStats stats_;
    std::vector<std::weak_ptr<MarketListener>> listeners_;

    // Of the writer's thread alone, once it runs.
    std::unique_ptr<engine::Journal> journal_;
    std::unique_ptr<Engine> engine_;
    std::uint64_t epoch_ = 0;
    std::uint64_t snapshot_seq_ = 0;
    std::optional<Lost> lost_;
    std::optional<Untold> untold_;
    TapeOfBatch tape_;
    std::vector<Command> commands_;
    std::vector<Outcome> outcomes_;
    std::vector<exchange::Operation> orders_;
    std::vector<exchange::OrderReason> reasons_;
};

Result<void> Sequencer::Writer::open() {
    try {
        Result<std::unique_ptr<engine::Journal>> journal = options_.open_journal();
        if (!journal) return journal.error();
        journal_ = *std::move(journal);
        // First the lease: from here on nobody else appends, so what is read is all.
        epoch_ = journal_->take_lease(options_.holder);
        engine_ = std::make_unique<Engine>(options_.key);
        const Result<engine::Recovery> recovery =
            engine::recover(*engine_, *journal_, {.expect_head = options_.expect_head});
        if (!recovery) return recovery.error();
        engine_->make_room(options_.room);
        for (const std::string& text : recovery->notes) note(text);
        snapshot_seq_ = recovery->from_seq;
        engine_->set_epoch(epoch_);
        engine_->set_tape(&tape_);
        stats_.last_seq = engine_->last_seq();
        stats_.head = engine_->head();
        return {};
    } catch (const Fault& fault) {
        return fault.error();
    }
}

Status Sequencer::Writer::closed_status() const {
    return stats_.writer ? Status::stopped : Status::not_writer;
}

void Sequencer::Writer::submit(std::vector<Command> commands, std::function<void(Reply)> answer) {
    submit({.commands = std::move(commands), .answer = std::move(answer)});
}

void Sequencer::Writer::submit(scheme::Envelope envelope, std::function<void(Reply)> answer) {
    submit({.envelope = std::move(envelope), .answer = std::move(answer)});
}

void Sequencer::Writer::submit(std::vector<exchange::Operation> orders,
                               std::function<void(Reply)> answer) {
    submit({.orders = std::move(orders), .answer = std::move(answer)});
}

void Sequencer::Writer::submit(Item item) {
    const std::size_t size = item.size();
    if (size == 0) {
        item.answer({.status = Status::done});
        return;
    }
    Status refused{};
    {
        const std::lock_guard lock(mutex_);
        if (!closed_ && !stopping_ && size <= options_.most_commands &&
            waiting_commands_ + size <= options_.most_waiting) {
            const bool first = waiting_.empty();
            waiting_commands_ += size;
            const bool full = waiting_commands_ >= options_.most_commands;
            waiting_.push_back(std::move(item));
            if (first || full) wake_.notify_one();
            return;
        }
        refused = closed_ ? closed_status() : stopping_ ? Status::stopped : Status::overloaded;
    }
    item.answer({.status = refused});
}

bool Sequencer::Writer::read(const std::function<void(const Engine&)>& look) {
    if (!options_.own_thread) {
        if (engine_ != nullptr) look(*engine_);
        return engine_ != nullptr;
    }
    std::promise<bool> looked;
    std::future<bool> answer = looked.get_future();
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || stopping_) return false;
        waiting_.push_back({.look = [&](const Engine* engine) {
            if (engine != nullptr) look(*engine);
            looked.set_value(engine != nullptr);
        }});
        wake_.notify_one();
    }
    return answer.get();
}

void Sequencer::Writer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    if (!options_.own_thread) close();
}

// What fits in one batch, in order; nothing after a tick without anything.
std::vector<Sequencer::Writer::Item> Sequencer::Writer::gather() {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return !waiting_.empty() || stopping_; };
    if (options_.own_thread) wake_.wait_for(lock, options_.tick, ready);
    if (options_.own_thread && options_.most_delay.count() > 0 && !waiting_.empty())
        wake_.wait_for(lock, options_.most_delay, [this] {
            return waiting_commands_ >= options_.most_commands || stopping_;
        });
    std::size_t count = 0;
    auto end = waiting_.begin();
    while (end != waiting_.end() && count + end->size() <= options_.most_commands)
        count += (end++)->size();
    std::vector<Item> items(std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    waiting_commands_ -= count;
    return items;
}

void Sequencer::Writer::run() {
    while (true) {
        std::vector<Item> items = gather();
        if (items.empty()) {
            const std::lock_guard lock(mutex_);
            if (stopping_ && waiting_.empty()) break;
        }
        round(items);
        if (!stats().writer) break;
    }
    close();
}

void Sequencer::Writer::turn() {
    ABATE_REQUIRE(!options_.own_thread);
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || stopping_) return;
    }
    std::vector<Item> items = gather();
    round(items);
    if (!stats().writer) close();
}

// Every item is answered.
void Sequencer::Writer::round(std::vector<Item>& items) {
    const auto answer_each = [&items](Status status) {
        for (Item& item : items) item.look ? item.look(nullptr) : item.answer({.status = status});
    };
    if (engine_ == nullptr) {
        rebuild();
        if (!stats().writer) return answer_each(Status::not_writer);
        if (engine_ == nullptr) {
            answer_each(Status::unavailable);
            if (!options_.own_thread) return;
            // A client that comes back at once must not turn this into a storm.
            std::unique_lock lock(mutex_);
            if (!items.empty() && !stopping_)
                wake_.wait_for(lock, options_.tick, [this] { return stopping_; });
            return;
        }
    }
    do_batch(items);
}

// Nothing is taken any more, and what waits is answered.
void Sequencer::Writer::close() {
    const Status status = [this] {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        return closed_status();
    }();
    answer_all(status);
}

void Sequencer::Writer::answer_all(Status status) {
    std::deque<Item> items;
    {
        const std::lock_guard lock(mutex_);
        items.swap(waiting_);
        waiting_commands_ = 0;
    }
    for (Item& item : items) item.look ? item.look(nullptr) : item.answer({.status = status});
}

// Commands of neighbours are done together.
void Sequencer::Writer::apply_commands(std::span<Item> items) {
    commands_.clear();
    for (const Item& item : items)
        commands_.insert(commands_.end(), item.commands.begin(), item.commands.end());
    if (commands_.empty()) return;
    outcomes_.resize(commands_.size());
    engine_->apply(commands_, clock_->now().wall, outcomes_);
    auto next = outcomes_.begin();
    for (Item& item : items) {
        const auto size = static_cast<std::ptrdiff_t>(item.commands.size());
        item.outcomes.assign(next, next + size);
        next += size;
        item.tape_end = tape_.entries.size();
    }
}

void Sequencer::Writer::apply_orders(std::span<Item> items) {
    orders_.clear();
    for (const Item& item : items)
        orders_.insert(orders_.end(), item.orders.begin(), item.orders.end());
    reasons_.resize(orders_.size());
    auto item = items.begin();
    engine_->apply(orders_,
                   clock_->now().wall,
                   reasons_,
                   {.due =
                        [&](std::size_t /*i*/) {
                            while (item->ordered.size() == item->orders.size()) ++item;
                            if (item->ordered.empty()) item->tape_begin = tape_.entries.size();
                        },
                    .done =
                        [&](std::size_t i, std::span<const exchange::Met> met) {
                            item->ordered.push_back({.reason = reasons_[i], .met = {}});
                            if (reasons_[i] == exchange::OrderReason::ok)
                                item->ordered.back().met.assign(met.begin(), met.end());
                            item->tape_end = tape_.entries.size();
                        }});
}

void Sequencer::Writer::apply(std::vector<Item>& items) {
    for (std::size_t first = 0; first < items.size();) {
        Item& item = items[first];
        if (item.envelope) {
            item.said = engine_->apply(*item.envelope, clock_->now().wall);
            item.tape_end = tape_.entries.size();
            ++first;
            continue;
        }
        std::size_t end = first;
        while (end < items.size() && !items[end].envelope &&
               items[end].orders.empty() == item.orders.empty()) {
            const Item& last = items[end++];
            // An open chain must not take in the commands of whoever comes next.
            if (!last.commands.empty() && (last.commands.back().flags & registry::kLinked) != 0)
                break;
        }
        const std::span<Item> run(items.data() + first, end - first);
        if (item.orders.empty())
            apply_commands(run);
        else
            apply_orders(run);
        first = end;
    }
}

// Durable: each answer, and behind it what it did to what rests.
void Sequencer::Writer::tell(Untold& told) {
    std::vector<std::shared_ptr<MarketListener>> listeners;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(listeners_, [](const auto& each) { return each.expired(); });
        for (const auto& each : listeners_)
            if (auto held = each.lock()) listeners.push_back(std::move(held));
    }
    const std::span<const exchange::TapeEntry> tape(told.tape);
    const auto hear = [&](std::span<const exchange::TapeEntry> entries) {
        for (const auto& each : listeners) each->on_market(entries);
    };
    std::size_t heard = told.before;
    if (heard > 0) hear(tape.first(heard));
    for (Item& item : told.items) {
        if (item.look) continue;
        const bool ordered = !item.orders.empty();
        if (item.tape_begin > heard) {
            hear(tape.subspan(heard, item.tape_begin - heard));
            heard = item.tape_begin;
        }
        item.answer({.status = Status::done,
                     .outcomes = std::move(item.outcomes),
                     .answer = item.said,
                     .orders = std::move(item.ordered)});
        if (ordered || item.tape_end > heard)
            hear(tape.subspan(heard, std::max(item.tape_end, heard) - heard));
        heard = std::max(heard, item.tape_end);
    }
    if (heard < tape.size()) hear(tape.subspan(heard));
    // What is seen has nothing in it that a listener has yet to hear.
    for (Item& item : told.items)
        if (item.look) item.look(engine_.get());
}

void Sequencer::Writer::do_batch(std::vector<Item>& items) {
    std::optional<Lost> lost;
    std::string why;
    Append appended = Append::committed;
    std::size_t events = 0;
    std::size_t due = 0;  // of the tape
    tape_.entries.clear();
    try {
        engine_->advance_time(clock_->now().wall);
        due = tape_.entries.size();
        apply(items);
        events = engine_->waiting();
        if (const std::optional<Batch> batch = engine_->seal()) {
            lost = Lost{.first_seq = batch->header.first_seq, .digest = batch->header.digest};
            appended = journal_->append(*batch);
            if (appended == Append::taken) why = "these events are in the journal already";
        }
    } catch (const std::exception& error) {
        why = error.what();
    }
    if (appended == Append::fenced) {
        for (Item& item : items)
            item.look ? item.look(nullptr) : item.answer({.status = Status::not_writer});
        lose_lease("another writer has the lease");
        return;
    }
    if (!why.empty()) {
        for (Item& item : items)
            item.look ? item.look(nullptr) : item.answer({.status = Status::outcome_unknown});
        // Who ordered hears more, and so do the listeners; the others ask again.
        std::erase_if(items, [](const Item& item) { return item.orders.empty(); });
        if (!items.empty() || !tape_.entries.empty())
            untold_ = Untold{
                .items = std::move(items), .tape = std::exchange(tape_.entries, {}), .before = due};
        lose(std::move(why), lost);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (events != 0) ++stats_.batches;
        for (const Item& item : items) stats_.commands += item.size();
        stats_.last_seq = engine_->last_seq();
        stats_.head = engine_->head();
    }
    Untold told{.items = std::move(items), .tape = std::move(tape_.entries), .before = due};
    tell(told);
    tape_.entries = std::move(told.tape);  // its memory
    keep_snapshot();
}

// The batch that was looked up is in the journal, or nothing of it was done.
void Sequencer::Writer::resolve(bool found) {
    std::optional<Untold> told = std::exchange(untold_, std::nullopt);
    if (!told) return;
    if (found) return tell(*told);
    for (Item& item : told->items) item.answer({.status = Status::unavailable});
}

void Sequencer::Writer::keep_snapshot() {
    if (options_.snapshot_every == 0 ||
        engine_->last_seq() - snapshot_seq_ < options_.snapshot_every)
        return;
    // Tried once in so many events, whatever comes of it.
    snapshot_seq_ = engine_->last_seq();
    try {
        journal_->keep_snapshot(engine::take_snapshot(*engine_));
        const std::lock_guard lock(mutex_);
        ++stats_.snapshots;
    } catch (const std::exception& error) {
        lose(fmt::format("no snapshot was kept: {}", error.what()), std::nullopt);
    }
}

// Nobody knows what the journal has: the engine is worth nothing any more.
void Sequencer::Writer::lose(std::string why, std::optional<Lost> lost) {
    note(fmt::format("the journal failed, and the books are built again: {}", why));
    if (lost) {
        lost_ = lost;
        const std::lock_guard lock(mutex_);
        ++stats_.unknown;
    }
    engine_.reset();
    journal_.reset();
}

void Sequencer::Writer::lose_lease(const std::string& why) {
    note(fmt::format("this writer stops: {}", why));
    engine_.reset();
    journal_.reset();
    const std::lock_guard lock(mutex_);
    stats_.writer = false;
    closed_ = true;
}

// Leaves no engine where the journal cannot be reached; the next round tries again.
void Sequencer::Writer::rebuild() {
    const auto failed = [this](const std::string& why) {
        note(fmt::format("the books cannot be built again yet: {}", why));
        engine_.reset();
        journal_.reset();
    };
    try {
        Result<std::unique_ptr<engine::Journal>> journal = options_.open_journal();
        if (!journal) return failed(to_string(journal.error()));
        journal_ = *std::move(journal);
        const std::optional<std::uint64_t> epoch = journal_->renew_lease(options_.holder, epoch_);
        if (!epoch) return lose_lease("another writer took the lease");
        epoch_ = *epoch;
        // What was durable must still be there.
        engine::Head durable;
        {
            const std::lock_guard lock(mutex_);
            durable = {.seq = stats_.last_seq, .digest = stats_.head};
        }
        engine_ = std::make_unique<Engine>(options_.key);
        const Result<engine::Recovery> recovery =
            engine::recover(*engine_, *journal_, {.expect_head = durable});
        if (!recovery) return failed(to_string(recovery.error()));
        engine_->make_room(options_.room);
        for (const std::string& text : recovery->notes) note(text);
        engine_->set_epoch(epoch_);
        bool found = false;
        if (lost_)
            journal_->read(lost_->first_seq, [&](const Batch& batch) {
                found = batch.header.first_seq == lost_->first_seq &&
                        batch.header.digest == lost_->digest;
                return false;
            });
        if (lost_)
            note(fmt::format("the batch at event {} {}",
                             lost_->first_seq,
                             found ? "was committed" : "was not committed"));
        lost_.reset();
        engine_->set_tape(&tape_);
        {
            const std::lock_guard lock(mutex_);
            ++stats_.rebuilds;
            if (found) ++stats_.found;
            stats_.last_seq = engine_->last_seq();
            stats_.head = engine_->head();
        }
        resolve(found);
    } catch (const std::exception& error) {
        failed(error.what());
    }
}

Sequencer::Sequencer(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
Sequencer::~Sequencer() { stop(); }

Result<std::unique_ptr<Sequencer>> Sequencer::start(SequencerOptions options, const Clock& clock) {
    ABATE_REQUIRE(options.open_journal && options.most_commands > 0);
    auto writer = std::make_unique<Writer>(std::move(options), clock);
    if (const Result<void> opened = writer->open(); !opened) return opened.error();
    std::unique_ptr<Sequencer> sequencer(new Sequencer(std::move(writer)));
    sequencer->writer_->start_thread();
    return sequencer;
}

void Sequencer::submit(std::vector<registry::Command> commands, std::function<void(Reply)> answer) {
    writer_->submit(std::move(commands), std::move(answer));
}

std::future<Reply> Sequencer::submit(std::vector<registry::Command> commands) {
    auto promise = std::make_shared<std::promise<Reply>>();
    std::future<Reply> reply = promise->get_future();
    writer_->submit(std::move(commands),
                    [promise](Reply answer) { promise->set_value(std::move(answer)); });
    return reply;
}

void Sequencer::submit(scheme::Envelope envelope, std::function<void(Reply)> answer) {
    writer_->submit(std::move(envelope), std::move(answer));
}

std::future<Reply> Sequencer::submit(scheme::Envelope envelope) {
    auto promise = std::make_shared<std::promise<Reply>>();
    std::future<Reply> reply = promise->get_future();
    writer_->submit(std::move(envelope),
                    [promise](Reply answer) { promise->set_value(std::move(answer)); });
    return reply;
}

void Sequencer::submit(std::vector<exchange::Operation> orders, std::function<void(Reply)> answer) {
    writer_->submit(std::move(orders), std::move(answer));
}

std::future<Reply> Sequencer::submit(std::vector<exchange::Operation> orders) {
    // Whoever waits for one answer has it at the first.
    struct Waiting {
        std::promise<Reply> promise;
        bool told = false;
    };
    auto waiting = std::make_shared<Waiting>();
    std::future<Reply> reply = waiting->promise.get_future();
    writer_->submit(std::move(orders), [waiting](Reply answer) {
        if (std::exchange(waiting->told, true)) return;
        waiting->promise.set_value(std::move(answer));
    });
    return reply;
}

void Sequencer::listen(std::weak_ptr<MarketListener> listener) {
    writer_->listen(std::move(listener));
}

bool Sequencer::read(const std::function<void(const registry::Registry&)>& look) {
    return writer_->read([&look](const engine::Engine& engine) { look(engine.registry()); });
}

bool Sequencer::read_engine(const std::function<void(const engine::Engine&)>& look) {
    return writer_->read(look);
}

void Sequencer::turn() { writer_->turn(); }

void Sequencer::stop() { writer_->stop(); }

SequencerStats Sequencer::stats() const { return writer_->stats(); }

}  // namespace abate::node
