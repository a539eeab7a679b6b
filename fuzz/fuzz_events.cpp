// The journal's events on any bytes: what is read can be written back byte for byte; what is folded leaves books that are sound where the
// auditor found nothing wrong; nothing crashes.
#include "abate/registry/registry.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::registry;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    EventReader reader(bytes);
    Registry registry;
    Auditor auditor;
    bool trusted = true;
    std::string again;
    while (true) {
        const auto event = reader.next();
        if (!event || !event->has_value()) break;
        append_event(again, **event);
        if (again != bytes.substr(0, reader.offset())) std::abort();
        trusted = trusted && !auditor.check(**event);
        const bool folded = registry.fold(**event);
        // What follows from the books can be folded.
        if (trusted && !folded) std::abort();
    }
    if (trusted && broken_invariant(registry)) std::abort();
    return 0;
}
