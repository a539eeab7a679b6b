// The script of `abate doctor --admin`.
#pragma once

#include <string>

namespace abate::cli {

// A POSIX shell script that opens energy counters to one group, explains each step and the risk (CVE-2020-8694), can be undone
// with --undo, and changes nothing with --dry-run. Text is the same on every machine.
[[nodiscard]] std::string admin_script();

}  // namespace abate::cli
