// Allowances: an integer count; one allowance is the right to 1 kWh of facility energy (or 1 kg
// CO2e) in a period.
#pragma once

#include <compare>
#include <cstdint>

namespace abate {

class Allowances {
  public:
    constexpr Allowances() = default;
    explicit constexpr Allowances(std::int64_t count) : count_(count) {}
    [[nodiscard]] constexpr std::int64_t count() const { return count_; }
    constexpr auto operator<=>(const Allowances&) const = default;

  private:
    std::int64_t count_ = 0;
};

// The year from which an allowance is valid.
class Vintage {
  public:
    explicit constexpr Vintage(std::int32_t year) : year_(year) {}
    [[nodiscard]] constexpr std::int32_t year() const { return year_; }
    constexpr auto operator<=>(const Vintage&) const = default;

  private:
    std::int32_t year_;
};

}  // namespace abate
