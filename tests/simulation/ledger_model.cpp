#include "simulation/ledger_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace abate::simulation {

using registry::AccountId;
using registry::AccountKind;
using registry::AccountStatus;
using registry::Asset;
using registry::Command;
using registry::Op;
using registry::Outcome;
using registry::Reason;
using registry::TransferId;

namespace {

bool one_of(AccountKind kind, std::initializer_list<AccountKind> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}
bool of_money(AccountKind kind) {
    return one_of(kind,
                  {AccountKind::cash,
                   AccountKind::auction_proceeds,
                   AccountKind::penalties,
                   AccountKind::fees,
                   AccountKind::bank});
}
bool has_owner(AccountKind kind) {
    return one_of(
        kind,
        {AccountKind::holding, AccountKind::compliance, AccountKind::cash, AccountKind::deficit});
}
// The other side of what there is.
bool other_side(AccountKind kind) {
    return kind == AccountKind::issuance || kind == AccountKind::bank;
}

bool moves(Op op) {
    return op == Op::issue || op == Op::transfer || op == Op::reserve || op == Op::surrender ||
           op == Op::retire || op == Op::claw_back || op == Op::deposit || op == Op::withdraw;
}

bool gives(Op op, AccountKind kind) {
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
            return of_money(kind) && kind != AccountKind::bank;
        default:
            return !other_side(kind) && kind != AccountKind::deficit;
    }
}
bool takes(Op op, AccountKind kind) {
    switch (op) {
        case Op::issue:
            return one_of(kind,
                          {AccountKind::auction,
                           AccountKind::reserve,
                           AccountKind::holding,
                           AccountKind::compliance});
        case Op::surrender:
        case Op::retire:
            return kind == AccountKind::retirement;
        case Op::claw_back:
            return kind == AccountKind::auction || kind == AccountKind::reserve;
        case Op::deposit:
            return of_money(kind) && kind != AccountKind::bank;
        case Op::withdraw:
            return kind == AccountKind::bank;
        default:
            return !other_side(kind) && kind != AccountKind::retirement;
    }
}

// A field that the operation does not name (registry/command.h), of those that the clients here ever fill.
bool foreign_field(const Command& c) {
    const bool of_account = c.op == Op::open_account || c.op == Op::set_status ||
                            c.op == Op::set_obligated || c.op == Op::close_account;
    return (c.period != 0 && c.op != Op::surrender) ||
           (c.price_micro != 0 && c.op != Op::transfer && c.op != Op::reserve) ||
           (c.timeout_us != 0 && c.op != Op::reserve) ||
           (c.from != AccountId{} && !moves(c.op) && !of_account) ||
           (c.amount != 0 && !moves(c.op) && c.op != Op::post);
}

// The first field in which a retry is another command, in the order of the reference.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as one says it
Reason difference(const Command& kept, const Command& came) {
    const std::pair<bool, Reason> checks[] = {
        {kept.op == came.op, Reason::exists_with_different_operation},
        {kept.from == came.from, Reason::exists_with_different_from},
        {kept.to == came.to, Reason::exists_with_different_to},
        {kept.asset == came.asset, Reason::exists_with_different_asset},
        {kept.amount == came.amount, Reason::exists_with_different_amount},
        {kept.reference == came.reference, Reason::exists_with_different_reference},
        {kept.deficit == came.deficit, Reason::exists_with_different_deficit},
        {kept.participant == came.participant, Reason::exists_with_different_participant},
        {kept.group == came.group, Reason::exists_with_different_group},
        {kept.kind == came.kind, Reason::exists_with_different_kind},
        {kept.status == came.status, Reason::exists_with_different_status},
        {kept.obligated == came.obligated, Reason::exists_with_different_obligated},
        {kept.period == came.period, Reason::exists_with_different_period},
        {kept.timeout_us == came.timeout_us, Reason::exists_with_different_timeout},
        {kept.price_micro == came.price_micro, Reason::exists_with_different_price},
        {kept.code == came.code, Reason::exists_with_different_code},
        {kept.flags == came.flags, Reason::exists_with_different_flags}};
    for (const auto& [same, reason] : checks)
        if (!same) return reason;
    return Reason::exists;
}

// From "participant_exists" on, by the reference.
bool burns(Reason reason) { return static_cast<int>(reason) >= 38; }

}  // namespace

Reason LedgerModel::reason_of(const Command& c) const {
    if ((c.flags & ~1U) != 0) return Reason::unknown_flags;
    if (foreign_field(c)) return Reason::field_must_be_zero;
    if (c.id == TransferId{}) return Reason::id_must_not_be_zero;
    if (failed_.count(c.id) != 0) return Reason::id_already_failed;
    if (const auto kept = done_.find(c.id); kept != done_.end()) return difference(kept->second, c);
    if (c.op == Op::post || c.op == Op::void_pending) {
        if (c.reference == TransferId{}) return Reason::reference_must_not_be_zero;
    } else if (moves(c.op)) {
        if (c.from == AccountId{} || c.to == AccountId{}) return Reason::account_must_not_be_zero;
        if (c.from == c.to) return Reason::accounts_must_differ;
        if (c.amount <= 0) return Reason::amount_must_be_positive;
        if (c.op == Op::surrender && c.period == 0) return Reason::period_must_not_be_zero;
    }
    return reason_in_books(c);
}

Reason LedgerModel::reason_in_books(const Command& c) const {
    if (moves(c.op)) return reason_of_movement(c);
    if (c.op == Op::post || c.op == Op::void_pending) {
        if (done_.count(c.reference) == 0) return Reason::reference_not_found;
        const auto found = promises_.find(c.reference);
        if (found == promises_.end()) return Reason::reference_not_pending;
        const Promise& promise = found->second;
        if (promise.state == State::posted) return Reason::already_posted;
        if (promise.state == State::voided) return Reason::already_voided;
        if (promise.state == State::expired) return Reason::already_expired;
        if (c.amount > promise.command.amount) return Reason::exceeds_pending_amount;
        if (c.op == Op::void_pending) return Reason::ok;
        if (accounts_.at(promise.command.from).status == AccountStatus::frozen)
            return Reason::from_account_frozen;
        if (accounts_.at(promise.command.to).status == AccountStatus::frozen)
            return Reason::to_account_frozen;
        return Reason::ok;
    }
    const bool known = groups_.count(c.participant) != 0;
    if (c.op == Op::open_participant) return known ? Reason::participant_exists : Reason::ok;
    if (c.op == Op::regroup) return known ? Reason::ok : Reason::participant_not_found;
    const auto account = accounts_.find(c.from);
    if (c.op == Op::open_account) {
        if (has_owner(c.kind) && !known) return Reason::participant_not_found;
        return account != accounts_.end() ? Reason::account_exists : Reason::ok;
    }
    if (account == accounts_.end()) return Reason::from_account_not_found;
    if (account->second.status == AccountStatus::closed) return Reason::account_closed_is_final;
    if (c.op != Op::close_account) return Reason::ok;
    if (account->second.obligated) return Reason::account_has_obligation;
    for (const auto& [id, promise] : promises_)
        if (promise.state == State::pending &&
            (promise.command.from == c.from || promise.command.to == c.from))
            return Reason::account_has_pending_transfers;
    for (const auto& [where, amount] : posted_)
        if (where.first == c.from && amount != 0) return Reason::account_not_empty;
    return Reason::ok;
}

Reason LedgerModel::reason_of_movement(const Command& c) const {
    const auto from_at = accounts_.find(c.from);
    const auto to_at = accounts_.find(c.to);
    const bool claw_back = c.op == Op::claw_back;
    if (from_at == accounts_.end()) return Reason::from_account_not_found;
    if (to_at == accounts_.end()) return Reason::to_account_not_found;
    const Account& from = from_at->second;
    const Account& to = to_at->second;
    const auto deficit = accounts_.find(c.deficit);
    if (claw_back && (deficit == accounts_.end() || deficit->second.kind != AccountKind::deficit))
        return Reason::deficit_account_not_found;
    const bool money = c.asset == Asset::cash;
    if (of_money(from.kind) != money || of_money(to.kind) != money)
        return Reason::asset_not_for_account;
    if (from.kind == AccountKind::retirement) return Reason::retirement_is_final;
    if (from.kind == AccountKind::compliance && c.op != Op::surrender && !claw_back)
        return Reason::compliance_is_one_way;
    if (!gives(c.op, from.kind)) return Reason::from_kind_not_allowed;
    if (!takes(c.op, to.kind)) return Reason::to_kind_not_allowed;
    if (to.kind == AccountKind::compliance && has_owner(from.kind) && from.owner != to.owner)
        return Reason::compliance_account_of_another;
    if (to.kind == AccountKind::deficit && from.owner != to.owner)
        return Reason::deficit_account_of_another;
    if (claw_back && deficit->second.owner != from.owner) return Reason::deficit_account_of_another;
    if (from.status == AccountStatus::closed) return Reason::from_account_closed;
    if (to.status == AccountStatus::closed) return Reason::to_account_closed;
    if (from.status == AccountStatus::frozen && !claw_back) return Reason::from_account_frozen;
    if (to.status == AccountStatus::frozen) return Reason::to_account_frozen;
    if (from.status == AccountStatus::blocked && !claw_back && c.op != Op::surrender)
        return Reason::from_account_blocked;
    const Where gives_at{c.from, c.asset};
    const std::int64_t free = at(posted_, gives_at) - at(reserved_, gives_at);
    if (!other_side(from.kind) && !claw_back && free < c.amount)
        return Reason::insufficient_balance;
    const Where takes_at{c.to, c.asset};
    if (to.kind == AccountKind::deficit &&
        at(posted_, takes_at) + at(incoming_, takes_at) + c.amount > 0)
        return Reason::deficit_must_not_become_positive;
    return Reason::ok;
}

void LedgerModel::release(const TransferId& id, State state, std::int64_t posted) {
    Promise& promise = promises_.at(id);
    const Command& c = promise.command;
    promise.state = state;
    reserved_[{c.from, c.asset}] -= c.amount;
    incoming_[{c.to, c.asset}] -= c.amount;
    posted_[{c.from, c.asset}] -= posted;
    posted_[{c.to, c.asset}] += posted;
}

// What moved.
std::int64_t LedgerModel::done(const Command& c) {
    switch (c.op) {
        case Op::open_participant:
        case Op::regroup:
            groups_[c.participant] = c.group;
            return 0;
        case Op::open_account:
            accounts_[c.from] = {.kind = c.kind, .owner = c.participant};
            return 0;
        case Op::set_status:
            accounts_[c.from].status = c.status;
            return 0;
        case Op::set_obligated:
            accounts_[c.from].obligated = c.obligated != 0;
            return 0;
        case Op::close_account:
            accounts_[c.from].status = AccountStatus::closed;
            return 0;
        case Op::post: {
            const std::int64_t all = promises_.at(c.reference).command.amount;
            const std::int64_t posted = c.amount == 0 ? all : c.amount;
            release(c.reference, State::posted, posted);
            return posted;
        }
        case Op::void_pending: {
            const std::int64_t all = promises_.at(c.reference).command.amount;
            release(c.reference, State::voided, 0);
            return all;
        }
        case Op::reserve: {
            Promise promise{.command = c};
            if (c.timeout_us != 0)
                promise.due_second =
                    second_ + static_cast<std::int64_t>(c.timeout_us) / 1'000'000 + 1;
            promises_[c.id] = promise;
            reserved_[{c.from, c.asset}] += c.amount;
            incoming_[{c.to, c.asset}] += c.amount;
            return c.amount;
        }
        case Op::claw_back: {
            const Where gives_at{c.from, c.asset};
            const std::int64_t there = at(posted_, gives_at) - at(reserved_, gives_at);
            const std::int64_t taken = std::min(there, c.amount);
            posted_[gives_at] -= taken;
            posted_[{c.deficit, c.asset}] -= c.amount - taken;
            posted_[{c.to, c.asset}] += c.amount;
            return taken;
        }
        default:
            posted_[{c.from, c.asset}] -= c.amount;
            posted_[{c.to, c.asset}] += c.amount;
            return c.amount;
    }
}

Outcome LedgerModel::one(const Command& c) {
    const Reason reason = reason_of(c);
    if (reason != Reason::ok) {
        if (burns(reason)) failed_.insert(c.id);
        return {.reason = reason};
    }
    done_[c.id] = c;
    return {.amount = done(c)};
}

std::vector<std::vector<Outcome>> LedgerModel::apply(const std::vector<Submission>& batch,
                                                     std::int64_t second) {
    second_ = second;
    for (const auto& [id, promise] : promises_)
        if (promise.state == State::pending && promise.due_second && *promise.due_second <= second_)
            release(id, State::expired, 0);
    std::vector<std::vector<Outcome>> answers;
    for (const Submission& submission : batch) {
        const std::vector<Command>& commands = submission.commands;
        std::vector<Outcome> outcomes(commands.size());
        for (std::size_t begin = 0; begin < commands.size();) {
            std::size_t end = begin;
            while (end < commands.size() && commands[end].flags == 1) ++end;
            if (end == commands.size()) {
                // The chain has no end.
                for (; begin < end; ++begin) outcomes[begin].reason = Reason::linked_chain_open;
                break;
            }
            // Only a chain can be taken back.
            std::optional<LedgerModel> before;
            if (end > begin) before = *this;
            std::size_t failed = begin;
            for (; failed <= end; ++failed) {
                outcomes[failed] = one(commands[failed]);
                if (outcomes[failed].reason != Reason::ok) break;
            }
            if (failed <= end && end > begin) {
                const Outcome why = outcomes[failed];
                *this = *before;
                if (burns(why.reason)) failed_.insert(commands[failed].id);
                for (std::size_t i = begin; i <= end; ++i)
                    outcomes[i] =
                        i == failed ? why : Outcome{.reason = Reason::linked_event_failed};
            }
            begin = end + 1;
        }
        answers.push_back(std::move(outcomes));
    }
    return answers;
}

std::optional<std::string> LedgerModel::differs(const engine::Engine& engine, bool thorough) const {
    const registry::Registry& books = engine.registry();
    if (books.accounts() != accounts_.size())
        return fmt::format("{} accounts, not {}", books.accounts(), accounts_.size());
    std::optional<std::string> found;
    books.for_each_account([&](const registry::AccountView& view) {
        const auto account = accounts_.find(view.id);
        const auto number = static_cast<std::uint64_t>(view.id);
        if (found) return;
        if (account == accounts_.end() || account->second.kind != view.kind ||
            account->second.status != view.status || account->second.owner != view.participant ||
            account->second.obligated != view.obligated) {
            found = fmt::format("account {} is not what it was made", number);
            return;
        }
        for (const registry::Balance& balance : view.balances) {
            const Where where{view.id, balance.asset};
            if (balance.posted != at(posted_, where) || balance.reserved != at(reserved_, where) ||
                balance.incoming != at(incoming_, where))
                found = fmt::format(
                    "account {} of asset {} has {} ({} reserved, {} incoming), not {} ({}, {})",
                    number,
                    static_cast<std::uint32_t>(balance.asset),
                    balance.posted,
                    balance.reserved,
                    balance.incoming,
                    at(posted_, where),
                    at(reserved_, where),
                    at(incoming_, where));
        }
    });
    if (found) return found;
    for (const auto& [where, amount] : posted_)
        if (books.balance(where.first, where.second).posted != amount)
            return fmt::format("account {} has not {} of asset {}",
                               static_cast<std::uint64_t>(where.first),
                               amount,
                               static_cast<std::uint32_t>(where.second));
    for (const auto& [id, promise] : promises_) {
        const auto kept = books.transfer(id);
        const registry::PendingState expected =
            promise.state == State::pending  ? registry::PendingState::pending
            : promise.state == State::posted ? registry::PendingState::posted
            : promise.state == State::voided ? registry::PendingState::voided
                                             : registry::PendingState::expired;
        if (!kept || kept->pending != expected)
            return fmt::format("promise {}.{} is in another state", id.high, id.low);
        // It ends at a half second, and is over from the next whole one on.
        if (kept->due.has_value() != promise.due_second.has_value() ||
            (kept->due && kept->due->us / 1'000'000 + 1 != *promise.due_second))
            return fmt::format("promise {}.{} ends at another time", id.high, id.low);
    }
    if (!thorough) return std::nullopt;
    for (const auto& [id, command] : done_) {
        const auto kept = books.transfer(id);
        if (!kept || kept->outcome.reason != Reason::ok || !(kept->command == command))
            return fmt::format("{}.{} was acknowledged and is not in the books", id.high, id.low);
    }
    for (const TransferId& id : failed_) {
        const auto kept = books.transfer(id);
        if (!kept || kept->outcome.reason == Reason::ok)
            return fmt::format("{}.{} was refused and is not kept as such", id.high, id.low);
    }
    if (books.transfers() < done_.size() + failed_.size())
        return "fewer ids are known than were used";
    for (const auto& [participant, group] : groups_)
        if (books.group_of(participant) != group) return "a participant is in another group";
    return std::nullopt;
}

}  // namespace abate::simulation
