// Which file systems lie on a network: there SQLite's shared memory does not work, a lock may be
// invisible to other hosts, and the clock of a file is the server's.
#pragma once

#include <cstdint>

namespace abate::store {

// `magic`: f_type of statfs(2), as unsigned 32 bits. FUSE and 9P count as network disks: what lies
// behind them cannot be seen.
[[nodiscard]] bool is_network_file_system(std::uint32_t magic) noexcept;

}  // namespace abate::store
