#include "simulation/market_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/market_model.h"

namespace abate::simulation {
namespace {

using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;
using node::testing::kMarketYear;
using node::testing::TradingScheme;

constexpr std::size_t kMostBeliefs = 16;
constexpr std::int64_t kMicro = 1'000'000;

class MarketWorld final : public World {
  public:
    explicit MarketWorld(bool wrong_amount)
        : scheme_(node::testing::trading_scheme()),
          wrong_amount_(wrong_amount),
          second_(scheme_.from.us / kMicro) {
        beliefs_.emplace_back(scheme_);
    }

    std::vector<Submission> next(Dice& dice, const engine::Engine& engine) override {
        decide(engine);
        std::vector<Submission> batch;
        // Whoever did not hear an answer sends the very same again, sooner or later.
        if (!unheard_.empty() && dice.percent(60)) {
            batch = std::exchange(unheard_, {});
            if (dice.percent(50)) return batch;
        }
        if (dice.percent(12)) act(dice, batch);
        for (std::uint64_t n = 1 + dice.below(6); n > 0; --n) {
            Submission orders;
            for (std::uint64_t k = 1 + dice.below(3); k > 0; --k)
                orders.orders.push_back(any_order(dice));
            batch.push_back(std::move(orders));
        }
        return batch;
    }

    Timestamp clock(Dice& dice) override {
        if (dice.percent(70)) second_ += dice.between(0, 4);
        if (dice.percent(5)) second_ += dice.between(60, 4000);
        // A clock that was set back: for a while.
        if (dice.percent(4)) behind_ = dice.between(1, 5000);
        if (dice.percent(40)) behind_ = 0;
        return {(second_ - behind_) * kMicro};
    }

    void heard(const Round& round) override {
        const Landed landed = simulation::landed(round);
        if (landed == Landed::no) {
            keep_unheard(round);
            return;
        }
        // In whole seconds, like the clock, or at the half of one at which the last order ended: whatever came behind took microseconds.
        constexpr std::int64_t kHalf = kMicro / 2;
        const std::int64_t now =
            std::max(round.last.us / kHalf * kHalf, round.clock.us / kMicro * kMicro);
        std::vector<MarketModel> after;
        std::string expected;
        for (const MarketModel& belief : beliefs_) {
            MarketModel with = belief;
            const std::string wrong = mismatch(round, with.apply(round.asked, now));
            if (wrong.empty()) after.push_back(std::move(with));
            if (expected.empty()) expected = wrong;
            if (landed == Landed::maybe) after.push_back(belief);
        }
        require(!after.empty(), expected);
        require(after.size() <= kMostBeliefs, "more in doubt than can be");
        beliefs_ = std::move(after);
        if (wrong_amount_ && beliefs_.front().trades() >= 20) {
            wrong_amount_ = false;
            for (MarketModel& belief : beliefs_) belief.believe_too_much(0);
        }
        keep_unheard(round);
    }

    void look(const engine::Engine& engine, bool /*thorough*/) override {
        decide(engine);
        const exchange::Market::Cover cover = engine.market().cover();
        require(cover.money == engine.registry().covered_money() &&
                    cover.allowances == engine.registry().covered_allowances(),
                "what is covered is not what is reserved");
    }

  private:
    // What was in doubt is what the books say; an order that met nothing and does not rest leaves no trace there, so both may hold.
    void decide(const engine::Engine& engine) {
        std::string wrong;
        std::erase_if(beliefs_, [&](const MarketModel& belief) {
            const auto difference = belief.differs(engine);
            if (difference) wrong = *difference;
            return difference.has_value();
        });
        require(!beliefs_.empty(), wrong);
    }

    static std::string mismatch(const Round& round,
                                const std::vector<MarketModel::Said>& expected) {
        for (std::size_t i = 0; i < round.asked.size(); ++i) {
            const auto& reply = round.heard[i];
            if (!reply || reply->status != node::Status::done) continue;
            if (round.asked[i].envelope && reply->answer != expected[i].answer)
                return fmt::format("a command of the scheme was answered {}",
                                   scheme::to_string(reply->answer.reason));
            if (reply->orders == expected[i].orders) continue;
            for (std::size_t k = 0; k < round.asked[i].orders.size(); ++k) {
                const node::OrderAnswer& is = reply->orders.at(k);
                const node::OrderAnswer& should = expected[i].orders.at(k);
                if (is == should) continue;
                return fmt::format("order {} was answered {} and met {}, not {} and {}",
                                   round.asked[i].orders[k].order_id,
                                   exchange::to_string(is.reason),
                                   is.met.size(),
                                   exchange::to_string(should.reason),
                                   should.met.size());
            }
        }
        return {};
    }

    // Acts of the scheme are not sent again: what they want may not be so any more.
    void keep_unheard(const Round& round) {
        for (std::size_t i = 0; i < round.asked.size(); ++i)
            if (!round.asked[i].envelope &&
                (!round.heard[i] || round.heard[i]->status != node::Status::done))
                unheard_.push_back(round.asked[i]);
    }

    Submission signed_by(std::size_t who, const scheme::Command& command) {
        last_act_ = {.high = 7, .low = ++acts_};
        return {.envelope = scheme::sign_command(
                    scheme_.operators[who], {.tenant_id = 1, .scheme_id = 1}, last_act_, command)};
    }

    void act(Dice& dice, std::vector<Submission>& batch) {
        // In doubt nobody acts.
        if (beliefs_.size() != 1) return;
        const MarketModel& is = beliefs_.front();
        const auto frozen = std::find_if(is.firms().begin(),
                                         is.firms().end(),
                                         [](const MarketModel::Firm& firm) { return firm.frozen; });
        if (is.halted() || dice.percent(50)) {
            const bool halts = !is.halted() && dice.percent(70);
            batch.push_back(signed_by(
                0,
                scheme::Reconcile{.statement_date = to_rfc3339(scheme_.from).substr(0, 10),
                                  .balance_micro = is.bank() - (halts ? 1 : 0),
                                  .unknown_lines = {}}));
        } else if (frozen == is.firms().end()) {
            const std::size_t firm = dice.below(is.firms().size());
            batch.push_back(
                signed_by(0,
                          scheme::RestrictAccount{.participant = registry::ParticipantId{firm + 1},
                                                  .account = TradingScheme::holding(firm),
                                                  .status = registry::AccountStatus::frozen,
                                                  .reason = "court"}));
        } else {
            const auto firm = static_cast<std::size_t>(frozen - is.firms().begin());
            batch.push_back(
                signed_by(0, scheme::ReleaseAccount{.account = TradingScheme::holding(firm)}));
            batch.push_back(signed_by(1, scheme::Approve{.proposal = last_act_}));
        }
    }

    Operation any_order(Dice& dice) {
        const std::uint64_t which = dice.below(100);
        if (which < 8 && !asked_.empty()) return dice.one_of(asked_);  // a retry
        if (which < 12 && !asked_.empty()) {
            Operation changed = dice.one_of(asked_);
            changed.quantity = changed.quantity.value_or(0) + 1;
            return changed;
        }
        Operation o{.book = kMarketYear,
                    .participant = scheme_.traders[dice.below(scheme_.traders.size())]};
        if (which < 40 && !asked_.empty()) {
            const Operation& old = dice.one_of(asked_);
            o.kind = which < 26 ? OperationKind::cancel : OperationKind::replace;
            o.order_id = old.order_id;
            // Nearly always its own.
            if (dice.percent(90)) o.participant = old.participant;
            if (o.kind == OperationKind::replace) {
                if (dice.percent(70)) o.price_micro = price(dice);
                if (dice.percent(70)) o.quantity = quantity(dice);
                o.post_only = dice.percent(10);
            }
        } else {
            o.order_id = ++ids_;
            o.side = dice.percent(50) ? Side::buy : Side::sell;
            o.quantity = quantity(dice);
            if (dice.percent(12)) {
                o.type = OrderType::market;
                if (dice.percent(30)) o.time_in_force = TimeInForce::fill_or_kill;
            } else {
                o.price_micro = price(dice);
                const std::uint64_t until = dice.below(10);
                if (until == 0) o.time_in_force = TimeInForce::immediate_or_cancel;
                if (until == 1) o.time_in_force = TimeInForce::fill_or_kill;
                if (until == 2) {
                    o.time_in_force = TimeInForce::good_till_time;
                    o.expires_us = (second_ + dice.between(-2, 60)) * kMicro + kMicro / 2;
                }
                o.post_only = until > 4 && dice.percent(10);
            }
            asked_.push_back(o);
        }
        if (dice.percent(1)) o.book = 2028;
        if (dice.percent(1)) o.participant = 999;
        return o;
    }
    // Few prices, so that they meet; now and then one that none can have.
    static std::int64_t price(Dice& dice) {
        if (dice.percent(2)) return dice.between(-1, 0);
        if (dice.percent(1)) return 1'000'000;
        return dice.between(37, 44);
    }
    static std::int64_t quantity(Dice& dice) {
        if (dice.percent(2)) return dice.between(-1, 0);
        if (dice.percent(1)) return (std::int64_t{1} << 40) + 1;
        return dice.percent(10) ? dice.between(1'000, 200'000) : dice.between(1, 60);
    }

    const TradingScheme& scheme_;
    bool wrong_amount_;
    std::vector<MarketModel> beliefs_;
    std::vector<Submission> unheard_;
    std::vector<Operation> asked_;  // that were new
    std::uint64_t ids_ = 0;
    std::uint64_t acts_ = 0;
    scheme::TransferId last_act_{};
    std::int64_t second_;
    std::int64_t behind_ = 0;
};

}  // namespace

std::unique_ptr<World> make_market_world(bool wrong_amount) {
    return std::make_unique<MarketWorld>(wrong_amount);
}

}  // namespace abate::simulation
