// Output O that earns allowances: delivered units times the reference FLOP per unit of their service class, in GFLOP.
//
//     const std::vector<ReferenceClass> table = {{.id = ServiceClassId{1}, .reference_flop_per_unit = 4'000'000'000}};
//     const std::vector<Delivery> year = {{.service = ServiceClassId{1}, .buyer = GroupId{7}, .served = 1'000, .retries = 10}};
//     const Result<std::vector<ClassOutput>> o = earned_output(year, {.producer = GroupId{2}, .classes = table});
//     (*o)[0].output_gflop;                 // 990 units x 4 GFLOP = 3,960
//
// What the work took does not matter: a model with a tenth of the FLOP that delivers the same units earns the same. What was not
// delivered to somebody else earns nothing: retries, drafts that were rejected, an answer that the same buyer is given again from a
// cache, and all that goes to firms of the producer's own group.
//
// A scheme may take the paper's literal rule instead, FLOP of the model that ran: OutputBasis::model_flop.
#pragma once

#include "abate/core/result.h"
#include "abate/registry/registry.h"
#include "abate/scheme/rules.h"
#include "abate/scheme/service_class.h"

#include <cstdint>
#include <span>
#include <vector>

namespace abate::scheme {

// A row of the table that is published with the benchmark and fixed for the allocation period.
struct ReferenceClass {
    ServiceClassId id{};
    std::uint64_t reference_flop_per_unit = 0;  // above 0
};

// What was served to one buyer in one class: `served` units of which some do not count. The kinds are apart: their sum is at most
// `served`.
struct Delivery {
    ServiceClassId service{};
    registry::GroupId buyer{};
    std::uint64_t served = 0;
    std::uint64_t retries = 0;
    std::uint64_t rejected_drafts = 0;
    std::uint64_t cache_repeats = 0;
    std::uint64_t model_flop_per_unit = 0;  // for OutputBasis::model_flop only
};

struct OutputRule {
    registry::GroupId producer{};
    std::span<const ReferenceClass> classes = {};
    OutputBasis basis = OutputBasis::delivered_units;
};

// One class's sum. served = delivered + retries + rejected_drafts + cache_repeats + own_group.
struct ClassOutput {
    ServiceClassId service{};
    std::uint64_t served = 0;
    std::uint64_t delivered = 0;  // units that count
    std::uint64_t retries = 0;
    std::uint64_t rejected_drafts = 0;
    std::uint64_t cache_repeats = 0;
    std::uint64_t own_group = 0;     // of what would have counted
    std::uint64_t output_gflop = 0;  // rounded down once, after the sum
};

// By class, those with deliveries only. Errors: not_found (a class that the table lacks), invalid_argument (more left out than served;
// a class twice or with 0 FLOP in the table; model_flop without a model's FLOP), out_of_range (a sum past 64 bits).
[[nodiscard]] Result<std::vector<ClassOutput>> earned_output(std::span<const Delivery> deliveries,
                                                             const OutputRule& rule);

}  // namespace abate::scheme
