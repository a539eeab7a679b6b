#include "abate/footprint/embodied.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

struct Span {
    double low;
    double high;
};

double random_in(Span span) {
    return span.low + (span.high - span.low) * (*rc::gen::inRange(0, 1'000'001) / 1e6);
}

// What is charged over a fleet-year is EMB / L, in both ways to charge (ADR 0014).
RC_GTEST_PROP(Amortised, SumsOverAFleetYearToTheEmbodiedOverTheLifetime, ()) {
    const double embodied = random_in({1, 10'000});
    const double lifetime_y = random_in({1, 10});
    const int devices = *rc::gen::inRange(1, 20);
    const double u = random_in({1, 100}) / 100;
    const bool used_time = *rc::gen::arbitrary<bool>();
    double charged = 0;
    for (int device = 0; device < devices; ++device) {
        // Jobs take the allocated hours of the year, in pieces; what they leave is idle.
        double left = kHoursPerYear * u;
        while (left > 0) {
            const double hours = std::min(left, random_in({1, 4000}));
            left -= hours;
            charged += amortised(exactly(embodied),
                                 {.lifetime_h = lifetime_y * kHoursPerYear,
                                  .used_h = hours,
                                  .utilisation = used_time ? u : 1})
                           .value()
                           .value;
        }
        if (!used_time)
            charged += amortised(exactly(embodied),
                                 {.lifetime_h = lifetime_y * kHoursPerYear,
                                  .used_h = kHoursPerYear * (1 - u)})
                           .value()
                           .value;
    }
    const double expected = devices * embodied / lifetime_y;
    RC_ASSERT(std::abs(charged - expected) <= 1e-9 * expected);
}

RC_GTEST_PROP(Amortised, OfSharesOfOneHourSumsToTheWhole, ()) {
    const Ranged embodied{.value = 100, .low = 60, .high = 170};
    const double share = random_in({0, 1});
    const auto charge = [&](double part) {
        return amortised(embodied, {.lifetime_h = 35'040, .used_h = 1, .share = part}).value();
    };
    const double whole = charge(1).value;
    RC_ASSERT(std::abs(charge(share).value + charge(1 - share).value - whole) <= 1e-12 * whole);
    RC_ASSERT(charge(share).low <= charge(share).value);
    RC_ASSERT(charge(share).value <= charge(share).high);
}

// The two ledgers agree in every year, and everything bought is charged or written off in the end.
RC_GTEST_PROP(Ledgers, ReconcileInEachYearAndCloseAtZero, ()) {
    std::vector<Purchase> purchases;
    double bought = 0;
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) {
        Purchase purchase{.embodied_kgco2e = random_in({0, 5000}),
                          .bought_year = random_in({2015, 2030}),
                          .lifetime_y = random_in({1, 10})};
        if (*rc::gen::arbitrary<bool>()) {
            purchase.bought_year = std::floor(purchase.bought_year);
            purchase.lifetime_y = std::ceil(purchase.lifetime_y);
        }
        if (*rc::gen::arbitrary<bool>())
            purchase.retired_year = purchase.bought_year + random_in({0, 12});
        bought += purchase.embodied_kgco2e;
        purchases.push_back(purchase);
    }
    const auto rows = ledgers(purchases, {2015, 2045}).value();
    double acquired = 0;
    double amortised_so_far = 0;
    double retired = 0;
    for (const LedgerYear& row : rows) {
        acquired += row.acquired_kgco2e;
        amortised_so_far += row.amortised_kgco2e;
        retired += row.retired_kgco2e;
        RC_ASSERT(row.amortised_kgco2e >= -1e-9);
        RC_ASSERT(row.retired_kgco2e >= -1e-9);
        RC_ASSERT(row.balance_kgco2e >= -1e-9);
        RC_ASSERT(std::abs(acquired - amortised_so_far - retired - row.balance_kgco2e) <=
                  1e-9 * (1 + bought));
    }
    RC_ASSERT(std::abs(acquired - bought) <= 1e-9 * (1 + bought));
    RC_ASSERT(rows.back().balance_kgco2e == 0);
}

}  // namespace
}  // namespace abate::footprint
