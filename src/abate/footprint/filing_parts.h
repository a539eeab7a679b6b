// What the files behind filing.h share. Inside `footprint` only.
#pragma once

#include "abate/footprint/filing.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace abate::footprint {

// "a, b, c"; of many the first ten and how many more there are, since a remark is to be read.
[[nodiscard]] inline std::string listed(const std::set<std::string>& names) {
    constexpr std::size_t kMost = 10;
    std::string out;
    std::size_t told = 0;
    for (const std::string& name : names) {
        if (told++ == kMost) return out + " and " + std::to_string(names.size() - kMost) + " more";
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

[[nodiscard]] inline Ranged resized(const Ranged& range, double by) {
    return {range.value * by, range.low * by, range.high * by, range.kind};
}

// SCI scores (ISO/IEC 21031, and its extension for AI). Software and consumer scores per options.per, provider scores per each of options.provider_per. None where neither is given. Errors:
// invalid_argument (a count that is not given and that the account's services do not state, a provider unit of another kind).
[[nodiscard]] Result<std::vector<SciScore>> sci_scores(const Account& account,
                                                       const FilingOptions& options);

}  // namespace abate::footprint
