// What a node spends beyond the components that counters see.
#pragma once

#include "abate/units/ranged.h"

#include <string>

namespace abate::footprint {

// Node energy over component energy where no node counter was read; from a calibrated profile, else
// a prior.
struct NodeOverhead {
    Ranged ratio;
    std::string source;  // "profile", "prior"
    std::string citation;
};

}  // namespace abate::footprint
