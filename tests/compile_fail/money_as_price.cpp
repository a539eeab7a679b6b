// An amount of money is no price per allowance.
#include "abate/units/units.h"

int main() {
    const abate::Currency euro = abate::Currency::parse("EUR").value();
    const abate::Money money(10, euro);
    bool known =
        abate::cash(abate::Allowances(1000), abate::Price(money.micro(), euro)).has_value();
#ifdef MUST_NOT_COMPILE
    known = abate::cash(abate::Allowances(1000), money).has_value();
#endif
    return known ? 0 : 1;
}
