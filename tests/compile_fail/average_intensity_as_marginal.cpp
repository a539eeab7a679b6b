// What the mix emits is not what one more kilowatt-hour would.
#include "abate/units/units.h"

using Average = abate::CarbonIntensity<abate::Signal::average, abate::Basis::direct>;
using Marginal = abate::CarbonIntensity<abate::Signal::marginal, abate::Basis::direct>;

int main() {
    const Average average(400.0 * abate::grams_co2e_per_kilowatt_hour);
    Marginal marginal(600.0 * abate::grams_co2e_per_kilowatt_hour);
#ifdef MUST_NOT_COMPILE
    marginal = average;
#endif
    return marginal.value() > average.value() ? 0 : 1;
}
