// Actual generation per type as ENTSO-E's API answers it (document A75, GL_MarketDocument).
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

struct EntsoeSample {
    Timestamp start;
    std::int64_t length_us = 0;
    std::optional<data::GenerationMix>
        mix;            // absent: a kind of plant that the document has is missing here
    std::string where;  // file:line:column of the first point
};

// In order of time. A series that consumes (outBiddingZone) and storage (B10, B25) are left out. Curve type A03 repeats a point until
// the next; in A01 a missing point is missing. Errors: parse_error with file:line:column.
[[nodiscard]] Result<std::vector<EntsoeSample>> parse_entsoe_xml(std::string_view text,
                                                                 std::string_view file_name);

}  // namespace abate::input
