// What the people of a scheme believe of it: small maps, filled from what they asked and were answered. It knows the public rules
// (docs/registry, docs/reference/reject_reasons.md) and shares no code with scheme and registry but the shape of commands.
#pragma once

#include "abate/engine/engine.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace abate::simulation {

inline constexpr std::int64_t kSecondUs = 1'000'000;
inline constexpr std::int64_t kModelHourUs = 3'600 * kSecondUs;
inline constexpr std::int64_t kModelDayUs = 24 * kModelHourUs;

// The rules of the scheme that is simulated, as far as the model needs them.
struct ModelRules {
    std::int64_t first_year = 2027;
    std::int64_t first_cap = 1000;
    std::int64_t reduction_per_year = 50;
    std::int64_t penalty_micro = 100'000'000;
    std::int64_t lapse_us = 48 * kModelHourUs;
    std::int64_t trusted_days = 4;
    std::int64_t outside_days = 2;
    std::int64_t cancel_before_us = 2 * kModelHourUs;
};

// Parts of a cap: 48 % free, 40 % auction, 10 % entrants, 2 % containment, each rounded down and the rest to the largest.
struct ModelCap {
    std::int64_t cap = 0;
    std::int64_t free_ceiling = 0;
    std::int64_t auction = 0;
    std::int64_t entrant = 0;
    std::int64_t containment = 0;
};
[[nodiscard]] ModelCap cap_of(const ModelRules& rules, std::int64_t year);

class SchemeModel {
  public:
    struct Said {
        scheme::Reason reason = scheme::Reason::ok;
        bool proposed = false;
        bool operator==(const Said&) const = default;
    };
    enum class Stage { waiting, done, cancelled, failed };
    enum class Fine { notified, upheld, cancelled, paid };
    struct Proposal {
        scheme::Command command;
        std::string by = {};  // the person
        std::int64_t lapses_us = 0;
        scheme::ProposalState state = scheme::ProposalState::waiting;
    };
    struct Waiting {
        scheme::Transfer transfer;
        std::int64_t due_us = 0;
        Stage stage = Stage::waiting;
    };
    struct Owed {
        bool known = false;  // there are final figures
        std::int64_t latest =
            0;  // what they say now: `allowances` stays once it is covered, or the deadline has passed
        std::int64_t allowances = 0;
        std::int64_t carried = 0;
        std::int64_t surrendered = 0;
        bool fixed = false;
        std::int64_t shortfall = 0;
        std::int64_t make_good = 0;
        std::int64_t made_good = 0;
        [[nodiscard]] std::int64_t outstanding() const {
            return fixed ? make_good - made_good : allowances + carried - surrendered;
        }
    };
    struct Penalty {
        std::int64_t amount_micro = 0;
        bool objected = false;
        std::int64_t window_us = 0;
        Fine fine = Fine::notified;
    };
    // A firm's output, in units that are worth an allowance at a benchmark of 1e6 aJ/FLOP, and the benchmark.
    struct Firm {
        std::int64_t units = 0;
        std::int64_t benchmark_aj = 0;
        [[nodiscard]] std::int64_t worth_ppm() const { return units * benchmark_aj; }  // millionths
    };
    enum class Checked { submitted, verified, not_verified, final, superseded };
    // One that was submitted.
    struct Report {
        Checked checked = Checked::submitted;
        scheme::ReportFigures figures = {};
    };
    struct Bid {
        scheme::PlaceBid asked;  // as it was changed last
        bool open = true;
        std::int64_t fill = 0;
        [[nodiscard]] std::int64_t cover() const { return asked.price_micro * asked.quantity; }
    };
    // No two bids have the same price here: nothing hangs on a draw.
    struct Auction {
        scheme::OpenAuction said;
        std::int64_t volume = 0;
        bool over = false;
        std::int64_t sold = 0;
        std::int64_t price_micro = 0;
        std::map<scheme::TransferId, Bid> bids = {};
    };
    struct PaidIn {
        scheme::Deposit said;
        bool taken_back = false;
    };
    using Whose = std::pair<std::uint64_t, std::int64_t>;  // participant, year

    // Whatever is due by then happens first. REQUIRES: time does not go back.
    [[nodiscard]] std::vector<Said> apply(const std::vector<scheme::Envelope>& batch,
                                          std::int64_t now_us);
    [[nodiscard]] std::optional<std::string> differs(const engine::Engine& engine,
                                                     bool thorough) const;

    void add_firm(std::uint64_t participant, const Firm& firm) { firms_[participant] = firm; }
    void settle_at(std::vector<std::int64_t> noons) { noons_ = std::move(noons); }
    [[nodiscard]] const ModelRules& rules() const { return rules_; }
    [[nodiscard]] std::int64_t free_of(std::uint64_t account, std::int32_t vintage) const;
    [[nodiscard]] std::int64_t money_of(std::uint64_t account) const;
    [[nodiscard]] std::int64_t bank() const { return bank_; }
    // What its report says, by docs/registry/monitoring.md. REQUIRES: one site with the meters "utility", "pdu" and "office", all within the
    // tier, and one delivery of "text".
    [[nodiscard]] static scheme::ReportFigures figures_of(const scheme::MonitoringReport& report);
    // None: not submitted.
    [[nodiscard]] const Report* last_report(const Whose& whose) const;
    [[nodiscard]] std::int64_t versions(const Whose& whose) const;
    // Of its allocation of the first year, by the baseline as it is now.
    [[nodiscard]] std::int64_t over_allocated(std::uint64_t participant) const;
    [[nodiscard]] std::int64_t debt(std::uint64_t participant) const;
    [[nodiscard]] const std::map<Whose, Owed>& owed() const { return owed_; }
    [[nodiscard]] const std::map<Whose, Penalty>& penalties() const { return penalties_; }
    [[nodiscard]] const std::map<scheme::TransferId, Waiting>& waiting() const { return waiting_; }
    [[nodiscard]] const std::map<scheme::TransferId, PaidIn>& deposits() const { return deposits_; }
    [[nodiscard]] const std::map<scheme::TransferId, Stage>& withdrawals() const {
        return withdrawals_;
    }
    [[nodiscard]] const std::map<scheme::TransferId, Proposal>& proposals() const {
        return proposals_;
    }
    [[nodiscard]] const std::set<std::uint64_t>& frozen() const { return frozen_; }
    [[nodiscard]] const std::map<scheme::TransferId, Auction>& auctions() const {
        return auctions_;
    }
    void believe_too_much(std::uint64_t account) { ++has_[{account, 2027}]; }

  private:
    struct Person {
        std::string name;
        std::uint8_t roles = 0;
        std::uint64_t participant = 0;
    };
    using Where = std::pair<std::uint64_t, std::int32_t>;  // account, vintage
    [[nodiscard]] Said one(const scheme::Envelope& envelope);
    [[nodiscard]] Said approve(const Person& who,
                               const scheme::Approve& approval,
                               const scheme::TransferId& act);
    [[nodiscard]] scheme::Reason decide(const scheme::Command& command) const;
    // What the books would refuse when it is done.
    [[nodiscard]] scheme::Reason books(const scheme::Command& command) const;
    [[nodiscard]] scheme::Reason movement(const scheme::Transfer& c) const;
    void done(const scheme::Command& command, const scheme::TransferId& id);
    void use(const scheme::Envelope& envelope, bool was_done);
    void advance();
    [[nodiscard]] scheme::Reason opening(const scheme::OpenAuction& c) const;
    // `instead_of`: the bid that is changed.
    [[nodiscard]] scheme::Reason bidding(const scheme::PlaceBid& c,
                                         const scheme::TransferId& instead_of) const;
    [[nodiscard]] scheme::Reason its_bid(scheme::ParticipantId participant,
                                         const scheme::TransferId& auction,
                                         const scheme::TransferId& bid) const;
    void clear(Auction& auction);
    void not_held(Auction& auction);
    void release(Bid& bid);
    void fix(std::int64_t year);
    void carry(Whose whose, std::int64_t amount);
    void learn(const Whose& whose, Int128 obligated_uj);
    [[nodiscard]] scheme::Reason submission(std::uint64_t participant,
                                            const scheme::MonitoringReport& report,
                                            const scheme::ReportFigures& figures) const;
    [[nodiscard]] scheme::Reason opinion(const scheme::VerifyReport& c) const;
    void claw_back(const scheme::ClawBack& c);
    void issue_allocation(std::int64_t year);
    [[nodiscard]] bool at_once(const scheme::Transfer& c) const;
    [[nodiscard]] std::optional<std::int64_t> working_day(std::int64_t days) const;
    void move(std::uint64_t from, std::uint64_t to, std::int32_t vintage, std::int64_t quantity);
    [[nodiscard]] static std::int64_t at(const std::map<Where, std::int64_t>& all,
                                         const Where& where) {
        const auto found = all.find(where);
        return found == all.end() ? 0 : found->second;
    }

    ModelRules rules_;
    std::int64_t now_us_ = 0;
    std::map<std::uint64_t, Firm> firms_;
    std::vector<std::int64_t> noons_;
    std::map<scheme::PublicKey, Person> keys_;
    // What was asked under an id, and whether it was done. Shared, since models are copied.
    std::map<scheme::TransferId, std::pair<std::shared_ptr<const scheme::Envelope>, bool>> used_;
    std::map<scheme::TransferId, Proposal> proposals_;
    std::map<std::uint64_t, std::uint64_t> owners_;  // of accounts
    std::map<Where, std::int64_t> has_;
    std::map<Where, std::int64_t> reserved_;
    std::map<std::uint64_t, std::int64_t> money_;
    std::map<std::uint64_t, std::int64_t> money_reserved_;
    std::int64_t bank_ = 0;
    std::map<std::int64_t, std::int64_t> issued_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> trusted_;
    std::map<scheme::TransferId, Waiting> waiting_;
    std::map<scheme::TransferId, PaidIn> deposits_;
    std::map<scheme::TransferId, Stage> withdrawals_;
    std::map<scheme::TransferId, scheme::WithdrawCash> asked_back_;
    std::set<std::string> bank_references_;
    bool halted_ = false;
    std::set<std::uint64_t> frozen_;
    std::map<scheme::TransferId, Auction> auctions_;
    std::map<std::int32_t, std::vector<std::int64_t>> carried_;  // by vintage: for the next ones
    std::map<std::int64_t, scheme::OpenPeriod> periods_;
    std::set<std::int64_t> fixed_years_;
    std::map<Whose, Owed> owed_;
    std::map<Whose, Penalty> penalties_;
    std::map<std::uint64_t, bool> plans_;  // the one plan of a firm: true, it is approved
    std::map<Whose, std::vector<Report>> reports_;
    std::map<std::uint64_t, std::int64_t> given_;  // of the first year
    std::map<std::uint64_t, std::int64_t>
        first_given_;  // as it was allocated, before anything came back
    std::map<std::uint64_t, std::int64_t> corrected_units_;  // of both years of the baseline
};

}  // namespace abate::simulation
