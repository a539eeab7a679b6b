#include "abate/engine/digest.h"

#include "abate/core/assert.h"
#include "abate/scheme/scheme.h"

#include <sodium.h>

namespace abate::engine {

Digest digest_of(std::string_view first, std::string_view second) {
    static_assert(crypto_generichash_BYTES == 32);
    Digest out;
    crypto_generichash_state state;
    const auto bytes = [](std::string_view text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    };
    // It chooses the processor's own instructions once; a failure leaves the plain ones.
    [[maybe_unused]] static const int ready = sodium_init();
    bool good = crypto_generichash_init(&state, nullptr, 0, out.bytes.size()) == 0;
    good = good && crypto_generichash_update(&state, bytes(first), first.size()) == 0;
    good = good && crypto_generichash_update(&state, bytes(second), second.size()) == 0;
    good = good && crypto_generichash_final(&state, out.bytes.data(), out.bytes.size()) == 0;
    ABATE_ASSERT(good);
    return out;
}

std::string to_string(const Digest& digest) {
    return scheme::to_hex(
        {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
}

}  // namespace abate::engine
