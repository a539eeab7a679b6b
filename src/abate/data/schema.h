// What each table is: its key, its numeric columns with units and the limits of the possible, and
// after how long its rows count as old. docs/reference/data.md has the same list for people.
#pragma once

#include "abate/core/result.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// A column that holds a number, and may be overridden. Outside [low, high] a value is absurd.
struct ColumnRule {
    std::string_view name;
    std::string_view unit;
    double low;
    double high;
};

struct TableSpec {
    std::string_view name;
    std::string_view pack;
    std::vector<std::string_view> key;  // columns; a row's key is their words joined by one space
    std::string_view named;             // column with a name for people; may be empty
    std::string_view unit;              // of the chief column, for `abate data list`
    int stale_after_years;              // 0: rows do not age
    std::vector<ColumnRule> columns;
};

// All tables, in the order of `abate data list`.
[[nodiscard]] std::span<const TableSpec> table_specs();
[[nodiscard]] const TableSpec* find_table(std::string_view name);
[[nodiscard]] const ColumnRule* find_column(const TableSpec& table, std::string_view name);

// A decimal number that fills the whole text; no value for anything else, infinities among it.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
// "2024", 1900 to 2100.
[[nodiscard]] std::optional<int> parse_year(std::string_view text);

// The number, if the column may hold it. Errors: parse_error (no number), out_of_range; both at
// `where`.
[[nodiscard]] Result<double> checked_value(const ColumnRule& column,
                                           std::string_view text,
                                           const std::string& where);

// not_found: "unknown WHAT "NAME"", with the nearest of `known` in the hint.
[[nodiscard]] Error unknown_name(std::string_view what,
                                 std::string_view name,
                                 const std::vector<std::string>& known,
                                 const std::string& where = {});

}  // namespace abate::data
