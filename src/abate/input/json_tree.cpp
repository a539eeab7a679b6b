#include "abate/input/json_tree.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

namespace abate::input {
namespace {

// Reads a text and counts in `*position`, which outlives it, how far the lexer has come. The lexer
// reads one character ahead of a number and none ahead of anything else.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* position) : at_(at), position_(position) {}
    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*position_;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator old = *this;
        ++*this;
        return old;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

  private:
    const char* at_;
    std::size_t* position_;
};

// The events of nlohmann's SAX parser, built into a tree. Returning false ends the parse.
class TreeBuilder {
  public:
    TreeBuilder(std::string_view input, const std::size_t* position)
        : input_(input), position_(position) {}

    bool null() { return put({}); }
    bool boolean(bool value) { return put({.kind = JsonKind::boolean, .boolean = value}); }
    bool number_integer(std::int64_t value) { return put_number(std::to_string(value)); }
    bool number_unsigned(std::uint64_t value) { return put_number(std::to_string(value)); }
    bool number_float(double /*value*/, const std::string& written) { return put_number(written); }
    bool string(std::string& value) {
        return put({.kind = JsonKind::text, .text = std::move(value)});
    }
    bool binary(std::vector<std::uint8_t>& /*value*/) { return false; }
    bool start_object(std::size_t /*size*/) { return enter({.kind = JsonKind::object}); }
    bool start_array(std::size_t /*size*/) { return enter({.kind = JsonKind::array}); }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }

    bool key(std::string& name) {
        if (!open_.back().seen.insert(name).second) {
            return refuse("the key '" + name + "' stands twice in one object",
                          "Remove one of them");
        }
        open_.back().key = std::move(name);
        return true;
    }

    template <class Exception>
    bool parse_error(std::size_t /*byte*/, const std::string& /*token*/, const Exception&) {
        return refuse(
            *position_ >= input_.size() ? "this is not complete JSON" : "this is not JSON",
            "Expected a document as written by `abate ... --json`");
    }

    [[nodiscard]] Result<JsonNode> take() {
        if (error_) return *error_;
        return std::move(root_);
    }

  private:
    struct Open {
        JsonNode node;
        std::string key = {};  // under which the next value goes
        std::set<std::string> seen = {};
    };

    bool put_number(std::string written) {
        // The lexer writes the locale's decimal point into the token.
        std::replace(written.begin(), written.end(), ',', '.');
        return put({.kind = JsonKind::number, .text = std::move(written)});
    }

    bool put(JsonNode node) {
        node.offset = *position_;
        return attach(std::move(node));
    }

    bool attach(JsonNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
        } else if (open_.back().node.kind == JsonKind::array) {
            open_.back().node.items.push_back(std::move(node));
        } else {
            open_.back().node.members.emplace_back(std::move(open_.back().key), std::move(node));
        }
        return true;
    }

    bool enter(JsonNode node) {
        if (open_.size() >= kMaxJsonDepth) {
            return refuse(
                "objects and lists are nested deeper than " + std::to_string(kMaxJsonDepth),
                "A run record needs four levels");
        }
        node.offset = *position_;
        open_.push_back({.node = std::move(node)});
        return true;
    }

    bool leave() {
        JsonNode node = std::move(open_.back().node);
        open_.pop_back();
        return attach(std::move(node));
    }

    bool refuse(std::string what, std::string hint) {
        error_ = Error{ErrorCode::parse_error,
                       std::move(what),
                       line_column(input_, *position_),
                       std::move(hint)};
        return false;
    }

    std::string_view input_;
    const std::size_t* position_;
    JsonNode root_;
    std::vector<Open> open_;
    std::optional<Error> error_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view name) const {
    for (const auto& [key, value] : members) {
        if (key == name) return &value;
    }
    return nullptr;
}

std::string line_column(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t last = before.rfind('\n');
    const std::size_t column =
        last == std::string_view::npos ? before.size() : before.size() - last - 1;
    return std::to_string(lines + 1) + ":" + std::to_string(std::max<std::size_t>(column, 1));
}

Result<JsonNode> read_json(std::string_view text) {
    std::size_t position = 0;
    TreeBuilder builder(text, &position);
    nlohmann::json::sax_parse(CountingIterator(text.data(), &position),
                              CountingIterator(text.data() + text.size(), &position),
                              &builder);
    return builder.take();
}

}  // namespace abate::input
