// Money: int64 micro-units of a currency; Price: Money per allowance. Never floating.
#pragma once

#include "abate/core/result.h"
#include "abate/units/allowances.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace abate {

// ISO 4217 code, three capital letters.
class Currency {
  public:
    // Errors: invalid_argument when `code` is not three capital letters.
    [[nodiscard]] static Result<Currency> parse(std::string_view code);
    [[nodiscard]] constexpr std::string_view code() const { return {code_.data(), code_.size()}; }
    constexpr auto operator<=>(const Currency&) const = default;

  private:
    constexpr explicit Currency(std::array<char, 3> code) : code_(code) {}
    std::array<char, 3> code_;
};

class Money {
  public:
    constexpr Money(std::int64_t micro, Currency currency) : micro_(micro), currency_(currency) {}
    [[nodiscard]] constexpr std::int64_t micro() const { return micro_; }
    [[nodiscard]] constexpr Currency currency() const { return currency_; }
    constexpr bool operator==(const Money&) const = default;

  private:
    std::int64_t micro_;
    Currency currency_;
};

class Price {
  public:
    constexpr Price(std::int64_t micro_per_allowance, Currency currency)
        : micro_(micro_per_allowance), currency_(currency) {}
    [[nodiscard]] constexpr std::int64_t micro_per_allowance() const { return micro_; }
    [[nodiscard]] constexpr Currency currency() const { return currency_; }
    constexpr bool operator==(const Price&) const = default;

  private:
    std::int64_t micro_;
    Currency currency_;
};

// quantity x price, exact. Errors: out_of_range when it does not fit 64 bits.
[[nodiscard]] Result<Money> cash(Allowances quantity, Price price);

// a + b. Errors: invalid_argument for unlike currencies, out_of_range on overflow.
[[nodiscard]] Result<Money> add(Money a, Money b);

}  // namespace abate
