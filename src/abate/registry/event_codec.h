// Events as bytes, for the journal: little endian, no padding, one way to write each event.
//
//     append_event(payload, event);
//     EventReader reader(payload);
//     while (true) {
//         Result<std::optional<Event>> event = reader.next();   // corrupt, with the offset; or none at the end
//         ...
//     }
//
// An event: u8 op, u8 version (1), u16 reason, u32 fields, i64 time (us), then each field that is not zero, in the order of Field.
// A transfer takes 60 bytes. Stored bytes are never rewritten: a later version is another number, read beside this one.
#pragma once

#include "abate/core/result.h"
#include "abate/registry/machine.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace abate::registry {

inline constexpr std::uint8_t kEventVersion = 1;

void append_event(std::string& out, const Event& event);

class EventReader {
  public:
    // `bytes` must outlive the reader.
    explicit EventReader(std::string_view bytes) : bytes_(bytes) {}
    // Errors: corrupt (cut short, an unknown op, reason or field, a field of zero), version_mismatch. After an error: the same again.
    [[nodiscard]] Result<std::optional<Event>> next();
    // As many as fit into `out`, from its front; how many that were, 0 at the end. What stands before a damaged one is given first, and its
    // error by the next call.
    [[nodiscard]] Result<std::size_t> next_block(std::span<Event> out);
    [[nodiscard]] std::size_t offset() const { return at_; }
    // Over bytes that are not the registry's. REQUIRES: so many are left.
    void skip(std::size_t bytes) { at_ += bytes; }
    [[nodiscard]] std::string_view left() const { return bytes_.substr(at_); }

  private:
    [[nodiscard]] std::optional<Error> read(Event& event);

    std::string_view bytes_;
    std::size_t at_ = 0;
};

}  // namespace abate::registry
