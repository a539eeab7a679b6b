// Ed25519 (RFC 8032), by libsodium: who asked.
//
//     KeyPair key = key_pair_of(seed);                       // the seed is the secret: 32 bytes, from the system's chance
//     Signature by = sign(key.secret, bytes);
//     bool good = verify(key.open, bytes, by);
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace abate::scheme {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
using KeySeed = std::array<std::uint8_t, 32>;
using SecretKey = std::array<std::uint8_t, 64>;

struct KeyPair {
    PublicKey open{};
    SecretKey secret{};
};

[[nodiscard]] KeyPair key_pair_of(const KeySeed& seed);
[[nodiscard]] Signature sign(const SecretKey& key, std::string_view bytes);
// Some 20,000 a second a core.
[[nodiscard]] bool verify(const PublicKey& key, std::string_view bytes, const Signature& signature);

// The first 16 bytes of BLAKE2b-256: ids that follow from others.
struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const Hash128&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("high", self.high);
        visit("low", self.low);
    }
};
[[nodiscard]] Hash128 hash128(std::string_view bytes);

// Hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(std::string_view bytes);
// All of `out`, or false: other digits, or another number of them. What `out` has then says nothing.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out);
[[nodiscard]] std::string to_string(const PublicKey& key);
[[nodiscard]] std::string to_string(const Signature& signature);

}  // namespace abate::scheme
