// What follows when a firm has ceased operation: no report and no allocation for later years, a part of the year's own.
//
//     if (!operates_in(state, {.participant = lab, .year = 2028})) ...      // it ceased in 2027
//     kept_allocation(state, {.participant = lab, .year = 2027}, {.allowances = 100});      // 50: ceased at midyear, and the rules say pro_rata
#pragma once

#include "abate/scheme/state.h"

#include <cstdint>

namespace abate::scheme {

// None: it has not ceased; a request alone is none.
[[nodiscard]] const Cessation* cessation_of(const State& state, ParticipantId participant);

// False for years after the one in which it ceased.
[[nodiscard]] bool operates_in(const State& state, const ParticipantYear& whose);

// Does the year's allocation name it: not after it ceased, and not in that year unless the rules leave the year whole. A part comes with
// a true-up.
[[nodiscard]] bool is_allocated_to(const State& state, const ParticipantYear& whose);

struct Earned {
    std::int64_t allowances = 0;
    bool of_the_part = false;  // not of a whole year: the firm has output of its part alone
};
// Of what was earned, rounded down: all, the part of the year until it ceased, or nothing.
[[nodiscard]] std::int64_t kept_allocation(const State& state,
                                           const ParticipantYear& whose,
                                           const Earned& earned);

}  // namespace abate::scheme
