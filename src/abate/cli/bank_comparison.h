// A bank's statement beside the deposits and withdrawals that the books have, line by line.
//
//     BankComparison found = compare_with_bank(statement.lines, entries, {.from = "2027-01-01", .to = "2027-01-31"});
//     found.not_in_books;          // of the statement: nobody recorded them
//
// A line and an entry are one where they have one reference. Balances are another matter: the registry compares those.
#pragma once

#include "abate/core/core.h"
#include "abate/input/input.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <string>
#include <vector>

namespace abate::cli {

// A deposit, or a withdrawal that the bank has paid.
struct CashEntry {
    std::string reference;          // the bank's
    std::string date;               // when it was recorded, in the scheme's zone: "2027-01-05"
    std::int64_t amount_micro = 0;  // below 0: paid out
    std::string account;            // "lab/cash"
};

// Days, both ends included.
struct StatementPeriod {
    std::string from;
    std::string to;
};

struct BankComparison {
    struct Pair {
        input::BankLine line;
        CashEntry entry;
    };
    std::size_t agreed = 0;                     // lines with an entry of the same amount
    std::vector<input::BankLine> not_in_books;  // without an entry
    std::vector<Pair> amounts_differ;
    std::vector<input::BankLine> outside_period;  // with an entry or without
    std::vector<Pair> recorded_before;            // the books had it before the bank's date
    std::vector<CashEntry>
        not_on_statement;  // recorded in the period; another statement may have them
    // Bank less books, as far as these explain it: lines without an entry, amounts, entries without a line.
    Int128 explained_micro = 0;
};

[[nodiscard]] BankComparison compare_with_bank(const std::vector<input::BankLine>& lines,
                                               const std::vector<CashEntry>& entries,
                                               const StatementPeriod& period);

}  // namespace abate::cli
