// PUE lifts what a node draws; what a package counter sees has to become node energy first.
#include "abate/units/units.h"

int main() {
    const abate::ComponentEnergy component(1.0 * abate::joules);
    const abate::NodeEnergy node(component.energy());
    const abate::Pue pue(1.2);
    abate::FacilityEnergy facility = node * pue;
#ifdef MUST_NOT_COMPILE
    facility = component * pue;
#endif
    return facility.in(abate::joules) > component.in(abate::joules) ? 0 : 1;
}
