// `abate show`: one run in full.
#include "abate/cli/records.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <memory>

namespace abate::cli {

void add_show(CLI::App& app, Context& context) {
    struct Options {
        std::string id = "last";
        bool explain = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* show = app.add_subcommand("show", "Show one run in full");
    show->add_option("RUN", options->id, "Run id, part of it, or last (default)");
    show->add_flag("--explain", options->explain, "Each formula with its numbers and sources");
    show->add_flag("--json", context.json, "Print the run record");
    show->footer("Example:\n  abate show last --explain");
    show->callback([options, &context] {
        const RunRecord record = find_run(context, options->id);
        if (context.json) {
            std::printf("%s\n", report::run_record_json(record).c_str());
        } else {
            std::fputs(report::show_text(
                           record, options->explain, context.color && isatty(STDOUT_FILENO) == 1)
                           .c_str(),
                       stdout);
        }
    });
}

}  // namespace abate::cli
