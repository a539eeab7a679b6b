// The chain that every figure of this room goes through: energy at some boundary -> node -> facility -> carbon and water.
//
//     const Site site = find_site(tables, {.region = "FR"}).value();
//     const Chain chain = carry({.value = 100, .low = 90, .high = 110}, Boundary::component,
//                               accelerator_overhead(), site);
//     chain.facility_kwh.value;            // 100 x 1.57 x PUE
//     chain.location_kgco2e.value;         // facility energy x intensity
//
// Node = component x overhead; facility = node x PUE, once; location = facility x average life-cycle intensity of the grid;
// market = facility x the contract's or residual mix's intensity, absent where none is known; water = node x (WUE_on +
// PUE x WUE_off) (docs/methodology/operational.md). Immutable values; cheap to copy.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/node_overhead.h"
#include "abate/units/units.h"

#include <optional>
#include <string>
#include <vector>

namespace abate::footprint {

// A grid and a building, as far as the user and the tables know them.
struct SiteOptions {
    std::string region;         // as the user wrote it; empty: unknown
    std::optional<double> pue;  // the user's, 1 to 10
    std::optional<double>
        intensity_gco2e_per_kwh;  // the user's location-based figure (a meter, an hourly mean)
    std::optional<double> market_gco2e_per_kwh;  // contract or residual mix, location's own grid
    std::optional<double> wue_l_per_kwh;         // on-site
    std::string layer = "option";                // of what the user gave
    bool facility = true;  // false: no building around it (laptop, desktop), PUE 1
};

struct Site {
    std::optional<data::Place> place;  // absent: unknown
    data::Figure pue;
    data::Figure intensity;  // g CO2e/kWh, average, life-cycle, location-based
    std::optional<data::Figure> intensity_direct;  // the same on the direct basis, for scope 2
    std::optional<data::Figure> market;            // g CO2e/kWh, market-based
    std::optional<data::Figure> wue_on_site;       // L per kWh of IT energy
    std::optional<data::Figure> wue_generation;    // L per kWh of electricity
    [[nodiscard]] bool known() const { return place.has_value(); }
};

// Errors: not_found (a region no table knows; nearest names in the hint), out_of_range (PUE, negative intensities).
// An empty region is no error: the 5-95 % range over countries stands in.
[[nodiscard]] Result<Site> find_site(const data::Tables& tables, const SiteOptions& options);

// Host, idle and the rest of the node over accelerators alone: 1.57 (1.2 to 2.0), as in prior_overhead.
[[nodiscard]] NodeOverhead accelerator_overhead();
// Nothing is added: the energy was taken at the node already.
[[nodiscard]] NodeOverhead no_overhead();

struct Chain {
    Ranged component_kwh;  // zero where the energy came in at an outer boundary
    Ranged node_kwh;       // zero where it came in at the facility
    Ranged facility_kwh;
    Ranged location_kgco2e;
    std::optional<Ranged>
        scope2_kgco2e;  // location-based on the direct factor; absent: no such factor
    std::optional<Ranged> market_kgco2e;
    std::optional<double> water_l;             // the two below; absent: no on-site figure is known
    std::optional<double> water_on_site_l;     // node x WUE_on
    std::optional<double> water_generation_l;  // facility x WUE_off
};

// `overhead` is for component energy; energy at the facility had IT energy facility / PUE for its water.
// REQUIRES: energy numbers finite and >= 0.
[[nodiscard]] Chain carry(const Ranged& energy_kwh,
                          Boundary boundary,
                          const NodeOverhead& overhead,
                          const Site& site);

// The provenance rows of a site's figures, for a report: pue, intensity_gco2e_per_kwh, and those present of
// scope2_gco2e_per_kwh, market_gco2e_per_kwh, wue_l_per_kwh, generation_water_l_per_kwh.
[[nodiscard]] std::vector<Provenance> site_provenance(const Site& site);

}  // namespace abate::footprint
