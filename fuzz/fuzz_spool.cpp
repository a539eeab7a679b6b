// The spool reader on any bytes: it never fails but by an error, and what it accepts is consistent.
#include "abate/store/spool.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto content = abate::store::read_spool(bytes);
    if (content && content->last_state.has_value() != (content->states > 0)) std::abort();
    return 0;
}
