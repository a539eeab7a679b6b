#include "abate/meter/run_loop.h"

#include <fmt/format.h>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace abate::meter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// 65.5 kJ counters wrap in 164 s at 400 W; half a minute leaves room for a missed reading or two.
constexpr std::int64_t kLongestSilence = 30 * kSecond;
// Windows between two walks over procfs where a control group keeps the account.
constexpr int kWindowsPerWalk = 5;

// What a user or a batch system sends to a job. SIGTSTP and SIGCONT keep their default action: the
// shell stops and continues abate and the child together.
constexpr std::array<int, 7> kForwarded{
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM};

sigset_t forwarded_set() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : kForwarded) sigaddset(&set, signal);
    return set;
}

// Reads the blocked signals from a descriptor.
class Signals {
  public:
    Signals() {
        const sigset_t set = forwarded_set();
        fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        // A closed standard error must not end the meter before the record is written.
        sigaction(SIGPIPE, &ignore, &pipe_before_);
    }
    ~Signals() {
        if (fd_ >= 0) close(fd_);
        sigaction(SIGPIPE, &pipe_before_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    void forward_to(ProcessTree& tree) const {
        signalfd_siginfo info{};
        while (read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            const bool from_terminal = info.ssi_code == SI_KERNEL;
            // The terminal sent it to the whole foreground group, the child included.
            if (!from_terminal) tree.forward(static_cast<int>(info.ssi_signo));
        }
    }

  private:
    BlockedSignals blocked_;
    int fd_ = -1;
    struct sigaction pipe_before_ {};
};

void note_own_cost(RunState& state) {
    const OwnCost cost = read_own_use();
    state.meter_cpu_ns = cost.cpu_ns;
    state.meter_max_rss_bytes = std::max(state.meter_max_rss_bytes, cost.max_rss_bytes);
}

// Cumulative busy time of the machine since construction; a failed read repeats the last value.
class BusyTime {
  public:
    explicit BusyTime(MachineCpu& machine) : machine_(machine) {
        if (machine_.read(now_)) start_ = now_.busy_ns;
    }
    [[nodiscard]] std::int64_t since_start() {
        [[maybe_unused]] const bool read = machine_.read(now_);
        return std::max<std::int64_t>(0, now_.busy_ns - start_);
    }

  private:
    MachineCpu& machine_;
    MachineCpuTime now_{};
    std::int64_t start_ = 0;
};

void wait_until(std::int64_t due_ns, const Clock& clock, std::array<pollfd, 2>& fds) {
    const std::int64_t wait = std::max<std::int64_t>(0, due_ns - clock.mono_ns());
    const timespec timeout{.tv_sec = wait / kSecond, .tv_nsec = wait % kSecond};
    for (pollfd& fd : fds) fd.revents = 0;
    ppoll(fds.data(), fds.size(), &timeout, nullptr);
}

}  // namespace

BlockedSignals::BlockedSignals() {
    const sigset_t set = forwarded_set();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
}

BlockedSignals::~BlockedSignals() {
    // What came for a child that has ended meanwhile is nobody's any more. A set that was blocked before (an outer
    // BlockedSignals) stays blocked, and keeps what is pending.
    const sigset_t set = forwarded_set();
    if (sigismember(&before_, SIGTERM) == 0) {
        const timespec at_once{};
        while (sigtimedwait(&set, nullptr, &at_once) > 0) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::string lost_records_note(std::int64_t lost_records) {
    if (lost_records <= 0) return {};
    return fmt::format(
        "CPU time: at least {} exit record{} came too fast to be read, so children that nobody "
        "waited for may be missing; the range allows for it",
        lost_records,
        lost_records == 1 ? "" : "s");
}

Result<RunOutcome> run_metered(ProcessTree& tree,
                               RunMeter& meter,
                               MachineCpu& machine,
                               SampleSink* sink,
                               const RunLoopOptions& options,
                               const Clock& clock) {
    const std::int64_t interval = std::clamp<std::int64_t>(options.interval_ns, 1, kLongestSilence);
    const Signals signals;
    RunOutcome outcome;

    meter.begin();
    BusyTime busy(machine);
    if (Result<void> released = tree.release(); !released) return released.error();

    // A control group counts its members without a walk over procfs, which is then only for processes that left the group;
    // without one, and for sharing out accelerators by pid, it is needed each time.
    const bool walk_always = tree.method().rfind("cgroup", 0) != 0 || !meter.devices().gpus.empty();
    int windows = 0;
    const auto use = [&](bool last) {
        const bool walk =
            walk_always || last || tree.left_group() || ++windows % kWindowsPerWalk == 0;
        const std::int64_t job = tree.cpu_time_ns(walk);
        return CpuUse{.job_cpu_ns = job,
                      .busy_cpu_ns = busy.since_start(),
                      .job_pids = tree.live_pids(),
                      .job_is_least = tree.lost_records() > 0};
    };
    const std::int64_t begin = clock.mono_ns();
    std::int64_t next_sample = begin + interval;
    std::int64_t next_window = begin + std::max(interval, kSecond);
    std::array<pollfd, 2> fds{{{signals.fd(), POLLIN, 0}, {tree.event_fd(), POLLIN, 0}}};
    while (!tree.exited()) {
        wait_until(std::min(next_sample, next_window), clock, fds);
        if (fds[0].revents != 0) signals.forward_to(tree);
        if (fds[1].revents != 0) tree.handle_events();
        const std::int64_t now = clock.mono_ns();
        if (tree.exited() || now < std::min(next_sample, next_window)) continue;
        meter.sample(ReadReason::periodic);
        // A late wake-up (a stopped process, a busy machine) is followed by the usual rhythm, not
        // by a burst.
        if (now >= next_sample) next_sample = std::max(next_sample + interval, now + interval / 2);
        if (now < next_window) continue;
        next_window = std::max(next_window + std::max(interval, kSecond), now + kSecond / 2);
        meter.close_window(use(false));
        note_own_cost(meter.mutable_state());
        if (sink != nullptr && !sink->save(meter.state())) outcome.saves_failed = true;
    }
    meter.finish(use(true));
    note_own_cost(meter.mutable_state());
    outcome.exit = tree.exit_status();
    outcome.left_running = tree.survivors();
    outcome.lost_records = tree.lost_records();
    return outcome;
}

}  // namespace abate::meter
