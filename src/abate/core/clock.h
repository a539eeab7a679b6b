// Time as an argument: nothing below the command line asks the system what time it is, so any run
// can be replayed.
//
//     SystemClock clock;                       // the real one, built in main
//     ManualClock clock({.wall_us = 0});       // tests: moves only when told
#pragma once

#include "abate/core/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace abate {

// A point in civil time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).
struct Timestamp {
    std::int64_t us = 0;
    auto operator<=>(const Timestamp&) const = default;
};

inline constexpr std::int64_t kSecondUs = 1'000'000;
inline constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
inline constexpr std::int64_t kHourUs = 60 * kMinuteUs;
inline constexpr std::int64_t kDayUs = 24 * kHourUs;
// The day of UTC, counted from 1970-01-01; before it below 0.
[[nodiscard]] constexpr std::int64_t day_of(Timestamp at) {
    return at.us / kDayUs - (at.us % kDayUs < 0 ? 1 : 0);
}

// RFC 3339 in UTC with microseconds ("2026-11-22T09:00:00.250000Z"); whole seconds print without a
// fraction. RFC 3339 has the years 0000 to 9999: a time outside them is written as the nearest one inside.
[[nodiscard]] std::string to_rfc3339(Timestamp time);

// The inverse; accepts any offset ("+01:00") and up to nine digits of fraction, cut to microseconds. A leap
// second (23:59:60 in UTC) is the second after it, as POSIX counts. Errors: parse_error.
[[nodiscard]] Result<Timestamp> parse_rfc3339(std::string_view text);

// Three readings of one moment. `mono_ns` (CLOCK_MONOTONIC) stops while the machine sleeps,
// `boot_ns` (CLOCK_BOOTTIME) does not: the difference growing means that it slept. Only `wall` can
// be set back.
struct Moment {
    std::int64_t mono_ns = 0;
    std::int64_t boot_ns = 0;
    Timestamp wall;
};

// Thread-safe in the real implementation.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Moment now() const noexcept = 0;
    // now().mono_ns alone, at a third of the cost: for what is read a thousand times a second.
    [[nodiscard]] virtual std::int64_t mono_ns() const noexcept { return now().mono_ns; }
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Moment now() const noexcept override;
    [[nodiscard]] std::int64_t mono_ns() const noexcept override;
};

// A clock for tests and replays. Not thread-safe.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Moment start = {}) : now_(start) {}

    [[nodiscard]] Moment now() const noexcept override { return now_; }
    void advance_ns(std::int64_t ns) noexcept;  // awake: all three move
    void suspend_ns(std::int64_t ns) noexcept;  // asleep: CLOCK_MONOTONIC stands still
    void set_wall(Timestamp wall) noexcept { now_.wall = wall; }

  private:
    Moment now_;
};

}  // namespace abate
