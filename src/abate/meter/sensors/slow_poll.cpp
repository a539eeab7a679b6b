#include "abate/meter/sensors/slow_poll.h"

#include <signal.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace abate::meter {

struct SlowPoller::Shared {
    struct Slot {
        std::uint64_t value = 0;
        std::int64_t mono_ns = 0;
        std::uint64_t sequence = 0;  // 0: never answered
        bool failed = true;          // the latest question
    };

    std::mutex mutex;
    std::condition_variable wake;
    const Clock* clock = nullptr;  // touched only under the mutex and while !stop
    Options options;
    bool stop = false;
    bool ended = false;
    std::optional<Result<PollAnswer>> first;
    std::array<Slot, kSlowChannels> slots{};
};

SlowPoller::SlowPoller(const Clock& clock, Options options, Ask ask)
    : clock_(clock), shared_(std::make_shared<Shared>()) {
    shared_->clock = &clock;
    shared_->options = options;
    // The thread must not take the program's signals (SIGINT, SIGTERM): it would end the program.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([shared = shared_, ask = std::move(ask)] { loop(shared, ask); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SlowPoller::~SlowPoller() {
    // An idle thread ends at once; one that waits for its source is left to its time-out.
    constexpr auto kGrace = std::chrono::milliseconds(50);
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->wake.notify_all();
    const bool ended = shared_->wake.wait_for(lock, kGrace, [this] { return shared_->ended; });
    lock.unlock();
    if (ended) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void SlowPoller::loop(const std::shared_ptr<Shared>& shared, const Ask& ask) {
    std::unique_lock lock(shared->mutex);
    while (!shared->stop) {
        lock.unlock();
        Result<PollAnswer> answer =
            Error{.code = ErrorCode::internal, .what = "no answer", .where = {}, .hint = {}};
        try {
            answer = ask();
        } catch (const std::exception& e) {
            answer = Error{.code = ErrorCode::internal, .what = e.what(), .where = {}, .hint = {}};
        }
        lock.lock();
        if (shared->stop) break;
        const std::int64_t now_ns = shared->clock->now().mono_ns;
        for (std::size_t i = 0; i < kSlowChannels; ++i) {
            Shared::Slot& slot = shared->slots[i];
            const bool good = answer.has_value() && answer->values[i].has_value();
            slot.failed = !good;
            if (!good) continue;
            slot.value = *answer->values[i];
            slot.mono_ns = now_ns;
            ++slot.sequence;
        }
        if (!shared->first) shared->first = std::move(answer);
        shared->wake.notify_all();
        shared->wake.wait_for(lock, shared->options.interval, [&shared] { return shared->stop; });
    }
    shared->ended = true;
    shared->wake.notify_all();
}

std::optional<Result<PollAnswer>> SlowPoller::wait_for_first(std::chrono::nanoseconds limit) {
    std::unique_lock lock(shared_->mutex);
    shared_->wake.wait_for(lock, limit, [this] { return shared_->first.has_value(); });
    return shared_->first;
}

void SlowPoller::latest(std::size_t index, Reading& out) noexcept {
    ABATE_REQUIRE(index < kSlowChannels);
    const std::int64_t now_ns = clock_.now().mono_ns;
    const std::lock_guard lock(shared_->mutex);
    const Shared::Slot& slot = shared_->slots[index];
    out = Reading{};
    out.value = slot.value;
    out.mono_ns = slot.sequence == 0 ? now_ns : slot.mono_ns;
    const std::int64_t age_ns = now_ns - slot.mono_ns;
    if (slot.sequence == 0 || slot.failed || age_ns > shared_->options.stale_after.count()) {
        out.status = ReadStatus::failed;
        out.mono_ns = now_ns;
    } else if (slot.sequence == seen_[index]) {
        out.status = ReadStatus::no_update;
    } else {
        out.status = ReadStatus::ok;
        seen_[index] = slot.sequence;
    }
}

}  // namespace abate::meter
