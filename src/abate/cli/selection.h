// The options by which `runs`, `export` and `cite` choose runs.
#pragma once

#include "abate/cli/context.h"
#include "abate/record/record.h"

#include <string>
#include <vector>

namespace abate::cli {

struct Selection {
    std::vector<std::string> ids;  // run ids, parts of them, or "last"; empty: by filter
    std::string project;
    std::string phase;
    std::string status;
    std::vector<std::string> labels;
    std::string since;  // RFC 3339, a date, or a duration before now
    std::string until;
    std::size_t limit = 0;
};

// Adds the options to `command`. `with_ids`: also the positional RUN....
void add_selection(CLI::App& command, Selection& selection, bool with_ids);

// The chosen runs, newest first. Throws Failure (bad filter, unknown id).
[[nodiscard]] std::vector<RunRecord> select_runs(Context& context, const Selection& selection);

}  // namespace abate::cli
