// What happened to a scheme, as bytes for the journal. A byte of 128 or more begins an event of the scheme; the registry's begin below.
//
// An event: u8 kind, u8 version (1), u32 length, then the fields of Event. Behind it stand `postings` events of the registry that it caused.
#pragma once

#include "abate/core/result.h"
#include "abate/scheme/state.h"

#include <optional>
#include <string>
#include <string_view>

namespace abate::scheme {

enum class EventKind : std::uint8_t { command = 128, due = 129 };
inline constexpr std::uint8_t kEventVersion = 1;

struct Event {
    EventKind kind = EventKind::command;
    Timestamp at = {};
    Reason reason = Reason::ok;
    std::uint32_t postings = 0;
    std::int64_t number = 0;        // what the books said, where it was asked
    Envelope envelope = {};         // command
    Due due = {};                   // due
    AuctionClearing clearing = {};  // of a due auction
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("at_us", self.at.us);
        visit("reason", self.reason);
        visit("postings", self.postings);
        visit("number", self.number);
        if (self.kind == EventKind::command) {
            visit("envelope", self.envelope);
        } else {
            visit("due_us", self.due.at_us);
            visit("due_kind", self.due.kind);
            visit("due_id", self.due.id);
            if (self.due.kind == DueKind::clear_auction) visit("clearing", self.clearing);
        }
    }
};

[[nodiscard]] constexpr bool is_scheme_event(char first_byte) {
    return static_cast<unsigned char>(first_byte) >= 128;
}
void append_event(std::string& out, const Event& event);

struct ReadEvent {
    Event event;
    std::size_t size = 0;  // bytes taken
};
// The event at the start of `bytes`. Errors: corrupt, version_mismatch.
[[nodiscard]] Result<ReadEvent> read_event(std::string_view bytes);

}  // namespace abate::scheme
