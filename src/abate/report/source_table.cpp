#include "abate/report/source_table.h"

#include "abate/report/human.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace abate::report {

Table source_table(std::span<const Provenance> provenance) {
    Table table;
    table.caption = "Figures and where they come from";
    table.header = {"figure", "value", "low", "high", "unit", "layer", "source"};
    table.left = {0, 4, 5, 6};
    std::set<std::vector<std::string>> seen;
    for (const Provenance& row : provenance) {
        std::string source = row.source;
        if (row.year != 0) source += fmt::format(", {}", row.year);
        if (!row.basis.empty()) source += " (" + row.basis + ")";
        if (!row.licence.empty()) source += "; " + row.licence;
        std::vector<std::string> cells{row.figure,
                                       significant(row.value),
                                       significant(row.low, 3),
                                       significant(row.high, 3),
                                       row.unit,
                                       row.layer,
                                       source};
        if (!seen.insert(cells).second) continue;
        table.rows.push_back(std::move(cells));
    }
    return table;
}

}  // namespace abate::report
