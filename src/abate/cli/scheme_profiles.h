// The scheme files that are shipped (data/schemes), inside the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace abate::cli {

struct SchemeProfile {
    std::string_view name;
    std::string_view text;
    // Without its "# ".
    [[nodiscard]] std::string_view first_line() const {
        const std::string_view line = text.substr(0, text.find('\n'));
        return line.size() > 2 ? line.substr(2) : line;
    }
};

[[nodiscard]] std::span<const SchemeProfile> scheme_profiles();
[[nodiscard]] std::string profile_names();  // "paper, ai-default, ..."

}  // namespace abate::cli
