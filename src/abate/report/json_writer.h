// A streaming JSON writer (RFC 8259) that never reshapes a number.
//
//     JsonWriter json(2);
//     json.begin_object();
//     json.key("energy_j").joules(Microjoules(1'500'000));      // 1.5, exact
//     json.key("pue").number(1.2);                               // shortest text that reads back
//     json.end_object();
//     std::string text = json.take();
//
// Strings become valid UTF-8 (invalid bytes -> U+FFFD); control characters are escaped, C1
// included. NaN and infinity, which JSON does not have, become null. Own code rather than a
// library's, because libraries print exact decimal joules through a double. Inside `report` only.
// Not thread-safe.
#pragma once

#include "abate/units/energy.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace abate::report {

class JsonWriter {
  public:
    // indent < 0: everything on one line.
    explicit JsonWriter(int indent) : indent_(indent) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    // `inline_items`: "[1, 2]" on one line even when indenting, for short lists.
    void begin_array(bool inline_items = false);
    void end_array();
    JsonWriter& key(std::string_view name);

    void text(std::string_view value);
    void number(double value);
    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    void joules(Microjoules value);
    void boolean(bool value);
    void null();

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void open(char bracket);
    void close(char bracket);
    void before_item();
    void new_line();
    void raw(std::string_view token);

    std::string out_;
    int indent_;
    int depth_ = 0;
    bool first_ = true;  // nothing yet in this object or array
    bool after_key_ = false;
    bool inline_ = false;
};

// Shortest text that reads back as `value` ("0.1", "1e+22"); "null" for NaN and infinity.
[[nodiscard]] std::string shortest(double value);

}  // namespace abate::report
