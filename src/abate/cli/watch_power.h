// Mean power of one counter between its own readings, for a display that asks more often than the
// counter moves.
//
//     ReadingPower power(Microjoules(0), 0);
//     power.next(Microjoules(0), 0);                        // nothing: no second reading yet
//     power.next(Microjoules(7'000'000), 1'000'000'000);    // 7 W
//     power.next(Microjoules(7'000'000), 1'000'000'000);    // 7 W: no new reading, the last one stands
//
// Energy is divided by the time that the counter itself covers, never by the time between frames.
#pragma once

#include "abate/units/energy.h"

#include <cstdint>
#include <optional>

namespace abate::cli {

class ReadingPower {
  public:
    // Energy so far, and when the reading that it rests on was taken.
    ReadingPower(Microjoules energy, std::int64_t reading_ns)
        : energy_(energy), reading_ns_(reading_ns) {}

    // Watts; nothing before the second reading.
    [[nodiscard]] std::optional<double> next(Microjoules energy, std::int64_t reading_ns);

  private:
    Microjoules energy_;
    std::int64_t reading_ns_;
    std::optional<double> watts_;
};

}  // namespace abate::cli
