// Hourly carbon intensity as people get it: Electricity Maps, ENTSO-E, EIA-930, NESO, plain CSV, and the files that abate keeps.
//
//     IntensityOptions options{.zone = "DE"};
//     const auto file = parse_intensity(text, "DE_2024_hourly.csv", options);
//     file->series;                         // an AnyHourlySeries: signal and basis as types
//
// Times are UTC or have an offset; local times are refused, because a clock change doubles one of their hours and drops another.
// Rows may be hourly or finer; an hour that is not wholly covered is a gap. Duplicates are refused; gaps are known and stay gaps.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

enum class IntensityFormat {
    plain,  // hour or time, and g_per_kwh (or lca_, direct_, marginal_g_per_kwh); abate's own files too
    electricity_maps,  // data portal: "Datetime (UTC)", direct and life-cycle columns
    entsoe,            // actual generation per type (A75, 16.1.B&C), CSV
    entsoe_xml,        // the same as the API answers it
    eia930,            // six-month balance file: net generation by source
    neso,              // Great Britain: historic generation mix, or carbon intensity, half-hourly
};
[[nodiscard]] const char* to_string(IntensityFormat format);
[[nodiscard]] std::optional<IntensityFormat> parse_intensity_format(std::string_view text);
[[nodiscard]] std::string intensity_format_names();  // "plain, electricity-maps, ..."

struct IntensityOptions {
    std::string zone{};                          // which of the file's zones; empty: its only one
    std::optional<Basis> basis{};                // absent: as the file says, else life-cycle
    std::optional<Signal> signal{};              // absent: as the file says, else average
    std::optional<IntensityFormat> format{};     // absent: by the header
    std::optional<Timestamp> first_hour{};       // of hour 0, where a column counts hours
    std::optional<int> year{};                   // hours of another year are refused
    bool utc = false;                            // times without an offset are UTC
    const data::FuelFactors* factors = nullptr;  // for formats that have generation only
};

struct IntensityFile {
    data::AnyHourlySeries series;
    IntensityFormat format = IntensityFormat::plain;
    std::vector<std::string> notes;  // what was assumed, a sentence each
};

// Errors, each with file:line:column where there is one: parse_error (no known header, no number, local time, an hour twice, steps
// that are not hours), out_of_range (an intensity that cannot be, another year), not_found (the zone), unsupported (a basis that the
// format does not have).
[[nodiscard]] Result<IntensityFile> parse_intensity(std::string_view text,
                                                    std::string_view file_name,
                                                    const IntensityOptions& options);

}  // namespace abate::input
