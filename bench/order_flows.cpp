#include "bench/order_flows.h"

#include "abate/core/mixed.h"
#include "abate/exchange/exchange.h"

#include <array>
#include <cstdlib>

namespace abate::bench {
namespace {

class SplitMix {
  public:
    explicit SplitMix(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15ULL); }

  private:
    std::uint64_t state_;
};

struct Mixed {
    std::string_view name;
    std::uint64_t seed;
    std::size_t count;
    std::size_t preload;
    std::uint64_t spread;
    std::int64_t reach;
    std::size_t low;
    std::size_t high;
    FlowTotals expected;
};

constexpr std::array<Mixed, 3> kMixed = {{
    {"M1",
     42,
     2'000'000,
     10'000,
     50,
     5,
     1'000,
     20'000,
     {400'060,
      10'206'581,
      1'018'323'442'596,
      2'954,
      99'658,
      99'660,
      0x699f4d92eb671904,
      0x057ca93f6b3962e4}},
    {"M2",
     43,
     2'000'000,
     100'000,
     5'000,
     5,
     1'000,
     200'000,
     {191'483,
      4'893'541,
      489'261'505'245,
      199'988,
      100'056,
      100'064,
      0xcd09a595f313e971,
      0xcc1f5c9f1cf51f17}},
    {"M3",
     44,
     2'000'000,
     500,
     20,
     3,
     100,
     1'000,
     {394'915,
      10'112'291,
      1'011'889'649'866,
      335,
      100'402,
      100'406,
      0x73420686acc89671,
      0xd6fa3e9e2585901d}},
}};

constexpr FlowTotals kA1 = {460'131,
                            139'504'300,
                            263'176'218'200,
                            492'543,
                            1'886,
                            1'888,
                            0x6207acba1c2cb4a0,
                            0x4327ccf6e3fe0391};

// The book beside the flow: totals, and which ids rest, in an order that cancels draw from.
class Maker {
  public:
    explicit Maker(Flow& flow, std::size_t count) : flow_(flow), position_(count + 1, kNowhere) {
        flow_.operations.reserve(count);
    }
    [[nodiscard]] const std::vector<std::uint64_t>& live() const { return live_; }

    void add(const FlowOperation& order) {
        note(order);
        book_.add(order, [&](const FlowFill& fill) {
            FlowTotals& totals = flow_.reckoned;
            ++totals.trades;
            totals.quantity += static_cast<std::uint64_t>(fill.quantity);
            totals.notional += static_cast<std::uint64_t>(fill.price * fill.quantity);
            trades_.add(fill);
            if (fill.maker_is_gone) drop(fill.maker);
        });
        if (!book_.rests(order.id)) return;
        position_[order.id] = live_.size();
        live_.push_back(order.id);
    }
    void cancel(std::size_t at) {
        const std::uint64_t id = live_[at];
        note({.id = id, .cancel = true});
        book_.cancel(id);
        drop(id);
    }
    void finish() {
        flow_.reckoned.resting = book_.size();
        flow_.reckoned.best_bid = book_.best_bid();
        flow_.reckoned.best_ask = book_.best_ask();
        flow_.reckoned.operations_hash = operations_.value();
        flow_.reckoned.trades_hash = trades_.value();
    }

  private:
    static constexpr std::size_t kNowhere = SIZE_MAX;
    void note(const FlowOperation& operation) {
        flow_.operations.push_back(operation);
        for (const std::uint64_t word : {std::uint64_t{operation.cancel},
                                         std::uint64_t{operation.sell},
                                         operation.id,
                                         static_cast<std::uint64_t>(operation.price),
                                         static_cast<std::uint64_t>(operation.quantity)})
            operations_.add(word);
    }
    void drop(std::uint64_t id) {
        const std::size_t at = position_[id];
        position_[live_.back()] = at;
        live_[at] = live_.back();
        live_.pop_back();
        position_[id] = kNowhere;
    }

    Flow& flow_;
    MapBook book_;
    std::vector<std::uint64_t> live_;
    std::vector<std::size_t> position_;  // in live_, by id
    WordHash operations_;
    WordHash trades_;
};

Flow make_mixed(const Mixed& m) {
    Flow flow{.name = m.name, .operations = {}, .expected = m.expected, .reckoned = {}};
    Maker maker(flow, m.count);
    SplitMix chance(m.seed);
    std::int64_t mid = 100'000;
    std::uint64_t id = 0;
    enum class Kind { passive, cancel, aggressive };
    for (std::size_t i = 0; i < m.count; ++i) {
        const std::uint64_t r0 = chance.next();
        Kind kind = Kind::passive;
        if (i >= m.preload) {
            if ((r0 & 15) == 0) mid += (r0 >> 4 & 1) != 0 ? 1 : -1;
            const std::uint64_t u = (r0 >> 8) % 100;
            kind = u < 50 ? Kind::passive : u < 90 ? Kind::cancel : Kind::aggressive;
        }
        if (kind == Kind::cancel && maker.live().size() < m.low) kind = Kind::passive;
        if (kind == Kind::passive && maker.live().size() > m.high) kind = Kind::cancel;
        if (kind == Kind::cancel) {
            maker.cancel(chance.next() % maker.live().size());
            continue;
        }
        const std::uint64_t r1 = chance.next();
        const bool sell = r1 % 2 == 1;
        const auto offset = static_cast<std::int64_t>(1 + (r1 >> 16) % m.spread);
        const std::int64_t away =
            kind == Kind::passive ? (sell ? offset : -offset) : (sell ? -m.reach : m.reach);
        maker.add({.id = ++id,
                   .price = mid + away,
                   .quantity = static_cast<std::int64_t>(1 + (r1 >> 1) % 100),
                   .sell = sell});
    }
    maker.finish();
    return flow;
}

Flow make_adds() {
    Flow flow{.name = "A1", .operations = {}, .expected = kA1, .reckoned = {}};
    constexpr std::size_t kCount = 1'000'000;
    Maker maker(flow, kCount);
    SplitMix chance(45);
    for (std::size_t i = 0; i < kCount; ++i) {
        const std::uint64_t r = chance.next();
        const bool sell = i % 2 == 1;
        maker.add({.id = i + 1,
                   .price = (sell ? 1884 : 1880) + static_cast<std::int64_t>(r % 10),
                   .quantity = 100 * static_cast<std::int64_t>(1 + (r >> 8) % 10),
                   .sell = sell});
    }
    maker.finish();
    return flow;
}

}  // namespace

Flow make_flow(std::string_view name) {
    for (const Mixed& mixed : kMixed)
        if (mixed.name == name) return make_mixed(mixed);
    return make_adds();
}

std::vector<exchange::Operation> operations_of(const Flow& flow) {
    std::vector<exchange::Operation> operations;
    operations.reserve(flow.operations.size());
    // Buyers are participants 1 to 32, sellers 33 to 64. Who cancels is who placed it.
    std::vector<std::uint32_t> owners(flow.operations.size() + 2);
    for (const FlowOperation& o : flow.operations) {
        if (!o.cancel) owners[o.id] = static_cast<std::uint32_t>((o.sell ? 33 : 1) + o.id % 32);
        operations.push_back(
            {.kind = o.cancel ? exchange::OperationKind::cancel : exchange::OperationKind::place,
             .side = o.sell ? exchange::Side::sell : exchange::Side::buy,
             .order_id = o.id,
             .participant = owners[o.id],
             .price_micro = o.price,
             .quantity = o.quantity});
    }
    return operations;
}

FlowTotals totals_of(const Flow& flow, const exchange::ReplayTotals& totals) {
    return {.trades = totals.trades,
            .quantity = static_cast<std::uint64_t>(totals.quantity),
            .notional = static_cast<std::uint64_t>(totals.notional),
            .resting = totals.resting,
            .best_bid = totals.best_bid_micro.value_or(0),
            .best_ask = totals.best_ask_micro.value_or(0),
            .operations_hash = flow.reckoned.operations_hash,
            .trades_hash = totals.trade_hash};
}

FlowTotals replayed(const Flow& flow) {
    exchange::Replay replay({});
    replay.play(operations_of(flow));
    return totals_of(flow, replay.totals());
}

FlowTotals replayed_covered(const Flow& flow) {
    exchange::CoveredReplay replay({}, operations_of(flow));
    replay.play();
    return totals_of(flow, replay.totals());
}

}  // namespace abate::bench
