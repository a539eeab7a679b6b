// Intensity of an hour from what generated in it: each kind of plant by its life-cycle median of the IPCC.
//
//     const FuelFactors factors = fuel_factors(tables).value();
//     const HourValue hour = production_intensity({.coal = 10, .wind_onshore = 30}, factors);   // (10 x 820 + 30 x 11) / 40
//
// Production based: imports are not traced, plants of one kind are all alike, storage shifts and does not make. Life-cycle only:
// the table has no direct medians of all kinds.
#pragma once

#include "abate/core/result.h"
#include "abate/data/hourly.h"

#include <array>
#include <cstddef>
#include <string>

namespace abate::data {

class Tables;

enum class Plant {
    coal,  // hard coal, lignite, peat, oil shale: one median for all
    gas,
    oil,
    biomass,
    hydro,
    nuclear,
    solar,
    wind_onshore,
    wind_offshore,
    geothermal,
    other,  // waste, unknown: no median
};
inline constexpr std::size_t kPlants = 11;

// MW or MWh by plant; what consumes (pumps, own use at night) is 0.
struct GenerationMix {
    std::array<double, kPlants> amount{};
    [[nodiscard]] double& operator[](Plant plant) {
        return amount[static_cast<std::size_t>(plant)];
    }
    [[nodiscard]] double operator[](Plant plant) const {
        return amount[static_cast<std::size_t>(plant)];
    }
};

struct FuelFactors {
    std::array<double, kPlants> gco2e_per_kwh{};  // `other`: unused
    std::string source;                           // citation
};

// From `energy_coefficients`, kind fuel-intensity-ipcc. Errors: not_found.
[[nodiscard]] Result<FuelFactors> fuel_factors(const Tables& tables);

// Plants without a median count as the mean of the others; the range lets them be anything from the cleanest to the dirtiest of the
// table. Not known where nothing with a median generated.
[[nodiscard]] HourValue production_intensity(const GenerationMix& mix, const FuelFactors& factors);

}  // namespace abate::data
