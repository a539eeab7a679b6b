// What a scheme's markets did, read from the journal.
#pragma once

#include "abate/cli/office.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace abate::cli {

// More than any file of orders that a market of a day leaves.
inline constexpr std::size_t kMostOrderFileBytes = std::size_t{3} << 30;

// Of each book (by vintage) its tape, whole: the journal is folded once more. Throws Failure where it is damaged.
[[nodiscard]] std::map<std::uint32_t, std::vector<exchange::TapeEntry>> read_tapes(Office& office);

// A day of a book (UTC), named as 2027-03-31; empty: that of the last entry.
struct BookDay {
    std::uint32_t vintage = 0;
    std::string day = {};
};
struct DaySeen {
    exchange::Period day;
    exchange::Surveillance found;
};
// What surveillance finds in it, with the default rules.
[[nodiscard]] DaySeen surveillance_of(Office& office, const BookDay& asked);

// halt, resume, case, insider, embargo, annul.
void add_market_supervision(CLI::App& market, Context& context);
// order, cancel, replace, book, orders, trades, statement, index, surveillance.
void add_market_trading(CLI::App& market, Context& context);
// convert.
void add_market_convert(CLI::App& market, Context& context);

}  // namespace abate::cli
