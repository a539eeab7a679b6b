// What several chapters ask of the state.
#include "abate/scheme/decide.h"

#include "abate/core/plain_text.h"

namespace abate::scheme {

bool is_obligated(const State& state, ParticipantId participant) {
    const auto found = state.participants.find(participant);
    return found != state.participants.end() && is_obligated(found->second.sort);
}

GroupId group_of(const State& state, ParticipantId participant) {
    const auto found = state.participants.find(participant);
    return found == state.participants.end() ? GroupId{} : found->second.group;
}

std::string person_of(const KeyGrant& grant) { return ascii_lower(grant.holder); }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): either way round
bool same_person(const KeyGrant& one, const KeyGrant& other) {
    return person_of(one) == person_of(other);
}

Reason check_account_of(const State& state, ParticipantId participant, AccountId account) {
    const auto found = state.accounts.find(account);
    if (found == state.accounts.end()) return Reason::unknown_account;
    return found->second.participant == participant ? Reason::ok : Reason::account_of_another;
}

Reason check_vintage(std::int32_t vintage) {
    return vintage >= registry::kFirstVintage && vintage <= registry::kLastVintage
               ? Reason::ok
               : Reason::vintage_unknown;
}

}  // namespace abate::scheme
