#include "abate/input/registry_tables.h"

#include "abate/core/plain_text.h"
#include "abate/input/input.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <set>

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
        const Result<data::CsvTable> table = data::parse_csv(csv, file_);
        if (!table) {
            error_ = table.error();
            return;
        }
        if (table->header != columns) {
            std::string known;
            for (const std::string& name : columns) known += (known.empty() ? "" : ",") + name;
            refuse(file_ + ":1", "the columns are others", "They must be " + known);
            return;
        }
        for (std::size_t i = 0; i < table->rows.size() && !error_; ++i)
            row(table->rows[i], fmt::format("{}:{}", file_, table->lines[i]));
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error
    void refuse(std::string where, std::string what, std::string hint) {
        if (!error_)
            error_ =
                Error{ErrorCode::parse_error, std::move(what), std::move(where), std::move(hint)};
    }

    // A value, or the first error at `where`.
    template <class T>
    T value(Result<T> read, const std::string& where) {
        if (read) return *std::move(read);
        refuse(where, read.error().what, read.error().hint);
        return T{};
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what stands there, then where
    template <class T>
    T whole(const std::string& cell, const std::string& where) {
        T out = 0;
        const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
        if (problem != std::errc() || end != cell.data() + cell.size() || cell.empty())
            refuse(where, fmt::format("'{}' is no whole number", short_text(cell)), "");
        return out;
    }

    template <class T>
    Result<T> done(T out) {
        if (error_) return *std::move(error_);
        return out;
    }

  private:
    std::string file_;
    std::optional<Error> error_;
};

}  // namespace

Result<BankStatement> parse_bank_statement(std::string_view csv, std::string_view file) {
    KnownTable table(file);
    BankStatement out;
    std::set<std::string> seen;
    std::string last;
    table.read(
        csv,
        {"date", "reference", "amount", "balance"},
        [&](const Cells& cells, const std::string& where) {
            if (cells[0].size() != 10 || cells[0] < last)
                table.refuse(where, "dates must be YYYY-MM-DD and in order", "");
            if (!seen.insert(cells[1]).second)
                table.refuse(where, "a reference is there twice", "");
            last = cells[0];
            out.lines.push_back(
                {.date = cells[0],
                 .reference = cells[1],
                 .amount_micro = table.value(parse_money_micro(cells[2]), where),
                 .balance_micro = table.value(parse_money_micro(cells[3]), where),
                 .text = fmt::format("{},{},{},{}", cells[0], cells[1], cells[2], cells[3])});
        });
    if (out.lines.empty())
        table.refuse(std::string(file) + ":1", "there is no line of a statement", "");
    return table.done(std::move(out));
}

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
