// cpu_truth: spends an exact amount of CPU time in a given shape and writes, to the file named
// first, how much it was in nanoseconds, by its own CPU clocks. What process_tree_test meters.
//
//     cpu_truth OUT spin MS              this process alone
//     cpu_truth OUT children N MS        N children one after another, each waited for
//     cpu_truth OUT parallel N MS        N children at once
//     cpu_truth OUT threads N MS         N threads, MS each
//     cpu_truth OUT daemon MS            a double-forked daemon in a session of its own; the first
//                                        process ends at once
//     cpu_truth OUT unwaited N MS        N children with SIGCHLD ignored: the kernel reaps them
//     cpu_truth OUT move FILE MS         writes its pid to FILE (a cgroup.procs), then spins
//
// Each process appends one line, "NANOSECONDS\n", to OUT just before it ends.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

long long now_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void spin_until(clockid_t clock, long long ns) {
    while (now_ns(clock) < ns) {
    }
}

void report(const char* out) {
    const int file = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    char line[32];
    const int size = std::snprintf(line, sizeof line, "%lld\n", now_ns(CLOCK_PROCESS_CPUTIME_ID));
    if (file < 0 || write(file, line, static_cast<size_t>(size)) != size) _exit(99);
    close(file);
}

[[noreturn]] void spin_and_report(const char* out, long long ns) {
    spin_until(CLOCK_PROCESS_CPUTIME_ID, ns);
    report(out);
    _exit(0);
}

void children(const char* out, int count, long long ns, bool at_once) {
    for (int i = 0; i < count; ++i) {
        if (fork() == 0) spin_and_report(out, ns);
        if (!at_once) wait(nullptr);
    }
    while (wait(nullptr) > 0) {
    }
}

void threads(int count, long long ns) {
    std::vector<std::thread> running;
    for (int i = 0; i < count; ++i) {
        running.emplace_back([ns] { spin_until(CLOCK_THREAD_CPUTIME_ID, ns); });
    }
    for (std::thread& thread : running) thread.join();
}

void daemon(const char* out, long long ns) {
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    spin_and_report(out, ns);
}

int move(const char* file, long long ns) {
    const int procs = open(file, O_WRONLY | O_CLOEXEC);
    const std::string pid = std::to_string(getpid());
    if (procs < 0 || write(procs, pid.data(), pid.size()) < 0) return 77;
    close(procs);
    spin_until(CLOCK_PROCESS_CPUTIME_ID, ns);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const char* out = argv[1];
    const std::string_view shape = argv[2];
    const long long ns = std::atoll(argv[argc - 1]) * 1'000'000;
    const int count = std::atoi(argv[3]);
    if (shape == "spin") spin_until(CLOCK_PROCESS_CPUTIME_ID, ns);
    if (shape == "children") children(out, count, ns, false);
    if (shape == "parallel") children(out, count, ns, true);
    if (shape == "threads") threads(count, ns);
    if (shape == "daemon") daemon(out, ns);
    if (shape == "unwaited") {
        signal(SIGCHLD, SIG_IGN);
        children(out, count, ns, true);
    }
    const int status = shape == "move" ? move(argv[3], ns) : 0;
    report(out);
    return status;
}
