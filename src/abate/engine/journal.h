// The journal of one scheme: what happened, in batches, each sealed to the one before. An interface; `store` keeps it in memory, in
// SQLite and in PostgreSQL.
//
//     std::optional<BatchHeader> head = journal.head();
//     Append answer = journal.append(batch);          // durable when it says committed
//     journal.read(1, [&](const Batch& batch) { ...; return true; });
//
// A batch is one group commit. Its digest is BLAKE2b-256 over the header (without the digest) and the payload, and the header has the
// digest of the batch before: who changes a byte changes every head from there on. Keep a head digest somewhere else, and a journal that
// was rewritten or restored from an old backup is known.
#pragma once

#include "abate/core/clock.h"
#include "abate/engine/digest.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace abate::engine {

inline constexpr std::uint16_t kCodecVersion = 1;

struct BatchHeader {
    std::uint64_t tenant_id = 0;
    std::uint64_t scheme_id = 0;
    std::uint64_t first_seq = 0;  // of its events, from 1 on
    std::uint64_t last_seq = 0;
    std::uint32_t count = 0;
    std::uint64_t epoch = 0;  // of the writer's lease
    Timestamp at = {};        // of its last event
    std::uint16_t codec_version = kCodecVersion;
    Digest prev_digest = {};  // of the batch before; zero in the first
    Digest digest = {};

    bool operator==(const BatchHeader&) const = default;
};

struct Batch {
    BatchHeader header;
    std::string payload;  // events, one after another (registry::EventReader)

    bool operator==(const Batch&) const = default;
};

// The books after a batch, so that starting again need not read all before it. Whoever reads one believes the journal and not it.
struct Snapshot {
    std::uint64_t last_seq = 0;  // of the batch after which it was taken
    std::string bytes;           // engine/snapshot.h

    bool operator==(const Snapshot&) const = default;
};

// What the digest should be.
[[nodiscard]] Digest seal(const Batch& batch);

// The batch that follows one: `before` says whose journal it is, the epoch of whoever writes now, and where the journal ends.
struct NextBatch {
    std::string payload = {};
    std::uint32_t events = 0;
    Timestamp at = {};  // of its last event
};
[[nodiscard]] Batch next_batch(const BatchHeader& before, NextBatch next);

enum class Append {
    committed,
    fenced,  // the lease or the last batch has a later epoch: stop at once
    taken,   // a batch with this first_seq is there
};

// Of one tenant and scheme. Not thread-safe. Every call may throw Fault: the world broke, and of an append nobody knows then whether it
// happened; look the batch up by (epoch, first_seq) with a new connection.
class Journal {
  public:
    virtual ~Journal() = default;
    [[nodiscard]] virtual std::optional<BatchHeader> head() = 0;
    // Durable when it returns committed. The journal does not check the digest: the engine made it, and audit checks it.
    [[nodiscard]] virtual Append append(const Batch& batch) = 0;
    // Batches in order, from the one that holds `from_seq`; stops early where `visit` says false. Throws Fault, corrupt, where one between
    // is missing or has numbers that none can have.
    virtual void read(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) = 0;
    // Looks at all that is kept without the order in which read() gives it: throws Fault, corrupt, where batches are there that read()
    // would not give, or where what keeps them is damaged. Takes as long as reading all. A journal may have nothing to look at.
    virtual void check() {}
    // Takes the lease: a new epoch, above every one that was given and above the last batch's. From then on batches of earlier epochs are fenced.
    [[nodiscard]] virtual std::uint64_t take_lease(const std::string& holder) = 0;
    // The same for who had it with `epoch` and comes back on a new connection: nothing where another holder took it since. Whatever the old
    // connection still sends is fenced from then on.
    [[nodiscard]] virtual std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                                                   std::uint64_t /*epoch*/) {
        return take_lease(holder);
    }

    // Keeps one beside the batches, in place of one of the same last_seq; of all it keeps at least the newest two. A journal may keep none.
    virtual void keep_snapshot(const Snapshot& /*snapshot*/) {}
    // The newest whose last_seq is `most` or less. It may be damaged.
    [[nodiscard]] virtual std::optional<Snapshot> newest_snapshot(std::uint64_t /*most*/) {
        return std::nullopt;
    }
};

}  // namespace abate::engine
