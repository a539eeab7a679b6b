// The rows of a scenario table (*.scn): words, fields and the answer that is expected.
//
//     lee+kim transfer from=lab/holding to=elm/holding vintage=2027 quantity=60   = insufficient_balance
//     |-------------- words --| |---------------- fields ---------------------|     |---- answer ----|
//
// A row is a line; `#` begins a comment where a word could; "..." holds spaces together. What has a '=' inside is a field, and a '=' that
// stands alone comes before the answer. docs/howto/write-a-scenario.md says what the words mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace abate::scenarios {

// The numbers of reject reasons: of the registry up to here, then of the scheme up to there.
inline constexpr std::uint16_t kFirstSchemeReason = 1000;
inline constexpr std::uint16_t kPastReasons = 2000;

struct Row {
    std::string file = {};
    int line = 0;
    std::string text = {};                // as it stands
    std::vector<std::string> words = {};  // those without a '='; one at least
    std::vector<std::pair<std::string, std::string>> fields = {};  // in their order
    std::vector<std::string> answer = {};                          // empty where nothing is said

    // The first field of that name; null: it has none.
    [[nodiscard]] const std::string* field(const std::string& name) const;
    [[nodiscard]] std::string expected() const;  // the answer, with single spaces
};

// Every row of a file; `$year` stands for the field `year` of `said`. Fails the running test where it cannot be read, or a quote is open.
[[nodiscard]] std::vector<Row> read_table(
    const std::string& path, const std::vector<std::pair<std::string, std::string>>& said = {});

// tests/scenarios of the source tree: $ABATE_SOURCE_DIR, or the working directory.
[[nodiscard]] std::string table_folder();
// docs/reference/reject_reasons.md, whole; empty where it cannot be read.
[[nodiscard]] std::string reject_reasons_page();

// The words of a comma-separated list.
[[nodiscard]] std::vector<std::string> listed(const std::string& text);

}  // namespace abate::scenarios
