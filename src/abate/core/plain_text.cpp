#include "abate/core/plain_text.h"

#include <cstdint>
#include <cstring>

namespace abate {
namespace {

struct Character {
    char32_t value = 0;
    std::size_t size = 1;
    bool valid = false;
};

// RFC 3629, section 4. A byte that begins or continues nothing is taken alone. REQUIRES: at < text.size().
Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {.value = first, .size = 1, .valid = true};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + size > text.size()) return {};
    char32_t value = first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {};
        value = (value << 6) | (byte(i) & 0x3FU);
    }
    const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
    return {.value = value, .size = size, .valid = true};
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x200E || c == 0x200F || c == 0x2028 ||
           c == 0x2029 || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

bool is_utf8(std::string_view text) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + sizeof(std::uint64_t) <= text.size()) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & kHighBits) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const Character c = character_at(text, at);
        if (!c.valid) return false;
        at += c.size;
    }
    return true;
}

std::string plain_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        if (c.valid && !is_control(c.value)) {
            out += text.substr(at, c.size);
        } else {
            out += '?';
        }
        at += c.size;
    }
    return out;
}

std::string short_text(std::string_view text) {
    std::size_t at = 0;
    for (std::size_t n = 0; n < kShownCharacters && at < text.size(); ++n)
        at += character_at(text, at).size;
    std::string out = plain_line(text.substr(0, at));
    if (at < text.size()) out += "...";
    return out;
}

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string guarded_cell(std::string text) {
    if (!text.empty() &&
        std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos)
        text.insert(text.begin(), '\'');
    return text;
}

}  // namespace abate
