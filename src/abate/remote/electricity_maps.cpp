#include "abate/remote/remote.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace abate::remote {
namespace {

using Json = nlohmann::json;

constexpr const char* kWhere = "Electricity Maps";
// One request of past-range answers ten days of hours at most.
constexpr std::int64_t kHoursARequest = 240;
constexpr std::int64_t kMostHours = 8784;
constexpr std::size_t kMostAnswers = 20'000;
constexpr double kMostGramsPerKwh = 3000;

Error unreadable(const std::string& what) {
    return Error{ErrorCode::parse_error, "the answer cannot be read: " + what, kWhere, ""};
}

struct Answer {
    std::int64_t hour_us = 0;
    data::HourValue value;
};

// One element of `data`; absent where it has no figure yet.
Result<std::optional<Answer>> read_answer(const Json& entry) {
    if (!entry.is_object()) return unreadable("an hour is no object");
    const auto time = entry.find("datetime");
    const auto grams = entry.find("carbonIntensity");
    if (time == entry.end() || !time->is_string()) return unreadable("an hour has no datetime");
    const Result<Timestamp> at = parse_rfc3339(time->get_ref<const std::string&>());
    if (!at || at->us % data::kHourUs != 0)
        return unreadable("an hour begins at no full hour in UTC");
    if (grams == entry.end() || grams->is_null()) return std::optional<Answer>();
    if (!grams->is_number()) return unreadable("carbonIntensity is no number");
    const double value = grams->get<double>();
    if (!std::isfinite(value) || value < 0 || value > kMostGramsPerKwh)
        return unreadable("a carbonIntensity cannot be");
    const auto factor = entry.find("emissionFactorType");
    if (factor != entry.end() && factor->is_string() && *factor != "lifecycle")
        return unreadable("its emission factors are not lifecycle");
    const auto estimated = entry.find("isEstimated");
    return std::optional<Answer>(Answer{
        at->us,
        {.value = value,
         .low = value,
         .high = value,
         .known = true,
         .estimated =
             estimated != entry.end() && estimated->is_boolean() && estimated->get<bool>()}});
}

data::HourlyValues values_of(const std::map<std::int64_t, data::HourValue>& hours) {
    const std::int64_t first = hours.begin()->first;
    std::vector<data::HourValue> list(
        static_cast<std::size_t>((hours.rbegin()->first - first) / data::kHourUs + 1));
    for (const auto& [us, value] : hours)
        list[static_cast<std::size_t>((us - first) / data::kHourUs)] = value;
    return {{first}, std::move(list)};
}

bool plain_zone(std::string_view zone) {
    return !zone.empty() && zone.size() <= 40 && std::all_of(zone.begin(), zone.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
}

class ElectricityMaps final : public data::IntensitySource {
  public:
    explicit ElectricityMaps(LiveOptions options) : options_(std::move(options)) {}

    Result<data::AverageLifeCycle> hours(const std::string& zone,
                                         const data::TimeSpan& span) override {
        const auto& [from, to] = span;
        if (!plain_zone(zone))
            return Error{
                ErrorCode::not_found, "'" + zone + "' is no zone of Electricity Maps", kWhere, ""};
        const std::int64_t begin =
            from.us - ((from.us % data::kHourUs) + data::kHourUs) % data::kHourUs;
        // The whole of the last hour that the window touches.
        const std::int64_t last = std::max(to.us - 1, begin);
        const std::int64_t end = last - (last - begin) % data::kHourUs + data::kHourUs;
        if ((end - begin) / data::kHourUs > kMostHours)
            return Error{ErrorCode::unsupported,
                         "more than a year of hours is not asked for",
                         kWhere,
                         "Import a file: abate data import-intensity FILE"};
        std::map<std::int64_t, data::HourValue> found;
        for (std::int64_t at = begin; at < end; at += kHoursARequest * data::kHourUs) {
            const std::int64_t until = std::min(at + kHoursARequest * data::kHourUs, end);
            if (const Result<void> asked = ask(zone, {.from = {at}, .to = {until}}, found); !asked)
                return asked.error();
        }
        if (found.empty())
            return Error{
                ErrorCode::not_found,
                "no hour of " + zone + " from " + data::hour_name({begin}) + " on is known",
                kWhere,
                ""};
        return data::AverageLifeCycle({.zone = zone,
                                       .source = "Electricity Maps, live",
                                       .licence = "Electricity Maps, by the user's own contract",
                                       .method = "flow-traced consumption",
                                       .key = kWhere},
                                      values_of(found));
    }

  private:
    Result<void> ask(const std::string& zone,
                     const data::TimeSpan& span,
                     std::map<std::int64_t, data::HourValue>& found) {
        const auto& [from, to] = span;
        const Result<std::string> body =
            tried(options_.url + "/v3/carbon-intensity/past-range?zone=" + zone + "&start=" +
                  to_rfc3339(from) + "&end=" + to_rfc3339(to) + "&emissionFactorType=lifecycle");
        if (!body) return body.error();
        const Result<data::HourlyValues> values = parse_past_range(*body);
        if (!values) return values.error();
        for (std::size_t i = 0; i < values->size(); ++i) {
            const Timestamp hour = values->hour(i);
            if (values->hours()[i].known && hour >= from && hour < to)
                found[hour.us] = values->hours()[i];
        }
        return {};
    }

    Result<std::string> tried(const std::string& url) {
        std::int64_t wait_ms = options_.first_wait_ms;
        for (int attempt = 1;; ++attempt) {
            Result<std::string> body = options_.get(url);
            if (body) return body;
            if (body.error().code == ErrorCode::permission_denied) {
                Error error = body.error();
                error.hint = "Does the token in intensity.token_file hold for this zone?";
                return error;
            }
            if (body.error().code != ErrorCode::unavailable || attempt >= options_.most_tries)
                return body;
            const std::int64_t asked_s =
                options_.retry_after_s ? options_.retry_after_s().value_or(0) : 0;
            if (asked_s > options_.most_wait_ms / 1000) {
                Error error = body.error();
                error.hint = "The service asks to wait " + std::to_string(asked_s) + " s";
                return error;
            }
            if (options_.sleep) options_.sleep(std::max(wait_ms, asked_s * 1000));
            wait_ms *= 2;
        }
    }

    LiveOptions options_;
};

}  // namespace

Result<data::HourlyValues> parse_past_range(std::string_view text) {
    const Json document = Json::parse(text.begin(), text.end(), nullptr, false);
    if (document.is_discarded()) return unreadable("it is no JSON");
    if (!document.is_object() || !document.contains("data") || !document["data"].is_array())
        return unreadable("it has no list `data`");
    if (document["data"].size() > kMostAnswers) return unreadable("it has too many hours");
    std::map<std::int64_t, data::HourValue> hours;
    for (const Json& entry : document["data"]) {
        const Result<std::optional<Answer>> answer = read_answer(entry);
        if (!answer) return answer.error();
        if (!*answer) continue;
        if (!hours.emplace((*answer)->hour_us, (*answer)->value).second)
            return unreadable("the hour " + data::hour_name({(*answer)->hour_us}) +
                              " stands twice");
    }
    if (hours.empty()) return data::HourlyValues();
    if ((hours.rbegin()->first - hours.begin()->first) / data::kHourUs > kMostHours)
        return unreadable("its hours lie more than a year apart");
    return values_of(hours);
}

std::unique_ptr<data::IntensitySource> electricity_maps(LiveOptions options) {
    return std::make_unique<ElectricityMaps>(std::move(options));
}

}  // namespace abate::remote
