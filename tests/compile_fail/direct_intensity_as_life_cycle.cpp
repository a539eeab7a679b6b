// Stack emissions alone are not the life cycle.
#include "abate/units/units.h"

using Direct = abate::CarbonIntensity<abate::Signal::average, abate::Basis::direct>;
using LifeCycle = abate::CarbonIntensity<abate::Signal::average, abate::Basis::life_cycle>;

int main() {
    const Direct direct(400.0 * abate::grams_co2e_per_kilowatt_hour);
    LifeCycle life_cycle(450.0 * abate::grams_co2e_per_kilowatt_hour);
#ifdef MUST_NOT_COMPILE
    life_cycle = direct;
#endif
    return life_cycle.value() > direct.value() ? 0 : 1;
}
