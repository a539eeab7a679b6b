#include "abate/data/find_row.h"

#include "abate/core/plain_text.h"
#include "abate/data/words.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>

namespace abate::data {
namespace {

using RowRef = LayeredTables::RowRef;

constexpr std::size_t kCandidatesShown = 6;

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what kind of thing, then the name asked for
Error ambiguous(std::string_view what, std::string_view name, const std::vector<RowRef>& rows) {
    std::set<std::string> names;
    for (const RowRef& ref : rows) names.insert(ref.sheet->key_of(ref.row));
    std::string hint = "It could be ";
    std::size_t shown = 0;
    for (const std::string& candidate : names) {
        if (shown++ == kCandidatesShown) break;
        hint += (shown == 1 ? "\"" : ", \"") + candidate + "\"";
    }
    if (names.size() > kCandidatesShown)
        hint += " or " + std::to_string(names.size() - kCandidatesShown) + " more";
    return Error{ErrorCode::invalid_argument,
                 std::string(what) + " \"" + short_text(name) + "\" is ambiguous",
                 "",
                 hint + "."};
}

Result<RowRef> find_row(
    const LayeredTables& tables,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): table, its noun, the name asked for
    std::string_view table,
    std::string_view what,
    std::string_view name) {
    if (const auto exact = tables.row(table, name)) return *exact;
    const std::vector<std::string> wanted = name_words(name);
    std::vector<RowRef> whole;
    std::vector<RowRef> part;
    std::vector<std::string> known;
    tables.each(table, [&](const Sheet& sheet, std::size_t row) {
        const std::string_view key = sheet.view->at(row, sheet.key.front());
        known.emplace_back(key);
        const Match match = match_words(wanted, name_words(key));
        if (match == Match::whole) whole.push_back({&sheet, row});
        if (match == Match::part) part.push_back({&sheet, row});
    });
    const std::vector<RowRef>& found = whole.empty() ? part : whole;
    std::set<std::string> names;
    for (const RowRef& ref : found) names.insert(folded(ref.sheet->key_of(ref.row)));
    if (names.size() == 1) return found.back();  // of the highest layer
    if (names.size() > 1) return ambiguous(what, name, found);
    Error unknown = unknown_name(what, name, known);
    if (unknown.hint.empty())
        unknown.hint = "`abate data list " + std::string(table) + "` shows the names.";
    return unknown;
}

std::vector<RowRef> rows_that_hold(const LayeredTables& tables, std::string_view table) {
    std::vector<RowRef> held;
    std::unordered_set<std::string> higher;
    const std::vector<const Sheet*> sheets = tables.sheets(table);
    for (auto it = sheets.rbegin(); it != sheets.rend(); ++it) {
        const Sheet& sheet = **it;
        std::unordered_set<std::string> own;
        for (std::size_t row = 0; row < sheet.view->rows(); ++row) {
            if (sheets.size() > 1) {
                std::string key = folded(sheet.key_of(row));
                if (higher.count(key) != 0) continue;
                own.insert(std::move(key));
            }
            held.push_back({&sheet, row});
        }
        higher.merge(own);
    }
    return held;
}

Ranged spread_of(std::vector<double> values) {
    ABATE_REQUIRE(!values.empty());
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {median, values.front(), values.back(), RangeKind::interval90};
}

Ranged device_range(double value) {
    return {value, value / kEmbodiedSpread, value * kEmbodiedSpread, RangeKind::interval90};
}

std::string joined(const std::set<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : "; ") + word;
    return text;
}

// --- RowReader

RowReader::RowReader(const LayeredTables& tables, const RowRef& ref)
    : tables_(tables), ref_(ref), key_(ref.sheet->key_of(ref.row)) {
    const TableSpec* table = ref.sheet->table;
    layered_ =
        ref.sheet->layer != "built-in" ||
        std::any_of(
            tables.overrides.begin(), tables.overrides.end(), [&](const PlacedOverride& placed) {
                return placed.table == table && same_folded(placed.cell.key, key_);
            });
}

std::string RowReader::text(std::string_view column) const {
    return std::string(ref_.sheet->text(ref_.row, column));
}

std::optional<double> RowReader::maybe(std::string_view column) const {
    if (layered_) {
        const auto cell = tables_.cell(ref_.sheet->table->name, key_, column);
        return cell ? std::optional<double>(cell->value) : std::nullopt;
    }
    return parse_number(ref_.sheet->text(ref_.row, column));
}

double RowReader::number(std::string_view column) const { return maybe(column).value_or(0); }

int RowReader::integer(std::string_view column) const {
    return static_cast<int>(std::lround(number(column)));
}

Cell RowReader::origin() const {
    Cell cell;
    cell.key = key_;
    cell.layer = ref_.sheet->layer;
    cell.year = ref_.sheet->year_of(ref_.row);
    const Source* source = ref_.sheet->source_of(ref_.row);
    cell.source = source != nullptr && !source->name.empty() ? source->name : ref_.sheet->pack;
    cell.licence =
        source != nullptr && !source->licence.empty() ? source->licence : ref_.sheet->licence;
    return cell;
}

}  // namespace abate::data
