#include "abate/meter/sensors/power_terms.h"

namespace abate::meter {

NumberRead read_term(PowerTerm& term, std::int64_t now_ns) noexcept {
    const NumberRead first = term.first.read(now_ns);
    if (first.status != ReadStatus::ok) return first;
    std::uint64_t value = first.value;
    if (term.second) {
        const NumberRead second = term.second->read(now_ns);
        if (second.status != ReadStatus::ok) return second;
        if (__builtin_mul_overflow(value, second.value, &value)) return {ReadStatus::failed, 0};
    }
    return {ReadStatus::ok, value / term.divisor};
}

NumberRead read_terms(std::vector<PowerTerm>& terms, std::int64_t now_ns) noexcept {
    NumberRead sum{ReadStatus::ok, 0};
    for (PowerTerm& term : terms) {
        const NumberRead part = read_term(term, now_ns);
        if (part.status != ReadStatus::ok) return {part.status, 0};
        if (__builtin_add_overflow(sum.value, part.value, &sum.value)) {
            return {ReadStatus::failed, 0};
        }
    }
    return sum;
}

}  // namespace abate::meter
