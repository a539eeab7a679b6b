// A process that is killed under load, and what it has said so far.
//
//     Load load({ABATE_REGISTRY_LOAD, "sqlite", path, "1"});
//     load.listen_until_ready();
//     load.listen(std::chrono::milliseconds(50));
//     load.kill();
//     load.listen(std::nullopt);                                   // what was still in the pipe
//     for (const auto& [number, done] : load.asked) ...
//
// It says "ready 0" when it works, "ask N" before it asks for N and "done N ..." when that was answered as done.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace abate::crash {

// By number: what stood behind "done N", nothing before that.
using Asked = std::map<std::uint64_t, std::optional<std::string>>;

class Load {
  public:
    explicit Load(std::vector<std::string> words) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ) !=
            0)
            std::abort();
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        from_ = ends[0];
    }
    ~Load() {
        kill();
        ::close(from_);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Reads for so long, or until the process ends where nothing is said.
    void listen(std::optional<std::chrono::milliseconds> time) {
        const auto end = std::chrono::steady_clock::now() + time.value_or(std::chrono::hours(1));
        while (true) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            pollfd pipe{.fd = from_, .events = POLLIN, .revents = 0};
            if (left.count() <= 0 || ::poll(&pipe, 1, static_cast<int>(left.count())) <= 0) return;
            char bytes[4096];
            const ssize_t got = ::read(from_, bytes, sizeof bytes);
            if (got <= 0) return;
            rest_.append(bytes, static_cast<std::size_t>(got));
            take_lines();
        }
    }
    void listen_until_ready() {
        while (!ready && !ended_) {
            const std::size_t before = rest_.size();
            listen(std::chrono::milliseconds(20));
            int status = 0;
            if (rest_.size() == before && ::waitpid(pid_, &status, WNOHANG) == pid_) {
                ended_ = true;
                ADD_FAILURE() << "the process ended by itself: " << status;
            }
        }
    }
    void kill() {
        if (ended_) return;
        ::kill(pid_, SIGKILL);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        EXPECT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << status;
    }

    bool ready = false;
    Asked asked;

  private:
    void take_lines() {
        std::size_t end = 0;
        while ((end = rest_.find('\n')) != std::string::npos) {
            const std::string line = rest_.substr(0, end);
            rest_.erase(0, end + 1);
            const std::size_t space = line.find(' ');
            const std::string word = line.substr(0, space);
            if (word == "ready") {
                ready = true;
                continue;
            }
            std::size_t digits = 0;
            const std::string rest = line.substr(space + 1);
            std::optional<std::string>& done = asked[std::stoull(rest, &digits)];
            if (word == "done") done = rest.substr(std::min(digits + 1, rest.size()));
        }
    }

    pid_t pid_ = -1;
    int from_ = -1;
    std::string rest_;
    bool ended_ = false;
};

// The i-th time: it works for some time and is killed, one in five times while it starts. What it said.
inline Asked killed_at_work(std::vector<std::string> words, int i, std::mt19937& chance) {
    constexpr int kOneIn = 5;
    const bool starting = i % kOneIn == kOneIn - 1;
    Load load(std::move(words));
    if (!starting) load.listen_until_ready();
    load.listen(std::chrono::milliseconds(
        std::uniform_int_distribution<int>(starting ? 1 : 20, 150)(chance)));
    load.kill();
    load.listen(std::nullopt);
    return load.asked;
}
// ABATE_SEED, or the same each time.
inline std::mt19937 seeded() {
    const char* seed = std::getenv("ABATE_SEED");
    return std::mt19937(seed != nullptr ? static_cast<unsigned>(std::stoul(seed)) : 1U);
}

}  // namespace abate::crash
