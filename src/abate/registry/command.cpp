#include "abate/registry/command.h"

namespace abate::registry {

std::string_view to_string(Op op) {
    switch (op) {
        case Op::open_participant:
            return "open_participant";
        case Op::regroup:
            return "regroup";
        case Op::open_account:
            return "open_account";
        case Op::set_status:
            return "set_status";
        case Op::set_obligated:
            return "set_obligated";
        case Op::close_account:
            return "close_account";
        case Op::issue:
            return "issue";
        case Op::transfer:
            return "transfer";
        case Op::reserve:
            return "reserve";
        case Op::post:
            return "post";
        case Op::void_pending:
            return "void";
        case Op::surrender:
            return "surrender";
        case Op::retire:
            return "retire";
        case Op::claw_back:
            return "claw_back";
        case Op::deposit:
            return "deposit";
        case Op::withdraw:
            return "withdraw";
        case Op::expire:
            return "expire";
    }
    return "unknown";
}

std::string_view to_string(AccountKind kind) {
    switch (kind) {
        case AccountKind::holding:
            return "holding";
        case AccountKind::compliance:
            return "compliance";
        case AccountKind::auction:
            return "auction";
        case AccountKind::reserve:
            return "reserve";
        case AccountKind::retirement:
            return "retirement";
        case AccountKind::escrow:
            return "escrow";
        case AccountKind::cash:
            return "cash";
        case AccountKind::auction_proceeds:
            return "auction_proceeds";
        case AccountKind::penalties:
            return "penalties";
        case AccountKind::fees:
            return "fees";
        case AccountKind::issuance:
            return "issuance";
        case AccountKind::bank:
            return "bank";
        case AccountKind::deficit:
            return "deficit";
    }
    return "unknown";
}

std::string_view to_string(AccountStatus status) {
    switch (status) {
        case AccountStatus::open:
            return "open";
        case AccountStatus::blocked:
            return "blocked";
        case AccountStatus::frozen:
            return "frozen";
        case AccountStatus::closed:
            return "closed";
    }
    return "unknown";
}

}  // namespace abate::registry
