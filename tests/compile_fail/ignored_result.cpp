// An answer that may be "no" is looked at.
#include "abate/units/money.h"

int main() {
    const bool known = abate::Currency::parse("EUR").has_value();
#ifdef MUST_NOT_COMPILE
    abate::Currency::parse("EUR");
#endif
    return known ? 0 : 1;
}
