// The books reckon in whole microjoules; a floating amount is rounded in the open, by
// to_microjoules.
#include "abate/units/units.h"

int main() {
    abate::Microjoules sum = abate::Microjoules(1) + abate::Microjoules(2);
#ifdef MUST_NOT_COMPILE
    sum = sum + 0.5;
#endif
    return sum == abate::Microjoules(3) ? 0 : 1;
}
