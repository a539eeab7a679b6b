#include "abate/footprint/chain.h"

#include "abate/core/assert.h"
#include "abate/footprint/carbon_of.h"
#include "abate/footprint/footprint.h"
#include "abate/footprint/given.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kMostPue = 10;

// A figure that the user gave, exact, with the words that name it in a report.
struct Given {
    std::string_view figure;
    std::string_view unit;
    std::string_view basis;
};

data::Figure given(double value, const Given& words, const SiteOptions& options) {
    return {exactly(value),
            given_by_user({.figure = std::string(words.figure),
                           .value = value,
                           .unit = std::string(words.unit),
                           .layer = options.layer,
                           .key = options.region,
                           .basis = std::string(words.basis)})};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error
Result<void> not_negative(const std::optional<double>& value, const char* what, const char* where) {
    if (!value || (*value >= 0 && std::isfinite(*value))) return {};
    return Error{ErrorCode::out_of_range,
                 fmt::format("a {} of {} is not possible", what, *value),
                 where,
                 "It is a finite number, 0 or more"};
}

Result<void> check(const SiteOptions& options) {
    if (options.pue && !(*options.pue >= 1.0 && *options.pue <= kMostPue)) {
        return Error{ErrorCode::out_of_range,
                     fmt::format("a PUE of {} is not possible", *options.pue),
                     "--pue",
                     "PUE is facility energy over IT energy, at least 1; common values are "
                     "1.1 to 2"};
    }
    for (const Result<void>& answer :
         {not_negative(options.intensity_gco2e_per_kwh, "carbon intensity", "--intensity"),
          not_negative(
              options.market_gco2e_per_kwh, "market-based intensity", "--market-intensity"),
          not_negative(options.wue_l_per_kwh, "water per kWh", "--wue")})
        if (!answer) return answer;
    return {};
}

data::Figure pue_of(const data::Tables& tables,
                    const std::optional<data::Place>& place,
                    const SiteOptions& options) {
    if (options.pue) return given(*options.pue, {"pue", "1", ""}, options);
    if (options.facility && place && !place->provider.empty()) {
        if (Result<data::Figure> figure = tables.pue(*place)) return *std::move(figure);
    }
    Host host;
    host.kind = options.facility ? "server" : "desktop";
    return default_pue(host);
}

Result<data::Figure> intensity_of(const data::Tables& tables,
                                  const std::optional<data::Place>& place,
                                  const SiteOptions& options) {
    if (options.intensity_gco2e_per_kwh) {
        return given(
            *options.intensity_gco2e_per_kwh,
            {"intensity_gco2e_per_kwh", "gCO2e/kWh", "average, life-cycle, location-based"},
            options);
    }
    if (place) return tables.intensity(*place);
    return tables.intensity_anywhere();
}

std::optional<data::Figure> known(Result<data::Figure> figure) {
    if (!figure) return std::nullopt;
    return *std::move(figure);
}

Ranged in_joules(const Ranged& kwh) {
    return {.value = kwh.value * kJoulesPerKilowattHour,
            .low = kwh.low * kJoulesPerKilowattHour,
            .high = kwh.high * kJoulesPerKilowattHour,
            .kind = kwh.kind};
}

bool possible(const Ranged& energy) {
    return std::isfinite(energy.high) && energy.low >= 0 && energy.low <= energy.value &&
           energy.value <= energy.high;
}

}  // namespace

Result<Site> find_site(const data::Tables& tables, const SiteOptions& options) {
    if (const Result<void> fine = check(options); !fine) return fine.error();
    Site site;
    if (!options.region.empty()) {
        Result<data::Place> found = tables.place(options.region);
        if (!found) return found.error();
        site.place = *std::move(found);
    }
    site.pue = pue_of(tables, site.place, options);
    Result<data::Figure> intensity = intensity_of(tables, site.place, options);
    if (!intensity) return intensity.error();
    site.intensity = *std::move(intensity);
    if (site.place) {
        site.intensity_direct = known(tables.intensity_direct(*site.place));
        site.wue_on_site = known(tables.wue(*site.place));
    }
    if (options.market_gco2e_per_kwh) {
        site.market = given(*options.market_gco2e_per_kwh,
                            {"market_gco2e_per_kwh",
                             "gCO2e/kWh",
                             "market-based: contract or residual mix, as given"},
                            options);
    }
    if (options.wue_l_per_kwh) {
        site.wue_on_site =
            given(*options.wue_l_per_kwh, {"wue_l_per_kwh", "L/kWh", "on-site"}, options);
    }
    site.wue_generation = known(tables.coefficient("water", "world average"));
    return site;
}

NodeOverhead accelerator_overhead() {
    RunRecord record;
    DeviceEnergy device;
    device.device = "gpu-all";
    record.energy.devices.push_back(std::move(device));
    return prior_overhead(record);
}

NodeOverhead no_overhead() {
    return {.ratio = exactly(1), .source = "declared", .citation = "the energy is the node's"};
}

Chain carry(const Ranged& energy_kwh,
            Boundary boundary,
            const NodeOverhead& overhead,
            const Site& site) {
    ABATE_REQUIRE(possible(energy_kwh));
    Chain chain;
    if (boundary == Boundary::facility) {
        chain.facility_kwh = energy_kwh;
    } else {
        const bool component = boundary == Boundary::component;
        if (component) chain.component_kwh = energy_kwh;
        chain.node_kwh = component ? multiply(energy_kwh, overhead.ratio) : energy_kwh;
        chain.facility_kwh = multiply(chain.node_kwh, site.pue.range);
    }
    const Ranged facility_j = in_joules(chain.facility_kwh);
    chain.location_kgco2e = carbon_of<Basis::life_cycle>(facility_j, site.intensity.range);
    if (site.intensity_direct)
        chain.scope2_kgco2e = carbon_of<Basis::direct>(facility_j, site.intensity_direct->range);
    // Residual mixes and contracts are published on the direct basis (AIB, Green-e).
    if (site.market) chain.market_kgco2e = carbon_of<Basis::direct>(facility_j, site.market->range);
    if (site.wue_on_site && site.wue_generation) {
        const double pue = site.pue.range.value;
        const double node_kwh =
            boundary == Boundary::facility ? chain.facility_kwh.value / pue : chain.node_kwh.value;
        chain.water_on_site_l = node_kwh * site.wue_on_site->range.value;
        chain.water_generation_l = node_kwh * pue * site.wue_generation->range.value;
        chain.water_l =
            node_kwh * (site.wue_on_site->range.value + pue * site.wue_generation->range.value);
    }
    return chain;
}

std::vector<Provenance> site_provenance(const Site& site) {
    std::vector<Provenance> rows;
    const auto add = [&rows](std::string_view name, const data::Figure& figure) {
        rows.push_back(figure.provenance);
        rows.back().figure = name;
    };
    const auto add_known = [&add](std::string_view name,
                                  const std::optional<data::Figure>& figure) {
        if (figure) add(name, *figure);
    };
    add("pue", site.pue);
    add("intensity_gco2e_per_kwh", site.intensity);
    add_known("scope2_gco2e_per_kwh", site.intensity_direct);
    add_known("market_gco2e_per_kwh", site.market);
    add_known("wue_l_per_kwh", site.wue_on_site);
    // Generation alone makes no water figure.
    if (site.wue_on_site) add_known("generation_water_l_per_kwh", site.wue_generation);
    return rows;
}

}  // namespace abate::footprint
