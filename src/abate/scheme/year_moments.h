// The civil dates of the rules as moments: what whoever opens a year or publishes a calendar signs.
//
//     const Result<OpenPeriod> command = resolve_period(rules, 2027);
//
// Resolved once, with the time-zone database of this machine, whose version goes with it.
#pragma once

#include "abate/core/result.h"
#include "abate/scheme/calendar_commands.h"
#include "abate/scheme/period_commands.h"
#include "abate/scheme/rules.h"

#include <cstdint>

namespace abate::scheme {

inline constexpr std::int64_t kFirstCivilYear = kFirstRuledYear;
inline constexpr std::int64_t kLastCivilYear = kLastRuledYear;

// Errors (both): out_of_range (a year outside the two above, or a zone whose clocks are not known so far ahead), not_found (the zone),
// invalid_argument (a date of the rules that the year does not have), unavailable (no zone database).
[[nodiscard]] Result<OpenPeriod> resolve_period(const Rules& rules, std::int64_t year);
// Noon of each working day.
[[nodiscard]] Result<PublishCalendar> resolve_calendar(const Rules& rules, std::int64_t year);

}  // namespace abate::scheme
