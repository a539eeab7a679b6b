#include "abate/report/policy.h"

#include "abate/core/assert.h"
#include "abate/policy/policy.h"
#include "abate/report/csv.h"
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
#include "abate/report/markup.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace abate::report {
namespace {

using policy::Cell;
using policy::Measure;

std::string with_sign(double value, const std::string& magnitude) {
    return fmt::format("{}{}", value > 0 ? "+" : value < 0 ? "-" : "", magnitude);
}

// What people read. The unit stands behind it where `unit`, as in a line; over a column it is said once.
struct Wording {
    const std::string& currency;
    bool unit = true;
};
std::string worded(double value, Measure measure, const Wording& wording) {
    const auto money = [&](std::string amount, const char* per) {
        if (!wording.unit) return amount;
        if (!wording.currency.empty()) amount += " " + printable(wording.currency);
        return amount + per;
    };
    if (std::isnan(value)) return "";
    if (!std::isfinite(value)) return value < 0 ? "- without end" : "without end";
    switch (measure) {
        case Measure::count:
            return fmt::format("{:.0f}", value);
        case Measure::share:
            return fmt::format("{:.2f} %", value * 100);
        case Measure::change:
            return fmt::format("{:+.2f} %", value * 100);
        case Measure::flop:
            return significant(value) + (wording.unit ? " FLOP" : "");
        case Measure::energy_j:
            return (value < 0 ? "-" : "") + human_energy(std::abs(value));
        case Measure::j_per_flop:
            return significant(value) + (wording.unit ? " J a FLOP" : "");
        case Measure::carbon_kg:
            return (value < 0 ? "-" : "") + human_carbon(std::abs(value));
        case Measure::money:
            return money(significant(value), "");
        case Measure::signed_money:
            return money(with_sign(value, significant(std::abs(value))), "");
        case Measure::money_per_kwh:
            return money(significant(value), " a kWh");
        case Measure::money_per_kg:
            return money(significant(value), " a kg");
        case Measure::money_per_flop:
            return money(significant(value), " a FLOP");
        case Measure::text:
        case Measure::number:
            return significant(value);
    }
    return {};
}

std::string worded(const Cell& cell, Measure measure, const Wording& wording) {
    if (const auto* value = std::get_if<double>(&cell)) return worded(*value, measure, wording);
    if (const auto* yes = std::get_if<bool>(&cell)) return *yes ? "yes" : "no";
    return printable(std::get<std::string>(cell));
}

void put(JsonWriter& json, const Cell& cell) {
    if (const auto* value = std::get_if<double>(&cell))
        json.number(*value);
    else if (const auto* yes = std::get_if<bool>(&cell))
        json.boolean(*yes);
    else
        json.text(std::get<std::string>(cell));
}

void put(CsvWriter& csv, const Cell& cell) {
    if (const auto* value = std::get_if<double>(&cell))
        csv.number(*value);
    else if (const auto* yes = std::get_if<bool>(&cell))
        csv.plain(*yes ? "true" : "false");
    else
        csv.text(std::get<std::string>(cell));
}

double number_in(const Cell& cell) {
    const auto* value = std::get_if<double>(&cell);
    return value == nullptr || std::isnan(*value) ? 0 : *value;
}

// The places of the rows to print, in the table's order but where only the largest are.
std::vector<std::size_t> shown_rows(const policy::Table& table, std::size_t most) {
    std::vector<std::size_t> order(table.rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (most == 0 || most >= order.size()) return order;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return number_in(table.rows[a][table.largest_by]) >
               number_in(table.rows[b][table.largest_by]);
    });
    order.resize(most);
    return order;
}

void append(std::string& out,
            const policy::Table& table,
            const std::string& currency,
            const PolicyTextOptions& options) {
    Table text;
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (!table.columns[i].label.empty()) columns.push_back(i);
    if (columns.empty() || table.rows.empty()) return;
    text.left.clear();
    for (const std::size_t i : columns) {
        if (table.columns[i].measure == Measure::text) text.left.push_back(text.header.size());
        text.header.push_back(table.columns[i].label);
    }
    const auto rows = shown_rows(table, options.most_rows.value_or(table.most_rows));
    for (const std::size_t row : rows) {
        std::vector<std::string>& cells = text.rows.emplace_back();
        for (const std::size_t i : columns)
            cells.push_back(worded(table.rows[row][i],
                                   table.columns[i].measure,
                                   {.currency = currency, .unit = false}));
    }
    if (!out.empty() && !out.ends_with("\n\n")) out += "\n";
    if (!table.label.empty()) out += table.label + "\n";
    out += text_table(text, options.color);
    if (rows.size() < table.rows.size())
        out += fmt::format("and {} more; --rows 0 shows all\n", table.rows.size() - rows.size());
}

}  // namespace

std::string policy_json(const policy::Answer& answer) {
    JsonWriter json(2);
    json.begin_object();
    json.key("name").text(answer.title());
    json.key("currency").text(answer.currency());
    for (const policy::Figure& figure : answer.figures()) {
        json.key(figure.key);
        put(json, figure.value);
    }
    for (const policy::Table& table : answer.tables()) {
        json.key(table.key).begin_array();
        for (const std::vector<Cell>& row : table.rows) {
            json.begin_object();
            for (std::size_t i = 0; i < row.size(); ++i) {
                json.key(table.columns[i].key);
                put(json, row[i]);
            }
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();
    return json.take();
}

std::string policy_text(const policy::Answer& answer, const PolicyTextOptions& options) {
    std::string out;
    if (!answer.title().empty()) out += printable(answer.title()) + "\n\n";
    std::size_t widest = 0;
    for (const policy::Figure& figure : answer.figures())
        widest = std::max(widest, width(figure.label));
    for (const policy::Figure& figure : answer.figures()) {
        if (figure.label.empty()) continue;
        const bool flag = std::holds_alternative<bool>(figure.value);
        std::string value =
            flag ? figure.remark
                 : worded(figure.value, figure.measure, {.currency = answer.currency()});
        if (!flag && !figure.remark.empty()) value += ", " + figure.remark;
        out += padded(figure.label, widest + 2) + value + "\n";
    }
    for (const policy::Table& table : answer.tables())
        append(out, table, answer.currency(), options);
    return out;
}

std::string policy_csv(const policy::Answer& answer, std::string_view table) {
    const auto found =
        std::find_if(answer.tables().begin(), answer.tables().end(), [&](const policy::Table& one) {
            return table.empty() || one.key == table;
        });
    ABATE_REQUIRE(found != answer.tables().end());
    std::vector<std::string> header;
    for (const policy::Column& column : found->columns) header.push_back(column.key);
    CsvWriter csv(header);
    for (const std::vector<Cell>& row : found->rows) {
        for (const Cell& cell : row) put(csv, cell);
        csv.end_row();
    }
    return csv.take();
}

}  // namespace abate::report
