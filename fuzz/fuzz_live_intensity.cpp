// Any bytes as the answer of Electricity Maps: an error, or hours in order with figures that can be.
#include "abate/remote/remote.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto values = abate::remote::parse_past_range(text);
    if (!values) return 0;
    for (const abate::data::HourValue& hour : values->hours())
        if (hour.known && !(hour.value >= 0 && hour.value <= 3000)) std::abort();
    if (values->size() > 0 && (!values->hours().front().known || !values->hours().back().known))
        std::abort();
    return 0;
}
