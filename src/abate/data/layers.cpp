#include "abate/data/layers.h"

#include "abate/core/plain_text.h"
#include "abate/core/read_file.h"
#include "abate/data/words.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace abate::data {
namespace {

constexpr std::array<std::string_view, 8> kOverrideColumns = {
    "table", "key", "column", "value", "source", "licence", "year", "note"};
constexpr std::size_t kRequiredColumns = 4;
// A pack may have a row for each server of a cloud.
constexpr std::size_t kMostPackBytes = std::size_t{64} << 20;

std::array<std::string*, 8> fields_of(Override& cell) {
    return {&cell.table,
            &cell.key,
            &cell.column,
            &cell.value,
            &cell.source,
            &cell.licence,
            &cell.year,
            &cell.note};
}

std::vector<std::string> table_names() {
    std::vector<std::string> names;
    for (const TableSpec& spec : table_specs()) names.emplace_back(spec.name);
    return names;
}

std::vector<std::string> column_names(const TableSpec& table) {
    std::vector<std::string> names;
    for (const ColumnRule& column : table.columns) names.emplace_back(column.name);
    return names;
}

// Which of kOverrideColumns each header column is.
Result<std::vector<std::size_t>> override_columns(const CsvTable& csv, std::string_view file_name) {
    std::vector<std::size_t> meaning;
    const std::string where = std::string(file_name) + ":1";
    for (const std::string& name : csv.header) {
        const auto found = std::find(kOverrideColumns.begin(), kOverrideColumns.end(), name);
        if (found == kOverrideColumns.end())
            return unknown_name(
                "column", name, {kOverrideColumns.begin(), kOverrideColumns.end()}, where);
        const auto index = static_cast<std::size_t>(found - kOverrideColumns.begin());
        if (std::find(meaning.begin(), meaning.end(), index) != meaning.end())
            return Error{ErrorCode::parse_error,
                         "column \"" + short_text(name) + "\" stands twice",
                         where,
                         ""};
        meaning.push_back(index);
    }
    for (std::size_t i = 0; i < kRequiredColumns; ++i)
        if (std::find(meaning.begin(), meaning.end(), i) == meaning.end())
            return Error{ErrorCode::parse_error,
                         "column \"" + std::string(kOverrideColumns[i]) + "\" is missing",
                         where,
                         "The header is: table,key,column,value,source,licence,year,note."};
    return meaning;
}

// The cells of an overrides.csv as text, unchecked.
struct OverrideLine {
    Override cell;
    std::size_t line = 0;
};
Result<std::vector<OverrideLine>> read_override_lines(std::string_view text,
                                                      std::string_view file_name) {
    const Result<CsvTable> csv = parse_csv(text, file_name);
    if (!csv) return csv.error();
    const Result<std::vector<std::size_t>> meaning = override_columns(*csv, file_name);
    if (!meaning) return meaning.error();
    std::vector<OverrideLine> lines;
    for (std::size_t row = 0; row < csv->rows.size(); ++row) {
        OverrideLine& line = lines.emplace_back();
        line.line = csv->lines[row];
        const auto fields = fields_of(line.cell);
        for (std::size_t i = 0; i < meaning->size(); ++i)
            *fields[(*meaning)[i]] = csv->rows[row][i];
    }
    return lines;
}

// Header and cells of a pack's table: the key columns are there, each column is known, each number
// possible, each year a year.
Result<void> check_pack_table(const PackFile& file) {
    const TableSpec& table = *file.table;
    const CsvView& view = file.view;
    for (std::string_view key : table.key)
        if (!view.column(key))
            return Error{ErrorCode::parse_error,
                         "column \"" + std::string(key) + "\" is missing",
                         file.path + ":1",
                         "Every row of " + std::string(table.name) + " needs it."};
    for (std::size_t column = 0; column < view.header.size(); ++column) {
        const ColumnRule* rule = find_column(table, view.header[column]);
        const bool year = view.header[column] == "year";
        for (std::size_t row = 0; row < view.rows(); ++row) {
            const std::string_view text = view.at(row, column);
            const std::string where = file.path + ":" + std::to_string(view.lines[row]);
            if (text.empty()) continue;
            if (year && !parse_year(text))
                return Error{ErrorCode::parse_error,
                             "year = \"" + short_text(text) + "\" is not a year",
                             where,
                             "Write it as 2025."};
            if (rule == nullptr) continue;
            const Result<double> value = checked_value(*rule, text, where);
            if (!value) return value.error();
        }
    }
    return {};
}

Result<void> read_pack_head(const std::string& folder, Pack& pack) {
    const std::string path = folder + "/pack.csv";
    const Result<std::string> text = read_text(path);
    if (!text) return text.error();
    const Result<CsvView> view = scan_csv(*text, path);
    if (!view) return view.error();
    const auto name = view->column("name");
    const auto licence = view->column("licence");
    const auto attribution = view->column("attribution");
    if (!name || !licence || !attribution || view->rows() != 1)
        return Error{ErrorCode::parse_error,
                     "a pack.csv has the columns name,licence,attribution and one row",
                     path + ":1",
                     ""};
    pack.name = view->at(0, *name);
    pack.licence = view->at(0, *licence);
    pack.attribution = view->at(0, *attribution);
    if (pack.name.empty() || pack.licence.empty())
        return Error{ErrorCode::parse_error,
                     "a pack needs a name and a licence",
                     path + ":" + std::to_string(view->lines[0]),
                     "Write \"own data\" if it is yours alone."};
    return {};
}

Result<PackFile> read_pack_file(const std::filesystem::path& path) {
    PackFile file;
    file.path = path.string();
    const std::string stem = path.stem().string();
    file.table = find_table(stem);
    if (file.table == nullptr && stem != "sources") {
        std::vector<std::string> known = table_names();
        known.emplace_back("sources");
        return unknown_name("table", stem, known, file.path);
    }
    Result<std::string> text = read_text(file.path, kMostPackBytes);
    if (!text) return text.error();
    file.text = std::make_unique<std::string>(std::move(text).value());
    Result<CsvView> view = scan_csv(*file.text, file.path);
    if (!view) return view.error();
    file.view = std::move(view).value();
    if (file.table != nullptr) {
        const Result<void> checked = check_pack_table(file);
        if (!checked) return checked.error();
    }
    return Result<PackFile>(std::move(file));
}

}  // namespace

Result<std::string> read_text(const std::string& path, std::size_t most_bytes) {
    Result<std::string> text = read_regular_file(path, most_bytes);
    if (text) return text;
    Error error = text.error();
    if (error.code == ErrorCode::not_found || error.code == ErrorCode::invalid_argument)
        error.hint = "Check the path, or take it out of the settings.";
    return error;
}

Result<void> resolve(PlacedOverride& placed) {
    placed.table = find_table(placed.cell.table);
    if (placed.table == nullptr)
        return unknown_name("table", placed.cell.table, table_names(), placed.where);
    if (placed.cell.key.empty())
        return Error{ErrorCode::parse_error,
                     "the key is empty",
                     placed.where,
                     "`abate data list " + placed.cell.table + "` shows the keys."};
    const ColumnRule* column = find_column(*placed.table, placed.cell.column);
    if (column == nullptr)
        return unknown_name("column of " + placed.cell.table,
                            placed.cell.column,
                            column_names(*placed.table),
                            placed.where);
    const Result<double> value = checked_value(*column, placed.cell.value, placed.where);
    if (!value) return value.error();
    placed.value = *value;
    if (placed.cell.year.empty()) return {};
    const std::optional<int> year = parse_year(placed.cell.year);
    if (!year)
        return Error{ErrorCode::parse_error,
                     "year = \"" + short_text(placed.cell.year) + "\" is not a year",
                     placed.where,
                     "Write it as 2025, or leave it empty."};
    placed.year = *year;
    return {};
}

Result<std::vector<PlacedOverride>> parse_overrides(
    std::string_view text,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the file, then the layer it belongs to; three calls, all in layers.cpp
    std::string_view file_name,
    std::string_view layer) {
    const Result<std::vector<OverrideLine>> lines = read_override_lines(text, file_name);
    if (!lines) return lines.error();
    std::vector<PlacedOverride> overrides;
    for (const OverrideLine& line : *lines) {
        PlacedOverride placed;
        placed.cell = line.cell;
        placed.layer = layer;
        placed.where = std::string(file_name) + ":" + std::to_string(line.line);
        const Result<void> resolved = resolve(placed);
        if (!resolved) return resolved.error();
        overrides.push_back(std::move(placed));
    }
    return overrides;
}

Result<PlacedOverride> parse_option(std::string_view text) {
    const std::string where = "--set " + short_text(text);
    const std::size_t equals = text.rfind('=');
    const std::size_t first = text.find('/');
    const std::size_t last = equals == std::string_view::npos ? equals : text.rfind('/', equals);
    if (equals == std::string_view::npos || last == std::string_view::npos || first >= last)
        return Error{ErrorCode::parse_error,
                     "not of the form TABLE/KEY/COLUMN=VALUE",
                     where,
                     "For example: --set grid_intensity_annual/FR/life_cycle_gco2e_per_kwh=35."};
    PlacedOverride placed;
    placed.layer = "option";
    placed.where = where;
    placed.cell.table = text.substr(0, first);
    placed.cell.key = text.substr(first + 1, last - first - 1);
    placed.cell.column = text.substr(last + 1, equals - last - 1);
    placed.cell.value = text.substr(equals + 1);
    const Result<void> resolved = resolve(placed);
    if (!resolved) return resolved.error();
    return placed;
}

Result<std::string> with_override(std::string_view text,
                                  std::string_view file_name,
                                  const Override& added) {
    std::vector<OverrideLine> lines;
    if (!text.empty()) {
        Result<std::vector<OverrideLine>> read = read_override_lines(text, file_name);
        if (!read) return read.error();
        lines = std::move(read).value();
    }
    lines.erase(std::remove_if(lines.begin(),
                               lines.end(),
                               [&](const OverrideLine& line) {
                                   return line.cell.table == added.table &&
                                          same_folded(line.cell.key, added.key) &&
                                          line.cell.column == added.column;
                               }),
                lines.end());
    lines.push_back({added, 0});
    std::string out = csv_line({kOverrideColumns.begin(), kOverrideColumns.end()});
    for (OverrideLine& line : lines) {
        std::vector<std::string> fields;
        for (const std::string* field : fields_of(line.cell)) fields.push_back(*field);
        out += csv_line(fields);
    }
    return out;
}

Result<Pack> read_pack(const std::string& folder) {
    Pack pack;
    const Result<void> head = read_pack_head(folder, pack);
    if (!head) return head.error();
    std::error_code error;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.path().extension() == ".csv" && entry.path().filename() != "pack.csv")
            paths.push_back(entry.path());
    if (error) return Error{ErrorCode::io_error, "cannot list it: " + error.message(), folder, ""};
    std::sort(paths.begin(), paths.end());
    for (const std::filesystem::path& path : paths) {
        Result<PackFile> file = read_pack_file(path);
        if (!file) return file.error();
        pack.files.push_back(std::move(file).value());
    }
    return Result<Pack>(std::move(pack));
}

}  // namespace abate::data
