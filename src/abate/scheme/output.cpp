#include "abate/scheme/output.h"

#include "abate/scheme/exact.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace abate::scheme {
namespace {

constexpr std::uint64_t kFlopPerGflop = 1'000'000'000;

Error output_error(ErrorCode code, const char* what, ServiceClassId service) {
    return {.code = code,
            .what = what,
            .where = fmt::format("service class {}", static_cast<std::uint32_t>(service)),
            .hint = {}};
}

// Sums that cannot wrap; out() checks that they fit.
struct ClassSums {
    Big served = 0;
    Big delivered = 0;
    Big retries = 0;
    Big rejected_drafts = 0;
    Big cache_repeats = 0;
    Big own_group = 0;
    Big flop = 0;

    [[nodiscard]] Result<ClassOutput> out(ServiceClassId service) const {
        // All other counts are parts of `served`.
        const Result<std::uint64_t> all = to_uint64(served, "the units served");
        if (!all) return all.error();
        const Result<std::uint64_t> gflop = to_uint64(
            floor_div({.dividend = flop, .divisor = kFlopPerGflop}), "the output in GFLOP");
        if (!gflop) return gflop.error();
        return ClassOutput{.service = service,
                           .served = *all,
                           .delivered = delivered.convert_to<std::uint64_t>(),
                           .retries = retries.convert_to<std::uint64_t>(),
                           .rejected_drafts = rejected_drafts.convert_to<std::uint64_t>(),
                           .cache_repeats = cache_repeats.convert_to<std::uint64_t>(),
                           .own_group = own_group.convert_to<std::uint64_t>(),
                           .output_gflop = *gflop};
    }
};

Result<std::map<ServiceClassId, std::uint64_t>> table_of(std::span<const ReferenceClass> classes) {
    std::map<ServiceClassId, std::uint64_t> out;
    for (const ReferenceClass& row : classes) {
        if (row.reference_flop_per_unit == 0)
            return output_error(ErrorCode::invalid_argument, "no reference FLOP per unit", row.id);
        if (!out.emplace(row.id, row.reference_flop_per_unit).second)
            return output_error(
                ErrorCode::invalid_argument, "a class is in the table twice", row.id);
    }
    return out;
}

}  // namespace

Result<std::vector<ClassOutput>> earned_output(std::span<const Delivery> deliveries,
                                               const OutputRule& rule) {
    const auto table = table_of(rule.classes);
    if (!table) return table.error();
    std::map<ServiceClassId, ClassSums> sums;
    for (const Delivery& line : deliveries) {
        const auto row = table->find(line.service);
        if (row == table->end())
            return output_error(ErrorCode::not_found, "no such service class", line.service);
        const Big left_out = Big(line.retries) + line.rejected_drafts + line.cache_repeats;
        if (left_out > line.served)
            return output_error(ErrorCode::invalid_argument,
                                "more units are left out than were served",
                                line.service);
        const bool by_model = rule.basis == OutputBasis::model_flop;
        if (by_model && line.model_flop_per_unit == 0)
            return output_error(ErrorCode::invalid_argument,
                                "output by the model's FLOP needs them on each line",
                                line.service);
        ClassSums& sum = sums[line.service];
        sum.served += line.served;
        sum.retries += line.retries;
        sum.rejected_drafts += line.rejected_drafts;
        sum.cache_repeats += line.cache_repeats;
        const Big counted = line.served - left_out;
        if (line.buyer == rule.producer) {
            sum.own_group += counted;
            continue;
        }
        sum.delivered += counted;
        sum.flop += counted * (by_model ? line.model_flop_per_unit : row->second);
    }
    std::vector<ClassOutput> out;
    for (const auto& [service, sum] : sums) {
        const Result<ClassOutput> one = sum.out(service);
        if (!one) return one.error();
        out.push_back(*one);
    }
    return out;
}

}  // namespace abate::scheme
