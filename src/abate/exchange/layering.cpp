#include "abate/exchange/layering.h"

#include <algorithm>

namespace abate::exchange {

LayerSearch::LayerSearch(const LayerRules& rules) : rules_(rules) {
    ABATE_REQUIRE(rules.before_us >= 0 && rules.after_us >= 0 && rules.fleeting_us >= 0);
}

void LayerSearch::traded(registry::GroupId group, const Traded& trade) {
    if (!trade.facing_best_micro) return;  // nothing rests there
    State& state = states_[{group, other(trade.side)}];
    while (!state.trades.empty() &&
           (state.trades.size() >= kMostTrades ||
            trade.sale.at.us - state.trades.front().at.us > rules_.after_us))
        state.trades.pop_front();
    state.trades.push_back({.at = trade.sale.at,
                            .seq = trade.sale.seq,
                            .quantity = trade.sale.quantity,
                            .best_micro = *trade.facing_best_micro});
}

void LayerSearch::removed(registry::GroupId group,
                          const RestingOrders::Order& order,
                          const TapeEntry& entry,
                          const OnLayer& on_layer) {
    const bool by_will =
        entry.kind == TapeKind::reduced || entry.why == Removal::cancelled ||
        (entry.why == Removal::expired && entry.at.us - order.rested_at.us <= rules_.fleeting_us);
    if (!by_will) return;
    const auto found = states_.find({group, order.side});
    if (found == states_.end()) return;
    State& state = found->second;
    if (state.open && entry.at.us - state.open->last.us > rules_.after_us) {
        on_layer(*state.open);
        state.open.reset();
    }
    bool counts = false;
    for (const Trade& trade : state.trades) {
        const bool away = order.side == Side::buy ? order.price_micro < trade.best_micro
                                                  : order.price_micro > trade.best_micro;
        if (!away || trade.seq < order.rested_seq ||
            trade.at.us - order.rested_at.us > rules_.before_us ||
            entry.at.us - trade.at.us > rules_.after_us)
            continue;
        if (!counts && !state.open)
            state.open = Layer{.group = group, .side = order.side, .from = order.rested_at};
        counts = true;
        state.open->trades.emplace(trade.seq, trade.quantity);
    }
    if (!counts) return;
    Layer& layer = *state.open;
    layer.participants.insert(order.owner);
    layer.orders.insert(order.rested_seq);
    layer.gone.insert(entry.seq);
    layer.quantity +=
        order.left - (entry.kind == TapeKind::reduced ? std::min(order.left, entry.quantity) : 0);
    if (order.rested_at < layer.from) layer.from = order.rested_at;
    layer.last = entry.at;
}

void LayerSearch::finish(const OnLayer& on_layer) {
    for (auto& [key, state] : states_) {
        if (state.open) on_layer(*state.open);
        state.open.reset();
    }
}

}  // namespace abate::exchange
