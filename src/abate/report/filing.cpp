#include "abate/report/filing.h"

#include "abate/core/version.h"
#include "abate/report/human.h"
#include "abate/report/markup.h"
#include "abate/report/report.h"
#include "abate/report/source_table.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace abate::report {
namespace {

using footprint::Cell;
using footprint::CellState;
using footprint::Filing;
using footprint::FilingStatement;

constexpr double kTonne = 1000;  // kg

std::string tonnes(double kg) { return significant(kg / kTonne); }

bool is_limits(const Cell& cell) {
    return cell.state == CellState::value && cell.amount.kind == RangeKind::bound &&
           cell.amount.low < cell.amount.high;
}

// What low and high are, for the head of a table of these cells.
template <class Rows>
std::string kind_of_range(const Rows& rows) {
    const bool any =
        std::any_of(rows.begin(), rows.end(), [](const auto& row) { return is_limits(row.cell); });
    return any ? "low to high a 90 % interval, or limits where the remark says so"
               : "90 % interval";
}

// Value, low, high, remark: the columns of a cell, in units of `unit_size`.
std::vector<std::string> cell_columns(const Cell& cell, double unit_size) {
    std::string remark = joined(cell.reasons, "; ");
    if (is_limits(cell)) remark = remark.empty() ? "limits" : "limits; " + remark;
    if (cell.state != CellState::value) {
        if (cell.amount.value != 0)
            remark += (remark.empty() ? "" : "; ") +
                      fmt::format("{} of it is known", significant(cell.amount.value / unit_size));
        return {cell.words(), "", "", remark};
    }
    const bool exact = cell.amount.low == cell.amount.high;
    return {significant(cell.amount.value / unit_size),
            exact ? "" : significant(cell.amount.low / unit_size, 3),
            exact ? "" : significant(cell.amount.high / unit_size, 3),
            remark};
}

std::string or_not_stated(const std::string& text) {
    return text.empty() ? footprint::kNotStated : text;
}

std::string list_or_not_stated(const std::optional<std::vector<std::string>>& items) {
    if (!items) return footprint::kNotStated;
    return items->empty() ? "none" : joined(*items, "; ");
}

std::string filing_period(const Filing& filing) {
    if (!filing.period_start || !filing.period_end) return std::to_string(filing.year);
    return to_rfc3339(*filing.period_start).substr(0, 10) + " to " +
           to_rfc3339({filing.period_end->us - 1}).substr(0, 10);
}

Table scope_table(const Filing& filing) {
    Table table;
    table.caption = fmt::format("Scopes and categories, t CO2e ({})", kind_of_range(filing.rows));
    table.header = {"", "t CO2e", "low", "high", "remark"};
    table.left = {0, 4};
    for (const footprint::FilingRow& row : filing.rows) {
        if (row.part && row.cell.state == CellState::none) continue;
        std::vector<std::string> cells{(row.part ? "of it " : "") + row.name};
        for (std::string& cell : cell_columns(row.cell, kTonne)) cells.push_back(std::move(cell));
        table.rows.push_back(std::move(cells));
    }
    return table;
}

Table site_table(const Filing& filing) {
    const auto column = [](const Cell& cell) {
        return cell.state == CellState::value ? tonnes(cell.amount.value) : cell.words();
    };
    Table table;
    table.caption = "Electricity by site, t CO2e";
    table.header = {"site",
                    "filed in",
                    "MWh",
                    "direct, location-based",
                    "market-based",
                    "rest of the life cycle",
                    "grid losses"};
    table.left = {0, 1};
    for (const footprint::SiteRow& row : filing.sites)
        table.rows.push_back({row.site,
                              row.part,
                              significant(row.energy_kwh.value / kTonne),
                              column(row.location),
                              column(row.market),
                              column(row.upstream),
                              column(row.losses)});
    return table;
}

Table mapping_table(const Filing& filing) {
    Table table;
    table.caption = "Where it is filed";
    table.header = {"hardware is", "its electricity", "its making", "because"};
    table.left = {0, 1, 2, 3};
    for (const footprint::MappingRow& row : filing.mapping)
        table.rows.push_back(
            {footprint::to_string(row.ownership), row.electricity, row.hardware, row.why});
    return table;
}

std::string coverage_words(const footprint::Coverage& coverage) {
    const double total = coverage.total_kwh();
    const auto part = [&](double kwh) { return total > 0 ? percent(kwh / total) : "none"; };
    std::string out = fmt::format(
        "{} MWh: {} measured, {} modelled, {} estimated, {} declared; missing nodes: {}",
        significant(total / kTonne),
        part(coverage.measured_kwh),
        part(coverage.modelled_kwh),
        part(coverage.estimated_kwh),
        part(coverage.declared_kwh),
        coverage.missing_nodes ? fmt::format("{:.6g}", *coverage.missing_nodes)
                               : footprint::kNotStated);
    std::vector<std::string> hours;
    for (const footprint::UnmeteredHours& row : coverage.unmetered)
        hours.push_back(
            row.what == "idle"
                ? fmt::format("{} idle unit-hours of {}", significant(row.unit_hours), row.fleet)
                : fmt::format(
                      "{} unit-hours of {} {}", significant(row.unit_hours), row.fleet, row.what));
    out += "; hours whose energy is not in the account: ";
    return out + (hours.empty() ? "none" : joined(hours, ", "));
}

Table statement_table(const Filing& filing) {
    const FilingStatement& said = filing.statement;
    std::string base = footprint::kNotStated;
    if (said.base_year) {
        base = std::to_string(*said.base_year);
        if (said.base_year_kgco2e) base += ", " + tonnes(*said.base_year_kgco2e) + " t CO2e";
        if (!said.base_year_reason.empty()) base += " (" + said.base_year_reason + ")";
    }
    Table table;
    table.caption = "What the filing stands on";
    table.header = {"", ""};
    table.left = {0, 1};
    table.rows = {{"consolidation", footprint::to_string(said.consolidation)},
                  {"coverage of energy", coverage_words(filing.coverage)},
                  {"base year", base},
                  {"exclusions", list_or_not_stated(said.exclusions)},
                  {"restatements", list_or_not_stated(said.restatements)},
                  {"GWP set", or_not_stated(filing.gwp)},
                  {"categories not in this account", "4 to 7, 9, 10, 12 to 15"}};
    return table;
}

Table books_table(const Filing& filing) {
    const footprint::Reconciliation& books = filing.books;
    Table table;
    table.caption =
        "Both ledgers of bought hardware, t CO2e: acquired - amortised - retired = change of "
        "balance";
    table.header = {
        "year", "balance before", "acquired", "amortised", "retired", "balance after", "change"};
    for (const footprint::LedgerYear& year : books.years)
        table.rows.push_back({std::to_string(year.year),
                              tonnes(year.opening_kgco2e),
                              tonnes(year.acquired_kgco2e),
                              tonnes(year.amortised_kgco2e),
                              tonnes(year.retired_kgco2e),
                              tonnes(year.balance_kgco2e),
                              tonnes(year.balance_kgco2e - year.opening_kgco2e)});
    return table;
}

std::string books_sentence(const Filing& filing) {
    const footprint::Reconciliation& books = filing.books;
    if (books.years.empty()) return "No fleet with units and a date of purchase: no ledger.";
    const double scale = std::max(1.0, books.acquired_kgco2e + books.opening_kgco2e);
    const bool agree = std::fabs(books.residual_kgco2e()) <= 1e-9 * scale;
    return fmt::format(
        "{} - {} - {} = {} t CO2e, {}. The account charges the same hardware {} t CO2e by the "
        "hour; "
        "the ledger amortises by the calendar.",
        tonnes(books.acquired_kgco2e),
        tonnes(books.amortised_kgco2e),
        tonnes(books.retired_kgco2e),
        tonnes(books.closing_kgco2e - books.opening_kgco2e),
        agree ? "which is the change of balance" : "which is NOT the change of balance",
        tonnes(books.charged_kgco2e));
}

Table bridge_table(const Filing& filing) {
    Table table;
    table.caption = "From the life-cycle account to what the cells hold, t CO2e";
    table.header = {"", "t CO2e"};
    table.sum_last = true;
    double sum = 0;
    for (const footprint::BridgeStep& step : filing.bridge) {
        sum += step.kgco2e;
        table.rows.push_back({step.name, tonnes(step.kgco2e)});
    }
    table.rows.push_back({"in the cells, location-based", tonnes(sum)});
    return table;
}

Table esrs_table(const Filing& filing) {
    const std::vector<footprint::EsrsRow> datapoints = footprint::esrs(filing);
    Table table;
    table.caption = fmt::format("ESRS E1 ({})", kind_of_range(datapoints));
    table.header = {"datapoint", "paragraph", "name", "value", "unit", "low", "high", "remark"};
    table.left = {0, 1, 2, 4, 7};
    for (const footprint::EsrsRow& row : datapoints) {
        const std::vector<std::string> cell = cell_columns(row.cell, 1);
        table.rows.push_back(
            {row.datapoint, row.paragraph, row.name, cell[0], row.unit, cell[1], cell[2], cell[3]});
    }
    return table;
}

// "130.0 g CO2e per million tokens": a size at which people can compare.
struct UnitSize {
    const char* unit;
    double size;
    const char* words;
};
constexpr std::array<UnitSize, 4> kUnitSizes{{{"token", 1e6, "million tokens"},
                                              {"training-token", 1e6, "million training tokens"},
                                              {"flop", 1e18, "1e18 flop"},
                                              {"parameter", 1e9, "billion parameters"}}};

std::string score_words(const footprint::SciScore& score) {
    double size = 1;
    std::string words = score.unit.name;
    for (const UnitSize& row : kUnitSizes) {
        if (score.unit.name != row.unit) continue;
        size = row.size;
        words = row.words;
    }
    const Ranged& range = score.kgco2e_per_unit;
    return fmt::format(
        "{} per {}",
        human_range({range.value * size, range.low * size, range.high * size, range.kind},
                    carbon_units()),
        words);
}

Table sci_table(const Filing& filing) {
    Table table;
    table.caption = "SCI = (E x I + M) / R";
    table.header = {"boundary", "covers", "E, kWh", "E x I, kg", "M, kg", "R", "score"};
    table.left = {0, 1, 6};
    for (const footprint::SciScore& score : filing.sci)
        table.rows.push_back(
            {score.boundary,
             score.covers,
             significant(score.energy_kwh.value),
             significant(score.operational_kgco2e.value),
             score.embodied_known ? significant(score.embodied_kgco2e.value) : "unknown",
             human_count(score.unit.count) + " " + score.unit.name +
                 (score.unit.name == "flop" ? "" : "s"),
             score_words(score)});
    return table;
}

std::vector<std::string> sci_sentences(const Filing& filing) {
    if (filing.sci.empty())
        return {
            "No functional unit: give --per UNIT or --per UNIT=COUNT, and for the provider's score "
            "--provider-per."};
    std::vector<std::string> out{
        "E is energy at the facility; I is the grid's intensity, location-based, average, over the "
        "life cycle.",
        "M is the hardware's carbon for the hours reserved, with u = 1; idle hours are nobody's "
        "software.",
        "Allowances, certificates and contracts are in none of these figures.",
        "Consumer and provider are two scores; no rule spreads the one over the other."};
    for (const footprint::SciScore& score : filing.sci) {
        out.push_back(fmt::format("R of the {} score: {}.", score.boundary, score.unit.source));
        for (const std::string& note : score.notes)
            out.push_back(fmt::format("{}: {}.", score.boundary, note));
    }
    return out;
}

struct FilingSection {
    std::string heading;
    std::vector<std::string> sentences;
    std::vector<Table> tables;
};

FilingSection scopes(const Filing& filing) {
    FilingSection out{.heading = "GHG Protocol",
                      .sentences = {"Scope 2 rests on direct factors. Scope 3 is location-based.",
                                    "A figure that lacks something says 'not available' and what "
                                    "to supply; so does every sum of it."},
                      .tables = {scope_table(filing)}};
    if (!filing.sites.empty()) out.tables.push_back(site_table(filing));
    return out;
}

FilingSection ground(const Filing& filing) {
    FilingSection out{.heading = "Basis",
                      .sentences = {},
                      .tables = {statement_table(filing), mapping_table(filing)}};
    return out;
}

FilingSection ledger(const Filing& filing) {
    FilingSection out{
        .heading = "Reconciliation", .sentences = {books_sentence(filing)}, .tables = {}};
    if (!filing.books.years.empty()) out.tables.push_back(books_table(filing));
    out.tables.push_back(bridge_table(filing));
    return out;
}

FilingSection datapoints(const Filing& filing) {
    return {.heading = "ESRS E1",
            .sentences =
                {"Names and numbers as in Delegated Regulation (EU) 2023/2772 and EFRAG's list "
                 "of datapoints. Only what this account holds."},
            .tables = {esrs_table(filing)}};
}

FilingSection scores(const Filing& filing) {
    FilingSection out{.heading = "SCI", .sentences = sci_sentences(filing), .tables = {}};
    if (!filing.sci.empty()) out.tables.push_back(sci_table(filing));
    return out;
}

std::string filing_title(const Filing& filing) {
    return fmt::format("{}, {}", filing.entity, filing.year);
}

}  // namespace

std::string filing_text(const Filing& filing, FilingForm form, bool color) {
    std::string out = printable(filing_title(filing));
    if (color) out = "\x1b[1m" + out + "\x1b[0m";
    out += "\nPeriod " + filing_period(filing);
    if (!filing.account.empty()) out += ", account: " + printable(filing.account);
    out += "\n";
    std::vector<FilingSection> parts;
    switch (form) {
        case FilingForm::ghg:
            parts = {scopes(filing), ground(filing), ledger(filing)};
            break;
        case FilingForm::esrs:
            parts = {datapoints(filing), ground(filing)};
            break;
        case FilingForm::sci:
            parts = {scores(filing)};
            break;
    }
    for (const FilingSection& part : parts) {
        out += "\n";
        for (const std::string& sentence : part.sentences) out += printable(sentence) + "\n";
        for (std::size_t i = 0; i < part.tables.size(); ++i)
            out +=
                (i > 0 || !part.sentences.empty() ? "\n" : "") + text_table(part.tables[i], color);
    }
    if (!filing.notes.empty()) out += "\n";
    for (const std::string& note : filing.notes) out += "note: " + printable(note) + "\n";
    return out;
}

std::string filing_markdown(const Filing& filing) {
    std::string out = "# " + escaped_markdown(filing_title(filing)) + "\n\n";
    out += "Period " + filing_period(filing);
    if (!filing.account.empty()) out += ", account: " + escaped_markdown(filing.account);
    out += "\n";
    for (const FilingSection& part :
         {scopes(filing), ground(filing), ledger(filing), datapoints(filing), scores(filing)}) {
        out += "\n## " + part.heading + "\n";
        if (!part.sentences.empty()) out += "\n";
        for (const std::string& sentence : part.sentences)
            out += "- " + escaped_markdown(sentence) + "\n";
        for (const Table& table : part.tables)
            out += "\n" + escaped_markdown(table.caption) + ":\n\n" + markdown_table(table);
    }
    if (!filing.notes.empty()) out += "\n## Notes\n\n";
    for (const std::string& note : filing.notes) out += "- " + escaped_markdown(note) + "\n";
    out += "\n## Sources\n\n" + markdown_table(source_table(filing.provenance));
    out += "\nMade by abate " + std::string(version()) + ".\n";
    return out;
}

}  // namespace abate::report
