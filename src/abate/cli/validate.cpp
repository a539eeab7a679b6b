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
    auto all = std::make_shared<bool>(false);
    CLI::App* validate = app.add_subcommand(
        "validate", "Recompute published footprints and show how far off abate is");
    validate->add_option(
        "--group", *group, "One of accounting, power, chip-hours, inference, embodied");
    validate->add_flag("--all", *all, "Print every case, not the ten worst of each group");
    add_set_option(*validate, context);
    validate->add_flag("--json", context.json, "Print every case as JSON");
    validate->footer("Example:\n  abate validate --group chip-hours --all");
    validate->callback([group, all, &context] {
        const std::vector<footprint::ValidationGroup> groups =
            value_or_fail(footprint::validate(context.tables(), *group));
        if (context.json) {
            std::printf("%s\n", report::validation_json(groups).c_str());
        } else {
            const report::ValidationOptions options{
                .all = *all, .color = context.color && isatty(STDOUT_FILENO) == 1};
            std::fputs(report::validation_text(groups, options).c_str(), stdout);
        }
    });
}

}  // namespace abate::cli
