// `abate runs`: lists what was metered; and `abate` alone.
#include "abate/cli/records.h"
#include "abate/cli/selection.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <memory>

namespace abate::cli {

namespace {

// The newest run of all.
store::RunFilter newest() {
    return {.project = "",
            .phase = "",
            .status = "",
            .labels = {},
            .since = {},
            .until = {},
            .limit = 1};
}

}  // namespace

void add_runs(CLI::App& app, Context& context) {
    auto selection = std::make_shared<Selection>();
    selection->limit = 20;
    CLI::App* runs = app.add_subcommand("runs", "List runs, newest first");
    add_selection(*runs, *selection, false);
    runs->get_option("--limit")->description("At most this many, newest first (default 20, 0 all)");
    runs->add_flag("--json", context.json, "Print {\"runs\": [...]}");
    runs->footer("Example:\n  abate runs --project llm --phase training --since 30d");
    runs->callback([selection, &context] {
        const std::vector<RunRecord> records = select_runs(context, *selection);
        if (context.json) {
            std::printf("%s\n", report::runs_json(records).c_str());
        } else if (records.empty()) {
            const bool any = !find_runs(context, newest()).empty();
            std::fputs(any ? "No run matches.\n" : "No runs yet. Meter one: abate run -- COMMAND\n",
                       stdout);
        } else {
            std::fputs(
                report::runs_table(records, context.color && isatty(STDOUT_FILENO) == 1).c_str(),
                stdout);
        }
    });
}

void print_overview(Context& context) {
    const std::vector<RunRecord> last = find_runs(context, newest());
    if (last.empty()) {
        std::printf(
            "abate %s: energy and carbon of AI work. Nothing is metered yet.\n\n"
            "  abate run -- COMMAND    meter a command\n"
            "  abate doctor            what this machine can measure, and how to measure better\n"
            "  abate demo              train and serve a small model, metered\n",
            version());
        return;
    }
    std::fputs(report::run_summary(last.front(),
                                   {.color = context.color && isatty(STDOUT_FILENO) == 1,
                                    .columns = terminal_columns(STDOUT_FILENO)})
                   .c_str(),
               stdout);
    std::printf(
        "\n"
        "  abate show last --explain    each figure of this run with its formula and sources\n"
        "  abate runs                   all runs\n"
        "  abate run -- COMMAND         meter another\n");
}

}  // namespace abate::cli
