// `abate cite`: a paragraph, a table and a BibTeX entry for a paper.
#include "abate/report/human.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace abate::report {
namespace {

// Each different answer once, in the order of the runs.
template <class Describe>
std::vector<std::string> distinct_words(std::span<const RunRecord> records, Describe describe) {
    std::vector<std::string> out;
    for (const RunRecord& record : records) {
        std::string words = describe(record);
        if (!words.empty() && std::find(out.begin(), out.end(), words) == out.end()) {
            out.push_back(std::move(words));
        }
    }
    return out;
}

// "measured (perf, nvml) and modelled (model)": how the counted devices' figures came about.
std::string quality_words(std::span<const RunRecord> records) {
    std::vector<std::string> parts;
    for (const Quality quality :
         {Quality::measured, Quality::modelled, Quality::estimated, Quality::declared}) {
        std::set<std::string> sources;
        for (const RunRecord& record : records) {
            for (const DeviceEnergy& device : record.energy.devices) {
                if (device.counted && device.quality == quality) sources.insert(device.source);
            }
        }
        if (sources.empty()) continue;
        parts.push_back(fmt::format(
            "{} ({})", to_string(quality), joined({sources.begin(), sources.end()}, ", ")));
    }
    if (parts.empty()) {
        parts = distinct_words(records, [](const RunRecord& record) {
            return std::string(to_string(record.attributed.quality));
        });
    }
    return joined(parts, " and ");
}

std::string energy_sentences(std::span<const RunRecord> records, const RunsTotal& total) {
    std::string out = fmt::format(
        "The {} {} {} in {}, attributed to the job at the component boundary (processor, memory, "
        "accelerator) and {}; other users' energy and idle energy that is not the job's are not in "
        "it.",
        total.runs == 1 ? "run" : fmt::format("{} runs", total.runs),
        total.runs == 1 ? "used" : "together used",
        human_interval(total.attributed_j, energy_units()),
        human_duration(total.duration_s),
        quality_words(records));
    if (total.with_facility == 0) return out;
    const auto pues = distinct_words(records, [](const RunRecord& record) {
        return record.facility ? significant_short(record.facility->pue) : std::string();
    });
    const auto nodes = distinct_words(records, [](const RunRecord& record) {
        return record.node
                   ? fmt::format(
                         "{}, {}", record.node->source, to_string(record.node->energy.quality))
                   : std::string();
    });
    out += fmt::format(
        " Including the rest of the node ({}) and a PUE of {}, {} at the facility "
        "boundary",
        nodes.empty() ? "none" : joined(nodes, "; "),
        joined(pues, ", "),
        human_interval(total.facility_j, energy_units()));
    if (total.with_facility < total.runs) {
        out += fmt::format(" ({} of {} runs)", total.with_facility, total.runs);
    }
    return out + ".";
}

std::string carbon_sentences(std::span<const RunRecord> records, const RunsTotal& total) {
    if (total.with_carbon == 0) return " Carbon was not determined.";
    std::string out =
        fmt::format(" Operational emissions are {}, location-based{}",
                    human_interval(total.carbon_kg, carbon_units()),
                    total.with_carbon < total.runs
                        ? fmt::format(", for {} of {} runs", total.with_carbon, total.runs)
                        : std::string());
    const auto grids = distinct_words(records, [](const RunRecord& record) {
        if (!record.operational) return std::string();
        const bool known = record.operational->region_known;
        return fmt::format(
            "{}: {} g CO2e/kWh ({})",
            known ? record.region : std::string("region unknown, range over countries"),
            significant(record.operational->intensity_gco2e_per_kwh.value),
            intensity_words(record));
    });
    return out + ", with a grid carbon intensity of " + joined(grids, "; ") +
           ". Emissions from making the hardware are not included.";
}

// A cell of a Markdown table: bars and line breaks would end it.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

std::string kwh(double joules_used) { return significant(joules_used / 3.6e6); }

std::string table_row(const RunRecord& record) {
    const EnergyRange& job = record.attributed.energy;
    std::string out = fmt::format("| {} | {} | {} | {} | {} ({} to {}) |",
                                  cell(record.run_id.text()),
                                  record.phase ? to_string(*record.phase) : "-",
                                  cell(hardware_words(record.host)),
                                  human_duration(record.duration_s),
                                  kwh(joules_of(job.value)),
                                  kwh(joules_of(job.low)),
                                  kwh(joules_of(job.high)));
    out += fmt::format(" {} |", to_string(record.attributed.quality));
    out += record.facility ? fmt::format(" {} | {} |",
                                         significant_short(record.facility->pue),
                                         kwh(record.facility->energy.energy_j))
                           : std::string(" - | - |");
    if (record.operational) {
        const Ranged& carbon = record.operational->location_kgco2e;
        out += fmt::format(" {} | {} | {} ({} to {}) |",
                           record.operational->region_known ? cell(record.region) : "unknown",
                           significant(record.operational->intensity_gco2e_per_kwh.value),
                           significant(carbon.value),
                           significant(carbon.low),
                           significant(carbon.high));
    } else {
        out += " - | - | - |";
    }
    return out + "\n";
}

std::string table(std::span<const RunRecord> records, const RunsTotal& total) {
    std::string out =
        "| run | phase | hardware | duration | attributed kWh (range) | quality | PUE | facility "
        "kWh | "
        "region | g CO2e/kWh | operational kg CO2e (range) |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const RunRecord& record : records) out += table_row(record);
    if (total.runs > 1) {
        out += fmt::format("| total | | | {} | {} ({} to {}) | | | {} | | | {} ({} to {}) |\n",
                           human_duration(total.duration_s),
                           kwh(total.attributed_j.value),
                           kwh(total.attributed_j.low),
                           kwh(total.attributed_j.high),
                           total.with_facility > 0 ? kwh(total.facility_j.value) : "-",
                           significant(total.carbon_kg.value),
                           significant(total.carbon_kg.low),
                           significant(total.carbon_kg.high));
    }
    return out;
}

}  // namespace

std::string cite_text(std::span<const RunRecord> records) {
    if (records.empty()) return "No runs to cite.\n";
    const RunsTotal total = total_of(records);
    const auto versions =
        distinct_words(records, [](const RunRecord& record) { return record.abate_version; });
    std::string out =
        printable("Energy was metered with abate " + joined(versions, ", ") + ". " +
                  energy_sentences(records, total) + carbon_sentences(records, total));
    if (total.runs > 1) {
        out += " Runs share their meters and tables, so their errors were added linearly.";
    }
    out += "\n\n" + table(records, total) + "\n";
    out += fmt::format(
        "@misc{{abate,\n"
        "  title        = {{abate: energy, carbon and allowances of AI work}},\n"
        "  howpublished = {{Computer program}},\n"
        "  note         = {{Version {}}}\n"
        "}}\n",
        printable(joined(versions, ", ")));
    return out;
}

}  // namespace abate::report
