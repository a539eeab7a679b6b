#include "abate/data/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <span>

namespace abate::data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Base letters of U+00C0..U+017F (Latin-1 Supplement and Latin Extended-A), '?' where there is
// none.
constexpr std::string_view kBaseLetters =
    "aaaaaaaceeeeiiiidnooooo?ouuuuytsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kBaseLetters.size() == 0x180 - 0xC0);

// Drops what stands in round brackets; "FX(tm)-8350" -> "FX-8350".
std::string without_brackets(std::string_view text) {
    std::string out;
    int depth = 0;
    for (char c : text) {
        if (c == '(') ++depth;
        if (depth == 0) out += lower(c);
        if (c == ')' && depth > 0) --depth;
    }
    return out;
}

bool is_core_count(std::string_view word) {
    return word.ends_with("-core") || word.ends_with("-cores");
}

// Words parted by blanks and hyphens; `noise` left out; sorted, each once.
std::vector<std::string> words_of(std::string_view text, std::span<const std::string_view> noise) {
    std::vector<std::string> words;
    std::string rest(text);
    for (std::size_t at = 0; at < rest.size();) {
        const std::size_t start = rest.find_first_not_of(" \t,/", at);
        if (start == std::string::npos) break;
        at = std::min(rest.find_first_of(" \t,/", start), rest.size());
        const std::string_view blank_word = std::string_view(rest).substr(start, at - start);
        if (is_core_count(blank_word)) continue;
        for (std::size_t from = 0; from <= blank_word.size();) {
            const std::size_t to =
                std::min(blank_word.find_first_of("-_", from), blank_word.size());
            const std::string_view word = blank_word.substr(from, to - from);
            from = to + 1;
            if (word.empty() || std::find(noise.begin(), noise.end(), word) != noise.end())
                continue;
            words.emplace_back(word);
        }
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

// "sxm" asks for "sxm5": the same letters, then only digits.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, two calls below
bool meets(std::string_view wanted, std::string_view word) {
    if (wanted == word) return true;
    if (!word.starts_with(wanted) || is_digit(wanted.back())) return false;
    return std::all_of(
        word.begin() + static_cast<std::ptrdiff_t>(wanted.size()), word.end(), is_digit);
}

}  // namespace

std::string folded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = lower(text[i]);
        const auto lead = static_cast<std::uint8_t>(text[i]);
        if (lead >= 0xC3 && lead <= 0xC5 && i + 1 < text.size()) {
            const auto next = static_cast<std::uint8_t>(text[++i]);
            c = kBaseLetters[static_cast<std::size_t>(lead - 0xC3) * 64 +
                             static_cast<std::size_t>(next & 0x3F)];
        }
        if (c == '\t' || c == '\n' || c == '\r') c = ' ';
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
bool same_folded(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::vector<std::string> cpu_words(std::string_view name) {
    static constexpr std::array<std::string_view, 13> noise = {"cpu",
                                                               "processor",
                                                               "processors",
                                                               "gen",
                                                               "apu",
                                                               "mobile",
                                                               "series",
                                                               "x-series",
                                                               "11th",
                                                               "12th",
                                                               "13th",
                                                               "14th",
                                                               "10th"};
    std::string text = without_brackets(name);
    text = text.substr(0, text.find('@'));
    text = text.substr(0, text.find(" with "));
    text = text.substr(0, text.find(" w/ "));
    text = text.substr(0, text.find(" x-series"));
    return words_of(text, noise);
}

std::vector<std::string> chip_words(std::string_view name) {
    static constexpr std::array<std::string_view, 9> noise = {
        "nvidia", "tesla", "gpu", "generation", "edition", "graphics", "corporation", "oam", "amd"};
    std::string text = without_brackets(name);
    text = text.substr(0, text.find(" mig "));
    return words_of(text, noise);
}

std::vector<std::string> name_words(std::string_view name) {
    std::string text = folded(name);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '(' || c == ')' || c == ':'; }, ' ');
    return words_of(text, {});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is wanted, then the row it is held against, as meets
Match match_words(const std::vector<std::string>& wanted, const std::vector<std::string>& row) {
    if (wanted.empty()) return Match::none;
    if (wanted == row) return Match::whole;
    for (const std::string& word : wanted) {
        const bool met = std::any_of(
            row.begin(), row.end(), [&](const std::string& w) { return meets(word, w); });
        if (!met) return Match::none;
    }
    return Match::part;
}

std::string_view telling_word(const std::vector<std::string>& words) {
    std::string_view best;
    for (const std::string& word : words)
        if (std::any_of(word.begin(), word.end(), is_digit) && word.size() > best.size())
            best = word;
    return best;
}

}  // namespace abate::data
