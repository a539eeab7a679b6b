// What people read on a terminal: the summary of a run, the table of runs.
#include "abate/report/human.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace abate::report {
namespace {

// Narrower terminals break the lines themselves: what is left of a line would say too little.
constexpr std::size_t kLeastColumns = 40;
constexpr std::size_t kLabelColumns = 10;

std::size_t columns_of(const SummaryOptions& options) {
    constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max() / 2;
    return options.columns == 0 ? kWhole : std::max(options.columns, kLeastColumns);
}

std::string how_it_ended(const RunRecord& record) {
    if (record.status == RunStatus::interrupted) return "interrupted";
    if (record.status == RunStatus::running) return "still running";
    if (record.signal) return fmt::format("signal {}", *record.signal);
    if (record.exit_code) return fmt::format("exit {}", *record.exit_code);
    return to_string(record.status);
}

// "  devices   ...".
std::string labelled(std::string_view label, const std::string& text) {
    return "  " + padded(label, kLabelColumns) + text;
}

std::string headline(const RunRecord& record) {
    std::string out = human_range(joules_of(record.attributed.energy), energy_units());
    if (record.operational) {
        out += ", " + human_range(record.operational->location_kgco2e, carbon_units()) +
               " operational";
    }
    // A declared energy needs no duration.
    if (!is_declared(record) || record.duration_s > 0) {
        out += ", " + human_duration(record.duration_s);
    }
    return fmt::format("abate: {}, {}", out, how_it_ended(record));
}

// ", market-based 2.796 ug CO2e": beside the grid's figure, never netted with it.
std::string market_words(const Operational& operational) {
    if (!operational.market_kgco2e) return "";
    return ", market-based " + human_carbon(*operational.market_kgco2e);
}

std::string unknown_region_line(const Operational& operational) {
    const Ranged& grid = operational.intensity_gco2e_per_kwh;
    return fmt::format(
        "abate: region unknown, so carbon spans countries ({} to {} g CO2e/kWh): give --region{}",
        significant(grid.low),
        significant(grid.high),
        market_words(operational));
}

// Counted devices, the measured ones first, with the quality named once for each group.
std::vector<std::pair<std::string, double>> device_items(const RunRecord& record) {
    std::vector<std::pair<std::string, double>> items;
    for (const Quality quality :
         {Quality::measured, Quality::modelled, Quality::estimated, Quality::declared}) {
        bool first = true;
        for (const DeviceEnergy& device : record.energy.devices) {
            if (!device.counted || device.quality != quality) continue;
            const double energy = joules_of(device.energy.value);
            std::string words = items.empty() ? "" : first ? "; " : ", ";
            if (first) words += std::string(to_string(quality)) + ": ";
            first = false;
            words += printable(device.device + " ") + human_energy(energy) +
                     printable(" " + device.source);
            items.emplace_back(std::move(words), energy);
        }
    }
    return items;
}

// As many devices as fit, then how many more and their energy.
std::string devices_line(const RunRecord& record, std::size_t columns) {
    const auto items = device_items(record);
    if (items.empty()) return "no sensor was read; see: abate doctor";
    const std::size_t room = columns - kLabelColumns - 2;
    constexpr std::size_t kRoomForRest = 24;  // "; 14 more, 123.4 kWh"
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool last = i + 1 == items.size();
        if (i > 0 && width(out) + width(items[i].first) + (last ? 0 : kRoomForRest) > room) {
            double rest = 0;
            for (std::size_t j = i; j < items.size(); ++j) rest += items[j].second;
            return out + fmt::format("; {} more, {}", items.size() - i, human_energy(rest));
        }
        out += items[i].first;
    }
    return out;
}

std::string share_line(const RunRecord& record) {
    const Attributed& job = record.attributed;
    if (job.method == "declared") return "declared, not metered";
    const double total = joules_of(record.energy.total.value);
    return fmt::format("{} of the machine's {}: active {} + idle {}; {} CPU-s",
                       total > 0 ? percent(joules_of(job.energy.value) / total) : "all",
                       human_energy(total),
                       human_energy(joules_of(job.active)),
                       human_energy(joules_of(job.idle)),
                       significant(job.cpu_time_s));
}

std::string chain_line(const RunRecord& record) {
    // A declared energy may begin at a later boundary.
    if (is_declared(record) && !record.node && record.facility) {
        return "facility " + human_energy(record.facility->energy.energy_j) + " (declared)";
    }
    std::string out;
    if (!record.node || record.node->source != "declared") {
        out = "components " + human_energy(joules_of(record.attributed.energy.value));
    }
    if (record.node) {
        out += fmt::format("{}node {} ({})",
                           out.empty() ? "" : " -> ",
                           human_energy(record.node->energy.energy_j),
                           printable(node_words(*record.node)));
    }
    if (record.facility) {
        out += fmt::format(" -> facility {} (PUE {})",
                           human_energy(record.facility->energy.energy_j),
                           significant_short(record.facility->pue));
    }
    return out;
}

std::string region_line(const RunRecord& record) {
    const Operational& operational = *record.operational;
    const Provenance* row = provenance_of(record, "intensity");
    std::string source = operational.intensity_basis;
    if (row != nullptr && !row->source.empty()) {
        source = row->source + (row->year != 0 ? fmt::format(", {}", row->year) : std::string());
    }
    return fmt::format("{}, {} g CO2e/kWh{} ({})",
                       record.region.empty() ? "unknown" : printable(record.region),
                       significant(operational.intensity_gco2e_per_kwh.value),
                       market_words(operational),
                       printable(source));
}

// Embodied and total, then what the embodied part is of, as far as it fits.
std::string embodied_line(const RunRecord& record) {
    const EmbodiedRecord& embodied = *record.embodied;
    std::string out = human_range(embodied.kgco2e, carbon_units());
    if (record.total_kgco2e) out += ", total " + human_range(*record.total_kgco2e, carbon_units());
    return out + printable("; " + embodied.boundary);
}

std::string notes_line(const RunRecord& record, std::size_t columns) {
    const std::string rest =
        record.notes.size() > 1 ? fmt::format(" (and {} more)", record.notes.size() - 1) : "";
    const std::size_t room = columns - kLabelColumns - 2 - rest.size();
    return clipped(printable(record.notes.front()), room) + rest;
}

std::string survivors_line(const RunRecord& record) {
    std::vector<std::string> names;
    for (const LeftRunning& left : record.left_running) {
        names.push_back(fmt::format("{} {}", left.pid, printable(left.command)));
    }
    return fmt::format("{} still running, no longer metered: {}",
                       names.size() == 1 ? "1 process" : fmt::format("{} processes", names.size()),
                       joined(names, ", "));
}

// A ULID begins with its time, which runs of one day share; its end tells them apart.
std::string short_id(const RunRecord& record) {
    const std::string& id = record.run_id.text();
    return printable(id.size() > 8 ? id.substr(id.size() - 8) : id);
}

// A column, and a space behind it however wide the text.
std::string cell(std::string_view text, std::size_t columns) {
    return padded(text, columns - 1) + " ";
}

// The last column: the command, or what was declared.
std::string command_words(const RunRecord& record) {
    if (!is_declared(record)) return clipped(shell_words(record.command), 20);
    const std::string hardware = printable(hardware_words(record.host));
    return hardware.empty() ? "(declared)" : "(declared: " + clipped(hardware, 40) + ")";
}

std::string bold(const std::string& text, bool color) {
    return color ? "\x1b[1m" + text + "\x1b[0m" : text;
}
std::string yellow(const std::string& text, bool color) {
    return color ? "\x1b[33m" + text + "\x1b[0m" : text;
}
std::string dim(const std::string& text, bool color) {
    return color ? "\x1b[2m" + text + "\x1b[0m" : text;
}

}  // namespace

std::string run_summary(const RunRecord& record, const SummaryOptions& options) {
    const std::size_t columns = columns_of(options);
    using Paint = std::string (*)(const std::string&, bool);
    std::vector<std::string> lines;
    const auto add = [&](const std::string& line, Paint paint = nullptr) {
        const std::string cut = clipped(line, columns);
        lines.push_back(paint == nullptr ? cut : paint(cut, options.color));
    };
    const bool unknown_region = record.operational && !record.operational->region_known;
    if (unknown_region) add(unknown_region_line(*record.operational), &yellow);
    add(headline(record), &bold);
    add(labelled("devices", devices_line(record, columns)));
    add(labelled("share", share_line(record)));
    if (record.node || record.facility) add(labelled("chain", chain_line(record)));
    if (record.operational && !unknown_region) add(labelled("region", region_line(record)));
    if (record.embodied) add(labelled("embodied", embodied_line(record)));
    if (!record.notes.empty()) add(labelled("note", notes_line(record, columns)), &yellow);
    if (!record.left_running.empty()) add(labelled("left", survivors_line(record)), &yellow);
    // Not "last": a demo prints two.
    add(labelled("more", "abate show " + short_id(record) + " --explain"), &dim);
    return joined(lines, "\n") + "\n";
}

std::string runs_table(std::span<const RunRecord> records, bool color) {
    if (records.empty()) return "No runs yet. Meter one: abate run -- COMMAND\n";
    std::vector<const RunRecord*> newest_first;
    for (const RunRecord& record : records) newest_first.push_back(&record);
    std::stable_sort(
        newest_first.begin(), newest_first.end(), [](const RunRecord* a, const RunRecord* b) {
            return a->started_at > b->started_at;
        });
    std::string out = bold(
        "RUN      STARTED (UTC)    DURATION  STATUS      PHASE      ENERGY     CO2e (op.) COMMAND",
        color);
    out += "\n";
    double joules_sum = 0;
    double carbon_sum = 0;
    std::size_t without_carbon = 0;
    for (const RunRecord* record : newest_first) {
        const std::string started = to_rfc3339(record->started_at);
        const double energy = joules_of(record->attributed.energy.value);
        joules_sum += energy;
        std::string carbon = "-";
        if (record->operational) {
            carbon_sum += record->operational->location_kgco2e.value;
            carbon = human_carbon(record->operational->location_kgco2e.value);
        } else {
            ++without_carbon;
        }
        out += cell(short_id(*record), 9);
        out += cell(started.substr(0, 10) + " " + started.substr(11, 5), 17);
        out += cell(is_declared(*record) && record->duration_s <= 0
                        ? "-"
                        : human_duration(record->duration_s),
                    10);
        out += cell(to_string(record->status), 12);
        out += cell(record->phase ? phase_short(*record->phase) : "-", 11);
        out += cell(human_energy(energy), 11);
        out += cell(carbon.substr(0, carbon.find(" CO2e")), 11);
        out += command_words(*record) + "\n";
    }
    out += dim(fmt::format("{} {}: attributed energy {}, carbon {}{}",
                           records.size(),
                           records.size() == 1 ? "run" : "runs",
                           human_energy(joules_sum),
                           human_carbon(carbon_sum),
                           without_carbon == 0
                               ? std::string()
                               : fmt::format(" ({} without carbon not in it)", without_carbon)),
               color) +
           "\n";
    return out;
}

}  // namespace abate::report
