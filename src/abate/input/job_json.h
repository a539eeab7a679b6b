// The members of one JSON object as slices of its text, for tables in JSON lines. Inside `input` only.
//
//     std::vector<JsonMember> members;
//     scan_json_object(R"({"chip": "H100", "hours": 2.5})", members);
//     members[1].key;      // hours
//     members[1].value;    // 2.5
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

enum class MemberKind : std::uint8_t { string, number, null, boolean, nested };

struct JsonMember {
    std::string_view key;    // between its quotes, escapes as they stand
    std::string_view value;  // a string's between its quotes
    MemberKind kind = MemberKind::null;
    bool escaped = false;  // a string with a backslash
};

// False when `text` is no JSON object (RFC 8259) in valid UTF-8.
[[nodiscard]] bool scan_json_object(std::string_view text, std::vector<JsonMember>& members);

// A string's text from what stands between its quotes. REQUIRES: scan_json_object gave it.
[[nodiscard]] std::string unescaped_json(std::string_view between_quotes);

// Whether JSON would take `text` as a number.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace abate::input
