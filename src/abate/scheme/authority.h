// Who may ask for what: each command says it in one line, and only the machine reads it.
//
//     static constexpr Authority authority{.first = Role::initiator, .second = Role::approver, .own = true};
//
// `first` asks. Where there is a `second`, another person with that role must approve before anything is done (four eyes). `own`: both
// act for the participant that the command names, and for no other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace abate::scheme {

// Bits: a key may have several. Spelled as in JSON.
enum class Role : std::uint8_t {
    none = 0,
    scheme_operator = 1,
    verifier = 2,
    initiator = 4,  // of a participant: asks
    approver = 8,   // of a participant: approves
    auditor = 16,   // reads everything, keeps cases, asks nothing else
    market = 32,    // of a participant: orders, within a mandate
};

struct Authority {
    Role first = Role::none;
    Role second = Role::none;
    bool own = false;
    // Any of the participant's own keys too, where the operator may: to stop something, the nearest hand is the best.
    bool or_own = false;
};

// Of a set of bits: "initiator, approver".
[[nodiscard]] std::string roles_text(std::uint8_t roles);
// One word; none for a word that is no role.
[[nodiscard]] Role parse_role(std::string_view word);

}  // namespace abate::scheme
