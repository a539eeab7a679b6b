// Front door of `footprint`: from a run's attributed component energy to node, facility, carbon and
// water.
//
//     assess(record, tables, {.region = "FR"});
//     record.facility->energy.energy_j      = node x PUE
//     record.operational->location_kgco2e   = facility x intensity
//
// Each step carries its range and leaves a Provenance row. PUE meets node energy once;
// docs/methodology/operational.md has the formulas, sources and a worked example. Making the
// hardware is charged beside it (docs/methodology/embodied.md): record.embodied, and the sum of both
// in record.total_kgco2e.
//
// Behind this door: chain.h (energy at any boundary to carbon), embodied.h and bill_of_materials.h (making hardware, two ledgers),
// estimate.h (before a job runs), inventory.h (a whole life cycle), what_if.h and monte_carlo.h (of an inventory), filing.h (for those who
// ask), batch.h (tables of jobs), validate.h (against published cases).
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/batch.h"
#include "abate/footprint/bill_of_materials.h"
#include "abate/footprint/embodied.h"
#include "abate/footprint/estimate.h"
#include "abate/footprint/filing.h"
#include "abate/footprint/inventory.h"
#include "abate/footprint/monte_carlo.h"
#include "abate/footprint/node_overhead.h"
#include "abate/footprint/validate.h"
#include "abate/footprint/what_if.h"
#include "abate/record/record.h"

#include <optional>
#include <string>

namespace abate::footprint {

// What a person says of the hardware that a run used.
struct HardwareOptions {
    std::optional<double> lifetime_h = std::nullopt;  // > 0; absent: default_lifetime_h()
    std::string lifetime_layer = "option";
    std::optional<double> utilisation =
        std::nullopt;  // (0, 1]; absent: 1, the run's time is reserved time
    std::string utilisation_layer = "option";
    std::optional<double> host_kgco2e =
        std::nullopt;  // making the host without accelerators, from its maker
    std::string host_layer = "project";
    // Accelerators that the job holds, a slice as its fraction; absent: the share of idle decides.
    std::optional<double> accelerators_held = std::nullopt;
    // Of a declared run: accelerators of this name, each with an eighth of a host.
    std::string declared_chip = {};
    double declared_chips = 0;
};

struct AssessOptions {
    std::string region;  // as the user wrote it; empty: unknown
    std::string region_layer = "option";
    std::optional<double> pue;  // the user's
    std::string pue_layer = "option";
    std::optional<NodeOverhead> node_overhead;
    // Instead of the annual figure: a mean over the hours of the run (data::hourly_figure).
    std::optional<data::Figure> intensity = std::nullopt;
    // g CO2e/kWh of a contract or residual mix; fills market_kgco2e beside the location-based figure.
    std::optional<double> market_gco2e_per_kwh = std::nullopt;
    std::string market_layer = "option";
    HardwareOptions hardware = {};
};

// What the header of a run that still goes on carries of `options`, so that whoever finishes the
// record of a killed run assesses it alike: the region, and as provenance rows the user's PUE and
// market-based intensity, what was said of the hardware, and the profile's node ratio. assess() puts its own rows in place of these.
void keep_options(RunRecord& header, const AssessOptions& options);
// The inverse.
[[nodiscard]] AssessOptions kept_options(const RunRecord& header);

// The prior for `record`'s set of counted devices:
//   - accelerators only: 1.57 (1.2 to 2.0), Elsworth et al. 2025 (arXiv 2508.15734), accelerators,
//     host and idle over accelerators, (0.14 + 0.06 + 0.02) / 0.14 Wh;
//   - a platform counter (psys), which is counted only where no package is: 1.14 (1.0 to 1.3),
//     geometric mean of a counter of all that the supply feeds and one that sees no more than a
//     package does;
//   - packages and others: 1.30 (1.05 to 1.62), geometric mean of a bare 95 % efficient supply and
//     NVIDIA's DGX A100 rating.
[[nodiscard]] NodeOverhead prior_overhead(const RunRecord& record);

// PUE where neither the user nor a cloud region gives one: 1 exactly on a laptop or desktop (no
// facility), else 1.56 (1.09 to 1.98), Uptime Institute's 2024 survey mean, Google's 2024 fleet and
// Uptime's 2011 mean.
[[nodiscard]] data::Figure default_pue(const Host& host);

// Fills record.region, node, facility, operational, embodied, total_kgco2e, provenance. An unknown
// region is not an error: the 5-95 % range over countries stands in and operational.region_known is
// false. Errors: not_found (a region no table knows, nearest names in the hint), out_of_range (PUE,
// market-based intensity, lifetime, utilisation); then the record stays as it was. Idempotent: earlier results are replaced.
//
// A node reading (device and part_of "node") is used where its range reaches that of the
// components; a lower one is refused with a note and the prior stands in.
//
// Embodied: the accelerators of the host by their names; the host itself where it is a server (a
// generic one, or that of an 8-accelerator node from four accelerators on) or options say what it
// cost to make. A laptop, desktop, virtual machine or container whose maker nobody named is left
// out, and `boundary` says so, of a virtual machine a note as well; where nothing is known, record.embodied is absent. The job's share of
// the host is attributed.idle_share: who pays for idle pays for the machine.
[[nodiscard]] Result<void> assess(RunRecord& record,
                                  const data::Tables& tables,
                                  const AssessOptions& options);

}  // namespace abate::footprint
