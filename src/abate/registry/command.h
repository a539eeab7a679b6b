// What can be asked of a registry: one plain struct, with the fields that its Op names and zero in the others.
//
//     Command sale{.op = Op::transfer, .id = {0, 7}, .from = AccountId{12}, .to = AccountId{31},
//                  .asset = allowances_of(Vintage(2027)), .amount = 1'000, .price_micro = 41'000};
//
// Whoever asks makes the id, and keeps it before asking: the same command with the same id is done once, however often it is sent.
// Who may ask what is the scheme's business, not the registry's.
#pragma once

#include "abate/units/allowances.h"

#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace abate::registry {

// 128 bits that the client made, never zero; a ULID fits.
struct TransferId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const TransferId&) const = default;
    [[nodiscard]] constexpr bool empty() const { return high == 0 && low == 0; }
};

// Numbers that the client made, never zero; names stand with the scheme's participants.
enum class AccountId : std::uint64_t {};
enum class ParticipantId : std::uint64_t {};
enum class GroupId : std::uint64_t {};  // of participants under one ownership

// What is counted: cash in micro-units of the scheme's currency, or allowances of a vintage.
enum class Asset : std::uint32_t { cash = 0 };
inline constexpr std::int32_t kFirstVintage = 1;
inline constexpr std::int32_t kLastVintage = 9999;
// REQUIRES: a vintage of kFirstVintage to kLastVintage.
[[nodiscard]] constexpr Asset allowances_of(Vintage vintage) {
    return static_cast<Asset>(vintage.year());
}

// Spelled as in JSON; numbers are those of the journal and never change.
enum class AccountKind : std::uint8_t {
    holding = 1,           // a participant's allowances, to keep and to deal
    compliance = 2,        // one way: in by its participant or by allocation, out by surrender only
    auction = 3,           // for sale by the operator
    reserve = 4,           // new entrants, true-up, price containment
    retirement = 5,        // surrendered or cancelled: nothing ever leaves
    escrow = 6,            // held while something else is settled
    cash = 7,              // a participant's money
    auction_proceeds = 8,  // money of the scheme, by where it came from
    penalties = 9,
    fees = 10,
    issuance = 11,  // the other side of every allowance: minus what was issued
    bank = 12,      // the other side of all money: minus what was paid in
    deficit = 13,   // a participant's debt after a claw-back: 0 or less
};

enum class Op : std::uint8_t {
    open_participant = 1,  // participant, group
    regroup = 2,           // participant, group: a change of control
    open_account = 3,      // from (the account), participant, kind
    set_status = 4,        // from, status
    set_obligated = 5,     // from, obligated: it cannot be closed
    close_account = 6,     // from
    issue = 7,             // from an issuance account to auction, reserve, holding or compliance
    transfer = 8,          // from, to; price_micro where it was a sale off the book
    reserve = 9,           // as transfer, pending; timeout_us, 0 for none
    post = 10,  // reference (the pending transfer); amount, 0 for all of it; the rest is released
    void_pending = 11,  // reference
    surrender = 12,     // from compliance to retirement for `period`
    retire = 13,        // from holding to retirement, of one's own will
    claw_back =
        14,  // from a participant's account to auction or reserve; what is not there comes from `deficit`
    deposit = 15,   // from bank to cash
    withdraw = 16,  // from cash to bank
    expire = 17,    // reference; the registry's own, when time is advanced
};

enum class AccountStatus : std::uint8_t {
    open = 1,
    blocked = 2,  // nothing leaves it but by surrender
    frozen = 3,   // nothing enters or leaves
    closed = 4,
};

// Bits of Command::flags.
inline constexpr std::uint16_t kLinked =
    1;  // done only if the next one is: all of a chain, or none

struct Command {
    Op op = Op::transfer;
    AccountKind kind{};          // open_account
    AccountStatus status{};      // set_status
    std::uint8_t obligated = 0;  // set_obligated: 0 or 1
    std::uint16_t flags = 0;
    std::uint16_t code = 0;  // why, in the client's own numbers
    Asset asset{};
    std::uint32_t period = 0;  // surrender: the compliance period, a year
    TransferId id = {};
    TransferId reference = {};
    AccountId from{};
    AccountId to{};
    AccountId deficit{};
    ParticipantId participant{};
    GroupId group{};
    std::int64_t amount = 0;
    std::int64_t price_micro = 0;
    std::uint64_t timeout_us = 0;

    bool operator==(const Command&) const = default;
};
static_assert(std::is_trivially_copyable_v<Command>);

[[nodiscard]] std::string_view to_string(Op op);
[[nodiscard]] std::string_view to_string(AccountKind kind);
[[nodiscard]] std::string_view to_string(AccountStatus status);

}  // namespace abate::registry
