#include "abate/store/journal_errors.h"

#include <fmt/format.h>

#include <utility>

namespace abate::store {

Error newer_journal(const JournalVersions& versions, std::string where) {
    return {ErrorCode::version_mismatch,
            fmt::format(
                "the journal has version {}, this abate knows {}", versions.found, versions.known),
            std::move(where),
            "Use a newer abate"};
}

Error no_registry(std::string where) {
    return {ErrorCode::not_found,
            "there is no registry here",
            std::move(where),
            "Found one with `abate registry init SCHEME.toml`"};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Error
Error damaged_journal(const std::string& what, std::string where) {
    return {ErrorCode::corrupt,
            "the journal is damaged: " + what,
            std::move(where),
            "Restore the journal from a backup that has the head digest you kept"};
}

}  // namespace abate::store
