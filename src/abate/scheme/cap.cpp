#include "abate/scheme/cap.h"

#include "abate/scheme/exact.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace abate::scheme {
namespace {

constexpr std::int64_t kMostPathYears = 1'000;

Error cap_error(std::string what) {
    return {.code = ErrorCode::invalid_argument, .what = std::move(what), .where = {}, .hint = {}};
}

struct YearSpan {
    std::int32_t first = 0;
    std::int32_t last = 0;
    [[nodiscard]] std::int64_t length() const { return std::int64_t{last} - first; }
};

bool is_path(YearSpan years) { return years.length() >= 0 && years.length() <= kMostPathYears; }

// Sum of the yearly rates of the years after the base year, up to `year`.
Big steps_ppm(const CapPath& path, std::int32_t year) {
    Big sum = 0;
    for (std::size_t i = 0; i < path.steps.size(); ++i) {
        const std::int64_t begin = path.steps[i].first_year;
        std::int64_t end = std::int64_t{year} + 1;
        if (i + 1 < path.steps.size())
            end = std::min<std::int64_t>(end, path.steps[i + 1].first_year);
        if (end > begin) sum += Big(end - begin) * path.steps[i].ppm;
    }
    return sum;
}

}  // namespace

Result<std::int64_t> linear_cap(const CapPath& path, std::int32_t year) {
    if (path.base < 0) return cap_error("a cap below 0");
    if (!is_path({.first = path.base_year, .last = year}))
        return cap_error(fmt::format("no cap for {}: the path begins in {}", year, path.base_year));
    std::int32_t before = path.base_year;
    for (const CapStep& step : path.steps) {
        if (step.first_year <= before || step.ppm > kPpm)
            return cap_error("steps come in order of their years, each of 100 % at most");
        before = step.first_year;
    }
    Big cap = floor_div(
        {.dividend = Big(path.base) * (Big(kPpm) - steps_ppm(path, year)), .divisor = kPpm});
    for (const CapRebasing& rebasing : path.rebasings) {
        if (rebasing.year > path.base_year && rebasing.year <= year) cap -= rebasing.amount;
    }
    return to_int64(cap < 0 ? Big(0) : cap, "the cap");
}

Result<void> check_supply(const SupplyStatement& statement) {
    Big sum = 0;
    for (const std::int64_t part : {statement.free_ceiling,
                                    statement.auction,
                                    statement.entrant_reserve,
                                    statement.price_reserve}) {
        if (part < 0) return cap_error("a part of the supply below 0");
        sum += part;
    }
    if (statement.cap < 0) return cap_error("a cap below 0");
    if (sum != statement.cap)
        return cap_error(
            fmt::format("the parts of the supply sum to {}, the cap is {}: {} {}",
                        to_string(sum),
                        statement.cap,
                        to_string(sum > statement.cap ? sum - statement.cap : statement.cap - sum),
                        sum > statement.cap ? "too much" : "missing"));
    return {};
}

Result<std::int64_t> stability_step(const StabilityState& state, const StabilityRule& rule) {
    if (state.in_circulation < 0 || state.in_reserve < 0 || rule.lower < 0 || rule.release < 0)
        return cap_error("a number of allowances below 0");
    if (rule.lower > rule.middle || rule.middle > rule.upper || rule.withhold_ppm > kPpm)
        return cap_error("the thresholds of the reserve are out of order");
    const std::int64_t circulation = state.in_circulation;
    if (circulation > rule.upper)
        return to_int64(share_of(circulation, rule.withhold_ppm), "what is withheld");
    if (circulation >= rule.middle) return circulation - rule.middle;
    if (circulation < rule.lower) return -std::min(rule.release, state.in_reserve);
    return 0;
}

Result<std::int64_t> price_in_cents(const PricePath& path, std::int32_t year) {
    if (path.first_cents < 0) return cap_error("a price below 0");
    const YearSpan years{.first = path.first_year, .last = year};
    if (!is_path(years))
        return cap_error(
            fmt::format("no price for {}: the path begins in {}", year, path.first_year));
    Big cents = path.first_cents;
    for (std::int64_t i = 0; i < years.length(); ++i) {
        // Half up: one half more, then down.
        cents = floor_div(
            {.dividend = cents * (kPpm + path.rate_ppm) * 2 + kPpm, .divisor = Big(2) * kPpm});
        if (const Result<std::int64_t> fits = to_int64(cents, "the price in cents"); !fits)
            return fits.error();
    }
    return to_int64(cents, "the price in cents");
}

}  // namespace abate::scheme
