#include "abate/meter/process_tree.h"

#include "abate/meter/cgroup_leaf.h"
#include "abate/meter/process_start.h"
#include "abate/meter/procfs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace abate::meter {
namespace {

using ::testing::HasSubstr;

class Folder {
  public:
    Folder() {
        const char* base = std::getenv("TMPDIR");
        std::string form = std::string(base != nullptr ? base : "/tmp") + "/abate-ptree-XXXXXX";
        path_ = ::mkdtemp(form.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

std::int64_t mono_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// Waits for the command as `abate run` does, sampling every 50 ms; fails the test if time went
// back.
void wait_for_end(ProcessTree& tree) {
    std::int64_t last = 0;
    const std::int64_t deadline = mono_ns() + 120'000'000'000;
    while (!tree.exited() && mono_ns() < deadline) {
        pollfd entry{tree.event_fd(), POLLIN, 0};
        ::poll(&entry, 1, 50);
        tree.handle_events();
        const std::int64_t now = tree.cpu_time_ns(true);
        EXPECT_GE(now, last);
        last = now;
    }
    ASSERT_TRUE(tree.exited());
}

// The same until nothing of the tree lives.
void wait_for_all(ProcessTree& tree) {
    wait_for_end(tree);
    const std::int64_t deadline = mono_ns() + 60'000'000'000;
    do {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        (void)tree.cpu_time_ns(true);
    } while (!tree.live_pids().empty() && mono_ns() < deadline);
    (void)tree.cpu_time_ns(true);
}

int run_command(std::vector<std::string> words) {
    auto tree = ProcessTree::launch({.words = std::move(words), .use_cgroup = false});
    EXPECT_TRUE(tree.has_value());
    EXPECT_TRUE(tree->release().has_value());
    wait_for_end(*tree);
    return tree->exit_status().shell_status();
}

std::vector<std::string> truth(const std::string& out, std::vector<std::string> arguments) {
    std::vector<std::string> words{ABATE_CPU_TRUTH, out};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

// What the processes of cpu_truth say they spent.
std::int64_t spent_ns(const std::string& out) {
    std::ifstream in(out);
    std::int64_t sum = 0;
    for (std::int64_t ns = 0; in >> ns;) sum += ns;
    return sum;
}

// One way to account, and what each ended process may be off by.
struct Method {
    const char* name;
    bool cgroup_v2;
    bool cgroup_v1;
    bool taskstats;
};

void PrintTo(const Method& method, std::ostream* out) { *out << method.name; }

LaunchOptions options_of(const Method& method, std::vector<std::string> words) {
    return {.words = std::move(words),
            .use_cgroup = method.cgroup_v2 || method.cgroup_v1,
            .use_cgroup_v2 = method.cgroup_v2,
            .use_cgroup_v1 = method.cgroup_v1,
            .use_taskstats = method.taskstats};
}

class CpuTime : public ::testing::TestWithParam<Method> {
  protected:
    // Meters `arguments` of cpu_truth to the end of everything.
    void meter(const std::vector<std::string>& arguments) {
        auto launched =
            ProcessTree::launch(options_of(GetParam(), truth(folder_.file("out"), arguments)));
        ASSERT_TRUE(launched.has_value());
        ProcessTree& tree = *launched;
        if (tree.method() != GetParam().name) {
            GTEST_SKIP() << ::testing::PrintToString(tree.notes());
        }
        ASSERT_TRUE(tree.release().has_value());
        wait_for_all(tree);
        measured_ns_ = tree.cpu_time_ns(true);
        spent_ns_ = spent_ns(folder_.file("out"));
        status_ = tree.exit_status().shell_status();
        RecordProperty("measured_us", static_cast<int>(measured_ns_ / 1000));
        RecordProperty("spent_us", static_cast<int>(spent_ns_ / 1000));
        std::printf("             %s: %.6f s measured, %.6f s spent, %+.3f %%\n",
                    tree.method().c_str(),
                    static_cast<double>(measured_ns_) * 1e-9,
                    static_cast<double>(spent_ns_) * 1e-9,
                    100 * (static_cast<double>(measured_ns_) / static_cast<double>(spent_ns_) - 1));
    }

    // Within `relative`, and besides `start_ns` a process for exec and exit, which the program
    // cannot see of itself.
    void expect_within(double relative, std::int64_t processes) const {
        if (IsSkipped()) return;
        const auto spent = static_cast<double>(spent_ns_);
        constexpr double kStartAndExit = 2e6;
        EXPECT_GE(static_cast<double>(measured_ns_), spent * (1 - relative));
        EXPECT_LE(static_cast<double>(measured_ns_),
                  spent * (1 + relative) + kStartAndExit * static_cast<double>(processes));
    }

    Folder folder_;
    std::int64_t measured_ns_ = 0;
    std::int64_t spent_ns_ = 0;
    int status_ = -1;
};

TEST_P(CpuTime, OfOneProcessIsExact) {
    meter({"spin", "200"});
    expect_within(0.01, 1);
}

TEST_P(CpuTime, OfChildrenOneAfterAnotherIsWithinOnePercent) {
    const bool full = std::getenv("ABATE_LONG") != nullptr;
    meter({"children", full ? "47" : "12", "250"});
    if (IsSkipped()) return;
    EXPECT_NEAR(static_cast<double>(measured_ns_) / static_cast<double>(spent_ns_), 1, 0.01);
}

TEST_P(CpuTime, OfManyChildrenThatLive5MsIsCounted) {
    const bool full = std::getenv("ABATE_LONG") != nullptr;
    const int count = full ? 2000 : 100;
    meter({"children", std::to_string(count), "5"});
    expect_within(0.01, count + 1);
}

TEST_P(CpuTime, OfChildrenAtOnceIsCounted) {
    meter({"parallel", "6", "60"});
    expect_within(0.01, 7);
}

TEST_P(CpuTime, OfThreadsIsCounted) {
    meter({"threads", "4", "60"});
    expect_within(0.01, 1);
}

TEST_P(CpuTime, OfADaemonInItsOwnSessionIsCounted) {
    meter({"daemon", "200"});
    expect_within(0.01, 3);
}

TEST_P(CpuTime, OfChildrenThatNobodyWaitsForIsCountedByTheKernel) {
    // wait4 alone sees them only while they live: half a second each, with a walk every 50 ms.
    const bool walked = std::string(GetParam().name) == "wait4+procfs";
    meter({"unwaited", "2", walked ? "500" : "100"});
    if (IsSkipped()) return;
    if (walked) {
        EXPECT_GE(static_cast<double>(measured_ns_), static_cast<double>(spent_ns_) * 0.4);
        return;
    }
    expect_within(GetParam().taskstats ? 0.05 : 0.01, 3);
}

TEST_P(CpuTime, OfAProcessThatMovesToAnotherControlGroupIsCounted) {
    const CgroupLeafOptions where{.version = GetParam().cgroup_v1 ? 1 : 2};
    auto other = CgroupLeaf::create(where);
    if (!other) GTEST_SKIP() << to_string(other.error());
    meter({"move", other->path() + "/cgroup.procs", "200"});
    if (status_ == 77) GTEST_SKIP() << "may not move";
    expect_within(0.01, 1);
}

INSTANTIATE_TEST_SUITE_P(EveryMethod,
                         CpuTime,
                         ::testing::Values(Method{"cgroup-v2", true, false, false},
                                           Method{"cgroup-v1", false, true, false},
                                           Method{"taskstats", false, false, true},
                                           Method{"wait4+procfs", false, false, false}),
                         [](const auto& one) {
                             std::string name = one.param.name;
                             for (char& c : name) {
                                 if (c == '-' || c == '+') c = '_';
                             }
                             return name;
                         });

TEST(ProcessTree, PassesTheExitCodeOn) {
    EXPECT_EQ(run_command({"true"}), 0);
    EXPECT_EQ(run_command({"sh", "-c", "exit 3"}), 3);
    EXPECT_EQ(run_command({"sh", "-c", "exit 126"}), 126);
}

TEST(ProcessTree, SaysWhichSignalEndedTheCommand) {
    auto tree = ProcessTree::launch({.words = {"sh", "-c", "kill -TERM $$"}});
    ASSERT_TRUE(tree.has_value());
    ASSERT_TRUE(tree->release().has_value());
    wait_for_end(*tree);
    EXPECT_EQ(tree->exit_status().code, std::nullopt);
    EXPECT_EQ(tree->exit_status().signal, SIGTERM);
    EXPECT_EQ(tree->exit_status().shell_status(), 128 + 15);
}

TEST(ProcessTree, UnknownCommandIsNotFound) {
    auto tree = ProcessTree::launch({.words = {"abate-no-such-command"}});
    ASSERT_TRUE(tree.has_value());
    const Result<void> released = tree->release();
    ASSERT_FALSE(released.has_value());
    EXPECT_EQ(released.error().code, ErrorCode::not_found);
    EXPECT_EQ(released.error().where, "abate-no-such-command");
    wait_for_end(*tree);
    EXPECT_EQ(tree->exit_status().code, 127);
}

TEST(ProcessTree, EmptyWordIsNotFound) {
    auto tree = ProcessTree::launch({.words = {""}});
    ASSERT_TRUE(tree.has_value());
    EXPECT_EQ(tree->release().error().code, ErrorCode::not_found);
}

TEST(ProcessTree, FileWithoutPermissionFolderAndBinaryJunkMayNotBeExecuted) {
    const Folder folder;
    std::ofstream(folder.file("plain")) << "#!/bin/sh\n";
    std::ofstream(folder.file("junk")) << std::string(
        "\x7f"
        "ELF\0\0\0 not really",
        18);
    ::chmod(folder.file("junk").c_str(), 0755);
    for (const std::string& word :
         {folder.file("plain"), folder.file("junk"), std::string("/tmp")}) {
        auto tree = ProcessTree::launch({.words = {word}, .use_cgroup = false});
        ASSERT_TRUE(tree.has_value());
        const Result<void> released = tree->release();
        ASSERT_FALSE(released.has_value()) << word;
        EXPECT_EQ(released.error().code, ErrorCode::permission_denied) << word;
        EXPECT_EQ(released.error().where, word);
        wait_for_end(*tree);
        EXPECT_EQ(tree->exit_status().code, 126);
    }
}

TEST(ProcessTree, ScriptWithoutFirstLineRunsInTheShellAsExecvpDoes) {
    const Folder folder;
    std::ofstream(folder.file("script")) << "exit \"$1\"\n";
    ::chmod(folder.file("script").c_str(), 0755);
    EXPECT_EQ(run_command({folder.file("script"), "7"}), 7);
}

TEST(ProcessTree, ScriptWithMissingInterpreterSaysSo) {
    const Folder folder;
    std::ofstream(folder.file("script")) << "#!/no/such/interpreter\n";
    ::chmod(folder.file("script").c_str(), 0755);
    auto tree = ProcessTree::launch({.words = {folder.file("script")}});
    ASSERT_TRUE(tree.has_value());
    EXPECT_THAT(tree->release().error().what, HasSubstr("interpreter"));
}

TEST(ProcessTree, CandidatesFollowThePath) {
    // execvp(3): an empty prefix is the current folder; a slash in the word means no search.
    EXPECT_EQ(exec_candidates("ls", "/bin::/usr/bin"),
              (std::vector<std::string>{"/bin/ls", "./ls", "/usr/bin/ls"}));
    EXPECT_EQ(exec_candidates("a/ls", "/bin"), (std::vector<std::string>{"a/ls"}));
    EXPECT_TRUE(exec_candidates("", "/bin").empty());
}

TEST(ProcessTree, CommandWaitsForRelease) {
    const Folder folder;
    {
        auto tree = ProcessTree::launch({.words = {"touch", folder.file("mark")}});
        ASSERT_TRUE(tree.has_value());
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_FALSE(std::filesystem::exists(folder.file("mark")));
        ASSERT_TRUE(tree->release().has_value());
        wait_for_end(*tree);
        EXPECT_TRUE(std::filesystem::exists(folder.file("mark")));
    }
    std::filesystem::remove(folder.file("mark"));
    {
        auto never = ProcessTree::launch({.words = {"touch", folder.file("mark")}});
        ASSERT_TRUE(never.has_value());
    }
    EXPECT_FALSE(std::filesystem::exists(folder.file("mark")));
}

TEST(ProcessTree, WaitingCommandEndsWhenAbateIsKilled) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t abate = ::fork();
    if (abate == 0) {
        auto tree = ProcessTree::launch({.words = {"sleep", "60"}, .use_cgroup = false});
        const pid_t pid = tree ? tree->pid() : -1;
        if (::write(pipe[1], &pid, sizeof pid) < 0) ::_exit(1);
        ::kill(::getpid(), SIGKILL);
    }
    pid_t child = -1;
    ASSERT_EQ(::read(pipe[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    ::waitpid(abate, nullptr, 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
    ASSERT_GT(child, 0);
    bool gone = false;
    for (int i = 0; i < 500 && !gone; ++i) {
        std::array<char, 1024> buffer;
        const auto stat =
            parse_pid_stat(read_small(fmt::format("/proc/{}/stat", child).c_str(), buffer));
        gone = !stat || stat->state == 'Z' || stat->state == 'X';
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(gone);
}

TEST(ProcessTree, StandardInputAndOutputPassThrough) {
    const Folder folder;
    std::ofstream(folder.file("in")) << "four joules\n";
    const int in = ::open(folder.file("in").c_str(), O_RDONLY);
    const int out = ::open(folder.file("out").c_str(), O_WRONLY | O_CREAT, 0644);
    const int old_in = ::dup(0);
    const int old_out = ::dup(1);
    ::dup2(in, 0);
    ::dup2(out, 1);
    const int status = run_command({"tr", "a-z", "A-Z"});
    ::dup2(old_in, 0);
    ::dup2(old_out, 1);
    for (const int fd : {in, out, old_in, old_out}) ::close(fd);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(read_text(folder.file("out")), "FOUR JOULES\n");
}

TEST(ProcessTree, NoDescriptorLeaksIntoTheCommand) {
    const Folder folder;
    const std::string script = "ls /proc/$$/fd > " + folder.file("fds");
    EXPECT_EQ(run_command({"sh", "-c", script}), 0);
    const std::string before = read_text(folder.file("fds"));
    // A tree leaves no descriptor of its own open either: the second command sees the same ones.
    EXPECT_EQ(run_command({"sh", "-c", script}), 0);
    EXPECT_EQ(read_text(folder.file("fds")), before);
    EXPECT_THAT(before, ::testing::StartsWith("0\n1\n"));
}

TEST(ProcessTree, StaysInTheProcessGroupAndSession) {
    const Folder folder;
    EXPECT_EQ(
        run_command({"sh", "-c", "ps -o pgid=,sid= -p $$ | tr -s ' ' > " + folder.file("ids")}), 0);
    std::ifstream in(folder.file("ids"));
    pid_t group = 0;
    pid_t session = 0;
    if (!(in >> group >> session)) GTEST_SKIP() << "no ps here";
    EXPECT_EQ(group, ::getpgrp());
    EXPECT_EQ(session, ::getsid(0));
}

TEST(ProcessTree, IgnoredAndBlockedSignalsStayAsTheCallerHadThem) {
    const Folder folder;
    const auto mask = [&](const char* name) {
        const std::string text = read_text(folder.file("status"));
        const std::size_t at = text.find(name);
        return std::strtoull(text.c_str() + at + 8, nullptr, 16);
    };
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    struct sigaction before {};
    ::sigaction(SIGHUP, &ignore, &before);
    const SignalState found = SignalState::now();
    // What abate itself does later must not reach the command.
    struct sigaction old_int {};
    ::sigaction(SIGINT, &ignore, &old_int);
    auto tree = ProcessTree::launch(
        {.words = {"cp", "/proc/self/status", folder.file("status")}, .signals = found});
    ::sigaction(SIGHUP, &before, nullptr);
    ::sigaction(SIGINT, &old_int, nullptr);
    ASSERT_TRUE(tree.has_value());
    ASSERT_TRUE(tree->release().has_value());
    wait_for_end(*tree);
    EXPECT_TRUE(mask("SigIgn:\t") & (1ULL << (SIGHUP - 1)));
    EXPECT_FALSE(mask("SigIgn:\t") & (1ULL << (SIGINT - 1)));
    EXPECT_EQ(mask("SigBlk:\t"), 0U);
}

TEST(ProcessTree, ForwardSignalsTheCommand) {
    auto tree = ProcessTree::launch({.words = {"sleep", "60"}});
    ASSERT_TRUE(tree.has_value());
    ASSERT_TRUE(tree->release().has_value());
    tree->forward(SIGINT);
    wait_for_end(*tree);
    EXPECT_EQ(tree->exit_status().shell_status(), 128 + SIGINT);
    tree->forward(SIGINT);  // nobody there: nothing happens
}

TEST(ProcessTree, SurvivorsAreListedWithPrintableCommands) {
    const Folder folder;
    auto launched = ProcessTree::launch(
        {.words = {"sh", "-c", "sh -c 'exec sleep 30' \"$(printf 'a\\033b')\" >/dev/null 2>&1 &"}});
    ASSERT_TRUE(launched.has_value());
    ProcessTree& tree = *launched;
    ASSERT_TRUE(tree.release().has_value());
    wait_for_end(tree);
    // On its way to being `sleep` the shell in the background has children of its own for a moment.
    std::vector<LeftRunning> left = tree.survivors();
    const std::int64_t deadline = mono_ns() + 20'000'000'000;
    while ((left.size() != 1 || left[0].command.find("sleep 30") == std::string::npos) &&
           mono_ns() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        left = tree.survivors();
    }
    ASSERT_EQ(left.size(), 1U);
    EXPECT_THAT(left[0].command, HasSubstr("sleep 30"));
    ::kill(static_cast<pid_t>(left[0].pid), SIGKILL);
    wait_for_all(tree);
    EXPECT_TRUE(tree.survivors().empty());
}

TEST(ProcessTree, ChildrenFromBeforeLaunchAreNotCounted) {
    const pid_t earlier = ::fork();
    if (earlier == 0) {
        for (;;) ::pause();
    }
    auto launched = ProcessTree::launch({.words = {"true"}});
    ASSERT_TRUE(launched.has_value());
    ProcessTree& tree = *launched;
    ASSERT_TRUE(tree.release().has_value());
    wait_for_end(tree);
    EXPECT_TRUE(tree.survivors().empty());
    ::kill(earlier, SIGKILL);
    wait_for_all(tree);
}

TEST(ProcessTree, EventDescriptorWakesAtTheEndAndSleepsAfterwards) {
    auto tree =
        ProcessTree::launch({.words = {"true"}, .use_cgroup = false, .use_taskstats = false});
    ASSERT_TRUE(tree.has_value());
    pollfd entry{tree->event_fd(), POLLIN, 0};
    ASSERT_TRUE(tree->release().has_value());
    while (!tree->exited()) {
        ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
        tree->handle_events();
    }
    EXPECT_EQ(::poll(&entry, 1, 0), 0);
}

TEST(ProcessTree, SigchldIgnoredByTheCallerLosesNothing) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    struct sigaction before {};
    ::sigaction(SIGCHLD, &ignore, &before);
    EXPECT_EQ(run_command({"sh", "-c", "exit 5"}), 5);
    struct sigaction after {};
    ::sigaction(SIGCHLD, &before, &after);
    EXPECT_EQ(after.sa_handler, SIG_IGN);
}

TEST(ProcessTree, LeafIsRemovedAndLeavesOfTheDeadAreCleared) {
    const CgroupLeafOptions where{};
    const auto own = own_cgroup_folder(where);
    if (!own) GTEST_SKIP() << to_string(own.error());
    std::string path;
    {
        auto leaf = CgroupLeaf::create(where);
        if (!leaf) GTEST_SKIP() << to_string(leaf.error());
        path = leaf->path();
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    // The pid of a process that has ended and was waited for.
    const pid_t dead = ::fork();
    if (dead == 0) ::_exit(0);
    ::waitpid(dead, nullptr, 0);
    const std::string stale = fmt::format("{}/abate-{}-0", *own, dead);
    ASSERT_EQ(::mkdir(stale.c_str(), 0755), 0);
    { auto leaf = CgroupLeaf::create(where); }
    EXPECT_FALSE(std::filesystem::exists(stale));
}

TEST(ProcessTree, NamesWhyABetterMethodWasRefused) {
    const Folder folder;
    auto tree = ProcessTree::launch(
        {.words = {"true"}, .use_taskstats = false, .cgroup_root = folder.file("nothing")});
    ASSERT_TRUE(tree.has_value());
    EXPECT_EQ(tree->method(), "wait4+procfs");
    ASSERT_GE(tree->notes().size(), 2U);
    EXPECT_THAT(tree->notes()[0], HasSubstr("cgroup v2 not used"));
}

}  // namespace
}  // namespace abate::meter
