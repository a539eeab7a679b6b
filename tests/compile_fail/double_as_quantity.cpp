// A raw number is no amount until its unit is named.
#include "abate/units/units.h"

int main() {
    abate::Power power = 300.0 * abate::watts;
#ifdef MUST_NOT_COMPILE
    power = 300.0;
#endif
    return power.in(abate::watts) > 0 ? 0 : 1;
}
