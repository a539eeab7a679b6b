#include "abate/report/view.h"

#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace abate::report {
namespace {

bool begins_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

}  // namespace

double joules_of(Microjoules energy) { return energy.energy().in(joules); }

Ranged joules_of(const EnergyRange& energy) {
    return {joules_of(energy.value), joules_of(energy.low), joules_of(energy.high), energy.kind};
}

Ranged joules_of(const BoundaryEnergy& energy) {
    return {energy.energy_j, energy.low_j, energy.high_j, energy.kind};
}

const Provenance* provenance_of(const RunRecord& record, std::string_view figure) {
    for (const Provenance& row : record.provenance) {
        if (row.figure == figure) return &row;
    }
    for (const Provenance& row : record.provenance) {
        if (begins_with(row.figure, figure) && row.figure.size() > figure.size() &&
            (row.figure[figure.size()] == '.' || row.figure[figure.size()] == '_')) {
            return &row;
        }
    }
    return nullptr;
}

std::string intensity_words(const RunRecord& record) {
    std::string out = record.operational ? record.operational->intensity_basis : std::string();
    const Provenance* row = provenance_of(record, "intensity");
    if (row == nullptr) return out;
    if (row->year != 0 && out.find(std::to_string(row->year)) == std::string::npos) {
        out += fmt::format("{}{}", out.empty() ? "" : ", ", row->year);
    }
    if (!row->source.empty()) out += (out.empty() ? "" : "; ") + row->source;
    return out;
}

DeviceClass class_of(const DeviceEnergy& device) {
    if (begins_with(device.device, "gpu")) return DeviceClass::gpu;
    if (begins_with(device.device, "dram") || begins_with(device.device, "memory")) {
        return DeviceClass::memory;
    }
    return DeviceClass::cpu;
}

double counted_joules(const RunRecord& record, DeviceClass wanted) {
    double sum = 0;
    for (const DeviceEnergy& device : record.energy.devices) {
        if (device.counted && class_of(device) == wanted) sum += joules_of(device.energy.value);
    }
    return sum;
}

CloudPlace cloud_place(const RunRecord& record) {
    const std::size_t space = record.region.find(' ');
    if (space == std::string::npos) return {};
    const std::string provider = record.region.substr(0, space);
    if (provider != "gcp" && provider != "aws" && provider != "azure") return {};
    return {provider, record.region.substr(space + 1)};
}

std::string counted_names(const std::vector<std::string>& names) {
    std::vector<std::pair<std::string, int>> counts;
    for (const std::string& name : names) {
        const auto found = std::find_if(
            counts.begin(), counts.end(), [&](const auto& entry) { return entry.first == name; });
        if (found == counts.end()) {
            counts.emplace_back(name, 1);
        } else {
            ++found->second;
        }
    }
    std::vector<std::string> parts;
    for (const auto& [name, count] : counts) {
        parts.push_back(count == 1 ? name : fmt::format("{} x {}", count, name));
    }
    return joined(parts, ", ");
}

bool is_declared(const RunRecord& record) { return record.attributed.method == "declared"; }

std::string node_words(const NodeRecord& node) {
    const std::string quality = to_string(node.energy.quality);
    return node.source == quality ? quality : node.source + ", " + quality;
}

std::string hardware_words(const Host& host) {
    std::vector<std::string> parts;
    if (!host.cpu_model.empty()) {
        parts.push_back(host.sockets > 1 ? fmt::format("{} x {}", host.sockets, host.cpu_model)
                                         : host.cpu_model);
    }
    if (!host.gpus.empty()) parts.push_back(counted_names(host.gpus));
    return joined(parts, "; ");
}

std::string significant_short(double value) { return fmt::format("{:.4g}", value); }

const char* phase_short(Phase phase) {
    return phase == Phase::experimentation ? "experiment" : to_string(phase);
}

RunsTotal total_of(std::span<const RunRecord> records) {
    RunsTotal out;
    RangeSum attributed;
    RangeSum facility;
    RangeSum carbon;
    RangeSum embodied;
    RangeSum both;
    for (const RunRecord& record : records) {
        ++out.runs;
        out.duration_s += record.duration_s;
        attributed.add(joules_of(record.attributed.energy), "one meter");
        if (record.facility) {
            facility.add(joules_of(record.facility->energy), "one meter");
            ++out.with_facility;
        }
        if (record.operational) {
            carbon.add(record.operational->location_kgco2e, "one grid");
            ++out.with_carbon;
        }
        if (record.embodied && record.total_kgco2e) {
            embodied.add(record.embodied->kgco2e, "one table");
            both.add(*record.total_kgco2e, "one table and one grid");
            ++out.with_total;
        }
    }
    out.attributed_j = attributed.total();
    out.facility_j = facility.total();
    out.carbon_kg = carbon.total();
    out.embodied_kg = embodied.total();
    out.total_kg = both.total();
    return out;
}

}  // namespace abate::report
