#include "abate/cli/demo_scripts.h"

// The files are put into read-only memory by the assembler, byte for byte.
__asm__(
    ".section .rodata\n"
    ".global abate_demo_train\n"
    "abate_demo_train:\n"
    ".incbin \"" ABATE_DEMO_DIR "/train_digits.py\"\n"
    ".global abate_demo_train_end\n"
    "abate_demo_train_end:\n"
    ".global abate_demo_serve\n"
    "abate_demo_serve:\n"
    ".incbin \"" ABATE_DEMO_DIR "/serve_digits.py\"\n"
    ".global abate_demo_serve_end\n"
    "abate_demo_serve_end:\n"
    ".previous\n");

extern "C" {
extern const char abate_demo_train[];
extern const char abate_demo_train_end[];
extern const char abate_demo_serve[];
extern const char abate_demo_serve_end[];
}

namespace abate::cli {

std::string_view train_script() noexcept {
    return {abate_demo_train, static_cast<std::size_t>(abate_demo_train_end - abate_demo_train)};
}

std::string_view serve_script() noexcept {
    return {abate_demo_serve, static_cast<std::size_t>(abate_demo_serve_end - abate_demo_serve)};
}

}  // namespace abate::cli
