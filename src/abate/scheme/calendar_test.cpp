#include "abate/scheme/calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace abate::scheme {
namespace {

using namespace std::chrono_literals;
using std::chrono::April;
using std::chrono::December;
using std::chrono::February;
using std::chrono::January;
using std::chrono::July;
using std::chrono::March;
using std::chrono::May;
using std::chrono::November;
using std::chrono::October;
using std::chrono::September;

Zone zone(std::string_view name) {
    Result<Zone> found = Zone::find(name);
    EXPECT_TRUE(found.has_value());
    return *found;
}

std::string utc(const Result<Timestamp>& time) {
    return time ? to_rfc3339(*time) : to_string(time.error());
}

Timestamp at(std::string_view text) { return *parse_rfc3339(text); }

// California's compliance instruments are due on 1 November at 17:00 Pacific (17 CCR 95856). Summer time of 2026 ends on Sunday 1
// November (the first of the month), at 02:00: 17:00 is already UTC-8. In 2027 it ends on the 7th: UTC-7.
TEST(Calendar, SeventeenPacificAroundTheEndOfSummerTime) {
    const Zone pacific = zone("America/Los_Angeles");
    EXPECT_EQ(utc(pacific.deadline({.date = 2026y / October / 31, .hour = 17})),
              "2026-11-01T00:00:00Z");
    EXPECT_EQ(utc(pacific.deadline({.date = 2026y / November / 1, .hour = 17})),
              "2026-11-02T01:00:00Z");
    EXPECT_EQ(utc(pacific.deadline({.date = 2027y / November / 1, .hour = 17})),
              "2027-11-02T00:00:00Z");
}

// 8 March 2026, 02:00 to 03:00 Pacific does not exist: the first moment after is 10:00 UTC. 1 November, 01:30 comes at 08:30 and at
// 09:30 UTC.
TEST(Calendar, ASkippedTimeIsTheMomentAfterAndADoubleOneTheLater) {
    const Zone pacific = zone("America/Los_Angeles");
    for (const std::int32_t minute : {0, 30, 59}) {
        EXPECT_EQ(utc(pacific.deadline({.date = 2026y / March / 8, .hour = 2, .minute = minute})),
                  "2026-03-08T10:00:00Z");
    }
    EXPECT_EQ(utc(pacific.deadline({.date = 2026y / November / 1, .hour = 1, .minute = 30})),
              "2026-11-01T09:30:00Z");
    EXPECT_EQ(utc(pacific.deadline({.date = 2026y / November / 1, .hour = 0, .minute = 59})),
              "2026-11-01T07:59:00Z");
    EXPECT_EQ(utc(pacific.deadline({.date = 2026y / November / 1, .hour = 2})),
              "2026-11-01T10:00:00Z");
}

// Files elsewhere that call another zone's clocks Lisbon's, or wait for ever, move no deadline. These zones are loaded here first.
TEST(Calendar, TheEnvironmentMovesNoDeadline) {
    namespace fs = std::filesystem;
    const fs::path folder =
        fs::temp_directory_path() / ("abate-zones-" + std::to_string(::getpid()));
    fs::create_directories(folder / "Europe");
    fs::copy_file("/usr/share/zoneinfo/Asia/Tokyo", folder / "Europe/Lisbon");
    ASSERT_EQ(::mkfifo((folder / "Europe/Helsinki").c_str(), 0600), 0);
    ASSERT_EQ(::setenv("TZDIR", folder.c_str(), 1), 0);
    const CivilTime noon{.date = 2027y / January / 2, .hour = 12};
    EXPECT_EQ(utc(zone("Europe/Lisbon").deadline(noon)), "2027-01-02T12:00:00Z");
    EXPECT_EQ(utc(zone("Europe/Helsinki").deadline(noon)), "2027-01-02T10:00:00Z");
    ::unsetenv("TZDIR");
    fs::remove_all(folder);
}

// Surrender by 30 September, the last second of the day in Brussels (UTC+2), and the reports of 31 March (summer time since the
// last Sunday, the 29th, of March 2026).
TEST(Calendar, EuropeanDeadlines) {
    const Zone brussels = zone("Europe/Brussels");
    EXPECT_EQ(utc(brussels.deadline(
                  {.date = 2026y / September / 30, .hour = 23, .minute = 59, .second = 59})),
              "2026-09-30T21:59:59Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2026y / March / 28, .hour = 12})),
              "2026-03-28T11:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2026y / March / 31, .hour = 12})),
              "2026-03-31T10:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2026y / March / 29, .hour = 2, .minute = 30})),
              "2026-03-29T01:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2026y / October / 25, .hour = 2, .minute = 30})),
              "2026-10-25T01:30:00Z");
}

// Directive 2000/84/EC has no end: summer time from the last Sunday of March to the last of October. That is 28 March and 31 October
// in 2049, and 25 October in 2099.
TEST(Calendar, TheRuleOfTheFilesGoesOnBehindTheirList) {
    const Zone brussels = zone("Europe/Brussels");
    EXPECT_EQ(utc(brussels.deadline({.date = 2037y / July / 1, .hour = 12})),
              "2037-07-01T10:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2038y / July / 1, .hour = 12})),
              "2038-07-01T10:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2049y / March / 28, .hour = 2, .minute = 30})),
              "2049-03-28T01:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2049y / October / 30, .hour = 12})),
              "2049-10-30T10:00:00Z");
    EXPECT_EQ(utc(brussels.deadline({.date = 2099y / October / 25, .hour = 2, .minute = 30})),
              "2099-10-25T01:30:00Z");
    const Result<CivilTime> winter = brussels.civil(at("2050-01-01T00:00:00Z"));
    ASSERT_TRUE(winter.has_value());
    EXPECT_EQ(*winter, (CivilTime{.date = 2050y / January / 1, .hour = 1}));
    // No summer time.
    EXPECT_EQ(utc(zone("Etc/UTC").deadline({.date = 2050y / July / 1, .hour = 12})),
              "2050-07-01T12:00:00Z");
    EXPECT_EQ(utc(zone("Asia/Shanghai").deadline({.date = 2050y / July / 1, .hour = 12})),
              "2050-07-01T04:00:00Z");
}

TEST(Calendar, AnUnknownZoneNamesItsNeighbours) {
    const Result<Zone> wrong = Zone::find("Europe/Brusels");
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().code, ErrorCode::not_found);
    EXPECT_NE(wrong.error().hint.find("Europe/Brussels"), std::string::npos);
    EXPECT_FALSE(Zone::find("").has_value());
    EXPECT_FALSE(Zone::find("../../../etc/passwd").has_value());
    EXPECT_FALSE(Zone::find("localtime").has_value());
    EXPECT_FALSE(Zone::find("Fixed/UTC+01:00:00").has_value());
    EXPECT_EQ(Zone::find("US/Pacific")->name(), "US/Pacific");
}

TEST(Calendar, WhatNoClockShowsIsRefused) {
    const Zone here = zone("Etc/UTC");
    const auto code = [&](const CivilTime& civil) { return here.deadline(civil).error().code; };
    EXPECT_EQ(code({.date = 2026y / February / 29}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.date = 2026y / January / 1, .hour = 24}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.date = 2026y / January / 1, .hour = 1, .minute = 60}),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({.date = 2026y / January / 1, .hour = 1, .minute = -1}),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({.date = 1969y / January / 1}), ErrorCode::out_of_range);
    EXPECT_EQ(code({.date = 12000y / January / 1}), ErrorCode::out_of_range);
    EXPECT_EQ(here.civil(Timestamp{INT64_MIN}).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(here.civil(Timestamp{INT64_MAX}).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(here.add_days(Timestamp{}, INT32_MAX).error().code, ErrorCode::out_of_range);
}

// A civil day is 23 hours long on 8 March 2026 in California and 25 on 1 November.
TEST(Calendar, CivilDaysKeepTheHour) {
    const Zone pacific = zone("America/Los_Angeles");
    EXPECT_EQ(utc(pacific.add_days(at("2026-03-08T01:00:00Z"), 1)), "2026-03-09T00:00:00Z");
    EXPECT_EQ(utc(pacific.add_days(at("2026-11-01T00:00:00.25Z"), 1)),
              "2026-11-02T01:00:00.250000Z");
    EXPECT_EQ(utc(pacific.add_days(at("2026-11-02T01:00:00Z"), -1)), "2026-11-01T00:00:00Z");
    EXPECT_EQ(utc(pacific.add_days(at("2026-11-02T01:00:00Z"), 0)), "2026-11-02T01:00:00Z");
}

// Brussels around Easter 2026:
//     Mo Tu We Th Fr Sa Su
//     30 31  1  2  3  4  5      3 April: Good Friday
//      6  7  8  9 10 11 12      6 April: Easter Monday
// and at Christmas:
//     21 22 23 24 25 26 27      24 to 31 December and 1 January: the Commission's offices are closed
//     28 29 30 31  1  2  3
//      4  5  6  7  8  9 10
WorkingCalendar european() {
    Result<WorkingCalendar> calendar = WorkingCalendar::make({.zone = zone("Europe/Brussels"),
                                                              .holidays = {2027y / January / 1,
                                                                           2026y / April / 3,
                                                                           2026y / April / 6,
                                                                           2026y / May / 1,
                                                                           2026y / December / 24,
                                                                           2026y / December / 25,
                                                                           2026y / December / 28,
                                                                           2026y / December / 29,
                                                                           2026y / December / 30,
                                                                           2026y / December / 31}});
    EXPECT_TRUE(calendar.has_value());
    return *calendar;
}

// A new trusted account may be used on the fourth working day after (Union Registry).
TEST(Calendar, FourWorkingDays) {
    const WorkingCalendar days = european();
    // Monday 16 March to Friday the 20th, 09:30 Brussels (UTC+1).
    EXPECT_EQ(utc(days.add_working_days(at("2026-03-16T08:30:00Z"), 4)), "2026-03-20T08:30:00Z");
    // Wednesday 25 March: 26, 27, (weekend, and summer time begins) 30, 31, at the same 09:30, now UTC+2.
    EXPECT_EQ(utc(days.add_working_days(at("2026-03-25T08:30:00Z"), 4)), "2026-03-31T07:30:00Z");
    // Thursday 2 April: (3 holiday, 4-5 weekend, 6 holiday) 7, 8, 9, 10.
    EXPECT_EQ(utc(days.add_working_days(at("2026-04-02T10:00:00Z"), 4)), "2026-04-10T10:00:00Z");
    // Asked for on Easter Sunday: 7, 8, 9, 10 too.
    EXPECT_EQ(utc(days.add_working_days(at("2026-04-05T10:00:00Z"), 4)), "2026-04-10T10:00:00Z");
    // Tuesday 22 December: 23, then 4, 5, 6 January.
    EXPECT_EQ(utc(days.add_working_days(at("2026-12-22T10:00:00Z"), 4)), "2027-01-06T10:00:00Z");
    EXPECT_EQ(utc(days.add_working_days(at("2026-04-05T10:00:00Z"), 0)), "2026-04-05T10:00:00Z");
    EXPECT_FALSE(days.add_working_days(Timestamp{}, -1).has_value());
    EXPECT_FALSE(days.add_working_days(Timestamp{}, 10'001).has_value());
    // 23:30 UTC on Monday is Tuesday in Brussels: counted from Tuesday.
    EXPECT_EQ(utc(days.add_working_days(at("2026-03-16T23:30:00Z"), 4)), "2026-03-22T23:30:00Z");
}

// Transfers leave between 10:00 and 16:00 on working days, else at the next 10:00; outside the trusted list at 12:00.
TEST(Calendar, TheNextOpeningAndTheNextNoon) {
    const WorkingCalendar days = european();
    const WorkingCalendar::Hours office{.open = {.hour = 10}, .close = {.hour = 16}};
    EXPECT_EQ(utc(days.next_open(at("2026-03-16T08:59:59Z"), office)), "2026-03-16T09:00:00Z");
    EXPECT_EQ(utc(days.next_open(at("2026-03-16T09:00:00Z"), office)), "2026-03-16T09:00:00Z");
    EXPECT_EQ(utc(days.next_open(at("2026-03-16T14:59:59.999999Z"), office)),
              "2026-03-16T14:59:59.999999Z");
    EXPECT_EQ(utc(days.next_open(at("2026-03-16T15:00:00Z"), office)), "2026-03-17T09:00:00Z");
    // Thursday evening before Easter: Tuesday.
    EXPECT_EQ(utc(days.next_open(at("2026-04-02T14:00:00Z"), office)), "2026-04-07T08:00:00Z");
    EXPECT_EQ(utc(days.next_at(at("2026-04-02T10:00:00Z"), {.hour = 12})), "2026-04-07T10:00:00Z");
    EXPECT_EQ(utc(days.next_at(at("2026-04-02T09:59:59Z"), {.hour = 12})), "2026-04-02T10:00:00Z");
    EXPECT_FALSE(days.next_at(at("2026-04-02T09:59:59Z"), {.hour = 25}).has_value());
    EXPECT_FALSE(
        days.next_open(Timestamp{}, {.open = {.hour = 16}, .close = {.hour = 10}}).has_value());
}

TEST(Calendar, AWeekHasAWorkingDay) {
    EXPECT_FALSE(WorkingCalendar::make({.zone = zone("Etc/UTC"),
                                        .weekend = {true, true, true, true, true, true, true}})
                     .has_value());
    EXPECT_FALSE(
        WorkingCalendar::make({.zone = zone("Etc/UTC"), .holidays = {2026y / February / 30}})
            .has_value());
}

TEST(Calendar, TheDatabaseSaysItsRelease) {
    const Result<std::string> version = tz_database_version();
    ASSERT_TRUE(version.has_value());
    // A year and a letter.
    ASSERT_EQ(version->size(), 5U);
    EXPECT_GE(*version, "2020a");
    EXPECT_LE(*version, "2099z");
}

RC_GTEST_PROP(CalendarProperty, ADeadlineIsWhatTheClockShowsOrTheEndOfAGap, ()) {
    const Zone here = zone(*rc::gen::element(
        "America/Los_Angeles", "Europe/Brussels", "Australia/Lord_Howe", "Asia/Kolkata"));
    const auto day = *rc::gen::inRange(366, 67 * 365);
    const CivilTime asked{
        .date = std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day))),
        .hour = *rc::gen::inRange(0, 24),
        .minute = *rc::gen::inRange(0, 60),
        .second = *rc::gen::inRange(0, 60)};
    const Result<Timestamp> due = here.deadline(asked);
    RC_ASSERT(due.has_value());
    const Result<CivilTime> shown = here.civil(*due);
    RC_ASSERT(shown.has_value());
    if (*shown == asked) {
        // The later of two: an hour on, the clock shows something else.
        const Result<CivilTime> after =
            here.civil(Timestamp{due->us + std::int64_t{3600} * 1'000'000});
        RC_ASSERT(!after || !(*after == asked));
    } else {
        // A gap: one microsecond before, the clock had not come to the time that was asked for.
        const Result<CivilTime> before = here.civil(Timestamp{due->us - 1});
        RC_ASSERT(before->date <= asked.date);
        RC_ASSERT(before->hour * 60 + before->minute < asked.hour * 60 + asked.minute);
    }
}

RC_GTEST_PROP(CalendarProperty, WorkingDaysAddUp, ()) {
    const WorkingCalendar days = european();
    // At noon, which no change of clocks touches.
    const Result<Timestamp> noon = days.zone().deadline(
        {.date = std::chrono::year_month_day(std::chrono::sys_days(2026y / January / 1) +
                                             std::chrono::days(*rc::gen::inRange(0, 700))),
         .hour = 12});
    const auto a = *rc::gen::inRange(1, 20);
    const auto b = *rc::gen::inRange(1, 20);
    const Result<Timestamp> first = days.add_working_days(*noon, a);
    RC_ASSERT(*days.add_working_days(*first, b) == *days.add_working_days(*noon, a + b));
    RC_ASSERT(days.is_working_day(days.zone().civil(*first)->date));
}

}  // namespace
}  // namespace abate::scheme
