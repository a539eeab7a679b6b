#include "abate/meter/process_tree.h"

#include "abate/meter/cgroup_leaf.h"
#include "abate/meter/exit_records.h"
#include "abate/meter/process_start.h"
#include "abate/meter/process_walk.h"
#include "abate/meter/procfs.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace abate::meter {
namespace {

constexpr std::size_t kMostSurvivors = 64;

std::int64_t cpu_nanoseconds(const rusage& usage) noexcept {
    const auto ns = [](const timeval& time) {
        return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<std::int64_t>(time.tv_usec) * 1000;
    };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

// A descriptor of 3 or more: with standard input closed, a low one would end up as the child's.
int above_standard(int fd) noexcept {
    if (fd < 0 || fd > 2) return fd;
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    ::close(fd);
    return moved;
}

// fork(2), straight into the leaf where the kernel can (Linux 5.7), which spares the grace period
// that a move costs. `inside` says whether it did. -1 on failure.
pid_t fork_into(const CgroupLeaf* leaf, bool& inside) noexcept {
    inside = false;
#if defined(SYS_clone3) && defined(CLONE_INTO_CGROUP)
    if (leaf != nullptr && leaf->version() == 2 && leaf->folder_fd() >= 0) {
        clone_args arguments{};
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.exit_signal = static_cast<unsigned>(SIGCHLD);
        arguments.cgroup = static_cast<unsigned>(leaf->folder_fd());
        const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
        if (pid >= 0) {
            inside = true;
            return static_cast<pid_t>(pid);
        }
    }
#endif
    return ::fork();
}

int open_pidfd(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

bool readable(int fd) noexcept {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

struct ProcessTree::Impl {
    explicit Impl(const LaunchOptions& options_in)
        : options(options_in), walk(options_in.procfs_root) {}
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void choose_method();
    void try_cgroup(int version);
    void try_taskstats();
    void take_over_children();
    Result<void> start();
    void admit(bool inside);
    void open_events();
    void reap() noexcept;
    void wait_for_child() noexcept;
    void note_end(int wait_status) noexcept;
    void stop_watching() noexcept;
    void run_walk() noexcept;
    [[nodiscard]] bool is_foreign(pid_t ended) noexcept;

    LaunchOptions options;
    std::string method = "wait4+procfs";
    std::vector<std::string> notes;

    pid_t pid = -1;
    FileDescriptor socket;  // to the waiting child; closed once it has exec'd
    FileDescriptor pidfd;
    FileDescriptor timer;  // stands in for pidfd where the kernel has none
    FileDescriptor events;
    bool exited = false;
    ExitStatus status;

    std::optional<CgroupLeaf> leaf;
    std::optional<ExitRecords> records;
    ProcessWalk walk;
    std::vector<LiveProcess> foreign;  // children from before launch
    std::vector<pid_t> live;
    std::int64_t reaped_ns = 0;
    std::int64_t total_ns = 0;
    bool left_group = false;

    bool signal_changed = false;
    struct sigaction old_sigchld {};
    bool subreaper_changed = false;
};

ProcessTree::Impl::~Impl() {
    // A child that was never released sees the end of the stream and ends by itself.
    if (socket.open()) {
        socket.reset();
        wait_for_child();
    }
    leaf.reset();
    if (subreaper_changed) ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    if (signal_changed) ::sigaction(SIGCHLD, &old_sigchld, nullptr);
}

void ProcessTree::Impl::try_cgroup(int version) {
    Result<CgroupLeaf> made = CgroupLeaf::create({.version = version,
                                                  .cgroup_root = options.cgroup_root,
                                                  .procfs_root = options.procfs_root});
    if (made) {
        leaf.emplace(std::move(*made));
        method = fmt::format("cgroup-v{}", version);
    } else {
        notes.push_back(fmt::format("cgroup v{} not used: {}", version, to_string(made.error())));
    }
}

void ProcessTree::Impl::try_taskstats() {
    Result<ExitRecords> opened = ExitRecords::open();
    if (opened) {
        records.emplace(std::move(*opened));
        for (const LiveProcess& process : foreign) records->ignore(process);
        method = "taskstats";
    } else {
        notes.push_back(fmt::format("taskstats not used: {}", to_string(opened.error())));
    }
}

void ProcessTree::Impl::choose_method() {
    if (options.use_cgroup && options.use_cgroup_v2) try_cgroup(2);
    if (options.use_cgroup && options.use_cgroup_v1 && !leaf) try_cgroup(1);
    if (options.use_taskstats && !leaf) try_taskstats();
    if (!leaf && !records) {
        notes.emplace_back(
            "CPU time is of processes that were waited for or were alive at a walk: one that "
            "nobody waits for (its parent ignores SIGCHLD) counts only up to the last walk");
    }
}

// Orphans come to us, and no child vanishes unseen.
void ProcessTree::Impl::take_over_children() {
    walk.run(::getpid(), {});
    foreign = walk.processes();
    int before = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &before, 0, 0, 0);
    if (before == 0) {
        subreaper_changed = ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
        if (!subreaper_changed) {
            notes.emplace_back(
                "orphans cannot be adopted here: daemons of the command are lost from the "
                "process tree");
        }
    }
    ::sigaction(SIGCHLD, nullptr, &old_sigchld);
    const bool ignored = old_sigchld.sa_handler == SIG_IGN;
    if (ignored || (old_sigchld.sa_flags & SA_NOCLDWAIT) != 0) {
        struct sigaction action = old_sigchld;
        if (ignored) action.sa_handler = SIG_DFL;
        action.sa_flags &= ~SA_NOCLDWAIT;
        signal_changed = ::sigaction(SIGCHLD, &action, nullptr) == 0;
    }
}

Result<void> ProcessTree::Impl::start() {
    const auto failed = [](const char* what) {
        return Error{ErrorCode::internal,
                     fmt::format("{}: {}", what, std::strerror(errno)),
                     "",
                     "Check the limits on processes and open files (ulimit -u, ulimit -n)"};
    };
    std::array<int, 2> pair{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return failed("no socket pair for the command");
    }
    socket = FileDescriptor(above_standard(pair[0]));
    const FileDescriptor child_socket(above_standard(pair[1]));
    ExecPlan plan(options.words, *options.signals);

    // Nothing may be delivered to the child before it has put its dispositions right.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    bool inside = false;
    pid = fork_into(leaf ? &*leaf : nullptr, inside);
    const int error = errno;
    if (pid == 0) run_child(plan, child_socket.get(), socket.get());
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    if (pid < 0) {
        socket.reset();
        return failed("the command's process cannot be made");
    }
    admit(inside);
    open_events();
    return {};
}

void ProcessTree::Impl::admit(bool inside) {
    if (!leaf || inside) return;
    const Result<void> moved = leaf->admit(pid);
    if (moved) return;
    const int version = leaf->version();
    notes.push_back(fmt::format("cgroup v{} not used: {}", version, to_string(moved.error())));
    leaf.reset();
    method = "wait4+procfs";
    if (version == 2 && options.use_cgroup_v1) {
        try_cgroup(1);
        admit(false);
        return;
    }
    if (options.use_taskstats) try_taskstats();
}

void ProcessTree::Impl::open_events() {
    events = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
    pidfd = FileDescriptor(open_pidfd(pid));
    epoll_event event{};
    event.events = EPOLLIN;
    if (pidfd.open()) {
        ::epoll_ctl(events.get(), EPOLL_CTL_ADD, pidfd.get(), &event);
    } else {
        // Before Linux 5.3: look every 10 ms.
        timer = FileDescriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
        const itimerspec every{{0, 10'000'000}, {0, 10'000'000}};
        ::timerfd_settime(timer.get(), 0, &every, nullptr);
        ::epoll_ctl(events.get(), EPOLL_CTL_ADD, timer.get(), &event);
    }
    if (records) ::epoll_ctl(events.get(), EPOLL_CTL_ADD, records->fd(), &event);
}

bool ProcessTree::Impl::is_foreign(pid_t ended) noexcept {
    const auto found = std::ranges::find(foreign, ended, &LiveProcess::pid);
    if (found == foreign.end()) return false;
    foreign.erase(found);
    return true;
}

void ProcessTree::Impl::note_end(int wait_status) noexcept {
    exited = true;
    if (WIFEXITED(wait_status)) status.code = WEXITSTATUS(wait_status);
    if (WIFSIGNALED(wait_status)) status.signal = WTERMSIG(wait_status);
    stop_watching();
}

void ProcessTree::Impl::stop_watching() noexcept {
    if (pidfd.open()) ::epoll_ctl(events.get(), EPOLL_CTL_DEL, pidfd.get(), nullptr);
    if (timer.open()) ::epoll_ctl(events.get(), EPOLL_CTL_DEL, timer.get(), nullptr);
}

void ProcessTree::Impl::reap() noexcept {
    bool childless = false;
    for (;;) {
        int wait_status = 0;
        rusage usage{};
        const pid_t ended = ::wait4(-1, &wait_status, WNOHANG | __WALL, &usage);
        if (ended < 0 && errno == EINTR) continue;
        childless = ended < 0;
        if (ended <= 0) break;
        if (is_foreign(ended)) continue;
        // Of the process and of everything that it waited for: its cutime goes in here, too.
        reaped_ns += cpu_nanoseconds(usage);
        if (ended == pid && !exited) note_end(wait_status);
    }
    // Somebody else in this process waited for our child: how it ended is lost, that it did is not.
    if (!exited && childless && pidfd.open() && readable(pidfd.get())) {
        exited = true;
        stop_watching();
    }
}

// Blocks until the child, which is about to end, has ended.
void ProcessTree::Impl::wait_for_child() noexcept {
    if (exited || pid <= 0) return;
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    reap();
}

void ProcessTree::Impl::run_walk() noexcept {
    walk.run(::getpid(), foreign);
    live.clear();
    for (const LiveProcess& process : walk.processes()) {
        if (process.state != 'Z' && process.state != 'X') live.push_back(process.pid);
    }
}

ProcessTree::ProcessTree(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessTree::ProcessTree(ProcessTree&&) noexcept = default;
ProcessTree& ProcessTree::operator=(ProcessTree&&) noexcept = default;
ProcessTree::~ProcessTree() = default;

Result<ProcessTree> ProcessTree::launch(const LaunchOptions& options) {
    ABATE_REQUIRE(!options.words.empty());
    auto impl = std::make_unique<Impl>(options);
    if (!impl->options.signals) impl->options.signals = SignalState::now();
    impl->live.reserve(256);
    impl->take_over_children();
    impl->choose_method();
    const Result<void> started = impl->start();
    if (!started) return started.error();
    return ProcessTree(std::move(impl));
}

Result<void> ProcessTree::release() {
    ABATE_REQUIRE(impl_->socket.open());
    const FileDescriptor socket(impl_->socket.release());
    // A child that a signal has ended already reads nothing and sends nothing: no error of exec.
    ::send(socket.get(), "x", 1, MSG_NOSIGNAL);
    int error = 0;
    ssize_t size = 0;
    do {
        size = ::recv(socket.get(), &error, sizeof error, 0);
    } while (size < 0 && errno == EINTR);
    if (size != static_cast<ssize_t>(sizeof error)) return {};
    impl_->wait_for_child();  // it ends at once, and its control group can then be removed
    return exec_error(error, impl_->options.words.front());
}

pid_t ProcessTree::pid() const noexcept { return impl_->pid; }
const std::string& ProcessTree::method() const noexcept { return impl_->method; }
const std::vector<std::string>& ProcessTree::notes() const noexcept { return impl_->notes; }
int ProcessTree::event_fd() const noexcept { return impl_->events.get(); }

void ProcessTree::handle_events() noexcept {
    if (impl_->timer.open()) {
        std::uint64_t count = 0;
        while (::read(impl_->timer.get(), &count, sizeof count) > 0) {
        }
    }
    if (impl_->records) impl_->records->drain();
    impl_->reap();
}

bool ProcessTree::exited() const noexcept { return impl_->exited; }

ExitStatus ProcessTree::exit_status() const noexcept {
    ABATE_REQUIRE(impl_->exited);
    return impl_->status;
}

std::int64_t ProcessTree::cpu_time_ns(bool walk) noexcept {
    handle_events();
    std::int64_t alive_ns = 0;
    if (walk) {
        impl_->run_walk();
        alive_ns = impl_->walk.cpu_ns();
    } else if (!impl_->exited && !impl_->leaf) {
        // The child alone is safe without a walk: we have not waited for it, and nobody else can.
        const LiveProcess child = impl_->walk.read(impl_->pid);
        alive_ns = child.own_ns + child.waited_ns;
    }
    std::int64_t best = impl_->reaped_ns + alive_ns;
    if (impl_->leaf) {
        const std::int64_t group = impl_->leaf->usage_ns().value_or(0);
        // Twice the resolution of what a walk reads of dead children.
        constexpr std::int64_t kTwoTicks = 20'000'000;
        impl_->left_group = impl_->left_group || best > group + kTwoTicks;
        best = std::max(best, group);
    }
    if (impl_->records && walk) {
        best = std::max(best, impl_->records->cpu_ns(::getpid(), impl_->walk.processes()));
    }
    impl_->total_ns = std::max(impl_->total_ns, best);
    return impl_->total_ns;
}

std::int64_t ProcessTree::lost_records() const noexcept {
    return impl_->records ? impl_->records->lost() : 0;
}

bool ProcessTree::left_group() const noexcept { return impl_->left_group; }

const std::vector<pid_t>& ProcessTree::live_pids() const noexcept { return impl_->live; }

void ProcessTree::forward(int signal) noexcept {
    if (impl_->exited) return;
    if (impl_->pidfd.open()) {
        ::syscall(SYS_pidfd_send_signal, impl_->pidfd.get(), signal, nullptr, 0);
    } else {
        // Not reaped yet, so the pid is still ours.
        ::kill(impl_->pid, signal);
    }
}

std::vector<LeftRunning> ProcessTree::survivors() {
    handle_events();
    impl_->run_walk();
    std::vector<LeftRunning> left;
    for (const pid_t pid : impl_->live) {
        if (pid == impl_->pid || left.size() == kMostSurvivors) continue;
        std::string command = command_line(impl_->options.procfs_root, pid);
        if (!command.empty()) left.push_back({.pid = pid, .command = std::move(command)});
    }
    return left;
}

}  // namespace abate::meter
