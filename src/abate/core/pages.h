// Memory for large arrays.
#pragma once

#include <cstddef>

namespace abate {

// Begins at a cache line; what is in it is not set. Throws std::bad_alloc.
[[nodiscard]] void* allocate_lines(std::size_t bytes);
// The same at a huge page, and of huge pages where the kernel gives them.
[[nodiscard]] void* allocate_huge(std::size_t bytes);
// Of either.
void free_memory(void* at);

}  // namespace abate
