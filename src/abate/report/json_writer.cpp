#include "abate/report/json_writer.h"

#include "abate/report/text_tools.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace abate::report {
namespace {

void append_escaped(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!point.valid) {
            out += "\xEF\xBF\xBD";
        } else if (point.value == '"' || point.value == '\\') {
            out += '\\';
            out += static_cast<char>(point.value);
        } else if (point.value == '\n') {
            out += "\\n";
        } else if (point.value == '\t') {
            out += "\\t";
        } else if (point.value < 0x20 || (point.value >= 0x7F && point.value <= 0x9F)) {
            std::array<char, 8> escape{};
            std::snprintf(
                escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(point.value));
            out += escape.data();
        } else {
            out += text.substr(at, point.size);
        }
        at += point.size;
    }
}

}  // namespace

std::string shortest(double value) {
    if (!std::isfinite(value)) return "null";
    std::array<char, 48> text{};
    // Left to itself, to_chars says 1e+06; people read 1000000 more easily. Both read back the
    // same.
    const double size = std::fabs(value);
    const bool plain = size == 0 || (size >= 1e-5 && size < 1e16);
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format).ptr;
    return {text.data(), end};
}

void JsonWriter::new_line() {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(depth_), ' ');
}

void JsonWriter::before_item() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!first_) out_ += inline_ && indent_ >= 0 ? ", " : ",";
    first_ = false;
    if (depth_ > 0 && !inline_) new_line();
}

void JsonWriter::open(char bracket) {
    before_item();
    out_ += bracket;
    ++depth_;
    first_ = true;
}

void JsonWriter::close(char bracket) {
    --depth_;
    if (!first_ && !inline_) new_line();
    out_ += bracket;
    first_ = false;
}

void JsonWriter::begin_array(bool inline_items) {
    open('[');
    inline_ = inline_items;
}

void JsonWriter::end_array() {
    close(']');
    inline_ = false;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    before_item();
    out_ += '"';
    append_escaped(out_, name);
    out_ += indent_ < 0 ? "\":" : "\": ";
    after_key_ = true;
    return *this;
}

void JsonWriter::raw(std::string_view token) {
    before_item();
    out_ += token;
}

void JsonWriter::text(std::string_view value) {
    before_item();
    out_ += '"';
    append_escaped(out_, value);
    out_ += '"';
}

void JsonWriter::number(double value) { raw(shortest(value)); }
void JsonWriter::integer(std::int64_t value) { raw(std::to_string(value)); }
void JsonWriter::unsigned_integer(std::uint64_t value) { raw(std::to_string(value)); }
void JsonWriter::joules(Microjoules value) { raw(decimal_joules(value)); }
void JsonWriter::boolean(bool value) { raw(value ? "true" : "false"); }
void JsonWriter::null() { raw("null"); }

}  // namespace abate::report
