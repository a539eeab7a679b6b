#include "abate/core/clock.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

namespace abate {
namespace {

std::int64_t read_ns(clockid_t id) noexcept {
    timespec ts{};
    clock_gettime(id, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

// The number that `text` writes, or -1 when it is not all digits. At most nine of them.
int digits(std::string_view text) {
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
constexpr std::int64_t kFirstUs = -62'167'219'200LL * 1'000'000;
constexpr std::int64_t kLastUs = 253'402'300'800LL * 1'000'000 - 1;

Error bad_time(std::string_view text) {
    return {ErrorCode::parse_error,
            "'" + std::string(text.substr(0, 40)) + "' is not an RFC 3339 time",
            "",
            "Write it like 2026-11-22T09:00:00Z or 2026-11-22T10:00:00+01:00"};
}

// "2026-11-22T09:00:00" at the front of `text`, as seconds since the epoch; second 60 is let through.
std::optional<std::int64_t> date_and_time(std::string_view text) {
    using namespace std::chrono;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) {
        return std::nullopt;
    }
    const int year_number = digits(text.substr(0, 4));
    const int month_number = digits(text.substr(5, 2));
    const int day_number = digits(text.substr(8, 2));
    const int hour = digits(text.substr(11, 2));
    const int minute = digits(text.substr(14, 2));
    const int second = digits(text.substr(17, 2));
    if (year_number < 0 || month_number < 0 || day_number < 0 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60) {
        return std::nullopt;
    }
    const year_month_day date{year{year_number},
                              month{static_cast<unsigned>(month_number)},
                              day{static_cast<unsigned>(day_number)}};
    if (!date.ok()) return std::nullopt;
    const std::int64_t days_since_epoch = sys_days{date}.time_since_epoch().count();
    return days_since_epoch * 86'400 + hour * 3600LL + minute * 60LL + second;
}

// Takes ".250" off the front; no point means 0. More than six digits are cut, more than nine refused.
std::optional<std::int64_t> take_fraction_us(std::string_view& text) {
    if (!text.starts_with('.')) return 0;
    text.remove_prefix(1);
    std::int64_t fraction_us = 0;
    std::int64_t scale = 100'000;
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
        fraction_us += (text[count] - '0') * scale;
        scale /= 10;
        ++count;
    }
    if (count == 0 || count > 9) return std::nullopt;
    text.remove_prefix(count);
    return fraction_us;
}

// "Z" or "+hh:mm", in seconds east of UTC.
std::optional<std::int64_t> offset_s(std::string_view zone) {
    if (zone == "Z" || zone == "z") return 0;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return std::nullopt;
    const int hour = digits(zone.substr(1, 2));
    const int minute = digits(zone.substr(4, 2));
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
    return (hour * 3600LL + minute * 60LL) * (zone[0] == '-' ? -1 : 1);
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
    using namespace std::chrono;
    const sys_time<microseconds> point{microseconds{std::clamp(time.us, kFirstUs, kLastUs)}};
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss clock{point - day};
    std::array<char, 48> text{};
    int size = std::snprintf(text.data(),
                             text.size(),
                             "%04d-%02u-%02uT%02d:%02d:%02d",
                             static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()),
                             static_cast<int>(clock.hours().count()),
                             static_cast<int>(clock.minutes().count()),
                             static_cast<int>(clock.seconds().count()));
    std::string out(text.data(), static_cast<std::size_t>(size));
    if (const auto fraction = clock.subseconds().count(); fraction != 0) {
        size = std::snprintf(text.data(), text.size(), ".%06lld", static_cast<long long>(fraction));
        out.append(text.data(), static_cast<std::size_t>(size));
    }
    return out + "Z";
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
    const std::optional<std::int64_t> seconds = date_and_time(text);
    if (!seconds) return bad_time(text);
    std::string_view rest = text.substr(19);
    const std::optional<std::int64_t> fraction_us = take_fraction_us(rest);
    const std::optional<std::int64_t> offset = offset_s(rest);
    if (!fraction_us || !offset) return bad_time(text);
    const std::int64_t utc = *seconds - *offset;
    // Only the last second of a UTC day is ever followed by a leap second.
    if (text.substr(17, 2) == "60" && utc % 86'400 != 0) return bad_time(text);
    const std::int64_t us = utc * 1'000'000 + *fraction_us;
    if (us < kFirstUs || us > kLastUs) return bad_time(text);
    return Timestamp{us};
}

Moment SystemClock::now() const noexcept {
    return {.mono_ns = read_ns(CLOCK_MONOTONIC),
            .boot_ns = read_ns(CLOCK_BOOTTIME),
            .wall = {read_ns(CLOCK_REALTIME) / 1000}};
}

std::int64_t SystemClock::mono_ns() const noexcept { return read_ns(CLOCK_MONOTONIC); }

void ManualClock::advance_ns(std::int64_t ns) noexcept {
    now_.mono_ns += ns;
    now_.boot_ns += ns;
    now_.wall.us += ns / 1000;
}

void ManualClock::suspend_ns(std::int64_t ns) noexcept {
    now_.boot_ns += ns;
    now_.wall.us += ns / 1000;
}

}  // namespace abate
