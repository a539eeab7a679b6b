// Run records between the store (JSON text) and the commands (structs).
#pragma once

#include "abate/cli/context.h"
#include "abate/cli/output_file.h"
#include "abate/record/record.h"
#include "abate/store/store.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace abate::cli {

// The row that the store keeps of a record.
[[nodiscard]] store::StoredRun to_stored(const RunRecord& record);
// The record of a stored row. Throws Failure when its JSON is damaged or of a newer schema.
[[nodiscard]] RunRecord to_record(const store::StoredRun& stored);

// Runs that match; newest first. Throws Failure.
[[nodiscard]] std::vector<RunRecord> find_runs(Context& context, const store::RunFilter& filter);
// One run by id, part of one, or "last". Throws Failure.
[[nodiscard]] RunRecord find_run(Context& context, const std::string& id);

// Finishes a record that a spool's header and last totals describe: fills it, and assesses its
// footprint. A place or PUE that the tables do not know any more becomes a note, not an error.
void complete_record(Context& context,
                     const data::Tables& tables,
                     RunRecord& record,
                     const RunState& state);

// A file that people or abate wrote, at most `most_bytes`; absent: there is none. Never waits for a pipe and never reads a device
// to its end. Throws Failure when it is no regular file, is larger, or may not be read.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path,
                                                         std::size_t most_bytes = kMostTextBytes);

// Writes `text` to `path` by a temporary file and a rename, so that nothing half-written is ever
// seen; the file keeps its mode, or is its owner's alone. What is no regular file (a pipe, /dev/null) is written to as it is; a pipe that nobody has
// opened to read within five seconds is refused. Throws Failure.
void write_file(const std::string& path,
                const std::string& text,
                Readers readers = Readers::others);

}  // namespace abate::cli
