// Pictures of an account as SVG 1.1: the same bytes for the same account. Each has a title and a description for screen readers, text as text, and
// colours for light and dark; no script, no font or file from elsewhere.
//
//     write_file("lab.svg", sankey_svg(account, {}));
//
// Pure functions; safe to call from several threads.
#pragma once

#include "abate/footprint/footprint.h"

#include <string>

namespace abate::report {

struct SvgOptions {
    std::string id = "abate";  // begins every id, so that several pictures fit in one page
};

// Phase -> device -> operational or embodied, kg CO2e, location-based.
[[nodiscard]] std::string sankey_svg(const footprint::Account& account, const SvgOptions& options);
// One bar a phase, stacked by device, embodied parts hatched; whiskers show the range of the sum.
[[nodiscard]] std::string bars_svg(const footprint::Account& account, const SvgOptions& options);
// From the first bar by floating steps to the last.
[[nodiscard]] std::string waterfall_svg(const footprint::Waterfall& waterfall,
                                        const SvgOptions& options);
// The widest causes, at most 12.
[[nodiscard]] std::string tornado_svg(const footprint::Simulation& simulation,
                                      const SvgOptions& options);

}  // namespace abate::report
