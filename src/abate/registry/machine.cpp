#include "abate/registry/machine.h"

#include "abate/core/prefetch.h"
#include "abate/registry/account_rules.h"

#include <algorithm>
#include <limits>

namespace abate::registry {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
// How far ahead memory is asked for: a table's line, then the account that it names.
constexpr std::size_t kFar = 16;
constexpr std::size_t kNear = 8;
constexpr std::uint64_t kMostTimeoutUs = std::uint64_t{100} * 366 * 24 * 3600 * 1'000'000;

[[nodiscard]] bool is_known(Op op) { return op >= Op::open_participant && op <= Op::expire; }

// Moves something from one account to another, now or later.
[[nodiscard]] bool is_movement(Op op) {
    switch (op) {
        case Op::issue:
        case Op::transfer:
        case Op::reserve:
        case Op::surrender:
        case Op::retire:
        case Op::claw_back:
        case Op::deposit:
        case Op::withdraw:
            return true;
        default:
            return false;
    }
}
[[nodiscard]] bool is_resolution(Op op) {
    return op == Op::post || op == Op::void_pending || op == Op::expire;
}

[[nodiscard]] bool valid(Asset asset) {
    const auto number = static_cast<std::uint32_t>(asset);
    return asset == Asset::cash || (number >= static_cast<std::uint32_t>(kFirstVintage) &&
                                    number <= static_cast<std::uint32_t>(kLastVintage));
}

// lhs + rhs does not fit; rhs >= 0.
[[nodiscard]] bool beyond(std::int64_t lhs, std::int64_t rhs) { return lhs > kMost - rhs; }

// The fields that are not the op's own must be 0, so that none has a meaning that nobody checked.
[[nodiscard]] bool has_foreign_field(const Command& c) {
    const Op op = c.op;
    const bool movement = is_movement(op);
    const bool account_op = op == Op::open_account || op == Op::set_status ||
                            op == Op::set_obligated || op == Op::close_account;
    const bool participant_op = op == Op::open_participant || op == Op::regroup;
    const auto scheme_account = [&] { return is_known(c.kind) && !rule_of(c.kind).of_participant; };
    return (c.kind != AccountKind{} && op != Op::open_account) ||
           (c.status != AccountStatus{} && op != Op::set_status) ||
           (c.obligated != 0 && op != Op::set_obligated) || c.obligated > 1 ||
           (c.asset != Asset{} && !movement) || (c.period != 0 && op != Op::surrender) ||
           (!c.reference.empty() && !is_resolution(op)) ||
           (c.from != AccountId{} && !movement && !account_op) ||
           (c.to != AccountId{} && !movement) ||
           (c.deficit != AccountId{} && op != Op::claw_back) ||
           (c.participant != ParticipantId{} && !participant_op &&
            (op != Op::open_account || scheme_account())) ||
           (c.group != GroupId{} && !participant_op) ||
           (c.amount != 0 && !movement && op != Op::post) ||
           (c.price_micro != 0 && op != Op::transfer && op != Op::reserve) ||
           (c.timeout_us != 0 && op != Op::reserve);
}

}  // namespace

struct Registry::Undo {
    std::vector<std::pair<std::uint32_t, Account>> accounts;
    std::vector<std::pair<std::uint32_t, std::vector<Balance>>> more;
    std::vector<std::pair<std::uint32_t, Record>> records;
    std::vector<std::pair<std::uint32_t, Participant>> participants;
    std::size_t account_count = 0;
    std::vector<Event> events;
};

// ---- looking up

std::uint32_t Registry::find_record(const TransferId& id) const {
    return record_ids_.find(hash_of(id),
                            [&](std::uint32_t at) { return records_[at].command.id == id; });
}

std::uint32_t Registry::find_account(AccountId id) const {
    const std::uint32_t at =
        account_ids_.find(hash_of(static_cast<std::uint64_t>(id)),
                          [&](std::uint32_t p) { return accounts_[p].id == id; });
    return at == kNone || accounts_[at].status == AccountStatus{} ? kNone : at;
}

std::uint32_t Registry::find_participant(ParticipantId id) const {
    const std::uint32_t at =
        participant_ids_.find(hash_of(static_cast<std::uint64_t>(id)),
                              [&](std::uint32_t p) { return participants_[p].id == id; });
    return at == kNone || participants_[at].group == GroupId{} ? kNone : at;
}

const Balance* Registry::find_balance(const Account& account, Asset asset) const {
    for (std::size_t i = 0; i < account.used; ++i)
        if (account.balances[i].asset == asset) return &account.balances[i];
    if (account.more == kNone) return nullptr;
    for (const Balance& balance : more_[account.more])
        if (balance.asset == asset) return &balance;
    return nullptr;
}

Balance& Registry::balance_of(Account& account, Asset asset) {
    if (const Balance* found = find_balance(account, asset)) return const_cast<Balance&>(*found);
    if (account.used < kInline) {
        Balance& fresh = account.balances[account.used++];
        fresh = {.asset = asset};
        return fresh;
    }
    if (account.more == kNone) {
        account.more = static_cast<std::uint32_t>(more_.size());
        more_.emplace_back();
    }
    return more_[account.more].emplace_back(Balance{.asset = asset});
}

Registry::BalanceRef Registry::find_balance(AccountId id, Asset asset) const {
    BalanceRef out;
    const std::uint32_t at = find_account(id);
    if (at == kNone || !valid(asset)) return out;
    const Account& account = accounts_[at];
    if (rule_of(account.kind).money != (asset == Asset::cash)) return out;
    out.account_ = at;
    if (const Balance* balance = find_balance(account, asset)) out.at_ = place_of(account, balance);
    return out;
}

void Registry::open_balance(BalanceRef& of, Asset asset) {
    if (of.opened()) return;
    Account& account = accounts_[of.account_];
    of.at_ = place_of(account, &balance_of(account, asset));
}

std::uint32_t Registry::place_of(const Account& account, const Balance* balance) const {
    for (std::uint32_t i = 0; i < account.used; ++i)
        if (&account.balances[i] == balance) return i;
    return static_cast<std::uint32_t>(
        kInline + static_cast<std::size_t>(balance - more_[account.more].data()));
}

// ---- deciding

Reason Registry::check_alone(const Command& c) {
    if (!is_known(c.op) || c.op == Op::expire) return Reason::unknown_operation;
    if ((c.flags & ~kLinked) != 0) return Reason::unknown_flags;
    if (has_foreign_field(c)) return Reason::field_must_be_zero;
    if (c.id.empty()) return Reason::id_must_not_be_zero;
    return Reason::ok;
}

namespace {

// What the command names, whatever the books say.
Reason check_names(const Command& c) {
    switch (c.op) {
        case Op::open_participant:
        case Op::regroup:
            if (c.participant == ParticipantId{}) return Reason::participant_must_not_be_zero;
            return c.group == GroupId{} ? Reason::group_must_not_be_zero : Reason::ok;
        case Op::open_account:
            if (is_known(c.kind) && rule_of(c.kind).of_participant &&
                c.participant == ParticipantId{})
                return Reason::participant_must_not_be_zero;
            if (c.from == AccountId{}) return Reason::account_must_not_be_zero;
            return is_known(c.kind) ? Reason::ok : Reason::unknown_account_kind;
        case Op::set_status:
            if (c.from == AccountId{}) return Reason::account_must_not_be_zero;
            return c.status == AccountStatus::open || c.status == AccountStatus::blocked ||
                           c.status == AccountStatus::frozen
                       ? Reason::ok
                       : Reason::unknown_account_status;
        case Op::set_obligated:
        case Op::close_account:
            return c.from == AccountId{} ? Reason::account_must_not_be_zero : Reason::ok;
        case Op::post:
        case Op::void_pending:
            if (c.reference.empty()) return Reason::reference_must_not_be_zero;
            return c.amount < 0 ? Reason::amount_must_be_positive : Reason::ok;
        default:
            break;
    }
    if (c.from == AccountId{} || c.to == AccountId{} ||
        (c.op == Op::claw_back && c.deficit == AccountId{}))
        return Reason::account_must_not_be_zero;
    if (c.from == c.to) return Reason::accounts_must_differ;
    if (!valid(c.asset)) return Reason::unknown_asset;
    if (c.amount <= 0) return Reason::amount_must_be_positive;
    if (c.price_micro < 0) return Reason::price_must_not_be_negative;
    if (c.op == Op::surrender && c.period == 0) return Reason::period_must_not_be_zero;
    return c.timeout_us > kMostTimeoutUs ? Reason::timeout_too_long : Reason::ok;
}

}  // namespace

Reason Registry::difference(const Retry& retry) {
    const auto& [kept, came] = retry;
    if (kept.op != came.op) return Reason::exists_with_different_operation;
    if (kept.from != came.from) return Reason::exists_with_different_from;
    if (kept.to != came.to) return Reason::exists_with_different_to;
    if (kept.asset != came.asset) return Reason::exists_with_different_asset;
    if (kept.amount != came.amount) return Reason::exists_with_different_amount;
    if (kept.reference != came.reference) return Reason::exists_with_different_reference;
    if (kept.deficit != came.deficit) return Reason::exists_with_different_deficit;
    if (kept.participant != came.participant) return Reason::exists_with_different_participant;
    if (kept.group != came.group) return Reason::exists_with_different_group;
    if (kept.kind != came.kind) return Reason::exists_with_different_kind;
    if (kept.status != came.status) return Reason::exists_with_different_status;
    if (kept.obligated != came.obligated) return Reason::exists_with_different_obligated;
    if (kept.period != came.period) return Reason::exists_with_different_period;
    if (kept.timeout_us != came.timeout_us) return Reason::exists_with_different_timeout;
    if (kept.price_micro != came.price_micro) return Reason::exists_with_different_price;
    if (kept.code != came.code) return Reason::exists_with_different_code;
    if (kept.flags != came.flags) return Reason::exists_with_different_flags;
    return Reason::exists;
}

Reason Registry::check_id(const Command& command, std::uint32_t& record) const {
    record = find_record(command.id);
    if (record == kNone) return Reason::ok;
    const Record& kept = records_[record];
    switch (kept.state) {
        case RecordState::free:
            return Reason::ok;
        case RecordState::failed:
            return Reason::id_already_failed;
        case RecordState::done:
            return difference({.kept = kept.command, .came = command});
    }
    return Reason::ok;
}

Registry::Decision Registry::decide(const Command& command, Timestamp now) const {
    Decision decision;
    Reason& reason = decision.outcome.reason;
    reason = check_alone(command);
    if (reason != Reason::ok) return decision;
    reason = check_id(command, decision.record);
    if (reason != Reason::ok) return decision;
    reason = check_names(command);
    if (reason != Reason::ok) return decision;
    if (is_movement(command.op)) {
        decide_movement(command, now, decision);
    } else if (is_resolution(command.op)) {
        decide_resolution(command, now, decision);
    } else {
        decide_institution(command, decision);
    }
    return decision;
}

void Registry::decide_institution(const Command& c, Decision& decision) const {
    Reason& reason = decision.outcome.reason;
    decision.participant = find_participant(c.participant);
    decision.from = find_account(c.from);
    switch (c.op) {
        case Op::open_participant:
            if (decision.participant != kNone) reason = Reason::participant_exists;
            return;
        case Op::regroup:
            if (decision.participant == kNone) reason = Reason::participant_not_found;
            return;
        case Op::open_account:
            if (c.participant != ParticipantId{} && decision.participant == kNone) {
                reason = Reason::participant_not_found;
            } else if (decision.from != kNone) {
                reason = Reason::account_exists;
            }
            return;
        default:
            break;
    }
    if (decision.from == kNone) {
        reason = Reason::from_account_not_found;
        return;
    }
    const Account& account = accounts_[decision.from];
    if (account.status == AccountStatus::closed) {
        reason = Reason::account_closed_is_final;
        return;
    }
    if (c.op != Op::close_account) return;
    const auto empty = [](const Balance& balance) { return balance.posted == 0; };
    if (account.obligated != 0) {
        reason = Reason::account_has_obligation;
    } else if (account.pending != 0) {
        reason = Reason::account_has_pending_transfers;
    } else if (!std::all_of(
                   account.balances.begin(), account.balances.begin() + account.used, empty) ||
               (account.more != kNone &&
                !std::all_of(more_[account.more].begin(), more_[account.more].end(), empty))) {
        reason = Reason::account_not_empty;
    }
}

void Registry::decide_resolution(const Command& c, Timestamp now, Decision& decision) const {
    Reason& reason = decision.outcome.reason;
    decision.reference = find_record(c.reference);
    if (decision.reference == kNone || records_[decision.reference].state != RecordState::done) {
        reason = Reason::reference_not_found;
        return;
    }
    const Record& pending = records_[decision.reference];
    switch (pending.pending) {
        case PendingState::none:
            reason = Reason::reference_not_pending;
            return;
        case PendingState::posted:
            reason = Reason::already_posted;
            return;
        case PendingState::voided:
            reason = Reason::already_voided;
            return;
        case PendingState::expired:
            reason = Reason::already_expired;
            return;
        case PendingState::pending:
            break;
    }
    if (pending.due_us != 0 && now.us >= pending.due_us) {
        reason = Reason::already_expired;
        return;
    }
    if (c.amount > pending.command.amount) {
        reason = Reason::exceeds_pending_amount;
        return;
    }
    decision.from = find_account(pending.command.from);
    decision.to = find_account(pending.command.to);
    ABATE_ASSERT(decision.from != kNone && decision.to != kNone);
    if (c.op == Op::post) {
        if (accounts_[decision.from].status == AccountStatus::frozen)
            reason = Reason::from_account_frozen;
        else if (accounts_[decision.to].status == AccountStatus::frozen)
            reason = Reason::to_account_frozen;
    }
    if (reason == Reason::ok)
        decision.outcome.amount = c.amount != 0 ? c.amount : pending.command.amount;
}

Reason Registry::check_accounts(const Command& c, const Decision& decision) const {
    const Account& from = accounts_[decision.from];
    const Account& to = accounts_[decision.to];
    const bool money = c.asset == Asset::cash;
    const bool claw_back = c.op == Op::claw_back;
    if (rule_of(from.kind).money != money || rule_of(to.kind).money != money)
        return Reason::asset_not_for_account;
    if (from.kind == AccountKind::retirement) return Reason::retirement_is_final;
    if (from.kind == AccountKind::compliance && c.op != Op::surrender && !claw_back)
        return Reason::compliance_is_one_way;
    if (!may_give(c.op, from.kind)) return Reason::from_kind_not_allowed;
    if (!may_take(c.op, to.kind)) return Reason::to_kind_not_allowed;
    if (to.kind == AccountKind::compliance && rule_of(from.kind).of_participant &&
        from.participant != to.participant)
        return Reason::compliance_account_of_another;
    if (to.kind == AccountKind::deficit && from.participant != to.participant)
        return Reason::deficit_account_of_another;
    if (claw_back) {
        const Account& deficit = accounts_[decision.deficit];
        if (deficit.kind != AccountKind::deficit || deficit.participant != from.participant)
            return Reason::deficit_account_of_another;
    }
    if (from.status == AccountStatus::closed) return Reason::from_account_closed;
    if (to.status == AccountStatus::closed) return Reason::to_account_closed;
    if (from.status == AccountStatus::frozen && !claw_back) return Reason::from_account_frozen;
    if (to.status == AccountStatus::frozen) return Reason::to_account_frozen;
    if (from.status == AccountStatus::blocked && c.op != Op::surrender && !claw_back)
        return Reason::from_account_blocked;
    return Reason::ok;
}

Reason Registry::check_balances(const Command& c, Decision& decision) const {
    const Account& from = accounts_[decision.from];
    const Account& to = accounts_[decision.to];
    const Balance* gives = find_balance(from, c.asset);
    const Balance* takes = find_balance(to, c.asset);
    const Balance has = gives != nullptr ? *gives : Balance{};
    const Balance gets = takes != nullptr ? *takes : Balance{};
    decision.outcome.amount = c.amount;
    if (c.op == Op::claw_back) {
        decision.outcome.amount = std::min(c.amount, has.available());
        const Balance* owed = find_balance(accounts_[decision.deficit], c.asset);
        const std::int64_t debt = owed != nullptr ? owed->posted : 0;
        if (debt < kLeast + (c.amount - decision.outcome.amount)) return Reason::overflows_from;
    } else if (rule_of(from.kind).below_zero) {
        if (has.posted < kLeast + c.amount) return Reason::overflows_from;
    } else if (has.available() < c.amount) {
        return Reason::insufficient_balance;
    }
    if (beyond(gets.posted + gets.incoming, c.amount)) return Reason::overflows_to;
    if (to.kind == AccountKind::deficit && gets.posted + gets.incoming + c.amount > 0)
        return Reason::deficit_must_not_become_positive;
    return Reason::ok;
}

void Registry::decide_movement(const Command& c, Timestamp now, Decision& decision) const {
    Reason& reason = decision.outcome.reason;
    decision.from = find_account(c.from);
    decision.to = find_account(c.to);
    if (c.op == Op::claw_back) decision.deficit = find_account(c.deficit);
    if (decision.from == kNone) {
        reason = Reason::from_account_not_found;
    } else if (decision.to == kNone) {
        reason = Reason::to_account_not_found;
    } else if (c.op == Op::claw_back && decision.deficit == kNone) {
        reason = Reason::deficit_account_not_found;
    } else {
        reason = check_accounts(c, decision);
        if (reason == Reason::ok) reason = check_balances(c, decision);
        if (reason == Reason::ok && c.timeout_us != 0 &&
            beyond(now.us, static_cast<std::int64_t>(c.timeout_us)))
            reason = Reason::overflows_time;
    }
    if (reason != Reason::ok) decision.outcome.amount = 0;
}

// ---- doing

void Registry::keep_record(const Event& event, std::uint32_t known) {
    std::uint32_t at = known;
    if (at == kNone) at = static_cast<std::uint32_t>(records_.size());
    // Written where it stays: a copy of what was just written in pieces would wait for the pieces.
    Record& record = known == kNone ? records_.emplace_back() : records_[known];
    record.command = event.command;
    record.amount = event.outcome.amount;
    record.at_us = event.at.us;
    record.due_us = 0;
    record.reason = event.outcome.reason;
    record.state = record.reason == Reason::ok ? RecordState::done : RecordState::failed;
    record.pending = PendingState::none;
    if (event.command.op == Op::reserve && record.state == RecordState::done) {
        record.pending = PendingState::pending;
        if (event.command.timeout_us != 0) {
            record.due_us = event.at.us + static_cast<std::int64_t>(event.command.timeout_us);
            due_.push({.us = record.due_us, .id = event.command.id, .record = at});
        }
    }
    if (known != kNone) return;
    const std::uint32_t placed = record_ids_.insert(hash_of(event.command.id));
    ABATE_ASSERT(placed == at);
}

void Registry::fold_institution(const Command& c, const Decision& decision, Undo* undo) {
    if (c.op == Op::open_participant) {
        const std::uint64_t hash = hash_of(static_cast<std::uint64_t>(c.participant));
        std::uint32_t at = participant_ids_.find(
            hash, [&](std::uint32_t p) { return participants_[p].id == c.participant; });
        if (at == kNone) {
            participants_.emplace_back().id = c.participant;
            at = participant_ids_.insert(hash);
        }
        if (undo != nullptr) undo->participants.emplace_back(at, participants_[at]);
        participants_[at].group = c.group;
        return;
    }
    if (c.op == Op::regroup) {
        Participant& participant = participants_[decision.participant];
        if (undo != nullptr) undo->participants.emplace_back(decision.participant, participant);
        participant.group = c.group;
        return;
    }
    std::uint32_t at = decision.from;
    if (c.op == Op::open_account) {
        const std::uint64_t hash = hash_of(static_cast<std::uint64_t>(c.from));
        at = account_ids_.find(hash, [&](std::uint32_t p) { return accounts_[p].id == c.from; });
        if (at == kNone) {
            accounts_.emplace_back().id = c.from;
            at = account_ids_.insert(hash);
        }
    }
    Account& account = accounts_[at];
    if (undo != nullptr) undo->accounts.emplace_back(at, account);
    switch (c.op) {
        case Op::open_account:
            account = {.id = c.from,
                       .participant = c.participant,
                       .kind = c.kind,
                       .status = AccountStatus::open,
                       .opened = static_cast<std::uint32_t>(account_count_)};
            ++account_count_;
            break;
        case Op::set_status:
            account.status = c.status;
            break;
        case Op::set_obligated:
            account.obligated = c.obligated;
            break;
        case Op::close_account:
            account.status = AccountStatus::closed;
            break;
        default:
            ABATE_ASSERT(false);
    }
}

void Registry::save(std::uint32_t account, Undo& undo) const {
    undo.accounts.emplace_back(account, accounts_[account]);
    const std::uint32_t more = accounts_[account].more;
    if (more != kNone) undo.more.emplace_back(more, more_[more]);
}

void Registry::fold_resolution(const Event& event, const Decision& decision, Undo* undo) {
    Record& pending = records_[decision.reference];
    if (undo != nullptr) {
        save(decision.from, *undo);
        save(decision.to, *undo);
        undo->records.emplace_back(decision.reference, pending);
    }
    const std::int64_t all = pending.command.amount;
    Account& from = accounts_[decision.from];
    Account& to = accounts_[decision.to];
    Balance& gives = balance_of(from, pending.command.asset);
    Balance& takes = balance_of(to, pending.command.asset);
    gives.reserved -= all;
    takes.incoming -= all;
    --from.pending;
    --to.pending;
    switch (event.command.op) {
        case Op::post:
            gives.posted -= event.outcome.amount;
            takes.posted += event.outcome.amount;
            pending.pending = PendingState::posted;
            break;
        case Op::void_pending:
            pending.pending = PendingState::voided;
            break;
        default:
            pending.pending = PendingState::expired;
            break;
    }
}

void Registry::fold_movement(const Event& event, const Decision& decision, Undo* undo) {
    const Command& c = event.command;
    if (undo != nullptr) {
        save(decision.from, *undo);
        save(decision.to, *undo);
        if (decision.deficit != kNone) save(decision.deficit, *undo);
    }
    Account& from = accounts_[decision.from];
    Account& to = accounts_[decision.to];
    if (c.op == Op::reserve) {
        balance_of(from, c.asset).reserved += c.amount;
        balance_of(to, c.asset).incoming += c.amount;
        ++from.pending;
        ++to.pending;
        return;
    }
    balance_of(from, c.asset).posted -= event.outcome.amount;
    balance_of(to, c.asset).posted += c.amount;
    if (c.op == Op::claw_back)
        balance_of(accounts_[decision.deficit], c.asset).posted -= c.amount - event.outcome.amount;
}

void Registry::fold(const Event& event, const Decision& decision, Undo* undo) {
    const Command& c = event.command;
    last_ = std::max(last_, event.at);
    if (event.outcome.reason == Reason::ok) {
        if (is_movement(c.op)) {
            fold_movement(event, decision, undo);
        } else if (is_resolution(c.op)) {
            fold_resolution(event, decision, undo);
        } else {
            fold_institution(c, decision, undo);
        }
    }
    if (c.op == Op::expire) return;  // it has no id of its own
    if (undo != nullptr) {
        const std::uint32_t at = decision.record != kNone
                                     ? decision.record
                                     : static_cast<std::uint32_t>(records_.size());
        Record free;
        if (decision.record != kNone) free = records_[decision.record];
        free.command.id = c.id;
        free.state = RecordState::free;
        undo->records.emplace_back(at, free);
    }
    keep_record(event, decision.record);
}

std::optional<Registry::Decision> Registry::looked_up(const Event& event) const {
    const Command& c = event.command;
    const bool ok = event.outcome.reason == Reason::ok;
    Decision decision;
    decision.outcome = event.outcome;
    if (c.op != Op::expire) {
        decision.record = find_record(c.id);
        if (c.id.empty() ||
            (decision.record != kNone && records_[decision.record].state != RecordState::free))
            return std::nullopt;
    }
    if (!ok) return decision;
    if (is_resolution(c.op)) {
        decision.reference = find_record(c.reference);
        if (decision.reference == kNone) return std::nullopt;
        const Command& promise = records_[decision.reference].command;
        decision.from = find_account(promise.from);
        decision.to = find_account(promise.to);
        if (decision.from == kNone || decision.to == kNone) return std::nullopt;
        return decision;
    }
    decision.from = find_account(c.from);
    if (is_movement(c.op)) {
        decision.to = find_account(c.to);
        if (c.op == Op::claw_back) decision.deficit = find_account(c.deficit);
        if (decision.from == kNone || decision.to == kNone || decision.from == decision.to ||
            (c.op == Op::claw_back && decision.deficit == kNone))
            return std::nullopt;
        return decision;
    }
    decision.participant = find_participant(c.participant);
    const bool there = c.op == Op::regroup ? decision.participant != kNone : decision.from != kNone;
    const bool opens = c.op == Op::open_participant || c.op == Op::open_account;
    const bool taken =
        c.op == Op::open_participant ? decision.participant != kNone : decision.from != kNone;
    if (opens ? taken : !there) return std::nullopt;
    return decision;
}

bool Registry::fits(const Event& event, const Decision& decision) const {
    const Command& c = event.command;
    const std::int64_t moved = event.outcome.amount;
    if (event.outcome.reason != Reason::ok) return moved == 0;
    if (is_resolution(c.op)) {
        const Record& promise = records_[decision.reference];
        return promise.pending == PendingState::pending && moved > 0 &&
               moved <= promise.command.amount;
    }
    if (!is_movement(c.op)) return moved == 0;
    if (c.amount <= 0 || moved < 0 || moved > c.amount ||
        (c.op != Op::claw_back && moved != c.amount))
        return false;
    if (c.timeout_us > kMostTimeoutUs ||
        beyond(event.at.us, static_cast<std::int64_t>(c.timeout_us)))
        return false;
    const auto of = [&](std::uint32_t at) {
        const Balance* found = at == kNone ? nullptr : find_balance(accounts_[at], c.asset);
        return found != nullptr ? *found : Balance{};
    };
    const Balance gives = of(decision.from);
    const Balance gets = of(decision.to);
    return gives.posted >= kLeast + c.amount && !beyond(gives.reserved, c.amount) &&
           gets.posted <= kMost - gets.incoming && !beyond(gets.posted + gets.incoming, c.amount) &&
           of(decision.deficit).posted >= kLeast + c.amount;
}

bool Registry::fold(const Event& event) {
    const std::optional<Decision> decision = looked_up(event);
    if (!decision || !fits(event, *decision)) return false;
    fold(event, *decision, nullptr);
    return true;
}

std::size_t Registry::fold_block(std::span<const Event> events) {
    std::size_t far = 0;
    std::size_t near = 0;
    for (std::size_t at = 0; at < events.size(); ++at) {
        for (; far < std::min(at + kFar, events.size()); ++far) prefetch(events[far].command);
        for (; near < std::min(at + kNear, events.size()); ++near)
            prefetch_accounts(events[near].command);
        if (!fold(events[at])) return at;
    }
    return events.size();
}

Outcome Registry::apply_one(const Command& command, Timestamp now, EventSink& sink, Undo* undo) {
    const Decision decision = decide(command, now);
    const Reason reason = decision.outcome.reason;
    if (reason != Reason::ok && !burns_id(reason)) return decision.outcome;
    const Event event{.command = command, .outcome = decision.outcome, .at = now};
    if (undo == nullptr) {
        sink.on(event);
        fold(event, decision, nullptr);
    } else if (reason == Reason::ok) {
        undo->events.push_back(event);
        fold(event, decision, undo);
    }
    return decision.outcome;
}

Outcome Registry::apply(const Command& command, Timestamp now, EventSink& sink) {
    ABATE_REQUIRE(now > last_);
    last_ = now;
    if ((command.flags & kLinked) != 0) return {.reason = Reason::linked_chain_open};
    return apply_one(command, now, sink, nullptr);
}

void Registry::roll_back(Undo& undo) {
    for (auto at = undo.records.rbegin(); at != undo.records.rend(); ++at)
        records_[at->first] = at->second;
    for (auto at = undo.more.rbegin(); at != undo.more.rend(); ++at)
        more_[at->first] = std::move(at->second);
    for (auto at = undo.accounts.rbegin(); at != undo.accounts.rend(); ++at) {
        // What had its first vintage beyond the inline ones in this chain keeps the empty list.
        const std::uint32_t more = accounts_[at->first].more;
        accounts_[at->first] = at->second;
        if (at->second.more == kNone && more != kNone) {
            more_[more].clear();
            accounts_[at->first].more = more;
        }
    }
    for (auto at = undo.participants.rbegin(); at != undo.participants.rend(); ++at)
        participants_[at->first] = at->second;
    account_count_ = undo.account_count;
}

void Registry::apply_chain(std::span<const Command> commands,
                           Timestamp now,
                           std::span<Outcome> outcomes,
                           EventSink& sink) {
    ABATE_REQUIRE(!commands.empty() && commands.size() == outcomes.size());
    ABATE_REQUIRE(now > last_);
    if (commands.size() == 1) {
        outcomes[0] = apply(commands[0], now, sink);
        return;
    }
    Undo undo;
    undo.account_count = account_count_;
    std::size_t failed = commands.size();
    if ((commands.back().flags & kLinked) != 0) {
        std::fill(outcomes.begin(), outcomes.end(), Outcome{.reason = Reason::linked_chain_open});
        last_ = now;
        return;
    }
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const Timestamp at{now.us + static_cast<std::int64_t>(i)};
        outcomes[i] = apply_one(commands[i], at, sink, &undo);
        if (outcomes[i].reason != Reason::ok) {
            failed = i;
            break;
        }
    }
    const Timestamp end{now.us + static_cast<std::int64_t>(commands.size()) - 1};
    if (failed == commands.size()) {
        for (const Event& event : undo.events) sink.on(event);
        last_ = end;
        return;
    }
    roll_back(undo);
    for (std::size_t i = 0; i < commands.size(); ++i)
        if (i != failed) outcomes[i] = {.reason = Reason::linked_event_failed};
    if (burns_id(outcomes[failed].reason)) {
        Event event{.command = commands[failed],
                    .outcome = outcomes[failed],
                    .at = {now.us + static_cast<std::int64_t>(failed)}};
        // The last of a chain too: it was refused after others that nobody finds in the journal, so nobody can judge it by the journal.
        event.command.flags |= kLinked;
        sink.on(event);
        const bool folded = fold(event);
        ABATE_ASSERT(folded);
    }
    last_ = end;
}

void Registry::make_room(const Room& more) {
    constexpr std::size_t kMostOfEach = std::size_t{1} << 31;
    ABATE_REQUIRE(more.accounts <= kMostOfEach && accounts_.size() <= kMostOfEach - more.accounts);
    ABATE_REQUIRE(more.commands <= kMostOfEach && records_.size() <= kMostOfEach - more.commands);
    account_ids_.reserve(accounts_.size() + more.accounts);
    accounts_.make_room(accounts_.size() + more.accounts);
    record_ids_.reserve(records_.size() + more.commands);
    records_.make_room(records_.size() + more.commands);
}

void Registry::prefetch(const Command& command) const {
    record_ids_.prefetch(hash_of(command.id));
    account_ids_.prefetch(hash_of(static_cast<std::uint64_t>(command.from)));
    account_ids_.prefetch(hash_of(static_cast<std::uint64_t>(command.to)));
}

void Registry::prefetch_accounts(const Command& command) const {
    for (const AccountId id : {command.from, command.to}) {
        const std::uint32_t at = account_ids_.guess(hash_of(static_cast<std::uint64_t>(id)));
        if (at == kNone) continue;
        const char* account = reinterpret_cast<const char*>(&accounts_[at]);
        prefetch_line(account);
        prefetch_line(account + 64);
    }
}

void Registry::apply_batch(std::span<const Command> commands,
                           Timestamp now,
                           std::span<Outcome> outcomes,
                           EventSink& sink) {
    ABATE_REQUIRE(commands.size() == outcomes.size());
    std::size_t at = 0;
    std::size_t far = 0;
    std::size_t near = 0;
    while (at < commands.size()) {
        for (; far < std::min(at + kFar, commands.size()); ++far) prefetch(commands[far]);
        for (; near < std::min(at + kNear, commands.size()); ++near)
            prefetch_accounts(commands[near]);
        std::size_t end = at;
        while (end < commands.size() && (commands[end].flags & kLinked) != 0) ++end;
        end = std::min(end + 1, commands.size());
        const Timestamp time{now.us + static_cast<std::int64_t>(at)};
        if (end - at == 1) {
            outcomes[at] = apply(commands[at], time, sink);
        } else {
            apply_chain(commands.subspan(at, end - at), time, outcomes.subspan(at, end - at), sink);
        }
        at = end;
    }
}

// ---- time

bool Registry::is_open(const Due& due) const {
    // It may have been resolved since, or put there by a chain that was undone.
    const Record& record = records_[due.record];
    return record.command.id == due.id && record.pending == PendingState::pending &&
           record.due_us == due.us;
}

std::optional<Timestamp> Registry::next_due() const {
    while (!due_.empty() && !is_open(due_.top())) due_.pop();
    if (due_.empty()) return std::nullopt;
    return Timestamp{due_.top().us};
}

void Registry::advance_time(Timestamp now, EventSink& sink) {
    ABATE_REQUIRE(now > last_);
    last_ = now;
    while (!due_.empty() && due_.top().us <= now.us) {
        const Due next = due_.top();
        due_.pop();
        if (!is_open(next)) continue;
        const Event event{.command = {.op = Op::expire, .reference = next.id},
                          .outcome = {.amount = records_[next.record].command.amount},
                          .at = now};
        sink.on(event);
        const bool folded = fold(event);
        ABATE_ASSERT(folded);
    }
}

// ---- asking

AccountView Registry::view(const Account& account) const {
    AccountView out{
        .id = account.id,
        .participant = account.participant,
        .kind = account.kind,
        .status = account.status,
        .obligated = account.obligated != 0,
        .balances = {account.balances.begin(), account.balances.begin() + account.used}};
    if (account.more != kNone)
        out.balances.insert(
            out.balances.end(), more_[account.more].begin(), more_[account.more].end());
    std::sort(out.balances.begin(), out.balances.end(), [](const Balance& a, const Balance& b) {
        return a.asset < b.asset;
    });
    return out;
}

std::optional<AccountView> Registry::account(AccountId id) const {
    const std::uint32_t at = find_account(id);
    if (at == kNone) return std::nullopt;
    return view(accounts_[at]);
}

Balance Registry::balance(AccountId id, Asset asset) const {
    const std::uint32_t at = find_account(id);
    const Balance* found = at == kNone ? nullptr : find_balance(accounts_[at], asset);
    return found != nullptr ? *found : Balance{.asset = asset};
}

std::optional<GroupId> Registry::group_of(ParticipantId id) const {
    const std::uint32_t at = find_participant(id);
    if (at == kNone) return std::nullopt;
    return participants_[at].group;
}

std::optional<TransferView> Registry::transfer(const TransferId& id) const {
    const std::uint32_t at = find_record(id);
    if (at == kNone || records_[at].state == RecordState::free) return std::nullopt;
    const Record& record = records_[at];
    TransferView out{.command = record.command,
                     .outcome = {.reason = record.reason, .amount = record.amount},
                     .pending = record.pending,
                     .at = {record.at_us},
                     .due = {}};
    if (record.due_us != 0) out.due = Timestamp{record.due_us};
    return out;
}

std::vector<std::uint32_t> Registry::in_order_of_opening() const {
    std::vector<std::uint32_t> out(account_count_);
    for (std::uint32_t i = 0; i < accounts_.size(); ++i)
        if (accounts_[i].status != AccountStatus{}) out[accounts_[i].opened] = i;
    return out;
}

void Registry::for_each_account(const std::function<void(const AccountView&)>& visit) const {
    for (const std::uint32_t at : in_order_of_opening()) visit(view(accounts_[at]));
}

}  // namespace abate::registry
