// Front door of `footprint`: from a run's attributed component energy to node, facility, carbon and
// water.
//
//     assess(record, tables, {.region = "FR"});
//     record.facility->energy.energy_j      = node x PUE
//     record.operational->location_kgco2e   = facility x intensity
//
// Each step carries its range and leaves a Provenance row. PUE meets node energy once;
// docs/methodology/operational.md has the formulas, sources and a worked example. Embodied carbon
// is not part of this release: its fields are absent.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/filing.h"
#include "abate/footprint/inventory.h"
#include "abate/footprint/monte_carlo.h"
#include "abate/footprint/rated_power.h"
#include "abate/footprint/what_if.h"
#include "abate/record/record.h"

#include <optional>
#include <string>

namespace abate::footprint {

// Node energy over component energy where no node counter was read; from a calibrated profile, else
// a prior.
struct NodeOverhead {
    Ranged ratio;
    std::string source;  // "profile", "prior"
    std::string citation;
};

struct AssessOptions {
    std::string region;  // as the user wrote it; empty: unknown
    std::string region_layer = "option";
    std::optional<double> pue;  // the user's
    std::string pue_layer = "option";
    std::optional<NodeOverhead> node_overhead;
};

// The prior for `record`'s set of counted devices:
//   - accelerators only: 1.57 (1.2 to 2.0), Elsworth et al. 2025 (arXiv 2508.15734), accelerators,
//     host and idle over accelerators, (0.14 + 0.06 + 0.02) / 0.14 Wh;
//   - packages and others: 1.30 (1.05 to 1.62), geometric mean of a bare 95 % efficient supply and
//     NVIDIA's DGX A100 rating.
[[nodiscard]] NodeOverhead prior_overhead(const RunRecord& record);

// PUE where neither the user nor a cloud region gives one: 1 exactly on a laptop or desktop (no
// facility), else 1.56 (1.09 to 1.98), Uptime Institute's 2024 survey mean, Google's 2024 fleet and
// Uptime's 2011 mean.
[[nodiscard]] data::Figure default_pue(const Host& host);

// Fills record.region, node, facility, operational, provenance. An unknown region is not an error:
// the 5-95 % range over countries stands in and operational.region_known is false. Errors:
// not_found (a region no table knows, nearest names in the hint), out_of_range (PUE); then the
// record stays as it was. Idempotent: earlier results are replaced.
//
// A node reading (device and part_of "node") is used where its range reaches that of the
// components; a lower one is refused with a note and the prior stands in.
[[nodiscard]] Result<void> assess(RunRecord& record,
                                  const data::Tables& tables,
                                  const AssessOptions& options);

}  // namespace abate::footprint
