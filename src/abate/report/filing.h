// Reports of a filing: the forms as tables for a terminal, all of it as Markdown, all of it as JSON.
//
//     filing_text(filing, FilingForm::ghg, false);       // scopes and categories, mapping, coverage, reconciliation
//     filing_markdown(filing);
//
// What has no figure says why, in the same words in each of them: "none", "not stated", "not available: supply a factor". JSON keys:
// docs/reference/inventory.md. The same filing gives the same bytes.
#pragma once

#include "abate/footprint/footprint.h"

#include <string>

namespace abate::report {

enum class FilingForm { ghg, esrs, sci };

[[nodiscard]] std::string filing_text(const footprint::Filing& filing, FilingForm form, bool color);
[[nodiscard]] std::string filing_markdown(const footprint::Filing& filing);
[[nodiscard]] std::string filing_json(const footprint::Filing& filing, int indent = 2);

}  // namespace abate::report
