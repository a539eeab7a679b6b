// What `abate data check` says about the tables that are loaded.
#include "abate/data/data.h"
#include "abate/data/tables_impl.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace abate::data {
namespace {

// Hardware figures count as old this long after they were collected, grid figures (whose year is
// the data's own) after TableSpec::stale_after_years.
constexpr int kHardwareStaleAfterYears = 3;
constexpr std::size_t kNamesShown = 5;

std::string first_names(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    return names.size() > kNamesShown ? text + ", ..." : text;
}

// Keys whose newest row is older than the table allows.
void check_age(const Sheet& sheet, int current_year, std::vector<std::string>& out) {
    const int limit = sheet.table->stale_after_years;
    if (limit == 0 || !sheet.year) return;
    std::map<std::string, int> newest;
    for (std::size_t row = 0; row < sheet.view->rows(); ++row) {
        int& year = newest[sheet.key_of(row)];
        year = std::max(year, sheet.year_of(row));
    }
    std::vector<std::string> old;
    for (const auto& [key, year] : newest)
        if (year != 0 && current_year - year > limit) old.push_back(key);
    if (old.empty()) return;
    out.push_back("warning: " + std::string(sheet.table->name) + " (" + sheet.pack +
                  "): " + std::to_string(old.size()) + " of " + std::to_string(newest.size()) +
                  " keys have no figure newer than " + std::to_string(current_year - limit - 1) +
                  " (" + first_names(old) + ")");
}

// Sources that were collected too long ago, for tables whose rows have no year of data.
void check_retrieval(const Sheet& sheet, int current_year, std::vector<std::string>& out) {
    if (sheet.table->stale_after_years != 0 || sheet.sources == nullptr) return;
    std::map<std::string, std::pair<int, std::size_t>> old;
    for (std::size_t row = 0; row < sheet.view->rows(); ++row) {
        const Source* source = sheet.source_of(row);
        if (source == nullptr || source->retrieved_year == 0) continue;
        if (current_year - source->retrieved_year <= kHardwareStaleAfterYears) continue;
        auto& [year, rows] = old[source->name];
        year = source->retrieved_year;
        ++rows;
    }
    for (const auto& [name, entry] : old)
        out.push_back("warning: " + std::string(sheet.table->name) + " (" + sheet.pack +
                      "): " + std::to_string(entry.second) + " rows were collected in " +
                      std::to_string(entry.first) + " (" + name + ")");
}

void check_values(const Sheet& sheet, std::vector<std::string>& out) {
    for (std::size_t column = 0; column < sheet.view->header.size(); ++column) {
        const ColumnRule* rule = find_column(*sheet.table, sheet.view->header[column]);
        if (rule == nullptr) continue;
        for (std::size_t row = 0; row < sheet.view->rows(); ++row) {
            const std::string_view text = sheet.view->at(row, column);
            if (text.empty()) continue;
            const std::string where = std::string(sheet.table->name) + "/" + sheet.key_of(row);
            const Result<double> value = checked_value(*rule, text, where);
            if (!value) out.push_back("error: " + to_string(value.error()));
        }
    }
}

void check_sources(const Sheet& sheet, std::vector<std::string>& out) {
    std::vector<std::string> unsourced;
    for (std::size_t row = 0; row < sheet.view->rows(); ++row)
        if (sheet.source_of(row) == nullptr) unsourced.push_back(sheet.key_of(row));
    if (unsourced.empty()) return;
    out.push_back("warning: " + std::string(sheet.table->name) + " (" + sheet.pack +
                  "): " + std::to_string(unsourced.size()) + " rows name no source (" +
                  first_names(unsourced) + ")");
}

}  // namespace

std::vector<std::string> Tables::check(int current_year) const {
    std::vector<std::string> out;
    for (const TableSpec& spec : table_specs()) {
        for (const Sheet* sheet : impl_->sheets(spec)) {
            check_values(*sheet, out);
            check_sources(*sheet, out);
            check_age(*sheet, current_year, out);
            check_retrieval(*sheet, current_year, out);
        }
    }
    for (const PlacedOverride& placed : impl_->overrides) {
        const std::string name =
            placed.cell.table + "/" + placed.cell.key + "/" + placed.cell.column;
        if (placed.cell.source.empty())
            out.push_back("warning: " + name + " is overridden without a source (" + placed.where +
                          ")");
        const int limit = placed.table->stale_after_years;
        if (limit != 0 && placed.year != 0 && current_year - placed.year > limit)
            out.push_back("warning: " + name + " is overridden by a figure of " +
                          std::to_string(placed.year) + " (" + placed.where + ")");
    }
    for (const std::string& file : impl_->override_files)
        out.push_back("note: overrides are read from " + file);
    return out;
}

}  // namespace abate::data
