#include "abate/cli/bank_comparison.h"

#include "abate/scheme/scheme.h"

#include <map>
#include <set>

namespace abate::cli {

BankComparison compare_with_bank(const std::vector<input::BankLine>& lines,
                                 const std::vector<CashEntry>& entries,
                                 const StatementPeriod& period) {
    BankComparison out;
    std::map<std::string, const CashEntry*> by_reference;
    for (const CashEntry& entry : entries)
        by_reference.emplace(scheme::folded_reference(entry.reference), &entry);
    std::set<std::string> on_statement;
    for (const input::BankLine& line : lines) {
        if (line.date < period.from || line.date > period.to) out.outside_period.push_back(line);
        const std::string reference = scheme::folded_reference(line.reference);
        on_statement.insert(reference);
        const auto found = by_reference.find(reference);
        if (line.reference.empty() || found == by_reference.end()) {
            out.not_in_books.push_back(line);
            out.explained_micro += line.amount_micro;
            continue;
        }
        const CashEntry& entry = *found->second;
        if (entry.amount_micro != line.amount_micro) {
            out.amounts_differ.push_back({.line = line, .entry = entry});
            out.explained_micro += Int128{line.amount_micro} - entry.amount_micro;
        } else {
            ++out.agreed;
        }
        if (entry.date < line.date) out.recorded_before.push_back({.line = line, .entry = entry});
    }
    for (const CashEntry& entry : entries) {
        if (entry.date < period.from || entry.date > period.to) continue;
        if (on_statement.count(scheme::folded_reference(entry.reference)) != 0) continue;
        out.not_on_statement.push_back(entry);
        out.explained_micro -= entry.amount_micro;
    }
    return out;
}

}  // namespace abate::cli
