// `abate export --format codecarbon`: CodeCarbon's emissions.csv, same columns in the same order,
// for tools that read it. Which figure goes where and why: docs/reference/exports.md.
#include "abate/report/csv.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

namespace abate::report {
namespace {

constexpr double kBytesPerGib = 1024.0 * 1024.0 * 1024.0;

const std::vector<std::string>& codecarbon_columns() {
    static const std::vector<std::string> kColumns{"timestamp",
                                                   "project_name",
                                                   "run_id",
                                                   "experiment_id",
                                                   "duration",
                                                   "emissions",
                                                   "emissions_rate",
                                                   "cpu_power",
                                                   "gpu_power",
                                                   "ram_power",
                                                   "cpu_energy",
                                                   "gpu_energy",
                                                   "ram_energy",
                                                   "energy_consumed",
                                                   "water_consumed",
                                                   "country_name",
                                                   "country_iso_code",
                                                   "region",
                                                   "cloud_provider",
                                                   "cloud_region",
                                                   "os",
                                                   "python_version",
                                                   "codecarbon_version",
                                                   "cpu_count",
                                                   "cpu_model",
                                                   "gpu_count",
                                                   "gpu_model",
                                                   "longitude",
                                                   "latitude",
                                                   "ram_total_size",
                                                   "tracking_mode",
                                                   "cpu_utilization_percent",
                                                   "gpu_utilization_percent",
                                                   "ram_utilization_percent",
                                                   "ram_used_gb",
                                                   "on_cloud",
                                                   "pue",
                                                   "wue"};
    return kColumns;
}

// The job's component energy by CodeCarbon's three classes, joules. The record attributes the sum
// of all devices; it is split in proportion to what each class used on the machine.
struct ClassEnergies {
    double cpu = 0;
    double gpu = 0;
    double memory = 0;
};

ClassEnergies attributed_by_class(const RunRecord& record) {
    const double job = joules_of(record.attributed.energy.value);
    const double cpu = counted_joules(record, DeviceClass::cpu);
    const double gpu = counted_joules(record, DeviceClass::gpu);
    const double memory = counted_joules(record, DeviceClass::memory);
    const double all = cpu + gpu + memory;
    if (!(all > 0)) return {.cpu = job};
    return {.cpu = job * cpu / all, .gpu = job * gpu / all, .memory = job * memory / all};
}

void codecarbon_energy(CsvWriter& csv, const RunRecord& record) {
    const ClassEnergies job = attributed_by_class(record);
    const double pue = record.facility ? record.facility->pue : 1.0;
    const double energy_kwh =
        joules_of(record.attributed.energy.value) * pue / kJoulesPerKilowattHour;
    const double seconds_run = record.duration_s;
    const auto power = [&](double joules_used) {
        return seconds_run > 0 ? joules_used / seconds_run : 0.0;
    };
    if (record.operational) {
        const double emissions_kg =
            energy_kwh * record.operational->intensity_gco2e_per_kwh.value / 1000;
        csv.number(emissions_kg);
        csv.number(seconds_run > 0 ? emissions_kg / seconds_run : 0.0);
    } else {
        csv.empty();
        csv.empty();
    }
    csv.number(power(job.cpu));
    csv.number(power(job.gpu));
    csv.number(power(job.memory));
    csv.number(job.cpu * pue / kJoulesPerKilowattHour);
    csv.number(job.gpu * pue / kJoulesPerKilowattHour);
    csv.number(job.memory * pue / kJoulesPerKilowattHour);
    csv.number(energy_kwh);
    if (record.operational && record.operational->water_l) {
        csv.number(*record.operational->water_l);
    } else {
        csv.empty();
    }
}

void codecarbon_place(CsvWriter& csv, const RunRecord& record) {
    const CloudPlace cloud = cloud_place(record);
    csv.empty();  // country_name: abate keeps codes, not names
    csv.empty();  // country_iso_code: three letters there, two here
    csv.text(cloud.provider.empty() ? record.region : "");
    csv.text(cloud.provider);
    csv.text(cloud.region);
}

void codecarbon_hardware(CsvWriter& csv, const RunRecord& record) {
    csv.text(record.host.os);
    csv.empty();  // python_version: there is none
    csv.text("abate " + record.abate_version);
    csv.plain(std::to_string(record.host.cpus));
    csv.text(record.host.cpu_model);
    csv.plain(std::to_string(record.host.gpus.size()));
    csv.text(counted_names(record.host.gpus));
    csv.empty();  // longitude
    csv.empty();  // latitude
    csv.number(static_cast<double>(record.host.memory_bytes) / kBytesPerGib);
    csv.plain(record.attributed.method == "whole-machine" ? "machine" : "process");
    for (int i = 0; i < 4; ++i) csv.empty();  // utilisations and memory in use: not in the record
    csv.plain(cloud_place(record).provider.empty() ? "N" : "Y");
    csv.number(record.facility ? record.facility->pue : 1.0);
    if (const Provenance* wue = provenance_of(record, "wue")) {
        csv.number(wue->value);
    } else {
        csv.empty();
    }
}

}  // namespace

std::string codecarbon_csv(std::span<const RunRecord> records) {
    CsvWriter csv(codecarbon_columns());
    for (const RunRecord& record : records) {
        // CodeCarbon's timestamps have no zone; these are UTC, whole seconds.
        csv.plain(to_rfc3339(record.ended_at).substr(0, 19));
        csv.text(record.project.empty() ? "abate" : record.project);
        csv.text(record.run_id.text());
        csv.empty();  // experiment_id
        csv.number(record.duration_s);
        codecarbon_energy(csv, record);
        codecarbon_place(csv, record);
        codecarbon_hardware(csv, record);
        csv.end_row();
    }
    return csv.take();
}

}  // namespace abate::report
