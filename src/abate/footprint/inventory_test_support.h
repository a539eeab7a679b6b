// Inventories whose sums are done by hand: exact figures unless a test gives a range.
#pragma once

#include "abate/footprint/footprint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

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

// 1 kWh of one GPU (3.5 to 3.7 MJ) in France; the host has two.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): which, where, when
inline RunRecord stored_run(const std::string& id,
                            const std::string& host,
                            const char* from,
                            double hours,
                            AssessOptions options = {}) {
    RunRecord record;
    record.run_id = RunId(id);
    record.host.name = host;
    record.host.kind = "server";
    record.host.gpus = {"NVIDIA H100", "NVIDIA H100"};
    record.started_at = parse_rfc3339(from).value();
    record.duration_s = hours * 3600;
    record.ended_at = {record.started_at.us + std::llround(hours * 3.6e9)};
    record.phase = Phase::training;
    const EnergyRange energy{.value = Microjoules(Int128{3'600'000'000'000}),
                             .low = Microjoules(Int128{3'500'000'000'000}),
                             .high = Microjoules(Int128{3'700'000'000'000})};
    record.energy.devices.push_back({.device = "gpu-0",
                                     .source = "nvml",
                                     .quality = Quality::measured,
                                     .energy = energy,
                                     .gap_s = 0,
                                     .counted = true,
                                     .part_of = "",
                                     .name = "NVIDIA H100"});
    record.energy.total = energy;
    record.attributed.energy = energy;
    record.attributed.active = energy.value;
    record.attributed.method = "cgroup-v2";
    record.attributed.idle_rule = "reserved-share";
    record.attributed.idle_share = 1;
    options.region = "FR";
    EXPECT_TRUE(assess(record, tables(), options));
    return record;
}

inline StoredRuns chosen(std::vector<RunRecord> records) {
    StoredRuns choice;
    choice.name = "store";
    choice.records = std::move(records);
    return choice;
}

inline Amounts of_phase(const Account& account, AccountPhase phase) {
    return amounts(account.lines, [phase](const Line& line) { return line.phase == phase; });
}

}  // namespace abate::footprint::testing
