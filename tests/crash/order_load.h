// What the traders of the process that is killed ask for, and what its judge looks for.
#pragma once

#include "abate/engine/engine.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace abate::crash {

inline constexpr std::uint64_t kTraders = 4;

// The keys that may trade, by number.
inline std::vector<std::uint32_t> traders_of(const engine::Engine& engine) {
    std::vector<std::uint32_t> out;
    for (const auto& [open, key] : engine.scheme().state().keys)
        if ((key.grant.roles & static_cast<std::uint8_t>(scheme::Role::market)) != 0)
            out.push_back(key.number);
    std::sort(out.begin(), out.end());
    return out;
}

// The n-th request, of the trader n mod 4; in eight of a trader six orders, a replacement and a cancel of the one before. What it is
// follows from its number alone.
inline exchange::Operation order_of(std::uint64_t number,
                                    const std::vector<std::uint32_t>& traders) {
    // splitmix64: numbers that follow on each other ask for unlike things.
    std::uint64_t mixed = number * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
    mixed ^= mixed >> 27;
    exchange::Operation out{.side = (mixed & 1) == 0 ? exchange::Side::buy : exchange::Side::sell,
                            .book = 2027,
                            .order_id = number,
                            .participant = traders.at(number % kTraders),
                            .price_micro = static_cast<std::int64_t>(36 + (mixed >> 8) % 9),
                            .quantity = static_cast<std::int64_t>(1 + (mixed >> 16) % 20)};
    switch (number / kTraders % 8) {
        case 5:
            out.kind = exchange::OperationKind::replace;
            out.order_id = number - kTraders;
            out.quantity = 3;
            break;
        case 7:
            out.kind = exchange::OperationKind::cancel;
            out.order_id = number - kTraders;
            break;
        default:
            if ((mixed >> 32) % 5 == 0)
                out.time_in_force = exchange::TimeInForce::immediate_or_cancel;
            break;
    }
    return out;
}

}  // namespace abate::crash
