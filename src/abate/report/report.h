// Front door of `report`: every writer. Units stand in every field name; numbers print in full
// (shortest round-trip).
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/record/record.h"
#include "abate/report/filing.h"
#include "abate/report/footprints.h"
#include "abate/report/inventory.h"
#include "abate/report/policy.h"
#include "abate/report/scheme.h"
#include "abate/report/svg.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace abate::report {

// One run record as JSON, keys in the order of docs/reference/run_record.md. indent < 0: one line.
// Microjoule energies are printed as exact decimal joules.
[[nodiscard]] std::string run_record_json(const RunRecord& record, int indent = 2);
// What a spool's header holds: the record as it begins, on one line, and under "layers" what the
// tables were made of, so that whoever finishes the record of a killed run reckons with the same
// figures. Read by input::parse_run_record and input::parse_header_layers.
[[nodiscard]] std::string header_json(const RunRecord& record, const data::Layers& layers);
// {"runs": [...]}.
[[nodiscard]] std::string runs_json(std::span<const RunRecord> records);

struct SummaryOptions {
    bool color = false;  // ANSI
    // Lines are cut to so many, but never to fewer than 40; 0: whole lines, for a file or a pipe.
    std::size_t columns = 0;
};
// The summary that `abate run` prints last on standard error; at most 9 lines.
[[nodiscard]] std::string run_summary(const RunRecord& record, const SummaryOptions& options = {});
// The table of `abate runs`, newest first, one line each, with a total of attributed energy and
// carbon.
[[nodiscard]] std::string runs_table(std::span<const RunRecord> records, bool color);
// `abate show`: everything, in sections; with `explain` each formula with its numbers and sources.
[[nodiscard]] std::string show_text(const RunRecord& record, bool explain, bool color);

// `abate export`.
[[nodiscard]] std::string runs_csv(std::span<const RunRecord> records);
[[nodiscard]] std::string codecarbon_csv(std::span<const RunRecord> records);
[[nodiscard]] std::string model_card_yaml(std::span<const RunRecord> records);
// `abate cite`: a paragraph and a Markdown table for a paper, and a BibTeX entry of abate.
[[nodiscard]] std::string cite_text(std::span<const RunRecord> records);
// The same as {"paragraph", "table", "bibtex", "run_ids"}.
[[nodiscard]] std::string cite_json(std::span<const RunRecord> records);

// People's numbers: 4 significant digits with a fitting unit ("12.34 kJ", "3.200 kWh", "1.87 g
// CO2e", "2 m 04 s").
[[nodiscard]] std::string human_energy(double joules);
[[nodiscard]] std::string human_carbon(double kg_co2e);
[[nodiscard]] std::string human_power(double watts);
[[nodiscard]] std::string human_duration(double seconds);
[[nodiscard]] std::string human_bytes(double bytes);

// `abate estimate`: the answer in one line, then the figures with their ranges, the steps, the rows.
[[nodiscard]] std::string estimate_json(const footprint::Estimate& estimate);
[[nodiscard]] std::string estimate_text(const footprint::Estimate& estimate, bool color);

struct ValidationOptions {
    bool all = false;  // every case; else the ten worst of a group
    bool color = false;
};
// `abate validate`: {"groups": [...]}; as text, a table of the groups and their targets, then each group's lines.
[[nodiscard]] std::string validation_json(std::span<const footprint::ValidationGroup> groups);
[[nodiscard]] std::string validation_text(std::span<const footprint::ValidationGroup> groups,
                                          const ValidationOptions& options = {});

// The file of `abate calibrate`; read by input::parse_profile.
[[nodiscard]] std::string profile_toml(const meter::PowerProfile& profile);

// Hourly intensities as `abate data import-intensity` keeps them; read by input::parse_intensity without loss.
[[nodiscard]] std::string intensity_csv(const data::AnyHourlySeries& series);

}  // namespace abate::report
