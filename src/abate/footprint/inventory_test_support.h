// Inventories whose sums are done by hand: exact figures unless a test gives a range.
#pragma once

#include "abate/footprint/footprint.h"

#include <string>
#include <utility>

namespace abate::footprint::testing {

inline data::Tables tables() { return std::move(data::Tables::load()).value(); }

inline Timestamp day(const std::string& date) { return parse_rfc3339(date + "T00:00:00Z").value(); }

// PUE 1.2, 100 g/kWh, 20 g/kWh by contract.
inline SitePlan plain_site(const std::string& name = "room") {
    SitePlan site;
    site.name = name;
    site.region = "FR";
    site.pue = 1.2;
    site.intensity_gco2e_per_kwh = 100;
    site.market_gco2e_per_kwh = 20;
    return site;
}

// 2025 has 8760 hours.
inline Inventory plain_inventory() {
    Inventory out;
    out.name = "plain";
    out.period_start = day("2025-01-01");
    out.period_end = day("2026-01-01");
    out.sites.push_back(plain_site());
    return out;
}

// Units of 100 kg each over 5 years.
inline Fleet plain_fleet(double units) {
    Fleet fleet;
    fleet.name = "cards";
    fleet.chip = "H100 SXM";
    fleet.units = units;
    fleet.bought = day("2024-01-01");
    fleet.lifetime_years = exactly(5);
    fleet.embodied_kgco2e_per_unit = exactly(100);
    return fleet;
}

inline Activity node_energy(AccountPhase phase, const std::string& name, double kwh) {
    Activity activity;
    activity.phase = phase;
    activity.name = name;
    activity.energy_kwh = exactly(kwh);
    activity.boundary = Boundary::node;
    return activity;
}

inline Amounts of_phase(const Account& account, AccountPhase phase) {
    return amounts(account.lines, [phase](const Line& line) { return line.phase == phase; });
}

}  // namespace abate::footprint::testing
