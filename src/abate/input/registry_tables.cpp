#include "abate/input/registry_tables.h"

#include "abate/core/plain_text.h"
#include "abate/input/input.h"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

namespace abate::input {
namespace {

using Cells = std::vector<std::string>;

// A CSV file of known columns; keeps the first error.
class KnownTable {
  public:
    explicit KnownTable(std::string_view file) : file_(file) {}

    // Calls row(cells, where) for each.
    template <class F>
    void read(std::string_view csv, const Cells& columns, const F& row) {
        const auto head = [&](const Cells& header, const std::string& where) {
            if (header == columns) return true;
            std::string known;
            for (const std::string& name : columns) known += (known.empty() ? "" : ",") + name;
            refuse(where, "the columns are others", "They must be " + known);
            return false;
        };
        read_any(
            csv, head, [&](const Cells& cells, const std::string& where, std::size_t /*line*/) {
                row(cells, where);
            });
    }

    // The same where head(header, where) says whether the columns will do; row gets the number of its line too.
    template <class Head, class F>
    void read_any(std::string_view csv, const Head& head, const F& row) {
        const Result<data::CsvTable> table = data::parse_csv(csv, file_);
        if (!table) {
            error_ = table.error();
            return;
        }
        if (!head(table->header, file_ + ":1")) return;
        for (std::size_t i = 0; i < table->rows.size(); ++i)
            row(table->rows[i], fmt::format("{}:{}", file_, table->lines[i]), table->lines[i]);
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error
    void refuse(std::string where, std::string what, std::string hint) {
        if (!error_) {
            error_ =
                Error{ErrorCode::parse_error, std::move(what), std::move(where), std::move(hint)};
        } else if (!is_bad(where)) {
            others_.push_back(std::move(where));
        }
    }
    // Whether something was said of this place.
    [[nodiscard]] bool is_bad(const std::string& where) const {
        return (error_ && error_->where == where) || (!others_.empty() && others_.back() == where);
    }

    // A value, or the first error at `where`.
    template <class T>
    T value(Result<T> read, const std::string& where) {
        if (read) return *std::move(read);
        refuse(where, read.error().what, read.error().hint);
        return T{};
    }

    template <class T>
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what stands there, then where
    T whole(const std::string& cell, const std::string& where) {
        T out = 0;
        const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
        if (problem != std::errc() || end != cell.data() + cell.size() || cell.empty())
            refuse(where, fmt::format("'{}' is no whole number", short_text(cell)), "");
        return out;
    }

    template <class T>
    Result<T> done(T out) {
        if (!error_) return out;
        if (!others_.empty()) {
            constexpr std::size_t kMost = 5;
            std::string more;
            for (std::size_t i = 0; i < others_.size() && i < kMost; ++i) {
                const std::string place = others_[i].substr(file_.size() + 1);  // "3" or "3:12"
                more += (i == 0 ? "" : ", ") + place.substr(0, place.find(':'));
            }
            if (others_.size() > kMost) more += fmt::format(" and {} more", others_.size() - kMost);
            if (!error_->hint.empty()) error_->hint += error_->hint.back() == '.' ? " " : ". ";
            error_->hint += (others_.size() == 1 ? "Line " : "Lines ") + more +
                            (others_.size() == 1 ? " is bad too" : " are bad too");
        }
        return *std::move(error_);
    }

  private:
    std::string file_;
    std::optional<Error> error_;
    std::vector<std::string> others_;  // places of further errors
};

// Where the columns of a bank's file are; none: it has none of these names.
std::optional<std::size_t> column_of(const Cells& header,
                                     std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        for (std::size_t i = 0; i < header.size(); ++i) {
            std::string said = ascii_lower(header[i]);
            for (char& c : said)
                if (c == '_' || c == '-') c = ' ';
            if (said == name) return i;
        }
    return std::nullopt;
}

struct BankColumns {
    std::optional<std::size_t> date;
    std::optional<std::size_t> reference;
    std::optional<std::size_t> amount;
    std::optional<std::size_t> credit;
    std::optional<std::size_t> debit;
    std::optional<std::size_t> balance;
    std::optional<std::size_t> currency;
};

BankColumns bank_columns(const Cells& header) {
    return {.date = column_of(header, {"date", "booking date", "posting date", "transaction date"}),
            .reference = column_of(
                header, {"reference", "payment reference", "bank reference", "transaction id"}),
            .amount = column_of(header, {"amount"}),
            .credit = column_of(header, {"credit", "paid in", "money in"}),
            .debit = column_of(header, {"debit", "paid out", "money out"}),
            .balance = column_of(header, {"balance", "running balance", "closing balance"}),
            .currency = column_of(header, {"currency"})};
}

bool is_date(const std::string& text) {
    return text.size() == 10 && parse_rfc3339(text + "T00:00:00Z").has_value();
}

// With a sign: what was paid out is below 0, however the bank writes it.
std::int64_t bank_amount(KnownTable& table,
                         const BankColumns& columns,
                         const Cells& cells,
                         const std::string& where) {
    if (columns.amount) return table.value(parse_money_micro(cells[*columns.amount]), where);
    const std::string& credit = cells[*columns.credit];
    const std::string& debit = cells[*columns.debit];
    if (credit.empty() == debit.empty()) {
        table.refuse(where, "money came in or went out: one of both columns", "");
        return 0;
    }
    const std::int64_t size =
        table.value(parse_money_micro(credit.empty() ? debit : credit), where);
    if (size < 0 && !credit.empty()) table.refuse(where, "what came in is not below 0", "");
    return credit.empty() ? (size < 0 ? size : -size) : size;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it says, then where it stands
Result<BankStatement> parse_bank_statement(std::string_view csv, std::string_view file) {
    KnownTable table(file);
    BankStatement out;
    std::set<std::string> seen;
    std::string last;
    std::optional<std::int64_t> balance_before;
    BankColumns columns;
    const auto head = [&](const Cells& header, const std::string& where) {
        columns = bank_columns(header);
        if (columns.date && columns.reference && columns.balance &&
            (columns.amount || (columns.credit && columns.debit)))
            return true;
        const bool other_mark = header.size() == 1 && header[0].find(';') != std::string::npos;
        table.refuse(
            where,
            other_mark ? "the columns are separated by semicolons" : "the columns are others",
            "They must be date,reference,amount,balance, with commas between, or as "
            "docs/registry/people.md lists them");
        return false;
    };
    table.read_any(csv, head, [&](const Cells& cells, const std::string& where, std::size_t line) {
        const std::string& date = cells[*columns.date];
        const std::string& reference = cells[*columns.reference];
        if (!is_date(date) || date < last)
            table.refuse(where, "dates must be YYYY-MM-DD and in order", "The oldest comes first");
        if (!reference.empty() && !seen.insert(scheme::folded_reference(reference)).second)
            table.refuse(where, "a reference is there twice", "");
        if (is_date(date)) last = date;
        BankLine read{
            .date = date,
            .reference = reference,
            .amount_micro = bank_amount(table, columns, cells, where),
            .balance_micro = table.value(parse_money_micro(cells[*columns.balance]), where),
            .text = {},
            .currency = columns.currency ? cells[*columns.currency] : "",
            .number = line};
        if (balance_before && !table.is_bad(where) &&
            Int128{*balance_before} + read.amount_micro != read.balance_micro)
            table.refuse(where,
                         "the balance is not that of the line before and this amount",
                         "A line is missing, or one was changed");
        // After a line that could not be read nobody knows what it was.
        balance_before = table.is_bad(where) ? std::nullopt : std::optional(read.balance_micro);
        for (std::size_t i = 0; i < cells.size(); ++i) read.text += (i == 0 ? "" : ",") + cells[i];
        out.lines.push_back(std::move(read));
    });
    if (out.lines.empty())
        table.refuse(std::string(file) + ":1", "there is no line of a statement", "");
    return table.done(std::move(out));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it says, then where it stands
Result<std::vector<BaselineLine>> parse_baseline(std::string_view csv, std::string_view file) {
    KnownTable table(file);
    std::vector<BaselineLine> out;
    table.read(csv,
               {"participant", "year", "energy_kwh", "class", "output_gflop", "sample_eligible"},
               [&](const Cells& cells, const std::string& where) {
                   BaselineLine line{.participant = cells[0],
                                     .year = table.whole<std::int64_t>(cells[1], where),
                                     .energy = table.value(parse_kwh(cells[2]), where),
                                     .service_class = cells[3],
                                     .output_gflop = table.whole<std::uint64_t>(cells[4], where),
                                     .sample_eligible = cells[5] == "yes",
                                     .where = where};
                   if (line.energy.count() < 0) table.refuse(where, "an energy is not below 0", "");
                   if (cells[5] != "yes" && cells[5] != "no")
                       table.refuse(where,
                                    "sample_eligible is yes or no",
                                    "Yes: it was measured well enough for the benchmark");
                   out.push_back(std::move(line));
               });
    return table.done(std::move(out));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it says, then where it stands
Result<std::vector<ActivityLine>> parse_activity_levels(std::string_view csv,
                                                        std::string_view file) {
    KnownTable table(file);
    std::vector<ActivityLine> out;
    table.read(csv,
               {"participant", "class", "first_year", "last_year"},
               [&](const Cells& cells, const std::string& where) {
                   out.push_back({.participant = cells[0],
                                  .service_class = cells[1],
                                  .first_year = table.whole<std::int64_t>(cells[2], where),
                                  .last_year = table.whole<std::int64_t>(cells[3], where),
                                  .where = where});
               });
    return table.done(std::move(out));
}

}  // namespace abate::input
