#include "abate/input/intensity.h"

#include "abate/core/plain_text.h"
#include "abate/input/entsoe_xml.h"
#include "abate/input/intensity_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace abate::input {
namespace {

using data::AnyHourlySeries;
using data::GenerationMix;
using data::HourValue;
using data::Plant;

// A grid that burns nothing but oil shale stays below; more is a slip of units.
constexpr double kMostGramsPerKwh = 3000;
// No grid is cleaner over its life cycle than wind alone (11); a file of less is in kg.
constexpr double kLeastMeanLifeCycle = 2;

struct FormatName {
    IntensityFormat format;
    const char* name;
};
constexpr std::array<FormatName, 6> kFormats{
    {{IntensityFormat::plain, "plain"},
     {IntensityFormat::electricity_maps, "electricity-maps"},
     {IntensityFormat::entsoe, "entsoe"},
     {IntensityFormat::entsoe_xml, "entsoe-xml"},
     {IntensityFormat::eia930, "eia-930"},
     {IntensityFormat::neso, "neso"}}};

// What one importer found; `parse_intensity` makes the series of it.
struct Found {
    std::vector<IntensitySample> samples;
    data::HourlySource source;
    Signal signal = Signal::average;
    Basis basis = Basis::life_cycle;
    std::vector<std::string> notes;
};

constexpr const char* kNumberHint =
    "with a decimal point; a comma only parts thousands, as in 1,234.5";

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere
Error bad_cell(const CsvFile& csv, std::size_t row, std::size_t column, const char* what) {
    const bool generation = std::string_view(what).find("MW") != std::string_view::npos;
    return Error{
        ErrorCode::parse_error,
        fmt::format("'{}' is {}", short_text(csv.at(row, column)), what),
        csv.where(row, column),
        fmt::format(
            "Write {} as a number {}", generation ? "megawatts" : "g CO2e/kWh", kNumberHint)};
}

Error placed(Error error, std::string where) {
    error.where = std::move(where);
    return error;
}

// g CO2e/kWh of a cell; an empty one is an hour that is not known.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere
Result<HourValue> intensity_cell(const CsvFile& csv, std::size_t row, std::size_t column) {
    const std::string_view text = csv.at(row, column);
    if (text.empty()) return HourValue{};
    const std::optional<double> value = parse_number(text);
    if (!value) return bad_cell(csv, row, column, "no number");
    if (*value < 0 || *value > kMostGramsPerKwh) {
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} g CO2e/kWh cannot be", *value),
                     csv.where(row, column),
                     "Intensities lie between 0 and 3000"};
    }
    return HourValue{.value = *value, .low = *value, .high = *value, .known = true};
}

Error no_basis(IntensityFormat format, const std::string& where, const char* hint) {
    return Error{ErrorCode::unsupported,
                 fmt::format("the format {} has no such figure", to_string(format)),
                 where,
                 hint};
}

// A zone as a publisher or as Electricity Maps names it: "CISO" is "US-CAL-CISO".
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
bool same_zone(std::string_view in_file, std::string_view wanted) {
    return plain_name(in_file) == plain_name(wanted) ||
           plain_name(wanted).ends_with("-" + plain_name(in_file));
}

// The rows of the wanted zone. Errors: not_found, with the zones of the file; parse_error where nobody says which of several.
Result<std::vector<std::size_t>> rows_of_zone(const CsvFile& csv,
                                              std::optional<std::size_t> column,
                                              std::string& zone) {
    std::vector<std::size_t> rows;
    std::set<std::string> zones;
    for (std::size_t row = 0; row < csv.rows(); ++row) {
        if (column) {
            const std::string_view name = csv.at(row, *column);
            if (zones.size() < 100) zones.emplace(name);
            if (!zone.empty() && !same_zone(name, zone)) continue;
        }
        rows.push_back(row);
    }
    if (!column || (zone.empty() && zones.size() <= 1)) {
        if (zone.empty() && !zones.empty()) zone = *zones.begin();
        return rows;
    }
    std::string list;
    for (const std::string& name : zones) {
        if (list.size() > 200) break;
        list += (list.empty() ? "" : ", ") + short_text(name);
    }
    if (zone.empty())
        return Error{ErrorCode::invalid_argument,
                     "the file has several zones: " + list,
                     csv.file_name(),
                     "Say which one with --zone"};
    if (rows.empty() && !zones.empty())
        return Error{ErrorCode::not_found,
                     "the file has no zone '" + short_text(zone) + "'",
                     csv.file_name(),
                     "It has " + list};
    return rows;
}

// --- plain

Result<Timestamp> plain_time(
    const CsvFile& csv,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column
    std::size_t row,
    std::size_t column,
    const IntensityOptions& options,
    bool utc) {
    const std::string_view text = csv.at(row, column);
    std::int64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (!text.empty() && error == std::errc{} && stop == text.data() + text.size()) {
        if (!options.first_hour)
            return Error{
                ErrorCode::parse_error,
                fmt::format("'{}' counts hours, and nothing says from when", short_text(text)),
                csv.where(row, column),
                "Say when hour 0 begins: --first-hour 2024-01-01T00:00Z"};
        if (count < 0 || count > 1'000'000)
            return Error{ErrorCode::out_of_range,
                         fmt::format("there is no hour {}", short_text(text)),
                         csv.where(row, column),
                         "Hours count from 0"};
        return Timestamp{options.first_hour->us + count * data::kHourUs};
    }
    const Result<Timestamp> time = parse_instant(text, utc);
    if (!time) return placed(time.error(), csv.where(row, column));
    return *time;
}

struct PlainColumns {
    std::size_t time = 0;
    bool utc = false;
    std::size_t value = 0;
    bool bare = false;  // g_per_kwh: its name does not say what it is
    std::optional<std::size_t> low;
    std::optional<std::size_t> high;
    std::optional<std::size_t> estimated;
};

std::optional<std::size_t> first_column(const CsvFile& csv,
                                        std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const auto column = csv.column(name)) return column;
    return std::nullopt;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): two enums of different type
std::optional<PlainColumns> plain_columns(const CsvFile& csv, Signal signal, Basis basis) {
    PlainColumns columns;
    const auto utc = first_column(
        csv, {"hour_utc", "time_utc", "datetime_utc", "start_utc", "time (utc)", "hour (utc)"});
    const auto any = first_column(csv, {"hour", "time", "datetime", "start"});
    if (!utc && !any) return std::nullopt;
    columns.utc = utc.has_value();
    columns.time = utc ? *utc : *any;
    std::optional<std::size_t> value;
    if (signal == Signal::marginal)
        value = first_column(csv, {"marginal_g_per_kwh"});
    else if (basis == Basis::direct)
        value = first_column(csv, {"direct_g_per_kwh", "direct_gco2e_per_kwh"});
    else
        value = first_column(csv,
                             {"lca_g_per_kwh", "life_cycle_g_per_kwh", "life_cycle_gco2e_per_kwh"});
    if (!value) {
        value = first_column(csv, {"g_per_kwh", "gco2e_per_kwh"});
        columns.bare = value.has_value();
    }
    if (!value) return std::nullopt;
    columns.value = *value;
    columns.low = csv.column("low_g_per_kwh");
    columns.high = csv.column("high_g_per_kwh");
    columns.estimated = csv.column("estimated");
    return columns;
}

Result<HourValue> plain_value(const CsvFile& csv, std::size_t row, const PlainColumns& columns) {
    Result<HourValue> value = intensity_cell(csv, row, columns.value);
    if (!value || !value->known) return value;
    if (columns.low && columns.high) {
        const Result<HourValue> low = intensity_cell(csv, row, *columns.low);
        const Result<HourValue> high = intensity_cell(csv, row, *columns.high);
        if (!low) return low.error();
        if (!high) return high.error();
        if (low->known && high->known && low->value > high->value)
            return Error{
                ErrorCode::out_of_range,
                fmt::format("the low end, {}, is above the high end, {}", low->value, high->value),
                csv.where(row, *columns.low),
                "It must be low <= value <= high"};
        if (low->known) value->low = std::min(low->value, value->value);
        if (high->known) value->high = std::max(high->value, value->value);
    }
    if (columns.estimated) {
        const std::string text = plain_name(csv.at(row, *columns.estimated));
        value->estimated = text == "1" || text == "true" || text == "yes";
    }
    return value;
}

// Signal and basis: what the file's remarks say, which the options may not contradict; else the options'; else the defaults.
Result<void> read_meaning(const CsvFile& csv, const IntensityOptions& options, Found& found) {
    const std::optional<Signal> signal = data::parse_signal(csv.remark("signal"));
    const std::optional<Basis> basis = data::parse_basis(csv.remark("basis"));
    if ((signal && options.signal && *signal != *options.signal) ||
        (basis && options.basis && *basis != *options.basis)) {
        return Error{ErrorCode::invalid_argument,
                     fmt::format("the file says that it holds {} {} intensities",
                                 data::to_string(signal.value_or(Signal::average)),
                                 data::to_string(basis.value_or(Basis::life_cycle))),
                     csv.file_name(),
                     "Leave --signal and --basis out, or give another file"};
    }
    found.signal = signal ? *signal : options.signal.value_or(Signal::average);
    found.basis = basis ? *basis : options.basis.value_or(Basis::life_cycle);
    const bool said = signal || options.signal || basis || options.basis;
    if (!said && !plain_columns(csv, Signal::average, Basis::life_cycle)) {
        // A column that names another meaning is taken at its word.
        if (plain_columns(csv, Signal::average, Basis::direct))
            found.basis = Basis::direct;
        else if (csv.column("marginal_g_per_kwh"))
            found.signal = Signal::marginal;
    }
    // Marginal figures are published for the stack (WattTime, UNFCCC) unless somebody says otherwise.
    if (found.signal == Signal::marginal && !basis && !options.basis) found.basis = Basis::direct;
    return {};
}

// What the file says of itself, and what its user says of it.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the file's zone, then the option's
Result<void> check_zone_of_file(const std::string& in_file,
                                const std::string& wanted,
                                const std::string& file_name) {
    if (in_file.empty() || wanted.empty() || same_zone(in_file, wanted)) return {};
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the file says that these are the hours of {}, not of {}",
                             short_text(in_file),
                             short_text(wanted)),
                 file_name,
                 "Leave --zone out, or give another file"};
}

Result<Found> read_plain(const CsvFile& csv, const IntensityOptions& options) {
    Found found;
    if (const Result<void> fine = read_meaning(csv, options, found); !fine) return fine.error();
    if (const Result<void> fine =
            check_zone_of_file(csv.remark("zone"), options.zone, csv.file_name());
        !fine)
        return fine.error();
    const std::optional<PlainColumns> columns = plain_columns(csv, found.signal, found.basis);
    if (!columns)
        return Error{ErrorCode::parse_error,
                     fmt::format("there is no column of {} {} intensities by hour",
                                 data::to_string(found.signal),
                                 data::to_string(found.basis)),
                     csv.where_header(),
                     "Name the columns hour,g_per_kwh (or lca_g_per_kwh, direct_g_per_kwh, "
                     "marginal_g_per_kwh)"};
    if (columns->bare && csv.remark("basis").empty() && !(options.basis && options.signal)) {
        found.notes.push_back(
            fmt::format("its g_per_kwh are taken as {} {}; --signal and --basis say otherwise",
                        data::to_string(found.signal),
                        data::to_string(found.basis)));
    }
    for (std::size_t row = 0; row < csv.rows(); ++row) {
        const Result<Timestamp> time =
            plain_time(csv, row, columns->time, options, columns->utc || options.utc);
        if (!time) return time.error();
        const Result<HourValue> value = plain_value(csv, row, *columns);
        if (!value) return value.error();
        found.samples.push_back({*time, *value, csv.where(row, columns->time), 0});
    }
    found.source = {.zone = csv.remark("zone"),
                    .source = csv.remark("source"),
                    .licence = csv.remark("licence"),
                    .method = csv.remark("method"),
                    .key = csv.file_name()};
    return found;
}

// --- Electricity Maps

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
std::optional<std::size_t> column_with(const CsvFile& csv, std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < csv.header().size(); ++i) {
        const std::string name = plain_name(csv.header()[i]);
        if (name.find(a) != std::string::npos && name.find(b) != std::string::npos) return i;
    }
    return std::nullopt;
}

Result<Found> read_electricity_maps(const CsvFile& csv, const IntensityOptions& options) {
    Found found;
    found.basis = options.basis.value_or(Basis::life_cycle);
    if (options.signal == Signal::marginal)
        return no_basis(
            IntensityFormat::electricity_maps, csv.file_name(), "Its figures are averages");
    const auto time = csv.column("datetime (utc)");
    std::optional<std::size_t> value = column_with(csv, "carbon intensity", "direct");
    if (found.basis == Basis::life_cycle) {
        value = column_with(csv, "carbon intensity", "life cycle");
        if (!value) value = column_with(csv, "carbon intensity", "lca");
    }
    if (!time || !value)
        return Error{
            ErrorCode::parse_error,
            fmt::format("there is no column of {} intensities", data::to_string(found.basis)),
            csv.where_header(),
            "Electricity Maps' hourly files have 'Datetime (UTC)' and 'Carbon intensity gCO2eq/kWh "
            "(Life cycle)'"};
    found.source = {.zone = options.zone,
                    .source = "Electricity Maps, hourly data",
                    .licence = "ODbL-1.0",
                    .method = "flow-traced consumption",
                    .key = csv.file_name()};
    const auto estimated = csv.column("data estimated");
    const Result<std::vector<std::size_t>> rows =
        rows_of_zone(csv, csv.column("zone id"), found.source.zone);
    if (!rows) return rows.error();
    for (const std::size_t row : *rows) {
        const Result<Timestamp> start = parse_instant(csv.at(row, *time), true);
        if (!start) return placed(start.error(), csv.where(row, *time));
        Result<HourValue> hour = intensity_cell(csv, row, *value);
        if (!hour) return hour.error();
        hour->estimated = estimated && plain_name(csv.at(row, *estimated)) == "true";
        found.samples.push_back({*start, *hour, csv.where(row, *time), 0});
    }
    return found;
}

// --- generation by source

struct PlantColumn {
    std::size_t column = 0;
    Plant plant = Plant::other;
};

bool is_blank(std::string_view text) {
    const std::string name = plain_name(text);
    return name.empty() || name == "-" || name == "n/e" || name == "n/a";
}

// Columns that hold a number anywhere in `rows`: a kind of plant that the zone does not have is blank throughout.
Result<std::vector<PlantColumn>> used_columns(const CsvFile& csv,
                                              const std::vector<std::size_t>& rows,
                                              std::vector<PlantColumn> columns) {
    std::erase_if(columns, [&](const PlantColumn& c) {
        return std::all_of(rows.begin(), rows.end(), [&](std::size_t row) {
            return is_blank(csv.at(row, c.column));
        });
    });
    if (columns.empty())
        return Error{ErrorCode::parse_error,
                     "no column of generation holds a number",
                     csv.where_header(),
                     "Export generation by production type"};
    return columns;
}

// The mix of one row; absent where any of its columns is blank, for what is not reported is not zero.
Result<std::optional<GenerationMix>> mix_of(const CsvFile& csv,
                                            std::size_t row,
                                            const std::vector<PlantColumn>& columns) {
    GenerationMix mix;
    bool whole = true;
    for (const PlantColumn& c : columns) {
        const std::string_view text = csv.at(row, c.column);
        if (is_blank(text)) {
            whole = false;
            continue;
        }
        const std::optional<double> value = parse_number(text);
        if (!value || *value > 1e9 || *value < -1e9)
            return bad_cell(csv, row, c.column, "no generation in MW");
        mix[c.plant] += std::max(0.0, *value);
    }
    if (!whole) return std::optional<GenerationMix>();
    return std::optional<GenerationMix>(mix);
}

HourValue production_hour(const std::optional<GenerationMix>& mix,
                          const data::FuelFactors& factors) {
    return mix ? data::production_intensity(*mix, factors) : HourValue{};
}

// What all production-based formats say and refuse.
Result<Found> production_source(IntensityFormat format,
                                const IntensityOptions& options,
                                const std::string& file_name,
                                data::HourlySource source) {
    if (options.basis == Basis::direct)
        return no_basis(format, file_name, "Generation by source has life-cycle medians only");
    if (options.signal == Signal::marginal)
        return no_basis(format, file_name, "A mix of plants makes an average");
    if (options.factors == nullptr)
        return Error{ErrorCode::internal, "no medians of plants were given", file_name, ""};
    Found found;
    source.zone = options.zone;
    source.key = file_name;
    source.source += "; " + options.factors->source;
    source.method = "production based, IPCC AR5 medians";
    found.source = std::move(source);
    return found;
}

// "Fossil Gas", as ENTSO-E names the 20 kinds of its code list B01 to B20.
std::optional<Plant> entsoe_plant(const std::string& name) {
    static const std::map<std::string, Plant> kPlants{
        {"biomass", Plant::biomass},
        {"fossil brown coal/lignite", Plant::coal},
        {"fossil coal-derived gas", Plant::gas},
        {"fossil gas", Plant::gas},
        {"fossil hard coal", Plant::coal},
        {"fossil oil", Plant::oil},
        {"fossil oil shale", Plant::coal},
        {"fossil peat", Plant::coal},
        {"geothermal", Plant::geothermal},
        {"hydro run-of-river and poundage", Plant::hydro},
        {"hydro run-of-river and pondage", Plant::hydro},
        {"hydro water reservoir", Plant::hydro},
        {"marine", Plant::hydro},
        {"nuclear", Plant::nuclear},
        {"other", Plant::other},
        {"other renewable", Plant::other},
        {"solar", Plant::solar},
        {"waste", Plant::other},
        {"wind offshore", Plant::wind_offshore},
        {"wind onshore", Plant::wind_onshore}};
    const auto found = kPlants.find(name);
    if (found == kPlants.end()) return std::nullopt;
    return found->second;
}

// "31.03.2024 02:00 - 31.03.2024 03:00 (UTC)", or with slashes and seconds: start and length.
Result<std::pair<Timestamp, std::int64_t>> entsoe_unit(std::string_view text, bool utc) {
    const std::size_t dash = text.find(" - ");
    const std::string name = plain_name(text);
    if (dash == std::string_view::npos)
        return Error{ErrorCode::parse_error,
                     fmt::format("'{}' is no market time unit", short_text(text)),
                     "",
                     "ENTSO-E writes 31.03.2024 02:00 - 31.03.2024 03:00 (UTC)"};
    if (name.find("cet") != std::string::npos || name.find("cest") != std::string::npos ||
        name.find("wet") != std::string::npos || name.find("eet") != std::string::npos)
        return Error{ErrorCode::parse_error,
                     fmt::format("'{}' is a local time", short_text(text)),
                     "",
                     "Export the file with the time zone UTC"};
    const bool said = name.find("(utc)") != std::string::npos;
    const auto one = [&](std::string_view part) -> Result<Timestamp> {
        while (part.starts_with(' ')) part.remove_prefix(1);
        if (part.size() < 16)
            return Error{
                ErrorCode::parse_error, fmt::format("'{}' is no time", short_text(text)), "", ""};
        const std::string iso = fmt::format("{}-{}-{} {}",
                                            part.substr(6, 4),
                                            part.substr(3, 2),
                                            part.substr(0, 2),
                                            part.substr(11, 5));
        return parse_instant(iso, utc || said);
    };
    const Result<Timestamp> start = one(text.substr(0, dash));
    if (!start) return start.error();
    const Result<Timestamp> end = one(text.substr(dash + 3));
    if (!end) return end.error();
    return std::pair(*start, end->us - start->us);
}

// The column of time, "MTU" or "MTU (UTC)".
std::optional<std::size_t> mtu_column(const CsvFile& csv) {
    for (std::size_t i = 0; i < csv.header().size(); ++i)
        if (plain_name(csv.header()[i]).starts_with("mtu")) return i;
    return std::nullopt;
}

std::vector<PlantColumn> entsoe_columns(const CsvFile& csv) {
    std::vector<PlantColumn> columns;
    for (std::size_t i = 0; i < csv.header().size(); ++i) {
        const std::string name = plain_name(csv.header()[i]);
        const std::size_t tail = name.find(" - actual aggregated [mw]");
        if (tail == std::string::npos) continue;
        if (const std::optional<Plant> plant = entsoe_plant(name.substr(0, tail)))
            columns.push_back({i, *plant});
    }
    return columns;
}

// One row a time and kind of plant.
Result<Found> read_entsoe_long(const CsvFile& csv,
                               const IntensityOptions& options,
                               Found found,
                               bool utc) {
    const std::size_t mtu = *mtu_column(csv);
    const auto type = csv.column("production type");
    const auto amount =
        first_column(csv, {"generation (mw)", "actual aggregated (mw)", "actual aggregated [mw]"});
    if (!type || !amount)
        return Error{ErrorCode::parse_error,
                     "there is no column of generation",
                     csv.where_header(),
                     "Export actual generation per production type"};
    const Result<std::vector<std::size_t>> rows =
        rows_of_zone(csv, std::nullopt, found.source.zone);
    struct Unit {
        GenerationMix mix;
        std::string where;
        std::int64_t length_us = 0;
        bool whole = true;
        std::set<std::string> types;
    };
    std::map<Timestamp, Unit> units;
    for (const std::size_t row : *rows) {
        const auto unit = entsoe_unit(csv.at(row, mtu), utc);
        if (!unit) return placed(unit.error(), csv.where(row, mtu));
        Unit& here = units[unit->first];
        here.length_us = unit->second;
        if (here.where.empty()) here.where = csv.where(row, mtu);
        const std::string name = plain_name(csv.at(row, *type));
        const std::optional<Plant> plant = entsoe_plant(name);
        if (!plant || plain_name(csv.at(row, *amount)) == "n/e") continue;
        if (!here.types.insert(name).second)
            return Error{
                ErrorCode::parse_error,
                fmt::format("{} of {} stands twice", short_text(name), to_rfc3339(unit->first)),
                csv.where(row, mtu),
                "Give a file of one area"};
        if (is_blank(csv.at(row, *amount))) {
            here.whole = false;
            continue;
        }
        const std::optional<double> value = parse_number(csv.at(row, *amount));
        if (!value || *value > 1e9 || *value < -1e9)
            return bad_cell(csv, row, *amount, "no generation in MW");
        here.mix[*plant] += std::max(0.0, *value);
    }
    for (const auto& [start, unit] : units) {
        const std::optional<GenerationMix> mix =
            unit.whole ? std::optional<GenerationMix>(unit.mix) : std::nullopt;
        found.samples.push_back(
            {start, production_hour(mix, *options.factors), unit.where, unit.length_us});
    }
    return found;
}

Result<Found> read_entsoe(const CsvFile& csv, const IntensityOptions& options) {
    Result<Found> found = production_source(
        IntensityFormat::entsoe,
        options,
        csv.file_name(),
        {.zone = {},
         .source = "ENTSO-E Transparency Platform, actual generation per production type",
         .licence = "CC-BY-4.0",
         .method = {},
         .key = {}});
    if (!found) return found;
    const auto mtu = mtu_column(csv);
    if (!mtu)
        return Error{ErrorCode::parse_error,
                     "there is no column MTU",
                     csv.where_header(),
                     "ENTSO-E's files have one"};
    const std::string header = plain_name(csv.header()[*mtu]);
    if (header.find("cet") != std::string::npos)
        return Error{ErrorCode::parse_error,
                     "the times are local (" + header + ")",
                     csv.where_header(),
                     "Export the file with the time zone UTC"};
    const bool utc = options.utc || header.find("utc") != std::string::npos;
    const std::vector<PlantColumn> all = entsoe_columns(csv);
    if (all.empty()) return read_entsoe_long(csv, options, std::move(found).value(), utc);
    std::vector<std::size_t> rows(csv.rows());
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = row;
    const Result<std::vector<PlantColumn>> columns = used_columns(csv, rows, all);
    if (!columns) return columns.error();
    for (const std::size_t row : rows) {
        const auto unit = entsoe_unit(csv.at(row, *mtu), utc);
        if (!unit) return placed(unit.error(), csv.where(row, *mtu));
        const Result<std::optional<GenerationMix>> mix = mix_of(csv, row, *columns);
        if (!mix) return mix.error();
        found->samples.push_back({unit->first,
                                  production_hour(*mix, *options.factors),
                                  csv.where(row, *mtu),
                                  unit->second});
    }
    return found;
}

// --- EIA-930

// "Net Generation (MW) from Natural Gas (Adjusted)": which plant, if it makes anything.
std::optional<Plant> eia_plant(std::string_view fuel) {
    static const std::vector<std::pair<std::string, std::optional<Plant>>> kBegins{
        {"coal", Plant::coal},
        {"natural gas", Plant::gas},
        {"nuclear", Plant::nuclear},
        {"all petroleum", Plant::oil},
        {"hydropower", Plant::hydro},
        {"solar", Plant::solar},
        {"wind", Plant::wind_onshore},
        {"geothermal", Plant::geothermal},
        {"other energy storage", std::nullopt},
        {"unknown energy storage", std::nullopt},
        {"other", Plant::other},
        {"unknown", Plant::other}};
    for (const auto& [begin, plant] : kBegins)
        if (fuel.starts_with(begin)) return plant;
    return std::nullopt;
}

std::vector<PlantColumn> eia_columns(const CsvFile& csv) {
    constexpr std::string_view kFrom = "net generation (mw) from ";
    // EIA's own cleaning is the last word where it is there.
    bool adjusted = false;
    for (const std::string_view name : csv.header())
        adjusted = adjusted || (plain_name(name).starts_with(kFrom) &&
                                plain_name(name).ends_with("(adjusted)"));
    std::vector<PlantColumn> columns;
    for (std::size_t i = 0; i < csv.header().size(); ++i) {
        const std::string name = plain_name(csv.header()[i]);
        if (!name.starts_with(kFrom) || name.ends_with("(imputed)")) continue;
        if (name.ends_with("(adjusted)") != adjusted) continue;
        if (const auto plant = eia_plant(std::string_view(name).substr(kFrom.size())))
            columns.push_back({i, *plant});
    }
    return columns;
}

// "1/31/2024 6:00:00 AM", or ISO.
Result<Timestamp> eia_time(std::string_view text) {
    int month = 0;
    int day = 0;
    int year = 0;
    int hour = 0;
    const char* at = text.data();
    const char* end = at + text.size();
    const auto take = [&](int& number, char after) {
        const auto [stop, error] = std::from_chars(at, end, number);
        if (error != std::errc{} || stop == end || *stop != after) return false;
        at = stop + 1;
        return true;
    };
    if (!(take(month, '/') && take(day, '/') && take(year, ' ') && take(hour, ':')))
        return parse_instant(text, true);
    const std::string rest(at, end);
    const bool pm = rest.ends_with("PM") || rest.ends_with("pm");
    const bool am = rest.ends_with("AM") || rest.ends_with("am");
    if ((pm || am) && (hour < 1 || hour > 12)) hour = 99;
    if (pm && hour < 12) hour += 12;
    if (am && hour == 12) hour = 0;
    return parse_instant(
        fmt::format("{:04}-{:02}-{:02} {:02}:{}", year, month, day, hour, rest.substr(0, 2)), true);
}

Result<Found> read_eia930(const CsvFile& csv, const IntensityOptions& options) {
    Result<Found> found = production_source(IntensityFormat::eia930,
                                            options,
                                            csv.file_name(),
                                            {.zone = {},
                                             .source = "US EIA, Form EIA-930, hourly balance",
                                             .licence = "public domain (US Government)",
                                             .method = {},
                                             .key = {}});
    if (!found) return found;
    const auto time = csv.column("utc time at end of hour");
    if (!time)
        return Error{ErrorCode::parse_error,
                     "there is no column 'UTC Time at End of Hour'",
                     csv.where_header(),
                     "Give a balance file of EIA-930"};
    const Result<std::vector<std::size_t>> rows =
        rows_of_zone(csv, csv.column("balancing authority"), found->source.zone);
    if (!rows) return rows.error();
    const Result<std::vector<PlantColumn>> columns = used_columns(csv, *rows, eia_columns(csv));
    if (!columns) return columns.error();
    for (const std::size_t row : *rows) {
        const Result<Timestamp> end = eia_time(csv.at(row, *time));
        if (!end) return placed(end.error(), csv.where(row, *time));
        const Result<std::optional<GenerationMix>> mix = mix_of(csv, row, *columns);
        if (!mix) return mix.error();
        found->samples.push_back({{end->us - data::kHourUs},
                                  production_hour(*mix, *options.factors),
                                  csv.where(row, *time),
                                  data::kHourUs});
    }
    return found;
}

// --- NESO (Great Britain), whose half-hours are UTC

Result<Found> read_neso(const CsvFile& csv, const IntensityOptions& options) {
    const auto time = first_column(csv, {"datetime", "from"});
    const auto intensity = first_column(csv, {"carbon_intensity", "actual", "intensity.actual"});
    const Basis basis =
        options.basis.value_or(csv.column("gas") ? Basis::life_cycle : Basis::direct);
    if (options.signal == Signal::marginal)
        return no_basis(IntensityFormat::neso, csv.file_name(), "Its figures are averages");
    if (!time || !intensity)
        return Error{ErrorCode::parse_error,
                     "there is no column of carbon intensity",
                     csv.where_header(),
                     "Give NESO's historic generation mix, or its carbon intensity"};
    Found found;
    std::vector<PlantColumn> columns;
    if (basis == Basis::life_cycle) {
        if (!csv.column("gas"))
            return no_basis(IntensityFormat::neso,
                            csv.file_name(),
                            "NESO's own intensity is direct; its historic generation mix has what "
                            "a life-cycle figure is made of");
        Result<Found> made = production_source(IntensityFormat::neso,
                                               options,
                                               csv.file_name(),
                                               {.zone = {},
                                                .source = "NESO, historic generation mix",
                                                .licence = "NESO Open Data Licence",
                                                .method = {},
                                                .key = {}});
        if (!made) return made;
        found = std::move(made).value();
        const std::pair<const char*, Plant> names[] = {{"gas", Plant::gas},
                                                       {"coal", Plant::coal},
                                                       {"nuclear", Plant::nuclear},
                                                       {"wind", Plant::wind_onshore},
                                                       {"wind_emb", Plant::wind_onshore},
                                                       {"hydro", Plant::hydro},
                                                       {"biomass", Plant::biomass},
                                                       {"other", Plant::other},
                                                       {"solar", Plant::solar}};
        for (const auto& [name, plant] : names)
            if (const auto column = csv.column(name)) columns.push_back({*column, plant});
    } else {
        found.source = {.zone = options.zone,
                        .source = "NESO, carbon intensity of Great Britain",
                        .licence = "NESO Open Data Licence",
                        .method = "generation and imports, direct emissions",
                        .key = csv.file_name()};
    }
    found.basis = basis;
    if (found.source.zone.empty()) found.source.zone = "GB";
    for (std::size_t row = 0; row < csv.rows(); ++row) {
        const Result<Timestamp> start = parse_instant(csv.at(row, *time), true);
        if (!start) return placed(start.error(), csv.where(row, *time));
        HourValue hour;
        if (basis == Basis::direct) {
            Result<HourValue> value = intensity_cell(csv, row, *intensity);
            if (!value) return value.error();
            hour = *value;
        } else {
            const Result<std::optional<GenerationMix>> mix = mix_of(csv, row, columns);
            if (!mix) return mix.error();
            hour = production_hour(*mix, *options.factors);
        }
        found.samples.push_back({*start, hour, csv.where(row, *time), 0});
    }
    return found;
}

// --- ENTSO-E, as the API answers

Result<Found> read_entsoe_xml(std::string_view text,
                              std::string_view file_name,
                              const IntensityOptions& options) {
    Result<Found> found = production_source(
        IntensityFormat::entsoe_xml,
        options,
        std::string(file_name),
        {.zone = {},
         .source = "ENTSO-E Transparency Platform, actual generation per production type",
         .licence = "CC-BY-4.0",
         .method = {},
         .key = {}});
    if (!found) return found;
    const Result<EntsoeDocument> document = parse_entsoe_xml(text, file_name);
    if (!document) return document.error();
    const std::string zone = entsoe_zone(document->area);
    if (!same_grid(zone, options.zone))
        if (const Result<void> fine =
                check_zone_of_file(zone, options.zone, std::string(file_name));
            !fine)
            return fine.error();
    if (found->source.zone.empty()) found->source.zone = zone;
    for (const EntsoeSample& unit : document->samples) {
        found->samples.push_back(
            {unit.start, production_hour(unit.mix, *options.factors), unit.where, unit.length_us});
    }
    return found;
}

std::optional<IntensityFormat> format_of(const CsvFile& csv) {
    if (csv.column("utc time at end of hour")) return IntensityFormat::eia930;
    if (csv.column("datetime (utc)")) return IntensityFormat::electricity_maps;
    if (mtu_column(csv)) return IntensityFormat::entsoe;
    if (csv.column("carbon_intensity") || csv.column("actual") || csv.column("intensity.actual"))
        return IntensityFormat::neso;
    for (const Basis basis : {Basis::life_cycle, Basis::direct})
        if (plain_columns(csv, Signal::average, basis)) return IntensityFormat::plain;
    if (plain_columns(csv, Signal::marginal, Basis::direct)) return IntensityFormat::plain;
    return std::nullopt;
}

bool looks_like_xml(std::string_view text) {
    const std::size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    return first != std::string_view::npos && text[first] == '<';
}

Result<Found> read_any(std::string_view text,
                       std::string_view file_name,
                       const IntensityOptions& options,
                       IntensityFormat& format) {
    if (options.format ? *options.format == IntensityFormat::entsoe_xml : looks_like_xml(text)) {
        format = IntensityFormat::entsoe_xml;
        return read_entsoe_xml(text, file_name, options);
    }
    const Result<CsvFile> csv = CsvFile::read(text, file_name);
    if (!csv) return csv.error();
    const std::optional<IntensityFormat> known = options.format ? options.format : format_of(*csv);
    if (!known)
        return Error{ErrorCode::parse_error,
                     "no format of hourly intensities has such a header",
                     csv->where_header(),
                     "Name one with --format (" + intensity_format_names() +
                         "), or the columns hour,g_per_kwh"};
    format = *known;
    switch (format) {
        case IntensityFormat::electricity_maps:
            return read_electricity_maps(*csv, options);
        case IntensityFormat::entsoe:
            return read_entsoe(*csv, options);
        case IntensityFormat::eia930:
            return read_eia930(*csv, options);
        case IntensityFormat::neso:
            return read_neso(*csv, options);
        default:
            return read_plain(*csv, options);
    }
}

// Hours of another year, and figures in another unit.
Result<void> check_hours(const data::HourlyValues& values,
                         const Found& found,
                         const IntensityOptions& options) {
    double sum = 0;
    std::size_t known = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (options.year && data::year_of(values.hour(i)) != *options.year)
            return Error{
                ErrorCode::out_of_range,
                fmt::format(
                    "the hour {} is not of {}", data::hour_name(values.hour(i)), *options.year),
                found.source.key,
                "Give the file of that year"};
        if (!values.hours()[i].known) continue;
        sum += values.hours()[i].value;
        ++known;
    }
    if (found.basis == Basis::life_cycle && found.signal == Signal::average &&
        sum / static_cast<double>(std::max<std::size_t>(known, 1)) < kLeastMeanLifeCycle)
        return Error{ErrorCode::out_of_range,
                     fmt::format("a mean of {:.3g} g CO2e/kWh is cleaner than wind alone",
                                 sum / static_cast<double>(std::max<std::size_t>(known, 1))),
                     found.source.key,
                     "Are the figures in kg/kWh? Write g/kWh"};
    return {};
}

}  // namespace

const char* to_string(IntensityFormat format) {
    for (const FormatName& entry : kFormats)
        if (entry.format == format) return entry.name;
    return "";
}

std::optional<IntensityFormat> parse_intensity_format(std::string_view text) {
    for (const FormatName& entry : kFormats)
        if (text == entry.name) return entry.format;
    return std::nullopt;
}

std::string intensity_format_names() {
    std::string out;
    for (const FormatName& entry : kFormats)
        out += (out.empty() ? "" : ", ") + std::string(entry.name);
    return out;
}

Result<IntensityFile> parse_intensity(std::string_view text,
                                      std::string_view file_name,
                                      const IntensityOptions& options) {
    IntensityFormat format = IntensityFormat::plain;
    Result<Found> found = read_any(text, file_name, options, format);
    if (!found) return found.error();
    if (!options.zone.empty()) found->source.zone = options.zone;
    const std::int64_t past = minutes_past_the_hour(found->samples);
    const std::size_t rows = found->samples.size();
    if (past != 0 && rows == 1)
        return Error{ErrorCode::parse_error,
                     fmt::format("its one hour begins {} minutes past the UTC hour, so it covers "
                                 "no UTC hour wholly",
                                 past),
                     std::string(file_name),
                     "Give the hours around it too"};
    std::vector<Timestamp> known;
    for (const IntensitySample& sample : found->samples)
        if (sample.value.known) known.push_back(sample.start);
    Result<data::HourlyValues> values =
        fold_into_hours(std::move(found->samples), std::string(file_name));
    if (!values) return values.error();
    const Timestamp end = values->hour(values->size());
    const auto outside = std::count_if(known.begin(), known.end(), [&](Timestamp start) {
        return start < values->first() || start >= end;
    });
    if (past == 0 && outside > 0)
        found->notes.push_back(
            fmt::format("{} at the ends, in hours that the file does not wholly cover, {} left out",
                        outside == 1 ? "a row" : fmt::format("{} rows", outside),
                        outside == 1 ? "is" : "are"));
    if (past != 0)
        found->notes.push_back(fmt::format(
            "its hours begin {} minutes past the UTC hour: each UTC hour is made of parts of two, "
            "and the {} and {} minutes at the ends, which cover no UTC hour wholly, are left out",
            past,
            60 - past,
            past));
    if (const Result<void> fine = check_hours(*values, *found, options); !fine) return fine.error();
    return IntensityFile{
        .series = data::make_series(
            found->signal, found->basis, std::move(found->source), std::move(values).value()),
        .format = format,
        .notes = std::move(found->notes)};
}

}  // namespace abate::input
