#include "abate/cli/selection.h"

#include "abate/cli/records.h"

#include <CLI/CLI.hpp>

namespace abate::cli {
namespace {

Timestamp moment(const Context& context, const std::string& text, const char* option) {
    if (const Result<Timestamp> time = parse_rfc3339(text)) return *time;
    if (const Result<Timestamp> day = parse_rfc3339(text + "T00:00:00Z")) return *day;
    if (const Result<std::int64_t> ago = input::parse_duration_ns(text))
        return {context.clock.now().wall.us - *ago / 1000};
    throw Failure({ErrorCode::invalid_argument,
                   "'" + short_text(text) + "' is no time",
                   option,
                   "Use 2026-11-22, 2026-11-22T09:00:00Z, or a time before now such as 7d"});
}

}  // namespace

void add_selection(CLI::App& command, Selection& selection, bool with_ids) {
    if (with_ids)
        command.add_option("RUN",
                           selection.ids,
                           "Run ids, parts of them, or last: the run begun or recorded last");
    command.add_option("--project", selection.project, "Only runs of this project");
    command.add_option("--phase", selection.phase, "Only runs of this phase");
    command.add_option("--status", selection.status, "Only finished, failed or interrupted runs");
    command
        .add_option("--label", selection.labels, "Only runs with this KEY=VALUE; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    command.add_option(
        "--since", selection.since, "Only runs started since (2026-11-22, or 7d ago)");
    command.add_option("--until", selection.until, "Only runs started before");
    command.add_option("--limit", selection.limit, "At most this many, newest first");
}

std::vector<RunRecord> select_runs(Context& context, const Selection& selection) {
    if (!selection.ids.empty()) {
        std::vector<RunRecord> records;
        for (const std::string& id : selection.ids) records.push_back(find_run(context, id));
        return records;
    }
    if (!selection.status.empty() && !parse_run_status(selection.status)) {
        throw Failure({ErrorCode::invalid_argument,
                       "there is no status '" + short_text(selection.status) + "'",
                       "--status",
                       "Use finished, failed or interrupted"});
    }
    store::RunFilter filter;
    filter.project = selection.project;
    if (!selection.phase.empty())
        filter.phase = to_string(for_option(input::parse_phase_word(selection.phase), "--phase"));
    filter.status = selection.status;
    filter.limit = selection.limit;
    for (const std::string& label : selection.labels)
        filter.labels.push_back(for_option(input::parse_label(label), "--label"));
    if (!selection.since.empty()) filter.since = moment(context, selection.since, "--since");
    if (!selection.until.empty()) filter.until = moment(context, selection.until, "--until");
    return find_runs(context, filter);
}

}  // namespace abate::cli
