// The program's version, from the one place that states it: CMakeLists.txt.
#pragma once

namespace abate {

// "0.1.0".
[[nodiscard]] const char* version() noexcept;

}  // namespace abate
