// `abate validate`: each published case beside ours, as JSON and as text.
#include "abate/footprint/footprint.h"
#include "abate/report/human.h"
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>

namespace abate::report {
namespace {

using footprint::ValidationCase;
using footprint::ValidationGroup;
using footprint::ValidationSummary;

// Longer lists are told by their worst lines; `--group` prints them all.
constexpr std::size_t kMostLines = 200;
// Columns of a case's name.
constexpr std::size_t kLeastName = 12;
constexpr std::size_t kMostName = 96;
constexpr std::size_t kWorstLines = 10;

void write_case(JsonWriter& json, const ValidationCase& one) {
    json.begin_object();
    json.key("id").text(one.id);
    json.key("quantity").text(one.quantity);
    json.key("unit").text(one.unit);
    put_number(json, "published", one.published);
    put_range(json, "ours", one.ours);
    put_number(json, "error", one.error());
    json.key("circular").boolean(one.circular);
    json.key("excluded").boolean(one.excluded);
    json.key("reason").text(one.reason);
    json.key("source").text(one.source);
    json.end_object();
}

void write_summary(JsonWriter& json, const ValidationSummary& summary) {
    json.begin_object();
    json.key("name").text(summary.name);
    json.key("n").unsigned_integer(summary.n);
    json.key("median_error").number(summary.median_error);
    json.key("p90_error").number(summary.p90_error);
    put_number(json, "inside_range", summary.inside_range);
    json.end_object();
}

void write_group(JsonWriter& json, const ValidationGroup& group) {
    json.begin_object();
    json.key("name").text(group.name);
    json.key("method").text(group.method);
    json.key("n").unsigned_integer(group.n);
    json.key("median_error").number(group.median_error);
    json.key("p90_error").number(group.p90_error);
    put_number(json, "inside_range", group.inside_range);
    put_number(json, "median_high_over_low", group.median_high_over_low);
    json.key("beside").begin_array();
    for (const ValidationSummary& summary : group.beside) write_summary(json, summary);
    json.end_array();
    json.key("findings").begin_array();
    for (const std::string& finding : group.findings) json.text(finding);
    json.end_array();
    json.key("cases").begin_array();
    for (const ValidationCase& one : group.cases) write_case(json, one);
    json.end_array();
    json.end_object();
}

std::string ours_words(const ValidationCase& one) {
    if (!one.ours) return "-";
    if (one.ours->low == one.ours->high) return significant(one.ours->value);
    return fmt::format("{} ({} to {})",
                       significant(one.ours->value, 3),
                       significant(one.ours->low, 3),
                       significant(one.ours->high, 3));
}

std::string error_words(const ValidationCase& one) {
    if (!one.error()) return "-";
    return fmt::format("{:+.1f} %", 100 * (one.ours->value / *one.published - 1));
}

std::string remark(const ValidationCase& one) {
    std::string words = one.excluded ? "excluded: " + one.reason : one.reason;
    if (one.circular && words.find("circular") == std::string::npos) words = "circular; " + words;
    return words;
}

std::string case_line(const ValidationCase& one, std::size_t name_columns) {
    std::string line = "  " + padded(clipped(printable(one.id), name_columns), name_columns + 1) +
                       padded_left(one.published ? significant(*one.published) : "-", 10) + "  " +
                       padded(ours_words(one), 32) + padded_left(error_words(one), 9) + "  " +
                       printable(one.unit);
    if (const std::string words = remark(one); !words.empty()) line += "  " + printable(words);
    return line + "\n";
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which they are printed
std::string errors_words(std::size_t n, double median, double p90) {
    return fmt::format("n {}, median error {:.1f} %, p90 {:.1f} %", n, 100 * median, 100 * p90);
}

std::vector<const ValidationCase*> shown(const ValidationGroup& group, bool all) {
    std::vector<const ValidationCase*> cases;
    for (const ValidationCase& one : group.cases) cases.push_back(&one);
    if (all || cases.size() <= kMostLines) return cases;
    std::stable_sort(cases.begin(), cases.end(), [](const auto* a, const auto* b) {
        return a->error().value_or(0) > b->error().value_or(0);
    });
    cases.resize(kWorstLines);
    return cases;
}

std::string group_text(const ValidationGroup& group, bool all, bool color) {
    std::string head = fmt::format(
        "{}: {}", group.name, errors_words(group.n, group.median_error, group.p90_error));
    if (group.inside_range)
        head += fmt::format(", {:.1f} % inside the range", 100 * *group.inside_range);
    if (group.median_high_over_low)
        head += fmt::format(", median high/low {:.2f}", *group.median_high_over_low);
    std::string text = color ? "\x1b[1m" + head + "\x1b[0m\n" : head + "\n";
    text += "  " + group.method + "\n";
    for (const std::string& finding : group.findings) text += "  - " + printable(finding) + "\n";
    for (const ValidationSummary& summary : group.beside) {
        text += "  " + padded(clipped(printable(summary.name), 68), 69) +
                errors_words(summary.n, summary.median_error, summary.p90_error);
        if (summary.inside_range)
            text += fmt::format(", {:.1f} % inside", 100 * *summary.inside_range);
        text += "\n";
    }
    const std::vector<const ValidationCase*> cases = shown(group, all);
    std::size_t name_columns = kLeastName;
    for (const ValidationCase* one : cases)
        name_columns = std::max(name_columns, std::min(kMostName, width(one->id)));
    text += "\n  " + padded("case", name_columns + 1) + padded_left("published", 10) + "  " +
            padded("ours", 32) + padded_left("error", 9) + "  unit\n";
    for (const ValidationCase* one : cases) text += case_line(*one, name_columns);
    if (cases.size() < group.cases.size())
        text += fmt::format("  the {} worst of {}; `abate validate --group {}` prints all\n",
                            cases.size(),
                            group.cases.size(),
                            group.name);
    return text;
}

}  // namespace

std::string validation_json(std::span<const footprint::ValidationGroup> groups) {
    JsonWriter json(2);
    json.begin_object();
    json.key("groups").begin_array();
    for (const ValidationGroup& group : groups) write_group(json, group);
    json.end_array();
    json.end_object();
    return json.take();
}

std::string validation_text(std::span<const footprint::ValidationGroup> groups, bool color) {
    std::string text;
    for (const ValidationGroup& group : groups) {
        if (!text.empty()) text += "\n";
        text += group_text(group, groups.size() == 1, color);
    }
    return text;
}

}  // namespace abate::report
