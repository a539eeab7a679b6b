// Starting an engine again: from the newest snapshot that holds, and the journal behind it.
//
//     Engine engine(key);
//     Result<Recovery> recovery = recover(engine, journal, {.expect_head = kept_elsewhere});
//     for (const std::string& note : recovery->notes) ...       // a damaged snapshot was passed over
//     ...
//     journal.keep_snapshot(take_snapshot(engine));              // every million events, say
//
// The bytes: "abES", u16 version, u16 0, u64 tenant, scheme, last_seq, u64 epoch, the head's digest, u64 size of the scheme's
// events and the bytes of them, u64 size of the books and the bytes of them (registry/snapshot.h), u64 size of the
// market and the bytes of it (exchange/market_snapshot.cpp), BLAKE2b-256 of all before. Little endian.
//
// A snapshot is never believed over the journal: the journal must have, at its last_seq, the batch with its digest, and all behind must
// follow from it; else it is passed over, for an older one or for the whole journal. Who can write the database can still forge one that
// fits; the audit reads the journal alone.
#pragma once

#include "abate/core/result.h"
#include "abate/engine/journal.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::engine {

class Engine;

inline constexpr std::uint16_t kEngineSnapshotVersion = 2;

// Of books and scheme after the last batch. REQUIRES: nothing waits.
[[nodiscard]] Snapshot take_snapshot(const Engine& engine);

// A batch that is known from somewhere else: the last event of it, and its digest.
struct Head {
    std::uint64_t seq = 0;
    Digest digest;
    bool operator==(const Head&) const = default;
};

struct RecoverOptions {
    // The journal must have it. seq 0: any journal will do.
    Head expect_head = {};
    bool use_snapshots = true;
};

struct Recovery {
    std::uint64_t from_seq = 0;  // of the snapshot; 0: the whole journal was folded
    std::vector<std::string> notes = {};
};

// Brings a fresh engine to where the journal ends. Errors: as Engine::recover, and conflict where the journal does not have the expected
// head: it ends before it (an old backup was restored), or another batch is there (it was rewritten). REQUIRES: nothing was applied.
[[nodiscard]] Result<Recovery> recover(Engine& engine,
                                       Journal& journal,
                                       const RecoverOptions& options = {});

}  // namespace abate::engine
