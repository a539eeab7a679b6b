// Finds an option that was given without a value, before anything runs:
//
//     abate run --region "$REGION" -- ...     # REGION is unset: the shell writes --region ""
//     abate run --region="$REGION" -- ...     # --region=, which CLI11 would fill with the next word
//
// Whoever wrote the option meant something by it; taking it as not given would give another region,
// another PUE, another phase without a word. A variable of the environment is different: there
// empty is how people say "unset".
#pragma once

#include "abate/core/result.h"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace abate::cli {

// The first empty value or argument in `words`, as an error; words of a command to be metered
// (`abate run grep ""`) are not looked at. `app`: the whole `abate`, not yet parsed.
[[nodiscard]] std::optional<Error> empty_value(const CLI::App& app,
                                               const std::vector<std::string>& words);

}  // namespace abate::cli
