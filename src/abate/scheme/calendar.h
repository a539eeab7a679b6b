// Deadlines as people state them ("17:00 in Los Angeles on 1 November", "four working days after"), as moments in UTC.
//
//     const Result<Zone> zone = Zone::find("America/Los_Angeles");
//     const Result<Timestamp> due = zone->deadline({.date = 2027y / November / 1, .hour = 17});     // 2027-11-02T00:00:00Z
//
//     const Result<WorkingCalendar> target = WorkingCalendar::make({.zone = *brussels, .holidays = {2026y / December / 25}});
//     target->add_working_days(now, 4);
//
// A wall clock skips an hour in spring and shows one twice in autumn. The rule, for every function here: a time that was skipped is
// the first moment after the gap; one that comes twice is the later of the two, so that nobody is late by a clock on the wall.
//
// Civil deadlines are resolved when a scheme's rules are loaded, and journaled with tz_database_version(): a later release of the
// database changes no deadline that was announced.
//
// Zones and their rules are those of the system (package tzdata), read through Abseil; TZDIR and the like change none. After the last
// change of clocks that the files list, of 2037, the rule in the file's last line goes on, as RFC 8536 section 3.3 has it.
//
// All of it is immutable and safe to use from several threads.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// What a calendar and a clock on the wall show.
struct CivilTime {
    std::chrono::year_month_day date = {};
    std::int32_t hour = 0;    // 0 to 23
    std::int32_t minute = 0;  // 0 to 59
    std::int32_t second = 0;  // 0 to 59
    bool operator==(const CivilTime&) const = default;
};

// The first moment of a date in UTC. REQUIRES: a date of the calendar, of a year of four digits.
[[nodiscard]] constexpr Timestamp utc_midnight(std::chrono::year_month_day date) {
    return {std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::sys_days(date).time_since_epoch())
                .count()};
}
// "2027-12-25"; none: no such date.
[[nodiscard]] std::optional<std::chrono::year_month_day> parse_date(std::string_view text);
// "09-30 23:59" of a year; none: no such time of it.
[[nodiscard]] std::optional<CivilTime> parse_yearly_time(std::string_view text, std::int32_t year);

// Hours and minutes of a working day.
struct TimeOfDay {
    std::int32_t hour = 0;
    std::int32_t minute = 0;
};

// An IANA time zone of the system's database.
class Zone {
  public:
    // Errors: not_found, with the nearest names; unavailable when the machine has no zone database.
    [[nodiscard]] static Result<Zone> find(std::string_view name);

    [[nodiscard]] const std::string& name() const;

    // The moment of a wall-clock time. Errors: invalid_argument (no such date or time of day), out_of_range (a year outside 1970 to
    // 9999).
    [[nodiscard]] Result<Timestamp> deadline(const CivilTime& civil) const;

    // What the wall clock shows, cut to whole seconds. Errors: out_of_range, as above.
    [[nodiscard]] Result<CivilTime> civil(Timestamp time) const;

    // The same wall-clock time so many days later (or earlier): 23, 24 or 25 hours a day. Errors: out_of_range.
    [[nodiscard]] Result<Timestamp> add_days(Timestamp time, std::int32_t days) const;

  private:
    struct Loaded;
    explicit Zone(const Loaded* zone) : zone_(zone) {}
    const Loaded* zone_;  // process-wide, never unloaded
};

// Which days are working days, and where.
class WorkingCalendar {
  public:
    struct Parts {
        Zone zone;
        // By std::chrono::weekday::c_encoding(): Sunday first.
        std::array<bool, 7> weekend = {true, false, false, false, false, false, true};
        std::vector<std::chrono::year_month_day> holidays = {};  // in any order
    };

    // Errors: invalid_argument (no day of the week is left, or a holiday that no calendar has).
    [[nodiscard]] static Result<WorkingCalendar> make(Parts parts);

    [[nodiscard]] const Zone& zone() const { return parts_.zone; }
    [[nodiscard]] bool is_working_day(std::chrono::year_month_day date) const;

    // The same wall-clock time on the n-th working day after the day of `time`, which itself is not counted (as in Regulation
    // 1182/71 art. 3: a period counts from the day after the event). 0 gives `time` back.
    // Errors: invalid_argument (days below 0 or above 10,000), out_of_range.
    [[nodiscard]] Result<Timestamp> add_working_days(Timestamp time, std::int32_t days) const;

    // The first moment after `time` at which the clock shows `at` on a working day. Errors: invalid_argument, out_of_range.
    [[nodiscard]] Result<Timestamp> next_at(Timestamp time, TimeOfDay at) const;

    struct Hours {
        TimeOfDay open = {};
        TimeOfDay close = {};
    };

    // `time` itself while the office is open (from `open`, before `close`, on a working day), else the next opening.
    // Errors: invalid_argument (does not close after it opens), out_of_range.
    [[nodiscard]] Result<Timestamp> next_open(Timestamp time, const Hours& hours) const;

  private:
    explicit WorkingCalendar(Parts parts) : parts_(std::move(parts)) {}
    Parts parts_;
};

// The release of the zone database, as "2025b". Errors: unavailable when the machine does not say.
[[nodiscard]] Result<std::string> tz_database_version();

}  // namespace abate::scheme
