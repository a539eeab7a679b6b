// Front door of `report`: every writer. Units stand in every field name; numbers print in full
// (shortest round-trip).
#pragma once

#include "abate/core/result.h"
#include "abate/meter/meter.h"
#include "abate/record/record.h"
#include "abate/report/filing.h"
#include "abate/report/inventory.h"
#include "abate/report/svg.h"

#include <span>
#include <string>
#include <vector>

namespace abate::report {

// One run record as JSON, keys in the order of docs/reference/run_record.md. indent < 0: one line.
// Microjoule energies are printed as exact decimal joules.
[[nodiscard]] std::string run_record_json(const RunRecord& record, int indent = 2);
// {"runs": [...]}.
[[nodiscard]] std::string runs_json(std::span<const RunRecord> records);

// The summary that `abate run` prints last on standard error; at most 9 lines of at most 100
// columns. `color`: ANSI.
[[nodiscard]] std::string run_summary(const RunRecord& record, bool color);
// The table of `abate runs`, newest first, one line each, with a total of attributed energy and
// carbon.
[[nodiscard]] std::string runs_table(std::span<const RunRecord> records, bool color);
// `abate show`: everything, in sections; with `explain` each formula with its numbers and sources.
[[nodiscard]] std::string show_text(const RunRecord& record, bool explain, bool color);

// `abate export`.
[[nodiscard]] std::string runs_csv(std::span<const RunRecord> records);
[[nodiscard]] std::string codecarbon_csv(std::span<const RunRecord> records);
[[nodiscard]] std::string model_card_yaml(std::span<const RunRecord> records);
// `abate cite`: a paragraph and a table for a paper, and a BibTeX entry of abate.
[[nodiscard]] std::string cite_text(std::span<const RunRecord> records);

// People's numbers: 4 significant digits with a fitting unit ("12.34 kJ", "3.200 kWh", "1.87 g
// CO2e", "2 m 04 s").
[[nodiscard]] std::string human_energy(double joules);
[[nodiscard]] std::string human_carbon(double kg_co2e);
[[nodiscard]] std::string human_power(double watts);
[[nodiscard]] std::string human_duration(double seconds);
[[nodiscard]] std::string human_bytes(double bytes);

// The file of `abate calibrate`; read by input::parse_profile.
[[nodiscard]] std::string profile_toml(const meter::PowerProfile& profile);

}  // namespace abate::report
