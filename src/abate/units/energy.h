// Energy, power and time; integer microjoules for counters and books.
#pragma once

#include "abate/core/assert.h"
#include "abate/core/result.h"
#include "abate/units/quantity.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace abate {

using Energy = Quantity<Dim<1, 0, 0, 0, 0, 0, 0>>;
using Duration = Quantity<Dim<0, 1, 0, 0, 0, 0, 0>>;
using Power = Quantity<Dim<1, -1, 0, 0, 0, 0, 0>>;

inline constexpr Unit<Dim<1, 0, 0, 0, 0, 0, 0>> joules{1.0};
inline constexpr Unit<Dim<1, 0, 0, 0, 0, 0, 0>> watt_hours{3600.0};
inline constexpr Unit<Dim<1, 0, 0, 0, 0, 0, 0>> kilowatt_hours{3.6e6};
inline constexpr Unit<Dim<1, 0, 0, 0, 0, 0, 0>> megawatt_hours{3.6e9};
// For plain numbers whose names end in _kwh and _j.
inline constexpr double kJoulesPerKilowattHour = kilowatt_hours.in_base;
inline constexpr Unit<Dim<0, 1, 0, 0, 0, 0, 0>> seconds{1.0};
inline constexpr Unit<Dim<0, 1, 0, 0, 0, 0, 0>> hours{3600.0};
inline constexpr Unit<Dim<1, -1, 0, 0, 0, 0, 0>> watts{1.0};
inline constexpr Unit<Dim<1, -1, 0, 0, 0, 0, 0>> kilowatts{1000.0};

__extension__ using Int128 = __int128;

// An exact count of microjoules. 128 bits wide, so that neither a data centre's decade nor a sum of
// squares wraps. The meter and the books reckon in it; floating `Energy` starts at `footprint`.
class Microjoules {
  public:
    constexpr Microjoules() = default;
    explicit constexpr Microjoules(Int128 count) : count_(count) {}
    // A floating amount is rounded in the open, by to_microjoules.
    template <class F>
    requires std::is_floating_point_v<F>
    explicit Microjoules(F count) = delete;

    [[nodiscard]] constexpr Int128 count() const { return count_; }
    // REQUIRES: fits 64 bits (2.5 GWh).
    [[nodiscard]] constexpr std::int64_t to_int64() const {
        ABATE_REQUIRE(count_ >= INT64_MIN && count_ <= INT64_MAX);
        return static_cast<std::int64_t>(count_);
    }
    // The floating amount, to within a unit in the last place of a double.
    [[nodiscard]] constexpr Energy energy() const {
        return static_cast<double>(count_) / 1e6 * joules;
    }

    constexpr auto operator<=>(const Microjoules&) const = default;
    constexpr Microjoules operator-() const { return Microjoules(-count_); }
    constexpr Microjoules& operator+=(Microjoules other) {
        count_ += other.count_;
        return *this;
    }
    constexpr Microjoules& operator-=(Microjoules other) {
        count_ -= other.count_;
        return *this;
    }
    friend constexpr Microjoules operator+(Microjoules a, Microjoules b) {
        return Microjoules(a.count_ + b.count_);
    }
    friend constexpr Microjoules operator-(Microjoules a, Microjoules b) {
        return Microjoules(a.count_ - b.count_);
    }

  private:
    Int128 count_ = 0;
};

// Half away from zero. REQUIRES: finite, below 1e25 J.
[[nodiscard]] Microjoules to_microjoules(Energy energy);

// Exact decimal joules, as they stand in JSON: 1500000 uJ -> "1.5".
[[nodiscard]] std::string decimal_joules(Microjoules energy);

// The inverse: a number as JSON writes it (RFC 8259 section 6: "1.5", "-0.000001", "2.5e3"),
// exactly. Errors: parse_error (not such a number, or finer than a microjoule), out_of_range (1e25
// J or more).
[[nodiscard]] Result<Microjoules> parse_decimal_joules(std::string_view text);

// floor(total * part / whole), exact for |total| < 2^126.
// REQUIRES: whole > 0, part <= whole (so that a swap of the two is found at once).
[[nodiscard]] Microjoules share_floor(Microjoules total, std::uint64_t part, std::uint64_t whole);

// Where a measurement's edge lies. PUE may be applied to NodeEnergy only, and only once:
//
//     FacilityEnergy f = node * pue;      // fine
//     component * pue;                    // does not compile
enum class Boundary { component, node, facility };

template <Boundary B>
class EnergyAt {
  public:
    constexpr EnergyAt() = default;
    explicit constexpr EnergyAt(Energy energy) : energy_(energy) {}

    [[nodiscard]] constexpr Energy energy() const { return energy_; }
    [[nodiscard]] constexpr double in(Unit<Dim<1, 0, 0, 0, 0, 0, 0>> unit) const {
        return energy_.in(unit);
    }
    constexpr auto operator<=>(const EnergyAt&) const = default;
    friend constexpr EnergyAt operator+(EnergyAt a, EnergyAt b) {
        return EnergyAt(a.energy_ + b.energy_);
    }
    friend constexpr EnergyAt operator*(EnergyAt a, double factor) {
        return EnergyAt(a.energy_ * factor);
    }

  private:
    Energy energy_;
};

using ComponentEnergy =
    EnergyAt<Boundary::component>;            // what counters see: package, DRAM, accelerator
using NodeEnergy = EnergyAt<Boundary::node>;  // plus board, fans, NIC, disks, power-supply loss
using FacilityEnergy =
    EnergyAt<Boundary::facility>;  // plus cooling and power distribution of the building

// Facility energy over IT energy (ISO/IEC 30134-2), at least 1.
class Pue {
  public:
    // REQUIRES: 1 <= ratio <= 10, which `parse_pue` in `input` checks for people.
    explicit constexpr Pue(double ratio) : ratio_(ratio) {
        ABATE_REQUIRE(ratio >= 1.0 && ratio <= 10.0);
    }
    [[nodiscard]] constexpr double ratio() const { return ratio_; }
    constexpr auto operator<=>(const Pue&) const = default;

  private:
    double ratio_;
};

[[nodiscard]] constexpr FacilityEnergy operator*(NodeEnergy node, Pue pue) {
    return FacilityEnergy(node.energy() * pue.ratio());
}

}  // namespace abate
