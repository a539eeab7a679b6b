// A hint that a line of memory is wanted soon.
//
//     prefetch_line(&table[place]);      // some hundred nanoseconds before it is read
//
// g++ takes a function that does nothing but __builtin_prefetch for one without effect, and leaves out calls of it that it does not inline.
// What is behind the hint here, which is no instruction, keeps it from that.
#pragma once

namespace abate {

// `at` need not be memory that there is.
inline void prefetch_line(const void* at) {
    __builtin_prefetch(at);
    __asm__ volatile("" : : "r"(at));
}

}  // namespace abate
