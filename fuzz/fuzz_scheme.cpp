// Any bytes as scheme.toml: rules that hold and can be written as bytes and back, or an error that names the file; never a crash.
#include "abate/input/scheme.h"
#include "abate/scheme/scheme.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<scheme::Rules> rules = input::parse_scheme(text, "s.toml");
    if (!rules) {
        if (rules.error().where.rfind("s.toml:", 0) != 0) std::abort();
        return 0;
    }
    if (!scheme::check_rules(*rules)) std::abort();
    const auto again = scheme::decode<scheme::Rules>(scheme::encode(*rules));
    if (!again || !(*again == *rules)) std::abort();
    return 0;
}
