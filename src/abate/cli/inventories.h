// Inventories from a file, with the runs of the store that they choose: what `inventory` and `report` begin with.
#pragma once

#include "abate/cli/context.h"
#include "abate/footprint/footprint.h"

#include <string>

namespace abate::cli {

// The text of an inventory. Throws Failure when there is no such file or it may not be read.
[[nodiscard]] std::string inventory_file(const std::string& path);
// Its inventory, named after the file where it has no name. Throws Failure.
[[nodiscard]] footprint::Inventory parsed_inventory(Context& context,
                                                    const std::string& text,
                                                    const std::string& path);
[[nodiscard]] footprint::Inventory read_inventory(Context& context, const std::string& path);

// The account of an inventory. Throws Failure, also where a sum is no number any more: a figure that overflowed is an error, never null or inf.
[[nodiscard]] footprint::Account finite_account(Context& context,
                                                const footprint::Inventory& inventory);

// Fills choice.records as its other fields say. Throws Failure.
void fetch_runs(Context& context, footprint::StoredRuns& choice);

}  // namespace abate::cli
