// What the tests of accelerator sensors share: a clock that a thread may read while the test moves
// it, a temporary folder with a fake procfs, and variables that are put back.
#pragma once

#include "abate/core/clock.h"
#include "abate/meter/sensor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate::meter {

// Civil time counts from 1970 as the fake drivers do; the monotonic clock started 5 s earlier.
class SharedClock final : public Clock {
  public:
    static constexpr std::int64_t kMonoAheadNs = 5'000'000'000;
    [[nodiscard]] Moment now() const noexcept override {
        const std::int64_t us = us_.load();
        const std::int64_t mono_ns = us * 1000 + kMonoAheadNs;
        return {.mono_ns = mono_ns, .boot_ns = mono_ns, .wall = {.us = us + wall_shift_us_.load()}};
    }
    void set_us(std::int64_t us) { us_.store(us); }
    void shift_wall_us(std::int64_t us) { wall_shift_us_.store(us); }

  private:
    std::atomic<std::int64_t> us_{0};
    std::atomic<std::int64_t> wall_shift_us_{0};
};

class TestFolder {
  public:
    TestFolder() {
        const char* base = std::getenv("TMPDIR");
        std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/abate_gpu_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
    }

  private:
    std::string path_;
};

// Sets a variable of the process for one test.
class TestVariable {
  public:
    TestVariable(std::string name, const std::optional<std::string>& value)
        : name_(std::move(name)) {
        if (const char* before = std::getenv(name_.c_str())) before_ = before;
        put(value);
    }
    ~TestVariable() { put(before_); }
    TestVariable(const TestVariable&) = delete;
    TestVariable& operator=(const TestVariable&) = delete;

  private:
    void put(const std::optional<std::string>& value) {
        if (value) {
            ::setenv(name_.c_str(), value->c_str(), 1);
        } else {
            ::unsetenv(name_.c_str());
        }
    }
    std::string name_;
    std::optional<std::string> before_;
};

inline const Finding* find_state(const SensorOpening& opening, FindingState state) {
    for (const Finding& finding : opening.findings) {
        if (finding.state == state) return &finding;
    }
    return nullptr;
}

inline int find_channel(
    const Sensor& sensor,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
    const std::string& device,
    const std::string& source) {
    for (std::size_t c = 0; c < sensor.channels().size(); ++c) {
        const ChannelInfo& channel = sensor.channels()[c];
        if (channel.device == device && channel.source == source) return static_cast<int>(c);
    }
    return -1;
}

}  // namespace abate::meter
