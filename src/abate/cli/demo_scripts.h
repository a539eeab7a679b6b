// The two Python programs of `abate demo` (examples/demo/), carried in the executable.
#pragma once

#include <string_view>

namespace abate::cli {

[[nodiscard]] std::string_view train_script() noexcept;
[[nodiscard]] std::string_view serve_script() noexcept;

}  // namespace abate::cli
