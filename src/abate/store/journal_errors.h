// What is said of a journal that cannot be opened, in the same words wherever it is kept. Inside `store` only.
#pragma once

#include "abate/core/result.h"

#include <cstdint>
#include <string>

namespace abate::store {

struct JournalVersions {
    std::int64_t found = 0;
    std::int64_t known = 0;  // to this abate
};
[[nodiscard]] Error newer_journal(const JournalVersions& versions, std::string where);
[[nodiscard]] Error no_registry(std::string where);
// "the journal is damaged: WHAT".
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Error
[[nodiscard]] Error damaged_journal(const std::string& what, std::string where);

}  // namespace abate::store
