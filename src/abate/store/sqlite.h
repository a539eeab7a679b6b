// The run store of local disks: `runs.db`, SQLite in WAL mode. Table and pragmas:
// docs/reference/files.md.
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/store/run_store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace abate::store {

inline constexpr std::int64_t kRunsSchemaVersion = 1;  // PRAGMA user_version
// PRAGMA application_id: "aBtR", chosen by us; not among those registered with SQLite's magic.txt.
inline constexpr std::int64_t kRunsApplicationId = 0x61427452;

// Opens or creates `path`. Errors and notes as open_run_store. `now` names what is moved aside.
Result<std::unique_ptr<RunStore>> open_sqlite_run_store(const std::string& path,
                                                        Timestamp now,
                                                        std::vector<std::string>& notes);

}  // namespace abate::store
