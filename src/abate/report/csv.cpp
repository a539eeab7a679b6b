// `abate export --format csv`: one row a run, with source, quality and range. Columns:
// docs/reference/exports.md.
#include "abate/report/csv.h"

#include "abate/core/assert.h"
#include "abate/core/plain_text.h"
#include "abate/report/json_writer.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace abate::report {
namespace {

const std::vector<std::string>& csv_columns() {
    static const std::vector<std::string> kColumns{"run_id",
                                                   "started_at",
                                                   "ended_at",
                                                   "duration_s",
                                                   "status",
                                                   "exit_code",
                                                   "phase",
                                                   "project",
                                                   "labels",
                                                   "command",
                                                   "host",
                                                   "region",
                                                   "attributed_j",
                                                   "attributed_low_j",
                                                   "attributed_high_j",
                                                   "active_j",
                                                   "idle_j",
                                                   "cpu_time_s",
                                                   "method",
                                                   "quality",
                                                   "source",
                                                   "gap_s",
                                                   "node_j",
                                                   "node_low_j",
                                                   "node_high_j",
                                                   "node_quality",
                                                   "pue",
                                                   "facility_j",
                                                   "facility_low_j",
                                                   "facility_high_j",
                                                   "facility_quality",
                                                   "intensity_gco2e_per_kwh",
                                                   "region_known",
                                                   "location_kgco2e",
                                                   "location_low_kgco2e",
                                                   "location_high_kgco2e",
                                                   "market_kgco2e",
                                                   "water_l",
                                                   "flop",
                                                   "flop_basis",
                                                   "tokens",
                                                   "requests",
                                                   "machine_total_j",
                                                   "abate_version",
                                                   "embodied_kgco2e",
                                                   "embodied_low_kgco2e",
                                                   "embodied_high_kgco2e",
                                                   "embodied_boundary",
                                                   "total_kgco2e",
                                                   "total_low_kgco2e",
                                                   "total_high_kgco2e"};
    return kColumns;
}

void number_or_empty(CsvWriter& csv, const std::optional<double>& value) {
    if (value) {
        csv.number(*value);
    } else {
        csv.empty();
    }
}

std::string sources_of(const RunRecord& record) {
    std::vector<std::string> names;
    for (const DeviceEnergy& device : record.energy.devices) {
        if (device.counted) names.push_back(device.device + ":" + device.source);
    }
    return joined(names, " ");
}

double longest_gap(const RunRecord& record) {
    double gap = 0;
    for (const DeviceEnergy& device : record.energy.devices) {
        if (device.counted) gap = std::max(gap, device.gap_s);
    }
    return gap;
}

void csv_head(CsvWriter& csv, const RunRecord& record) {
    csv.text(record.run_id.text());
    csv.plain(to_rfc3339(record.started_at));
    csv.plain(to_rfc3339(record.ended_at));
    csv.number(record.duration_s);
    csv.plain(to_string(record.status));
    csv.plain(record.exit_code ? std::to_string(*record.exit_code) : "");
    csv.plain(record.phase ? to_string(*record.phase) : "");
    csv.text(record.project);
    std::vector<std::string> labels;
    for (const auto& [name, value] : record.labels)
        labels.push_back(fmt::format("{}={}", name, value));
    csv.text(joined(labels, ";"));
    csv.text(shell_words(record.command));
    csv.text(record.host.name);
    csv.text(record.region);
}

void csv_job(CsvWriter& csv, const RunRecord& record) {
    const Attributed& job = record.attributed;
    csv.plain(decimal_joules(job.energy.value));
    csv.plain(decimal_joules(job.energy.low));
    csv.plain(decimal_joules(job.energy.high));
    csv.plain(decimal_joules(job.active));
    csv.plain(decimal_joules(job.idle));
    csv.number(job.cpu_time_s);
    csv.text(job.method);
    csv.plain(to_string(job.quality));
    csv.text(sources_of(record));
    csv.number(longest_gap(record));
}

void csv_boundary(CsvWriter& csv, const BoundaryEnergy* energy) {
    if (energy == nullptr) {
        for (int i = 0; i < 4; ++i) csv.empty();
        return;
    }
    csv.number(energy->energy_j);
    csv.number(energy->low_j);
    csv.number(energy->high_j);
    csv.plain(to_string(energy->quality));
}

void csv_carbon(CsvWriter& csv, const RunRecord& record) {
    if (!record.operational) {
        for (int i = 0; i < 7; ++i) csv.empty();
        return;
    }
    const Operational& operational = *record.operational;
    csv.number(operational.intensity_gco2e_per_kwh.value);
    csv.plain(operational.region_known ? "true" : "false");
    csv.number(operational.location_kgco2e.value);
    csv.number(operational.location_kgco2e.low);
    csv.number(operational.location_kgco2e.high);
    number_or_empty(csv, operational.market_kgco2e);
    number_or_empty(csv, operational.water_l);
}

void csv_range(CsvWriter& csv, const Ranged* range) {
    if (range == nullptr) {
        for (int i = 0; i < 3; ++i) csv.empty();
        return;
    }
    csv.number(range->value);
    csv.number(range->low);
    csv.number(range->high);
}

}  // namespace

CsvWriter::CsvWriter(const std::vector<std::string>& header) : columns_(header.size()) {
    for (const std::string& name : header) plain(name);
    end_row();
}

void CsvWriter::plain(std::string_view value) {
    ABATE_REQUIRE(value.find_first_of(",\"\n\r") == std::string_view::npos);
    if (at_++ > 0) out_ += ',';
    out_ += value;
}

void CsvWriter::text(std::string_view value) {
    const std::string safe = guarded_cell(without_controls(value));
    if (at_++ > 0) out_ += ',';
    if (safe.find_first_of(",\"\n\r") == std::string::npos) {
        out_ += safe;
        return;
    }
    out_ += '"';
    for (const char c : safe) {
        if (c == '"') out_ += '"';
        out_ += c;
    }
    out_ += '"';
}

void CsvWriter::number(double value) { plain(std::isfinite(value) ? shortest(value) : ""); }

void CsvWriter::end_row() {
    ABATE_REQUIRE(at_ == columns_);
    out_ += '\n';
    at_ = 0;
}

std::string runs_csv(std::span<const RunRecord> records) {
    CsvWriter csv(csv_columns());
    for (const RunRecord& record : records) {
        csv_head(csv, record);
        csv_job(csv, record);
        csv_boundary(csv, record.node ? &record.node->energy : nullptr);
        number_or_empty(csv, record.facility ? std::optional(record.facility->pue) : std::nullopt);
        csv_boundary(csv, record.facility ? &record.facility->energy : nullptr);
        csv_carbon(csv, record);
        number_or_empty(csv, record.work.flop);
        csv.text(record.work.flop_basis);
        number_or_empty(csv, record.work.tokens);
        number_or_empty(csv, record.work.requests);
        csv.plain(decimal_joules(record.energy.total.value));
        csv.text(record.abate_version);
        csv_range(csv, record.embodied ? &record.embodied->kgco2e : nullptr);
        csv.text(record.embodied ? record.embodied->boundary : "");
        csv_range(csv, record.total_kgco2e ? &*record.total_kgco2e : nullptr);
        csv.end_row();
    }
    return csv.take();
}

}  // namespace abate::report
