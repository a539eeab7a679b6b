// The books as bytes, so that starting again need not fold the whole journal.
//
//     std::string bytes;
//     append_snapshot(bytes, registry);
//     Result<Registry> same = read_snapshot(bytes);
//
// Little endian, no padding: "abRS", u16 version, u16 0, i64 last time (us), u64 numbers of participants, accounts, ids and resolved promises;
// then each participant (u64 id, group), account (u64 id, participant, u8 kind, status, obligated, 0, u32 promises in flight, u32 balances;
// each: u32 asset, i64 posted, reserved, incoming), resolved promise (u64 which id, u8 how), and the ids with what was done under them, as
// events (event_codec.h).
//
// There is no digest in it: who keeps it seals it with the journal's head (engine/snapshot.h). Reading believes no number all the same.
#pragma once

#include "abate/core/result.h"
#include "abate/registry/machine.h"

#include <string>
#include <string_view>

namespace abate::registry {

inline constexpr std::uint16_t kSnapshotVersion = 1;

// About 60 bytes an id and 60 an account.
void append_snapshot(std::string& out, const Registry& registry);

// Errors: corrupt (cut short, numbers that cannot be, books that broken_invariant() refuses), version_mismatch.
[[nodiscard]] Result<Registry> read_snapshot(std::string_view bytes,
                                             std::uint64_t hash_seed = 0x5eed);

}  // namespace abate::registry
