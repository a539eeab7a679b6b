#include "abate/core/pages.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace abate {

namespace {
template <std::size_t Unit>
void* allocate_aligned(std::size_t bytes) {
    void* at = std::aligned_alloc(Unit, (bytes + Unit - 1) / Unit * Unit);
    if (at == nullptr) throw std::bad_alloc();
    return at;
}
}  // namespace

void* allocate_lines(std::size_t bytes) { return allocate_aligned<64>(bytes); }

void* allocate_huge(std::size_t bytes) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    void* at = allocate_aligned<kHugePage>(bytes);
    (void)::madvise(at, bytes, MADV_HUGEPAGE);  // where it is refused, pages are small
    return at;
}

void free_memory(void* at) { std::free(at); }

}  // namespace abate
