// Energy and carbon do not add.
#include "abate/units/units.h"

int main() {
    const abate::Energy energy = 1.0 * abate::joules + 2.0 * abate::kilowatt_hours;
#ifdef MUST_NOT_COMPILE
    const auto sum = energy + 3.0 * abate::kilograms_co2e;
    (void)sum;
#endif
    return energy.in(abate::joules) > 0 ? 0 : 1;
}
