// A range and a number that may be absent, the same in every document:
//
//     put_range(json, "total_kgco2e", total);   // "total_kgco2e": {"value": 12, "low": 10, "high": 15, "range": "interval90"}
//     put_number(json, "water_l", water);       // "water_l": null
//
// `range` is never left out: without it a bound would read as a 90 % interval. Inside `report` only.
#pragma once

#include "abate/report/json_writer.h"
#include "abate/units/ranged.h"

#include <optional>
#include <string_view>

namespace abate::report {

// The members alone, into an open object that has more of them.
inline void put_range_members(JsonWriter& json, const Ranged& range) {
    json.key("value").number(range.value);
    json.key("low").number(range.low);
    json.key("high").number(range.high);
    json.key("range").text(to_string(range.kind));
}

inline void put_range(JsonWriter& json, std::string_view key, const Ranged& range) {
    json.key(key).begin_object();
    put_range_members(json, range);
    json.end_object();
}

inline void put_range(JsonWriter& json, std::string_view key, const std::optional<Ranged>& range) {
    if (range)
        put_range(json, key, *range);
    else
        json.key(key).null();
}

inline void put_number(JsonWriter& json,
                       std::string_view key,
                       const std::optional<double>& number) {
    json.key(key);
    if (number)
        json.number(*number);
    else
        json.null();
}

}  // namespace abate::report
