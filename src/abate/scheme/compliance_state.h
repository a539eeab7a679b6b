// What a scheme remembers of obligations: the member `compliance` of State.
#pragma once

#include "abate/scheme/compliance_commands.h"
#include "abate/scheme/period_state.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

struct State;

// Of one participant and year, in allowances.
struct Obligation {
    std::int64_t figures_version = 0;  // 0: not final yet
    std::int64_t allowances = 0;       // of the verified figure that counts for this year
    std::int64_t corrected = 0;        // of later figures: went into a later year's `carried`
    std::int64_t carried =
        0;  // from earlier years: corrections, what was not made good (above 0), what was too much (below 0)
    std::int64_t surrendered = 0;  // in time
    std::int64_t borrowed = 0;     // of these, of the next vintage
    bool fixed = false;            // the deadline has passed
    std::int64_t counted = 0;      // of `allowances`, when it was fixed: 0 below the threshold
    std::int64_t shortfall = 0;    // when it was fixed
    std::int64_t make_good = 0;    // owed after that
    std::int64_t made_good = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("figures_version", self.figures_version);
        visit("allowances", self.allowances);
        visit("corrected", self.corrected);
        visit("carried", self.carried);
        visit("surrendered", self.surrendered);
        visit("borrowed", self.borrowed);
        visit("fixed", self.fixed);
        visit("counted", self.counted);
        visit("shortfall", self.shortfall);
        visit("make_good", self.make_good);
        visit("made_good", self.made_good);
    }
};

enum class PenaltyStage : std::uint8_t { notified = 1, upheld = 2, cancelled = 3, paid = 4 };
[[nodiscard]] std::string_view to_string(PenaltyStage value);

struct Penalty {
    std::int64_t shortfall = 0;
    std::int64_t amount_micro = 0;  // exact_penalty_micro() where it is larger than this
    PenaltyStage stage = PenaltyStage::notified;
    Timestamp notified = {};
    Timestamp objections_until = {};
    std::string objection = {};
    std::string reason = {};  // of the decision
    Timestamp decided = {};
    Timestamp paid = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("shortfall", self.shortfall);
        visit("amount_micro", self.amount_micro);
        visit("stage", self.stage);
        visit("notified", self.notified);
        visit("objections_until", self.objections_until);
        visit("objection", self.objection);
        visit("reason", self.reason);
        visit("decided", self.decided);
        visit("paid", self.paid);
    }
};

struct Clawed {
    ClawBack asked = {};
    std::int64_t from_deficit = 0;  // was not there
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("asked", self.asked);
        visit("from_deficit", self.from_deficit);
        visit("at", self.at);
    }
};

// What a participant had at the end of a year beyond what may be banked.
struct BankClose {
    Timestamp at = {};
    bool moved = true;  // to the containment reserve
    std::int64_t left =
        0;  // could not be moved: blocked, promised, or in a compliance account without a deficit account beside it
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("at", self.at);
        visit("moved", self.moved);
        visit("left", self.left);
    }
};

enum class CaseStage : std::uint8_t {
    open = 1,
    cured = 2,
    named = 3,
    consigned = 4,  // what could be moved is for sale at the next auction
};
[[nodiscard]] std::string_view to_string(CaseStage value);

// A group that holds more than the limit, though it bought nothing: the cap fell, or it became one group.
struct HoldingCase {
    GroupId group{};
    Timestamp opened = {};
    std::optional<Timestamp> cure_until = {};  // none: the calendar ends before, and the case waits
    std::int64_t excess = 0;  // then; at the end of the cure period where it was not cured
    CaseStage stage = CaseStage::open;
    std::int64_t consigned =
        0;  // of `excess`; the rest was blocked, promised, or in compliance accounts
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("group", self.group);
        visit("opened", self.opened);
        visit("cure_until", self.cure_until);
        visit("excess", self.excess);
        visit("stage", self.stage);
        visit("consigned", self.consigned);
    }
};

struct Publication {
    Publish said = {};
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("said", self.said);
        visit("at", self.at);
    }
};

struct ComplianceState {
    std::map<ParticipantYear, Obligation> obligations = {};
    std::map<ParticipantYear, Penalty> penalties = {};
    std::map<std::int64_t, std::vector<ParticipantId>> without_figures =
        {};                                                 // when the year's deadline passed
    std::map<ParticipantYear, std::int64_t> returned = {};  // of that vintage, of one's own will
    std::vector<Clawed> claw_backs = {};
    std::map<ParticipantId, std::int64_t> net_sales = {};  // to other groups, less bought
    std::map<ParticipantYear, BankClose> bank_closes = {};
    std::vector<HoldingCase> holding_cases = {};
    // `year`: the vintage. Waits for the next auction on the participant's account; nobody can use it meanwhile.
    std::map<ParticipantYear, std::int64_t> consigned = {};
    std::vector<Publication> publications = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("obligations", self.obligations);
        visit("penalties", self.penalties);
        visit("without_figures", self.without_figures);
        visit("returned", self.returned);
        visit("claw_backs", self.claw_backs);
        visit("net_sales", self.net_sales);
        visit("bank_closes", self.bank_closes);
        visit("holding_cases", self.holding_cases);
        visit("consigned", self.consigned);
        visit("publications", self.publications);
    }
};

// What a year asks for now: nothing below the threshold. Surrendered is not taken off; below 0 where too much was before.
[[nodiscard]] std::int64_t owed_allowances(const State& state, const ParticipantYear& whose);
// What a penalty is, to the last unit: shortfall x the rate of the year's rules. `amount_micro` is the same, but where 64 bits do not hold it
// their largest number, and then it cannot be paid from an account (penalty_out_of_range). 0 without a penalty.
[[nodiscard]] Int128 exact_penalty_micro(const State& state, const ParticipantYear& whose);
// Still to be surrendered, in time or, after the deadline, to make good.
[[nodiscard]] std::int64_t outstanding_allowances(const State& state, const ParticipantYear& whose);
// The same or, as long as a year has no figures, what the participant's last year with figures came to; none: no year has any.
[[nodiscard]] std::optional<std::int64_t> needed_allowances(const State& state,
                                                            const ParticipantYear& whose);
// Of all participants, for this year and those before it.
[[nodiscard]] std::int64_t outstanding_of_all(const State& state, std::int64_t year);
// What was allocated too much and is still to come back.
[[nodiscard]] std::int64_t over_allocated(const State& state, const ActivityKey& whose);

// Who is to be named: with a penalty that is final and was not cancelled. By participant, then year.
[[nodiscard]] std::vector<ParticipantYear> published_penalties(const State& state);

// Monitoring calls it, in its fold(), with each version that becomes final, after it has put it into `figures`. A first one sets the
// obligation. A later one changes it while it is not covered; once it is, or its deadline has passed, the difference goes into the next
// year's: nobody is fined after the fact.
void on_final_figures(State& state, const FinalFigures& figures);

// Whoever moves allowances from one participant to another says so, for banking by net sales. 0: the scheme.
struct Sale {
    ParticipantId seller{};
    ParticipantId buyer{};
    std::int64_t quantity = 0;
};
void note_sale(State& state, const Sale& sale);

}  // namespace abate::scheme
