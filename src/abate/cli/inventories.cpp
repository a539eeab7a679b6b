#include "abate/cli/inventories.h"

#include "abate/cli/records.h"

#include <cmath>
#include <filesystem>
#include <optional>

namespace abate::cli {

void fetch_runs(Context& context, footprint::StoredRuns& choice) {
    if (!choice.ids.empty()) {
        for (const std::string& id : choice.ids) choice.records.push_back(find_run(context, id));
        return;
    }
    store::RunFilter filter;
    filter.project = choice.project;
    filter.phase = choice.phase ? to_string(*choice.phase) : "";
    filter.labels = choice.labels;
    filter.since = choice.since;
    filter.until = choice.until;
    choice.records = find_runs(context, filter);
}

std::string inventory_file(const std::string& path) {
    const std::optional<std::string> text = read_small_file(path);
    if (!text) {
        throw Failure({ErrorCode::not_found,
                       "there is no such file",
                       path,
                       "Write one: docs/howto/inventory.md begins with ten lines"});
    }
    return *text;
}

footprint::Inventory parsed_inventory(Context& context,
                                      const std::string& text,
                                      const std::string& path) {
    footprint::Inventory inventory = value_or_fail(input::parse_inventory(text, path));
    if (inventory.name.empty()) inventory.name = std::filesystem::path(path).stem().string();
    for (footprint::StoredRuns& choice : inventory.runs) fetch_runs(context, choice);
    return inventory;
}

footprint::Account finite_account(Context& context, const footprint::Inventory& inventory) {
    footprint::Account account = value_or_fail(footprint::account(inventory, context.tables()));
    const footprint::Amounts total = account.total();
    for (const Ranged& sum : {total.energy_kwh,
                              total.operational_kgco2e,
                              total.embodied_kgco2e,
                              total.total_kgco2e,
                              total.market_kgco2e.value_or(Ranged{}),
                              exactly(total.water_l.value_or(0))})
        if (!std::isfinite(sum.value) || !std::isfinite(sum.low) || !std::isfinite(sum.high))
            throw Failure({ErrorCode::out_of_range,
                           "the sums are larger than any number",
                           inventory.name,
                           "Check the counts and amounts of the inventory"});
    return account;
}

footprint::Inventory read_inventory(Context& context, const std::string& path) {
    return parsed_inventory(context, inventory_file(path), path);
}

}  // namespace abate::cli
