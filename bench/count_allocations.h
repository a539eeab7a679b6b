// Counts calls of the heap in this program: malloc and its kin are replaced, and operator new
// stands on them.
//
//     const std::int64_t before = allocations();
//     meter.sample(ReadReason::periodic);
//     allocations() - before;          // 0
//
// Of all threads; getting smaller or free memory is not counted. glibc only, not under sanitizers,
// which replace malloc themselves.
#pragma once

#include <cstdint>

namespace abate::bench {

// Calls of malloc, calloc, realloc and the aligned kinds since the program began.
[[nodiscard]] std::int64_t allocations() noexcept;

}  // namespace abate::bench
