// Numbers for people, beyond those of report.h: ranges in one unit, counts, percentages.
//
//     human_range({12340, 11900, 12800}, energy_units())   // "12.34 kJ (11.9 to 12.8)"
//
// Inside `report` only.
#pragma once

#include "abate/units/ranged.h"

#include <span>
#include <string>

namespace abate::report {

struct HumanUnit {
    double size = 1;  // in the base unit
    double from = 0;  // the least amount that is told in this unit
    const char* name = "";
};

[[nodiscard]] std::span<const HumanUnit> energy_units();  // of joules
[[nodiscard]] std::span<const HumanUnit> carbon_units();  // of kg CO2e

// So many significant digits: "12.34", "0.001234", "1.234e+12".
[[nodiscard]] std::string significant(double value, int digits = 4);
// REQUIRES (these four): units not empty, smallest first.
[[nodiscard]] const HumanUnit& fitting_unit(double value, std::span<const HumanUnit> units);
[[nodiscard]] const char* unit_for_zero(std::span<const HumanUnit> units);
[[nodiscard]] std::string human(double value, std::span<const HumanUnit> units);
// All three in the unit that fits the value; three digits are enough for the edges.
// An amount without a range (both edges are the value) is told without one.
[[nodiscard]] std::string human_range(const Ranged& amount, std::span<const HumanUnit> units);
// The same with the kind of range: "12.34 kJ (90 % interval 11.9 to 12.8)".
[[nodiscard]] std::string human_interval(const Ranged& amount, std::span<const HumanUnit> units);

[[nodiscard]] std::string human_water(double litres);
[[nodiscard]] std::string human_count(double count);
// 0.123 -> "12.3 %".
[[nodiscard]] std::string percent(double ratio);

}  // namespace abate::report
