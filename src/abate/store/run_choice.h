// Which runs are meant: the rules of RunFilter and of `find`, for the stores that have no query
// language, and the words of their refusals for all.
#pragma once

#include "abate/store/run_store.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::store {

inline constexpr std::size_t kMinIdPart = 4;        // characters of a prefix or suffix
inline constexpr std::size_t kCandidatesShown = 3;  // of an ambiguous one

// What every store refuses: a run_id unfit for a file name, a number that is not finite.
Result<void> check_stored_run(const StoredRun& run);

// The same run_id is there with `stored` bytes: fine if they are the run's own.
Result<void> check_same_run(const StoredRun& run, const std::string& stored_json);

// All conditions of the filter but `limit`. Labels are looked up in $.labels of record_json; a
// record that is no JSON has none.
[[nodiscard]] bool matches(const RunFilter& filter, const StoredRun& run);

// Newest first: by started_at, then run_id, downwards.
[[nodiscard]] bool is_newer(const StoredRun& a, const StoredRun& b);

// Whether `part` is a prefix or suffix of `run_id`, ASCII case aside.
[[nodiscard]] bool is_part_of(std::string_view part, std::string_view run_id);

// The one id meant by `wanted` among `candidates`: run_ids that equal it or have it as prefix or
// suffix, in the order in which they would be named. Errors: not_found, conflict.
Result<std::string> choose_run_id(const std::string& wanted,
                                  const std::vector<std::string>& candidates);

// `find("last")` in an empty store.
Error no_run_yet();

}  // namespace abate::store
