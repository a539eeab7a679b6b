// `abate show`: one run in full; with `explain` each formula with its numbers and sources.
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace abate::report {
namespace {

// Collects sections of "  name            value" lines.
class Page {
  public:
    explicit Page(bool color) : color_(color) {}

    void section(std::string_view title) {
        if (!text_.empty()) text_ += '\n';
        text_ += color_ ? "\x1b[1m" + std::string(title) + "\x1b[0m" : std::string(title);
        text_ += '\n';
    }
    void row(std::string_view name, const std::string& value) {
        if (!value.empty()) text_ += "  " + padded(name, 16) + value + "\n";
    }
    void line(const std::string& sentence) { text_ += "  " + sentence + "\n"; }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
    bool color_;
};

const char* range_words(RangeKind kind) {
    return kind == RangeKind::bound ? "limits" : "90 % interval";
}

std::string energy_words(const EnergyRange& energy) {
    return human_interval(joules_of(energy), energy_units());
}

std::string boundary_words(const BoundaryEnergy& energy) {
    return human_interval(joules_of(energy), energy_units()) + ", " + to_string(energy.quality);
}

// "intensity 44.2 g CO2e/kWh (41 to 48): FR, Ember 2025, CC-BY-4.0, layer built-in"
std::string provenance_words(const Provenance& row) {
    std::string out = fmt::format("{} {} {}", row.figure, significant_short(row.value), row.unit);
    if (row.low != row.value || row.high != row.value) {
        out += fmt::format(" ({} to {})", significant_short(row.low), significant_short(row.high));
    }
    std::vector<std::string> parts;
    for (const std::string& part : {row.key, row.basis, row.source}) {
        if (!part.empty()) parts.push_back(part);
    }
    if (row.year != 0) parts.push_back(std::to_string(row.year));
    if (!row.licence.empty()) parts.push_back(row.licence);
    if (!row.layer.empty()) parts.push_back("layer " + row.layer);
    return printable(out + ": " + joined(parts, ", "));
}

// ", container in a virtual machine"; empty for a machine of its own.
std::string kind_of_host(const Host& host) {
    if (host.kind == "container")
        return host.virtual_machine ? ", container in a virtual machine" : ", container";
    return host.virtual_machine ? ", virtual machine" : "";
}

void add_run(Page& page, const RunRecord& record) {
    page.section("Run");
    page.row("run_id", printable(record.run_id.text()));
    page.row("command", shell_words(record.command));
    std::string status = to_string(record.status);
    if (record.exit_code) status += fmt::format(", exit {}", *record.exit_code);
    if (record.signal) status += fmt::format(", signal {}", *record.signal);
    page.row("status", status);
    page.row("started", to_rfc3339(record.started_at));
    page.row("ended", to_rfc3339(record.ended_at));
    const bool declared = is_declared(record);
    if (!declared || record.duration_s > 0)
        page.row("duration",
                 fmt::format(
                     "{} ({} s)", human_duration(record.duration_s), shortest(record.duration_s)));
    page.row("phase", record.phase ? to_string(*record.phase) : "");
    page.row("project", printable(record.project));
    std::vector<std::string> labels;
    for (const auto& [name, value] : record.labels)
        labels.push_back(fmt::format("{}={}", name, value));
    page.row("labels", printable(joined(labels, ", ")));
    page.row("region", record.region.empty() ? "unknown" : printable(record.region));
    if (declared) {
        page.row("hardware", printable(hardware_words(record.host)));
        return;
    }
    page.row("host",
             printable(fmt::format("{}, {}, {} logical CPUs, {}{}",
                                   record.host.name,
                                   hardware_words(record.host),
                                   record.host.cpus,
                                   human_bytes(static_cast<double>(record.host.memory_bytes)),
                                   kind_of_host(record.host))));
}

void add_devices(Page& page, const RunRecord& record) {
    page.section(is_declared(record) ? "Declared, not metered"
                                     : "Machine (all users, never summed over runs)");
    page.row("total", energy_words(record.energy.total));
    for (const DeviceEnergy& device : record.energy.devices) {
        std::string words = fmt::format(
            "{}, {}, {}", energy_words(device.energy), device.source, to_string(device.quality));
        if (!device.name.empty()) words += ", " + device.name;
        if (device.gap_s > 0)
            words += fmt::format(", {} without a reading", human_duration(device.gap_s));
        if (!device.counted) {
            words += device.part_of.empty() ? ", not counted"
                                            : ", not counted: part of " + device.part_of;
        }
        page.row(printable(device.device), printable(words));
    }
    for (const SourceCheck& check : record.checks) {
        page.row("check",
                 printable(fmt::format("{}: {} / {} = {}, {}",
                                       check.device,
                                       check.other_source,
                                       check.counted_source,
                                       significant_short(check.ratio),
                                       check.agree ? "they agree" : "THEY DISAGREE")));
    }
}

// What only a meter tells: a declared run is the job's alone.
void add_metered_parts(Page& page, const RunRecord& record) {
    const Attributed& job = record.attributed;
    page.row("active", human_energy(joules_of(job.active)));
    page.row("idle share", human_energy(joules_of(job.idle)));
    page.row("CPU time", fmt::format("{} s", significant(job.cpu_time_s)));
    page.row("method", printable(job.method));
    page.row("not charged",
             fmt::format("idle {}, other users {}, unexplained {}",
                         human_energy(joules_of(record.unattributed.idle)),
                         human_energy(joules_of(record.unattributed.others)),
                         human_energy(joules_of(record.unattributed.unknown))));
}

// Records before abate 0.2 say nothing of hardware, as do those whose hardware no table knows.
void add_embodied(Page& page, const RunRecord& record) {
    if (!record.embodied) {
        if (record.operational)
            page.row("embodied",
                     "unknown: no table or setting says what making this hardware cost");
        return;
    }
    const EmbodiedRecord& embodied = *record.embodied;
    page.row("embodied",
             human_interval(embodied.kgco2e, carbon_units()) +
                 fmt::format(", share {}, lifetime {} y",
                             percent(embodied.share),
                             significant_short(embodied.lifetime_h / footprint::kHoursPerYear)));
    page.row("hardware", printable(embodied.boundary));
    if (record.total_kgco2e)
        page.row(
            "total carbon",
            human_interval(*record.total_kgco2e, carbon_units()) + ", location-based and embodied");
}

void add_job(Page& page, const RunRecord& record) {
    const Attributed& job = record.attributed;
    page.section("This job");
    page.row("attributed", energy_words(job.energy) + ", " + to_string(job.quality));
    if (!is_declared(record)) add_metered_parts(page, record);
    if (record.node) {
        page.row("node",
                 human_interval(joules_of(record.node->energy), energy_units()) + ", " +
                     printable(node_words(*record.node)));
    }
    if (record.facility) {
        page.row("facility",
                 boundary_words(record.facility->energy) +
                     fmt::format(", PUE {}", significant_short(record.facility->pue)));
    }
    if (record.operational) {
        page.row("carbon",
                 human_interval(record.operational->location_kgco2e, carbon_units()) +
                     ", location-based, operational only");
        page.row("market-based",
                 record.operational->market_kgco2e
                     ? human_carbon(*record.operational->market_kgco2e)
                     : std::string("unknown: no contract or residual mix is given"));
        page.row("water",
                 record.operational->water_l ? human_water(*record.operational->water_l)
                                             : std::string("unknown: no WUE is known here"));
    }
    add_embodied(page, record);
}

void add_rest(Page& page, const RunRecord& record) {
    const Work& work = record.work;
    if (work.flop || work.tokens || work.requests) {
        page.section("Work");
        if (work.flop) {
            page.row("flop",
                     printable(fmt::format("{} ({}{})",
                                           significant(*work.flop),
                                           work.flop_basis,
                                           work.source.empty() ? "" : ", " + work.source)));
        }
        if (work.tokens) page.row("tokens", human_count(*work.tokens));
        if (work.requests) page.row("requests", human_count(*work.requests));
    }
    if (!record.left_running.empty()) {
        page.section("Left running, no longer metered");
        for (const LeftRunning& left : record.left_running) {
            page.row(std::to_string(left.pid), printable(left.command));
        }
    }
    if (!record.notes.empty()) {
        page.section("Notes");
        for (const std::string& note : record.notes) page.line(printable(note));
    }
    page.section(is_declared(record) ? "Program" : "Meter");
    if (!is_declared(record))
        page.row("own cost",
                 fmt::format("{} CPU-s, {} resident, {} samples every {}",
                             significant(record.meter.cpu_time_s),
                             human_bytes(static_cast<double>(record.meter.max_rss_bytes)),
                             record.meter.samples,
                             human_duration(record.meter.interval_s)));
    page.row("abate", printable(record.abate_version));
}

// A figure of a formula: at most six significant digits.
std::string six_digits(double value) { return fmt::format("{:.6g}", value); }

// The same in the unit that the summary tells it in: "16.0145 kJ".
std::string six_digits(double value, std::span<const HumanUnit> units) {
    if (value == 0) return fmt::format("0 {}", unit_for_zero(units));
    const HumanUnit& unit = fitting_unit(value, units);
    return fmt::format("{} {}", six_digits(value / unit.size), unit.name);
}

// What turns the unit that `joules_used` is told in into kWh: " / 3600 kJ/kWh", nothing for kWh.
std::string to_kilowatt_hours(double joules_used) {
    if (joules_used == 0) return " / 3.6e+06 J/kWh";
    const HumanUnit& unit = fitting_unit(joules_used, energy_units());
    if (unit.size == kJoulesPerKilowattHour) return "";
    if (unit.size > kJoulesPerKilowattHour) {
        return fmt::format(
            " x {} kWh/{}", six_digits(unit.size / kJoulesPerKilowattHour), unit.name);
    }
    return fmt::format(" / {} {}/kWh", six_digits(kJoulesPerKilowattHour / unit.size), unit.name);
}

// "a x b = c (stored: c in full)", and that they differ when they do by more than 1e-6 of it.
std::string checked(
    const std::string& formula,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way but for the wording
    double computed,
    double recorded,
    const char* unit) {
    const double slack = 1e-6 * std::max(std::fabs(computed), std::fabs(recorded));
    return formula + fmt::format(" (stored: {} {}{})",
                                 shortest(recorded),
                                 unit,
                                 std::fabs(computed - recorded) <= slack ? "" : ", WHICH DIFFERS");
}

void add_sources(Page& page, const RunRecord& record, const std::vector<std::string>& figures) {
    for (const std::string& figure : figures) {
        if (const Provenance* row = provenance_of(record, figure)) {
            page.line("  source: " + provenance_words(*row));
        }
    }
}

void explain_attribution(Page& page, const RunRecord& record) {
    const Attributed& job = record.attributed;
    const Unattributed& rest = record.unattributed;
    page.section("How: attribution");
    if (is_declared(record)) {
        page.line("declared, not metered: all of it is the job's");
        for (const DeviceEnergy& device : record.energy.devices) {
            page.line(
                printable(fmt::format("{} = {} = {} (stored: {} J)",
                                      device.device,
                                      device.source,
                                      six_digits(joules_of(device.energy.value), energy_units()),
                                      decimal_joules(device.energy.value))));
            add_sources(
                page, record, {device.device + ".rated_w", device.device + ".power_fraction"});
        }
        return;
    }
    const Microjoules active = job.active + rest.others + rest.unknown;
    const Microjoules idle = job.idle + rest.idle;
    page.line("attributed = active x the job's share + idle x its idle share");
    page.line(
        fmt::format("active: {} J of the machine's {} J ({}), by {}",
                    decimal_joules(job.active),
                    decimal_joules(active),
                    active.count() > 0 ? percent(joules_of(job.active) / joules_of(active)) : "0 %",
                    printable(job.method)));
    page.line(
        fmt::format("idle: {} J of the machine's {} J, rule {}, time-weighted share of CPU idle {}",
                    decimal_joules(job.idle),
                    decimal_joules(idle),
                    printable(job.idle_rule),
                    percent(job.idle_share)));
    const Microjoules sum = job.energy.value + rest.idle + rest.others + rest.unknown;
    page.line(fmt::format("conservation: {} + {} + {} + {} = {} J; the machine's total is {} J: {}",
                          decimal_joules(job.energy.value),
                          decimal_joules(rest.idle),
                          decimal_joules(rest.others),
                          decimal_joules(rest.unknown),
                          decimal_joules(sum),
                          decimal_joules(record.energy.total.value),
                          sum == record.energy.total.value ? "equal to the microjoule"
                                                           : "NOT EQUAL, please report this"));
}

void explain_boundaries(Page& page, const RunRecord& record) {
    if (!record.node) return;
    const double component = joules_of(record.attributed.energy.value);
    const double node = record.node->energy.energy_j;
    page.section("How: node and facility");
    page.line(fmt::format("node = components x overhead = {} x {} = {} ({}; stored: {} J)",
                          six_digits(component, energy_units()),
                          component > 0 ? six_digits(node / component) : "1",
                          six_digits(node, energy_units()),
                          printable(node_words(*record.node)),
                          shortest(node)));
    add_sources(page, record, {"node"});
    if (!record.facility) return;
    const FacilityRecord& facility = *record.facility;
    page.line(checked(fmt::format("facility = node x PUE = {} x {} = {}, PUE range {} to {}",
                                  six_digits(node, energy_units()),
                                  six_digits(facility.pue),
                                  six_digits(node * facility.pue, energy_units()),
                                  six_digits(facility.pue_low),
                                  six_digits(facility.pue_high)),
                      node * facility.pue,
                      facility.energy.energy_j,
                      "J"));
    add_sources(page, record, {"pue"});
}

void explain_carbon(Page& page, const RunRecord& record) {
    if (!record.operational || !record.facility) return;
    const Operational& operational = *record.operational;
    const double energy = record.facility->energy.energy_j;
    const double grid = operational.intensity_gco2e_per_kwh.value;
    const double carbon_kg = energy / kJoulesPerKilowattHour * grid / 1000;
    page.section("How: carbon and water");
    page.line(checked(fmt::format("carbon = facility x intensity = {}{} x {} g CO2e/kWh = {}",
                                  six_digits(energy, energy_units()),
                                  to_kilowatt_hours(energy),
                                  six_digits(grid),
                                  six_digits(carbon_kg, carbon_units())),
                      carbon_kg,
                      operational.location_kgco2e.value,
                      "kg CO2e"));
    page.line(fmt::format("intensity: {}, {} to {} g CO2e/kWh, {}",
                          printable(intensity_words(record)),
                          significant(operational.intensity_gco2e_per_kwh.low),
                          significant(operational.intensity_gco2e_per_kwh.high),
                          operational.region_known
                              ? range_words(operational.intensity_gco2e_per_kwh.kind)
                              : "5 to 95 % of countries, as the region is unknown"));
    add_sources(page, record, {"intensity"});
    page.line(operational.water_l
                  ? fmt::format(
                        "water = node x (WUE on site + PUE x WUE of the power) = {} (stored: {} l)",
                        human_water(*operational.water_l),
                        shortest(*operational.water_l))
                  : std::string("water: unknown, no WUE is known for this place"));
    add_sources(page, record, {"wue", "generation_water"});
}

void explain_embodied(Page& page, const RunRecord& record) {
    if (!record.embodied) return;
    const EmbodiedRecord& embodied = *record.embodied;
    const Provenance* hardware = provenance_of(record, "embodied.hardware");
    page.section("How: embodied carbon");
    if (hardware != nullptr && embodied.lifetime_h > 0 && embodied.utilisation > 0) {
        const double kg = hardware->value * (record.duration_s / 3600) /
                          (embodied.lifetime_h * embodied.utilisation) * embodied.share;
        page.line(checked(
            fmt::format("embodied = hardware x time / (lifetime x utilisation) x share = {} x {} h "
                        "/ ({} h x {}) x {} = {}",
                        six_digits(hardware->value, carbon_units()),
                        six_digits(record.duration_s / 3600),
                        six_digits(embodied.lifetime_h),
                        six_digits(embodied.utilisation),
                        six_digits(embodied.share),
                        six_digits(kg, carbon_units())),
            kg,
            embodied.kgco2e.value,
            "kg CO2e"));
    }
    page.line("hardware: " + printable(embodied.boundary));
    for (const Provenance& row : record.provenance) {
        if (row.figure.rfind("embodied.", 0) == 0) page.line("  source: " + provenance_words(row));
    }
    add_sources(page, record, {"lifetime_h", "utilisation"});
    if (!record.operational || !record.total_kgco2e) return;
    const double sum = record.operational->location_kgco2e.value + embodied.kgco2e.value;
    page.line(
        checked(fmt::format("total = location-based + embodied = {} + {} = {}",
                            six_digits(record.operational->location_kgco2e.value, carbon_units()),
                            six_digits(embodied.kgco2e.value, carbon_units()),
                            six_digits(sum, carbon_units())),
                sum,
                record.total_kgco2e->value,
                "kg CO2e"));
}

void explain_work(Page& page, const RunRecord& record) {
    if (!record.work.flop) return;
    page.section("How: work");
    page.line(printable(fmt::format("FLOP = {} (basis {}: {})",
                                    six_digits(*record.work.flop),
                                    record.work.flop_basis,
                                    record.work.source)));
    const double joules_spent = record.facility ? record.facility->energy.energy_j
                                                : joules_of(record.attributed.energy.value);
    if (joules_spent > 0) {
        page.line(fmt::format("per joule = {} FLOP / {} = {} FLOP/J at the {} boundary",
                              significant(*record.work.flop),
                              six_digits(joules_spent, energy_units()),
                              significant(*record.work.flop / joules_spent),
                              record.facility ? "facility" : "component"));
    }
}

void explain_ranges(Page& page, const RunRecord& record) {
    page.section("How: ranges");
    page.line("Each figure's range is a 90 % interval, or limits.");
    page.line(
        "Errors with one cause (one meter, one table row) add linearly; independent ones add as");
    page.line(
        "the root of the sum of squares. A product takes the relative errors of both in the same");
    page.line(
        "way; limits on either side multiply corner by corner and stay limits: where a factor");
    page.line(
        "is a 90 % interval or a convention (PUE, rest of the node, grid), the result may be");
    page.line("passed.");
    if (record.provenance.empty()) return;
    page.section("Provenance");
    for (const Provenance& row : record.provenance) page.line(provenance_words(row));
}

}  // namespace

std::string show_text(const RunRecord& record, bool explain, bool color) {
    Page page(color);
    add_run(page, record);
    add_devices(page, record);
    add_job(page, record);
    add_rest(page, record);
    if (explain) {
        explain_attribution(page, record);
        explain_boundaries(page, record);
        explain_carbon(page, record);
        explain_embodied(page, record);
        explain_work(page, record);
        explain_ranges(page, record);
    }
    return page.take();
}

}  // namespace abate::report
