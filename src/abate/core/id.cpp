#include "abate/core/id.h"

#include <cstdint>

namespace abate {
namespace {

constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// Appends the low `count`*5 bits of `value`, most significant first.
void append_base32(std::string& out, std::uint64_t value, int count) {
    for (int shift = (count - 1) * 5; shift >= 0; shift -= 5) {
        out += kCrockford[(value >> static_cast<unsigned>(shift)) & 31U];
    }
}

}  // namespace

std::string make_ulid(Timestamp time, Random& random) {
    std::string out;
    out.reserve(26);
    append_base32(out, static_cast<std::uint64_t>(time.us < 0 ? 0 : time.us / 1000), 10);
    append_base32(out, random.next(), 8);
    append_base32(out, random.next(), 8);
    return out;
}

std::string ulid_text(const Bits128& bits) {
    std::string out;
    out.reserve(26);
    // 26 x 5 bits: two of zero, then the 128.
    for (int n = 25; n >= 0; --n) {
        const int shift = n * 5;
        std::uint64_t five = 0;
        if (shift >= 64) {
            five = bits.high >> (shift - 64);
        } else {
            five = bits.low >> shift;
            if (shift > 59) five |= bits.high << (64 - shift);
        }
        out += kCrockford[five & 31U];
    }
    return out;
}

std::optional<Bits128> parse_ulid(std::string_view text) {
    if (text.size() != 26) return std::nullopt;
    Bits128 out;
    bool first = true;
    for (const char c : text) {
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        const std::string_view digits(kCrockford);
        const std::size_t digit = digits.find(upper);
        // The first digit has three bits.
        if (digit == std::string_view::npos || (first && digit > 7)) return std::nullopt;
        first = false;
        out.high = out.high << 5U | out.low >> 59U;
        out.low = out.low << 5U | digit;
    }
    return out;
}

}  // namespace abate
