#include "simulation/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/world.h"

namespace abate::simulation {

using registry::AccountKind;
using registry::Command;
using registry::Op;

void JournalReader::read(engine::Journal& journal) {
    journal.read(last_seq_ + 1, [this](const engine::Batch& batch) {
        const engine::BatchHeader& h = batch.header;
        require(
            h.first_seq == last_seq_ + 1,
            fmt::format("the journal goes on with event {}, not {}", h.first_seq, last_seq_ + 1));
        require(h.prev_digest == head_, "a batch does not follow the one before");
        registry::EventReader reader(batch.payload);
        while (!reader.left().empty()) {
            ++last_seq_;
            if (scheme::is_scheme_event(reader.left().front())) {
                const Result<scheme::ReadEvent> event = scheme::read_event(reader.left());
                require(event.has_value(), "an event of the scheme that cannot be read");
                // It stands before what it caused in the books, which is later.
                require(event->event.at > last_, "time stood still");
                last_ = event->event.at;
                reader.skip(event->size);
                continue;
            }
            if (exchange::is_market_event(reader.left().front())) {
                const Result<exchange::ReadMarketEvent> event =
                    exchange::read_market_event(reader.left());
                require(event.has_value(), "an event of the market that cannot be read");
                reader.skip(event->size);
                follow(event->event);
                continue;
            }
            const auto event = reader.next();
            require(event && event->has_value(), "an event that cannot be read");
            follow(**event);
        }
        require(last_seq_ == h.last_seq, "a batch has more or fewer events than it says");
        head_ = h.digest;
        return true;
    });
}

void JournalReader::check(const Where& where) const {
    const auto at = [&](const std::map<Where, std::int64_t>& all) {
        const auto found = all.find(where);
        return found == all.end() ? 0 : found->second;
    };
    const AccountKind kind = kinds_.at(where.first);
    const std::int64_t has = at(has_);
    const auto number = static_cast<std::uint64_t>(where.first);
    if (kind == AccountKind::issuance || kind == AccountKind::bank ||
        kind == AccountKind::deficit) {
        require(has <= 0,
                fmt::format("account {} is above zero after event {}", number, last_seq_));
        return;
    }
    require(has >= 0, fmt::format("account {} is below zero after event {}", number, last_seq_));
    require(
        has >= at(promised_),
        fmt::format("account {} has promised what is not there after event {}", number, last_seq_));
}

void JournalReader::move(const Command& c, std::int64_t amount) {
    has_[{c.from, c.asset}] -= amount;
    has_[{c.to, c.asset}] += amount;
    check({c.from, c.asset});
    check({c.to, c.asset});
}

JournalReader::Where JournalReader::cover_of(const Resting& order) const {
    const Accounts& own = traders_.at(order.trader);
    if (order.side == exchange::Side::buy) return {own.cash, registry::Asset::cash};
    return {own.holding, registry::Asset{order.book}};
}

void JournalReader::cover(const Resting& order, std::int64_t sign) {
    promised_[cover_of(order)] +=
        sign * order.left * (order.side == exchange::Side::buy ? order.price_micro : 1);
    check(cover_of(order));
}

void JournalReader::deliver(const Where& from, registry::AccountId to, std::int64_t amount) {
    has_[from] -= amount;
    has_[{to, from.second}] += amount;
}

void JournalReader::follow(const exchange::MarketEvent& event) {
    using exchange::MarketEventKind;
    using exchange::MeetingKind;
    const exchange::Operation& o = event.operation;
    require(Timestamp{o.at_us} >= last_, "time went back");
    last_ = {o.at_us};
    require(event.kind <= MarketEventKind::swept, "a call, in a market without hours");
    const auto rested = orders_.find(o.order_id);
    if (event.kind == MarketEventKind::placed) {
        require(order_ids_.insert(o.order_id).second,
                fmt::format("order {} is in the journal twice", o.order_id));
    } else {
        require(rested != orders_.end() && rested->second.trader == o.participant,
                fmt::format("order {} did not rest, or was another's", o.order_id));
        cover(rested->second, -1);
        orders_.erase(rested);
    }
    if (event.kind != MarketEventKind::placed && event.kind != MarketEventKind::replaced) return;
    Resting taker{.trader = o.participant,
                  .side = o.side,
                  .book = o.book,
                  .price_micro = *o.price_micro,
                  .left = *o.quantity};
    cover(taker, 1);
    bool stopped = false;
    for (const exchange::Met& met : event.met) {
        if (met.kind == MeetingKind::stopped || met.kind == MeetingKind::halted) {
            stopped = true;
            continue;
        }
        const auto at = orders_.find(met.maker);
        require(at != orders_.end(), fmt::format("order {} was met and did not rest", met.maker));
        Resting& maker = at->second;
        cover(maker, -1);
        if (met.kind == MeetingKind::trade) {
            cover(taker, -1);
            const Resting& buyer = o.side == exchange::Side::buy ? taker : maker;
            const Resting& seller = o.side == exchange::Side::buy ? maker : taker;
            require(maker.side != taker.side && maker.price_micro == met.price_micro &&
                        met.quantity <= std::min(maker.left, taker.left),
                    "a trade that neither asked for");
            deliver(
                cover_of(buyer), traders_.at(seller.trader).cash, met.price_micro * met.quantity);
            deliver(cover_of(seller), traders_.at(buyer.trader).holding, met.quantity);
            maker.left -= met.quantity;
            taker.left -= met.quantity;
            cover(maker, 1);
            cover(taker, 1);
        }
        if (met.kind != MeetingKind::trade || maker.left == 0) orders_.erase(at);
    }
    const bool may_rest = o.type == exchange::OrderType::limit &&
                          (o.time_in_force == exchange::TimeInForce::good_till_cancelled ||
                           o.time_in_force == exchange::TimeInForce::good_till_time);
    if (taker.left > 0 && may_rest && !stopped)
        orders_[o.order_id] = taker;
    else
        cover(taker, -1);
}

void JournalReader::follow(const registry::Event& event) {
    const Command& c = event.command;
    // Several expiries are of one moment.
    require(event.at > last_ || (c.op == Op::expire && event.at == last_), "time stood still");
    last_ = event.at;
    if (c.op != Op::expire)
        require(used_.insert(c.id).second,
                fmt::format("id {}.{} is in the journal twice", c.id.high, c.id.low));
    if (event.outcome.reason != registry::Reason::ok) return;
    switch (c.op) {
        case Op::open_account:
            kinds_[c.from] = c.kind;
            return;
        case Op::reserve:
            open_[c.id] = c;
            promised_[{c.from, c.asset}] += c.amount;
            check({c.from, c.asset});
            return;
        case Op::post:
        case Op::void_pending:
        case Op::expire: {
            const auto found = open_.find(c.reference);
            require(found != open_.end(), "a promise was settled twice, or never made");
            const Command promise = found->second;
            open_.erase(found);
            promised_[{promise.from, promise.asset}] -= promise.amount;
            if (c.op == Op::post) move(promise, c.amount == 0 ? promise.amount : c.amount);
            return;
        }
        case Op::claw_back: {
            // What the account still had comes from it, the rest is a debt.
            const std::int64_t taken = event.outcome.amount;
            has_[{c.from, c.asset}] -= taken;
            has_[{c.deficit, c.asset}] -= c.amount - taken;
            has_[{c.to, c.asset}] += c.amount;
            check({c.from, c.asset});
            check({c.deficit, c.asset});
            return;
        }
        case Op::issue:
        case Op::transfer:
        case Op::surrender:
        case Op::retire:
        case Op::deposit:
        case Op::withdraw:
            move(c, c.amount);
            return;
        default:
            return;
    }
}

}  // namespace abate::simulation
