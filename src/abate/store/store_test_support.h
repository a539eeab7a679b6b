// What the tests of `store` share: a temporary folder each, runs and states with edges, processes
// that are forked and killed.
#pragma once

#include "abate/record/run_state.h"
#include "abate/store/run_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace abate::store::testing {

// A new folder under $TMPDIR or /tmp, removed at the end.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        const char* base = std::getenv("TMPDIR");
        path_ =
            std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/abate-store-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

inline std::string read_bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where, then what, as write_text
inline void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// A state whose every figure depends on `n`, with two devices; some are beyond 64 bits or negative.
inline RunState state_number(std::int64_t n, std::size_t devices = 2) {
    RunState state;
    state.elapsed_ns = n * 1'000'000'000;
    state.suspended_ns = n;
    state.wall = {1'700'000'000'000'000 + n};
    state.samples = n;
    state.job_cpu_ns = -n;
    state.machine_busy_ns = INT64_MAX - n;
    state.meter_cpu_ns = INT64_MIN + n;
    state.meter_max_rss_bytes = 7 * n;
    state.idle_share_seconds = 0.1 * static_cast<double>(n);
    for (std::size_t d = 0; d < devices; ++d) {
        const Int128 wide = (Int128{1} << 100) + Int128{n} * 3 + static_cast<int>(d);
        DeviceState device;
        device.energy = Microjoules(wide);
        device.low = Microjoules(-wide);
        device.high = Microjoules(wide + 1);
        device.gap_ns = n + 1;
        device.raw = UINT64_MAX - static_cast<std::uint64_t>(n);
        device.resets = n + 2;
        device.wraps = n + 3;
        device.failed_reads = n + 4;
        device.gap_filled = n % 2 == 0;
        device.bounded = n % 3 == 0;
        device.job_active = Microjoules(n + 5);
        device.job_idle = Microjoules(n + 6);
        device.idle = Microjoules(n + 7);
        device.others = Microjoules(n + 8);
        device.unknown = Microjoules(n + 9);
        device.job_low = Microjoules(n + 10);
        device.job_high = Microjoules(n + 11);
        state.devices.push_back(device);
    }
    return state;
}

inline StoredRun run_number(int n) {
    return {.run_id = fmt::format("01JD{:04}ABCD{:04}", n, n),
            .started_at = {1'000'000LL * n},
            .ended_at = {1'000'000LL * n + 5},
            .status = "finished",
            .phase = "training",
            .project = "digits",
            .host = "node-7",
            .attributed_j = 0.1 * n,
            .facility_j = 1.0 / 3.0 * n,
            .kgco2e = 1e-9 * n,
            .record_json = fmt::format(R"({{"run_id":"{}","labels":{{"n":"{}"}}}})", n, n)};
}

// Starts `body` in a child, whose exit status is what it returns. Nothing leaves the child but by
// _exit: an exception would otherwise run the rest of the tests in it. A failed expectation inside
// the child is not seen, so failures must be statuses.
template <class Body>
pid_t start_child(Body&& body) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    int status = 99;
    try {
        status = body();
    } catch (const std::exception& error) {
        fmt::print(stderr, "child: {}\n", error.what());
    } catch (...) {
        status = 98;
    }
    ::_exit(status);
}

// The exit status of a child, or minus the signal that ended it.
inline int wait_for(pid_t child) {
    int status = 0;
    if (child <= 0 || ::waitpid(child, &status, 0) != child) return 96;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <class Body>
int in_child(Body&& body) {
    return wait_for(start_child(std::forward<Body>(body)));
}

// Gives up root's right to write everywhere, in a child.
inline void become_nobody() {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setresgid(65534, 65534, 65534) != 0 ||
         ::setresuid(65534, 65534, 65534) != 0)) {
        ::_exit(97);
    }
}

inline bool long_tests() {
    const char* wish = std::getenv("ABATE_LONG");
    return wish != nullptr && std::string(wish) == "1";
}

}  // namespace abate::store::testing
