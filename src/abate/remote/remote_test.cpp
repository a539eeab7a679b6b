#include "abate/remote/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace abate::remote {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Timestamp at(const char* text) { return parse_rfc3339(text).value(); }

std::string hour(const std::string& time, int grams, bool estimated = false) {
    return R"({"zone":"DE","carbonIntensity":)" + std::to_string(grams) + R"(,"datetime":")" +
           time + R"(","emissionFactorType":"lifecycle","isEstimated":)" +
           (estimated ? "true" : "false") + "}";
}

// A service that answers from a list, and keeps what it was asked.
struct Service {
    std::vector<Result<std::string>> answers;
    std::vector<std::string> asked;
    std::vector<std::int64_t> waits;

    LiveOptions options() {
        return {.get = [this](const std::string& url) -> Result<std::string> {
                    asked.push_back(url);
                    if (asked.size() > answers.size())
                        return Error{ErrorCode::unavailable, "HTTP status 503", url, ""};
                    return answers[asked.size() - 1];
                },
                .url = "https://maps.example",
                .sleep = [this](std::int64_t ms) { waits.push_back(ms); }};
    }
};

TEST(ElectricityMapsLive, AsksForTheHoursThatTheRunTouches) {
    Service service;
    service.answers.emplace_back(R"({"zone":"DE","data":[)" +
                                 hour("2024-05-01T00:00:00.000Z", 300) + "," +
                                 hour("2024-05-01T01:00:00.000Z", 400, true) + "]}");
    const auto series = electricity_maps(service.options())
                            ->hours("DE", {at("2024-05-01T00:30:00Z"), at("2024-05-01T01:10:00Z")});
    ASSERT_TRUE(series) << to_string(series.error());
    EXPECT_THAT(service.asked,
                ElementsAre("https://maps.example/v3/carbon-intensity/"
                            "past-range?zone=DE&start=2024-05-01T00:00:00Z&end="
                            "2024-05-01T02:00:00Z&emissionFactorType=lifecycle"));
    ASSERT_EQ(series->values().size(), 2u);
    EXPECT_EQ(series->values().hours()[0].value, 300);
    EXPECT_TRUE(series->values().hours()[1].estimated);
}

TEST(ElectricityMapsLive, AsksForTenDaysAtATime) {
    Service service;
    service.answers.emplace_back(R"({"data":[)" + hour("2024-05-01T00:00:00Z", 300) + "]}");
    service.answers.emplace_back(R"({"data":[)" + hour("2024-05-11T00:00:00Z", 400) + "]}");
    const auto series = electricity_maps(service.options())
                            ->hours("DE", {at("2024-05-01T00:00:00Z"), at("2024-05-11T00:00:01Z")});
    ASSERT_TRUE(series) << to_string(series.error());
    EXPECT_EQ(service.asked.size(), 2u);
    EXPECT_THAT(service.asked[1], HasSubstr("start=2024-05-11T00:00:00Z&end=2024-05-11T01:00:00Z"));
    EXPECT_EQ(series->values().missing(), 239u);
}

TEST(ElectricityMapsLive, TriesAgainWithLongerWaitsAndThenGivesUp) {
    Service service;
    service.answers.emplace_back(Error{ErrorCode::unavailable, "HTTP status 429", "", ""});
    service.answers.emplace_back(R"({"data":[)" + hour("2024-05-01T00:00:00Z", 300) + "]}");
    EXPECT_TRUE(electricity_maps(service.options())
                    ->hours("DE", {at("2024-05-01T00:00:00Z"), at("2024-05-01T00:00:01Z")}));
    EXPECT_THAT(service.waits, ElementsAre(500));
    Service gone;
    const auto none = electricity_maps(gone.options())
                          ->hours("DE", {at("2024-05-01T00:00:00Z"), at("2024-05-01T00:00:01Z")});
    EXPECT_EQ(none.error().code, ErrorCode::unavailable);
    EXPECT_EQ(gone.asked.size(), 3u);
    EXPECT_THAT(gone.waits, ElementsAre(500, 1000));
}

// RFC 9110, section 10.2.3: Retry-After says how long to wait before the next request.
TEST(ElectricityMapsLive, WaitsAsLongAsItIsAskedToAndNotForMinutes) {
    Service service;
    service.answers.emplace_back(Error{ErrorCode::unavailable, "HTTP status 429", "", ""});
    service.answers.emplace_back(Error{ErrorCode::unavailable, "HTTP status 429", "", ""});
    service.answers.emplace_back(R"({"data":[)" + hour("2024-05-01T00:00:00Z", 300) + "]}");
    LiveOptions options = service.options();
    // Three seconds; then less than the wait that would be next anyway.
    options.retry_after_s = [&]() -> std::optional<std::int64_t> {
        return service.asked.size() == 1 ? 3 : 0;
    };
    EXPECT_TRUE(electricity_maps(options)->hours(
        "DE", {at("2024-05-01T00:00:00Z"), at("2024-05-01T00:00:01Z")}));
    EXPECT_THAT(service.waits, ElementsAre(3000, 1000));

    Service patient;
    LiveOptions minute = patient.options();
    minute.retry_after_s = [] { return std::optional<std::int64_t>(60); };
    const auto none = electricity_maps(minute)->hours(
        "DE", {at("2024-05-01T00:00:00Z"), at("2024-05-01T00:00:01Z")});
    EXPECT_EQ(none.error().code, ErrorCode::unavailable);
    EXPECT_THAT(none.error().hint, HasSubstr("60 s"));
    EXPECT_EQ(patient.asked.size(), 1u);
    EXPECT_TRUE(patient.waits.empty());
}

TEST(ElectricityMapsLive, ARefusedTokenIsNotTriedAgain) {
    Service service;
    service.answers.emplace_back(Error{ErrorCode::permission_denied, "HTTP status 401", "", ""});
    const auto none = electricity_maps(service.options())
                          ->hours("DE", {at("2024-05-01T00:00:00Z"), at("2024-05-01T00:00:01Z")});
    EXPECT_EQ(service.asked.size(), 1u);
    EXPECT_THAT(none.error().hint, HasSubstr("token_file"));
}

TEST(ElectricityMapsLive, WhatIsNoZoneIsNeverAsked) {
    Service service;
    for (const char* zone : {"", "DE&x=1", "../v1", "a b"})
        EXPECT_FALSE(electricity_maps(service.options())
                         ->hours(zone, {at("2024-05-01T00:00:00Z"), at("2024-05-02T00:00:00Z")}));
    EXPECT_FALSE(electricity_maps(service.options())
                     ->hours("DE", {at("2020-05-01T00:00:00Z"), at("2024-05-02T00:00:00Z")}));
    EXPECT_TRUE(service.asked.empty());
}

TEST(PastRange, RefusesWhatItCannotMean) {
    EXPECT_THAT(parse_past_range("<html>").error().what, HasSubstr("no JSON"));
    EXPECT_THAT(parse_past_range("{}").error().what, HasSubstr("no list"));
    EXPECT_THAT(
        parse_past_range(R"({"data":[{"datetime":"2024-05-01T00:30:00Z","carbonIntensity":1}]})")
            .error()
            .what,
        HasSubstr("no full hour"));
    EXPECT_THAT(
        parse_past_range(
            R"({"data":[{"datetime":"2024-05-01T00:00:00Z","carbonIntensity":1,"emissionFactorType":"direct"}]})")
            .error()
            .what,
        HasSubstr("not lifecycle"));
    EXPECT_FALSE(
        parse_past_range(R"({"data":[{"datetime":"2024-05-01T00:00:00Z","carbonIntensity":-1}]})"));
    EXPECT_THAT(parse_past_range("{\"data\":[" + hour("2024-05-01T00:00:00Z", 1) + "," +
                                 hour("2024-05-01T00:00:00Z", 1) + "]}")
                    .error()
                    .what,
                HasSubstr("stands twice"));
    EXPECT_EQ(
        parse_past_range(R"({"data":[{"datetime":"2024-05-01T00:00:00Z","carbonIntensity":null}]})")
            ->size(),
        0u);
}

}  // namespace
}  // namespace abate::remote
