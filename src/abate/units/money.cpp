#include "abate/units/money.h"

#include <string>

namespace abate {

Result<Currency> Currency::parse(std::string_view code) {
    const bool letters = code.size() == 3 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' &&
                         code[1] <= 'Z' && code[2] >= 'A' && code[2] <= 'Z';
    if (!letters) {
        return Error{ErrorCode::invalid_argument,
                     "'" + std::string(code) + "' is not a currency",
                     "",
                     "Use an ISO 4217 code such as EUR"};
    }
    return Currency({code[0], code[1], code[2]});
}

Result<Money> cash(Allowances quantity, Price price) {
    std::int64_t micro = 0;
    if (__builtin_mul_overflow(quantity.count(), price.micro_per_allowance(), &micro)) {
        return Error{ErrorCode::out_of_range, "quantity times price exceeds 64 bits", "", ""};
    }
    return Money(micro, price.currency());
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): commutative
Result<Money> add(Money a, Money b) {
    if (a.currency() != b.currency()) {
        return Error{ErrorCode::invalid_argument, "cannot add two currencies", "", ""};
    }
    std::int64_t micro = 0;
    if (__builtin_add_overflow(a.micro(), b.micro(), &micro)) {
        return Error{ErrorCode::out_of_range, "sum of money exceeds 64 bits", "", ""};
    }
    return Money(micro, a.currency());
}

}  // namespace abate
