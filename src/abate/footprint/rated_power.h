// Mean over rated power of an accelerator at work, where nobody measured it.
//
//     chip.tdp_w * kPowerFraction.value;     // H100, 700 W: 560 W (441 to 686)
#pragma once

#include "abate/record/record.h"
#include "abate/units/ranged.h"

#include <string>
#include <utility>

namespace abate::footprint {

// ML.ENERGY Benchmark v3 on H100 (700 W): 441 W for Llama 70B at batch 8 to 688 W for Llama 8B at batch 512; the value is
// the middle.
inline constexpr Ranged kPowerFraction{
    .value = 0.80, .low = 0.63, .high = 0.98, .kind = RangeKind::interval90};
inline constexpr const char* kPowerFractionSource =
    "ML.ENERGY Benchmark v3: 441 to 688 W of 700 W on H100";

// Where it comes from, for `figure` of a record.
inline Provenance power_fraction_row(std::string figure) {
    return {.figure = std::move(figure),
            .value = kPowerFraction.value,
            .low = kPowerFraction.low,
            .high = kPowerFraction.high,
            .unit = "1",
            .key = "mean over rated power",
            .layer = "built-in",
            .source = kPowerFractionSource,
            .year = 0,
            .basis = "",
            .licence = ""};
}

}  // namespace abate::footprint
