// Any bytes as a count, a duration, an energy, a PUE and a label: a number in its range or an error
// of one line, never a crash.
#include "abate/input/input.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

template <class T>
void check(const abate::Result<T>& result, bool in_range) {
    if (result ? !in_range : to_string(result.error()).find('\n') != std::string::npos)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto count = abate::input::parse_count(text);
    check(count, count && std::isfinite(*count) && *count >= 0);
    const auto duration = abate::input::parse_duration_ns(text);
    check(duration, duration && *duration >= 0);
    const auto energy = abate::input::parse_energy_j(text);
    check(energy, energy && *energy >= 0 && *energy < 1e25);
    const auto pue = abate::input::parse_pue(text);
    check(pue, pue && *pue >= 1 && *pue <= 10);
    const auto label = abate::input::parse_label(text);
    check(label, label && !label->first.empty());
    return 0;
}
