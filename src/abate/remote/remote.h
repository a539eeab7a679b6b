// Front door of `remote`: what abate asks of services over the network. Today: hourly intensities of Electricity Maps, by the user's own
// token.
//
//     LiveOptions options{.get = client.get(), .sleep = sleep_for};
//     const auto source = electricity_maps(options);                       // an IntensitySource
//     source->hours("DE", {from, to});                                     // AverageLifeCycle, or why not
//
// This room knows what to ask, how long to try and what an answer means. How bytes travel is given to it, so that it is tested without a
// network; the token is part of `get` and is never seen here. Nothing is asked before `hours` is called.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace abate::remote {

// GETs one URL. An error of code `unavailable` (no connection, time-out, 429, 5xx) is worth another try; any other is not.
using HttpGet = std::function<Result<std::string>(const std::string& url)>;

struct LiveOptions {
    HttpGet get;
    std::string url = "https://api.electricitymaps.com";
    std::function<void(std::int64_t milliseconds)> sleep;  // between tries
    int most_tries = 3;                                    // of one request
    std::int64_t first_wait_ms = 500;                      // doubles with each try
    // Seconds that the last refusal asked to wait (Retry-After); may be absent. A try comes no sooner.
    std::function<std::optional<std::int64_t>()> retry_after_s = {};
    std::int64_t most_wait_ms = 5000;  // what asks for longer is not asked again
};

// Errors of hours(): as IntensitySource says, and parse_error for an answer that cannot be read.
[[nodiscard]] std::unique_ptr<data::IntensitySource> electricity_maps(LiveOptions options);

// The answer of /v3/carbon-intensity/past-range: {"data": [{"datetime", "carbonIntensity", "isEstimated", "emissionFactorType"}]}. Hours
// of another emission factor than "lifecycle" are refused, for direct figures are not what was asked for. Errors: parse_error.
[[nodiscard]] Result<data::HourlyValues> parse_past_range(std::string_view json);

}  // namespace abate::remote
