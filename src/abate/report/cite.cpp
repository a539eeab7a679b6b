// `abate cite`: a paragraph, a table and a BibTeX entry for a paper.
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
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

// Where the user took a declared energy (`abate record --boundary`).
std::string declared_boundary(const RunRecord& record) {
    if (!record.node && record.facility) return "facility";
    if (record.node && record.node->source == "declared") return "node";
    return "component";
}

bool stated_at_facility(const RunRecord& record) {
    return is_declared(record) && declared_boundary(record) == "facility";
}

// " in 2 m 04 s", nothing when no run has a duration (a declared energy needs none).
std::string duration_words(const RunsTotal& total) {
    return total.duration_s > 0 ? " in " + human_duration(total.duration_s) : std::string();
}

std::string declared_sentence(std::span<const RunRecord> records,
                              const RunsTotal& total,
                              const std::string& versions) {
    const auto boundaries = distinct_words(records, declared_boundary);
    const auto sources = distinct_words(records, [](const RunRecord& record) {
        return record.energy.devices.empty() || record.energy.devices.front().source == "--energy"
                   ? std::string()
                   : record.energy.devices.front().source;
    });
    const Ranged& energy = total.attributed_j;
    return fmt::format("Energy was declared to abate {} (not metered): {}{} at the {} {}{}{}{}.",
                       versions,
                       total.runs == 1 ? "" : fmt::format("{} runs, together ", total.runs),
                       human_interval(energy, energy_units()),
                       joined(boundaries, " and "),
                       boundaries.size() == 1 ? "boundary" : "boundaries",
                       duration_words(total),
                       sources.empty() ? "" : ", from " + joined(sources, "; "),
                       energy.low == energy.high ? ", stated without a range" : "");
}

std::string metered_sentences(std::span<const RunRecord> records,
                              const RunsTotal& total,
                              const std::string& versions) {
    const auto declared = std::count_if(records.begin(), records.end(), is_declared);
    const std::string how =
        declared == 0 ? fmt::format("Energy was metered with abate {}.", versions)
                      : fmt::format(
                            "Energy was metered with abate {} or declared to it ({} of {} "
                            "runs declared, not metered).",
                            versions,
                            declared,
                            total.runs);
    return how +
           fmt::format(
               " The {} {} {}{}, attributed to the job at the component boundary (processor, "
               "memory, accelerator){} and {}; other users' energy and idle energy that is not the "
               "job's are not in it.",
               total.runs == 1 ? "run" : fmt::format("{} runs", total.runs),
               total.runs == 1 ? "used" : "together used",
               human_interval(total.attributed_j, energy_units()),
               duration_words(total),
               declared == 0 ? "" : " or as declared",
               quality_words(records));
}

// From the components, or from what was declared, to the facility.
std::string facility_sentence(std::span<const RunRecord> records, const RunsTotal& total) {
    if (total.with_facility == 0 ||
        std::all_of(records.begin(), records.end(), stated_at_facility)) {
        return "";
    }
    const auto pues = distinct_words(records, [](const RunRecord& record) {
        return record.facility && !stated_at_facility(record)
                   ? significant_short(record.facility->pue)
                   : std::string();
    });
    const auto nodes = distinct_words(records, [](const RunRecord& record) {
        if (!record.node || record.node->source == "declared") return std::string();
        return node_words(*record.node);
    });
    std::string out = nodes.empty() ? std::string(" With ")
                                    : fmt::format(" Including the rest of the node ({}) and ",
                                                  joined(nodes, "; "));
    out += fmt::format("{} {}, {} at the facility boundary",
                       pues.size() > 1 ? "PUEs of" : "a PUE of",
                       joined(pues, ", "),
                       human_interval(total.facility_j, energy_units()));
    if (total.with_facility < total.runs) {
        out += fmt::format(" ({} of {} runs)", total.with_facility, total.runs);
    }
    return out + ".";
}

std::string energy_sentences(std::span<const RunRecord> records,
                             const RunsTotal& total,
                             const std::string& versions) {
    const bool all_declared = std::all_of(records.begin(), records.end(), is_declared);
    return (all_declared ? declared_sentence(records, total, versions)
                         : metered_sentences(records, total, versions)) +
           facility_sentence(records, total);
}

// Limits are products of bounds with intervals and conventions, so they are none to rely on.
std::string limits_sentence(const RunsTotal& total) {
    const auto bound = [](const Ranged& amount) {
        return amount.kind == RangeKind::bound && amount.low < amount.high;
    };
    const bool made = total.has_embodied() && (bound(total.embodied_kg) || bound(total.total_kg));
    return made || bound(total.attributed_j) || bound(total.facility_j) || bound(total.carbon_kg)
               ? " Where a factor of a limit is a 90 % interval or a convention (PUE, rest of the "
                 "node, grid), the result may be passed."
               : "";
}

// ", licence CC-BY-4.0": the terms of the intensity's source.
std::string licence_words(const RunRecord& record) {
    const Provenance* row = provenance_of(record, "intensity");
    return row == nullptr || row->licence.empty() ? std::string() : ", licence " + row->licence;
}

// What making the hardware adds, where each run knows it; the boundary with it, since sources mean different things by the word.
std::string embodied_sentence(std::span<const RunRecord> records, const RunsTotal& total) {
    if (!total.has_embodied()) return " Emissions from making the hardware are not included.";
    const auto boundaries =
        distinct_words(records, [](const RunRecord& record) { return record.embodied->boundary; });
    return fmt::format(
        " Making the hardware, amortised over its lifetime, adds {} (of {}), together {}.",
        human_interval(total.embodied_kg, carbon_units()),
        joined(boundaries, "; "),
        human_interval(total.total_kg, carbon_units()));
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
            intensity_words(record) + licence_words(record));
    });
    return out + ", with a grid carbon intensity of " + joined(grids, "; ") + "." +
           embodied_sentence(records, total);
}

// A cell of a Markdown table: bars and line breaks would end it.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

constexpr double kKilowattHours = (1.0 * joules).in(kilowatt_hours);  // of one joule
std::string kwh(double joules_used) { return significant(joules_used * kKilowattHours); }

// "0.002361 (0.002222 to 0.002500)", without brackets where there is no range.
std::string ranged_cell(const Ranged& amount, double scale) {
    std::string out = significant(amount.value * scale);
    if (amount.low == amount.value && amount.high == amount.value) return out;
    return out + fmt::format(" ({} to {})",
                             significant(amount.low * scale),
                             significant(amount.high * scale));
}

std::string duration_cell(double seconds) { return seconds > 0 ? human_duration(seconds) : "-"; }

std::string hardware_cell(const Host& host) {
    const std::string words = cell(hardware_words(host));
    return words.empty() ? "-" : words;
}

// `with_embodied`: two more columns, of making the hardware and of both.
std::string table_row(const RunRecord& record, bool with_embodied) {
    std::string out = fmt::format("| {} | {} | {} | {} | {} |",
                                  cell(record.run_id.text()),
                                  record.phase ? to_string(*record.phase) : "-",
                                  hardware_cell(record.host),
                                  duration_cell(record.duration_s),
                                  ranged_cell(joules_of(record.attributed.energy), kKilowattHours));
    out += fmt::format(" {} |", to_string(record.attributed.quality));
    out += record.facility ? fmt::format(" {} | {} |",
                                         significant_short(record.facility->pue),
                                         kwh(record.facility->energy.energy_j))
                           : std::string(" - | - |");
    if (record.operational) {
        out += fmt::format(" {} | {} | {} |",
                           record.operational->region_known ? cell(record.region) : "unknown",
                           significant(record.operational->intensity_gco2e_per_kwh.value),
                           ranged_cell(record.operational->location_kgco2e, 1));
    } else {
        out += " - | - | - |";
    }
    if (with_embodied)
        out += fmt::format(" {} | {} |",
                           ranged_cell(record.embodied->kgco2e, 1),
                           ranged_cell(*record.total_kgco2e, 1));
    return out + "\n";
}

std::string table(std::span<const RunRecord> records, const RunsTotal& total) {
    const bool with_embodied = total.has_embodied();
    std::string out =
        "| run | phase | hardware | duration | attributed kWh (range) | quality | PUE | facility "
        "kWh | region | g CO2e/kWh | operational kg CO2e (range) |";
    if (with_embodied) out += " embodied kg CO2e (range) | total kg CO2e (range) |";
    out += "\n|---|---|---|---|---|---|---|---|---|---|---|";
    out += with_embodied ? "---|---|\n" : "\n";
    for (const RunRecord& record : records) out += table_row(record, with_embodied);
    if (total.runs > 1) {
        out += fmt::format("| total | | | {} | {} | | | {} | | | {} |",
                           duration_cell(total.duration_s),
                           ranged_cell(total.attributed_j, kKilowattHours),
                           total.with_facility > 0 ? kwh(total.facility_j.value) : "-",
                           total.with_carbon > 0 ? ranged_cell(total.carbon_kg, 1) : "-");
        if (with_embodied)
            out += fmt::format(
                " {} | {} |", ranged_cell(total.embodied_kg, 1), ranged_cell(total.total_kg, 1));
        out += "\n";
    }
    return out;
}

struct Citation {
    std::string paragraph;
    std::string table;
    std::string bibtex;
};

Citation citation_of(std::span<const RunRecord> records) {
    const RunsTotal total = total_of(records);
    const std::string versions = joined(
        distinct_words(records, [](const RunRecord& record) { return record.abate_version; }),
        ", ");
    Citation out;
    out.paragraph = printable(energy_sentences(records, total, versions) +
                              carbon_sentences(records, total) + limits_sentence(total));
    if (total.runs > 1) {
        out.paragraph +=
            " Runs share their meters and tables, so their errors were added linearly.";
    }
    out.table = table(records, total);
    out.bibtex = fmt::format(
        "@misc{{abate,\n"
        "  title        = {{abate: measures the energy of {{AI}} work and accounts for its "
        "carbon}},\n"
        "  howpublished = {{Computer program}},\n"
        "  note         = {{Version {}}}\n"
        "}}\n",
        printable(versions));
    return out;
}

}  // namespace

std::string cite_text(std::span<const RunRecord> records) {
    if (records.empty()) return "No runs to cite.\n";
    const Citation out = citation_of(records);
    return out.paragraph + "\n\n" + out.table + "\n" + out.bibtex;
}

std::string cite_json(std::span<const RunRecord> records) {
    const Citation out = records.empty() ? Citation{} : citation_of(records);
    JsonWriter json(2);
    json.begin_object();
    json.key("paragraph").text(out.paragraph);
    json.key("table").text(out.table);
    json.key("bibtex").text(out.bibtex);
    json.key("run_ids").begin_array();
    for (const RunRecord& record : records) json.text(record.run_id.text());
    json.end_array();
    json.end_object();
    return json.take();
}

}  // namespace abate::report
