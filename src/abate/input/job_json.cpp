#include "abate/input/job_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>

namespace abate::input {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Walks a text that is known to be valid JSON, so what it meets is what the grammar allows.
class Walker {
  public:
    explicit Walker(std::string_view text) : text_(text) {}

    bool object(std::vector<JsonMember>& members) {
        spaces();
        if (!take('{')) return false;
        spaces();
        if (take('}')) return true;
        while (at_ < text_.size()) {
            JsonMember member;
            bool escaped = false;
            spaces();
            member.key = string(escaped);
            spaces();
            if (!take(':')) return false;
            spaces();
            value(member);
            members.push_back(member);
            spaces();
            if (take('}')) return true;
            if (!take(',')) return false;
        }
        return false;
    }

  private:
    void spaces() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    std::string_view string(bool& escaped) {
        if (!take('"')) return {};
        const std::size_t from = at_;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\') {
                escaped = true;
                ++at_;
            }
            ++at_;
        }
        const std::size_t to = std::min(at_, text_.size());
        ++at_;
        return text_.substr(from, to - from);
    }
    void value(JsonMember& member) {
        if (at_ >= text_.size()) return;
        const char first = text_[at_];
        if (first == '"') {
            member.kind = MemberKind::string;
            member.value = string(member.escaped);
            return;
        }
        const std::size_t from = at_;
        if (first == '{' || first == '[') {
            member.kind = MemberKind::nested;
            nested();
        } else {
            member.kind = first == 'n'                   ? MemberKind::null
                          : first == 't' || first == 'f' ? MemberKind::boolean
                                                         : MemberKind::number;
            while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' &&
                   !is_space(text_[at_]))
                ++at_;
        }
        member.value = text_.substr(from, std::min(at_, text_.size()) - from);
    }
    void nested() {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                bool escaped = false;
                static_cast<void>(string(escaped));
                continue;
            }
            ++at_;
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && --depth == 0) return;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

bool scan_json_object(std::string_view text, std::vector<JsonMember>& members) {
    members.clear();
    // The library judges; the walk only finds where things stand.
    if (!nlohmann::json::accept(text.begin(), text.end())) return false;
    return Walker(text).object(members);
}

std::string unescaped_json(std::string_view between_quotes) {
    std::string text = "\"";
    text += between_quotes;
    text += '"';
    return nlohmann::json::parse(text).get<std::string>();
}

bool is_json_number(std::string_view text) {
    return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9')) &&
           !is_space(text.back()) && nlohmann::json::accept(text.begin(), text.end());
}

}  // namespace abate::input
