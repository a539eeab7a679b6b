// The run record as JSON. Order and names of keys: docs/reference/run_record.md.
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"
#include "abate/report/provenance.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <map>

namespace abate::report {
namespace {

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    json.key(key).begin_array(true);
    for (const std::string& text : texts) json.text(text);
    json.end_array();
}

void write_energy_range(JsonWriter& json, std::string_view value_key, const EnergyRange& range) {
    json.key(value_key).joules(range.value);
    json.key("low_j").joules(range.low);
    json.key("high_j").joules(range.high);
    json.key("range").text(to_string(range.kind));
}

void write_boundary(JsonWriter& json, const BoundaryEnergy& energy) {
    json.key("energy_j").number(energy.energy_j);
    json.key("low_j").number(energy.low_j);
    json.key("high_j").number(energy.high_j);
    json.key("range").text(to_string(energy.kind));
}

void write_head(JsonWriter& json, const RunRecord& record) {
    json.key("schema").integer(record.schema);
    json.key("abate_version").text(record.abate_version);
    json.key("run_id").text(record.run_id.text());
    write_texts(json, "command", record.command);
    if (record.exit_code) json.key("exit_code").integer(*record.exit_code);
    if (record.signal) json.key("signal").integer(*record.signal);
    json.key("started_at").text(to_rfc3339(record.started_at));
    json.key("ended_at").text(to_rfc3339(record.ended_at));
    json.key("duration_s").number(record.duration_s);
    json.key("status").text(to_string(record.status));
    if (record.phase) json.key("phase").text(to_string(*record.phase));
    json.key("project").text(record.project);
    json.key("labels").begin_object();
    // Keys that only differ in invalid bytes become one after repair; the first is kept.
    std::map<std::string, std::string> labels;
    for (const auto& [name, value] : record.labels) labels.emplace(valid_utf8(name), value);
    for (const auto& [name, value] : labels) json.key(name).text(value);
    json.end_object();
}

void write_host(JsonWriter& json, const Host& host) {
    json.key("host").begin_object();
    json.key("name").text(host.name);
    json.key("cpu_model").text(host.cpu_model);
    json.key("sockets").integer(host.sockets);
    json.key("cpus").integer(host.cpus);
    json.key("memory_bytes").unsigned_integer(host.memory_bytes);
    json.key("virtual_machine").boolean(host.virtual_machine);
    json.key("kind").text(host.kind);
    json.key("os").text(host.os);
    write_texts(json, "gpus", host.gpus);
    json.end_object();
}

void write_device(JsonWriter& json, const DeviceEnergy& device) {
    json.begin_object();
    json.key("device").text(device.device);
    if (!device.name.empty()) json.key("name").text(device.name);
    json.key("source").text(device.source);
    json.key("quality").text(to_string(device.quality));
    write_energy_range(json, "energy_j", device.energy);
    json.key("gap_s").number(device.gap_s);
    json.key("counted").boolean(device.counted);
    if (!device.part_of.empty()) json.key("part_of").text(device.part_of);
    json.end_object();
}

void write_energy(JsonWriter& json, const RunRecord& record) {
    json.key("energy").begin_object();
    write_energy_range(json, "total_j", record.energy.total);
    json.key("devices").begin_array();
    for (const DeviceEnergy& device : record.energy.devices) write_device(json, device);
    json.end_array();
    json.key("checks").begin_array();
    for (const SourceCheck& check : record.checks) {
        json.begin_object();
        json.key("device").text(check.device);
        json.key("counted_source").text(check.counted_source);
        json.key("other_source").text(check.other_source);
        json.key("ratio").number(check.ratio);
        json.key("agree").boolean(check.agree);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write_shares(JsonWriter& json, const RunRecord& record) {
    const Attributed& job = record.attributed;
    json.key("attributed").begin_object();
    json.key("method").text(job.method);
    json.key("cpu_time_s").number(job.cpu_time_s);
    json.key("active_j").joules(job.active);
    json.key("idle_j").joules(job.idle);
    write_energy_range(json, "energy_j", job.energy);
    json.key("quality").text(to_string(job.quality));
    json.key("idle_rule").text(job.idle_rule);
    json.key("idle_share").number(job.idle_share);
    json.end_object();
    json.key("unattributed").begin_object();
    json.key("idle_j").joules(record.unattributed.idle);
    json.key("others_j").joules(record.unattributed.others);
    json.key("unknown_j").joules(record.unattributed.unknown);
    json.end_object();
}

void write_boundaries(JsonWriter& json, const RunRecord& record) {
    if (record.node) {
        json.key("node").begin_object();
        write_boundary(json, record.node->energy);
        json.key("source").text(record.node->source);
        json.key("quality").text(to_string(record.node->energy.quality));
        json.end_object();
    }
    if (record.facility) {
        json.key("facility").begin_object();
        json.key("pue").number(record.facility->pue);
        json.key("pue_low").number(record.facility->pue_low);
        json.key("pue_high").number(record.facility->pue_high);
        write_boundary(json, record.facility->energy);
        json.key("quality").text(to_string(record.facility->energy.quality));
        json.end_object();
    }
    json.key("left_running").begin_array();
    for (const LeftRunning& left : record.left_running) {
        json.begin_object();
        json.key("pid").integer(left.pid);
        json.key("command").text(left.command);
        json.end_object();
    }
    json.end_array();
}

void write_work(JsonWriter& json, const Work& work) {
    json.key("work").begin_object();
    if (work.flop) json.key("flop").number(*work.flop);
    if (!work.flop_basis.empty()) json.key("flop_basis").text(work.flop_basis);
    if (work.tokens) json.key("tokens").number(*work.tokens);
    if (work.requests) json.key("requests").number(*work.requests);
    if (!work.source.empty()) json.key("source").text(work.source);
    json.end_object();
}

void write_operational(JsonWriter& json, const Operational& operational) {
    const Ranged& intensity = operational.intensity_gco2e_per_kwh;
    json.key("operational").begin_object();
    json.key("intensity_gco2e_per_kwh").number(intensity.value);
    json.key("intensity_low_gco2e_per_kwh").number(intensity.low);
    json.key("intensity_high_gco2e_per_kwh").number(intensity.high);
    json.key("intensity_range").text(to_string(intensity.kind));
    json.key("intensity_basis").text(operational.intensity_basis);
    json.key("region_known").boolean(operational.region_known);
    put_range(json, "location_kgco2e", operational.location_kgco2e);
    put_number(json, "market_kgco2e", operational.market_kgco2e);
    put_number(json, "water_l", operational.water_l);
    json.end_object();
}

void write_embodied(JsonWriter& json, const EmbodiedRecord& embodied) {
    json.key("embodied").begin_object();
    put_range(json, "kgco2e", embodied.kgco2e);
    json.key("boundary").text(embodied.boundary);
    json.key("lifetime_h").number(embodied.lifetime_h);
    json.key("utilisation").number(embodied.utilisation);
    json.key("share").number(embodied.share);
    json.key("source").text(embodied.source);
    json.end_object();
}

void write_meter(JsonWriter& json, const MeterCost& meter) {
    json.key("meter").begin_object();
    json.key("cpu_time_s").number(meter.cpu_time_s);
    json.key("max_rss_bytes").integer(meter.max_rss_bytes);
    json.key("samples").integer(meter.samples);
    json.key("interval_s").number(meter.interval_s);
    json.end_object();
}

void write_provenance(JsonWriter& json, const std::vector<Provenance>& rows) {
    json.key("provenance").begin_array();
    for (const Provenance& row : rows) write_provenance(json, row);
    json.end_array();
}

void write_members(JsonWriter& json, const RunRecord& record) {
    write_head(json, record);
    write_host(json, record.host);
    json.key("region").text(record.region);
    json.key("boundary").text(record.boundary);
    write_energy(json, record);
    write_shares(json, record);
    write_boundaries(json, record);
    write_work(json, record.work);
    if (record.operational) write_operational(json, *record.operational);
    if (record.embodied) write_embodied(json, *record.embodied);
    if (record.total_kgco2e) put_range(json, "total_kgco2e", *record.total_kgco2e);
    write_meter(json, record.meter);
    json.key("notes").begin_array();
    for (const std::string& note : record.notes) json.text(note);
    json.end_array();
    write_provenance(json, record.provenance);
}

void write_record(JsonWriter& json, const RunRecord& record) {
    json.begin_object();
    write_members(json, record);
    json.end_object();
}

}  // namespace

std::string run_record_json(const RunRecord& record, int indent) {
    JsonWriter json(indent);
    write_record(json, record);
    return json.take();
}

std::string header_json(const RunRecord& record, const data::Layers& layers) {
    JsonWriter json(-1);
    json.begin_object();
    write_members(json, record);
    json.key("layers").begin_object();
    write_texts(json, "packs", layers.packs);
    json.key("organisation").text(layers.organisation);
    json.key("project").text(layers.project);
    write_texts(json, "options", layers.options);
    json.end_object();
    json.end_object();
    return json.take();
}

std::string runs_json(std::span<const RunRecord> records) {
    JsonWriter json(2);
    json.begin_object();
    json.key("runs").begin_array();
    for (const RunRecord& record : records) write_record(json, record);
    json.end_array();
    json.end_object();
    return json.take();
}

}  // namespace abate::report
