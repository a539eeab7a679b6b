// Quantity first, then price; the other way round is another program.
#include "abate/units/units.h"

int main() {
    const abate::Price price(10, abate::Currency::parse("EUR").value());
    const abate::Allowances quantity(1000);
    bool known = abate::cash(quantity, price).has_value();
#ifdef MUST_NOT_COMPILE
    known = abate::cash(price, quantity).has_value();
#endif
    return known ? 0 : 1;
}
