#include "abate/cli/common_options.h"

#include <CLI/CLI.hpp>

namespace abate::cli {

void add_declared_options(CLI::App& command, DeclaredOptions& options) {
    command.add_option(
        "--phase", options.phase, "data, experimentation, training, finetuning or inference");
    command.add_option("--project", options.project, "Project that the run belongs to");
    command.add_option("--label", options.labels, "KEY=VALUE to find the run by; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    command.add_option("--region",
                       options.region,
                       "Country (FR), grid (US-CA) or cloud region (\"gcp europe-west9\")");
    command.add_option("--pue", options.pue, "Facility energy over IT energy, 1 or more");
    add_hourly_options(command, options.hourly, options.market_intensity);
    command.add_option("--lifetime",
                       options.lifetime,
                       "Years that the hardware serves, for its embodied carbon (default 4y)");
    command.add_option("--utilisation",
                       options.utilisation,
                       "Allocated over owned hours of the hardware (default 1: time is reserved)");
    command.add_option("--flop", options.flop, "Floating-point operations of the work (1.5e22)");
    command.add_option("--tokens", options.tokens, "Tokens trained on or served (2T, 300M)");
    command.add_option(
        "--params-active", options.params_active, "Parameters that meet each token (7B)");
    command.add_option("--requests", options.requests, "Requests served");
    command.add_option("--output", options.output, "Write the run record as JSON to this file");
}

void add_set_option(CLI::App& command, Context& context) {
    command.add_option("--set", context.set, "Override a table's figure: TABLE/KEY/COLUMN=VALUE")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
}

}  // namespace abate::cli
