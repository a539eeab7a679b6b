#include "abate/scheme/signature.h"

#include "abate/core/assert.h"

#include <sodium.h>

#include <charconv>
#include <cstring>
#include <system_error>

namespace abate::scheme {
namespace {

const unsigned char* unsigned_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// It chooses the processor's own instructions once; a failure leaves the plain ones.
void begin_sodium() { [[maybe_unused]] static const int ready = sodium_init(); }

}  // namespace

KeyPair key_pair_of(const KeySeed& seed) {
    begin_sodium();
    KeyPair pair;
    static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_PUBLICKEYBYTES == 32 &&
                  crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_BYTES == 64);
    const int failed = crypto_sign_seed_keypair(pair.open.data(), pair.secret.data(), seed.data());
    ABATE_ASSERT(failed == 0);
    return pair;
}

Signature sign(const SecretKey& key, std::string_view bytes) {
    begin_sodium();
    Signature out{};
    const int failed =
        crypto_sign_detached(out.data(), nullptr, unsigned_bytes(bytes), bytes.size(), key.data());
    ABATE_ASSERT(failed == 0);
    return out;
}

bool verify(const PublicKey& key, std::string_view bytes, const Signature& signature) {
    begin_sodium();
    return crypto_sign_verify_detached(
               signature.data(), unsigned_bytes(bytes), bytes.size(), key.data()) == 0;
}

Hash128 hash128(std::string_view bytes) {
    begin_sodium();
    std::array<unsigned char, 32> digest{};
    const int failed = crypto_generichash(
        digest.data(), digest.size(), unsigned_bytes(bytes), bytes.size(), nullptr, 0);
    ABATE_ASSERT(failed == 0);
    Hash128 out;
    std::memcpy(&out.high, digest.data(), 8);
    std::memcpy(&out.low, digest.data() + 8, 8);
    return out;
}

std::string to_hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out) {
    if (text.size() != 2 * out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char* begin = text.data() + 2 * i;
        const auto [end, problem] = std::from_chars(begin, begin + 2, out[i], 16);
        if (problem != std::errc() || end != begin + 2) return false;
    }
    return true;
}

std::string to_string(const PublicKey& key) {
    return to_hex({reinterpret_cast<const char*>(key.data()), key.size()});
}

std::string to_string(const Signature& signature) {
    return to_hex({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

}  // namespace abate::scheme
