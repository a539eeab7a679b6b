#include "abate/data/schema.h"

#include "abate/core/nearest.h"

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
          {"bandwidth_gb_per_s", "GB/s", 0, 1e8}}},
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
        {"places", "core", {"code"}, "name", "", 0, {}},
        {"grid_intensity_zones",
         "odbl",
         {"zone"},
         "",
         g,
         2,
         {{"life_cycle_gco2e_per_kwh", g, 0, kMaxIntensity}}},
        {"zones", "odbl", {"zone"}, "name", "", 0, {}},
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
                     name + " = \"" + std::string(text) + "\" is not a number",
                     where,
                     "Write a decimal number of " + limits + "."};
    if (*value < column.low || *value > column.high)
        return Error{ErrorCode::out_of_range,
                     name + " = " + std::string(text) + " cannot be",
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
                 "unknown " + std::string(what) + " \"" + std::string(name) + "\"",
                 where,
                 hint};
}

}  // namespace abate::data
