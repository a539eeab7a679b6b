// Work: floating-point operations (a count, "flop"), their rate, bytes, tokens.
#pragma once

#include "abate/units/energy.h"
#include "abate/units/quantity.h"

namespace abate {

using Flops = Quantity<Dim<0, 0, 0, 1, 0, 0, 0>>;
using FlopsPerSecond = Quantity<Dim<0, -1, 0, 1, 0, 0, 0>>;
using Bytes = Quantity<Dim<0, 0, 0, 0, 1, 0, 0>>;
using Tokens = Quantity<Dim<0, 0, 0, 0, 0, 0, 1>>;

inline constexpr Unit<Dim<0, 0, 0, 1, 0, 0, 0>> flop{1.0};
inline constexpr Unit<Dim<0, -1, 0, 1, 0, 0, 0>> flop_per_second{1.0};
inline constexpr Unit<Dim<0, 0, 0, 0, 1, 0, 0>> bytes{1.0};
inline constexpr Unit<Dim<0, 0, 0, 0, 1, 0, 0>> gigabytes{1e9};
inline constexpr Unit<Dim<0, 0, 0, 0, 1, 0, 0>> gibibytes{1073741824.0};
inline constexpr Unit<Dim<0, 0, 0, 0, 0, 0, 1>> tokens{1.0};

}  // namespace abate
