// `abate watch`: live power of this machine's devices and who uses its CPUs.

// ncurses' functions, not its macros of common names.
#define NCURSES_NOMACROS

#include "abate/cli/context.h"
#include "abate/cli/machine.h"
#include "abate/cli/watch_model.h"
#include "abate/cli/watch_power.h"
#include "abate/cli/watch_processes.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <ncurses.h>
#include <nlohmann/json.hpp>

#include <langinfo.h>
#include <poll.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>

namespace abate::cli {
namespace {

constexpr std::int64_t kWatchSecond = 1'000'000'000;
// Below this a counter has hardly moved and the meter itself shows; above, counters could wrap.
constexpr std::int64_t kWatchLeast_ns = kWatchSecond / 10;
constexpr std::int64_t kWatchMost_ns = 30 * kWatchSecond;
constexpr std::size_t kWatchHistory = 512;  // wider than any terminal's sparkline
constexpr std::size_t kWatchJobs = 200;
constexpr int kWatchTextJobs = 10;  // processes in plain text, where nobody scrolls

struct WatchOptions {
    std::string interval = "1s";
    bool once = false;
};

// SIGINT, SIGTERM and SIGHUP as something to wait for, so that the terminal is put back before the
// program ends. Blocks them for this thread and those that it starts from now on.
class WatchSignals {
  public:
    WatchSignals() {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
        pthread_sigmask(SIG_BLOCK, &set, &before_);
        fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    ~WatchSignals() {
        if (fd_ >= 0) ::close(fd_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WatchSignals(const WatchSignals&) = delete;
    WatchSignals& operator=(const WatchSignals&) = delete;

    // Waits until a signal (true), a byte on `input_fd` (-1: none), or the end of `wait_ns`.
    bool wait(std::int64_t wait_ns, int input_fd) const {
        std::array<pollfd, 2> fds{pollfd{fd_, POLLIN, 0}, pollfd{input_fd, POLLIN, 0}};
        const auto wait_ms = std::clamp<std::int64_t>((wait_ns + 999'999) / 1'000'000, 0, 60'000);
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(wait_ms));
        if (ready <= 0 || (fds[0].revents & POLLIN) == 0) return false;
        // Taken, so that it is not delivered once the mask is put back.
        signalfd_siginfo taken{};
        while (::read(fd_, &taken, sizeof(taken)) == static_cast<ssize_t>(sizeof(taken))) {
        }
        return true;
    }

  private:
    int fd_ = -1;
    sigset_t before_{};
};

// Reads the machine and keeps the frame that is shown.
class WatchSession {
  public:
    WatchSession(Context& context, Machine machine, std::int64_t interval_ns)
        : clock_(context.clock),
          cpu_(std::move(machine.cpu)),
          meter_(std::move(machine.devices), {.whole_machine = true, .idle_ppm = -1}, clock_),
          procfs_(context.sensor_environment().procfs_root),
          processes_(procfs_) {
        frame_.host = machine.host.name;
        frame_.cpus = machine.host.cpus;
        frame_.interval_s = static_cast<double>(interval_ns) / 1e9;
        describe();
        (void)cpu_.read(busy_);
        walk_busy_ns_ = busy_.busy_ns;
        walk_ns_ = clock_.now().mono_ns;
        (void)processes_.walk(walk_ns_, 0);
        meter_.begin();
        for (std::size_t i = 0; i < meter_.devices().channels.size(); ++i) {
            powers_.emplace_back(meter_.state().devices[i].energy, meter_.reading_ns(i));
        }
        active_ns_ = clock_.now().mono_ns;
        fold_failures();
    }

    // Reads everything once and brings the frame up to date.
    void tick() {
        const meter::MachineCpuTime before = busy_;
        const bool read = cpu_.read(busy_);
        meter_.sample(meter::ReadReason::periodic);
        meter_.close_window({.job_cpu_ns = 0, .busy_cpu_ns = busy_.busy_ns, .job_pids = {}});
        const std::int64_t busy = busy_.busy_ns - before.busy_ns;
        const std::int64_t all =
            busy + (busy_.idle_ns - before.idle_ns) + (busy_.steal_ns - before.steal_ns);
        frame_.busy_percent.reset();
        if (read && all > 0) {
            frame_.busy_percent = 100.0 * static_cast<double>(busy) / static_cast<double>(all);
        }
        update_devices();
        const std::int64_t now_ns = clock_.now().mono_ns;
        if (now_ns - walk_ns_ >= kWatchSecond * 9 / 10) update_jobs(now_ns);
        const MemoryUse memory = read_memory(procfs_);
        frame_.memory_used_bytes = memory.used_bytes;
        frame_.memory_total_bytes = memory.total_bytes;
        frame_.elapsed_s = static_cast<double>(meter_.elapsed_ns()) / 1e9;
    }

    [[nodiscard]] WatchFrame& frame() { return frame_; }

  private:
    // Names, sources and roles of the rows; they do not change.
    void describe() {
        const meter::Devices& devices = meter_.devices();
        bool modelled = false;
        for (std::size_t i = 0; i < devices.channels.size(); ++i) {
            const meter::ChannelInfo& channel = devices.channels[i];
            const meter::ChannelRole role = devices.plans[i].role;
            if (role == meter::ChannelRole::dropped) continue;
            rows_.push_back(i);
            const bool counted =
                role == meter::ChannelRole::counted || role == meter::ChannelRole::node;
            frame_.devices.push_back({.name = channel.device,
                                      .source = channel.source,
                                      .quality = to_string(channel.quality),
                                      .counted = counted});
            modelled |= role == meter::ChannelRole::counted && channel.quality != Quality::measured;
            if (role == meter::ChannelRole::node) frame_.node_source = channel.source;
        }
        if (modelled) {
            frame_.notes.emplace_back("modelled, not measured: see `abate doctor`");
        }
        failed_reads_.resize(devices.channels.size());
    }

    // Which channels failed since the last call.
    void fold_failures() {
        failed_.assign(failed_reads_.size(), false);
        for (std::size_t i = 0; i < failed_reads_.size(); ++i) {
            const std::int64_t count = meter_.state().devices[i].failed_reads;
            failed_[i] = count != failed_reads_[i];
            failed_reads_[i] = count;
        }
    }

    // A gauge shows what it last read; a counter the mean between its last two readings.
    std::optional<double> power_w(std::size_t channel) {
        const DeviceState& state = meter_.state().devices[channel];
        const std::optional<double> mean =
            powers_[channel].next(state.energy, meter_.reading_ns(channel));
        if (failed_[channel]) return std::nullopt;
        if (meter_.devices().channels[channel].kind != meter::ChannelKind::power_gauge) {
            return mean;
        }
        if (state.raw == 0 && state.energy.count() == 0) return std::nullopt;
        return static_cast<double>(state.raw) / 1e6;
    }

    void update_devices() {
        fold_failures();
        frame_.components_w.reset();
        frame_.node_w.reset();
        Microjoules energy;
        std::optional<double> active_w;
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            const std::size_t i = rows_[row];
            WatchDevice& device = frame_.devices[row];
            device.watts = power_w(i);
            if (device.history.size() >= kWatchHistory) {
                device.history.erase(device.history.begin());
            }
            device.history.push_back(device.watts);
            const meter::ChannelRole role = meter_.devices().plans[i].role;
            if (role == meter::ChannelRole::node && device.watts) {
                frame_.node_w = frame_.node_w.value_or(0) + *device.watts;
            }
            if (role != meter::ChannelRole::counted) continue;
            energy += meter_.state().devices[i].energy;
            if (!device.watts) continue;
            frame_.components_w = frame_.components_w.value_or(0) + *device.watts;
            if (meter_.devices().channels[i].share != meter::ShareBasis::cpu_time) continue;
            const double idle_w = static_cast<double>(meter_.devices().idle[i].value_mw) / 1e3;
            active_w = active_w.value_or(0) + std::max(0.0, *device.watts - idle_w);
        }
        frame_.energy_j = energy.energy().in(joules);
        const std::int64_t now_ns = clock_.now().mono_ns;
        if (active_w) {
            const double frame_s = static_cast<double>(now_ns - active_ns_) / 1e9;
            active_j_ += *active_w * frame_s;
            active_s_ += frame_s;
        }
        active_ns_ = now_ns;
    }

    // Shares out the CPUs' active energy since the last walk by CPU time.
    void update_jobs(std::int64_t now_ns) {
        const auto uses = processes_.walk(now_ns, kWatchJobs);
        std::int64_t used_ns = 0;
        for (const ProcessUse& use : uses) used_ns += use.cpu_ns;
        // Ticks of processes and of the machine may differ a little: nobody gets more than all.
        const std::int64_t busy_ns = std::max(busy_.busy_ns - walk_busy_ns_, used_ns);
        const double active_w = active_s_ > 0 ? active_j_ / active_s_ : 0;
        frame_.jobs.clear();
        for (const ProcessUse& use : uses) {
            WatchJob job{.pid = use.pid,
                         .user = user_name(use.uid),
                         .command = use.command,
                         .cpu_percent = use.cpu_percent};
            if (active_s_ > 0 && busy_ns > 0) {
                job.watts =
                    active_w * static_cast<double>(use.cpu_ns) / static_cast<double>(busy_ns);
            }
            frame_.jobs.push_back(std::move(job));
        }
        walk_ns_ = now_ns;
        walk_busy_ns_ = busy_.busy_ns;
        active_j_ = 0;
        active_s_ = 0;
    }

    const std::string& user_name(uid_t uid) {
        const auto [entry, fresh] = users_.try_emplace(uid);
        if (fresh) {
            const passwd* user = ::getpwuid(uid);
            entry->second = user != nullptr ? user->pw_name : std::to_string(uid);
        }
        return entry->second;
    }

    const Clock& clock_;
    meter::MachineCpu cpu_;
    meter::RunMeter meter_;
    std::string procfs_;
    ProcessTable processes_;
    WatchFrame frame_;
    std::vector<std::size_t> rows_;  // channel of each shown device
    std::vector<std::int64_t> failed_reads_;
    std::vector<bool> failed_;
    std::vector<ReadingPower> powers_;  // one a channel
    meter::MachineCpuTime busy_{};
    std::int64_t walk_ns_ = 0;
    std::int64_t walk_busy_ns_ = 0;
    std::int64_t active_ns_ = 0;
    double active_j_ = 0;  // of CPUs and memory above idle, since the last walk
    double active_s_ = 0;  // of that time, as far as their power was known
    std::map<uid_t, std::string> users_;
};

nlohmann::ordered_json optional_number(const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

// The frame as one JSON document (docs/reference/watch.md).
std::string watch_json(const WatchFrame& frame) {
    nlohmann::ordered_json document;
    document["host"] = frame.host;
    document["elapsed_s"] = frame.elapsed_s;
    document["devices_w"] = optional_number(frame.components_w);
    document["node_w"] = optional_number(frame.node_w);
    document["energy_j"] = frame.energy_j;
    document["cpus"] = frame.cpus;
    document["busy_percent"] = optional_number(frame.busy_percent);
    document["memory"] = {{"used_bytes", frame.memory_used_bytes},
                          {"total_bytes", frame.memory_total_bytes}};
    document["devices"] = nlohmann::ordered_json::array();
    for (const WatchDevice& device : frame.devices) {
        document["devices"].push_back({{"device", device.name},
                                       {"source", device.source},
                                       {"quality", device.quality},
                                       {"counted", device.counted},
                                       {"power_w", optional_number(device.watts)}});
    }
    document["processes"] = nlohmann::ordered_json::array();
    for (const WatchJob& job : frame.jobs) {
        document["processes"].push_back({{"pid", job.pid},
                                         {"user", job.user},
                                         {"command", job.command},
                                         {"cpu_percent", job.cpu_percent},
                                         {"power_w", optional_number(job.watts)}});
    }
    document["notes"] = frame.notes;
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool watch_utf8() { return std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0; }

// Columns of the terminal, else $COLUMNS, else 80.
int text_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const std::string columns = environment_variable("COLUMNS");
    int width = 0;
    std::from_chars(columns.data(), columns.data() + columns.size(), width);
    return width >= 20 && width <= 1000 ? width : 80;
}

void print_frame(const WatchFrame& frame) {
    const int height = static_cast<int>(2 * frame.devices.size()) + kWatchTextJobs + 12;
    WatchFrame shown = frame;
    if (shown.jobs.size() > static_cast<std::size_t>(kWatchTextJobs)) {
        shown.jobs.resize(static_cast<std::size_t>(kWatchTextJobs));
    }
    for (const WatchLine& line : render(shown,
                                        {.width = text_width(),
                                        .height = height,
                                        .utf8 = watch_utf8(),
                                        .interactive = false})) {
        std::printf("%s\n", line.text.c_str());
    }
    std::fflush(stdout);
}

// One frame per interval as lines, until a signal or a closed output.
void watch_as_text(WatchSession& session,
                   const WatchSignals& signals,
                   const Clock& clock,
                   std::int64_t interval_ns) {
    std::int64_t next_ns = clock.now().mono_ns + interval_ns;
    while (true) {
        const std::int64_t left_ns = next_ns - clock.now().mono_ns;
        if (left_ns > 0) {
            if (signals.wait(left_ns, -1)) return;
            continue;
        }
        next_ns = std::max(next_ns + interval_ns, clock.now().mono_ns);
        session.tick();
        print_frame(session.frame());
        std::printf("\n");
        if (std::fflush(stdout) != 0) return;
    }
}

// The terminal in full-screen mode; puts it back when it goes.
class WatchScreen {
  public:
    WatchScreen() : screen_(::newterm(nullptr, stdout, stdin)) {
        if (screen_ == nullptr) return;
        ::set_term(screen_);
        ::cbreak();
        ::noecho();
        ::curs_set(0);
        ::keypad(stdscr, TRUE);
        ::nodelay(stdscr, TRUE);
    }
    ~WatchScreen() {
        if (screen_ == nullptr) return;
        ::endwin();
        ::delscreen(screen_);
    }
    WatchScreen(const WatchScreen&) = delete;
    WatchScreen& operator=(const WatchScreen&) = delete;

    [[nodiscard]] bool usable() const { return screen_ != nullptr; }

    void show(const WatchFrame& frame) const {
        const WatchLayout layout{
            .width = COLS, .height = LINES, .utf8 = watch_utf8(), .interactive = true};
        ::werase(stdscr);
        int row = 0;
        for (const WatchLine& line : render(frame, layout)) {
            const attr_t attribute = attribute_of(line.style);
            ::wattron(stdscr, static_cast<int>(attribute));
            ::mvwaddstr(stdscr, row++, 0, line.text.c_str());
            ::wattroff(stdscr, static_cast<int>(attribute));
        }
        ::wrefresh(stdscr);
    }

  private:
    // No colours: reverse, bold and dim are readable on every background, and NO_COLOR has its way.
    static attr_t attribute_of(WatchStyle style) {
        switch (style) {
            case WatchStyle::title:
                return A_REVERSE;
            case WatchStyle::heading:
                return A_BOLD;
            case WatchStyle::dim:
                return A_DIM;
            case WatchStyle::normal:
                return A_NORMAL;
        }
        return A_NORMAL;
    }

    SCREEN* screen_;
};

// Acts on one key; false: quit.
bool handle_key(int key, WatchFrame& frame) {
    switch (key) {
        case 'q':
        case 'Q':
            return false;
        case 'p':
        case ' ':
            frame.paused = !frame.paused;
            break;
        case 's':
            frame.sort = frame.sort == JobSort::cpu ? JobSort::pid : JobSort::cpu;
            break;
        case 'h':
        case '?':
            frame.help = !frame.help;
            break;
        default:
            break;
    }
    return true;
}

// Paused, the meter goes on reading (counters must not wrap unseen) and the picture stands.
void watch_on_screen(WatchSession& session,
                     const WatchSignals& signals,
                     const WatchScreen& screen,
                     const Clock& clock,
                     std::int64_t interval_ns) {
    WatchFrame shown = session.frame();
    screen.show(shown);
    std::int64_t next_ns = clock.now().mono_ns + interval_ns;
    while (true) {
        const std::int64_t left_ns = next_ns - clock.now().mono_ns;
        if (left_ns > 0 && signals.wait(left_ns, STDIN_FILENO)) return;
        bool keys = false;
        for (int key = ::wgetch(stdscr); key != ERR; key = ::wgetch(stdscr)) {
            if (!handle_key(key, shown)) return;
            keys = true;
        }
        const bool due = clock.now().mono_ns >= next_ns;
        if (due) {
            next_ns = std::max(next_ns + interval_ns, clock.now().mono_ns);
            session.tick();
            if (!shown.paused) {
                WatchFrame fresh = session.frame();
                fresh.sort = shown.sort;
                fresh.help = shown.help;
                shown = std::move(fresh);
            }
        }
        if (keys || due) screen.show(shown);
        if (!keys && !due && ::isatty(STDIN_FILENO) == 0) return;  // the terminal has gone
    }
}

std::int64_t watch_interval(const std::string& text) {
    Result<std::int64_t> interval = input::parse_duration_ns(text);
    if (!interval) {
        Error error = interval.error();
        error.where = "--interval";
        throw Failure(error, 2);
    }
    if (*interval < kWatchLeast_ns || *interval > kWatchMost_ns) {
        throw Failure({ErrorCode::out_of_range,
                       "the interval '" + short_text(text) + "' is not between 100ms and 30s",
                       "--interval",
                       "1s suits people, 100ms shows short bursts"},
                      2);
    }
    return *interval;
}

void watch(Context& context, const WatchOptions& options) {
    const std::int64_t interval_ns = watch_interval(options.interval);
    if (context.json && !options.once) {
        throw Failure({ErrorCode::invalid_argument,
                       "--json prints one document, so it wants --once",
                       "--json",
                       "Write: abate watch --once --json"},
                      2);
    }
    // Before any sensor starts a thread, so that no thread takes a signal that is to be waited for.
    const WatchSignals signals;
    WatchSession session(context, open_machine(context, {}), interval_ns);
    if (options.once) {
        // A process walk needs most of a second to say anything.
        if (signals.wait(std::max(interval_ns, kWatchSecond), -1)) return;
        session.tick();
        if (context.json) {
            std::printf("%s\n", watch_json(session.frame()).c_str());
        } else {
            print_frame(session.frame());
        }
        return;
    }
    const std::string term = environment_variable("TERM");
    const bool terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1 &&
                          !term.empty() && term != "dumb";
    if (terminal) {
        const WatchScreen screen;
        if (screen.usable()) {
            watch_on_screen(session, signals, screen, context.clock, interval_ns);
            return;
        }
    }
    watch_as_text(session, signals, context.clock, interval_ns);
}

}  // namespace

void add_watch(CLI::App& app, Context& context) {
    auto options = std::make_shared<WatchOptions>();
    CLI::App* command =
        app.add_subcommand("watch", "Live power of this machine's devices and processes");
    command->add_option("--interval", options->interval, "Time between frames: 100ms to 30s")
        ->capture_default_str();
    command->add_flag("--once", options->once, "Print one frame and end");
    command->add_flag("--json", context.json, "With --once: print one JSON document");
    command->footer(
        "Keys: q quit, p pause, s sort, h help. Not on a terminal it prints a frame an "
        "interval.\n\nExample:\n  abate watch --interval 500ms\n  abate watch --once --json");
    command->callback([options, &context] { watch(context, *options); });
}

}  // namespace abate::cli
