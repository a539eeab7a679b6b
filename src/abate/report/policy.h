// What the policy lab found, written out (docs/reference/policy.md). Which question was asked is not known here: keys, labels and units come
// with the answer (policy/answer.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Named alone, so that a change of the lab leaves the users of other writers as they are.
namespace abate::policy {
class Answer;
struct Chart;
}  // namespace abate::policy

namespace abate::report {

// {"name", "currency", each figure by its key, each table as a list of objects}.
[[nodiscard]] std::string policy_json(const policy::Answer& answer);

struct PolicyTextOptions {
    bool color = false;
    std::optional<std::size_t> most_rows = {};  // of each table; 0: all; absent: as the table says
};
// A line a figure that has a label, then the tables.
[[nodiscard]] std::string policy_text(const policy::Answer& answer,
                                      const PolicyTextOptions& options);

// The rows of the table with that key; without one, of the first table. REQUIRES: the answer has it.
[[nodiscard]] std::string policy_csv(const policy::Answer& answer, std::string_view table = {});

}  // namespace abate::report
