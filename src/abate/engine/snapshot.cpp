#include "abate/engine/snapshot.h"

#include "abate/core/assert.h"
#include "abate/core/fault.h"
#include "abate/core/number_bytes.h"
#include "abate/engine/engine.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace abate::engine {
namespace {

constexpr std::string_view kEngineMark = "abES";

std::string_view view_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

struct Opened {
    std::uint64_t epoch = 0;
    Digest head;
    std::string_view others;
    std::string_view books;
    std::string_view market;
};

// What stands in a snapshot, or why nobody can say.
Result<Opened> open_snapshot(const Snapshot& snapshot, const SchemeKey& key) {
    const auto bad = [](const char* what) { return Error{ErrorCode::corrupt, what, "", ""}; };
    const std::string_view all = snapshot.bytes;
    Opened out;
    if (all.size() < kEngineMark.size() + out.head.bytes.size()) return bad("it is cut short");
    const std::string_view body = all.substr(0, all.size() - out.head.bytes.size());
    if (view_of(digest_of(body)) != all.substr(body.size())) return bad("its digest is wrong");
    NumberReader in{body};
    if (in.piece(kEngineMark.size()) != kEngineMark) return bad("it is none");
    const auto version = in.number<std::uint16_t>();
    (void)in.number<std::uint16_t>();
    if (version != kEngineSnapshotVersion) return bad("its version is not known");
    SchemeKey its;
    its.tenant_id = in.number<std::uint64_t>();
    its.scheme_id = in.number<std::uint64_t>();
    const auto last_seq = in.number<std::uint64_t>();
    out.epoch = in.number<std::uint64_t>();
    const std::string_view head = in.piece(out.head.bytes.size());
    if (in.good) std::memcpy(out.head.bytes.data(), head.data(), head.size());
    out.others = in.piece(in.number<std::uint64_t>());
    out.books = in.piece(in.number<std::uint64_t>());
    out.market = in.piece(in.number<std::uint64_t>());
    if (!in.good || !in.bytes.empty()) return bad("its parts are not as long as it says");
    if (!(its == key)) return bad("it is of another scheme");
    if (last_seq != snapshot.last_seq) return bad("it is of another batch");
    return out;
}

// The batch that ends with this event; nothing where none does.
std::optional<BatchHeader> batch_ending_at(Journal& journal, std::uint64_t seq) {
    std::optional<BatchHeader> found;
    journal.read(seq, [&](const Batch& batch) {
        if (batch.header.last_seq == seq && seal(batch) == batch.header.digest)
            found = batch.header;
        return false;
    });
    return found;
}

std::optional<Error> missing_head(Journal& journal, const Head& expected) {
    if (expected.seq == 0) return std::nullopt;
    const std::optional<BatchHeader> last = journal.head();
    const std::uint64_t end = last ? last->last_seq : 0;
    if (end < expected.seq)
        return Error{ErrorCode::conflict,
                     fmt::format("the journal ends at event {}, before the kept head at event {}: "
                                 "an old backup was restored",
                                 end,
                                 expected.seq),
                     fmt::format("kept digest {}", to_string(expected.digest)),
                     "Restore a later backup, or say that the events between are given up"};
    const std::optional<BatchHeader> there = batch_ending_at(journal, expected.seq);
    if (there && there->digest == expected.digest) return std::nullopt;
    return Error{
        ErrorCode::conflict,
        fmt::format("the journal has {} at event {}, where the kept head is {}: it was rewritten",
                    there ? "digest " + to_string(there->digest) : std::string("no whole batch"),
                    expected.seq,
                    to_string(expected.digest)),
        fmt::format("event {}", expected.seq),
        "See `abate registry audit`, and ask who keeps the heads"};
}

}  // namespace

Snapshot take_snapshot(const Engine& engine) {
    ABATE_REQUIRE(engine.waiting() == 0);
    const std::string_view others = engine.scheme_events();
    std::string books;
    registry::append_snapshot(books, engine.registry());
    Snapshot out{.last_seq = engine.last_seq(), .bytes = {}};
    out.bytes.reserve(books.size() + others.size() + 160);
    out.bytes += kEngineMark;
    append_number(out.bytes, kEngineSnapshotVersion);
    append_number(out.bytes, std::uint16_t{0});
    append_number(out.bytes, engine.key().tenant_id);
    append_number(out.bytes, engine.key().scheme_id);
    append_number(out.bytes, engine.last_seq());
    append_number(out.bytes, engine.epoch());
    out.bytes += view_of(engine.head());
    append_number(out.bytes, std::uint64_t{others.size()});
    out.bytes += others;
    append_number(out.bytes, std::uint64_t{books.size()});
    out.bytes += books;
    std::string market;
    // Nobody has traded: there is nothing that the scheme does not say.
    if (engine.market().last_time().us != INT64_MIN) engine.market().append_snapshot(market);
    append_number(out.bytes, std::uint64_t{market.size()});
    out.bytes += market;
    const Digest digest = digest_of(out.bytes);
    out.bytes += view_of(digest);
    return out;
}

Result<Recovery> recover(Engine& engine, Journal& journal, const RecoverOptions& options) {
    if (std::optional<Error> missing = missing_head(journal, options.expect_head))
        return *std::move(missing);
    Recovery recovery;
    std::uint64_t most = 0;
    if (options.use_snapshots)
        if (const std::optional<BatchHeader> last = journal.head()) most = last->last_seq;
    while (most > 0) {
        std::uint64_t seq = most;
        const auto pass_over = [&](const std::string& why) {
            recovery.notes.push_back(
                fmt::format("the snapshot at event {} is passed over: {}", seq, why));
            most = seq - 1;
        };
        std::optional<Snapshot> snapshot;
        try {
            snapshot = journal.newest_snapshot(most);
        } catch (const Fault& fault) {
            // The journal beside it may be whole.
            if (fault.error().code != ErrorCode::corrupt) throw;
            recovery.notes.push_back("snapshots cannot be read: " + fault.error().what);
        }
        if (!snapshot || snapshot->last_seq == 0 || snapshot->last_seq > most) break;
        seq = snapshot->last_seq;
        const Result<Opened> opened = open_snapshot(*snapshot, engine.key());
        if (!opened) {
            pass_over(opened.error().what);
            continue;
        }
        const std::optional<BatchHeader> there = batch_ending_at(journal, seq);
        if (!there || there->digest != opened->head) {
            pass_over("the journal has no such batch");
            continue;
        }
        Result<registry::Registry> books =
            registry::read_snapshot(opened->books, engine.hash_seed());
        if (!books) {
            pass_over(books.error().what);
            continue;
        }
        if (const Result<void> done = engine.go_on({.books = *std::move(books),
                                                    .scheme_events = opened->others,
                                                    .market = opened->market},
                                                   *there,
                                                   journal);
            !done) {
            // Perhaps it is the journal; then the whole of it says so.
            pass_over(done.error().what);
            continue;
        }
        recovery.from_seq = seq;
        return recovery;
    }
    if (const Result<void> done =
            engine.go_on({.books = registry::Registry(engine.hash_seed())}, {}, journal);
        !done)
        return done.error();
    return recovery;
}

}  // namespace abate::engine
