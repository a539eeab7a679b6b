#include "abate/scheme/benchmark.h"

#include "abate/scheme/exact.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace abate::scheme {
namespace {

constexpr std::uint64_t kAjPerFlopInUjPerGflop = 1000;
constexpr std::uint32_t kMostYears = 100;

Error benchmark_error(ErrorCode code, std::string what) {
    return {.code = code, .what = std::move(what), .where = {}, .hint = {}};
}

// The lower E first; by participant where they are equal.
bool is_better(const BenchmarkRow& lhs, const BenchmarkRow& rhs) {
    const Big left = to_big(lhs.energy) * rhs.output_gflop;
    const Big right = to_big(rhs.energy) * lhs.output_gflop;
    return left != right ? left < right : lhs.participant < rhs.participant;
}

// Sums of a set of rows.
struct SampleTotals {
    Big energy_uj = 0;
    Big output_gflop = 0;
    std::map<registry::GroupId, Big> output_of;  // by group
};

Result<SampleTotals> totals_of(const std::vector<BenchmarkRow>& rows) {
    SampleTotals out;
    std::set<registry::ParticipantId> seen;
    for (const BenchmarkRow& row : rows) {
        const auto id = static_cast<std::uint64_t>(row.participant);
        if (!seen.insert(row.participant).second)
            return benchmark_error(ErrorCode::invalid_argument,
                                   fmt::format("participant {} is in the sample twice", id));
        if (row.output_gflop == 0 || row.energy.count() <= 0)
            return benchmark_error(
                ErrorCode::invalid_argument,
                fmt::format("participant {} has no output or no energy in the sample", id));
        out.energy_uj += to_big(row.energy);
        out.output_gflop += row.output_gflop;
        out.output_of[row.group] += row.output_gflop;
    }
    return out;
}

// Whether the mean of the best may be used, and if not, why.
void examine(const SampleTotals& totals, const BenchmarkRule& rule, Benchmark& out) {
    out.groups = static_cast<std::uint32_t>(totals.output_of.size());
    if (out.groups < rule.least_groups) {
        out.finding = BenchmarkFinding::too_few_groups;
        return;
    }
    const auto largest = std::max_element(totals.output_of.begin(),
                                          totals.output_of.end(),
                                          [](auto& a, auto& b) { return a.second < b.second; });
    if (largest->second * kPpm > totals.output_gflop * rule.most_output_ppm) {
        out.finding = BenchmarkFinding::dominant_group;
        out.dominant = largest->first;
    }
}

// The sum of E, in uJ/GFLOP, of these rows.
Ratio sum_of_intensities(std::span<const BenchmarkRow> rows) {
    Ratio sum;
    for (const BenchmarkRow& row : rows) {
        sum.numerator = sum.numerator * row.output_gflop + to_big(row.energy) * sum.denominator;
        sum.denominator *= row.output_gflop;
    }
    return sum;
}

Result<std::uint64_t> in_aj_per_flop(const Ratio& uj_per_gflop) {
    return to_uint64(floor_div({.dividend = uj_per_gflop.numerator * kAjPerFlopInUjPerGflop,
                                .divisor = uj_per_gflop.denominator}),
                     "the benchmark in attojoules per FLOP");
}

}  // namespace

std::string_view to_string(BenchmarkMethod method) {
    return method == BenchmarkMethod::best_firms ? "best_firms" : "share_of_mean";
}

std::string_view to_string(BenchmarkFinding finding) {
    switch (finding) {
        case BenchmarkFinding::too_few_groups:
            return "too_few_groups";
        case BenchmarkFinding::dominant_group:
            return "dominant_group";
        case BenchmarkFinding::none:
            break;
    }
    return "none";
}

Result<Benchmark> make_benchmark(std::span<const BenchmarkRow> sample, const BenchmarkRule& rule) {
    for (const std::uint32_t part : {rule.best_ppm, rule.mean_share_ppm, rule.most_output_ppm}) {
        if (part > kPpm)
            return benchmark_error(ErrorCode::invalid_argument, "a part of more than 100 %");
    }
    std::vector<BenchmarkRow> rows;
    std::copy_if(sample.begin(), sample.end(), std::back_inserter(rows), [](const auto& row) {
        return row.eligible;
    });
    if (rows.empty())
        return benchmark_error(ErrorCode::not_found,
                               "no firm in the sample is measured well enough");
    const Result<SampleTotals> totals = totals_of(rows);
    if (!totals) return totals.error();

    Benchmark out;
    out.firms = static_cast<std::uint32_t>(rows.size());
    out.left_out = static_cast<std::uint32_t>(sample.size() - rows.size());
    out.method = rule.method;
    examine(*totals, rule, out);
    if (rule.method == BenchmarkMethod::share_of_mean) {
        out.finding = BenchmarkFinding::none;  // they are conditions of the other method
        out.dominant = registry::GroupId{};
    } else if (out.finding != BenchmarkFinding::none) {
        out.method = BenchmarkMethod::share_of_mean;
    }

    const Ratio mean{.numerator = totals->energy_uj, .denominator = totals->output_gflop};
    Ratio chosen;
    if (out.method == BenchmarkMethod::best_firms) {
        const std::size_t best =
            std::max<std::size_t>(1, rows.size() * rule.best_ppm / static_cast<std::size_t>(kPpm));
        std::sort(rows.begin(), rows.end(), is_better);
        chosen = sum_of_intensities(std::span(rows).first(best));
        chosen.denominator *= best;
        out.best = static_cast<std::uint32_t>(best);
    } else {
        chosen = {.numerator = mean.numerator * rule.mean_share_ppm,
                  .denominator = mean.denominator * kPpm};
    }
    const Result<std::uint64_t> value = in_aj_per_flop(chosen);
    if (!value) return value.error();
    const Result<std::uint64_t> whole_mean = in_aj_per_flop(mean);
    if (!whole_mean) return whole_mean.error();
    out.aj_per_flop = *value;
    out.mean_aj_per_flop = *whole_mean;
    return out;
}

Result<std::uint64_t> tighten(const BenchmarkUpdate& update, const TighteningRule& rule) {
    const auto wrong = [](std::uint32_t years) { return years == 0 || years > kMostYears; };
    if (update.old_aj_per_flop == 0 || wrong(update.measured_years) || wrong(update.applied_years))
        return benchmark_error(ErrorCode::invalid_argument,
                               "an update needs an old benchmark and 1 to 100 years");
    if (rule.least_ppm_per_year > rule.most_ppm_per_year)
        return benchmark_error(ErrorCode::invalid_argument,
                               "the least tightening rate is above the most");
    // The fall over the applied years, as fractions of one denominator: old, in ppm and by measured years.
    const Big whole = Big(kPpm) * update.measured_years;
    const Big old = update.old_aj_per_flop;
    const Big measured = (old - update.measured_aj_per_flop) * kPpm * update.applied_years;
    const auto at_rate = [&](std::uint32_t ppm) {
        return Big(old * ppm * update.applied_years * update.measured_years);
    };
    const Big fall =
        std::clamp(measured, at_rate(rule.least_ppm_per_year), at_rate(rule.most_ppm_per_year));
    const Big left = floor_div({.dividend = old * whole - fall, .divisor = whole});
    return to_uint64(left < 0 ? Big(0) : left, "the benchmark");
}

}  // namespace abate::scheme
