// One run record made by hand; every writer's golden file shows it. Sums, in joules:
//   machine     6000.25 (package) + 1000 (DRAM) + 5000 (GPU)              = 12000.25
//   job         7000.2 active + 1500.05 idle                              =  8500.25
//   not charged 2000 idle + 1300 others + 200 unexplained                 =  3500
//   node        8500.25 x 1.57                                            = 13345.3925
//   facility    13345.3925 x 1.2                                          = 16014.471
//   carbon      16014.471 / 3.6e6 kWh x 45 g/kWh                          = 0.2001808875 g
//   hardware    2 x 164 + 1172                                            = 1500 kg
//   embodied    1500 kg x 124.25 s / 3600 / 35040 h x 0.43                = 0.6353156 g
//   total       0.2001808875 + 0.6353156                                  = 0.8354965 g
#pragma once

#include "abate/record/record.h"

namespace abate::testing {

inline Microjoules hand_joules(double amount) { return to_microjoules(amount * joules); }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): value, low, high: in the order of Ranged
inline EnergyRange hand_range(double value, double low, double high) {
    return {hand_joules(value), hand_joules(low), hand_joules(high), RangeKind::interval90};
}

inline RunEnergy example_energy() {
    RunEnergy out;
    out.total = hand_range(12000.25, 11400, 12600);
    out.devices = {{.device = "package-0",
                    .source = "perf",
                    .quality = Quality::measured,
                    .energy = hand_range(6000.25, 5700.25, 6300.25),
                    .gap_s = 0,
                    .counted = true,
                    .part_of = "",
                    .name = "AMD EPYC 7742 64-Core Processor"},
                   {.device = "dram-0",
                    .source = "model",
                    .quality = Quality::modelled,
                    .energy = hand_range(1000, 600, 1400),
                    .gap_s = 0,
                    .counted = true,
                    .part_of = "",
                    .name = ""},
                   {.device = "gpu-0",
                    .source = "nvml",
                    .quality = Quality::measured,
                    .energy = hand_range(5000, 4750, 5250),
                    .gap_s = 1.5,
                    .counted = true,
                    .part_of = "",
                    .name = "NVIDIA H100 80GB HBM3"},
                   {.device = "core-0",
                    .source = "powercap",
                    .quality = Quality::measured,
                    .energy = hand_range(4000.5, 3800, 4200),
                    .gap_s = 0,
                    .counted = false,
                    .part_of = "package-0",
                    .name = ""}};
    return out;
}

inline std::vector<Provenance> example_provenance() {
    return {{.figure = "node_overhead",
             .value = 1.57,
             .low = 1.2,
             .high = 2.0,
             .unit = "ratio",
             .key = "prior",
             .layer = "built-in",
             .source = "a source of the overhead",
             .year = 0,
             .basis = "",
             .licence = "CC0-1.0"},
            {.figure = "pue",
             .value = 1.2,
             .low = 1.1,
             .high = 1.3,
             .unit = "ratio",
             .key = "--pue",
             .layer = "option",
             .source = "given by the user",
             .year = 0,
             .basis = "",
             .licence = ""},
            {.figure = "embodied.hardware",
             .value = 1500,
             .low = 900,
             .high = 3000,
             .unit = "kgCO2e",
             .key = "all pieces together",
             .layer = "built-in",
             .source = "sum of its pieces",
             .year = 0,
             .basis = "",
             .licence = ""},
            {.figure = "intensity_gco2e_per_kwh",
             .value = 45,
             .low = 40,
             .high = 50,
             .unit = "g CO2e/kWh",
             .key = "FR",
             .layer = "built-in",
             .source = "Ember, Yearly Electricity Data",
             .year = 2025,
             .basis = "average, life-cycle, location-based",
             .licence = "CC-BY-4.0"}};
}

inline RunRecord example_record() {
    RunRecord out;
    out.abate_version = "0.1.0";
    out.run_id = RunId{"01JD8X3M9VQ4Y7ZK2N5T8W1ABC"};
    out.command = {"python3", "train.py", "--name", "it's \"big\", | really"};
    out.exit_code = 0;
    out.started_at = {1'795'338'000'000'000};  // 2026-11-22T09:00:00Z
    out.ended_at = {1'795'338'124'250'000};
    out.duration_s = 124.25;
    out.status = RunStatus::finished;
    out.phase = Phase::training;
    out.project = "=SUM(A1)";  // a spreadsheet must not run it
    out.labels = {{"seed", "7"}, {"team", "vision"}};
    out.host = {.name = "node7",
                .cpu_model = "AMD EPYC 7742 64-Core Processor",
                .sockets = 1,
                .cpus = 128,
                .memory_bytes = 549'755'813'888,  // 512 GiB
                .virtual_machine = false,
                .kind = "server",
                .os = "Linux 6.1.0 x86_64",
                .gpus = {"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"}};
    out.region = "FR";
    out.energy = example_energy();
    out.checks = {{.device = "gpu-0",
                   .counted_source = "nvml",
                   .other_source = "nvml power samples",
                   .ratio = 1.02,
                   .agree = true}};
    out.attributed = {.method = "cgroup-v2",
                      .cpu_time_s = 310.5,
                      .active = hand_joules(7000.2),
                      .idle = hand_joules(1500.05),
                      .energy = hand_range(8500.25, 8000, 9000),
                      .quality = Quality::modelled,
                      .idle_rule = "reserved-share",
                      .idle_share = 0.43};
    out.unattributed = {hand_joules(2000), hand_joules(1300), hand_joules(200)};
    out.node =
        NodeRecord{.energy = {13345.3925, 10000, 17100, RangeKind::interval90, Quality::estimated},
                   .source = "prior"};
    out.facility = FacilityRecord{
        .pue = 1.2,
        .pue_low = 1.1,
        .pue_high = 1.3,
        .energy = {16014.471, 11800, 20700, RangeKind::interval90, Quality::estimated}};
    out.left_running = {{.pid = 4123, .command = "tensorboard"}};
    out.work = {.flop = 4.5e15,
                .flop_basis = "model",
                .tokens = 1e6,
                .requests = std::nullopt,
                .source = "6 x params-active x tokens (training)"};
    out.operational =
        Operational{.intensity_gco2e_per_kwh = {45, 40, 50, RangeKind::interval90},
                    .intensity_basis = "average, life-cycle, location-based",
                    .location_kgco2e = {0.0002001808875, 0.00014, 0.00027, RangeKind::interval90},
                    .market_kgco2e = std::nullopt,
                    .water_l = 0.0125,
                    .region_known = true};
    out.embodied = EmbodiedRecord{
        .kgco2e = {1500.0 * 124.25 / 3600 / 35040 * 0.43, 0.0003, 0.0015, RangeKind::interval90},
        .boundary = "2 x NVIDIA H100 80GB HBM3 (one card); host (rack server of unknown make)",
        .lifetime_h = 35040,
        .utilisation = 1,
        .share = 0.43,
        .source = "a source of the card; a source of the server"};
    out.total_kgco2e = {out.operational->location_kgco2e.value + out.embodied->kgco2e.value,
                        0.0005,
                        0.0017,
                        RangeKind::interval90};
    out.meter = {.cpu_time_s = 0.031, .max_rss_bytes = 5'242'880, .samples = 125, .interval_s = 1};
    out.notes = {"gpu-0: no reading for 1.5 s; the counter closed the gap"};
    out.provenance = example_provenance();
    return out;
}

// The same run at an unknown place, interrupted and without carbon's certainty.
inline RunRecord example_record_unknown_region() {
    RunRecord out = example_record();
    out.run_id = RunId{"01JD8X9P0AQ4Y7ZK2N5T8W1DEF"};
    out.started_at.us += 3'600'000'000;
    out.ended_at.us += 3'600'000'000;
    out.status = RunStatus::interrupted;
    out.exit_code = std::nullopt;
    out.phase = std::nullopt;
    out.project = "";
    out.region = "";
    out.operational->region_known = false;
    out.operational->intensity_gco2e_per_kwh = {440, 50, 800, RangeKind::interval90};
    // 16014.471 / 3.6e6 x 0.44 = 0.0019573242...
    out.operational->location_kgco2e = {0.00195732423333, 0.0002, 0.004, RangeKind::interval90};
    out.operational->water_l = std::nullopt;
    out.embodied = std::nullopt;  // as a record before abate 0.2
    out.total_kgco2e = std::nullopt;
    out.provenance.resize(2);  // neither hardware nor grid
    return out;
}

}  // namespace abate::testing
