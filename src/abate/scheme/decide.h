// What deciding and folding a command get to see. Inside `scheme` only.
//
// Each command has an overload of `decide` (asks state and books, changes nothing) and of `fold` (changes the state, asks nothing but the
// event: it must give the same on replay, years later). They stand in the file of their chapter: people.cpp, transfers.cpp, ...
#pragma once

#include "abate/registry/registry.h"
#include "abate/scheme/state.h"

#include <utility>
#include <vector>

namespace abate::scheme {

struct Look {
    const State& state;
    const registry::Registry& books;
    Timestamp now;
    TransferId id;  // of the command; of its proposal, where it had one
    TransferId
        act;  // of the command that makes it happen: the approval, where there is one. Ids of postings follow from it
    PublicKey by;  // who asked (the proposer)
    // Of the vintage that an auction sells, by the market's own trades: asked when one clears. 0: there were none.
    std::int64_t market_reference_micro = 0;
    const FindTrade* find_trade =
        nullptr;  // of the market, that may be annulled; null: there is none
};

struct Decision {
    Decision() = default;
    Decision(Reason why) : reason(why) {}
    Decision(registry::Reason why) : reason(from_registry(why)) {}

    Reason reason = Reason::ok;
    std::vector<registry::Command> postings;  // one chain: all or none
    std::int64_t number = 0;  // what the books said, where fold() needs it: it cannot ask them
};

struct Done {
    Timestamp at;
    TransferId id;
    TransferId act;
    PublicKey by;
    std::int64_t number = 0;  // as decided
};

// The id of the i-th posting of an act.
[[nodiscard]] TransferId posting_id(const TransferId& act, std::uint32_t index);

// A sum that stays at the end of 64 bits: what decide() let through is far from it, and fold() takes any event.
[[nodiscard]] constexpr std::int64_t sum_within(std::int64_t a, Int128 b) {
    const Int128 sum = b + a;
    return sum > INT64_MAX   ? INT64_MAX
           : sum < INT64_MIN ? INT64_MIN
                             : static_cast<std::int64_t>(sum);
}

// Rounded down, where nothing is below 0.
[[nodiscard]] constexpr std::int64_t part_of(std::int64_t value, Ppm part) {
    return sum_within(0, Int128{value} * part.value / kMillion);
}

// Moments are microseconds; what would wrap is the last, or the first, that there is: forged rules are folded too.
[[nodiscard]] constexpr Timestamp after_hours(Timestamp from, std::int64_t hours) {
    std::int64_t span = 0;
    std::int64_t at = 0;
    if (__builtin_mul_overflow(hours, std::int64_t{3'600'000'000}, &span) ||
        __builtin_add_overflow(from.us, span, &at))
        return {hours < 0 ? INT64_MIN : INT64_MAX};
    return {at};
}
// REQUIRES: a span of rules that hold, a century at most.
[[nodiscard]] constexpr std::int64_t hours_us(std::int64_t hours) {
    return after_hours({0}, hours).us;
}

// The n-th working day's noon after `now`; none: the calendar ends before it.
[[nodiscard]] std::optional<Timestamp> settle_time(const State& state,
                                                   Timestamp now,
                                                   std::int64_t days);

// The scheme's own accounts, opened when it is founded.
inline constexpr AccountId kIssuance{1};
inline constexpr AccountId kBank{2};
inline constexpr AccountId kAuction{3};
inline constexpr AccountId kEntrantReserve{4};      // new entrants and true-up
inline constexpr AccountId kContainmentReserve{5};  // price containment
inline constexpr AccountId kRetirement{6};
inline constexpr AccountId kProceeds{7};
inline constexpr AccountId kPenalties{8};
inline constexpr AccountId kFees{9};
inline constexpr AccountId kFreePot{10};  // the free ceiling, until it is allocated
inline constexpr AccountId kStabilityReserve{11};
inline constexpr AccountId kConsignment{12};  // of its holders, for the next auction
inline constexpr AccountId kFirstOfParticipants{100};

[[nodiscard]] bool is_obligated(const State& state, ParticipantId participant);
// None: no such participant, or one without a group.
[[nodiscard]] GroupId group_of(const State& state, ParticipantId participant);
// Whom a key is in the hands of: its holder, in whatever case the name is written.
[[nodiscard]] std::string person_of(const KeyGrant& grant);
// Two keys of one holder are one pair of eyes.
[[nodiscard]] bool same_person(const KeyGrant& one, const KeyGrant& other);
// unknown_account, account_of_another, or ok.
[[nodiscard]] Reason check_account_of(const State& state,
                                      ParticipantId participant,
                                      AccountId account);
// vintage_unknown, or ok.
[[nodiscard]] Reason check_vintage(std::int32_t vintage);
// Allowances of a year's vintage. What is none (check_vintage) has no balance.
[[nodiscard]] constexpr registry::Asset asset_of_year(std::int64_t year) {
    return static_cast<registry::Asset>(year);
}
// The first moment of the year 10000: RFC 3339 cannot say later ones.
inline constexpr std::int64_t kLastMomentUs = 253'402'300'800'000'000;

#define ABATE_DECLARE_COMMAND(C)                          \
    [[nodiscard]] Decision decide(const Look&, const C&); \
    void fold(State&, const Done&, const C&)

ABATE_DECLARE_COMMAND(FoundScheme);
ABATE_DECLARE_COMMAND(ChangeRules);
ABATE_DECLARE_COMMAND(AddKey);
ABATE_DECLARE_COMMAND(RevokeKey);
ABATE_DECLARE_COMMAND(AddParticipant);
ABATE_DECLARE_COMMAND(Regroup);
ABATE_DECLARE_COMMAND(OpenAccount);
ABATE_DECLARE_COMMAND(RestrictAccount);
ABATE_DECLARE_COMMAND(ReleaseAccount);
ABATE_DECLARE_COMMAND(CloseAccount);
ABATE_DECLARE_COMMAND(AddTrusted);
ABATE_DECLARE_COMMAND(RemoveTrusted);
ABATE_DECLARE_COMMAND(SetMandate);
ABATE_DECLARE_COMMAND(PublishCalendar);
ABATE_DECLARE_COMMAND(Transfer);
ABATE_DECLARE_COMMAND(CancelTransfer);
ABATE_DECLARE_COMMAND(Retire);
ABATE_DECLARE_COMMAND(ReturnAllowances);
ABATE_DECLARE_COMMAND(Deposit);
ABATE_DECLARE_COMMAND(WithdrawCash);
ABATE_DECLARE_COMMAND(SettleWithdrawal);
ABATE_DECLARE_COMMAND(Reconcile);
ABATE_DECLARE_COMMAND(RecordActivities);
ABATE_DECLARE_COMMAND(SubmitPlan);
ABATE_DECLARE_COMMAND(ApprovePlan);
ABATE_DECLARE_COMMAND(ReturnPlan);
ABATE_DECLARE_COMMAND(DraftReport);
ABATE_DECLARE_COMMAND(SubmitReport);
ABATE_DECLARE_COMMAND(ReturnReport);
ABATE_DECLARE_COMMAND(VerifyReport);
ABATE_DECLARE_COMMAND(FinaliseReport);
ABATE_DECLARE_COMMAND(Determine);
ABATE_DECLARE_COMMAND(RestateReport);
ABATE_DECLARE_COMMAND(SubmitStatement);
ABATE_DECLARE_COMMAND(OpenPeriod);
ABATE_DECLARE_COMMAND(ProposeCap);
ABATE_DECLARE_COMMAND(ObjectToStatement);
ABATE_DECLARE_COMMAND(FinaliseStatement);
ABATE_DECLARE_COMMAND(IssueCap);
ABATE_DECLARE_COMMAND(ProposeBenchmark);
ABATE_DECLARE_COMMAND(ProposeAllocation);
ABATE_DECLARE_COMMAND(IssueAllocation);
ABATE_DECLARE_COMMAND(TrueUp);
ABATE_DECLARE_COMMAND(RecordBaseline);
ABATE_DECLARE_COMMAND(SetActivity);
ABATE_DECLARE_COMMAND(LodgeCertificate);
ABATE_DECLARE_COMMAND(RejectCertificate);
ABATE_DECLARE_COMMAND(PublishCirculation);
ABATE_DECLARE_COMMAND(Surrender);
ABATE_DECLARE_COMMAND(ObjectPenalty);
ABATE_DECLARE_COMMAND(FinalisePenalty);
ABATE_DECLARE_COMMAND(PayPenalty);
ABATE_DECLARE_COMMAND(ClawBack);
ABATE_DECLARE_COMMAND(Publish);
ABATE_DECLARE_COMMAND(ReleaseConsignment);
ABATE_DECLARE_COMMAND(RequestCease);
ABATE_DECLARE_COMMAND(AcceptCease);
ABATE_DECLARE_COMMAND(OrderCease);
ABATE_DECLARE_COMMAND(CorrectDeposit);
ABATE_DECLARE_COMMAND(OpenAuction);
ABATE_DECLARE_COMMAND(CallOffAuction);
ABATE_DECLARE_COMMAND(PlaceBid);
ABATE_DECLARE_COMMAND(ChangeBid);
ABATE_DECLARE_COMMAND(WithdrawBid);
ABATE_DECLARE_COMMAND(BuyAtCeiling);
ABATE_DECLARE_COMMAND(HaltMarket);
ABATE_DECLARE_COMMAND(ResumeMarket);
ABATE_DECLARE_COMMAND(OpenCase);
ABATE_DECLARE_COMMAND(ReferCase);
ABATE_DECLARE_COMMAND(CloseCase);
ABATE_DECLARE_COMMAND(AddInsider);
ABATE_DECLARE_COMMAND(RemoveInsider);
ABATE_DECLARE_COMMAND(OpenEmbargo);
ABATE_DECLARE_COMMAND(LiftEmbargo);
ABATE_DECLARE_COMMAND(AnnulTrade);

// When its time has come: postings, and what they become. Where the postings are refused, `otherwise` is posted instead.
struct DueDecision {
    std::vector<registry::Command> postings;
    std::vector<registry::Command> otherwise;
    std::int64_t number = 0;  // as in Decision
    AuctionClearing clearing = {};
};
struct DueDone {
    Timestamp at;
    Reason reason = Reason::ok;  // of `postings`
    std::int64_t number = 0;
    AuctionClearing clearing = {};
};
[[nodiscard]] DueDecision decide_due(const Look& look, const Due& due);
void fold_due(State& state, const DueDone& done, const Due& due);
// Of a due that names both: id.high is the year, or the vintage, id.low the participant.
[[nodiscard]] ParticipantYear whose_due(const Due& due);
// Each kind of due in its chapter; due.cpp knows them all.
[[nodiscard]] DueDecision decide_settlement(const Look& look, const Due& due);
void fold_settlement(State& state, const Due& due, Reason reason);
[[nodiscard]] DueDecision decide_report_block(const Look& look, const Due& due);
void fold_report_due(State& state, const Due& due);
void fold_report_block(State& state, const DueDone& done, const Due& due);

// Years of which a participant has no report to give any more: it is there, or none is due.
struct ReportsSettled {
    ParticipantId participant{};
    std::int64_t first_year = 0;
    std::int64_t last_year = INT64_MAX;
};
// Opens the accounts that are blocked for want of those reports alone, and still are.
[[nodiscard]] std::vector<registry::Command> releases(const Look& look,
                                                      const ReportsSettled& settled);
// They are open from `now` on: what a holding limit waits for in them is free again.
void forget_blocks(State& state, const ReportsSettled& settled, Timestamp now);

// A year to report on: for the fold of the command that opens it. A second call moves its moments.
void open_monitoring_year(State& state, std::int64_t year, const MonitoringYear& moments);
void fold_surrender_due(State& state, const Due& due);
[[nodiscard]] DueDecision decide_close_bank(const Look& look, const Due& due);
void fold_close_bank(State& state, const DueDone& done, const Due& due);
void fold_begin_period(State& state, const Due& due);
[[nodiscard]] DueDecision decide_holding(const Look& look, const Due& due);
void fold_holding(State& state, const DueDone& done, const Due& due);
[[nodiscard]] DueDecision decide_consignment(const Look& look, const Due& due);
void fold_consignment(State& state, const DueDone& done, const Due& due);
[[nodiscard]] DueDecision decide_auction(const Look& look, const Due& due);
void fold_auction(State& state, const DueDone& done, const Due& due);

}  // namespace abate::scheme
