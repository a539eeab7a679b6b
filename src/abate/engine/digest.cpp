#include "abate/engine/digest.h"

#include "abate/core/assert.h"

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
    std::string out(64, '\0');
    constexpr char kDigits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
        out[2 * i] = kDigits[digest.bytes[i] >> 4];
        out[2 * i + 1] = kDigits[digest.bytes[i] & 15];
    }
    return out;
}

}  // namespace abate::engine
