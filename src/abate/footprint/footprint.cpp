#include "abate/footprint/footprint.h"

#include "abate/units/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

void replace_provenance(RunRecord& record, Provenance row) {
    auto& rows = record.provenance;
    rows.erase(
        std::remove_if(
            rows.begin(), rows.end(), [&](const Provenance& p) { return p.figure == row.figure; }),
        rows.end());
    rows.push_back(std::move(row));
}

// The sum of the node's own readings (one source, perhaps several supplies); absent when none was
// read.
struct NodeReading {
    Ranged energy_j;
    std::string source;
    Quality quality = Quality::measured;
};

std::optional<NodeReading> node_reading(const RunRecord& record) {
    std::optional<NodeReading> reading;
    RangeSum sum;
    for (const DeviceEnergy& device : record.energy.devices) {
        if (device.part_of != "node" || device.energy.value <= Microjoules(0)) continue;
        if (!reading)
            reading =
                NodeReading{.energy_j = {}, .source = device.source, .quality = device.quality};
        reading->quality = std::max(reading->quality, device.quality);
        sum.add(in_joules(device.energy), device.source);
    }
    if (reading) reading->energy_j = sum.total();
    return reading;
}

// Node energy of the job: its component energy, and a share of what the node spends beyond its
// components that is proportional to it.
NodeRecord node_of(RunRecord& record, const AssessOptions& options) {
    const Ranged job = in_joules(record.attributed.energy);
    const std::optional<NodeReading> measured = node_reading(record);
    const double components = record.energy.total.value.energy().in(joules);
    // A node reading below its own components is not believed (a stuck or partial sensor); the
    // prior stands in.
    if (measured && components > 0 && measured->energy_j.value >= 0.95 * components) {
        const double ratio = measured->energy_j.value / components;
        const Ranged scale{.value = ratio,
                           .low = std::max(1.0, measured->energy_j.low / components),
                           .high = std::max(1.0, measured->energy_j.high / components),
                           .kind = measured->energy_j.kind};
        // The component counters' own error would cancel, as the node reading replaces it. The job's
        // range does not tell it from the split's, so it stays in: the range is wide rather than narrow.
        const double split_low = components > 0 && job.value > 0 ? job.low / job.value : 1;
        const double split_high = components > 0 && job.value > 0 ? job.high / job.value : 1;
        const Ranged share{.value = job.value,
                           .low = job.value * split_low,
                           .high = job.value * split_high,
                           .kind = job.kind};
        replace_provenance(record,
                           {.figure = "node_ratio",
                            .value = scale.value,
                            .low = scale.low,
                            .high = scale.high,
                            .unit = "1",
                            .key = "node over components",
                            .layer = "measured",
                            .source = measured->source,
                            .year = 0,
                            .basis = "node energy / component energy over this run",
                            .licence = ""});
        return {.energy = at_boundary(multiply(share, scale),
                                      std::max(measured->quality, record.attributed.quality)),
                .source = measured->source};
    }
    if (measured && components > 0) {
        record.notes.push_back(fmt::format(
            "node ({}): its reading is below the sum of the components, so it is not used",
            measured->source));
    }
    const NodeOverhead overhead =
        options.node_overhead ? *options.node_overhead : prior_overhead(record);
    replace_provenance(record,
                       {.figure = "node_ratio",
                        .value = overhead.ratio.value,
                        .low = overhead.ratio.low,
                        .high = overhead.ratio.high,
                        .unit = "1",
                        .key = "node over components",
                        .layer = overhead.source == "profile" ? "measured" : "built-in",
                        .source = overhead.citation,
                        .year = 0,
                        .basis = overhead.source,
                        .licence = overhead.source == "profile" ? "" : "published fact"});
    return {.energy = at_boundary(multiply(job, overhead.ratio),
                                  std::max(Quality::modelled, record.attributed.quality)),
            .source = overhead.source};
}

Provenance user_figure(std::string figure,
                       double value,
                       std::string unit,
                       const std::string& layer) {
    return {.figure = std::move(figure),
            .value = value,
            .low = value,
            .high = value,
            .unit = std::move(unit),
            .key = "",
            .layer = layer,
            .source = "given by the user",
            .year = 0,
            .basis = "",
            .licence = ""};
}

Result<data::Figure> pue_of(const RunRecord& record,
                            const data::Tables& tables,
                            const std::optional<data::Place>& place,
                            const AssessOptions& options) {
    if (options.pue) {
        if (!(*options.pue >= 1.0 && *options.pue <= 10.0)) {
            return Error{
                ErrorCode::out_of_range,
                fmt::format("a PUE of {} is not possible", *options.pue),
                "--pue",
                "PUE is facility energy over IT energy, at least 1; common values are 1.1 to 2"};
        }
        return data::Figure{exactly(*options.pue),
                            user_figure("pue", *options.pue, "1", options.pue_layer)};
    }
    if (place && !place->provider.empty()) {
        if (Result<data::Figure> figure = tables.pue(*place)) return figure;
    }
    return default_pue(record.host);
}

}  // namespace

NodeOverhead prior_overhead(const RunRecord& record) {
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
        data::Figure figure{exactly(1.0), user_figure("pue", 1.0, "1", "built-in")};
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

Result<void> assess(RunRecord& record, const data::Tables& tables, const AssessOptions& options) {
    std::optional<data::Place> place;
    if (!options.region.empty()) {
        Result<data::Place> found = tables.place(options.region);
        if (!found) return found.error();
        place = *found;
    }
    record.region = place ? place->key : "";

    Result<data::Figure> pue = pue_of(record, tables, place, options);
    if (!pue) return pue.error();
    const NodeRecord node = node_of(record, options);
    const Ranged node_j{
        node.energy.energy_j, node.energy.low_j, node.energy.high_j, node.energy.kind};
    const Ranged facility_j = multiply(node_j, pue->range);
    record.node = node;
    record.facility = FacilityRecord{.pue = pue->range.value,
                                     .pue_low = pue->range.low,
                                     .pue_high = pue->range.high,
                                     .energy = at_boundary(facility_j, node.energy.quality)};
    record.boundary = "facility";
    pue->provenance.figure = "pue";
    replace_provenance(record, pue->provenance);

    data::Figure intensity = tables.intensity_anywhere();
    bool known = false;
    if (place) {
        Result<data::Figure> found = tables.intensity(*place);
        if (!found) return found.error();
        intensity = *found;
        known = true;
    }
    intensity.provenance.figure = "intensity_gco2e_per_kwh";
    replace_provenance(record, intensity.provenance);

    // facility x intensity, with the types that say what may be multiplied.
    const FacilityEnergy facility =
        NodeEnergy(node.energy.energy_j * joules) * Pue(pue->range.value);
    const CarbonIntensity<Signal::average, Basis::life_cycle> grid(intensity.range.value *
                                                                   grams_co2e_per_kilowatt_hour);
    const double to_kg = (1.0 * joules * (1.0 * grams_co2e_per_kilowatt_hour)).in(kilograms_co2e);
    Ranged carbon = multiply(facility_j, intensity.range);
    carbon = {.value = (facility * grid).in(kilograms_co2e),
              .low = carbon.low * to_kg,
              .high = carbon.high * to_kg,
              .kind = carbon.kind};

    Operational operational;
    operational.intensity_gco2e_per_kwh = intensity.range;
    operational.intensity_basis = intensity.provenance.basis;
    operational.location_kgco2e = carbon;
    operational.region_known = known;
    if (place) {
        if (const Result<data::Figure> wue = tables.wue(*place)) {
            const Result<data::Figure> generation = tables.coefficient("water", "world average");
            if (generation) {
                // Water = E_IT x (WUE_on + PUE x WUE_off).
                const double litres_per_kwh =
                    wue->range.value + pue->range.value * generation->range.value;
                operational.water_l = node.energy.energy_j / 3.6e6 * litres_per_kwh;
                Provenance on_site = wue->provenance;
                on_site.figure = "wue_l_per_kwh";
                replace_provenance(record, std::move(on_site));
                Provenance off_site = generation->provenance;
                off_site.figure = "generation_water_l_per_kwh";
                replace_provenance(record, std::move(off_site));
            }
        }
    }
    record.operational = operational;
    return {};
}

}  // namespace abate::footprint
