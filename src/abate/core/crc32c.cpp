#include "abate/core/crc32c.h"

#include <array>
#include <cstdint>

namespace abate {

namespace {

// Reflected form of the Castagnoli polynomial 0x1EDC6F41 (RFC 3720, section 12.1).
constexpr std::uint32_t kCastagnoli = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_crc32c_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kCastagnoli : 0U);
        table[byte] = crc;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kCrc32cTable = make_crc32c_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc = (crc >> 8) ^ kCrc32cTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
    }
    return crc ^ 0xFFFFFFFFU;
}

}  // namespace abate
