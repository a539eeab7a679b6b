#include "abate/scheme/year_moments.h"

#include "abate/scheme/calendar.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace abate::scheme {
namespace {

Result<void> check_civil_year(std::int64_t year) {
    if (year >= kFirstCivilYear && year <= kLastCivilYear) return {};
    return Error{ErrorCode::out_of_range,
                 fmt::format("{} is no year of a scheme", year),
                 "YEAR",
                 fmt::format("Write a year from {} to {}", kFirstCivilYear, kLastCivilYear)};
}

}  // namespace

Result<OpenPeriod> resolve_period(const Rules& rules, std::int64_t year) {
    if (const Result<void> checked = check_civil_year(year); !checked) return checked.error();
    const Result<Zone> zone = Zone::find(rules.time_zone);
    if (!zone) return zone.error();
    const Result<std::string> version = tz_database_version();
    if (!version) return version.error();
    OpenPeriod out{.year = year, .tz_version = *version};
    struct Moment {
        Timestamp* at;
        std::string_view yearly;
        std::int64_t year;
    };
    for (const Moment& moment :
         {Moment{&out.begin, "01-01 00:00", year},
          Moment{&out.end, "01-01 00:00", year + 1},
          Moment{&out.report_due, rules.monitoring.report_due, year + 1},
          Moment{&out.surrender_due, rules.compliance.surrender_due, year + 1}}) {
        const auto civil = parse_yearly_time(moment.yearly, static_cast<std::int32_t>(moment.year));
        if (!civil)
            return Error{ErrorCode::invalid_argument,
                         fmt::format("{} has no {}", moment.year, moment.yearly),
                         "",
                         "Change the date in the rules"};
        const Result<Timestamp> at = zone->deadline(*civil);
        if (!at) return at.error();
        *moment.at = *at;
    }
    const Result<Timestamp> until = zone->add_days(
        out.surrender_due, static_cast<std::int32_t>(rules.compliance.objection_days));
    if (!until) return until.error();
    out.penalty_objections_until = *until;
    return out;
}

Result<PublishCalendar> resolve_calendar(const Rules& rules, std::int64_t year) {
    if (const Result<void> checked = check_civil_year(year); !checked) return checked.error();
    const Result<Zone> zone = Zone::find(rules.time_zone);
    if (!zone) return zone.error();
    const Result<std::string> version = tz_database_version();
    if (!version) return version.error();
    WorkingCalendar::Parts parts{.zone = *zone};
    for (const std::string& day : rules.holidays) {
        const auto date = parse_date(day);
        if (!date)
            return Error{
                ErrorCode::invalid_argument, fmt::format("'{}' is no date", day), "holidays", ""};
        parts.holidays.push_back(*date);
    }
    const Result<WorkingCalendar> calendar = WorkingCalendar::make(std::move(parts));
    if (!calendar) return calendar.error();
    PublishCalendar out{
        .year = year, .time_zone = rules.time_zone, .tz_version = *version, .settle_at_us = {}};
    const std::chrono::year first(static_cast<int>(year));
    for (std::chrono::sys_days day = first / 1 / 1; day < (first + std::chrono::years(1)) / 1 / 1;
         day += std::chrono::days(1)) {
        const std::chrono::year_month_day date(day);
        if (!calendar->is_working_day(date)) continue;
        const Result<Timestamp> noon = zone->deadline({.date = date, .hour = 12});
        if (!noon) return noon.error();
        out.settle_at_us.push_back(noon->us);
    }
    return out;
}

}  // namespace abate::scheme
