// What each kind of account may hold, give and take: the table an administrator would check, and the only place that says so.
// Inside `registry` only.
#pragma once

#include "abate/registry/command.h"

namespace abate::registry {

struct KindRule {
    bool money = false;           // holds cash; else allowances
    bool below_zero = false;      // the other side of the books, or a debt
    bool of_participant = false;  // has an owner beside the scheme
};

[[nodiscard]] constexpr bool is_known(AccountKind kind) {
    return kind >= AccountKind::holding && kind <= AccountKind::deficit;
}

// REQUIRES: is_known(kind).
[[nodiscard]] constexpr KindRule rule_of(AccountKind kind) {
    switch (kind) {
        case AccountKind::cash:
            return {.money = true, .of_participant = true};
        case AccountKind::auction_proceeds:
        case AccountKind::penalties:
        case AccountKind::fees:
            return {.money = true};
        case AccountKind::bank:
            return {.money = true, .below_zero = true};
        case AccountKind::issuance:
            return {.below_zero = true};
        case AccountKind::deficit:
            return {.below_zero = true, .of_participant = true};
        case AccountKind::holding:
        case AccountKind::compliance:
            return {.of_participant = true};
        case AccountKind::auction:
        case AccountKind::reserve:
        case AccountKind::retirement:
        case AccountKind::escrow:
            return {};
    }
    return {};
}

// May `op` take from an account of this kind. Retirement and compliance have reasons of their own and are asked first.
[[nodiscard]] constexpr bool may_give(Op op, AccountKind kind) {
    switch (op) {
        case Op::issue:
            return kind == AccountKind::issuance;
        case Op::surrender:
            return kind == AccountKind::compliance;
        case Op::retire:
            return kind == AccountKind::holding;
        case Op::claw_back:
            return kind == AccountKind::holding || kind == AccountKind::compliance;
        case Op::deposit:
            return kind == AccountKind::bank;
        case Op::withdraw:
            return rule_of(kind).money && kind != AccountKind::bank;
        default:
            return !rule_of(kind).below_zero;
    }
}

// May `op` put into an account of this kind.
[[nodiscard]] constexpr bool may_take(Op op, AccountKind kind) {
    switch (op) {
        case Op::issue:
            return kind == AccountKind::auction || kind == AccountKind::reserve ||
                   kind == AccountKind::holding || kind == AccountKind::compliance;
        case Op::surrender:
        case Op::retire:
            return kind == AccountKind::retirement;
        case Op::claw_back:
            return kind == AccountKind::auction || kind == AccountKind::reserve;
        case Op::deposit:
            return rule_of(kind).money && kind != AccountKind::bank;
        case Op::withdraw:
            return kind == AccountKind::bank;
        // A deficit is paid by an ordinary transfer.
        default:
            return kind != AccountKind::issuance && kind != AccountKind::bank &&
                   kind != AccountKind::retirement;
    }
}

}  // namespace abate::registry
