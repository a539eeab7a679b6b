#include "simulation/ledger_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/ledger_model.h"

namespace abate::simulation {
namespace {

using registry::AccountId;
using registry::AccountKind;
using registry::AccountStatus;
using registry::Asset;
using registry::Command;
using registry::GroupId;
using registry::Op;
using registry::Outcome;
using registry::ParticipantId;
using registry::TransferId;

constexpr std::int64_t kStartSecond = 1'800'000'000;
constexpr std::uint64_t kParticipants = 3;
constexpr std::size_t kMostBeliefs = 16;

// The scheme's own accounts, then a holding, compliance, cash and deficit account of each participant p: 10 p + 1 to 10 p + 4.
constexpr AccountId kIssuance{1};
constexpr AccountId kBank{2};
constexpr AccountId kAuction{3};
constexpr AccountId kReserve{4};
constexpr AccountId kRetirement{5};
constexpr AccountId kFees{6};
constexpr AccountId kEscrow{7};

AccountId account_of(std::uint64_t participant, AccountKind kind) {
    switch (kind) {
        case AccountKind::holding:
            return AccountId{10 * participant + 1};
        case AccountKind::compliance:
            return AccountId{10 * participant + 2};
        case AccountKind::cash:
            return AccountId{10 * participant + 3};
        default:
            return AccountId{10 * participant + 4};
    }
}

class LedgerWorld final : public World {
  public:
    explicit LedgerWorld(bool wrong_amount) : wrong_amount_(wrong_amount) {
        beliefs_.emplace_back();
    }

    std::vector<Submission> next(Dice& dice, const engine::Engine& /*engine*/) override {
        if (!opened_) {
            opened_ = true;
            const std::vector<Command> all = opening();
            asked_ = all;
            return {{.commands = all}};
        }
        std::vector<Submission> batch;
        // Whoever did not hear an answer sends the very same again, sooner or later.
        if (!unheard_.empty() && dice.percent(60)) {
            batch = std::exchange(unheard_, {});
            if (dice.percent(50)) return batch;
        }
        for (std::uint64_t n = 1 + dice.below(6); n > 0; --n) batch.push_back(any_submission(dice));
        return batch;
    }

    Timestamp clock(Dice& dice) override {
        if (dice.percent(70)) second_ += dice.between(0, 4);
        if (dice.percent(3)) second_ += dice.between(60, 4000);
        // A clock that was set back: for a while.
        if (dice.percent(4)) behind_ = dice.between(1, 5000);
        if (dice.percent(40)) behind_ = 0;
        return {(second_ - behind_) * 1'000'000};
    }

    void heard(const Round& round) override {
        const std::int64_t last = round.last.us == INT64_MIN ? 0 : round.last.us / 1'000'000;
        const std::int64_t second = std::max(last, round.clock.us / 1'000'000);
        const Landed landed = simulation::landed(round);
        if (landed == Landed::no) {
            unheard_.insert(unheard_.end(), round.asked.begin(), round.asked.end());
            return;
        }
        std::vector<LedgerModel> after;
        std::string expected;
        for (const LedgerModel& belief : beliefs_) {
            LedgerModel with = belief;
            const std::vector<std::vector<Outcome>> answers = with.apply(round.asked, second);
            const std::string wrong = mismatch(round, answers);
            if (wrong.empty()) after.push_back(std::move(with));
            if (expected.empty()) expected = wrong;
            if (landed == Landed::maybe) after.push_back(belief);
        }
        require(!after.empty(), expected);
        beliefs_ = std::move(after);
        if (landed == Landed::maybe) ++in_doubt_;
        for (std::size_t i = 0; i < round.asked.size(); ++i)
            if (!round.heard[i] || round.heard[i]->status != node::Status::done)
                unheard_.push_back(round.asked[i]);
    }

    void look(const engine::Engine& engine, bool thorough) override {
        if (!thorough && beliefs_.size() == 1 && in_doubt_ == 0) {
            const auto wrong = beliefs_.front().differs(engine, false);
            require(!wrong, wrong.value_or(""));
            return;
        }
        // In doubt the clients go on for a while without looking.
        if (!thorough && beliefs_.size() < kMostBeliefs && ++blind_ % 4 != 0) return;
        std::vector<LedgerModel> right;
        std::string wrong;
        for (LedgerModel& belief : beliefs_) {
            const auto difference = belief.differs(engine, true);
            if (difference) {
                wrong = *difference;
            } else if (right.empty()) {
                right.push_back(std::move(belief));
            }
        }
        require(!right.empty(), wrong);
        beliefs_ = std::move(right);
        in_doubt_ = 0;
    }

  private:
    // Empty where every answer that was heard is the expected one.
    std::string mismatch(const Round& round, std::vector<std::vector<Outcome>> expected);

    std::vector<Command> opening() {
        std::vector<Command> out;
        const std::pair<AccountId, AccountKind> of_scheme[] = {
            {kIssuance, AccountKind::issuance},
            {kBank, AccountKind::bank},
            {kAuction, AccountKind::auction},
            {kReserve, AccountKind::reserve},
            {kRetirement, AccountKind::retirement},
            {kFees, AccountKind::fees},
            {kEscrow, AccountKind::escrow}};
        for (const auto& [id, kind] : of_scheme)
            out.push_back({.op = Op::open_account, .kind = kind, .id = fresh(), .from = id});
        for (std::uint64_t p = 1; p <= kParticipants; ++p) {
            out.push_back({.op = Op::open_participant,
                           .id = fresh(),
                           .participant = ParticipantId{p},
                           .group = GroupId{p}});
            for (const AccountKind kind : {AccountKind::holding,
                                           AccountKind::compliance,
                                           AccountKind::cash,
                                           AccountKind::deficit})
                out.push_back({.op = Op::open_account,
                               .kind = kind,
                               .id = fresh(),
                               .from = account_of(p, kind),
                               .participant = ParticipantId{p}});
            out.push_back({.op = Op::issue,
                           .asset = Asset{2027},
                           .id = fresh(),
                           .from = kIssuance,
                           .to = account_of(p, AccountKind::holding),
                           .amount = 200});
            out.push_back({.op = Op::deposit,
                           .id = fresh(),
                           .from = kBank,
                           .to = account_of(p, AccountKind::cash),
                           .amount = 1'000'000});
        }
        return out;
    }

    TransferId fresh() { return {.high = 9, .low = ++ids_}; }

    Submission any_submission(Dice& dice) {
        Submission out;
        const std::uint64_t which = dice.below(100);
        if (which < 12) {
            out.commands = {dice.one_of(asked_)};  // a retry, out of its chain where it was in one
        } else if (which < 18) {
            out.commands = {changed(dice, dice.one_of(asked_))};
        } else if (which < 30) {
            const std::uint64_t length = 2 + dice.below(4);
            for (std::uint64_t i = 0; i < length; ++i) {
                Command command = dice.percent(8) ? dice.one_of(asked_) : sensible(dice);
                command.flags = i + 1 < length ? registry::kLinked : std::uint16_t{0};
                out.commands.push_back(command);
            }
            if (dice.percent(4)) out.commands.back().flags = registry::kLinked;
        } else if (which < 34) {
            out.commands = {senseless(dice)};
        } else {
            for (std::uint64_t n = 1 + dice.below(2); n > 0; --n)
                out.commands.push_back(sensible(dice));
        }
        for (const Command& command : out.commands) {
            if (!(command.id == TransferId{})) asked_.push_back(command);
            if (command.op == Op::reserve) promised_.push_back(command.id);
        }
        return out;
    }

    Command sensible(Dice& dice);
    Command changed(Dice& dice, Command command);
    Command senseless(Dice& dice);

    bool wrong_amount_;
    int transfers_ = 0;
    bool opened_ = false;
    std::vector<LedgerModel> beliefs_;
    int in_doubt_ = 0;
    int blind_ = 0;
    std::vector<Submission> unheard_;
    std::vector<Command> asked_;
    std::vector<TransferId> promised_;  // the ids of reserves among them
    std::uint64_t ids_ = 0;
    std::uint64_t opened_later_ = 100;
    std::int64_t second_ = kStartSecond;
    std::int64_t behind_ = 0;
};

std::string LedgerWorld::mismatch(const Round& round, std::vector<std::vector<Outcome>> expected) {
    for (std::size_t i = 0; i < round.asked.size(); ++i) {
        const auto& reply = round.heard[i];
        if (!reply || reply->status != node::Status::done) continue;
        for (std::size_t j = 0; j < expected[i].size(); ++j) {
            const Command& c = round.asked[i].commands[j];
            Outcome& right = expected[i][j];
            if (wrong_amount_ && c.op == Op::transfer && right.reason == registry::Reason::ok &&
                ++transfers_ == 20)
                ++right.amount;
            if (reply->outcomes.size() <= j || !(reply->outcomes[j] == right))
                return fmt::format(
                    "command {}.{} ({}) was answered {} {}, not {} {}",
                    c.id.high,
                    c.id.low,
                    to_string(c.op),
                    reply->outcomes.size() <= j ? "nothing" : to_string(reply->outcomes[j].reason),
                    reply->outcomes.size() <= j ? 0 : reply->outcomes[j].amount,
                    to_string(right.reason),
                    right.amount);
        }
    }
    return "";
}

Command LedgerWorld::sensible(Dice& dice) {
    const std::uint64_t whose = 1 + dice.below(kParticipants);
    // Mostly somebody else.
    const auto someone = [&] {
        return dice.percent(5) ? whose
                               : 1 + (whose + dice.below(kParticipants - 1)) % kParticipants;
    };
    const AccountId holding = account_of(whose, AccountKind::holding);
    const AccountId compliance = account_of(whose, AccountKind::compliance);
    const AccountId cash = account_of(whose, AccountKind::cash);
    const Asset vintage{dice.percent(70) ? 2027U : 2028U};
    const std::int64_t amount = dice.between(1, dice.percent(10) ? 500 : 40);
    Command c{.asset = vintage, .id = fresh(), .from = holding, .amount = amount};
    const auto promised = [&]() -> TransferId {
        // Of what was asked, not of what is believed: when one looks must not change what is asked.
        if (promised_.empty() || dice.percent(5)) return dice.one_of(asked_).id;
        const TransferId any = dice.one_of(promised_);
        // The young ones are more likely to be open.
        return dice.percent(60) ? promised_.back() : any;
    };
    const std::uint64_t which = dice.below(100);
    if (which < 26) {
        c.op = Op::transfer;
        c.to = dice.percent(25)   ? compliance
               : dice.percent(5)  ? account_of(someone(), AccountKind::compliance)
               : dice.percent(12) ? kEscrow
               : dice.percent(8)  ? account_of(whose, AccountKind::deficit)
                                  : account_of(someone(), AccountKind::holding);
        if (dice.percent(20)) c.price_micro = dice.between(1, 90'000);
        if (dice.percent(10)) std::swap(c.from, c.to);
    } else if (which < 40) {
        c.op = Op::reserve;
        c.to = account_of(someone(), AccountKind::holding);
        if (dice.percent(30)) {
            c.asset = Asset::cash;
            c.from = cash;
            c.to = dice.percent(50) ? kFees : account_of(someone(), AccountKind::cash);
        }
        if (dice.percent(60))
            c.timeout_us = dice.below(dice.percent(30) ? 3000 : 12) * 1'000'000 + 500'000;
    } else if (which < 56) {
        c = {.op = dice.percent(70) ? Op::post : Op::void_pending,
             .id = c.id,
             .reference = promised()};
        if (c.op == Op::post && dice.percent(40)) c.amount = dice.between(1, 30);
    } else if (which < 62) {
        c.op = Op::issue;
        c.from = kIssuance;
        c.to = dice.percent(30) ? kAuction : dice.percent(20) ? kReserve : holding;
        c.amount = dice.between(1, 100);
    } else if (which < 70) {
        c.op = Op::surrender;
        c.from = compliance;
        c.to = kRetirement;
        c.period = 2027;
    } else if (which < 74) {
        c.op = Op::retire;
        c.to = kRetirement;
    } else if (which < 78) {
        c.op = Op::claw_back;
        c.from = dice.percent(70) ? holding : compliance;
        c.to = dice.percent(50) ? kReserve : kAuction;
        c.deficit = account_of(dice.percent(90) ? whose : someone(), AccountKind::deficit);
    } else if (which < 86) {
        const bool in = dice.percent(50);
        c = {.op = in ? Op::deposit : Op::withdraw,
             .asset = Asset::cash,
             .id = c.id,
             .from = in ? kBank : cash,
             .to = in ? cash : kBank,
             .amount = dice.between(1, 900'000)};
    } else if (which < 92) {
        const AccountId which_one = dice.percent(60)   ? holding
                                    : dice.percent(50) ? compliance
                                                       : cash;
        const AccountStatus status = dice.percent(75)   ? AccountStatus::open
                                     : dice.percent(50) ? AccountStatus::blocked
                                                        : AccountStatus::frozen;
        c = {.op = Op::set_status, .status = status, .id = c.id, .from = which_one};
    } else if (which < 95) {
        c = {.op = Op::set_obligated,
             .obligated = static_cast<std::uint8_t>(dice.below(2)),
             .id = c.id,
             .from = holding};
    } else if (which < 97) {
        // Closed are the ones that were opened on the way, and now and then one that cannot be.
        c = {.op = Op::close_account,
             .id = c.id,
             .from =
                 dice.percent(80) ? AccountId{100 + dice.below(opened_later_ - 99)} : compliance};
    } else if (which < 99) {
        c = {.op = Op::open_account,
             .kind = AccountKind::holding,
             .id = c.id,
             .from = AccountId{++opened_later_},
             .participant = ParticipantId{whose}};
    } else {
        c = {.op = dice.percent(50) ? Op::regroup : Op::open_participant,
             .id = c.id,
             .participant = ParticipantId{whose},
             .group = GroupId{1 + dice.below(5)}};
    }
    return c;
}

// The same id, and another command.
Command LedgerWorld::changed(Dice& dice, Command c) {
    switch (dice.below(4)) {
        case 0:
            c.amount += c.amount != 0 ? dice.between(1, 9) : 0;
            c.code += 1;
            break;
        case 1:
            c.code = static_cast<std::uint16_t>(1 + dice.below(9));
            break;
        case 2:
            c.from = AccountId{static_cast<std::uint64_t>(c.from) + 1};
            break;
        default: {
            const TransferId id = c.id;
            c = sensible(dice);
            c.id = id;
            break;
        }
    }
    return c;
}

// Wrong on its own: it burns nothing.
Command LedgerWorld::senseless(Dice& dice) {
    Command c = sensible(dice);
    switch (dice.below(6)) {
        case 0:
            c.id = {};
            break;
        case 1:
            c.flags = 6;
            break;
        case 2:
            c = {.op = Op::retire,
                 .asset = Asset{2027},
                 .period = 2027,
                 .id = c.id,
                 .from = account_of(1, AccountKind::holding),
                 .to = kRetirement,
                 .amount = 1};
            break;
        case 3:
            c = {.op = Op::transfer,
                 .asset = Asset{2027},
                 .id = c.id,
                 .from = kAuction,
                 .to = kAuction,
                 .amount = 1};
            break;
        case 4:
            c = {.op = Op::transfer,
                 .asset = Asset{2027},
                 .id = c.id,
                 .from = kAuction,
                 .to = kEscrow,
                 .amount = -dice.between(0, 5)};
            break;
        default:
            c = {.op = Op::transfer,
                 .asset = Asset{2027},
                 .id = c.id,
                 .from = kAuction,
                 .to = AccountId{7777},
                 .amount = 1};
            break;
    }
    return c;
}

}  // namespace

std::unique_ptr<World> make_ledger_world(bool wrong_amount) {
    return std::make_unique<LedgerWorld>(wrong_amount);
}

}  // namespace abate::simulation
