// Rows by the names that people write, and their cells through all layers.
//
//     const auto ref = find_row(tables, "models", "model", "llama 3.1 8b");  // "Llama 3.1-8B"
//     const RowReader row(tables, ref.value());
//     row.number("params_total");  // 8e9; of an override or a pack where there is one
#pragma once

#include "abate/core/result.h"
#include "abate/data/tables_impl.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// invalid_argument: "WHAT "NAME" is ambiguous", with the rows' keys in the hint.
[[nodiscard]] Error ambiguous(std::string_view what,
                              std::string_view name,
                              const std::vector<LayeredTables::RowRef>& rows);

// The row of a table with one key column: by its key, else the only row whose name has all words of
// `name`. Errors: not_found + nearest, invalid_argument when several have them.
[[nodiscard]] Result<LayeredTables::RowRef> find_row(const LayeredTables& tables,
                                                     std::string_view table,
                                                     std::string_view what,
                                                     std::string_view name);

// Every row that holds: all of the highest sheet, then of each sheet below those whose key no higher
// sheet has; built-in rows in the order of the file.
[[nodiscard]] std::vector<LayeredTables::RowRef> rows_that_hold(const LayeredTables& tables,
                                                                std::string_view table);

// Median of several sources, from the least to the greatest. REQUIRES: not empty.
[[nodiscard]] Ranged spread_of(std::vector<double> values);
// A published figure of a whole device: a factor kEmbodiedSpread either way.
[[nodiscard]] Ranged device_range(double value);
// "a; b".
[[nodiscard]] std::string joined(const std::set<std::string>& words);

// Cells of one row: its own text, and numbers through all layers. Both arguments outlive it.
class RowReader {
  public:
    RowReader(const LayeredTables& tables, const LayeredTables::RowRef& ref);

    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] std::string text(std::string_view column) const;
    // Empty: not known.
    [[nodiscard]] std::optional<double> maybe(std::string_view column) const;
    [[nodiscard]] double number(std::string_view column) const;  // 0: not known
    [[nodiscard]] int integer(std::string_view column) const;    // 0: not known
    // Source, licence, year and layer of the row itself.
    [[nodiscard]] Cell origin() const;

  private:
    const LayeredTables& tables_;
    LayeredTables::RowRef ref_;
    std::string key_;
    bool layered_;  // another layer may have a say
};

}  // namespace abate::data
