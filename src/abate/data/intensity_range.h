// How far sources of one intensity lie apart: the range of every figure that one source gives.
#pragma once

namespace abate::data {

// Median difference between Our World in Data and Electricity Maps over the 185 countries that both
// cover in 2024 (docs/methodology/intensity.md).
inline constexpr double kSourceSpread = 0.12;

}  // namespace abate::data
