// Free allocation: A = kappa x O x B x C / u, exactly.
//
//     const std::vector<AllocationClaim> claims = {{.participant = lab, .service = text, .output_gflop = o, .benchmark_aj_per_flop = b}};
//     const Result<Allocation> all = allocate(claims, {.ceiling = 480});
//     all->total;                               // min(480, what the claims are worth, rounded down), to the unit
//     for (const AllocationRow& row : all->rows) ... row.claim, row.preliminary, row.allowances;
//
// O output (GFLOP), B benchmark (aJ/FLOP), C clean factor (ppm of 1), u joules per allowance. kappa = min(1, ceiling / sum of O B C / u)
// is one for all (the EU's cross-sectoral correction factor). Without a ceiling the rule is a performance standard, not a cap.
//
// The sum of all rows is exactly min(ceiling, floor(sum of O B C / u)): each row gets its exact share rounded down, and what is left
// goes, one each, to the largest remainders; equal remainders by participant, then by service class. The order of the claims does
// not matter. O B C passes 128 bits (1e27 FLOP x 1e6 aJ x 1e6 ppm), so the products are Big.
#pragma once

#include "abate/core/result.h"
#include "abate/registry/registry.h"
#include "abate/scheme/allowance_unit.h"
#include "abate/scheme/exact.h"
#include "abate/scheme/service_class.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace abate::scheme {

// What one participant did in one service class.
struct AllocationClaim {
    registry::ParticipantId participant{};
    ServiceClassId service{};
    std::uint64_t output_gflop = 0;
    std::uint64_t benchmark_aj_per_flop = 0;
    std::uint32_t clean_ppm = 1'000'000;
};

struct AllocationRule {
    AllowanceUnit unit = {};
    std::optional<std::int64_t> ceiling =
        {};  // free ceiling of the period, in allowances; none: no correction
    // C~ = C x sum(O B) / sum(O B C): clean factors move allowances between firms and create none. With one benchmark for all this
    // is C x sum(O) / sum(O C).
    bool renormalise = false;
};

// One claim and everything that made its allowances, so that anyone can do it again.
struct AllocationRow {
    AllocationClaim claim = {};
    Ratio clean = {};             // C, or C~
    Ratio preliminary = {};       // O B C / u, in allowances
    std::int64_t floor = 0;       // of kappa x preliminary
    std::int64_t allowances = 0;  // floor, or one more
};

struct Allocation {
    Ratio kappa = {};        // above 0 and at most 1, or 0 where the ceiling is 0
    Ratio preliminary = {};  // sum over all rows
    std::int64_t total = 0;
    std::vector<AllocationRow> rows;  // by participant, then service class
};

// Errors: invalid_argument (a claim twice, a negative ceiling, a clean factor above 10, a unit of 0), out_of_range (no ceiling, and
// the sum is past 64 bits).
[[nodiscard]] Result<Allocation> allocate(std::span<const AllocationClaim> claims,
                                          const AllocationRule& rule);

// A participant's own year: E = energy / output.
struct OwnEfficiency {
    Microjoules energy = {};
    std::uint64_t output_gflop = 0;
};

// F = floor(u x A / E), in FLOP: what the allocation covers at the participant's own efficiency.
// Errors: invalid_argument (allowances below 0, no energy, no output).
[[nodiscard]] Result<Big> covered_flop(std::int64_t allowances,
                                       AllowanceUnit unit,
                                       const OwnEfficiency& own);

}  // namespace abate::scheme
