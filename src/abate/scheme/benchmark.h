// The benchmark B of one service class: the facility energy per reference FLOP that free allocation is measured by.
//
//     const Result<Benchmark> b = make_benchmark(sample, {.method = BenchmarkMethod::best_firms});
//     b->aj_per_flop;                       // attojoules per FLOP, rounded down
//     b->finding;                           // why the rule's own method was not used, if so
//
// Two methods. Best firms: the plain mean of E over the best tenth of firms, floor(N / 10) of them and at least one (EU ETS: the mean
// of the 10 % most efficient installations, Directive 2003/87/EC art. 10a(2)). Share of mean: so much (90 %) of the output-weighted
// mean, sum of energy over sum of output, which no single firm sets.
//
// The best firms of a small sample are a few firms, or one that splits itself. So their mean needs groups that are independent of each
// other: at least three, and none with more than half of the output. Else the share of the mean is used, and the finding says why.
//
// E = energy / output; 1 uJ/GFLOP is 1000 aJ/FLOP. All sums are exact; only the result is rounded.
#pragma once

#include "abate/core/result.h"
#include "abate/registry/registry.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace abate::scheme {

// One firm's year: delivered reference output, and the facility energy that it took.
struct BenchmarkRow {
    registry::ParticipantId participant{};
    registry::GroupId group{};
    std::uint64_t output_gflop = 0;
    Microjoules energy = {};
    bool eligible = true;  // measured well enough (site_balance.h); others are counted and left out
};

// Spelled as in JSON.
enum class BenchmarkMethod : std::uint8_t { best_firms = 1, share_of_mean = 2 };
enum class BenchmarkFinding : std::uint8_t {
    none = 0,
    too_few_groups = 1,  // fewer independent groups than the rule wants
    dominant_group = 2,  // one group has more of the output than the rule allows
};
[[nodiscard]] std::string_view to_string(BenchmarkMethod method);
[[nodiscard]] std::string_view to_string(BenchmarkFinding finding);

struct BenchmarkRule {
    BenchmarkMethod method = BenchmarkMethod::best_firms;
    std::uint32_t best_ppm = 100'000;         // which part of the firms is the best
    std::uint32_t mean_share_ppm = 900'000;   // of the weighted mean, also as the fallback
    std::uint32_t least_groups = 3;           // for best_firms
    std::uint32_t most_output_ppm = 500'000;  // of one group, for best_firms; more is too much
};

struct Benchmark {
    std::uint64_t aj_per_flop = 0;
    BenchmarkMethod method{};  // that was used
    BenchmarkFinding finding{};
    registry::GroupId dominant{};        // where the finding is dominant_group
    std::uint32_t firms = 0;             // eligible
    std::uint32_t left_out = 0;          // not eligible
    std::uint32_t groups = 0;            // of eligible firms
    std::uint32_t best = 0;              // firms in the mean of the best; 0 with share_of_mean
    std::uint64_t mean_aj_per_flop = 0;  // the whole output-weighted mean, for comparison
};

// Errors: not_found (no eligible row); invalid_argument (a participant twice, an output of 0, an energy of 0 or less, a rule outside
// 0 to 100 %); out_of_range (the result is past 64 bits: 18 J/FLOP).
[[nodiscard]] Result<Benchmark> make_benchmark(std::span<const BenchmarkRow> sample,
                                               const BenchmarkRule& rule);

// How fast a benchmark may fall: a part of the old one for each year, as in the EU's updates (0.2 to 1.6 % for 2021-25, 0.3 to 2.5 %
// for 2026-30). Per cent of the old value, so linear, not compounding.
struct TighteningRule {
    std::uint32_t least_ppm_per_year = 3'000;
    std::uint32_t most_ppm_per_year = 25'000;
};

struct BenchmarkUpdate {
    std::uint64_t old_aj_per_flop = 0;
    std::uint64_t measured_aj_per_flop = 0;  // what make_benchmark found
    std::uint32_t measured_years =
        0;  // between the data of the old benchmark and those of the new one
    std::uint32_t applied_years = 0;  // for which the yearly rate is taken
};

// The new benchmark: old x (1 - rate x applied years), where the yearly rate is the measured one, (old - measured) / old / measured
// years, held within the rule; rounded down, and not below 0. A benchmark that got worse falls by the least rate.
// Errors: invalid_argument (an old benchmark of 0, no years, more than 100, a least rate above the most).
[[nodiscard]] Result<std::uint64_t> tighten(const BenchmarkUpdate& update,
                                            const TighteningRule& rule);

}  // namespace abate::scheme
