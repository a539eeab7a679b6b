// What the scheme says of the market, for the market and for its auditor. Inside `engine` only.
#pragma once

#include "abate/exchange/exchange.h"
#include "abate/scheme/scheme.h"

#include <deque>
#include <vector>

namespace abate::engine {

// Of today's rules.
[[nodiscard]] exchange::MarketRules market_rules(const scheme::Rules& rules);
// Of the rules with which a year was opened: its book keeps them.
[[nodiscard]] exchange::BookTerms book_terms(const scheme::Rules& rules);
// By number; from the scheme's state.
[[nodiscard]] std::vector<exchange::Trader> traders_of(const scheme::State& state);
// The same from the two auditors, who found it out for themselves.
[[nodiscard]] std::vector<exchange::Trader> traders_of(const scheme::SchemeAuditor& rules,
                                                       const registry::Auditor& books);

// Those that may be annulled, as the scheme sees them. They must outlive it.
[[nodiscard]] scheme::FindTrade finder_of(const std::deque<exchange::FarTrade>& trades);

}  // namespace abate::engine
