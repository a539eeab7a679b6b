// Operational carbon starts at the facility's edge.
#include "abate/units/units.h"

int main() {
    const abate::CarbonIntensity<abate::Signal::average, abate::Basis::life_cycle> grid(
        400.0 * abate::grams_co2e_per_kilowatt_hour);
    const abate::NodeEnergy node(1.0 * abate::kilowatt_hours);
    abate::Carbon carbon = node * abate::Pue(1.2) * grid;
#ifdef MUST_NOT_COMPILE
    carbon = node * grid;
#endif
    return carbon.in(abate::grams_co2e) > 0 ? 0 : 1;
}
