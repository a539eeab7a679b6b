// Front door of `data`: what the world's tables say, each figure with its source, year, basis,
// licence and layer.
//
//     const Tables tables = Tables::load(layers).value();
//     const Place place = tables.place("gcp europe-west9").value();  // or "FR", "US-CA"
//     const Figure grid = tables.intensity(place).value();
//     grid.range.value;        // g CO2e per kWh
//     grid.provenance.source;  // "Our World in Data ..., 2026 vintage"
//
// Layers, later wins, all kept and shown by `abate data show`: built-in < pack < organisation <
// project < option. Tables are text embedded in the program; a table is scanned when first asked
// for, so a program that asks nothing pays nothing. Immutable after load, so safe to share among
// threads... except that first use of a table is guarded inside.
#pragma once

#include "abate/core/result.h"
#include "abate/data/csv.h"
#include "abate/data/generation.h"
#include "abate/data/hourly.h"
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::data {

// A number with its range and where it comes from. `provenance` repeats value, range and unit.
struct Figure {
    Ranged range;
    Provenance provenance;
};

// Where a job runs: a country, a grid zone, or a cloud region that lies in one.
struct Place {
    std::string key;        // as stored in the record: "FR", "US-CA", "gcp europe-west9"
    std::string name;       // "France", "Paris (gcp europe-west9)"
    std::string provider;   // "gcp", "aws", "azure"; empty for a grid
    std::string grid_code;  // ISO 3166-1 / 3166-2 or eGRID subregion whose intensity applies
    std::string zone;       // Electricity Maps zone, when known
};

struct Cpu {
    std::string name;
    int cores = 0;  // 0: not known
    int threads = 0;
    double tdp_w = 0;  // 0: not known
    int launch_year = 0;
    Provenance provenance;  // of tdp_w
};

struct Chip {
    std::string name;  // as in the table: "NVIDIA H100 SXM 80GB"
    std::string vendor;
    double tdp_w = 0;
    double memory_gb = 0;
    double bf16_tflops = 0;  // dense; 0: not known
    double fp16_tflops = 0;
    double fp32_tflops = 0;
    double fp8_tflops = 0;
    Provenance provenance;
};

struct Instance {
    std::string provider;
    std::string name;  // "p5.48xlarge"
    int vcpu = 0;
    double memory_gib = 0;
    std::string chip;  // key into chips; empty: none
    int chip_count = 0;
    double idle_w = 0;  // whole instance; 0: not known
    double full_w = 0;
    Provenance provenance;
};

// One row of a table as text, for `abate data list|show`.
struct Row {
    std::string table;
    std::string key;
    std::vector<std::pair<std::string, std::string>> columns;
    std::string layer;
    std::string source;
    std::string licence;
    std::string pack;  // "core", "odbl", "ccbysa"
};

// Files that a layer is read from; empty: the layer has none.
struct Layers {
    std::vector<std::string> packs;    // folders with pack.csv and tables
    std::string organisation;          // overrides.csv
    std::string project;               // overrides.csv
    std::vector<std::string> options;  // "TABLE/KEY/COLUMN=VALUE" of --set
};

struct TableInfo {
    std::string name;  // "grid_intensity_annual"
    std::string pack;
    std::string licence;
    std::string attribution;
    std::size_t rows = 0;
    int first_year = 0;
    int last_year = 0;
    std::string unit;
};

// One cell that a person sets instead of the tables' figure: a line of an overrides.csv.
struct Override {
    std::string table;
    std::string key;     // "FR", "aws eu-west-3", "NVIDIA H100 SXM5 80GB"
    std::string column;  // one that holds a number
    std::string value;
    std::string source;  // citation; empty: shown as "unsourced"
    std::string licence;
    std::string year;
    std::string note;
};

// The text of an overrides.csv with `added` in it, in place of an earlier line for the same cell;
// `text` empty: a new file. Errors: parse_error with file:line:column.
[[nodiscard]] Result<std::string> with_override(std::string_view text,
                                                std::string_view file_name,
                                                const Override& added);

class Tables {
  public:
    // Errors: parse_error with file:line:column, out_of_range for an absurd number in an override,
    // not_found for a file.
    static Result<Tables> load(const Layers& layers = {});
    ~Tables();
    Tables(Tables&&) noexcept;
    Tables& operator=(Tables&&) noexcept;

    // A country (ISO 3166-1 alpha-2 or alpha-3, or its English name), an ISO 3166-2 or eGRID code,
    // "PROVIDER REGION", or a region name that only one provider uses; case ignored. Errors:
    // not_found, with the nearest names in the hint.
    [[nodiscard]] Result<Place> place(std::string_view text) const;

    // Annual average life-cycle location-based intensity, g CO2e/kWh, newest year; 90 % range from
    // the spread of sources (docs/methodology/operational.md). Errors: not_found.
    [[nodiscard]] Result<Figure> intensity(const Place& place) const;
    // The same on the direct basis, where a source has it. Errors: not_found ("supply a factor").
    [[nodiscard]] Result<Figure> intensity_direct(const Place& place) const;
    // For an unknown place: median over countries, low and high the 5th and 95th percentile.
    [[nodiscard]] Figure intensity_anywhere() const;

    // PUE of a cloud region (or its provider's default). Errors: not_found for a grid.
    [[nodiscard]] Result<Figure> pue(const Place& place) const;
    // On-site water, litres per kWh of IT energy. Errors: not_found.
    [[nodiscard]] Result<Figure> wue(const Place& place) const;

    // By the name that /proc/cpuinfo or lscpu gives ("AMD EPYC 7742 64-Core Processor"). Errors:
    // not_found + nearest.
    [[nodiscard]] Result<Cpu> cpu(std::string_view model_name) const;
    // By the table's name, a unique short form ("H100 SXM"), or what NVML calls it. Errors:
    // not_found + nearest.
    [[nodiscard]] Result<Chip> chip(std::string_view name) const;
    [[nodiscard]] Result<Instance> instance(std::string_view provider, std::string_view name) const;

    // A named coefficient: ("memory", "DRAM power"), ("cpu-vcpu", "EPYC 3rd Gen"),
    // ("power-profile", ...). Its range is [low, high] of the table, or the spread of its sources.
    // Errors: not_found.
    [[nodiscard]] Result<Figure> coefficient(std::string_view kind, std::string_view name) const;

    [[nodiscard]] std::vector<TableInfo> tables() const;
    // Rows of `table` whose key or name contains `filter` (case ignored; empty: all). Errors:
    // not_found + nearest.
    [[nodiscard]] Result<std::vector<Row>> rows(std::string_view table,
                                                std::string_view filter) const;
    // Every layer's version of one row, lowest layer first.
    [[nodiscard]] Result<std::vector<Row>> show(std::string_view table, std::string_view key) const;
    // Whether `wanted` names a cell that exists and a value that can be. Errors: not_found +
    // nearest, parse_error, out_of_range.
    [[nodiscard]] Result<void> check_override(const Override& wanted) const;
    // What `abate data check` says: rows past their age, out of range, without source; files that
    // hold overrides. Each begins with "error: ", "warning: " or "note: ".
    [[nodiscard]] std::vector<std::string> check(int current_year) const;

  private:
    struct Impl;
    explicit Tables(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace abate::data
