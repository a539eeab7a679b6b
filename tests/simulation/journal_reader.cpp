#include "simulation/journal_reader.h"

#include <fmt/format.h>

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
