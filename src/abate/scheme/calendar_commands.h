// The working days of a year, as moments: worked out once, from the time zone and the holidays of the rules, and kept in the journal, so that
// a later tz database changes nothing that was promised.
#pragma once

#include "abate/scheme/authority.h"
#include "abate/scheme/fields.h"

#include <cstdint>
#include <string>
#include <vector>

namespace abate::scheme {

struct PublishCalendar {
    static constexpr std::uint8_t number = 16;
    static constexpr const char* name = "publish_calendar";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::int64_t year = 0;
    std::string time_zone = {};
    std::string tz_version = {};                  // of the database that was used: "2026a"
    std::vector<std::int64_t> settle_at_us = {};  // noon of each working day, ascending, UTC
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("time_zone", self.time_zone);
        visit("tz_version", self.tz_version);
        visit("settle_at_us", self.settle_at_us);
    }
};

}  // namespace abate::scheme
