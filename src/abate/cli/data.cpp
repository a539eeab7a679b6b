// `abate data list|show|override|check`: the reference tables, what each figure rests on, and the
// cells that a person sets instead.
#include "abate/cli/context.h"
#include "abate/cli/folder_lock.h"
#include "abate/cli/hourly.h"
#include "abate/cli/records.h"
#include "abate/footprint/footprint.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>
#include <set>
#include <utility>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kProjectFile = "abate-overrides.csv";
constexpr const char* kOrganisationFile = "/etc/abate/overrides.csv";

void print_json(const Json& document) {
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// A cell as JSON: null when empty, a number when it is one.
Json cell_json(const std::string& text) {
    if (text.empty()) return nullptr;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) return value;
    return text;
}

// The attribution lines that share-alike data ask for, of the packs whose licence `licences` name.
std::vector<std::string> attributions(const data::Tables& tables,
                                      const std::set<std::string>& licences) {
    std::set<std::string> lines;
    const auto shares_alike = [](const std::string& licence) {
        return licence.find("ODbL") != std::string::npos ||
               licence.find("CC-BY-SA") != std::string::npos;
    };
    if (std::none_of(licences.begin(), licences.end(), shares_alike)) return {};
    for (const data::TableInfo& info : tables.tables()) {
        if (!shares_alike(info.licence) || info.attribution.empty()) continue;
        for (const std::string& licence : licences)
            if (licence.find(info.licence) != std::string::npos) lines.insert(info.attribution);
    }
    return {lines.begin(), lines.end()};
}

void print_attributions(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) fmt::print("\nContains data of {}.\n", line);
}

std::set<std::string> licences_of(const std::vector<data::Row>& rows) {
    std::set<std::string> licences;
    for (const data::Row& row : rows) licences.insert(row.licence);
    return licences;
}

Json row_json(const data::Row& row) {
    Json columns = Json::object();
    for (const auto& [name, text] : row.columns) columns[name] = cell_json(text);
    return {{"table", row.table},
            {"key", row.key},
            {"columns", columns},
            {"layer", row.layer},
            {"source", row.source},
            {"licence", row.licence},
            {"pack", row.pack}};
}

Json rows_json(const data::Tables& tables, const std::vector<data::Row>& rows) {
    Json list = Json::array();
    for (const data::Row& row : rows) list.push_back(row_json(row));
    return {{"rows", list}, {"attributions", attributions(tables, licences_of(rows))}};
}

// Characters, not bytes, of UTF-8 text.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

// Columns as wide as their widest cell, two blanks between.
void print_grid(const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (i == widths.size()) widths.push_back(0);
            widths[i] = std::max(widths[i], width_of(line[i]));
        }
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += line[i];
            if (i + 1 < line.size()) text.append(widths[i] - width_of(line[i]) + 2, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        fmt::print("{}\n", plain_line(text));
    }
}

// --- list

std::string years_text(const data::TableInfo& info) {
    if (info.first_year == 0) return "-";
    if (info.first_year == info.last_year) return std::to_string(info.first_year);
    return fmt::format("{}-{}", info.first_year, info.last_year);
}

struct ImportedHours {
    std::string path;
    data::AnyHourlySeries series;
};

// What was imported; a file that cannot be read is noted.
std::vector<ImportedHours> imported_hours(Context& context) {
    std::vector<ImportedHours> found;
    for (const std::string& path : intensity_files(context)) {
        try {
            found.push_back({path, read_intensity_file(context, path, {}).series});
        } catch (const Failure& failure) {
            context.note("an imported file cannot be read: " + to_string(failure.error()));
        }
    }
    return found;
}

Json hourly_json(Context& context) {
    Json list = Json::array();
    for (const auto& [path, series] : imported_hours(context)) {
        const data::HourlyValues& values = data::values_of(series);
        const data::HourlySource& source = data::source_of(series);
        list.push_back({{"zone", source.zone},
                        {"signal", data::to_string(data::signal_of(series))},
                        {"basis", data::to_string(data::basis_of(series))},
                        {"first_hour", to_rfc3339(values.first())},
                        {"end", to_rfc3339(values.end())},
                        {"hours", values.size()},
                        {"missing", values.missing()},
                        {"source", source.source},
                        {"licence", source.licence},
                        {"file", path}});
    }
    return list;
}

void print_hourly(Context& context) {
    const std::vector<ImportedHours> found = imported_hours(context);
    if (found.empty()) return;
    std::vector<std::vector<std::string>> lines = {
        {"HOURS OF", "SIGNAL", "BASIS", "FIRST", "LAST", "MISSING", "LICENCE"}};
    for (const auto& [path, series] : found) {
        const data::HourlyValues& values = data::values_of(series);
        const data::HourlySource& source = data::source_of(series);
        lines.push_back({plain_line(source.zone),
                         data::to_string(data::signal_of(series)),
                         data::to_string(data::basis_of(series)),
                         data::hour_name(values.first()),
                         data::hour_name(values.hour(values.size() - 1)),
                         std::to_string(values.missing()),
                         source.licence.empty() ? "-" : plain_line(source.licence)});
    }
    fmt::print("\n");
    print_grid(lines);
}

void list_tables(Context& context) {
    const std::vector<data::TableInfo> infos = context.tables().tables();
    if (context.json) {
        Json list = Json::array();
        for (const data::TableInfo& info : infos)
            list.push_back({{"name", info.name},
                            {"pack", info.pack},
                            {"rows", info.rows},
                            {"first_year", info.first_year == 0 ? Json() : Json(info.first_year)},
                            {"last_year", info.last_year == 0 ? Json() : Json(info.last_year)},
                            {"unit", info.unit},
                            {"licence", info.licence},
                            {"attribution", info.attribution}});
        print_json({{"tables", list}, {"hourly", hourly_json(context)}});
        return;
    }
    std::vector<std::vector<std::string>> lines = {
        {"TABLE", "ROWS", "YEARS", "UNIT", "PACK", "LICENCE"}};
    std::set<std::string> licences;
    for (const data::TableInfo& info : infos) {
        lines.push_back({info.name,
                         std::to_string(info.rows),
                         years_text(info),
                         info.unit.empty() ? "-" : info.unit,
                         info.pack,
                         info.licence});
        licences.insert(info.licence);
    }
    print_grid(lines);
    print_attributions(attributions(context.tables(), licences));
    print_hourly(context);
}

// Names of the columns that hold anything in `rows`, in the order they come.
std::vector<std::string> filled_columns(const std::vector<data::Row>& rows) {
    std::vector<std::string> names;
    for (const data::Row& row : rows)
        for (const auto& [name, text] : row.columns)
            if (!text.empty() && std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
    return names;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table, then what to look for in it
void list_rows(Context& context, const std::string& table, const std::string& filter) {
    const data::Tables& tables = context.tables();
    const std::vector<data::Row> rows = value_or_fail(tables.rows(table, filter));
    if (context.json) return print_json(rows_json(tables, rows));
    if (rows.empty()) {
        fmt::print("No row of {} has \"{}\" in its key or name.\n", table, filter);
        return;
    }
    const std::vector<std::string> names = filled_columns(rows);
    std::vector<std::vector<std::string>> lines = {{"KEY"}};
    lines[0].insert(lines[0].end(), names.begin(), names.end());
    lines[0].insert(lines[0].end(), {"layer", "licence"});
    for (const data::Row& row : rows) {
        std::vector<std::string>& line = lines.emplace_back(1, row.key);
        for (const std::string& name : names) {
            const auto cell =
                std::find_if(row.columns.begin(), row.columns.end(), [&](const auto& column) {
                    return column.first == name;
                });
            line.push_back(cell == row.columns.end() || cell->second.empty() ? "-" : cell->second);
        }
        line.push_back(row.layer);
        line.push_back(row.licence.empty() ? "-" : row.licence);
    }
    print_grid(lines);
    print_attributions(attributions(tables, licences_of(rows)));
}

// --- show

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in TABLE/KEY/COLUMN of --set
void show_row(Context& context, const std::string& table, const std::string& key) {
    const data::Tables& tables = context.tables();
    Result<std::vector<data::Row>> found = tables.show(table, key);
    if (!found && table == "accelerators") {
        // The short and the driver's names that `record --chip` takes.
        if (const Result<data::Chip> chip = tables.chip(key))
            found = tables.show(table, chip->name);
    }
    if (!found && table == "models") {
        if (const Result<data::Model> model = tables.model(key))
            found = tables.show(table, model->name);
    }
    if (!found && table == "server_embodied") {
        if (const Result<data::ServerFootprint> server = tables.server_footprint(key))
            found = tables.show(table, server->name);
    }
    const std::vector<data::Row> rows = value_or_fail(std::move(found));
    if (context.json) return print_json(rows_json(tables, rows));
    fmt::print("{} {}\n", table, rows.front().key);
    for (const data::Row& row : rows) {
        std::string cells;
        for (const auto& [name, text] : row.columns)
            if (!text.empty()) cells += fmt::format("  {} {}", name, text);
        fmt::print("  {:<13}{}\n", row.layer, cells.empty() ? "" : plain_line(cells.substr(2)));
        fmt::print("  {:<13}{}{}; {}\n",
                   "",
                   row.source.empty() ? "unsourced" : plain_line(row.source),
                   row.licence.empty() ? "" : " (" + plain_line(row.licence) + ")",
                   plain_line(row.pack));
    }
    if (rows.size() > 1) fmt::print("A later layer wins; within a layer, the newest year.\n");
    print_attributions(attributions(tables, licences_of(rows)));
}

// One thing that is known, or not, about a place.
struct PlaceFigure {
    const char* label;
    Result<data::Figure> figure;
};

Json figure_json(const PlaceFigure& entry) {
    if (!entry.figure)
        return {{"label", entry.label},
                {"value", nullptr},
                {"error", entry.figure.error().what},
                {"hint", entry.figure.error().hint}};
    const Provenance& from = entry.figure->provenance;
    return {{"label", entry.label},
            {"figure", from.figure},
            {"value", from.value},
            {"low", from.low},
            {"high", from.high},
            {"unit", from.unit},
            {"key", from.key},
            {"layer", from.layer},
            {"source", from.source},
            {"year", from.year == 0 ? Json() : Json(from.year)},
            {"basis", from.basis},
            {"licence", from.licence}};
}

void print_figure(const PlaceFigure& entry) {
    if (!entry.figure) {
        fmt::print("  {:<22}not known. {}\n", entry.label, entry.figure.error().hint);
        return;
    }
    const Provenance& from = entry.figure->provenance;
    const std::string unit = from.unit.empty() ? "" : " " + from.unit;
    const std::string range =
        from.low == from.high ? "" : fmt::format(" ({:.4g} to {:.4g})", from.low, from.high);
    fmt::print("  {:<22}{:.4g}{}{}{}\n",
               entry.label,
               from.value,
               unit,
               range,
               from.year == 0 ? "" : ", " + std::to_string(from.year));
    fmt::print(
        "  {:<22}{}; {}; {} layer, row {}\n", "", from.basis, from.source, from.layer, from.key);
    if (!from.licence.empty()) fmt::print("  {:<22}licence: {}\n", "", from.licence);
}

// What `footprint` takes where no table knows the site.
void print_default_pue() {
    const auto of = [](const char* kind) {
        Host host;
        host.kind = kind;
        return footprint::default_pue(host).range;
    };
    const Ranged server = of("server");
    fmt::print(
        "  {:<22}runs use the default {:.4g} ({:.4g} to {:.4g}; laptop or desktop: {:.4g}), "
        "or --pue\n",
        "",
        server.value,
        server.low,
        server.high,
        of("laptop").value);
}

// What one more kWh would cause, as information: no look-up of `data` gives it, so that no footprint can take it.
Result<data::Figure> marginal_figure(const data::Tables& tables, const data::Place& place) {
    const std::string country = place.grid_code.substr(0, place.grid_code.find('-'));
    const Result<std::vector<data::Row>> rows = tables.show("grid_intensity_marginal", country);
    if (!rows)
        return Error{ErrorCode::not_found,
                     "no marginal intensity is known for " + place.name,
                     place.key,
                     "No footprint would use one."};
    const data::Row& top = rows->back();
    const auto number = [&top](std::string_view column) {
        double value = 0;
        for (const auto& [name, text] : top.columns)
            if (name == column) std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    const double value = number("operating_margin_gco2e_per_kwh");
    return data::Figure{exactly(value),
                        {.figure = "marginal_gco2e_per_kwh",
                         .value = value,
                         .low = value,
                         .high = value,
                         .unit = "gCO2e/kWh",
                         .key = top.key,
                         .layer = top.layer,
                         .source = top.source,
                         .year = static_cast<int>(number("year")),
                         .basis = "marginal, operating margin of the country; information only",
                         .licence = top.licence}};
}

void show_place(Context& context, const std::string& text) {
    const data::Tables& tables = context.tables();
    const data::Place place = value_or_fail(tables.place(text));
    const PlaceFigure figures[] = {{"intensity, life cycle", tables.intensity(place)},
                                   {"intensity, direct", tables.intensity_direct(place)},
                                   {"PUE", tables.pue(place)},
                                   {"WUE", tables.wue(place)},
                                   {"marginal, not used", marginal_figure(tables, place)}};
    std::set<std::string> licences;
    for (const PlaceFigure& entry : figures)
        if (entry.figure) licences.insert(entry.figure->provenance.licence);
    const std::vector<std::string> credits = attributions(tables, licences);
    if (context.json) {
        Json list = Json::array();
        for (const PlaceFigure& entry : figures) list.push_back(figure_json(entry));
        print_json({{"place",
                     {{"key", place.key},
                      {"name", place.name},
                      {"provider", place.provider},
                      {"grid_code", place.grid_code},
                      {"zone", place.zone}}},
                    {"figures", list},
                    {"attributions", credits}});
        return;
    }
    fmt::print("{}: {}", place.key, place.name);
    if (!place.provider.empty()) fmt::print(", grid {}", place.grid_code);
    if (!place.zone.empty() && place.zone != place.key) fmt::print(", zone {}", place.zone);
    fmt::print("\n");
    for (const PlaceFigure& entry : figures) {
        print_figure(entry);
        if (&entry == &figures[2] && !entry.figure) print_default_pue();
    }
    print_attributions(credits);
}

std::string joined(const std::vector<std::string>& words, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < words.size(); ++i) text += (i > first ? " " : "") + words[i];
    return text;
}

// `show TABLE KEY`, where the key may be several words, or `show PLACE`.
void show(Context& context, const std::vector<std::string>& words) {
    bool table = words.size() > 1 && words[0].find('_') != std::string::npos;
    for (const char* name : {"accelerators", "cpus", "instances", "models", "places", "zones"})
        table = table || (words.size() > 1 && words[0] == name);
    if (table) return show_row(context, words[0], joined(words, 1));
    show_place(context, joined(words, 0));
}

// --- override

std::string read_or_empty(const std::string& path) { return read_small_file(path).value_or(""); }

struct OverrideOptions {
    data::Override cell;
    bool project = false;  // the default, for people who like to say it
    bool organisation = false;
    std::string file;
};

std::string override_file(Context& context, const OverrideOptions& options) {
    if (!options.file.empty()) return options.file;
    if (!options.organisation) return kProjectFile;
    const std::string& chosen = context.settings().organisation_data;
    return chosen.empty() ? kOrganisationFile : chosen;
}

// A citation is one line of text, and no formula to the spreadsheet that opens the file (docs/reference/exports.md).
std::string cited(const std::string& text) { return guarded_cell(plain_line(text)); }

void override_cell(Context& context, const OverrideOptions& options) {
    data::Override cell = options.cell;
    if (plain_line(cell.key) != cell.key)
        throw Failure({ErrorCode::invalid_argument,
                       "'" + short_text(cell.key) + "' is no key",
                       "KEY",
                       "`abate data list " + short_text(cell.table) + "` shows the keys"});
    for (std::string* text : {&cell.source, &cell.licence, &cell.note}) *text = cited(*text);
    const Result<void> possible = context.tables().check_override(cell);
    if (!possible) throw Failure(possible.error());
    const std::string path = override_file(context, options);
    {
        const FolderLock lock(path);
        write_file(path, value_or_fail(data::with_override(read_or_empty(path), path, cell)));
    }
    if (context.json) {
        print_json({{"override",
                     {{"table", cell.table},
                      {"key", cell.key},
                      {"column", cell.column},
                      {"value", cell_json(cell.value)},
                      {"source", cell.source},
                      {"licence", cell.licence},
                      {"year", cell_json(cell.year)},
                      {"note", cell.note},
                      {"file", path}}}});
        return;
    }
    fmt::print("{}/{}/{} = {} ({})\n", cell.table, cell.key, cell.column, cell.value, path);
    if (cell.source.empty())
        context.note("no --source was given: reports will call this figure \"unsourced\"");
}

// --- check

int current_year(const Context& context) {
    const std::time_t seconds = context.clock.now().wall.us / 1'000'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts.tm_year + 1900;
}

void check(Context& context) {
    const std::vector<std::string> findings = context.tables().check(current_year(context));
    const auto is_error = [](const std::string& line) { return line.rfind("error: ", 0) == 0; };
    if (std::any_of(findings.begin(), findings.end(), is_error)) context.exit_status = 1;
    if (context.json) {
        Json list = Json::array();
        for (const std::string& line : findings) {
            const std::size_t colon = line.find(": ");
            list.push_back(
                {{"severity", line.substr(0, colon)}, {"message", line.substr(colon + 2)}});
        }
        print_json({{"findings", list}});
        return;
    }
    for (const std::string& line : findings) fmt::print("{}\n", line);
    if (findings.empty()) fmt::print("Every row is fresh, possible and sourced.\n");
}

// --- definitions

void add_common(CLI::App& command, Context& context, const char* json_help) {
    command.add_flag("--json", context.json, json_help);
    command.add_option("--set", context.set, "Set a cell for this command: TABLE/KEY/COLUMN=VALUE")
        ->allow_extra_args(false);
}

void add_list(CLI::App& data, Context& context) {
    auto words = std::make_shared<std::pair<std::string, std::string>>();
    CLI::App* list = data.add_subcommand("list", "List the tables, or the rows of one");
    list->add_option("TABLE", words->first, "Its rows instead of the tables");
    list->add_option("FILTER", words->second, "Only rows with this in their key or name");
    add_common(*list, context, "Print {\"tables\": [...]} or {\"rows\": [...]}");
    list->footer("Example:\n  abate data list accelerators h100");
    list->callback([words, &context] {
        if (words->first.empty()) return list_tables(context);
        list_rows(context, words->first, words->second);
    });
}

void add_show_row(CLI::App& data, Context& context) {
    auto words = std::make_shared<std::vector<std::string>>();
    CLI::App* show_command = data.add_subcommand(
        "show", "Show what is known of a place, or every layer of a row with its source");
    show_command->add_option("WORDS", *words, "PLACE, or TABLE KEY")->required();
    add_common(
        *show_command, context, "Print {\"place\": ..., \"figures\": [...]} or {\"rows\": [...]}");
    show_command->footer(
        "Example:\n  abate data show FR\n  abate data show gcp europe-west9\n"
        "  abate data show accelerators NVIDIA H100 SXM5 80GB");
    show_command->callback([words, &context] { show(context, *words); });
}

void add_override(CLI::App& data, Context& context) {
    auto options = std::make_shared<OverrideOptions>();
    data::Override& cell = options->cell;
    CLI::App* command = data.add_subcommand(
        "override", "Set a cell instead of the tables' figure, for all later runs");
    command->add_option("TABLE", cell.table, "As in `abate data list`")->required();
    command->add_option("KEY", cell.key, "As in `abate data list TABLE`; quote blanks")->required();
    command->add_option("COLUMN", cell.column, "One that holds a number")->required();
    command->add_option("VALUE", cell.value, "In the column's unit")->required();
    command->add_option("--source", cell.source, "Where the value comes from, as a citation");
    command->add_option("--licence", cell.licence, "Under which it may be passed on");
    command->add_option("--year", cell.year, "Of the data");
    command->add_option("--note", cell.note, "Anything that helps the next reader");
    auto* project = command->add_flag(
        "--project", options->project, fmt::format("Write to ./{} (the default)", kProjectFile));
    auto* organisation =
        command->add_flag("--organisation",
                          options->organisation,
                          fmt::format("Write to the organisation's file ({})", kOrganisationFile));
    command->add_option("--file", options->file, "Write to this file instead")
        ->excludes(project)
        ->excludes(organisation);
    project->excludes(organisation);
    command->add_flag("--json", context.json, "Print {\"override\": {...}}");
    command->footer(
        "Example:\n  abate data override \"cloud_regions\" \"aws eu-west-3\" pue 1.12 "
        "--source \"operator's letter of 2026-01-15\" --year 2025");
    command->callback([options, &context] { override_cell(context, *options); });
}

void add_check(CLI::App& data, Context& context) {
    CLI::App* command = data.add_subcommand(
        "check", "List figures that are old, impossible or without a source (exit 1: impossible)");
    add_common(*command, context, "Print {\"findings\": [...]}");
    command->footer("Example:\n  abate data check");
    command->callback([&context] { check(context); });
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
    CLI::App* data = app.add_subcommand(
        "data", "Reference tables: rows with their sources, overrides, freshness");
    data->require_subcommand(1);
    data->footer("Example:\n  abate data show FR");
    add_list(*data, context);
    add_show_row(*data, context);
    add_override(*data, context);
    add_import_intensity(*data, context);
    add_check(*data, context);
}

}  // namespace abate::cli
