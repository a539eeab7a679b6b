#include "abate/registry/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace abate::registry {
namespace {

using K = AccountKind;

// Who may give to whom, by operation. Money and allowances never meet in a row.
struct Way {
    Op op;
    K from;
    K to;
};

// Ordinary transfers and promises of allowances: from these to those.
constexpr std::array kGivesAllowances{K::holding, K::auction, K::reserve, K::escrow};
constexpr std::array kTakesAllowances{
    K::holding, K::compliance, K::auction, K::reserve, K::escrow, K::deficit};
constexpr std::array kMoney{K::cash, K::auction_proceeds, K::penalties, K::fees};
constexpr std::array kInstitutional{
    Way{Op::issue, K::issuance, K::auction},
    Way{Op::issue, K::issuance, K::reserve},
    Way{Op::issue, K::issuance, K::holding},
    Way{Op::issue, K::issuance, K::compliance},
    Way{Op::surrender, K::compliance, K::retirement},
    Way{Op::retire, K::holding, K::retirement},
    Way{Op::claw_back, K::holding, K::auction},
    Way{Op::claw_back, K::holding, K::reserve},
    Way{Op::claw_back, K::compliance, K::auction},
    Way{Op::claw_back, K::compliance, K::reserve},
    Way{Op::deposit, K::bank, K::cash},
    Way{Op::deposit, K::bank, K::auction_proceeds},
    Way{Op::deposit, K::bank, K::penalties},
    Way{Op::deposit, K::bank, K::fees},
    Way{Op::withdraw, K::cash, K::bank},
    Way{Op::withdraw, K::auction_proceeds, K::bank},
    Way{Op::withdraw, K::penalties, K::bank},
    Way{Op::withdraw, K::fees, K::bank},
};

template <class List>
bool in(const List& list, K kind) {
    return std::find(list.begin(), list.end(), kind) != list.end();
}

bool is_money(K kind) { return in(kMoney, kind) || kind == K::bank; }
bool has_owner(K kind) {
    return kind == K::holding || kind == K::compliance || kind == K::deficit || kind == K::cash;
}

bool plain(Op op) { return op == Op::transfer || op == Op::reserve; }

bool gives(Op op, K from) {
    if (plain(op)) return in(kGivesAllowances, from) || in(kMoney, from);
    return std::any_of(kInstitutional.begin(), kInstitutional.end(), [&](const Way& way) {
        return way.op == op && way.from == from;
    });
}
bool takes(Op op, K to) {
    if (plain(op)) return in(kTakesAllowances, to) || in(kMoney, to);
    return std::any_of(kInstitutional.begin(), kInstitutional.end(), [&](const Way& way) {
        return way.op == op && way.to == to;
    });
}

bool moves(Op op) {
    return op == Op::issue || op == Op::transfer || op == Op::reserve || op == Op::surrender ||
           op == Op::retire || op == Op::claw_back || op == Op::deposit || op == Op::withdraw;
}
bool resolves(Op op) { return op == Op::post || op == Op::void_pending; }

std::uint64_t number(AccountId id) { return static_cast<std::uint64_t>(id); }
std::uint32_t number(Asset asset) { return static_cast<std::uint32_t>(asset); }

// The command with the fields of its operation only: what a journal may hold, equal to what it does hold.
Command cleaned(const Command& c) {
    Command out;
    out.op = c.op;
    out.id = c.id;
    out.code = c.code;
    out.flags = static_cast<std::uint16_t>(c.flags & kLinked);
    if (moves(c.op)) {
        out.from = c.from;
        out.to = c.to;
        out.asset = c.asset;
        out.amount = c.amount;
    }
    switch (c.op) {
        case Op::transfer:
            out.price_micro = c.price_micro;
            break;
        case Op::reserve:
            out.price_micro = c.price_micro;
            out.timeout_us = c.timeout_us;
            break;
        case Op::surrender:
            out.period = c.period;
            break;
        case Op::claw_back:
            out.deficit = c.deficit;
            break;
        case Op::open_participant:
        case Op::regroup:
            out.participant = c.participant;
            out.group = c.group;
            break;
        case Op::open_account:
            out.from = c.from;
            out.kind = c.kind;
            if (has_owner(c.kind)) out.participant = c.participant;
            break;
        case Op::set_status:
            out.from = c.from;
            out.status = c.status;
            break;
        case Op::set_obligated:
            out.from = c.from;
            out.obligated = c.obligated != 0 ? 1 : 0;
            break;
        case Op::close_account:
            out.from = c.from;
            break;
        case Op::post:
            out.reference = c.reference;
            out.amount = c.amount;
            break;
        case Op::void_pending:
            out.reference = c.reference;
            break;
        default:
            break;
    }
    return out;
}

// A command that could never be done, and so never reached a journal.
const char* malformed(const Command& c) {
    constexpr Int128 kHundredYearsUs = Int128{100} * 366 * 86'400 * 1'000'000;
    if (!(cleaned(c) == c)) return "a field that the operation does not have";
    if (moves(c.op)) {
        if (c.from == AccountId{} || c.to == AccountId{} || c.from == c.to)
            return "two accounts are needed";
        if (number(c.asset) > 9999) return "no such asset";
        if (c.amount <= 0) return "an amount above zero is needed";
        if (c.price_micro < 0) return "a price below zero";
        if (c.op == Op::surrender && c.period == 0) return "no period";
        if (c.op == Op::claw_back && c.deficit == AccountId{}) return "no deficit account";
        if (Int128{c.timeout_us} > kHundredYearsUs) return "a time-out beyond a hundred years";
        return nullptr;
    }
    if (resolves(c.op))
        return c.reference.empty() || c.amount < 0 ? "no promise, or less than nothing of it"
                                                   : nullptr;
    if (c.op == Op::open_participant || c.op == Op::regroup)
        return c.participant == ParticipantId{} || c.group == GroupId{} ? "no participant or group"
                                                                        : nullptr;
    if (c.from == AccountId{}) return "no account";
    if (c.op == Op::open_account) {
        if (c.kind < K::holding || c.kind > K::deficit) return "no such kind of account";
        if (has_owner(c.kind) && c.participant == ParticipantId{}) return "no owner";
    }
    if (c.op == Op::set_status &&
        (c.status != AccountStatus::open && c.status != AccountStatus::blocked &&
         c.status != AccountStatus::frozen))
        return "no such status";
    return nullptr;
}

constexpr Int128 kTop = INT64_MAX;
constexpr Int128 kBottom = INT64_MIN;

}  // namespace

Int128 Auditor::at(const std::map<Place, Int128>& book, Place place) const {
    const auto found = book.find(place);
    return found == book.end() ? Int128{0} : found->second;
}

const Auditor::Owned* Auditor::owned(AccountId id) const {
    const auto found = accounts_.find(number(id));
    return found == accounts_.end() ? nullptr : &found->second;
}

Auditor::Answer Auditor::of_institution(const Command& c) const {
    const auto participant = groups_.find(static_cast<std::uint64_t>(c.participant));
    if (c.op == Op::open_participant)
        return {participant != groups_.end() ? Reason::participant_exists : Reason::ok};
    if (c.op == Op::regroup)
        return {participant == groups_.end() ? Reason::participant_not_found : Reason::ok};
    const Owned* account = owned(c.from);
    if (c.op == Op::open_account) {
        if (has_owner(c.kind) && participant == groups_.end())
            return {Reason::participant_not_found};
        return {account != nullptr ? Reason::account_exists : Reason::ok};
    }
    if (account == nullptr) return {Reason::from_account_not_found};
    if (account->status == AccountStatus::closed) return {Reason::account_closed_is_final};
    if (c.op != Op::close_account) return {};
    if (account->obligated) return {Reason::account_has_obligation};
    for (const auto& [id, promise] : promises_)
        if (promise.state == PendingState::pending &&
            (promise.command.from == c.from || promise.command.to == c.from))
            return {Reason::account_has_pending_transfers};
    for (auto each = posted_.lower_bound({number(c.from), 0});
         each != posted_.end() && each->first.first == number(c.from);
         ++each)
        if (each->second != 0) return {Reason::account_not_empty};
    return {};
}

Auditor::Answer Auditor::of_promise(const Command& c, Int128 now) const {
    if (!done_.contains(c.reference)) return {Reason::reference_not_found};
    const auto found = promises_.find(c.reference);
    if (found == promises_.end()) return {Reason::reference_not_pending};
    const Promise& promise = found->second;
    if (promise.state == PendingState::posted) return {Reason::already_posted};
    if (promise.state == PendingState::voided) return {Reason::already_voided};
    if (promise.state == PendingState::expired || (promise.due != 0 && now >= promise.due))
        return {Reason::already_expired};
    if (c.amount > promise.command.amount) return {Reason::exceeds_pending_amount};
    if (c.op == Op::post) {
        if (owned(promise.command.from)->status == AccountStatus::frozen)
            return {Reason::from_account_frozen};
        if (owned(promise.command.to)->status == AccountStatus::frozen)
            return {Reason::to_account_frozen};
    }
    return {Reason::ok, c.amount != 0 ? c.amount : promise.command.amount};
}

Auditor::Answer Auditor::of_movement(const Command& c, Int128 now) const {
    const Owned* from = owned(c.from);
    const Owned* to = owned(c.to);
    const Owned* deficit = owned(c.deficit);
    const bool back = c.op == Op::claw_back;
    if (from == nullptr) return {Reason::from_account_not_found};
    if (to == nullptr) return {Reason::to_account_not_found};
    if (back && deficit == nullptr) return {Reason::deficit_account_not_found};
    const bool money = c.asset == Asset::cash;
    if (is_money(from->kind) != money || is_money(to->kind) != money)
        return {Reason::asset_not_for_account};
    if (from->kind == K::retirement) return {Reason::retirement_is_final};
    if (from->kind == K::compliance && c.op != Op::surrender && !back)
        return {Reason::compliance_is_one_way};
    if (!gives(c.op, from->kind)) return {Reason::from_kind_not_allowed};
    if (!takes(c.op, to->kind)) return {Reason::to_kind_not_allowed};
    if (to->kind == K::compliance && has_owner(from->kind) && from->participant != to->participant)
        return {Reason::compliance_account_of_another};
    if (to->kind == K::deficit && from->participant != to->participant)
        return {Reason::deficit_account_of_another};
    if (back && (deficit->kind != K::deficit || deficit->participant != from->participant))
        return {Reason::deficit_account_of_another};
    if (from->status == AccountStatus::closed) return {Reason::from_account_closed};
    if (to->status == AccountStatus::closed) return {Reason::to_account_closed};
    if (from->status == AccountStatus::frozen && !back) return {Reason::from_account_frozen};
    if (to->status == AccountStatus::frozen) return {Reason::to_account_frozen};
    if (from->status == AccountStatus::blocked && c.op != Op::surrender && !back)
        return {Reason::from_account_blocked};

    const Place source{number(c.from), number(c.asset)};
    const Place target{number(c.to), number(c.asset)};
    const Int128 free = at(posted_, source) - at(reserved_, source);
    Int128 moved = c.amount;
    if (back) {
        moved = std::min<Int128>(c.amount, free);
        if (at(posted_, {number(c.deficit), number(c.asset)}) - (c.amount - moved) < kBottom)
            return {Reason::overflows_from};
    } else if (from->kind == K::issuance || from->kind == K::bank) {
        if (at(posted_, source) - c.amount < kBottom) return {Reason::overflows_from};
    } else if (free < c.amount) {
        return {Reason::insufficient_balance};
    }
    const Int128 after = at(posted_, target) + at(incoming_, target) + c.amount;
    if (after > kTop) return {Reason::overflows_to};
    if (to->kind == K::deficit && after > 0) return {Reason::deficit_must_not_become_positive};
    if (c.timeout_us != 0 && now + Int128{c.timeout_us} > kTop) return {Reason::overflows_time};
    return {Reason::ok, moved};
}

Auditor::Answer Auditor::expected(const Command& c, Int128 now) const {
    if (moves(c.op)) return of_movement(c, now);
    if (resolves(c.op)) return of_promise(c, now);
    return of_institution(c);
}

std::optional<Finding> Auditor::check(const Event& event) {
    const Command& c = event.command;
    const Int128 now = event.at.us;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Finding
    const auto differs = [](const char* field, std::string expected, std::string found) {
        return Finding{field, std::move(expected), std::move(found)};
    };
    ++events_;
    if (now < last_ || (now == last_ && c.op != Op::expire))
        return differs("time", fmt::format("after {}", last_), fmt::format("{}", event.at.us));
    last_ = now;
    if (c.op == Op::expire) {
        const auto promise = promises_.find(c.reference);
        if (promise == promises_.end() || promise->second.state != PendingState::pending)
            return differs("reference", "a pending transfer", "none that is pending");
        if (promise->second.due == 0 || promise->second.due > now)
            return differs(
                "time",
                promise->second.due == 0 ? "no expiry" : fmt::format("{}", promise->second.due),
                fmt::format("{}", event.at.us));
        if (event.outcome.amount != promise->second.command.amount)
            return differs("amount",
                           fmt::format("{}", promise->second.command.amount),
                           fmt::format("{}", event.outcome.amount));
        record(event);
        return std::nullopt;
    }
    if (c.id.empty()) return differs("id", "not zero", "zero");
    if (const char* why = malformed(c)) return differs("command", "one that can be done", why);
    if (done_.contains(c.id) || failed_.contains(c.id))
        return differs("id", "an id that was not used", "one that was");
    // Refused in a chain: the commands before it, which were taken back, are not in the journal. It moved nothing and used up its id.
    if ((c.flags & kLinked) != 0 && event.outcome.reason != Reason::ok) {
        if (event.outcome.reason < Reason::participant_exists || event.outcome.amount != 0)
            return differs("reason",
                           "one of the books, and nothing moved",
                           std::string(to_string(event.outcome.reason)));
        record(event);
        return std::nullopt;
    }
    const Answer answer = expected(c, now);
    if (answer.reason != event.outcome.reason)
        return differs("reason",
                       std::string(to_string(answer.reason)),
                       std::string(to_string(event.outcome.reason)));
    if (answer.amount != Int128{event.outcome.amount})
        return differs(
            "amount", fmt::format("{}", answer.amount), fmt::format("{}", event.outcome.amount));
    record(event);
    return std::nullopt;
}

void Auditor::record(const Event& event) {
    const Command& c = event.command;
    if (event.outcome.reason != Reason::ok) {
        failed_.insert(c.id);
        return;
    }
    const auto promise_ended = [&](PendingState state) {
        Promise& promise = promises_.at(c.reference);
        const Command& p = promise.command;
        reserved_[{number(p.from), number(p.asset)}] -= p.amount;
        incoming_[{number(p.to), number(p.asset)}] -= p.amount;
        promise.state = state;
        if (state != PendingState::posted) return;
        posted_[{number(p.from), number(p.asset)}] -= event.outcome.amount;
        posted_[{number(p.to), number(p.asset)}] += event.outcome.amount;
    };
    switch (c.op) {
        case Op::open_participant:
        case Op::regroup:
            groups_[static_cast<std::uint64_t>(c.participant)] =
                static_cast<std::uint64_t>(c.group);
            break;
        case Op::open_account:
            accounts_[number(c.from)] = {.participant = static_cast<std::uint64_t>(c.participant),
                                         .kind = c.kind,
                                         .status = AccountStatus::open};
            break;
        case Op::set_status:
            accounts_.at(number(c.from)).status = c.status;
            break;
        case Op::set_obligated:
            accounts_.at(number(c.from)).obligated = c.obligated != 0;
            break;
        case Op::close_account:
            accounts_.at(number(c.from)).status = AccountStatus::closed;
            break;
        case Op::post:
            promise_ended(PendingState::posted);
            break;
        case Op::void_pending:
            promise_ended(PendingState::voided);
            break;
        case Op::expire:
            promise_ended(PendingState::expired);
            return;
        case Op::reserve:
            reserved_[{number(c.from), number(c.asset)}] += c.amount;
            incoming_[{number(c.to), number(c.asset)}] += c.amount;
            promises_[c.id] = {
                .command = c,
                .due = c.timeout_us == 0 ? Int128{0} : Int128{event.at.us} + Int128{c.timeout_us}};
            break;
        default:
            posted_[{number(c.from), number(c.asset)}] -= event.outcome.amount;
            posted_[{number(c.to), number(c.asset)}] += c.amount;
            if (c.op == Op::claw_back)
                posted_[{number(c.deficit), number(c.asset)}] -= c.amount - event.outcome.amount;
    }
    done_[c.id] = c;
}

std::optional<Finding> Auditor::cover(const AccountAsset& from, Int128 amount) {
    const Place place{number(from.account), number(from.asset)};
    const Int128 free = at(posted_, place) - at(reserved_, place);
    if (amount < 0 || amount > free)
        return Finding{"cover", fmt::format("at most {}", free), fmt::format("{}", amount)};
    reserved_[place] += amount;
    return std::nullopt;
}

void Auditor::uncover(const AccountAsset& from, Int128 amount) {
    reserved_[{number(from.account), number(from.asset)}] -= amount;
}

std::optional<Finding> Auditor::pay(const AccountAsset& from, AccountId to, Int128 amount) {
    const Place source{number(from.account), number(from.asset)};
    const Int128 free = at(posted_, source) - at(reserved_, source);
    if (amount < 0 || amount > free)
        return Finding{"balance", fmt::format("at most {}", free), fmt::format("{}", amount)};
    posted_[source] -= amount;
    posted_[{number(to), number(from.asset)}] += amount;
    return std::nullopt;
}

AccountStatus Auditor::status(AccountId account) const {
    const Owned* found = owned(account);
    return found == nullptr ? AccountStatus::closed : found->status;
}

std::map<ParticipantId, Auditor::FirstOpen> Auditor::first_open() const {
    std::map<ParticipantId, FirstOpen> out;
    for (const auto& [id, account] : accounts_) {
        if (account.status == AccountStatus::closed) continue;
        FirstOpen& own = out[ParticipantId{account.participant}];
        if (account.kind == K::holding && own.holding == AccountId{}) own.holding = AccountId{id};
        if (account.kind == K::cash && own.cash == AccountId{}) own.cash = AccountId{id};
    }
    return out;
}

Auditor::Held Auditor::held_by(GroupId group) const {
    Held out;
    for (const auto* book : {&posted_, &incoming_})
        for (const auto& [place, amount] : *book) {
            const auto account = accounts_.find(place.first);
            if (account == accounts_.end() || place.second == number(Asset::cash) || amount <= 0 ||
                group_of(ParticipantId{account->second.participant}) != group)
                continue;
            if (account->second.kind == K::holding) out.holding += amount;
            if (account->second.kind == K::compliance) out.compliance += amount;
        }
    return out;
}

GroupId Auditor::group_of(ParticipantId participant) const {
    const auto found = groups_.find(static_cast<std::uint64_t>(participant));
    return found == groups_.end() ? GroupId{} : GroupId{found->second};
}

std::optional<Finding> Auditor::balance() const {
    std::map<std::uint32_t, Int128> sums;
    for (const auto& [place, amount] : posted_) {
        sums[place.second] += amount;
        const K kind = accounts_.at(place.first).kind;
        const bool may_owe = kind == K::issuance || kind == K::bank || kind == K::deficit;
        if (!may_owe && amount < at(reserved_, place))
            return Finding{
                "balance",
                fmt::format("at least {} in account {}", at(reserved_, place), place.first),
                fmt::format("{}", amount)};
    }
    for (const auto& [asset, sum] : sums)
        if (sum != 0)
            return Finding{
                "balance", fmt::format("0 over all of asset {}", asset), fmt::format("{}", sum)};
    return std::nullopt;
}

}  // namespace abate::registry
