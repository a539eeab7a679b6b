// A checksum against accidents; not against people.
#pragma once

#include <cstdint>
#include <string_view>

namespace abate {

// CRC32C (Castagnoli), RFC 3720 appendix B.4.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace abate
