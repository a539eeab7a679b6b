// A JSON document as a tree that keeps each number's text and place.
//
//     Result<JsonNode> root = read_json(text);
//     root->find("energy")->find("total_j")->text      // "1500000.25", not a double
//
// Why not the library's own tree: it turns "36000000000000.000001" into a double, and so loses the
// microjoule; and it forgets where a value stood, so an error could not name its line. Inside
// `input` only. Plain data, no locale.
#pragma once

#include "abate/core/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::input {

enum class JsonKind { null, boolean, number, text, array, object };

struct JsonNode {
    JsonKind kind = JsonKind::null;
    bool boolean = false;
    std::string text = {};   // of a string (decoded) or of a number (as written)
    std::size_t offset = 0;  // of the byte after the value's first token
    std::vector<JsonNode> items = {};
    std::vector<std::pair<std::string, JsonNode>> members = {};

    // The member of that name, or nullptr.
    [[nodiscard]] const JsonNode* find(std::string_view name) const;
};

// Objects and arrays nested deeper than this are refused: a run record needs four.
inline constexpr std::size_t kMaxJsonDepth = 64;

// Errors: parse_error at LINE:COLUMN (not JSON, not UTF-8, a key twice, nested too deep).
[[nodiscard]] Result<JsonNode> read_json(std::string_view text);

// "LINE:COLUMN" of a byte, both from 1; columns count bytes.
[[nodiscard]] std::string line_column(std::string_view text, std::size_t offset);

}  // namespace abate::input
