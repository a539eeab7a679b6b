#include "abate/scheme/names.h"

#include "abate/core/plain_text.h"

#include <array>

namespace abate::scheme {

bool is_plain_name(std::string_view text) {
    if (!is_utf8(text) || plain_line(text) != text || text.front() == ' ' || text.back() == ' ')
        return false;
    // Soft hyphen, joiners, fillers, no-break and ideographic space, byte order mark.
    for (const std::string_view hidden :
         {"\u00ad", "\u00a0", "\u061c", "\u180e", "\u3164", "\u3000", "\ufeff"})
        if (text.find(hidden) != std::string_view::npos) return false;
    struct Range {
        std::string_view lead;  // of three bytes or more, all but the last
        unsigned char first;
        unsigned char last;
    };
    // U+2000 to U+200F spaces, joiners, marks of direction; U+2028 to U+202F line ends and turns of direction; U+2060 to U+206F joiners
    // and turns again; U+E0000 to U+E007F tags.
    constexpr std::array<Range, 5> kHidden = {{{"\xe2\x80", 0x80, 0x8f},
                                               {"\xe2\x80", 0xa8, 0xaf},
                                               {"\xe2\x81", 0xa0, 0xaf},
                                               {"\xf3\xa0\x80", 0x80, 0xbf},
                                               {"\xf3\xa0\x81", 0x80, 0xbf}}};
    for (const Range& range : kHidden) {
        for (std::size_t at = text.find(range.lead);
             at != std::string_view::npos && at + range.lead.size() < text.size();
             at = text.find(range.lead, at + 1)) {
            const auto last = static_cast<unsigned char>(text[at + range.lead.size()]);
            if (last >= range.first && last <= range.last) return false;
        }
    }
    return true;
}

std::string folded_reference(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

}  // namespace abate::scheme
