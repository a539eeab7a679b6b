#include "simulation/scheme_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <variant>

namespace abate::simulation {

using scheme::Command;
using scheme::Envelope;
using scheme::ProposalState;
using scheme::Reason;
using scheme::TransferId;

namespace {

// The scheme's own accounts (docs/registry/year.md).
constexpr std::uint64_t kAuction = 3;
constexpr std::uint64_t kEntrants = 4;
constexpr std::uint64_t kContainment = 5;
constexpr std::uint64_t kRetirement = 6;
constexpr std::uint64_t kProceeds = 7;
constexpr std::uint64_t kPenalties = 8;
constexpr std::uint64_t kFreePot = 10;

constexpr std::uint8_t kOperator = 1;
constexpr std::uint8_t kVerifier = 2;
constexpr std::uint8_t kInitiator = 4;
constexpr std::uint8_t kApprover = 8;

std::uint64_t number(scheme::AccountId id) { return static_cast<std::uint64_t>(id); }
std::uint64_t number(scheme::ParticipantId id) { return static_cast<std::uint64_t>(id); }

// Who asks, who approves, and for whom, by docs/registry/people.md.
struct Eyes {
    std::uint8_t first = kOperator;
    std::uint8_t second = 0;  // 0: one is enough
    std::uint64_t participant = 0;
    bool or_own = false;  // anybody of the participant may do it too
};

template <class... T>
bool is_any(const Command& command) {
    return (std::holds_alternative<T>(command) || ...);
}

Eyes eyes_of(const Command& command) {
    return std::visit(
        [&](const auto& c) -> Eyes {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, scheme::Transfer> ||
                          std::is_same_v<C, scheme::Retire> ||
                          std::is_same_v<C, scheme::WithdrawCash> ||
                          std::is_same_v<C, scheme::AddTrusted> ||
                          std::is_same_v<C, scheme::Surrender> ||
                          std::is_same_v<C, scheme::PayPenalty> ||
                          std::is_same_v<C, scheme::SubmitPlan> ||
                          std::is_same_v<C, scheme::SubmitReport> ||
                          std::is_same_v<C, scheme::RestateReport>) {
                return {kInitiator, kApprover, number(c.participant)};
            } else if constexpr (std::is_same_v<C, scheme::VerifyReport>) {
                return {kVerifier};
            } else if constexpr (std::is_same_v<C, scheme::ObjectPenalty> ||
                                 std::is_same_v<C, scheme::PlaceBid> ||
                                 std::is_same_v<C, scheme::ChangeBid> ||
                                 std::is_same_v<C, scheme::WithdrawBid>) {
                return {kInitiator, 0, number(c.participant)};
            } else if constexpr (std::is_same_v<C, scheme::CancelTransfer> ||
                                 std::is_same_v<C, scheme::RestrictAccount>) {
                return {kOperator, 0, number(c.participant), true};
            } else {
                return {kOperator,
                        is_any<scheme::AddParticipant,
                               scheme::AddKey,
                               scheme::RecordBaseline,
                               scheme::SetActivity,
                               scheme::OpenPeriod,
                               scheme::FinaliseStatement,
                               scheme::IssueCap,
                               scheme::IssueAllocation,
                               scheme::Determine,
                               scheme::FinalisePenalty,
                               scheme::RecordActivities,
                               scheme::FinaliseReport,
                               scheme::ClawBack,
                               scheme::ReleaseAccount,
                               scheme::CorrectDeposit,
                               scheme::OpenAuction,
                               scheme::CallOffAuction>(command)
                            ? kOperator
                            : std::uint8_t{0}};
            }
        },
        command);
}

// No waiting mends it: whoever proposes hears it.
bool is_lasting(Reason reason) {
    using R = registry::Reason;
    for (const R one :
         {R::accounts_must_differ, R::compliance_is_one_way, R::compliance_account_of_another})
        if (reason == scheme::from_registry(one)) return true;
    return false;
}

// What is not signed by somebody who may ask burns nothing (docs/reference/reject_reasons.md).
bool burns(Reason reason) {
    return (static_cast<int>(reason) >= 1020 || static_cast<int>(reason) < 1000) &&
           reason != scheme::from_registry(registry::Reason::exists) &&
           reason != scheme::from_registry(registry::Reason::id_already_failed);
}

}  // namespace

ModelCap cap_of(const ModelRules& rules, std::int64_t year) {
    ModelCap out;
    out.cap = rules.first_cap - rules.reduction_per_year * (year - rules.first_year);
    out.auction = out.cap * 40 / 100;
    out.entrant = out.cap * 10 / 100;
    out.containment = out.cap * 2 / 100;
    out.free_ceiling = out.cap - out.auction - out.entrant - out.containment;
    return out;
}

std::int64_t SchemeModel::free_of(std::uint64_t account, std::int32_t vintage) const {
    return at(has_, {account, vintage}) - at(reserved_, {account, vintage});
}

std::int64_t SchemeModel::money_of(std::uint64_t account) const {
    const auto has = money_.find(account);
    const auto promised = money_reserved_.find(account);
    return (has == money_.end() ? 0 : has->second) -
           (promised == money_reserved_.end() ? 0 : promised->second);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, to, as one says it
void SchemeModel::move(std::uint64_t from,
                       std::uint64_t to,
                       std::int32_t vintage,
                       std::int64_t quantity) {
    has_[{from, vintage}] -= quantity;
    has_[{to, vintage}] += quantity;
}

bool SchemeModel::at_once(const scheme::Transfer& c) const {
    const auto owner = owners_.find(number(c.to));
    if (owner != owners_.end() && owner->second == number(c.participant)) return true;
    const auto trusted = trusted_.find({number(c.participant), number(c.to)});
    return trusted != trusted_.end() && trusted->second <= now_us_;
}

// Noon of the n-th working day from now on.
std::optional<std::int64_t> SchemeModel::working_day(std::int64_t days) const {
    for (const std::int64_t noon : noons_)
        if (noon > now_us_ && --days == 0) return noon;
    return std::nullopt;
}

Reason SchemeModel::movement(const scheme::Transfer& c) const {
    using R = registry::Reason;
    const auto books = [](R reason) { return scheme::from_registry(reason); };
    const std::uint64_t from = number(c.from);
    const std::uint64_t to = number(c.to);
    if (from == to) return books(R::accounts_must_differ);
    // Of a firm the accounts end with 0 (holding), 1 (compliance), 2 (cash) and 3 (deficit).
    if (from % 10 == 1) return books(R::compliance_is_one_way);
    if (to % 10 == 1 && owners_.at(to) != number(c.participant))
        return books(R::compliance_account_of_another);
    if (to % 10 == 3 && owners_.at(to) != number(c.participant))
        return books(R::deficit_account_of_another);
    if (frozen_.count(from) != 0) return books(R::from_account_frozen);
    if (frozen_.count(to) != 0) return books(R::to_account_frozen);
    if (free_of(from, c.vintage) < c.quantity) return books(R::insufficient_balance);
    if (to % 10 == 3 && at(has_, {to, c.vintage}) + c.quantity > 0)
        return books(R::deficit_must_not_become_positive);
    return Reason::ok;
}

// ---- auctions, by docs/reference/auctions.md: lots of 1, no reserve price, cancelled where too little is bid for, re-spread over two

Reason SchemeModel::opening(const scheme::OpenAuction& c) const {
    if (periods_.count(c.vintage) == 0) return Reason::period_not_open;
    if (issued_.count(c.vintage) == 0) return Reason::cap_not_issued;
    if (c.opens_at.us < now_us_ || c.closes_at.us < c.opens_at.us + 2 * kModelHourUs)
        return Reason::auction_window_invalid;
    std::int64_t left = at(has_, {kAuction, c.vintage});
    for (const auto& [id, auction] : auctions_)
        if (!auction.over && auction.said.vintage == c.vintage) left -= auction.volume;
    std::int64_t waits = 0;
    if (const auto parts = carried_.find(c.vintage); parts != carried_.end()) {
        for (const std::int64_t part : parts->second) left -= part;
        if (!parts->second.empty()) waits = parts->second.front();
    }
    if (c.quantity > left) return Reason::auction_exceeds_supply;
    return c.quantity + waits == 0 ? Reason::amount_not_positive : Reason::ok;
}

Reason SchemeModel::bidding(const scheme::PlaceBid& c, const TransferId& instead_of) const {
    const auto found = auctions_.find(c.auction);
    if (found == auctions_.end()) return Reason::auction_not_found;
    const Auction& auction = found->second;
    if (auction.over || now_us_ < auction.said.opens_at.us) return Reason::auction_not_open;
    if (halted_) return Reason::trading_halted;
    if (c.quantity <= 0) return Reason::amount_not_positive;
    if (c.price_micro <= 0) return Reason::bid_off_tick;
    // Each firm is a group of its own, and may bid for all that there is.
    std::int64_t own = c.quantity;
    for (const auto& [id, bid] : auction.bids)
        if (bid.open && id != instead_of && bid.asked.participant == c.participant)
            own += bid.asked.quantity;
    return own > auction.volume ? Reason::purchase_limit_exceeded : Reason::ok;
}

Reason SchemeModel::its_bid(
    scheme::ParticipantId participant,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from the large to the small
    const TransferId& auction,
    const TransferId& bid) const {
    const auto found = auctions_.find(auction);
    if (found == auctions_.end()) return Reason::auction_not_found;
    if (found->second.over || now_us_ < found->second.said.opens_at.us)
        return Reason::auction_not_open;
    const auto its = found->second.bids.find(bid);
    return its == found->second.bids.end() || !its->second.open ||
                   its->second.asked.participant != participant
               ? Reason::bid_not_found
               : Reason::ok;
}

void SchemeModel::release(Bid& bid) {
    bid.open = false;
    money_reserved_[number(bid.asked.from)] -= bid.cover();
}

void SchemeModel::not_held(Auction& auction) {
    auction.over = true;
    for (auto& [id, bid] : auction.bids)
        if (bid.open) release(bid);
    std::vector<std::int64_t>& waits = carried_[auction.said.vintage];
    waits.resize(std::max<std::size_t>(waits.size(), 2));
    waits[0] += (auction.volume + 1) / 2;
    waits[1] += auction.volume / 2;
}

void SchemeModel::clear(Auction& auction) {
    if (halted_) return not_held(auction);
    std::vector<Bid*> bids;
    std::int64_t asked = 0;
    for (auto& [id, bid] : auction.bids) {
        if (!bid.open) continue;
        if (frozen_.count(number(bid.asked.to)) != 0) {
            release(bid);
            continue;
        }
        bids.push_back(&bid);
        asked += bid.asked.quantity;
    }
    if (asked < auction.volume) return not_held(auction);
    auction.over = true;
    std::sort(bids.begin(), bids.end(), [](const Bid* a, const Bid* b) {
        return a->asked.price_micro > b->asked.price_micro;
    });
    for (Bid* bid : bids) {
        bid->fill = std::min(bid->asked.quantity, auction.volume - auction.sold);
        auction.sold += bid->fill;
        if (bid->fill > 0) auction.price_micro = bid->asked.price_micro;
    }
    for (Bid* bid : bids) {
        release(*bid);
        if (bid->fill == 0) continue;
        const std::int64_t pays = bid->fill * auction.price_micro;
        money_[number(bid->asked.from)] -= pays;
        money_[kProceeds] += pays;
        move(kAuction, number(bid->asked.to), auction.said.vintage, bid->fill);
    }
}

// ---- reports

scheme::ReportFigures SchemeModel::figures_of(const scheme::MonitoringReport& report) {
    Int128 site = 0;
    Int128 computers = 0;
    for (const scheme::ReportReading& reading : report.sites.at(0).readings)
        (reading.meter == "utility" ? site : computers) += reading.energy.count();
    Int128 office = 0;
    for (const scheme::ReportLoad& load : report.sites[0].uncovered) office += load.energy.count();
    Int128 runs = 0;
    for (const scheme::ReportRun& run : report.sites[0].runs) runs += run.energy.count();
    const Int128 facility = site - office;
    const Int128 covered = runs * facility / computers;
    const scheme::ReportDelivery& text = report.deliveries.at(0);
    const std::uint64_t counted =
        text.served - text.retries - text.rejected_drafts - text.cache_repeats;
    scheme::ReportFigures out;
    out.sites = {{.name = report.sites[0].name,
                  .site = Microjoules(site),
                  .covered = Microjoules(covered),
                  .uncovered = Microjoules(office),
                  .residual = Microjoules(facility - covered),
                  .central = Microjoules(facility),
                  .obligated = Microjoules(facility),
                  .pue_ppm = static_cast<std::uint64_t>(facility * 1'000'000 / computers)}};
    out.obligated = out.central = Microjoules(facility);
    // A unit is 1,000 FLOP.
    out.output = {{.service_class = "text", .output_gflop = counted / 1'000'000}};
    out.category = "A";
    out.permitted_uncertainty = {75'000};
    out.materiality = {50'000};
    out.output_materiality = {50'000};
    out.sample_eligible = true;
    return out;
}

const SchemeModel::Report* SchemeModel::last_report(const Whose& whose) const {
    const auto found = reports_.find(whose);
    return found == reports_.end() ? nullptr : &found->second.back();
}

std::int64_t SchemeModel::versions(const Whose& whose) const {
    const auto found = reports_.find(whose);
    return found == reports_.end() ? 0 : static_cast<std::int64_t>(found->second.size());
}

Reason SchemeModel::submission(std::uint64_t participant,
                               const scheme::MonitoringReport& report,
                               const scheme::ReportFigures& figures) const {
    const auto plan = plans_.find(participant);
    if (plan == plans_.end() || !plan->second) return Reason::plan_not_approved;
    if (now_us_ < periods_.at(report.year).end.us) return Reason::year_not_over;
    return figures == figures_of(report) ? Reason::ok : Reason::figures_differ;
}

Reason SchemeModel::opinion(const scheme::VerifyReport& c) const {
    const Report* last = last_report({number(c.participant), c.year});
    if (last == nullptr || last->checked != Checked::submitted) return Reason::report_not_submitted;
    if (c.opinion == scheme::Opinion::not_verified) return Reason::ok;
    Int128 wrong = 0;
    for (const scheme::Misstatement& each : c.misstatements)
        wrong += each.energy.count() < 0 ? -each.energy.count() : each.energy.count();
    // 5 % of the energy is material.
    if (wrong > 0 && wrong * 20 >= last->figures.obligated.count())
        return Reason::misstatement_is_material;
    if (c.opinion == scheme::Opinion::verified)
        return c.misstatements.empty() ? Reason::ok : Reason::misstatements_left;
    return c.misstatements.empty() ? Reason::misstatement_missing : Reason::ok;
}

// What belongs to a year that is settled goes to the first one that is not.
void SchemeModel::carry(Whose whose, std::int64_t amount) {
    if (amount == 0) return;
    do ++whose.second;
    while (owed_[whose].fixed);
    owed_[whose].carried += amount;
}

// Figures become final, before the deadline where they are the first.
void SchemeModel::learn(const Whose& whose, Int128 obligated_uj) {
    // Rounded up once; an allowance is a kWh, 3.6e12 uJ.
    const auto allowances =
        static_cast<std::int64_t>((obligated_uj + 3'600'000'000'000 - 1) / 3'600'000'000'000);
    Owed& owed = owed_[whose];
    const std::int64_t was = std::exchange(owed.latest, allowances);
    const bool covered = owed.surrendered > 0 && owed.surrendered >= owed.allowances + owed.carried;
    if (std::exchange(owed.known, true) && (owed.fixed || covered)) {
        carry(whose, allowances - was);
    } else {
        owed.allowances = allowances;
    }
}

// ---- what was given and not earned

std::int64_t SchemeModel::debt(std::uint64_t participant) const {
    return -at(has_, {103 + 10 * participant, static_cast<std::int32_t>(rules_.first_year)});
}

std::int64_t SchemeModel::over_allocated(std::uint64_t participant) const {
    const auto given = given_.find(participant);
    if (given == given_.end()) return 0;
    std::int64_t earned = first_given_.at(participant);
    if (const auto units = corrected_units_.find(participant); units != corrected_units_.end()) {
        // At the year's own benchmark and correction factor, rounded down.
        const std::int64_t ceiling = cap_of(rules_, rules_.first_year).free_ceiling;
        Int128 all = 0;
        for (const auto& [id, firm] : firms_) all += firm.worth_ppm();
        const Int128 worth = Int128{units->second} * firms_.at(participant).benchmark_aj;
        earned = static_cast<std::int64_t>(all > Int128{ceiling} * 1'000'000 ? worth * ceiling / all
                                                                             : worth / 1'000'000);
    }
    return std::max<std::int64_t>(0, given->second - earned);
}

// From the holding account, then from the compliance account; what is not there is a debt.
void SchemeModel::claw_back(const scheme::ClawBack& c) {
    const std::uint64_t holding = 100 + 10 * number(c.participant);
    const auto vintage = static_cast<std::int32_t>(c.year);
    std::int64_t left = c.quantity;
    for (const std::uint64_t account : {holding, holding + 1}) {
        const std::int64_t there =
            std::max<std::int64_t>(0, std::min(left, free_of(account, vintage)));
        move(account, kEntrants, vintage, there);
        left -= there;
    }
    move(holding + 3, kEntrants, vintage, left);
    given_.at(number(c.participant)) -= c.quantity;
}

// What the scheme itself has to say, at the asking and again when it is approved.
Reason SchemeModel::decide(const Command& command) const {
    return std::visit(
        [&](const auto& c) -> Reason {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, scheme::Transfer>) {
                if (owners_.count(number(c.from)) == 0) return Reason::unknown_account;
                if (owners_.at(number(c.from)) != number(c.participant))
                    return Reason::account_of_another;
                if (owners_.count(number(c.to)) == 0) return Reason::unknown_account;
                if (halted_ && c.price_micro != 0) return Reason::trading_halted;
                if (!at_once(c) && !working_day(rules_.outside_days))
                    return Reason::calendar_not_published;
            } else if constexpr (std::is_same_v<C, scheme::WithdrawCash>) {
                if (c.amount_micro <= 0) return Reason::amount_not_positive;
                if (halted_) return Reason::trading_halted;
            } else if constexpr (std::is_same_v<C, scheme::AddTrusted>) {
                if (trusted_.count({number(c.participant), number(c.account)}) != 0)
                    return Reason::already_trusted;
            } else if constexpr (std::is_same_v<C, scheme::CancelTransfer>) {
                const auto found = waiting_.find(c.transfer);
                if (found == waiting_.end()) return Reason::transfer_not_waiting;
                if (found->second.transfer.participant != c.participant)
                    return Reason::participant_of_another;
                if (found->second.stage != Stage::waiting) return Reason::transfer_not_waiting;
                if (now_us_ > found->second.due_us - rules_.cancel_before_us)
                    return Reason::too_late_to_cancel;
            } else if constexpr (std::is_same_v<C, scheme::Deposit>) {
                if (bank_references_.count(c.bank_reference) != 0)
                    return Reason::bank_reference_used;
            } else if constexpr (std::is_same_v<C, scheme::CorrectDeposit>) {
                const auto found = deposits_.find(c.deposit);
                if (found == deposits_.end()) return Reason::deposit_not_found;
                if (found->second.taken_back) return Reason::deposit_already_corrected;
            } else if constexpr (std::is_same_v<C, scheme::SettleWithdrawal>) {
                const auto found = withdrawals_.find(c.withdrawal);
                if (found == withdrawals_.end() || found->second != Stage::waiting)
                    return Reason::withdrawal_not_waiting;
                if (c.paid && bank_references_.count(c.bank_reference) != 0)
                    return Reason::bank_reference_used;
            } else if constexpr (std::is_same_v<C, scheme::Surrender>) {
                const auto found = owed_.find({number(c.participant), c.year});
                if (periods_.count(c.year) == 0) return Reason::period_not_open;
                if (found == owed_.end() || !found->second.known) return Reason::no_obligation;
                if (found->second.outstanding() <= 0) return Reason::nothing_owed;
                if (c.quantity > found->second.outstanding())
                    return Reason::surrender_exceeds_obligation;
                if (c.vintage > c.year + 1 || (c.vintage > c.year && !found->second.fixed))
                    return Reason::vintage_after_year;
            } else if constexpr (std::is_same_v<C, scheme::ObjectPenalty>) {
                const auto found = penalties_.find({number(c.participant), c.year});
                if (found == penalties_.end()) return Reason::penalty_not_found;
                if (found->second.fine != Fine::notified) return Reason::penalty_already_final;
                if (now_us_ >= found->second.window_us) return Reason::objection_window_over;
                if (found->second.objected) return Reason::penalty_already_objected;
            } else if constexpr (std::is_same_v<C, scheme::FinalisePenalty>) {
                const auto found = penalties_.find({number(c.participant), c.year});
                if (found == penalties_.end()) return Reason::penalty_not_found;
                if (found->second.fine != Fine::notified) return Reason::penalty_already_final;
                if (now_us_ < found->second.window_us && !found->second.objected)
                    return Reason::objection_window_open;
            } else if constexpr (std::is_same_v<C, scheme::PayPenalty>) {
                const auto found = penalties_.find({number(c.participant), c.year});
                if (found == penalties_.end()) return Reason::penalty_not_found;
                if (found->second.fine == Fine::notified) return Reason::penalty_not_final;
                if (found->second.fine == Fine::cancelled) return Reason::penalty_cancelled;
                if (found->second.fine == Fine::paid) return Reason::penalty_already_paid;
            } else if constexpr (std::is_same_v<C, scheme::ApprovePlan>) {
                const auto plan = plans_.find(number(c.participant));
                if (plan == plans_.end() || plan->second) return Reason::plan_not_waiting;
            } else if constexpr (std::is_same_v<C, scheme::SubmitReport>) {
                if (const Report* last = last_report({number(c.participant), c.report.year})) {
                    if (last->checked == Checked::final) return Reason::report_final;
                    if (last->checked != Checked::not_verified)
                        return Reason::report_already_submitted;
                }
                return submission(number(c.participant), c.report, c.figures);
            } else if constexpr (std::is_same_v<C, scheme::RestateReport>) {
                const Report* last = last_report({number(c.participant), c.report.year});
                if (last == nullptr || last->checked != Checked::final)
                    return Reason::report_not_final;
                return submission(number(c.participant), c.report, c.figures);
            } else if constexpr (std::is_same_v<C, scheme::VerifyReport>) {
                return opinion(c);
            } else if constexpr (std::is_same_v<C, scheme::FinaliseReport>) {
                const Whose whose{number(c.participant), c.year};
                const Report* last = last_report(whose);
                if (last == nullptr || last->checked != Checked::verified ||
                    c.version != versions(whose))
                    return Reason::report_not_verified;
            } else if constexpr (std::is_same_v<C, scheme::Determine>) {
                if (now_us_ < periods_.at(c.year).report_due.us) return Reason::report_not_overdue;
                const auto found = reports_.find({number(c.participant), c.year});
                if (found != reports_.end())
                    for (const Report& each : found->second)
                        if (each.checked == Checked::final) return Reason::report_final;
            } else if constexpr (std::is_same_v<C, scheme::OpenAuction>) {
                return opening(c);
            } else if constexpr (std::is_same_v<C, scheme::CallOffAuction>) {
                const auto found = auctions_.find(c.auction);
                if (found == auctions_.end()) return Reason::auction_not_found;
                if (found->second.over) return Reason::auction_over;
            } else if constexpr (std::is_same_v<C, scheme::PlaceBid>) {
                return bidding(c, {});
            } else if constexpr (std::is_same_v<C, scheme::ChangeBid>) {
                if (const Reason r = its_bid(c.participant, c.auction, c.bid); r != Reason::ok)
                    return r;
                scheme::PlaceBid as_new = auctions_.at(c.auction).bids.at(c.bid).asked;
                as_new.price_micro = c.price_micro;
                as_new.quantity = c.quantity;
                return bidding(as_new, c.bid);
            } else if constexpr (std::is_same_v<C, scheme::WithdrawBid>) {
                return its_bid(c.participant, c.auction, c.bid);
            } else if constexpr (std::is_same_v<C, scheme::ClawBack>) {
                if (c.quantity <= 0) return Reason::amount_not_positive;
                if (c.quantity > over_allocated(number(c.participant)))
                    return Reason::not_over_allocated;
            }
            return Reason::ok;
        },
        command);
}

Reason SchemeModel::books(const Command& command) const {
    return std::visit(
        [&](const auto& c) -> Reason {
            using C = std::decay_t<decltype(c)>;
            const Reason too_little = scheme::from_registry(registry::Reason::insufficient_balance);
            if constexpr (std::is_same_v<C, scheme::Transfer>) return movement(c);
            if constexpr (std::is_same_v<C, scheme::Retire>) {
                if (frozen_.count(number(c.from)) != 0)
                    return scheme::from_registry(registry::Reason::from_account_frozen);
                return free_of(number(c.from), c.vintage) < c.quantity ? too_little : Reason::ok;
            }
            if constexpr (std::is_same_v<C, scheme::WithdrawCash>)
                return money_of(number(c.account)) < c.amount_micro ? too_little : Reason::ok;
            if constexpr (std::is_same_v<C, scheme::PlaceBid>)
                return money_of(number(c.from)) < c.price_micro * c.quantity ? too_little
                                                                             : Reason::ok;
            if constexpr (std::is_same_v<C, scheme::ChangeBid>) {
                const Bid& bid = auctions_.at(c.auction).bids.at(c.bid);
                return money_of(number(bid.asked.from)) + bid.cover() < c.price_micro * c.quantity
                           ? too_little
                           : Reason::ok;
            }
            if constexpr (std::is_same_v<C, scheme::CorrectDeposit>) {
                const scheme::Deposit& deposit = deposits_.at(c.deposit).said;
                return money_of(number(deposit.account)) < deposit.amount_micro ? too_little
                                                                                : Reason::ok;
            }
            if constexpr (std::is_same_v<C, scheme::Surrender>)
                return free_of(number(c.from), c.vintage) < c.quantity ? too_little : Reason::ok;
            if constexpr (std::is_same_v<C, scheme::PayPenalty>) {
                const Penalty& penalty = penalties_.at({number(c.participant), c.year});
                return money_of(number(c.from)) < penalty.amount_micro ? too_little : Reason::ok;
            }
            return Reason::ok;
        },
        command);
}

// A_i by floors and largest remainders: all of what is worth, or the free ceiling where that is less.
void SchemeModel::issue_allocation(std::int64_t year) {
    const std::int64_t ceiling = cap_of(rules_, year).free_ceiling;
    std::int64_t worth = 0;
    for (const auto& [participant, firm] : firms_) worth += firm.worth_ppm();
    const bool scarce = worth > ceiling * 1'000'000;
    const std::int64_t over = scarce ? worth : 1'000'000;
    const std::int64_t total = scarce ? ceiling : worth / 1'000'000;
    struct Share {
        std::uint64_t participant;
        std::int64_t whole;
        std::int64_t rest;
    };
    std::vector<Share> shares;
    std::int64_t left = total;
    for (const auto& [participant, firm] : firms_) {
        const std::int64_t part = firm.worth_ppm() * (scarce ? ceiling : 1);
        shares.push_back({participant, part / over, part % over});
        left -= part / over;
    }
    std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
        return a.rest > b.rest;
    });
    const auto vintage = static_cast<std::int32_t>(year);
    for (const Share& share : shares) {
        const std::int64_t sum = share.whole + (left-- > 0 ? 1 : 0);
        move(kFreePot, 100 + 10 * share.participant, vintage, sum);
        if (year == rules_.first_year) given_[share.participant] = sum;
    }
    if (year == rules_.first_year) first_given_ = given_;
    move(kFreePot, kEntrants, vintage, ceiling - total);
}

void SchemeModel::done(const Command& command, const TransferId& id) {
    std::visit(
        [&](const auto& c) {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, scheme::FoundScheme>) {
                for (const scheme::KeyGrant& grant : c.keys)
                    keys_[grant.key] = {.name = grant.holder, .roles = grant.roles};
            } else if constexpr (std::is_same_v<C, scheme::AddKey>) {
                keys_[c.grant.key] = {.name = c.grant.holder,
                                      .roles = c.grant.roles,
                                      .participant = number(c.grant.participant)};
            } else if constexpr (std::is_same_v<C, scheme::OpenAccount>) {
                owners_[number(c.account)] = number(c.participant);
            } else if constexpr (std::is_same_v<C, scheme::OpenPeriod>) {
                periods_[c.year] = c;
            } else if constexpr (std::is_same_v<C, scheme::IssueCap>) {
                const ModelCap cap = cap_of(rules_, c.year);
                const auto vintage = static_cast<std::int32_t>(c.year);
                issued_[c.year] += cap.cap;
                has_[{kFreePot, vintage}] += cap.free_ceiling;
                has_[{kAuction, vintage}] += cap.auction;
                has_[{kEntrants, vintage}] += cap.entrant;
                has_[{kContainment, vintage}] += cap.containment;
            } else if constexpr (std::is_same_v<C, scheme::IssueAllocation>) {
                issue_allocation(c.year);
            } else if constexpr (std::is_same_v<C, scheme::Determine>) {
                learn({number(c.participant), c.year}, c.obligated.count());
            } else if constexpr (std::is_same_v<C, scheme::RecordBaseline>) {
                // A second one corrects the first.
                for (const scheme::BaselineRow& row : c.rows)
                    if (given_.count(number(row.participant)) != 0)
                        corrected_units_[number(row.participant)] = static_cast<std::int64_t>(
                            row.output.at(0).output_gflop / 3'600'000'000);
            } else if constexpr (std::is_same_v<C, scheme::SubmitPlan>) {
                plans_[number(c.participant)] = false;
            } else if constexpr (std::is_same_v<C, scheme::ApprovePlan>) {
                plans_.at(number(c.participant)) = true;
            } else if constexpr (std::is_same_v<C, scheme::SubmitReport> ||
                                 std::is_same_v<C, scheme::RestateReport>) {
                reports_[{number(c.participant), c.report.year}].push_back({.figures = c.figures});
            } else if constexpr (std::is_same_v<C, scheme::VerifyReport>) {
                reports_.at({number(c.participant), c.year}).back().checked =
                    c.opinion == scheme::Opinion::not_verified ? Checked::not_verified
                                                               : Checked::verified;
            } else if constexpr (std::is_same_v<C, scheme::FinaliseReport>) {
                const Whose whose{number(c.participant), c.year};
                for (Report& each : reports_.at(whose))
                    if (each.checked == Checked::final) each.checked = Checked::superseded;
                reports_.at(whose).back().checked = Checked::final;
                learn(whose, reports_.at(whose).back().figures.obligated.count());
            } else if constexpr (std::is_same_v<C, scheme::ClawBack>) {
                claw_back(c);
            } else if constexpr (std::is_same_v<C, scheme::Transfer>) {
                if (at_once(c)) {
                    move(number(c.from), number(c.to), c.vintage, c.quantity);
                } else {
                    reserved_[{number(c.from), c.vintage}] += c.quantity;
                    waiting_[id] = {.transfer = c, .due_us = *working_day(rules_.outside_days)};
                }
            } else if constexpr (std::is_same_v<C, scheme::CancelTransfer>) {
                Waiting& waiting = waiting_.at(c.transfer);
                waiting.stage = Stage::cancelled;
                reserved_[{number(waiting.transfer.from), waiting.transfer.vintage}] -=
                    waiting.transfer.quantity;
            } else if constexpr (std::is_same_v<C, scheme::Retire>) {
                move(number(c.from), kRetirement, c.vintage, c.quantity);
            } else if constexpr (std::is_same_v<C, scheme::AddTrusted>) {
                trusted_[{number(c.participant), number(c.account)}] =
                    working_day(rules_.trusted_days).value_or(INT64_MAX);
            } else if constexpr (std::is_same_v<C, scheme::Deposit>) {
                bank_references_.insert(c.bank_reference);
                money_[number(c.account)] += c.amount_micro;
                bank_ += c.amount_micro;
                deposits_[id] = {.said = c};
            } else if constexpr (std::is_same_v<C, scheme::CorrectDeposit>) {
                PaidIn& deposit = deposits_.at(c.deposit);
                deposit.taken_back = true;
                bank_references_.erase(deposit.said.bank_reference);
                money_[number(deposit.said.account)] -= deposit.said.amount_micro;
                bank_ -= deposit.said.amount_micro;
            } else if constexpr (std::is_same_v<C, scheme::WithdrawCash>) {
                money_reserved_[number(c.account)] += c.amount_micro;
                withdrawals_[id] = Stage::waiting;
                asked_back_[id] = c;
            } else if constexpr (std::is_same_v<C, scheme::SettleWithdrawal>) {
                const scheme::WithdrawCash& asked = asked_back_.at(c.withdrawal);
                money_reserved_[number(asked.account)] -= asked.amount_micro;
                withdrawals_[c.withdrawal] = c.paid ? Stage::done : Stage::cancelled;
                if (!c.paid) return;
                bank_references_.insert(c.bank_reference);
                money_[number(asked.account)] -= asked.amount_micro;
                bank_ -= asked.amount_micro;
            } else if constexpr (std::is_same_v<C, scheme::OpenAuction>) {
                Auction& auction = auctions_[id];
                auction.said = c;
                auction.volume = c.quantity;
                std::vector<std::int64_t>& waits = carried_[c.vintage];
                if (waits.empty()) return;
                auction.volume += waits.front();
                waits.erase(waits.begin());
            } else if constexpr (std::is_same_v<C, scheme::CallOffAuction>) {
                not_held(auctions_.at(c.auction));
            } else if constexpr (std::is_same_v<C, scheme::PlaceBid>) {
                auctions_.at(c.auction).bids[id] = {.asked = c};
                money_reserved_[number(c.from)] += c.price_micro * c.quantity;
            } else if constexpr (std::is_same_v<C, scheme::ChangeBid>) {
                Bid& bid = auctions_.at(c.auction).bids.at(c.bid);
                money_reserved_[number(bid.asked.from)] -= bid.cover();
                bid.asked.price_micro = c.price_micro;
                bid.asked.quantity = c.quantity;
                money_reserved_[number(bid.asked.from)] += bid.cover();
            } else if constexpr (std::is_same_v<C, scheme::WithdrawBid>) {
                release(auctions_.at(c.auction).bids.at(c.bid));
            } else if constexpr (std::is_same_v<C, scheme::Reconcile>) {
                halted_ = c.balance_micro != bank_;
            } else if constexpr (std::is_same_v<C, scheme::RestrictAccount>) {
                frozen_.insert(number(c.account));
            } else if constexpr (std::is_same_v<C, scheme::ReleaseAccount>) {
                frozen_.erase(number(c.account));
            } else if constexpr (std::is_same_v<C, scheme::Surrender>) {
                move(number(c.from), kRetirement, c.vintage, c.quantity);
                Owed& owed = owed_.at({number(c.participant), c.year});
                (owed.fixed ? owed.made_good : owed.surrendered) += c.quantity;
            } else if constexpr (std::is_same_v<C, scheme::ObjectPenalty>) {
                penalties_.at({number(c.participant), c.year}).objected = true;
            } else if constexpr (std::is_same_v<C, scheme::FinalisePenalty>) {
                penalties_.at({number(c.participant), c.year}).fine =
                    c.upheld ? Fine::upheld : Fine::cancelled;
            } else if constexpr (std::is_same_v<C, scheme::PayPenalty>) {
                Penalty& penalty = penalties_.at({number(c.participant), c.year});
                penalty.fine = Fine::paid;
                money_[number(c.from)] -= penalty.amount_micro;
                money_[kPenalties] += penalty.amount_micro;
            }
        },
        command);
}

// The deadline has passed: what is missing is fined, and is still owed; of earlier years too, what was not made good.
void SchemeModel::fix(std::int64_t year) {
    for (auto& [whose, owed] : owed_) {
        if (whose.second != year || !owed.known) continue;
        for (auto& [earlier, past] : owed_)
            if (earlier.first == whose.first && earlier.second < year) {
                owed.carried += past.make_good - past.made_good;
                past.make_good = past.made_good;
            }
        owed.fixed = true;
        owed.shortfall =
            std::max<std::int64_t>(0, owed.allowances + owed.carried - owed.surrendered);
        owed.make_good = owed.shortfall;
        // More than it owes, since its figures were corrected downwards.
        carry(whose, std::min<std::int64_t>(0, owed.allowances + owed.carried - owed.surrendered));
        if (owed.shortfall > 0)
            penalties_[whose] = {
                .amount_micro = owed.shortfall * rules_.penalty_micro,
                // As long from the deadline on, whenever it is seen to have passed.
                .window_us = std::max(periods_.at(year).penalty_objections_until.us,
                                      periods_.at(year).surrender_due.us + 30 * kModelDayUs)};
    }
}

void SchemeModel::advance() {
    for (auto& [id, proposal] : proposals_)
        if (proposal.state == ProposalState::waiting && proposal.lapses_us <= now_us_)
            proposal.state = ProposalState::lapsed;
    for (const auto& [year, period] : periods_)
        if (period.surrender_due.us <= now_us_ && fixed_years_.insert(year).second) fix(year);
    for (auto& [id, auction] : auctions_)
        if (!auction.over && auction.said.closes_at.us <= now_us_) clear(auction);
    for (auto& [id, waiting] : waiting_) {
        if (waiting.stage != Stage::waiting || waiting.due_us > now_us_) continue;
        const scheme::Transfer& c = waiting.transfer;
        reserved_[{number(c.from), c.vintage}] -= c.quantity;
        if (frozen_.count(number(c.from)) != 0 || frozen_.count(number(c.to)) != 0) {
            waiting.stage = Stage::failed;
            continue;
        }
        waiting.stage = Stage::done;
        move(number(c.from), number(c.to), c.vintage, c.quantity);
    }
}

SchemeModel::Said SchemeModel::approve(const Person& who,
                                       const scheme::Approve& approval,
                                       const TransferId& /*act*/) {
    const auto found = proposals_.find(approval.proposal);
    if (found == proposals_.end()) return {Reason::proposal_not_found};
    Proposal& proposal = found->second;
    const Eyes eyes = eyes_of(proposal.command);
    if ((who.roles & eyes.second) == 0) return {Reason::role_not_allowed};
    if (eyes.participant != 0 && eyes.participant != who.participant)
        return {Reason::participant_of_another};
    switch (proposal.state) {
        case ProposalState::approved:
            return {Reason::proposal_already_approved};
        case ProposalState::withdrawn:
            return {Reason::proposal_withdrawn};
        case ProposalState::lapsed:
            return {Reason::proposal_lapsed};
        case ProposalState::waiting:
            break;
    }
    if (proposal.by == who.name) return {Reason::same_person};
    if (const Reason reason = decide(proposal.command); reason != Reason::ok) return {reason};
    if (const Reason reason = books(proposal.command); reason != Reason::ok) return {reason};
    proposal.state = ProposalState::approved;
    done(proposal.command, approval.proposal);
    return {};
}

void SchemeModel::use(const Envelope& envelope, bool was_done) {
    used_[envelope.id] = {std::make_shared<const Envelope>(envelope), was_done};
}

SchemeModel::Said SchemeModel::one(const Envelope& envelope) {
    const std::optional<Command> command = scheme::decode_command(envelope.body);
    if (!command) return {Reason::malformed_command};
    const auto* founding = std::get_if<scheme::FoundScheme>(&*command);
    if (founding != nullptr && keys_.empty()) {
        done(*command, envelope.id);
        use(envelope, true);
        return {};
    }
    const auto key = keys_.find(envelope.key);
    if (key == keys_.end()) return {Reason::key_not_found};
    const Person who = key->second;
    // The clients here sign badly under these ids, and only under these.
    if (envelope.id.high == 66) return {Reason::bad_signature};
    if (const auto used = used_.find(envelope.id); used != used_.end()) {
        if (used->second.first->body != envelope.body || used->second.first->key != envelope.key)
            return {Reason::exists_with_different_body};
        return {scheme::from_registry(used->second.second ? registry::Reason::exists
                                                          : registry::Reason::id_already_failed)};
    }
    const auto refused = [&](Reason reason) -> Said {
        if (burns(reason)) use(envelope, false);
        return {reason};
    };
    if (const auto* approval = std::get_if<scheme::Approve>(&*command)) {
        const Said said = approve(who, *approval, envelope.id);
        if (said.reason != Reason::ok) return refused(said.reason);
        use(envelope, true);
        return said;
    }
    if (const auto* withdrawn = std::get_if<scheme::Withdraw>(&*command)) {
        const auto found = proposals_.find(withdrawn->proposal);
        if (found == proposals_.end()) return refused(Reason::proposal_not_found);
        if (found->second.state == ProposalState::approved)
            return refused(Reason::proposal_already_approved);
        if (found->second.state == ProposalState::withdrawn)
            return refused(Reason::proposal_withdrawn);
        if (found->second.state == ProposalState::lapsed) return refused(Reason::proposal_lapsed);
        found->second.state = ProposalState::withdrawn;
        use(envelope, true);
        return {};
    }
    const Eyes eyes = eyes_of(*command);
    const bool acts = (who.roles & (kInitiator | kApprover)) != 0;
    if ((who.roles & eyes.first) != 0) {
        if (!eyes.or_own && eyes.participant != 0 && eyes.participant != who.participant)
            return {Reason::participant_of_another};
    } else if (!eyes.or_own || !acts) {
        return {Reason::role_not_allowed};
    } else if (eyes.participant != who.participant) {
        return {Reason::participant_of_another};
    }
    if (const Reason reason = decide(*command); reason != Reason::ok) return refused(reason);
    if (eyes.second != 0) {
        if (const Reason reason = books(*command); is_lasting(reason)) return refused(reason);
        proposals_[envelope.id] = {
            .command = *command, .by = who.name, .lapses_us = now_us_ + rules_.lapse_us};
        use(envelope, true);
        return {.proposed = true};
    }
    if (const Reason reason = books(*command); reason != Reason::ok) return refused(reason);
    done(*command, envelope.id);
    use(envelope, true);
    return {};
}

std::vector<SchemeModel::Said> SchemeModel::apply(const std::vector<Envelope>& batch,
                                                  std::int64_t now_us) {
    now_us_ = now_us;
    advance();
    std::vector<Said> out;
    for (const Envelope& envelope : batch) out.push_back(one(envelope));
    return out;
}

std::optional<std::string> SchemeModel::differs(const engine::Engine& engine, bool thorough) const {
    const registry::Registry& books = engine.registry();
    const scheme::State& state = engine.scheme().state();
    for (const auto& [where, amount] : has_) {
        const registry::Balance balance = books.balance(
            registry::AccountId{where.first}, registry::allowances_of(Vintage(where.second)));
        if (balance.posted != amount || balance.reserved != at(reserved_, where))
            return fmt::format("account {} has {} of {} ({} promised), not {} ({})",
                               where.first,
                               balance.posted,
                               where.second,
                               balance.reserved,
                               amount,
                               at(reserved_, where));
    }
    for (const auto& [account, amount] : money_)
        if (books.balance(registry::AccountId{account}, registry::Asset::cash).posted != amount)
            return fmt::format("account {} has not {} of money", account, amount);
    for (const auto& [account, amount] : money_reserved_)
        if (books.balance(registry::AccountId{account}, registry::Asset::cash).reserved != amount)
            return fmt::format("account {} has not promised {} of money", account, amount);
    if (-books.balance(registry::AccountId{2}, registry::Asset::cash).posted != bank_)
        return fmt::format("the bank has not {}", bank_);
    for (const auto& [year, issued] : issued_) {
        const std::int64_t there =
            -books
                 .balance(registry::AccountId{1},
                          registry::allowances_of(Vintage(static_cast<std::int32_t>(year))))
                 .posted;
        if (there != issued || there > cap_of(rules_, year).cap)
            return fmt::format("{} issued of {}, not {}", there, year, issued);
    }
    for (const auto& [whose, owed] : owed_) {
        const scheme::ParticipantYear key{.participant = scheme::ParticipantId{whose.first},
                                          .year = whose.second};
        const auto found = state.compliance.obligations.find(key);
        if (found == state.compliance.obligations.end()) return "an obligation is not there";
        const scheme::Obligation& it = found->second;
        if (it.allowances != owed.allowances || it.carried != owed.carried ||
            it.surrendered != owed.surrendered || it.fixed != owed.fixed ||
            it.shortfall != owed.shortfall || it.make_good != owed.make_good ||
            it.made_good != owed.made_good)
            return fmt::format("{} owes otherwise for {}", whose.first, whose.second);
        // Covered, or fined.
        const bool fined = state.compliance.penalties.count(key) != 0;
        if (it.fixed && fined != (it.surrendered < it.allowances + it.carried))
            return fmt::format("{} is neither covered nor fined for {}", whose.first, whose.second);
    }
    for (const auto& [whose, versions] : reports_) {
        const scheme::ParticipantYear key{.participant = scheme::ParticipantId{whose.first},
                                          .year = whose.second};
        const auto found = state.monitoring.reports.find(key);
        if (found == state.monitoring.reports.end() || found->second.size() != versions.size())
            return fmt::format("{} has other reports of {}", whose.first, whose.second);
        for (std::size_t i = 0; i < versions.size(); ++i) {
            if ((found->second[i].state == scheme::ReportState::final) !=
                    (versions[i].checked == Checked::final) ||
                found->second[i].figures != versions[i].figures)
                return fmt::format(
                    "report {} of {} for {} is otherwise", i + 1, whose.first, whose.second);
            const auto figures = state.monitoring.figures.find(key);
            if (versions[i].checked == Checked::final &&
                (figures == state.monitoring.figures.end() ||
                 figures->second.obligated != versions[i].figures.obligated ||
                 figures->second.determined))
                return fmt::format("{} has other final figures of {}", whose.first, whose.second);
        }
    }
    for (const auto& [participant, given] : given_) {
        const std::int64_t over =
            scheme::over_allocated(state,
                                   {.participant = scheme::ParticipantId{participant},
                                    .service_class = "text",
                                    .year = rules_.first_year});
        if (over != over_allocated(participant))
            return fmt::format(
                "{} has {} too many, not {}", participant, over, over_allocated(participant));
    }
    if (state.compliance.penalties.size() != penalties_.size()) return "other penalties";
    for (const auto& [whose, penalty] : penalties_) {
        const auto found = state.compliance.penalties.find(
            {.participant = scheme::ParticipantId{whose.first}, .year = whose.second});
        if (found == state.compliance.penalties.end() ||
            found->second.amount_micro != penalty.amount_micro ||
            static_cast<int>(found->second.stage) != static_cast<int>(penalty.fine) + 1)
            return fmt::format("the penalty of {} for {} differs", whose.first, whose.second);
    }
    if (state.transfers.size() != waiting_.size()) return "other transfers wait";
    for (const auto& [id, waiting] : waiting_) {
        const auto found = state.transfers.find(id);
        if (found == state.transfers.end() || found->second.due.us != waiting.due_us ||
            static_cast<int>(found->second.state) != static_cast<int>(waiting.stage) + 1)
            return fmt::format("transfer {}.{} waits otherwise", id.high, id.low);
    }
    for (const auto& [id, deposit] : deposits_) {
        const auto found = state.deposits.find(id);
        if (found == state.deposits.end() ||
            found->second.corrected_by.has_value() != deposit.taken_back)
            return fmt::format("deposit {}.{} is otherwise", id.high, id.low);
    }
    for (const auto& [id, stage] : withdrawals_) {
        const auto found = state.withdrawals.find(id);
        if (found == state.withdrawals.end() ||
            static_cast<int>(found->second.state) != static_cast<int>(stage) + 1)
            return fmt::format("withdrawal {}.{} is otherwise", id.high, id.low);
    }
    if (state.auction.auctions.size() != auctions_.size()) return "other auctions";
    for (const auto& [id, auction] : auctions_) {
        const scheme::Auction& is = state.auction.auctions.at(id);
        if (is.result.has_value() != auction.over || is.notice.own_volume != auction.volume ||
            (is.result && is.result->sold != auction.sold) ||
            (auction.sold > 0 && is.result->price_micro != auction.price_micro))
            return fmt::format("auction {}.{} came to something else", id.high, id.low);
        for (const auto& [bid, each] : auction.bids)
            if (is.bids.at(bid).fill != each.fill ||
                (is.bids.at(bid).state == scheme::BidState::open) != each.open)
                return fmt::format("bid {}.{} is otherwise", bid.high, bid.low);
    }
    if (state.halted != halted_) return "trading is halted, or is not";
    if (!thorough) return std::nullopt;
    for (const auto& [id, used] : used_) {
        const auto found = state.ids.find(id);
        if (found == state.ids.end() || (found->second.reason == Reason::ok) != used.second)
            return fmt::format("command {}.{} was answered and is not kept so", id.high, id.low);
    }
    if (state.ids.size() != used_.size()) return "more commands were done than were answered";
    for (const auto& [id, proposal] : proposals_)
        if (state.proposals.at(id).state != proposal.state)
            return fmt::format(
                "proposal {}.{} is in state {}, not {}; it lapses at {}, and it is {}",
                id.high,
                id.low,
                static_cast<int>(state.proposals.at(id).state),
                static_cast<int>(proposal.state),
                proposal.lapses_us,
                now_us_);
    return std::nullopt;
}

}  // namespace abate::simulation
