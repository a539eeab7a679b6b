// Any bytes as a kept head: a head, or an error that names the file; never a crash. A signed one is read again as it is written.
#include "abate/engine/engine.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<engine::KeptHead> head = engine::parse_kept_head(text, "head.txt");
    if (!head) {
        if (head.error().where.rfind("head.txt", 0) != 0) std::abort();
        return 0;
    }
    if (!head->by) return 0;
    const Result<engine::KeptHead> again =
        engine::parse_kept_head(to_text(*head->by, "somebody"), "head.txt");
    if (!again || *again != *head) std::abort();
    return 0;
}
