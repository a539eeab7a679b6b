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
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <array>
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

// Numbers that are 0 are not known.
struct Chip {
    std::string name;  // as in the table: "NVIDIA H100 SXM5 80GB"
    std::string vendor;
    std::string type;         // GPU, TPU, ASIC, NPU, APU, SoC, wafer
    std::string memory_type;  // "HBM3", "GDDR6"
    double tdp_w = 0;
    double idle_w = 0;  // measured; known for few
    double memory_gb = 0;
    double bandwidth_gb_per_s = 0;
    double fp32_tflops = 0;  // peaks are dense, without sparsity
    double tf32_tflops = 0;
    double bf16_tflops = 0;
    double fp16_tflops = 0;
    double fp8_tflops = 0;
    double fp4_tflops = 0;
    double int8_tops = 0;
    double node_nm = 0;  // the maker's name of the process, not a length
    double die_mm2 = 0;  // of all logic dies together, memory apart
    // Making one of it, kg CO2e, a factor kEmbodiedSpread either way; `provenance.basis` says what
    // the figure covers. embodied_of_chip() has the figures of other boundaries.
    std::optional<Figure> embodied;
    Provenance provenance;  // of tdp_w
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

// How far a published figure of a whole device may be from the truth, either way: a judgement, from
// figures of one A100 that lie 2.5 times apart (127.6 kg CO2e in an assessment, 150 assumed by the
// BLOOM study, 318 with its share of the server; docs/reference/data.md). Such figures are given as
// interval90 [value / 2, value * 2].
inline constexpr double kEmbodiedSpread = 2;

// One published figure for making hardware. Kinds with their units are in docs/reference/data.md:
// "fab-energy" 7nm (kWh/cm2), "dram" ddr4_10nm (gCO2e/GB), "accelerator-card" A100 SXM4 40GB
// (kgCO2e)...
struct EmbodiedFactor {
    std::string kind;
    std::string name;
    Figure figure;      // provenance.unit has the unit
    std::string scope;  // what the figure covers
    // How the figure was read: P primary text, T transcription, S secondary quote, D derived here.
    std::string evidence;
    std::string note;
};

// A server or a part of one, by its maker's product carbon footprint or a life-cycle assessment.
// Numbers that are 0 are not known.
struct ServerFootprint {
    std::string name;  // "PowerEdge R740"
    std::string kind;  // server, component
    std::string vendor;
    double total_kgco2e = 0;              // whole life, with the use phase that the maker assumed
    double use_share = 0;                 // of the total; 0 to 1
    std::optional<Figure> manufacturing;  // kg CO2e; materials and manufacturing
    double non_use_kgco2e = 0;            // manufacturing, transport and end of life
    double yearly_kwh = 0;                // assumed by the maker
    double lifetime_y = 0;                // assumed by the maker
    std::string form;                     // Rack, Blade, Tower
    double memory_gb = 0;
    int cpus = 0;
    std::string storage;  // "x2 300GB + x1 1TB HDD"
    std::string note;
    Provenance provenance;
};

// A published model. Numbers that are 0 are not known.
struct Model {
    std::string name;  // "GPT-3 175B (davinci)"
    std::string organisation;
    std::string date;    // ISO 8601, of publication
    std::string domain;  // Language, Vision, ...
    double params_total = 0;
    double params_active = 0;  // per token; known for mixtures of experts only
    // Size of the training data as Epoch AI counts it: tokens, words, images or samples of the
    // domain, passed once. Not the tokens that training went through.
    double train_datapoints = 0;
    double train_flop = 0;
    std::string train_hardware;  // as the source calls it
    std::string train_chip;      // row of accelerators with that die and peak; memory may differ
    double train_chips = 0;
    double train_hours = 0;
    double train_energy_mwh = 0;  // boundaries differ: see footprint_source
    double train_tco2e = 0;
    std::string footprint_source;
    // Its name in the ML.ENERGY benchmark; measured_inference() may hold no rows of it.
    std::string inference_model_id;
    std::string confidence;  // Epoch AI's word for the row
    Provenance provenance;
};

// One measured configuration of the ML.ENERGY benchmark: energy of the accelerators only, without
// host and facility. Numbers that are 0 do not apply.
struct MeasuredInference {
    std::string model_id;  // "meta-llama/Llama-3.1-8B-Instruct"
    std::string task;      // lm-arena-chat, gpqa, text-to-image, ...
    std::string chip;      // key into accelerators
    int num_chips = 0;
    int max_batch = 0;
    int variant = 0;  // 1, 2, ... where the benchmark repeats a configuration with other settings
    double avg_batch = 0;
    std::string precision;          // bf16, fp8
    double j_per_output_token = 0;  // text only
    double j_per_unit = 0;
    std::string unit;  // request, image, video
    double avg_output_tokens = 0;
    double chips_power_w = 0;     // mean, of all num_chips together
    double throughput_per_s = 0;  // output tokens, images or videos
    double latency_ms = 0;  // between two tokens (median), or of one batch of images or videos
    int tensor_parallel = 0;
    int expert_parallel = 0;
    std::string resolution;  // "1024x1024"
    int steps = 0;           // of diffusion
};

// A published footprint, or a sum that `abate validate` recomputes. Cells that the source does not
// give are empty; 0 is a value.
struct PublishedCase {
    std::string id;
    std::string kind;   // published, estimate (by its authors' own word), check (a formula's value)
    std::string phase;  // training, inference, experimentation, fine-tuning, embodied, ...
    std::string hardware;  // as the source calls it
    std::string chip;      // row of accelerators with that die and peak; empty: none fits
    std::optional<double> chip_count;
    std::optional<double> hours;
    std::optional<double> chip_hours;
    std::optional<double> power_w_per_chip;
    std::string power_basis;  // TDP, measured system, assumed, ...
    std::optional<double> peak_tflops;
    std::optional<double> utilisation;
    std::string utilisation_basis;
    std::optional<double> pue;
    std::string pue_in_energy;  // yes, no, unclear: whether energy_kwh holds it
    std::optional<double> intensity_gco2e_per_kwh;
    std::string intensity_basis;
    std::optional<double> energy_kwh;
    std::optional<double> operational_kgco2e;
    std::optional<double> net_intensity_gco2e_per_kwh;  // after purchases: hourly net or market
    std::optional<double> net_operational_kgco2e;
    std::optional<double> embodied_kgco2e;         // charged to the case
    std::optional<double> device_embodied_kgco2e;  // of one device, whole life
    std::optional<double> lifetime_y;
    std::optional<double> use_share;  // of the lifetime
    std::optional<double> flop;
    std::optional<double> flop_6nd;  // 6 x params (active, if known) x tokens
    std::optional<double> params_total;
    std::optional<double> params_active;
    std::optional<double> tokens;
    std::optional<double> value;  // where none of the above is what was published
    std::string unit;             // of value
    std::string functional_unit;
    std::string evidence;  // P primary text, T transcription, S secondary quote, D derived here
    // Why the energy proves nothing about power or time: "yes (TDP)": energy is TDP x hours. Empty:
    // independent.
    std::string circular_energy;
    std::string notes;
    Provenance provenance;  // source with table or section; licence
};

// The typical day of each month on one grid, from one year of hourly averages: a climatology, which
// says when a grid tends to be clean and not what it emitted on a day.
struct IntensityProfile {
    using Months = std::array<std::array<double, 24>, 12>;  // [month - 1][UTC hour], g CO2e/kWh
    struct Band {
        Months mean{};
        Months low{};  // 5th and 95th percentile over the days of the month
        Months high{};
    };
    std::string zone;  // Electricity Maps zone
    int year = 0;
    Band life_cycle;
    std::optional<Band> direct;
    Provenance provenance;  // of the life-cycle mean over the year
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

    // Published figures for making hardware, by kind and name. Its range is [low, high] of the
    // table, the spread of several sources with one unit, a factor kEmbodiedSpread for a whole device
    // (kinds "accelerator-...", "baseboard"), else the figure alone: a factor that enters a bill of
    // materials has no published range. Errors: not_found + nearest. Cost: the table's 170 rows.
    [[nodiscard]] Result<Figure> embodied_factor(std::string_view kind,
                                                 std::string_view name) const;
    // Every row of `kind`, or of all kinds when it is empty; each source its own row.
    [[nodiscard]] std::vector<EmbodiedFactor> embodied_rows(std::string_view kind) const;
    // Every published figure for making this chip, boundary by boundary: "accelerator-die",
    // "accelerator-card", "accelerator-with-host". They differ thirtyfold for one H100 and are never
    // averaged.
    [[nodiscard]] std::vector<EmbodiedFactor> embodied_of_chip(const Chip& chip) const;

    // By name, or words that lead to one row ("R740xd"). Errors: not_found + nearest,
    // invalid_argument for words that lead to several.
    [[nodiscard]] Result<ServerFootprint> server_footprint(std::string_view name) const;
    [[nodiscard]] std::vector<ServerFootprint> server_footprints() const;

    // By name, by the benchmark's name ("meta-llama/Llama-3.1-8B-Instruct"), or by words that lead to
    // one row ("llama 3.1 8b"); case ignored. Errors: not_found + nearest, invalid_argument for words
    // that lead to several. Cost: under a millisecond.
    [[nodiscard]] Result<Model> model(std::string_view name) const;
    [[nodiscard]] std::vector<Model> models() const;

    // Measured configurations of one model (case ignored; empty: of all, 1298 rows); none when it was
    // not measured.
    [[nodiscard]] std::vector<MeasuredInference> measured_inference(
        std::string_view model_id = {}) const;
    // Where every row of measured_inference() comes from.
    [[nodiscard]] Provenance measured_inference_source() const;

    [[nodiscard]] std::vector<PublishedCase> published_cases() const;

    // The typical day by month of the place's zone. Errors: not_found; the hint names the zones that
    // have one. Never stands in for another zone.
    [[nodiscard]] Result<IntensityProfile> intensity_profile(const Place& place) const;

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
