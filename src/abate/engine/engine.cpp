#include "abate/engine/engine.h"

#include "abate/core/assert.h"

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
    : key_(key), hash_seed_(hash_seed), registry_(hash_seed) {}

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
    return go_on(registry::Registry(hash_seed_), {}, journal);
}

Result<void> Engine::go_on(registry::Registry books, const BatchHeader& after, Journal& journal) {
    registry_ = std::move(books);
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
    last_seq_ = before.last_seq;
    head_ = before.digest;
    epoch_ = before.epoch;
    return {};
}

Timestamp Engine::next_time(Timestamp clock) const {
    const std::int64_t last = registry_.last_time().us;
    return {std::max(last == INT64_MIN ? clock.us : last + 1, clock.us)};
}

void Engine::advance_time(Timestamp clock) {
    const Timestamp now = next_time(clock);
    const std::optional<Timestamp> due = registry_.next_due();
    if (!due || *due > now) return;
    Sink sink(*this);
    registry_.advance_time(now, sink);
}

void Engine::apply(std::span<const registry::Command> commands,
                   Timestamp clock,
                   std::span<registry::Outcome> outcomes) {
    advance_time(clock);
    Sink sink(*this);
    registry_.apply_batch(commands, next_time(clock), outcomes, sink);
}

std::optional<Batch> Engine::seal() {
    if (waiting_ == 0) return std::nullopt;
    Batch batch;
    batch.header = {.tenant_id = key_.tenant_id,
                    .scheme_id = key_.scheme_id,
                    .first_seq = last_seq_ + 1,
                    .last_seq = last_seq_ + waiting_,
                    .count = static_cast<std::uint32_t>(waiting_),
                    .epoch = epoch_,
                    .at = registry_.last_time(),
                    .codec_version = kCodecVersion,
                    .prev_digest = head_,
                    .digest = {}};
    const std::size_t room = payload_.size();
    batch.payload = std::move(payload_);
    batch.header.digest = engine::seal(batch);
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
            const Result<std::optional<registry::Event>> event = reader.next();
            if (!event) return found(seq, "payload", "an event", event.error().what);
            if (!*event) break;
            if (const auto finding = auditor.check(**event))
                return found(seq, finding->field, finding->expected, finding->found);
            ++report.events;
            if ((*event)->at > h.at)
                return found(
                    seq, "at", fmt::format("{}", h.at.us), fmt::format("{}", (*event)->at.us));
        }
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
    return report;
}

}  // namespace abate::engine
