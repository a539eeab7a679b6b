#include "abate/cli/scheme_profiles.h"

#include <array>

// The files are put into read-only memory by the assembler, byte for byte.
#define ABATE_EMBED(symbol, file)                                                               \
    __asm__(".section .rodata\n.global abate_scheme_" #symbol "\nabate_scheme_" #symbol         \
            ":\n.incbin \"" ABATE_SCHEMES_DIR "/" file ".toml\"\n.global abate_scheme_" #symbol \
            "_end\nabate_scheme_" #symbol "_end:\n.previous\n");                                \
    extern "C" {                                                                                \
    extern const char abate_scheme_##symbol[];                                                  \
    extern const char abate_scheme_##symbol##_end[];                                            \
    }

ABATE_EMBED(paper, "paper")
ABATE_EMBED(ai_default, "ai-default")
ABATE_EMBED(eu_like, "eu-like")
ABATE_EMBED(china_like, "china-like")
ABATE_EMBED(rggi_like, "rggi-like")
ABATE_EMBED(internal, "internal")

namespace abate::cli {
namespace {

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const SchemeProfile> scheme_profiles() {
    static const std::array kProfiles{
        SchemeProfile{"paper", between(abate_scheme_paper, abate_scheme_paper_end)},
        SchemeProfile{"ai-default", between(abate_scheme_ai_default, abate_scheme_ai_default_end)},
        SchemeProfile{"eu-like", between(abate_scheme_eu_like, abate_scheme_eu_like_end)},
        SchemeProfile{"china-like", between(abate_scheme_china_like, abate_scheme_china_like_end)},
        SchemeProfile{"rggi-like", between(abate_scheme_rggi_like, abate_scheme_rggi_like_end)},
        SchemeProfile{"internal", between(abate_scheme_internal, abate_scheme_internal_end)}};
    return kProfiles;
}

std::string SchemeProfile::first_sentence() const {
    std::string out;
    for (std::string_view left = text; left.starts_with("# ");) {
        const std::size_t end = left.find('\n');
        out += (out.empty() ? "" : " ") + std::string(left.substr(2, end - 2));
        const std::size_t stop = (out + " ").find(". ");
        if (stop != std::string::npos) return out.substr(0, stop + 1);
        left = end == std::string_view::npos ? "" : left.substr(end + 1);
    }
    return out;
}

std::string profile_names() {
    std::string out;
    for (const SchemeProfile& one : scheme_profiles())
        out += (out.empty() ? "" : ", ") + std::string(one.name);
    return out;
}

}  // namespace abate::cli
