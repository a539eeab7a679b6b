#include "abate/registry/pages.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace abate::registry {

namespace {
void* allocate_aligned(std::size_t bytes, std::size_t unit) {
    void* at = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
    if (at == nullptr) throw std::bad_alloc();
    return at;
}
}  // namespace

void* allocate_lines(std::size_t bytes) { return allocate_aligned(bytes, 64); }

void* allocate_huge(std::size_t bytes) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    void* at = allocate_aligned(bytes, kHugePage);
    (void)::madvise(at, bytes, MADV_HUGEPAGE);  // where it is refused, pages are small
    return at;
}

void free_memory(void* at) { std::free(at); }

}  // namespace abate::registry
