#include "bench/count_allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

// The names under which glibc keeps its own for programs that replace malloc
// (www.gnu.org/software/libc/manual, "Replacing malloc").
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

constinit std::atomic<std::int64_t> count{0};

void note() noexcept { count.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
    note();
    return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size) {
    note();
    return __libc_calloc(n, size);
}

void* realloc(void* block, std::size_t size) {
    note();
    return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    note();
    *block = __libc_memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}
}

namespace abate::bench {

std::int64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

}  // namespace abate::bench
