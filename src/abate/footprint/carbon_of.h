// Facility energy times intensity, for a metered record and for the chain alike, with the types that
// say what may be multiplied.
#pragma once

#include "abate/units/units.h"

#include <algorithm>

namespace abate::footprint {

// kg CO2e of facility energy in joules at an average intensity in g CO2e/kWh.
// REQUIRES: numbers finite and >= 0.
// NOLINTBEGIN(bugprone-easily-swappable-parameters): each name says its unit
template <Basis B>
[[nodiscard]] Ranged carbon_of(const Ranged& facility_j, const Ranged& intensity_gco2e_per_kwh) {
    const CarbonIntensity<Signal::average, B> grid(intensity_gco2e_per_kwh.value *
                                                   grams_co2e_per_kilowatt_hour);
    const double to_kg = (1.0 * joules * (1.0 * grams_co2e_per_kilowatt_hour)).in(kilograms_co2e);
    const Ranged product = multiply(facility_j, intensity_gco2e_per_kwh);
    const double value = (FacilityEnergy(facility_j.value * joules) * grid).in(kilograms_co2e);
    // Two ways to multiply may differ in the last digit.
    return {.value = value,
            .low = std::min(value, product.low * to_kg),
            .high = std::max(value, product.high * to_kg),
            .kind = product.kind};
}

// NOLINTEND(bugprone-easily-swappable-parameters)

}  // namespace abate::footprint
