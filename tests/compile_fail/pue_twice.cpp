// PUE is applied once.
#include "abate/units/units.h"

int main() {
    const abate::NodeEnergy node(1.0 * abate::joules);
    const abate::Pue pue(1.2);
    const abate::FacilityEnergy facility = node * pue;
#ifdef MUST_NOT_COMPILE
    const auto twice = facility * pue;
    (void)twice;
#endif
    return facility.in(abate::joules) > 1 ? 0 : 1;
}
