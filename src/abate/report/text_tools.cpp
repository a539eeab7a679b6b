#include "abate/report/text_tools.h"

#include "abate/core/assert.h"

#include <algorithm>

namespace abate::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The allowed range of the second byte narrows for some lead bytes (RFC 3629, section 4).
struct LeadByte {
    std::size_t length = 0;  // of the whole sequence; 0: cannot begin one
    unsigned char second_low = 0x80;
    unsigned char second_high = 0xBF;
};

LeadByte lead_byte(unsigned char byte) {
    if (byte < 0x80) return {.length = 1};
    if (byte >= 0xC2 && byte <= 0xDF) return {.length = 2};
    if (byte == 0xE0) return {.length = 3, .second_low = 0xA0};
    if (byte == 0xED) return {.length = 3, .second_high = 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF) return {.length = 3};
    if (byte == 0xF0) return {.length = 4, .second_low = 0x90};
    if (byte == 0xF4) return {.length = 4, .second_high = 0x8F};
    if (byte >= 0xF1 && byte <= 0xF3) return {.length = 4};
    return {};
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

bool is_plain_shell_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-+=./:,@%").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
    ABATE_REQUIRE(at < text.size());
    const auto first = static_cast<unsigned char>(text[at]);
    const LeadByte lead = lead_byte(first);
    if (lead.length == 0) return {.size = 1, .valid = false};
    if (lead.length == 1) return {.value = first, .size = 1, .valid = true};
    char32_t value = static_cast<char32_t>(first & (0xFFU >> (lead.length + 1)));
    for (std::size_t i = 1; i < lead.length; ++i) {
        if (at + i >= text.size()) return {.size = i, .valid = false};
        const auto byte = static_cast<unsigned char>(text[at + i]);
        const unsigned char low = i == 1 ? lead.second_low : 0x80;
        const unsigned char high = i == 1 ? lead.second_high : 0xBF;
        if (byte < low || byte > high) return {.size = i, .valid = false};
        value = (value << 6U) | (byte & 0x3FU);
    }
    return {.value = value, .size = lead.length, .valid = true};
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        out += point.valid ? text.substr(at, point.size) : kReplacement;
        at += point.size;
    }
    return out;
}

namespace {

// `keeps`: whether the control character at a place of the text stays.
template <class Keeps>
std::string cleaned(std::string_view text, Keeps keeps) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!point.valid) {
            out += kReplacement;
        } else if (is_control(point.value) && !keeps(at)) {
            out += '?';
        } else {
            out += text.substr(at, point.size);
        }
        at += point.size;
    }
    return out;
}

}  // namespace

std::string printable(std::string_view text) {
    return cleaned(text, [](std::size_t) { return false; });
}

std::string without_controls(std::string_view text) {
    return cleaned(text, [text](std::size_t at) {
        const bool line_end = text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
        return text[at] == '\t' || text[at] == '\n' || line_end;
    });
}

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string clipped(std::string_view text, std::size_t columns) {
    ABATE_REQUIRE(columns >= 3);
    if (width(text) <= columns) return std::string(text);
    std::size_t at = 0;
    for (std::size_t seen = 0; seen < columns - 3; ++seen) at += code_point_at(text, at).size;
    return std::string(text.substr(0, at)) + "...";
}

std::string padded(std::string_view text, std::size_t columns) {
    const std::size_t size = width(text);
    return std::string(text) + std::string(columns > size ? columns - size : 0, ' ');
}

std::string padded_left(std::string_view text, std::size_t columns) {
    const std::size_t size = width(text);
    return std::string(columns > size ? columns - size : 0, ' ') + std::string(text);
}

std::string shell_words(const std::vector<std::string>& command) {
    std::string out;
    for (const std::string& word : command) {
        if (!out.empty()) out += ' ';
        if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain_shell_character)) {
            out += word;
            continue;
        }
        out += '\'';
        for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
        out += '\'';
    }
    return printable(out);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

}  // namespace abate::report
