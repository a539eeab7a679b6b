#include "abate/scheme/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace abate::scheme {
namespace {

constexpr std::uint32_t kMostCleanPpm = 10'000'000;
// GFLOP x aJ/FLOP = 1e9 x 1e-18 J.
constexpr std::uint64_t kProductsPerJoule = 1'000'000'000;
// GFLOP in FLOP, over microjoules in joules.
constexpr std::uint64_t kFlopPerGflopTimesMicrojoulesPerJoule = 1'000'000'000'000'000;

Error allocation_error(std::string what) {
    return {.code = ErrorCode::invalid_argument, .what = std::move(what), .where = {}, .hint = {}};
}

std::pair<registry::ParticipantId, ServiceClassId> key_of(const AllocationRow& row) {
    return {row.claim.participant, row.claim.service};
}

Result<std::vector<AllocationRow>> sorted_rows(std::span<const AllocationClaim> claims) {
    std::vector<AllocationRow> rows;
    rows.reserve(claims.size());
    for (const AllocationClaim& claim : claims) {
        if (claim.clean_ppm > kMostCleanPpm)
            return allocation_error(fmt::format("a clean factor of {} ppm", claim.clean_ppm));
        rows.push_back({.claim = claim});
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return key_of(a) < key_of(b);
    });
    const auto twice =
        std::adjacent_find(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
            return key_of(a) == key_of(b);
        });
    if (twice != rows.end())
        return allocation_error(fmt::format("participant {} claims twice for service class {}",
                                            static_cast<std::uint64_t>(twice->claim.participant),
                                            static_cast<std::uint32_t>(twice->claim.service)));
    return rows;
}

Big product_of(const AllocationClaim& claim) {
    return Big(claim.output_gflop) * claim.benchmark_aj_per_flop;
}

// What turns C in ppm into C, or into C~.
Ratio clean_scale(const std::vector<AllocationRow>& rows, bool renormalise) {
    if (!renormalise) return {.numerator = 1, .denominator = kPpm};
    Ratio scale{.numerator = 0, .denominator = 0};
    for (const AllocationRow& row : rows) {
        const Big product = product_of(row.claim);
        scale.numerator += product;
        scale.denominator += product * row.claim.clean_ppm;
    }
    // Nobody claims anything: any scale will do.
    if (scale.denominator == 0) return {.numerator = 1, .denominator = kPpm};
    return scale;
}

}  // namespace

Result<Allocation> allocate(std::span<const AllocationClaim> claims, const AllocationRule& rule) {
    if (rule.ceiling && *rule.ceiling < 0) return allocation_error("a ceiling below 0");
    if (rule.unit.joules == 0 || rule.unit.per == 0)
        return allocation_error("an allowance of no energy");
    Result<std::vector<AllocationRow>> rows = sorted_rows(claims);
    if (!rows) return rows.error();

    // weight x to_allowances = O B C / u.
    const Ratio clean = clean_scale(*rows, rule.renormalise);
    const Ratio to_allowances{
        .numerator = clean.numerator * rule.unit.per,
        .denominator = clean.denominator * rule.unit.joules * kProductsPerJoule};
    std::vector<Big> weights;
    weights.reserve(rows->size());
    Big sum = 0;
    for (AllocationRow& row : *rows) {
        weights.push_back(product_of(row.claim) * row.claim.clean_ppm);
        sum += weights.back();
        row.clean = {.numerator = clean.numerator * row.claim.clean_ppm,
                     .denominator = clean.denominator};
        row.preliminary = {.numerator = weights.back() * to_allowances.numerator,
                           .denominator = to_allowances.denominator};
    }

    Allocation out;
    out.preliminary = {.numerator = sum * to_allowances.numerator,
                       .denominator = to_allowances.denominator};
    out.kappa = {.numerator = 1, .denominator = 1};
    const Big whole =
        floor_div({.dividend = out.preliminary.numerator, .divisor = out.preliminary.denominator});
    Ratio scale = to_allowances;
    if (rule.ceiling && out.preliminary.numerator > *rule.ceiling * out.preliminary.denominator) {
        // kappa x weight x to_allowances = weight x ceiling / sum.
        out.kappa = {.numerator = *rule.ceiling * out.preliminary.denominator,
                     .denominator = out.preliminary.numerator};
        scale = {.numerator = *rule.ceiling, .denominator = sum};
        out.total = *rule.ceiling;
    } else {
        const Result<std::int64_t> total = to_int64(whole, "the sum of all allocations");
        if (!total) return total.error();
        out.total = *total;
    }
    const std::vector<Apportioned> parts = apportion(weights, scale, out.total);
    for (std::size_t i = 0; i < rows->size(); ++i) {
        (*rows)[i].floor = parts[i].floor;
        (*rows)[i].allowances = parts[i].whole;
    }
    out.rows = *std::move(rows);
    return out;
}

Result<Big> covered_flop(std::int64_t allowances, AllowanceUnit unit, const OwnEfficiency& own) {
    if (allowances < 0) return allocation_error("allowances below 0");
    if (own.energy.count() <= 0 || own.output_gflop == 0)
        return allocation_error("no efficiency without energy and output");
    if (unit.joules == 0 || unit.per == 0) return allocation_error("an allowance of no energy");
    return floor_div({.dividend = Big(allowances) * unit.joules * own.output_gflop *
                                  kFlopPerGflopTimesMicrojoulesPerJoule,
                      .divisor = to_big(own.energy) * unit.per});
}

}  // namespace abate::scheme
