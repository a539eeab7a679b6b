#include "abate/node/sequencer.h"

#include "abate/core/assert.h"
#include "abate/core/fault.h"

#include <fmt/format.h>

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
    // What somebody asked for: commands of the books, one of the scheme, or a look.
    struct Item {
        std::vector<Command> commands;
        std::optional<scheme::Envelope> envelope;
        std::function<void(Reply)> answer;
        std::function<void(const Engine*)> look;  // null: there is no engine
        engine::Answer said;                      // to the envelope

        [[nodiscard]] std::size_t size() const { return commands.size() + (envelope ? 1 : 0); }
    };
    void submit(Item item);
    // What a failed commit leaves to be looked up.
    struct Lost {
        std::uint64_t first_seq = 0;
        engine::Digest digest;
    };

    std::vector<Item> gather();
    void round(std::vector<Item>& items);
    void close();
    void do_batch(std::vector<Item>& items);
    void apply(std::vector<Item>& items, std::vector<std::vector<Outcome>>& outcomes);
    void keep_snapshot();
    void lose(std::string why, std::optional<Lost> lost);
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

    // Of the writer's thread alone, once it runs.
    std::unique_ptr<engine::Journal> journal_;
    std::unique_ptr<Engine> engine_;
    std::uint64_t epoch_ = 0;
    std::uint64_t snapshot_seq_ = 0;
    std::optional<Lost> lost_;
    std::vector<Command> commands_;
    std::vector<Outcome> outcomes_;
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
    submit({.commands = std::move(commands),
            .envelope = {},
            .answer = std::move(answer),
            .look = {},
            .said = {}});
}

void Sequencer::Writer::submit(scheme::Envelope envelope, std::function<void(Reply)> answer) {
    submit({.commands = {},
            .envelope = std::move(envelope),
            .answer = std::move(answer),
            .look = {},
            .said = {}});
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
        waiting_.push_back({.commands = {},
                            .envelope = {},
                            .answer = {},
                            .look =
                                [&](const Engine* engine) {
                                    if (engine != nullptr) look(*engine);
                                    looked.set_value(engine != nullptr);
                                },
                            .said = {}});
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

void Sequencer::Writer::apply(std::vector<Item>& items,
                              std::vector<std::vector<Outcome>>& outcomes) {
    std::size_t first = 0;  // of the items that are in commands_
    const auto flush = [&](std::size_t end) {
        if (commands_.empty()) return;
        outcomes_.resize(commands_.size());
        engine_->apply(commands_, clock_->now().wall, outcomes_);
        auto next = outcomes_.begin();
        for (; first < end; ++first) {
            const auto size = static_cast<std::ptrdiff_t>(items[first].commands.size());
            outcomes[first].assign(next, next + size);
            next += size;
        }
        commands_.clear();
    };
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].envelope) {
            flush(i);
            first = i + 1;
            items[i].said = engine_->apply(*items[i].envelope, clock_->now().wall);
            continue;
        }
        const std::vector<Command>& own = items[i].commands;
        commands_.insert(commands_.end(), own.begin(), own.end());
        // An open chain must not take in the commands of whoever comes next.
        if (!own.empty() && (own.back().flags & registry::kLinked) != 0) flush(i + 1);
    }
    flush(items.size());
}

void Sequencer::Writer::do_batch(std::vector<Item>& items) {
    std::vector<std::vector<Outcome>> outcomes(items.size());
    std::optional<Lost> lost;
    std::string why;
    Append appended = Append::committed;
    std::size_t events = 0;
    try {
        commands_.clear();
        engine_->advance_time(clock_->now().wall);
        apply(items, outcomes);
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
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].look) {
            items[i].look(engine_.get());
        } else {
            items[i].answer({.status = Status::done,
                             .outcomes = std::move(outcomes[i]),
                             .answer = items[i].said});
        }
    }
    keep_snapshot();
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
        const std::lock_guard lock(mutex_);
        ++stats_.rebuilds;
        if (found) ++stats_.found;
        stats_.last_seq = engine_->last_seq();
        stats_.head = engine_->head();
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
