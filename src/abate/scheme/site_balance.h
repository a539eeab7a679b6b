// The energy balance of one site and one period, from the meter of the building down.
//
//     utility energy = covered + uncovered + residual
//
// `covered` is what the run records of covered work account for, `uncovered` is other load with evidence, and the residual is the rest:
// idle machines, cooling of nothing, work that nobody recorded. The residual counts as covered, so a label typed on a run removes
// nothing from the obligation; only metered evidence does.
//
//     const Result<SiteBalance> b = site_balance(statement, rule);
//     b->obligated;            // towards obligation(), after the sum over sites
//     b->central;              // E = central / output, for the benchmark, while b->sample_eligible
//     b->findings;             // what a verifier should look at
//
// Rules:
//   - PUE is facility energy over IT energy of this very balance, never a figure that somebody typed. Facility energy is utility energy
//     less evidenced loads outside the computer rooms (an office). Without an IT meter it is 1.
//   - A run counts once: a second record of the same run and device counts nothing; where records of one device promise more than all
//     of it at one moment, the later one (by begin, then run) counts only for its other time. Time outside the period counts nothing.
//   - Runs never account for more than the IT meter (without one: the facility energy). If they claim more, all are scaled down in
//     proportion, rounded down, and a finding says so.
//   - Runs and uncovered load are no more than the site: within the tolerance for statements the uncovered load is cut; above it the
//     evidence contradicts the meter, and nothing is taken off the obligation.
//   - A reading inside its tier counts with its central value. Outside, and in a gap, it counts against whoever reports: high for
//     utility energy, low for uncovered load, low for output, high for IT energy (a low PUE lifts less uncovered load).
//   - A statement of the landlord or cloud that differs by more than the tolerance: the larger of the two counts.
//   - Gaps, missed tiers and contradictions take the site out of the benchmark's sample.
// Integers throughout; what is rounded down stays in the residual.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/id.h"
#include "abate/core/result.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// 0 <= low <= central <= high, below 1e22 J.
struct MeteredEnergy {
    Microjoules central = {};
    Microjoules low = {};
    Microjoules high = {};
};

// A time without a utility reading, and what was probably used in it. Its energy is not in the utility reading.
struct SiteGap {
    Timestamp begin = {};
    Timestamp end = {};
    MeteredEnergy energy = {};
};

enum class LoadSide : std::uint8_t {
    it = 1,       // behind the IT meter: lifted by PUE
    outside = 2,  // of the building, not of its computer rooms: as it is
};

struct UncoveredLoad {
    MeteredEnergy energy = {};
    LoadSide side = LoadSide::it;
    bool evidence =
        false;  // a meter of its own and a plan that was approved; without it nothing is taken off
};

// Covered work of one run on one device, at the boundary of the node.
struct RunClaim {
    RunId run = {};
    std::string device = {};  // unique in the world: a serial number or UUID
    Timestamp begin = {};
    Timestamp end = {};
    Microjoules energy = {};
    std::uint32_t share_ppm = 1'000'000;  // of the device that the run reserved
};

// Output of the site, from counters that are independent of the meters.
struct MeteredOutput {
    std::uint64_t central_gflop = 0;
    std::uint64_t low_gflop = 0;
    std::uint64_t high_gflop = 0;
    bool gap = false;  // counters were missing: low counts
};

struct SiteStatement {
    Timestamp begin = {};  // the period
    Timestamp end = {};
    MeteredEnergy utility = {};
    std::vector<SiteGap> gaps = {};  // apart from each other and within the period
    std::optional<MeteredEnergy> it = {};
    std::vector<UncoveredLoad> uncovered = {};
    std::vector<RunClaim> runs = {};
    std::vector<Microjoules> statements = {};  // what landlord or cloud bill for the same period
    MeteredOutput output = {};
};

// Permitted uncertainty of sites that use at most so much in the period; a larger site falls into the last tier.
struct UncertaintyTier {
    Microjoules at_most = {};
    std::uint32_t permitted_ppm = 0;  // of the central value, to either side
};

struct SiteRule {
    std::vector<UncertaintyTier> tiers = {};  // by rising at_most; at least one
    std::uint32_t output_permitted_ppm = 50'000;
    std::uint32_t statement_tolerance_ppm = 20'000;
};

// Spelled as in JSON.
enum class SiteFindingKind : std::uint8_t {
    utility_tier_missed = 1,          // expected, found: uncertainty in ppm
    it_tier_missed = 2,               // expected, found: uncertainty in ppm
    uncovered_tier_missed = 3,        // expected, found: uncertainty in ppm
    output_tier_missed = 4,           // expected, found: uncertainty in ppm
    output_gap = 5,                   //
    gap = 6,                          // found: microseconds
    statement_mismatch = 7,           // expected: utility energy; found: the statement, uJ
    no_it_meter = 8,                  //
    it_above_site = 9,                // expected: facility energy; found: IT energy, uJ
    uncovered_without_evidence = 10,  // found: uJ that were not taken off
    uncovered_above_site =
        11,              // expected: most that is possible; found: claimed, uJ at the utility meter
    duplicate_run = 12,  // found: uJ that do not count
    device_overlap = 13,    // expected, found: microseconds of the run, those that count
    outside_period = 14,    // expected, found: microseconds of the run, those inside
    runs_above_meter = 15,  // expected: the meter; found: claimed, uJ
};
[[nodiscard]] std::string_view to_string(SiteFindingKind kind);

// Whether a finding of this kind takes the site out of the sample.
[[nodiscard]] bool leaves_sample(SiteFindingKind kind);

struct SiteFinding {
    SiteFindingKind kind{};
    std::uint32_t index =
        0;  // in the statement's list of gaps, uncovered loads, runs or statements
    Int128 expected = 0;
    Int128 found = 0;
    bool operator==(const SiteFinding&) const = default;
};

// site = covered + uncovered + residual; central = covered + residual.
struct SiteBalance {
    Microjoules site = {};       // central values, gaps with them
    Microjoules covered = {};    // runs, at the utility meter
    Microjoules uncovered = {};  // with evidence, at the utility meter
    Microjoules residual = {};
    Microjoules central = {};
    Microjoules obligated = {};  // for the obligation: never below `central`
    std::uint64_t output_gflop = 0;
    // PUE = facility / IT.
    Microjoules facility = {};
    Microjoules it = {};
    std::uint64_t pue_ppm = 1'000'000;  // rounded down
    bool sample_eligible = true;
    std::vector<Microjoules> runs =
        {};  // what counts of each claim, at the node, in the order of the statement
    std::vector<SiteFinding> findings = {};
};

// Errors: invalid_argument (a reading out of order or below 0, a time that ends before it begins, gaps that overlap or lie outside the
// period, a share of 0 or above 100 %, no tier), out_of_range (an energy of 1e22 J or more).
// Cost: n log n in the runs, n^2 only where n records of one device all overlap.
[[nodiscard]] Result<SiteBalance> site_balance(const SiteStatement& statement,
                                               const SiteRule& rule);

}  // namespace abate::scheme
