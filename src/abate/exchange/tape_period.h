// A stretch of one book's tape and whose the orders on it are: what statistics and surveillance are asked about.
#pragma once

#include "abate/core/result.h"
#include "abate/exchange/tape.h"
#include "abate/units/energy.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace abate::exchange {

inline constexpr std::int64_t kMillionths = 1'000'000;

// From `from` on, up to and without `until`.
struct Period {
    Timestamp from = {};
    Timestamp until = {};
    [[nodiscard]] constexpr bool contains(Timestamp at) const { return from <= at && at < until; }
    bool operator==(const Period&) const = default;
};

// The `us` microseconds before `until`; from the beginning of time at most. REQUIRES: us >= 0.
[[nodiscard]] Period trailing(Timestamp until, std::int64_t us);

// Of each participant the group that owns it, at the time that is asked about.
using GroupOf = std::map<registry::ParticipantId, registry::GroupId>;

// What sums rely on: volumes stay below 2^60 and notionals below 2^122.
inline constexpr std::int64_t kMostVolume = std::int64_t{1} << 60;
inline constexpr std::int64_t kMostTapeTime = std::int64_t{1} << 61;

// Errors: invalid_argument (numbers that do not rise, times that fall or lie beyond 2^61 µs, two vintages, a price or quantity that no
// book has, a participant without a group), out_of_range (more than kMostVolume changed hands: ask about a shorter tape).
[[nodiscard]] Result<void> check_tape(std::span<const TapeEntry> tape, const GroupOf& groups);

// A trade as seen by its two sides.
struct Sale {
    std::uint64_t seq = 0;
    Timestamp at = {};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    registry::ParticipantId buyer{};
    registry::ParticipantId seller{};
    registry::GroupId buying{};  // groups
    registry::GroupId selling{};
};
// REQUIRES: a trade of a checked tape.
[[nodiscard]] Sale sale_of(const TapeEntry& entry, const GroupOf& groups);

// floor(part x 10^6 / whole), at most 2^63 - 1, which is also what a part of nothing is. So `ppm(...) >= limit` is exact.
// REQUIRES: 0 <= part < 2^106, 0 <= whole.
struct PartOf {
    Int128 part = 0;
    Int128 whole = 0;
};
[[nodiscard]] std::int64_t ppm(const PartOf& of);
// |price - from| in millionths of `from`. REQUIRES: from > 0.
struct PriceMove {
    std::int64_t price_micro = 0;
    std::int64_t from_micro = 0;
};
[[nodiscard]] std::int64_t ppm(const PriceMove& move);
// Whether the move is at most that many millionths, exactly. REQUIRES: from > 0; band_ppm >= 0.
[[nodiscard]] bool within(const PriceMove& move, std::int64_t band_ppm);

}  // namespace abate::exchange
