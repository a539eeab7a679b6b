// The scheme files that are shipped (data/schemes), inside the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace abate::cli {

struct SchemeProfile {
    std::string_view name;
    std::string_view text;
    // Of the comment that it begins with.
    [[nodiscard]] std::string first_sentence() const;
};

[[nodiscard]] std::span<const SchemeProfile> scheme_profiles();
[[nodiscard]] std::string profile_names();  // "paper, ai-default, ..."

}  // namespace abate::cli
