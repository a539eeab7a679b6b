// Any bytes as abate.toml: settings or an error that names the file, never a crash.
#include "abate/input/input.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = abate::input::parse_settings(text, "abate.toml");
    if (!settings) {
        if (settings.error().where.rfind("abate.toml:", 0) != 0) std::abort();
        return 0;
    }
    // Over itself, a layer changes nothing.
    if (abate::input::merged({.lower = *settings, .upper = *settings}) != *settings) std::abort();
    return 0;
}
