// Plan and report of monitoring.
#include "abate/input/monitoring.h"

#include "abate/input/input.h"
#include "abate/input/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace abate::input {
namespace {

using scheme::MonitoringPlan;
using scheme::MonitoringReport;
using scheme::Ppm;

constexpr const char* kMonitoringPage = "See docs/registry/monitoring.md";

enum class Need : std::uint8_t { optional, required };

// What a Reader lacks: whole numbers and energies to the last digit, and keys that must be there.
class DocumentReader {
  public:
    DocumentReader(std::string_view file, const Names& known)
        : reader(file, kMonitoringPage), names(known) {}

    [[nodiscard]] const toml::node* find(const toml::table& table,
                                         std::string_view key,
                                         Need need) {
        const toml::node* node = table.get(key);
        if (node == nullptr && need == Need::required)
            reader.refuse(table, fmt::format("'{}' is missing", key), kMonitoringPage);
        return node;
    }

    void text(const toml::table& table, std::string_view key, std::string& out, Need need) {
        if (find(table, key, need) != nullptr) reader.read(table, key, out);
    }

    template <scheme::NamedEnum T>
    void word(const toml::table& table, std::string_view key, T& out) {
        if (find(table, key, Need::required) != nullptr)
            reader.word(table, key, out, scheme::enum_named<T>, scheme::names_of<T>());
    }

    // 0 to 2^63 - 1.
    template <class T>
    void whole(const toml::table& table, std::string_view key, T& out, Need need) {
        const toml::node* node = find(table, key, need);
        if (node == nullptr) return;
        const auto* number = node->as_integer();
        if (number == nullptr) {
            reader.refuse(*node, fmt::format("'{}' must be a whole number", key), kMonitoringPage);
        } else if (number->get() < 0) {
            out_of_range(*node, fmt::format("'{}' cannot be {}", key, number->get()));
        } else {
            out = static_cast<T>(number->get());
        }
    }

    // A number, or the name of somebody.
    template <class T>
    void somebody(const toml::table& table,
                  std::string_view key,
                  T& out,
                  Need need,
                  const std::vector<Names::Named>& known) {
        const toml::node* node = find(table, key, need);
        if (node == nullptr || !node->is_string()) return whole(table, key, out, need);
        const std::string said = node->as_string()->get();
        std::optional<std::uint64_t> found;
        std::vector<std::string> all;
        for (const Names::Named& one : known) {
            all.push_back(one.name);
            if (ascii_lower(one.name) != ascii_lower(said)) continue;
            if (found)
                return reader.refuse(
                    *node,
                    fmt::format("'{}': several are called '{}'", key, one_line(said)),
                    fmt::format("Write which by its number: {} or {}", *found, one.number));
            found = one.number;
        }
        if (found) {
            out = static_cast<T>(*found);
            return;
        }
        const std::vector<std::string> near = nearest(said, all, 1);
        reader.refuse(*node,
                      fmt::format("'{}': nobody is called '{}'", key, one_line(said)),
                      near.empty() ? "Write a number, or a name: `abate registry list`"
                                   : "Did you mean '" + near.front() + "'?");
    }

    void service_class(const toml::table& table, std::string& out) {
        text(table, "service_class", out, Need::required);
        const std::vector<std::string>& known = names.service_classes;
        const toml::node* node = table.get("service_class");
        if (node == nullptr || known.empty() || reader.error()) return;
        if (std::find(known.begin(), known.end(), out) != known.end()) return;
        const std::vector<std::string> near = nearest(out, known, 1);
        std::string all;
        for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
        reader.refuse(*node,
                      fmt::format("the rules have no service class '{}'", one_line(out)),
                      near.empty()
                          ? "They have " + all
                          : fmt::format("Did you mean '{}'? They have {}", near.front(), all));
    }

    // kWh: a number, or text where it has more digits than a number keeps.
    void energy(const toml::table& table, std::string_view key, Microjoules& out, Need need) {
        const toml::node* node = find(table, key, need);
        if (node == nullptr) return;
        std::string digits;
        if (const auto* number = node->as_integer()) {
            digits = std::to_string(number->get());
        } else if (const auto* decimal = node->as_floating_point()) {
            // The shortest decimal that is this double: what was typed, up to 15 digits.
            digits = std::isfinite(decimal->get()) ? fmt::format("{}", decimal->get()) : "nan";
        } else if (const auto* typed = node->as_string()) {
            digits = typed->get();
        }
        const Result<Microjoules> value = parse_kwh(digits);
        if (!value) {
            reader.refuse(*node,
                          fmt::format("'{}' is no energy: '{}'", key, one_line(digits)),
                          "Write kWh with at most six decimals; in quotes, where there are more "
                          "than 15 digits");
            return;
        }
        if (value->count() < 0) {
            out_of_range(*node, fmt::format("'{}' cannot be below 0", key));
            return;
        }
        out = *value;
    }

    void percent(const toml::table& table, std::string_view key, Ppm& out, Need need) {
        if (find(table, key, need) == nullptr) return;
        std::optional<double> value;
        reader.read(table, key, value, {.most = 100});
        if (value) out = {static_cast<std::int64_t>(std::llround(*value * 10'000))};
    }

    void moment(const toml::table& table, std::string_view key, Timestamp& out, Need need) {
        if (find(table, key, need) == nullptr) return;
        std::optional<Timestamp> value;
        reader.read(table, key, value);
        if (value) out = *value;
    }

    void out_of_range(const toml::node& node, std::string what) {
        reader.refuse(
            ErrorCode::out_of_range, std::move(what), reader.where(node), kMonitoringPage);
    }

    Reader reader;
    const Names& names;
};

// ---- the plan

void read_plan_meter(DocumentReader& doc, const toml::table& table, scheme::PlanSite& site) {
    doc.reader.only(table, "[[site.meter]]", {"name", "scope", "uncertainty_percent", "evidence"});
    scheme::PlanMeter meter;
    doc.text(table, "name", meter.name, Need::required);
    doc.word(table, "scope", meter.scope);
    doc.percent(table, "uncertainty_percent", meter.uncertainty, Need::required);
    doc.text(table, "evidence", meter.evidence, Need::optional);
    site.meters.push_back(std::move(meter));
}

void read_plan_site(DocumentReader& doc, const toml::table& table, MonitoringPlan& plan) {
    doc.reader.only(table, "[[site]]", {"name", "supply", "supplier", "meter"});
    scheme::PlanSite site;
    doc.text(table, "name", site.name, Need::required);
    doc.word(table, "supply", site.supply);
    doc.somebody(table, "supplier", site.supplier, Need::optional, doc.names.participants);
    doc.reader.each(
        table, "meter", [&](const auto& inner) { read_plan_meter(doc, inner, site); }, "site");
    plan.sites.push_back(std::move(site));
}

void read_counter(DocumentReader& doc, const toml::table& table, MonitoringPlan& plan) {
    doc.reader.only(table, "[[counter]]", {"name", "service_class", "uncertainty_percent"});
    scheme::PlanCounter counter;
    doc.text(table, "name", counter.name, Need::required);
    doc.service_class(table, counter.service_class);
    doc.percent(table, "uncertainty_percent", counter.uncertainty, Need::required);
    plan.counters.push_back(std::move(counter));
}

// ---- the report

void read_reading(DocumentReader& doc, const toml::table& table, scheme::ReportSite& site) {
    doc.reader.only(table, "[[site.reading]]", {"meter", "energy_kwh"});
    scheme::ReportReading reading;
    doc.text(table, "meter", reading.meter, Need::required);
    doc.energy(table, "energy_kwh", reading.energy, Need::required);
    site.readings.push_back(std::move(reading));
}

void read_gap(DocumentReader& doc, const toml::table& table, scheme::ReportSite& site) {
    doc.reader.only(
        table, "[[site.gap]]", {"begin", "end", "energy_kwh", "low_kwh", "high_kwh", "why"});
    scheme::ReportGap gap;
    doc.moment(table, "begin", gap.begin, Need::required);
    doc.moment(table, "end", gap.end, Need::required);
    doc.energy(table, "energy_kwh", gap.energy, Need::required);
    doc.energy(table, "low_kwh", gap.low, Need::required);
    doc.energy(table, "high_kwh", gap.high, Need::required);
    doc.text(table, "why", gap.why, Need::required);
    site.gaps.push_back(std::move(gap));
}

void read_load(DocumentReader& doc, const toml::table& table, scheme::ReportSite& site) {
    doc.reader.only(
        table,
        "[[site.uncovered]]",
        {"activity", "meter", "energy_kwh", "outside_it", "passed_to", "passed_site", "evidence"});
    scheme::ReportLoad load;
    doc.text(table, "activity", load.activity, Need::required);
    doc.text(table, "meter", load.meter, Need::optional);
    doc.energy(table, "energy_kwh", load.energy, Need::required);
    doc.reader.read(table, "outside_it", load.outside_it);
    doc.somebody(table, "passed_to", load.passed_to, Need::optional, doc.names.participants);
    doc.text(table, "passed_site", load.passed_site, Need::optional);
    doc.text(table, "evidence", load.evidence, Need::optional);
    site.uncovered.push_back(std::move(load));
}

void read_run(DocumentReader& doc, const toml::table& table, scheme::ReportSite& site) {
    doc.reader.only(table,
                    "[[site.run]]",
                    {"run_id", "device", "begin", "end", "energy_kwh", "share_percent", "label"});
    scheme::ReportRun run;
    doc.text(table, "run_id", run.run_id, Need::required);
    doc.text(table, "device", run.device, Need::required);
    doc.moment(table, "begin", run.begin, Need::required);
    doc.moment(table, "end", run.end, Need::required);
    doc.energy(table, "energy_kwh", run.energy, Need::required);
    doc.percent(table, "share_percent", run.share, Need::optional);
    doc.text(table, "label", run.label, Need::optional);
    site.runs.push_back(std::move(run));
}

void read_bill(DocumentReader& doc, const toml::table& table, scheme::ReportSite& site) {
    doc.reader.only(table, "[[site.bill]]", {"document", "energy_kwh"});
    scheme::ReportBill bill;
    doc.text(table, "document", bill.document, Need::required);
    doc.energy(table, "energy_kwh", bill.energy, Need::required);
    site.bills.push_back(std::move(bill));
}

void read_report_site(DocumentReader& doc, const toml::table& table, ReportDocument& out) {
    doc.reader.only(
        table, "[[site]]", {"name", "stored_runs", "reading", "gap", "uncovered", "run", "bill"});
    scheme::ReportSite site;
    doc.text(table, "name", site.name, Need::required);
    const auto each = [&](const char* section, auto read) {
        doc.reader.each(
            table, section, [&](const auto& inner) { read(doc, inner, site); }, "site");
    };
    each("reading", read_reading);
    each("gap", read_gap);
    each("uncovered", read_load);
    each("run", read_run);
    each("bill", read_bill);
    std::vector<std::string> ids;
    doc.reader.read(table, "stored_runs", ids);
    for (std::string& id : ids)
        out.stored_runs.push_back({.site = out.report.sites.size(),
                                   .run = RunId{std::move(id)},
                                   .where = doc.reader.where(*table.get("stored_runs"))});
    out.report.sites.push_back(std::move(site));
}

void read_delivery(DocumentReader& doc, const toml::table& table, MonitoringReport& report) {
    doc.reader.only(table,
                    "[[delivery]]",
                    {"service_class",
                     "counter",
                     "buyer",
                     "served",
                     "retries",
                     "rejected_drafts",
                     "cache_repeats",
                     "model_flop_per_unit",
                     "gap"});
    scheme::ReportDelivery delivery;
    doc.service_class(table, delivery.service_class);
    doc.text(table, "counter", delivery.counter, Need::optional);
    doc.somebody(table, "buyer", delivery.buyer, Need::required, doc.names.groups);
    doc.whole(table, "served", delivery.served, Need::required);
    doc.whole(table, "retries", delivery.retries, Need::optional);
    doc.whole(table, "rejected_drafts", delivery.rejected_drafts, Need::optional);
    doc.whole(table, "cache_repeats", delivery.cache_repeats, Need::optional);
    doc.whole(table, "model_flop_per_unit", delivery.model_flop_per_unit, Need::optional);
    doc.reader.read(table, "gap", delivery.gap);
    report.deliveries.push_back(std::move(delivery));
}

}  // namespace

Result<MonitoringPlan> parse_monitoring_plan(std::string_view text,
                                             std::string_view file,
                                             const Names& names) {
    DocumentReader doc(file, names);
    const Result<toml::table> root = doc.reader.parse(text);
    if (!root) return root.error();
    doc.reader.only(
        *root, "", {"first_year", "boundary", "gap_method", "controls", "site", "counter"});
    MonitoringPlan plan;
    doc.whole(*root, "first_year", plan.first_year, Need::required);
    doc.text(*root, "boundary", plan.boundary, Need::required);
    doc.text(*root, "gap_method", plan.gap_method, Need::required);
    doc.text(*root, "controls", plan.controls, Need::optional);
    doc.reader.each(*root, "site", [&](const auto& table) { read_plan_site(doc, table, plan); });
    doc.reader.each(*root, "counter", [&](const auto& table) { read_counter(doc, table, plan); });
    if (doc.reader.error()) return *doc.reader.error();
    return plan;
}

Result<ReportDocument> parse_monitoring_report(std::string_view text,
                                               std::string_view file,
                                               const Names& names) {
    DocumentReader doc(file, names);
    const Result<toml::table> root = doc.reader.parse(text);
    if (!root) return root.error();
    doc.reader.only(*root, "", {"year", "plan_version", "verifier", "note", "site", "delivery"});
    ReportDocument out;
    doc.whole(*root, "year", out.report.year, Need::required);
    doc.whole(*root, "plan_version", out.report.plan_version, Need::required);
    doc.somebody(*root, "verifier", out.report.verifier, Need::required, names.participants);
    doc.text(*root, "note", out.report.note, Need::optional);
    doc.reader.each(*root, "site", [&](const auto& table) { read_report_site(doc, table, out); });
    doc.reader.each(
        *root, "delivery", [&](const auto& table) { read_delivery(doc, table, out.report); });
    if (doc.reader.error()) return *doc.reader.error();
    return out;
}

scheme::ReportRun report_run(const RunRecord& record) {
    Microjoules energy = record.attributed.energy.value;
    if (record.node) {
        constexpr double kMostJoules = 1e18;  // what a report takes
        const double node_j = record.node->energy.energy_j;
        if (node_j >= 0 && node_j <= kMostJoules) energy = to_microjoules(node_j * joules);
    }
    return {.run_id = record.run_id.text(),
            .device = record.host.name,
            .begin = record.started_at,
            .end = record.ended_at,
            .energy = energy,
            .share = {scheme::kMillion},
            .label = record.phase ? to_string(*record.phase) : ""};
}

}  // namespace abate::input
