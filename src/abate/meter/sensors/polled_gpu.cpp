#include "abate/meter/sensors/polled_gpu.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace abate::meter {

bool in_first_pid_namespace(const std::string& procfs_root) {
    // Its inode is fixed: Linux include/linux/proc_ns.h, PROC_PID_INIT_INO = 0xEFFFFFFC.
    constexpr std::string_view kFirst = "pid:[4026531836]";
    std::array<char, 64> link{};
    const std::string path = procfs_root + "/self/ns/pid";
    const ssize_t length = ::readlink(path.c_str(), link.data(), link.size());
    return length > 0 && std::string_view(link.data(), static_cast<std::size_t>(length)) == kFirst;
}

void GpuUsage::add(pid_t pid, double weight, int group) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if (of[i].pid == pid && of[i].group == group) {
            of[i].weight += weight;
            return;
        }
    }
    if (count < kMost) {
        of[count++] = {.pid = pid, .weight = weight, .group = group};
    } else {
        unnamed += weight;
    }
}

void GpuUsage::add_group(int group, double weight, std::span<const pid_t> pids) noexcept {
    for (const pid_t pid : pids) add(pid, weight / static_cast<double>(pids.size()), group);
}

void GpuUsage::clear() noexcept {
    known = measured = false;
    unnamed = 0;
    count = 0;
}

JobPids::JobPids() { remembered_.reserve(1024); }

bool JobPids::contains(pid_t pid, std::span<const pid_t> live) noexcept {
    if (std::find(remembered_.begin(), remembered_.end(), pid) != remembered_.end()) return true;
    if (std::find(live.begin(), live.end(), pid) == live.end()) return false;
    if (remembered_.size() < remembered_.capacity()) {
        remembered_.push_back(pid);
    } else {
        remembered_[next_] = pid;
        next_ = (next_ + 1) % remembered_.size();
    }
    return true;
}

GpuShare share_of(const GpuUsage& usage,
                  std::span<const pid_t> live,
                  JobPids& pids,
                  const std::function<bool(pid_t)>& exists) noexcept {
    GpuShare share;
    if (!usage.known) return share;
    std::array<bool, GpuUsage::kMost> ours{};
    double total = usage.unnamed;
    for (std::size_t i = 0; i < usage.count; ++i) {
        ours[i] = pids.contains(usage.of[i].pid, live);
        total += usage.of[i].weight;
    }
    const auto mixed = [&](std::size_t i) {
        for (std::size_t k = 0; k < usage.count; ++k) {
            if (usage.of[k].group == usage.of[i].group && ours[k] != ours[i]) return true;
        }
        return false;
    };
    double job = 0;
    double others = 0;
    bool told = usage.count == 0;
    for (std::size_t i = 0; i < usage.count; ++i) {
        if (usage.of[i].group >= 0 && mixed(i)) continue;
        told = true;
        if (ours[i]) {
            job += usage.of[i].weight;
        } else if (exists(usage.of[i].pid)) {
            others += usage.of[i].weight;
        }
    }
    share.known = told;
    if (total <= 0 || !told) return share;
    share.job = std::min(1.0, job / total);
    share.others = std::min(1 - share.job, others / total);
    return share;
}

namespace {

// What the two threads share. The helper thread holds `mutex` only to copy, never during a call
// into a library.
struct Shared {
    std::mutex mutex;
    std::condition_variable wake;    // to the helper: work, or stop
    std::condition_variable answer;  // from the helper: opened, a sweep is done

    enum class Phase { opening, open, late } phase = Phase::opening;
    GpuOpening opening;
    bool stop = false;
    bool finished = false;  // the helper has left

    std::uint64_t requested = 0;  // sweeps asked for
    std::uint64_t done = 0;       // the newest sweep that is complete
    bool usage_wanted = false;
    std::vector<Reading> latest;       // one a channel
    std::vector<std::uint64_t> fresh;  // the sweep that wrote it
    std::vector<GpuUsage> usage;       // one a GPU
    std::vector<char> usage_taken;     // shares() has answered from it

    const Clock* clock = nullptr;
    Moment last_moment;

    // The clock belongs to the sensor's owner; once stopped it is not touched again.
    Moment now() {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!stop) last_moment = clock->now();
        return last_moment;
    }
};

// wait_for with a predicate, by the system clock: ThreadSanitizer of g++ 12 does not know
// pthread_cond_clockwait, which the steady clock would use.
template <typename Predicate>
bool wait_at_most(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  std::chrono::milliseconds limit,
                  Predicate predicate) {
    return condition.wait_until(lock, std::chrono::system_clock::now() + limit, predicate);
}

struct Span {
    std::size_t first = 0;
    std::size_t count = 0;
};

// The body of the helper thread.
class Helper {
  public:
    Helper(std::shared_ptr<Shared> shared, std::unique_ptr<GpuDriver> driver)
        : shared_(std::move(shared)), driver_(std::move(driver)) {}

    void run() {
        open();
        while (next()) sweep();
        driver_.reset();
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        shared_->finished = true;
        shared_->answer.notify_all();
    }

  private:
    void open() {
        GpuOpening opening = driver_->open([shared = shared_] { return shared->now(); });
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        if (shared_->phase == Shared::Phase::late) {
            driver_->only_power();
            lay_out(shared_->opening.channels);
        } else {
            lay_out(opening.channels);
            publish(std::move(opening));
        }
        usage_.resize(gpus_.size());
        shared_->answer.notify_all();
    }

    void publish(GpuOpening&& opening) {
        shared_->opening = std::move(opening);
        shared_->latest.resize(shared_->opening.channels.size());
        shared_->fresh.resize(shared_->opening.channels.size());
        shared_->usage.resize(gpus_.size());
        shared_->usage_taken.resize(gpus_.size());
        shared_->phase = Shared::Phase::open;
    }

    // Which channels belong to which GPU.
    void lay_out(const std::vector<ChannelInfo>& channels) {
        for (std::size_t c = 0; c < channels.size(); ++c) {
            const auto gpu = static_cast<std::size_t>(channels[c].gpu_index);
            if (gpus_.size() <= gpu) gpus_.resize(gpu + 1);
            if (gpus_[gpu].count++ == 0) gpus_[gpu].first = c;
        }
        values_.resize(channels.size());
    }

    // Waits for work. False: stop.
    bool next() {
        std::unique_lock<std::mutex> lock(shared_->mutex);
        shared_->wake.wait(lock,
                           [&] { return shared_->stop || shared_->requested != shared_->done; });
        if (shared_->stop) return false;
        sweep_ = shared_->requested;
        usage_wanted_ = std::exchange(shared_->usage_wanted, false);
        return true;
    }

    void sweep() {
        for (std::size_t g = 0; g < gpus_.size(); ++g) {
            const std::span<Reading> out(values_.data() + gpus_[g].first, gpus_[g].count);
            if (!out.empty()) driver_->sample(static_cast<int>(g), out);
            const std::lock_guard<std::mutex> lock(shared_->mutex);
            if (shared_->stop) return;
            for (std::size_t c = gpus_[g].first; c < gpus_[g].first + gpus_[g].count; ++c) {
                shared_->latest[c] = values_[c];
                shared_->fresh[c] = sweep_;
            }
        }
        const std::int64_t now_ns = shared_->now().mono_ns;
        if (usage_wanted_ || !polled_ || now_ns - last_usage_ns_ >= kUsagePeriodNs) {
            poll_usage();
            last_usage_ns_ = now_ns;
            polled_ = true;
        }
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        shared_->done = sweep_;
        shared_->answer.notify_all();
    }

    void poll_usage() {
        for (std::size_t g = 0; g < usage_.size(); ++g) {
            usage_[g].clear();
            if (gpus_[g].count > 0) driver_->usage(static_cast<int>(g), usage_[g]);
        }
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        for (std::size_t g = 0; g < usage_.size(); ++g) merge(g);
    }

    // Nobody has asked since the last poll: its work belongs to the next answer too.
    void merge(std::size_t g) {
        GpuUsage& held = shared_->usage[g];
        const GpuUsage& polled = usage_[g];
        const bool alike = held.known && polled.known && held.measured && polled.measured;
        if (shared_->usage_taken[g] != 0 || !alike) {
            held = polled;
        } else {
            held.unnamed += polled.unnamed;
            for (std::size_t i = 0; i < polled.count; ++i)
                held.add(polled.of[i].pid, polled.of[i].weight, polled.of[i].group);
        }
        shared_->usage_taken[g] = 0;
    }

    std::shared_ptr<Shared> shared_;
    std::unique_ptr<GpuDriver> driver_;
    std::vector<Span> gpus_;
    std::vector<Reading> values_;
    std::vector<GpuUsage> usage_;
    std::uint64_t sweep_ = 0;
    bool usage_wanted_ = false;
    bool polled_ = false;
    std::int64_t last_usage_ns_ = 0;
};

class PolledGpuSensor final : public Sensor, public GpuShareSource {
  public:
    PolledGpuSensor(std::shared_ptr<Shared> shared, std::thread helper, PolledGpuOptions options)
        : shared_(std::move(shared)),
          helper_(std::move(helper)),
          options_(std::move(options)),
          channels_(shared_->opening.channels),
          reserved_(shared_->opening.reserved),
          stated_(shared_->opening.stated),
          delivered_(channels_.size()),
          exists_([this](pid_t pid) { return process_exists(pid); }) {}

    ~PolledGpuSensor() override {
        std::unique_lock<std::mutex> lock(shared_->mutex);
        shared_->stop = true;
        shared_->wake.notify_all();
        // A driver that hangs is left to itself: the thread owns all that it touches.
        const bool finished = wait_at_most(
            shared_->answer, lock, options_.limits.read, [&] { return shared_->finished; });
        lock.unlock();
        if (finished) {
            helper_.join();
        } else {
            helper_.detach();
        }
    }

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }

    void read(std::span<Reading> out, ReadReason reason) noexcept override {
        const std::int64_t now_ns = options_.clock->now().mono_ns;
        std::unique_lock<std::mutex> lock(shared_->mutex);
        if (reason == ReadReason::boundary) {
            shared_->usage_wanted = true;
            const std::uint64_t sweep = request(now_ns);
            wait_at_most(shared_->answer, lock, options_.limits.read, [&] {
                return shared_->done >= sweep;
            });
            deliver(out, sweep, now_ns, true);
            return;
        }
        if (shared_->done == shared_->requested &&
            (shared_->requested == 0 || now_ns - requested_ns_ >= options_.min_interval_ns)) {
            const std::uint64_t sweep = request(now_ns);
            wait_at_most(
                shared_->answer, lock, kPeriodicGrace, [&] { return shared_->done >= sweep; });
        }
        deliver(out, 0, now_ns, false);
    }

    void shares(std::span<const pid_t> job_pids, std::span<GpuShare> out) noexcept override {
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        for (std::size_t g = 0; g < out.size(); ++g) {
            out[g] = g < shared_->usage.size()
                         ? share_of(shared_->usage[g], job_pids, pids_, exists_)
                         : GpuShare{};
            out[g].reserved = g < reserved_.size() ? reserved_[g] : 0;
            out[g].stated = stated_;
            if (g < shared_->usage_taken.size()) shared_->usage_taken[g] = 1;
        }
    }

    [[nodiscard]] int gpu_count() const noexcept override {
        return static_cast<int>(reserved_.size());
    }

  private:
    // With the mutex held.
    std::uint64_t request(std::int64_t now_ns) noexcept {
        if (shared_->done == shared_->requested) waiting_since_ns_ = now_ns;
        requested_ns_ = now_ns;
        shared_->wake.notify_all();
        return ++shared_->requested;
    }

    // With the mutex held. Fresh: written by sweep `at_least` or later and not delivered yet.
    void deliver(std::span<Reading> out,
                 std::uint64_t at_least,
                 std::int64_t now_ns,
                 bool boundary) noexcept {
        const std::int64_t limit_ns =
            std::chrono::duration_cast<std::chrono::nanoseconds>(options_.limits.read).count();
        const bool stuck =
            shared_->done != shared_->requested && now_ns - waiting_since_ns_ > limit_ns;
        for (std::size_t c = 0; c < out.size(); ++c) {
            const bool fresh = shared_->fresh[c] > delivered_[c] && shared_->fresh[c] >= at_least;
            if (fresh) {
                out[c] = shared_->latest[c];
                delivered_[c] = shared_->fresh[c];
            } else if (boundary || stuck || delivered_[c] == 0) {
                out[c] = Reading{};
                out[c].mono_ns = now_ns;
            } else {
                out[c] = shared_->latest[c];
                if (out[c].status == ReadStatus::ok) out[c].status = ReadStatus::no_update;
            }
        }
    }

    [[nodiscard]] bool process_exists(pid_t pid) const noexcept {
        std::array<char, 512> path{};
        const int length = std::snprintf(
            path.data(), path.size(), "%s/%d", options_.procfs_root.c_str(), static_cast<int>(pid));
        return length > 0 && static_cast<std::size_t>(length) < path.size() &&
               ::access(path.data(), F_OK) == 0;
    }

    std::shared_ptr<Shared> shared_;
    std::thread helper_;
    PolledGpuOptions options_;
    std::vector<ChannelInfo> channels_;
    std::vector<double> reserved_;
    bool stated_;
    std::vector<std::uint64_t> delivered_;  // the sweep last handed out, one a channel
    std::function<bool(pid_t)> exists_;
    JobPids pids_;
    std::int64_t requested_ns_ = 0;
    std::int64_t waiting_since_ns_ = 0;
};

// The helper must not take the program's signals (SIGINT, SIGCHLD).
std::thread start_helper(std::shared_ptr<Shared> shared, std::unique_ptr<GpuDriver> driver) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread([helper = std::make_unique<Helper>(std::move(shared), std::move(driver))] {
        helper->run();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
}

}  // namespace

SensorOpening open_polled_gpus(std::unique_ptr<GpuDriver> driver, PolledGpuOptions options) {
    auto shared = std::make_shared<Shared>();
    shared->clock = options.clock;
    std::thread helper = start_helper(shared, std::move(driver));
    std::unique_lock<std::mutex> lock(shared->mutex);
    const bool in_time = wait_at_most(shared->answer, lock, options.limits.open, [&] {
        return shared->phase != Shared::Phase::opening;
    });
    if (!in_time) {
        shared->phase = Shared::Phase::late;
        if (options.late) shared->opening = options.late();
        const std::vector<ChannelInfo>& channels = shared->opening.channels;
        shared->latest.resize(channels.size());
        shared->fresh.resize(channels.size());
        shared->usage.resize(shared->opening.reserved.size());
        shared->usage_taken.resize(shared->opening.reserved.size());
    }
    SensorOpening result;
    result.findings = shared->opening.findings;
    const bool usable = !shared->opening.channels.empty();
    lock.unlock();
    auto sensor =
        std::make_unique<PolledGpuSensor>(std::move(shared), std::move(helper), std::move(options));
    if (usable) {
        result.shares = sensor.get();
        result.sensor = std::move(sensor);
    }
    return result;
}

}  // namespace abate::meter
