// One run as one file, for network disks: a line of JSON with the columns, then the run record as
// it is. Both are JSON, so `jq` reads the file as a stream of two documents.
//
//     {"abate_run_file":1,"attributed_j":12.5,…,"crc32c":"8a9136aa",…}
//     {"schema":1,"run_id":"01JD…",…}
#pragma once

#include "abate/core/result.h"
#include "abate/store/run_store.h"

#include <string>
#include <string_view>

namespace abate::store {

inline constexpr int kRunFileVersion = 1;

// REQUIRES: check_stored_run(run) succeeds.
[[nodiscard]] std::string write_run_file(const StoredRun& run);

// Errors: corrupt (not what write_run_file wrote), version_mismatch.
Result<StoredRun> read_run_file(std::string_view bytes);

}  // namespace abate::store
