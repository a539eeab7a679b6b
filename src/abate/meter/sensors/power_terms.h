// Power as a sum of files: one file in microwatts, or current times voltage, for each of the parts
// that together make one channel (two power supplies of one machine, two batteries).
//
//     std::vector<PowerTerm> supplies;
//     supplies.push_back({SysfsNumber(power1_input, calls), std::nullopt, 1});
//     NumberRead now = read_terms(supplies, now_ns);   // microwatts; failed or gone when any part
//     is
#pragma once

#include "abate/meter/sysfs.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace abate::meter {

// Microwatts = first * second / divisor, or first / divisor without a second.
struct PowerTerm {
    SysfsNumber first;
    std::optional<SysfsNumber> second;
    std::uint64_t divisor = 1;  // millivolts x milliamperes: 1; microvolts x microamperes: 10^6
};

// Never a partial sum: a part that cannot be read makes the whole `failed` (or `gone`). A product
// or sum that does not fit 64 bits is `failed`.
[[nodiscard]] NumberRead read_term(PowerTerm& term, std::int64_t now_ns) noexcept;
[[nodiscard]] NumberRead read_terms(std::vector<PowerTerm>& terms, std::int64_t now_ns) noexcept;

}  // namespace abate::meter
