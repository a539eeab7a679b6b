// Carbon and water. Intensities of unlike meaning are unlike types and do not mix:
//
//     CarbonIntensity<Signal::average, Basis::life_cycle> grid(381.0 * grams_co2e_per_kilowatt_hour);
//     Carbon carbon = node * pue * grid;               // facility energy times intensity
#pragma once

#include "abate/units/energy.h"

#include <compare>

namespace abate {

using Carbon = Quantity<Dim<0, 0, 1, 0, 0, 0, 0>>;
using CarbonPerEnergy = Quantity<Dim<-1, 0, 1, 0, 0, 0, 0>>;
using Water = Quantity<Dim<0, 0, 0, 0, 0, 1, 0>>;
using WaterPerEnergy = Quantity<Dim<-1, 0, 0, 0, 0, 1, 0>>;

inline constexpr Unit<Dim<0, 0, 1, 0, 0, 0, 0>> kilograms_co2e{1.0};
inline constexpr Unit<Dim<0, 0, 1, 0, 0, 0, 0>> grams_co2e{1e-3};
inline constexpr Unit<Dim<0, 0, 1, 0, 0, 0, 0>> tonnes_co2e{1e3};
inline constexpr Unit<Dim<-1, 0, 1, 0, 0, 0, 0>> grams_co2e_per_kilowatt_hour{1e-3 / 3.6e6};
inline constexpr Unit<Dim<0, 0, 0, 0, 0, 1, 0>> litres{1.0};
inline constexpr Unit<Dim<-1, 0, 0, 0, 0, 1, 0>> litres_per_kilowatt_hour{1.0 / 3.6e6};

// What a change in load would change (marginal), or what the mix emits per unit (average).
enum class Signal { average, marginal };
// Stack emissions only (direct), or with fuel supply and plant building (life_cycle).
enum class Basis { direct, life_cycle };
// The two Scope 2 methods of the GHG Protocol.
enum class Method { location, market };

template <Signal S, Basis B>
class CarbonIntensity {
  public:
    constexpr CarbonIntensity() = default;
    explicit constexpr CarbonIntensity(CarbonPerEnergy value) : value_(value) {}
    [[nodiscard]] constexpr CarbonPerEnergy value() const { return value_; }
    constexpr auto operator<=>(const CarbonIntensity&) const = default;

  private:
    CarbonPerEnergy value_;
};

// Operational carbon is facility energy times intensity; component or node energy does not compile
// here.
template <Signal S, Basis B>
[[nodiscard]] constexpr Carbon operator*(FacilityEnergy energy, CarbonIntensity<S, B> intensity) {
    return energy.energy() * intensity.value();
}

}  // namespace abate
