// The model for machines without CPU counters: package power from the machine's load, DRAM power
// from memory in use.
//
//     P(u) = idle + concave load curve, u = busy CPU time / (CPUs x time);  P_dram = W per GB x GB
//     in use
//
// A calibrated profile is used where there is one; else priors from tables, with bounds wide enough
// for the errors that such models showed against wall meters (up to 40 %, Fischer 2025, arXiv
// 2509.22092). Evaluated about once a second whatever the sampling rate, so that energy does not
// depend on it. docs/methodology/model.md.
#pragma once

#include "abate/data/data.h"
#include "abate/meter/processor.h"
#include "abate/meter/profile.h"
#include "abate/meter/sensor.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::meter {

// The row of `cpu-vcpu` coefficients for a processor generation ("EPYC 3rd Gen", "Cascade Lake");
// empty when none fits. `proxy` is set when the processor is newer than the table and an older row
// of its maker stands in.
struct Generation {
    std::string_view row;
    bool proxy = false;
};
[[nodiscard]] Generation generation_of(const Processor& cpu);

// Watts of the whole machine's packages over load, and where they come from.
struct PowerModel {
    std::vector<PowerPoint> points;
    Ranged dram_w_per_gb;
    Quality quality = Quality::modelled;
    std::vector<Provenance> provenance;
    std::string described;  // one sentence for doctor and notes
};
[[nodiscard]] PowerModel make_power_model(const Processor& cpu,
                                          const data::Tables& tables,
                                          const PowerProfile* profile);

}  // namespace abate::meter
