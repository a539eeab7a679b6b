#include "abate/scheme/audit.h"

#include "abate/core/plain_text.h"
#include "abate/scheme/decide.h"

#include <fmt/format.h>

#include <algorithm>

namespace abate::scheme {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of SchemeFinding
SchemeFinding finding(std::string field, std::string expected, std::string found) {
    return {.field = std::move(field), .expected = std::move(expected), .found = std::move(found)};
}

bool has_role(const KeyGrant& grant, Role role) {
    return (grant.roles & static_cast<std::uint8_t>(role)) != 0;
}

registry::Asset asset_of(std::int64_t year) { return static_cast<registry::Asset>(year); }

// Sum of a participant's rows.
std::int64_t allocated(const AllocationTable& table, ParticipantId participant) {
    std::int64_t sum = 0;
    for (const AllocationLine& line : table.lines)
        if (line.participant == participant) sum += line.allowances;
    return sum;
}

}  // namespace

std::optional<SchemeFinding> SchemeAuditor::check(const Event& event) {
    if (owed_ != 0) return finding("postings", fmt::format("{} more", owed_), "the next event");
    if (event.at.us <= last_us_)
        return finding("at", fmt::format("after {}", last_us_), fmt::format("{}", event.at.us));
    last_us_ = event.at.us;
    owed_ = event.postings;
    effect_.reset();
    by_time_ = event.kind == EventKind::due;
    due_ = event.due.kind;
    due_id_ = event.due.id;
    due_at_us_ = event.due.at_us;
    clears_ = false;
    if (!by_time_) return check_command(event);
    if (!founded_) return finding("due", "a scheme", "none is founded");
    if (event.due.at_us > event.at.us)
        return finding(
            "due", fmt::format("at {} or later", event.due.at_us), fmt::format("{}", event.at.us));
    const auto asked = asked_.find(event.due.id);
    if (event.due.kind == DueKind::lapse_proposal) {
        if (asked == asked_.end() || !asked->second.open ||
            asked->second.lapses_us != event.due.at_us)
            return finding("due", "a proposal that lapses now", "none");
        asked->second.open = false;
    }
    return event.due.kind == DueKind::clear_auction ? check_clearing(event) : std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_command(const Event& event) {
    const Envelope& envelope = event.envelope;
    const std::optional<Command> command = decode_command(envelope.body);
    if (!command) return finding("body", "a command", "other bytes");
    if (envelope.id.empty() || !ids_.insert(envelope.id).second)
        return finding("id", "one of its own", "one that was used");
    if (!verify(envelope.key, signed_bytes(venue_, envelope), envelope.signature))
        return finding("signature", "the key's", "another");
    if (const auto* founding = std::get_if<FoundScheme>(&*command)) {
        if (founded_) return finding("command", "a founded scheme", "found_scheme");
        if (event.reason == Reason::ok) {
            if (!check_rules(founding->rules))
                return finding("rules", "ones that hold together", "others");
            founded_ = true;
            take_effect(*founding, event);
        }
        return std::nullopt;
    }
    if (!founded_) return finding("command", "found_scheme", name_of(*command));
    if (auto wrong = check_right(event, *command)) return wrong;
    if (event.reason != Reason::ok) return std::nullopt;
    if (const auto* approve = std::get_if<Approve>(&*command)) return check_second(event, *approve);
    if (const auto* withdraw = std::get_if<Withdraw>(&*command)) {
        const auto asked = asked_.find(withdraw->proposal);
        if (asked == asked_.end() || !asked->second.open)
            return finding("proposal", "one that waits", "none");
        asked->second.open = false;
        return std::nullopt;
    }
    if (auto wrong = check_said(*command, event.at)) return wrong;
    if (authority_of(*command).second != Role::none) {
        if (event.postings != 0)
            return finding(
                "postings", "none before a second person", fmt::format("{}", event.postings));
        asked_.emplace(envelope.id,
                       Asked{.command = *command,
                             .by = envelope.key,
                             .lapses_us = after_hours(event.at, lapse_h_).us});
        return std::nullopt;
    }
    effect_id_ = envelope.id;
    take_effect(*command, event);
    return check_covers(event);
}

std::optional<SchemeFinding> SchemeAuditor::check_right(const Event& event,
                                                        const Command& command) const {
    const auto found = keys_.find(event.envelope.key);
    if (found == keys_.end()) return finding("key", "one of the scheme's", "a stranger's");
    const Holder& holder = found->second;
    if (holder.revoked) return finding("key", "one with rights", "a revoked one");
    if (event.at.us < holder.from_us) return finding("key", "one that is active", "one that waits");
    if (std::holds_alternative<Approve>(command) || std::holds_alternative<Withdraw>(command))
        return std::nullopt;
    const Authority authority = authority_of(command);
    const bool own = holder.grant.participant != ParticipantId{} &&
                     holder.grant.participant == participant_of(command);
    const bool of_right = has_role(holder.grant, authority.first) && (!authority.own || own);
    const bool nearest_hand =
        authority.or_own && own &&
        (has_role(holder.grant, Role::initiator) || has_role(holder.grant, Role::approver));
    if (!of_right && !nearest_hand)
        return finding("right",
                       fmt::format("{} for {}",
                                   roles_text(static_cast<std::uint8_t>(authority.first)),
                                   name_of(command)),
                       roles_text(holder.grant.roles));
    return std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_second(const Event& event,
                                                         const Approve& approve) {
    const auto found = asked_.find(approve.proposal);
    if (found == asked_.end() || !found->second.open)
        return finding("proposal", "one that waits", "none");
    Asked& asked = found->second;
    if (event.at.us > asked.lapses_us)
        return finding("proposal", "one that waits", "one that lapsed");
    const KeyGrant& second = keys_.at(event.envelope.key).grant;
    const KeyGrant& first = keys_.at(asked.by).grant;
    if (ascii_lower(second.holder) == ascii_lower(first.holder))
        return finding("second person", "another", second.holder);
    if (keys_.at(asked.by).revoked) return finding("proposal", "of a key with rights", "revoked");
    const Authority authority = authority_of(asked.command);
    if (!has_role(second, authority.second) ||
        (authority.own && second.participant != participant_of(asked.command)))
        return finding("right",
                       roles_text(static_cast<std::uint8_t>(authority.second)),
                       roles_text(second.roles));
    if (auto wrong = check_said(asked.command, event.at)) return wrong;
    asked.open = false;
    effect_id_ = approve.proposal;
    take_effect(asked.command, event);
    if (const auto* annul = std::get_if<AnnulTrade>(&asked.command);
        annul != nullptr && event.postings != annulment_postings(*annul))
        return finding("postings",
                       fmt::format("{}", annulment_postings(*annul)),
                       fmt::format("{}", event.postings));
    return check_covers(event);
}

void SchemeAuditor::take_effect(const Command& command, const Event& event) {
    effect_ = command;
    supervise(command, event);
    const auto rules = [&](const Rules& r) {
        rules_ = r;
        key_delay_h_ = r.rights.new_key_delay_h;
        lapse_h_ = r.rights.proposal_lapse_h;
    };
    if (const auto* c = std::get_if<FoundScheme>(&command)) {
        rules(c->rules);
        for (const KeyGrant& grant : c->keys)
            keys_.emplace(grant.key,
                          Holder{.grant = grant, .from_us = event.at.us, .number = keys_.size()});
    } else if (const auto* changed = std::get_if<ChangeRules>(&command)) {
        rules(changed->rules);
    } else if (const auto* added = std::get_if<AddKey>(&command)) {
        keys_.emplace(added->grant.key,
                      Holder{.grant = added->grant,
                             .from_us = after_hours(event.at, key_delay_h_).us,
                             .number = keys_.size()});
    } else if (const auto* mandate = std::get_if<SetMandate>(&command)) {
        const auto found = keys_.find(mandate->key);
        if (found != keys_.end()) found->second.mandate = *mandate;
    } else if (const auto* period = std::get_if<OpenPeriod>(&command)) {
        opened_[period->year] = {.moments = *period, .rules = rules_};
    } else if (const auto* statement = std::get_if<Reconcile>(&command)) {
        halted_ = !statement->unknown_lines.empty() ||
                  statement->balance_micro != -held_[{kBank, registry::Asset::cash}];
    } else if (const auto* deposit = std::get_if<Deposit>(&command)) {
        deposits_[effect_id_] = *deposit;
    } else if (const auto* correction = std::get_if<CorrectDeposit>(&command)) {
        taken_back_ = deposits_[correction->deposit];
        deposits_.erase(correction->deposit);
    } else if (const auto* joined = std::get_if<AddParticipant>(&command)) {
        groups_[joined->participant] = joined->group;
        if (is_obligated(joined->sort)) obligated_.insert(joined->participant);
    } else if (const auto* moved = std::get_if<Regroup>(&command)) {
        groups_[moved->participant] = moved->group;
    } else if (const auto* auction = std::get_if<OpenAuction>(&command)) {
        announce(*auction, event.envelope.id);
    } else if (const auto* off = std::get_if<CallOffAuction>(&command)) {
        SeenAuction& seen = auctions_[off->auction];
        due_now_ = {};
        for (const auto& [id, bid] : seen.bids) due_now_.money[bid.reserve] = 0;
        clears_ = true;
        let_go(seen, true);
    } else if (const auto* bid = std::get_if<PlaceBid>(&command)) {
        auctions_[bid->auction].bids[effect_id_] = {.participant = bid->participant,
                                                    .from = bid->from,
                                                    .to = bid->to,
                                                    .price_micro = bid->price_micro,
                                                    .quantity = bid->quantity,
                                                    .at_us = event.at.us,
                                                    .reserve = posting_id(event.envelope.id, 0)};
    } else if (const auto* other = std::get_if<ChangeBid>(&command)) {
        SeenBid& changed_bid = auctions_[other->auction].bids[other->bid];
        touched_ = changed_bid;
        changed_bid.price_micro = other->price_micro;
        changed_bid.quantity = other->quantity;
        changed_bid.at_us = event.at.us;
        changed_bid.reserve = posting_id(event.envelope.id, 1);
    } else if (const auto* gone = std::get_if<WithdrawBid>(&command)) {
        touched_ = auctions_[gone->auction].bids[gone->bid];
        auctions_[gone->auction].bids.erase(gone->bid);
    } else if (const auto* circulation = std::get_if<PublishCirculation>(&command)) {
        circulation_[circulation->year] = circulation->figures;
    } else if (const auto* wish = std::get_if<RequestCease>(&command)) {
        cease_asked_[wish->participant] = wish->ceased;
    } else if (const auto* accepted = std::get_if<AcceptCease>(&command)) {
        ceased_[accepted->participant] = accepted->ceased;
    } else if (const auto* ordered = std::get_if<OrderCease>(&command)) {
        ceased_[ordered->participant] = ordered->ceased;
    } else if (const auto* given = std::get_if<IssueAllocation>(&command)) {
        allocated_to_[given->year].insert(given->participants.begin(), given->participants.end());
    } else if (const auto* issue = std::get_if<IssueCap>(&command)) {
        opened_[issue->year].cap_issued = true;
    } else if (const auto* cap = std::get_if<ProposeCap>(&command)) {
        cap_said_[cap->year] = cap->parts;
    } else if (const auto* table = std::get_if<ProposeAllocation>(&command)) {
        table_said_[table->year] = table->table;
    } else if (const auto* final = std::get_if<FinaliseStatement>(&command)) {
        if (final->kind == StatementKind::cap) cap_final_[final->year] = cap_said_[final->year];
        if (final->kind == StatementKind::allocation)
            table_final_[final->year] = table_said_[final->year];
    } else if (const auto* revoked = std::get_if<RevokeKey>(&command)) {
        const auto found = keys_.find(revoked->key);
        if (found != keys_.end()) found->second.revoked = true;
        for (auto& [id, asked] : asked_)
            if (asked.by == revoked->key) asked.open = false;
    }
}

std::map<std::int64_t, const Rules*> SchemeAuditor::years() const {
    std::map<std::int64_t, const Rules*> out;
    for (const auto& [year, opened] : opened_) out[year] = &opened.rules;
    return out;
}

std::vector<SchemeAuditor::KeyHolder> SchemeAuditor::key_holders() const {
    std::vector<KeyHolder> out(keys_.size());
    for (const auto& [key, holder] : keys_)
        out[holder.number] = {
            .participant = holder.grant.participant,
            .may_trade = !holder.revoked &&
                         (holder.grant.roles & static_cast<std::uint8_t>(Role::market)) != 0,
            .from_us = holder.from_us,
            .daily_net_quantity = holder.mandate.daily_net_quantity,
            .daily_net_value_micro = holder.mandate.daily_net_value_micro,
            .embargoed_from_us =
                embargoes_.empty() ? INT64_MAX : silent_from(holder.grant.participant)};
    return out;
}

bool SchemeAuditor::owns(ParticipantId participant, AccountId account) const {
    const auto found = owners_.find(account);
    return participant != ParticipantId{} && found != owners_.end() && found->second == participant;
}

// Whether a posting is one that the command names: its accounts, whose they are, its asset, how much.
bool SchemeAuditor::explained(const registry::Event& event) {
    using registry::Op;
    const registry::Command& p = event.command;
    const auto is = [&](std::int32_t vintage) { return p.asset == asset_of(vintage); };
    const bool money = p.asset == registry::Asset::cash;
    return std::visit(
        [&](const auto& c) -> bool {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, FoundScheme>) {
                kinds_[p.from] = p.kind;
                return p.op == Op::open_account && p.from < kFirstOfParticipants;
            } else if constexpr (std::is_same_v<C, AddParticipant> || std::is_same_v<C, Regroup>) {
                const Op wanted = std::is_same_v<C, Regroup> ? Op::regroup : Op::open_participant;
                return p.op == wanted && p.participant == c.participant && p.group == c.group;
            } else if constexpr (std::is_same_v<C, OpenAccount>) {
                owners_[c.account] = c.participant;
                kinds_[c.account] = c.kind;
                return p.op == Op::open_account && p.from == c.account && p.kind == c.kind &&
                       p.participant == c.participant;
            } else if constexpr (std::is_same_v<C, RestrictAccount>) {
                return p.op == Op::set_status && p.from == c.account && p.status == c.status;
            } else if constexpr (std::is_same_v<C, ReleaseAccount>) {
                return p.op == Op::set_status && p.from == c.account &&
                       p.status == AccountStatus::open;
            } else if constexpr (std::is_same_v<C, CloseAccount>) {
                return p.op == Op::close_account && p.from == c.account;
            } else if constexpr (std::is_same_v<C, Transfer>) {
                if (p.op == Op::reserve)
                    promises_[p.id] = {.account = c.from,
                                       .amount = c.quantity,
                                       .command = effect_id_,
                                       .to = c.to,
                                       .asset = p.asset};
                return (p.op == Op::transfer || p.op == Op::reserve) && p.from == c.from &&
                       p.to == c.to && p.amount == c.quantity && p.price_micro == c.price_micro &&
                       is(c.vintage) && owns(c.participant, c.from) && p.to != kStabilityReserve &&
                       p.to != kConsignment;
            } else if constexpr (std::is_same_v<C, Retire>) {
                return p.op == Op::retire && p.from == c.from && p.amount == c.quantity &&
                       is(c.vintage) && owns(c.participant, c.from);
            } else if constexpr (std::is_same_v<C, ReturnAllowances>) {
                return p.op == Op::transfer && p.from == c.from && p.to == c.to &&
                       p.amount == c.quantity && is(c.vintage) && owns(c.participant, c.from) &&
                       kinds_[c.to] == AccountKind::reserve && p.to != kStabilityReserve &&
                       p.to != kConsignment;
            } else if constexpr (std::is_same_v<C, Deposit>) {
                return p.op == Op::deposit && p.to == c.account && p.amount == c.amount_micro &&
                       money;
            } else if constexpr (std::is_same_v<C, CorrectDeposit>) {
                return p.op == Op::withdraw && p.from == taken_back_.account && p.to == kBank &&
                       p.amount == taken_back_.amount_micro && money;
            } else if constexpr (std::is_same_v<C, WithdrawCash>) {
                promises_[p.id] = {.account = c.account,
                                   .amount = c.amount_micro,
                                   .command = effect_id_,
                                   .to = p.to,
                                   .asset = p.asset};
                withdrawals_[effect_id_] = c;
                return p.op == Op::reserve && p.from == c.account && p.amount == c.amount_micro &&
                       money && owns(c.participant, c.account);
            } else if constexpr (std::is_same_v<C, SettleWithdrawal>) {
                const auto asked = withdrawals_.find(c.withdrawal);
                if (asked == withdrawals_.end()) return false;
                const auto promise = promises_.find(p.reference);
                if (p.op == Op::void_pending)
                    return promise != promises_.end() && promise->second.command == c.withdrawal;
                return c.paid && p.op == Op::withdraw && p.from == asked->second.account &&
                       p.amount == asked->second.amount_micro;
            } else if constexpr (std::is_same_v<C, CancelTransfer>) {
                const auto promise = promises_.find(p.reference);
                return p.op == Op::void_pending && promise != promises_.end() &&
                       promise->second.command == c.transfer &&
                       owns(c.participant, promise->second.account);
            } else if constexpr (std::is_same_v<C, IssueCap>) {
                if (p.op == Op::transfer && p.from == kStabilityReserve && p.to == kAuction) {
                    std::int64_t& released = released_[c.year];
                    released = sum_within(released, p.amount);
                    return released <= cap_final_[c.year].released;
                }
                return p.op == Op::issue && is(static_cast<std::int32_t>(c.year));
            } else if constexpr (std::is_same_v<C, IssueAllocation>) {
                const auto table = table_final_.find(c.year);
                const auto cap = cap_final_.find(c.year);
                if (table == table_final_.end() || cap == cap_final_.end()) return false;
                if (p.op != Op::transfer || p.from != kFreePot || p.asset != asset_of(c.year))
                    return false;
                if (p.to == kEntrantReserve) return p.amount == unallocated(c.year);
                const auto owner = owners_.find(p.to);
                return owner != owners_.end() && kinds_[p.to] == AccountKind::holding &&
                       !has_ceased(owner->second, c.year) &&
                       p.amount == allocated(table->second, owner->second);
            } else if constexpr (std::is_same_v<C, TrueUp>) {
                if (p.op != Op::transfer || p.from != kEntrantReserve ||
                    p.asset != asset_of(c.year) || kinds_[p.to] != AccountKind::holding)
                    return false;
                for (const TrueUpLine& line : c.lines)
                    if (line.amount == p.amount && owns(line.participant, p.to)) return true;
                return false;
            } else if constexpr (std::is_same_v<C, Surrender>) {
                return p.op == Op::surrender && p.from == c.from && p.amount == c.quantity &&
                       is(c.vintage) && p.period == static_cast<std::uint32_t>(c.year) &&
                       owns(c.participant, c.from);
            } else if constexpr (std::is_same_v<C, PayPenalty>) {
                return p.op == Op::transfer && p.from == c.from && p.to == kPenalties && money &&
                       owns(c.participant, c.from);
            } else if constexpr (std::is_same_v<C, ClawBack>) {
                return p.op == Op::claw_back && owns(c.participant, p.from) &&
                       (p.deficit == AccountId{} || owns(c.participant, p.deficit)) &&
                       p.to == kEntrantReserve && p.amount <= c.quantity;
            } else if constexpr (std::is_same_v<C, ReleaseConsignment>) {
                std::int64_t& waits = consigned_[{c.participant, p.asset}];
                const bool right = p.op == Op::transfer && p.from == kConsignment &&
                                   owns(c.participant, p.to) && is(c.vintage) &&
                                   p.amount == c.quantity && p.amount <= waits;
                if (right) waits -= p.amount;
                return right;
            } else if constexpr (std::is_same_v<C, PlaceBid> || std::is_same_v<C, ChangeBid> ||
                                 std::is_same_v<C, WithdrawBid>) {
                if (p.op == Op::void_pending)
                    return !std::is_same_v<C, PlaceBid> && p.reference == touched_.reserve;
                const auto& bids = auctions_[c.auction].bids;
                const auto bid = std::find_if(bids.begin(), bids.end(), [&](const auto& each) {
                    return each.second.reserve == p.id;
                });
                if (bid == bids.end() || p.op != Op::reserve) return false;
                promises_[p.id] = {.account = p.from,
                                   .amount = p.amount,
                                   .command = effect_id_,
                                   .to = p.to,
                                   .asset = p.asset};
                return money && p.from == bid->second.from && p.to == kProceeds &&
                       Int128{p.amount} == Int128{bid->second.price_micro} * bid->second.quantity &&
                       owns(c.participant, p.from) && owns(c.participant, bid->second.to);
            } else if constexpr (std::is_same_v<C, AnnulTrade>) {
                return gives_back(c, p);
            } else if constexpr (std::is_same_v<C, BuyAtCeiling>) {
                if (p.op == Op::issue)
                    return p.to == c.to && owns(c.participant, c.to) && p.amount == c.quantity &&
                           is(static_cast<std::int32_t>(c.year)) &&
                           kinds_[c.to] == AccountKind::compliance &&
                           reserve_sold_[static_cast<std::int32_t>(c.year)] >=
                               cap_final_[c.year].containment_reserve;
                return p.op == Op::transfer && money && p.from == c.from && p.to == kProceeds &&
                       owns(c.participant, c.from) && p.amount == ceiling_price(c);
            } else if constexpr (std::is_same_v<C, FinaliseReport> ||
                                 std::is_same_v<C, Determine> || std::is_same_v<C, AcceptCease> ||
                                 std::is_same_v<C, OrderCease>) {
                // The year's figures are there, or are due no more: what was blocked for want of them is open again.
                return p.op == Op::set_status && p.status == AccountStatus::open &&
                       owns(c.participant, p.from);
            } else {
                return false;  // it moves nothing
            }
        },
        *effect_);
}

// Above the holding limit, out of the holder's own account, where the rules have it sold.
bool SchemeAuditor::is_consignment(const registry::Command& p) {
    const ParticipantId holder{due_id_.low};
    // The rules of the year in which the cure period ended, or in which what was promised came free; whenever the next act came.
    bool sold = false;
    for (const auto& [year, opened] : opened_)
        if (opened.moments.begin.us <= due_at_us_ && due_at_us_ < opened.moments.end.us)
            sold = opened.rules.compliance.holding_limit &&
                   opened.rules.compliance.holding_excess == HoldingExcess::consigned;
    if (due_ != DueKind::consign_holding || !sold || p.op != registry::Op::transfer ||
        p.to != kConsignment || !owns(holder, p.from) || kinds_[p.from] != AccountKind::holding ||
        static_cast<std::uint64_t>(p.asset) != due_id_.high)
        return false;
    std::int64_t& waits = consigned_[{holder, p.asset}];
    waits = sum_within(waits, p.amount);
    return true;
}

// Before the year's allocation, or in it and the rules leave it less than whole.
bool SchemeAuditor::has_ceased(ParticipantId participant, std::int64_t year) const {
    const auto ceased = ceased_.find(participant);
    const auto opened = opened_.find(year);
    if (ceased == ceased_.end() || opened == opened_.end()) return false;
    const OpenPeriod& moments = opened->second.moments;
    if (ceased->second <= moments.begin) return true;
    return ceased->second <= moments.end &&
           opened->second.rules.cessation.year_allocation != CeaseAllocation::whole;
}

// Of the free ceiling, what nobody is given: what the table leaves, and the lines of those who ceased before they got theirs.
std::int64_t SchemeAuditor::unallocated(std::int64_t year) const {
    const auto table = table_final_.find(year);
    const auto cap = cap_final_.find(year);
    const auto given = allocated_to_.find(year);
    if (table == table_final_.end() || cap == cap_final_.end()) return 0;
    Int128 left = Int128{cap->second.free_ceiling} - table->second.total;
    for (const AllocationLine& line : table->second.lines)
        if (line.allowances > 0 &&
            (given == allocated_to_.end() || given->second.count(line.participant) == 0) &&
            has_ceased(line.participant, year))
            left += line.allowances;
    return sum_within(0, left);
}

// The one way in which allowances come to be: as the final statement of the cap says, once.
std::optional<SchemeFinding> SchemeAuditor::check_issue(const registry::Command& posting) {
    const auto year = static_cast<std::int64_t>(posting.asset);
    const auto final_cap = cap_final_.find(year);
    if (final_cap == cap_final_.end())
        return finding("issue", fmt::format("a final cap of {}", year), "none");
    const CapParts& parts = final_cap->second;
    const std::int64_t wanted = posting.to == kFreePot              ? parts.free_ceiling
                                : posting.to == kAuction            ? parts.auction
                                : posting.to == kEntrantReserve     ? parts.entrant_reserve
                                : posting.to == kContainmentReserve ? parts.containment_reserve
                                : posting.to == kStabilityReserve   ? parts.withheld
                                                                    : -1;
    if (posting.amount != wanted)
        return finding("issue", fmt::format("{}", wanted), fmt::format("{}", posting.amount));
    std::int64_t& issued = issued_[posting.asset];
    if (posting.amount > parts.cap - issued)
        return finding("issued",
                       fmt::format("at most the cap, {}", parts.cap),
                       fmt::format("{} and {} more", issued, posting.amount));
    issued += posting.amount;
    return std::nullopt;
}

std::optional<SchemeFinding> SchemeAuditor::check_posting(const registry::Event& event) {
    auto wrong = judge_posting(event);
    if (!wrong && founded_ && event.outcome.reason == registry::Reason::ok) book(event);
    return wrong;
}

std::optional<SchemeFinding> SchemeAuditor::judge_posting(const registry::Event& event) {
    const registry::Op op = event.command.op;
    if (owed_ == 0) {
        // Promises expire by themselves; everything else needs somebody who asked.
        if (!founded_ || op == registry::Op::expire) return std::nullopt;
        return finding(
            "posting", "one that a command caused", std::string(registry::to_string(op)));
    }
    --owed_;
    const bool moves = event.outcome.reason == registry::Reason::ok;
    if (clears_) {
        if (moves && !settles_auction(event))
            return finding("posting",
                           "what the auction's bids give",
                           fmt::format("{} of {} from {} to {}",
                                       registry::to_string(op),
                                       event.outcome.amount,
                                       static_cast<std::uint64_t>(event.command.from),
                                       static_cast<std::uint64_t>(event.command.to)));
        if (owed_ == 0 && !all_settled())
            return finding("postings", "everything that the auction sold or lets go", "less");
        return std::nullopt;
    }
    if (!moves) return std::nullopt;
    if (by_time_) {
        // Only what had been promised may be kept or let go, and an account blocked.
        if (((op == registry::Op::post || op == registry::Op::void_pending) &&
             promises_.count(event.command.reference) != 0) ||
            (op == registry::Op::set_status && event.command.status == AccountStatus::blocked))
            return std::nullopt;
        // Beyond what may be banked, old allowances end: out of a participant's own account, to the scheme.
        if (due_ == DueKind::close_bank && event.command.to == kContainmentReserve &&
            (op == registry::Op::transfer || op == registry::Op::claw_back) &&
            owners_.count(event.command.from) != 0)
            return std::nullopt;
        if (is_consignment(event.command)) return std::nullopt;
        return finding("posting", "a promise kept or let go", std::string(registry::to_string(op)));
    }
    if (effect_ && explained(event))
        return op == registry::Op::issue && !std::holds_alternative<BuyAtCeiling>(*effect_)
                   ? check_issue(event.command)
                   : std::nullopt;
    return finding("posting",
                   effect_ ? fmt::format("what {} names", name_of(*effect_)) : "none",
                   fmt::format("{} of {} from {} to {}",
                               registry::to_string(op),
                               event.command.amount,
                               static_cast<std::uint64_t>(event.command.from),
                               static_cast<std::uint64_t>(event.command.to)));
}

}  // namespace abate::scheme
