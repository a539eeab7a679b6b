// Tables that people hand to the registry: the bank's statement, figures of years before a scheme, historical levels. CSV with a header row.
//
//     const Result<BankStatement> bank = parse_bank_statement(text, "bank.csv");
//     bank->lines.back().balance_micro;
//
// Names of participants are as they stand; whoever has the books finds them.
#pragma once

#include "abate/core/result.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

struct BankLine {
    std::string date;       // "2027-03-31"
    std::string reference;  // of one payment only
    std::int64_t amount_micro = 0;
    std::int64_t balance_micro = 0;  // after it
    std::string text;                // the line, for whoever must look it up
    std::string currency = {};       // empty: the file has no such column
    std::size_t number = 0;          // of the line in the file, from 1
};
struct BankStatement {
    std::vector<BankLine> lines;  // in order of their dates, one at least
};
// Columns date, reference, amount, balance in any order, or as banks call them, in any case: "booking date", "posting date" or "transaction
// date"; "payment reference", "bank reference" or "transaction id"; "running balance" or "closing balance"; "credit" and "debit" ("paid in",
// "paid out"; "money in", "money out") instead of an amount, one of them filled in each line; "currency" may stand there. Others are left
// aside. Dates are YYYY-MM-DD, oldest first; each balance is the one before plus the amount. Errors (all three): parse_error with file:line
// of the first bad line, and the numbers of the others.
[[nodiscard]] Result<BankStatement> parse_bank_statement(std::string_view csv,
                                                         std::string_view file);

struct BaselineLine {
    std::string participant;
    std::int64_t year = 0;
    Microjoules energy = {};  // of the whole participant, the same in each of its classes' rows
    std::string service_class;
    std::uint64_t output_gflop = 0;
    bool sample_eligible = false;
    std::string where;  // file:line
};
// Columns participant,year,energy_kwh,class,output_gflop,sample_eligible (yes or no).
[[nodiscard]] Result<std::vector<BaselineLine>> parse_baseline(std::string_view csv,
                                                               std::string_view file);

struct ActivityLine {
    std::string participant;
    std::string service_class;
    std::int64_t first_year = 0;
    std::int64_t last_year = 0;
    std::string where;
};
// Columns participant,class,first_year,last_year.
[[nodiscard]] Result<std::vector<ActivityLine>> parse_activity_levels(std::string_view csv,
                                                                      std::string_view file);

}  // namespace abate::input
