// Text that others wrote (commands, labels, names), made safe for the place where it is printed.
//
//     valid_utf8("caf\xC3")           -> "caf\uFFFD"          any bytes become valid UTF-8
//     printable("a\x1b[31mb\n")       -> "a?[31mb?"           nothing reaches the terminal's
//     controls clipped("a long sentence", 9)   -> "a long..."
//
// Inside `report` only. No locale, no globals; safe to call from several threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace abate::report {

// One character read from `text` at `at`: its code point, how many bytes it takes, and whether they
// are valid UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). Invalid bytes are
// taken as the longest prefix of a valid sequence (Unicode 15, section 3.9, "maximal subpart").
// REQUIRES: at < text.size().
struct CodePoint {
    char32_t value = 0;
    std::size_t size = 1;
    bool valid = false;
};
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t at);

// The text with each invalid sequence replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// Valid UTF-8 with every control character (C0, DEL, C1, bidirectional overrides) replaced by '?',
// so that a command's name cannot move the cursor or recolour the terminal.
[[nodiscard]] std::string printable(std::string_view text);

// The same for a cell of a table: tabs and line ends (LF, CR LF) stay.
[[nodiscard]] std::string without_controls(std::string_view text);

// Number of code points: the width in a terminal, save for wide and combining characters.
[[nodiscard]] std::size_t width(std::string_view text);

// At most `columns` code points; cut text ends in "...". REQUIRES: columns >= 3.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t columns);

// Padded with spaces to `columns` code points.
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns);
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t columns);

// The command as one would type it in a shell, printable: words with other than plain characters
// stand in single quotes.
[[nodiscard]] std::string shell_words(const std::vector<std::string>& command);

// "a, b, c".
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace abate::report
