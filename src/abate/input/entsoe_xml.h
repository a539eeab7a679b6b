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

struct EntsoeDocument {
    std::vector<EntsoeSample> samples;  // in order of time
    std::string area;                   // EIC of the bidding zone or control area; empty: not said
};

// A series that consumes (outBiddingZone) and storage (B10, B25) are left out. Curve type A03 repeats a point until
// the next; in A01 a missing point is missing. Errors: parse_error with file:line:column (two areas in one document, too).
[[nodiscard]] Result<EntsoeDocument> parse_entsoe_xml(std::string_view text,
                                                      std::string_view file_name);

// The zone that the area is, as Electricity Maps names it: 10YFR-RTE------C is FR, 10YNO-1--------2 NO-NO1. Empty: not known.
[[nodiscard]] std::string entsoe_zone(std::string_view area);

// Whether one of two zones may stand for the other: the same, or a country and a part of it.
[[nodiscard]] bool same_grid(std::string_view a, std::string_view b);

}  // namespace abate::input
