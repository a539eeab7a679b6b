// The parsers of what sysfs shows: numbers, decimal scales, CPU lists, event codes. No input may
// overflow, allocate without bound, or give a fraction that is not in lowest terms.
#include "abate/meter/sysfs.h"

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::meter;
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    if (const auto value = parse_sysfs_unsigned(text)) {
        // What was read is read again from how it is printed, and is its own magnitude.
        if (parse_sysfs_unsigned(std::to_string(*value)) != value) std::abort();
        if (parse_sysfs_magnitude(text) != value) std::abort();
    }
    if (const auto fraction = parse_decimal_fraction(text)) {
        if (fraction->num == 0 || fraction->den == 0) std::abort();
        if (std::gcd(fraction->num, fraction->den) != 1) std::abort();
        if (const auto scaled = scale_fraction(*fraction, 1'000'000)) {
            if (std::gcd(scaled->num, scaled->den) != 1) std::abort();
        }
    }
    if (const auto cpus = parse_cpu_list(text)) {
        if (cpus->empty() || cpus->size() > 65536) std::abort();
        for (std::size_t i = 1; i < cpus->size(); ++i) {
            if ((*cpus)[i] <= (*cpus)[i - 1]) std::abort();
        }
    }
    static_cast<void>(parse_perf_event(text));
    return 0;
}
