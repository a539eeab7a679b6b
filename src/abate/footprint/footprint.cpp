#include "abate/footprint/footprint.h"

#include "abate/footprint/carbon_of.h"
#include "abate/footprint/given.h"
#include "abate/footprint/run_embodied.h"
#include "abate/units/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace abate::footprint {
namespace {

Ranged in_joules(const EnergyRange& energy) {
    return {.value = energy.value.energy().in(joules),
            .low = energy.low.energy().in(joules),
            .high = energy.high.energy().in(joules),
            .kind = energy.kind};
}

BoundaryEnergy at_boundary(const Ranged& joules_range, Quality quality) {
    return {.energy_j = joules_range.value,
            .low_j = joules_range.low,
            .high_j = joules_range.high,
            .kind = joules_range.kind,
            .quality = quality};
}

// The sum of the node's own readings (one source, perhaps several supplies); absent when none was
// read. Parts of the node and second views of it are not added (meter::describe_devices).
struct NodeReading {
    Ranged energy_j;
    std::string source;
    Quality quality = Quality::measured;
};

std::optional<NodeReading> node_reading(const RunRecord& record) {
    std::optional<NodeReading> reading;
    RangeSum sum;
    for (const DeviceEnergy& device : record.energy.devices) {
        if (device.device != "node" || device.part_of != "node") continue;
        if (device.energy.value <= Microjoules(0)) continue;
        if (!reading)
            reading =
                NodeReading{.energy_j = {}, .source = device.source, .quality = device.quality};
        reading->quality = std::max(reading->quality, device.quality);
        sum.add(in_joules(device.energy), device.source);
    }
    if (reading) reading->energy_j = sum.total();
    return reading;
}

constexpr const char* kNodeBelow = "node: its reading (";

std::string refused_reading(const std::string& source) {
    return fmt::format(
        "{}{}) is below the sum of the components, so it is not used", kNodeBelow, source);
}

// Node over components. The node spends no less than the least that its components can have spent,
// so that ends the range below. REQUIRES: components.value > 0, reading.high >= components.low.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): node over components, as it is written
Ranged measured_ratio(const Ranged& reading, const Ranged& components) {
    const double least = std::max(reading.low, components.low);
    const double value = std::max(reading.value, components.low);
    return {.value = value / components.value,
            .low = std::min(least, value) / components.value,
            .high = std::max(reading.high, value) / components.value,
            .kind = reading.kind};
}

// The job's part of a measured node. A job that has all of the components' energy has all of the
// node's, whatever the components' counters err. With a part, the counters' own error is in the
// job's energy and in the sum that it is divided by, and would cancel in part; the record does not
// keep it apart from the split's, so the job's whole range stays: too wide rather than too narrow.
NodeRecord measured_node(const RunRecord& record, const NodeReading& reading, const Ranged& ratio) {
    const EnergyRange& attributed = record.attributed.energy;
    const bool whole = attributed.value == record.energy.total.value;
    const Ranged job = whole ? exactly(in_joules(attributed).value) : in_joules(attributed);
    const Quality quality =
        whole ? reading.quality : std::max(reading.quality, record.attributed.quality);
    return {.energy = at_boundary(multiply(job, ratio), quality), .source = reading.source};
}

struct NodeAnswer {
    NodeRecord node;
    Provenance ratio;
    std::string note;  // of a reading that is not used
};

Provenance empty_ratio_row() {
    Provenance row;
    row.figure = "node_ratio";
    row.unit = "1";
    row.key = "node over components";
    return row;
}

void set_range(Provenance& row, const Ranged& range) {
    row.value = range.value;
    row.low = range.low;
    row.high = range.high;
}

Provenance ratio_row(const NodeOverhead& overhead) {
    Provenance row = empty_ratio_row();
    set_range(row, overhead.ratio);
    row.layer = overhead.source == "profile" ? "measured"
                : overhead.source == "prior" ? "built-in"
                                             : "option";
    row.source = overhead.citation;
    row.basis = overhead.source;
    row.licence = overhead.source == "prior" ? "published fact" : "";
    return row;
}

// Node energy of the job: its component energy, and a share of what the node spends beyond its
// components that is proportional to it.
NodeAnswer node_of(const RunRecord& record, const AssessOptions& options) {
    const std::optional<NodeReading> measured = node_reading(record);
    const Ranged components = in_joules(record.energy.total);
    NodeAnswer answer;
    // A reading that cannot agree with the components is not believed (a stuck sensor, one supply
    // of two); the prior stands in.
    const bool believed =
        measured && components.value > 0 && measured->energy_j.high >= components.low;
    if (measured && components.value > 0 && !believed)
        answer.note = refused_reading(measured->source);
    if (believed) {
        const Ranged ratio = measured_ratio(measured->energy_j, components);
        answer.node = measured_node(record, *measured, ratio);
        answer.ratio = empty_ratio_row();
        set_range(answer.ratio, ratio);
        answer.ratio.layer = "measured";
        answer.ratio.source = measured->source;
        answer.ratio.basis = "node energy / component energy over this run";
    } else {
        const NodeOverhead overhead =
            options.node_overhead ? *options.node_overhead : prior_overhead(record);
        const Ranged job = in_joules(record.attributed.energy);
        answer.node = {
            .energy = at_boundary(multiply(job, overhead.ratio),
                                  std::max(Quality::modelled, record.attributed.quality)),
            .source = overhead.source};
        answer.ratio = ratio_row(overhead);
    }
    return answer;
}

Provenance user_pue(const AssessOptions& options) {
    return given_by_user(
        {.figure = "pue", .value = *options.pue, .unit = "1", .layer = options.pue_layer});
}

// REQUIRES: options.market_gco2e_per_kwh.
Provenance user_market(const AssessOptions& options) {
    return given_by_user({.figure = "market_gco2e_per_kwh",
                          .value = *options.market_gco2e_per_kwh,
                          .unit = "gCO2e/kWh",
                          .layer = options.market_layer,
                          .basis = "market-based: contract or residual mix, as given"});
}

Result<data::Figure> pue_of(const RunRecord& record,
                            const data::Tables& tables,
                            const std::optional<data::Place>& place,
                            const AssessOptions& options) {
    if (options.pue) {
        if (!(*options.pue >= 1.0 && *options.pue <= 10.0)) {
            return Error{ErrorCode::out_of_range,
                         fmt::format("a PUE of {} is not possible", *options.pue),
                         "--pue",
                         "PUE is facility energy over IT energy, at least 1; common values are "
                         "1.1 to 2"};
        }
        return data::Figure{exactly(*options.pue), user_pue(options)};
    }
    if (place && !place->provider.empty()) {
        if (Result<data::Figure> figure = tables.pue(*place)) return figure;
    }
    return default_pue(record.host);
}

}  // namespace

void keep_options(RunRecord& header, const AssessOptions& options) {
    header.region = options.region;
    if (options.pue) header.provenance.push_back(user_pue(options));
    if (options.market_gco2e_per_kwh) header.provenance.push_back(user_market(options));
    if (options.node_overhead) header.provenance.push_back(ratio_row(*options.node_overhead));
    const HardwareOptions& hardware = options.hardware;
    if (hardware.lifetime_h)
        header.provenance.push_back(given_by_user({.figure = "lifetime_h",
                                                   .value = *hardware.lifetime_h,
                                                   .unit = "h",
                                                   .layer = hardware.lifetime_layer}));
    if (hardware.utilisation)
        header.provenance.push_back(given_by_user({.figure = "utilisation",
                                                   .value = *hardware.utilisation,
                                                   .unit = "1",
                                                   .layer = hardware.utilisation_layer}));
    if (hardware.host_kgco2e)
        header.provenance.push_back(given_by_user({.figure = "embodied.host",
                                                   .value = *hardware.host_kgco2e,
                                                   .unit = "kgCO2e",
                                                   .layer = hardware.host_layer}));
}

namespace {

// What the user said of `name` in the header of a run, with its layer.
void take_said(const Provenance& row,
               std::string_view name,
               std::optional<double>& value,
               std::string& layer) {
    if (row.figure != name || row.source != kByTheUser) return;
    value = row.value;
    layer = row.layer;
}

}  // namespace

AssessOptions kept_options(const RunRecord& header) {
    AssessOptions options;
    options.region = header.region;
    for (const Provenance& row : header.provenance) {
        take_said(row, "pue", options.pue, options.pue_layer);
        take_said(row, "market_gco2e_per_kwh", options.market_gco2e_per_kwh, options.market_layer);
        HardwareOptions& hardware = options.hardware;
        take_said(row, "lifetime_h", hardware.lifetime_h, hardware.lifetime_layer);
        take_said(row, "utilisation", hardware.utilisation, hardware.utilisation_layer);
        take_said(row, "embodied.host", hardware.host_kgco2e, hardware.host_layer);
        if (row.figure == "node_ratio" && row.basis == "profile") {
            options.node_overhead = NodeOverhead{.ratio = {.value = row.value,
                                                           .low = row.low,
                                                           .high = row.high,
                                                           .kind = RangeKind::interval90},
                                                 .source = row.basis,
                                                 .citation = row.source};
        }
    }
    return options;
}

NodeOverhead prior_overhead(const RunRecord& record) {
    const bool platform = std::any_of(
        record.energy.devices.begin(), record.energy.devices.end(), [](const DeviceEnergy& d) {
            return d.counted && d.device == "psys";
        });
    if (platform) {
        return {.ratio = {.value = 1.14, .low = 1.0, .high = 1.3, .kind = RangeKind::interval90},
                .source = "prior",
                .citation =
                    "abate's assumption: a platform counter (psys) has the whole board before the "
                    "supply (1.00), or little more than the package (1.30, the prior over "
                    "packages); value = geometric mean, the loss of an 88 % efficient supply"};
    }
    const bool only_accelerators =
        std::any_of(record.energy.devices.begin(),
                    record.energy.devices.end(),
                    [](const DeviceEnergy& d) { return d.counted; }) &&
        std::all_of(
            record.energy.devices.begin(), record.energy.devices.end(), [](const DeviceEnergy& d) {
                return !d.counted || d.device.rfind("gpu-", 0) == 0;
            });
    if (only_accelerators) {
        return {.ratio = {.value = 1.57, .low = 1.2, .high = 2.0, .kind = RangeKind::interval90},
                .source = "prior",
                .citation =
                    "Elsworth et al. 2025 (arXiv 2508.15734): accelerators, host and idle over "
                    "accelerators, 0.22 / 0.14 Wh"};
    }
    return {.ratio = {.value = 1.30, .low = 1.05, .high = 1.62, .kind = RangeKind::interval90},
            .source = "prior",
            .citation =
                "between a 95 % efficient supply alone (80 PLUS Titanium) and NVIDIA's DGX A100 "
                "rating (6.5 kW over 4.02 kW of "
                "GPUs, CPUs and DRAM); value = geometric mean"};
}

data::Figure default_pue(const Host& host) {
    if (host.kind == "laptop" || host.kind == "desktop") {
        data::Figure figure{
            exactly(1.0),
            given_by_user({.figure = "pue", .value = 1.0, .unit = "1", .layer = "built-in"})};
        figure.provenance.source = "a laptop or desktop has no facility around it";
        figure.provenance.basis = "no facility";
        return figure;
    }
    const Ranged range{.value = 1.56, .low = 1.09, .high = 1.98, .kind = RangeKind::interval90};
    return {range,
            {.figure = "pue",
             .value = range.value,
             .low = range.low,
             .high = range.high,
             .unit = "1",
             .key = "unknown facility",
             .layer = "built-in",
             .source = "Uptime Institute Global Data Center Survey 2024 mean 1.56; low: Google "
                       "fleet 2024; high: Uptime mean of 2011",
             .year = 2024,
             .basis = "annual mean",
             .licence = "published fact"}};
}

namespace {

constexpr std::array<std::string_view, 7> kOwnFigures{"node_ratio",
                                                      "pue",
                                                      "intensity_gco2e_per_kwh",
                                                      "hourly_intensity",
                                                      "market_gco2e_per_kwh",
                                                      "wue_l_per_kwh",
                                                      "generation_water_l_per_kwh"};

// What an earlier assessment left behind.
void forget(RunRecord& record) {
    std::erase_if(record.provenance, [](const Provenance& p) {
        return std::find(kOwnFigures.begin(), kOwnFigures.end(), p.figure) != kOwnFigures.end();
    });
    std::erase_if(record.notes,
                  [](const std::string& note) { return note.rfind(kNodeBelow, 0) == 0; });
    record.node.reset();
    record.facility.reset();
    record.operational.reset();
}

void add_figure(RunRecord& record, std::string_view name, Provenance row) {
    row.figure = name;
    record.provenance.push_back(std::move(row));
}

// Water = E_IT x (WUE_on + PUE x WUE_off), litres; absent where no WUE is known.
std::optional<double> water_of(
    RunRecord& record,
    const data::Tables& tables,
    const std::optional<data::Place>& place,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an energy, then its PUE; one call
    double node_j,
    double pue) {
    if (!place) return std::nullopt;
    const Result<data::Figure> on_site = tables.wue(*place);
    if (!on_site) return std::nullopt;
    const Result<data::Figure> off_site = tables.coefficient("water", "world average");
    if (!off_site) return std::nullopt;
    add_figure(record, "wue_l_per_kwh", on_site->provenance);
    add_figure(record, "generation_water_l_per_kwh", off_site->provenance);
    return (node_j * joules).in(kilowatt_hours) *
           (on_site->range.value + pue * off_site->range.value);
}

}  // namespace

Result<void> assess(RunRecord& record, const data::Tables& tables, const AssessOptions& options) {
    std::optional<data::Place> place;
    if (!options.region.empty()) {
        Result<data::Place> found = tables.place(options.region);
        if (!found) return found.error();
        place = *found;
    }
    if (const Result<void> checked = check_hardware(options.hardware); !checked)
        return checked.error();
    const Result<data::Figure> pue = pue_of(record, tables, place, options);
    if (!pue) return pue.error();
    if (options.market_gco2e_per_kwh &&
        !(*options.market_gco2e_per_kwh >= 0 && std::isfinite(*options.market_gco2e_per_kwh))) {
        return Error{ErrorCode::out_of_range,
                     fmt::format("a market-based intensity of {} is not possible",
                                 *options.market_gco2e_per_kwh),
                     "--market-intensity",
                     "It is a finite number of g CO2e/kWh, 0 or more"};
    }
    data::Figure intensity = options.intensity ? *options.intensity : tables.intensity_anywhere();
    if (place && !options.intensity) {
        Result<data::Figure> found = tables.intensity(*place);
        if (!found) return found.error();
        intensity = *found;
    }

    forget(record);
    forget_embodied(record);
    // Without a region, the zone that the hours are of.
    record.region = place ? place->key : options.intensity ? options.intensity->provenance.key : "";
    record.boundary = "facility";
    NodeAnswer answer = node_of(record, options);
    record.node = answer.node;
    record.provenance.push_back(std::move(answer.ratio));
    if (!answer.note.empty()) record.notes.push_back(std::move(answer.note));

    const BoundaryEnergy& node = record.node->energy;
    const Ranged facility_j =
        multiply({node.energy_j, node.low_j, node.high_j, node.kind}, pue->range);
    record.facility = FacilityRecord{.pue = pue->range.value,
                                     .pue_low = pue->range.low,
                                     .pue_high = pue->range.high,
                                     .energy = at_boundary(facility_j, node.quality)};
    add_figure(record, "pue", pue->provenance);
    add_figure(record, "intensity_gco2e_per_kwh", intensity.provenance);

    Operational operational;
    operational.intensity_gco2e_per_kwh = intensity.range;
    operational.intensity_basis = intensity.provenance.basis;
    operational.location_kgco2e = carbon_of<Basis::life_cycle>(facility_j, intensity.range);
    operational.region_known = place.has_value() || options.intensity.has_value();
    if (options.market_gco2e_per_kwh) {
        const double market = *options.market_gco2e_per_kwh;
        Provenance row = user_market(options);
        row.key = record.region;
        record.provenance.push_back(std::move(row));
        // Residual mixes and contracts are published on the direct basis (AIB, Green-e).
        operational.market_kgco2e = carbon_of<Basis::direct>(facility_j, exactly(market)).value;
    }
    operational.water_l = water_of(record, tables, place, node.energy_j, pue->range.value);
    record.operational = operational;
    assess_embodied(record, tables, options.hardware);
    return {};
}

}  // namespace abate::footprint
