#include "abate/cli/watch_power.h"

namespace abate::cli {

std::optional<double> ReadingPower::next(Microjoules energy, std::int64_t reading_ns) {
    if (reading_ns <= reading_ns_) return watts_;
    const double seconds = static_cast<double>(reading_ns - reading_ns_) / 1e9;
    watts_ = (energy - energy_).energy().in(joules) / seconds;
    energy_ = energy;
    reading_ns_ = reading_ns;
    return watts_;
}

}  // namespace abate::cli
