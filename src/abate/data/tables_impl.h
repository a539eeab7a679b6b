// The inside of Tables: every layer's rows, and the one question that all look-ups ask: which value
// of this cell holds?
//
// Order of precedence, highest first: option, project, organisation, the last named pack, ...,
// built-in. Within one CSV a row of a newer year wins, then the source of smaller preference.
#pragma once

#include "abate/data/csv.h"
#include "abate/data/data.h"
#include "abate/data/layers.h"
#include "abate/data/schema.h"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// One row of a sources.csv.
struct Source {
    std::string id;
    std::string name;
    std::string url;
    std::string licence;
    std::string attribution;
    int retrieved_year = 0;
    int preference = 0;
};

// One CSV file of one layer.
struct Sheet {
    const TableSpec* table = nullptr;
    std::string layer;  // built-in | pack
    std::string pack;
    std::string licence;  // of rows whose source has none
    std::string attribution;
    const CsvView* view = nullptr;
    const std::vector<Source>* sources = nullptr;
    std::vector<std::size_t> key;  // columns
    std::optional<std::size_t> year;
    std::optional<std::size_t> source;

    [[nodiscard]] std::string key_of(std::size_t row) const;
    [[nodiscard]] bool has_key(std::size_t row, std::string_view wanted) const;
    [[nodiscard]] int year_of(std::size_t row) const;  // 0: none
    // A built-in table without source_id has the first source of its pack.
    [[nodiscard]] const Source* source_of(std::size_t row) const;
    [[nodiscard]] const Source* source_named(std::string_view id) const;
    // Empty where there is no such column.
    [[nodiscard]] std::string_view text(std::size_t row, std::string_view column) const;
    [[nodiscard]] double number(std::size_t row, std::string_view column) const;  // 0: none
};

// A value and where it comes from.
struct Cell {
    double value = 0;
    std::string text;
    std::string key;  // as the table spells it
    std::string layer;
    std::string source;
    std::string licence;
    int year = 0;
    int layer_rank = 0;  // 0 built-in, 1.. packs, then organisation, project, option
};

struct LayeredTables {
    LayeredTables();

    // Sheets of `table`, built-in first, then packs in the order given. The first call for a table
    // scans its text; thread-safe.
    [[nodiscard]] std::vector<const Sheet*> sheets(const TableSpec& table) const;
    [[nodiscard]] std::vector<const Sheet*> sheets(std::string_view table) const;

    // The value that holds. REQUIRES: `table` and `column` are in the schema or the CSV.
    [[nodiscard]] std::optional<Cell> cell(std::string_view table,
                                           std::string_view key,
                                           std::string_view column) const;
    // `cell` of every key at once, by folded key: one pass over the rows instead of one a key.
    [[nodiscard]] std::map<std::string, Cell> cells(std::string_view table,
                                                    std::string_view column) const;
    // The row that text columns are read from: of the highest sheet that has the key.
    struct RowRef {
        const Sheet* sheet = nullptr;
        std::size_t row = 0;
    };
    [[nodiscard]] std::optional<RowRef> row(std::string_view table, std::string_view key) const;

    // f(sheet, row) for every row of a table, built-in first.
    void each(std::string_view table,
              const std::function<void(const Sheet&, std::size_t)>& f) const;

    [[nodiscard]] Result<void> add_layers(const Layers& layers);
    // not_found with nearest keys when no sheet has the key.
    [[nodiscard]] Result<void> check_key(const TableSpec& table,
                                         std::string_view key,
                                         const std::string& where) const;

    std::vector<Pack> packs;
    std::vector<std::string> override_files;
    std::vector<PlacedOverride> overrides;  // lowest layer first

  private:
    struct BuiltIn {
        std::once_flag once;
        CsvView view;
        Sheet sheet;
    };
    struct BuiltInSources {
        std::once_flag once;
        std::vector<Source> sources;
    };
    [[nodiscard]] const Sheet& built_in(std::size_t index) const;
    [[nodiscard]] const std::vector<Source>& built_in_sources(std::string_view pack) const;
    [[nodiscard]] Result<void> add_pack(const std::string& folder);
    [[nodiscard]] Result<void> add_overrides(std::vector<PlacedOverride> more);

    mutable std::deque<BuiltIn> built_in_;  // one a table
    mutable std::array<BuiltInSources, 3> sources_;
    std::deque<std::vector<Source>> pack_sources_;
    std::deque<Sheet> pack_sheets_;
};

struct Tables::Impl : LayeredTables {};

// A Figure whose provenance repeats the range.
[[nodiscard]] Figure make_figure(const Cell& cell,
                                 const Ranged& range,
                                 std::string_view figure,
                                 std::string_view unit,
                                 std::string_view basis);

}  // namespace abate::data
