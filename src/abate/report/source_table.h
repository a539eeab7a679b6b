// The figures of an account or a filing and where each comes from, as the last table of a report. Each row once. Inside `report` only.
#pragma once

#include "abate/report/markup.h"
#include "abate/units/provenance.h"

#include <span>

namespace abate::report {

[[nodiscard]] Table source_table(std::span<const Provenance> provenance);

}  // namespace abate::report
