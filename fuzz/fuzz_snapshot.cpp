// A snapshot of the books of any bytes: it is refused, or the books are sound and are written as they were read; nothing crashes.
#include "abate/registry/registry.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::registry;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const abate::Result<Registry> read = read_snapshot(bytes);
    if (!read) return 0;
    if (broken_invariant(*read)) std::abort();
    std::string again;
    append_snapshot(again, *read);
    if (again != bytes) std::abort();
    return 0;
}
