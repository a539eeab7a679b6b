// Runs of the store as an inventory sees them: each counted once, added up by what they share. Inside `footprint` only.
#pragma once

#include "abate/footprint/inventory.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace abate::footprint {

// Refuses a run that is declared as well (`run_ids`), one that two choices hold, and two runs that each took all of one machine's idle at the
// same time. Answers with what should be known of the others: runs that overlap and hold their own shares. Errors: conflict.
[[nodiscard]] Result<std::vector<std::string>> check_runs(const Inventory& inventory);

// Runs whose figures were made alike: same phase, region, way to the node, PUE, intensity and meter; all with a market-based figure or none.
// Their energies share that meter's error, so they add linearly.
struct StoredGroup {
    AccountPhase phase = AccountPhase::unassigned;
    std::string region;
    Boundary boundary = Boundary::component;
    bool accelerators = false;  // of component energy
    Ranged energy_kwh;
    std::string cause;
    std::optional<Ranged> node_ratio;
    std::string node_cause;
    Quality node_quality = Quality::measured;  // of the ratio
    Ranged pue;
    Ranged intensity_gco2e_per_kwh;
    double facility_kwh = 0;
    std::optional<double> market_kgco2e;
    std::optional<double> water_l;
    Quality quality = Quality::measured;
};
struct StoredHours {
    AccountPhase phase = AccountPhase::unassigned;
    double unit_hours = 0;
};
// The runs' own embodied carbon, for hardware that is in no fleet; runs on the same hardware share its error.
struct StoredEmbodied {
    AccountPhase phase = AccountPhase::unassigned;
    std::string boundary;
    Ranged kgco2e;          // over lifetime_h, each hour bearing 1 / utilisation
    double lifetime_h = 0;  // 0: the records do not say
    double utilisation = 1;
};
struct StoredSum {
    std::vector<StoredGroup> groups;
    std::vector<StoredHours> hours;  // one a phase
    std::vector<StoredEmbodied> embodied;
    std::size_t without_embodied = 0;  // runs whose record has none
    std::vector<std::string> notes;
};
[[nodiscard]] StoredSum sum_runs(const StoredRuns& choice);

// What the prior of node over components errs with, wherever it stands in for a reading.
[[nodiscard]] const char* node_prior_cause(bool accelerators);

// Accelerators of a run's host: "64 x NVIDIA H100" counts 64.
[[nodiscard]] double accelerators_of(const Host& host);

}  // namespace abate::footprint
