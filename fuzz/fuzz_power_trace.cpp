// Any bytes as a wall meter's log: an error or a trace in order of time, with powers that can be.
#include "abate/input/input.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto trace = abate::input::parse_power_trace(text, "fuzz");
    if (!trace) return 0;
    if (trace->at.size() != trace->watts.size()) std::abort();
    for (std::size_t i = 0; i < trace->at.size(); ++i) {
        if (!(trace->watts[i] >= 0 && trace->watts[i] <= 1e6)) std::abort();
        if (i > 0 && trace->at[i] < trace->at[i - 1]) std::abort();
    }
    return 0;
}
