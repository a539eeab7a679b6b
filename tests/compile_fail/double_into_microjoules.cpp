// A floating count is not cut to whole microjoules in silence.
#include "abate/units/units.h"

int main() {
    abate::Microjoules energy = abate::to_microjoules(1.5 * abate::joules);
#ifdef MUST_NOT_COMPILE
    energy = abate::Microjoules(1.5e6);
#endif
    return energy == abate::Microjoules(1'500'000) ? 0 : 1;
}
