// What can be asked of a scheme: one of the structs below, signed.
//
//     Envelope asked = sign_command(key, venue, {.high = 0, .low = 7}, Transfer{.participant = lab, ...});
//
// The client makes the id and keeps it before asking: the same envelope is done once, however often it is sent.
#pragma once

#include "abate/scheme/auction_commands.h"
#include "abate/scheme/calendar_commands.h"
#include "abate/scheme/cessation_commands.h"
#include "abate/scheme/compliance_commands.h"
#include "abate/scheme/monitoring_commands.h"
#include "abate/scheme/people_commands.h"
#include "abate/scheme/period_commands.h"
#include "abate/scheme/supervision_commands.h"
#include "abate/scheme/transfer_commands.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace abate::scheme {

using Command = std::variant<FoundScheme,
                             ChangeRules,
                             AddKey,
                             RevokeKey,
                             AddParticipant,
                             Regroup,
                             OpenAccount,
                             RestrictAccount,
                             ReleaseAccount,
                             CloseAccount,
                             AddTrusted,
                             RemoveTrusted,
                             SetMandate,
                             Approve,
                             Withdraw,
                             PublishCalendar,
                             Transfer,
                             CancelTransfer,
                             Retire,
                             ReturnAllowances,
                             Deposit,
                             WithdrawCash,
                             SettleWithdrawal,
                             Reconcile,
                             RecordActivities,
                             SubmitPlan,
                             ApprovePlan,
                             ReturnPlan,
                             DraftReport,
                             SubmitReport,
                             ReturnReport,
                             VerifyReport,
                             FinaliseReport,
                             Determine,
                             RestateReport,
                             SubmitStatement,
                             OpenPeriod,
                             ProposeCap,
                             ObjectToStatement,
                             FinaliseStatement,
                             IssueCap,
                             ProposeBenchmark,
                             ProposeAllocation,
                             IssueAllocation,
                             TrueUp,
                             RecordBaseline,
                             SetActivity,
                             LodgeCertificate,
                             RejectCertificate,
                             PublishCirculation,
                             Surrender,
                             ObjectPenalty,
                             FinalisePenalty,
                             PayPenalty,
                             ClawBack,
                             Publish,
                             ReleaseConsignment,
                             RequestCease,
                             AcceptCease,
                             OrderCease,
                             CorrectDeposit,
                             OpenAuction,
                             CallOffAuction,
                             PlaceBid,
                             ChangeBid,
                             WithdrawBid,
                             BuyAtCeiling,
                             HaltMarket,
                             ResumeMarket,
                             OpenCase,
                             ReferCase,
                             CloseCase,
                             AddInsider,
                             RemoveInsider,
                             OpenEmbargo,
                             LiftEmbargo,
                             AnnulTrade>;

// The number of its kind, then its fields.
[[nodiscard]] std::string encode_command(const Command& command);
[[nodiscard]] std::optional<Command> decode_command(std::string_view body);
[[nodiscard]] const char* name_of(const Command& command);
[[nodiscard]] Authority authority_of(const Command& command);
// Whom it is for, where it says so.
[[nodiscard]] ParticipantId participant_of(const Command& command);

// Which journal: a signature is good for one scheme only.
struct Venue {
    std::uint64_t tenant_id = 0;
    std::uint64_t scheme_id = 0;
    bool operator==(const Venue&) const = default;
};

struct Envelope {
    TransferId id{};
    PublicKey key{};
    Signature signature{};
    std::string body = {};  // encode_command
    bool operator==(const Envelope&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("id", self.id);
        visit("key", self.key);
        visit("signature", self.signature);
        visit("body", self.body);
    }
};

// What is signed: "abate scheme command 1", the venue, the id, the body.
[[nodiscard]] std::string signed_bytes(const Venue& venue, const Envelope& envelope);
[[nodiscard]] Envelope sign_command(const KeyPair& key,
                                    const Venue& venue,
                                    const TransferId& id,
                                    const Command& command);

}  // namespace abate::scheme
