#include "abate/engine/engine.h"

#include "abate/core/assert.h"
#include "abate/engine/market_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace abate::engine {

Digest seal(const Batch& batch) {
    // Little endian, in the order of BatchHeader.
    std::string head;
    const auto number = [&head](auto value) {
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        head.append(bytes, sizeof value);
    };
    const BatchHeader& h = batch.header;
    number(h.tenant_id);
    number(h.scheme_id);
    number(h.first_seq);
    number(h.last_seq);
    number(h.count);
    number(h.epoch);
    number(h.at.us);
    number(h.codec_version);
    head.append(reinterpret_cast<const char*>(h.prev_digest.bytes.data()),
                h.prev_digest.bytes.size());
    return digest_of(head, batch.payload);
}

class Engine::Sink final : public registry::EventSink {
  public:
    explicit Sink(Engine& engine) : engine_(&engine) {}
    void on(const registry::Event& event) override {
        registry::append_event(engine_->payload_, event);
        ++engine_->waiting_;
    }

  private:
    Engine* engine_;
};

Engine::Engine(SchemeKey key, std::uint64_t hash_seed)
    : key_(key),
      hash_seed_(hash_seed),
      registry_(hash_seed),
      scheme_({.tenant_id = key.tenant_id, .scheme_id = key.scheme_id}),
      market_(hash_seed) {}

namespace {

// What is wrong with a batch as a link of the chain; absent: nothing.
struct Broken {
    std::string field;
    std::string expected;
    std::string found;
};

std::optional<Broken> broken_link(const Batch& batch,
                                  const SchemeKey& key,
                                  const BatchHeader& before) {
    const BatchHeader& h = batch.header;
    const auto differs = [](const char* field, auto expected, auto found) {
        return Broken{field, fmt::format("{}", expected), fmt::format("{}", found)};
    };
    if (h.tenant_id != key.tenant_id) return differs("tenant_id", key.tenant_id, h.tenant_id);
    if (h.scheme_id != key.scheme_id) return differs("scheme_id", key.scheme_id, h.scheme_id);
    if (h.first_seq != before.last_seq + 1)
        return differs("first_seq", before.last_seq + 1, h.first_seq);
    if (h.count == 0 || h.last_seq != h.first_seq + h.count - 1)
        return differs("last_seq", h.first_seq + h.count - 1, h.last_seq);
    if (h.epoch < before.epoch) return differs("epoch", before.epoch, h.epoch);
    if (h.prev_digest != before.digest)
        return differs("prev_digest", to_string(before.digest), to_string(h.prev_digest));
    const Digest right = seal(batch);
    if (h.digest != right) return differs("digest", to_string(right), to_string(h.digest));
    return std::nullopt;
}

}  // namespace

Result<void> Engine::recover(Journal& journal) {
    ABATE_REQUIRE(last_seq_ == 0 && waiting_ == 0);
    return go_on({.books = registry::Registry(hash_seed_)}, {}, journal);
}

Result<void> Engine::go_on(Restored from, const BatchHeader& after, Journal& journal) {
    registry_ = std::move(from.books);
    scheme_ = scheme::Scheme({.tenant_id = key_.tenant_id, .scheme_id = key_.scheme_id});
    scheme_events_.clear();
    for (std::string_view left = from.scheme_events; !left.empty();) {
        const Result<scheme::ReadEvent> read = scheme::read_event(left);
        if (!read) return read.error();
        if (!scheme_.fold(read->event))
            return Error{ErrorCode::corrupt, "a scheme event that cannot follow", "", ""};
        left.remove_prefix(read->size);
    }
    scheme_events_ = from.scheme_events;
    market_ = exchange::Market(hash_seed_);
    market_.set_tape(tape_);
    market_is_behind_ = true;
    sync_market();
    const bool nobody_trades =
        registry_.covered_money() == 0 && registry_.covered_allowances() == 0;
    if (from.market.empty() ? !nobody_trades : !market_.restore(from.market, registry_))
        return Error{ErrorCode::corrupt, "a market that cannot be", "", ""};
    payload_.clear();
    waiting_ = 0;
    BatchHeader before = after;
    std::optional<Error> error;
    // Decoded some way ahead, so that the memory of the next ones is on its way while one is folded.
    constexpr std::size_t kBlock = 128;
    std::vector<registry::Event> block(kBlock);
    const auto refuse = [&](const BatchHeader& h, ErrorCode code, const std::string& what) {
        error = Error{code,
                      what,
                      fmt::format("batch of events {} to {}", h.first_seq, h.last_seq),
                      code == ErrorCode::version_mismatch ? "Use a newer abate"
                                                          : "See `abate registry audit`"};
        return false;
    };
    journal.read(before.last_seq + 1, [&](const Batch& batch) {
        const BatchHeader& h = batch.header;
        if (h.codec_version > kCodecVersion)
            return refuse(h,
                          ErrorCode::version_mismatch,
                          fmt::format("written as version {}", h.codec_version));
        if (const std::optional<Broken> broken = broken_link(batch, key_, before))
            return refuse(
                h,
                broken->field == "scheme_id" || broken->field == "tenant_id" ? ErrorCode::conflict
                                                                             : ErrorCode::corrupt,
                fmt::format("{} is {}, not {}", broken->field, broken->found, broken->expected));
        registry::EventReader reader(batch.payload);
        std::uint32_t events = 0;
        while (true) {
            if (!reader.left().empty() && scheme::is_scheme_event(reader.left().front())) {
                const std::string_view bytes = reader.left();
                const Result<scheme::ReadEvent> read = scheme::read_event(bytes);
                if (!read) return refuse(h, read.error().code, read.error().what);
                if (!scheme_.fold(read->event))
                    return refuse(h,
                                  ErrorCode::corrupt,
                                  fmt::format("event {} cannot follow from the ones before",
                                              h.first_seq + events));
                scheme_events_ += bytes.substr(0, read->size);
                market_is_behind_ = true;
                reader.skip(read->size);
                ++events;
                continue;
            }
            if (!reader.left().empty() && exchange::is_market_event(reader.left().front())) {
                const Result<exchange::ReadMarketEvent> read =
                    exchange::read_market_event(reader.left());
                if (!read) return refuse(h, read.error().code, read.error().what);
                sync_market();
                if (!market_.fold(read->event, registry_))
                    return refuse(h,
                                  ErrorCode::corrupt,
                                  fmt::format("event {} cannot follow from the ones before",
                                              h.first_seq + events));
                reader.skip(read->size);
                ++events;
                continue;
            }
            const Result<std::size_t> read = reader.next_block(block);
            if (!read) return refuse(h, read.error().code, read.error().what);
            if (*read == 0) break;
            const std::size_t folded = registry_.fold_block(std::span(block).first(*read));
            events += static_cast<std::uint32_t>(folded);
            if (folded < *read)
                return refuse(h,
                              ErrorCode::corrupt,
                              fmt::format("event {} cannot follow from the ones before",
                                          h.first_seq + events));
        }
        if (events != h.count)
            return refuse(h, ErrorCode::corrupt, fmt::format("{} events, not {}", events, h.count));
        before = h;
        return true;
    });
    if (error) return *error;
    sync_market();
    last_seq_ = before.last_seq;
    head_ = before.digest;
    epoch_ = before.epoch;
    return {};
}

Timestamp Engine::last_time() const {
    return std::max({registry_.last_time(), scheme_.state().last, market_.last_time()});
}

Timestamp Engine::next_time(Timestamp clock) const {
    const std::int64_t last = last_time().us;
    return {last == INT64_MIN ? clock.us : std::max(last + 1, clock.us)};
}

void Engine::advance_time(Timestamp clock) {
    // Soonest first. The scheme's comes before the books' of the same moment, and those before the market's: it may still need what they
    // would let go.
    constexpr std::int64_t kNever = INT64_MAX;
    while (true) {
        // Where it was ever asked for anything: whether a call may end depends on the scheme.
        if (market_.last_time().us != INT64_MIN) sync_market();
        const Timestamp now = next_time(clock);
        const std::optional<Timestamp> in_books = registry_.next_due();
        const std::optional<scheme::Due> in_scheme = scheme_.next_due();
        const std::optional<Timestamp> in_market = market_.next_due();
        const std::int64_t books = in_books ? in_books->us : kNever;
        const std::int64_t rules = in_scheme ? in_scheme->at_us : kNever;
        const std::int64_t orders = in_market ? in_market->us : kNever;
        if (std::min({books, rules, orders}) > now.us) return;
        if (rules <= std::min(books, orders)) {
            free_for(*in_scheme, clock);
            do_due(*in_scheme, clock);
            settle_market(clock);
        } else if (books <= orders) {
            // All of the books' up to the next of another.
            Sink sink(*this);
            const Timestamp until{std::min({now.us, rules - 1, orders})};
            registry_.advance_time(std::max(until, next_time({INT64_MIN})), sink);
        } else {
            advance_market({std::min({now.us, rules - 1, books - 1})});
        }
    }
}

void Engine::apply(std::span<const registry::Command> commands,
                   Timestamp clock,
                   std::span<registry::Outcome> outcomes) {
    advance_time(clock);
    Sink sink(*this);
    registry_.apply_batch(commands, next_time(clock), outcomes, sink);
}

namespace {

// Events that stand behind one of the scheme's.
class PostedEvents final : public registry::EventSink {
  public:
    PostedEvents(std::string& out, std::uint32_t& count) : out_(&out), count_(&count) {}
    void on(const registry::Event& event) override {
        registry::append_event(*out_, event);
        ++*count_;
    }

  private:
    std::string* out_;
    std::uint32_t* count_;
};

}  // namespace

Engine::Posted Engine::post(std::span<const registry::Command> chain, Timestamp now) {
    Posted out;
    if (chain.empty()) return out;
    std::vector<registry::Outcome> outcomes(chain.size());
    PostedEvents sink(out.events, out.count);
    registry_.apply_chain(chain, now, outcomes, sink);
    for (const registry::Outcome& outcome : outcomes)
        if (outcome.reason != registry::Reason::ok &&
            outcome.reason != registry::Reason::linked_event_failed)
            out.reason = outcome.reason;
    return out;
}

void Engine::keep(const scheme::Event& event, const Posted& posted) {
    const std::size_t before = payload_.size();
    scheme::append_event(payload_, event);
    scheme_events_.append(payload_, before);
    payload_ += posted.events;
    waiting_ += 1 + posted.count;
    const bool folded = scheme_.fold(event);
    ABATE_ASSERT(folded);
    market_is_behind_ = true;
}

void Engine::do_due(const scheme::Due& due, Timestamp clock) {
    const Timestamp now = next_time(clock);
    const scheme::DueDecision decision = scheme_.decide_due(due, now, registry_, reference_of(due));
    scheme::Event event{.kind = scheme::EventKind::due,
                        .at = now,
                        .number = decision.number,
                        .envelope = {},
                        .due = due,
                        .clearing = decision.clearing};
    Posted posted = post(decision.postings, {now.us + 1});
    if (posted.reason != registry::Reason::ok) {
        event.reason = scheme::from_registry(posted.reason);
        const Posted instead = post(decision.otherwise, next_time({now.us + 1}));
        posted.events += instead.events;
        posted.count += instead.count;
    }
    event.postings = posted.count;
    keep(event, posted);
}

Answer Engine::apply(const scheme::Envelope& envelope, Timestamp clock) {
    // What nobody signed who may ask must not even move time.
    const scheme::FindTrade find_trade = finder_of(market_.far_trades());
    const scheme::Scheme::Plan first =
        scheme_.decide(envelope, next_time(clock), registry_, &find_trade);
    if (!first.journaled) return {.reason = first.reason};
    advance_time(clock);
    const Timestamp now = next_time(clock);
    const scheme::Scheme::Plan plan = scheme_.decide(envelope, now, registry_, &find_trade);
    Answer answer{.reason = plan.reason, .proposed = plan.proposed};
    if (!plan.journaled) return answer;
    Posted posted;
    if (plan.reason == scheme::Reason::ok) {
        posted = post(plan.postings, {now.us + 1});
        if (posted.reason != registry::Reason::ok)
            answer.reason = scheme::from_registry(posted.reason);
    }
    keep({.kind = scheme::EventKind::command,
          .at = now,
          .reason = answer.reason,
          .postings = posted.count,
          .number = plan.number,
          .envelope = envelope,
          .due = {},
          .clearing = {}},
         posted);
    settle_market(clock);
    return answer;
}

Batch next_batch(const BatchHeader& before, NextBatch next) {
    Batch batch;
    batch.header = {.tenant_id = before.tenant_id,
                    .scheme_id = before.scheme_id,
                    .first_seq = before.last_seq + 1,
                    .last_seq = before.last_seq + next.events,
                    .count = next.events,
                    .epoch = before.epoch,
                    .at = next.at,
                    .codec_version = kCodecVersion,
                    .prev_digest = before.digest,
                    .digest = {}};
    batch.payload = std::move(next.payload);
    batch.header.digest = seal(batch);
    return batch;
}

std::optional<Batch> Engine::seal() {
    if (waiting_ == 0) return std::nullopt;
    const std::size_t room = payload_.size();
    Batch batch = next_batch({.tenant_id = key_.tenant_id,
                              .scheme_id = key_.scheme_id,
                              .last_seq = last_seq_,
                              .epoch = epoch_,
                              .digest = head_},
                             {.payload = std::move(payload_),
                              .events = static_cast<std::uint32_t>(waiting_),
                              .at = last_time()});
    payload_.clear();
    payload_.reserve(room);
    last_seq_ = batch.header.last_seq;
    head_ = batch.header.digest;
    waiting_ = 0;
    return batch;
}

AuditReport audit(Journal& journal, SchemeKey key) {
    AuditReport report;
    registry::Auditor auditor;
    scheme::SchemeAuditor rules({.tenant_id = key.tenant_id, .scheme_id = key.scheme_id});
    exchange::MarketAuditor market(auditor);
    market.set_fees(scheme::kFees);
    rules.set_books(&auditor);
    rules.set_reference([&](std::int32_t vintage, Timestamp at) {
        return market.reference_micro(static_cast<std::uint32_t>(vintage), at);
    });
    rules.set_find_trade(finder_of(market.far_trades()));
    bool market_is_behind = true;  // people, accounts or rules have changed
    const auto follow_scheme = [&] {
        if (!market_is_behind) return;
        market.set_rules(market_rules(rules.rules()));
        market.set_trading(rules.rules().market.trading && !rules.halted());
        for (const auto& [year, of_year] : rules.years())
            market.set_book(static_cast<std::uint32_t>(year), book_terms(*of_year));
        for (const auto& [year, of_year] : rules.years()) {
            const auto stop = rules.stop_of(static_cast<std::int32_t>(year));
            market.set_halt(static_cast<std::uint32_t>(year),
                            {.until_us = stop.until_us, .resumed_us = stop.resumed_us});
        }
        for (const scheme::TradeName& trade : rules.annulled())
            market.annul(static_cast<std::uint32_t>(trade.vintage), trade.trade);
        market.set_traders(traders_of(rules, auditor));
        market_is_behind = false;
    };
    BatchHeader before;
    journal.read(1, [&](const Batch& batch) {
        const BatchHeader& h = batch.header;
        const auto found =
            // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Fault
            [&](std::uint64_t seq, std::string field, std::string expected, std::string is) {
                report.fault = AuditReport::Fault{.first_seq = h.first_seq,
                                                  .seq = seq,
                                                  .field = std::move(field),
                                                  .expected = std::move(expected),
                                                  .found = std::move(is)};
                return false;
            };
        ++report.batches;
        if (std::optional<Broken> broken = broken_link(batch, key, before))
            return found(0, broken->field, broken->expected, broken->found);
        registry::EventReader reader(batch.payload);
        std::uint64_t seq = h.first_seq;
        for (;; ++seq) {
            if (!reader.left().empty() && scheme::is_scheme_event(reader.left().front())) {
                const Result<scheme::ReadEvent> read = scheme::read_event(reader.left());
                if (!read) return found(seq, "payload", "an event", read.error().what);
                // An auction's close asks the market for its price.
                if (read->event.kind == scheme::EventKind::due) follow_scheme();
                if (const auto finding = rules.check(read->event))
                    return found(seq, finding->field, finding->expected, finding->found);
                market_is_behind = true;
                if (read->event.at > h.at)
                    return found(seq,
                                 "at",
                                 fmt::format("{}", h.at.us),
                                 fmt::format("{}", read->event.at.us));
                reader.skip(read->size);
                ++report.events;
                continue;
            }
            if (!reader.left().empty() && exchange::is_market_event(reader.left().front())) {
                const Result<exchange::ReadMarketEvent> read =
                    exchange::read_market_event(reader.left());
                if (!read) return found(seq, "payload", "an event", read.error().what);
                follow_scheme();
                if (const auto finding = market.check(read->event))
                    return found(seq, finding->field, finding->expected, finding->found);
                if (read->event.operation.at_us > h.at.us)
                    return found(seq,
                                 "at",
                                 fmt::format("{}", h.at.us),
                                 fmt::format("{}", read->event.operation.at_us));
                reader.skip(read->size);
                ++report.events;
                continue;
            }
            const Result<std::optional<registry::Event>> event = reader.next();
            if (!event) return found(seq, "payload", "an event", event.error().what);
            if (!*event) break;
            if (const auto finding = rules.check_posting(**event))
                return found(seq, finding->field, finding->expected, finding->found);
            if (const auto finding = auditor.check(**event))
                return found(seq, finding->field, finding->expected, finding->found);
            ++report.events;
            if ((*event)->at > h.at)
                return found(
                    seq, "at", fmt::format("{}", h.at.us), fmt::format("{}", (*event)->at.us));
        }
        if (rules.owed() != 0)
            return found(
                0, "postings", fmt::format("{} more", rules.owed()), "the end of the batch");
        if (seq != h.last_seq + 1)
            return found(
                0, "count", fmt::format("{}", h.count), fmt::format("{}", seq - h.first_seq));
        before = h;
        report.head = h.digest;
        return true;
    });
    if (!report.fault)
        if (const auto finding = auditor.balance())
            report.fault = AuditReport::Fault{.first_seq = before.first_seq,
                                              .seq = before.last_seq,
                                              .field = finding->field,
                                              .expected = finding->expected,
                                              .found = finding->found};
    // What was read is sound; now whether it was all.
    if (!report.fault) journal.check();
    return report;
}

}  // namespace abate::engine
