// Any bytes as an overrides.csv and as a --set option: no crash, every refusal has a place, and a
// file that is accepted takes one more line and stays acceptable.
#include "abate/core/assert.h"
#include "abate/data/layers.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::data;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto option = parse_option(text);
    ABATE_ASSERT(option.has_value() || !option.error().where.empty());
    const auto read = parse_overrides(text, "fuzz.csv", "project");
    if (!read) {
        ABATE_ASSERT(read.error().where.rfind("fuzz.csv:", 0) == 0);
        return 0;
    }
    Override added;
    added.table = "accelerators";
    added.key = "NVIDIA T4";
    added.column = "tdp_w";
    added.value = "71";
    const auto longer = with_override(text, "fuzz.csv", added);
    ABATE_ASSERT(longer.has_value());
    const auto again = parse_overrides(*longer, "again.csv", "project");
    ABATE_ASSERT(again.has_value() && again->size() <= read->size() + 1);
    return 0;
}
