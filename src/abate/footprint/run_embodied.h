// A run's part of making its hardware. Inside `footprint` only; assess() calls it.
#pragma once

#include "abate/footprint/footprint.h"

namespace abate::footprint {

// Whether lifetime, utilisation and the host's kg can be. Errors: out_of_range.
[[nodiscard]] Result<void> check_hardware(const HardwareOptions& options);

// Fills record.embodied and record.total_kgco2e; both absent where no table knows the hardware.
// REQUIRES: check_hardware(options), record.host, attributed and operational filled.
void assess_embodied(RunRecord& record, const data::Tables& tables, const HardwareOptions& options);

// What an earlier assess_embodied left behind.
void forget_embodied(RunRecord& record);

}  // namespace abate::footprint
