// Any bytes as scheme events: what is read can be written back byte for byte, is folded or refused, and audited; nothing crashes.
#include "abate/scheme/scheme.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const scheme::Venue venue{.tenant_id = 1, .scheme_id = 1};
    scheme::Scheme state(venue);
    scheme::SchemeAuditor auditor(venue);
    while (!bytes.empty() && scheme::is_scheme_event(bytes.front())) {
        const auto read = scheme::read_event(bytes);
        if (!read) break;
        std::string again;
        scheme::append_event(again, read->event);
        if (again != bytes.substr(0, read->size)) std::abort();
        const bool folded = state.fold(read->event);
        const bool believed = !auditor.check(read->event);
        (void)folded;
        (void)believed;
        (void)digest_of(state.state());
        bytes.remove_prefix(read->size);
    }
    return 0;
}
