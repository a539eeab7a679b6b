// `abate validate`: published footprints, recomputed.
#include "abate/cli/common_options.h"
#include "abate/cli/context.h"
#include "abate/footprint/footprint.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <memory>

namespace abate::cli {

void add_validate(CLI::App& app, Context& context) {
    auto group = std::make_shared<std::string>();
    CLI::App* validate = app.add_subcommand(
        "validate", "Recompute published footprints and show how far off abate is");
    validate->add_option(
        "--group", *group, "One of accounting, power, chip-hours, inference, embodied");
    add_set_option(*validate, context);
    validate->add_flag("--json", context.json, "Print every case as JSON");
    validate->footer("Example:\n  abate validate --group chip-hours");
    validate->callback([group, &context] {
        const std::vector<footprint::ValidationGroup> groups =
            value_or_fail(footprint::validate(context.tables(), *group));
        if (context.json) {
            std::printf("%s\n", report::validation_json(groups).c_str());
        } else {
            std::fputs(report::validation_text(groups, context.color && isatty(STDOUT_FILENO) == 1)
                           .c_str(),
                       stdout);
        }
    });
}

}  // namespace abate::cli
