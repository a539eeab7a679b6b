// Any bytes as an inventory: an inventory whose account adds up and whose filing keeps its ranges, or an error that names the file; never a crash.
#include "abate/footprint/footprint.h"
#include "abate/input/input.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

const abate::data::Tables& tables() {
    static const abate::data::Tables kTables = std::move(abate::data::Tables::load()).value();
    return kTables;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)abate::input::parse_lever(text);
    const auto inventory = abate::input::parse_inventory(text, "lab.toml");
    if (!inventory) {
        if (inventory.error().where.rfind("lab.toml:", 0) != 0) std::abort();
        return 0;
    }
    const auto account = abate::footprint::account(*inventory, tables());
    if (!account) {
        if (account.error().what.empty()) std::abort();
        return 0;
    }
    const abate::footprint::Amounts total = account->total();
    if (std::isnan(total.total_kgco2e.value)) std::abort();
    if (!(total.total_kgco2e.low <= total.total_kgco2e.value &&
          total.total_kgco2e.value <= total.total_kgco2e.high))
        std::abort();
    // The same file's [filing] was read with it. Whatever it supplies, the cells' ranges hold their values.
    const auto statement = abate::input::parse_filing(text, "lab.toml");
    if (!statement) std::abort();
    abate::footprint::FilingOptions options{.year = 2025, .entity = "fuzz"};
    options.per = abate::footprint::FunctionalUnit{.name = "request", .count = 1e6, .source = ""};
    const auto filing = abate::footprint::file(*account, *statement, options);
    if (!filing) {
        if (filing.error().what.empty()) std::abort();
        return 0;
    }
    for (const auto& row : filing->rows)
        if (!(row.cell.amount.low <= row.cell.amount.value &&
              row.cell.amount.value <= row.cell.amount.high))
            std::abort();
    return 0;
}
