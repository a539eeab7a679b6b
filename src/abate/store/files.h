// The run store of network disks: one file a run, `<folder>/<run_id>.json`, published whole by a
// rename or link that the server decides. Nothing is locked, nothing is ever rewritten, so any
// number of hosts may write and read at a time.
#pragma once

#include "abate/core/result.h"
#include "abate/store/run_store.h"

#include <memory>
#include <string>

namespace abate::store {

// Creates `folder` (mode 0700) if need be. Errors: permission_denied, io_error.
Result<std::unique_ptr<RunStore>> open_file_run_store(const std::string& folder);

}  // namespace abate::store
