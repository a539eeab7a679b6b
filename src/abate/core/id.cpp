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

}  // namespace abate
