#include "abate/report/footprints.h"

#include "abate/core/plain_text.h"
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace abate::report {
namespace {

using footprint::BatchFigures;
using footprint::BatchSums;

// Shortest text of a double: at most 24 characters with exponent, 23 without in the plain range below.
constexpr std::size_t kNumberRoom = 32;
// Keys, numbers, quality, commas and line end behind a row.
constexpr std::size_t kTailRoom = 10 * (kNumberRoom + 32);

char* put_number(char* at, double value) {
    if (std::isnan(value)) return at;
    // As JsonWriter: 1000000 rather than 1e+06.
    const bool plain = value == 0 || (value >= 1e-5 && value < 1e16);
    return std::to_chars(at,
                         at + kNumberRoom,
                         value,
                         plain ? std::chars_format::fixed : std::chars_format::scientific)
        .ptr;
}

char* put_text(char* at, std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

std::array<double, 9> in_order(const BatchFigures& figures) {
    return {figures.node_energy_kwh,
            figures.facility_energy_kwh,
            figures.location_kgco2e,
            figures.location_low_kgco2e,
            figures.location_high_kgco2e,
            figures.market_kgco2e,
            figures.water_l,
            figures.embodied_kgco2e,
            figures.total_kgco2e};
}

// ",1.5,...,declared\n"
char* put_csv_tail(char* at, const FootprintRow& row) {
    for (const double number : in_order(row.figures)) {
        *at++ = ',';
        at = put_number(at, number);
    }
    *at++ = ',';
    at = put_text(at, to_string(row.quality));
    if (row.crlf) *at++ = '\r';
    *at++ = '\n';
    return at;
}

// "node_energy_kwh":1.5,...,"quality":"declared"}
char* put_json_tail(char* at, const FootprintRow& row) {
    const std::array<double, 9> numbers = in_order(row.figures);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        *at++ = '"';
        at = put_text(at, kFootprintColumns[i]);
        at = put_text(at, "\":");
        at = std::isnan(numbers[i]) ? put_text(at, "null") : put_number(at, numbers[i]);
        *at++ = ',';
    }
    at = put_text(at, "\"quality\":\"");
    at = put_text(at, to_string(row.quality));
    at = put_text(at, "\"}");
    if (row.crlf) *at++ = '\r';
    *at++ = '\n';
    return at;
}

template <class Put>
void append_tail(std::string& out, const FootprintRow& row, Put put) {
    const std::size_t size = out.size();
    out.resize(size + kTailRoom);
    const char* end = put(out.data() + size, row);
    out.resize(static_cast<std::size_t>(end - out.data()));
}

// A key or a text of JSON as a cell; a number in quotes is no formula.
std::string csv_cell(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc{} && end == text.data() + text.size();
    return number ? std::string(text) : guarded_cell(without_controls(text));
}

void append_quoted_csv(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    JsonWriter json(-1);
    json.text(text);
    return json.take();
}

std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace

void append_csv_header(std::string& out, std::string_view header, bool crlf) {
    out += header;
    for (const std::string_view name : kFootprintColumns) {
        out += ',';
        out += name;
    }
    out += crlf ? "\r\n" : "\n";
}

void append_csv(std::string& out, std::string_view row, const FootprintRow& footprint) {
    out += row;
    append_tail(out, footprint, put_csv_tail);
}

void append_json(std::string& out, std::string_view object, const FootprintRow& footprint) {
    std::string_view inner = trimmed(object);
    inner.remove_suffix(inner.empty() ? 0 : 1);
    inner = trimmed(inner);
    out += inner;
    if (inner != "{") out += ',';
    append_tail(out, footprint, put_json_tail);
}

void append_csv_header(std::string& out, std::span<const std::string> names) {
    std::string header;
    for (const std::string& name : names) {
        if (&name != names.data()) header += ',';
        append_quoted_csv(header, csv_cell(name));
    }
    append_csv_header(out, header, false);
}

void append_csv(std::string& out, std::span<const JobCell> cells, const FootprintRow& footprint) {
    for (const JobCell& cell : cells) {
        if (&cell != cells.data()) out += ',';
        append_quoted_csv(out, cell.number ? std::string(cell.text) : csv_cell(cell.text));
    }
    append_tail(out, footprint, put_csv_tail);
}

void append_json(std::string& out, std::span<const JobCell> cells, const FootprintRow& footprint) {
    out += '{';
    for (const JobCell& cell : cells) {
        out += json_string(cell.name);
        out += ':';
        if (cell.number || cell.raw) {
            out += cell.text;
        } else if (cell.text.empty()) {
            out += "null";
        } else {
            out += json_string(cell.text);
        }
        out += ',';
    }
    append_tail(out, footprint, put_json_tail);
}

namespace {

void put_known(JsonWriter& json, std::string_view name, double value, std::uint64_t rows) {
    put_number(json, name, rows > 0 ? std::optional(value) : std::nullopt);
}

void put_sums(JsonWriter& json, const BatchSums& sums, const Ranged* location) {
    put_known(json, "node_energy_kwh", sums.node_energy_kwh, sums.node_rows);
    json.key("facility_energy_kwh").number(sums.facility_energy_kwh);
    if (location != nullptr)
        put_range(json, "location_kgco2e", *location);
    else
        json.key("location_kgco2e").number(sums.location_kgco2e);
    put_known(json, "market_kgco2e", sums.market_kgco2e, sums.market_rows);
    put_known(json, "water_l", sums.water_l, sums.water_rows);
    put_known(json, "embodied_kgco2e", sums.embodied_kgco2e, sums.embodied_rows);
    json.key("total_kgco2e").number(sums.total_kgco2e);
    put_known(json, "tokens", sums.tokens, sums.tokens_rows);
    put_known(json, "flop", sums.flop, sums.flop_rows);
}

constexpr std::array<Phase, 5> kPhases{
    Phase::data, Phase::experimentation, Phase::training, Phase::finetuning, Phase::inference};

}  // namespace

std::string footprint_report_json(const FootprintReport& report) {
    const footprint::BatchSummary& summary = report.summary;
    JsonWriter json(-1);
    json.begin_object();
    json.key("rows").unsigned_integer(summary.all.rows);
    json.key("skipped_rows").unsigned_integer(report.skipped_rows);
    json.key("unknown_region_rows").unsigned_integer(summary.unknown_region_rows);
    json.key("market_rows").unsigned_integer(summary.all.market_rows);
    json.key("water_rows").unsigned_integer(summary.all.water_rows);
    json.key("embodied_rows").unsigned_integer(summary.all.embodied_rows);
    json.key("output");
    if (report.output.empty()) {
        json.null();
    } else {
        json.text(report.output);
    }
    json.key("totals");
    json.begin_object();
    put_sums(json, summary.all, &summary.location_kgco2e);
    json.end_object();
    json.key("phases");
    json.begin_array();
    for (std::size_t p = 0; p < summary.phases.size(); ++p) {
        if (summary.phases[p].rows == 0) continue;
        json.begin_object();
        json.key("phase");
        if (p < kPhases.size()) {
            json.text(to_string(kPhases[p]));
        } else {
            json.null();
        }
        json.key("rows").unsigned_integer(summary.phases[p].rows);
        put_sums(json, summary.phases[p], nullptr);
        json.end_object();
    }
    json.end_array();
    json.key("errors");
    json.begin_array();
    for (const FootprintError& bad : report.errors) {
        json.begin_object();
        json.key("line").unsigned_integer(bad.line);
        json.key("column");
        if (bad.error.where.empty()) {
            json.null();
        } else {
            json.text(bad.error.where);
        }
        json.key("code").text(abate::to_string(bad.error.code));
        json.key("message").text(bad.error.what);
        json.key("hint").text(bad.error.hint);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

std::string footprint_report_text(const FootprintReport& report) {
    const footprint::BatchSummary& summary = report.summary;
    const BatchSums& all = summary.all;
    std::string text = fmt::format("{} {}: facility {}, location-based {} (low {}, high {})\n",
                                   all.rows,
                                   all.rows == 1 ? "row" : "rows",
                                   human_energy(all.facility_energy_kwh * kJoulesPerKilowattHour),
                                   human_carbon(summary.location_kgco2e.value),
                                   human_carbon(summary.location_kgco2e.low),
                                   human_carbon(summary.location_kgco2e.high));
    const auto line = [&](const char* what, const std::string& value, std::uint64_t rows) {
        if (rows == 0) return;
        text += fmt::format("  {:<10}{}", what, value);
        if (rows < all.rows)
            text +=
                fmt::format(" over the {} {} where it is known", rows, rows == 1 ? "row" : "rows");
        text += '\n';
    };
    line("market", human_carbon(all.market_kgco2e), all.market_rows);
    line("water", fmt::format("{:.4g} L", all.water_l), all.water_rows);
    line("embodied", human_carbon(all.embodied_kgco2e), all.embodied_rows);
    if (all.embodied_rows > 0) line("total", human_carbon(all.total_kgco2e), all.rows);
    if (summary.unknown_region_rows > 0)
        text += fmt::format("  rows without a region: {}; the range over countries stands in\n",
                            summary.unknown_region_rows);
    return text;
}

}  // namespace abate::report
