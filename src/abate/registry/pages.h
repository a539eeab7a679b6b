// Memory for large tables: aligned, and in huge pages where the kernel gives them, since most of a random look-up's time is the way to
// the page. Inside `registry` only.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace abate::registry {

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

// REQUIRES: the same `bytes` when it is freed.
[[nodiscard]] inline void* allocate_pages(std::size_t bytes) {
    if (bytes < kHugePage) return ::operator new (bytes, std::align_val_t{64});
    void* at = ::operator new (bytes, std::align_val_t{kHugePage});
    // A wish: without it everything works as well, only slower.
    [[maybe_unused]] const int asked = ::madvise(at, bytes, MADV_HUGEPAGE);
    return at;
}
inline void free_pages(void* at, std::size_t bytes) {
    ::operator delete (at, std::align_val_t{bytes < kHugePage ? 64 : kHugePage});
}

template <class T>
struct PageAllocator {
    using value_type = T;  // NOLINT(readability-identifier-naming): the standard library's word
    PageAllocator() = default;
    template <class U>
    explicit PageAllocator(const PageAllocator<U>& /*other*/) {}
    T* allocate(std::size_t n) { return static_cast<T*>(allocate_pages(n * sizeof(T))); }
    void deallocate(T* at, std::size_t n) { free_pages(at, n * sizeof(T)); }
    bool operator==(const PageAllocator&) const { return true; }
};

}  // namespace abate::registry
