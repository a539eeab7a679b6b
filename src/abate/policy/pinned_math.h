// Logarithm, exponential and power that give the same bytes on every machine.
//
//     const double x = pinned_pow(marginal_benefit / cost, elasticity);
//
// The C library's differ in the last bit between processors with and without fused multiply-add, and a sum over a million firms shows it. These
// use additions, multiplications and divisions alone, in one order; the room is compiled without contraction. A loop over them is
// vectorised, and its lanes answer what one number would.
#pragma once

#include <bit>
#include <cstdint>

namespace abate::policy {

// Natural logarithm, within 2 units in the last place. REQUIRES: x is normal, finite and above 0.
// log(2^e m) = e log 2 + 2 artanh f with f = (m - 1)/(m + 1), |f| < 0.172; the series of artanh to f^23.
[[nodiscard]] inline double pinned_log(double x) {
    constexpr double kLn2High =
        0x1.62e42fefa3800p-1;  // 11 bits of 0 at its end: e times it is exact
    constexpr double kLn2Low = 0x1.ef35793c76730p-45;
    constexpr std::uint64_t kHalfRoot =
        0x3fe6a09e667f3bcd;  // sqrt(1/2): m lies between it and twice it
    const auto bits = std::bit_cast<std::uint64_t>(x);
    // Above 0 by a bias, since vectors shift only what has no sign; a number of 52 bits becomes a double by the exponent of 2^52 before it.
    constexpr std::uint64_t kBias = 2048;
    const std::uint64_t biased = (bits - kHalfRoot + (kBias << 52)) >> 52 & (2 * kBias - 1);
    const double m = std::bit_cast<double>(bits - ((biased - kBias) << 52));
    const double e =
        std::bit_cast<double>(biased | 0x4330000000000000) - (0x1p+52 + static_cast<double>(kBias));
    const double f = (m - 1) / (m + 1);
    const double f2 = f * f;
    double tail = 2.0 / 23;
    tail = tail * f2 + 2.0 / 21;
    tail = tail * f2 + 2.0 / 19;
    tail = tail * f2 + 2.0 / 17;
    tail = tail * f2 + 2.0 / 15;
    tail = tail * f2 + 2.0 / 13;
    tail = tail * f2 + 2.0 / 11;
    tail = tail * f2 + 2.0 / 9;
    tail = tail * f2 + 2.0 / 7;
    tail = tail * f2 + 2.0 / 5;
    tail = tail * f2 + 2.0 / 3;
    return e * kLn2High + (2 * f + (f * f2 * tail + e * kLn2Low));
}

// e^x, within 2 units in the last place; beyond +-708 what it is there, so that a result is always normal and finite.
// e^x = 2^n e^r, |r| <= log(2)/2; the series to r^13.
[[nodiscard]] inline double pinned_exp(double x) {
    constexpr double kMost = 708;
    constexpr double kLn2High = 0x1.62e42fefa3800p-1;
    constexpr double kLn2Low = 0x1.ef35793c76730p-45;
    constexpr double kPerLn2 = 0x1.71547652b82fep+0;
    constexpr double kRound = 0x1.8p+52;  // added and taken away: rounded to a whole number
    const double in = x < -kMost ? -kMost : x > kMost ? kMost : x;
    const double shifted = in * kPerLn2 + kRound;
    const double n = shifted - kRound;
    const double r = (in - n * kLn2High) - n * kLn2Low;
    double sum = 1.0 / 6227020800;
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    sum = sum * r + 1.0 / 2;
    const double value = 1 + (r + r * r * sum);
    // n stands in the last bits of `shifted`.
    const std::uint64_t scale = std::bit_cast<std::uint64_t>(shifted) << 52;
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) + scale);
}

// x^y. Its relative error grows with |y log x|: some 1e-16 times it. REQUIRES: as pinned_log.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of std::pow
[[nodiscard]] inline double pinned_pow(double x, double y) { return pinned_exp(y * pinned_log(x)); }

}  // namespace abate::policy
