// What a scheme's markets did, read from the journal.
#pragma once

#include "abate/cli/office.h"

#include <map>
#include <vector>

namespace abate::cli {

// Of each book (by vintage) its tape, whole: the journal is folded once more. Throws Failure where it is damaged.
[[nodiscard]] std::map<std::uint32_t, std::vector<exchange::TapeEntry>> read_tapes(Office& office);

// order, cancel, replace, book, orders, trades, statement, index, surveillance.
void add_market_trading(CLI::App& market, Context& context);
// convert.
void add_market_convert(CLI::App& market, Context& context);

}  // namespace abate::cli
