// Front door of `input`: every parser. Each error names the place as file:line:column and says what
// to write instead.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/footprint.h"
#include "abate/input/endowments.h"
#include "abate/input/intensity.h"
#include "abate/input/jobs.h"
#include "abate/input/monitoring.h"
#include "abate/input/order_file.h"
#include "abate/input/order_file_binary.h"
#include "abate/input/policy_scenario.h"
#include "abate/input/registry_tables.h"
#include "abate/input/scheme.h"
#include "abate/meter/meter.h"
#include "abate/record/record.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::input {

// Of any count that people write: larger ones are slips, and their products overflow.
inline constexpr double kMostCount = 1e30;
// Of allocated over owned hours: nobody owns a thousand hours for each that is used.
inline constexpr double kLeastUtilised = 0.001;

// Counts with K, M, B (1e9), T (1e12) or an exponent: "7B", "1.5e22", "300K". Errors: parse_error,
// out_of_range (< 0, above kMostCount).
[[nodiscard]] Result<double> parse_count(std::string_view text);
// "100ms", "30s", "5m", "6h", "7d"; also sums like "1h30m". Nanoseconds. A bare number is refused:
// the unit is missing.
[[nodiscard]] Result<std::int64_t> parse_duration_ns(std::string_view text);
// "12kWh", "3.6 MJ", "850 J", "1.2GWh" in joules. Errors: parse_error (no unit), out_of_range.
[[nodiscard]] Result<double> parse_energy_j(std::string_view text);
// kWh with at most six decimals, exact: "1.000001" is 3,600,003.6 J. Errors: invalid_argument, out_of_range (beyond 1e18 kWh either way).
[[nodiscard]] Result<Microjoules> parse_kwh(std::string_view text);
// Money with a point and at most six decimals, '_' between digits: "1_250.50" is 1,250,500,000 micro-units; "-3" is below 0. Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> parse_money_micro(std::string_view text);
// A whole number of allowances above 0: "250000", "250_000", "250K". Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> parse_allowances(std::string_view text);
// A moment as RFC 3339, or a date, which is its first moment in UTC. Errors: invalid_argument.
[[nodiscard]] Result<Timestamp> parse_moment(std::string_view text);
// 1 to 10 ("1.2"); above 3 is refused as absurd unless written with a trailing "!" ("4.5!").
[[nodiscard]] Result<double> parse_pue(std::string_view text);
// g CO2e/kWh, 0 to 3000, as a plain number. Errors: parse_error, out_of_range.
[[nodiscard]] Result<double> parse_intensity_g_per_kwh(std::string_view text);
// "4y", "48mo", "1460d", "35040h" in hours; 365 days a year, 730 h a month. A bare number is refused:
// the unit is missing. Errors: parse_error, out_of_range (below a day, above 100 years).
[[nodiscard]] Result<double> parse_lifetime_h(std::string_view text);
// Allocated over owned hours, "0.6" or "60%", from 0.001 to 1. Errors: parse_error,
// out_of_range.
[[nodiscard]] Result<double> parse_utilisation(std::string_view text);
// The words of the boundaries of energy, in the order of Boundary.
inline constexpr std::array<std::string_view, 3> kBoundaryWords{"component", "node", "facility"};
// One of kBoundaryWords. Errors: invalid_argument.
[[nodiscard]] Result<Boundary> parse_boundary(std::string_view text);
// "key=value", key of [A-Za-z0-9_.-]+.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_label(std::string_view text);

// "training": a phase as people write it. Errors: invalid_argument, with the phases in the hint.
[[nodiscard]] Result<Phase> parse_phase_word(std::string_view text);

// The run record of `report::run_record_json`; unknown keys are kept out, missing optional ones
// stay empty. Errors: parse_error (with line:column), version_mismatch (schema newer than ours).
[[nodiscard]] Result<RunRecord> parse_run_record(std::string_view json);

// What the tables of a run that still goes on were made of (report::header_json); absent in the
// header of an abate that did not keep it. Errors: parse_error.
[[nodiscard]] Result<std::optional<data::Layers>> parse_header_layers(std::string_view json);

// abate.toml and the user file. Unknown keys are an error with the nearest key, so that a slip is
// not silently ignored.
struct Settings {
    std::string region;
    std::string project;
    std::optional<double> pue;
    std::optional<std::int64_t> interval_ns;
    std::optional<double> lifetime_h;   // of the hardware
    std::optional<double> utilisation;  // allocated over owned hours
    std::optional<double> host_kgco2e;  // making the host, without accelerators
    std::map<std::string, std::string> labels;
    std::string node_source;  // node counter to trust: "redfish", "ipmi", "cray", "hwmon", "none"
    std::string redfish_url;
    std::string redfish_user;
    std::string redfish_password_file;
    std::string organisation_data;  // overrides.csv of the organisation
    std::vector<std::string> packs;
    std::string hourly;                // hours instead of the year: a file, "auto", "climatology"
    std::optional<double> market;      // g CO2e/kWh of the contract or residual mix
    std::string intensity_token_file;  // first line: the user's token for Electricity Maps
    std::string intensity_url;         // of its API; empty: its own

    bool operator==(const Settings&) const = default;
};
// One file. Errors: parse_error with file:line:column (not TOML, unknown key with the nearest known
// one, wrong kind of value), out_of_range (an absurd PUE).
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, std::string_view file_name);

// The value of a variable, empty when it is unset.
using EnvironmentLookup = std::function<std::string(const char* name)>;
// ABATE_REGION, ABATE_PROJECT, ABATE_PUE, ABATE_INTERVAL, ABATE_LIFETIME, ABATE_UTILISATION,
// ABATE_HOST_KGCO2E, ABATE_LABELS ("a=1,b=2"),
// ABATE_NODE_SOURCE, ABATE_REDFISH_URL, ABATE_REDFISH_USER, ABATE_REDFISH_PASSWORD_FILE,
// ABATE_ORGANISATION_DATA, ABATE_PACKS (folders with ':' between), ABATE_HOURLY,
// ABATE_MARKET_INTENSITY, ABATE_INTENSITY_TOKEN_FILE, ABATE_INTENSITY_URL. Errors: as the parser of the
// value, with the variable's name as the place.
[[nodiscard]] Result<Settings> environment_settings(const EnvironmentLookup& lookup);

// `upper` over `lower`: what upper gives wins, what it leaves empty stays; labels join by key, a
// list of packs replaces the list below.
//
//     merged({.lower = user_file, .upper = project_file})       // ./abate.toml > user
struct SettingsPair {
    const Settings& lower;
    const Settings& upper;
};
[[nodiscard]] Settings merged(const SettingsPair& layers);

// A bill of materials: `name` and [[part]] tables with kind, name, count, area_mm2, node_nm,
// packages, gigabytes, row, kgco2e (a number, or {value, low, high}) and source; each part keeps its
// place for later errors. Errors: parse_error with file:line:column (not TOML, an unknown key or
// kind with the nearest known one, wrong kind of value), out_of_range (negative, not finite).
[[nodiscard]] Result<footprint::BillOfMaterials> parse_bill(std::string_view toml,
                                                            std::string_view file_name);

// The profile of `abate calibrate` (report::profile_toml). Errors: parse_error with file:line:column, version_mismatch.
[[nodiscard]] Result<meter::PowerProfile> parse_profile(std::string_view toml,
                                                        std::string_view file_name);

// A wall meter's log: CSV with the columns time (RFC 3339, or seconds since 1970) and watts, in order of time.
// Errors: parse_error with file:line.
[[nodiscard]] Result<meter::PowerTrace> parse_power_trace(std::string_view csv,
                                                          std::string_view file_name);

// The inventory of a life cycle (docs/reference/inventory.md): TOML with units in the key names. Runs of the store are chosen and not yet there.
// Errors: parse_error with file:line:column (not TOML, unknown key with the nearest one, a boundary or unit left out), out_of_range (NaN,
// PUE < 1, a share > 1, a lifetime of 0, low > value).
[[nodiscard]] Result<footprint::Inventory> parse_inventory(std::string_view toml,
                                                           std::string_view file_name);
// The [filing] section of the same file: what the entity states to a filing, and factors that the tables lack (docs/reference/inventory.md). Without
// the section nothing is stated. Errors: as parse_inventory, which refuses the same.
[[nodiscard]] Result<footprint::FilingStatement> parse_filing(std::string_view toml,
                                                              std::string_view file_name);
// "caching=6.7", "region=NO", "chip-load=0.4:0.8", "precision=2.4@training,inference". Errors: invalid_argument (no such lever or phase, no
// factor).
[[nodiscard]] Result<footprint::Lever> parse_lever(std::string_view text);

}  // namespace abate::input
