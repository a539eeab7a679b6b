// What one allowance is worth in joules: u of the allocation formula. An allowance is 1 kWh of facility energy, or, where a scheme so
// chooses, 1 kg CO2e at a factor that is frozen before the period.
//
//     kilowatt_hour_unit()                                     // 3,600,000 J
//     kilogram_unit({.milligrams_per_kilowatt_hour = 411'800})  // 0.4118 kg/kWh: 3.6e6 / 0.4118 J, exactly
#pragma once

#include "abate/core/result.h"

#include <cstdint>

namespace abate::scheme {

// joules / per allowance. Neither is 0.
struct AllowanceUnit {
    std::uint64_t joules = 3'600'000;
    std::uint64_t per = 1;
    bool operator==(const AllowanceUnit&) const = default;
};

[[nodiscard]] constexpr AllowanceUnit kilowatt_hour_unit() { return {}; }

struct FrozenFactor {
    std::uint64_t milligrams_per_kilowatt_hour = 0;  // CO2e
};

// 1 kg is 1e6 mg, so an allowance is 1e6 / factor kWh. Errors: out_of_range (a factor of 0, or above 10 kg/kWh).
[[nodiscard]] inline Result<AllowanceUnit> kilogram_unit(FrozenFactor factor) {
    if (factor.milligrams_per_kilowatt_hour == 0 ||
        factor.milligrams_per_kilowatt_hour > 10'000'000)
        return Error{.code = ErrorCode::out_of_range,
                     .what = "a frozen factor is above 0 and at most 10 kg CO2e per kWh",
                     .where = {},
                     .hint = {}};
    return AllowanceUnit{.joules = std::uint64_t{3'600'000} * 1'000'000,
                         .per = factor.milligrams_per_kilowatt_hour};
}

}  // namespace abate::scheme
