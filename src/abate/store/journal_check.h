// Whether a journal in SQLite is whole, by its table and not by its index: one wrong bit in the index hides batches, and who does not see
// them writes others in their place. Inside `store` only.
//
//     if (Result<void> sound = check_end(db, {.key = key, .head = head}); !sound) return sound.error();
//
// Errors: corrupt, with what is wrong; those of Db.
#pragma once

#include "abate/core/result.h"
#include "abate/engine/engine.h"
#include "abate/store/sqlite_db.h"

#include <optional>

namespace abate::store {

// As the index gave it.
struct IndexedEnd {
    engine::SchemeKey key;
    std::optional<engine::BatchHeader> head;
};

// At each opening: that the last row of the table is the last batch by the index, and the one before it ends where it begins. Where that is
// not so (another scheme wrote last) it looks at all rows, as check_rows. REQUIRES: a transaction is open, and `end` was read in it.
[[nodiscard]] Result<void> check_end(Db& db, const IndexedEnd& end);

// All rows of the table, without their payloads: each has a key and numbers that a batch can have, each scheme has every event from 1 on
// once, and the index leads to as many rows of it. REQUIRES: a transaction is open.
[[nodiscard]] Result<void> check_rows(Db& db);

// The same, and that SQLite finds the file whole: every page, every index against its table. Reads all of it, payloads too.
[[nodiscard]] Result<void> check_file(Db& db);

// That the tables are those of this version.
[[nodiscard]] Result<void> check_tables(Db& db, std::int64_t version);

}  // namespace abate::store
