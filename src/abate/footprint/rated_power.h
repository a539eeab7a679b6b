// Mean over rated power of an accelerator at work, where nobody measured it.
//
//     chip.tdp_w * kPowerFraction.value;     // H100, 700 W: 560 W (441 to 686)
#pragma once

#include "abate/units/ranged.h"

namespace abate::footprint {

// ML.ENERGY Benchmark v3 on H100 (700 W): 441 W for Llama 70B at batch 8 to 688 W for Llama 8B at batch 512; the value is
// the middle.
inline constexpr Ranged kPowerFraction{
    .value = 0.80, .low = 0.63, .high = 0.98, .kind = RangeKind::interval90};
inline constexpr const char* kPowerFractionSource =
    "ML.ENERGY Benchmark v3: 441 to 688 W of 700 W on H100";

}  // namespace abate::footprint
