#include "abate/scheme/machine.h"

#include "abate/core/plain_text.h"
#include "abate/scheme/holding.h"

#include <algorithm>

namespace abate::scheme {
namespace {

bool has(const KeyGrant& grant, Role role) {
    return role != Role::none && (grant.roles & static_cast<std::uint8_t>(role)) != 0;
}

// May a key with this grant ask (or, `second`, approve) for `subject`.
struct Right {
    Authority authority;
    ParticipantId subject;
    bool second = false;
};

Reason may(const KeyGrant& grant, const Right& right) {
    const Role wanted = right.second ? right.authority.second : right.authority.first;
    const bool own = grant.participant == right.subject && grant.participant != ParticipantId{};
    if (has(grant, wanted))
        return right.authority.own && !own ? Reason::participant_of_another : Reason::ok;
    if (!right.second && right.authority.or_own) {
        const bool acts = has(grant, Role::initiator) || has(grant, Role::approver);
        if (acts && own) return Reason::ok;
        if (acts) return Reason::participant_of_another;
    }
    return Reason::role_not_allowed;
}

Reason check_waiting(const Proposal& proposal) {
    switch (proposal.state) {
        case ProposalState::waiting:
            return Reason::ok;
        case ProposalState::approved:
            return Reason::proposal_already_approved;
        case ProposalState::withdrawn:
            return Reason::proposal_withdrawn;
        case ProposalState::lapsed:
            return Reason::proposal_lapsed;
    }
    return Reason::proposal_not_found;
}

// Everything that people will read is UTF-8.
class TextCheck {
  public:
    template <class T>
    void operator()(const char* /*name*/, const T& value) {
        check(value);
    }
    template <class T>
    void check(const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            good_ = good_ && is_utf8(value);
        } else if constexpr (kIsVector<T>) {
            for (const auto& each : value) check(each);
        } else if constexpr (kIsOptional<T>) {
            if (value) check(*value);
        } else if constexpr (Described<T>) {
            T::fields(value, *this);
        }
    }
    [[nodiscard]] bool good() const { return good_; }

  private:
    bool good_ = true;
};

bool has_readable_text(const Command& command) {
    TextCheck text;
    std::visit([&](const auto& c) { text.check(c); }, command);
    return text.good();
}

Hash128 body_hash(const Envelope& envelope) {
    std::string bytes(envelope.key.begin(), envelope.key.end());
    bytes += envelope.body;
    return hash128(bytes);
}

Decision decide_any(const Look& look, const Command& command) {
    return std::visit(
        [&](const auto& c) -> Decision {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, Approve> || std::is_same_v<C, Withdraw>) {
                return Reason::malformed_command;  // the machine's own; never proposed
            } else {
                return scheme::decide(look, c);
            }
        },
        command);
}

void fold_any(State& state, const Done& done, const Command& command) {
    std::visit(
        [&](const auto& c) {
            using C = std::decay_t<decltype(c)>;
            if constexpr (!std::is_same_v<C, Approve> && !std::is_same_v<C, Withdraw>)
                scheme::fold(state, done, c);
        },
        command);
}

// Ids for the postings, and the links of a chain.
void link(std::vector<registry::Command>& postings, const TransferId& act) {
    for (std::size_t i = 0; i < postings.size(); ++i) {
        postings[i].id = posting_id(act, static_cast<std::uint32_t>(i));
        postings[i].flags = i + 1 < postings.size() ? registry::kLinked : std::uint16_t{0};
    }
}

// What the books say of kinds, owners and accounts that are closed for ever: no waiting mends it.
bool is_lasting(registry::Reason reason) {
    using R = registry::Reason;
    switch (reason) {
        case R::accounts_must_differ:
        case R::unknown_asset:
        case R::amount_must_be_positive:
        case R::price_must_not_be_negative:
        case R::period_must_not_be_zero:
        case R::account_closed_is_final:
        case R::asset_not_for_account:
        case R::retirement_is_final:
        case R::compliance_is_one_way:
        case R::from_kind_not_allowed:
        case R::to_kind_not_allowed:
        case R::compliance_account_of_another:
        case R::deficit_account_of_another:
        case R::from_account_closed:
        case R::to_account_closed:
            return true;
        default:
            return false;
    }
}

}  // namespace

TransferId posting_id(const TransferId& act, std::uint32_t index) {
    std::string bytes = "posting";
    ByteWriter writer(bytes);
    writer.write(act.high);
    writer.write(act.low);
    writer.write(index);
    const Hash128 hash = hash128(bytes);
    return {hash.high, hash.low};
}

Reason Scheme::authorize(const Envelope& envelope, const Command& command, Timestamp now) const {
    const auto found = state_.keys.find(envelope.key);
    if (found == state_.keys.end()) return Reason::key_not_found;
    const Key& key = found->second;
    if (key.revoked) return Reason::key_revoked;
    if (now < key.active_from) return Reason::key_not_active_yet;
    // The right to approve or withdraw is that of the proposal.
    if (std::holds_alternative<Approve>(command) || std::holds_alternative<Withdraw>(command))
        return Reason::ok;
    return may(key.grant, {.authority = authority_of(command), .subject = participant_of(command)});
}

Scheme::Plan Scheme::decide(const Envelope& envelope,
                            Timestamp now,
                            const registry::Registry& books,
                            const FindTrade* find_trade) const {
    const auto refused = [](Reason reason) {
        return Plan{.reason = reason, .journaled = burns_id(reason), .postings = {}};
    };
    const std::optional<Command> command = decode_command(envelope.body);
    if (!command || !has_readable_text(*command)) return refused(Reason::malformed_command);
    if (envelope.id.empty())
        return {.reason = from_registry(registry::Reason::id_must_not_be_zero), .postings = {}};
    const bool founding = std::holds_alternative<FoundScheme>(*command);
    if (!state_.founded && !founding) return refused(Reason::scheme_not_founded);
    if (!founding && state_.keys.count(envelope.key) == 0) return refused(Reason::key_not_found);
    if (!verify(envelope.key, signed_bytes(venue_, envelope), envelope.signature))
        return refused(Reason::bad_signature);

    if (const auto used = state_.ids.find(envelope.id); used != state_.ids.end()) {
        if (used->second.body != body_hash(envelope))
            return refused(Reason::exists_with_different_body);
        return {.reason = from_registry(used->second.reason == Reason::ok
                                            ? registry::Reason::exists
                                            : registry::Reason::id_already_failed),
                .postings = {}};
    }
    if (founding) {
        if (state_.founded) return refused(Reason::scheme_already_founded);
    } else if (const Reason reason = authorize(envelope, *command, now); reason != Reason::ok) {
        return {.reason = reason, .postings = {}};
    }

    const Look look{.state = state_,
                    .books = books,
                    .now = now,
                    .id = envelope.id,
                    .act = envelope.id,
                    .by = envelope.key,
                    .find_trade = find_trade};
    if (const auto* approve = std::get_if<Approve>(&*command))
        return decide_approval(envelope, *approve, look);
    if (const auto* withdraw = std::get_if<Withdraw>(&*command)) {
        const Reason reason = decide_withdraw(envelope, *withdraw);
        return {.reason = reason,
                .journaled = reason == Reason::ok || burns_id(reason),
                .postings = {}};
    }
    Decision decision = decide_any(look, *command);
    if (decision.reason != Reason::ok) return refused(decision.reason);
    link(decision.postings, envelope.id);
    // A first refusal comes at once; the books are asked again when it is approved.
    if (authority_of(*command).second != Role::none) {
        for (const registry::Command& posting : decision.postings)
            if (const registry::Reason reason = books.would_answer(posting, now);
                is_lasting(reason))
                return refused(from_registry(reason));
        return {.journaled = true, .proposed = true, .postings = {}};
    }
    return {.journaled = true, .postings = std::move(decision.postings), .number = decision.number};
}

Scheme::Plan Scheme::decide_approval(const Envelope& envelope,
                                     const Approve& approve,
                                     const Look& look) const {
    const auto refused = [](Reason reason) {
        return Plan{.reason = reason, .journaled = burns_id(reason), .postings = {}};
    };
    const auto found = state_.proposals.find(approve.proposal);
    if (found == state_.proposals.end()) return refused(Reason::proposal_not_found);
    const Proposal& proposal = found->second;
    const KeyGrant& grant = state_.keys.at(envelope.key).grant;
    const Reason right = may(grant,
                             {.authority = authority_of(proposal.command),
                              .subject = participant_of(proposal.command),
                              .second = true});
    if (right != Reason::ok) return {.reason = right, .postings = {}};
    if (const Reason closed = check_waiting(proposal); closed != Reason::ok) return refused(closed);
    if (same_person(grant, state_.keys.at(proposal.by).grant)) return refused(Reason::same_person);
    Look of_proposal = look;
    of_proposal.id = proposal.id;
    of_proposal.by = proposal.by;
    Decision decision = decide_any(of_proposal, proposal.command);
    if (decision.reason != Reason::ok) return refused(decision.reason);
    link(decision.postings, envelope.id);
    return {.journaled = true, .postings = std::move(decision.postings), .number = decision.number};
}

Reason Scheme::decide_withdraw(const Envelope& envelope, const Withdraw& withdraw) const {
    const auto found = state_.proposals.find(withdraw.proposal);
    if (found == state_.proposals.end()) return Reason::proposal_not_found;
    const Proposal& proposal = found->second;
    const KeyGrant& grant = state_.keys.at(envelope.key).grant;
    const Authority authority = authority_of(proposal.command);
    const ParticipantId subject = participant_of(proposal.command);
    const bool allowed =
        has(grant, Role::scheme_operator) ||
        may(grant, {.authority = authority, .subject = subject}) == Reason::ok ||
        may(grant, {.authority = authority, .subject = subject, .second = true}) == Reason::ok;
    if (!allowed) return Reason::role_not_allowed;
    return check_waiting(proposal);
}

std::optional<Due> Scheme::next_due() const {
    if (state_.due.empty()) return std::nullopt;
    return *state_.due.begin();
}

DueDecision Scheme::decide_due(const Due& due,
                               Timestamp now,
                               const registry::Registry& books,
                               std::int64_t market_reference_micro) const {
    // Two that fall due at once have ids of their own, so their acts have too.
    std::string bytes = "due";
    ByteWriter writer(bytes);
    writer.write(due.at_us);
    writer.write(due.kind);
    writer.write(due.id.high);
    writer.write(due.id.low);
    const Hash128 hash = hash128(bytes);
    const TransferId act{hash.high, hash.low};
    DueDecision out = scheme::decide_due({.state = state_,
                                          .books = books,
                                          .now = now,
                                          .id = due.id,
                                          .act = act,
                                          .by = {},
                                          .market_reference_micro = market_reference_micro},
                                         due);
    link(out.postings, act);
    link(out.otherwise, posting_id(act, UINT32_MAX));
    return out;
}

bool Scheme::fold_command(const Event& event) {
    const Envelope& envelope = event.envelope;
    std::optional<Command> command = decode_command(envelope.body);
    if (!command || state_.ids.count(envelope.id) != 0) return false;
    const bool founding = std::holds_alternative<FoundScheme>(*command);
    if (founding == state_.founded) return false;
    if (!founding && state_.keys.count(envelope.key) == 0) return false;
    // Spans of forged rules would not fit into any calendar.
    const auto* founded = std::get_if<FoundScheme>(&*command);
    const auto* changed = std::get_if<ChangeRules>(&*command);
    if (event.reason == Reason::ok && ((founded != nullptr && !check_rules(founded->rules)) ||
                                       (changed != nullptr && !check_rules(changed->rules))))
        return false;
    const Used used{.body = body_hash(envelope), .reason = event.reason};
    if (event.reason != Reason::ok) {
        state_.ids.emplace(envelope.id, used);
        return true;
    }
    if (const auto* approve = std::get_if<Approve>(&*command)) {
        const auto found = state_.proposals.find(approve->proposal);
        if (found == state_.proposals.end() || found->second.state != ProposalState::waiting)
            return false;
        Proposal& proposal = found->second;
        proposal.state = ProposalState::approved;
        proposal.approved_by = envelope.key;
        state_.due.erase({proposal.lapses.us, DueKind::lapse_proposal, proposal.id});
        fold_any(state_,
                 {.at = event.at,
                  .id = proposal.id,
                  .act = envelope.id,
                  .by = proposal.by,
                  .number = event.number},
                 proposal.command);
    } else if (const auto* withdraw = std::get_if<Withdraw>(&*command)) {
        const auto found = state_.proposals.find(withdraw->proposal);
        if (found == state_.proposals.end() || found->second.state != ProposalState::waiting)
            return false;
        found->second.state = ProposalState::withdrawn;
        state_.due.erase({found->second.lapses.us, DueKind::lapse_proposal, found->second.id});
    } else if (authority_of(*command).second != Role::none) {
        const Timestamp lapses = after_hours(event.at, state_.rules.rights.proposal_lapse_h);
        state_.due.insert({lapses.us, DueKind::lapse_proposal, envelope.id});
        state_.proposals.emplace(envelope.id,
                                 Proposal{.id = envelope.id,
                                          .command = std::move(*command),
                                          .by = envelope.key,
                                          .at = event.at,
                                          .lapses = lapses});
    } else {
        fold_any(state_,
                 {.at = event.at,
                  .id = envelope.id,
                  .act = envelope.id,
                  .by = envelope.key,
                  .number = event.number},
                 *command);
    }
    state_.ids.emplace(envelope.id, used);
    return true;
}

bool Scheme::fold(const Event& event) {
    if (event.at <= state_.last) return false;
    if (event.kind == EventKind::command) {
        if (!fold_command(event)) return false;
    } else {
        if (event.due.at_us > event.at.us) return false;
        if (state_.due.erase(event.due) == 0) return false;
        fold_due(state_,
                 {.at = event.at,
                  .reason = event.reason,
                  .number = event.number,
                  .clearing = event.clearing},
                 event.due);
    }
    state_.last = event.at;
    return true;
}

}  // namespace abate::scheme
