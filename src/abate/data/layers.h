// The layers above the built-in tables: overrides of single cells, and packs of whole tables.
//
//     table,key,column,value,source,licence,year,note
//     grid_intensity_annual,FR,life_cycle_gco2e_per_kwh,35,RTE bilan 2025,open,2025,
//
// A pack is a folder: pack.csv (name,licence,attribution and one row) and any of the tables, with
// the columns of the built-in ones (docs/reference/data.md).
#pragma once

#include "abate/core/read_file.h"
#include "abate/core/result.h"
#include "abate/data/csv.h"
#include "abate/data/data.h"
#include "abate/data/schema.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// An Override with its place in the world: layer and file:line.
struct PlacedOverride {
    Override cell;
    std::string layer;  // organisation | project | option
    std::string where;  // file:line
    const TableSpec* table = nullptr;
    double value = 0;
    int year = 0;
};

// An overrides.csv. `layer` is noted on each. The columns may stand in any order; licence, year and
// note may be missing. Errors: parse_error, not_found (table, column), out_of_range; at file:line.
[[nodiscard]] Result<std::vector<PlacedOverride>> parse_overrides(std::string_view text,
                                                                  std::string_view file_name,
                                                                  std::string_view layer);

// "TABLE/KEY/COLUMN=VALUE" of --set. The key may hold slashes. Errors: as above, at `--set`.
[[nodiscard]] Result<PlacedOverride> parse_option(std::string_view text);

// Fills table, value and year of `placed`. Errors: not_found, parse_error, out_of_range.
[[nodiscard]] Result<void> resolve(PlacedOverride& placed);

// A CSV file of a user's pack, and the text that its view looks into.
struct PackFile {
    const TableSpec* table = nullptr;  // nullptr: sources.csv
    std::string path;
    std::unique_ptr<std::string> text;
    CsvView view;
};

struct Pack {
    std::string name;
    std::string licence;
    std::string attribution;
    std::vector<PackFile> files;
};

// Reads and checks every CSV of `folder`. Errors: not_found, parse_error, out_of_range, with
// file:line.
[[nodiscard]] Result<Pack> read_pack(const std::string& folder);

// The whole file. Errors: those of read_regular_file, with the path as their place.
[[nodiscard]] Result<std::string> read_text(const std::string& path,
                                            std::size_t most_bytes = kMostTextBytes);

}  // namespace abate::data
