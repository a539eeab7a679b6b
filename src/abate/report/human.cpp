// People's numbers: four significant digits and a fitting unit.
#include "abate/report/human.h"

#include "abate/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace abate::report {
namespace {

constexpr double kKwh = (1.0 * kilowatt_hours).in(joules);

// Smallest first. `from`: the least amount, rounded to four digits, that is told in this unit.
constexpr std::array<HumanUnit, 9> kEnergyUnits{{{1e-6, 0, "uJ"},
                                                 {1e-3, 1e-3, "mJ"},
                                                 {1.0, 1.0, "J"},
                                                 {1e3, 1e3, "kJ"},
                                                 {kKwh, 1e6, "kWh"},
                                                 {kKwh * 1e3, kKwh * 1e3, "MWh"},
                                                 {kKwh * 1e6, kKwh * 1e6, "GWh"},
                                                 {kKwh * 1e9, kKwh * 1e9, "TWh"},
                                                 {kKwh * 1e12, kKwh * 1e12, "PWh"}}};
constexpr std::array<HumanUnit, 7> kCarbonUnits{{{1e-12, 0, "ng CO2e"},
                                                 {1e-9, 1e-9, "ug CO2e"},
                                                 {1e-6, 1e-6, "mg CO2e"},
                                                 {1e-3, 1e-3, "g CO2e"},
                                                 {1.0, 1.0, "kg CO2e"},
                                                 {1e3, 1e3, "t CO2e"},
                                                 {1e9, 1e9, "Mt CO2e"}}};
constexpr std::array<HumanUnit, 6> kPowerUnits{{{1e-6, 0, "uW"},
                                                {1e-3, 1e-3, "mW"},
                                                {1.0, 1.0, "W"},
                                                {1e3, 1e3, "kW"},
                                                {1e6, 1e6, "MW"},
                                                {1e9, 1e9, "GW"}}};
constexpr std::array<HumanUnit, 6> kByteUnits{{{1.0, 0, "B"},
                                               {1024.0, 1024.0, "KiB"},
                                               {1048576.0, 1048576.0, "MiB"},
                                               {1073741824.0, 1073741824.0, "GiB"},
                                               {1099511627776.0, 1099511627776.0, "TiB"},
                                               {1125899906842624.0, 1125899906842624.0, "PiB"}}};
constexpr std::array<HumanUnit, 4> kWaterUnits{
    {{1e-6, 0, "ul"}, {1e-3, 1e-3, "ml"}, {1.0, 1.0, "l"}, {1e3, 1e3, "m3"}}};

// To so many significant digits; no locale, so it reads its own text under any.
double rounded(double value, int digits) {
    const std::string text = fmt::format("{:.{}e}", value, digits - 1);
    double out = value;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

std::span<const HumanUnit> energy_units() { return kEnergyUnits; }
std::span<const HumanUnit> carbon_units() { return kCarbonUnits; }

std::string significant(double value, int digits) {
    if (!std::isfinite(value)) return "unknown";
    if (value == 0) return "0";
    std::string scientific = fmt::format("{:.{}e}", value, digits - 1);
    const int exponent =
        static_cast<int>(std::floor(std::log10(std::fabs(rounded(value, digits)))));
    if (exponent < -4 || exponent > 8) return scientific;
    return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
}

const HumanUnit& fitting_unit(double value, std::span<const HumanUnit> units) {
    // Rounded first, so that 999.96 J is told as 1.000 kJ.
    const double size = std::isfinite(value) ? rounded(std::fabs(value), 4) : 0;
    const HumanUnit* best = &units.front();
    for (const HumanUnit& unit : units) {
        if (size >= unit.from) best = &unit;
    }
    return *best;
}

std::string human(double value, std::span<const HumanUnit> units) {
    if (!std::isfinite(value)) return "unknown";
    const HumanUnit& unit = fitting_unit(value, units);
    return value == 0 ? fmt::format("0 {}", unit_for_zero(units))
                      : fmt::format("{} {}", significant(value / unit.size), unit.name);
}

std::string human_range(const Ranged& amount, std::span<const HumanUnit> units) {
    if (!std::isfinite(amount.value)) return "unknown";
    if (amount.low == amount.value && amount.high == amount.value) {
        return human(amount.value, units);
    }
    const HumanUnit& unit = fitting_unit(amount.value != 0 ? amount.value : amount.high, units);
    return fmt::format("{} {} ({} to {})",
                       significant(amount.value / unit.size),
                       unit.name,
                       significant(amount.low / unit.size, 3),
                       significant(amount.high / unit.size, 3));
}

std::string human_interval(const Ranged& amount, std::span<const HumanUnit> units) {
    std::string out = human_range(amount, units);
    const std::size_t bracket = out.find('(');
    if (bracket != std::string::npos) {
        out.insert(bracket + 1, amount.kind == RangeKind::bound ? "limits " : "90 % interval ");
    }
    return out;
}

const char* unit_for_zero(std::span<const HumanUnit> units) {
    for (const HumanUnit& unit : units) {
        if (unit.size == 1.0) return unit.name;
    }
    return units.front().name;
}

std::string human_energy(double joules) { return human(joules, kEnergyUnits); }
std::string human_carbon(double kg_co2e) { return human(kg_co2e, kCarbonUnits); }
std::string human_power(double watts) { return human(watts, kPowerUnits); }
std::string human_bytes(double bytes) { return human(bytes, kByteUnits); }
std::string human_water(double litres) { return human(litres, kWaterUnits); }

std::string human_duration(double seconds) {
    if (!std::isfinite(seconds)) return "unknown";
    if (seconds < 0) return "-" + human_duration(-seconds);
    if (seconds == 0) return "0 s";
    if (seconds < 0.9995) return significant(seconds * 1e3) + " ms";
    if (seconds < 59.995) return significant(seconds) + " s";
    if (seconds >= 1e15) return significant(seconds) + " s";
    const auto whole = static_cast<long long>(std::llround(seconds));
    if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
    const long long minutes = (whole + 30) / 60;
    if (minutes < 24LL * 60) return fmt::format("{} h {:02} m", minutes / 60, minutes % 60);
    const long long hours = (whole + 1800) / 3600;
    return fmt::format("{} d {:02} h", hours / 24, hours % 24);
}

std::string human_count(double count) {
    if (!std::isfinite(count)) return "unknown";
    if (count == std::floor(count) && std::fabs(count) < 1e6) return fmt::format("{:.0f}", count);
    return significant(count);
}

std::string percent(double ratio) {
    return std::isfinite(ratio) ? fmt::format("{:.1f} %", ratio * 100) : "unknown";
}

}  // namespace abate::report
