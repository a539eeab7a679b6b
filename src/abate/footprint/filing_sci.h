// SCI scores of an account (ISO/IEC 21031, and its extension for AI). Inside `footprint` only; the door is filing.h.
#pragma once

#include "abate/footprint/filing.h"

#include <vector>

namespace abate::footprint {

// Software and consumer scores per options.per, provider scores per each of options.provider_per. None where neither is given. Errors:
// invalid_argument (a count that is not given and that the account's services do not state, a provider unit of another kind).
[[nodiscard]] Result<std::vector<SciScore>> sci_scores(const Account& account,
                                                       const FilingOptions& options);

}  // namespace abate::footprint
