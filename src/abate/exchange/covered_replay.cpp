#include "abate/exchange/covered_replay.h"

#include "abate/core/assert.h"
#include "abate/core/prefetch.h"

#include <algorithm>
#include <unordered_map>

namespace abate::exchange {
namespace {

using namespace registry;

constexpr AccountId kIssuance{1};
constexpr AccountId kBank{2};
constexpr AccountId holding_of(std::uint32_t trader) {
    return AccountId{100 + std::uint64_t{2} * trader};
}
constexpr AccountId cash_of(std::uint32_t trader) {
    return AccountId{101 + std::uint64_t{2} * trader};
}

class NoEvents final : public EventSink {
  public:
    void on(const Event& /*event*/) override {}
};

}  // namespace

CoveredReplay::CoveredReplay(const Options& options, std::span<const Operation> operations)
    : operations_(operations.begin(), operations.end()), book_count_(options.books) {
    ABATE_REQUIRE(options.books > 0);
    // Cancels may leave the participant out, and traders are numbered as they come.
    std::unordered_map<std::uint64_t, std::uint32_t> owners;
    for (Operation& o : operations_) {
        ABATE_REQUIRE(o.book < options.books);
        if (o.kind == OperationKind::place) {
            ABATE_REQUIRE(o.participant != 0);
            owners.emplace(o.order_id, o.participant);
        } else if (o.participant == 0) {
            if (const auto owner = owners.find(o.order_id); owner != owners.end())
                o.participant = owner->second;
        }
        const auto number = static_cast<std::uint32_t>(traders_.size());
        o.participant = traders_.emplace(o.participant, number).first->second;
        o.book += static_cast<std::uint32_t>(kFirstVintage);
    }
    market_.set_rules(options.rules);
    for (std::size_t i = 0; i < options.books; ++i)
        market_.open_book(static_cast<std::uint32_t>(kFirstVintage + i), options.terms);
    // Room before the first order's time for all that opens an account.
    if (!operations_.empty()) {
        const auto opening = static_cast<std::int64_t>(2 + traders_.size() * (4 + options.books));
        now_us_ = std::max(INT64_MIN + opening, operations_.front().at_us) - opening;
    }
    open_accounts(options);
    trades_.resize(operations_.size() / 2);  // so that the kernel gives the memory now
    trades_.clear();
}

void CoveredReplay::open_accounts(const Options& options) {
    NoEvents sink;
    std::uint64_t ids = 0;
    const auto apply = [&](Command command) {
        command.id = {0, ++ids};
        const Outcome outcome = books_.apply(command, Timestamp{++now_us_}, sink);
        ABATE_REQUIRE(outcome.reason == Reason::ok);
    };
    apply({.op = Op::open_account, .kind = AccountKind::issuance, .from = kIssuance});
    apply({.op = Op::open_account, .kind = AccountKind::bank, .from = kBank});
    const std::int64_t plenty =
        INT64_MAX / std::max<std::int64_t>(1, static_cast<std::int64_t>(traders_.size()));
    for (const auto& [participant, number] : traders_) {
        const ParticipantId owner{number + 1};
        const GroupId group{number + 1};
        apply({.op = Op::open_participant, .participant = owner, .group = group});
        apply({.op = Op::open_account,
               .kind = AccountKind::holding,
               .from = holding_of(number),
               .participant = owner});
        apply({.op = Op::open_account,
               .kind = AccountKind::cash,
               .from = cash_of(number),
               .participant = owner});
        Endowment has{.money_micro = plenty, .allowances = plenty};
        if (options.endowments) {
            const auto named = options.endowments->find(participant);
            has = named == options.endowments->end() ? Endowment{} : named->second;
        }
        for (std::size_t book = 0; book < options.books && has.allowances > 0; ++book)
            apply({.op = Op::issue,
                   .asset = static_cast<Asset>(kFirstVintage + book),
                   .from = kIssuance,
                   .to = holding_of(number),
                   .amount = has.allowances});
        if (has.money_micro > 0)
            apply({.op = Op::deposit,
                   .from = kBank,
                   .to = cash_of(number),
                   .amount = has.money_micro});
    }
    for (std::uint32_t number = 0; number < traders_.size(); ++number)
        market_.set_trader(number,
                           {.participant = ParticipantId{number + 1},
                            .group = GroupId{number + 1},
                            .holding = holding_of(number),
                            .cash = cash_of(number),
                            .may_trade = true,
                            .daily_net_quantity = INT64_MAX,
                            .daily_net_value_micro = INT64_MAX});
}

void CoveredReplay::play(std::size_t batch,
                         const std::function<void(const PlayedBatch&)>& on_batch) {
    ABATE_REQUIRE(batch > 0);
    // The operations themselves come from far away, too.
    constexpr std::size_t kAhead = 6;
    constexpr std::size_t kFarAhead = 24;
    EventBytes payload;
    std::uint32_t events = 0;
    std::size_t since = 0;
    const auto take = [&] {
        event_bytes_ += payload.view().size();
        if (on_batch && events > 0)
            on_batch({.payload = payload.view(),
                      .events = events,
                      .at = market_.last_time(),
                      .operations = since});
        payload.clear();
        events = 0;
        since = 0;
    };
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        if (i + kFarAhead < operations_.size()) {
            prefetch_line(&operations_[i + kFarAhead].order_id);
            prefetch_line(&operations_[i + kFarAhead].at_us);
        }
        if (i + kAhead < operations_.size()) market_.prefetch(operations_[i + kAhead]);
        const Operation& o = operations_[i];
        now_us_ = std::max(now_us_, o.at_us);
        const Market::Frame frame{.books = books_, .now = Timestamp{now_us_}, .out = payload};
        const std::uint32_t over = market_.advance_time(frame.now, frame);
        expired_ += over;
        const OrderReason reason = market_.apply(o, frame);
        ++answers_[static_cast<std::size_t>(reason)];
        events += over + (reason == OrderReason::ok ? 1 : 0);
        for (const Met& met : market_.met())
            if (met.kind == MeetingKind::trade)
                trades_.push_back({.taker = o.order_id,
                                   .maker = met.maker,
                                   .price_micro = met.price_micro,
                                   .quantity = met.quantity});
        if (++since == batch) take();
    }
    take();
}

ReplayTotals CoveredReplay::totals() const {
    ReplayTotals totals;
    totals.operations = operations_.size();
    totals.trades = trades_.size();
    totals.answers = answers_;
    totals.expired = expired_;
    for (const Trade& trade : trades_) {
        totals.quantity += trade.quantity;
        totals.notional += Int128{trade.price_micro} * trade.quantity;
    }
    totals.trade_hash = hash_of(trades_);
    for (std::size_t i = 0; i < book_count_; ++i)
        totals.resting += market_.book(static_cast<std::uint32_t>(kFirstVintage + i))->size();
    const OrderBook& first = *market_.book(kFirstVintage);
    const auto best = [&](Side side) {
        const std::optional<Ticks> ticks = first.best(side);
        return ticks ? std::optional(*ticks * market_.tick_micro(kFirstVintage)) : std::nullopt;
    };
    totals.best_bid_micro = best(Side::buy);
    totals.best_ask_micro = best(Side::sell);
    return totals;
}

}  // namespace abate::exchange
