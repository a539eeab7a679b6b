// SlowPoller: asks a slow source (a BMC) on a thread of its own and keeps the latest answer, so
// that the sampling loop never waits for it.
//
//     SlowPoller poller(clock, kPollInterval, [&] { return PollAnswer{{Microwatts}}; });
//     poller.wait_for_first(250ms);           // nullopt: no answer yet, the thread goes on
//     poller.latest(0, reading);              // some nanoseconds, never blocks on the source
//
// Invariants: a value is handed out with ReadStatus::ok once, then as no_update until the source
// has answered again; a refused or late answer is ReadStatus::failed, never the old value passed
// off as new. The destructor does not wait for a hanging source: the thread owns all that it
// touches and ends by itself. Thread-compatible: one thread calls latest().
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/meter/sensor.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace abate::meter {

// At most this many channels a slow source.
inline constexpr std::size_t kSlowChannels = 2;

// What one question brought: raw values by channel; an empty one has failed this once.
struct PollAnswer {
    std::array<std::optional<std::uint64_t>, kSlowChannels> values{};
};

class SlowPoller {
  public:
    // Runs on the poller's thread; may block as long as its source's own time-out. It must own what
    // it uses: it can outlive the sensor by one question.
    using Ask = std::function<Result<PollAnswer>()>;

    struct Options {
        std::chrono::nanoseconds interval = std::chrono::seconds(1);      // between two questions
        std::chrono::nanoseconds stale_after = std::chrono::seconds(15);  // an older answer failed
    };

    // REQUIRES: `clock` is thread-safe and outlives the poller.
    SlowPoller(const Clock& clock, Options options, Ask ask);
    ~SlowPoller();
    SlowPoller(const SlowPoller&) = delete;
    SlowPoller& operator=(const SlowPoller&) = delete;

    // The first answer, or nullopt when there is none within `limit`.
    [[nodiscard]] std::optional<Result<PollAnswer>> wait_for_first(std::chrono::nanoseconds limit);

    // Fills `out` for channel `index`. Allocates nothing. REQUIRES: index < kSlowChannels.
    void latest(std::size_t index, Reading& out) noexcept;

  private:
    struct Shared;
    static void loop(const std::shared_ptr<Shared>& shared, const Ask& ask);

    const Clock& clock_;
    std::shared_ptr<Shared> shared_;
    std::array<std::uint64_t, kSlowChannels> seen_{};  // sequence of the value last handed out
    std::thread thread_;
};

}  // namespace abate::meter
