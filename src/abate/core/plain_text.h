// Text that others wrote (names, cells, paths), made safe for the one line of an error or a note.
//
//     plain_line("a\x1b[31mb\n")          -> "a?[31mb?"
//     short_text(std::string(500, 'x'))   -> 60 times x and "..."
//
// No locale, no globals; safe to call from several threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace abate {

// How many characters of a name or a cell an error repeats.
inline constexpr std::size_t kShownCharacters = 60;

// Whether all of it is UTF-8 (RFC 3629: no overlong forms, no surrogates). ASCII is passed over eight bytes at a time.
[[nodiscard]] bool is_utf8(std::string_view text);

// One line of valid UTF-8: '?' for each control character (C0, DEL, C1), line and paragraph separator, mark that turns the direction of
// writing, and byte that is no UTF-8.
[[nodiscard]] std::string plain_line(std::string_view text);

// The same, cut to kShownCharacters characters and "...".
[[nodiscard]] std::string short_text(std::string_view text);

// A to Z as a to z, whatever the locale; every other byte as it is.
[[nodiscard]] std::string ascii_lower(std::string_view text);

// A cell that a spreadsheet would run as a formula (OWASP, "CSV injection": it begins with = + - @, a tab or a line break) gets an apostrophe in front.
[[nodiscard]] std::string guarded_cell(std::string text);

}  // namespace abate
