// The engine's market: orders of the scheme's keys in books of its vintages.
#include "abate/core/assert.h"
#include "abate/engine/engine.h"
#include "abate/engine/market_link.h"

#include <algorithm>

namespace abate::engine {

exchange::MarketRules market_rules(const scheme::Rules& rules) {
    const scheme::MarketTerms& terms = rules.market;
    static_assert(static_cast<int>(exchange::SelfTrade::cancel_newest) ==
                      static_cast<int>(scheme::SelfTrade::cancel_newest) &&
                  static_cast<int>(exchange::SelfTrade::cancel_oldest) ==
                      static_cast<int>(scheme::SelfTrade::cancel_oldest) &&
                  static_cast<int>(exchange::SelfTrade::cancel_both) ==
                      static_cast<int>(scheme::SelfTrade::cancel_both));
    return {.self_trade = static_cast<exchange::SelfTrade>(terms.self_trade),
            .collar_ppm = terms.collar.value,
            .band_ppm = terms.band.value,
            .halt_ppm = terms.halt.value,
            .halt_us = terms.halt_minutes * kMinuteUs,
            .most_open_orders = static_cast<std::uint32_t>(terms.most_open_orders),
            .most_per_second = static_cast<std::uint32_t>(terms.most_per_second),
            .erroneous_ppm = terms.erroneous_minutes > 0 ? terms.erroneous.value : 0,
            .erroneous_us = terms.erroneous_minutes * kMinuteUs,
            .session = {.opens_us = scheme::minute_of_day(terms.opens).value_or(0) * kMinuteUs,
                        .closes_us = scheme::minute_of_day(terms.closes).value_or(0) * kMinuteUs,
                        .opening_call_us = terms.opening_call_minutes * kMinuteUs,
                        .closing_call_us = terms.closing_call_minutes * kMinuteUs}};
}

exchange::BookTerms book_terms(const scheme::Rules& rules) {
    return {.tick_micro = rules.market.tick_micro,
            .lot = rules.market.lot,
            .fee_ppm = rules.market.fee.value};
}

std::vector<exchange::Trader> traders_of(const scheme::State& state) {
    // Of each participant the open accounts with the lowest numbers.
    struct Accounts {
        registry::AccountId holding{};
        registry::AccountId cash{};
    };
    std::map<registry::ParticipantId, Accounts> accounts;
    for (const auto& [id, account] : state.accounts) {
        if (account.closed) continue;
        Accounts& own = accounts[account.participant];
        if (account.kind == registry::AccountKind::holding && own.holding == registry::AccountId{})
            own.holding = id;
        if (account.kind == registry::AccountKind::cash && own.cash == registry::AccountId{})
            own.cash = id;
    }
    const std::map<registry::GroupId, Timestamp> embargoes = scheme::embargoed_from(state);
    std::vector<exchange::Trader> out(state.keys.size());
    for (const auto& [open, key] : state.keys) {
        ABATE_ASSERT(key.number < out.size());
        const registry::ParticipantId whose = key.grant.participant;
        const auto participant = state.participants.find(whose);
        if (participant == state.participants.end()) continue;
        const auto own = accounts.find(whose);
        const bool market =
            (key.grant.roles & static_cast<std::uint8_t>(scheme::Role::market)) != 0;
        out[key.number] = {
            .participant = whose,
            .group = participant->second.group,
            .holding = own == accounts.end() ? registry::AccountId{} : own->second.holding,
            .cash = own == accounts.end() ? registry::AccountId{} : own->second.cash,
            .may_trade = market && !key.revoked,
            .active_from = key.active_from,
            .daily_net_quantity = key.mandate.daily_net_quantity,
            .daily_net_value_micro = key.mandate.daily_net_value_micro};
        if (const auto embargo = embargoes.find(participant->second.group);
            embargo != embargoes.end())
            out[key.number].embargoed_from = embargo->second;
    }
    return out;
}

std::vector<exchange::Trader> traders_of(const scheme::SchemeAuditor& rules,
                                         const registry::Auditor& books) {
    const auto accounts = books.first_open();
    std::vector<exchange::Trader> out;
    for (const scheme::SchemeAuditor::KeyHolder& key : rules.key_holders()) {
        const auto own = accounts.find(key.participant);
        out.push_back(
            {.participant = key.participant,
             .group = books.group_of(key.participant),
             .holding = own == accounts.end() ? registry::AccountId{} : own->second.holding,
             .cash = own == accounts.end() ? registry::AccountId{} : own->second.cash,
             .may_trade = key.may_trade,
             .active_from = {key.from_us},
             .daily_net_quantity = key.daily_net_quantity,
             .daily_net_value_micro = key.daily_net_value_micro,
             .embargoed_from = {key.embargoed_from_us}});
    }
    return out;
}

void Engine::sync_market() {
    if (!market_is_behind_) return;
    market_is_behind_ = false;
    const scheme::State& state = scheme_.state();
    if (!state.founded) return;
    market_.set_rules(market_rules(state.rules));
    market_.set_trading(state.rules.market.trading && !state.halted);
    market_.set_fees(scheme::kFees);
    for (const auto& [year, period] : state.period.years)
        if (scheme::check_vintage(static_cast<std::int32_t>(year)) == scheme::Reason::ok)
            market_.open_book(static_cast<std::uint32_t>(year), book_terms(period.rules));
    for (const auto& [year, period] : state.period.years) {
        const scheme::BookHalt halt = scheme::book_halt(state, static_cast<std::int32_t>(year));
        market_.set_halt(static_cast<std::uint32_t>(year),
                         {.until_us = halt.until.us, .resumed_us = halt.resumed.us});
    }
    if (annulled_ != state.supervision.annulled.size())
        for (const auto& [trade, annulment] : state.supervision.annulled)
            market_.annul(
                {.vintage = static_cast<std::uint32_t>(trade.vintage), .seq = trade.trade});
    annulled_ = state.supervision.annulled.size();
    const std::vector<exchange::Trader> traders = traders_of(state);
    for (std::uint32_t i = 0; i < traders.size(); ++i) market_.set_trader(i, traders[i]);
}

scheme::FindTrade finder_of(const std::deque<exchange::FarTrade>& trades) {
    return [&trades](const scheme::TradeName& name) -> std::optional<scheme::SettledTrade> {
        const auto found =
            std::find_if(trades.begin(), trades.end(), [&](const exchange::FarTrade& each) {
                return static_cast<std::int32_t>(each.vintage) == name.vintage &&
                       each.seq == name.trade;
            });
        if (found == trades.end()) return std::nullopt;
        const auto party = [](const exchange::FarTrade::Party& of) {
            return scheme::SettledTrade::Party{.holding = of.holding, .cash = of.cash};
        };
        return scheme::SettledTrade{.name = name,
                                    .at = found->at,
                                    .price_micro = found->price_micro,
                                    .quantity = found->quantity,
                                    .fee_micro = found->fee_micro,
                                    .buyer = party(found->buyer),
                                    .seller = party(found->seller)};
    };
}

void Engine::free_for(const scheme::Due& due, Timestamp clock) {
    if (due.kind != scheme::DueKind::consign_holding) return;
    const scheme::ParticipantYear whose = scheme::whose_due(due);
    const auto holder = scheme_.state().participants.find(whose.participant);
    if (holder == scheme_.state().participants.end() || market_.last_time().us == INT64_MIN) return;
    sync_market();
    const scheme::Look look{.state = scheme_.state(),
                            .books = registry_,
                            .now = {due.at_us},
                            .id = {},
                            .act = {},
                            .by = {}};
    if (scheme::holding_excess(look, holder->second.group) > 0)
        keep_market(market_.sweep(whose.participant, market_frame(next_time(clock))));
}

std::int64_t Engine::reference_of(const scheme::Due& due) const {
    if (due.kind != scheme::DueKind::clear_auction || !scheme_.state().rules.market.trading)
        return 0;
    const auto& auctions = scheme_.state().auction.auctions;
    const auto found = auctions.find(due.id);
    if (found == auctions.end()) return 0;
    return market_.reference_micro(static_cast<std::uint32_t>(found->second.notice.said.vintage),
                                   {due.at_us});
}

void Engine::keep_market(std::uint32_t events) {
    payload_ += market_bytes_.view();
    market_bytes_.clear();
    waiting_ += events;
}

void Engine::settle_market(Timestamp clock) {
    // Nobody has an order in a market that never was asked for anything.
    if (market_.last_time().us == INT64_MIN) return;
    sync_market();
    if (market_.has_stale()) keep_market(market_.sweep_stale(market_frame(next_time(clock))));
}

void Engine::apply(std::span<const exchange::Operation> operations,
                   Timestamp clock,
                   std::span<exchange::OrderReason> reasons,
                   const OrderTold& told) {
    ABATE_REQUIRE(operations.size() == reasons.size());
    advance_time(clock);
    sync_market();
    open_holding_room();
    constexpr std::size_t kAhead = 6;
    std::uint32_t events = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (i + kAhead < operations.size()) market_.prefetch(operations[i + kAhead]);
        events += do_due_in_market(next_time(clock));
        const exchange::Market::Frame frame = market_frame(next_time(clock));
        if (told.due) told.due(i);
        reasons[i] = market_.apply(operations[i], frame);
        if (reasons[i] == exchange::OrderReason::ok) ++events;
        if (told.done) told.done(i, market_.met());
    }
    market_.set_holding_room(nullptr);
    keep_market(events);
}

std::uint32_t Engine::do_due_in_market(Timestamp until) {
    std::uint32_t events = 0;
    for (auto next = market_.next_due(); next && *next <= until; next = market_.next_due())
        events += market_.advance_time(*next, market_frame(next_time(*next)));
    return events;
}

void Engine::advance_market(Timestamp until) {
    open_holding_room();
    keep_market(do_due_in_market(until));
    market_.set_holding_room(nullptr);
}

void Engine::open_holding_room() {
    const scheme::State& state = scheme_.state();
    const auto room = [this](const exchange::Market::Room& asked) -> std::optional<std::int64_t> {
        return scheme::holding_room({.state = scheme_.state(),
                                     .books = registry_,
                                     .now = asked.now,
                                     .id = {},
                                     .act = {},
                                     .by = {}},
                                    asked.participant);
    };
    // Without a limit nobody is asked.
    market_.set_holding_room(state.founded && state.rules.compliance.holding_limit
                                 ? exchange::Market::HoldingRoom(room)
                                 : nullptr);
}

}  // namespace abate::engine
