#include "abate/data/schema.h"

#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

namespace abate::data {
namespace {

// Limits. Average intensity: lignite and coal alone emit 1001 g/kWh at the median and 1689 at most
// (IPCC SRREN 2011, annex II), so no country's mix passes 1500, and no plant at the margin 2000.
// PUE is at least 1 by definition (ISO/IEC 30134-2), and 3 is twice the survey mean. 30 kW covers a
// wafer-scale system (23 kW). The rest are orders of magnitude above anything sold.
constexpr double kMaxIntensity = 1500;
constexpr double kMaxMarginal = 2000;
constexpr double kMaxPower = 30000;
// A 300 mm wafer; a container of servers; four orders of magnitude above the largest published model.
constexpr double kMaxArea = 70686;
constexpr double kMaxDevice = 1e6;
constexpr double kMaxParams = 1e16;
constexpr double kMaxTokens = 1e18;
constexpr double kMaxFlop = 1e31;

// "h00_gco2e_per_kwh" to "h23_gco2e_per_kwh".
std::vector<ColumnRule> hour_columns() {
    static constexpr std::array<std::string_view, 24> names = {
        "h00_gco2e_per_kwh", "h01_gco2e_per_kwh", "h02_gco2e_per_kwh", "h03_gco2e_per_kwh",
        "h04_gco2e_per_kwh", "h05_gco2e_per_kwh", "h06_gco2e_per_kwh", "h07_gco2e_per_kwh",
        "h08_gco2e_per_kwh", "h09_gco2e_per_kwh", "h10_gco2e_per_kwh", "h11_gco2e_per_kwh",
        "h12_gco2e_per_kwh", "h13_gco2e_per_kwh", "h14_gco2e_per_kwh", "h15_gco2e_per_kwh",
        "h16_gco2e_per_kwh", "h17_gco2e_per_kwh", "h18_gco2e_per_kwh", "h19_gco2e_per_kwh",
        "h20_gco2e_per_kwh", "h21_gco2e_per_kwh", "h22_gco2e_per_kwh", "h23_gco2e_per_kwh"};
    std::vector<ColumnRule> columns;
    columns.reserve(names.size());
    for (const std::string_view name : names)
        columns.push_back({name, "gCO2e/kWh", 0, kMaxIntensity});
    return columns;
}

std::vector<TableSpec> make_specs() {
    const std::string_view g = "gCO2e/kWh";
    return {
        {"grid_intensity_annual",
         "core",
         {"code"},
         "",
         g,
         2,
         {{"life_cycle_gco2e_per_kwh", g, 0, kMaxIntensity},
          {"direct_gco2e_per_kwh", g, 0, kMaxIntensity}}},
        {"cloud_regions",
         "core",
         {"provider", "region"},
         "location",
         "PUE, L/kWh, %, gCO2e/kWh",
         2,
         {{"pue", "", 1, 3},
          {"wue_l_per_kwh", "L/kWh", 0, 20},
          {"cfe_pct", "%", 0, 100},
          {"direct_gco2e_per_kwh", g, 0, kMaxIntensity},
          {"life_cycle_gco2e_per_kwh", g, 0, kMaxIntensity}}},
        {"accelerators",
         "core",
         {"name"},
         "",
         "W, TFLOP/s, GB",
         0,
         {{"tdp_w", "W", 1, kMaxPower},
          {"idle_w", "W", 0, kMaxPower},
          {"fp32_tflops", "TFLOP/s", 0, 1e6},
          {"tf32_tflops", "TFLOP/s", 0, 1e6},
          {"bf16_tflops", "TFLOP/s", 0, 1e6},
          {"fp16_tflops", "TFLOP/s", 0, 1e6},
          {"fp8_tflops", "TFLOP/s", 0, 1e6},
          {"fp4_tflops", "TFLOP/s", 0, 1e6},
          {"int8_tops", "TOP/s", 0, 1e6},
          {"memory_gb", "GB", 0, 1e5},
          {"bandwidth_gb_per_s", "GB/s", 0, 1e8},
          {"node_nm", "nm", 1, 1000},
          {"die_mm2", "mm2", 1, kMaxArea},
          {"embodied_kgco2e", "kgCO2e", 0, kMaxDevice}}},
        {"chip_names", "core", {"driver_name"}, "name", "", 0, {}},
        {"cpus",
         "core",
         {"name"},
         "",
         "W",
         0,
         {{"tdp_w", "W", 1, kMaxPower}, {"cores", "", 1, 10000}, {"threads", "", 1, 100000}}},
        {"instances",
         "core",
         {"provider", "instance"},
         "accelerator",
         "vCPU, GiB, W",
         0,
         {{"vcpu", "", 0, 100000},
          {"memory_gib", "GiB", 0, 1e6},
          {"accelerator_count", "", 0, 10000},
          {"idle_w", "W", 0, kMaxPower},
          {"full_w", "W", 0, kMaxPower}}},
        {"energy_coefficients",
         "core",
         {"kind", "name"},
         "",
         "stated on each row",
         0,
         {{"value", "", 0, 1e9}, {"low", "", 0, 1e9}, {"high", "", 0, 1e9}}},
        {"embodied_factors",
         "core",
         {"kind", "name"},
         "scope",
         "stated on each row",
         0,
         {{"value", "", 0, 1e9}, {"low", "", 0, 1e9}, {"high", "", 0, 1e9}}},
        {"server_embodied",
         "core",
         {"name"},
         "vendor",
         "kgCO2e",
         0,
         {{"total_kgco2e", "kgCO2e", 0, kMaxDevice},
          {"use_pct", "%", 0, 100},
          {"manufacturing_kgco2e", "kgCO2e", 0, kMaxDevice},
          {"non_use_kgco2e", "kgCO2e", 0, kMaxDevice},
          {"yearly_kwh", "kWh", 0, 1e6},
          {"lifetime_y", "years", 0.1, 50},
          {"memory_gb", "GB", 0, 1e6},
          {"cpus", "", 0, 1000}}},
        {"models",
         "core",
         {"name"},
         "organisation",
         "FLOP, MWh, tCO2e",
         0,
         {{"params_total", "", 1, kMaxParams},
          {"params_active", "", 1, kMaxParams},
          {"train_datapoints", "", 1, kMaxTokens},
          {"train_flop", "FLOP", 1, kMaxFlop},
          {"train_chips", "", 1, 1e8},
          {"train_hours", "h", 0, 1e6},
          {"train_energy_mwh", "MWh", 0, 1e9},
          {"train_tco2e", "tCO2e", 0, 1e9}}},
        {"model_inference_energy",
         "core",
         {"model_id", "task", "chip", "num_chips", "max_batch", "variant"},
         "",
         "J",
         0,
         {{"avg_batch", "", 0, 1e6},
          {"j_per_output_token", "J", 0, 1e6},
          {"j_per_unit", "J", 0, 1e9},
          {"avg_output_tokens", "", 0, 1e7},
          {"chips_power_w", "W", 0, 1e6},
          {"throughput_per_s", "1/s", 0, 1e9},
          {"latency_ms", "ms", 0, 1e9},
          {"tensor_parallel", "", 1, 10000},
          {"expert_parallel", "", 1, 10000},
          {"steps", "", 1, 10000}}},
        {"published_cases",
         "core",
         {"case_id"},
         "hardware",
         "kWh, kgCO2e, FLOP, h",
         0,
         {{"chip_count", "", 0, 1e8},
          {"hours", "h", 0, 1e7},
          {"chip_hours", "h", 0, 1e11},
          {"power_w_per_chip", "W", 0, kMaxPower},
          {"peak_tflops", "TFLOP/s", 0, 1e6},
          {"utilisation", "", 0, 1},
          {"pue", "", 1, 3},
          {"intensity_gco2e_per_kwh", g, 0, kMaxIntensity},
          {"energy_kwh", "kWh", 0, 1e12},
          {"operational_kgco2e", "kgCO2e", 0, 1e12},
          {"net_intensity_gco2e_per_kwh", g, 0, kMaxIntensity},
          {"net_operational_kgco2e", "kgCO2e", 0, 1e12},
          {"embodied_kgco2e", "kgCO2e", 0, 1e12},
          {"device_embodied_kgco2e", "kgCO2e", 0, kMaxDevice},
          {"lifetime_y", "years", 0.1, 50},
          {"use_share", "", 0, 1},
          {"flop", "FLOP", 1, kMaxFlop},
          {"flop_6nd", "FLOP", 1, kMaxFlop},
          {"params_total", "", 1, kMaxParams},
          {"params_active", "", 1, kMaxParams},
          {"tokens", "", 1, kMaxTokens},
          {"value", "", 0, 1e12}}},
        {"places", "core", {"code"}, "name", "", 0, {}},
        {"grid_intensity_zones",
         "odbl",
         {"zone"},
         "",
         g,
         2,
         {{"life_cycle_gco2e_per_kwh", g, 0, kMaxIntensity}}},
        {"zones", "odbl", {"zone"}, "name", "", 0, {}},
        {"intensity_profiles",
         "odbl",
         {"zone", "month", "basis", "statistic"},
         "",
         g,
         0,
         hour_columns()},
        {"grid_intensity_marginal",
         "ccbysa",
         {"code"},
         "",
         g,
         2,
         {{"operating_margin_gco2e_per_kwh", g, 0, kMaxMarginal}}},
    };
}

std::string in_words(double number) {
    std::ostringstream out;
    out << number;
    return out.str();
}

}  // namespace

std::span<const TableSpec> table_specs() {
    static const std::vector<TableSpec> specs = make_specs();
    return specs;
}

const TableSpec* find_table(std::string_view name) {
    for (const TableSpec& spec : table_specs())
        if (spec.name == name) return &spec;
    return nullptr;
}

const ColumnRule* find_column(const TableSpec& table, std::string_view name) {
    for (const ColumnRule& column : table.columns)
        if (column.name == name) return &column;
    return nullptr;
}

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::optional<int> parse_year(std::string_view text) {
    int year = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), year);
    if (error != std::errc{} || end != text.data() + text.size() || year < 1900 || year > 2100)
        return std::nullopt;
    return year;
}

Result<double> checked_value(const ColumnRule& column,
                             std::string_view text,
                             const std::string& where) {
    const std::string name(column.name);
    const std::string unit = column.unit.empty() ? "" : " " + std::string(column.unit);
    const std::string limits = in_words(column.low) + " to " + in_words(column.high) + unit;
    const std::optional<double> value = parse_number(text);
    if (!value)
        return Error{ErrorCode::parse_error,
                     name + " = \"" + short_text(text) + "\" is not a number",
                     where,
                     "Write a decimal number of " + limits + "."};
    if (*value < column.low || *value > column.high)
        return Error{ErrorCode::out_of_range,
                     name + " = " + short_text(text) + " cannot be",
                     where,
                     "Possible are " + limits + "."};
    return *value;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what kind of thing, then the name asked for
Error unknown_name(std::string_view what,
                   std::string_view name,
                   const std::vector<std::string>& known,
                   const std::string& where) {
    std::string hint;
    for (const std::string& candidate : nearest(name, known))
        hint += (hint.empty() ? "Did you mean \"" : "\", \"") + candidate;
    if (!hint.empty()) hint += "\"?";
    return Error{ErrorCode::not_found,
                 "unknown " + std::string(what) + " \"" + short_text(name) + "\"",
                 where,
                 hint};
}

}  // namespace abate::data
