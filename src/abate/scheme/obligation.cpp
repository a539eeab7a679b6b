#include "abate/scheme/obligation.h"

#include "abate/scheme/exact.h"

#include <algorithm>
#include <string>
#include <utility>

namespace abate::scheme {
namespace {

constexpr std::int64_t kMicrojoulesPerJoule = 1'000'000;

Error obligation_error(std::string what) {
    return {.code = ErrorCode::invalid_argument, .what = std::move(what), .where = {}, .hint = {}};
}

// Surrendered allowances by what their vintage lets them pay.
struct VintageSums {
    Big in_time = 0;  // up to the year
    Big near = 0;     // later, within the borrowing years
    Big far = 0;      // later still
};

VintageSums sums_of(const ComplianceYear& year, std::int32_t borrow_years) {
    VintageSums sums;
    for (const SurrenderedVintage& line : year.surrendered) {
        const std::int64_t ahead = std::int64_t{line.vintage.year()} - year.year;
        if (ahead <= 0) {
            sums.in_time += line.amount;
        } else if (ahead <= borrow_years) {
            sums.near += line.amount;
        } else {
            sums.far += line.amount;
        }
    }
    return sums;
}

// Of the later vintages, what may be counted, if it is needed.
Big countable_later(const VintageSums& sums,
                    const ComplianceYear& year,
                    const ComplianceRule& rule) {
    Big borrowed = std::min(sums.near, share_of(year.obligation, rule.borrow_ppm));
    if (!rule.make_good_any_vintage) return borrowed;
    return borrowed + std::min(Big(sums.near + sums.far - borrowed), Big(year.carried));
}

}  // namespace

Result<std::int64_t> obligation(Microjoules covered, AllowanceUnit unit) {
    if (covered.count() < 0) return obligation_error("covered energy below 0");
    if (unit.joules == 0 || unit.per == 0) return obligation_error("an allowance of no energy");
    return to_int64(ceil_div({.dividend = to_big(covered) * unit.per,
                              .divisor = Big(unit.joules) * kMicrojoulesPerJoule}),
                    "the obligation");
}

Result<std::int64_t> interim_due(std::int64_t obligation, std::uint32_t part_ppm) {
    if (obligation < 0 || part_ppm > kPpm)
        return obligation_error("an interim obligation is 0 to 100 % of one that is not below 0");
    return to_int64(ceil_div({.dividend = Big(obligation) * part_ppm, .divisor = kPpm}),
                    "the interim obligation");
}

Result<ComplianceBalance> compliance_balance(const ComplianceYear& year,
                                             const ComplianceRule& rule) {
    const bool below_zero = year.obligation < 0 || year.carried < 0 || rule.borrow_years < 0 ||
                            std::any_of(year.surrendered.begin(),
                                        year.surrendered.end(),
                                        [](const auto& line) { return line.amount < 0; });
    if (below_zero || rule.borrow_ppm > kPpm)
        return obligation_error(
            "a compliance balance has no number below 0 and no part above 100 %");

    const VintageSums sums = sums_of(year, rule.borrow_years);
    const Big later = sums.near + sums.far;
    const Result<std::int64_t> owed = to_int64(Big(year.obligation) + year.carried, "what is owed");
    if (!owed) return owed.error();
    const Result<std::int64_t> all = to_int64(sums.in_time + later, "what was surrendered");
    if (!all) return all.error();

    // From here on every number is a part of `owed` or of `all`.
    const Big missing = std::max(Big(0), Big(*owed - sums.in_time));
    const Big borrowed = std::min(missing, countable_later(sums, year, rule));
    ComplianceBalance out;
    out.owed = *owed;
    out.borrowed = borrowed.convert_to<std::int64_t>();
    out.refused = Big(later - borrowed).convert_to<std::int64_t>();
    out.counted = *all - out.refused;
    out.shortfall = std::max<std::int64_t>(0, out.owed - out.counted);
    out.surplus = std::max<std::int64_t>(0, out.counted - out.owed);
    return out;
}

Result<std::int64_t> penalty_rate_micro(const PenaltyRule& rule) {
    if (rule.rate_micro < 0 || rule.mean_price_micro < 0 || rule.most_micro < 0 ||
        rule.index_now == 0 || rule.index_then == 0)
        return obligation_error("a penalty has no number below 0 and no index of 0");
    Big rate =
        floor_div({.dividend = Big(rule.rate_micro) * rule.index_now, .divisor = rule.index_then});
    if (rule.base == PenaltyBase::market) rate = share_of(rule.mean_price_micro, rule.multiple_ppm);
    if (rule.most_micro > 0) rate = std::min(rate, Big(rule.most_micro));
    return to_int64(rate, "the penalty rate");
}

Result<Money> penalty(Allowances shortfall, const PenaltyRule& rule, Currency currency) {
    if (shortfall.count() < 0) return obligation_error("a shortfall below 0");
    const Result<std::int64_t> rate = penalty_rate_micro(rule);
    if (!rate) return rate.error();
    return cash(shortfall, Price(*rate, currency));
}

Result<MakeGood> make_good(std::int64_t shortfall, const MakeGoodRule& rule) {
    if (shortfall < 0 || rule.least_allowances_ppm > kPpm)
        return obligation_error("a shortfall below 0, or more than all of it in allowances");
    const Result<std::int64_t> due =
        to_int64(ceil_div({.dividend = Big(shortfall) * rule.factor_ppm, .divisor = kPpm}),
                 "what is to be made good");
    if (!due) return due.error();
    const Big least =
        ceil_div({.dividend = Big(*due) * rule.least_allowances_ppm, .divisor = kPpm});
    const auto allowances = least.convert_to<std::int64_t>();
    return MakeGood{.due = *due, .least_allowances = allowances, .most_other = *due - allowances};
}

Result<Banked> bank(const BankingYear& year, const BankingRule& rule) {
    if (year.left < 0 || rule.flat < 0) return obligation_error("nothing below 0 is banked");
    if (!rule.limited) return Banked{.kept = year.left, .expired = 0};
    const Big sales = std::max<std::int64_t>(0, year.net_sales);
    const Big limit = rule.flat + share_of(sales, rule.sales_ppm);
    const auto kept = std::min(Big(year.left), limit).convert_to<std::int64_t>();
    return Banked{.kept = kept, .expired = year.left - kept};
}

}  // namespace abate::scheme
