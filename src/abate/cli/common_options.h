// Options that several commands have, defined once: the same names, the same words of help.
#pragma once

#include "abate/cli/context.h"
#include "abate/cli/hourly.h"

#include <string>
#include <vector>

namespace abate::cli {

// What a person says of a run, whether abate meters it or not. All as typed; empty: not given.
struct DeclaredOptions {
    std::string phase;
    std::string project;
    std::vector<std::string> labels;
    std::string region;
    std::string pue;
    HourlyOptions hourly;
    std::string market_intensity;
    std::string lifetime;
    std::string utilisation;
    std::string flop;
    std::string tokens;
    std::string params_active;
    std::string requests;
    std::string output;
};

// `options` must live as long as the command.
void add_declared_options(CLI::App& command, DeclaredOptions& options);

// --set TABLE/KEY/COLUMN=VALUE, into context.set.
void add_set_option(CLI::App& command, Context& context);

}  // namespace abate::cli
