#include "abate/core/clock.h"

#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace abate {
namespace {

std::int64_t read_ns(clockid_t id) noexcept {
    timespec ts{};
    clock_gettime(id, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

// Reads exactly `count` digits at `at`; -1 when they are not all digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

Error bad_time(std::string_view text) {
    return {ErrorCode::parse_error,
            "'" + std::string(text) + "' is not an RFC 3339 time",
            "",
            "Write it like 2026-11-22T09:00:00Z or 2026-11-22T10:00:00+01:00"};
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
    using namespace std::chrono;
    const sys_time<microseconds> point{microseconds{time.us}};
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
    using namespace std::chrono;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':') {
        return bad_time(text);
    }
    const int year_number = digits(text, 0, 4);
    const int month_number = digits(text, 5, 2);
    const int day_number = digits(text, 8, 2);
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    if (year_number < 0 || month_number < 0 || day_number < 0) return bad_time(text);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return bad_time(text);
    }
    const year_month_day date{year{year_number},
                              month{static_cast<unsigned>(month_number)},
                              day{static_cast<unsigned>(day_number)}};
    if (!date.ok()) return bad_time(text);

    std::size_t at = 19;
    std::int64_t fraction_us = 0;
    if (text[at] == '.') {
        ++at;
        std::int64_t scale = 100'000;
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            fraction_us += (text[at] - '0') * scale;
            scale /= 10;
            ++at;
        }
        if (at == first || at - first > 9) return bad_time(text);
    }
    std::int64_t offset_s = 0;
    const std::string_view zone = text.substr(at);
    if (zone != "Z" && zone != "z") {
        if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
            return bad_time(text);
        const int zone_hour = digits(zone, 1, 2);
        const int zone_minute = digits(zone, 4, 2);
        if (zone_hour < 0 || zone_hour > 23 || zone_minute < 0 || zone_minute > 59)
            return bad_time(text);
        offset_s = (zone_hour * 3600LL + zone_minute * 60LL) * (zone[0] == '-' ? -1 : 1);
    }
    const std::int64_t days_since_epoch = sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds_since_epoch =
        days_since_epoch * 86'400 + hour * 3600LL + minute * 60LL + second - offset_s;
    return Timestamp{seconds_since_epoch * 1'000'000 + fraction_us};
}

Moment SystemClock::now() const noexcept {
    return {.mono_ns = read_ns(CLOCK_MONOTONIC),
            .boot_ns = read_ns(CLOCK_BOOTTIME),
            .wall = {read_ns(CLOCK_REALTIME) / 1000}};
}

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
