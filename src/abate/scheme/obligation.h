// What a participant owes for a period, whether it surrendered enough, and what follows if not.
//
//     const Result<std::int64_t> owed = obligation(covered, kilowatt_hour_unit());       // once per period: ceil(covered / u)
//     const Result<ComplianceBalance> b = compliance_balance({.year = 2027, .obligation = *owed, .surrendered = {...}}, {});
//     if (b->shortfall > 0) { penalty(b->shortfall, rule); make_good(b->shortfall, {.factor_ppm = 4'000'000, ...}); }
//
// Holding is not surrendering: only what reached the retirement account counts.
#pragma once

#include "abate/core/result.h"
#include "abate/scheme/allowance_unit.h"
#include "abate/units/allowances.h"
#include "abate/units/energy.h"
#include "abate/units/money.h"

#include <cstdint>
#include <vector>

namespace abate::scheme {

// The covered facility energy of all sites of the period, in allowances, rounded up once: sum first, then call this.
// Errors: invalid_argument (energy below 0, a unit of 0), out_of_range.
[[nodiscard]] Result<std::int64_t> obligation(Microjoules covered, AllowanceUnit unit);

// What must be there after an interim year (RGGI: 50 % of the emissions so far), rounded up. Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> interim_due(std::int64_t obligation, std::uint32_t part_ppm);

struct SurrenderedVintage {
    Vintage vintage{0};
    std::int64_t amount = 0;
};

struct ComplianceYear {
    std::int32_t year = 0;
    std::int64_t obligation = 0;
    std::int64_t carried = 0;  // to be made good from earlier years
    std::vector<SurrenderedVintage> surrendered = {};
};

// Vintages up to the year count. A scheme may let a part of the obligation be paid with later ones.
struct ComplianceRule {
    std::uint32_t borrow_ppm = 0;        // of the year's obligation, rounded down
    std::int32_t borrow_years = 1;       // how far ahead
    bool make_good_any_vintage = false;  // `carried` may be paid with any vintage (17 CCR 95857)
};

// surrendered = counted + refused; counted + shortfall = owed + surplus.
struct ComplianceBalance {
    std::int64_t owed = 0;       // obligation + carried
    std::int64_t counted = 0;    // of vintages that count, borrowed ones with them
    std::int64_t borrowed = 0;   // of later vintages, as far as they were needed
    std::int64_t refused = 0;    // of later vintages, not counted: give them back
    std::int64_t shortfall = 0;  // still missing
    std::int64_t surplus = 0;    // more than owed: counts for the next period
};

// Errors: invalid_argument (a number below 0, more than 100 %), out_of_range.
[[nodiscard]] Result<ComplianceBalance> compliance_balance(const ComplianceYear& year,
                                                           const ComplianceRule& rule);

// What each missing allowance costs, in micro-units of the scheme's currency.
enum class PenaltyBase : std::uint8_t {
    fixed = 1,   // a rate, indexed (EU: 100 EUR with the price index since 2013)
    market = 2,  // a multiple of the mean price (Korea: three times, at most 100,000 KRW)
};

struct PenaltyRule {
    PenaltyBase base = PenaltyBase::fixed;
    std::int64_t rate_micro = 0;  // fixed
    std::uint64_t index_now = 1;  // fixed: rate x now / then
    std::uint64_t index_then = 1;
    std::uint32_t multiple_ppm = 0;  // market; 3,000,000: three times
    std::int64_t mean_price_micro = 0;
    std::int64_t most_micro = 0;  // 0: no ceiling
};

// The rate for one allowance, rounded down to a micro-unit. Errors: invalid_argument, out_of_range.
[[nodiscard]] Result<std::int64_t> penalty_rate_micro(const PenaltyRule& rule);

// Rate x shortfall. Errors: as above.
[[nodiscard]] Result<Money> penalty(Allowances shortfall,
                                    const PenaltyRule& rule,
                                    Currency currency);

// How much is due later for what was missing. EU: 1 x, with the penalty beside it; California: 4 x, at least three quarters of it in
// allowances; RGGI: 3 x.
struct MakeGoodRule {
    std::uint32_t factor_ppm = 1'000'000;
    std::uint32_t least_allowances_ppm = 1'000'000;  // of what is due; the rest may be offsets
};

struct MakeGood {
    std::int64_t due = 0;               // factor x shortfall, rounded up
    std::int64_t least_allowances = 0;  // rounded up
    std::int64_t most_other = 0;        // the rest
};

// Errors: invalid_argument, out_of_range.
[[nodiscard]] Result<MakeGood> make_good(std::int64_t shortfall, const MakeGoodRule& rule);

// How much of what is left may be kept for the next period.
struct BankingRule {
    bool limited = false;
    std::int64_t flat = 0;        // China: 10,000
    std::uint32_t sales_ppm = 0;  // of net sales; China: 1,500,000 (1.5 x), Korea: 5,000,000 (5 x)
};

struct BankingYear {
    std::int64_t left = 0;       // after surrender
    std::int64_t net_sales = 0;  // sold less bought; below 0 counts as 0
};

struct Banked {
    std::int64_t kept = 0;
    std::int64_t expired = 0;
};

// Kept: all, or at most flat + sales_ppm x net sales (rounded down). Errors: invalid_argument (left or flat below 0).
[[nodiscard]] Result<Banked> bank(const BankingYear& year, const BankingRule& rule);

}  // namespace abate::scheme
