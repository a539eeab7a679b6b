// All that a scheme remembers beside the books. Built by folding events alone; everything in order of its key, so that it is the same
// wherever it is built.
#pragma once

#include "abate/core/clock.h"
#include "abate/scheme/auction_state.h"
#include "abate/scheme/command.h"
#include "abate/scheme/compliance_state.h"
#include "abate/scheme/monitoring_state.h"
#include "abate/scheme/period_state.h"
#include "abate/scheme/reject_reason.h"
#include "abate/scheme/supervision_state.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace abate::scheme {

// The day of a mandate, and what its key traded in it.
struct Mandate {
    std::int64_t daily_net_quantity = 0;
    std::int64_t daily_net_value_micro = 0;
    Timestamp since = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("daily_net_quantity", self.daily_net_quantity);
        visit("daily_net_value_micro", self.daily_net_value_micro);
        visit("since", self.since);
    }
};

struct Key {
    std::uint32_t number = 0;  // in the order of admission, from 0 on
    KeyGrant grant = {};
    Timestamp added = {};
    Timestamp active_from = {};
    std::optional<Timestamp> revoked = {};
    Mandate mandate = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("number", self.number);
        visit("grant", self.grant);
        visit("added", self.added);
        visit("active_from", self.active_from);
        visit("revoked", self.revoked);
        visit("mandate", self.mandate);
    }
};

// Whoever may owe allowances: reports, and is allocated to.
[[nodiscard]] constexpr bool is_obligated(ParticipantSort sort) {
    return sort == ParticipantSort::obligated || sort == ParticipantSort::opted_in;
}

struct Participant {
    ParticipantId id{};
    std::string title = {};
    ParticipantSort sort = ParticipantSort::obligated;
    GroupId group{};
    Timestamp since = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("id", self.id);
        visit("title", self.title);
        visit("sort", self.sort);
        visit("group", self.group);
        visit("since", self.since);
    }
};

// A firm asked to cease, or has ceased.
struct Cessation {
    Timestamp ceased = {};  // the first moment at which it operates no more
    std::int64_t year = 0;  // the last that it has a part in; 0: only asked for
    std::string reason = {};
    Timestamp requested = {};  // by the firm
    Timestamp at = {};         // recorded
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("ceased", self.ceased);
        visit("year", self.year);
        visit("reason", self.reason);
        visit("requested", self.requested);
        visit("at", self.at);
    }
};

struct AccountEntry {
    AccountId id{};
    AccountKind kind{};
    ParticipantId participant{};
    std::string title = {};
    bool closed = false;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("id", self.id);
        visit("kind", self.kind);
        visit("participant", self.participant);
        visit("title", self.title);
        visit("closed", self.closed);
    }
};

struct TrustedKey {
    ParticipantId participant{};
    AccountId account{};
    auto operator<=>(const TrustedKey&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("account", self.account);
    }
};

enum class ProposalState : std::uint8_t { waiting = 1, approved = 2, withdrawn = 3, lapsed = 4 };

struct Proposal {
    TransferId id{};
    Command command = {};
    PublicKey by{};
    Timestamp at = {};
    Timestamp lapses = {};
    ProposalState state = ProposalState::waiting;
    PublicKey approved_by{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("id", self.id);
        visit("command", self.command);
        visit("by", self.by);
        visit("at", self.at);
        visit("lapses", self.lapses);
        visit("state", self.state);
        visit("approved_by", self.approved_by);
    }
};

enum class WaitState : std::uint8_t { waiting = 1, done = 2, cancelled = 3, failed = 4 };

// A transfer to an account that is not trusted.
struct WaitingTransfer {
    Transfer transfer = {};
    TransferId reserve{};  // the registry's pending transfer
    Timestamp due = {};
    WaitState state = WaitState::waiting;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("transfer", self.transfer);
        visit("reserve", self.reserve);
        visit("due", self.due);
        visit("state", self.state);
    }
};

struct RecordedDeposit {
    Deposit said = {};
    std::optional<TransferId> corrected_by = {};  // the id of the CorrectDeposit command
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("said", self.said);
        visit("corrected_by", self.corrected_by);
    }
};

struct Withdrawal {
    WithdrawCash asked = {};
    TransferId reserve{};
    Timestamp at = {};
    WaitState state = WaitState::waiting;
    std::string bank_reference = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("asked", self.asked);
        visit("reserve", self.reserve);
        visit("at", self.at);
        visit("state", self.state);
        visit("bank_reference", self.bank_reference);
    }
};

struct Statement {
    Reconcile said = {};
    Timestamp at = {};
    std::int64_t books_micro = 0;  // at that moment
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("said", self.said);
        visit("at", self.at);
        visit("books_micro", self.books_micro);
    }
};

// What happens when its time comes.
enum class DueKind : std::uint8_t {
    lapse_proposal = 1,
    settle_transfer = 2,
    report_due = 20,       // id.low: the year
    report_block = 21,     // id.high: the account, id.low: the year
    surrender_due = 30,    // id.high: the year
    close_bank = 31,       // id.high: the year, id.low: the participant
    begin_period = 32,     // id.high: the year
    review_holding = 33,   // id.low: the group
    cure_holding = 34,     // id.low: the group
    consign_holding = 35,  // id.high: the vintage, id.low: the participant
    clear_auction = 40,    // id: the auction
};

struct Due {
    std::int64_t at_us = 0;
    DueKind kind{};
    TransferId id{};
    auto operator<=>(const Due&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("at_us", self.at_us);
        visit("kind", self.kind);
        visit("id", self.id);
    }
};

// An id that was used, and what came of it.
struct Used {
    Hash128 body{};
    Reason reason = Reason::ok;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("body", self.body);
        visit("reason", self.reason);
    }
};

struct State {
    bool founded = false;
    Rules rules = {};
    std::vector<std::string> rules_texts = {};  // one a version
    Timestamp last = {INT64_MIN};

    std::map<TransferId, Used> ids = {};
    std::map<PublicKey, Key> keys = {};
    std::map<ParticipantId, Participant> participants = {};
    std::map<GroupId, std::string> groups = {};
    std::map<AccountId, AccountEntry> accounts = {};
    std::map<TrustedKey, Timestamp> trusted = {};  // from when
    std::map<TransferId, Proposal> proposals = {};
    std::set<Due> due = {};
    std::vector<std::int64_t> settle_at_us = {};  // noons of working days
    std::int64_t calendar_year = 0;               // the last that is published
    std::string tz_version = {};

    std::map<TransferId, WaitingTransfer> transfers = {};
    std::map<TransferId, RecordedDeposit> deposits = {};
    std::map<TransferId, Withdrawal> withdrawals = {};
    std::set<std::string> bank_references = {};
    std::vector<Statement> statements = {};
    bool halted = false;  // the last statement was not what the books say

    MonitoringState monitoring = {};
    PeriodState period = {};
    ComplianceState compliance = {};
    std::map<ParticipantId, Cessation> cessations = {};
    AuctionState auction = {};
    SupervisionState supervision = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("founded", self.founded);
        visit("rules", self.rules);
        visit("rules_texts", self.rules_texts);
        visit("last", self.last);
        visit("ids", self.ids);
        visit("keys", self.keys);
        visit("participants", self.participants);
        visit("groups", self.groups);
        visit("accounts", self.accounts);
        visit("trusted", self.trusted);
        visit("proposals", self.proposals);
        visit("due", self.due);
        visit("settle_at_us", self.settle_at_us);
        visit("calendar_year", self.calendar_year);
        visit("tz_version", self.tz_version);
        visit("transfers", self.transfers);
        visit("deposits", self.deposits);
        visit("withdrawals", self.withdrawals);
        visit("bank_references", self.bank_references);
        visit("statements", self.statements);
        visit("halted", self.halted);
        visit("monitoring", self.monitoring);
        visit("period", self.period);
        visit("compliance", self.compliance);
        visit("cessations", self.cessations);
        visit("auction", self.auction);
        visit("supervision", self.supervision);
    }
};

// Of everything above: equal where two states are.
[[nodiscard]] inline Hash128 digest_of(const State& state) { return hash128(encode(state)); }

}  // namespace abate::scheme
