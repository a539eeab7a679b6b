// Keys, participants, accounts, trusted accounts, mandates, the calendar.
#include "abate/core/plain_text.h"
#include "abate/scheme/calendar.h"
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/names.h"
#include "abate/scheme/period.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace abate::scheme {
namespace {

constexpr std::uint8_t kParticipantRoles = static_cast<std::uint8_t>(Role::initiator) |
                                           static_cast<std::uint8_t>(Role::approver) |
                                           static_cast<std::uint8_t>(Role::market);
constexpr std::uint8_t kEveryRole =
    kParticipantRoles | static_cast<std::uint8_t>(Role::scheme_operator) |
    static_cast<std::uint8_t>(Role::verifier) | static_cast<std::uint8_t>(Role::auditor);

// A key is of the operator, of a verifier, of an auditor or of a participant, and of one of them only.
Reason check_grant(const KeyGrant& grant) {
    if (grant.holder.empty()) return Reason::name_empty;
    if (grant.holder.size() > kMaxName) return Reason::text_too_long;
    if (!is_plain_name(grant.holder)) return Reason::name_not_plain;
    if (grant.roles == 0 || (grant.roles & ~kEveryRole) != 0) return Reason::role_unknown;
    const bool of_participant = (grant.roles & kParticipantRoles) != 0;
    const auto others = static_cast<std::uint8_t>(grant.roles & ~kParticipantRoles);
    const bool one_other = others != 0 && (others & (others - 1)) == 0;
    if (of_participant ? others != 0 : !one_other) return Reason::roles_do_not_mix;
    const bool needs_participant =
        of_participant || others == static_cast<std::uint8_t>(Role::verifier);
    if (needs_participant != (grant.participant != ParticipantId{}))
        return Reason::unknown_participant;
    return Reason::ok;
}

// On the command line "7" and "#7" are numbers, and "lab/cash" is an account: no name may be taken for one. Letters of other scripts are
// bytes of 128 or more.
bool is_like_no_number_or_path(std::string_view text) {
    const bool letter = std::any_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               static_cast<unsigned char>(c) >= 0x80;
    });
    return letter && text.find('/') == std::string_view::npos;
}

// Of a participant, group or account.
Reason check_title(const std::string& title) {
    if (title.empty()) return Reason::name_empty;
    if (title.size() > kMaxName) return Reason::text_too_long;
    return is_plain_name(title) && is_like_no_number_or_path(title) ? Reason::ok
                                                                    : Reason::name_not_plain;
}

// A group's number that another group has meanwhile must not make one of the two.
Reason check_group(const State& state, GroupId group, const std::string& title) {
    if (group == GroupId{}) return Reason::participant_needs_group;
    const auto found = state.groups.find(group);
    // One that is there has its name, whatever was asked of names then.
    if (!title.empty() && (found == state.groups.end() || found->second != title))
        if (const Reason reason = check_title(title); reason != Reason::ok) return reason;
    return found != state.groups.end() && !title.empty() && found->second != title
               ? Reason::group_has_another_name
               : Reason::ok;
}

const AccountEntry* account_in(const State& state, AccountId id) {
    const auto found = state.accounts.find(id);
    return found == state.accounts.end() ? nullptr : &found->second;
}

// A year of its own whose figures are not final: nobody knows yet what it owes.
bool may_owe(const State& state, ParticipantId participant, Timestamp now) {
    const auto whose = state.participants.find(participant);
    if (whose == state.participants.end() || !is_obligated(whose->second.sort)) return false;
    for (const auto& [year, period] : state.period.years) {
        const ParticipantYear one{.participant = participant, .year = year};
        if (period.moments.begin <= now && whose->second.since < period.moments.end &&
            operates_in(state, one) && final_figures(state.monitoring, one) == nullptr)
            return true;
    }
    return false;
}

bool owes_penalty(const State& state, ParticipantId participant) {
    const auto& all = state.compliance.penalties;
    for (auto at = all.lower_bound({.participant = participant, .year = INT64_MIN});
         at != all.end() && at->first.participant == participant;
         ++at)
        if (at->second.stage == PenaltyStage::notified || at->second.stage == PenaltyStage::upheld)
            return true;
    return false;
}

bool has_consigned(const State& state, ParticipantId participant) {
    const auto first =
        state.compliance.consigned.lower_bound({.participant = participant, .year = INT64_MIN});
    return participant != ParticipantId{} && first != state.compliance.consigned.end() &&
           first->first.participant == participant;
}

bool has_open_holding(const State& state, ParticipantId participant) {
    return first_account(state, participant, AccountKind::holding) != AccountId{};
}

// Another open one of its kind takes what it would be needed for.
bool is_spare(const State& state, const AccountEntry& account) {
    return account.participant != ParticipantId{} &&
           std::any_of(state.accounts.begin(), state.accounts.end(), [&](const auto& each) {
               const AccountEntry& other = each.second;
               return other.participant == account.participant && other.kind == account.kind &&
                      other.id != account.id && !other.closed;
           });
}

// Anything of any year.
bool owes(const State& state, ParticipantId participant) {
    const auto& all = state.compliance.obligations;
    for (auto at = all.lower_bound({.participant = participant, .year = INT64_MIN});
         at != all.end() && at->first.participant == participant;
         ++at)
        if (outstanding_allowances(state, at->first) > 0) return true;
    return false;
}

struct Admission {
    Timestamp at;
    Timestamp active_from;
};
void keep_key(State& state, const KeyGrant& grant, const Admission& admission) {
    state.keys.emplace(grant.key,
                       Key{.number = static_cast<std::uint32_t>(state.keys.size()),
                           .grant = grant,
                           .added = admission.at,
                           .active_from = admission.active_from,
                           .revoked = {}});
}

registry::Command opens(AccountId account, AccountKind kind, ParticipantId participant = {}) {
    return {.op = registry::Op::open_account,
            .kind = kind,
            .from = account,
            .participant = participant};
}

struct OwnAccount {
    AccountId id;
    AccountKind kind;
    const char* title;
};
constexpr OwnAccount kOwnAccounts[] = {
    {kIssuance, AccountKind::issuance, "issuance"},
    {kBank, AccountKind::bank, "bank"},
    {kAuction, AccountKind::auction, "auction"},
    {kEntrantReserve, AccountKind::reserve, "new-entrant and true-up reserve"},
    {kContainmentReserve, AccountKind::reserve, "price-containment reserve"},
    {kRetirement, AccountKind::retirement, "retirement"},
    {kProceeds, AccountKind::auction_proceeds, "auction proceeds"},
    {kPenalties, AccountKind::penalties, "penalties"},
    {kFees, AccountKind::fees, "fees"},
    {kFreePot, AccountKind::reserve, "free allocation"},
    {kStabilityReserve, AccountKind::reserve, "stability reserve"},
    {kConsignment, AccountKind::escrow, "consignment"},
};

}  // namespace

std::optional<Timestamp> settle_time(const State& state, Timestamp now, std::int64_t days) {
    if (days <= 0) return now;
    const auto first =
        std::upper_bound(state.settle_at_us.begin(), state.settle_at_us.end(), now.us);
    if (state.settle_at_us.end() - first < days) return std::nullopt;
    return Timestamp{*(first + days - 1)};
}

// ---- rules

Decision decide(const Look& /*look*/, const FoundScheme& c) {
    if (!check_rules(c.rules)) return Reason::rules_invalid;
    if (c.rules.version != 1) return Reason::rules_version_not_next;
    std::set<PublicKey> keys;
    std::set<std::string> holders;
    for (const KeyGrant& grant : c.keys) {
        if (const Reason reason = check_grant(grant); reason != Reason::ok) return reason;
        if (grant.participant != ParticipantId{}) return Reason::unknown_participant;
        if (!keys.insert(grant.key).second) return Reason::key_exists;
        if (grant.roles == static_cast<std::uint8_t>(Role::scheme_operator))
            holders.insert(person_of(grant));
    }
    // One pair of eyes could never issue anything.
    if (holders.size() < 2) return Reason::too_few_operators;
    Decision out;
    for (const OwnAccount& own : kOwnAccounts) out.postings.push_back(opens(own.id, own.kind));
    return out;
}

void fold(State& state, const Done& done, const FoundScheme& c) {
    state.founded = true;
    state.rules = c.rules;
    state.rules_texts.push_back(c.rules_text);
    for (const KeyGrant& grant : c.keys)
        keep_key(state, grant, {.at = done.at, .active_from = done.at});
    for (const OwnAccount& own : kOwnAccounts)
        state.accounts[own.id] = {.id = own.id, .kind = own.kind, .title = own.title};
}

Decision decide(const Look& look, const ChangeRules& c) {
    if (!check_rules(c.rules)) return Reason::rules_invalid;
    const Rules& old = look.state.rules;
    if (c.rules.version != old.version + 1) return Reason::rules_version_not_next;
    // What everything in the books is counted in, and whether it is real, stays.
    if (c.rules.unit != old.unit || c.rules.frozen_gco2e_per_kwh != old.frozen_gco2e_per_kwh ||
        c.rules.currency != old.currency || c.rules.cash != old.cash ||
        c.rules.exercise != old.exercise)
        return Reason::rules_fixed_field;
    // The caps of years to come count from the first year, and figures before it are the baseline's.
    if (!look.state.period.years.empty() && c.rules.cap.first_year != old.cap.first_year)
        return Reason::rules_fixed_field;
    return {};
}

void fold(State& state, const Done& /*done*/, const ChangeRules& c) {
    state.rules = c.rules;
    state.rules_texts.push_back(c.rules_text);
}

Decision decide(const Look& look, const PublishCalendar& c) {
    if (c.settle_at_us.empty() || c.settle_at_us.size() > 366) return Reason::calendar_not_after;
    std::int64_t last =
        look.state.settle_at_us.empty() ? INT64_MIN : look.state.settle_at_us.back();
    for (const std::int64_t at : c.settle_at_us) {
        if (at <= last) return Reason::calendar_not_after;
        last = at;
    }
    // One typing error of a far year would leave all before it without working days for good.
    if (c.year < kFirstRuledYear || c.year > kLastRuledYear) return Reason::calendar_not_after;
    if (!look.state.settle_at_us.empty() && c.year - 1 != look.state.calendar_year)
        return Reason::calendar_not_after;
    // Its days are of that year, in whatever zone.
    constexpr std::int64_t kDayHours = 24;
    const std::chrono::year year(static_cast<int>(c.year));
    const Timestamp begin = utc_midnight(year / std::chrono::January / 1);
    const Timestamp end = utc_midnight((year + std::chrono::years(1)) / std::chrono::January / 1);
    const bool of_the_year = c.settle_at_us.front() >= after_hours(begin, -kDayHours).us &&
                             c.settle_at_us.back() < after_hours(end, kDayHours).us;
    const bool soon =
        !look.state.settle_at_us.empty() || begin.us <= after_hours(look.now, 366 * kDayHours).us;
    return of_the_year && soon ? Reason::ok : Reason::calendar_not_after;
}

void fold(State& state, const Done& done, const PublishCalendar& c) {
    state.settle_at_us.insert(
        state.settle_at_us.end(), c.settle_at_us.begin(), c.settle_at_us.end());
    state.calendar_year = c.year;
    state.tz_version = c.tz_version;
    date_holding_cases(state, done.at);
}

// ---- keys

Decision decide(const Look& look, const AddKey& c) {
    if (const Reason reason = check_grant(c.grant); reason != Reason::ok) return reason;
    if (look.state.keys.count(c.grant.key) != 0) return Reason::key_exists;
    if (c.grant.participant == ParticipantId{}) return {};
    const auto whose = look.state.participants.find(c.grant.participant);
    if (whose == look.state.participants.end()) return Reason::unknown_participant;
    const bool verifies = c.grant.roles == static_cast<std::uint8_t>(Role::verifier);
    if (verifies != (whose->second.sort == ParticipantSort::verifier))
        return Reason::roles_do_not_mix;
    return {};
}

void fold(State& state, const Done& done, const AddKey& c) {
    keep_key(
        state,
        c.grant,
        {.at = done.at, .active_from = after_hours(done.at, state.rules.rights.new_key_delay_h)});
}

Decision decide(const Look& look, const RevokeKey& c) {
    const auto found = look.state.keys.find(c.key);
    if (found == look.state.keys.end()) return Reason::unknown_key;
    if (found->second.grant.participant != c.participant) return Reason::participant_of_another;
    if (found->second.revoked) return Reason::key_revoked;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    if (found->second.grant.roles != static_cast<std::uint8_t>(Role::scheme_operator)) return {};
    std::set<std::string> left;
    for (const auto& [open, key] : look.state.keys)
        if (open != c.key && !key.revoked &&
            key.grant.roles == static_cast<std::uint8_t>(Role::scheme_operator))
            left.insert(person_of(key.grant));
    return left.size() < 2 ? Reason::last_operator : Reason::ok;
}

void fold(State& state, const Done& done, const RevokeKey& c) {
    const auto found = state.keys.find(c.key);
    if (found == state.keys.end()) return;
    found->second.revoked = done.at;
    // What it asked for and nobody approved yet goes with it.
    for (auto& [id, proposal] : state.proposals) {
        if (proposal.by != c.key || proposal.state != ProposalState::waiting) continue;
        proposal.state = ProposalState::withdrawn;
        state.due.erase({proposal.lapses.us, DueKind::lapse_proposal, id});
    }
}

// ---- participants

Decision decide(const Look& look, const AddParticipant& c) {
    if (const Reason reason = check_title(c.title); reason != Reason::ok) return reason;
    if (c.sort < ParticipantSort::obligated || c.sort > ParticipantSort::verifier)
        return Reason::malformed_command;
    if (const Reason reason = check_group(look.state, c.group, c.group_title); reason != Reason::ok)
        return reason;
    if (look.state.participants.count(c.participant) != 0)
        return registry::Reason::participant_exists;
    for (const auto& [id, other] : look.state.participants)
        if (ascii_lower(other.title) == ascii_lower(c.title)) return Reason::name_taken;
    Decision out;
    out.postings.push_back(
        {.op = registry::Op::open_participant, .participant = c.participant, .group = c.group});
    return out;
}

void fold(State& state, const Done& done, const AddParticipant& c) {
    state.participants[c.participant] = {
        .id = c.participant, .title = c.title, .sort = c.sort, .group = c.group, .since = done.at};
    std::string& title = state.groups[c.group];
    if (title.empty()) title = c.group_title.empty() ? c.title : c.group_title;
}

Decision decide(const Look& look, const Regroup& c) {
    if (look.state.participants.count(c.participant) == 0) return Reason::unknown_participant;
    if (const Reason reason = check_group(look.state, c.group, c.group_title); reason != Reason::ok)
        return reason;
    Decision out;
    out.postings.push_back(
        {.op = registry::Op::regroup, .participant = c.participant, .group = c.group});
    return out;
}

void fold(State& state, const Done& done, const Regroup& c) {
    const auto found = state.participants.find(c.participant);
    if (found == state.participants.end()) return;
    found->second.group = c.group;
    std::string& title = state.groups[c.group];
    if (title.empty()) title = c.group_title;
    review_holding(state, c.group, done.at);
}

// ---- accounts

Decision decide(const Look& look, const OpenAccount& c) {
    if (const Reason reason = check_title(c.title); reason != Reason::ok) return reason;
    if (c.participant != ParticipantId{}) {
        const auto whose = look.state.participants.find(c.participant);
        if (whose == look.state.participants.end()) return Reason::unknown_participant;
        if (whose->second.sort == ParticipantSort::verifier)
            return Reason::participant_holds_no_account;
        if ((c.kind == AccountKind::holding || c.kind == AccountKind::compliance) &&
            cessation_of(look.state, c.participant) != nullptr)
            return Reason::participant_ceased;
    }
    Decision out;
    out.postings.push_back(opens(c.account, c.kind, c.participant));
    return out;
}

void fold(State& state, const Done& /*done*/, const OpenAccount& c) {
    state.accounts[c.account] = {
        .id = c.account, .kind = c.kind, .participant = c.participant, .title = c.title};
}

Decision decide(const Look& look, const RestrictAccount& c) {
    const AccountEntry* account = account_in(look.state, c.account);
    if (account == nullptr) return Reason::unknown_account;
    if (account->participant != c.participant) return Reason::account_of_another;
    if (c.status != AccountStatus::blocked && c.status != AccountStatus::frozen)
        return Reason::status_not_restriction;
    // From frozen to blocked would be a release.
    const auto view = look.books.account(c.account);
    if (view && view->status == AccountStatus::frozen && c.status == AccountStatus::blocked)
        return Reason::status_not_restriction;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    out.postings.push_back({.op = registry::Op::set_status, .status = c.status, .from = c.account});
    return out;
}

void fold(State& state, const Done& /*done*/, const RestrictAccount& c) {
    // The operator's own word now: a report that comes late does not open the account.
    state.monitoring.blocked.erase(c.account);
}

Decision decide(const Look& look, const ReleaseAccount& c) {
    if (account_in(look.state, c.account) == nullptr) return Reason::unknown_account;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    out.postings.push_back(
        {.op = registry::Op::set_status, .status = AccountStatus::open, .from = c.account});
    return out;
}

void fold(State& state, const Done& done, const ReleaseAccount& c) {
    state.monitoring.blocked.erase(c.account);
    if (const AccountEntry* account = account_in(state, c.account))
        review_freed(state, account->participant, done.at);
}

Decision decide(const Look& look, const CloseAccount& c) {
    const AccountEntry* account = account_in(look.state, c.account);
    if (account == nullptr) return Reason::unknown_account;
    if (!is_spare(look.state, *account)) {
        const ParticipantId whose = account->participant;
        const bool of_allowances =
            account->kind == AccountKind::holding || account->kind == AccountKind::compliance;
        if ((of_allowances && (owes(look.state, whose) || may_owe(look.state, whose, look.now))) ||
            (account->kind == AccountKind::cash && owes_penalty(look.state, whose)))
            return registry::Reason::account_has_obligation;
        // What is for sale on its account needs somewhere to come back to, and the proceeds too.
        if (account->kind != AccountKind::compliance && has_consigned(look.state, whose))
            return registry::Reason::account_has_pending_transfers;
    }
    Decision out;
    out.postings.push_back({.op = registry::Op::close_account, .from = c.account});
    return out;
}

void fold(State& state, const Done& done, const CloseAccount& c) {
    const auto found = state.accounts.find(c.account);
    if (found == state.accounts.end()) return;
    found->second.closed = true;
    const ParticipantId whose = found->second.participant;
    if (whose == ParticipantId{} || has_open_holding(state, whose)) return;
    // With its last holding account a participant's right to trade ends.
    for (auto& [open, key] : state.keys)
        if (key.grant.participant == whose) key.mandate = {.since = done.at};
}

// ---- trusted accounts and mandates

Decision decide(const Look& look, const AddTrusted& c) {
    if (account_in(look.state, c.account) == nullptr) return Reason::unknown_account;
    if (look.state.trusted.count({c.participant, c.account}) != 0) return Reason::already_trusted;
    if (!settle_time(look.state, look.now, look.state.rules.rights.trusted_delay_days))
        return Reason::calendar_not_published;
    return {};
}

void fold(State& state, const Done& done, const AddTrusted& c) {
    const auto from = settle_time(state, done.at, state.rules.rights.trusted_delay_days);
    state.trusted[{c.participant, c.account}] = from.value_or(Timestamp{INT64_MAX});
}

Decision decide(const Look& look, const RemoveTrusted& c) {
    return look.state.trusted.count({c.participant, c.account}) != 0 ? Reason::ok
                                                                     : Reason::not_trusted;
}

void fold(State& state, const Done& /*done*/, const RemoveTrusted& c) {
    state.trusted.erase({c.participant, c.account});
}

Decision decide(const Look& look, const SetMandate& c) {
    const auto found = look.state.keys.find(c.key);
    if (found == look.state.keys.end()) return Reason::unknown_key;
    if (found->second.grant.participant != c.participant) return Reason::participant_of_another;
    if ((found->second.grant.roles & static_cast<std::uint8_t>(Role::market)) == 0)
        return Reason::key_without_market_role;
    if (c.daily_net_quantity < 0 || c.daily_net_value_micro < 0) return Reason::mandate_negative;
    if (!has_open_holding(look.state, c.participant)) return Reason::no_holding_account;
    return {};
}

void fold(State& state, const Done& done, const SetMandate& c) {
    const auto found = state.keys.find(c.key);
    if (found == state.keys.end()) return;
    found->second.mandate = {.daily_net_quantity = c.daily_net_quantity,
                             .daily_net_value_micro = c.daily_net_value_micro,
                             .since = done.at};
}

}  // namespace abate::scheme
