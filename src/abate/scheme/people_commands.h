// Commands about who takes part: keys, participants, accounts, trusted accounts, mandates, approvals.
#pragma once

#include "abate/registry/registry.h"
#include "abate/scheme/authority.h"
#include "abate/scheme/fields.h"
#include "abate/scheme/rules.h"
#include "abate/scheme/signature.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

using registry::AccountId;
using registry::AccountKind;
using registry::AccountStatus;
using registry::GroupId;
using registry::ParticipantId;
using registry::TransferId;

struct KeyGrant {
    PublicKey key{};
    std::string holder = {};      // the person; four eyes are two holders
    std::uint8_t roles = 0;       // bits of Role
    ParticipantId participant{};  // whose; 0 for operator and auditor. A verifier's is its firm
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("key", self.key);
        visit("holder", self.holder);
        visit("roles", self.roles);
        visit("participant", self.participant);
    }
};

// The first command of a journal: the rules, and the operator's first keys, of two people at least.
struct FoundScheme {
    static constexpr std::uint8_t number = 1;
    static constexpr const char* name = "found_scheme";
    static constexpr Authority authority{.first = Role::scheme_operator};
    Rules rules = {};
    std::string rules_text = {};  // as the operator wrote them
    std::vector<KeyGrant> keys = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("rules", self.rules);
        visit("rules_text", self.rules_text);
        visit("keys", self.keys);
    }
};

struct ChangeRules {
    static constexpr std::uint8_t number = 2;
    static constexpr const char* name = "change_rules";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    Rules rules = {};
    std::string rules_text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("rules", self.rules);
        visit("rules_text", self.rules_text);
    }
};

// The key waits rights.new_key_delay_h before it may act.
struct AddKey {
    static constexpr std::uint8_t number = 3;
    static constexpr const char* name = "add_key";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    KeyGrant grant = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("grant", self.grant);
    }
};

// At once, by one person: of the operator, or of the key's own participant.
struct RevokeKey {
    static constexpr std::uint8_t number = 4;
    static constexpr const char* name = "revoke_key";
    static constexpr Authority authority{.first = Role::scheme_operator, .or_own = true};
    ParticipantId participant{};  // the key's
    PublicKey key{};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("key", self.key);
        visit("reason", self.reason);
    }
};

enum class ParticipantSort : std::uint8_t {
    obligated = 1,
    opted_in = 2,
    trader = 3,
    verifier = 4,  // a verification body: holds no account
};
[[nodiscard]] std::string_view to_string(ParticipantSort value);

// Opens it in the registry too.
struct AddParticipant {
    static constexpr std::uint8_t number = 5;
    static constexpr const char* name = "add_participant";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::string title = {};
    ParticipantSort sort = ParticipantSort::obligated;
    GroupId group{};  // of ownership
    std::string group_title = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("title", self.title);
        visit("sort", self.sort);
        visit("group", self.group);
        visit("group_title", self.group_title);
    }
};

// A change of control.
struct Regroup {
    static constexpr std::uint8_t number = 6;
    static constexpr const char* name = "regroup";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    GroupId group{};
    std::string group_title = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("group", self.group);
        visit("group_title", self.group_title);
    }
};

struct OpenAccount {
    static constexpr std::uint8_t number = 7;
    static constexpr const char* name = "open_account";
    static constexpr Authority authority{.first = Role::scheme_operator};
    AccountId account{};
    AccountKind kind{};
    ParticipantId participant{};  // 0: the scheme's own
    std::string title = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("account", self.account);
        visit("kind", self.kind);
        visit("participant", self.participant);
        visit("title", self.title);
    }
};

// Blocks or freezes, by one person and at once.
struct RestrictAccount {
    static constexpr std::uint8_t number = 8;
    static constexpr const char* name = "restrict_account";
    static constexpr Authority authority{.first = Role::scheme_operator, .or_own = true};
    ParticipantId participant{};  // the account's; 0: the scheme's own
    AccountId account{};
    AccountStatus status = AccountStatus::frozen;  // blocked or frozen
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("account", self.account);
        visit("status", self.status);
        visit("reason", self.reason);
    }
};

// Opens it again.
struct ReleaseAccount {
    static constexpr std::uint8_t number = 9;
    static constexpr const char* name = "release_account";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    AccountId account{};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("account", self.account);
        visit("reason", self.reason);
    }
};

struct CloseAccount {
    static constexpr std::uint8_t number = 10;
    static constexpr const char* name = "close_account";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    AccountId account{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("account", self.account);
    }
};

// Transfers to it are done at once, from rights.trusted_delay_days working days on.
struct AddTrusted {
    static constexpr std::uint8_t number = 11;
    static constexpr const char* name = "add_trusted";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId account{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("account", self.account);
    }
};

// At once, and while it still waits.
struct RemoveTrusted {
    static constexpr std::uint8_t number = 12;
    static constexpr const char* name = "remove_trusted";
    static constexpr Authority authority{.first = Role::scheme_operator, .or_own = true};
    ParticipantId participant{};
    AccountId account{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("account", self.account);
    }
};

// What a key may trade on its own, net, in a day of the scheme's time zone. 0: nothing.
struct SetMandate {
    static constexpr std::uint8_t number = 13;
    static constexpr const char* name = "set_mandate";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    PublicKey key{};
    std::int64_t daily_net_quantity = 0;
    std::int64_t daily_net_value_micro = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("key", self.key);
        visit("daily_net_quantity", self.daily_net_quantity);
        visit("daily_net_value_micro", self.daily_net_value_micro);
    }
};

// The second pair of eyes. The proposal's command says whose.
struct Approve {
    static constexpr std::uint8_t number = 14;
    static constexpr const char* name = "approve";
    static constexpr Authority authority{};
    TransferId proposal{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("proposal", self.proposal);
    }
};

// Takes a proposal away: whoever might have made or approved it.
struct Withdraw {
    static constexpr std::uint8_t number = 15;
    static constexpr const char* name = "withdraw";
    static constexpr Authority authority{};
    TransferId proposal{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("proposal", self.proposal);
    }
};

}  // namespace abate::scheme
