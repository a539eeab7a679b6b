// What the lab answers, before somebody writes it as text, JSON, CSV, Markdown or a drawing (report/policy.h).
//
//     Answer answer("Five firms", "USD");
//     answer.figure("price_per_kwh", "price", Measure::money_per_kwh, price);
//     answer.flag("cap_binds", "cap", binds, {"binds", "does not bind"});
//     Table& firms = answer.table("firms", "firm", {{"name", "firm", Measure::text}, {"flop", "FLOP", Measure::flop}});
//     firms.rows.push_back({name, flop});
//
// Keys are those of JSON and CSV, with their unit as suffix; labels are those of text, and an empty one leaves a thing out of it. Sweeps
// compare figures by their keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace abate::policy {

enum class Measure : std::uint8_t {
    text,
    number,
    count,   // whole
    share,   // 1: 100 %
    change,  // a share with its sign: -0.1 is "-10.00 %"
    flop,
    energy_j,
    j_per_flop,
    carbon_kg,
    money,  // of the answer's currency
    signed_money,
    money_per_kwh,
    money_per_kg,
    money_per_flop,
};

// A number that there is not (infinite, or 0 by 0) is null in JSON, empty in CSV.
using Cell = std::variant<double, bool, std::string>;

struct Figure {
    std::string key;
    std::string label;
    Measure measure = Measure::number;
    Cell value;
    std::string remark = {};  // stands behind the value in text
};
struct Column {
    std::string key;
    std::string label;
    Measure measure = Measure::number;
};
struct Table {
    std::string key;
    std::string
        label;  // above it in text; empty: none. The table itself is left out of text where no column has a label.
    std::vector<Column> columns;
    std::vector<std::vector<Cell>> rows = {};
    // Of text: only so many rows, those with the most in column `largest_by`; 0: all.
    std::size_t most_rows = 0;
    std::size_t largest_by = 0;
};
struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points = {};  // x rising
    // Percentiles around it, as many as points, or none.
    std::vector<std::pair<double, double>> band = {};
};
struct Axis {
    std::string label;  // with its unit
    bool logarithmic = false;
};
struct Chart {
    std::string key;  // a file is named by it
    std::string title;
    Axis x;
    Axis y;
    std::vector<Series> series = {};
};

class Answer {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it is called, then what its money is
    Answer(std::string title, std::string currency)
        : title_(std::move(title)), currency_(std::move(currency)) {}

    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] const std::string& currency() const { return currency_; }

    Figure& figure(std::string key, std::string label, Measure measure, double value);
    void text(std::string key, std::string label, std::string value);
    // In text it says the one word or the other.
    struct Words {
        const char* yes = "yes";
        const char* no = "no";
    };
    void flag(std::string key, std::string label, bool value, const Words& words = {"yes", "no"});
    // Lives as long as the answer.
    Table& table(std::string key, std::string label, std::vector<Column> columns);
    Chart& chart(std::string key, std::string title, Axis x, Axis y);

    [[nodiscard]] const std::vector<Figure>& figures() const { return figures_; }
    [[nodiscard]] const std::list<Table>& tables() const { return tables_; }
    [[nodiscard]] const std::list<Chart>& charts() const { return charts_; }

  private:
    std::string title_;
    std::string currency_;
    std::vector<Figure> figures_;
    std::list<Table> tables_;
    std::list<Chart> charts_;
};

}  // namespace abate::policy
